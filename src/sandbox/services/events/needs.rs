//! What a caller must be allowed for each operation of `EventBridge`.
//!
//! "Actions, resources, and condition keys for Amazon EventBridge" in the Service Authorization Reference; `PutRule`
//! and `PutTargets` in the API reference tell when `iam:PassRole` and `events:TagResource` are needed too.
//! `events:ListRules on resource: arn:aws:events:ap-south-1:774075583705:rule/*` is a published denial.

use awsim_core::RequestContext;
use awsim_core::arn::build;
use serde_json::Value;

use super::Events;
use crate::sandbox::services::Need;
use crate::sandbox::services::need::{tags_in, texts_in};

/// The service that roles are passed to.
const SERVICE: &str = "events.amazonaws.com";

/// What the caller needs for a call.
pub(super) fn of(events: &Events, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<Need> {
    let text = |name: &str| input[name].as_str();
    let named = text("Rule").or_else(|| text("Name")).map(|name| events.arn(&ctx.region, name));
    let arn = match operation {
        "ListRules" => build(ctx, "events", "rule/*"),
        "ListRuleNamesByTarget" => "*".to_owned(),
        _ => named.or_else(|| text("ResourceARN").map(str::to_owned)).unwrap_or_else(|| "*".to_owned()),
    };
    let tags = events.state.read(&ctx.region, |region| {
        region.rules.values().find(|rule| rule.arn == arn).map(|rule| rule.tags.clone())
    });
    let requested = tags_in(&input["Tags"]);
    // Every rule of an account is its own here.
    let creator = tags.as_ref().map(|_| ctx.account_id.clone());
    let mut own = Need::new(format!("events:{operation}"), arn)
        .tagged(&tags.unwrap_or_default())
        .requesting(&requested)
        .removing(texts_in(&input["TagKeys"]))
        .with_some("events:creatorAccount", creator);
    let mut more = Vec::new();
    match operation {
        "PutRule" => {
            let pattern: Value =
                text("EventPattern").and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default();
            own = own
                .with_all("events:source", texts_at(&pattern, "source"))
                .with_all("events:detail-type", texts_at(&pattern, "detail-type"));
            if !requested.is_empty() {
                more.push(own.also("events:TagResource"));
            }
            more.extend(text("RoleArn").map(|role| Need::pass_role(role, SERVICE)));
        }
        "PutTargets" => {
            let targets = input["Targets"].as_array().map(Vec::as_slice).unwrap_or_default();
            let each = |name: &str| -> Vec<String> {
                targets.iter().filter_map(|target| target[name].as_str()).map(str::to_owned).collect()
            };
            own = own.with_all("events:TargetArn", each("Arn"));
            more.extend(each("RoleArn").iter().map(|role| Need::pass_role(role, SERVICE)));
        }
        _ => {}
    }
    std::iter::once(own).chain(more).collect()
}

/// The texts at a field of an event pattern.
fn texts_at(pattern: &Value, field: &str) -> Vec<String> {
    pattern.get(field).map(texts_in).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use awsim_core::ServiceHandler as _;
    use serde_json::json;

    use super::*;
    use crate::clock::Clock;
    use crate::sandbox::services::need::testing::{caller, check, complete};

    #[test]
    fn rules_are_named_and_keys_told() {
        let (events, ctx) = (Events::new("123456789012", Clock::default()), caller("events", None));
        let arn = "arn:aws:events:us-east-1:123456789012:rule/r";
        let role = "arn:aws:iam::123456789012:role/r";
        let put = json!({ "Name": "r", "ScheduleExpression": "rate(1 day)" });
        check(
            &events,
            &ctx,
            &[
                ("PutRule", put.clone(), &[&format!("events:PutRule {arn}")]),
                (
                    "PutRule",
                    json!({ "Name": "r", "EventPattern": r#"{"source":["aws.iam"]}"#, "RoleArn": role,
                            "Tags": [{ "Key": "k", "Value": "v" }] }),
                    &[
                        &format!(
                            "events:PutRule {arn} aws:RequestTag/k=v aws:TagKeys=k events:source=aws.iam"
                        ),
                        &format!(
                            "events:TagResource {arn} aws:RequestTag/k=v aws:TagKeys=k events:source=aws.iam"
                        ),
                        &format!("iam:PassRole {role} iam:PassedToService=events.amazonaws.com"),
                    ],
                ),
                ("ListRules", json!({}), &["events:ListRules arn:aws:events:us-east-1:123456789012:rule/*"]),
                ("ListRuleNamesByTarget", json!({ "TargetArn": "x" }), &["events:ListRuleNamesByTarget *"]),
            ],
        );
        futures::executor::block_on(events.handle("PutRule", put, &ctx)).unwrap();
        let target = json!({ "Rule": "r", "Targets": [{ "Id": "1", "Arn": "a", "RoleArn": role }] });
        check(
            &events,
            &ctx,
            &[
                (
                    "PutTargets",
                    target,
                    &[
                        &format!(
                            "events:PutTargets {arn} events:creatorAccount=123456789012 events:TargetArn=a"
                        ),
                        &format!("iam:PassRole {role} iam:PassedToService=events.amazonaws.com"),
                    ],
                ),
                (
                    "TagResource",
                    json!({ "ResourceARN": arn, "Tags": [{ "Key": "k", "Value": "v" }] }),
                    &[&format!(
                        "events:TagResource {arn} aws:RequestTag/k=v aws:TagKeys=k \
                                events:creatorAccount=123456789012"
                    )],
                ),
            ],
        );
        complete(&events, &ctx, &json!({}), &[]);
    }
}
