//! What can be concluded from the picture of an account. Pure: no SDK, no runtime.

pub mod access_review;
