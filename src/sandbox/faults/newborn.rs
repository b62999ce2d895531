//! What is new in the account, and what AWS answers while it does not know it everywhere yet.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>

use std::collections::BTreeMap;

use awsim_core::AwsError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Call;
use super::rule::Subject;

/// When things came to be, by what they are: `role/name`, `key/AKIA…`, `user/name has arn`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Newborns(BTreeMap<String, Timestamp>);

/// What policies are attached to, and users are added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder<'a> {
    /// The user of this name.
    User(&'a str),
    /// The group of this name.
    Group(&'a str),
    /// The role of this name.
    Role(&'a str),
}

impl Holder<'_> {
    /// Writes what is known of the holder and something it has.
    fn having(self, what: &str) -> String {
        let (kind, name) = match self {
            Self::User(name) => ("user", name),
            Self::Group(name) => ("group", name),
            Self::Role(name) => ("role", name),
        };
        format!("{} has {}", entity(kind, name), what.to_lowercase())
    }
}

/// The parameters that name an entity.
const NAMES: [(&str, &str); 4] =
    [("UserName", "user"), ("GroupName", "group"), ("RoleName", "role"), ("PolicyArn", "policy")];

impl Newborns {
    /// Notes what a successful call made and forgets what is older than `longest` seconds. Returns whether it made
    /// something.
    pub(super) fn note(&mut self, call: &Call<'_>, output: &Value, longest: i64) -> bool {
        let made = made(call, output);
        if made.is_empty() {
            return false;
        }
        self.0.retain(|_, born| call.now.as_second().saturating_sub(born.as_second()) < longest);
        self.0.extend(made.into_iter().map(|what| (what, call.now)));
        true
    }

    /// Returns what AWS answers to a call about something that it does not know yet.
    pub(super) fn not_yet(&self, call: &Call<'_>, subject: Subject, seconds: i64) -> Option<AwsError> {
        let is_new = |what: &str| self.is_new(what, call.now, seconds);
        let text = |name: &str| call.input.get(name).and_then(Value::as_str);
        match subject {
            Subject::Keys => is_new(&format!("key/{}", call.key.to_lowercase())).then(|| {
                let message = "The security token included in the request is invalid.";
                AwsError::forbidden("InvalidClientTokenId", message)
            }),
            Subject::Entities => {
                // To make it again, AWS answers that it exists.
                if call.service != "iam" || call.operation.starts_with("Create") && made_kind(call).is_some()
                {
                    return None;
                }
                let mut named = NAMES.iter().filter_map(|(name, kind)| Some((*kind, text(name)?)));
                let (kind, name) = named.find(|(kind, name)| is_new(&entity(kind, name)))?;
                let message = match kind {
                    "policy" => format!("Policy {name} was not found."),
                    _ => format!("The {kind} with name {name} cannot be found."),
                };
                Some(AwsError::not_found("NoSuchEntity", message))
            }
            Subject::Roles => match (call.service, call.operation) {
                ("sts", "AssumeRole") => {
                    text("RoleArn").filter(|arn| is_new(&entity("role", arn))).map(|arn| {
                        let caller = call.caller;
                        let message = format!(
                            "User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}"
                        );
                        AwsError::forbidden("AccessDenied", message)
                    })
                }
                ("lambda", _) => text("Role").filter(|arn| is_new(&entity("role", arn))).map(|_| {
                    let message = "The role defined for the function cannot be assumed by Lambda.";
                    AwsError::bad_request("InvalidParameterValueException", message)
                }),
                ("iam", "CreateRole" | "UpdateAssumeRolePolicy") => {
                    let trust = text("AssumeRolePolicyDocument").or_else(|| text("PolicyDocument"))?;
                    let unknown = principals(trust).into_iter().find(|arn| is_new(&entity("role", arn)))?;
                    let message = format!("Invalid principal in policy: \"AWS\":\"{unknown}\"");
                    Some(AwsError::bad_request("MalformedPolicyDocument", message))
                }
                _ => None,
            },
            Subject::Policies => None,
        }
    }

    /// Tells whether the holder has had something for less than `seconds`.
    pub(super) fn is_attached_since(
        &self,
        holder: Holder<'_>,
        what: &str,
        now: Timestamp,
        seconds: i64,
    ) -> bool {
        self.is_new(&holder.having(what), now, seconds)
    }

    /// Tells whether something is younger than `seconds`.
    fn is_new(&self, what: &str, now: Timestamp, seconds: i64) -> bool {
        self.0.get(what).is_some_and(|born| now.as_second().saturating_sub(born.as_second()) < seconds)
    }
}

/// Writes what stands for an entity: by its name, which is the last part of its ARN, in any case.
fn entity(kind: &str, name: &str) -> String {
    let name = if kind == "policy" { name } else { name.rsplit('/').next().unwrap_or(name) };
    format!("{kind}/{}", name.to_lowercase())
}

/// Returns the kind of entity that an operation creates.
fn made_kind(call: &Call<'_>) -> Option<&'static str> {
    match call.operation {
        "CreateUser" => Some("user"),
        "CreateGroup" => Some("group"),
        "CreateRole" => Some("role"),
        "CreatePolicy" => Some("policy"),
        _ => None,
    }
}

/// Returns what a successful call made.
fn made(call: &Call<'_>, output: &Value) -> Vec<String> {
    if call.service != "iam" {
        return Vec::new();
    }
    let text = |name: &str| call.input.get(name).and_then(Value::as_str);
    if let Some(kind) = made_kind(call) {
        let name = match kind {
            "policy" => output.pointer("/Policy/Arn").and_then(Value::as_str),
            "user" => text("UserName"),
            "group" => text("GroupName"),
            _ => text("RoleName"),
        };
        return name.map(|name| entity(kind, name)).into_iter().collect();
    }
    if call.operation == "CreateAccessKey" {
        let id = output.pointer("/AccessKey/AccessKeyId").and_then(Value::as_str);
        return id.map(|id| format!("key/{}", id.to_lowercase())).into_iter().collect();
    }
    let holder = || {
        let group = text("GroupName").map(Holder::Group);
        text("UserName").map(Holder::User).or_else(|| text("RoleName").map(Holder::Role)).or(group)
    };
    let what = match call.operation {
        "AddUserToGroup" => text("GroupName"),
        "AttachUserPolicy" | "AttachGroupPolicy" | "AttachRolePolicy" => text("PolicyArn"),
        "PutUserPolicy" | "PutGroupPolicy" | "PutRolePolicy" => text("PolicyName"),
        _ => None,
    };
    what.and_then(|what| Some(holder()?.having(what))).into_iter().collect()
}

/// Returns the ARNs of roles that a trust policy names.
fn principals(trust: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(trust).unwrap_or_default();
    let mut found = Vec::new();
    collect(&document, &mut found);
    found
}

/// Collects the texts in a document that are ARNs of roles.
fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains(":role/") => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, found)),
        _ => {}
    }
}
