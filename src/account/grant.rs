//! Where a missing statement would best go, how it gets there, who gains by it, and what it opens.
//!
//! Sources: IAM quotas (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>), the AWS CLI's
//! `iam` commands (<https://docs.aws.amazon.com/cli/latest/reference/iam/>).

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::effective::{Holder, groups};
use super::opens::opens;
use super::snapshot::{Group, Identity, ManagedPolicy, Policies, Snapshot};
use crate::policy::document::PolicyDocument;
use crate::policy::grammar::{MANAGED_LIMIT, size};

/// How many versions a managed policy keeps.
const VERSIONS: usize = 5;

/// What changes, to give an identity a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// Where the statement goes.
    pub to: Place,
    /// The whole document as it is afterwards, ready to be put there.
    pub document: Value,
    /// Commands of the AWS CLI that do it, in order, for a shell.
    pub commands: Vec<String>,
    /// Who gains by it besides, by name.
    pub gainers: Vec<String>,
    /// The scenario that owns the group through which it comes: to it, the change is drift.
    pub scenario: Option<String>,
}

/// Where a statement can go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Place {
    /// A customer-managed policy that the identity holds.
    ManagedPolicy {
        /// The policy's name.
        name: String,
        /// The policy's ARN.
        arn: String,
        /// The group through which the identity holds it.
        group: Option<String>,
    },
    /// An inline policy of a group that the user is in.
    GroupPolicy {
        /// The group.
        group: String,
        /// The new policy's name.
        name: String,
    },
    /// An inline policy of a group that is yet to be made.
    NewGroup {
        /// The group.
        group: String,
        /// The new policy's name.
        name: String,
    },
    /// An inline policy of a role.
    RolePolicy {
        /// The role.
        role: String,
        /// The new policy's name.
        name: String,
    },
}

/// Finds the best place for a statement about `action`; `None` for the root user, who needs none. Managed policies
/// come first, of those the one that the fewest others hold.
pub fn grant(identity: &Identity, holder: &Holder, action: &str, statement: &Value) -> Option<Grant> {
    let candidates: Vec<(Option<&String>, &Policies)> = match holder {
        Holder::Root => return None,
        Holder::User(_) => groups(identity, holder)
            .filter_map(|name| Some((Some(name), &identity.groups.get(name)?.policies)))
            .collect(),
        Holder::Role { name, .. } => vec![(None, &identity.roles.get(name)?.policies)],
    };
    let managed = candidates.iter().flat_map(|(group, policies)| {
        let own = identity.policies.iter().filter(|(_, policy)| policies.attached.contains(&policy.arn));
        own.map(move |(name, policy)| (*group, name, policy))
    });
    let grants = managed
        .filter_map(|(group, name, policy)| in_managed(identity, holder, group, (name, policy), statement));
    // Of equals the first by name.
    let best = grants.min_by_key(|grant| grant.gainers.len());
    best.or_else(|| Some(in_inline(identity, holder, action, statement)))
}

fn in_managed(
    identity: &Identity,
    holder: &Holder,
    group: Option<&String>,
    (name, policy): (&String, &ManagedPolicy),
    statement: &Value,
) -> Option<Grant> {
    let document = with(policy.document.as_ref()?, statement)?;
    let text = document.to_string();
    if size(&text) > MANAGED_LIMIT {
        return None;
    }
    let mut commands = Vec::new();
    if policy.versions.len() >= VERSIONS {
        let age = |id: &str| id.trim_start_matches('v').parse::<u32>().unwrap_or(u32::MAX);
        let spare = policy.versions.iter().filter(|version| !version.is_default);
        let oldest = spare.min_by_key(|version| age(&version.id))?;
        let words = ["iam", "delete-policy-version", "--policy-arn", &policy.arn, "--version-id", &oldest.id];
        commands.push(aws(&words));
    }
    let words = ["iam", "create-policy-version", "--policy-arn", &policy.arn, "--set-as-default"];
    commands.push(aws(&[words.as_slice(), &["--policy-document", &text]].concat()));
    let to = Place::ManagedPolicy { name: name.clone(), arn: policy.arn.clone(), group: group.cloned() };
    Some(Grant {
        to,
        document,
        commands,
        gainers: others(identity, holder, |held| held.contains(&policy.arn)),
        scenario: scenario(identity, group),
    })
}

fn in_inline(identity: &Identity, holder: &Holder, action: &str, statement: &Value) -> Grant {
    let document = json!({"Version": "2012-10-17", "Statement": [statement]});
    let text = document.to_string();
    let base = format!("Allow-{}", action.replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
    let put = |command: &str, option: &str, to: &str, name: &str| {
        aws(&["iam", command, option, to, "--policy-name", name, "--policy-document", &text])
    };
    let fresh = |policies: Option<&Policies>| {
        unused(&base, |name| policies.is_some_and(|policies| policies.inline.contains_key(name)))
    };
    let members = |group: &str| members(identity, group).len();
    let group = groups(identity, holder)
        .filter(|name| identity.groups.contains_key(*name))
        .min_by_key(|name| members(name));
    let (to, commands, gainers) = match (holder, group) {
        (Holder::Role { name: role, .. }, _) => {
            let name = fresh(identity.roles.get(role).map(|role| &role.policies));
            let commands = vec![put("put-role-policy", "--role-name", role, &name)];
            (Place::RolePolicy { role: role.clone(), name }, commands, vec![])
        }
        (_, Some(group)) => {
            let name = fresh(identity.groups.get(group).map(|group| &group.policies));
            let commands = vec![put("put-group-policy", "--group-name", group, &name)];
            let in_group = self::members(identity, group).into_iter().map(Holder::User);
            let gainers = in_group.filter(|member| member != holder).map(|member| member.name()).collect();
            (Place::GroupPolicy { group: group.clone(), name }, commands, gainers)
        }
        (_, None) => {
            let user = match holder {
                Holder::User(name) => name.as_str(),
                Holder::Root | Holder::Role { .. } => "",
            };
            let group = unused(&format!("{user}-Group"), |name| identity.groups.contains_key(name));
            let name = fresh(None);
            let commands = vec![
                aws(&["iam", "create-group", "--group-name", &group]),
                put("put-group-policy", "--group-name", &group, &name),
                aws(&["iam", "add-user-to-group", "--group-name", &group, "--user-name", user]),
            ];
            (Place::NewGroup { group, name }, commands, vec![])
        }
    };
    Grant { to, document, commands, gainers, scenario: scenario(identity, group) }
}

/// The scenario that owns a group, by its path.
fn scenario(identity: &Identity, group: Option<&String>) -> Option<String> {
    let path = &identity.groups.get(group?)?.path;
    let name = path.strip_prefix("/iamlab/")?.strip_suffix('/')?;
    Some(name.to_owned())
}

/// Adds a statement to the trust policy of a role: the document and the command.
pub fn trusting(identity: &Identity, role_arn: &str, statement: &Value) -> Option<(Value, String)> {
    let (name, role) = identity.roles.iter().find(|(_, role)| role.arn == role_arn)?;
    let document = with(&role.trust, statement)?;
    let text = document.to_string();
    let words = ["iam", "update-assume-role-policy", "--role-name", name, "--policy-document", &text];
    Some((document, aws(&words)))
}

/// Tells what an action opens besides itself, one sentence each: first in general, then what whoever it acts on has.
pub fn consequences(snapshot: &Snapshot, action: &str, resource: &str) -> Vec<String> {
    let Some(sentence) = opens(action, resource) else { return Vec::new() };
    let mut told = vec![sentence];
    let Some(identity) = snapshot.identity.read() else { return told };
    let user = identity.users.iter().find(|(_, user)| user.arn == resource);
    let group = identity.groups.iter().find(|(_, group)| group.arn == resource);
    let role = identity.roles.iter().find(|(_, role)| role.arn == resource);
    let group = group.map(|(name, group)| (format!("group `{name}`"), &group.policies));
    let user = user.map(|(name, user)| (format!("user `{name}`"), &user.policies));
    let found =
        group.or(user).or_else(|| role.map(|(name, role)| (format!("role `{name}`"), &role.policies)));
    let Some((whose, policies)) = found else { return told };
    for arn in &policies.attached {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let own = identity.policies.values().find(|policy| policy.arn == *arn);
        let document = own.and_then(|policy| policy.document.as_ref());
        let document = document.or_else(|| snapshot.aws_managed.get(arn)?.read());
        told.push(format!("{whose} holds policy `{name}`{}", allowed(document)));
    }
    for (name, document) in &policies.inline {
        told.push(format!("{whose} holds inline policy `{name}`{}", allowed(Some(document))));
    }
    told
}

/// Names the actions that a document allows: `: a, b and 3 more`.
fn allowed(document: Option<&PolicyDocument>) -> String {
    const SHOWN: usize = 6;
    let statements = document.and_then(|document| document.written().get("Statement")).map(each);
    let allowing = statements.into_iter().flatten().filter(|one| one.get("Effect") == Some(&json!("Allow")));
    let actions = allowing.filter_map(|statement| statement.get("Action")).flat_map(each);
    let actions: BTreeSet<&str> = actions.filter_map(Value::as_str).collect();
    let mut shown: Vec<&str> = actions.iter().take(SHOWN).copied().collect();
    let more = actions.len().saturating_sub(SHOWN);
    let rest = format!("{more} more");
    if more > 0 {
        shown.push(&rest);
    }
    if shown.is_empty() { String::new() } else { format!(": {}", shown.join(", ")) }
}

/// The members of a list, or the one thing that is none.
fn each(value: &Value) -> &[Value] {
    value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice)
}

/// Adds a statement at the end of a document.
fn with(document: &PolicyDocument, statement: &Value) -> Option<Value> {
    let mut whole = document.written().clone();
    let statements = whole.as_object_mut()?.get_mut("Statement")?;
    let mut all = match statements.take() {
        Value::Array(all) => all,
        one => vec![one],
    };
    all.push(statement.clone());
    *statements = Value::Array(all);
    Some(whole)
}

/// Names everybody but `holder` who holds a policy, directly or through a group, or is limited by it.
fn others(identity: &Identity, holder: &Holder, holds: impl Fn(&BTreeSet<String>) -> bool) -> Vec<String> {
    let of = |policies: &Policies| {
        let limit = policies.boundary.iter().cloned().collect();
        holds(&policies.attached) || holds(&limit)
    };
    let through: BTreeSet<&String> = identity
        .groups
        .iter()
        .filter(|(_, group): &(&String, &Group)| of(&group.policies))
        .map(|(name, _)| name)
        .collect();
    let users = identity
        .users
        .iter()
        .filter(|(_, user)| of(&user.policies) || user.groups.iter().any(|group| through.contains(group)));
    let users = users.map(|(name, _)| Holder::User(name.clone()));
    let roles = identity.roles.iter().filter(|(_, role)| of(&role.policies));
    let roles = roles.map(|(name, _)| Holder::role(name));
    users.chain(roles).map(|other| other.name()).filter(|name| *name != holder.name()).collect()
}

fn members(identity: &Identity, group: &str) -> Vec<String> {
    let inside = identity.users.iter().filter(|(_, user)| user.groups.contains(group));
    inside.map(|(name, _)| name.clone()).collect()
}

/// Returns `base`, or `base-2`, …: the first name that is not taken.
fn unused(base: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut name = base.to_owned();
    let mut number = 2;
    while taken(&name) {
        name = format!("{base}-{number}");
        number += 1;
    }
    name
}

/// Writes a command of the AWS CLI for a shell.
fn aws(words: &[&str]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@+,".contains(c);
    let quoted = words.iter().map(|word| {
        if !word.is_empty() && word.chars().all(plain) {
            (*word).to_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    std::iter::once("aws".to_owned()).chain(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::snapshot::Facet;
    use crate::account::testing::{arn, attached, lab};

    fn identity() -> Identity {
        lab().identity.read().unwrap().clone()
    }

    fn statement() -> Value {
        json!({"Effect": "Allow", "Action": "iam:AddUserToGroup", "Resource": arn("group/G")})
    }

    fn granted(identity: &Identity, holder: &Holder) -> Grant {
        grant(identity, holder, "iam:AddUserToGroup", &statement()).unwrap()
    }

    #[test]
    fn the_policy_a_user_has_through_its_group_comes_first() {
        let grant = granted(&identity(), &Holder::User("User3".into()));
        let to = Place::ManagedPolicy {
            name: "IAM-Auditor-Policy".into(),
            arn: arn("policy/IAM-Auditor-Policy"),
            group: Some("IAM-Auditor-Group".into()),
        };
        assert_eq!(grant.to, to);
        assert_eq!(grant.gainers, ["role `IAM-Auditor-role`"]);
        assert_eq!(grant.scenario.as_deref(), Some("iam-auditing"));
        assert_eq!(grant.document["Statement"][0]["Sid"], "Report", "what was there stays");
        assert_eq!(grant.document["Statement"][1], statement());
        let [command] = grant.commands.as_slice() else { unreachable!() };
        let begin = format!(
            "aws iam create-policy-version --policy-arn {} --set-as-default",
            arn("policy/IAM-Auditor-Policy")
        );
        assert!(command.starts_with(&begin), "{command}");
        assert!(command.ends_with(&format!("--policy-document '{}'", grant.document)), "{command}");
    }

    #[test]
    fn a_policy_that_is_full_makes_room_or_is_passed_over() {
        let mut full = identity();
        full.groups.get_mut("IAM-Auditor-Group").unwrap().policies = attached(&["Everything"]);
        let grant = granted(&full, &Holder::User("User3".into()));
        let first = format!(
            "aws iam delete-policy-version --policy-arn {} --version-id v1",
            arn("policy/Everything")
        );
        assert_eq!(grant.commands[0], first);
        let long =
            json!([{"Effect": "Allow", "Action": "iam:GetUser", "Resource": "x".repeat(MANAGED_LIMIT)}]);
        full.policies.get_mut("Everything").unwrap().document =
            Some(crate::account::testing::document(&long));
        let grant = granted(&full, &Holder::User("User3".into()));
        let name = "Allow-iam-AddUserToGroup".to_owned();
        assert_eq!(grant.to, Place::GroupPolicy { group: "IAM-Auditor-Group".into(), name });
        assert!(grant.commands[0].starts_with("aws iam put-group-policy --group-name IAM-Auditor-Group"));
    }

    #[test]
    fn who_is_in_no_group_gets_one_and_a_role_a_policy_of_its_own() {
        let mut identity = identity();
        let grant = granted(&identity, &Holder::User("User1".into()));
        let name = || "Allow-iam-AddUserToGroup".to_owned();
        assert_eq!(grant.to, Place::NewGroup { group: "User1-Group".into(), name: name() });
        assert_eq!(grant.commands[2], "aws iam add-user-to-group --group-name User1-Group --user-name User1");
        identity.roles.get_mut("IAM-Auditor-role").unwrap().policies = Policies::default();
        let grant = granted(&identity, &Holder::role("IAM-Auditor-role"));
        assert_eq!(grant.to, Place::RolePolicy { role: "IAM-Auditor-role".into(), name: name() });
        assert_eq!(super::grant(&identity, &Holder::Root, "a:B", &statement()), None);
    }

    #[test]
    fn members_of_the_group_gain_too() {
        let mut identity = identity();
        identity.users.get_mut("User2").unwrap().groups.insert("IAM-Auditor-Group".into());
        let user = Holder::User("User3".into());
        assert_eq!(granted(&identity, &user).gainers, ["user `User2`", "role `IAM-Auditor-role`"]);
        identity.groups.get_mut("IAM-Auditor-Group").unwrap().policies = Policies::default();
        assert_eq!(granted(&identity, &user).gainers, ["user `User2`"]);
    }

    #[test]
    fn what_a_group_hands_out_is_listed() {
        let snapshot = lab();
        let group = arn("group/iamlab/iam-auditing/IAM-Auditor-Group");
        let told = consequences(&snapshot, "iam:AddUserToGroup", &group);
        assert!(told[0].starts_with("whoever may add members to `IAM-Auditor-Group`"));
        assert_eq!(
            told[1],
            "group `IAM-Auditor-Group` holds policy `IAM-Auditor-Policy`: iam:GenerateCredentialReport, \
             iam:GetCredentialReport"
        );
        assert!(consequences(&snapshot, "iam:GetUser", "*").is_empty());
        let Facet::Read(_) = &snapshot.identity else { unreachable!() };
    }

    #[test]
    fn what_a_shell_would_read_is_quoted() {
        assert_eq!(aws(&["a", "it's $x"]), r"aws a 'it'\''s $x'");
    }
}
