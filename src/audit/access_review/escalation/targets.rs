//! What a way can lead to, in an account: those that matter most first.

use super::super::Kind;
use super::super::subject::Subject;
use super::On;
use super::world::World;
use crate::account::snapshot::{Identity, Policies};

/// Somebody or something that a way opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// What it is; a policy is none of them.
    pub(super) kind: Option<Kind>,
    /// Its name.
    pub(super) name: String,
    /// What the action is asked about.
    pub(super) arn: String,
    /// Whether it may do everything, or can bring itself to it.
    pub(super) is_powerful: bool,
    /// Whether what is given there is limited by a boundary.
    pub(super) is_bound: bool,
    /// Of a policy: how many hold it, and how many versions it has.
    pub(super) held_by: usize,
    pub(super) versions: usize,
}

impl Target {
    /// Names it for people: ``role `Admin` ``.
    pub(super) fn label(&self) -> String {
        format!("{} `{}`", self.kind.map_or("policy", Kind::name), self.name)
    }
}

/// Which of all a way can lead to.
type Keep<'a> = &'a dyn Fn(&Target) -> bool;

/// Lists what a way can lead to: oneself first, then who may do everything, then by name. Whether the action is allowed
/// on it is not asked.
pub(super) fn targets<'w>(world: &'w World<'_>, subject: &Subject, on: On) -> Vec<&'w Target> {
    let is_own = |target: &&Target| target.arn == subject.arn;
    let (kind, keep): (Option<Kind>, Keep<'_>) = match on {
        On::User => (Some(Kind::User), &|_| true),
        On::OtherUser => (Some(Kind::User), &|target| target.arn != subject.arn),
        On::Role => (Some(Kind::Role), &|_| true),
        On::RoleTrust => (Some(Kind::Role), &|target| target.arn != subject.arn),
        On::RoleToAssume => (Some(Kind::Role), &|target| target.is_powerful && target.arn != subject.arn),
        On::Group => (Some(Kind::Group), &|_| true),
        On::GroupToJoin => (Some(Kind::Group), &|target| !subject.groups.contains(&target.name)),
        On::Policy => (None, &|_| true),
        On::PolicyVersion => (None, &|target| target.versions > 1),
        On::Passed(service) | On::Running(service) => {
            (Some(Kind::Role), &|target| world.lets_in(&target.name, service))
        }
        On::Federation => (Some(Kind::Role), &|target| world.lets_federated_in(&target.name)),
        On::OwnBoundary => return vec![],
    };
    let all = || world.targets.iter().filter(|target| target.kind == kind && keep(target));
    all().filter(is_own).chain(all().filter(|target| !is_own(target))).collect()
}

/// Lists everybody and every customer-managed policy.
pub(super) fn all(identity: &Identity) -> Vec<Target> {
    let target = |kind, name: &str, arn: &str, is_bound| Target {
        kind,
        name: name.to_owned(),
        arn: arn.to_owned(),
        is_powerful: false,
        is_bound,
        held_by: 0,
        versions: 0,
    };
    let is_bound = |policies: &Policies| policies.boundary.is_some();
    let users = identity.users.iter();
    let users = users.map(|(name, user)| target(Some(Kind::User), name, &user.arn, is_bound(&user.policies)));
    let groups = identity.groups.iter();
    let groups = groups.map(|(name, group)| target(Some(Kind::Group), name, &group.arn, false));
    let roles = identity.roles.iter();
    let roles = roles.map(|(name, role)| target(Some(Kind::Role), name, &role.arn, is_bound(&role.policies)));
    let mut all: Vec<Target> = users.chain(groups).chain(roles).collect();
    let mut holders: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    let of_users = identity.users.values().map(|user| &user.policies);
    let of_groups = identity.groups.values().map(|group| &group.policies);
    let of_roles = identity.roles.values().map(|role| &role.policies);
    for arn in of_users.chain(of_groups).chain(of_roles).flat_map(|policies| &policies.attached) {
        *holders.entry(arn).or_default() += 1;
    }
    all.extend(identity.policies.iter().map(|(name, policy)| Target {
        held_by: holders.get(policy.arn.as_str()).copied().unwrap_or_default(),
        versions: policy.versions.len(),
        ..target(None, name, &policy.arn, false)
    }));
    all
}
