//! [`Cast`]: who and what of an account plays the parts of a rubric: by name, exactly or nearly, or by what it does.

use super::evidence::Evidence;
use super::rubric::Rubric;

/// Who and what plays the parts.
#[derive(Debug, Default)]
pub struct Cast {}

impl Cast {
    /// Casts the parts.
    pub fn of(_rubric: &Rubric, _evidence: &Evidence) -> Self {
        Self {}
    }
}
