//! EventBridge Scheduler: schedules and their groups. They fire when the sandbox is told to ([`due`]), as the target's
//! role ([`role`]), and invoke Lambda functions only.
//!
//! <https://docs.aws.amazon.com/scheduler/latest/APIReference/>

mod due;
mod group;
mod needs;
mod role;
mod schedule;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use awsim_core::{AwsError, Protocol, RequestContext, RouteDefinition, ServiceHandler};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::iam::Iam;
use super::regional::Regional;
use super::tags::{Tagged, Tags};
use super::wire;
use crate::clock::Clock;
use crate::sandbox::recorder::Log;
pub(in crate::sandbox) use due::Due;
use group::Group;
use schedule::Schedule;

/// The group that every account has.
const DEFAULT: &str = "default";
/// The name under which it assumes roles.
const SCHEDULER: &str = "scheduler.amazonaws.com";

/// The Scheduler of one account.
pub(crate) struct Scheduler {
    account: String,
    clock: Clock,
    iam: Arc<Iam>,
    log: Log,
    state: Regional<Region>,
}

/// What a region has.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Region {
    /// By `group/name`.
    schedules: BTreeMap<String, Schedule>,
    /// The groups that were made, by name; the default one when it has tags.
    groups: BTreeMap<String, Group>,
}

impl Region {
    /// Refuses a group that is not there.
    fn expect_group(&self, name: &str) -> Result<(), AwsError> {
        if name == DEFAULT || self.groups.contains_key(name) {
            return Ok(());
        }
        Err(no_group(name))
    }
}

impl Scheduler {
    /// Makes the service without any schedule. `iam` knows the roles, `log` is the event history.
    pub(crate) fn new(account: &str, clock: Clock, iam: Arc<Iam>, log: Log) -> Self {
        Self { account: account.to_owned(), clock, iam, log, state: Regional::default() }
    }

    /// Returns the ARN of a schedule.
    fn schedule_arn(&self, region: &str, group: &str, name: &str) -> String {
        format!("arn:aws:scheduler:{region}:{}:schedule/{group}/{name}", self.account)
    }

    /// Returns the ARN of a group.
    fn group_arn(&self, region: &str, name: &str) -> String {
        format!("arn:aws:scheduler:{region}:{}:schedule-group/{name}", self.account)
    }
}

impl Tagged for Scheduler {
    fn tagged(&self, region: &str) -> Vec<(String, Tags)> {
        self.state.read(region, |state| {
            let groups = state.groups.iter();
            groups.map(|(name, group)| (self.group_arn(region, name), group.tags.clone())).collect()
        })
    }
}

/// The paths of the operations.
const ROUTES: [(&str, &str, &str); 12] = [
    ("POST", "/schedules/{Name}", "CreateSchedule"),
    ("GET", "/schedules/{Name}", "GetSchedule"),
    ("PUT", "/schedules/{Name}", "UpdateSchedule"),
    ("DELETE", "/schedules/{Name}", "DeleteSchedule"),
    ("GET", "/schedules", "ListSchedules"),
    ("POST", "/schedule-groups/{Name}", "CreateScheduleGroup"),
    ("GET", "/schedule-groups/{Name}", "GetScheduleGroup"),
    ("DELETE", "/schedule-groups/{Name}", "DeleteScheduleGroup"),
    ("GET", "/schedule-groups", "ListScheduleGroups"),
    ("POST", "/tags/{ResourceArn}", "TagResource"),
    ("DELETE", "/tags/{ResourceArn}", "UntagResource"),
    ("GET", "/tags/{ResourceArn}", "ListTagsForResource"),
];

#[async_trait]
impl ServiceHandler for Scheduler {
    fn service_name(&self) -> &'static str {
        "scheduler"
    }

    fn protocol(&self) -> Protocol {
        Protocol::RestJson1
    }

    fn routes(&self) -> Vec<RouteDefinition> {
        super::routes(&ROUTES)
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        match operation {
            "CreateSchedule" => self.create(ctx, wire::input(input)?),
            "GetSchedule" => self.get(ctx, &input),
            "UpdateSchedule" => self.update(ctx, wire::input(input)?),
            "DeleteSchedule" => self.delete(ctx, &input),
            "ListSchedules" => self.list(ctx, &input),
            "CreateScheduleGroup" => self.create_group(ctx, &input),
            "GetScheduleGroup" => self.get_group(ctx, &input),
            "DeleteScheduleGroup" => self.delete_group(ctx, &input),
            "ListScheduleGroups" => self.list_groups(ctx, &input),
            "TagResource" => {
                let added = input.get("Tags").map(super::need::tags_in).unwrap_or_default();
                self.retag(ctx, &input, |tags| tags.extend(added))
            }
            "UntagResource" => {
                let keys = wire::tag_keys(ctx, &input);
                self.retag(ctx, &input, |tags| tags.retain(|key, _| !keys.contains(key)))
            }
            "ListTagsForResource" => self.tags(ctx, &input),
            _ => Err(super::unsupported("scheduler", operation)),
        }
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        self.state.snapshot()
    }

    fn restore(&self, data: &[u8]) -> Result<(), String> {
        self.state.restore(data)
    }
}

impl super::Service for Scheduler {
    fn operations(&self) -> Vec<&'static str> {
        ROUTES.iter().map(|(_, _, operation)| *operation).collect()
    }

    fn needs(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<super::Need> {
        needs::of(self, operation, input, ctx)
    }

    fn take_change(&self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        self.state.take_change()
    }
}

/// Returns the group that a request names: `groupName` in a query, `GroupName` in a body.
fn group_in(input: &Value) -> &str {
    let given = ["groupName", "GroupName"].iter().find_map(|key| wire::text(input, key));
    given.unwrap_or(DEFAULT)
}

/// Checks the name of a schedule or a group.
fn check_name(name: &str, field: &str) -> Result<(), AwsError> {
    let fits = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if !fits {
        let wanted = "Member must satisfy regular expression pattern: [0-9a-zA-Z-_.]+";
        return Err(constraint(name, field, wanted));
    }
    if name.len() > 64 {
        return Err(constraint(name, field, "Member must have length less than or equal to 64"));
    }
    Ok(())
}

/// The error of a value that the API's model does not let through.
fn constraint(value: &str, field: &str, wanted: &str) -> AwsError {
    AwsError::validation(format!(
        "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: {wanted}"
    ))
}

/// The error of a value that has to be there and is not.
fn missing(field: &str) -> AwsError {
    AwsError::validation(format!(
        "1 validation error detected: Value at '{field}' failed to satisfy constraint: Member must not be null"
    ))
}

/// The error for a schedule that does not exist.
fn no_schedule(name: &str) -> AwsError {
    AwsError::not_found("ResourceNotFoundException", format!("Schedule {name} does not exist."))
}

/// The error for a group that does not exist.
fn no_group(name: &str) -> AwsError {
    AwsError::not_found("ResourceNotFoundException", format!("Schedule group {name} does not exist."))
}

/// Cuts the page that `MaxResults` and `NextToken` ask for.
fn paged<T>(all: Vec<(String, T)>, input: &Value) -> Result<wire::Page<(String, T)>, AwsError> {
    let size = match wire::text(input, "MaxResults") {
        None => 100,
        Some(text) => match text.parse() {
            Ok(size @ 1..=100) => size,
            _ => return Err(constraint(text, "maxResults", "Member must have value between 1 and 100")),
        },
    };
    let invalid = || AwsError::validation("Invalid NextToken.");
    wire::page(all, size, wire::text(input, "NextToken"), |(key, _)| key.clone(), invalid)
}
