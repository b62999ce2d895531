//! `EventBridge`: rules on the default bus, their targets and tags. Scheduled rules fire when the sandbox is told to
//! ([`due`]); rules with a pattern never do.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/>

mod due;
mod input;
mod needs;
mod target;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use async_trait::async_trait;
use awsim_core::{AwsError, Protocol, RequestContext, ServiceHandler};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::regional::Regional;
use super::tags::{self, Tag, TagFault, Tagged, Tags};
use super::wire;
use crate::account::timing::Timing;
use crate::clock::Clock;
pub(in crate::sandbox) use due::{Delivery, Due};

/// The `EventBridge` service of one account.
pub(crate) struct Events {
    account: String,
    clock: Clock,
    state: Regional<Region>,
}

/// The rules of a region's default bus, by name.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Region {
    rules: BTreeMap<String, Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Rule {
    arn: String,
    state: String,
    description: Option<String>,
    schedule: Option<String>,
    pattern: Option<String>,
    role: Option<String>,
    tags: Tags,
    /// The targets by id, as the API spells them.
    targets: BTreeMap<String, Map<String, Value>>,
    /// Since when it is on with its schedule.
    #[serde(default)]
    since: Option<Timestamp>,
    /// When it fired last, since then.
    #[serde(default)]
    fired: Option<Timestamp>,
    /// How often a target could not be reached: what AWS counts as `FailedInvocations`.
    #[serde(default)]
    failed: u64,
}

/// The input of `PutRule`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRule {
    name: String,
    #[serde(default)]
    schedule_expression: Option<String>,
    #[serde(default)]
    event_pattern: Option<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    role_arn: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// The input of the tag operations.
#[derive(Deserialize)]
struct Tagging {
    #[serde(rename = "ResourceARN")]
    arn: String,
    #[serde(rename = "Tags", default)]
    tags: Vec<Tag>,
    #[serde(rename = "TagKeys", default)]
    keys: Vec<String>,
}

impl Rule {
    /// Writes the rule as `DescribeRule` and `ListRules` show it.
    fn description(&self, name: &str) -> Value {
        let mut answer =
            json!({"Name": name, "Arn": self.arn, "State": self.state, "EventBusName": "default"});
        let optional = [
            ("Description", &self.description),
            ("ScheduleExpression", &self.schedule),
            ("EventPattern", &self.pattern),
            ("RoleArn", &self.role),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                wire::set(&mut answer, key, value.as_str());
            }
        }
        answer
    }
}

impl Events {
    /// Makes the service without any rule.
    pub(crate) fn new(account: &str, clock: Clock) -> Self {
        Self { account: account.to_owned(), clock, state: Regional::default() }
    }

    /// Returns the ARN of the rule called `name`.
    fn arn(&self, region: &str, name: &str) -> String {
        format!("arn:aws:events:{region}:{}:rule/{name}", self.account)
    }

    /// Lets `look` read a rule.
    fn read<R>(
        &self,
        ctx: &RequestContext,
        name: &str,
        look: impl FnOnce(&Rule) -> R,
    ) -> Result<R, AwsError> {
        self.state.read(&ctx.region, |region| region.rules.get(name).map(look).ok_or_else(|| no_rule(name)))
    }

    /// Lets `change` edit a rule.
    fn write<R>(
        &self,
        ctx: &RequestContext,
        name: &str,
        change: impl FnOnce(&mut Rule) -> Result<R, AwsError>,
    ) -> Result<R, AwsError> {
        self.state.write(&ctx.region, |region| match region.rules.get_mut(name) {
            Some(rule) => change(rule),
            None => Err(no_rule(name)),
        })
    }

    /// Creates a rule, or replaces all of it but its targets and its tags.
    fn put_rule(&self, ctx: &RequestContext, input: PutRule) -> Result<Value, AwsError> {
        check_name(&input.name)?;
        if input.schedule_expression.is_none() && input.event_pattern.is_none() {
            return Err(AwsError::validation(
                "Parameter(s) EventPattern or ScheduleExpression must be specified.",
            ));
        }
        if input.schedule_expression.as_deref().is_some_and(|expression| Timing::parse(expression).is_none())
        {
            return Err(AwsError::validation("Parameter ScheduleExpression is not valid."));
        }
        if let Some(pattern) = &input.event_pattern {
            check_pattern(pattern)?;
        }
        let state = input.state.unwrap_or_else(|| "ENABLED".to_owned());
        if !["ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"].contains(&state.as_str())
        {
            return Err(AwsError::validation(format!(
                "1 validation error detected: Value '{state}' at 'state' failed to satisfy constraint: \
                 Member must satisfy enum value set: [ENABLED, DISABLED, \
                 ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS]"
            )));
        }
        let tags = tags::collected(input.tags);
        check_tags(&Tags::new(), &tags, ctx)?;
        let arn = self.arn(&ctx.region, &input.name);
        let now = self.clock.now();
        self.state.write(&ctx.region, |region| {
            let old = region.rules.remove(&input.name);
            let goes_on = |old: &Rule| old.schedule == input.schedule_expression && old.state == state;
            let (since, fired) = match old.as_ref().filter(|old| goes_on(old)) {
                Some(old) => (old.since, old.fired),
                None => (Some(now), None),
            };
            let failed = old.as_ref().map_or(0, |old| old.failed);
            let (tags, targets) = old.map_or((tags, BTreeMap::new()), |old| (old.tags, old.targets));
            let rule = Rule {
                arn: arn.clone(),
                state,
                description: input.description,
                schedule: input.schedule_expression,
                pattern: input.event_pattern,
                role: input.role_arn,
                tags,
                targets,
                since,
                fired,
                failed,
            };
            region.rules.insert(input.name, rule);
        });
        Ok(json!({"RuleArn": arn}))
    }

    /// Deletes a rule that has no targets; nothing happens when there is none.
    fn delete_rule(&self, ctx: &RequestContext, name: &str) -> Result<Value, AwsError> {
        self.state.write(&ctx.region, |region| {
            if region.rules.get(name).is_some_and(|rule| !rule.targets.is_empty()) {
                return Err(AwsError::validation("Rule can't be deleted since it has targets."));
            }
            region.rules.remove(name);
            Ok(json!({}))
        })
    }

    /// Lists the rules, at most 100 on a page.
    fn list_rules(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let prefix = input["NamePrefix"].as_str().unwrap_or_default();
        let all: Vec<(String, Value)> = self.state.read(&ctx.region, |region| {
            let wanted = region.rules.iter().filter(|(name, _)| name.starts_with(prefix));
            wanted.map(|(name, rule)| (name.clone(), rule.description(name))).collect()
        });
        let (page, next) = limited(all, input)?;
        let page: Vec<Value> = page.into_iter().map(|(_, rule)| rule).collect();
        Ok(wire::with_next(json!({"Rules": page}), "NextToken", next))
    }

    /// Switches a rule on or off.
    fn switch(&self, ctx: &RequestContext, name: &str, state: &str) -> Result<Value, AwsError> {
        let now = self.clock.now();
        self.write(ctx, name, |rule| {
            if rule.state != state {
                (rule.since, rule.fired) = (Some(now), None);
            }
            state.clone_into(&mut rule.state);
            Ok(json!({}))
        })
    }

    /// Changes the tags of a rule, if what comes out is allowed.
    fn retag(
        &self,
        ctx: &RequestContext,
        arn: &str,
        change: impl FnOnce(&mut Tags),
    ) -> Result<Value, AwsError> {
        self.write(ctx, rule_of(arn)?, |rule| {
            let mut tags = rule.tags.clone();
            change(&mut tags);
            check_tags(&rule.tags, &tags, ctx)?;
            rule.tags = tags;
            Ok(json!({}))
        })
    }
}

impl Tagged for Events {
    fn tagged(&self, region: &str) -> Vec<(String, Tags)> {
        self.state.read(region, |region| {
            region.rules.values().map(|rule| (rule.arn.clone(), rule.tags.clone())).collect()
        })
    }
}

/// The operations it answers; `handle` has an arm for each.
const OPERATIONS: &[&str] = &[
    "PutRule",
    "DescribeRule",
    "DeleteRule",
    "ListRules",
    "EnableRule",
    "DisableRule",
    "PutTargets",
    "RemoveTargets",
    "ListTargetsByRule",
    "ListRuleNamesByTarget",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
];

#[async_trait]
impl ServiceHandler for Events {
    fn service_name(&self) -> &'static str {
        "events"
    }

    fn protocol(&self) -> Protocol {
        Protocol::AwsJson1_1
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        check_bus(&input)?;
        match operation {
            "PutRule" => self.put_rule(ctx, wire::input(input)?),
            "DescribeRule" => {
                let name = text(&input, "Name")?;
                self.read(ctx, name, |rule| rule.description(name))
            }
            "DeleteRule" => self.delete_rule(ctx, text(&input, "Name")?),
            "ListRules" => self.list_rules(ctx, &input),
            "EnableRule" => self.switch(ctx, text(&input, "Name")?, "ENABLED"),
            "DisableRule" => self.switch(ctx, text(&input, "Name")?, "DISABLED"),
            "PutTargets" => self.put_targets(ctx, wire::input(input)?),
            "RemoveTargets" => self.remove_targets(ctx, &wire::input(input)?),
            "ListTargetsByRule" => self.list_targets(ctx, &input),
            "ListRuleNamesByTarget" => self.list_rules_of_target(ctx, &input),
            "ListTagsForResource" => {
                let Tagging { arn, .. } = wire::input(input)?;
                self.read(ctx, rule_of(&arn)?, |rule| json!({"Tags": tags::listed(&rule.tags)}))
            }
            "TagResource" => {
                let Tagging { arn, tags, .. } = wire::input(input)?;
                self.retag(ctx, &arn, |all| all.extend(tags::collected(tags)))
            }
            "UntagResource" => {
                let Tagging { arn, keys, .. } = wire::input(input)?;
                self.retag(ctx, &arn, |all| all.retain(|key, _| !keys.contains(key)))
            }
            _ => Err(super::unsupported("events", operation)),
        }
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        self.state.snapshot()
    }

    fn restore(&self, data: &[u8]) -> Result<(), String> {
        self.state.restore(data)
    }
}

impl super::Service for Events {
    fn operations(&self) -> Vec<&'static str> {
        OPERATIONS.to_vec()
    }

    fn needs(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<super::Need> {
        needs::of(self, operation, input, ctx)
    }

    fn take_change(&self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        self.state.take_change()
    }
}

/// Returns a required text parameter.
fn text<'a>(input: &'a Value, name: &str) -> Result<&'a str, AwsError> {
    input[name].as_str().ok_or_else(|| AwsError::validation(format!("Parameter {name} must be specified.")))
}

/// Refuses every bus but the default one: no other can be created here.
fn check_bus(input: &Value) -> Result<(), AwsError> {
    let bus = input["EventBusName"].as_str().unwrap_or("default");
    if bus == "default" || bus.ends_with(":event-bus/default") {
        return Ok(());
    }
    Err(not_found(format!("Event bus {bus} does not exist.")))
}

/// Checks a rule's name.
fn check_name(name: &str) -> Result<(), AwsError> {
    let fits = !name.is_empty()
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
    if fits {
        return Ok(());
    }
    Err(AwsError::validation(format!(
        "1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"
    )))
}

/// Checks that an event pattern is an object of objects and non-empty lists.
fn check_pattern(pattern: &str) -> Result<(), AwsError> {
    fn fits(value: &Value) -> bool {
        match value {
            Value::Object(fields) => !fields.is_empty() && fields.values().all(fits),
            Value::Array(choices) => !choices.is_empty(),
            _ => false,
        }
    }
    match serde_json::from_str::<Value>(pattern) {
        Ok(found @ Value::Object(_)) if fits(&found) => Ok(()),
        _ => Err(AwsError::bad_request(
            "InvalidEventPatternException",
            "Event pattern is not valid. Reason: Filter is not an object of fields with lists of values",
        )),
    }
}

/// Checks tags.
fn check_tags(before: &Tags, after: &Tags, ctx: &RequestContext) -> Result<(), AwsError> {
    tags::check(before, after, ctx).map_err(|fault| match fault {
        TagFault::Reserved => {
            AwsError::validation("aws: prefixed tag key names are not allowed for external use.")
        }
        TagFault::Length => {
            AwsError::validation("Tag keys have 1 to 128 characters, tag values at most 256.")
        }
        TagFault::TooMany => limit_exceeded(),
    })
}

/// Returns the name of the rule an ARN names.
fn rule_of(arn: &str) -> Result<&str, AwsError> {
    let name = arn.split_once(":rule/").map(|(_, name)| name);
    name.ok_or_else(|| {
        AwsError::validation(format!(
            "Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."
        ))
    })
}

/// The error for what does not exist. `EventBridge` answers it with status 400.
fn not_found(message: String) -> AwsError {
    AwsError::service_not_found("ResourceNotFoundException", message)
}

/// The error for a rule that does not exist.
fn no_rule(name: &str) -> AwsError {
    not_found(format!("Rule {name} does not exist on EventBus default."))
}

/// The error of a request that would exceed a quota.
fn limit_exceeded() -> AwsError {
    AwsError::bad_request(
        "LimitExceededException",
        "The requested resource exceeds the maximum number allowed.",
    )
}

/// Cuts the page that `Limit` and `NextToken` ask for.
fn limited<T>(all: Vec<(String, T)>, input: &Value) -> Result<wire::Page<(String, T)>, AwsError> {
    let size = input["Limit"].as_u64().and_then(|size| usize::try_from(size).ok()).unwrap_or(100);
    wire::page(
        all,
        size.clamp(1, 100),
        input["NextToken"].as_str(),
        |(key, _)| key.clone(),
        || AwsError::validation("Parameter NextToken is not valid."),
    )
}
