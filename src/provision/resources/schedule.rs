//! Scheduled runs of a function: an EventBridge rule, its target, and the permission to invoke.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_eventbridge::types::{RuleState, Tag, Target};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::function::remove_permission;
use super::{Child, Done, Export, Found, OURS, Resource, THEIRS, gone};
use crate::account::snapshot::Facet;
use crate::aws::collect::Scope;
use crate::aws::error::ErrorClass;
use crate::provision::ownership::{Ownership, mark};
use crate::provision::plan::Picture;
use crate::provision::{Address, Session, arn};
use crate::scenario::Resolved;

/// A scheduled run of a function.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// `rate(1 day)` or `cron(0 6 * * ? *)`, in UTC.
    pub expression: String,
    /// The function to run, by name in this scenario.
    pub function: String,
    /// Whether the rule fires.
    #[serde(default = "enabled", skip_serializing_if = "is_true")]
    pub enabled: bool,
    /// Shown in the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON the function is given; without it, EventBridge's own event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<serde_json::Value>,
}

const fn enabled() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_true(value: &bool) -> bool {
    *value
}

/// The kind.
#[derive(Debug)]
pub(crate) struct Kind;

/// A schedule as the account shows it.
#[derive(Debug, Serialize)]
pub(crate) struct State {
    expression: String,
    enabled: bool,
    description: String,
    /// What the rule calls, by ARN, and the constant input each is given.
    targets: BTreeMap<String, Option<String>>,
    /// Functions, by name, that let this rule invoke them.
    invoke_permission: BTreeSet<String>,
    /// Ids of the targets by ARN.
    #[serde(skip)]
    target_ids: Vec<(String, String)>,
    /// `Sid`s of the permissions by function name.
    #[serde(skip)]
    sids: Vec<(String, String)>,
}

impl Resource for Kind {
    const KIND: &'static str = "schedule";
    type Spec = Spec;
    type State = State;

    fn scope(name: &str, spec: Option<&Spec>, scope: &mut Scope) {
        scope.rules.insert(name.into());
        if let Some(spec) = spec {
            scope.functions.insert(spec.function.clone());
        }
    }

    fn desired(_name: &str, spec: &Spec, scenario: &Resolved) -> Result<State, String> {
        let function =
            arn::arn(&Address::new("function", &spec.function), &scenario.place).unwrap_or_default();
        Ok(State {
            expression: spec.expression.clone(),
            enabled: spec.enabled,
            description: spec.description.clone().unwrap_or_default(),
            targets: BTreeMap::from([(function, spec.input.as_ref().map(ToString::to_string))]),
            invoke_permission: BTreeSet::from([spec.function.clone()]),
            target_ids: Vec::new(),
            sids: Vec::new(),
        })
    }

    fn observed(picture: Picture<'_>, name: &str, _desired: Option<&State>) -> Facet<Option<Found<State>>> {
        let rule = match picture.snapshot.rules.get(name) {
            Some(Facet::Read(rule)) => rule,
            Some(Facet::NotRead(reason)) => return Facet::NotRead(reason.clone()),
            None => return Facet::NotRead("it was not read".into()),
        };
        Facet::Read(rule.as_ref().map(|rule| {
            let functions = picture.snapshot.functions.iter().filter_map(|(name, facet)| {
                facet.read().and_then(Option::as_ref).map(|function| (name, function))
            });
            let sids: Vec<(String, String)> = functions
                .flat_map(|(function, read)| {
                    let ours = read.permissions.iter().filter(|(_, permission)| {
                        permission.service.as_deref() == Some("events.amazonaws.com")
                            && permission.source_arn.as_ref() == Some(&rule.arn)
                    });
                    ours.map(|(sid, _)| (function.clone(), sid.clone()))
                })
                .collect();
            Found {
                ownership: Ownership::of_tags(&rule.tags, &picture.scenario.place.scenario),
                state: State {
                    expression: rule.expression.clone(),
                    enabled: rule.enabled,
                    description: rule.description.clone(),
                    targets: rule
                        .targets
                        .iter()
                        .map(|target| (target.arn.clone(), target.input.clone()))
                        .collect(),
                    invoke_permission: sids.iter().map(|(function, _)| function.clone()).collect(),
                    target_ids: rule
                        .targets
                        .iter()
                        .map(|target| (target.arn.clone(), target.id.clone()))
                        .collect(),
                    sids,
                },
            }
        }))
    }

    fn owned(picture: Picture<'_>) -> Vec<String> {
        let rules = picture.snapshot.rules.iter().filter_map(|(name, facet)| Some((name, facet.read()?)));
        let owned = rules.filter(|(_, rule)| {
            rule.as_ref().is_some_and(|rule| {
                Ownership::of_tags(&rule.tags, &picture.scenario.place.scenario) == Ownership::Ours
            })
        });
        owned.map(|(name, _)| name.clone()).collect()
    }

    fn spec(_name: &str, state: &State, _export: &Export<'_>) -> Option<Spec> {
        let mut targets = state.targets.iter();
        let (Some((target, input)), None) = (targets.next(), targets.next()) else { return None };
        if state.expression.is_empty() || target.split(':').nth(2) != Some("lambda") {
            return None;
        }
        Some(Spec {
            expression: state.expression.clone(),
            function: arn::bare_name(target).to_owned(),
            enabled: state.enabled,
            description: (!state.description.is_empty()).then(|| state.description.clone()),
            input: input.as_ref().and_then(|text| serde_json::from_str(text).ok()),
        })
    }

    fn children(state: &State) -> Vec<Child> {
        let targets = state.target_ids.iter().map(|(arn, id)| {
            let origin = if id == TARGET_ID { OURS } else { THEIRS };
            Child { what: format!("targets.{}", arn::bare_name(arn)), origin }
        });
        let permissions = state
            .sids
            .iter()
            .map(|(_, sid)| Child { what: format!("invoke_permission.{sid}"), origin: OURS });
        targets.chain(permissions).collect()
    }

    async fn create(session: &Session, name: &str, to: &State) -> Done {
        put_rule(session, name, to, true).await?;
        let bare = State {
            expression: to.expression.clone(),
            enabled: to.enabled,
            description: to.description.clone(),
            targets: BTreeMap::new(),
            invoke_permission: BTreeSet::new(),
            target_ids: Vec::new(),
            sids: Vec::new(),
        };
        Self::update(session, name, &bare, to).await
    }

    async fn update(session: &Session, name: &str, from: &State, to: &State) -> Done {
        if (&from.expression, from.enabled, &from.description)
            != (&to.expression, to.enabled, &to.description)
        {
            put_rule(session, name, to, false).await?;
        }
        for function in to.invoke_permission.difference(&from.invoke_permission) {
            add_permission(session, name, function).await?;
        }
        let extra = from.target_ids.iter().filter(|(arn, _)| !to.targets.contains_key(arn));
        let extra: Vec<String> = extra.map(|(_, id)| id.clone()).collect();
        remove_targets(session, name, extra).await?;
        for (target, input) in &to.targets {
            if from.targets.get(target) != Some(input) {
                let known = from.target_ids.iter().find(|(arn, _)| arn == target).map(|(_, id)| id.as_str());
                put_target(session, name, known.unwrap_or(TARGET_ID), target, input.as_ref()).await?;
            }
        }
        for (function, sid) in
            from.sids.iter().filter(|(function, _)| !to.invoke_permission.contains(function))
        {
            remove_permission(session, function, sid).await?;
        }
        Ok(())
    }

    async fn delete(session: &Session, name: &str, from: &State) -> Done {
        remove_targets(session, name, from.target_ids.iter().map(|(_, id)| id.clone()).collect()).await?;
        for (function, sid) in &from.sids {
            remove_permission(session, function, sid).await?;
        }
        gone(
            session
                .aws
                .call("events:DeleteRule", &format!("schedule.{name}"), || {
                    session.aws.events.delete_rule().name(name).send()
                })
                .await,
        )
    }

    async fn adopt(session: &Session, name: &str, _from: &State) -> Done {
        let arn = arn::arn(&Address::new(Self::KIND, name), &session.place).unwrap_or_default();
        session
            .aws
            .call("events:TagResource", &format!("schedule.{name}"), || {
                session
                    .aws
                    .events
                    .tag_resource()
                    .resource_arn(&arn)
                    .set_tags(Some(event_tags(session)))
                    .send()
            })
            .await
            .map(drop)
    }
}

/// The id of the one target a schedule has.
const TARGET_ID: &str = "iamlab";

async fn put_rule(session: &Session, name: &str, to: &State, is_new: bool) -> Done {
    let state = if to.enabled { RuleState::Enabled } else { RuleState::Disabled };
    session
        .aws
        .call("events:PutRule", &format!("schedule.{name}"), || {
            session
                .aws
                .events
                .put_rule()
                .name(name)
                .schedule_expression(&to.expression)
                .state(state.clone())
                .description(&to.description)
                // EventBridge takes tags with a new rule only.
                .set_tags(is_new.then(|| event_tags(session)))
                .send()
        })
        .await
        .map(drop)
}

/// Lets the rule, and nothing else, invoke the function.
async fn add_permission(session: &Session, name: &str, function: &str) -> Done {
    let rule = arn::arn(&Address::new(Kind::KIND, name), &session.place).unwrap_or_default();
    // A statement id has fewer characters to choose from than a rule's name.
    let sid: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let added = session
        .aws
        .call("lambda:AddPermission", &format!("schedule.{name}"), || {
            session
                .aws
                .lambda
                .add_permission()
                .function_name(function)
                .statement_id(format!("iamlab-{sid}"))
                .action("lambda:InvokeFunction")
                .principal("events.amazonaws.com")
                .source_arn(&rule)
                .send()
        })
        .await;
    match added {
        // An earlier answer got lost; whether the statement is the right one is read back.
        Err(error) if error.class == ErrorClass::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
}

async fn put_target(session: &Session, name: &str, id: &str, arn: &str, input: Option<&String>) -> Done {
    let target = Target::builder().id(id).arn(arn).set_input(input.cloned()).build();
    let Ok(target) = target else { return Ok(()) };
    session
        .aws
        .call("events:PutTargets", &format!("schedule.{name}"), || {
            session.aws.events.put_targets().rule(name).targets(target.clone()).send()
        })
        .await
        .map(drop)
}

async fn remove_targets(session: &Session, name: &str, ids: Vec<String>) -> Done {
    if ids.is_empty() {
        return Ok(());
    }
    gone(
        session
            .aws
            .call("events:RemoveTargets", &format!("schedule.{name}"), || {
                session.aws.events.remove_targets().rule(name).set_ids(Some(ids.clone())).send()
            })
            .await,
    )
}

fn event_tags(session: &Session) -> Vec<Tag> {
    let tags = mark(&session.place.scenario);
    tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}
