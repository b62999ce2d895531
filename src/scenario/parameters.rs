//! Parameters: defaults, `--set`, and what is allowed.

use std::collections::BTreeMap;

use super::holes::RESERVED;
use super::node::{Entry, Node, Value};
use super::scene::At;
use super::suggest::did_you_mean;
use crate::source::{Diagnostic, SourceFile};

/// Returns the effective value of every parameter; `None` for one that nobody gave a value, which is reported.
pub(super) fn effective(
    file: &SourceFile,
    parameters: Option<&Node>,
    sets: &[(String, String)],
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<String, Option<String>> {
    let entries = parameters.map_or(&[][..], Node::entries);
    let names = entries.iter().map(|entry| entry.key.as_str());
    for (name, _) in sets {
        if !names.clone().any(|known| known == name) {
            let help = did_you_mean(name, "parameters", names.clone());
            let message = format!("`--set {name}=…`: the scenario has no parameter `{name}`");
            diagnostics.push(Diagnostic::new("unknown-parameter", message).in_file(file).help(help));
        }
    }
    entries.iter().map(|entry| (entry.key.clone(), one(file, entry, sets, diagnostics))).collect()
}

fn one(
    file: &SourceFile,
    entry: &Entry,
    sets: &[(String, String)],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<String> {
    let Entry { key, key_span, value } = entry;
    if !is_name(key) {
        let message = format!("`{key}` cannot be the name of a parameter");
        let help = "use letters, digits and `_`, and start with a letter";
        diagnostics.push(Diagnostic::new("parameter-name", message).at(file, *key_span).help(help));
    } else if RESERVED.contains(&key.as_str()) {
        let message = format!("`{key}` has a meaning of its own in holes");
        diagnostics.push(
            Diagnostic::new("parameter-name", message)
                .at(file, *key_span)
                .help("give the parameter another name"),
        );
    }
    let default = At::of(value).key("default");
    let set = sets.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    let chosen = set.or(default.node.and_then(Node::text));
    let (span, from) = match set {
        Some(_) => (*key_span, "`--set`"),
        None => (default.span, "the default"),
    };
    // Values are data: nobody looks for holes in them, neither we nor CloudFormation.
    if let Some(text) = chosen.filter(|text| text.contains("{{")) {
        let message = format!("`{text}`, from {from}, holds a hole, which nobody fills");
        let help = "write the value itself; values are taken as they are";
        diagnostics.push(Diagnostic::new("parameter-value", message).at(file, span).help(help));
    }
    let allowed = value.get("allowed").map_or(&[][..], Node::items);
    match chosen {
        // A default that is not text is reported as such.
        None if default.node.is_none() && matches!(value.value, Value::Map(_)) => {
            let message = format!("the parameter `{key}` has no value");
            let help = format!("add a `default`, or pass `--set {key}=VALUE`");
            diagnostics
                .push(Diagnostic::new("parameter-without-value", message).at(file, *key_span).help(help));
        }
        Some(chosen) if !allowed.is_empty() && !allowed.iter().any(|one| one.text() == Some(chosen)) => {
            let help = did_you_mean(chosen, "allowed values", allowed.iter().filter_map(Node::text));
            let message = format!("`{chosen}`, from {from}, is not a value that `{key}` allows");
            diagnostics.push(Diagnostic::new("parameter-value", message).at(file, span).help(help));
        }
        _ => {}
    }
    chosen.map(str::to_owned)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.len() <= 64
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
