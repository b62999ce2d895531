//! A small account for tests.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::snapshot::{Facet, Group, Identity, ManagedPolicy, Policies, PolicyVersion, Role, Snapshot, User};
use crate::policy::document::PolicyDocument;

/// The ARN of something of IAM in the account.
pub(crate) fn arn(rest: &str) -> String {
    format!("arn:aws:iam::123456789012:{rest}")
}

/// A document of these statements.
pub(crate) fn document(statements: &Value) -> PolicyDocument {
    PolicyDocument::new(json!({"Version": "2012-10-17", "Statement": statements}))
}

/// A customer-managed policy by name.
pub(crate) fn managed(name: &str, versions: usize, statements: &Value) -> (String, ManagedPolicy) {
    let version = |index: usize| PolicyVersion {
        id: format!("v{}", index + 1),
        is_default: index + 1 == versions,
        created: None,
    };
    let policy = ManagedPolicy {
        arn: arn(&format!("policy/{name}")),
        document: Some(document(statements)),
        description: None,
        versions: (0..versions).map(version).collect(),
        tags: BTreeMap::new(),
    };
    (name.to_owned(), policy)
}

/// A user by name.
pub(crate) fn user(name: &str, groups: &[&str], policies: Policies) -> (String, User) {
    let user = User {
        arn: arn(&format!("user/{name}")),
        id: format!("AIDA{}", name.to_uppercase()),
        created: None,
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
        policies,
        tags: BTreeMap::new(),
    };
    (name.to_owned(), user)
}

/// Attached managed policies of the account.
pub(crate) fn attached(names: &[&str]) -> Policies {
    let attached: BTreeSet<String> = names.iter().map(|name| arn(&format!("policy/{name}"))).collect();
    Policies { attached, ..Policies::default() }
}

/// Attached policies that AWS manages.
pub(crate) fn aws(names: &[&str]) -> Policies {
    let attached = names.iter().map(|name| format!("arn:aws:iam::aws:policy/{name}")).collect();
    Policies { attached, ..Policies::default() }
}

/// One inline policy.
pub(crate) fn inline(name: &str, statements: &Value) -> Policies {
    Policies { inline: [(name.to_owned(), document(statements))].into(), ..Policies::default() }
}

/// A group by name.
pub(crate) fn group(name: &str, policies: Policies) -> (String, Group) {
    (name.to_owned(), Group { arn: arn(&format!("group/{name}")), path: "/".into(), policies })
}

/// A role by name, with the statements of its trust policy.
pub(crate) fn role(name: &str, trust: &Value, policies: Policies) -> (String, Role) {
    let role = Role {
        arn: arn(&format!("role/{name}")),
        id: format!("AROA{}", name.to_uppercase()),
        created: None,
        last_used: None,
        trust: document(trust),
        policies,
        instance_profiles: BTreeSet::new(),
        tags: BTreeMap::new(),
        details: None,
    };
    (name.to_owned(), role)
}

/// The account of the lab, and a few users more: one with a boundary, one with a policy of AWS.
pub(crate) fn lab() -> Snapshot {
    let mut snapshot =
        Snapshot::empty("123456789012", "aws", "us-east-1", "2026-03-02T09:00:00Z".parse().unwrap());
    let own =
        json!([{"Effect": "Allow", "Action": "iam:ChangePassword", "Resource": arn("user/${aws:username}")}]);
    let report = json!([{"Sid": "Report", "Effect": "Allow",
        "Action": ["iam:GenerateCredentialReport", "iam:GetCredentialReport"], "Resource": "*"}]);
    let limits = json!([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]);
    let inline = Policies { inline: [("Own".to_owned(), document(&own))].into(), ..Policies::default() };
    let everything = json!([{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]);
    let bound = Policies { boundary: Some(arn("policy/Limits")), ..attached(&["Everything"]) };
    let aws = "arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned();
    let reader = Policies { attached: [aws].into(), ..Policies::default() };
    let trust = json!([{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": arn("user/User3")}}]);
    let group = Group {
        arn: arn("group/iamlab/iam-auditing/IAM-Auditor-Group"),
        path: "/iamlab/iam-auditing/".into(),
        policies: attached(&["IAM-Auditor-Policy"]),
    };
    let role = Role {
        arn: arn("role/IAM-Auditor-role"),
        id: "AROAAUDITOR".into(),
        created: None,
        last_used: None,
        trust: document(&trust),
        policies: attached(&["IAM-Auditor-Policy"]),
        instance_profiles: BTreeSet::new(),
        tags: BTreeMap::new(),
        details: None,
    };
    snapshot.identity = Facet::Read(Identity {
        users: [
            user("User1", &[], Policies::default()),
            user("User2", &[], Policies::default()),
            user("User3", &["IAM-Auditor-Group"], inline),
            user("Bound", &[], bound),
            user("Reader", &[], reader),
        ]
        .into(),
        groups: [("IAM-Auditor-Group".to_owned(), group)].into(),
        roles: [("IAM-Auditor-role".to_owned(), role)].into(),
        policies: [
            managed("IAM-Auditor-Policy", 1, &report),
            managed("Everything", 5, &everything),
            managed("Limits", 1, &limits),
        ]
        .into(),
    });
    snapshot
}
