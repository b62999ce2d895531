//! [`Each`] and [`lines`]: a row per finding, made one by one while it is written: a report of thousands holds one at a time.

use serde::{Serialize, Serializer};

use crate::audit::finding::Finding;

/// The findings, each as `F` makes it.
pub(super) struct Each<'a, F>(pub(super) &'a [Finding], pub(super) F);

impl<'a, T: Serialize, F: Fn(&'a Finding) -> T> Serialize for Each<'a, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(&self.1))
    }
}

/// Writes a document for programs: indented, with a line end.
pub(super) fn pretty(document: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    Ok(text)
}

/// Writes an array with a row per finding and line.
pub(super) fn lines<'a, T: Serialize>(
    findings: &'a [Finding],
    row: impl Fn(&'a Finding) -> T,
) -> Result<String, serde_json::Error> {
    let mut text = String::from("[");
    for (at, finding) in findings.iter().enumerate() {
        text.push_str(if at == 0 { "\n" } else { ",\n" });
        text.push_str(&serde_json::to_string(&row(finding))?);
    }
    text.push_str("\n]\n");
    Ok(text)
}
