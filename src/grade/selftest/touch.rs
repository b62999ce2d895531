//! Changes that no scenario can say: made in the account by calls, as a student would come to them at the console.

use serde_json::{Value, json};

use super::action::told;
use super::lab::Lab;
use super::{Mutation, Trial};
use crate::provision::Address;
use crate::sandbox::class::{Hand, Key};

/// One change.
#[derive(Debug, Clone)]
pub(super) enum Touch {
    /// A user's MFA device is there, and nobody's.
    DeviceOfNobody(String),
    /// A user's access keys are inactive.
    KeysInactive(String),
    /// Nothing of EventBridge may invoke a function, or only this rule.
    Permission { function: String, rule: Option<String> },
    /// A rule has no target, or this one.
    Target { rule: String, target: Option<String> },
}

/// Lists the mutations that are made by calls.
pub(super) fn mutations(lab: &Lab) -> Vec<Mutation> {
    let mut found = Vec::new();
    for (address, spec) in lab.all() {
        let name = address.name.clone();
        let mut add = |property: &str, change: &str, touch: Touch| {
            found.push(Mutation::new(&address, property, change, Trial::of_touch(touch)));
        };
        match address.kind {
            "user" => {
                if spec.get("mfa").is_some() {
                    add("mfa", "made and not assigned", Touch::DeviceOfNobody(name.clone()));
                }
                if spec.get("access_keys").is_some() {
                    add("access_keys", "inactive", Touch::KeysInactive(name));
                }
            }
            "schedule" => {
                let function = spec.get("function").and_then(Value::as_str).unwrap_or_default().to_owned();
                let mut permission = |change: &str, rule| {
                    add("permission", change, Touch::Permission { function: function.clone(), rule });
                };
                permission("removed", None);
                permission("for another rule", Some("another-rule".to_owned()));
                let other = lab.arn(&Address::new("function", "another-function"));
                add("target", "removed", Touch::Target { rule: name.clone(), target: None });
                add("target", "another function", Touch::Target { rule: name, target: Some(other) });
            }
            _ => {}
        }
    }
    found
}

impl Touch {
    /// Makes the change.
    pub(super) async fn apply(&self, hand: &mut Hand<'_>, lab: &Lab) -> Result<(), String> {
        let admin = hand.administrator();
        let mut calls = Calls { hand, admin };
        match self {
            Self::DeviceOfNobody(user) => {
                let serial = calls.hand.iam_arn(&format!("mfa/{user}"));
                let input = json!({"UserName": user, "SerialNumber": serial});
                calls.make("iam", "DeactivateMFADevice", input).await.map(drop)
            }
            Self::KeysInactive(user) => {
                let listed = calls.make("iam", "ListAccessKeys", json!({"UserName": user})).await?;
                for key in list(&listed, "/AccessKeyMetadata/member") {
                    let id = key.get("AccessKeyId");
                    let input = json!({"UserName": user, "AccessKeyId": id, "Status": "Inactive"});
                    calls.make("iam", "UpdateAccessKey", input).await?;
                }
                Ok(())
            }
            Self::Permission { function, rule } => {
                let told = calls.make("lambda", "GetPolicy", json!({"FunctionName": function})).await?;
                let policy = told.get("Policy").and_then(Value::as_str).unwrap_or_default();
                let policy: Value = serde_json::from_str(policy).map_err(|error| error.to_string())?;
                for statement in list(&policy, "/Statement") {
                    let input = json!({"FunctionName": function, "StatementId": statement.get("Sid")});
                    calls.make("lambda", "RemovePermission", input).await?;
                }
                let Some(rule) = rule else { return Ok(()) };
                let input = json!({
                    "FunctionName": function,
                    "StatementId": "of-another-rule",
                    "Action": "lambda:InvokeFunction",
                    "Principal": "events.amazonaws.com",
                    "SourceArn": lab.arn(&Address::new("schedule", rule)),
                });
                calls.make("lambda", "AddPermission", input).await.map(drop)
            }
            Self::Target { rule, target } => {
                let listed = calls.make("events", "ListTargetsByRule", json!({"Rule": rule})).await?;
                let ids: Vec<Value> =
                    list(&listed, "/Targets").iter().filter_map(|one| one.get("Id").cloned()).collect();
                calls.make("events", "RemoveTargets", json!({"Rule": rule, "Ids": ids})).await?;
                let Some(target) = target else { return Ok(()) };
                let input = json!({"Rule": rule, "Targets": [{"Id": "another", "Arn": target}]});
                calls.make("events", "PutTargets", input).await.map(drop)
            }
        }
    }
}

/// The administrator's calls.
struct Calls<'a, 'b> {
    hand: &'a mut Hand<'b>,
    admin: Key,
}

impl Calls<'_, '_> {
    async fn make(
        &mut self,
        service: &'static str,
        operation: &'static str,
        input: Value,
    ) -> Result<Value, String> {
        self.hand.attempt(&self.admin, service, operation, input).await.map_err(|error| told(&error))
    }
}

/// Returns the list that stands at a place of an answer.
fn list(answer: &Value, pointer: &str) -> Vec<Value> {
    answer.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default()
}
