//! The one integration binary: a module per topic, and the modules they stand on.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod cases;
mod export;
mod faults;
mod inventory;
mod kill;
mod lab;
mod render;
mod scenario;
mod wire;
