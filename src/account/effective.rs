//! What an identity of an account holds: its own policies, those of its groups, its boundary, as the policy engine
//! takes them.
//!
//! What is attached and was not read is there all the same, as a policy that may say anything: so nothing is
//! concluded from its absence.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::snapshot::{Facet, Identity, Policies, Snapshot, Tags};
use crate::policy::document::PolicyDocument;
use crate::policy::evaluate::{PolicySet, Source};
use crate::policy::request::{Principal, PrincipalKind};
use crate::policy::statement::Policy;

/// An identity of an account, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// The root user.
    Root,
    /// A user.
    User(String),
    /// A session of a role.
    Role {
        /// The role's name.
        name: String,
        /// The session's name.
        session: String,
    },
}

/// The session of a role that nobody has opened yet.
pub const SESSION: &str = "iamlab";

/// Who asks, and with which policies.
#[derive(Debug, Clone)]
pub struct Effective {
    /// Who.
    pub principal: Principal,
    /// The policies of the identity and its boundary; none of a session, none of a resource.
    pub policies: PolicySet,
    /// The identity's tags, all of them.
    pub tags: Tags,
}

/// Why there is no answer to what an identity holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Nothing {
    /// There is no such identity.
    #[error("there is no {0} in the account")]
    Absent(String),
    /// Users, groups, roles and policies were not read.
    #[error("the account's users, groups, roles and policies were not read: {0}")]
    NotRead(String),
}

impl Holder {
    /// Names it for people: ``user `User1` ``.
    pub fn name(&self) -> String {
        match self {
            Self::Root => "root user".to_owned(),
            Self::User(name) => format!("user `{name}`"),
            Self::Role { name, .. } => format!("role `{name}`"),
        }
    }

    /// Stands for a session of a role that nobody has opened yet.
    pub fn role(name: &str) -> Self {
        Self::Role { name: name.to_owned(), session: SESSION.to_owned() }
    }

    /// Reads the ARN of a user, a role, a role's session or the root user of the account. Whether there is such an
    /// identity is not asked. The error says what is wrong.
    pub fn of_arn(snapshot: &Snapshot, arn: &str) -> Result<Self, String> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, _, service, _, account, resource] = parts.as_slice() else {
            return Err(format!("`{arn}` is no ARN: it has six parts, separated by colons"));
        };
        if *account != snapshot.account {
            let message =
                format!("`{arn}` is not of account {}, so its policies cannot be read", snapshot.account);
            return Err(message);
        }
        let words: Vec<&str> = resource.split('/').collect();
        match (*service, words.as_slice()) {
            ("iam", ["root"]) => Ok(Self::Root),
            ("iam", ["user", .., name]) => Ok(Self::User((*name).to_owned())),
            ("iam", ["role", .., name]) => Ok(Self::role(name)),
            ("sts", ["assumed-role", name, session]) => {
                Ok(Self::Role { name: (*name).to_owned(), session: (*session).to_owned() })
            }
            _ => Err(format!("`{arn}` is nobody whose policies could be read")),
        }
    }
}

/// Returns users, groups, roles and policies, if they were read.
pub fn identity(snapshot: &Snapshot) -> Result<&Identity, Nothing> {
    match &snapshot.identity {
        Facet::Read(identity) => Ok(identity),
        Facet::NotRead(why) => Err(Nothing::NotRead(why.clone())),
    }
}

/// Collects what an identity holds.
pub fn effective(snapshot: &Snapshot, holder: &Holder) -> Result<Effective, Nothing> {
    let identity = identity(snapshot)?;
    let reader = Reader { snapshot, identity };
    let Snapshot { account, partition, .. } = snapshot;
    let absent = || Nothing::Absent(holder.name());
    let (arn, kind, own, tags) = match holder {
        Holder::Root => {
            let arn = format!("arn:{partition}:iam::{account}:root");
            (arn, PrincipalKind::Root, Policies::default(), Tags::new())
        }
        Holder::User(name) => {
            let user = identity.users.get(name).ok_or_else(absent)?;
            let kind = PrincipalKind::User { id: user.id.clone() };
            (user.arn.clone(), kind, user.policies.clone(), user.tags.clone())
        }
        Holder::Role { name, session } => {
            let role = identity.roles.get(name).ok_or_else(absent)?;
            let arn = format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}");
            let kind = PrincipalKind::RoleSession {
                role_arn: role.arn.clone(),
                id: format!("{}:{session}", role.id),
            };
            (arn, kind, role.policies.clone(), role.tags.clone())
        }
    };
    let mut sources = reader.held(&own, &holder.name());
    for group in groups(identity, holder) {
        match identity.groups.get(group) {
            Some(found) => sources.extend(reader.held(&found.policies, &format!("group `{group}`"))),
            None => sources.push(unread(&format!("group `{group}`"), None, "the listing left it out")),
        }
    }
    let boundary = own.boundary.as_deref().map(|arn| reader.managed(arn, ""));
    Ok(Effective {
        principal: Principal { arn, account: account.clone(), kind },
        policies: PolicySet { identity: sources, boundary, ..PolicySet::default() },
        tags,
    })
}

/// Lists the ARNs of the AWS-managed policies that an identity holds: their documents are read one by one.
pub fn aws_managed(identity: &Identity, holder: &Holder) -> BTreeSet<String> {
    let own = match holder {
        Holder::Root => None,
        Holder::User(name) => identity.users.get(name).map(|user| &user.policies),
        Holder::Role { name, .. } => identity.roles.get(name).map(|role| &role.policies),
    };
    let of_groups = groups(identity, holder).filter_map(|name| identity.groups.get(name));
    let all = own.into_iter().chain(of_groups.map(|group| &group.policies));
    all.flat_map(|policies| policies.attached.iter().chain(&policies.boundary))
        .filter(|arn| is_aws_managed(arn))
        .cloned()
        .collect()
}

/// Lists the groups that an identity is in.
pub(super) fn groups<'a>(identity: &'a Identity, holder: &Holder) -> impl Iterator<Item = &'a String> {
    let user = match holder {
        Holder::User(name) => identity.users.get(name),
        Holder::Root | Holder::Role { .. } => None,
    };
    user.into_iter().flat_map(|user| &user.groups)
}

fn is_aws_managed(arn: &str) -> bool {
    arn.split(':').nth(4) == Some("aws")
}

/// Makes a source of a document.
pub(super) fn source(name: &str, arn: Option<&str>, document: &PolicyDocument) -> Source {
    match Policy::parse(&document.to_text()) {
        Ok(policy) => Source { name: name.to_owned(), arn: arn.map(str::to_owned), policy: Arc::new(policy) },
        Err(error) => unread(name, arn, &error.to_string()),
    }
}

/// Makes a source of what nobody could read.
pub(super) fn unread(name: &str, arn: Option<&str>, why: &str) -> Source {
    let policy = Arc::new(Policy::unread(why));
    Source { name: name.to_owned(), arn: arn.map(str::to_owned), policy }
}

/// Finds the documents of policies.
struct Reader<'a> {
    snapshot: &'a Snapshot,
    identity: &'a Identity,
}

impl Reader<'_> {
    /// The policies that hang on somebody.
    fn held(&self, policies: &Policies, holder: &str) -> Vec<Source> {
        let inline = policies
            .inline
            .iter()
            .map(|(name, document)| source(&format!("inline policy `{name}` of {holder}"), None, document));
        let attached = policies.attached.iter().map(|arn| self.managed(arn, &format!(" of {holder}")));
        inline.chain(attached).collect()
    }

    fn managed(&self, arn: &str, of: &str) -> Source {
        let name = format!("policy `{}`{of}", arn.rsplit('/').next().unwrap_or(arn));
        let unread = |why: &str| unread(&name, Some(arn), why);
        if is_aws_managed(arn) {
            return match self.snapshot.aws_managed.get(arn) {
                Some(Facet::Read(document)) => source(&name, Some(arn), document),
                Some(Facet::NotRead(why)) => unread(why),
                None => unread("nobody asked for it"),
            };
        }
        let policy = self.identity.policies.values().find(|policy| policy.arn == arn);
        match policy.and_then(|policy| policy.document.as_ref()) {
            Some(document) => source(&name, Some(arn), document),
            None => unread("the listing left it out"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::testing::lab;

    #[test]
    fn a_user_holds_its_own_policies_its_groups_and_its_boundary() {
        let snapshot = lab();
        let held = effective(&snapshot, &Holder::User("User3".into())).unwrap();
        let names: Vec<_> = held.policies.identity.iter().map(|source| source.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "inline policy `Own` of user `User3`",
                "policy `IAM-Auditor-Policy` of group `IAM-Auditor-Group`"
            ]
        );
        assert!(held.policies.boundary.is_none());
        let bound = effective(&snapshot, &Holder::User("Bound".into())).unwrap();
        assert_eq!(bound.policies.boundary.unwrap().name, "policy `Limits`");
    }

    #[test]
    fn what_was_not_read_is_no_empty_policy() {
        let mut snapshot = lab();
        let reader = Holder::User("Reader".into());
        let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        assert_eq!(aws_managed(identity(&snapshot).unwrap(), &reader), [arn.to_owned()].into());
        let held = effective(&snapshot, &reader).unwrap();
        assert_eq!(held.policies.identity[0].policy.unread.as_deref(), Some("nobody asked for it"));
        snapshot.aws_managed.insert(arn.into(), Facet::NotRead("no permission".into()));
        let held = effective(&snapshot, &reader).unwrap();
        assert_eq!(held.policies.identity[0].policy.unread.as_deref(), Some("no permission"));
    }

    #[test]
    fn who_is_not_there_and_who_was_not_read_are_told_apart() {
        let nobody = Holder::User("Nobody".into());
        let absent = effective(&lab(), &nobody).unwrap_err();
        assert_eq!(absent.to_string(), "there is no user `Nobody` in the account");
        let mut snapshot = lab();
        snapshot.identity = Facet::NotRead("throttled".into());
        assert!(matches!(effective(&snapshot, &nobody), Err(Nothing::NotRead(_))));
    }
}
