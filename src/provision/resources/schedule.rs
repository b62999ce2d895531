//! Scheduled runs of a function: an EventBridge rule, its target, and the permission to invoke.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_eventbridge::types::{RuleState, Tag, Target};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::function::remove_permission;
use super::{Child, Done, Export, Found, OURS, Resource, THEIRS, gone, looked_up, marked};
use crate::account::snapshot::Facet;
use crate::aws::collect::Scope;
use crate::aws::error::{ApiError, ErrorClass};
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
    /// What the rule calls, by ARN, and what each is given.
    targets: BTreeMap<String, Given>,
    /// Who of EventBridge may invoke the function: this rule, and nothing else.
    permission: BTreeSet<String>,
    /// Ids of the targets by ARN.
    #[serde(skip)]
    target_ids: Vec<(String, String)>,
    #[serde(skip)]
    function: String,
    #[serde(skip)]
    grants: Vec<Grant>,
}

/// What a target is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Given {
    /// The event itself.
    Event,
    /// Constant JSON.
    Input(String),
}

impl Given {
    fn of(input: Option<String>) -> Self {
        input.map_or(Self::Event, Self::Input)
    }

    const fn input(&self) -> Option<&String> {
        match self {
            Self::Event => None,
            Self::Input(text) => Some(text),
        }
    }
}

/// A statement of a function's resource policy that lets EventBridge in.
#[derive(Debug)]
struct Grant {
    function: String,
    sid: String,
    /// The rule's ARN, or that there is none.
    from: String,
}

/// How a statement without a rule's ARN is shown.
const ANY_RULE: &str = "every rule of every account";

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

    fn desired(name: &str, spec: &Spec, scenario: &Resolved) -> Result<State, String> {
        let rule = arn::arn(&Address::new(Self::KIND, name), &scenario.place).unwrap_or_default();
        let function =
            arn::arn(&Address::new("function", &spec.function), &scenario.place).unwrap_or_default();
        Ok(State {
            expression: spec.expression.clone(),
            enabled: spec.enabled,
            description: spec.description.clone().unwrap_or_default(),
            targets: BTreeMap::from([(function, Given::of(spec.input.as_ref().map(ToString::to_string)))]),
            permission: BTreeSet::from([rule]),
            target_ids: Vec::new(),
            function: spec.function.clone(),
            grants: Vec::new(),
        })
    }

    fn observed(picture: Picture<'_>, name: &str, desired: Option<&State>) -> Facet<Option<Found<State>>> {
        let rule = match looked_up(&picture.snapshot.rules, name) {
            Facet::Read(rule) => rule,
            Facet::NotRead(reason) => return Facet::NotRead(reason),
        };
        Facet::Read(rule.map(|rule| {
            let grants = grants(picture, &rule.arn, desired);
            Found {
                ownership: Ownership::of_tags(&rule.tags, &picture.scenario.place.scenario),
                state: State {
                    expression: rule.expression.clone(),
                    enabled: rule.enabled,
                    description: rule.description.clone(),
                    targets: rule
                        .targets
                        .iter()
                        .map(|target| (target.arn.clone(), Given::of(target.input.clone())))
                        .collect(),
                    permission: grants.iter().map(|grant| grant.from.clone()).collect(),
                    target_ids: rule
                        .targets
                        .iter()
                        .map(|target| (target.arn.clone(), target.id.clone()))
                        .collect(),
                    function: desired.map(|desired| desired.function.clone()).unwrap_or_default(),
                    grants,
                },
            }
        }))
    }

    fn owned(picture: Picture<'_>) -> Vec<String> {
        marked(&picture.snapshot.rules, |rule| &rule.tags, picture)
    }

    fn spec(_name: &str, state: &State, export: &Export<'_>) -> Result<Spec, String> {
        let mut targets = state.targets.iter();
        let (Some((target, input)), None) = (targets.next(), targets.next()) else {
            return Err("a schedule in a scenario calls one function and nothing else".into());
        };
        if state.expression.is_empty() {
            return Err("it waits for events, not for a time".into());
        }
        let function = export.declared_name("function", target);
        let function = function.ok_or_else(|| format!("it calls `{target}`, which is not exported"))?;
        Ok(Spec {
            expression: state.expression.clone(),
            function,
            enabled: state.enabled,
            description: (!state.description.is_empty()).then(|| state.description.clone()),
            input: input.input().and_then(|text| serde_json::from_str(text).ok()),
        })
    }

    fn children(state: &State) -> Vec<Child> {
        let targets = state.target_ids.iter().map(|(arn, id)| {
            let origin = if id == TARGET_ID { OURS } else { THEIRS };
            Child { what: format!("targets.{}", arn::bare_name(arn)), origin }
        });
        let permissions = state.grants.iter().map(|grant| {
            let origin = if grant.from == ANY_RULE { THEIRS } else { OURS };
            Child { what: format!("permission.{}", grant.sid), origin }
        });
        targets.chain(permissions).collect()
    }

    async fn create(session: &Session, name: &str, to: &State) -> Done {
        put_rule(session, name, to, true).await?;
        let bare = State {
            expression: to.expression.clone(),
            enabled: to.enabled,
            description: to.description.clone(),
            targets: BTreeMap::new(),
            permission: BTreeSet::new(),
            target_ids: Vec::new(),
            function: to.function.clone(),
            grants: Vec::new(),
        };
        Self::update(session, name, &bare, to).await
    }

    async fn update(session: &Session, name: &str, from: &State, to: &State) -> Done {
        if (&from.expression, from.enabled, &from.description)
            != (&to.expression, to.enabled, &to.description)
        {
            put_rule(session, name, to, false).await?;
        }
        // First the extra ones: one of them may have the statement id that is needed.
        for grant in from.grants.iter().filter(|grant| !to.permission.contains(&grant.from)) {
            remove_permission(session, &grant.function, &grant.sid).await?;
        }
        if !to.permission.is_subset(&from.permission) {
            add_permission(session, name, &to.function).await?;
        }
        let extra = from.target_ids.iter().filter(|(arn, _)| !to.targets.contains_key(arn));
        let extra: Vec<String> = extra.map(|(_, id)| id.clone()).collect();
        remove_targets(session, name, extra).await?;
        for (target, given) in &to.targets {
            if from.targets.get(target) != Some(given) {
                let known = from.target_ids.iter().find(|(arn, _)| arn == target).map(|(_, id)| id.as_str());
                put_target(session, name, known.unwrap_or(TARGET_ID), target, given.input()).await?;
            }
        }
        Ok(())
    }

    async fn delete(session: &Session, name: &str, from: &State) -> Done {
        remove_targets(session, name, from.target_ids.iter().map(|(_, id)| id.clone()).collect()).await?;
        for grant in &from.grants {
            remove_permission(session, &grant.function, &grant.sid).await?;
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

/// Lists the statements that let EventBridge invoke: for this rule, and for no rule the scenario declares.
fn grants(picture: Picture<'_>, rule: &str, desired: Option<&State>) -> Vec<Grant> {
    let scenario = picture.scenario;
    let others: BTreeSet<String> = scenario
        .resources
        .schedules
        .keys()
        .filter_map(|name| arn::arn(&Address::new(Kind::KIND, name), &scenario.place))
        .filter(|arn| arn != rule)
        .collect();
    let mut grants = Vec::new();
    for (function, facet) in &picture.snapshot.functions {
        let Some(Some(read)) = facet.read() else { continue };
        let is_its_function = desired.is_some_and(|desired| desired.function == *function);
        for (sid, permission) in
            read.permissions.iter().filter(|(_, permission)| permission.is_from_eventbridge())
        {
            let from = permission.source_arn.clone().unwrap_or_else(|| ANY_RULE.to_owned());
            if from == rule || (is_its_function && !others.contains(&from)) {
                grants.push(Grant { function: function.clone(), sid: sid.clone(), from });
            }
        }
    }
    grants
}

/// The id of the one target a schedule has.
pub(crate) const TARGET_ID: &str = "iamlab";

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
    let resource = format!("schedule.{name}");
    let answer = session
        .aws
        .call("events:PutTargets", &resource, || {
            session.aws.events.put_targets().rule(name).targets(target.clone()).send()
        })
        .await?;
    // It answers 200 even when it refuses every target.
    let refused = answer.failed_entries().first().map(|entry| {
        format!("{}: {}", entry.error_code().unwrap_or_default(), entry.error_message().unwrap_or_default())
    });
    refused.map_or(Ok(()), |why| Err(ApiError::broken("events:PutTargets", &resource, why)))
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
