//! `AWS::SNS::Subscription`: `Subscribe`. The ARN is known at once, whether or not somebody confirms.

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::sns_topic::unsubscribe;
use super::{
    Call, Failure, Input, Kind, Physical, Properties, Property, answer_text, in_place, replaces, required,
};

pub(super) struct SnsSubscription;

/// Properties that are attributes of the subscription under the same name.
const ATTRIBUTES: [&str; 6] = [
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
    "SubscriptionRoleArn",
];

#[async_trait]
impl Kind for SnsSubscription {
    fn name(&self) -> &'static str {
        "AWS::SNS::Subscription"
    }

    fn properties(&self) -> &'static [Property] {
        const {
            &[
                in_place("DeliveryPolicy"),
                replaces("Endpoint"),
                in_place("FilterPolicy"),
                in_place("FilterPolicyScope"),
                required(replaces("Protocol")),
                in_place("RawMessageDelivery"),
                in_place("RedrivePolicy"),
                in_place("SubscriptionRoleArn"),
                required(replaces("TopicArn")),
            ]
        }
    }

    async fn create(&self, call: &Call<'_>, wanted: &Properties, made: &mut Physical) -> Result<(), Failure> {
        let attributes: Map<String, Value> = ATTRIBUTES
            .iter()
            .filter_map(|attribute| Some(((*attribute).to_owned(), wanted.document(attribute)?.into())))
            .collect();
        let input = Input::default()
            .maybe("TopicArn", wanted.text("TopicArn"))
            .maybe("Protocol", wanted.text("Protocol"))
            .maybe("Endpoint", wanted.text("Endpoint"))
            .maybe("Attributes", (!attributes.is_empty()).then_some(attributes))
            .with("ReturnSubscriptionArn", "true");
        let answer = call.invoke("sns", "Subscribe", input).await?;
        made.id = answer_text(&answer, "/SubscriptionArn");
        made.attribute("Arn", made.id.clone());
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
                .with("SubscriptionArn", made.id.as_str())
                .with("AttributeName", attribute)
                .with("AttributeValue", wanted.document(attribute).unwrap_or_default());
            call.invoke("sns", "SetSubscriptionAttributes", input).await?;
        }
        Ok(())
    }

    async fn delete(&self, call: &Call<'_>, _before: &Properties, made: &Physical) -> Result<(), Failure> {
        unsubscribe(call, &made.id).await
    }
}
