//! What carries a tag, from the Resource Groups Tagging API: how things are found that a scenario no longer
//! names. It does not know IAM users, groups and roles; the identity facet does.

use aws_sdk_resourcegroupstagging::types::TagFilter;

use crate::aws::Aws;
use crate::aws::error::ApiError;

/// Reads the ARNs of everything in the region that carries the tag `key=value`.
pub async fn read(aws: &Aws, key: &str, value: &str) -> Result<Vec<String>, ApiError> {
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
