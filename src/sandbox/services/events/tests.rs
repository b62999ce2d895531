//! Rules and targets through the SDK's own client.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::{RuleState, Tag, Target};

use crate::sandbox::testing::{self, refusal};

const ARN: &str = "arn:aws:events:us-east-1:123456789012:rule/weekly";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:audit";

async fn client() -> Client {
    Client::new(&testing::memory().await)
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

fn target(id: &str) -> Target {
    Target::builder().id(id).arn(FUNCTION).input(r#"{"a":1}"#).build().unwrap()
}

fn missing() -> (u16, String, String) {
    (400, "ResourceNotFoundException".into(), "Rule weekly does not exist on EventBus default.".into())
}

#[tokio::test]
async fn a_rule_is_replaced_but_keeps_targets_and_first_tags() {
    let client = client().await;
    let put = || client.put_rule().name("weekly");
    let first = put().schedule_expression("rate(7 days)").description("d").tags(tag("lab", "a"));
    assert_eq!(first.send().await.unwrap().rule_arn(), Some(ARN));
    client.put_targets().rule("weekly").targets(target("1")).send().await.unwrap();
    put().schedule_expression("cron(0 8 ? * MON *)").tags(tag("lab", "b")).send().await.unwrap();

    let rule = client.describe_rule().name("weekly").send().await.unwrap();
    assert_eq!(rule.schedule_expression(), Some("cron(0 8 ? * MON *)"));
    assert_eq!((rule.description(), rule.state()), (None, Some(&RuleState::Enabled)));
    let tags = client.list_tags_for_resource().resource_arn(ARN).send().await.unwrap();
    assert_eq!(tags.tags(), [tag("lab", "a")]);
    let targets = client.list_targets_by_rule().rule("weekly").send().await.unwrap();
    assert_eq!(targets.targets(), [target("1")]);
    let rules = client.list_rule_names_by_target().target_arn(FUNCTION).send().await.unwrap();
    assert_eq!(rules.rule_names(), ["weekly"]);

    client.disable_rule().name("weekly").send().await.unwrap();
    let rules = client.list_rules().name_prefix("week").send().await.unwrap();
    assert_eq!(rules.rules()[0].state(), Some(&RuleState::Disabled));
    client.enable_rule().name("weekly").send().await.unwrap();
    client.tag_resource().resource_arn(ARN).tags(tag("b", "2")).send().await.unwrap();
    client.untag_resource().resource_arn(ARN).tag_keys("lab").send().await.unwrap();
    let tags = client.list_tags_for_resource().resource_arn(ARN).send().await.unwrap();
    assert_eq!(tags.tags(), [tag("b", "2")]);
}

#[tokio::test]
async fn deleting_wants_the_targets_gone_and_may_be_repeated() {
    let client = client().await;
    client.put_rule().name("weekly").schedule_expression("rate(1 day)").send().await.unwrap();
    client.put_targets().rule("weekly").targets(target("1")).send().await.unwrap();
    let early = refusal(client.delete_rule().name("weekly").send().await);
    let reason = "Rule can't be deleted since it has targets.";
    assert_eq!(early, (400, "ValidationException".into(), reason.into()));
    client.remove_targets().rule("weekly").ids("1").ids("2").send().await.unwrap();
    for _ in 0..2 {
        client.delete_rule().name("weekly").send().await.unwrap();
    }
    let described = client.describe_rule().name("weekly").send().await;
    assert!(described.as_ref().unwrap_err().as_service_error().unwrap().is_resource_not_found_exception());
    assert_eq!(refusal(described), missing());
    assert_eq!(refusal(client.list_targets_by_rule().rule("weekly").send().await), missing());
    assert_eq!(refusal(client.put_targets().rule("weekly").targets(target("1")).send().await), missing());
    assert_eq!(refusal(client.list_tags_for_resource().resource_arn(ARN).send().await), missing());
}

#[tokio::test]
async fn what_aws_refuses_is_refused() {
    let client = client().await;
    let put = || client.put_rule().name("weekly");
    let invalid = |message: &str| (400, "ValidationException".to_owned(), message.to_owned());
    let plural = refusal(put().schedule_expression("rate(1 days)").send().await);
    assert_eq!(plural, invalid("Parameter ScheduleExpression is not valid."));
    let neither = refusal(put().send().await);
    assert_eq!(neither, invalid("Parameter(s) EventPattern or ScheduleExpression must be specified."));
    assert_eq!(refusal(put().event_pattern("{").send().await).1, "InvalidEventPatternException");
    let bus = refusal(put().event_bus_name("other").schedule_expression("rate(1 day)").send().await);
    assert_eq!(bus, (400, "ResourceNotFoundException".into(), "Event bus other does not exist.".into()));
    put().schedule_expression("rate(1 day)").send().await.unwrap();
    let six = (1..=6).map(|id| target(&id.to_string())).collect();
    let many = refusal(client.put_targets().rule("weekly").set_targets(Some(six)).send().await);
    assert_eq!(many.1, "LimitExceededException");
}

#[test]
fn patterns_are_objects_of_lists() {
    assert!(super::check_pattern(r#"{"source":["aws.iam"],"detail":{"eventName":["CreateUser"]}}"#).is_ok());
    for bad in ["", "[]", "{}", r#"{"source":"aws.iam"}"#, r#"{"source":[]}"#] {
        assert!(super::check_pattern(bad).is_err(), "{bad}");
    }
}
