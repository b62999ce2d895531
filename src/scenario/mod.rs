//! s
pub mod model;
pub mod shape;
pub mod suggest;
pub mod yaml;
