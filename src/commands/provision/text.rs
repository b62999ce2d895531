//! Plans and runs as text for people.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::provision::diff::FieldChange;
use crate::provision::plan::{Action, Change, Summary};
use crate::ui::{Tone, Ui};

/// Writes a change with its properties, one per line.
pub(super) fn change(ui: &Ui, change: &Change) {
    let head = format!("{} {}", change.action.symbol(), change.address);
    let reason = change.reason.as_ref().map(|reason| format!("  ({reason})")).unwrap_or_default();
    ui.data(&format!("{}{}", ui.paint(tone(change.action), &head), ui.paint(Tone::Dim, &reason)));
    // What is made is made as the scenario says: its file is the better place to read it.
    if matches!(change.action, Action::Create | Action::Noop) {
        return;
    }
    for field in &change.fields {
        for line in field_lines(ui, change.action, field) {
            ui.data(&format!("    {line}"));
        }
    }
}

fn field_lines(ui: &Ui, action: Action, field: &FieldChange) -> Vec<String> {
    let path = &field.path;
    if action == Action::Delete {
        let origin = field.before.as_str().unwrap_or_default();
        return vec![format!(
            "{} {}",
            ui.paint(Tone::Bad, &format!("- {path}")),
            ui.paint(Tone::Dim, &format!("({origin})"))
        )];
    }
    match (&field.before, &field.after) {
        (Value::Array(before), Value::Array(after)) => {
            let gone = before.iter().filter(|item| !after.contains(item));
            let new = after.iter().filter(|item| !before.contains(item));
            let gone = gone.map(|item| ui.paint(Tone::Bad, &format!("- {path}: {}", plain(item))));
            let new = new.map(|item| ui.paint(Tone::Good, &format!("+ {path}: {}", plain(item))));
            gone.chain(new).collect()
        }
        (Value::Object(_), Value::Object(_)) => document_lines(ui, field),
        (Value::Null, after) => vec![ui.paint(Tone::Good, &format!("+ {path}: {}", plain(after)))],
        (before, Value::Null) => vec![ui.paint(Tone::Bad, &format!("- {path}: {}", plain(before)))],
        (before, after) => {
            vec![ui.paint(Tone::Change, &format!("~ {path}: {} -> {}", plain(before), plain(after)))]
        }
    }
}

/// Shows the lines of a policy document that differ.
fn document_lines(ui: &Ui, field: &FieldChange) -> Vec<String> {
    let (before, after) = (format!("{:#}", field.before), format!("{:#}", field.after));
    let mut lines = vec![ui.paint(Tone::Change, &format!("~ {}:", field.path))];
    for change in TextDiff::from_lines(&before, &after).iter_all_changes() {
        let line = change.value().trim_end();
        match change.tag() {
            ChangeTag::Delete => lines.push(ui.paint(Tone::Bad, &format!("  - {line}"))),
            ChangeTag::Insert => lines.push(ui.paint(Tone::Good, &format!("  + {line}"))),
            ChangeTag::Equal => {}
        }
    }
    lines
}

/// Writes a value without the quotes of a plain word; control characters stay escaped.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() && !text.contains(char::is_control) => text.clone(),
        other => other.to_string(),
    }
}

/// Writes the counts: `Plan: 3 to create, 1 to update`.
pub(super) fn summary(summary: Summary) -> String {
    let counts = [
        (summary.create, "to create"),
        (summary.update, "to update"),
        (summary.replace, "to replace"),
        (summary.delete, "to delete"),
        (summary.refuse, "refused"),
    ];
    let told: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if told.is_empty() {
        format!("nothing to do; {} as they should be", summary.noop)
    } else {
        told.join(", ")
    }
}

const fn tone(action: Action) -> Tone {
    match action {
        Action::Create => Tone::Good,
        Action::Update | Action::Replace => Tone::Change,
        Action::Delete | Action::Refuse => Tone::Bad,
        Action::Noop => Tone::Dim,
    }
}
