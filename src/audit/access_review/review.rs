//! The review of an account: everybody, then what they can make of it together.

use std::collections::{BTreeMap, BTreeSet};

use super::administrator::administrator;
use super::escalation::{World, find};
use super::expand::Expansions;
use super::grants::{Granted, granted};
use super::last_use::{LastUse, LastUses};
use super::subject::Subject;
use super::{Administrator, Kind, Leads, Review, Reviewed};
use crate::account::bare_name;
use crate::account::effective::{Holder, Nothing, Shelf};
use crate::account::snapshot::{Role, Snapshot};
use crate::policy::reach::Named;
use crate::policy::statement::{Effect, Policy};

/// How often ways are followed that lead to somebody who was found to have a way themselves.
const ROUNDS: usize = 8;

/// Reviews an account. Fails when its users, groups, roles and policies were not read.
pub fn review(snapshot: &Snapshot, last_uses: &LastUses) -> Result<Review, Nothing> {
    let shelf = Shelf::new(snapshot)?;
    let expansions = Expansions::default();
    let identity = shelf.identity();
    let mut subjects = Vec::new();
    for name in identity.groups.keys() {
        subjects.push(Subject::of_group(snapshot, &shelf, &expansions, name)?);
    }
    for name in identity.users.keys() {
        subjects.push(Subject::of(snapshot, &shelf, &expansions, &Holder::User(name.clone()))?);
    }
    for name in identity.roles.keys() {
        subjects.push(Subject::of(snapshot, &shelf, &expansions, &Holder::role(name))?);
    }
    let mut world = World::new(&shelf);
    let mut all: Vec<Reviewed> = Vec::with_capacity(subjects.len());
    for subject in &mut subjects {
        let Granted { grants, without_effect } = granted(subject);
        let is_unread = subject.boundary_unread.is_some();
        let administrator = administrator(&grants, !subject.unread.is_empty(), is_unread);
        if !administrator.is() && would_be(subject) {
            world.held_back.insert((subject.kind, subject.name.clone()));
        }
        let role = identity.roles.get(&subject.name).filter(|_| subject.kind == Kind::Role);
        let user = identity.users.get(&subject.name).filter(|_| subject.kind == Kind::User);
        let boundary = user.map(|user| &user.policies).or(role.map(|role| &role.policies));
        all.push(Reviewed {
            kind: subject.kind,
            name: subject.name.clone(),
            arn: subject.arn.clone(),
            together: if subject.kind == Kind::User { subject.groups.clone() } else { vec![] },
            boundary: boundary.and_then(|policies| policies.boundary.clone()),
            trusted: role.map_or_else(Vec::new, trusted),
            administrator,
            paths: vec![],
            grants,
            without_effect,
            unread: subject.unread.clone(),
            last_use: match subject.kind {
                Kind::Group => LastUse::Group,
                Kind::User => last_uses.user(&subject.name),
                Kind::Role => last_uses.role(&subject.name),
            },
        });
    }
    follow(&mut world, &subjects, &mut all);
    let mut review = Review {
        account: snapshot.account.clone(),
        taken_at: snapshot.taken_at,
        groups: vec![],
        users: vec![],
        roles: vec![],
    };
    let mut members: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, user) in &identity.users {
        for group in &user.groups {
            members.entry(group).or_default().push(name.clone());
        }
    }
    for mut one in all {
        match one.kind {
            Kind::Group => {
                one.together = members.remove(one.name.as_str()).unwrap_or_default();
                review.groups.push(one);
            }
            Kind::User => review.users.push(one),
            Kind::Role => review.roles.push(one),
        }
    }
    Ok(review)
}

/// Finds the ways that are open to everybody, again and again, until nobody more can come to everything.
fn follow(world: &mut World<'_>, subjects: &[Subject], all: &mut [Reviewed]) {
    let is = |one: &Reviewed| one.administrator.is() || one.paths.iter().any(|path| path.leads == Leads::Yes);
    let mut powerful: BTreeSet<(Kind, String)> = BTreeSet::new();
    for round in 0..ROUNDS {
        let before = powerful.len();
        powerful.extend(all.iter().filter(|one| is(one)).map(|one| (one.kind, one.name.clone())));
        if round > 0 && powerful.len() == before {
            break;
        }
        world.empower(&powerful);
        for (subject, one) in subjects.iter().zip(all.iter_mut()) {
            // To an administrator every way is open.
            if !matches!(one.administrator, Administrator::Yes { .. }) {
                one.paths = find(world, subject);
            }
            // Nor is it news that their conditions hold for the ways too; a way around them is.
            if one.administrator.is() {
                one.paths.retain(|found| !found.under_condition);
            }
        }
    }
}

/// Tells whether somebody would be an administrator without their boundary.
fn would_be(subject: &mut Subject) -> bool {
    let (boundary, unread) = (subject.boundary.take(), subject.boundary_unread.take());
    let is_bound = boundary.is_some() || unread.is_some();
    let would = is_bound && administrator(&granted(subject).grants, false, false).is();
    (subject.boundary, subject.boundary_unread) = (boundary, unread);
    would
}

/// Lists whom a role's trust policy lets in.
fn trusted(role: &Role) -> Vec<String> {
    let policy = match Policy::parse(&role.trust.to_text()) {
        Ok(policy) => policy,
        Err(error) => return vec![format!("nobody can tell: {error}")],
    };
    let mut all = BTreeSet::new();
    for statement in policy.statements.iter().filter(|statement| statement.effect == Effect::Allow) {
        let conditions = statement.conditions();
        let when =
            if conditions.is_empty() { String::new() } else { format!(" when {}", conditions.join(" and ")) };
        all.extend(statement.principals().iter().map(|named| format!("{}{when}", name(named))));
    }
    all.into_iter().collect()
}

fn name(named: &Named) -> String {
    match named {
        Named::Anybody => "anybody".to_owned(),
        Named::AnybodyBut(texts) => format!("anybody but {texts}"),
        Named::Service(service) => format!("service {service}"),
        Named::Provider(provider) => format!("identity provider {}", bare_provider(provider)),
        Named::Identity(identity) => identity.clone(),
        Named::Canonical(id) => format!("canonical user {id}"),
    }
}

/// An ARN's end, or the domain of a well-known provider.
fn bare_provider(provider: &str) -> &str {
    if provider.starts_with("arn:") { bare_name(provider) } else { provider }
}
