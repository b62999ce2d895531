//! Whether a policy allows what is asked for, however it is written.

use super::Case;
use super::grants::{self, Grants};
use super::wording::{joined, list, tick};
use crate::grade::found::{Found, Outcome};
use crate::grade::points::Share;
use crate::grade::rubric::Allows;
use crate::grade::subject::Subject;
use crate::policy::actions::{ActionSet, actions};
use crate::policy::statement::{Effect, Policy};

/// A policy of the rubric, parsed.
pub(super) struct Read<'c> {
    pub(super) name: &'c str,
    pub(super) remark: Option<String>,
    pub(super) arn: &'c str,
    pub(super) policy: Policy,
    pub(super) grants: Grants,
}

/// Reads a policy of the rubric.
pub(super) fn read<'c>(case: &'c Case<'_>, subject: &Subject) -> Result<Read<'c>, Found> {
    let named = case.find(subject)?;
    let Some(managed) = case.identity()?.policies.get(named.name) else {
        return Err(Found::unknown(format!("{} was not read", subject.label())));
    };
    let Some(document) = &managed.document else {
        return Err(Found::unknown(format!("the document of {} was not read", subject.label())));
    };
    let policy =
        grants::parse(document).map_err(|why| Found::unknown(format!("{}: {why}", tick(named.name))))?;
    let grants = Grants::of_policy(case.snapshot(), &policy);
    Ok(Read { name: named.name, remark: named.remark, arn: &managed.arn, policy, grants })
}

/// How far an action is allowed.
enum Allowed {
    Yes,
    /// Not always or not everywhere, and why.
    Limited(String),
    No(Option<String>),
}

pub(super) fn allows(case: &Case<'_>, asked: &Allows) -> Result<Found, Found> {
    let read = read(case, &asked.policy)?;
    let everything = grants::everything(case.snapshot());
    let judged: Vec<(&String, Allowed)> = asked
        .actions
        .iter()
        .map(|action| {
            let places: ActionSet = actions().matching(action).into_iter().collect();
            let is_in = |set: &ActionSet| !places.is_empty() && places.without(set).is_empty();
            let allowed = if is_in(&read.grants.full) {
                Allowed::Yes
            } else if is_in(&read.grants.any()) {
                Allowed::Limited(limit(&read.policy, action).unwrap_or_else(|| "not everywhere".to_owned()))
            } else {
                Allowed::No(elsewhere(&read.policy, action, &everything))
            };
            (action, allowed)
        })
        .collect();
    let name = tick(read.name);
    let full = judged.iter().filter(|(_, it)| matches!(it, Allowed::Yes)).count();
    let limited = judged.iter().filter(|(_, it)| matches!(it, Allowed::Limited(_))).count();
    let all = judged.len();
    let outcome = match (full, limited) {
        (full, _) if full == all => Outcome::Met,
        (full, limited) if full + limited == all => Outcome::Nearly,
        (0, 0) => Outcome::Missed,
        (full, limited) => Outcome::Part(Share::of(2 * full + limited, 2 * all)),
    };
    let message = if outcome == Outcome::Met {
        format!("{name} allows {}", list(&asked.actions))
    } else {
        let told = judged.iter().filter_map(|(action, allowed)| match allowed {
            Allowed::Yes => None,
            Allowed::Limited(how) => Some(format!("allows {} only {how}", tick(action))),
            Allowed::No(Some(why)) => Some(format!("does not allow {}: {why}", tick(action))),
            Allowed::No(None) => Some(format!("does not allow {}", tick(action))),
        });
        format!("{name} {}", told.take(4).collect::<Vec<_>>().join(", "))
    };
    let mut found = Found::new(outcome, message).remarked(joined([read.remark])).shown(read.arn);
    for (action, allowed) in &judged {
        let word = match allowed {
            Allowed::Yes => "allowed",
            Allowed::Limited(_) => "allowed in part",
            Allowed::No(_) => "not allowed",
        };
        found = found.shown(format!("{action}: {word}"));
    }
    Ok(found)
}

/// Says what limits an action: a condition or a resource of the first statement that allows it, or a denial.
fn limit(policy: &Policy, action: &str) -> Option<String> {
    let mut speaking = policy.statements.iter().filter(|statement| statement.names(action));
    speaking.find_map(|statement| {
        let conditions = statement.conditions();
        let does = if statement.effect == Effect::Deny { "where it is not denied: " } else { "" };
        match statement.resources() {
            _ if !conditions.is_empty() => Some(format!("{does}under the condition {}", list(&conditions))),
            Some((texts, negated)) if !texts.iter().any(|text| text == "*") => {
                let but = if negated { "everything but " } else { "" };
                Some(format!("{does}on {but}{}", list(texts)))
            }
            _ => None,
        }
    })
}

/// Says why a statement that names an action does not allow it.
fn elsewhere(policy: &Policy, action: &str, everything: &crate::policy::request::Request) -> Option<String> {
    let speaking = || policy.statements.iter().filter(|statement| statement.names(action));
    if speaking().any(|statement| statement.effect == Effect::Deny) {
        return Some("a statement denies it".to_owned());
    }
    let bound = speaking().find(|statement| statement.is_about(everything) != Some(true))?;
    let (texts, _) = bound.resources()?;
    (actions().has_resource(action) == Some(false))
        .then(|| format!("it is named on {}, and this action works on the resource `*` only", list(texts)))
}
