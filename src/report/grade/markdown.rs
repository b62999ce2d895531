//! One student's marks as Markdown.

use crate::grade::result::StudentResult;
use crate::grade::roster::Student;
use crate::grade::rubric::Rubric;

/// Writes one student's marks as Markdown.
pub fn student_markdown(_rubric: &Rubric, _student: &Student, _result: &StudentResult) -> String {
    String::new()
}
