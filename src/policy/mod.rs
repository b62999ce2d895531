//! The IAM policy language, pure: documents and what they mean.

pub mod document;
pub mod grammar;
