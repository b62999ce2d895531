//! What an identity of an account holds: its own policies, those of its groups, its boundary, as the policy engine
//! takes them.
//!
//! What is attached and was not read is there all the same, as a policy that may say anything: so nothing is
//! concluded from its absence.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::is_aws_managed;
use super::snapshot::{Facet, Identity, ManagedPolicy, Policies, Snapshot, Tags};
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
    let shelf = Shelf::new(snapshot)?;
    let person = shelf.person(holder)?;
    let held = shelf.held(holder)?;
    Ok(Effective {
        principal: person.principal,
        policies: PolicySet {
            identity: held.policies.iter().map(Held::source).collect(),
            boundary: held.boundary.as_ref().map(Held::source),
            ..PolicySet::default()
        },
        tags: person.tags,
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
    of_aws(all)
}

/// Lists the ARNs of all AWS-managed policies that anybody of an account holds.
pub fn all_aws_managed(identity: &Identity) -> BTreeSet<String> {
    of_aws(identity.holdings())
}

fn of_aws<'a>(all: impl Iterator<Item = &'a Policies>) -> BTreeSet<String> {
    all.flat_map(Policies::managed).filter(|arn| is_aws_managed(arn)).cloned().collect()
}

/// Lists the groups that an identity is in.
pub(super) fn groups<'a>(identity: &'a Identity, holder: &Holder) -> impl Iterator<Item = &'a String> {
    let user = match holder {
        Holder::User(name) => identity.users.get(name),
        Holder::Root | Holder::Role { .. } => None,
    };
    user.into_iter().flat_map(|user| &user.groups)
}

/// Makes a source of a document.
pub(super) fn source(name: &str, arn: Option<&str>, document: &PolicyDocument) -> Source {
    Source { name: name.to_owned(), arn: arn.map(str::to_owned), policy: read(document) }
}

/// Reads a document; one that is no policy may say anything.
fn read(document: &PolicyDocument) -> Arc<Policy> {
    Arc::new(Policy::parse(&document.to_text()).unwrap_or_else(|error| Policy::unread(error.to_string())))
}

/// Makes a source of what nobody could read.
pub(super) fn unread(name: &str, arn: Option<&str>, why: &str) -> Source {
    let policy = Arc::new(Policy::unread(why));
    Source { name: name.to_owned(), arn: arn.map(str::to_owned), policy }
}

/// Who somebody is to the policies.
#[derive(Debug, Clone)]
pub struct Person {
    /// As which they ask.
    pub principal: Principal,
    /// The tags, all of them.
    pub tags: Tags,
}

/// The policies that somebody holds.
#[derive(Debug, Clone, Default)]
pub struct Holdings {
    /// Those that grant: own ones first, then those of each group.
    pub policies: Vec<Held>,
    /// The permissions boundary.
    pub boundary: Option<Held>,
}

/// A policy that somebody holds, and how they come by it.
#[derive(Debug, Clone)]
pub struct Held {
    /// The policy's name.
    pub name: String,
    /// Its ARN; an inline policy has none.
    pub arn: Option<String>,
    /// Whom it hangs on, in a sentence: ``group `Staff` ``; of a boundary nothing.
    pub of: String,
    /// The group through which it comes.
    pub group: Option<String>,
    /// What it says.
    pub policy: Arc<Policy>,
}

impl Held {
    /// Makes of it what the engine asks.
    pub fn source(&self) -> Source {
        Source { name: self.to_string(), arn: self.arn.clone(), policy: Arc::clone(&self.policy) }
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, of) = (if self.arn.is_some() { "policy" } else { "inline policy" }, &self.of);
        match (self.name.as_str(), of.as_str()) {
            // A group that the listing left out.
            ("", of) => f.write_str(of),
            (name, "") => write!(f, "{kind} `{name}`"),
            (name, of) => write!(f, "{kind} `{name}` of {of}"),
        }
    }
}

/// The policies of an account, each read once, however many hold it.
#[derive(Debug)]
pub struct Shelf<'a> {
    snapshot: &'a Snapshot,
    identity: &'a Identity,
    by_arn: BTreeMap<&'a str, &'a ManagedPolicy>,
    read: RefCell<BTreeMap<String, Arc<Policy>>>,
}

impl<'a> Shelf<'a> {
    /// Opens the policies of a picture.
    pub fn new(snapshot: &'a Snapshot) -> Result<Self, Nothing> {
        let identity = identity(snapshot)?;
        let by_arn = identity.policies.values().map(|policy| (policy.arn.as_str(), policy)).collect();
        Ok(Self { snapshot, identity, by_arn, read: RefCell::default() })
    }

    /// Returns users, groups, roles and policies.
    pub const fn identity(&self) -> &'a Identity {
        self.identity
    }

    /// Tells who a holder is.
    pub fn person(&self, holder: &Holder) -> Result<Person, Nothing> {
        let Snapshot { account, partition, .. } = self.snapshot;
        let absent = || Nothing::Absent(holder.name());
        let (arn, kind, tags) = match holder {
            Holder::Root => {
                (format!("arn:{partition}:iam::{account}:root"), PrincipalKind::Root, Tags::new())
            }
            Holder::User(name) => {
                let user = self.identity.users.get(name).ok_or_else(absent)?;
                (user.arn.clone(), PrincipalKind::User { id: user.id.clone() }, user.tags.clone())
            }
            Holder::Role { name, session } => {
                let role = self.identity.roles.get(name).ok_or_else(absent)?;
                let arn = format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}");
                let kind = PrincipalKind::RoleSession {
                    role_arn: role.arn.clone(),
                    id: format!("{}:{session}", role.id),
                };
                (arn, kind, role.tags.clone())
            }
        };
        Ok(Person { principal: Principal { arn, account: account.clone(), kind }, tags })
    }

    /// Lists what a holder holds.
    pub fn held(&self, holder: &Holder) -> Result<Holdings, Nothing> {
        let absent = || Nothing::Absent(holder.name());
        let own = match holder {
            Holder::Root => return Ok(Holdings::default()),
            Holder::User(name) => &self.identity.users.get(name).ok_or_else(absent)?.policies,
            Holder::Role { name, .. } => &self.identity.roles.get(name).ok_or_else(absent)?.policies,
        };
        let mut policies = self.of(own, &holder.name(), None);
        for group in groups(self.identity, holder) {
            match self.of_group(group) {
                Ok(held) => policies.extend(held),
                Err(_) => policies.push(Held {
                    name: String::new(),
                    arn: None,
                    of: format!("group `{group}`"),
                    group: Some(group.clone()),
                    policy: Arc::new(Policy::unread("the listing left it out")),
                }),
            }
        }
        let boundary = own.boundary.as_deref().map(|arn| self.managed(arn, "", None));
        Ok(Holdings { policies, boundary })
    }

    /// Lists what the members of a group hold by it.
    pub fn of_group(&self, group: &str) -> Result<Vec<Held>, Nothing> {
        let of = format!("group `{group}`");
        let found = self.identity.groups.get(group).ok_or_else(|| Nothing::Absent(of.clone()))?;
        Ok(self.of(&found.policies, &of, Some(group)))
    }

    fn of(&self, policies: &Policies, of: &str, group: Option<&str>) -> Vec<Held> {
        let inline = policies.inline.iter().map(|(name, document)| Held {
            name: name.clone(),
            arn: None,
            of: of.to_owned(),
            group: group.map(str::to_owned),
            policy: group.map_or_else(
                || read(document),
                |group| self.once(&format!("{group}/{name}"), || read(document)),
            ),
        });
        inline.chain(policies.attached.iter().map(|arn| self.managed(arn, of, group))).collect()
    }

    fn managed(&self, arn: &str, of: &str, group: Option<&str>) -> Held {
        Held {
            name: arn.rsplit('/').next().unwrap_or(arn).to_owned(),
            arn: Some(arn.to_owned()),
            of: of.to_owned(),
            group: group.map(str::to_owned),
            policy: self.once(arn, || self.document(arn)),
        }
    }

    /// Reads what a key stands for, unless it was read before. An ARN is no `group/name`: it begins with `arn:`, and a
    /// group's name has no colon.
    fn once(&self, key: &str, read: impl FnOnce() -> Arc<Policy>) -> Arc<Policy> {
        if let Some(known) = self.read.borrow().get(key) {
            return Arc::clone(known);
        }
        let policy = read();
        self.read.borrow_mut().insert(key.to_owned(), Arc::clone(&policy));
        policy
    }

    fn document(&self, arn: &str) -> Arc<Policy> {
        let unread = |why: &str| Arc::new(Policy::unread(why));
        if is_aws_managed(arn) {
            return match self.snapshot.aws_managed.get(arn) {
                Some(Facet::Read(document)) => read(document),
                Some(Facet::NotRead(why)) => unread(why),
                None => unread("nobody asked for it"),
            };
        }
        match self.by_arn.get(arn).and_then(|policy| policy.document.as_ref()) {
            Some(document) => read(document),
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
