//! Lambda: functions, their code, resource policies and tags, and invocations that really run.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/>. Only `$LATEST` exists: no versions, aliases or layers.

mod access;
mod function;
mod invoke;
mod needs;
mod permission;
#[cfg(test)]
mod tests;
mod validate;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use awsim_core::{AwsError, Protocol, RequestContext, RouteDefinition, ServiceHandler};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::iam::Iam;
use super::logs::Logs;
use super::regional::Regional;
use super::tags::{Tagged, Tags};
use super::wire;
use crate::clock::Clock;
use crate::sandbox::recorder::Log;
use crate::sandbox::runtime::Runtime;
pub(in crate::sandbox) use invoke::enveloped;

/// The Lambda service of one account.
pub(crate) struct Lambda {
    account: String,
    clock: Clock,
    iam: Arc<Iam>,
    logs: Arc<Logs>,
    /// The account's event history.
    log: Log,
    /// What runs functions; not there in an account that stands alone.
    runtime: OnceLock<Arc<Runtime>>,
    state: Regional<Region>,
}

/// The functions of a region, by name.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Region {
    functions: BTreeMap<String, Function>,
}

/// One function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Function {
    arn: String,
    /// The settings as the API spells them; defaults filled in.
    settings: Map<String, Value>,
    /// The deployment package, base64.
    code: String,
    code_sha256: String,
    code_size: usize,
    last_modified: String,
    revision: String,
    tags: Tags,
    /// The statements of the resource policy, in the order they were added.
    policy: Vec<Value>,
    policy_revision: String,
}

/// A function as requests name it: a name, a partial or a full ARN, with or without a qualifier.
struct Named<'a> {
    name: &'a str,
    qualifier: Option<&'a str>,
}

impl<'a> Named<'a> {
    /// Splits what a request gave as `FunctionName`.
    fn parse(text: &'a str) -> Self {
        let rest = text.rsplit_once(":function:").map_or(text, |(_, rest)| rest);
        let rest = rest.strip_prefix("function:").unwrap_or(rest);
        match rest.split_once(':') {
            Some((name, qualifier)) => Self { name, qualifier: Some(qualifier) },
            None => Self { name: rest, qualifier: None },
        }
    }
}

impl Lambda {
    /// Makes the service without any function.
    pub(crate) fn new(account: &str, clock: Clock, iam: Arc<Iam>, logs: Arc<Logs>) -> Self {
        Self {
            account: account.to_owned(),
            clock,
            iam,
            logs,
            log: Log::default(),
            runtime: OnceLock::new(),
            state: Regional::default(),
        }
    }

    /// Has the roles that Lambda assumes recorded in the account's event history.
    pub(crate) fn recorded_in(mut self, log: Log) -> Self {
        self.log = log;
        self
    }

    /// Returns the ARN of the function called `name`.
    fn arn(&self, region: &str, name: &str) -> String {
        format!("arn:aws:lambda:{region}:{}:function:{name}", self.account)
    }

    /// Returns the moment as `LastModified` spells it.
    fn now(&self) -> String {
        self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
    }

    /// Lets `look` read the function the request names.
    fn read<R>(
        &self,
        ctx: &RequestContext,
        input: &Value,
        look: impl FnOnce(&str, &Function) -> Result<R, AwsError>,
    ) -> Result<R, AwsError> {
        let name = self.existing_name(ctx, input)?;
        self.state.read(&ctx.region, |region| match region.functions.get(&name) {
            Some(function) => look(&name, function),
            None => Err(not_found(&self.arn(&ctx.region, &name))),
        })
    }

    /// Lets `change` edit the function the request names.
    fn write<R>(
        &self,
        ctx: &RequestContext,
        input: &Value,
        change: impl FnOnce(&str, &mut Function) -> Result<R, AwsError>,
    ) -> Result<R, AwsError> {
        let name = self.existing_name(ctx, input)?;
        self.state.write(&ctx.region, |region| match region.functions.get_mut(&name) {
            Some(function) => change(&name, function),
            None => Err(not_found(&self.arn(&ctx.region, &name))),
        })
    }

    /// Returns the name in `FunctionName` (or `Resource`, of the tag operations), which must not ask for a
    /// version or an alias: there are none.
    fn existing_name(&self, ctx: &RequestContext, input: &Value) -> Result<String, AwsError> {
        let text = input["FunctionName"].as_str().or_else(|| input["Resource"].as_str()).unwrap_or_default();
        let named = Named::parse(text);
        validate::function_name(named.name)?;
        match input["Qualifier"].as_str().or(named.qualifier) {
            None | Some("$LATEST") => Ok(named.name.to_owned()),
            Some(qualifier) => Err(not_found(&format!("{}:{qualifier}", self.arn(&ctx.region, named.name)))),
        }
    }

    /// Lists the functions by name.
    fn list(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let all: Vec<(String, Value)> = self.state.read(&ctx.region, |region| {
            region.functions.iter().map(|(name, it)| (name.clone(), it.configuration(name))).collect()
        });
        let size = input["MaxItems"].as_str().and_then(|text| text.parse().ok()).unwrap_or(50);
        let marker = input["Marker"].as_str();
        let (page, next) = wire::page(
            all,
            size.clamp(1, 50),
            marker,
            |(name, _)| name.clone(),
            || invalid("Invalid pagination token"),
        )?;
        let page: Vec<Value> = page.into_iter().map(|(_, configuration)| configuration).collect();
        Ok(wire::with_next(json!({"Functions": page}), "NextMarker", next))
    }

    /// Adds tags to a function.
    fn tag(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let added: Tags = wire::input(input["Tags"].clone())?;
        self.write(ctx, input, |_, function| {
            let mut tags = function.tags.clone();
            tags.extend(added);
            validate::tags(&function.tags, &tags, ctx)?;
            function.tags = tags;
            Ok(no_content())
        })
    }

    /// Removes tags from a function.
    fn untag(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let keys = wire::tag_keys(ctx, input);
        self.write(ctx, input, |_, function| {
            let mut tags = function.tags.clone();
            tags.retain(|key, _| !keys.contains(key));
            validate::tags(&function.tags, &tags, ctx)?;
            function.tags = tags;
            Ok(no_content())
        })
    }
}

impl Tagged for Lambda {
    fn tagged(&self, region: &str) -> Vec<(String, Tags)> {
        self.state.read(region, |region| {
            region.functions.values().map(|function| (function.arn.clone(), function.tags.clone())).collect()
        })
    }
}

/// The paths of the operations.
const ROUTES: [(&str, &str, &str); 18] = [
    ("POST", "/2015-03-31/functions", "CreateFunction"),
    ("GET", "/2015-03-31/functions", "ListFunctions"),
    ("GET", "/2015-03-31/functions/{FunctionName}", "GetFunction"),
    ("DELETE", "/2015-03-31/functions/{FunctionName}", "DeleteFunction"),
    ("GET", "/2015-03-31/functions/{FunctionName}/configuration", "GetFunctionConfiguration"),
    ("PUT", "/2015-03-31/functions/{FunctionName}/configuration", "UpdateFunctionConfiguration"),
    ("PUT", "/2015-03-31/functions/{FunctionName}/code", "UpdateFunctionCode"),
    ("POST", "/2015-03-31/functions/{FunctionName}/invocations", "Invoke"),
    ("GET", "/2015-03-31/functions/{FunctionName}/versions", "ListVersionsByFunction"),
    ("GET", "/2015-03-31/functions/{FunctionName}/aliases", "ListAliases"),
    ("POST", "/2015-03-31/functions/{FunctionName}/policy", "AddPermission"),
    ("GET", "/2015-03-31/functions/{FunctionName}/policy", "GetPolicy"),
    ("DELETE", "/2015-03-31/functions/{FunctionName}/policy/{StatementId}", "RemovePermission"),
    ("GET", "/2019-09-30/functions/{FunctionName}/concurrency", "GetFunctionConcurrency"),
    ("GET", "/2020-06-30/functions/{FunctionName}/code-signing-config", "GetFunctionCodeSigningConfig"),
    ("POST", "/2017-03-31/tags/{Resource}", "TagResource"),
    ("DELETE", "/2017-03-31/tags/{Resource}", "UntagResource"),
    ("GET", "/2017-03-31/tags/{Resource}", "ListTags"),
];

/// The operations it answers; `handle` has an arm for each.
const OPERATIONS: &[&str] = &[
    "CreateFunction",
    "UpdateFunctionConfiguration",
    "UpdateFunctionCode",
    "GetFunction",
    "GetFunctionConfiguration",
    "DeleteFunction",
    "ListFunctions",
    "ListVersionsByFunction",
    "ListAliases",
    "GetFunctionConcurrency",
    "GetFunctionCodeSigningConfig",
    "AddPermission",
    "RemovePermission",
    "GetPolicy",
    "TagResource",
    "UntagResource",
    "ListTags",
    "Invoke",
];

#[async_trait]
impl ServiceHandler for Lambda {
    fn service_name(&self) -> &'static str {
        "lambda"
    }

    fn protocol(&self) -> Protocol {
        Protocol::RestJson1
    }

    fn routes(&self) -> Vec<RouteDefinition> {
        super::routes(&ROUTES)
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        match operation {
            "CreateFunction" => self.create(ctx, &input),
            "UpdateFunctionConfiguration" => self.update_configuration(ctx, &input),
            "UpdateFunctionCode" => self.update_code(ctx, &input),
            "GetFunction" => self.read(ctx, &input, |name, it| Ok(it.description(name))),
            "GetFunctionConfiguration" => self.read(ctx, &input, |name, it| Ok(it.configuration(name))),
            "DeleteFunction" => self.delete(ctx, &input),
            "ListFunctions" => self.list(ctx, &input),
            "ListVersionsByFunction" => {
                self.read(ctx, &input, |name, it| Ok(json!({"Versions": [it.configuration(name)]})))
            }
            "ListAliases" => self.read(ctx, &input, |_, _| Ok(json!({"Aliases": []}))),
            "GetFunctionConcurrency" => self.read(ctx, &input, |_, _| Ok(json!({}))),
            "GetFunctionCodeSigningConfig" => {
                self.read(ctx, &input, |name, _| Ok(json!({"FunctionName": name})))
            }
            "AddPermission" => self.add_permission(ctx, &input),
            "RemovePermission" => self.remove_permission(ctx, &input),
            "GetPolicy" => self.policy(ctx, &input),
            "TagResource" => self.tag(ctx, &input),
            "UntagResource" => self.untag(ctx, &input),
            "ListTags" => self.read(ctx, &input, |_, it| Ok(json!({"Tags": it.tags}))),
            "Invoke" => self.invoke(ctx, &input).await,
            _ => Err(AwsError::unknown_operation(operation)),
        }
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        self.state.snapshot()
    }

    fn restore(&self, data: &[u8]) -> Result<(), String> {
        self.state.restore(data)
    }
}

impl super::Service for Lambda {
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

/// The error of a request whose parameters make no sense.
fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad_request("InvalidParameterValueException", message).with_extra("Type", json!("User"))
}

/// The error for a function (or version) that does not exist.
fn not_found(arn: &str) -> AwsError {
    missing(format!("Function not found: {arn}"))
}

/// The error for anything that does not exist.
fn missing(message: impl Into<String>) -> AwsError {
    AwsError::not_found("ResourceNotFoundException", message).with_extra("Type", json!("User"))
}

/// The answer of operations that answer nothing.
fn no_content() -> Value {
    json!({"__status_code": 204})
}
