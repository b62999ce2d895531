//! Reports, one file per form: from values to text, nothing else.

pub mod access_review;
