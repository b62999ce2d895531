//! What a caller must be allowed for each operation of Scheduler.
//!
//! "Actions, resources, and condition keys for Amazon EventBridge Scheduler" in the Service Authorization Reference:
//! making and changing a schedule passes its role, deleting a group deletes its schedules.

use awsim_core::RequestContext;
use serde_json::Value;

use super::{SCHEDULER, Scheduler, group_in};
use crate::sandbox::services::Need;
use crate::sandbox::services::need::tags_in;
use crate::sandbox::services::wire;

/// What the caller needs for a call.
pub(super) fn of(service: &Scheduler, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<Need> {
    let text = |name: &str| input[name].as_str();
    let name = text("Name").unwrap_or("*");
    let schedule = |group: &str, name: &str| service.schedule_arn(&ctx.region, group, name);
    let arn = match operation {
        "ListSchedules" => schedule(text("ScheduleGroup").unwrap_or("*"), "*"),
        "ListScheduleGroups" => service.group_arn(&ctx.region, "*"),
        "CreateScheduleGroup" | "GetScheduleGroup" | "DeleteScheduleGroup" => {
            service.group_arn(&ctx.region, name)
        }
        "TagResource" | "UntagResource" | "ListTagsForResource" => {
            text("ResourceArn").unwrap_or("*").to_owned()
        }
        _ => schedule(group_in(input), name),
    };
    let group = arn.split_once(":schedule-group/").map(|(_, name)| name);
    let tags = service.state.read(&ctx.region, |region| {
        group.and_then(|name| region.groups.get(name)).map(|group| group.tags.clone()).unwrap_or_default()
    });
    let requested = tags_in(&input["Tags"]);
    let removed = if operation == "UntagResource" { wire::tag_keys(ctx, input) } else { Vec::new() };
    let own = Need::new(format!("scheduler:{operation}"), arn)
        .tagged(&tags)
        .requesting(&requested)
        .removing(removed);
    let more = match operation {
        "CreateSchedule" | "UpdateSchedule" => {
            let role = input.pointer("/Target/RoleArn").and_then(Value::as_str);
            role.map(|role| Need::pass_role(role, SCHEDULER))
        }
        "CreateScheduleGroup" if !requested.is_empty() => Some(own.also("scheduler:TagResource")),
        "DeleteScheduleGroup" => Some(Need::new("scheduler:DeleteSchedule", schedule(name, "*"))),
        _ => None,
    };
    std::iter::once(own).chain(more).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::clock::Clock;
    use crate::sandbox::recorder::Log;
    use crate::sandbox::services::iam::Iam;
    use crate::sandbox::services::need::testing::{caller, check, complete};

    #[test]
    fn a_role_is_passed_to_scheduler() {
        let clock = Clock::fixed("2026-01-01T00:00:00Z".parse().unwrap());
        let iam = Arc::new(Iam::new("123456789012", clock.clone()));
        let scheduler = Scheduler::new("123456789012", clock, iam, Log::default());
        let ctx = caller("scheduler", None);
        let arn = "arn:aws:scheduler:us-east-1:123456789012";
        let role = "arn:aws:iam::123456789012:role/r";
        check(
            &scheduler,
            &ctx,
            &[
                (
                    "CreateSchedule",
                    json!({ "Name": "s", "Target": { "RoleArn": role } }),
                    &[
                        &format!("scheduler:CreateSchedule {arn}:schedule/default/s"),
                        &format!("iam:PassRole {role} iam:PassedToService=scheduler.amazonaws.com"),
                    ],
                ),
                (
                    "GetSchedule",
                    json!({ "Name": "s", "groupName": "g" }),
                    &[&format!("scheduler:GetSchedule {arn}:schedule/g/s")],
                ),
                ("ListSchedules", json!({}), &[&format!("scheduler:ListSchedules {arn}:schedule/*/*")]),
                (
                    "DeleteScheduleGroup",
                    json!({ "Name": "g" }),
                    &[
                        &format!("scheduler:DeleteScheduleGroup {arn}:schedule-group/g"),
                        &format!("scheduler:DeleteSchedule {arn}:schedule/g/*"),
                    ],
                ),
            ],
        );
        complete(&scheduler, &ctx, &json!({ "Name": "s" }), &[]);
    }
}
