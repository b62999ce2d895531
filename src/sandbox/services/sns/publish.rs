//! Publishing: a message goes to everyone who confirmed and whose filter lets it through.

use std::collections::BTreeMap;

use awsim_core::{AwsError, RequestContext};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::filter::{self, Attributes};
use super::outbox::{Mail, MailKind};
use super::subscription::Subscription;
use super::{Sns, invalid, no_topic};
use crate::sandbox::services::grant::ServiceCall;
use crate::sandbox::services::wire;

/// The longest message, in bytes.
const LONGEST: usize = 256 * 1024;
/// The longest subject, in characters.
const SUBJECT: usize = 100;

/// A message that was accepted.
struct Message {
    id: String,
    topic: String,
    subject: Option<String>,
    /// The text for those who have none of their own.
    text: String,
    /// The texts by protocol.
    texts: BTreeMap<String, String>,
    attributes: BTreeMap<String, Attribute>,
    /// Who published it.
    publisher: Option<String>,
}

/// An attribute of a message.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    data_type: String,
    #[serde(default)]
    string_value: Option<String>,
    #[serde(default)]
    binary_value: Option<String>,
}

/// A function that a message has to be brought to.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sandbox) struct ToFunction {
    /// The ARN of the function.
    pub(in crate::sandbox) function: String,
    /// The event it gets: JSON.
    pub(in crate::sandbox) event: String,
}

impl Sns {
    /// Answers `Publish`. Functions that subscribed run behind the caller's back.
    pub(super) fn publish(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        if input["PhoneNumber"].is_string() {
            return Err(invalid("PhoneNumber Reason: the sandbox sends to topics only"));
        }
        let arn = input["TopicArn"].as_str().or_else(|| input["TargetArn"].as_str());
        let arn =
            arn.ok_or_else(|| invalid("TopicArn or TargetArn Reason: no value for required parameter"))?;
        let mut message = Message::parse(arn, input)?;
        message.publisher = self.caller(ctx);
        let id = message.id.clone();
        for delivery in self.deliver(&ctx.region, &message)? {
            if let Some(lambda) = self.lambda.get() {
                lambda.clone().invoke_later(&ctx.region, &delivery.function, delivery.event.into_bytes());
            }
        }
        Ok(json!({"MessageId": id}))
    }

    /// Publishes for an AWS service that acts for what `source_arn` names, if the topic's policy lets it. Returns the
    /// functions that the message has to be brought to; bringing it there is the caller's.
    pub(in crate::sandbox) fn publish_for_service(
        &self,
        region: &str,
        topic: &str,
        service: &str,
        source_arn: &str,
        text: &str,
    ) -> Result<Vec<ToFunction>, AwsError> {
        let policy = self
            .state
            .read(region, |region| Some(region.topics.get(topic)?.policy(topic, &self.account)))
            .ok_or_else(no_topic)?;
        let call = ServiceCall {
            service,
            action: "SNS:Publish",
            resource: topic,
            source_arn,
            source_account: source_arn.split(':').nth(4).unwrap_or_default(),
        };
        if !call.is_allowed_by(&policy) {
            let message = format!("the policy of {topic} does not let {service} publish");
            return Err(AwsError::forbidden("AuthorizationError", message));
        }
        let mut message = Message::parse(topic, &json!({"Message": text}))?;
        message.publisher = Some(service.to_owned());
        self.deliver(region, &message)
    }

    /// Puts a message into the outbox for each subscription that wants it, and returns the functions among them that
    /// have to be invoked.
    fn deliver(&self, region: &str, message: &Message) -> Result<Vec<ToFunction>, AwsError> {
        self.forget_unconfirmed(region);
        let now = self.clock.now();
        let (wanted, sender) = self.state.read(region, |region| {
            let topic = region.topics.get(&message.topic).ok_or_else(no_topic)?;
            let wanted = region
                .subscriptions
                .iter()
                .filter(|(_, it)| it.topic == message.topic && it.token.is_none() && message.is_wanted(it));
            let wanted: Vec<_> = wanted.map(|(arn, it)| (arn.clone(), it.clone())).collect();
            Ok::<_, AwsError>((wanted, topic.sender()))
        })?;
        let mut functions = Vec::new();
        for (arn, subscription) in wanted {
            let protocol = subscription.protocol.as_str();
            let text = message.texts.get(protocol).unwrap_or(&message.text);
            let mail = matches!(protocol, "email" | "email-json");
            let notification = || message.notification(&arn, region, text, &self.stamp());
            let message_text = match protocol {
                "email-json" => notification().to_string(),
                _ => text.clone(),
            };
            let allowed = protocol == "lambda" && self.may_invoke(region, &subscription);
            if allowed {
                let record = json!({"EventVersion": "1.0", "EventSubscriptionArn": arn, "EventSource": "aws:sns",
                                    "Sns": notification()});
                let function = subscription.endpoint.clone();
                functions.push(ToFunction { function, event: json!({"Records": [record]}).to_string() });
            }
            let subject = message.subject.clone();
            self.outbox().push(Mail {
                time: now,
                topic: message.topic.clone(),
                protocol: protocol.to_owned(),
                endpoint: subscription.endpoint.clone(),
                kind: MailKind::Notification,
                from: mail.then(|| sender.clone()),
                subject: subject.or_else(|| mail.then(|| "AWS Notification Message".to_owned())),
                message: message_text,
                message_id: message.id.clone(),
                publisher: message.publisher.clone(),
                delivered: mail || allowed,
            });
        }
        Ok(functions)
    }

    /// Returns the ARN of who calls.
    fn caller(&self, ctx: &RequestContext) -> Option<String> {
        let caller = self.callers.get()?.resolve_key(ctx.access_key.as_deref()?)?;
        Some(caller.identity.arn(&ctx.partition, &self.account))
    }

    /// Tells whether a function that subscribed is there and lets SNS invoke it.
    fn may_invoke(&self, region: &str, subscription: &Subscription) -> bool {
        self.lambda.get().is_some_and(|lambda| {
            lambda.may_invoke(region, &subscription.endpoint, "sns.amazonaws.com", &subscription.topic)
        })
    }

    /// Returns the moment as SNS spells it.
    fn stamp(&self) -> String {
        self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
    }
}

impl Message {
    /// Reads and checks what `Publish` was given.
    /// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
    fn parse(topic: &str, input: &Value) -> Result<Self, AwsError> {
        let given = input["Message"].as_str().unwrap_or_default();
        let subject = input["Subject"].as_str();
        if given.is_empty() {
            return Err(invalid("Empty message"));
        }
        let attributes = attributes(&input["MessageAttributes"])?;
        let more = attributes.iter().map(|(name, it)| name.len() + it.data_type.len() + it.text().len());
        if given.len() + more.sum::<usize>() > LONGEST {
            return Err(invalid("Message too long"));
        }
        let fits = |subject: &str| {
            !subject.is_empty() && subject.chars().count() <= SUBJECT && !subject.contains(char::is_control)
        };
        if subject.is_some_and(|subject| !fits(subject)) {
            return Err(invalid("Subject"));
        }
        let (text, texts) = match input["MessageStructure"].as_str() {
            Some("json") => structured(given)?,
            None => (given.to_owned(), BTreeMap::new()),
            Some(_) => return Err(invalid("Message Structure - Only json is supported")),
        };
        let (id, topic) = (wire::uuid(), topic.to_owned());
        let subject = subject.map(str::to_owned);
        Ok(Self { id, topic, subject, text, texts, attributes, publisher: None })
    }

    /// Tells whether the filter of a subscription lets the message through.
    fn is_wanted(&self, subscription: &Subscription) -> bool {
        let attribute = |name: &str| subscription.attributes.get(name).map(String::as_str);
        let Some(policy) = attribute("FilterPolicy").and_then(|policy| serde_json::from_str(policy).ok())
        else {
            return true;
        };
        if attribute("FilterPolicyScope") == Some("MessageBody") {
            return filter::admits_body(&policy, &self.text);
        }
        let all: Attributes =
            self.attributes.iter().map(|(name, attribute)| (name.clone(), attribute.values())).collect();
        filter::admits_attributes(&policy, &all)
    }

    /// Writes the message as SNS sends it to programs. Signature and certificate are those of nobody.
    fn notification(&self, subscription: &str, region: &str, text: &str, time: &str) -> Value {
        let attributes: Map<String, Value> = self
            .attributes
            .iter()
            .map(|(name, it)| (name.clone(), json!({"Type": it.data_type, "Value": it.text()})))
            .collect();
        json!({
            "Type": "Notification",
            "MessageId": self.id,
            "TopicArn": self.topic,
            "Subject": self.subject,
            "Message": text,
            "Timestamp": time,
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertUrl": "EXAMPLE",
            "UnsubscribeUrl": format!(
                "https://sns.{region}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={subscription}"
            ),
            "MessageAttributes": attributes,
        })
    }
}

impl Attribute {
    /// The value as text.
    fn text(&self) -> &str {
        self.string_value.as_deref().or(self.binary_value.as_deref()).unwrap_or_default()
    }

    /// The values that filters compare: of a list each of its members.
    fn values(&self) -> Vec<Value> {
        let text = self.text();
        let parsed = || serde_json::from_str::<Value>(text).ok();
        match self.data_type.split('.').next() {
            Some("Number") => parsed().into_iter().filter(Value::is_number).collect(),
            _ if self.data_type == "String.Array" => match parsed() {
                Some(Value::Array(values)) => values,
                other => other.into_iter().collect(),
            },
            _ => vec![json!(text)],
        }
    }
}

/// Reads a message with a text for each protocol.
fn structured(message: &str) -> Result<(String, BTreeMap<String, String>), AwsError> {
    let Ok(Value::Object(fields)) = serde_json::from_str(message) else {
        return Err(invalid("Message Structure - JSON message body failed to parse"));
    };
    let texts = fields.into_iter().filter_map(|(protocol, text)| match text {
        Value::String(text) => Some((protocol, text)),
        _ => None,
    });
    let mut texts: BTreeMap<String, String> = texts.collect();
    match texts.remove("default") {
        Some(text) => Ok((text, texts)),
        None => Err(invalid("Message Structure - No default entry in JSON message body")),
    }
}

/// Reads the attributes: a map whose entries the gateway leaves as it leaves those of no other map.
fn attributes(given: &Value) -> Result<BTreeMap<String, Attribute>, AwsError> {
    let entry = |entry: &Value| {
        let name = entry["Name"].as_str().unwrap_or_default().to_owned();
        Ok::<_, AwsError>((name, wire::input(entry["Value"].clone())?))
    };
    let entries = given["entry"].as_array().map(Vec::as_slice).unwrap_or_default();
    let all: BTreeMap<String, Attribute> = entries.iter().map(entry).collect::<Result<_, _>>()?;
    for (name, attribute) in &all {
        let kind = attribute.data_type.split('.').next().unwrap_or_default();
        if !["String", "Number", "Binary"].contains(&kind) {
            return Err(AwsError::bad_request(
                "ParameterValueInvalid",
                format!(
                    "The message attribute '{name}' has an invalid message attribute type, the set of supported \
                     type prefixes is Binary, Number, and String."
                ),
            ));
        }
        if attribute.text().is_empty() {
            let message = format!(
                "The message attribute '{name}' must contain non-empty message attribute value for message attribute type '{kind}'."
            );
            return Err(AwsError::bad_request("ParameterValueInvalid", message));
        }
    }
    Ok(all)
}
