//! A Lambda function: configuration, code hash, tags, and its resource policy.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::{each, keep_each};
use crate::account::snapshot::{Function, Permission, Snapshot};
use crate::aws::Aws;
use crate::aws::error::ApiError;

/// Reads these functions into a picture. Where only the resource policy of one cannot be read, the function says why.
/// Returns why some could not be read at all; the picture says so too.
pub async fn add(aws: &Aws, names: &BTreeSet<String>, snapshot: &mut Snapshot) -> Vec<ApiError> {
    let read = each(names, |name| async move {
        let (function, policy) = parts(aws, &name).await?;
        Ok(function.map(|function| match policy {
            Ok(()) => function,
            Err(error) => Function { permissions_unread: Some(error.reason()), ..function },
        }))
    })
    .await;
    let mut errors = Vec::new();
    keep_each(read, &mut snapshot.functions, &mut errors);
    errors
}

pub(super) async fn read(aws: &Aws, name: &str) -> Result<Option<Function>, ApiError> {
    let (function, policy) = parts(aws, name).await?;
    policy.map(|()| function)
}

/// Reads a function, and tells whether its resource policy could be read.
async fn parts(aws: &Aws, name: &str) -> Result<(Option<Function>, Result<(), ApiError>), ApiError> {
    let resource = format!("function.{name}");
    let answer = aws
        .find("lambda:GetFunction", &resource, || aws.lambda.get_function().function_name(name).send())
        .await?;
    let Some(answer) = answer else { return Ok((None, Ok(()))) };
    let policy =
        aws.find("lambda:GetPolicy", &resource, || aws.lambda.get_policy().function_name(name).send()).await;
    let (policy, is_read) = policy.map_or_else(|error| (None, Err(error)), |answer| (answer, Ok(())));
    let permissions =
        policy.and_then(|answer| answer.policy).map(|text| permissions(&text)).unwrap_or_default();
    let config = answer.configuration.ok_or_else(|| {
        ApiError::broken("lambda:GetFunction", &resource, "the answer has no configuration")
    })?;
    let architecture = config.architectures().first().map_or("x86_64", |architecture| architecture.as_str());
    let function = Function {
        arn: config.function_arn().unwrap_or_default().into(),
        runtime: config.runtime().map(|runtime| runtime.as_str().to_owned()).unwrap_or_default(),
        architecture: architecture.into(),
        handler: config.handler().unwrap_or_default().into(),
        role: config.role().unwrap_or_default().into(),
        timeout: config.timeout().unwrap_or(3),
        memory: config.memory_size().unwrap_or(128),
        description: config.description().unwrap_or_default().into(),
        environment: config
            .environment()
            .and_then(|environment| environment.variables())
            .map(|variables| variables.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
            .unwrap_or_default(),
        code_sha256: config.code_sha256().unwrap_or_default().into(),
        tags: answer.tags.unwrap_or_default().into_iter().collect(),
        state: config.state().map_or("Active", |state| state.as_str()).into(),
        permissions,
        permissions_unread: None,
        last_modified: config.last_modified().and_then(moment),
    };
    Ok((Some(function), is_read))
}

/// Reads a time as Lambda writes it: `2026-03-02T09:00:00.000+0000`.
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html>.
fn moment(text: &str) -> Option<Timestamp> {
    Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()
}

/// Reads the statements of a resource policy by `Sid`.
fn permissions(text: &str) -> BTreeMap<String, Permission> {
    let Ok(policy) = serde_json::from_str::<Value>(text) else { return BTreeMap::new() };
    let statements = policy.get("Statement").and_then(Value::as_array).cloned().unwrap_or_default();
    let permission = |statement: &Value| {
        let text = |pointer: &str| statement.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let sid = text("/Sid").unwrap_or_default();
        let source_arn = ["ArnLike", "ArnEquals", "StringEquals"].iter().find_map(|operator| {
            let conditions = statement.get("Condition")?.get(*operator)?.as_object()?;
            let found = conditions.iter().find(|(key, _)| key.eq_ignore_ascii_case("aws:SourceArn"))?;
            found.1.as_str().map(str::to_owned)
        });
        (
            sid,
            Permission { service: text("/Principal/Service"), source_arn, statement: statement.to_string() },
        )
    };
    statements.iter().map(permission).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_lambda_is_read() {
        let read = moment("2026-03-02T09:00:00.000+0000").unwrap();
        assert_eq!(read, "2026-03-02T09:00:00Z".parse().unwrap());
        assert_eq!(moment("soon"), None);
    }
}
