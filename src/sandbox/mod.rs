//! An AWS account in a box: the SDK's HTTP connector ends here instead of at AWS.

pub mod services;
