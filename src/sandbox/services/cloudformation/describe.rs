//! The shapes of the API: stacks, resources, events, change sets.

use awsim_core::AwsError;
use base64::Engine as _;
use serde_json::{Map, Value, json};

use super::Invalid;
use super::operations::Request;
use super::parameters::Parameters;
use super::state::{ChangeSet, Deployed, Event, Stack, Tags, instant};

/// Events, resources, stacks and change sets come in pages of this many.
const PAGE: usize = 100;

/// A list as the query protocol wraps it.
pub(super) fn list(items: impl IntoIterator<Item = Value>) -> Value {
    json!({ "member": items.into_iter().collect::<Vec<_>>() })
}

fn texts(items: &[String]) -> Value {
    list(items.iter().map(|item| item.as_str().into()))
}

/// Takes away what is not set: an empty element is not the same as none.
fn trimmed(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            Value::Object(members.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
        }
        other => other,
    }
}

fn tags(tags: &Tags) -> Value {
    list(tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})))
}

fn parameters(parameters: &Parameters) -> Value {
    list(parameters.iter().map(|(key, value)| json!({"ParameterKey": key, "ParameterValue": value.shown()})))
}

fn stack(stack: &Stack) -> Value {
    let outputs = stack.outputs.iter().map(|output| {
        trimmed(json!({
            "OutputKey": output.key,
            "OutputValue": output.value,
            "Description": output.description,
            "ExportName": output.export,
        }))
    });
    trimmed(json!({
        "StackId": stack.id,
        "StackName": stack.name,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "Description": stack.description,
        "Parameters": parameters(&stack.parameters),
        "CreationTime": instant(stack.created),
        "LastUpdatedTime": stack.updated.map(instant),
        "DeletionTime": stack.deleted.map(instant),
        "ChangeSetId": stack.change_set,
        "DisableRollback": stack.disable_rollback,
        "NotificationARNs": texts(&stack.notification_arns),
        "Capabilities": texts(&stack.capabilities),
        "Outputs": list(outputs),
        "RoleARN": stack.role_arn,
        "Tags": tags(&stack.tags),
        "RollbackConfiguration": {},
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        "EnableTerminationProtection": (!stack.is_deleted()).then_some(stack.termination_protection),
    }))
}

fn resource(stack: &Stack, id: &str, made: &Deployed) -> Value {
    trimmed(json!({
        "StackId": stack.id,
        "StackName": stack.name,
        "LogicalResourceId": id,
        "PhysicalResourceId": made.physical.id,
        "ResourceType": made.kind,
        "Timestamp": instant(made.at),
        "ResourceStatus": made.status,
        "ResourceStatusReason": made.reason,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }))
}

fn event(stack: &Stack, event: &Event) -> Value {
    trimmed(json!({
        "StackId": stack.id,
        "StackName": stack.name,
        "EventId": event.id,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.kind,
        "Timestamp": instant(event.at),
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason,
        "ResourceProperties": event.properties,
        "ClientRequestToken": event.token,
    }))
}

fn change_set_summary(stack: &Stack, set: &ChangeSet) -> Value {
    trimmed(json!({
        "StackId": stack.id,
        "StackName": stack.name,
        "ChangeSetId": set.id,
        "ChangeSetName": set.name,
        "Status": set.status,
        "StatusReason": set.reason,
        "ExecutionStatus": set.execution_status,
        "CreationTime": instant(set.created),
        "Description": set.description,
        "IncludeNestedStacks": false,
    }))
}

/// A change set in full.
pub(super) fn change_set(stack: &Stack, set: &ChangeSet) -> Value {
    let mut shown = change_set_summary(stack, set);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("Changes".to_owned(), list(set.changes.clone()));
        shown.insert("Parameters".to_owned(), parameters(&set.parameters));
        shown.insert("Capabilities".to_owned(), texts(&set.capabilities));
        shown.insert("NotificationARNs".to_owned(), texts(&set.notification_arns));
        shown.insert("RollbackConfiguration".to_owned(), json!({}));
        if !set.tags.is_empty() {
            shown.insert("Tags".to_owned(), tags(&set.tags));
        }
        if let Some(on_failure) = &set.on_failure {
            shown.insert("OnStackFailure".to_owned(), on_failure.as_str().into());
        }
    }
    shown
}

impl Request<'_> {
    /// One page of a list, under the name the operation has for it.
    pub(super) fn page(&self, name: &str, items: Vec<Value>) -> Result<Value, AwsError> {
        let engine = base64::engine::general_purpose::STANDARD;
        let start = match self.text("NextToken") {
            None => 0,
            Some(token) => engine
                .decode(token)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok())
                .ok_or_else(|| Invalid::new("Invalid NextToken"))?,
        };
        let more = items.len() > start + PAGE;
        let mut answer = Map::new();
        answer.insert(name.to_owned(), list(items.into_iter().skip(start).take(PAGE)));
        if more {
            answer.insert("NextToken".to_owned(), engine.encode((start + PAGE).to_string()).into());
        }
        Ok(Value::Object(answer))
    }

    /// `DescribeStacks`.
    pub(super) fn describe_stacks(&self) -> Result<Value, AwsError> {
        if self.text("StackName").is_some() {
            let found = self.stack(|name| format!("Stack with id {name} does not exist"))?;
            return Ok(json!({"Stacks": list([stack(&found)])}));
        }
        let state = self.core.state();
        let here =
            state.stacks.iter().rev().filter(|stack| stack.region == self.ctx.region && !stack.is_deleted());
        let stacks = here.map(stack).collect();
        drop(state);
        self.page("Stacks", stacks)
    }

    /// `ListStacks`.
    pub(super) fn list_stacks(&self) -> Result<Value, AwsError> {
        let filter = self.texts("StackStatusFilter");
        let state = self.core.state();
        let stacks = state
            .stacks
            .iter()
            .rev()
            .filter(|stack| stack.region == self.ctx.region)
            .filter(|stack| filter.is_empty() || filter.contains(&stack.status))
            .map(|stack| {
                trimmed(json!({
                    "StackId": stack.id,
                    "StackName": stack.name,
                    "TemplateDescription": stack.description,
                    "CreationTime": instant(stack.created),
                    "LastUpdatedTime": stack.updated.map(instant),
                    "DeletionTime": stack.deleted.map(instant),
                    "StackStatus": stack.status,
                    "StackStatusReason": stack.reason,
                    "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
                }))
            })
            .collect();
        drop(state);
        self.page("StackSummaries", stacks)
    }

    /// `DescribeStackEvents`, newest first.
    pub(super) fn describe_stack_events(&self) -> Result<Value, AwsError> {
        let found = self.stack(|name| format!("Stack [{name}] does not exist"))?;
        self.page("StackEvents", found.events.iter().rev().map(|one| event(&found, one)).collect())
    }

    /// `DescribeStackResources`, by stack or by the physical id of one of its resources.
    pub(super) fn describe_stack_resources(&self) -> Result<Value, AwsError> {
        let physical = self.text("PhysicalResourceId");
        let found = match physical {
            Some(physical) if self.text("StackName").is_none() => {
                let state = self.core.state();
                let owns = |stack: &&Stack| {
                    stack.region == self.ctx.region
                        && stack.resources.values().any(|made| made.is_live() && made.physical.id == physical)
                };
                state
                    .stacks
                    .iter()
                    .rev()
                    .find(owns)
                    .cloned()
                    .ok_or_else(|| Invalid::new(format!("Stack for {physical} does not exist")))?
            }
            _ => self.stack(|name| format!("Stack with id {name} does not exist"))?,
        };
        let logical = self.text("LogicalResourceId");
        let wanted = found.resources.iter().filter(|(id, _)| logical.is_none_or(|logical| logical == *id));
        Ok(json!({"StackResources": list(wanted.map(|(id, made)| resource(&found, id, made)))}))
    }

    /// `ListStackResources`.
    pub(super) fn list_stack_resources(&self) -> Result<Value, AwsError> {
        let found = self.stack(|name| format!("Stack with id {name} does not exist"))?;
        let summaries = found.resources.iter().map(|(id, made)| {
            trimmed(json!({
                "LogicalResourceId": id,
                "PhysicalResourceId": made.physical.id,
                "ResourceType": made.kind,
                "LastUpdatedTimestamp": instant(made.at),
                "ResourceStatus": made.status,
                "ResourceStatusReason": made.reason,
                "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
            }))
        });
        self.page("StackResourceSummaries", summaries.collect())
    }

    /// `GetTemplate`, of a stack or of a change set.
    pub(super) fn get_template(&self) -> Result<Value, AwsError> {
        let body = match self.text("ChangeSetName") {
            Some(name) => {
                if self.text("StackName").is_none() && !name.starts_with("arn:") {
                    return Err(Invalid::new("StackName is a required parameter.").into());
                }
                self.change_set()?.1.body
            }
            None => self.stack(|name| format!("Stack with id {name} does not exist"))?.body,
        };
        Ok(json!({"TemplateBody": body, "StagesAvailable": list(["Original".into(), "Processed".into()])}))
    }

    /// `ListChangeSets`.
    pub(super) fn list_change_sets(&self) -> Result<Value, AwsError> {
        let found = self.stack(|name| format!("Stack [{name}] does not exist"))?;
        self.page("Summaries", found.change_sets.iter().map(|set| change_set_summary(&found, set)).collect())
    }
}
