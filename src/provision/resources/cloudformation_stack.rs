//! CloudFormation stacks from a template file.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_cloudformation::types::{self as cfn, ChangeSetStatus, ChangeSetType, StackEvent};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Child, Done, Export, Found, OURS, Resource, gone, looked_up, marked};
use crate::account::snapshot::{Facet, Snapshot};
use crate::aws::collect::Scope;
use crate::aws::error::{ApiError, ErrorClass};
use crate::provision::ownership::{Ownership, mark};
use crate::provision::plan::Picture;
use crate::provision::{Address, Session, arn};
use crate::scenario::Resolved;

/// A CloudFormation stack.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The template file, YAML or JSON, relative to the scenario file.
    pub template: String,
    /// Values of the template's parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// What the template may do, e.g. `CAPABILITY_NAMED_IAM`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Capability>,
}

/// What a template must be allowed explicitly, with CloudFormation's own names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Capability {
    /// IAM resources with generated names.
    CapabilityIam,
    /// IAM resources with names of their own.
    CapabilityNamedIam,
    /// Macros.
    CapabilityAutoExpand,
}

/// The kind.
#[derive(Debug)]
pub(crate) struct Kind;

/// A stack as the account shows it.
#[derive(Debug, Serialize)]
pub(crate) struct State {
    template: String,
    /// Only those the scenario sets; `NoEcho` ones, which nobody can read, count as equal.
    parameters: BTreeMap<String, String>,
    status: Progress,
    #[serde(skip)]
    capabilities: Vec<Capability>,
    #[serde(skip)]
    id: String,
}

/// Where a stack stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Progress {
    /// It is what its template says.
    Complete,
    /// CloudFormation is at work.
    Working,
    /// It failed and can only be deleted.
    Failed,
    /// It is gone.
    Deleted,
}

impl Progress {
    /// Source: the stack status codes
    /// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html>).
    fn of(status: &str) -> Self {
        match status {
            "DELETE_COMPLETE" => Self::Deleted,
            "CREATE_COMPLETE"
            | "UPDATE_COMPLETE"
            | "UPDATE_ROLLBACK_COMPLETE"
            | "IMPORT_COMPLETE"
            | "IMPORT_ROLLBACK_COMPLETE" => Self::Complete,
            status if status.ends_with("_IN_PROGRESS") => Self::Working,
            _ => Self::Failed,
        }
    }
}

impl Resource for Kind {
    const KIND: &'static str = "stack";
    type Spec = Spec;
    type State = State;

    fn scope(name: &str, _spec: Option<&Spec>, scope: &mut Scope) {
        scope.stacks.insert(name.into());
    }

    fn desired(_name: &str, spec: &Spec, scenario: &Resolved) -> Result<State, String> {
        let template =
            scenario.template(&spec.template).ok_or_else(|| format!("`{}` was not read", spec.template))?;
        Ok(State {
            template: template.trim().into(),
            parameters: spec.parameters.clone(),
            status: Progress::Complete,
            capabilities: spec.capabilities.clone(),
            id: String::new(),
        })
    }

    fn observed(picture: Picture<'_>, name: &str, desired: Option<&State>) -> Facet<Option<Found<State>>> {
        let stack = match looked_up(&picture.snapshot.stacks, name) {
            Facet::Read(stack) => stack,
            Facet::NotRead(reason) => return Facet::NotRead(reason),
        };
        Facet::Read(stack.map(|stack| {
            let mut parameters = stack.parameters.clone();
            if let Some(desired) = desired {
                parameters.retain(|key, _| desired.parameters.contains_key(key));
                for (key, value) in &mut parameters {
                    if value == "****" {
                        value.clone_from(desired.parameters.get(key).unwrap_or(&String::new()));
                    }
                }
            }
            Found {
                ownership: Ownership::of_tags(&stack.tags, &picture.scenario.place.scenario),
                state: State {
                    template: stack.template.trim().into(),
                    parameters,
                    status: Progress::of(&stack.status),
                    capabilities: Vec::new(),
                    id: stack.arn.clone(),
                },
            }
        }))
    }

    fn owned(picture: Picture<'_>) -> Vec<String> {
        marked(&picture.snapshot.stacks, |stack| &stack.tags, picture)
    }

    fn spec(_name: &str, _state: &State, _export: &Export<'_>) -> Result<Spec, String> {
        Err("a scenario names a template's file, which the account does not keep".into())
    }

    fn children(_state: &State) -> Vec<Child> {
        vec![Child { what: "resources".into(), origin: OURS }]
    }

    async fn create(session: &Session, name: &str, to: &State) -> Done {
        let (aws, cloudformation, address) =
            (&session.aws, &session.aws.cloudformation, format!("stack.{name}"));
        aws.call("cloudformation:CreateStack", &address, || {
            cloudformation
                .create_stack()
                .stack_name(name)
                .template_body(&to.template)
                .set_parameters(Some(parameters(to)))
                .set_capabilities(Some(capabilities(to)))
                .set_tags(Some(tags(session)))
                .send()
        })
        .await?;
        wait(session, name, name, "cloudformation:CreateStack").await
    }

    async fn update(session: &Session, name: &str, from: &State, to: &State) -> Done {
        match from.status {
            Progress::Working => wait(session, name, name, "cloudformation:DescribeStacks").await?,
            Progress::Failed => {
                Self::delete(session, name, from).await?;
                return Self::create(session, name, to).await;
            }
            Progress::Complete | Progress::Deleted => {}
        }
        if (&from.template, &from.parameters) == (&to.template, &to.parameters) {
            return Ok(());
        }
        update_through_change_set(session, name, to).await
    }

    async fn delete(session: &Session, name: &str, from: &State) -> Done {
        session
            .aws
            .call("cloudformation:DeleteStack", &format!("stack.{name}"), || {
                session.aws.cloudformation.delete_stack().stack_name(name).send()
            })
            .await?;
        // A deleted stack is known by its id only.
        gone(wait(session, name, &from.id, "cloudformation:DeleteStack").await)
    }

    async fn adopt(session: &Session, name: &str, _from: &State) -> Done {
        // An update with the template it has, and our tag.
        session
            .aws
            .call("cloudformation:UpdateStack", &format!("stack.{name}"), || {
                session
                    .aws
                    .cloudformation
                    .update_stack()
                    .stack_name(name)
                    .use_previous_template(true)
                    .capabilities(cfn::Capability::CapabilityNamedIam)
                    .set_tags(Some(tags(session)))
                    .send()
            })
            .await?;
        wait(session, name, name, "cloudformation:UpdateStack").await
    }
}

/// CloudFormation's types of what a scenario could also declare.
const TYPES: &[(&str, &str)] = &[
    ("AWS::IAM::ManagedPolicy", "policy"),
    ("AWS::IAM::User", "user"),
    ("AWS::IAM::Group", "group"),
    ("AWS::IAM::Role", "role"),
    ("AWS::Lambda::Function", "function"),
    ("AWS::SNS::Topic", "topic"),
    ("AWS::Events::Rule", "schedule"),
    ("AWS::AccessAnalyzer::Analyzer", "analyzer"),
    ("AWS::CloudFormation::Stack", "stack"),
];

/// Returns the names of the resources of a kind that stacks of the snapshot have made.
pub(crate) fn made_by_stacks(snapshot: &Snapshot, kind: &str) -> BTreeSet<String> {
    let stacks = snapshot.stacks.values().filter_map(|facet| facet.read()?.as_ref());
    stacks
        .flat_map(|stack| &stack.resources)
        .filter(|(made, _)| TYPES.iter().any(|(known, of_kind)| known == made && *of_kind == kind))
        .map(|(_, id)| match kind {
            // `arn:…:stack/NAME/ID`
            "stack" => id.split('/').nth(1).unwrap_or(id).to_owned(),
            // A rule on another bus is `bus|name`; the rest are names or end in one.
            _ => arn::bare_name(id.rsplit('|').next().unwrap_or(id)).to_owned(),
        })
        .collect()
}

async fn update_through_change_set(session: &Session, name: &str, to: &State) -> Done {
    let (aws, cloudformation, address) = (&session.aws, &session.aws.cloudformation, format!("stack.{name}"));
    let set = format!("iamlab-{}", aws.clock.now().as_millisecond());
    aws.call("cloudformation:CreateChangeSet", &address, || {
        cloudformation
            .create_change_set()
            .stack_name(name)
            .change_set_name(&set)
            .change_set_type(ChangeSetType::Update)
            .template_body(&to.template)
            .set_parameters(Some(parameters(to)))
            .set_capabilities(Some(capabilities(to)))
            .set_tags(Some(tags(session)))
            .send()
    })
    .await?;
    for attempt in 0_u32.. {
        let answer = aws
            .call("cloudformation:DescribeChangeSet", &address, || {
                cloudformation.describe_change_set().stack_name(name).change_set_name(&set).send()
            })
            .await?;
        match answer.status() {
            Some(ChangeSetStatus::CreateComplete) => break,
            Some(ChangeSetStatus::Failed) => {
                let reason = answer.status_reason().unwrap_or("no reason given").to_owned();
                gone(
                    aws.call("cloudformation:DeleteChangeSet", &address, || {
                        cloudformation.delete_change_set().stack_name(name).change_set_name(&set).send()
                    })
                    .await,
                )?;
                let nothing_to_do =
                    reason.contains("didn't contain changes") || reason.contains("No updates");
                return if nothing_to_do {
                    Ok(())
                } else {
                    Err(failed("cloudformation:CreateChangeSet", &address, reason))
                };
            }
            _ => aws.clock.sleep(Duration::from_millis(500) * attempt.clamp(1, 10)).await,
        }
    }
    aws.call("cloudformation:ExecuteChangeSet", &address, || {
        cloudformation.execute_change_set().stack_name(name).change_set_name(&set).send()
    })
    .await?;
    wait(session, name, name, "cloudformation:ExecuteChangeSet").await
}

/// Waits until CloudFormation has come to rest, telling each event once; fails when it came to rest otherwise than
/// asked. `id` is the stack's name or id.
async fn wait(session: &Session, name: &str, id: &str, operation: &'static str) -> Done {
    let (aws, cloudformation, address) =
        (&session.aws, &session.aws.cloudformation, Address::new("stack", name));
    let resource = address.to_string();
    let began = aws.clock.now();
    let mut told = BTreeSet::new();
    let mut first_failure = None;
    for attempt in 0_u32.. {
        let stack = aws
            .find("cloudformation:DescribeStacks", &resource, || {
                cloudformation.describe_stacks().stack_name(id).send()
            })
            .await?
            .and_then(|answer| answer.stacks?.into_iter().next());
        let Some(stack) = stack else { return Ok(()) };
        let events = aws
            .find("cloudformation:DescribeStackEvents", &resource, || {
                cloudformation.describe_stack_events().stack_name(id).send()
            })
            .await?
            .and_then(|answer| answer.stack_events)
            .unwrap_or_default();
        for event in of_this_operation(&events, name, began.as_second()).iter().rev() {
            if told.insert(event.event_id().unwrap_or_default().to_owned()) {
                let status = event.resource_status().map_or("", |status| status.as_str());
                let line = format!(
                    "{} {} {status}",
                    event.resource_type().unwrap_or_default(),
                    event.logical_resource_id().unwrap_or_default()
                );
                (session.tell)(&address, &line);
                if status.ends_with("_FAILED") && first_failure.is_none() {
                    first_failure =
                        Some(format!("{line}: {}", event.resource_status_reason().unwrap_or_default()));
                }
            }
        }
        let status = stack.stack_status().map_or("", |status| status.as_str());
        match Progress::of(status) {
            Progress::Working => aws.clock.sleep(Duration::from_millis(500) * attempt.clamp(1, 10)).await,
            Progress::Deleted => return Ok(()),
            Progress::Complete if !status.contains("ROLLBACK") => return Ok(()),
            Progress::Complete | Progress::Failed => {
                let why = first_failure.or_else(|| stack.stack_status_reason().map(str::to_owned));
                let why = why.unwrap_or_else(|| "no reason given".into());
                return Err(failed(operation, &resource, format!("the stack ended as {status}: {why}")));
            }
        }
    }
    Ok(())
}

/// Returns the events of the operation under way, newest first as they came: back to the one that says it began. Those
/// older than a minute before `began` (in seconds; clocks differ) are no news in any case.
fn of_this_operation<'a>(events: &'a [StackEvent], name: &str, began: i64) -> Vec<&'a StackEvent> {
    const BEGINNINGS: [&str; 3] = ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"];
    let is_beginning = |event: &StackEvent| {
        event.resource_type() == Some("AWS::CloudFormation::Stack")
            && event.logical_resource_id() == Some(name)
            && event.resource_status().is_some_and(|status| BEGINNINGS.contains(&status.as_str()))
    };
    let mut news = Vec::new();
    for event in events.iter().filter(|event| event.timestamp().is_none_or(|time| time.secs() >= began - 60))
    {
        news.push(event);
        if is_beginning(event) {
            break;
        }
    }
    news
}

fn failed(operation: &'static str, resource: &str, message: String) -> ApiError {
    ApiError {
        operation,
        resource: resource.into(),
        code: "StackFailed".into(),
        message,
        request_id: None,
        class: ErrorClass::Refused,
    }
}

fn parameters(state: &State) -> Vec<cfn::Parameter> {
    let parameter =
        |(key, value)| cfn::Parameter::builder().parameter_key(key).parameter_value(value).build();
    state.parameters.iter().map(parameter).collect()
}

fn capabilities(state: &State) -> Vec<cfn::Capability> {
    let capability = |capability: &Capability| match capability {
        Capability::CapabilityIam => cfn::Capability::CapabilityIam,
        Capability::CapabilityNamedIam => cfn::Capability::CapabilityNamedIam,
        Capability::CapabilityAutoExpand => cfn::Capability::CapabilityAutoExpand,
    };
    state.capabilities.iter().map(capability).collect()
}

fn tags(session: &Session) -> Vec<cfn::Tag> {
    let tags = mark(&session.place.scenario);
    tags.iter().map(|(key, value)| cfn::Tag::builder().key(key).value(value).build()).collect()
}
