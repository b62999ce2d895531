//! Somebody whose permissions are looked at, with every policy expanded.

use std::sync::Arc;

use super::Kind;
use super::expand::{Expanded, Expansions};
use crate::account::ask;
use crate::account::effective::{Held, Holder, Nothing, Shelf};
use crate::account::snapshot::{Snapshot, Tags};
use crate::policy::actions::actions;
use crate::policy::evaluate::PolicySet;
use crate::policy::reach::{ANYTHING, Instance};
use crate::policy::request::{Principal, PrincipalKind, Request};
use crate::policy::statement::{Effect, Statement};

/// The name of somebody who is in a group and nothing else. A noncharacter of Unicode: no policy can name it.
const MEMBER: &str = "\u{FDD2}";

/// A group, user or role with what it holds.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) arn: String,
    /// A request of it, for the keys that are known: of no action, on everything.
    pub(super) request: Request,
    /// The readable policies.
    pub(super) held: Vec<Holding>,
    /// The boundary, if there is one and it was read.
    pub(super) boundary: Option<Holding>,
    /// Why the boundary was not read, when it was not.
    pub(super) boundary_unread: Option<String>,
    /// The policies that were not read, the boundary too.
    pub(super) unread: Vec<String>,
    /// The groups a user is in.
    pub(super) groups: Vec<String>,
    partition: String,
    region: String,
}

/// A policy and what it comes to.
#[derive(Debug)]
pub(super) struct Holding {
    pub(super) held: Held,
    pub(super) policy: Arc<str>,
    pub(super) arn: Option<Arc<str>>,
    pub(super) group: Option<Arc<str>>,
    expanded: Arc<[Expanded]>,
}

/// One statement of somebody's policies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) holding: &'a Holding,
    pub(super) statement: &'a Statement,
    pub(super) expanded: &'a Expanded,
}

impl Line<'_> {
    /// Names the statement for people.
    pub(super) fn place(&self) -> String {
        let sid = self.statement.sid.as_ref().map_or_else(String::new, |sid| format!(" (`{sid}`)"));
        format!("statement {}{sid} of {}", self.statement.index + 1, self.holding.held)
    }

    /// Tells whether it speaks of an action.
    pub(super) fn names(&self, action: &str, place: Option<usize>) -> bool {
        place.map_or_else(|| self.statement.names(action), |place| self.expanded.actions.contains(place))
    }
}

impl Subject {
    /// Collects a user or a role.
    pub(super) fn of(
        snapshot: &Snapshot,
        shelf: &Shelf<'_>,
        expansions: &Expansions,
        holder: &Holder,
    ) -> Result<Self, Nothing> {
        let person = shelf.person(holder)?;
        let holdings = shelf.held(holder)?;
        let identity = shelf.identity();
        let (kind, name, arn) = match holder {
            Holder::Role { name, .. } => {
                (Kind::Role, name.as_str(), identity.roles.get(name).map(|role| &role.arn))
            }
            Holder::User(name) => (Kind::User, name.as_str(), identity.users.get(name).map(|user| &user.arn)),
            Holder::Root => (Kind::User, "", None),
        };
        let arn = arn.cloned().unwrap_or_default();
        let mut subject = Self::new(snapshot, (kind, name, &arn), person.principal, &person.tags);
        subject.take(holdings.policies, expansions);
        if let Some(boundary) = holdings.boundary {
            subject.boundary_unread.clone_from(&boundary.policy.unread);
            if let Some(why) = &subject.boundary_unread {
                subject.unread.push(format!("permissions boundary `{}` was not read: {why}", boundary.name));
            } else {
                subject.boundary = Some(Holding::new(boundary, expansions));
            }
        }
        if let Holder::User(name) = holder {
            subject.groups =
                identity.users.get(name).into_iter().flat_map(|user| user.groups.iter().cloned()).collect();
        }
        Ok(subject)
    }

    /// Collects a group: somebody who is in this group and nothing else.
    pub(super) fn of_group(
        snapshot: &Snapshot,
        shelf: &Shelf<'_>,
        expansions: &Expansions,
        name: &str,
    ) -> Result<Self, Nothing> {
        let Snapshot { account, partition, .. } = snapshot;
        let principal = Principal {
            arn: format!("arn:{partition}:iam::{account}:user/{MEMBER}"),
            account: account.clone(),
            kind: PrincipalKind::User { id: MEMBER.to_owned() },
        };
        let arn = shelf.identity().groups.get(name).map(|group| group.arn.clone()).unwrap_or_default();
        let mut subject = Self::new(snapshot, (Kind::Group, name, &arn), principal, &Tags::new());
        subject.take(shelf.of_group(name)?, expansions);
        subject.groups = vec![name.to_owned()];
        Ok(subject)
    }

    fn new(
        snapshot: &Snapshot,
        (kind, name, arn): (Kind, &str, &str),
        principal: Principal,
        tags: &Tags,
    ) -> Self {
        let context = ask::known(snapshot, tags);
        Self {
            kind,
            name: name.to_owned(),
            arn: arn.to_owned(),
            request: Request { principal, action: String::new(), resource: "*".to_owned(), context },
            held: Vec::new(),
            boundary: None,
            boundary_unread: None,
            unread: Vec::new(),
            groups: Vec::new(),
            partition: snapshot.partition.clone(),
            region: snapshot.region.clone(),
        }
    }

    fn take(&mut self, policies: Vec<Held>, expansions: &Expansions) {
        for held in policies {
            match &held.policy.unread {
                Some(why) => self.unread.push(format!("{held} was not read: {why}")),
                None => self.held.push(Holding::new(held, expansions)),
            }
        }
    }

    /// The ARN that stands for it in policies: of a group's member the member's.
    pub(super) fn own_arn(&self) -> &str {
        if self.kind == Kind::Group { &self.request.principal.arn } else { &self.arn }
    }

    /// The statements of its policies with this effect; those of the boundary are not among them.
    pub(super) fn lines(&self, effect: Effect) -> impl Iterator<Item = Line<'_>> {
        self.held.iter().flat_map(Holding::lines).filter(move |line| line.statement.effect == effect)
    }

    /// The statements of the boundary with this effect.
    pub(super) fn boundary_lines(&self, effect: Effect) -> impl Iterator<Item = Line<'_>> {
        self.boundary.iter().flat_map(Holding::lines).filter(move |line| line.statement.effect == effect)
    }

    /// Tells whether one of its policies allows something of an action; the rest may still deny it.
    pub(super) fn is_granted(&self, action: &str) -> bool {
        let place = actions().find(action);
        self.lines(Effect::Allow).any(|line| line.names(action, place))
    }

    /// The policies that speak of an action, the others left out.
    pub(super) fn set_for(&self, action: &str) -> PolicySet {
        let place = actions().find(action);
        let speaks = |holding: &&Holding| holding.lines().any(|line| line.names(action, place));
        PolicySet {
            identity: self.held.iter().filter(speaks).map(|holding| holding.held.source()).collect(),
            boundary: self.boundary.as_ref().map(|holding| holding.held.source()),
            ..PolicySet::default()
        }
    }

    /// Examples of all the resources that its policies name where they speak of an action.
    pub(super) fn examples(&self, action: &str) -> Vec<String> {
        let place = actions().find(action);
        let all = self.held.iter().chain(&self.boundary).flat_map(Holding::lines);
        let mut found: Vec<String> = all
            .filter(|line| line.names(action, place))
            .flat_map(|line| line.statement.instances(&self.request))
            .map(|instance| self.example(&instance))
            .collect();
        found.sort();
        found.dedup();
        found
    }

    /// The resources on which its policies allow an action, before anything limits it.
    pub(super) fn allowed_on(&self, action: &str) -> Vec<Instance> {
        let place = actions().find(action);
        let lines = self.lines(Effect::Allow).filter(|line| line.names(action, place));
        let instances = lines.flat_map(|line| match line.statement.resources() {
            Some((_, true)) | None => vec![Instance::everything()],
            Some((_, false)) => line.statement.instances(&self.request),
        });
        instances.collect()
    }

    /// The example of an instance, in this account and region where it leaves them open.
    pub(super) fn example(&self, instance: &Instance) -> String {
        if !instance.example.contains(ANYTHING) {
            return instance.example.clone();
        }
        let account = self.request.principal.account.as_str();
        let home = [None, Some(self.partition.as_str()), None, Some(self.region.as_str()), Some(account)];
        let parts = instance.example.splitn(6, ':').enumerate();
        let parts: Vec<&str> = parts
            .map(|(at, part)| match home.get(at).copied().flatten() {
                Some(here) if part == ANYTHING => here,
                _ => part,
            })
            .collect();
        parts.join(":")
    }

    /// The ARN of something of IAM in the account: `user/Name`.
    pub(super) fn of_iam(&self, rest: &str) -> String {
        format!("arn:{}:iam::{}:{rest}", self.partition, self.request.principal.account)
    }
}

impl Holding {
    fn new(held: Held, expansions: &Expansions) -> Self {
        Self {
            policy: held.name.as_str().into(),
            arn: held.arn.as_deref().map(Into::into),
            group: held.group.as_deref().map(Into::into),
            expanded: expansions.of(&held.policy),
            held,
        }
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let pairs = self.held.policy.statements.iter().zip(self.expanded.iter());
        pairs.map(move |(statement, expanded)| Line { holding: self, statement, expanded })
    }
}
