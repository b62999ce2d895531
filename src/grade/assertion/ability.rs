//! What somebody may and may not do, by all policies that count.

use std::sync::Arc;

use serde_json::json;

use super::Case;
use super::wording::{joined, tick, timeless};
use crate::account::ask::{Answer, Question, Verdict, ask, decide};
use crate::account::effective::{Effective, Holder, Nothing, effective};
use crate::account::snapshot::Snapshot;
use crate::grade::found::{Found, Outcome};
use crate::grade::rubric::Ability;
use crate::grade::subject::Subject;
use crate::policy::actions::actions;
use crate::policy::evaluate::{Outcome as Decided, PolicySet, Source};
use crate::policy::statement::Policy;
use crate::policy::trace::Reason;

/// Whether somebody may do something.
pub(super) enum May {
    /// Yes; what was passed over.
    Yes(Option<String>),
    /// No, and why.
    No(String),
    /// It depends on a condition.
    Depends(String),
    /// On a part of the resources only.
    Partly(String),
    /// A policy was not read.
    Unread(String),
    /// Its own policies do not allow it, and the policy of the resource, which might, was not read.
    ResourceUnread(String),
}

/// What an ability comes to.
pub(super) struct Answered {
    pub(super) may: May,
    pub(super) evidence: Vec<String>,
}

/// Finds the identity that plays a part.
pub(super) fn holder(case: &Case<'_>, who: &Subject) -> Result<(Holder, Option<String>), Found> {
    let named = case.find(who)?;
    let holder = match who {
        Subject::User(_) => Holder::User(named.name.to_owned()),
        Subject::Role(_) => Holder::role(named.name),
        // Lambda names the sessions of a function's role by the function.
        Subject::FunctionRole => Holder::Role {
            name: named.name.to_owned(),
            session: match case.find(&Subject::Function) {
                Ok(function) => function.name.to_owned(),
                // Without a function its role can be there all the same.
                Err(found) if found.outcome == Outcome::Missed => "function".to_owned(),
                Err(found) => return Err(found),
            },
        },
        other => return Err(Found::unknown(format!("{} does nothing by itself", other.label()))),
    };
    Ok((holder, named.remark))
}

/// Collects what an identity holds.
pub(super) fn held(snapshot: &Snapshot, holder: &Holder) -> Result<Effective, Found> {
    effective(snapshot, holder).map_err(|nothing| match nothing {
        Nothing::Absent(_) => Found::missed(nothing.to_string()),
        Nothing::NotRead(why) => Found::unknown(why),
    })
}

/// Makes a source of one statement.
pub(super) fn source_of(name: &str, statement: &serde_json::Value) -> Option<Source> {
    let text = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    Policy::parse(&text).ok().map(|policy| Source {
        name: name.to_owned(),
        arn: None,
        policy: Arc::new(policy),
    })
}

/// Asks whether somebody may do something to one resource, or to all with `*`.
pub(super) fn may(
    snapshot: &Snapshot,
    holder: &Holder,
    who: &Effective,
    action: &str,
    resource: &str,
) -> Answered {
    let question = Question { action: action.to_owned(), resource: resource.to_owned(), context: Vec::new() };
    let answer = ask(snapshot, holder, who, &question);
    let evidence = evidence(snapshot, &answer);
    Answered { may: judged(snapshot, holder, &answer), evidence }
}

fn evidence(snapshot: &Snapshot, answer: &Answer) -> Vec<String> {
    let steps = answer.decisive.iter().filter_map(|at| answer.decision.trace.get(*at));
    steps.take(4).map(|step| timeless(snapshot, &step.to_string())).collect()
}

fn judged(snapshot: &Snapshot, holder: &Holder, answer: &Answer) -> May {
    let reason = || timeless(snapshot, &answer.reason);
    match answer.verdict {
        Verdict::Allowed => May::Yes(None),
        // What the trust policy says is judged for itself: here it is whether the other side is right.
        Verdict::ImplicitDeny | Verdict::Unknown
            if answer.request.asks_for_role() && is_own(holder, answer) =>
        {
            May::Yes(Some(
                "its own policy allows it; whom the role trusts is looked at for itself".to_owned(),
            ))
        }
        Verdict::ExplicitDeny | Verdict::ImplicitDeny => May::No(reason()),
        Verdict::Unknown => {
            let unread = |reasons: &[Reason]| reasons.iter().any(|it| matches!(it, Reason::NotRead { .. }));
            match &answer.decision.outcome {
                Decided::Indeterminate(reasons) if unread(reasons) => unread_policy(holder, answer, reason()),
                Decided::Indeterminate(_) => May::Depends(reason()),
                Decided::Allowed | Decided::Denied(_) => partly(answer, reason()),
            }
        }
    }
}

/// Something is allowed on a part of what was asked for. An action that has no resources is not allowed so at all.
fn partly(answer: &Answer, reason: String) -> May {
    let takes_all = actions().has_resource(&answer.request.action) == Some(false);
    if takes_all { May::No(reason) } else { May::Partly(reason) }
}

/// Asks without the policy of the resource, when that is what was not read: in the same account an identity's own
/// policy is enough.
fn unread_policy(holder: &Holder, answer: &Answer, reason: String) -> May {
    let resource = answer.policies.resource.as_ref().filter(|source| source.policy.unread.is_some());
    let Some(resource) = resource else { return May::Unread(reason) };
    let policies = PolicySet { resource: None, ..answer.policies.clone() };
    match decide(holder, answer.request.clone(), policies).verdict {
        Verdict::Allowed => May::Yes(Some(format!("{} was not read", resource.name))),
        _ => May::ResourceUnread(reason),
    }
}

/// Tells whether somebody's own policies allow a role to be assumed, if the role trusts the account.
fn is_own(holder: &Holder, answer: &Answer) -> bool {
    let account = &answer.request.principal.account;
    let trust = json!({"Effect": "Allow", "Action": "sts:*", "Principal": {"AWS": account}});
    let Some(resource) = source_of("a trust policy", &trust) else { return false };
    let policies = PolicySet { resource: Some(resource), ..answer.policies.clone() };
    decide(holder, answer.request.clone(), policies).verdict == Verdict::Allowed
}

/// Asks about whatever the action may be done to: about everything at once and, where that is answered in part, about
/// something that nobody has named.
fn at_large(snapshot: &Snapshot, holder: &Holder, who: &Effective, action: &str) -> Answered {
    let answered = may(snapshot, holder, who, action, "*");
    if !matches!(answered.may, May::Partly(_)) {
        return answered;
    }
    let unnamed = unnamed(snapshot, action).into_iter();
    let mut asked = unnamed.map(|resource| may(snapshot, holder, who, action, &resource));
    asked.find(|one| matches!(one.may, May::Yes(_))).unwrap_or(answered)
}

/// Makes up resources that an action may be done to.
fn unnamed(snapshot: &Snapshot, action: &str) -> Vec<String> {
    let Snapshot { account, partition, region, .. } = snapshot;
    let service = action.split(':').next().unwrap_or_default();
    let region = if service == "iam" { "" } else { region };
    let kinds = actions().other_kinds(action, "arn:aws:none:::none").unwrap_or_default();
    let kinds = kinds.iter().filter(|kind| !kind.starts_with("arn:"));
    kinds
        .take(8)
        .map(|kind| {
            let name = kind.replace('*', "none-in-particular");
            format!("arn:{partition}:{service}:{region}:{account}:{name}")
        })
        .collect()
}

/// Asks for an ability of the rubric.
fn answered(case: &Case<'_>, ability: &Ability) -> Result<(Answered, String, Option<String>), Found> {
    let (holder, remark) = holder(case, &ability.who)?;
    let snapshot = case.snapshot();
    let who = held(snapshot, &holder)?;
    let (answered, on, more) = match &ability.on {
        None => (at_large(snapshot, &holder, &who, &ability.action), String::new(), None),
        Some(on) => {
            let named = case.find(on)?;
            let answered = may(snapshot, &holder, &who, &ability.action, &case.arn(on)?);
            (answered, format!(" on {}", tick(named.name)), named.remark)
        }
    };
    let subject = format!("{}|{}{on}", holder.name(), tick(&ability.action));
    Ok((answered, subject, joined([remark, more])))
}

pub(super) fn can(case: &Case<'_>, ability: &Ability) -> Result<Found, Found> {
    let (answered, subject, remark) = answered(case, ability)?;
    let (who, what) = subject.split_once('|').unwrap_or_default();
    let mut found = match answered.may {
        May::Yes(passed) => {
            Found::met(format!("{who} may {what}")).remarked(joined([remark.clone(), passed]))
        }
        May::No(why) => Found::missed(format!("{who} may not {what}: {why}")),
        May::Depends(why) => {
            Found::new(Outcome::Nearly, format!("{who} may {what} under a condition only: {why}"))
        }
        May::Partly(why) => Found::new(Outcome::Nearly, format!("{who} may {what} in part only: {why}")),
        May::Unread(why) | May::ResourceUnread(why) => Found::unknown(why),
    };
    found.evidence.extend(answered.evidence);
    Ok(found.remarked(remark))
}

pub(super) fn cannot(case: &Case<'_>, ability: &Ability) -> Result<Found, Found> {
    let (answered, subject, remark) = answered(case, ability)?;
    let (who, what) = subject.split_once('|').unwrap_or_default();
    let mut found = match answered.may {
        May::Yes(_) => Found::missed(format!("{who} may {what}")),
        May::No(_) => Found::met(format!("{who} may not {what}")),
        May::Depends(why) => {
            Found::new(Outcome::Nearly, format!("{who} may {what} under a condition: {why}"))
        }
        May::Partly(why) => {
            Found::met(format!("{who} may not {what} at large")).remarked(joined([remark.clone(), Some(why)]))
        }
        May::Unread(why) | May::ResourceUnread(why) => Found::unknown(why),
    };
    found.evidence.extend(answered.evidence);
    Ok(found.remarked(remark))
}
