//! What an audit found, in every format: one file each, all from the same [`Audit`], byte for byte the same for the
//! same audit.
//!
//! Names, tags and policies are other people's: every format escapes or neutralises them in its own way
//! (`escape.rs` has the rules).

use std::io::Write;

use crate::audit::finding::Audit;

pub mod access_review;
mod asff;
mod csv;
pub(crate) mod escape;
pub mod grade;
mod group;
mod html;
mod identity;
mod json;
mod junit;
mod markdown;
mod ocsf;
mod sarif;
mod stream;
mod text;
pub mod trail;
pub mod users;
mod words;
pub(crate) mod wrap;

pub use text::render_with;

/// A format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs; versioned.
    Json,
    /// A row per finding, for spreadsheets.
    Csv,
    /// One page that needs nothing else, for the browser.
    Html,
    /// For pull requests and wikis.
    Markdown,
    /// For CI systems: a case per finding.
    Junit,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
    /// For security lakes: OCSF compliance findings.
    Ocsf,
    /// For AWS Security Hub CSPM.
    Asff,
}

impl Format {
    /// Returns the name of the file in a folder of several formats.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Text => "audit.txt",
            Self::Json => "audit.json",
            Self::Csv => "audit.csv",
            Self::Html => "audit.html",
            Self::Markdown => "audit.md",
            Self::Junit => "audit.junit.xml",
            Self::Sarif => "audit.sarif",
            Self::Ocsf => "audit.ocsf.json",
            Self::Asff => "audit.asff.json",
        }
    }
}

/// A value that a format cannot hold: a fault of this program.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// In one of the JSON formats.
    #[error("cannot write the report as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// In CSV.
    #[error("cannot write the report as CSV: {0}")]
    Csv(#[from] ::csv::Error),
    /// The writer failed.
    #[error("cannot write the report: {0}")]
    Io(#[from] std::io::Error),
    /// A character cut in two.
    #[error("cannot write the report: {0}")]
    Encoding(#[from] std::string::FromUtf8Error),
}

/// Writes an audit as `format`, without colours; ends with a line end. The formats for programs are written as they are
/// made: give it a buffered writer.
///
/// # Errors
///
/// The writer's, or a fault of this program: a value that the format cannot hold.
pub fn write(out: &mut dyn Write, audit: &Audit, format: Format) -> Result<(), RenderError> {
    let text = match format {
        Format::Text => text::render(audit),
        Format::Csv => csv::render(audit)?,
        Format::Html => html::render(audit),
        Format::Markdown => markdown::render(audit),
        Format::Junit => junit::render(audit),
        Format::Json => return json::write(out, audit),
        Format::Sarif => return sarif::write(out, audit),
        Format::Ocsf => return ocsf::write(out, audit),
        Format::Asff => return asff::write(out, audit),
    };
    Ok(out.write_all(text.as_bytes())?)
}

/// Renders an audit as [`write()`] writes it.
///
/// # Errors
///
/// As [`write()`].
pub fn render(audit: &Audit, format: Format) -> Result<String, RenderError> {
    let mut bytes = Vec::new();
    write(&mut bytes, audit, format)?;
    Ok(String::from_utf8(bytes)?)
}
