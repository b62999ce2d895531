//! The errors IAM answers with: code, HTTP status and wording as AWS's.

use awsim_core::AwsError;

/// What an operation answers.
pub(crate) type Reply = Result<serde_json::Value, AwsError>;

/// 404: the entity does not exist.
pub(crate) fn no_such_entity(message: impl Into<String>) -> AwsError {
    AwsError::not_found("NoSuchEntity", message)
}

/// 409: the name is taken.
pub(crate) fn already_exists(message: impl Into<String>) -> AwsError {
    AwsError::conflict("EntityAlreadyExists", message)
}

/// 409: something still hangs on the entity.
pub(crate) fn delete_conflict(message: impl Into<String>) -> AwsError {
    AwsError::conflict("DeleteConflict", message)
}

/// 409: a quota is used up.
pub(crate) fn quota(name: &str, limit: usize) -> AwsError {
    limit_exceeded(format!("Cannot exceed quota for {name}: {limit}"))
}

/// 409: a quota with its own wording is used up.
pub(crate) fn limit_exceeded(message: impl Into<String>) -> AwsError {
    AwsError::conflict("LimitExceeded", message)
}

/// 400: the policy document is not one.
pub(crate) fn malformed(message: impl Into<String>) -> AwsError {
    AwsError::bad_request("MalformedPolicyDocument", message)
}

/// 400: a parameter breaks its constraint.
pub(crate) fn validation(message: impl Into<String>) -> AwsError {
    AwsError::bad_request("ValidationError", message)
}

/// 400: the parameters contradict each other.
pub(crate) fn invalid_input(message: impl Into<String>) -> AwsError {
    AwsError::bad_request("InvalidInput", message)
}

/// 400: one constraint of the service model is broken, in the words of AWS's generic validator.
pub(crate) fn constraint(value: &str, parameter: &str, must: &str) -> AwsError {
    let mut at = parameter.to_owned();
    if let Some(first) = at.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    validation(format!(
        "1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: Member must {must}"
    ))
}

/// 400: a required parameter is missing.
pub(crate) fn missing(parameter: &str) -> AwsError {
    let mut error = constraint("", parameter, "not be null");
    error.message = error.message.replacen("Value '' at", "Value null at", 1);
    error
}

/// 400: only the service may change its role.
pub(crate) fn protected(role: &str) -> AwsError {
    let message = format!(
        "Cannot perform the operation on the protected role '{role}' - this role is only modifiable by AWS"
    );
    AwsError::bad_request("UnmodifiableEntity", message)
}

/// 404: no such user.
pub(crate) fn no_user(name: &str) -> AwsError {
    no_such_entity(format!("The user with name {name} cannot be found."))
}

/// 404: no such group.
pub(crate) fn no_group(name: &str) -> AwsError {
    no_such_entity(format!("The group with name {name} cannot be found."))
}

/// 404: no such role.
pub(crate) fn no_role(name: &str) -> AwsError {
    no_such_entity(format!("The role with name {name} cannot be found."))
}

/// 404: no such managed policy.
pub(crate) fn no_policy(arn: &str) -> AwsError {
    no_such_entity(format!("Policy {arn} was not found."))
}

/// 404: a managed policy that cannot be attached because it does not exist.
pub(crate) fn not_attachable(arn: &str) -> AwsError {
    no_such_entity(format!("Policy {arn} does not exist or is not attachable."))
}
