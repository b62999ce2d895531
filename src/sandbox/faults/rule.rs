//! One rule: which calls, what happens to them, how often and when.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Call;
use crate::sandbox::dice::Dice;

/// One rule. As text it is
///
/// ```text
/// CALLS EFFECT [PROBABILITY] [seed N] [after N] [first N] [every N] [from TIME] [until TIME]
/// ```
///
/// `CALLS` is `service:Operation` with `*` and `?`, or `*` for every call. `EFFECT` is one of
///
/// - `throttle`: the service's own error for too many requests;
/// - `error CODE [status N] [message "…"]`: status and message may be left out for codes that are known, among them
///   `ServiceFailure`, `EntityTemporarilyUnmodifiable` and `ConcurrentModification`;
/// - `latency 250ms`: the answer takes longer;
/// - `eventual WHAT 10s`: what is new is not known yet, for so long. `WHAT` is `roles` (cannot be assumed, passed or
///   trusted), `keys` (are not valid), `entities` (cannot be found) or `policies` (have no effect where they were
///   attached).
///
/// Without a probability the effect is certain. Of the calls that match, `after 2 first 3 every 2` strikes the third
/// and the fifth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// `service:Operation` with wildcards.
    pub(super) calls: String,
    /// What happens.
    #[serde(flatten)]
    pub(super) effect: Effect,
    /// How likely it happens, from 0 to 1; certain when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) probability: Option<f64>,
    /// Where the chances come from: another seed, other calls.
    #[serde(default)]
    pub(super) seed: u64,
    /// How many matching calls are spared first.
    #[serde(default)]
    pub(super) after: u64,
    /// How many matching calls it is for, after those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) first: Option<u64>,
    /// Only each n-th of those, beginning with the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) every: Option<u64>,
    /// From when on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<Timestamp>,
    /// Until when, not included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<Timestamp>,
    /// How many calls it has matched.
    #[serde(default)]
    pub(super) matched: u64,
}

/// What a rule does to a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "effect")]
pub enum Effect {
    /// The service's own error for too many requests.
    Throttle,
    /// An error.
    Error {
        /// The code.
        code: String,
        /// The HTTP status, when it is not the code's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// The message, when it is not the code's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// The answer comes later.
    Latency {
        /// By how much.
        millis: u64,
    },
    /// What is new is not known yet.
    Eventual {
        /// What.
        subject: Subject,
        /// For how long.
        seconds: u32,
    },
}

/// What takes time to be known everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A new role cannot be assumed, passed to Lambda or trusted.
    Roles,
    /// A new access key is not valid.
    Keys,
    /// A new user, group, role or policy cannot be found.
    Entities,
    /// A policy that was attached, a user that was added to a group: it has no effect.
    Policies,
}

impl Subject {
    /// Every subject with its word.
    pub(super) const ALL: [(&'static str, Self); 4] = [
        ("roles", Self::Roles),
        ("keys", Self::Keys),
        ("entities", Self::Entities),
        ("policies", Self::Policies),
    ];

    /// Returns the word for it.
    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, subject)| *subject == self).map_or("", |(word, _)| word)
    }
}

impl Rule {
    /// Makes a rule that is certain and for always.
    pub fn new(calls: impl Into<String>, effect: Effect) -> Self {
        Self {
            calls: calls.into(),
            effect,
            probability: None,
            seed: 0,
            after: 0,
            first: None,
            every: None,
            from: None,
            until: None,
            matched: 0,
        }
    }

    /// Returns what the rule does.
    pub const fn effect(&self) -> &Effect {
        &self.effect
    }

    /// Returns how many calls the rule has matched.
    pub const fn matched(&self) -> u64 {
        self.matched
    }

    /// Returns for how many seconds the rule must know what is new.
    pub(super) const fn window(&self) -> Option<u32> {
        match self.effect {
            Effect::Eventual { seconds, .. } => Some(seconds),
            _ => None,
        }
    }

    /// Tells whether the rule holds at this time.
    pub(super) fn is_on(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }

    /// Counts the call if it matches, and tells whether it is struck.
    pub(super) fn strikes(&mut self, call: &Call<'_>) -> bool {
        if !self.is_on(call.now) || !self.matches(call.service, call.operation) {
            return false;
        }
        let place = self.matched;
        self.matched = place.saturating_add(1);
        let Some(place) = place.checked_sub(self.after) else { return false };
        self.first.is_none_or(|first| place < first)
            && self.every.is_none_or(|every| place.is_multiple_of(every.max(1)))
            && self
                .probability
                .is_none_or(|probability| Dice::after(self.seed, place).fraction() < probability)
    }

    /// Tells whether the rule is for this operation.
    fn matches(&self, service: &str, operation: &str) -> bool {
        let (of_service, of_operation) = self.calls.split_once(':').unwrap_or((self.calls.as_str(), "*"));
        fits(of_service, service) && fits(of_operation, operation)
    }
}

/// Tells whether a text fits a pattern with `*` and `?`, whatever the case.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let mut rows = vec![false; text.len() + 1];
    if let Some(first) = rows.first_mut() {
        *first = true;
    }
    for letter in pattern {
        let mut diagonal = false;
        let mut left = false;
        for (at, cell) in rows.iter_mut().enumerate() {
            let above = *cell;
            let same = || {
                at.checked_sub(1).and_then(|at| text.get(at)).is_some_and(|c| c.eq_ignore_ascii_case(&letter))
            };
            *cell = match letter {
                '*' => above || left,
                '?' => diagonal,
                _ => diagonal && same(),
            };
            diagonal = above;
            left = *cell;
        }
    }
    rows.last().copied().unwrap_or_default()
}

/// Writes the rule as the text it can be read from.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.calls)?;
        match &self.effect {
            Effect::Throttle => f.write_str("throttle")?,
            Effect::Error { code, status, message } => {
                write!(f, "error {code}")?;
                if let Some(status) = status {
                    write!(f, " status {status}")?;
                }
                if let Some(message) = message {
                    write!(f, " message \"{}\"", message.replace('\\', "\\\\").replace('"', "\\\""))?;
                }
            }
            Effect::Latency { millis } => write!(f, "latency {millis}ms")?,
            Effect::Eventual { subject, seconds } => write!(f, "eventual {} {seconds}s", subject.word())?,
        }
        if let Some(probability) = self.probability {
            write!(f, " {probability}")?;
        }
        let numbers = [
            ("seed", Some(self.seed)),
            ("after", Some(self.after)),
            ("first", self.first),
            ("every", self.every),
        ];
        for (word, number) in numbers {
            // Nought is what seed and `after` are without a word.
            if let Some(number) = number.filter(|number| *number != 0 || word == "first") {
                write!(f, " {word} {number}")?;
            }
        }
        for (word, time) in [("from", self.from), ("until", self.until)] {
            if let Some(time) = time {
                write!(f, " {word} {time}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_wildcards() {
        for (pattern, text, does) in [
            ("*", "", true),
            ("create*", "CreateUser", true),
            ("*User", "CreateUser", true),
            ("*User", "CreateUsers", false),
            ("Get?ole", "GetRole", true),
            ("Get?", "Get", false),
            ("*a*b*", "xaxxb", true),
            ("", "x", false),
        ] {
            assert_eq!(fits(pattern, text), does, "{pattern} {text}");
        }
    }
}
