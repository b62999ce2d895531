//! Topics: create, describe, delete.

use std::collections::BTreeMap;

use awsim_core::{AwsError, RequestContext};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Sns, check_arn, check_tags, entries, invalid, no_topic, text};
use crate::sandbox::services::tags::{self, Tag, Tags};
use crate::sandbox::services::wire;

/// The attributes a caller may set.
const SETTABLE: [&str; 10] = [
    "ContentBasedDeduplication",
    "DeliveryPolicy",
    "DisplayName",
    "FifoTopic",
    "KmsMasterKeyId",
    "Policy",
    "SignatureVersion",
    "TracingConfig",
    "ArchivePolicy",
    "FifoThroughputScope",
];

/// One topic.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Topic {
    /// The attributes that were set.
    attributes: BTreeMap<String, String>,
    pub(super) tags: Tags,
    /// How many subscriptions were deleted.
    pub(super) unsubscribed: usize,
}

/// The input of `CreateTopic`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateTopic {
    #[serde(default)]
    name: String,
    #[serde(default)]
    attributes: Option<Value>,
    #[serde(default, deserialize_with = "wire::list")]
    tags: Vec<Tag>,
}

impl Topic {
    /// Returns the sender of the topic's mails.
    pub(super) fn sender(&self) -> String {
        let named = self.attributes.get("DisplayName").filter(|name| !name.is_empty());
        format!("{} <no-reply@sns.amazonaws.com>", named.map_or("AWS Notifications", String::as_str))
    }

    /// Returns the topic's policy: the one that was set, or the one it was born with.
    pub(super) fn policy(&self, arn: &str, account: &str) -> String {
        self.attributes.get("Policy").cloned().unwrap_or_else(|| default_policy(arn, account))
    }
}

impl Sns {
    /// Returns the ARN of the topic called `name`.
    pub(super) fn arn(&self, region: &str, name: &str) -> String {
        format!("arn:aws:sns:{region}:{}:{name}", self.account)
    }

    /// Creates a topic, or returns the one that is there if it has these attributes and tags.
    pub(super) fn create_topic(&self, ctx: &RequestContext, input: CreateTopic) -> Result<Value, AwsError> {
        let attributes = attributes(input.attributes)?;
        check_name(&input.name, attributes.get("FifoTopic").is_some_and(|fifo| fifo == "true"))?;
        for (name, value) in &attributes {
            check_attribute(name, value)?;
        }
        let tags = tags::collected(input.tags);
        check_tags(&Tags::new(), &tags, ctx)?;
        let arn = self.arn(&ctx.region, &input.name);
        self.state.write(&ctx.region, |region| {
            if let Some(topic) = region.topics.get(&arn) {
                if attributes.iter().any(|(name, value)| topic.attributes.get(name) != Some(value)) {
                    return Err(invalid("Attributes Reason: Topic already exists with different attributes"));
                }
                if tags.iter().any(|(key, value)| topic.tags.get(key) != Some(value)) {
                    return Err(invalid("Tags Reason: Topic already exists with different tags"));
                }
            } else {
                region.topics.insert(arn.clone(), Topic { attributes, tags, unsubscribed: 0 });
            }
            Ok(json!({"TopicArn": arn}))
        })
    }

    /// Deletes a topic and its subscriptions; nothing happens when there is none.
    pub(super) fn delete_topic(&self, ctx: &RequestContext, arn: &str) -> Result<Value, AwsError> {
        check_arn("TopicArn", arn)?;
        self.state.write(&ctx.region, |region| {
            region.topics.remove(arn);
            region.subscriptions.retain(|_, subscription| subscription.topic != arn);
        });
        Ok(json!({}))
    }

    /// Lists the topics, 100 on a page.
    pub(super) fn list_topics(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let arns: Vec<String> =
            self.state.read(&ctx.region, |region| region.topics.keys().cloned().collect());
        let (page, next) =
            wire::page(arns, 100, input["NextToken"].as_str(), Clone::clone, || invalid("NextToken"))?;
        let page: Vec<Value> = page.into_iter().map(|arn| json!({"TopicArn": arn})).collect();
        Ok(wire::with_next(json!({"Topics": {"member": page}}), "NextToken", next))
    }

    /// Answers `GetTopicAttributes`: what was set, the defaults and the counts.
    pub(super) fn topic_attributes(&self, ctx: &RequestContext, arn: &str) -> Result<Value, AwsError> {
        self.forget_unconfirmed(&ctx.region);
        self.read_topic(ctx, arn, |region, topic| {
            let of_topic = region.subscriptions.values().filter(|it| it.topic == arn);
            let (pending, confirmed): (Vec<_>, Vec<_>) = of_topic.partition(|it| it.token.is_some());
            let mut all = BTreeMap::from([
                ("TopicArn".to_owned(), arn.to_owned()),
                ("Owner".to_owned(), self.account.clone()),
                ("DisplayName".to_owned(), String::new()),
                ("Policy".to_owned(), default_policy(arn, &self.account)),
                ("EffectiveDeliveryPolicy".to_owned(), default_delivery()),
                ("SubscriptionsPending".to_owned(), pending.len().to_string()),
                ("SubscriptionsConfirmed".to_owned(), confirmed.len().to_string()),
                ("SubscriptionsDeleted".to_owned(), topic.unsubscribed.to_string()),
            ]);
            all.extend(topic.attributes.clone());
            json!({"Attributes": entries(&all)})
        })
    }

    /// Sets one attribute of a topic.
    pub(super) fn set_topic_attribute(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let arn = text(input, "TopicArn")?;
        let name = text(input, "AttributeName")?;
        let value = input["AttributeValue"].as_str().unwrap_or_default();
        check_arn("TopicArn", arn)?;
        check_attribute(name, value)?;
        self.state.write(&ctx.region, |region| {
            let topic = region.topics.get_mut(arn).ok_or_else(no_topic)?;
            topic.attributes.insert(name.to_owned(), value.to_owned());
            Ok(json!({}))
        })
    }
}

/// Reads the map of attributes; an empty one is an empty string on the wire.
pub(super) fn attributes(given: Option<Value>) -> Result<BTreeMap<String, String>, AwsError> {
    match given {
        Some(map @ Value::Object(_)) => wire::input(map),
        _ => Ok(BTreeMap::new()),
    }
}

/// Checks a topic's name; only the name of a FIFO topic ends in `.fifo`.
fn check_name(name: &str, fifo: bool) -> Result<(), AwsError> {
    let stem = if fifo { name.strip_suffix(".fifo").unwrap_or_default() } else { name };
    let fits = !stem.is_empty()
        && name.len() <= 256
        && stem.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if fits { Ok(()) } else { Err(invalid("Topic Name")) }
}

/// Checks one attribute.
fn check_attribute(name: &str, value: &str) -> Result<(), AwsError> {
    if !SETTABLE.contains(&name)
        && !name.ends_with("FeedbackRoleArn")
        && !name.ends_with("FeedbackSampleRate")
    {
        return Err(invalid("AttributeName"));
    }
    if name == "Policy" && !serde_json::from_str::<Value>(value).is_ok_and(|policy| policy.is_object()) {
        return Err(invalid("Policy Error: null"));
    }
    if name == "DisplayName" && value.chars().count() > 100 {
        return Err(invalid("DisplayName"));
    }
    Ok(())
}

/// Returns the policy of a topic that was given none: the owner's account may do everything.
fn default_policy(arn: &str, account: &str) -> String {
    let actions = [
        "SNS:GetTopicAttributes",
        "SNS:SetTopicAttributes",
        "SNS:AddPermission",
        "SNS:RemovePermission",
        "SNS:DeleteTopic",
        "SNS:Subscribe",
        "SNS:ListSubscriptionsByTopic",
        "SNS:Publish",
    ];
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": actions,
            "Resource": arn,
            "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
        }],
    })
    .to_string()
}

/// Returns the delivery policy of a topic that was given none.
fn default_delivery() -> String {
    json!({
        "http": {
            "defaultHealthyRetryPolicy": {
                "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, "numMaxDelayRetries": 0,
                "numNoDelayRetries": 0, "numMinDelayRetries": 0, "backoffFunction": "linear",
            },
            "disableSubscriptionOverrides": false,
            "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
        },
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_as_aws_does() {
        assert!(check_name("iam-audit_1", false).is_ok());
        assert!(check_name("queue.fifo", true).is_ok());
        for (name, fifo) in [("", false), ("a b", false), ("queue.fifo", false), ("queue", true)] {
            assert!(check_name(name, fifo).is_err(), "{name}");
        }
        assert!(check_name(&"a".repeat(257), false).is_err());
    }
}
