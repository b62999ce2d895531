//! The resource policy of a function, one statement at a time.

use awsim_core::{AwsError, RequestContext};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Lambda, invalid, missing, no_content};
use crate::sandbox::services::wire;

impl Lambda {
    /// Adds a statement; its id must be new.
    pub(super) fn add_permission(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let sid = text(input, "StatementId")?;
        let action = text(input, "Action")?;
        if sid.is_empty()
            || sid.len() > 100
            || !sid.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
        {
            return Err(constraint("statementId", sid, "([a-zA-Z0-9-_]+)"));
        }
        if action != "*" && !action.starts_with("lambda:") {
            return Err(constraint("action", action, "(lambda:[*]|lambda:[a-zA-Z]+|[*])"));
        }
        let principal = principal(text(input, "Principal")?)?;
        self.write(ctx, input, |_, function| {
            check_revision(input, &function.policy_revision)?;
            if function.policy.iter().any(|statement| statement["Sid"] == sid) {
                return Err(AwsError::conflict(
                    "ResourceConflictException",
                    format!(
                        "The statement id ({sid}) provided already exists. \
                         Please provide a new statement id, or remove the existing statement."
                    ),
                ));
            }
            let mut statement = json!({
                "Sid": sid,
                "Effect": "Allow",
                "Principal": principal,
                "Action": action,
                "Resource": function.arn,
            });
            let conditions = conditions(input);
            if !conditions.is_empty() {
                wire::set(&mut statement, "Condition", conditions);
            }
            let answer = json!({"__status_code": 201, "Statement": statement.to_string()});
            function.policy.push(statement);
            function.policy_revision = wire::uuid();
            Ok(answer)
        })
    }

    /// Removes the statement with the given id.
    pub(super) fn remove_permission(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let sid = text(input, "StatementId")?;
        self.write(ctx, input, |_, function| {
            check_revision(input, &function.policy_revision)?;
            if function.policy.is_empty() {
                return Err(missing("No policy is associated with the given resource."));
            }
            let before = function.policy.len();
            function.policy.retain(|statement| statement["Sid"] != sid);
            if function.policy.len() == before {
                return Err(missing(format!("Statement {sid} is not found in resource policy.")));
            }
            function.policy_revision = wire::uuid();
            Ok(no_content())
        })
    }
}

/// Returns a required text parameter.
fn text<'a>(input: &'a Value, name: &str) -> Result<&'a str, AwsError> {
    input[name].as_str().ok_or_else(|| {
        AwsError::validation(format!(
            "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
            lower_first(name)
        ))
    })
}

/// Spells a parameter as validation messages do.
fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect()
}

/// The error for a parameter that does not match its pattern.
fn constraint(name: &str, value: &str, pattern: &str) -> AwsError {
    AwsError::validation(format!(
        "1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: {pattern}"
    ))
}

/// Spells a principal as the policy document has it.
fn principal(given: &str) -> Result<Value, AwsError> {
    if given == "*" {
        Ok(json!("*"))
    } else if given.len() == 12 && given.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(json!({"AWS": format!("arn:aws:iam::{given}:root")}))
    } else if given.starts_with("arn:") {
        Ok(json!({"AWS": given}))
    } else if given.contains('.') {
        Ok(json!({"Service": given}))
    } else {
        Err(invalid("The provided principal was invalid. Please check the principal and try again."))
    }
}

/// Writes the limiting parameters as the conditions AWS makes of them.
fn conditions(input: &Value) -> Map<String, Value> {
    let rows = [
        ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
        ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
        ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
        ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
        ("SourceArn", "ArnLike", "AWS:SourceArn"),
    ];
    let mut conditions = Map::new();
    for (parameter, operator, key) in rows {
        if let Some(value) = input[parameter].as_str()
            && let Some(keys) = conditions.entry(operator).or_insert_with(|| json!({})).as_object_mut()
        {
            keys.insert(key.to_owned(), json!(value));
        }
    }
    conditions
}

/// Refuses a change that was made for another revision of the policy.
fn check_revision(input: &Value, revision: &str) -> Result<(), AwsError> {
    match input["RevisionId"].as_str() {
        Some(given) if given != revision => Err(outdated()),
        _ => Ok(()),
    }
}

/// The error of a change that was made for another revision.
pub(super) fn outdated() -> AwsError {
    AwsError {
        status: StatusCode::PRECONDITION_FAILED,
        ..AwsError::bad_request(
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. \
             Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_are_spelt_as_policies_have_them() {
        assert_eq!(principal("*").unwrap(), json!("*"));
        assert_eq!(principal("123456789012").unwrap(), json!({"AWS": "arn:aws:iam::123456789012:root"}));
        assert_eq!(principal("events.amazonaws.com").unwrap(), json!({"Service": "events.amazonaws.com"}));
        assert!(principal("nobody").is_err());
    }

    #[test]
    fn sources_become_conditions() {
        let input = json!({"SourceArn": "arn:aws:events:::rule/r", "SourceAccount": "123456789012"});
        assert_eq!(
            Value::Object(conditions(&input)),
            json!({
                "StringEquals": {"AWS:SourceAccount": "123456789012"},
                "ArnLike": {"AWS:SourceArn": "arn:aws:events:::rule/r"},
            })
        );
    }
}
