//! Who is an administrator, and who is privileged.
//!
//! Somebody is an **administrator** who may do everything on everything: by the policies attached to and written into
//! them and their groups, within their boundary, and not denied as a whole. **Privileged** is also who may do
//! everything but IAM, as by `PowerUserAccess`, and who may do everything in IAM, as by `IAMFullAccess`, because that
//! is one step from the rest. Finer ways to more permissions are not looked at here.
//!
//! Three policies that AWS manages are known by name: `AdministratorAccess`, `PowerUserAccess`, `IAMFullAccess`. Any
//! other whose document was not read counts as none of this when it is attached, and as unknown when it is a boundary.

use std::collections::BTreeMap;

use super::check::Look;
use crate::account::is_aws_managed;
use crate::account::snapshot::{Facet, Group, Identity, Policies, Role, Snapshot, User};
use crate::policy::breadth::{Breadth, Degree, Granted, Questions};
use crate::policy::document::PolicyDocument;
use crate::policy::statement::Policy;

/// What the policies of AWS say that are known by name.
const KNOWN: [(&str, &str); 3] = [
    ("AdministratorAccess", r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#),
    (
        "PowerUserAccess",
        r#"{"Statement": {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"}}"#,
    ),
    ("IAMFullAccess", r#"{"Statement": {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}}"#),
];

/// Whether a policy is attached or limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Attached,
    Boundary,
}

/// What somebody may do, and by which policies.
#[derive(Debug)]
pub(super) struct Privilege {
    /// How much of everything.
    pub(super) granted: Granted,
    /// The policies that grant so much: ARNs, and `Holder/inline Name`.
    pub(super) by: Vec<String>,
}

/// The breadth of all policies of an account, each read once.
#[derive(Debug)]
pub(super) struct Privileges<'a> {
    snapshot: &'a Snapshot,
    questions: Questions,
    /// Of the customer-managed policies, by ARN.
    managed: BTreeMap<&'a str, Breadth>,
    /// Of what each group gives, by name.
    groups: BTreeMap<&'a str, Held>,
}

/// How many of a group's policies are named with each of its members.
const NAMED: usize = 20;

/// The sum of somebody's policies.
#[derive(Debug, Clone)]
struct Held {
    breadth: Breadth,
    by: Vec<String>,
}

impl<'a> Privileges<'a> {
    /// Reads the policies of an account.
    pub(super) fn of(look: &Look<'a>, identity: &'a Identity) -> Self {
        let snapshot = look.snapshot;
        let questions = Questions::new(&snapshot.partition, &snapshot.account);
        let read = |document: Option<&PolicyDocument>| ask(&questions, document);
        let managed = identity.policies.values();
        let managed = managed.map(|policy| (policy.arn.as_str(), read(policy.document.as_ref()))).collect();
        let mut all = Self { snapshot, questions, managed, groups: BTreeMap::new() };
        all.groups = identity
            .groups
            .iter()
            .map(|(name, group)| (name.as_str(), all.held(name, &group.policies)))
            .collect();
        all
    }

    /// What a group gives its members, before their boundaries.
    pub(super) fn group(&self, name: &str, group: &Group) -> Privilege {
        let held = self.groups.get(name).cloned().unwrap_or_else(|| self.held(name, &group.policies));
        Privilege { granted: held.breadth.granted(None), by: held.by }
    }

    /// What a role may do.
    pub(super) fn role(&self, name: &str, role: &Role) -> Privilege {
        self.within(self.held(name, &role.policies), role.policies.boundary.as_deref())
    }

    /// What a user may do, with all of its groups.
    pub(super) fn user(&self, name: &str, user: &User) -> Privilege {
        let mut held = self.held(name, &user.policies);
        for group in &user.groups {
            match self.groups.get(group.as_str()) {
                Some(its) => {
                    held.breadth.add(&its.breadth);
                    held.by.extend(its.by.iter().take(NAMED).cloned());
                }
                None => held.breadth.add(&self.questions.unknown()),
            }
        }
        self.within(held, user.policies.boundary.as_deref())
    }

    fn within(&self, held: Held, boundary: Option<&str>) -> Privilege {
        let boundary = boundary.map(|arn| self.policy(arn, Use::Boundary));
        Privilege { granted: held.breadth.granted(boundary.as_ref()), by: held.by }
    }

    fn held(&self, holder: &str, policies: &Policies) -> Held {
        let mut held = Held { breadth: self.questions.nothing(), by: vec![] };
        let attached = policies.attached.iter().map(|arn| (arn.clone(), self.policy(arn, Use::Attached)));
        let inline = policies.inline.iter().map(|(name, document)| {
            (format!("{holder}/inline {name}"), ask(&self.questions, Some(document)))
        });
        for (name, breadth) in attached.chain(inline) {
            if breadth.allowed().most() > Degree::No {
                held.by.push(name);
            }
            held.breadth.add(&breadth);
        }
        held
    }

    fn policy(&self, arn: &str, used: Use) -> Breadth {
        if let Some(breadth) = self.managed.get(arn) {
            return breadth.clone();
        }
        if !is_aws_managed(arn) {
            return self.questions.unknown();
        }
        if let Some(Facet::Read(document)) = self.snapshot.aws_managed.get(arn) {
            return ask(&self.questions, Some(document));
        }
        let known = KNOWN.iter().find(|(name, _)| arn.ends_with(&format!(":policy/{name}")));
        match (known.and_then(|(_, text)| Policy::parse(text).ok()), used) {
            (Some(policy), _) => self.questions.ask(&policy),
            (None, Use::Attached) => self.questions.nothing(),
            (None, Use::Boundary) => self.questions.unknown(),
        }
    }
}

/// Asks a document; one that is absent or cannot be read may say anything.
fn ask(questions: &Questions, document: Option<&PolicyDocument>) -> Breadth {
    match document.map(|document| Policy::parse(&document.to_text())) {
        Some(Ok(policy)) => questions.ask(&policy),
        Some(Err(_)) | None => questions.unknown(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::audit::testing::{attached, aws, group, identified, inline, managed, user};

    /// What a user with these policies may do, in everything and in most.
    fn user_with(policies: Policies, groups: &[&str]) -> (Degree, Degree) {
        let everything = json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]);
        let deny = json!([{"Effect": "Deny", "Action": "*", "Resource": "*"}]);
        let identity = Identity {
            users: [user("ann", groups, policies)].into(),
            groups: [group("admins", aws(&["AdministratorAccess"])), group("iam", aws(&["IAMFullAccess"]))]
                .into(),
            policies: [
                managed("All", 1, &everything),
                managed("None", 1, &deny),
                managed("S3", 1, &json!([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}])),
            ]
            .into(),
            ..Identity::default()
        };
        let snapshot = identified(identity);
        let identity = snapshot.identity.read().unwrap();
        let look = Look {
            snapshot: &snapshot,
            params: &BTreeMap::new(),
            check: crate::audit::checks::CHECKS[0],
            as_of: snapshot.taken_at,
        };
        let granted = Privileges::of(&look, identity).user("ann", &identity.users["ann"]).granted;
        (granted.everything(), granted.most())
    }

    fn bounded(policies: Policies, boundary: &str) -> Policies {
        Policies { boundary: Some(boundary.to_owned()), ..policies }
    }

    #[test]
    fn administrators_are_found_wherever_they_get_it_from() {
        let all = (Degree::Yes, Degree::Yes);
        let everything = json!([{"Effect": "Allow", "Action": "*:*", "Resource": "*"}]);
        assert_eq!(user_with(aws(&["AdministratorAccess"]), &[]), all);
        assert_eq!(user_with(attached(&["All"]), &[]), all);
        assert_eq!(user_with(inline("x", &everything), &[]), all);
        assert_eq!(user_with(Policies::default(), &["admins"]), all);
        assert_eq!(user_with(aws(&["PowerUserAccess"]), &["iam"]), all, "the two together");
        assert_eq!(user_with(attached(&["All", "None"]), &[]), (Degree::No, Degree::No));
        assert_eq!(user_with(aws(&["ReadOnlyAccess"]), &[]), (Degree::No, Degree::No));
        assert_eq!(user_with(aws(&["PowerUserAccess"]), &[]), (Degree::No, Degree::Yes));
        assert_eq!(user_with(Policies::default(), &["gone"]), (Degree::Unknown, Degree::Unknown));
    }

    #[test]
    fn a_boundary_limits_an_administrator() {
        let s3 = attached(&["S3"]).attached.pop_first().unwrap();
        assert_eq!(user_with(bounded(attached(&["All"]), &s3), &[]), (Degree::No, Degree::No));
        let boundary = |name: &str| {
            user_with(bounded(attached(&["All"]), &format!("arn:aws:iam::aws:policy/{name}")), &[])
        };
        assert_eq!(boundary("AdministratorAccess"), (Degree::Yes, Degree::Yes));
        assert_eq!(boundary("PowerUserAccess"), (Degree::No, Degree::Yes));
        assert_eq!(boundary("SomethingElse").0, Degree::Unknown);
        assert_eq!(
            user_with(bounded(aws(&["ReadOnlyAccess"]), "arn:aws:iam::aws:policy/Else"), &[]).1,
            Degree::No
        );
    }
}
