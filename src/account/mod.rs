//! The picture of an account, and what can be known from it. Pure: no SDK, no runtime.

pub mod snapshot;
