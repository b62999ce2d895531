//! Who may do what in an account, and how they come by it: per group, user and role the permissions that are left
//! after denials and boundaries, administrators, and the ways in which somebody could give themselves more.
//!
//! In flows a [`Snapshot`](crate::account::snapshot::Snapshot), out a [`Review`], which the files of
//! `report::access_review` write. Nothing is dropped in silence: an action that the list of actions does not know stays
//! as it is written, a permission under a condition is kept apart from a free one, and a policy that was not read makes
//! the answer unknown.
//!
//! Policies of resources, service control policies and session policies are not looked at.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::policy::actions::ActionSet;

mod administrator;
pub mod escalation;
mod expand;
mod grants;
pub mod last_use;
mod review;
mod subject;
pub mod summary;
#[cfg(test)]
mod tests;

pub use last_use::{LastUse, LastUses, Used};
pub use review::review;

/// What was found out about an account.
#[derive(Debug, Clone)]
pub struct Review {
    /// The account's 12-digit id.
    pub account: String,
    /// When it was read.
    pub taken_at: Timestamp,
    /// Groups, by name.
    pub groups: Vec<Reviewed>,
    /// Users, by name.
    pub users: Vec<Reviewed>,
    /// Roles, by name.
    pub roles: Vec<Reviewed>,
}

impl Review {
    /// Lists everybody: groups, users, roles.
    pub fn everybody(&self) -> impl Iterator<Item = &Reviewed> {
        self.groups.iter().chain(&self.users).chain(&self.roles)
    }

    /// Lists the policies that were not read, each with the reason, sorted.
    pub fn unread(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.everybody().flat_map(|one| &one.unread).map(String::as_str).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// What somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A group: what its members hold by it.
    Group,
    /// A user.
    User,
    /// A role: what a session of it may do.
    Role,
}

impl Kind {
    /// Returns the word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::User => "user",
            Self::Role => "role",
        }
    }
}

/// What was found out about a group, user or role.
#[derive(Debug, Clone)]
pub struct Reviewed {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Of a user: its groups; of a group: its members; sorted.
    pub together: Vec<String>,
    /// The ARN of the permissions boundary.
    pub boundary: Option<String>,
    /// Of a role: whom its trust policy lets in, and under which conditions.
    pub trusted: Vec<String>,
    /// Whether it may do everything.
    pub administrator: Administrator,
    /// The ways to more permissions. None for an administrator, to whom all are open; for one under conditions those
    /// without a condition.
    pub paths: Vec<Found>,
    /// What is granted, by which statement.
    pub grants: Vec<Grant>,
    /// Statements that grant nothing here, and why.
    pub without_effect: Vec<String>,
    /// The policies that were not read, and why: with them the permissions may be more or fewer.
    pub unread: Vec<String>,
    /// When it was last used.
    pub last_use: LastUse,
}

/// Whether somebody may do everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Administrator {
    /// Every action on every resource, all but so many.
    Yes {
        /// How many of the known actions are missing or limited.
        but: usize,
    },
    /// As `Yes`, under conditions.
    Conditional {
        /// How many of the known actions are missing or limited.
        but: usize,
    },
    /// Not by what was read, and something was not.
    Unknown,
    /// No.
    No,
}

impl Administrator {
    /// Tells whether it is one, be it under conditions.
    pub const fn is(self) -> bool {
        matches!(self, Self::Yes { .. } | Self::Conditional { .. })
    }
}

/// What one statement grants, after everything that limits it.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The policy.
    pub policy: Arc<str>,
    /// The policy's ARN; an inline policy has none.
    pub policy_arn: Option<Arc<str>>,
    /// The group through which it comes.
    pub group: Option<Arc<str>>,
    /// Which statement of the policy, from 1.
    pub statement: usize,
    /// The statement's `Sid`.
    pub sid: Option<String>,
    /// What the statement names as actions.
    pub patterns: Arc<[Covered]>,
    /// The known actions that are left of it.
    pub actions: Arc<ActionSet>,
    /// Those of them that depend on a condition.
    pub conditional: ActionSet,
    /// Whether it also covers actions that nobody has thought of yet: `*`, or `NotAction`.
    pub is_open: bool,
    /// On what, as the policy has it; `*` is everything. After `NotResource` the texts begin with `all but`.
    pub resources: Vec<String>,
    /// The conditions of the statement.
    pub conditions: Vec<String>,
    /// What limits it besides: statements that deny part of it, or under a condition.
    pub limits: Vec<String>,
}

impl Grant {
    /// Tells whether it is for every resource.
    pub fn is_on_everything(&self) -> bool {
        self.resources.iter().any(|text| text == "*")
    }

    /// Names the statement for people: ``statement 1 (`Sid`) of `Policy` ``.
    pub fn place(&self) -> String {
        let sid = self.sid.as_ref().map_or_else(String::new, |sid| format!(" (`{sid}`)"));
        format!("statement {}{sid} of `{}`", self.statement, self.policy)
    }
}

/// One text of `Action`, and what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// As the policy has it; for `NotAction` `all but …`.
    pub text: Arc<str>,
    /// Whether the list of actions knows what it stands for.
    pub is_known: bool,
    /// Whether anything of it is left.
    pub is_left: bool,
    /// The places of the known actions that are left of it.
    pub actions: Arc<[usize]>,
}

/// A way to more permissions that is open to somebody.
#[derive(Debug, Clone)]
pub struct Found {
    /// Which.
    pub path: &'static escalation::Path,
    /// The actions that make it, each with the policies that grant it.
    pub steps: Vec<Step>,
    /// Whether one of the actions is allowed under a condition only.
    pub under_condition: bool,
    /// Whom or what it opens, as far as the account has any: those that matter most first.
    pub targets: Vec<String>,
    /// Whether there are more targets than are named.
    pub has_more: bool,
    /// Whether it ends with the permissions of an administrator.
    pub leads: Leads,
}

/// An action on a way to more permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The action.
    pub action: &'static str,
    /// The statements that allow it.
    pub by: Vec<String>,
}

/// Whether a way ends with the permissions of an administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Leads {
    /// Not as the account stands.
    No,
    /// It hangs on what was not read.
    Unknown,
    /// It does.
    Yes,
}
