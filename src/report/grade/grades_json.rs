//! `grades.json` (CONTRACT section 4), a student at a time.

use std::io::Write;

use crate::grade::result::StudentResult;
use crate::grade::rubric::Rubric;
use crate::report::RenderError;

/// Writes `grades.json` a student at a time; give it a buffered writer.
#[derive(Debug)]
pub struct GradesJson<W> {
    out: W,
}

impl<W: Write> GradesJson<W> {
    /// Begins the document.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn new(out: W, _rubric: &Rubric) -> Result<Self, RenderError> {
        Ok(Self { out })
    }

    /// Adds a student.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn student(&mut self, _result: &StudentResult) -> Result<(), RenderError> {
        Ok(())
    }

    /// Ends the document and gives the writer back.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn finish(self) -> Result<W, RenderError> {
        Ok(self.out)
    }
}
