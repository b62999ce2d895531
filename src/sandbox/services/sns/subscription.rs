//! Subscriptions: who is told, and whether they agreed.

use std::collections::BTreeMap;

use awsim_core::{AwsError, RequestContext};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::outbox::{Mail, MailKind};
use super::topic::Topic;
use super::{Region, Sns, check_arn, entries, invalid, no_topic, text, topic};
use crate::sandbox::services::wire;

/// How long an endpoint has to confirm.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-delete-subscription-topic.html>
const CONFIRMATION_TIME: SignedDuration = SignedDuration::from_hours(48);

/// One subscription.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Subscription {
    pub(super) topic: String,
    pub(super) protocol: String,
    pub(super) endpoint: String,
    /// What the endpoint has to present to confirm; `None` once it is confirmed.
    pub(super) token: Option<String>,
    pub(super) attributes: BTreeMap<String, String>,
    /// When it was made.
    #[serde(default)]
    since: Timestamp,
}

/// The input of `Subscribe`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Subscribe {
    #[serde(default)]
    topic_arn: String,
    #[serde(default)]
    protocol: String,
    #[serde(default)]
    endpoint: String,
    #[serde(default)]
    attributes: Option<Value>,
    #[serde(default)]
    return_subscription_arn: Option<String>,
}

impl Subscription {
    /// Writes the subscription as lists show it.
    fn summary(&self, arn: &str, owner: &str) -> Value {
        json!({
            "TopicArn": self.topic,
            "Protocol": self.protocol,
            "SubscriptionArn": if self.token.is_some() { "PendingConfirmation" } else { arn },
            "Owner": owner,
            "Endpoint": self.endpoint,
        })
    }
}

impl Sns {
    /// Subscribes an endpoint, or finds that it is subscribed.
    pub(super) fn subscribe(&self, ctx: &RequestContext, input: Subscribe) -> Result<Value, AwsError> {
        check_arn("TopicArn", &input.topic_arn)?;
        check_endpoint(&input.protocol, &input.endpoint)?;
        let attributes = topic::attributes(input.attributes)?;
        let show = input.return_subscription_arn.as_deref() == Some("true");
        check_attributes(&attributes)?;
        let waits = !matches!(input.protocol.as_str(), "sqs" | "lambda" | "firehose" | "application" | "sms");
        self.forget_unconfirmed(&ctx.region);
        let now = self.clock.now();
        let topic = input.topic_arn.clone();
        let (answer, unconfirmed) = self.state.write(&ctx.region, |region| {
            if !region.topics.contains_key(&input.topic_arn) {
                return Err(no_topic());
            }
            let same = region.subscriptions.iter().find(|(_, it)| {
                it.topic == input.topic_arn && it.protocol == input.protocol && it.endpoint == input.endpoint
            });
            let (arn, pending) = if let Some((arn, found)) = same {
                if attributes.iter().any(|(name, value)| found.attributes.get(name) != Some(value)) {
                    let reason = "Attributes Reason: Subscription already exists with different attributes";
                    return Err(invalid(reason));
                }
                (arn.clone(), found.token.is_some())
            } else {
                let arn = format!("{}:{}", input.topic_arn, wire::uuid());
                let subscription = Subscription {
                    topic: input.topic_arn,
                    protocol: input.protocol,
                    endpoint: input.endpoint,
                    token: waits.then(|| format!("{}{}", wire::uuid(), wire::uuid()).replace('-', "")),
                    attributes,
                    since: now,
                };
                region.subscriptions.insert(arn.clone(), subscription);
                (arn, waits)
            };
            // Who is asked again gets another mail.
            let sender = region.topics.get(&topic).map(Topic::sender);
            let unconfirmed = region.subscriptions.get(&arn).filter(|_| pending).cloned().zip(sender);
            let arn = if pending && !show { "pending confirmation".to_owned() } else { arn };
            Ok((json!({"SubscriptionArn": arn}), unconfirmed))
        })?;
        if let Some((subscription, sender)) = unconfirmed {
            self.ask(subscription, sender);
        }
        Ok(answer)
    }

    /// Asks an endpoint whether it wants to be subscribed.
    fn ask(&self, subscription: Subscription, sender: String) {
        let Subscription { topic, protocol, endpoint, token, .. } = subscription;
        let mail = matches!(protocol.as_str(), "email" | "email-json");
        self.outbox().push(Mail {
            time: self.clock.now(),
            message: format!(
                "You have chosen to subscribe to the topic:\n{topic}\n\nTo confirm this subscription, click or visit \
                 the link below (If this was in error no action is necessary):\nConfirm subscription"
            ),
            topic,
            protocol,
            endpoint,
            kind: MailKind::Confirmation { token: token.unwrap_or_default() },
            from: mail.then_some(sender),
            subject: mail.then(|| "AWS Notification - Subscription Confirmation".to_owned()),
            message_id: wire::uuid(),
            publisher: None,
            delivered: mail,
        });
    }

    /// Confirms every subscription of an endpoint that waits for it, of one topic or of all, in all regions: what its
    /// owner does with the mails. Returns the ARNs of the subscriptions.
    pub(crate) fn confirm_endpoint(&self, topic: Option<&str>, endpoint: &str) -> Vec<String> {
        let mut confirmed = Vec::new();
        for region in self.state.names() {
            self.forget_unconfirmed(&region);
            self.state.write(&region, |region| {
                for (arn, it) in &mut region.subscriptions {
                    let meant = it.endpoint == endpoint && topic.is_none_or(|topic| it.topic == topic);
                    if meant && it.token.take().is_some() {
                        confirmed.push(arn.clone());
                    }
                }
            });
        }
        confirmed
    }

    /// Forgets the subscriptions that nobody confirmed in time.
    pub(super) fn forget_unconfirmed(&self, region: &str) {
        let now = self.clock.now();
        let is_late =
            |it: &Subscription| it.token.is_some() && now.duration_since(it.since) > CONFIRMATION_TIME;
        let any = self.state.read(region, |region| region.subscriptions.values().any(is_late));
        if any {
            self.state.write(region, |region| region.subscriptions.retain(|_, it| !is_late(it)));
        }
    }

    /// Confirms the subscription whose token is presented.
    pub(super) fn confirm(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let (topic, token) = (text(input, "TopicArn")?, text(input, "Token")?);
        check_arn("TopicArn", topic)?;
        self.forget_unconfirmed(&ctx.region);
        self.state.write(&ctx.region, |region| {
            if !region.topics.contains_key(topic) {
                return Err(no_topic());
            }
            let mut of_topic = region.subscriptions.iter_mut().filter(|(_, it)| it.topic == topic);
            let found = of_topic.find(|(_, it)| it.token.as_deref() == Some(token));
            let (arn, subscription) = found.ok_or_else(|| invalid("Token"))?;
            subscription.token = None;
            Ok(json!({"SubscriptionArn": arn}))
        })
    }

    /// Ends a subscription; nothing happens when there is none.
    pub(super) fn unsubscribe(&self, ctx: &RequestContext, arn: &str) -> Result<Value, AwsError> {
        check_arn("SubscriptionArn", arn)?;
        self.state.write(&ctx.region, |Region { topics, subscriptions, .. }| {
            let ended = subscriptions.remove(arn);
            if let Some(topic) = ended.and_then(|ended| topics.get_mut(&ended.topic)) {
                topic.unsubscribed += 1;
            }
        });
        Ok(json!({}))
    }

    /// Lists the subscriptions of one topic or of all, 100 on a page.
    pub(super) fn list_subscriptions(
        &self,
        ctx: &RequestContext,
        input: &Value,
        topic: Option<&str>,
    ) -> Result<Value, AwsError> {
        if let Some(topic) = topic {
            self.read_topic(ctx, topic, |_, _| ())?;
        }
        self.forget_unconfirmed(&ctx.region);
        let all: Vec<(String, Value)> = self.state.read(&ctx.region, |region| {
            let wanted =
                region.subscriptions.iter().filter(|(_, it)| topic.is_none_or(|arn| it.topic == arn));
            wanted.map(|(arn, it)| (arn.clone(), it.summary(arn, &self.account))).collect()
        });
        let token = input["NextToken"].as_str();
        let (page, next) = wire::page(all, 100, token, |(arn, _)| arn.clone(), || invalid("NextToken"))?;
        let page: Vec<Value> = page.into_iter().map(|(_, summary)| summary).collect();
        Ok(wire::with_next(json!({"Subscriptions": {"member": page}}), "NextToken", next))
    }

    /// Answers `GetSubscriptionAttributes`.
    pub(super) fn subscription_attributes(&self, ctx: &RequestContext, arn: &str) -> Result<Value, AwsError> {
        check_arn("SubscriptionArn", arn)?;
        self.forget_unconfirmed(&ctx.region);
        self.state.read(&ctx.region, |region| {
            let found = region.subscriptions.get(arn).ok_or_else(no_subscription)?;
            let mut all = BTreeMap::from([
                ("SubscriptionArn".to_owned(), arn.to_owned()),
                ("TopicArn".to_owned(), found.topic.clone()),
                ("Protocol".to_owned(), found.protocol.clone()),
                ("Endpoint".to_owned(), found.endpoint.clone()),
                ("Owner".to_owned(), self.account.clone()),
                ("PendingConfirmation".to_owned(), found.token.is_some().to_string()),
                ("ConfirmationWasAuthenticated".to_owned(), found.token.is_none().to_string()),
                ("RawMessageDelivery".to_owned(), "false".to_owned()),
            ]);
            all.extend(found.attributes.clone());
            Ok(json!({"Attributes": entries(&all)}))
        })
    }

    /// Sets one attribute of a subscription.
    pub(super) fn set_subscription_attribute(
        &self,
        ctx: &RequestContext,
        input: &Value,
    ) -> Result<Value, AwsError> {
        const SETTABLE: [&str; 6] = [
            "DeliveryPolicy",
            "FilterPolicy",
            "FilterPolicyScope",
            "RawMessageDelivery",
            "RedrivePolicy",
            "SubscriptionRoleArn",
        ];
        let (arn, name) = (text(input, "SubscriptionArn")?, text(input, "AttributeName")?);
        check_arn("SubscriptionArn", arn)?;
        if !SETTABLE.contains(&name) {
            return Err(invalid("AttributeName"));
        }
        let value = input["AttributeValue"].as_str().unwrap_or_default();
        check_attributes(&BTreeMap::from([(name.to_owned(), value.to_owned())]))?;
        self.state.write(&ctx.region, |region| {
            let found = region.subscriptions.get_mut(arn).ok_or_else(no_subscription)?;
            found.attributes.insert(name.to_owned(), value.to_owned());
            Ok(json!({}))
        })
    }
}

/// The error for a subscription that does not exist.
fn no_subscription() -> AwsError {
    AwsError::not_found("NotFound", "Subscription does not exist")
}

/// Checks attributes: a filter policy is an object of lists.
fn check_attributes(attributes: &BTreeMap<String, String>) -> Result<(), AwsError> {
    let Some(policy) = attributes.get("FilterPolicy").filter(|policy| !policy.is_empty()) else {
        return Ok(());
    };
    match serde_json::from_str::<Value>(policy) {
        Ok(Value::Object(_)) => Ok(()),
        Ok(_) => Err(invalid("FilterPolicy: Filter policy must be a JSON object")),
        Err(_) => Err(invalid("FilterPolicy: failed to parse JSON.")),
    }
}

/// Checks that the endpoint fits the protocol.
fn check_endpoint(protocol: &str, endpoint: &str) -> Result<(), AwsError> {
    let (fits, reason) = match protocol {
        "email" | "email-json" => (is_email(endpoint), "Email address".to_owned()),
        "http" | "https" => {
            let scheme = endpoint.split_once("://").map(|(scheme, _)| scheme);
            (scheme == Some(protocol), "Endpoint must match the specified protocol".to_owned())
        }
        "sms" => {
            let digits = endpoint.trim_start_matches('+').replace(['-', '.', ' '], "");
            let fits = digits.len() >= 5 && digits.bytes().all(|byte| byte.is_ascii_digit());
            (fits, format!("Invalid SMS endpoint: {endpoint}"))
        }
        "sqs" => (endpoint.starts_with("arn:aws:sqs:"), "SQS endpoint ARN".to_owned()),
        "lambda" => (endpoint.starts_with("arn:aws:lambda:"), "Lambda endpoint ARN".to_owned()),
        "application" | "firehose" => (endpoint.starts_with("arn:"), "Endpoint".to_owned()),
        other => (false, format!("Amazon SNS does not support this protocol string: {other}")),
    };
    if fits { Ok(()) } else { Err(invalid(&reason)) }
}

/// Tells whether `text` looks like an address: something, an `@`, a domain.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-') && !label.starts_with('-')
    };
    !local.is_empty()
        && text.len() <= 320
        && !local.chars().any(|c| c.is_whitespace() || c.is_control() || "@<>()[],;:\\\"".contains(c))
        && domain.contains('.')
        && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_text() {
        for good in ["a@example.com", "first.last+tag@mail.example.org"] {
            assert!(is_email(good), "{good}");
        }
        for bad in
            ["", "nobody", "@example.com", "a@", "a@host", "a b@example.com", "a@b@example.com", "a@.com"]
        {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn endpoints_have_to_fit_their_protocol() {
        assert!(check_endpoint("https", "https://example.com/x").is_ok());
        assert!(check_endpoint("https", "http://example.com/x").is_err());
        assert!(check_endpoint("pigeon", "x").unwrap_err().message.contains("protocol string: pigeon"));
    }
}
