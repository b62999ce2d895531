//! Looks at the account with the scenario's eyes: reads what the scenario declares and what carries its mark.

use std::collections::BTreeSet;

use super::ownership::{MARK, Ownership, mark};
use super::plan::{Action, Goal};
use super::{Address, apply, arn, resources};
use crate::account::snapshot::Snapshot;
use crate::aws::Aws;
use crate::aws::collect::{Collected, Owner, Scope, collect, tagged};
use crate::aws::error::ApiError;
use crate::scenario::Resolved;

/// Reads everything a plan towards `goal` needs.
pub(crate) async fn look(aws: &Aws, scenario: &Resolved, goal: Goal) -> Result<Snapshot, ApiError> {
    let scope = scope(scenario, goal);
    let (collected, tagged) =
        futures::join!(collect(aws, &scope), tagged::read(aws, MARK, &scenario.place.scenario));
    let mut snapshot = complete(collected)?;
    let mut left = Scope::default();
    for address in tagged?.iter().filter_map(|arn| address(arn)) {
        resources::scope_left(&address, &mut left);
    }
    add_unknown(&mut left, scenario, &snapshot);
    read_more(aws, &left, &scope, &mut snapshot).await?;
    Ok(snapshot)
}

/// Reads back what a run has just worked on. What it made carries the mark by the very call that made it, so no
/// tags are read for it.
pub(crate) async fn look_back(
    aws: &Aws,
    scenario: &Resolved,
    goal: Goal,
    outcomes: &[apply::Outcome],
) -> Result<Snapshot, ApiError> {
    let mut scope = scope(scenario, goal);
    let marked = mark(&scenario.place.scenario);
    let made = outcomes.iter().filter(|outcome| {
        outcome.fate == apply::Fate::Done && matches!(outcome.change.action, Action::Create | Action::Replace)
    });
    scope.known_tags = made
        .filter_map(|outcome| arn::arn(&outcome.change.address, &scenario.place))
        .map(|arn| (arn, marked.clone()))
        .collect();
    // What is ours in the hands of others may have left the scenario: its mark has to be read again.
    for outcome in outcomes.iter().filter(|outcome| outcome.change.action == Action::Refuse) {
        resources::scope_left(&outcome.change.address, &mut scope);
    }
    let mut snapshot = complete(collect(aws, &scope).await)?;
    let mut left = Scope::default();
    for outcome in outcomes.iter().filter(|outcome| outcome.change.action == Action::Delete) {
        resources::scope_left(&outcome.change.address, &mut left);
    }
    add_unknown(&mut left, scenario, &snapshot);
    read_more(aws, &left, &scope, &mut snapshot).await?;
    Ok(snapshot)
}

fn scope(scenario: &Resolved, goal: Goal) -> Scope {
    let mut scope = Scope::default();
    resources::scope_all(&scenario.resources, &mut scope);
    // IAM things that left the scenario are found in the same listing. It does not show the mark of a policy, and
    // whoever looks for that stops at one that others hold; the names of those left out are known.
    scope.identity = true;
    for address in scenario.left_out().filter(|address| address.kind == "policy") {
        resources::scope_left(address, &mut scope);
    }
    scope.owner = Some(Owner {
        key: MARK,
        value: scenario.place.scenario.clone(),
        group_path: scenario.place.group_path(),
    });
    scope.all_credentials = matches!(goal, Goal::Down { .. });
    scope
}

/// Adds the users that carry the scenario's mark but were not declared: their credentials have not been read.
fn add_unknown(left: &mut Scope, scenario: &Resolved, snapshot: &Snapshot) {
    let Some(identity) = snapshot.identity.read() else { return };
    for (name, user) in &identity.users {
        let is_ours = Ownership::of_tags(&user.tags, &scenario.place.scenario) == Ownership::Ours;
        if is_ours && !snapshot.credentials.contains_key(name) {
            left.users.insert(name.clone());
        }
    }
}

/// Reads what only the first look has found, and puts it into the picture.
async fn read_more(aws: &Aws, left: &Scope, had: &Scope, snapshot: &mut Snapshot) -> Result<(), ApiError> {
    let unread = |wanted: &BTreeSet<String>, had: &BTreeSet<String>| {
        wanted.difference(had).cloned().collect::<BTreeSet<_>>()
    };
    let scope = Scope {
        users: unread(&left.users, &had.users),
        policies: unread(&left.policies, &had.policies),
        functions: unread(&left.functions, &had.functions),
        topics: unread(&left.topics, &had.topics),
        rules: unread(&left.rules, &had.rules),
        stacks: unread(&left.stacks, &had.stacks),
        analyzers: left.analyzers && !had.analyzers,
        virtual_mfa: left.virtual_mfa && !had.virtual_mfa,
        all_credentials: true,
        ..Scope::default()
    };
    let nothing =
        [&scope.users, &scope.policies, &scope.functions, &scope.topics, &scope.rules, &scope.stacks]
            .iter()
            .all(|names| names.is_empty())
            && !scope.analyzers;
    if nothing {
        return Ok(());
    }
    let with_identity = Scope {
        identity: !scope.users.is_empty() || !scope.policies.is_empty(),
        // The first look reads no devices where none of the declared users is there.
        virtual_mfa: !scope.users.is_empty() && snapshot.virtual_mfa.read().is_none(),
        policies: had.policies.union(&scope.policies).cloned().collect(),
        owner: had.owner.clone(),
        known_tags: had.known_tags.clone(),
        ..scope
    };
    let more = complete(collect(aws, &with_identity).await)?;
    if with_identity.identity {
        snapshot.identity = more.identity;
    }
    if with_identity.virtual_mfa {
        snapshot.virtual_mfa = more.virtual_mfa;
    }
    if with_identity.analyzers {
        snapshot.analyzers = more.analyzers;
    }
    snapshot.credentials.extend(more.credentials);
    snapshot.functions.extend(more.functions);
    snapshot.topics.extend(more.topics);
    snapshot.rules.extend(more.rules);
    snapshot.stacks.extend(more.stacks);
    Ok(())
}

/// A plan is made of the whole picture or not at all.
pub(crate) fn complete(collected: Collected) -> Result<Snapshot, ApiError> {
    match collected.errors.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(collected.snapshot),
    }
}

/// Returns the address of a marked thing that a scenario could declare.
fn address(arn: &str) -> Option<Address> {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, _region, _account, resource) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let after = |prefix: &str| resource.strip_prefix(prefix).map(str::to_owned);
    let (kind, name) = match service {
        "lambda" => ("function", after("function:")?),
        "sns" => ("topic", resource.to_owned()),
        "events" => ("schedule", after("rule/")?),
        "access-analyzer" => ("analyzer", after("analyzer/")?),
        "cloudformation" => ("stack", after("stack/")?.split('/').next()?.to_owned()),
        "iam" => ("policy", after("policy/")?.rsplit('/').next()?.to_owned()),
        _ => return None,
    };
    Some(Address::new(kind, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_marked_things_become_addresses() {
        let address = |arn: &str| address(arn).map(|address| address.to_string());
        assert_eq!(
            address("arn:aws:lambda:us-east-1:123456789012:function:f").as_deref(),
            Some("function.f")
        );
        assert_eq!(address("arn:aws:sns:us-east-1:123456789012:t").as_deref(), Some("topic.t"));
        assert_eq!(
            address("arn:aws:cloudformation:us-east-1:123456789012:stack/s/0a1b").as_deref(),
            Some("stack.s")
        );
        assert_eq!(address("arn:aws:s3:::bucket"), None);
    }
}
