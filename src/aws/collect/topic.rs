//! An SNS topic: its tags and its subscriptions.

use std::collections::BTreeMap;

use crate::account::snapshot::{Subscription, Tags, Topic};
use crate::aws::Aws;
use crate::aws::error::ApiError;

pub(super) async fn read(
    aws: &Aws,
    name: &str,
    known_tags: &BTreeMap<String, Tags>,
) -> Result<Option<Topic>, ApiError> {
    let resource = format!("topic.{name}");
    let arn = format!("arn:{}:sns:{}:{}:{name}", aws.caller.partition, aws.region, aws.caller.account);
    let tags = if let Some(known) = known_tags.get(&arn) {
        known.clone()
    } else {
        let answer = aws
            .find("sns:ListTagsForResource", &resource, || {
                aws.sns.list_tags_for_resource().resource_arn(&arn).send()
            })
            .await?;
        let Some(answer) = answer else { return Ok(None) };
        answer.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
    };
    let mut subscriptions = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = aws
            .find("sns:ListSubscriptionsByTopic", &resource, || {
                aws.sns.list_subscriptions_by_topic().topic_arn(&arn).set_next_token(token.clone()).send()
            })
            .await?;
        let Some(page) = page else { return Ok(None) };
        subscriptions.extend(page.subscriptions().iter().map(|subscription| Subscription {
            protocol: subscription.protocol().unwrap_or_default().into(),
            endpoint: subscription.endpoint().unwrap_or_default().into(),
            arn: subscription.subscription_arn().filter(|arn| arn.starts_with("arn:")).map(str::to_owned),
        }));
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(Some(Topic { arn, tags, subscriptions }));
        }
    }
}
