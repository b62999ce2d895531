//! An EventBridge rule on the default bus: its schedule, targets and tags.

use std::collections::BTreeMap;

use aws_sdk_eventbridge::types::RuleState;

use crate::account::snapshot::{Rule, Tags, Target};
use crate::aws::Aws;
use crate::aws::error::ApiError;

pub(super) async fn read(
    aws: &Aws,
    name: &str,
    known_tags: &BTreeMap<String, Tags>,
) -> Result<Option<Rule>, ApiError> {
    let resource = format!("schedule.{name}");
    let answer =
        aws.find("events:DescribeRule", &resource, || aws.events.describe_rule().name(name).send()).await?;
    let Some(answer) = answer else { return Ok(None) };
    let arn = answer.arn().unwrap_or_default().to_owned();
    let tags = async {
        if let Some(known) = known_tags.get(&arn) {
            return Ok(known.clone());
        }
        let answer = aws
            .find("events:ListTagsForResource", &resource, || {
                aws.events.list_tags_for_resource().resource_arn(&arn).send()
            })
            .await?;
        let tags = answer.and_then(|answer| answer.tags).unwrap_or_default();
        Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
    };
    let (targets, tags) = futures::join!(targets(aws, name, &resource), tags);
    Ok(Some(Rule {
        expression: answer.schedule_expression().unwrap_or_default().into(),
        enabled: answer.state().is_none_or(|state| *state != RuleState::Disabled),
        description: answer.description().unwrap_or_default().into(),
        targets: targets?,
        tags: tags?,
        arn,
    }))
}

async fn targets(aws: &Aws, name: &str, resource: &str) -> Result<Vec<Target>, ApiError> {
    let mut targets = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = aws
            .find("events:ListTargetsByRule", resource, || {
                aws.events.list_targets_by_rule().rule(name).set_next_token(token.clone()).send()
            })
            .await?;
        let Some(page) = page else { return Ok(targets) };
        targets.extend(page.targets().iter().map(|target| Target {
            arn: target.arn().into(),
            id: target.id().into(),
            input: target.input().map(str::to_owned),
        }));
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(targets);
        }
    }
}
