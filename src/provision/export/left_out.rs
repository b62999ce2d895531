//! What an export leaves where it is: what AWS or a stack looks after, and what no scenario could name.

use std::collections::BTreeMap;

use crate::account::snapshot::{Facet, Snapshot, Tags};
use crate::aws::collect::listing::Listing;
use crate::provision::resources::ACCOUNT;
use crate::provision::{Address, arn};
use crate::scenario::check::names;

/// The tag that CloudFormation puts on what it makes, where that can be tagged.
const STACK_TAG: &str = "aws:cloudformation:stack-name";

/// Returns everything in the account that a scenario could declare, and why some of it is left out.
pub(super) fn found(snapshot: &Snapshot, listing: &Listing) -> BTreeMap<Address, Option<String>> {
    let mut found: BTreeMap<Address, Option<String>> = BTreeMap::new();
    let mut add = |kind: &'static str, name: &str, tags: Option<&Tags>| {
        let stack = tags.and_then(|tags| tags.get(STACK_TAG)).map(|stack| of_stack(stack));
        let unnameable = || names::mistake(kind, name).map(|wrong| format!("its name {wrong}"));
        found.insert(Address::new(kind, name), stack.or_else(unnameable));
    };
    if let Some(identity) = snapshot.identity.read() {
        identity.policies.iter().for_each(|(name, policy)| add("policy", name, Some(&policy.tags)));
        identity.users.iter().for_each(|(name, user)| add("user", name, Some(&user.tags)));
        identity.groups.keys().for_each(|name| add("group", name, None));
        identity.roles.iter().for_each(|(name, role)| add("role", name, Some(&role.tags)));
    }
    for (name, facet) in &snapshot.functions {
        add("function", name, facet.read().and_then(Option::as_ref).map(|function| &function.tags));
    }
    for (name, facet) in &snapshot.topics {
        add("topic", name, facet.read().and_then(Option::as_ref).map(|topic| &topic.tags));
    }
    for (name, facet) in &snapshot.rules {
        add("schedule", name, facet.read().and_then(Option::as_ref).map(|rule| &rule.tags));
    }
    for analyzer in snapshot.analyzers.read().into_iter().flatten() {
        add("analyzer", &analyzer.name, Some(&analyzer.tags));
    }
    if matches!(snapshot.password_policy, Facet::Read(Some(_))) {
        found.insert(Address::new("password_policy", ACCOUNT), None);
    }
    let mut leave = |address: Address, why: String| {
        if let Some(reason) = found.get_mut(&address) {
            *reason = Some(why);
        }
    };
    for (name, role) in snapshot.identity.read().into_iter().flat_map(|identity| &identity.roles) {
        if ["role/aws-service-role/", "role/aws-reserved/"].iter().any(|path| role.arn.contains(path)) {
            leave(Address::new("role", name), "AWS made it for one of its services".into());
        }
    }
    for rule in &listing.rules {
        if let Some(service) = &rule.managed_by {
            leave(Address::new("schedule", &rule.name), format!("{service} looks after it"));
        }
    }
    for stack in &listing.stacks {
        for (resource_type, id) in &stack.resources {
            if let Some(address) = address(resource_type, id) {
                leave(address, of_stack(&stack.name));
            }
        }
    }
    for stack in &listing.stacks {
        let why = "a scenario names a template's file, which the account does not keep";
        found.insert(Address::new("stack", &stack.name), Some(why.into()));
    }
    found
}

fn of_stack(stack: &str) -> String {
    format!("it belongs to the stack `{stack}`")
}

/// Returns the address of a stack's resource; its physical id is what `Ref` gives: a name, or an ARN.
fn address(resource_type: &str, id: &str) -> Option<Address> {
    let kind = match resource_type {
        "AWS::IAM::ManagedPolicy" => "policy",
        "AWS::IAM::User" => "user",
        "AWS::IAM::Group" => "group",
        "AWS::IAM::Role" => "role",
        "AWS::Lambda::Function" => "function",
        "AWS::SNS::Topic" => "topic",
        "AWS::Events::Rule" => "schedule",
        "AWS::AccessAnalyzer::Analyzer" => "analyzer",
        _ => return None,
    };
    Some(Address::new(kind, arn::bare_name(id)))
}
