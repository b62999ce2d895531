//! Schedules and groups through the SDK's own client.

use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, ScheduleState, Tag, Target,
};

use crate::sandbox::testing::{self, refusal};

const ARN: &str = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/daily";
const GROUP: &str = "arn:aws:scheduler:us-east-1:123456789012:schedule-group/lab";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:audit";
const ROLE: &str = "arn:aws:iam::123456789012:role/scheduler";

async fn client() -> Client {
    let config = testing::memory().await;
    testing::role(&config, "scheduler", "scheduler.amazonaws.com").await;
    testing::role(&config, "other", "events.amazonaws.com").await;
    Client::new(&config)
}

fn off() -> FlexibleTimeWindow {
    FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().unwrap()
}

fn target(role: &str) -> Target {
    Target::builder().arn(FUNCTION).role_arn(role).input(r#"{"a":1}"#).build().unwrap()
}

fn invalid(message: &str) -> (u16, String, String) {
    (400, "ValidationException".to_owned(), message.to_owned())
}

#[tokio::test]
async fn a_schedule_is_made_shown_replaced_and_deleted() {
    let client = client().await;
    let create = || {
        let create = client.create_schedule().name("daily").schedule_expression("rate(1 day)");
        create.flexible_time_window(off()).target(target(ROLE))
    };
    let start = aws_smithy_types::DateTime::from_secs(1_772_500_000);
    let made = create().description("d").start_date(start).send().await.unwrap();
    assert_eq!(made.schedule_arn(), ARN);
    let twice = (409, "ConflictException".to_owned(), "Schedule daily already exists.".to_owned());
    assert_eq!(refusal(create().send().await), twice);

    let shown = client.get_schedule().name("daily").send().await.unwrap();
    assert_eq!((shown.arn(), shown.group_name()), (Some(ARN), Some("default")));
    assert_eq!((shown.description(), shown.start_date()), (Some("d"), Some(&start)));
    assert_eq!(shown.schedule_expression_timezone(), Some("UTC"));
    assert_eq!(shown.action_after_completion(), Some(&ActionAfterCompletion::None));
    assert_eq!(shown.creation_date().unwrap().secs(), 1_772_442_000);
    let shown_target = shown.target().unwrap();
    assert_eq!((shown_target.arn(), shown_target.role_arn()), (FUNCTION, ROLE));
    assert_eq!(shown_target.retry_policy().unwrap().maximum_retry_attempts(), Some(185));

    let update = client.update_schedule().name("daily").schedule_expression("cron(0 8 * * ? *)");
    let update = update.schedule_expression_timezone("America/Vancouver").state(ScheduleState::Disabled);
    update.flexible_time_window(off()).target(target(ROLE)).send().await.unwrap();
    let shown = client.get_schedule().name("daily").send().await.unwrap();
    assert_eq!((shown.description(), shown.start_date()), (None, None));
    assert_eq!(shown.state(), Some(&ScheduleState::Disabled));
    assert_eq!(shown.schedule_expression_timezone(), Some("America/Vancouver"));

    client.delete_schedule().name("daily").send().await.unwrap();
    let gone = (404, "ResourceNotFoundException".to_owned(), "Schedule daily does not exist.".to_owned());
    assert_eq!(refusal(client.get_schedule().name("daily").send().await), gone);
    assert_eq!(refusal(client.delete_schedule().name("daily").send().await), gone);
}

#[tokio::test]
async fn what_aws_refuses_is_refused() {
    let client = client().await;
    let create = |expression: &str, role: &str| {
        let create = client.create_schedule().name("daily").schedule_expression(expression);
        create.target(target(role))
    };
    let unassumable =
        invalid("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.");
    for role in ["arn:aws:iam::123456789012:role/other", "arn:aws:iam::123456789012:role/none"] {
        let made = create("rate(1 day)", role).flexible_time_window(off()).send().await;
        assert_eq!(refusal(made), unassumable, "{role}");
    }
    let made = create("cron(0 1 * * * *)", ROLE).flexible_time_window(off()).send().await;
    assert_eq!(refusal(made), invalid("Invalid Schedule Expression cron(0 1 * * * *)."));
    assert_eq!(refusal(create("rate(1 day)", ROLE).send().await).1, "ValidationException");
    let zone = create("rate(1 day)", ROLE).schedule_expression_timezone("Mars/Olympus");
    assert_eq!(refusal(zone.flexible_time_window(off()).send().await).1, "ValidationException");
    let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Flexible).build().unwrap();
    let made = create("rate(1 day)", ROLE).flexible_time_window(window).send().await;
    assert_eq!(refusal(made).1, "ValidationException");
    let made = create("rate(1 day)", ROLE).group_name("none").flexible_time_window(off()).send().await;
    let message = "Schedule group none does not exist.";
    assert_eq!(refusal(made), (404, "ResourceNotFoundException".into(), message.into()));
}

#[tokio::test]
async fn groups_hold_schedules_and_tags() {
    let client = client().await;
    let tag = |value: &str| Tag::builder().key("course").value(value).build().unwrap();
    client.create_schedule_group().name("lab").tags(tag("a")).send().await.unwrap();
    for (group, name) in [("lab", "one"), ("lab", "two"), ("default", "one")] {
        let create = client.create_schedule().group_name(group).name(name).schedule_expression("rate(1 day)");
        create.flexible_time_window(off()).target(target(ROLE)).send().await.unwrap();
    }
    let names = |page: &aws_sdk_scheduler::operation::list_schedules::ListSchedulesOutput| {
        let shown = page.schedules().iter();
        shown.map(|it| format!("{}/{}", it.group_name().unwrap(), it.name().unwrap())).collect::<Vec<_>>()
    };
    let first = client.list_schedules().max_results(2).send().await.unwrap();
    assert_eq!(names(&first), ["default/one", "lab/one"]);
    let rest = client.list_schedules().set_next_token(first.next_token).send().await.unwrap();
    assert_eq!((names(&rest), rest.next_token()), (vec!["lab/two".to_owned()], None));
    let lab = client.list_schedules().group_name("lab").name_prefix("t").send().await.unwrap();
    assert_eq!(names(&lab), ["lab/two"]);
    let groups = client.list_schedule_groups().send().await.unwrap();
    let groups: Vec<_> = groups.schedule_groups().iter().filter_map(|group| group.name()).collect();
    assert_eq!(groups, ["default", "lab"]);

    client.tag_resource().resource_arn(GROUP).tags(tag("b")).send().await.unwrap();
    let tags = client.list_tags_for_resource().resource_arn(GROUP).send().await.unwrap();
    assert_eq!(tags.tags(), [tag("b")]);
    client.untag_resource().resource_arn(GROUP).tag_keys("course").send().await.unwrap();
    let tags = client.list_tags_for_resource().resource_arn(GROUP).send().await.unwrap();
    assert!(tags.tags().is_empty());
    client.delete_schedule_group().name("lab").send().await.unwrap();
    assert_eq!(names(&client.list_schedules().send().await.unwrap()), ["default/one"]);
    assert_eq!(refusal(client.delete_schedule_group().name("default").send().await).1, "ValidationException");
}

#[tokio::test]
async fn schedules_outlive_the_process_and_are_in_the_event_history() {
    let dir = tempfile::tempdir().unwrap();
    {
        let config = testing::config(&testing::open(Some(dir.path())).unwrap()).await;
        testing::role(&config, "scheduler", "scheduler.amazonaws.com").await;
        let create = Client::new(&config).create_schedule().name("daily").schedule_expression("rate(1 day)");
        create.flexible_time_window(off()).target(target(ROLE)).send().await.unwrap();
    }
    let config = testing::config(&testing::open(Some(dir.path())).unwrap()).await;
    let shown = Client::new(&config).get_schedule().name("daily").send().await.unwrap();
    assert_eq!(shown.schedule_expression(), Some("rate(1 day)"));
    let attribute = aws_sdk_cloudtrail::types::LookupAttribute::builder()
        .attribute_key(aws_sdk_cloudtrail::types::LookupAttributeKey::EventName)
        .attribute_value("CreateSchedule");
    let looked = aws_sdk_cloudtrail::Client::new(&config)
        .lookup_events()
        .lookup_attributes(attribute.build().unwrap());
    let found = looked.send().await.unwrap();
    assert_eq!(found.events()[0].event_source(), Some("scheduler.amazonaws.com"));
    // The constant that the target gets is no parameter that CloudTrail shows.
    assert!(!found.events()[0].cloud_trail_event().unwrap().contains(r#"\"a\":1"#));
}
