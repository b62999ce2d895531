//! [`Each`] and [`lines`]: a row per finding, made one by one while it is written: a report of thousands holds one at a time.

use std::io::Write;

use serde::{Serialize, Serializer};

use super::RenderError;
use crate::audit::finding::Finding;

/// The findings, each as `F` makes it.
pub(super) struct Each<'a, F>(pub(super) &'a [Finding], pub(super) F);

impl<'a, T: Serialize, F: Fn(&'a Finding) -> T> Serialize for Each<'a, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(&self.1))
    }
}

/// Writes a document for programs: indented, with a line end.
pub(super) fn pretty(out: &mut dyn Write, document: &impl Serialize) -> Result<(), RenderError> {
    serde_json::to_writer_pretty(&mut *out, document)?;
    Ok(out.write_all(b"\n")?)
}

/// Writes an array with a row per finding and line.
pub(super) fn lines<'a, T: Serialize>(
    out: &mut dyn Write,
    findings: &'a [Finding],
    row: impl Fn(&'a Finding) -> T,
) -> Result<(), RenderError> {
    out.write_all(b"[")?;
    for (at, finding) in findings.iter().enumerate() {
        out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &row(finding))?;
    }
    Ok(out.write_all(b"\n]\n")?)
}
