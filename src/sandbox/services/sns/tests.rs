//! Topics and subscriptions through the SDK's own client.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::Tag;

use crate::sandbox::testing::{self, refusal};

const ARN: &str = "arn:aws:sns:us-east-1:123456789012:reports";

async fn client() -> Client {
    Client::new(&testing::memory().await)
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

fn refused(message: &str) -> (u16, String, String) {
    (400, "InvalidParameter".to_owned(), format!("Invalid parameter: {message}"))
}

#[tokio::test]
async fn creating_again_is_the_same_topic_unless_it_differs() {
    let client = client().await;
    let create = || client.create_topic().name("reports");
    let created = create().tags(tag("lab", "a")).send().await.unwrap();
    assert_eq!(created.topic_arn(), Some(ARN));
    create().tags(tag("lab", "a")).send().await.unwrap();
    create().send().await.unwrap();
    let other = create().tags(tag("lab", "b")).send().await;
    assert_eq!(refusal(other), refused("Tags Reason: Topic already exists with different tags"));
    let other = create().attributes("DisplayName", "x").send().await;
    assert_eq!(refusal(other), refused("Attributes Reason: Topic already exists with different attributes"));
    assert_eq!(refusal(client.create_topic().name("a b").send().await), refused("Topic Name"));
    assert_eq!(client.list_topics().send().await.unwrap().topics().len(), 1);
}

#[tokio::test]
async fn a_topic_tells_its_owner_policy_and_counts() {
    let client = client().await;
    client.create_topic().name("reports").send().await.unwrap();
    client.subscribe().topic_arn(ARN).protocol("email").endpoint("a@example.com").send().await.unwrap();
    let read = client.get_topic_attributes().topic_arn(ARN).send().await.unwrap();
    let attributes = read.attributes().unwrap();
    assert_eq!(attributes["Owner"], "123456789012");
    assert_eq!(
        (attributes["SubscriptionsPending"].as_str(), &*attributes["SubscriptionsConfirmed"]),
        ("1", "0")
    );
    assert!(attributes["Policy"].contains("__default_policy_ID"));
    let set = client.set_topic_attributes().topic_arn(ARN).attribute_name("DisplayName");
    set.attribute_value("A & <B>").send().await.unwrap();
    let read = client.get_topic_attributes().topic_arn(ARN).send().await.unwrap();
    assert_eq!(read.attributes().unwrap()["DisplayName"], "A & <B>");
}

#[tokio::test]
async fn an_address_is_pending_until_it_confirms_and_subscribed_once() {
    let client = client().await;
    client.create_topic().name("reports").send().await.unwrap();
    let subscribe = |endpoint: &str| client.subscribe().topic_arn(ARN).protocol("email").endpoint(endpoint);
    for _ in 0..2 {
        let answer = subscribe("a@example.com").send().await.unwrap();
        assert_eq!(answer.subscription_arn(), Some("pending confirmation"));
    }
    let real = subscribe("a@example.com").return_subscription_arn(true).send().await.unwrap();
    let real = real.subscription_arn().unwrap();
    assert!(real.starts_with(ARN), "{real}");

    let listed = client.list_subscriptions_by_topic().topic_arn(ARN).send().await.unwrap();
    let [one] = listed.subscriptions() else { panic!("{listed:?}") };
    assert_eq!(one.subscription_arn(), Some("PendingConfirmation"));
    assert_eq!((one.protocol(), one.endpoint()), (Some("email"), Some("a@example.com")));

    assert_eq!(refusal(subscribe("nobody").send().await), refused("Email address"));
    let bogus = client.confirm_subscription().topic_arn(ARN).token("bogus").send().await;
    assert_eq!(refusal(bogus), refused("Token"));
    let pending = client.unsubscribe().subscription_arn("PendingConfirmation").send().await;
    let reason = "SubscriptionArn Reason: An ARN must have at least 6 elements, not 1";
    assert_eq!(refusal(pending), refused(reason));

    client.unsubscribe().subscription_arn(real).send().await.unwrap();
    assert!(client.list_subscriptions().send().await.unwrap().subscriptions().is_empty());
}

#[tokio::test]
async fn deleting_takes_the_subscriptions_along_and_may_be_repeated() {
    let client = client().await;
    client.create_topic().name("reports").send().await.unwrap();
    client.subscribe().topic_arn(ARN).protocol("email").endpoint("a@example.com").send().await.unwrap();
    for _ in 0..2 {
        client.delete_topic().topic_arn(ARN).send().await.unwrap();
    }
    assert!(client.list_subscriptions().send().await.unwrap().subscriptions().is_empty());
    let gone = (404, "NotFound".to_owned(), "Topic does not exist".to_owned());
    assert_eq!(refusal(client.get_topic_attributes().topic_arn(ARN).send().await), gone);
    let by_topic = client.list_subscriptions_by_topic().topic_arn(ARN).send().await;
    assert!(by_topic.as_ref().unwrap_err().as_service_error().unwrap().is_not_found_exception());
    let subscribed =
        client.subscribe().topic_arn(ARN).protocol("email").endpoint("a@example.com").send().await;
    assert_eq!(refusal(subscribed), gone);
    let tags = client.list_tags_for_resource().resource_arn(ARN).send().await;
    assert!(tags.as_ref().unwrap_err().as_service_error().unwrap().is_resource_not_found_exception());
    assert_eq!(refusal(tags), (404, "ResourceNotFound".into(), "Resource does not exist".into()));
}

#[tokio::test]
async fn tags_come_and_go() {
    let client = client().await;
    client.create_topic().name("reports").tags(tag("lab", "a")).send().await.unwrap();
    client.tag_resource().resource_arn(ARN).tags(tag("b", "&")).tags(tag("c", "")).send().await.unwrap();
    client.untag_resource().resource_arn(ARN).tag_keys("lab").tag_keys("absent").send().await.unwrap();
    let read = client.list_tags_for_resource().resource_arn(ARN).send().await.unwrap();
    assert_eq!(read.tags(), [tag("b", "&"), tag("c", "")]);
}

#[tokio::test]
async fn a_message_is_accepted_up_to_256_kilobytes() {
    let client = client().await;
    client.create_topic().name("reports").send().await.unwrap();
    let publish = |message: String| client.publish().topic_arn(ARN).subject("Report").message(message).send();
    assert!(publish("x".repeat(256 * 1024)).await.unwrap().message_id().is_some());
    assert_eq!(refusal(publish("x".repeat(256 * 1024 + 1)).await), refused("Message too long"));
}
