//! [`Each`]: a row per finding, made one by one while it is written: a report of thousands holds one at a time.

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
