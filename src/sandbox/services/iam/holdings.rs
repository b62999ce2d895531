//! The policies that decide what an identity may do, collected from where they are attached.

use std::fmt;

use super::identity::Identity;
use super::store::{self, Grants, State, Tags};
use super::{Iam, managed};

/// A policy as an identity holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Who it is attached to.
    pub holder: Party,
    /// The ARN of a managed policy, the name of an inline one.
    pub id: String,
    /// Which policy, and through whom: ``policy `P` of group `G` ``.
    pub name: String,
    /// The ARN of a managed policy.
    pub arn: Option<String>,
    /// The document; `None` for an AWS-managed policy whose document is not known here.
    pub document: Option<String>,
}

/// Who a policy is attached to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Party {
    /// The user of this name.
    User(String),
    /// A group of this name that the user is in.
    Group(String),
    /// The role of this name.
    Role(String),
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "user `{name}`"),
            Self::Group(name) => write!(f, "group `{name}`"),
            Self::Role(name) => write!(f, "role `{name}`"),
        }
    }
}

/// Everything attached to an identity.
#[derive(Debug, Clone, Default)]
pub struct Holdings {
    /// Its own policies and those of its groups.
    pub policies: Vec<Held>,
    /// Its permissions boundary.
    pub boundary: Option<Held>,
    /// Its tags.
    pub tags: Tags,
}

impl Iam {
    /// Collects what is attached to an identity. Root, and who is gone, hold nothing.
    pub fn holdings(&self, identity: &Identity) -> Holdings {
        self.read(|state| match identity {
            Identity::Root => Holdings::default(),
            Identity::User { name, .. } => user(state, name),
            Identity::Role { name, .. } => role(state, name),
        })
    }

    /// The default document of a managed policy of this account or of AWS.
    pub fn policy_document(&self, arn: &str) -> Option<String> {
        self.read(|state| document(state, arn))
    }
}

fn user(state: &State, name: &str) -> Holdings {
    let Some(user) = state.users.get(&store::key(name)) else { return Holdings::default() };
    let party = Party::User(user.name.clone());
    let mut policies = held(state, &user.grants, &party);
    for group in user.groups.iter().filter_map(|group| state.groups.get(group)) {
        policies.extend(held(state, &group.grants, &Party::Group(group.name.clone())));
    }
    Holdings { policies, boundary: boundary(state, &user.grants, &party), tags: user.tags.clone() }
}

fn role(state: &State, name: &str) -> Holdings {
    let Some(role) = state.roles.get(&store::key(name)) else { return Holdings::default() };
    let party = Party::Role(role.name.clone());
    Holdings {
        policies: held(state, &role.grants, &party),
        boundary: boundary(state, &role.grants, &party),
        tags: role.tags.clone(),
    }
}

fn held(state: &State, grants: &Grants, holder: &Party) -> Vec<Held> {
    let inline = grants.inline.iter().map(|(name, document)| Held {
        holder: holder.clone(),
        id: name.clone(),
        name: format!("inline policy `{name}` of {holder}"),
        arn: None,
        document: Some(document.clone()),
    });
    let attached =
        grants.attached.iter().map(|arn| managed_policy(state, arn, holder, &format!(" of {holder}")));
    inline.chain(attached).collect()
}

fn boundary(state: &State, grants: &Grants, holder: &Party) -> Option<Held> {
    grants.boundary.as_ref().map(|arn| managed_policy(state, arn, holder, ""))
}

fn managed_policy(state: &State, arn: &str, holder: &Party, of: &str) -> Held {
    let name = arn.rsplit('/').next().unwrap_or(arn);
    Held {
        holder: holder.clone(),
        id: arn.to_owned(),
        name: format!("policy `{name}`{of}"),
        arn: Some(arn.to_owned()),
        document: document(state, arn),
    }
}

/// The default document of a managed policy of this account or of AWS.
pub(super) fn document(state: &State, arn: &str) -> Option<String> {
    let own = state.policies.get(arn).and_then(|policy| policy.document());
    own.or_else(|| managed::find(arn)?.document()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::ops::testing::{ALLOW, Account};
    use super::*;

    #[test]
    fn a_user_holds_its_own_policies_and_those_of_its_groups() {
        let account = Account::new();
        account.user("u");
        account.ok("CreateGroup", json!({ "GroupName": "G" }));
        account.ok("AddUserToGroup", json!({ "GroupName": "g", "UserName": "u" }));
        account.ok("PutUserPolicy", json!({ "UserName": "u", "PolicyName": "I", "PolicyDocument": ALLOW }));
        let arn = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";
        account.ok("AttachGroupPolicy", json!({ "GroupName": "G", "PolicyArn": arn }));
        account.ok("PutUserPermissionsBoundary", json!({ "UserName": "u", "PermissionsBoundary": arn }));
        let identity = Identity::User { name: "u".into(), id: String::new(), path: "/".into() };
        let holdings = account.iam.holdings(&identity);
        let names: Vec<_> = holdings.policies.iter().map(|held| held.name.as_str()).collect();
        assert_eq!(names, ["inline policy `I` of user `u`", "policy `IAMReadOnlyAccess` of group `G`"]);
        assert!(holdings.policies.iter().all(|held| held.document.is_some()));
        assert_eq!(holdings.boundary.unwrap().name, "policy `IAMReadOnlyAccess`");
    }
}
