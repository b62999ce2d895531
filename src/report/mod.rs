//! What an audit found, in every format: one file each, all from the same [`Audit`], byte for byte the same for the
//! same audit.
//!
//! Names, tags and policies are other people's: every format escapes or neutralises them in its own way.

use crate::audit::finding::Audit;

mod json;
mod text;

/// A format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Format {
    /// A table for people.
    Text,
    /// For programs; versioned.
    Json,
}

impl Format {
    /// Returns the name of the file in a folder of several formats.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Text => "audit.txt",
            Self::Json => "audit.json",
        }
    }
}

/// Writes an audit as `format`, without colours.
///
/// # Errors
///
/// A fault of this program: a value that the format cannot hold.
pub fn render(audit: &Audit, format: Format) -> Result<String, serde_json::Error> {
    match format {
        Format::Text => Ok(text::render(audit)),
        Format::Json => json::render(audit),
    }
}
