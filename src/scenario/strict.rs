//! Reads a YAML file of ours strictly by the JSON Schema of its type: what scenarios are read with, for the smaller
//! formats beside them.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::files::{TextMistake, not_utf8, read_text};
use super::{shape, yaml};
use crate::source::{Diagnostic, SourceFile};

/// Reads a file; all its mistakes are told in one go.
///
/// # Errors
///
/// The file cannot be read, is no YAML, or does not have the shape of `schema`.
pub fn load<T: DeserializeOwned>(path: &Path, schema: &Json) -> Result<T, Vec<Diagnostic>> {
    parse(&text(path)?, schema)
}

/// Reads a file's text.
///
/// # Errors
///
/// The file cannot be read or is no UTF-8.
pub fn text(path: &Path) -> Result<SourceFile, Vec<Diagnostic>> {
    read_text(path, path).map_err(|mistake| match mistake {
        TextMistake::Unread(why) => {
            vec![Diagnostic::new("unreadable-file", format!("`{}` cannot be read: {why}", path.display()))]
        }
        TextMistake::NotUtf8(file, at) => vec![not_utf8(&file, at)],
    })
}

/// Reads a text; all its mistakes are told in one go.
///
/// # Errors
///
/// As [`load`].
pub fn parse<T: DeserializeOwned>(file: &SourceFile, schema: &Json) -> Result<T, Vec<Diagnostic>> {
    if file.text.trim().is_empty() {
        return Err(vec![Diagnostic::new("empty-file", "the file holds nothing").in_file(file)]);
    }
    let (node, mut diagnostics) = yaml::parse(file);
    let json = node.and_then(|node| shape::read(schema, file, &node, &[], &mut diagnostics));
    match json {
        Some(json) if diagnostics.is_empty() => serde_json::from_value(json)
            .map_err(|error| vec![Diagnostic::new("wrong-value", error.to_string()).in_file(file)]),
        _ => Err(diagnostics),
    }
}
