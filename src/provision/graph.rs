//! The order of a plan: who waits for whom. Creations and updates wait for what they name; deletions wait for
//! whatever may still name them.

use std::collections::{BTreeMap, BTreeSet};

use super::Address;
use super::plan::{Action, Goal, Picture, Step};

/// For each kind, the kinds that may hold a reference to it and must let go first.
const REFERRERS: &[(&str, &[&str])] = &[
    ("policy", &["user", "group", "role", "stack"]),
    ("role", &["function", "stack"]),
    ("function", &["schedule", "topic"]),
    ("user", &["group"]),
];

/// Fills in what each step waits for. A wait that would close a circle (roles that trust each other) is left
/// out; [`Step::needs`] is free of cycles afterwards.
pub(crate) fn order(steps: &mut [Step], picture: Picture<'_>, goal: Goal) {
    let working: BTreeMap<Address, Action> = steps
        .iter()
        .filter(|step| step.work.is_some())
        .map(|step| (step.change.address.clone(), step.change.action))
        .collect();
    let mut needs: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
    let mut wait = |waiting: &Address, first: &Address| {
        if waiting != first && !reaches(&needs, first, waiting) {
            needs.entry(waiting.clone()).or_default().insert(first.clone());
        }
    };
    if matches!(goal, Goal::Up { .. }) {
        let rising = |address: &Address| working.get(address).is_some_and(|action| *action != Action::Delete);
        // Three kinds of wait, the strictest first: what AWS needs to be there; whom a role trusts, which may come
        // later; and what a policy document only mentions, which IAM never looks up.
        let trust = &picture.scenario.trust;
        let named = &picture.scenario.edges;
        let strict = named.iter().filter(|(address, _)| address.kind != "policy");
        let mentioned = named.iter().filter(|(address, _)| address.kind == "policy");
        for (address, needed) in strict.chain(trust).chain(mentioned).filter(|(address, _)| rising(address)) {
            for needed in needed.iter().filter(|needed| rising(needed)) {
                wait(address, needed);
            }
        }
    }
    for (address, _) in working.iter().filter(|(_, action)| **action == Action::Delete) {
        let referrers =
            REFERRERS.iter().find(|(kind, _)| *kind == address.kind).map_or(&[][..], |(_, kinds)| kinds);
        for other in working.keys().filter(|other| referrers.contains(&other.kind)) {
            wait(address, other);
        }
    }
    for step in steps {
        step.needs = needs.remove(&step.change.address).unwrap_or_default();
    }
}

/// Tells whether `from` waits, directly or not, for `to`.
pub(crate) fn reaches(needs: &BTreeMap<Address, BTreeSet<Address>>, from: &Address, to: &Address) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(address) = open.pop() {
        if address == to {
            return true;
        }
        if seen.insert(address) {
            open.extend(needs.get(address).into_iter().flatten());
        }
    }
    false
}
