//! The IAM policy language: pure functions of documents.
pub mod catalogue;
