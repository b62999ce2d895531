//! Answers about permissions as text for people.

use crate::account::ask::Line;
use crate::policy::statement::Effect;
pub(super) use crate::report::escape::visible as plain;
use crate::ui::{Tone, Ui};

/// The most lines or names that are told without being asked for.
pub(super) const SHOWN: usize = 12;

/// How many characters of a sentence are shown.
const LONG: usize = 1200;

/// Makes a sentence fit for people: visible and of bounded length.
pub(super) fn bounded(text: &str) -> String {
    if text.char_indices().nth(LONG).is_none() {
        return plain(text).into_owned();
    }
    let kept: String = text.chars().take(LONG - 1).collect();
    format!("{}…", plain(&kept))
}

/// Names the first of many, and how many more there are.
pub(super) fn few(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    let shown = bounded(&shown.join(", "));
    match names.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{shown} and {more} more (`--format json` names all)"),
        _ => shown,
    }
}

/// Tells how far a statement is from applying.
fn distance(line: &Line) -> u8 {
    match line.result {
        "matched" => 0,
        "unknown" => 1,
        _ if !line.sentence.contains(" does not apply: action ") => 2,
        _ => 3,
    }
}

/// Writes the statements that were looked at and that `reason` has not told yet, one per line; without `all` no more
/// than fit.
pub(super) fn trace(ui: &Ui, reason: &str, lines: &[Line], all: bool) {
    let mut told: Vec<&Line> = lines.iter().filter(|line| !reason.contains(&line.sentence)).collect();
    // A policy that was not read may allow and may deny: once is enough.
    told.dedup_by_key(|line| &line.sentence);
    let shown = if all { told.len() } else { SHOWN };
    if told.len() > shown {
        // Those that come nearest are told, the others counted.
        told.sort_by_key(|line| distance(line));
    }
    for line in told.iter().take(shown) {
        let tone = match (line.result, line.effect) {
            ("matched", Effect::Allow) => Tone::Good,
            ("matched", Effect::Deny) => Tone::Bad,
            ("unknown", _) => Tone::Change,
            _ => Tone::Dim,
        };
        ui.data(&ui.paint(tone, &format!("      {}", bounded(&line.sentence))));
    }
    if let Some(more @ 1..) = told.len().checked_sub(shown) {
        ui.data(&ui.paint(Tone::Dim, &format!("      … and {more} more")));
    }
}
