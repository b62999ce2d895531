//! What a caller must be allowed for each operation of SNS.
//!
//! "Actions, resources, and condition keys for Amazon SNS" in the Service Authorization Reference. Published denials
//! write the service in capitals (`SNS:CreateTopic on resource: arn:aws:sns:us-east-2:…:csms-topic`), name the topic
//! for what is done to a subscription (`SNS:Unsubscribe on resource: arn:aws:sns:us-east-1:xx:xx`) and all of the
//! Region for lists (`SNS:ListTopics on resource: arn:aws:sns:us-east-1:121774052880:*`).

use awsim_core::RequestContext;
use awsim_core::arn::build;
use serde_json::Value;

use super::Sns;
use crate::sandbox::services::Need;
use crate::sandbox::services::need::{tags_in, texts_in};

/// What the caller needs for a call.
pub(super) fn of(sns: &Sns, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<Need> {
    let text = |name: &str| input[name].as_str();
    let arn = match operation {
        "ListTopics" | "ListSubscriptions" => build(ctx, "sns", "*"),
        "CreateTopic" => sns.arn(&ctx.region, text("Name").unwrap_or_default()),
        _ => {
            let named = ["TopicArn", "ResourceArn", "TargetArn"].iter().find_map(|name| text(name));
            let of_subscription = || text("SubscriptionArn")?.rsplit_once(':').map(|(topic, _)| topic);
            named.or_else(of_subscription).unwrap_or("*").to_owned()
        }
    };
    let (tags, policy) = sns.state.read(&ctx.region, |region| {
        let topic = region.topics.get(&arn);
        let tags = topic.map(|topic| topic.tags.clone()).unwrap_or_default();
        (tags, topic.map(|topic| topic.policy(&arn, &sns.account)))
    });
    let requested = tags_in(&input["Tags"]);
    let mut own = Need::new(format!("SNS:{operation}"), arn)
        .tagged(&tags)
        .requesting(&requested)
        .removing(texts_in(&input["TagKeys"]))
        .policy(policy);
    if operation == "Subscribe" {
        own = own.with_some("sns:Protocol", text("Protocol")).with_some("sns:Endpoint", text("Endpoint"));
    }
    let tagging = (operation == "CreateTopic" && !requested.is_empty()).then(|| own.also("SNS:TagResource"));
    std::iter::once(own).chain(tagging).collect()
}

#[cfg(test)]
mod tests {
    use awsim_core::ServiceHandler as _;
    use serde_json::json;

    use super::*;
    use crate::clock::Clock;
    use crate::sandbox::services::Service as _;
    use crate::sandbox::services::need::testing::{caller, check, complete};

    fn sns() -> (Sns, RequestContext) {
        let clock = Clock::fixed("2026-01-01T00:00:00Z".parse().unwrap());
        let (sns, ctx) = (Sns::new("123456789012", clock), caller("sns", None));
        let create = json!({ "Name": "t", "Tags": [{ "Key": "k", "Value": "v" }] });
        futures::executor::block_on(sns.handle("CreateTopic", create, &ctx)).unwrap();
        (sns, ctx)
    }

    #[test]
    fn topics_are_named_and_keys_told() {
        let (sns, ctx) = sns();
        let arn = "arn:aws:sns:us-east-1:123456789012:t";
        check(
            &sns,
            &ctx,
            &[
                ("ListTopics", json!({}), &["SNS:ListTopics arn:aws:sns:us-east-1:123456789012:*"]),
                (
                    "CreateTopic",
                    json!({ "Name": "u", "Tags": [{ "Key": "a", "Value": "b" }] }),
                    &[
                        "SNS:CreateTopic arn:aws:sns:us-east-1:123456789012:u aws:RequestTag/a=b aws:TagKeys=a",
                        "SNS:TagResource arn:aws:sns:us-east-1:123456789012:u aws:RequestTag/a=b aws:TagKeys=a",
                    ],
                ),
                (
                    "Subscribe",
                    json!({ "TopicArn": arn, "Protocol": "email", "Endpoint": "a@example.com" }),
                    &["SNS:Subscribe arn:aws:sns:us-east-1:123456789012:t aws:ResourceTag/k=v \
                       sns:Protocol=email sns:Endpoint=a@example.com"],
                ),
                (
                    "Unsubscribe",
                    json!({ "SubscriptionArn": format!("{arn}:0a1b") }),
                    &["SNS:Unsubscribe arn:aws:sns:us-east-1:123456789012:t aws:ResourceTag/k=v"],
                ),
                (
                    "UntagResource",
                    json!({ "ResourceArn": arn, "TagKeys": ["k"] }),
                    &[
                        "SNS:UntagResource arn:aws:sns:us-east-1:123456789012:t aws:ResourceTag/k=v aws:TagKeys=k",
                    ],
                ),
                ("Publish", json!({ "PhoneNumber": "+1", "Message": "m" }), &["SNS:Publish *"]),
            ],
        );
        complete(&sns, &ctx, &json!({}), &[]);
    }

    #[test]
    fn the_policy_of_the_topic_comes_with_the_need() {
        let (sns, ctx) = sns();
        let arn = "arn:aws:sns:us-east-1:123456789012:t";
        let policy = || sns.needs("Publish", &json!({ "TopicArn": arn }), &ctx).remove(0).resource_policy;
        assert!(policy().unwrap().contains("__default_statement_ID"));
        let own = r#"{"Version":"2012-10-17","Statement":[]}"#;
        let set = json!({ "TopicArn": arn, "AttributeName": "Policy", "AttributeValue": own });
        futures::executor::block_on(sns.handle("SetTopicAttributes", set, &ctx)).unwrap();
        assert_eq!(policy().as_deref(), Some(own));
    }
}
