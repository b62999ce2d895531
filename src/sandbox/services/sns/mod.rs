//! SNS: topics, subscriptions and tags. What is published goes into the outbox of the
//! sandbox, and to functions.
//!
//! <https://docs.aws.amazon.com/sns/latest/api/>

mod filter;
mod needs;
pub(in crate::sandbox) mod outbox;
pub(in crate::sandbox) mod publish;
mod subscription;
#[cfg(test)]
mod tests;
mod topic;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use async_trait::async_trait;
use awsim_core::{AwsError, Protocol, RequestContext, ServiceHandler};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::iam::Iam;
use super::lambda::Lambda;
use super::regional::Regional;
use super::tags::{self, Tag, TagFault, Tagged, Tags};
use super::wire;
use crate::clock::Clock;
use outbox::{Mail, Outbox};
use subscription::Subscription;
use topic::Topic;

/// The SNS service of one account.
pub(crate) struct Sns {
    account: String,
    clock: Clock,
    state: Regional<Region>,
    outbox: Mutex<Outbox>,
    /// Where functions that subscribed are.
    lambda: OnceLock<Arc<Lambda>>,
    /// Who callers are.
    callers: OnceLock<Arc<Iam>>,
}

/// What a region holds.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Region {
    /// The topics by ARN.
    topics: BTreeMap<String, Topic>,
    /// The subscriptions by ARN.
    subscriptions: BTreeMap<String, Subscription>,
}

/// The state as it is saved: all of it, or what changed.
#[derive(Serialize, Deserialize)]
struct Saved<'a> {
    /// The regions, when one changed.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    regions: Option<&'a RawValue>,
    /// The mails, or those that are new.
    #[serde(default)]
    outbox: Vec<Mail>,
}

impl Sns {
    /// Makes the service without any topic.
    pub(crate) fn new(account: &str, clock: Clock) -> Self {
        Self {
            account: account.to_owned(),
            clock,
            state: Regional::default(),
            outbox: Mutex::default(),
            lambda: OnceLock::new(),
            callers: OnceLock::new(),
        }
    }

    /// Tells the service where functions are that subscribe to its topics.
    pub(super) fn with_functions(self, lambda: Arc<Lambda>) -> Self {
        let _ = self.lambda.set(lambda);
        self
    }

    /// Tells the service who its callers are.
    pub(super) fn with_callers(self, iam: Arc<Iam>) -> Self {
        let _ = self.callers.set(iam);
        self
    }

    /// Returns what was sent, oldest first: the last thousand messages.
    pub(crate) fn sent(&self) -> Vec<Mail> {
        self.outbox().all()
    }

    /// Locks the outbox; a panic elsewhere does not lose it.
    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `look` read the topic with this ARN.
    fn read_topic<R>(
        &self,
        ctx: &RequestContext,
        arn: &str,
        look: impl FnOnce(&Region, &Topic) -> R,
    ) -> Result<R, AwsError> {
        check_arn("TopicArn", arn)?;
        self.state.read(&ctx.region, |region| {
            region.topics.get(arn).map(|topic| look(region, topic)).ok_or_else(no_topic)
        })
    }

    /// Answers `ListTagsForResource`.
    fn tags(&self, ctx: &RequestContext, arn: &str) -> Result<Value, AwsError> {
        self.state.read(&ctx.region, |region| {
            let topic = region.topics.get(arn).ok_or_else(no_resource)?;
            Ok(json!({"Tags": {"member": tags::listed(&topic.tags)}}))
        })
    }

    /// Changes the tags of a topic, if what comes out is allowed.
    fn retag(
        &self,
        ctx: &RequestContext,
        arn: &str,
        change: impl FnOnce(&mut Tags),
    ) -> Result<Value, AwsError> {
        self.state.write(&ctx.region, |region| {
            let topic = region.topics.get_mut(arn).ok_or_else(no_resource)?;
            let mut tags = topic.tags.clone();
            change(&mut tags);
            check_tags(&topic.tags, &tags, ctx)?;
            topic.tags = tags;
            Ok(json!({}))
        })
    }
}

impl Tagged for Sns {
    fn tagged(&self, region: &str) -> Vec<(String, Tags)> {
        self.state.read(region, |region| {
            region.topics.iter().map(|(arn, topic)| (arn.clone(), topic.tags.clone())).collect()
        })
    }
}

/// The input of the tag operations.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tagging {
    #[serde(default)]
    resource_arn: String,
    #[serde(default, deserialize_with = "wire::list")]
    tags: Vec<Tag>,
    #[serde(default, deserialize_with = "wire::list")]
    tag_keys: Vec<String>,
}

/// The operations it answers; `handle` has an arm for each.
const OPERATIONS: &[&str] = &[
    "CreateTopic",
    "DeleteTopic",
    "ListTopics",
    "GetTopicAttributes",
    "SetTopicAttributes",
    "Publish",
    "Subscribe",
    "ConfirmSubscription",
    "Unsubscribe",
    "ListSubscriptions",
    "ListSubscriptionsByTopic",
    "GetSubscriptionAttributes",
    "SetSubscriptionAttributes",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
];

#[async_trait]
impl ServiceHandler for Sns {
    fn service_name(&self) -> &'static str {
        "sns"
    }

    fn protocol(&self) -> Protocol {
        Protocol::AwsQuery
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        match operation {
            "CreateTopic" => self.create_topic(ctx, wire::input(input)?),
            "DeleteTopic" => self.delete_topic(ctx, text(&input, "TopicArn")?),
            "ListTopics" => self.list_topics(ctx, &input),
            "GetTopicAttributes" => self.topic_attributes(ctx, text(&input, "TopicArn")?),
            "SetTopicAttributes" => self.set_topic_attribute(ctx, &input),
            "Publish" => self.publish(ctx, &input),
            "Subscribe" => self.subscribe(ctx, wire::input(input)?),
            "ConfirmSubscription" => self.confirm(ctx, &input),
            "Unsubscribe" => self.unsubscribe(ctx, text(&input, "SubscriptionArn")?),
            "ListSubscriptions" => self.list_subscriptions(ctx, &input, None),
            "ListSubscriptionsByTopic" => {
                self.list_subscriptions(ctx, &input, Some(text(&input, "TopicArn")?))
            }
            "GetSubscriptionAttributes" => {
                self.subscription_attributes(ctx, text(&input, "SubscriptionArn")?)
            }
            "SetSubscriptionAttributes" => self.set_subscription_attribute(ctx, &input),
            "ListTagsForResource" => self.tags(ctx, text(&input, "ResourceArn")?),
            "TagResource" => {
                let Tagging { resource_arn, tags, .. } = wire::input(input)?;
                self.retag(ctx, &resource_arn, |all| all.extend(tags::collected(tags)))
            }
            "UntagResource" => {
                let Tagging { resource_arn, tag_keys, .. } = wire::input(input)?;
                self.retag(ctx, &resource_arn, |all| all.retain(|key, _| !tag_keys.contains(key)))
            }
            _ => Err(super::unsupported("sns", operation)),
        }
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        let regions: Box<RawValue> = serde_json::from_slice(&self.state.snapshot()?).ok()?;
        serde_json::to_vec(&Saved { regions: Some(&regions), outbox: self.sent() }).ok()
    }

    fn restore(&self, data: &[u8]) -> Result<(), String> {
        let Saved { regions, outbox } = serde_json::from_slice(data).map_err(|error| error.to_string())?;
        self.outbox().restore(outbox);
        regions.map_or(Ok(()), |regions| self.state.restore(regions.get().as_bytes()))
    }
}

impl super::Service for Sns {
    fn operations(&self) -> Vec<&'static str> {
        OPERATIONS.to_vec()
    }

    fn needs(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<super::Need> {
        needs::of(self, operation, input, ctx)
    }

    fn take_change(&self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        let regions = self.state.take_change()?;
        let outbox = self.outbox().take_unsaved();
        if regions.is_none() && outbox.is_empty() {
            return Ok(None);
        }
        to_raw_value(&Saved { regions: regions.as_deref(), outbox }).map(Some)
    }

    fn apply_change(&self, change: &RawValue) -> Result<(), String> {
        let Saved { regions, outbox } =
            serde_json::from_str(change.get()).map_err(|error| error.to_string())?;
        self.outbox().add_saved(outbox);
        regions.map_or(Ok(()), |regions| self.state.restore(regions.get().as_bytes()))
    }
}

/// Returns a required text parameter.
fn text<'a>(input: &'a Value, name: &str) -> Result<&'a str, AwsError> {
    let given = input[name].as_str().filter(|value| !value.is_empty());
    given.ok_or_else(|| invalid(&format!("{name} Reason: no value for required parameter")))
}

/// The error of a parameter that makes no sense.
fn invalid(what: &str) -> AwsError {
    AwsError::bad_request("InvalidParameter", format!("Invalid parameter: {what}"))
}

/// The error for a topic that does not exist.
fn no_topic() -> AwsError {
    AwsError::not_found("NotFound", "Topic does not exist")
}

/// The error of the tag operations for a topic that does not exist.
fn no_resource() -> AwsError {
    AwsError::not_found("ResourceNotFound", "Resource does not exist")
}

/// Refuses text that is not an ARN.
fn check_arn(parameter: &str, arn: &str) -> Result<(), AwsError> {
    let elements = arn.split(':').count();
    if elements < 6 {
        let reason = format!("{parameter} Reason: An ARN must have at least 6 elements, not {elements}");
        return Err(invalid(&reason));
    }
    Ok(())
}

/// Checks tags.
fn check_tags(before: &Tags, after: &Tags, ctx: &RequestContext) -> Result<(), AwsError> {
    tags::check(before, after, ctx).map_err(|fault| match fault {
        TagFault::Reserved => invalid("Tags Reason: Tag keys cannot start with aws:"),
        TagFault::Length => invalid("Tags Reason: Tag keys have 1 to 128 characters, tag values at most 256"),
        TagFault::TooMany => AwsError::bad_request(
            "TagLimitExceeded",
            "Could not complete request: tag quota of per resource exceeded",
        ),
    })
}

/// Writes a map as the query protocol answers it.
fn entries(map: &BTreeMap<String, String>) -> Value {
    let entries: Vec<Value> = map.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    json!({"entry": entries})
}
