//! What carries a tag, from the Resource Groups Tagging API: how things are found that a scenario no longer
//! names. It does not know IAM users, groups and roles; the identity facet does. IAM's policies it lists in the region
//! that IAM is at home in, and in no other.
//!
//! Source: "Resources you can use with AWS Resource Groups and Tag Editor"
//! (<https://docs.aws.amazon.com/ARG/latest/userguide/supported-resources.html>).

use aws_sdk_resourcegroupstagging::config::{Builder, Region};
use aws_sdk_resourcegroupstagging::types::TagFilter;

use crate::aws::Aws;
use crate::aws::error::ApiError;

/// Reads the ARNs of everything in the region, and of everything of IAM, that carries the tag `key=value`.
pub async fn read(aws: &Aws, key: &str, value: &str) -> Result<Vec<String>, ApiError> {
    let home = match aws.caller.partition.as_str() {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        _ => "us-east-1",
    };
    let mut arns = read_in(aws, &aws.region, key, value).await?;
    if aws.region != home {
        let at_home = read_in(aws, home, key, value).await?;
        arns.extend(at_home.into_iter().filter(|arn| arn.split(':').nth(2) == Some("iam")));
    }
    Ok(arns)
}

async fn read_in(aws: &Aws, region: &str, key: &str, value: &str) -> Result<Vec<String>, ApiError> {
    let mut arns = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let filter = TagFilter::builder().key(key).values(value).build();
        let page = aws
            .call("tag:GetResources", "the region", || {
                aws.tagging
                    .get_resources()
                    .tag_filters(filter.clone())
                    .set_pagination_token(token.clone())
                    .customize()
                    .config_override(Builder::new().region(Region::new(region.to_owned())))
                    .send()
            })
            .await?;
        let mappings = page.resource_tag_mapping_list();
        arns.extend(mappings.iter().filter_map(|mapping| mapping.resource_arn()).map(str::to_owned));
        token = page.pagination_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(arns);
        }
    }
}
