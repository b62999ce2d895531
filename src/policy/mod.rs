//! The IAM policy language, pure: documents and what they mean.

pub mod catalogue;
pub mod document;
pub mod grammar;
