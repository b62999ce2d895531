//! People's names for identities and resources of an account: `User3`, `group/Admins`, or an ARN.

use jiff::Timestamp;

use crate::account::effective::{Holder, SESSION};
use crate::account::given::Caller;
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
}

/// Reads who acts: `User3`, `user/User3`, `role/Name`, or the ARN of a user, a role, a role's session or the root.
/// Whether an ARN's identity exists is not asked.
pub(super) fn holder(snapshot: &Snapshot, identity: &Identity, text: &str) -> Result<Holder, NoSuch> {
    if text.starts_with("arn:") {
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

/// Reads what is acted on: `kind/Name`, an ARN, or `*`. Returns the ARN, or `*`.
pub(super) fn resource(snapshot: &Snapshot, identity: &Identity, text: &str) -> Result<String, NoSuch> {
    if text == "*" || text.starts_with("arn:") {
        return Ok(text.to_owned());
    }
    let Some((kind, name)) = text.split_once('/') else {
        return Err(NoSuch::new(format!("`{text}` is not a resource"), FORM));
    };
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
        for text in ["User3", "user/User3", "arn:aws:iam::123456789012:user/path/User3"] {
            assert_eq!(who(text), user, "{text}");
        }
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
        let arn = |text: &str| resource(&snapshot, identity(&snapshot).unwrap(), text);
        assert_eq!(
            arn("group/IAM-Auditor-Group").unwrap(),
            "arn:aws:iam::123456789012:group/iamlab/iam-auditing/IAM-Auditor-Group"
        );
        assert_eq!(arn("policy/ReadOnlyAccess").unwrap(), "arn:aws:iam::aws:policy/ReadOnlyAccess");
        assert_eq!(arn("topic/t").unwrap(), "arn:aws:sns:us-east-1:123456789012:t");
        assert!(arn("group/Nobody").is_err() && arn("bucket/b").is_err() && arn("User3").is_err());
    }
}
