//! The services of the sandbox, one file or folder each, every one an [`awsim_core::ServiceHandler`].

pub mod iam;
pub mod sts;
