//! Names and lists in a sentence, within bounds: they are a student's.

use crate::account::snapshot::Snapshot;
use crate::grade::found::{Found, Outcome};

/// The longest name that is shown whole.
const NAME: usize = 80;

/// How many names a sentence lists.
const LISTED: usize = 6;

/// The longest sentence, and the longest line of evidence.
const SENTENCE: usize = 700;

/// The most lines of evidence.
const LINES: usize = 20;

/// Puts a name in backticks.
pub(super) fn tick(name: &str) -> String {
    format!("`{}`", cut(name, NAME))
}

/// Lists names: `` `a`, `b` and 3 more ``.
pub(super) fn list<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    listed(names.into_iter().map(|name| tick(name.as_ref())), LISTED)
}

/// Lists what is in words already, the first so many.
pub(super) fn listed(all: impl IntoIterator<Item = String>, most: usize) -> String {
    let mut all = all.into_iter();
    let first: Vec<String> = all.by_ref().take(most).collect();
    match (all.count(), first.split_last()) {
        (_, None) => "nothing".to_owned(),
        (0, Some((last, []))) => last.clone(),
        (0, Some((last, before))) => format!("{} and {last}", before.join(", ")),
        (more, Some(_)) => format!("{} and {more} more", first.join(", ")),
    }
}

/// Writes a number of things.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// Joins what was passed over in several places.
pub(super) fn joined(remarks: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    let mut all: Vec<String> = Vec::new();
    for remark in remarks.into_iter().flatten() {
        if !all.contains(&remark) {
            all.push(remark);
        }
    }
    (!all.is_empty()).then(|| all.join("; "))
}

/// Takes the time of reading out of what the policy engine says of a condition.
pub(super) fn timeless(snapshot: &Snapshot, text: &str) -> String {
    let (now, seconds) =
        (snapshot.taken_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), snapshot.taken_at.as_second());
    text.replace(&now, "the time of reading").replace(&seconds.to_string(), "the time of reading")
}

/// Cuts everything that is too long.
pub(super) fn bounded(found: Found) -> Found {
    let Found { outcome, message, evidence, remark } = found;
    let outcome = match outcome {
        Outcome::Unknown(why) => Outcome::Unknown(cut(&why, SENTENCE)),
        other => other,
    };
    Found {
        outcome,
        message: cut(&message, SENTENCE),
        evidence: evidence.iter().take(LINES).map(|line| cut(line, SENTENCE)).collect(),
        remark: remark.map(|remark| cut(&remark, SENTENCE)),
    }
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
