//! People's names for identities and resources of an account: `User3`, `group/Admins`, or an ARN.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::account::effective::{Holder, SESSION};
use crate::account::given::Caller;
use crate::account::is_aws_managed;
use crate::account::snapshot::{Identity, Snapshot};
use crate::policy::catalogue;
use crate::scenario::suggest::did_you_mean;

/// A name that stands for nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(super) struct NoSuch {
    /// What is wrong.
    pub(super) message: String,
    /// What to write instead.
    pub(super) help: String,
}

impl NoSuch {
    fn new(message: String, help: impl Into<String>) -> Self {
        Self { message, help: help.into() }
    }

    fn unknown<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a String> + Clone) -> Self {
        let help = did_you_mean(name, &format!("{kind}s"), known.map(String::as_str));
        Self::new(format!("there is no {kind} `{name}` in the account"), help)
    }

    fn elsewhere(kind: &str, arn: &str, real: &str) -> Self {
        let message =
            format!("there is no {kind} `{arn}` in the account, and one of that name with another ARN");
        Self::new(message, format!("did you mean `{real}`?"))
    }
}

/// What is acted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// The ARN, or `*`.
    pub(super) arn: String,
    /// What the account has not, when that may be a mistake.
    pub(super) missing: Option<String>,
    /// What was taken for granted.
    pub(super) assumed: Option<String>,
}

impl Target {
    const fn found(arn: String) -> Self {
        Self { arn, missing: None, assumed: None }
    }
}

/// Reads who acts: `User3`, `user/User3`, `role/Name`, or the ARN of a user, a role, a role's session or the root.
/// Whether an ARN's identity exists is not asked; when there is one of its name with another path, that is an error.
pub(super) fn holder(snapshot: &Snapshot, identity: &Identity, text: &str) -> Result<Holder, NoSuch> {
    if text.starts_with("arn:") {
        if let Known::Elsewhere(kind, real) = known(snapshot, identity, text) {
            return Err(NoSuch::elsewhere(kind, text, real));
        }
        return Holder::of_arn(snapshot, text).map_err(|message| {
            NoSuch::new(message, "name a user, a role, a role's session or the root user of this account")
        });
    }
    match text.split_once('/').unwrap_or(("user", text)) {
        ("user", name) if identity.users.contains_key(name) => Ok(Holder::User(name.to_owned())),
        ("user", name) => Err(NoSuch::unknown("user", name, identity.users.keys())),
        ("role", name) if identity.roles.contains_key(name) => Ok(Holder::role(name)),
        ("role", name) => Err(NoSuch::unknown("role", name, identity.roles.keys())),
        (kind, _) => Err(NoSuch::new(
            format!("`{kind}` is no kind of identity that acts"),
            "write `User3`, `user/User3`, `role/Name`, or an ARN",
        )),
    }
}

/// What an account has of an ARN.
enum Known<'a> {
    /// It is there, or nobody can tell.
    Fine,
    /// Nothing of the kind has the name.
    Absent(&'a str),
    /// Something of the kind has the name, and another ARN.
    Elsewhere(&'a str, &'a str),
}

/// Looks an ARN up among users, groups, roles and policies, when it is one of the account's.
fn known<'a>(snapshot: &Snapshot, identity: &'a Identity, arn: &'a str) -> Known<'a> {
    let Snapshot { account, partition, .. } = snapshot;
    let own = arn.strip_prefix(&format!("arn:{partition}:iam::{account}:"));
    let Some((kind, path)) = own.and_then(|rest| rest.split_once('/')) else { return Known::Fine };
    let name = path.rsplit('/').next().unwrap_or(path);
    let all = match kind {
        "user" => arns(&identity.users, |it| &it.arn),
        "group" => arns(&identity.groups, |it| &it.arn),
        "role" => arns(&identity.roles, |it| &it.arn),
        "policy" => arns(&identity.policies, |it| &it.arn),
        _ => return Known::Fine,
    };
    // An ARN with a wildcard is a pattern, unless something has just that path.
    if all.iter().any(|(_, real)| *real == arn) || arn.contains(['*', '?']) {
        return Known::Fine;
    }
    // IAM tells names apart by more than their case only.
    match all.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        Some((_, real)) => Known::Elsewhere(kind, real),
        None => Known::Absent(kind),
    }
}

/// Lists names and ARNs.
fn arns<'a, T>(all: &'a BTreeMap<String, T>, arn: impl Fn(&'a T) -> &'a String) -> Vec<(&'a str, &'a str)> {
    all.iter().map(|(name, it)| (name.as_str(), arn(it).as_str())).collect()
}

/// Tells whether an action makes something of a kind, which then is not there yet.
fn makes(action: &str, kind: &str) -> bool {
    let name = action.get(..4).filter(|service| service.eq_ignore_ascii_case("iam:")).and(action.get(4..));
    name.is_some_and(|name| name.eq_ignore_ascii_case(&format!("Create{kind}")))
}

/// Reads what an action acts on: `kind/Name`, an ARN, or `*`.
pub(super) fn resource(
    snapshot: &Snapshot,
    identity: &Identity,
    action: &str,
    text: &str,
) -> Result<Target, NoSuch> {
    if text == "*" {
        return Ok(Target::found(text.to_owned()));
    }
    if text.starts_with("arn:") {
        let missing = match known(snapshot, identity, text) {
            Known::Elsewhere(kind, real) => return Err(NoSuch::elsewhere(kind, text, real)),
            Known::Absent(kind) if !makes(action, kind) => {
                Some(format!("there is no {kind} `{text}` in the account"))
            }
            Known::Absent(_) | Known::Fine => None,
        };
        return Ok(Target { missing, ..Target::found(text.to_owned()) });
    }
    let Some((kind, name)) = text.split_once('/') else {
        return Err(NoSuch::new(format!("`{text}` is not a resource"), FORM));
    };
    let Snapshot { account, partition, .. } = snapshot;
    let found = existing(snapshot, identity, kind, name);
    // A new policy may have the name of one of AWS's own.
    let is_new = found.as_ref().map_or(true, |arn| is_aws_managed(arn));
    if !(is_new && makes(action, kind)) || name.is_empty() {
        return found.map(Target::found);
    }
    let arn = format!("arn:{partition}:iam::{account}:{kind}/{name}");
    let path = name.rsplit_once('/').map_or_else(|| "/".to_owned(), |(path, _)| format!("/{path}/"));
    let assumed = format!("there is no {kind} `{name}` yet: asked is about `{arn}`, with the path `{path}`");
    Ok(Target { assumed: Some(assumed), ..Target::found(arn) })
}

/// Finds the ARN of something in an account.
fn existing(snapshot: &Snapshot, identity: &Identity, kind: &str, name: &str) -> Result<String, NoSuch> {
    let Snapshot { account, partition, region, .. } = snapshot;
    let found = |arn: Option<&String>, known: NoSuch| arn.cloned().ok_or(known);
    match kind {
        "user" => found(
            identity.users.get(name).map(|user| &user.arn),
            NoSuch::unknown(kind, name, identity.users.keys()),
        ),
        "group" => found(
            identity.groups.get(name).map(|group| &group.arn),
            NoSuch::unknown(kind, name, identity.groups.keys()),
        ),
        "role" => found(
            identity.roles.get(name).map(|role| &role.arn),
            NoSuch::unknown(kind, name, identity.roles.keys()),
        ),
        "policy" => match identity.policies.get(name) {
            Some(policy) => Ok(policy.arn.clone()),
            None => catalogue::aws_managed_arn(name, partition)
                .ok_or_else(|| NoSuch::unknown(kind, name, identity.policies.keys())),
        },
        "topic" => Ok(format!("arn:{partition}:sns:{region}:{account}:{name}")),
        "function" => Ok(format!("arn:{partition}:lambda:{region}:{account}:function:{name}")),
        _ => Err(NoSuch::new(format!("`{kind}` is not a kind that can stand here"), FORM)),
    }
}

/// What people can write in place of a resource.
const FORM: &str = "write `group/Name`, `user/Name`, `role/Name`, `policy/Name`, `topic/Name`, `function/Name`, an ARN, or `*`";

/// Reads who acts when there is no account to find them in; nobody named is a user that exists nowhere.
pub(super) fn caller(text: Option<&str>, account: &str) -> Result<Caller, NoSuch> {
    let text = text.unwrap_or("example-user");
    if text.starts_with("arn:") {
        let mut parts = text.split(':').skip(1);
        let partition = parts.next().unwrap_or_default();
        let account = parts.nth(2).unwrap_or_default();
        // There is no account that it could be foreign to.
        let nowhere = Snapshot::empty(account, partition, "", Timestamp::UNIX_EPOCH);
        let holder = Holder::of_arn(&nowhere, text).map_err(|message| {
            NoSuch::new(message, "name a user, a role, a role's session or a root user")
        })?;
        let arn = match &holder {
            Holder::Role { name, .. } if text.contains(":assumed-role/") => {
                format!("arn:{partition}:iam::{account}:role/{name}")
            }
            _ => text.to_owned(),
        };
        return Ok(Caller { holder, arn, account: account.to_owned(), partition: partition.to_owned() });
    }
    let holder = match text.split_once('/').unwrap_or(("user", text)) {
        ("user", name) if !name.is_empty() => Holder::User(name.to_owned()),
        ("role", name) if !name.is_empty() => {
            Holder::Role { name: name.to_owned(), session: SESSION.to_owned() }
        }
        (kind, _) => {
            return Err(NoSuch::new(
                format!("`{kind}` is no kind of identity that acts"),
                "write `User3`, `user/User3`, `role/Name`, or an ARN",
            ));
        }
    };
    let kind = if matches!(holder, Holder::User(_)) { "user" } else { "role" };
    let name = text.split_once('/').map_or(text, |(_, name)| name);
    let arn = format!("arn:aws:iam::{account}:{kind}/{name}");
    Ok(Caller { holder, arn, account: account.to_owned(), partition: "aws".to_owned() })
}

/// Reads what is acted on when there is no account to find it in.
pub(super) fn made_up(caller: &Caller, region: &str, text: &str) -> Result<String, NoSuch> {
    if text == "*" || text.starts_with("arn:") {
        return Ok(text.to_owned());
    }
    let Caller { account, partition, .. } = caller;
    match text.split_once('/') {
        Some(("policy", name)) => {
            let own = || format!("arn:{partition}:iam::{account}:policy/{name}");
            Ok(catalogue::aws_managed_arn(name, partition).unwrap_or_else(own))
        }
        Some(("user" | "group" | "role", _)) => Ok(format!("arn:{partition}:iam::{account}:{text}")),
        Some(("topic", name)) => Ok(format!("arn:{partition}:sns:{region}:{account}:{name}")),
        Some(("function", name)) => Ok(format!("arn:{partition}:lambda:{region}:{account}:function:{name}")),
        _ => Err(NoSuch::new(format!("`{text}` is not a resource"), FORM)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::effective::identity;
    use crate::account::testing::lab;

    #[test]
    fn people_write_names_and_arns() {
        let snapshot = lab();
        let all = identity(&snapshot).unwrap();
        let who = |text: &str| holder(&snapshot, all, text);
        let user = Ok(Holder::User("User3".into()));
        for text in ["User3", "user/User3", "arn:aws:iam::123456789012:user/User3"] {
            assert_eq!(who(text), user, "{text}");
        }
        let path = who("arn:aws:iam::123456789012:user/path/User3").unwrap_err();
        assert!(path.help.contains("`arn:aws:iam::123456789012:user/User3`"), "{path:?}");
        assert_eq!(who("role/IAM-Auditor-role"), Ok(Holder::role("IAM-Auditor-role")));
        assert_eq!(who("arn:aws:iam::123456789012:root"), Ok(Holder::Root));
        let session = Holder::Role { name: "R".into(), session: "R".into() };
        assert_eq!(who("arn:aws:sts::123456789012:assumed-role/R/R"), Ok(session));
        assert!(who("arn:aws:sts::123456789012:assumed-role/R").is_err());
        assert!(who("Usr3").unwrap_err().help.contains("`User3`"));
        assert!(
            who("arn:aws:iam::999999999999:user/x")
                .unwrap_err()
                .message
                .contains("is not of account 123456789012")
        );
        assert!(who("group/IAM-Auditor-Group").is_err());
    }

    #[test]
    fn resources_have_the_paths_they_have_in_the_account() {
        let snapshot = lab();
        let arn = |text: &str| {
            resource(&snapshot, identity(&snapshot).unwrap(), "iam:GetUser", text).map(|target| target.arn)
        };
        assert_eq!(
            arn("group/IAM-Auditor-Group").unwrap(),
            "arn:aws:iam::123456789012:group/iamlab/iam-auditing/IAM-Auditor-Group"
        );
        assert_eq!(arn("policy/ReadOnlyAccess").unwrap(), "arn:aws:iam::aws:policy/ReadOnlyAccess");
        assert_eq!(arn("topic/t").unwrap(), "arn:aws:sns:us-east-1:123456789012:t");
        assert!(arn("group/Nobody").is_err() && arn("bucket/b").is_err() && arn("User3").is_err());
    }

    #[test]
    fn arns_are_held_against_those_of_the_account() {
        let snapshot = lab();
        let all = identity(&snapshot).unwrap();
        let ask = |action: &str, text: &str| resource(&snapshot, all, action, text);
        let real = "arn:aws:iam::123456789012:group/iamlab/iam-auditing/IAM-Auditor-Group";
        let wrong =
            ask("iam:AddUserToGroup", "arn:aws:iam::123456789012:group/iam-auditor-group").unwrap_err();
        assert_eq!(wrong.help, format!("did you mean `{real}`?"));
        assert_eq!(ask("iam:AddUserToGroup", real), Ok(Target::found(real.to_owned())));
        let gone = "arn:aws:iam::123456789012:user/Gone";
        assert!(ask("iam:GetUser", gone).unwrap().missing.unwrap().contains("there is no user"));
        for (action, fine) in [
            ("iam:CreateUser", gone),
            ("iam:GetUser", "arn:aws:iam::123456789012:user/G*"),
            ("iam:GetUser", "arn:aws:iam::999999999999:user/User3"),
            ("iam:GetPolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
            ("iam:GetMFADevice", "arn:aws:iam::123456789012:mfa/User3"),
        ] {
            assert_eq!(ask(action, fine), Ok(Target::found(fine.to_owned())), "{action}");
        }
    }

    #[test]
    fn what_is_to_be_made_is_not_there_yet() {
        let snapshot = lab();
        let all = identity(&snapshot).unwrap();
        let new = resource(&snapshot, all, "IAM:createuser", "user/User4").unwrap();
        assert_eq!(new.arn, "arn:aws:iam::123456789012:user/User4");
        assert!(new.assumed.unwrap().contains("path `/`"));
        for action in ["iam:CreateGroup", "iam:CreateLoginProfile", "iam:GetUser"] {
            assert!(resource(&snapshot, all, action, "user/User4").is_err(), "{action}");
        }
        let own = resource(&snapshot, all, "iam:CreatePolicy", "policy/team/ReadOnlyAccess").unwrap();
        assert_eq!(own.arn, "arn:aws:iam::123456789012:policy/team/ReadOnlyAccess");
        let own = resource(&snapshot, all, "iam:CreatePolicy", "policy/ReadOnlyAccess").unwrap();
        assert_eq!(own.arn, "arn:aws:iam::123456789012:policy/ReadOnlyAccess");
        let there = resource(&snapshot, all, "iam:CreateUser", "user/User3").unwrap();
        assert_eq!(there.assumed, None);
    }
}
