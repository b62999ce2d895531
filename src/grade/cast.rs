//! [`Cast`]: who and what of an account plays the parts of a rubric: by name, exactly or nearly, or by what it does.

use super::evidence::Evidence;
use super::rubric::Rubric;
use super::subject::Subject;

/// Who plays one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Player {
    /// There is one.
    Found {
        /// Its name in the account.
        name: String,
        /// What was passed over to find it.
        remark: Option<String>,
    },
    /// There is none, as a sentence.
    Absent(String),
    /// Nobody could look, for this reason.
    Unread(String),
}

/// Who and what plays the parts.
#[derive(Debug, Default)]
pub struct Cast {}

impl Cast {
    /// Casts the parts.
    pub fn of(_rubric: &Rubric, _evidence: &Evidence) -> Self {
        Self {}
    }

    /// Tells who plays a part; `None` when the rubric never names it.
    pub fn player(&self, _subject: &Subject) -> Option<&Player> {
        None
    }
}
