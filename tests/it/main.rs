//! The one integration binary: a module per part of the program.

mod scenario;
