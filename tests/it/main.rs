//! The one integration binary: a module per part of the program.

mod render;
mod scenario;
