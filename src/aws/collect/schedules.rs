//! The schedules of EventBridge Scheduler in the region, all groups.

use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput;
use aws_sdk_scheduler::types::ScheduleState;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};

use super::{CONCURRENCY, timestamp};
use crate::account::snapshot::Schedule;
use crate::aws::Aws;
use crate::aws::error::{ApiError, ErrorClass};

/// The most schedules that are looked at; a quota of AWS lets an account have a million.
const MOST: usize = 200;

/// The longest name of a function that Lambda takes, as an ARN.
const LONGEST_NAME: usize = 170;

/// Reads the first 200 schedules by ARN. An endpoint that does not know the service has none.
pub async fn read(aws: &Aws) -> Result<Vec<Schedule>, ApiError> {
    let mut names = match list(aws).await {
        Err(error) if error.class == ErrorClass::NotImplemented => return Ok(Vec::new()),
        listed => listed?,
    };
    names.sort_unstable();
    names.truncate(MOST);
    let one = |(group, name): (String, String)| async move {
        let resource = format!("schedule {group}/{name}");
        aws.find("scheduler:GetSchedule", &resource, || {
            aws.scheduler.get_schedule().group_name(&group).name(&name).send()
        })
        .await
    };
    // One that is deleted meanwhile is no schedule.
    let read: Vec<Option<GetScheduleOutput>> =
        stream::iter(names).map(one).buffered(CONCURRENCY).try_collect().await?;
    Ok(read.into_iter().flatten().map(schedule).collect())
}

/// Lists group and name of every schedule.
async fn list(aws: &Aws) -> Result<Vec<(String, String)>, ApiError> {
    let mut names = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = aws
            .call("scheduler:ListSchedules", "the region", || {
                aws.scheduler.list_schedules().set_next_token(token.clone()).send()
            })
            .await?;
        names.extend(page.schedules().iter().filter_map(|schedule| {
            Some((schedule.group_name().unwrap_or("default").to_owned(), schedule.name()?.to_owned()))
        }));
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() || names.len() >= MOST {
            return Ok(names);
        }
    }
}

/// Returns what is kept of an input: which function a call of `lambda:Invoke` names. What else stands there nobody asks
/// for, and it may be secret.
/// Source: <https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html>.
fn input(target: &str, text: &str) -> Option<String> {
    let given: Value =
        target.ends_with(":aws-sdk:lambda:invoke").then(|| serde_json::from_str(text).ok())??;
    let function = given.get("FunctionName")?.as_str().filter(|name| name.len() <= LONGEST_NAME)?;
    Some(json!({"FunctionName": function}).to_string())
}

fn schedule(answer: GetScheduleOutput) -> Schedule {
    let enabled = answer.state().is_none_or(|state| *state != ScheduleState::Disabled);
    let starts = timestamp(answer.start_date());
    let ends = timestamp(answer.end_date());
    let input = answer.target.as_ref().and_then(|target| input(&target.arn, target.input()?));
    let (target, role) = answer.target.map(|target| (target.arn, target.role_arn)).unwrap_or_default();
    Schedule {
        arn: answer.arn.unwrap_or_default(),
        name: answer.name.unwrap_or_default(),
        expression: answer.schedule_expression.unwrap_or_default(),
        timezone: answer.schedule_expression_timezone.unwrap_or_else(|| "UTC".to_owned()),
        enabled,
        target,
        role,
        input,
        starts,
        ends,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_input_only_the_function_is_kept() {
        let invoke = "arn:aws:scheduler:::aws-sdk:lambda:invoke";
        let text = r#"{"FunctionName": "audit", "Payload": "{\"token\": \"secret\"}"}"#;
        assert_eq!(input(invoke, text).unwrap(), r#"{"FunctionName":"audit"}"#);
        assert_eq!(input("arn:aws:lambda:us-east-1:123456789012:function:audit", text), None);
        assert_eq!(input(invoke, "not JSON"), None);
        assert_eq!(input(invoke, &json!({"FunctionName": "x".repeat(5_000)}).to_string()), None);
    }
}
