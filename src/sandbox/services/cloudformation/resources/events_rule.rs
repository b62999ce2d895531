//! `AWS::Events::Rule`: `PutRule`, then its targets. `PutRule` would overwrite a rule of the same name, so a
//! chosen name is looked up first. A rule with targets cannot be deleted, so they go first.

use async_trait::async_trait;
use serde_json::Value;

use super::properties::{tag_changes, tag_list};
use super::{Call, Failure, Input, Kind, Physical, Properties, Property, answer_text, in_place, replaces};

pub(super) struct EventsRule;

#[async_trait]
impl Kind for EventsRule {
    fn name(&self) -> &'static str {
        "AWS::Events::Rule"
    }

    fn properties(&self) -> &'static [Property] {
        const {
            &[
                in_place("Description"),
                replaces("EventBusName"),
                in_place("EventPattern"),
                replaces("Name"),
                in_place("RoleArn"),
                in_place("ScheduleExpression"),
                in_place("State"),
                in_place("Tags"),
                in_place("Targets"),
            ]
        }
    }

    fn name_property(&self) -> Option<&'static str> {
        Some("Name")
    }

    fn is_taggable(&self) -> bool {
        true
    }

    async fn create(&self, call: &Call<'_>, wanted: &Properties, made: &mut Physical) -> Result<(), Failure> {
        let name = call.name(wanted, "Name");
        if wanted.value("Name").is_some() {
            let input = Input::default()
                .with("Name", name.as_str())
                .maybe("EventBusName", wanted.text("EventBusName"));
            call.expect_absent(self, &name, ("events", "DescribeRule"), input).await?;
        }
        let mut tags = wanted.tags();
        tags.extend(call.system_tags.clone());
        let answer = call.invoke("events", "PutRule", rule(&name, wanted).tags(&tags)).await?;
        made.attribute("Arn", answer_text(&answer, "/RuleArn"));
        made.attribute("RuleName", name.as_str());
        made.id = name;
        put_targets(call, &made.id, wanted).await
    }

    async fn update(
        &self,
        call: &Call<'_>,
        before: &Properties,
        wanted: &Properties,
        made: &mut Physical,
    ) -> Result<(), Failure> {
        let settings = ["Description", "EventPattern", "RoleArn", "ScheduleExpression", "State"];
        if settings.iter().any(|property| before.differs(wanted, property)) {
            call.invoke("events", "PutRule", rule(&made.id, wanted)).await?;
        }
        if before.differs(wanted, "Targets") {
            put_targets(call, &made.id, wanted).await?;
            let new = target_ids(wanted);
            let gone: Vec<String> = target_ids(before).into_iter().filter(|id| !new.contains(id)).collect();
            remove_targets(call, &made.id, wanted, gone).await?;
        }
        let (set, gone) = tag_changes(&before.tags(), &wanted.tags());
        let arn = made.attributes.get("Arn").cloned().unwrap_or_default();
        let input = || Input::default().with("ResourceARN", arn.as_str());
        if !gone.is_empty() {
            call.invoke("events", "UntagResource", input().with("TagKeys", gone)).await?;
        }
        if !set.is_empty() {
            call.invoke("events", "TagResource", input().with("Tags", tag_list(&set))).await?;
        }
        Ok(())
    }

    async fn delete(&self, call: &Call<'_>, before: &Properties, made: &Physical) -> Result<(), Failure> {
        remove_targets(call, &made.id, before, target_ids(before)).await?;
        let input = Input::default()
            .with("Name", made.id.as_str())
            .maybe("EventBusName", before.text("EventBusName"));
        call.remove("events", "DeleteRule", input).await
    }
}

fn rule(name: &str, wanted: &Properties) -> Input {
    Input::default()
        .with("Name", name)
        .maybe("Description", wanted.text("Description"))
        .maybe("EventBusName", wanted.text("EventBusName"))
        .maybe("EventPattern", wanted.document("EventPattern"))
        .maybe("RoleArn", wanted.text("RoleArn"))
        .maybe("ScheduleExpression", wanted.text("ScheduleExpression"))
        .maybe("State", wanted.text("State"))
}

fn target_ids(properties: &Properties) -> Vec<String> {
    properties.items("Targets").iter().filter_map(|target| target.text("Id")).collect()
}

async fn put_targets(call: &Call<'_>, rule: &str, wanted: &Properties) -> Result<(), Failure> {
    let Some(targets) =
        wanted.value("Targets").and_then(Value::as_array).filter(|targets| !targets.is_empty())
    else {
        return Ok(());
    };
    let input = Input::default()
        .with("Rule", rule)
        .maybe("EventBusName", wanted.text("EventBusName"))
        .with("Targets", targets.clone());
    let answer = call.invoke("events", "PutTargets", input).await?;
    match answer.pointer("/FailedEntries/0/ErrorMessage").and_then(Value::as_str) {
        Some(message) => Err(Failure::Refused(message.to_owned())),
        None => Ok(()),
    }
}

async fn remove_targets(
    call: &Call<'_>,
    rule: &str,
    properties: &Properties,
    ids: Vec<String>,
) -> Result<(), Failure> {
    if ids.is_empty() {
        return Ok(());
    }
    let input = Input::default()
        .with("Rule", rule)
        .maybe("EventBusName", properties.text("EventBusName"))
        .with("Ids", ids);
    call.remove("events", "RemoveTargets", input).await
}
