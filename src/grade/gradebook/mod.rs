//! Marks into the gradebook of a learning platform: the instructor's own export comes in, the same file goes out with
//! one column filled and everything else byte for byte as it was. Who cannot be told apart is left, and named.

pub mod canvas;
pub mod cells;
pub mod moodle;

/// A gradebook that was filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The file.
    pub bytes: Vec<u8>,
    /// How many students' marks were written.
    pub filled: usize,
    /// Who was left as they were, and why.
    pub left: Vec<Left>,
    /// What the instructor should know besides.
    pub warnings: Vec<String>,
}

/// Somebody whose mark was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The id on the roster; of a row that is on no roster, what it says of itself.
    pub student: String,
    /// Why.
    pub why: String,
}

/// Why a file cannot be filled at all; nothing is written then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// It is no CSV.
    #[error("line {line}: {why}")]
    NotCsv {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        why: &'static str,
    },
    /// It is not the platform's export.
    #[error("{0}")]
    NotExported(String),
    /// Which column is to be filled cannot be told.
    #[error("{0}")]
    Column(String),
}
