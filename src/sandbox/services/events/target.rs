//! The targets of a rule.

use awsim_core::{AwsError, RequestContext};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Events, limit_exceeded, limited, text};
use crate::sandbox::services::wire;

/// How many targets a rule can have.
const MOST: usize = 5;

/// The input of `PutTargets`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutTargets {
    rule: String,
    targets: Vec<Map<String, Value>>,
}

/// The input of `RemoveTargets`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RemoveTargets {
    rule: String,
    ids: Vec<String>,
}

impl Events {
    /// Adds targets, or replaces those of the same id.
    pub(super) fn put_targets(&self, ctx: &RequestContext, input: PutTargets) -> Result<Value, AwsError> {
        let mut checked = Vec::new();
        for target in input.targets {
            checked.push((check(&target)?, target));
        }
        self.write(ctx, &input.rule, |rule| {
            let mut targets = rule.targets.clone();
            targets.extend(checked);
            if targets.len() > MOST {
                return Err(limit_exceeded());
            }
            rule.targets = targets;
            Ok(json!({"FailedEntryCount": 0, "FailedEntries": []}))
        })
    }

    /// Removes targets; ids that are not there do no harm.
    pub(super) fn remove_targets(
        &self,
        ctx: &RequestContext,
        input: &RemoveTargets,
    ) -> Result<Value, AwsError> {
        self.write(ctx, &input.rule, |rule| {
            rule.targets.retain(|id, _| !input.ids.contains(id));
            Ok(json!({"FailedEntryCount": 0, "FailedEntries": []}))
        })
    }

    /// Lists the targets of a rule.
    pub(super) fn list_targets(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let all: Vec<_> =
            self.read(ctx, text(input, "Rule")?, |rule| rule.targets.clone().into_iter().collect())?;
        let (page, next) = limited(all, input)?;
        let page: Vec<Value> = page.into_iter().map(|(_, target)| Value::Object(target)).collect();
        Ok(wire::with_next(json!({"Targets": page}), "NextToken", next))
    }

    /// Lists the rules that have a target.
    pub(super) fn list_rules_of_target(
        &self,
        ctx: &RequestContext,
        input: &Value,
    ) -> Result<Value, AwsError> {
        let arn = text(input, "TargetArn")?;
        let all: Vec<(String, ())> = self.state.read(&ctx.region, |region| {
            let names = region
                .rules
                .iter()
                .filter(|(_, rule)| rule.targets.values().any(|it| it.get("Arn") == Some(&json!(arn))));
            names.map(|(name, _)| (name.clone(), ())).collect()
        });
        let (page, next) = limited(all, input)?;
        let page: Vec<String> = page.into_iter().map(|(name, ())| name).collect();
        Ok(wire::with_next(json!({"RuleNames": page}), "NextToken", next))
    }
}

/// Checks one target and returns its id.
fn check(target: &Map<String, Value>) -> Result<String, AwsError> {
    let get = |key: &str| target.get(key).and_then(Value::as_str);
    let id = get("Id").unwrap_or_default();
    let fits = !id.is_empty()
        && id.len() <= 64
        && id.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
    if !fits {
        return Err(AwsError::validation(format!(
            "1 validation error detected: Value '{id}' at 'targets.1.member.id' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"
        )));
    }
    let arn = get("Arn").unwrap_or_default();
    if !arn.starts_with("arn:") || arn.split(':').count() < 6 {
        return Err(AwsError::validation(format!(
            "Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."
        )));
    }
    if get("Input").is_some_and(|input| serde_json::from_str::<Value>(input).is_err()) {
        return Err(AwsError::validation(format!("JSON syntax error in input for target {id}.")));
    }
    Ok(id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_needs_an_id_an_arn_and_json() {
        let target = |id: &str, arn: &str, input: &str| {
            let target = json!({"Id": id, "Arn": arn, "Input": input});
            check(target.as_object().unwrap())
        };
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
        assert_eq!(target("1", arn, "{}").unwrap(), "1");
        assert!(target("", arn, "{}").is_err());
        assert!(target("1", "f", "{}").unwrap_err().message.contains("not in correct format"));
        assert!(target("1", arn, "{").is_err());
    }
}
