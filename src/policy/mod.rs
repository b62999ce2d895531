//! The IAM policy language, as values and pure functions.

pub mod catalogue;
pub mod grammar;
