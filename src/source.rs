//! Files people wrote, places in them, and what is wrong there. A [`Diagnostic`] is a value; `ui.rs` renders it.

use std::path::PathBuf;
use std::sync::Arc;

/// A text file as read, with the name shown to people.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// The path as the user would write it.
    pub path: PathBuf,
    /// The whole text.
    pub text: Arc<str>,
}

/// A range of bytes in a [`SourceFile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Length in bytes.
    pub len: usize,
}

/// One mistake in a file: a stable id, where it is, and what to do.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// Kebab-case id, e.g. `unknown-key`.
    pub id: &'static str,
    /// Lower-case sentence without a full stop; user text in backticks.
    pub message: String,
    /// The file and the place, where there is one.
    pub file: Option<SourceFile>,
    /// The place in `file`.
    pub span: Option<Span>,
    /// A few words at the place.
    pub label: Option<String>,
    /// What to do.
    pub help: Option<String>,
}
