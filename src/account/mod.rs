//! The picture of an account, and what can be known from it. Pure: no SDK, no runtime.

pub mod advice;
pub mod ask;
pub mod effective;
pub mod grant;
pub mod opens;
pub mod snapshot;
#[cfg(test)]
pub(crate) mod testing;
