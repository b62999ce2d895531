//! Marks a class: many students at once, each within the limits of its account, every result in a journal before the
//! next, so that a killed run goes on where it was.
//!
//! ```text
//! per student:  read ─► evidence.json ─► mark ─► report.html, report.md, results.json ─► a line in journal.jsonl
//! at the end:   journal.jsonl, in the roster's order ─► grades.json, grades.csv, grades.junit.xml, similarity.json, index.html
//! ```
//!
//! Nothing of a student is held but a row and a fingerprint. Every file is whole or not there, and no file is ever
//! taken away but copies without names that another key made.

mod account;
mod carry;
mod class;
mod files;
mod finish;
pub mod journal;
mod kept;

use std::io;
use std::path::PathBuf;

pub use account::visible;
pub use carry::{Event, Teller, carry};
pub use class::{Class, Source, Todo};
pub use files::{MANUAL, place, place_private};
pub use finish::{Ended, Open, finish, pseudonymous};
pub use journal::{Journal, JournalError};
pub use kept::Kept;

use crate::error::{Error, ErrorKind};
use crate::report::RenderError;

/// Why a class could not be marked to its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A file of the results cannot be written.
    #[error("`{}` cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A report could not be made.
    #[error("a report could not be made")]
    Report(#[from] RenderError),
    /// Somebody asked it to stop.
    #[error("interrupted; what is done is kept")]
    Interrupted,
}

impl From<RunError> for Error {
    fn from(error: RunError) -> Self {
        let message = error.to_string();
        match &error {
            RunError::Journal(JournalError::InUse) => {
                Self::usage(message).hinted("wait for it to end, or name another folder with `-o`")
            }
            RunError::Write { .. } | RunError::Journal(_) => Self::input(message).caused_by(error),
            RunError::Report(_) => Self::new(ErrorKind::Internal, message).caused_by(error),
            RunError::Interrupted => {
                Self::new(ErrorKind::Interrupted, message).hinted("run again with `--resume` to go on")
            }
        }
    }
}
