//! Topics and subscriptions through the SDK's own client.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::{MessageAttributeValue, Tag};

use super::outbox::MailKind;
use crate::sandbox::testing::{self, refusal};
use crate::sandbox::{DEFAULT_ACCOUNT, Options, Sandbox};

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

#[tokio::test]
async fn what_is_published_reaches_those_who_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = testing::open(Some(folder.path())).unwrap();
    let client = Client::new(&testing::config(&sandbox).await);
    let service = &sandbox.inner.account.services().sns;
    client.create_topic().name("reports").attributes("DisplayName", "Auditor").send().await.unwrap();
    let subscribe = |endpoint: &str| client.subscribe().topic_arn(ARN).protocol("email").endpoint(endpoint);
    subscribe("a@example.com").send().await.unwrap();
    subscribe("b@example.com").send().await.unwrap();
    let publish = || client.publish().topic_arn(ARN).message("report");
    publish().send().await.unwrap();

    let asked = service.sent();
    assert_eq!(asked.len(), 2, "nobody confirmed: {asked:?}");
    assert_eq!(asked[0].subject.as_deref(), Some("AWS Notification - Subscription Confirmation"));
    assert_eq!(asked[0].from.as_deref(), Some("Auditor <no-reply@sns.amazonaws.com>"));
    assert!(asked[0].message.contains(ARN), "{}", asked[0].message);
    let MailKind::Confirmation { token } = &asked[0].kind else { panic!("{asked:?}") };
    let confirmed = client.confirm_subscription().topic_arn(ARN).token(token).send().await.unwrap();
    assert!(confirmed.subscription_arn().unwrap().starts_with(ARN));

    let id = publish().subject("Daily").send().await.unwrap();
    let mail = service.sent().pop().unwrap();
    assert_eq!((mail.endpoint.as_str(), mail.subject.as_deref()), ("a@example.com", Some("Daily")));
    assert_eq!((mail.message.as_str(), mail.message_id.as_str()), ("report", id.message_id().unwrap()));
    assert_eq!((service.sent().len(), mail.delivered), (3, true));
    // The caller, or the service in whose name it was published; who is only asked was sent nothing by anybody.
    assert!(mail.publisher.unwrap().starts_with("arn:aws:iam::123456789012:"));
    assert_eq!(asked[0].publisher, None);

    // What the owner of the other address does; then both are told.
    assert!(
        service.confirm_endpoint(Some("arn:aws:sns:us-east-1:123456789012:x"), "b@example.com").is_empty()
    );
    assert_eq!(service.confirm_endpoint(None, "b@example.com").len(), 1);
    publish().send().await.unwrap();
    let sent = service.sent();
    assert_eq!(sent.len(), 5);
    drop((client, sandbox));
    let again = testing::open(Some(folder.path())).unwrap();
    assert_eq!(again.inner.account.services().sns.sent(), sent);
}

#[tokio::test]
async fn who_does_not_confirm_in_two_days_is_forgotten() {
    let clock = crate::clock::Clock::fixed("2026-03-02T09:00:00Z".parse().unwrap());
    let options = Options { dir: None, account: DEFAULT_ACCOUNT.to_owned(), clock: clock.clone() };
    let sandbox = Sandbox::open(options).unwrap();
    let client = Client::new(&testing::config(&sandbox).await);
    client.create_topic().name("reports").send().await.unwrap();
    client.subscribe().topic_arn(ARN).protocol("email").endpoint("a@example.com").send().await.unwrap();
    let listed = async || client.list_subscriptions().send().await.unwrap().subscriptions().len();
    clock.sleep(std::time::Duration::from_hours(48)).await;
    assert_eq!(listed().await, 1);
    clock.sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(listed().await, 0);
    let sent = sandbox.inner.account.services().sns.sent();
    let MailKind::Confirmation { token } = &sent[0].kind else { panic!("{sent:?}") };
    let late = client.confirm_subscription().topic_arn(ARN).token(token).send().await;
    assert_eq!(refusal(late), refused("Token"));
}

#[tokio::test]
async fn each_protocol_and_filter_gets_its_own() {
    let sandbox = testing::open(None).unwrap();
    let client = Client::new(&testing::config(&sandbox).await);
    let service = &sandbox.inner.account.services().sns;
    client.create_topic().name("reports").send().await.unwrap();
    let subscribe = |protocol: &str, endpoint: &str| {
        client.subscribe().topic_arn(ARN).protocol(protocol).endpoint(endpoint)
    };
    subscribe("email", "a@example.com").send().await.unwrap();
    subscribe("sqs", "arn:aws:sqs:us-east-1:123456789012:q")
        .attributes("FilterPolicy", r#"{"kind":["alarm"]}"#)
        .send()
        .await
        .unwrap();
    service.confirm_endpoint(None, "a@example.com");
    let publish = |message: &str| client.publish().topic_arn(ARN).message(message);
    let kind = MessageAttributeValue::builder().data_type("String").string_value("alarm").build().unwrap();
    let both = publish(r#"{"default":"d","email":"for people","sqs":"for the queue","x":1}"#);
    both.message_structure("json").message_attributes("kind", kind).send().await.unwrap();
    let last: Vec<_> =
        service.sent().into_iter().skip(1).map(|it| (it.protocol, it.message, it.delivered)).collect();
    let expected = [("email", "for people", true), ("sqs", "for the queue", false)];
    assert_eq!(last.len(), 2);
    for (mail, expected) in last.iter().zip(expected) {
        assert!(last.iter().any(|it| (it.0.as_str(), it.1.as_str(), it.2) == expected), "{mail:?}");
    }
    publish("without the attribute").send().await.unwrap();
    assert_eq!(service.sent().len(), 4);

    let json = |message: &str| publish(message).message_structure("json").send();
    let reason = "Message Structure - No default entry in JSON message body";
    assert_eq!(refusal(json(r#"{"email":"x"}"#).await), refused(reason));
    let reason = "Message Structure - JSON message body failed to parse";
    assert_eq!(refusal(json("text").await), refused(reason));
    for subject in ["two\nlines".to_owned(), "x".repeat(101)] {
        assert_eq!(refusal(publish("m").subject(subject).send().await), refused("Subject"));
    }
    let wrong = subscribe("email", "c@example.com").attributes("FilterPolicy", "[").send().await;
    assert_eq!(refusal(wrong).1, "InvalidParameter");
}
