//! Where a missing statement would best go, how it gets there, who gains by it, and what it opens.
//!
//! Sources: IAM quotas (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>), the AWS CLI's
//! `iam` commands (<https://docs.aws.amazon.com/cli/latest/reference/iam/>).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

use super::effective::{Holder, groups};
use super::snapshot::{Group, Identity, ManagedPolicy, Policies, Tags};
use crate::policy::document::PolicyDocument;
use crate::policy::grammar::{MANAGED_LIMIT, TRUST_LIMIT, size};

/// The tag that names the scenario that made something.
const MARK: &str = "iamlab:scenario";

/// How many versions a managed policy keeps.
const VERSIONS: usize = 5;

/// How long all inline policies of a group or a role may be together, in characters.
const GROUP_LIMIT: usize = 5120;
const ROLE_LIMIT: usize = 10_240;

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
    /// Who is reached by it and gains nothing: they may already, or something else denies it to them.
    pub unaffected: Vec<String>,
    /// The scenario that made what changes, or the group through which it comes: to it, the change is drift.
    pub scenario: Option<String>,
    /// Whoever is reached by it besides.
    #[serde(skip)]
    pub(super) reached: Vec<Holder>,
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
    /// The trust policy of a role.
    TrustPolicy {
        /// The role.
        role: String,
    },
    /// A file that was given in place of an account; `None` when no file of the kind was given.
    File {
        /// The file, as it was named.
        file: Option<String>,
    },
}

impl Grant {
    fn new(to: Place, document: Value, commands: Vec<String>, reached: Vec<Holder>) -> Self {
        let gainers = reached.iter().map(Holder::name).collect();
        Self { to, document, commands, gainers, unaffected: vec![], scenario: None, reached }
    }

    /// Makes the change of a file, which nobody else is known to hold.
    pub(super) fn of_file(file: Option<String>, document: Value) -> Self {
        Self::new(Place::File { file }, document, vec![], vec![])
    }
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
    // A policy that is the holder's boundary is a limit, and no place for what it may.
    let boundary = match holder {
        Holder::Root => None,
        Holder::User(name) => identity.users.get(name).and_then(|user| user.policies.boundary.as_ref()),
        Holder::Role { name, .. } => {
            identity.roles.get(name).and_then(|role| role.policies.boundary.as_ref())
        }
    };
    let managed = candidates.iter().flat_map(|(group, policies)| {
        let holds = |policy: &ManagedPolicy| policies.attached.contains(&policy.arn);
        let own = identity.policies.iter().filter(move |(_, policy)| holds(policy));
        let own = own.filter(|(_, policy)| Some(&policy.arn) != boundary);
        own.map(move |(name, policy)| (*group, name, policy))
    });
    let grants = managed
        .filter_map(|(group, name, policy)| in_managed(identity, holder, group, (name, policy), statement));
    // Of equals the first by name.
    let best = grants.min_by_key(|grant| grant.reached.len());
    best.or_else(|| in_inline(identity, holder, action, statement))
}

fn in_managed(
    identity: &Identity,
    holder: &Holder,
    group: Option<&String>,
    (name, policy): (&String, &ManagedPolicy),
    statement: &Value,
) -> Option<Grant> {
    let document = with(policy.document.as_ref()?, statement)?;
    let text = ascii(&document.to_string());
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
    let reached = others(identity, holder, &policy.arn);
    let scenario = marked(&policy.tags).or_else(|| scenario(identity, group));
    Some(Grant { scenario, ..Grant::new(to, document, commands, reached) })
}

/// Adds a statement to the permissions boundary of an identity; `None` when it is not a policy of the account's own, or
/// is full.
pub fn widening(identity: &Identity, holder: &Holder, boundary: &str, statement: &Value) -> Option<Grant> {
    let found = identity.policies.iter().find(|(_, policy)| policy.arn == boundary)?;
    in_managed(identity, holder, None, found, statement)
}

fn in_inline(identity: &Identity, holder: &Holder, action: &str, statement: &Value) -> Option<Grant> {
    let document = alone(statement);
    let text = ascii(&document.to_string());
    let base = format!("Allow-{}", action.replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
    let put = |command: &str, option: &str, to: &str, name: &str| {
        aws(&["iam", command, option, to, "--policy-name", name, "--policy-document", &text])
    };
    let fresh = |policies: Option<&Policies>| {
        unused(&base, |name| policies.is_some_and(|policies| policies.inline.contains_key(name)))
    };
    let has_room = |policies: &Policies, limit: usize| {
        let taken = policies.inline.values().map(|document| size(&document.to_text())).sum::<usize>();
        taken + size(&text) <= limit
    };
    let group = groups(identity, holder)
        .filter(|name| identity.groups.get(*name).is_some_and(|it| has_room(&it.policies, GROUP_LIMIT)))
        .map(|name| (members(identity, name), name))
        .min_by_key(|(members, _)| members.len());
    match (holder, group) {
        (Holder::Root, _) => None,
        (Holder::Role { name: role, .. }, _) => {
            let found = identity.roles.get(role)?;
            let (policies, scenario) = (&found.policies, marked(&found.tags));
            if !has_room(policies, ROLE_LIMIT) {
                return None;
            }
            let name = fresh(Some(policies));
            let commands = vec![put("put-role-policy", "--role-name", role, &name)];
            let to = Place::RolePolicy { role: role.clone(), name };
            Some(Grant { scenario, ..Grant::new(to, document, commands, vec![]) })
        }
        (Holder::User(_), Some((members, group))) => {
            let name = fresh(identity.groups.get(group).map(|group| &group.policies));
            let commands = vec![put("put-group-policy", "--group-name", group, &name)];
            let to = Place::GroupPolicy { group: group.clone(), name };
            let reached = members.into_iter().filter(|member| member != holder).collect();
            let scenario = scenario(identity, Some(group));
            Some(Grant { scenario, ..Grant::new(to, document, commands, reached) })
        }
        (Holder::User(user), None) => {
            let group = unused(&format!("{user}-Group"), |name| identity.groups.contains_key(name));
            let name = fresh(None);
            let commands = vec![
                aws(&["iam", "create-group", "--group-name", &group]),
                put("put-group-policy", "--group-name", &group, &name),
                aws(&["iam", "add-user-to-group", "--group-name", &group, "--user-name", user]),
            ];
            Some(Grant::new(Place::NewGroup { group, name }, document, commands, vec![]))
        }
    }
}

/// The scenario that made something, by its tag.
fn marked(tags: &Tags) -> Option<String> {
    tags.get(MARK).cloned()
}

/// The scenario that owns a group, by its path.
fn scenario(identity: &Identity, group: Option<&String>) -> Option<String> {
    let path = &identity.groups.get(group?)?.path;
    let name = path.strip_prefix("/iamlab/")?.strip_suffix('/')?;
    Some(name.to_owned())
}

/// Adds a statement to the trust policy of a role.
pub fn trusting(identity: &Identity, role_arn: &str, statement: &Value) -> Option<Grant> {
    let (name, role) = identity.roles.iter().find(|(_, role)| role.arn == role_arn)?;
    let document = with(&role.trust, statement)?;
    let text = ascii(&document.to_string());
    if size(&text) > TRUST_LIMIT {
        return None;
    }
    let words = ["iam", "update-assume-role-policy", "--role-name", name, "--policy-document", &text];
    let commands = vec![aws(&words)];
    let to = Place::TrustPolicy { role: name.clone() };
    Some(Grant { scenario: marked(&role.tags), ..Grant::new(to, document, commands, vec![]) })
}

/// Makes a policy of one statement.
pub fn alone(statement: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// Writes JSON so that no character of it acts on a terminal or is lost in a shell: what is not ASCII as its number,
/// which JSON reads as the same.
pub fn ascii(json: &str) -> String {
    let mut plain = String::with_capacity(json.len());
    for c in json.chars() {
        if (' '..='~').contains(&c) {
            plain.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                _ = write!(plain, "\\u{unit:04x}");
            }
        }
    }
    plain
}

/// Adds a statement at the end of a document; `None` when it would mean something else there.
pub(super) fn with(document: &PolicyDocument, statement: &Value) -> Option<Value> {
    let mut whole = document.written().clone();
    // `${$}` is a dollar sign in the language of 2012 only.
    let escapes = statement.get("Resource").and_then(Value::as_str).is_some_and(|text| text.contains("${"));
    if escapes && whole.get("Version") != Some(&json!("2012-10-17")) {
        return None;
    }
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
fn others(identity: &Identity, holder: &Holder, arn: &str) -> Vec<Holder> {
    let of =
        |policies: &Policies| policies.attached.contains(arn) || policies.boundary.as_deref() == Some(arn);
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
    let own = holder.name();
    users.chain(roles).filter(|other| other.name() != own).collect()
}

fn members(identity: &Identity, group: &str) -> Vec<Holder> {
    let inside = identity.users.iter().filter(|(_, user)| user.groups.contains(group));
    inside.map(|(name, _)| Holder::User(name.clone())).collect()
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

/// Writes a command of the AWS CLI for a shell. A value that begins with a hyphen is joined to its option, or it would be
/// read as one itself; every value follows its option.
fn aws(words: &[&str]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@+,".contains(c);
    let mut command = "aws".to_owned();
    let mut is_value = false;
    for word in words {
        command.push(if is_value && word.starts_with('-') { '=' } else { ' ' });
        if !word.is_empty() && word.chars().all(plain) {
            command.push_str(word);
        } else {
            _ = write!(command, "'{}'", word.replace('\'', r"'\''"));
        }
        is_value = !is_value && word.starts_with("--") && *word != "--set-as-default";
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn what_a_shell_would_read_is_quoted() {
        assert_eq!(aws(&["a", "it's $x"]), r"aws a 'it'\''s $x'");
    }

    #[test]
    fn a_name_that_looks_like_an_option_is_none() {
        let mut identity = identity();
        let (_, odd) = crate::account::testing::user("--no-sign-request", &[], Policies::default());
        identity.users.insert("--no-sign-request".into(), odd);
        let grant = granted(&identity, &Holder::User("--no-sign-request".into()));
        let add =
            "aws iam add-user-to-group --group-name=--no-sign-request-Group --user-name=--no-sign-request";
        assert_eq!(grant.commands[2], add);
    }

    #[test]
    fn the_scenario_of_what_changes_is_told() {
        let mut identity = identity();
        let tag = || (MARK.to_owned(), "own-lab".to_owned());
        let role = identity.roles.get_mut("IAM-Auditor-role").unwrap();
        role.tags.extend([tag()]);
        role.policies = Policies::default();
        let auditor = Holder::role("IAM-Auditor-role");
        assert_eq!(granted(&identity, &auditor).scenario.as_deref(), Some("own-lab"));
        let trust = trusting(&identity, &arn("role/IAM-Auditor-role"), &statement()).unwrap();
        assert_eq!(trust.scenario.as_deref(), Some("own-lab"));
        identity.policies.get_mut("Limits").unwrap().tags.extend([tag()]);
        let bound = Holder::User("Bound".into());
        let wider = widening(&identity, &bound, &arn("policy/Limits"), &statement()).unwrap();
        assert_eq!(wider.scenario.as_deref(), Some("own-lab"));
        assert_eq!(granted(&identity, &bound).scenario, None);
    }
}
