//! `AWS::SNS::Topic`: `CreateTopic`, then the subscriptions written into it. `CreateTopic` would adopt a topic
//! of the same name, so a chosen name is looked up first.

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::properties::{tag_changes, tag_list};
use super::{
    Call, Failure, Input, Kind, Physical, Properties, Property, answer_text, in_place, members, replaces,
};

pub(super) struct SnsTopic;

/// Properties that are attributes of the topic under the same name.
const ATTRIBUTES: [&str; 6] = [
    "DisplayName",
    "KmsMasterKeyId",
    "ContentBasedDeduplication",
    "SignatureVersion",
    "TracingConfig",
    "FifoThroughputScope",
];

#[async_trait]
impl Kind for SnsTopic {
    fn name(&self) -> &'static str {
        "AWS::SNS::Topic"
    }

    fn properties(&self) -> &'static [Property] {
        const {
            &[
                in_place("ContentBasedDeduplication"),
                in_place("DisplayName"),
                in_place("FifoThroughputScope"),
                replaces("FifoTopic"),
                in_place("KmsMasterKeyId"),
                in_place("SignatureVersion"),
                in_place("Subscription"),
                in_place("Tags"),
                replaces("TopicName"),
                in_place("TracingConfig"),
            ]
        }
    }

    fn name_property(&self) -> Option<&'static str> {
        Some("TopicName")
    }

    fn name_limit(&self) -> usize {
        256
    }

    fn is_taggable(&self) -> bool {
        true
    }

    async fn create(&self, call: &Call<'_>, wanted: &Properties, made: &mut Physical) -> Result<(), Failure> {
        let mut name = call.name(wanted, "TopicName");
        let fifo = wanted.text("FifoTopic").as_deref() == Some("true");
        if fifo && wanted.value("TopicName").is_none() {
            name.push_str(".fifo");
        }
        if wanted.value("TopicName").is_some() {
            let arn = awsim_core::arn::build(call.ctx, "sns", &name);
            let input = Input::default().with("TopicArn", arn);
            call.expect_absent(self, &name, ("sns", "GetTopicAttributes"), input).await?;
        }
        let mut attributes: Map<String, Value> = ATTRIBUTES
            .iter()
            .filter_map(|attribute| Some(((*attribute).to_owned(), wanted.text(attribute)?.into())))
            .collect();
        if fifo {
            attributes.insert("FifoTopic".to_owned(), "true".into());
        }
        let mut tags = wanted.tags();
        tags.extend(call.system_tags.clone());
        let input = Input::default()
            .with("Name", name.as_str())
            .maybe("Attributes", (!attributes.is_empty()).then_some(attributes))
            .tags(&tags);
        let answer = call.invoke("sns", "CreateTopic", input).await?;
        made.id = answer_text(&answer, "/TopicArn");
        made.attribute("TopicArn", made.id.clone());
        made.attribute("TopicName", name);
        for (protocol, endpoint) in subscriptions(wanted) {
            subscribe(call, &made.id, &protocol, &endpoint).await?;
        }
        Ok(())
    }

    async fn update(
        &self,
        call: &Call<'_>,
        before: &Properties,
        wanted: &Properties,
        made: &mut Physical,
    ) -> Result<(), Failure> {
        for attribute in ATTRIBUTES.into_iter().filter(|attribute| before.differs(wanted, attribute)) {
            let input = Input::default()
                .with("TopicArn", made.id.as_str())
                .with("AttributeName", attribute)
                .with("AttributeValue", wanted.text(attribute).unwrap_or_default());
            call.invoke("sns", "SetTopicAttributes", input).await?;
        }
        let (set, gone) = tag_changes(&before.tags(), &wanted.tags());
        let input = || Input::default().with("ResourceArn", made.id.as_str());
        if !gone.is_empty() {
            call.invoke("sns", "UntagResource", input().with("TagKeys", gone)).await?;
        }
        if !set.is_empty() {
            call.invoke("sns", "TagResource", input().with("Tags", tag_list(&set))).await?;
        }
        let (old, new) = (subscriptions(before), subscriptions(wanted));
        for (protocol, endpoint) in new.iter().filter(|one| !old.contains(one)) {
            subscribe(call, &made.id, protocol, endpoint).await?;
        }
        for gone in old.iter().filter(|one| !new.contains(one)) {
            unsubscribe_from(call, &made.id, gone).await?;
        }
        Ok(())
    }

    async fn delete(&self, call: &Call<'_>, _before: &Properties, made: &Physical) -> Result<(), Failure> {
        call.remove("sns", "DeleteTopic", Input::default().with("TopicArn", made.id.as_str())).await
    }
}

fn subscriptions(properties: &Properties) -> Vec<(String, String)> {
    properties
        .items("Subscription")
        .iter()
        .filter_map(|one| Some((one.text("Protocol")?, one.text("Endpoint")?)))
        .collect()
}

async fn subscribe(call: &Call<'_>, topic: &str, protocol: &str, endpoint: &str) -> Result<(), Failure> {
    let input = Input::default()
        .with("TopicArn", topic)
        .with("Protocol", protocol)
        .with("Endpoint", endpoint)
        .with("ReturnSubscriptionArn", "true");
    call.invoke("sns", "Subscribe", input).await.map(drop)
}

async fn unsubscribe_from(call: &Call<'_>, topic: &str, gone: &(String, String)) -> Result<(), Failure> {
    let answer =
        call.invoke("sns", "ListSubscriptionsByTopic", Input::default().with("TopicArn", topic)).await?;
    for one in members(&answer, "Subscriptions") {
        if (answer_text(one, "/Protocol"), answer_text(one, "/Endpoint")) == *gone {
            unsubscribe(call, &answer_text(one, "/SubscriptionArn")).await?;
        }
    }
    Ok(())
}

/// Ends a subscription. One that nobody confirmed cannot be ended; SNS forgets it by itself.
///
/// <https://docs.aws.amazon.com/sns/latest/api/API_Unsubscribe.html>
pub(super) async fn unsubscribe(call: &Call<'_>, arn: &str) -> Result<(), Failure> {
    if !arn.starts_with("arn:") {
        return Ok(());
    }
    match call.remove("sns", "Unsubscribe", Input::default().with("SubscriptionArn", arn)).await {
        Err(Failure::Api { error, .. }) if error.message.to_lowercase().contains("pending") => Ok(()),
        other => other,
    }
}
