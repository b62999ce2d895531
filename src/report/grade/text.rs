//! One student's marks as text for a terminal.

use crate::grade::result::StudentResult;
use crate::grade::roster::Student;
use crate::grade::rubric::Rubric;
use crate::ui::Tone;

/// Writes one student's marks as text, coloured by `paint`. Criteria that the result leaves out are left out.
pub fn student_text(
    _rubric: &Rubric,
    _student: &Student,
    _result: &StudentResult,
    _paint: &dyn Fn(Tone, &str) -> String,
) -> String {
    String::new()
}
