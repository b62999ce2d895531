//! What the ways to more permissions need to know of the account as a whole.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Kind;
use super::targets::{Target, all};
use crate::account::effective::Shelf;
use crate::policy::evaluate::Source;
use crate::policy::reach::Named;
use crate::policy::statement::{Effect, Policy, Statement};

/// Stands for every service.
const ANY: &str = "*";

/// The account: who there is, who may do everything, whom roles let in.
#[derive(Debug)]
pub(in super::super) struct World<'a> {
    /// Everybody and every policy: those who may do everything first, then by name.
    pub(super) targets: Vec<Target>,
    /// Who would be an administrator without their boundary.
    pub(in super::super) held_back: BTreeSet<(Kind, String)>,
    arns: BTreeSet<String>,
    doors: BTreeMap<&'a str, Door>,
}

/// The trust policy of a role.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) trust: Source,
    /// The services that it lets in.
    services: BTreeSet<String>,
    /// Whether it lets in whoever comes from an identity provider.
    is_federated: bool,
}

impl<'a> World<'a> {
    pub(in super::super) fn new(shelf: &Shelf<'a>) -> Self {
        let identity = shelf.identity();
        let doors = identity.roles.iter().map(|(name, role)| {
            let policy = Policy::parse(&role.trust.to_text())
                .unwrap_or_else(|error| Policy::unread(error.to_string()));
            let allowing = policy.statements.iter().filter(|statement| statement.effect == Effect::Allow);
            let named: Vec<Named> = allowing.flat_map(Statement::principals).collect();
            let service = |named: &Named| match named {
                Named::Service(name) => Some(name.clone()),
                Named::Anybody | Named::AnybodyBut(_) => Some(ANY.to_owned()),
                Named::Provider(_) | Named::Identity(_) | Named::Canonical(_) => None,
            };
            let door = Door {
                services: named.iter().filter_map(service).collect(),
                is_federated: named.iter().any(|named| matches!(named, Named::Provider(_))),
                trust: Source {
                    name: format!("the trust policy of role `{name}`"),
                    arn: None,
                    policy: policy.into(),
                },
            };
            (name.as_str(), door)
        });
        let targets = all(identity);
        Self {
            arns: targets.iter().map(|target| target.arn.clone()).collect(),
            targets,
            held_back: BTreeSet::new(),
            doors: doors.collect(),
        }
    }

    /// Says who may do everything, or can bring themselves to it.
    pub(in super::super) fn empower(&mut self, powerful: &BTreeSet<(Kind, String)>) {
        for target in &mut self.targets {
            target.is_powerful =
                target.kind.is_some_and(|kind| powerful.contains(&(kind, target.name.clone())));
        }
        self.targets
            .sort_by(|a, b| (!a.is_powerful, a.kind, &a.name).cmp(&(!b.is_powerful, b.kind, &b.name)));
    }

    /// Tells whether there is a user, group, role or policy with this ARN.
    pub(super) fn has(&self, arn: &str) -> bool {
        self.arns.contains(arn)
    }

    pub(super) fn door(&self, role: &str) -> Option<&Door> {
        self.doors.get(role)
    }

    /// Tells whether a role lets a service in. A trust policy that cannot be read may let anybody in.
    pub(super) fn lets_in(&self, role: &str, service: &str) -> bool {
        self.door(role).is_some_and(|door| {
            door.trust.policy.unread.is_some() || door.services.iter().any(|one| one == service || one == ANY)
        })
    }

    /// Tells whether a role lets in whoever comes from an identity provider.
    pub(super) fn lets_federated_in(&self, role: &str) -> bool {
        self.door(role).is_some_and(|door| door.is_federated || door.trust.policy.unread.is_some())
    }
}
