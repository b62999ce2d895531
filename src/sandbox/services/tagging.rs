//! The Resource Groups Tagging API: one list of all tagged resources of a region.
//!
//! Like AWS it knows no IAM users, groups and roles
//! (<https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html>).

mod needs;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use awsim_core::{AwsError, Protocol, RequestContext, ServiceHandler};
use serde::Deserialize;
use serde_json::{Value, json};

use super::tags::{self, Tagged, Tags};
use super::wire;

/// The tagging service; it keeps nothing and asks the other services.
pub(crate) struct Tagging {
    sources: Vec<Arc<dyn Tagged>>,
}

/// The input of `GetResources`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetResources {
    #[serde(default)]
    pagination_token: Option<String>,
    #[serde(default)]
    tag_filters: Vec<TagFilter>,
    #[serde(default)]
    resources_per_page: Option<usize>,
    #[serde(default)]
    resource_type_filters: Vec<String>,
    #[serde(default, rename = "ResourceARNList")]
    arns: Vec<String>,
}

/// A key, and the values one of which the tag has to have; without values any will do.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagFilter {
    key: String,
    #[serde(default)]
    values: Vec<String>,
}

impl TagFilter {
    /// Tells whether a resource with these tags passes.
    fn passes(&self, tags: &Tags) -> bool {
        tags.get(&self.key).is_some_and(|value| self.values.is_empty() || self.values.contains(value))
    }
}

impl Tagging {
    /// Makes the service over the services that have tagged resources.
    pub(crate) fn new(sources: Vec<Arc<dyn Tagged>>) -> Self {
        Self { sources }
    }

    /// Returns the tagged resources of the region, by ARN.
    fn all(&self, ctx: &RequestContext) -> BTreeMap<String, Tags> {
        let each = self.sources.iter().flat_map(|source| source.tagged(&ctx.region));
        each.filter(|(_, tags)| !tags.is_empty()).collect()
    }

    /// Answers `GetResources`.
    fn resources(&self, ctx: &RequestContext, input: &GetResources) -> Result<Value, AwsError> {
        let size = input.resources_per_page.unwrap_or(50);
        if !(1..=100).contains(&size) {
            return Err(invalid("ResourcesPerPage must be between 1 and 100"));
        }
        if !input.arns.is_empty()
            && (!input.tag_filters.is_empty() || !input.resource_type_filters.is_empty())
        {
            return Err(invalid("ResourceARNList cannot be combined with TagFilters or ResourceTypeFilters"));
        }
        let wanted: Vec<(String, Tags)> = self
            .all(ctx)
            .into_iter()
            .filter(|(arn, tags)| {
                input.tag_filters.iter().all(|filter| filter.passes(tags))
                    && (input.resource_type_filters.is_empty()
                        || input.resource_type_filters.iter().any(|filter| is_of_type(arn, filter)))
                    && (input.arns.is_empty() || input.arns.contains(arn))
            })
            .collect();
        let token = input.pagination_token.as_deref().filter(|token| !token.is_empty());
        let (page, next) = wire::page(
            wanted,
            size,
            token,
            |(arn, _)| arn.clone(),
            || invalid("PaginationToken is not valid"),
        )?;
        let page: Vec<Value> = page
            .into_iter()
            .map(|(arn, tags)| json!({"ResourceARN": arn, "Tags": tags::listed(&tags)}))
            .collect();
        Ok(json!({"PaginationToken": next.unwrap_or_default(), "ResourceTagMappingList": page}))
    }

    /// Answers `GetTagKeys`.
    fn keys(&self, ctx: &RequestContext) -> Value {
        let keys: BTreeSet<String> = self.all(ctx).into_values().flat_map(Tags::into_keys).collect();
        json!({"PaginationToken": "", "TagKeys": keys})
    }

    /// Answers `GetTagValues`.
    fn values(&self, ctx: &RequestContext, key: &str) -> Value {
        let values: BTreeSet<String> =
            self.all(ctx).into_values().filter_map(|mut it| it.remove(key)).collect();
        json!({"PaginationToken": "", "TagValues": values})
    }
}

/// The operations it answers; `handle` has an arm for each.
const OPERATIONS: &[&str] = &["GetResources", "GetTagKeys", "GetTagValues"];

#[async_trait]
impl ServiceHandler for Tagging {
    fn service_name(&self) -> &'static str {
        "tagging"
    }

    fn protocol(&self) -> Protocol {
        Protocol::AwsJson1_1
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        match operation {
            "GetResources" => self.resources(ctx, &wire::input(input)?),
            "GetTagKeys" => Ok(self.keys(ctx)),
            "GetTagValues" => Ok(self.values(ctx, wire::text(&input, "Key").unwrap_or_default())),
            _ => Err(super::unsupported("tagging", operation)),
        }
    }
}

impl super::Service for Tagging {
    fn operations(&self) -> Vec<&'static str> {
        OPERATIONS.to_vec()
    }

    fn needs(&self, operation: &str, _input: &Value, _ctx: &RequestContext) -> Vec<super::Need> {
        needs::of(operation)
    }
}

/// Tells whether an ARN is of the type a filter names: `service` or `service:type`.
fn is_of_type(arn: &str, filter: &str) -> bool {
    let mut parts = arn.splitn(6, ':').skip(2);
    let service = parts.next().unwrap_or_default();
    let resource = parts.nth(2).unwrap_or_default();
    // The ARN of a topic names no type.
    let kind = if service == "sns" { "topic" } else { resource.split([':', '/']).next().unwrap_or_default() };
    match filter.split_once(':') {
        Some((wanted, of_kind)) => wanted == service && of_kind == kind,
        None => filter == service,
    }
}

/// The error of a request that makes no sense.
fn invalid(message: &str) -> AwsError {
    AwsError::bad_request("InvalidParameterException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_from_the_arn() {
        let function = "arn:aws:lambda:us-east-1:123456789012:function:f";
        assert!(is_of_type(function, "lambda"));
        assert!(is_of_type(function, "lambda:function"));
        assert!(!is_of_type(function, "lambda:layer"));
        assert!(is_of_type("arn:aws:events:us-east-1:123456789012:rule/r", "events:rule"));
        assert!(is_of_type("arn:aws:sns:us-east-1:123456789012:t", "sns:topic"));
        assert!(!is_of_type("arn:aws:sns:us-east-1:123456789012:t", "lambda"));
    }

    #[test]
    fn filters_want_the_key_and_one_of_the_values() {
        let tags = Tags::from([("team".to_owned(), "red".to_owned())]);
        let filter = |key: &str, values: &[&str]| TagFilter {
            key: key.to_owned(),
            values: values.iter().map(|&value| value.to_owned()).collect(),
        };
        assert!(filter("team", &[]).passes(&tags));
        assert!(filter("team", &["blue", "red"]).passes(&tags));
        assert!(!filter("team", &["blue"]).passes(&tags));
        assert!(!filter("course", &[]).passes(&tags));
    }
}
