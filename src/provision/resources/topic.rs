//! SNS topics with their subscriptions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Extra;

/// An SNS topic.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// Who gets the messages. A subscription that waits for its recipient's confirmation is not drift.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subscriptions: Vec<Subscription>,
    /// `allow` leaves subscriptions alone that the scenario does not name.
    #[serde(skip_serializing_if = "Extra::is_default")]
    pub extra: Extra,
}

/// One recipient of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subscription {
    /// An e-mail address; AWS asks its owner to confirm.
    Email(String),
    /// An e-mail address that gets messages as JSON.
    EmailJson(String),
    /// An HTTPS endpoint.
    Https(String),
    /// A Lambda function, by ARN.
    Lambda(String),
    /// An SQS queue, by ARN.
    Sqs(String),
}
