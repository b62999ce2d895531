//! The `userIdentity` of a record: who called, with which credentials.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Finished, seconds};
use crate::sandbox::services::iam::{Identity, KeyOwner};

/// Who made a call.
#[derive(Debug, Clone)]
pub struct Caller<'a> {
    /// The identity whose key signed the request, or nothing when an AWS service called for itself.
    pub identity: Option<&'a Identity>,
    /// The id of that key.
    pub key: &'a str,
    /// What is known of the session, for temporary credentials.
    pub session: Option<Session<'a>>,
    /// The account's alias, which records show as the root user's name.
    pub alias: Option<&'a str>,
    /// The AWS service that made the request, for itself or for the identity: `lambda.amazonaws.com`.
    pub invoked_by: Option<&'a str>,
}

/// The session of temporary credentials.
#[derive(Debug, Clone)]
pub struct Session<'a> {
    /// When the credentials were issued.
    pub issued: Timestamp,
    /// Whether they were got with an MFA code.
    pub mfa: bool,
    /// Whether they come from a sign-in to the console.
    pub from_console: bool,
    /// The ARN of the role, for a session of one; without it the role is taken to be at the path `/`.
    pub role: Option<&'a str>,
}

impl<'a> Caller<'a> {
    /// Makes the caller that signs with the key `key` of `owner`.
    pub fn of(owner: &'a KeyOwner, key: &'a str) -> Self {
        let (mfa, from_console) = (owner.mfa, owner.console);
        let session = owner.issued.map(|issued| Session { issued, mfa, from_console, role: None });
        Self { identity: Some(&owner.identity), key, session, alias: None, invoked_by: None }
    }

    /// Makes the caller that is an AWS service, such as Lambda when it assumes a function's role.
    pub const fn service(name: &'a str) -> Self {
        Self { identity: None, key: "", session: None, alias: None, invoked_by: Some(name) }
    }
}

/// Writes the `userIdentity` that `recipient` sees: another account learns whose principal it was, not its name.
pub(super) fn identity(finished: &Finished<'_>, recipient: &str) -> Value {
    let (account, caller) = (finished.account, &finished.caller);
    let Some(identity) = caller.identity else {
        return json!({"type": "AWSService", "invokedBy": caller.invoked_by});
    };
    if recipient != account {
        return json!({
            "type": "AWSAccount",
            "principalId": identity.user_id(account),
            "accountId": account,
        });
    }
    let mut shown = Map::new();
    let mut put = |key: &str, value: Value| drop(shown.insert(key.to_owned(), value));
    put("type", json!(kind(identity)));
    put("principalId", json!(identity.user_id(account)));
    put("arn", json!(identity.arn(finished.partition, account)));
    put("accountId", json!(account));
    put("accessKeyId", json!(caller.key));
    match identity {
        Identity::Root => {
            if let Some(alias) = caller.alias {
                put("userName", json!(alias));
            }
        }
        Identity::User { name, .. } => put("userName", json!(name)),
        Identity::Role { .. } => {}
    }
    if let Some(session) = &caller.session {
        put("sessionContext", context(finished, identity, session));
    }
    if let Some(service) = caller.invoked_by {
        put("invokedBy", json!(service));
    }
    Value::Object(shown)
}

/// Returns the name that the event is looked up by: the user's, the session's, `root`.
pub(super) fn user_name(record: &Value) -> Option<String> {
    let identity = record.get("userIdentity")?;
    let text = |key: &str| identity.get(key).and_then(Value::as_str);
    match text("type")? {
        "Root" => Some("root".to_owned()),
        "AssumedRole" => {
            text("principalId").and_then(|id| id.split_once(':')).map(|(_, name)| name.to_owned())
        }
        "AWSAccount" | "AWSService" => None,
        _ => text("userName").map(str::to_owned),
    }
}

/// Returns the `type` of an identity.
const fn kind(identity: &Identity) -> &'static str {
    match identity {
        Identity::Root => "Root",
        Identity::User { .. } => "IAMUser",
        Identity::Role { .. } => "AssumedRole",
    }
}

/// Writes the `sessionContext`.
fn context(finished: &Finished<'_>, identity: &Identity, session: &Session<'_>) -> Value {
    let attributes = json!({
        "creationDate": seconds(session.issued),
        "mfaAuthenticated": session.mfa.to_string(),
    });
    let Identity::Role { name, id, .. } = identity else {
        return json!({"attributes": attributes});
    };
    let (partition, account) = (finished.partition, finished.account);
    let usual = || format!("arn:{partition}:iam::{account}:role/{name}");
    json!({
        "sessionIssuer": {
            "type": "Role",
            "principalId": id,
            "arn": session.role.map_or_else(usual, str::to_owned),
            "accountId": account,
            "userName": name,
        },
        "attributes": attributes,
    })
}
