//! The one integration binary: a module per part of the program.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod scenario;
