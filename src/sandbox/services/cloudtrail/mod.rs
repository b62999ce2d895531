//! `CloudTrail`: the event history. There are no trails, and none can be made.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/>. An event can be looked up as soon as its call is
//! answered; AWS takes some minutes.

mod lookup;
mod pace;
#[cfg(test)]
mod tests;
mod token;

use async_trait::async_trait;
use awsim_core::{AwsError, Protocol, RequestContext, ServiceHandler};
use serde_json::{Value, json};

use super::wire;
use super::{Need, Service};
use crate::clock::Clock;
use crate::sandbox::recorder::Log;
use lookup::Lookup;
use pace::Pace;

/// The `CloudTrail` service of one account.
#[derive(Debug)]
pub struct CloudTrail {
    clock: Clock,
    log: Log,
    pace: Pace,
}

impl CloudTrail {
    /// Makes the service that looks events up in `log`.
    pub fn new(clock: Clock, log: Log) -> Self {
        Self { clock, log, pace: Pace::default() }
    }

    /// Answers `LookupEvents`.
    fn lookup(&self, ctx: &RequestContext, input: Value) -> Result<Value, AwsError> {
        let now = self.clock.now();
        if !self.pace.allows(&ctx.region, now) {
            return Err(AwsError::bad_request("ThrottlingException", "Rate exceeded"));
        }
        let lookup = Lookup::new(wire::input(input)?, &ctx.region, now)?;
        Ok(lookup.answer(&self.log.lock()))
    }
}

/// The operations: each with whether it is about one trail, of which there is none.
const OPERATIONS: [(&str, bool); 9] = [
    ("LookupEvents", false),
    ("DescribeTrails", false),
    ("ListTrails", false),
    ("GetTrail", true),
    ("GetTrailStatus", true),
    ("GetEventSelectors", true),
    ("GetInsightSelectors", true),
    ("ListTags", false),
    ("ListEventDataStores", false),
];

#[async_trait]
impl ServiceHandler for CloudTrail {
    fn service_name(&self) -> &'static str {
        "cloudtrail"
    }

    fn protocol(&self) -> Protocol {
        Protocol::AwsJson1_1
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        match operation {
            "LookupEvents" => self.lookup(ctx, input),
            "DescribeTrails" => Ok(json!({"trailList": []})),
            "ListTrails" => Ok(json!({"Trails": []})),
            "ListEventDataStores" => Ok(json!({"EventDataStores": []})),
            "ListTags" => tags(&input),
            _ if OPERATIONS.contains(&(operation, true)) => Err(no_trail(&trail(&input, ctx), ctx)),
            _ => Err(super::unsupported("cloudtrail", operation)),
        }
    }
}

impl Service for CloudTrail {
    fn operations(&self) -> Vec<&'static str> {
        OPERATIONS.iter().map(|(operation, _)| *operation).collect()
    }

    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html
    fn needs(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<Need> {
        let about = OPERATIONS.contains(&(operation, true));
        let resource = if about { trail(input, ctx) } else { "*".to_owned() };
        let action = format!("cloudtrail:{operation}");
        // The message of an action without a resource ends with the action.
        let shown = if resource == "*" { String::new() } else { resource.clone() };
        vec![Need { action, shown, resource, keys: Vec::new(), resource_policy: None }]
    }
}

/// Answers `ListTags` for any list of ARNs, none of which can be of something.
fn tags(input: &Value) -> Result<Value, AwsError> {
    let first = input.pointer("/ResourceIdList/0").and_then(Value::as_str);
    match first {
        Some(arn) => {
            Err(AwsError::bad_request("ResourceNotFoundException", format!("Resource not found: {arn}")))
        }
        None => Ok(json!({"ResourceTagList": []})),
    }
}

/// Returns the ARN of the trail that a request names, by name or ARN.
fn trail(input: &Value, ctx: &RequestContext) -> String {
    let named = wire::text(input, "Name").or_else(|| wire::text(input, "TrailName")).unwrap_or_default();
    if named.starts_with("arn:") {
        return named.to_owned();
    }
    format!("arn:{}:cloudtrail:{}:{}:trail/{named}", ctx.partition, ctx.region, ctx.account_id)
}

/// The error for a trail that does not exist, worded as AWS words it.
fn no_trail(arn: &str, ctx: &RequestContext) -> AwsError {
    let message = format!("Unknown trail: {arn} for the user: {}", ctx.account_id);
    AwsError::bad_request("TrailNotFoundException", message)
}
