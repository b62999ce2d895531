//! One result of a simulation, as the API shows it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::policies::Known;
use crate::policy::evaluate::{Decision, Outcome};
use crate::policy::statement::Effect;
use crate::policy::trace::{Finding, Layer, Reason, Step};
use crate::sandbox::services::iam::call::{members, put};
use crate::source::Span;

/// What was decided about one action on one resource.
#[derive(Debug)]
pub(super) struct Verdict {
    decision: Word,
    matched: Vec<Value>,
    missing: BTreeSet<String>,
    /// Whether the permissions boundary allows it, where there is one.
    within: Option<bool>,
}

/// The decisions, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    ExplicitDeny,
    ImplicitDeny,
    Allowed,
}

impl Verdict {
    /// Words a decision that took keys that were not given as absent; `open` left them open.
    pub(super) fn new(decided: &Decision, open: &Decision, known: &Known) -> Self {
        let decision = match &decided.outcome {
            Outcome::Allowed => Word::Allowed,
            Outcome::Denied(denial) if denial.explicit => Word::ExplicitDeny,
            Outcome::Denied(_) | Outcome::Indeterminate(_) => Word::ImplicitDeny,
        };
        // A denying statement is the only one that is told.
        let told = match decision {
            Word::Allowed => Some(Effect::Allow),
            Word::ExplicitDeny => Some(Effect::Deny),
            Word::ImplicitDeny => None,
        };
        let matched = |step: &&Step| step.finding == Finding::Matched;
        let steps = decided.trace.iter().filter(matched).filter(|step| Some(step.effect) == told);
        let bounding = |effect: Effect| {
            let mut of_boundary =
                decided.trace.iter().filter(matched).filter(|step| step.layer == Layer::Boundary);
            of_boundary.any(|step| step.effect == effect)
        };
        Self {
            decision,
            matched: steps.map(|step| statement(step, known)).collect(),
            missing: missing(open),
            within: known.is_bounded().then(|| bounding(Effect::Allow) && !bounding(Effect::Deny)),
        }
    }

    /// Several resources as one: what holds for all of them.
    pub(super) fn together(all: impl Iterator<Item = Self>) -> Self {
        let nothing =
            Self { decision: Word::Allowed, matched: Vec::new(), missing: BTreeSet::new(), within: None };
        all.fold(nothing, |mut whole, one| {
            if one.decision < whole.decision {
                whole.matched.clear();
            }
            if one.decision <= whole.decision {
                whole.decision = one.decision;
                let new: Vec<_> =
                    one.matched.into_iter().filter(|found| !whole.matched.contains(found)).collect();
                whole.matched.extend(new);
            }
            whole.missing.extend(one.missing);
            whole.within = match (whole.within, one.within) {
                (Some(a), Some(b)) => Some(a && b),
                (a, b) => a.or(b),
            };
            whole
        })
    }

    /// The word for the decision.
    pub(super) const fn decision(&self) -> &'static str {
        match self.decision {
            Word::ExplicitDeny => "explicitDeny",
            Word::ImplicitDeny => "implicitDeny",
            Word::Allowed => "allowed",
        }
    }

    /// What both kinds of results show.
    pub(super) fn shown(&self) -> Value {
        let within = self.within.map(|within| json!({ "AllowedByPermissionsBoundary": within }));
        json!({
            "MatchedStatements": members(self.matched.iter().cloned()),
            "MissingContextValues": members(self.missing.iter().map(|key| json!(key))),
            "PermissionsBoundaryDecisionDetail": within,
        })
    }

    /// The result of one of the resources that were named.
    pub(super) fn specific(&self, resource: &str) -> Value {
        let mut shown = self.shown();
        put(&mut shown, "EvalResourceName", json!(resource));
        put(&mut shown, "EvalResourceDecision", json!(self.decision()));
        shown
    }
}

/// The keys that statements ask about and nobody gave.
fn missing(open: &Decision) -> BTreeSet<String> {
    let unknown = open.trace.iter().filter_map(|step| match &step.finding {
        Finding::Unknown { reasons } => Some(reasons),
        Finding::Matched | Finding::Differs { .. } => None,
    });
    let key = |reason: &Reason| match reason {
        Reason::KeyNotKnown { key } => Some(key.clone()),
        _ => None,
    };
    unknown.flatten().filter_map(key).collect()
}

/// A statement that decided, with its place in the text of its policy.
fn statement(step: &Step, known: &Known) -> Value {
    let kind = match step.layer {
        Layer::Boundary => "Permissions Boundary Policy",
        Layer::Resource | Layer::Trust => "Resource Policy",
        Layer::Identity | Layer::Session => "IAM Policy",
    };
    let text = known.text(&step.source).unwrap_or_default();
    let Span { start, len } = step.span;
    json!({
        "SourcePolicyId": step.source,
        "SourcePolicyType": kind,
        "StartPosition": position(text, start),
        "EndPosition": position(text, start.saturating_add(len).saturating_sub(1)),
    })
}

/// The line and column, from 1, of a byte of a text.
fn position(text: &str, at: usize) -> Value {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count().saturating_add(1);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count().saturating_add(1);
    json!({ "Line": line, "Column": column })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_one() {
        assert_eq!(position("ab\nécd", 0), json!({ "Line": 1, "Column": 1 }));
        assert_eq!(position("ab\nécd", 5), json!({ "Line": 2, "Column": 2 }));
    }
}
