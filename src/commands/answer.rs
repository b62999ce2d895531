//! Answers about permissions as text for people.

use crate::account::ask::Line;
use crate::policy::statement::Effect;
pub(super) use crate::report::escape::visible as plain;
use crate::ui::{Tone, Ui};

/// The most statements that are told without being asked for.
const SHOWN: usize = 12;

/// Writes the statements that were looked at and that `reason` has not told yet, one per line; without `all` no more
/// than fit.
pub(super) fn trace(ui: &Ui, reason: &str, lines: &[Line], all: bool) {
    let told: Vec<&Line> = lines.iter().filter(|line| !reason.contains(&line.sentence)).collect();
    let shown = if all { told.len() } else { SHOWN };
    for line in told.iter().take(shown) {
        let tone = match (line.result, line.effect) {
            ("matched", Effect::Allow) => Tone::Good,
            ("matched", Effect::Deny) => Tone::Bad,
            ("unknown", _) => Tone::Change,
            _ => Tone::Dim,
        };
        ui.data(&ui.paint(tone, &format!("      {}", plain(&line.sentence))));
    }
    if let Some(more @ 1..) = told.len().checked_sub(shown) {
        ui.data(&ui.paint(Tone::Dim, &format!("      … and {more} more")));
    }
}
