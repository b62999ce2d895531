//! What is there: names, policies of one's own, members of a group.

use std::collections::BTreeSet;

use super::wording::{joined, list, tick};
use super::{Case, Named};
use crate::account::bare_name;
use crate::grade::found::{Found, Outcome};
use crate::grade::points::Share;
use crate::grade::rubric::Members;
use crate::grade::subject::Subject;

pub(super) fn exists(case: &Case<'_>, subject: &Subject) -> Result<Found, Found> {
    let named = case.find(subject)?;
    let name = tick(named.name);
    let arn = case.arn(subject).ok();
    let found = match (subject.name(), subject) {
        // IAM does not tell names apart by their capitals either.
        (Some(wanted), _) if !wanted.eq_ignore_ascii_case(named.name) => {
            Found::new(Outcome::Nearly, format!("{} is called {name}", subject.label()))
        }
        (Some(_), _) => Found::met(format!("there is {}", subject.label())),
        (None, Subject::Function) => Found::met(format!("there is the function {name}")),
        (None, Subject::Topic) => Found::met(format!("there is the topic {name}")),
        (None, _) => Found::met(format!("the function runs as role {name}")),
    };
    let mut found = found.remarked(named.remark);
    found.evidence.extend(arn);
    Ok(found)
}

pub(super) fn no_policies(case: &Case<'_>, holder: &Subject) -> Result<Found, Found> {
    let (named, policies) = case.policies(holder)?;
    let name = tick(named.name);
    let boundary = policies.boundary.as_ref().map(|arn| {
        format!("{name} has the permissions boundary {}, which grants nothing", tick(bare_name(arn)))
    });
    let remark = joined([named.remark.clone(), boundary]);
    if policies.attached.is_empty() && policies.inline.is_empty() {
        return Ok(Found::met(format!("{name} has no policy of its own")).remarked(remark));
    }
    let attached = policies.attached.iter().map(|arn| bare_name(arn).to_owned());
    let inline = policies.inline.keys().map(|name| format!("{name} (inline)"));
    let message = format!("{name} has {} of its own", list(attached.chain(inline)));
    let mut found = Found::missed(message).remarked(remark);
    found.evidence.extend(policies.attached.iter().cloned());
    found.evidence.extend(policies.inline.keys().map(|policy| format!("inline policy {}", tick(policy))));
    Ok(found)
}

pub(super) fn members(case: &Case<'_>, wanted: &Members) -> Result<Found, Found> {
    let group = case.find(&wanted.of)?;
    let identity = case.identity()?;
    let inside: BTreeSet<&str> = identity
        .users
        .iter()
        .filter(|(_, user)| user.groups.contains(group.name))
        .map(|(name, _)| name.as_str())
        .collect();
    let mut remarks = vec![group.remark.clone()];
    let mut missing = Vec::new();
    let mut asked = BTreeSet::new();
    for user in &wanted.has {
        match case.find(user) {
            Ok(Named { name, remark }) => {
                if !inside.contains(name) {
                    missing.push(tick(name));
                }
                remarks.push(remark);
                asked.insert(name);
            }
            Err(found) if matches!(found.outcome, Outcome::Unknown(_)) => return Err(found),
            Err(_) => missing.push(user.label()),
        }
    }
    let unwanted: Vec<&str> = match &wanted.not {
        None => inside.difference(&asked).copied().collect(),
        Some(not) => {
            let there = not.iter().filter_map(|user| case.find(user).ok().map(|named| named.name.to_owned()));
            let there: BTreeSet<String> = there.collect();
            inside.iter().copied().filter(|name| there.contains(*name)).collect()
        }
    };
    let has = wanted.has.len() - missing.len().min(wanted.has.len());
    let outcome = match (missing.is_empty(), unwanted.is_empty()) {
        (true, true) => Outcome::Met,
        (true, false) => Outcome::Nearly,
        (false, _) if has == 0 => Outcome::Missed,
        (false, true) => Outcome::Part(Share::of(has, wanted.has.len())),
        (false, false) => Outcome::Part(Share::of(has, 2 * wanted.has.len())),
    };
    let name = tick(group.name);
    let message = match (missing.is_empty(), unwanted.is_empty()) {
        (true, true) if asked.is_empty() => format!("nobody is in {name} who must not be"),
        (true, true) => {
            let verb = if asked.len() == 1 { "is a member" } else { "are members" };
            format!("{} {verb} of {name}", list(&asked))
        }
        (true, false) => format!("{} must not be in {name}", list(&unwanted)),
        (false, true) => format!("{} {} not in {name}", missing.join(", "), are(missing.len())),
        (false, false) => {
            let (who, are) = (missing.join(", "), are(missing.len()));
            format!("{who} {are} not in {name}, and {} must not be", list(&unwanted))
        }
    };
    let members = if inside.is_empty() { "nobody".to_owned() } else { list(&inside) };
    let shown = format!("members of {name}: {members}");
    Ok(Found::new(outcome, message).shown(shown).remarked(joined(remarks)))
}

const fn are(number: usize) -> &'static str {
    if number == 1 { "is" } else { "are" }
}
