//! What Lambda refuses.

use std::io::Cursor;

use awsim_core::{AwsError, RequestContext};
use serde_json::{Map, Value};

use super::invalid;
use crate::sandbox::runtime;
use crate::sandbox::services::tags::{self, TagFault, Tags};

/// The runtimes that functions can be created with.
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html>
const RUNTIMES: [&str; 26] = [
    "nodejs18.x",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "python3.8",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "java8.al2",
    "java11",
    "java17",
    "java21",
    "java25",
    "dotnet6",
    "dotnet8",
    "dotnet9",
    "dotnet10",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
    "provided.al2",
    "provided.al2023",
    "nodejs16.x",
];

/// Runtimes that AWS once had: known, but closed for new functions.
const RETIRED: [&str; 21] = [
    "nodejs",
    "nodejs4.3",
    "nodejs4.3-edge",
    "nodejs6.10",
    "nodejs8.10",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "python2.7",
    "python3.6",
    "python3.7",
    "java8",
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "dotnet5.0",
    "dotnet7",
    "go1.x",
    "ruby2.5",
    "ruby2.7",
];

/// Checks a function's name.
pub(super) fn function_name(name: &str) -> Result<(), AwsError> {
    let fits = !name.is_empty()
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if fits {
        return Ok(());
    }
    Err(AwsError::validation(format!(
        "1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: \
         (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{{2}}(-gov)?-[a-z]+-\\d{{1}}:)?(\\d{{12}}:)?(function:)?\
         ([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?"
    )))
}

/// Checks the settings a function would have.
pub(super) fn settings(settings: &Map<String, Value>) -> Result<(), AwsError> {
    let get = |key: &str| settings.get(key).unwrap_or(&Value::Null);
    check_runtime(get("Runtime").as_str().unwrap_or_default())?;
    within(get("Timeout"), "timeout", 1, 900)?;
    within(get("MemorySize"), "memorySize", 128, 10_240)?;
    within(&get("EphemeralStorage")["Size"], "ephemeralStorage.size", 512, 10_240)?;
    let handler = get("Handler").as_str().unwrap_or_default();
    if handler.is_empty() || handler.len() > 128 || handler.chars().any(char::is_whitespace) {
        return Err(constraint(
            handler,
            "handler",
            "Member must satisfy regular expression pattern: [^\\s]+",
        ));
    }
    if get("Description").as_str().is_some_and(|text| text.chars().count() > 256) {
        let text = get("Description").as_str().unwrap_or_default();
        return Err(constraint(text, "description", "Member must have length less than or equal to 256"));
    }
    let role = get("Role").as_str().unwrap_or_default();
    if !role.starts_with("arn:aws") || !role.contains(":role/") {
        let pattern = "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+";
        return Err(constraint(
            role,
            "role",
            &format!("Member must satisfy regular expression pattern: {pattern}"),
        ));
    }
    environment(&get("Environment")["Variables"])
}

/// Checks the runtime against what AWS has.
fn check_runtime(name: &str) -> Result<(), AwsError> {
    if RUNTIMES.contains(&name) {
        return Ok(());
    }
    Err(invalid(if RETIRED.contains(&name) {
        format!(
            "The runtime parameter of {name} is no longer supported for creating or updating AWS Lambda functions. \
             We recommend you use a supported runtime while creating or updating functions."
        )
    } else {
        format!(
            "Value {name} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{}] \
             or be a valid ARN",
            RUNTIMES.join(", ")
        )
    }))
}

/// Checks a number against its range; a missing one has a default.
fn within(value: &Value, name: &str, least: i64, most: i64) -> Result<(), AwsError> {
    match value.as_i64() {
        Some(number) if number < least => {
            let rule = format!("Member must have value greater than or equal to {least}");
            Err(constraint(&number.to_string(), name, &rule))
        }
        Some(number) if number > most => {
            let rule = format!("Member must have value less than or equal to {most}");
            Err(constraint(&number.to_string(), name, &rule))
        }
        _ => Ok(()),
    }
}

/// Checks the environment variables: names, reserved names, 4 KB in all.
fn environment(variables: &Value) -> Result<(), AwsError> {
    const RESERVED: [&str; 8] = [
        "_HANDLER",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_TASK_ROOT",
    ];
    let Some(variables) = variables.as_object() else { return Ok(()) };
    let reserved: Vec<&str> =
        variables.keys().map(String::as_str).filter(|name| RESERVED.contains(name)).collect();
    if !reserved.is_empty() {
        return Err(invalid(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided contains reserved keys that are currently not supported for modification. \
             Reserved keys used in this request: {}",
            reserved.join(", ")
        )));
    }
    if Value::Object(variables.clone()).to_string().len() > 4096 {
        return Err(invalid(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided exceeded the 4KB limit.",
        ));
    }
    let fits = |name: &String| {
        name.len() >= 2
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    match variables.keys().find(|name| !fits(name)) {
        Some(name) => Err(constraint(
            name,
            "environment.variables",
            "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: \
             [a-zA-Z]([a-zA-Z0-9_])+]",
        )),
        None => Ok(()),
    }
}

/// Reads `Architectures`, by default x86.
pub(super) fn architectures(input: &Value) -> Result<Value, AwsError> {
    match &input["Architectures"] {
        Value::Null => Ok(serde_json::json!(["x86_64"])),
        Value::Array(list) if matches!(list.as_slice(), [one] if one == "x86_64" || one == "arm64") => {
            Ok(Value::Array(list.clone()))
        }
        other => Err(constraint(
            &other.to_string(),
            "architectures",
            "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64]]",
        )),
    }
}

/// Checks tags.
pub(super) fn tags(before: &Tags, after: &Tags, ctx: &RequestContext) -> Result<(), AwsError> {
    tags::check(before, after, ctx).map_err(|fault| {
        invalid(match fault {
            TagFault::Reserved => "aws: prefixed tag key names are not allowed for external use.",
            TagFault::Length => "Tag keys have 1 to 128 characters and tag values at most 256.",
            TagFault::TooMany => "The number of tags exceeds the limit of 50.",
        })
    })
}

/// Checks that a package is a zip archive with something in it.
pub(super) fn zip(bytes: &[u8]) -> Result<(), AwsError> {
    match zip::ZipArchive::new(Cursor::new(bytes)) {
        Ok(archive) if archive.is_empty() => Err(invalid("Uploaded file must be a non-empty zip")),
        Ok(_) if runtime::is_too_large(bytes) => {
            Err(invalid(format!("Unzipped size must be smaller than {} bytes", runtime::LARGEST_PACKAGE)))
        }
        Ok(_) => Ok(()),
        Err(_) => Err(not_a_zip()),
    }
}

/// The error for a package that is no zip archive.
pub(super) fn not_a_zip() -> AwsError {
    invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
}

/// The error for a value outside its constraint.
fn constraint(value: &str, name: &str, rule: &str) -> AwsError {
    AwsError::validation(format!(
        "1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {rule}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_3_9_is_open_and_2_7_is_not() {
        assert!(check_runtime("python3.9").is_ok());
        assert!(check_runtime("python2.7").unwrap_err().message.contains("no longer supported"));
        assert!(check_runtime("python9.9").unwrap_err().message.contains("enum value set"));
    }

    #[test]
    fn reserved_and_oversized_environments_are_refused() {
        assert!(environment(&serde_json::json!({"TOPIC_ARN": "x"})).is_ok());
        assert!(environment(&serde_json::json!({"AWS_REGION": "x"})).is_err());
        assert!(environment(&serde_json::json!({"BIG": "x".repeat(4096)})).is_err());
    }
}
