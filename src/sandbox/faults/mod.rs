//! Faults on request: throttling, errors, slowness and "not yet", for tests and for teaching.
//!
//! ```text
//! rules + call ─► decide ─► Fate: how long the answer takes, and the error instead of it
//!         call ─► observe ─► what is new in the account, which AWS would not know everywhere yet
//! ```
//!
//! A rule is one line of text (`iam:Create* throttle 0.3 seed 7`, see [`Rule`]) and one object of JSON. What happens
//! is repeatable: the n-th call that a rule matches always meets the same fate.

mod codes;
mod newborn;
mod parse;
mod rule;
#[cfg(test)]
mod tests;

use std::time::Duration;

use awsim_core::AwsError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use newborn::Holder;
use newborn::Newborns;
pub use parse::ParseError;
pub use rule::{Effect, Rule, Subject};

/// The rules of an account, how often each was matched, and what is new in the account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Faults {
    rules: Vec<Rule>,
    newborns: Newborns,
}

/// A call as the rules see it: whose sender is known, but that is not authorised yet.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The service as requests are signed for it: `iam`.
    pub service: &'a str,
    /// The operation as the API spells it.
    pub operation: &'a str,
    /// The input as handlers get it.
    pub input: &'a Value,
    /// The id of the access key the request was signed with.
    pub key: &'a str,
    /// The ARN of the caller, for messages.
    pub caller: &'a str,
    /// When the call was made.
    pub now: Timestamp,
}

/// What becomes of a call that a rule matches.
#[derive(Debug, Clone, Default)]
pub struct Fate {
    /// How much longer than usual the answer takes.
    pub delay: Duration,
    /// The error that is answered instead of carrying the call out.
    pub error: Option<AwsError>,
}

impl Faults {
    /// Adds a rule behind the others.
    pub fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    /// Removes all rules, and what was noted for them.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns the rules in the order they are tried.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Tells whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Decides the fate of a call: nothing when no rule strikes. All delays add up; of errors the first wins. Every
    /// rule that matches counts the call, whatever comes of it.
    pub fn decide(&mut self, call: &Call<'_>) -> Option<Fate> {
        let mut fate = None::<Fate>;
        let newborns = &self.newborns;
        for rule in &mut self.rules {
            if !rule.strikes(call) {
                continue;
            }
            let (delay, error) = match rule.effect() {
                Effect::Latency { millis } => (Duration::from_millis(*millis), None),
                Effect::Throttle => (Duration::ZERO, Some(codes::throttled(call.service))),
                Effect::Error { code, status, message } => {
                    (Duration::ZERO, Some(codes::error(call, code, *status, message.as_deref())))
                }
                Effect::Eventual { subject, seconds } => {
                    (Duration::ZERO, newborns.not_yet(call, *subject, i64::from(*seconds)))
                }
            };
            if delay.is_zero() && error.is_none() {
                continue;
            }
            let fate = fate.get_or_insert_default();
            fate.delay = fate.delay.saturating_add(delay);
            fate.error = fate.error.take().or(error);
        }
        fate
    }

    /// Notes what a call that succeeded has made, if a rule wants to know. `output` is as handlers give it. Returns
    /// whether there was something to note, and so to save.
    pub fn observe(&mut self, call: &Call<'_>, output: &Value) -> bool {
        let longest = self.rules.iter().filter_map(Rule::window).max();
        longest.is_some_and(|longest| self.newborns.note(call, output, i64::from(longest)))
    }

    /// Tells whether what was attached to `holder` already has effect at `now`: `policy` is the ARN of a managed
    /// policy, the name of an inline one, or the name of the group that a user was added to.
    pub fn is_in_effect(&self, holder: Holder<'_>, policy: &str, now: Timestamp) -> bool {
        self.rules.iter().all(|rule| match rule.effect() {
            Effect::Eventual { subject: Subject::Policies, seconds } if rule.is_on(now) => {
                !self.newborns.is_attached_since(holder, policy, now, i64::from(*seconds))
            }
            _ => true,
        })
    }
}
