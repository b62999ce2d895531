//! Several assertions in one criterion.

use super::wording::joined;
use crate::grade::found::{Found, Outcome};
use crate::grade::points::Share;

/// All of them hold, each an equal part; nothing when the first does not. What is nearly so is half of its part.
pub(super) fn all(parts: &[Found]) -> Found {
    if let Some(missed) = parts.first().filter(|first| first.outcome == Outcome::Missed) {
        return missed.clone();
    }
    // What nobody could look at, or a program could not judge, leaves the whole to those who can.
    let open = |part: &&Found| matches!(part.outcome, Outcome::Unknown(_));
    let by_hand = |part: &&Found| part.outcome == Outcome::Manual;
    if let Some(part) = parts.iter().find(open).or_else(|| parts.iter().find(by_hand)) {
        return part.clone();
    }
    let whole = parts.len() * WHOLE;
    let reached: usize = parts.iter().map(|part| worth(&part.outcome)).sum();
    let outcome = match reached {
        _ if parts.iter().all(|part| part.outcome == Outcome::Met) => Outcome::Met,
        0 => Outcome::Missed,
        reached => Outcome::Part(Share::of(reached, whole)),
    };
    let failed: Vec<&Found> = parts.iter().filter(|part| part.outcome != Outcome::Met).collect();
    let mut messages: Vec<&str> = Vec::new();
    for part in if failed.is_empty() { parts.iter().collect() } else { failed } {
        if !messages.contains(&part.message.as_str()) {
            messages.push(&part.message);
        }
    }
    let message = messages.join("; ");
    together(outcome, message, parts)
}

/// One of them holds: the best counts.
pub(super) fn any(parts: &[Found]) -> Found {
    // Of equals the first: `max_by_key` takes the last.
    let best = parts.iter().rev().max_by_key(|part| worth(&part.outcome));
    let unknown = parts.iter().find(|part| matches!(part.outcome, Outcome::Unknown(_)));
    let unknown = unknown.or_else(|| parts.iter().find(|part| part.outcome == Outcome::Manual));
    match (best, unknown) {
        (Some(best), _) if best.outcome == Outcome::Met => best.clone(),
        (_, Some(unknown)) => unknown.clone(),
        (Some(best), None) => best.clone(),
        (None, None) => Found::missed("nothing was asked for"),
    }
}

/// What a part that holds is worth.
const WHOLE: usize = 10_000;

fn worth(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Met => WHOLE,
        Outcome::Nearly => WHOLE / 2,
        Outcome::Part(share) => share.in_ten_thousandths(),
        Outcome::Missed | Outcome::Unknown(_) | Outcome::Manual => 0,
    }
}

fn together(outcome: Outcome, message: String, parts: &[Found]) -> Found {
    let mut evidence: Vec<String> = Vec::new();
    for line in parts.iter().flat_map(|part| &part.evidence) {
        if !evidence.contains(line) {
            evidence.push(line.clone());
        }
    }
    let remark = joined(parts.iter().map(|part| part.remark.clone()));
    Found { outcome, message, evidence, remark }
}
