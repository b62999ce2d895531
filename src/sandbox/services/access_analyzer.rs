//! IAM Access Analyzer: analyzers and their tags. Nothing is analysed; the lists of findings are empty.
//!
//! <https://docs.aws.amazon.com/access-analyzer/latest/APIReference/>

mod needs;

use std::collections::BTreeMap;

use async_trait::async_trait;
use awsim_core::{AwsError, Protocol, RequestContext, RouteDefinition, ServiceHandler};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::regional::Regional;
use super::tags::{self, Tagged, Tags};
use super::wire;
use crate::clock::Clock;

/// The Access Analyzer service of one account.
pub(crate) struct AccessAnalyzer {
    account: String,
    clock: Clock,
    state: Regional<Region>,
}

/// The analyzers of a region, by name.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Region {
    analyzers: BTreeMap<String, Analyzer>,
}

/// One analyzer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Analyzer {
    arn: String,
    kind: String,
    created: String,
    tags: Tags,
    configuration: Option<Value>,
}

/// The input of `CreateAnalyzer`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateAnalyzer {
    analyzer_name: String,
    r#type: String,
    #[serde(default)]
    tags: Tags,
    #[serde(default)]
    configuration: Option<Value>,
}

impl Analyzer {
    /// Writes the analyzer as it is shown.
    fn summary(&self, name: &str) -> Value {
        let mut summary = json!({
            "arn": self.arn,
            "name": name,
            "type": self.kind,
            "createdAt": self.created,
            "status": "ACTIVE",
            "tags": self.tags,
        });
        if let Some(configuration) = &self.configuration {
            wire::set(&mut summary, "configuration", configuration.clone());
        }
        summary
    }
}

impl AccessAnalyzer {
    /// Makes the service without any analyzer.
    pub(crate) fn new(account: &str, clock: Clock) -> Self {
        Self { account: account.to_owned(), clock, state: Regional::default() }
    }

    /// Returns the ARN of the analyzer called `name`.
    fn arn(&self, region: &str, name: &str) -> String {
        format!("arn:aws:access-analyzer:{region}:{}:analyzer/{name}", self.account)
    }

    /// Creates an analyzer; a region has one of each type.
    fn create(&self, ctx: &RequestContext, input: CreateAnalyzer) -> Result<Value, AwsError> {
        let CreateAnalyzer { analyzer_name: name, r#type: kind, tags, configuration } = input;
        check_name(&name)?;
        match kind.as_str() {
            "ACCOUNT" | "ACCOUNT_UNUSED_ACCESS" | "ACCOUNT_INTERNAL_ACCESS" => {}
            "ORGANIZATION" | "ORGANIZATION_UNUSED_ACCESS" | "ORGANIZATION_INTERNAL_ACCESS" => {
                return Err(validation(
                    "You must create an organization and be its administrator to create an analyzer of this type.",
                    "other",
                ));
            }
            other => {
                let message = format!("Value '{other}' at 'type' failed to satisfy constraint");
                return Err(validation(&message, "fieldValidationFailed"));
            }
        }
        check_tags(&Tags::new(), &tags, ctx)?;
        let arn = self.arn(&ctx.region, &name);
        let analyzer =
            Analyzer { arn: arn.clone(), kind, created: self.clock.now().to_string(), tags, configuration };
        self.state.write(&ctx.region, |region| {
            if region.analyzers.contains_key(&name) {
                let message = format!("An analyzer with the name {name} already exists.");
                return Err(about(AwsError::conflict("ConflictException", message), &arn));
            }
            if region.analyzers.values().any(|it| it.kind == analyzer.kind) {
                let message = format!("You have reached the quota of 1 analyzer of type {}.", analyzer.kind);
                let error = AwsError::bad_request("ServiceQuotaExceededException", message);
                return Err(about(AwsError { status: StatusCode::PAYMENT_REQUIRED, ..error }, &arn));
            }
            region.analyzers.insert(name, analyzer);
            Ok(json!({"arn": arn}))
        })
    }

    /// Answers `GetAnalyzer`.
    fn get(&self, ctx: &RequestContext, name: &str) -> Result<Value, AwsError> {
        self.state.read(&ctx.region, |region| match region.analyzers.get(name) {
            Some(analyzer) => Ok(json!({"analyzer": analyzer.summary(name)})),
            None => Err(no_analyzer(name)),
        })
    }

    /// Deletes an analyzer.
    fn delete(&self, ctx: &RequestContext, name: &str) -> Result<Value, AwsError> {
        self.state.write(&ctx.region, |region| match region.analyzers.remove(name) {
            Some(_) => Ok(json!({})),
            None => Err(no_analyzer(name)),
        })
    }

    /// Lists the analyzers, of one type if asked.
    fn list(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let kind = input["type"].as_str();
        let all: Vec<(String, Value)> = self.state.read(&ctx.region, |region| {
            let wanted = region.analyzers.iter().filter(|(_, it)| kind.is_none_or(|kind| it.kind == kind));
            wanted.map(|(name, it)| (name.clone(), it.summary(name))).collect()
        });
        let size = input["maxResults"].as_str().and_then(|text| text.parse().ok()).unwrap_or(100);
        let token = input["nextToken"].as_str();
        let (page, next) = wire::page(
            all,
            size.clamp(1, 1000),
            token,
            |(name, _)| name.clone(),
            || validation("The pagination token is invalid.", "fieldValidationFailed"),
        )?;
        let page: Vec<Value> = page.into_iter().map(|(_, summary)| summary).collect();
        Ok(wire::with_next(json!({"analyzers": page}), "nextToken", next))
    }

    /// Answers both lists of findings: none.
    fn findings(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let arn = input["analyzerArn"].as_str().unwrap_or_default();
        self.with_arn(ctx, arn, |_| Ok(json!({"findings": []})))
    }

    /// Changes the tags of an analyzer, if what comes out is allowed.
    fn retag(
        &self,
        ctx: &RequestContext,
        input: &Value,
        change: impl FnOnce(&mut Tags),
    ) -> Result<Value, AwsError> {
        self.with_arn(ctx, input["resourceArn"].as_str().unwrap_or_default(), |analyzer| {
            let mut tags = analyzer.tags.clone();
            change(&mut tags);
            check_tags(&analyzer.tags, &tags, ctx)?;
            analyzer.tags = tags;
            Ok(json!({}))
        })
    }

    /// Lets `work` on the analyzer with this ARN.
    fn with_arn(
        &self,
        ctx: &RequestContext,
        arn: &str,
        work: impl FnOnce(&mut Analyzer) -> Result<Value, AwsError>,
    ) -> Result<Value, AwsError> {
        self.state.write(&ctx.region, |region| {
            match region.analyzers.values_mut().find(|analyzer| analyzer.arn == arn) {
                Some(analyzer) => work(analyzer),
                None => Err(no_analyzer(arn)),
            }
        })
    }
}

impl Tagged for AccessAnalyzer {
    fn tagged(&self, region: &str) -> Vec<(String, Tags)> {
        self.state.read(region, |region| {
            region.analyzers.values().map(|analyzer| (analyzer.arn.clone(), analyzer.tags.clone())).collect()
        })
    }
}

/// The paths of the operations.
const ROUTES: [(&str, &str, &str); 9] = [
    ("PUT", "/analyzer", "CreateAnalyzer"),
    ("GET", "/analyzer", "ListAnalyzers"),
    ("GET", "/analyzer/{analyzerName}", "GetAnalyzer"),
    ("DELETE", "/analyzer/{analyzerName}", "DeleteAnalyzer"),
    ("POST", "/finding", "ListFindings"),
    ("POST", "/findingv2", "ListFindingsV2"),
    ("POST", "/tags/{resourceArn}", "TagResource"),
    ("DELETE", "/tags/{resourceArn}", "UntagResource"),
    ("GET", "/tags/{resourceArn}", "ListTagsForResource"),
];

/// The operations it answers; `handle` has an arm for each.
const OPERATIONS: &[&str] = &[
    "CreateAnalyzer",
    "GetAnalyzer",
    "ListAnalyzers",
    "DeleteAnalyzer",
    "ListFindings",
    "ListFindingsV2",
    "TagResource",
    "UntagResource",
    "ListTagsForResource",
];

#[async_trait]
impl ServiceHandler for AccessAnalyzer {
    fn service_name(&self) -> &'static str {
        "access-analyzer"
    }

    fn protocol(&self) -> Protocol {
        Protocol::RestJson1
    }

    fn routes(&self) -> Vec<RouteDefinition> {
        super::routes(&ROUTES)
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let name = wire::text(&input, "analyzerName").unwrap_or_default();
        match operation {
            "CreateAnalyzer" => self.create(ctx, wire::input(input)?),
            "GetAnalyzer" => self.get(ctx, name),
            "ListAnalyzers" => self.list(ctx, &input),
            "DeleteAnalyzer" => self.delete(ctx, name),
            "ListFindings" | "ListFindingsV2" => self.findings(ctx, &input),
            "TagResource" => {
                let added: Tags = wire::input(input.get("tags").cloned().unwrap_or_default())?;
                self.retag(ctx, &input, |tags| tags.extend(added))
            }
            "UntagResource" => {
                let keys = wire::tag_keys(ctx, &input);
                self.retag(ctx, &input, |tags| tags.retain(|key, _| !keys.contains(key)))
            }
            "ListTagsForResource" => {
                let arn = wire::text(&input, "resourceArn").unwrap_or_default();
                self.with_arn(ctx, arn, |analyzer| Ok(json!({"tags": analyzer.tags})))
            }
            _ => Err(super::unsupported("access-analyzer", operation)),
        }
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        self.state.snapshot()
    }

    fn restore(&self, data: &[u8]) -> Result<(), String> {
        self.state.restore(data)
    }
}

impl super::Service for AccessAnalyzer {
    fn operations(&self) -> Vec<&'static str> {
        OPERATIONS.to_vec()
    }

    fn needs(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<super::Need> {
        needs::of(self, operation, input, ctx)
    }

    fn take_change(&self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        self.state.take_change()
    }
}

/// Checks an analyzer's name.
fn check_name(name: &str) -> Result<(), AwsError> {
    let fits = name.len() <= 255
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    if fits {
        return Ok(());
    }
    let message = format!("Value '{name}' at 'analyzerName' failed to satisfy constraint");
    Err(validation(&message, "fieldValidationFailed"))
}

/// Checks tags.
fn check_tags(before: &Tags, after: &Tags, ctx: &RequestContext) -> Result<(), AwsError> {
    tags::check(before, after, ctx)
        .map_err(|_| validation("The tags are not valid.", "fieldValidationFailed"))
}

/// The error of a request that makes no sense.
fn validation(message: &str, reason: &str) -> AwsError {
    AwsError::validation(message).with_extra("reason", json!(reason))
}

/// The error for an analyzer that does not exist.
fn no_analyzer(name: &str) -> AwsError {
    let message = format!("The analyzer {name} does not exist.");
    about(AwsError::not_found("ResourceNotFoundException", message), name)
}

/// Adds to an error which resource it is about.
fn about(error: AwsError, id: &str) -> AwsError {
    error.with_extra("resourceId", json!(id)).with_extra("resourceType", json!("Analyzer"))
}
