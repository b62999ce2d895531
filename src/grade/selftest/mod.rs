//! The self-test of a rubric: the reference scenario has to score full, the empty account nothing, and every property of
//! the reference that is changed, one at a time, has to cost points, unless the rubric says that it is left to the
//! student.
//!
//! ```text
//! rubric.yaml ─► scenario.yaml ─► account in memory ─┬─► as it is ──────────────► full?
//!        └─► what students do (action) ──────────────┤   (property, document, code, touch, action)
//!                                                    └─► copy ─► one mutation ─► who lost points?
//! ```
//!
//! A mutation that nobody notices is a hole in the rubric; a criterion that no mutation trips cannot fail: it is dead; a
//! property that is left to the student and costs points all the same makes the rubric unfair.

mod action;
mod code;
mod document;
mod free;
mod lab;
mod outcome;
mod property;
mod run;
mod stage;
mod touch;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::provision::Address;
use action::Action;
use touch::Touch;

pub use outcome::{Caught, Outcome, Report, Summary, Verdict};
pub use run::{Options, selftest};

/// One change of one property of the reference.
#[derive(Debug, Clone)]
struct Mutation {
    /// Whose: `user.User1`; `student` for what students do.
    whose: String,
    /// Which: `mfa`.
    property: String,
    /// What becomes of it: `removed`.
    change: String,
    trial: Trial,
}

/// What is different in the account of a mutation.
#[derive(Debug, Clone, Default)]
struct Trial {
    /// The resources, by section and name, where they are not the reference's.
    resources: Option<Value>,
    /// Whether the account is made anew and not changed: for what AWS does not change later, or `provision` takes for
    /// the same.
    afresh: bool,
    /// What is called otherwise.
    renamed: BTreeMap<Address, String>,
    /// What is changed by calls, where no scenario can say it.
    touches: Vec<Touch>,
    /// What the student does, where it is not what the rubric asks for.
    actions: Option<Vec<Action>>,
}

impl Mutation {
    fn new(
        whose: &(impl ToString + ?Sized),
        property: &str,
        change: impl Into<String>,
        trial: Trial,
    ) -> Self {
        Self { whose: whose.to_string(), property: property.to_owned(), change: change.into(), trial }
    }

    /// Names it: `user.User1 mfa: removed`.
    fn id(&self) -> String {
        format!("{} {}: {}", self.whose, self.property, self.change)
    }
}

impl Trial {
    fn of_resources(resources: Value) -> Self {
        Self { resources: Some(resources), ..Self::default() }
    }

    fn of_touch(touch: Touch) -> Self {
        Self { touches: vec![touch], ..Self::default() }
    }

    fn of_actions(actions: Vec<Action>) -> Self {
        Self { actions: Some(actions), ..Self::default() }
    }

    /// Returns what something is called in this trial.
    fn name<'a>(&'a self, kind: &'static str, name: &'a str) -> &'a str {
        self.renamed.get(&Address::new(kind, name)).map_or(name, String::as_str)
    }
}
