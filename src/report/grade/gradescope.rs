//! Gradescope's `results.json`.

use crate::grade::result::StudentResult;
use crate::grade::rubric::Rubric;

/// Writes one student's marks as Gradescope reads them.
pub fn gradescope(_rubric: &Rubric, _result: &StudentResult) -> String {
    String::new()
}
