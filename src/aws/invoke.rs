//! Runs a Lambda function and waits for its end: once, whatever happens to the answer.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::config::{Builder, StalledStreamProtectionConfig};
use aws_sdk_lambda::operation::RequestId as _;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionConfiguration, InvocationType, LogType};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Aws;
use super::error::{ApiError, ErrorClass};
use crate::account::snapshot::Tags;

/// What the action is called in policies; the operation itself is `Invoke`.
const ACTION: &str = "lambda:InvokeFunction";
/// How much longer than the function may run its answer is waited for: a cold start, and the way.
const MARGIN: Duration = Duration::from_secs(30);

/// What an account shows of a function before it is run.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// Its tags.
    pub tags: Tags,
    /// The longest it may run.
    pub timeout: Duration,
    /// Its environment variables.
    pub environment: BTreeMap<String, String>,
}

/// An invocation that came to an end.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The version that ran.
    pub version: String,
    /// AWS's id of the request: what the function's log calls it.
    pub request_id: Option<String>,
    /// What the function returned, or how it failed.
    pub result: Result<Value, Failure>,
    /// The end of what it wrote into its log, 4 KiB at most.
    pub log: String,
}

/// The kind of failure of a function that ran to its end and answered what is no JSON, or JSON that nobody can hold:
/// half a surrogate pair, lists in lists in lists.
pub const UNREADABLE: &str = "answer cannot be read";

/// How a function failed. All of it is the function's own text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Lambda's word: `Unhandled`, or `Handled` for an error the runtime was told of. Or [`UNREADABLE`].
    pub kind: String,
    /// The type of the error, as `ClientError`; a function that was cut off has none.
    pub error_type: Option<String>,
    /// Its message.
    pub message: String,
    /// Where it was raised, outermost first.
    pub stack_trace: Vec<String>,
}

/// Looks a function up; `None` when there is none.
///
/// # Errors
///
/// Fails too when its tags cannot be read, for whose it is would not be known: AWS leaves them out for who lacks
/// `lambda:ListTags` (<https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html>).
pub async fn deployed(aws: &Aws, name: &str) -> Result<Option<Deployed>, ApiError> {
    let resource = format!("function.{name}");
    let found = aws
        .find("lambda:GetFunction", &resource, || aws.lambda.get_function().function_name(name).send())
        .await?;
    let Some(found) = found else { return Ok(None) };
    if let Some(error) = found.tags_error() {
        return Err(ApiError {
            operation: "lambda:ListTags",
            resource,
            code: error.error_code().to_owned(),
            message: error.message().to_owned(),
            request_id: found.request_id().map(str::to_owned),
            class: ErrorClass::Denied,
        });
    }
    let configuration = found.configuration();
    let timeout = configuration.and_then(FunctionConfiguration::timeout).unwrap_or(3);
    let variables = configuration.and_then(|one| one.environment()?.variables());
    Ok(Some(Deployed {
        environment: variables
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        timeout: Duration::from_secs(u64::try_from(timeout).unwrap_or(3)),
        tags: found.tags.unwrap_or_default().into_iter().collect(),
    }))
}

/// Runs a function with `event` and waits as long as it may take.
///
/// A run has effects, so one whose answer got lost is not repeated, neither by the SDK nor here.
pub async fn invoke(aws: &Aws, name: &str, event: &Value, timeout: Duration) -> Result<Invocation, ApiError> {
    let resource = format!("function.{name}");
    let patience = timeout.saturating_add(MARGIN);
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(patience)
        .operation_timeout(patience)
        .build();
    let answer = aws
        .call(ACTION, &resource, || {
            let once = Builder::new()
                .timeout_config(timeouts.clone())
                .retry_config(RetryConfig::disabled())
                // Nothing moves on the line while the function runs.
                .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
            let request = aws.lambda.invoke().function_name(name);
            let request = request.invocation_type(InvocationType::RequestResponse).log_type(LogType::Tail);
            request.payload(Blob::new(event.to_string())).customize().config_override(once).send()
        })
        .await?;
    let payload = answer.payload().map(AsRef::as_ref).unwrap_or_default();
    let log = answer.log_result().and_then(|log| STANDARD.decode(log).ok()).unwrap_or_default();
    let result = match answer.function_error() {
        Some(kind) => Err(Failure::read(kind, payload)),
        None if payload.is_empty() => Ok(Value::Null),
        None => match serde_json::from_slice(payload) {
            Ok(returned) => Ok(returned),
            // The rest of it is lost on the way.
            Err(error) if error.is_eof() => {
                let message = format!("what the function returned breaks off: {error}");
                return Err(ApiError::broken(ACTION, &resource, message));
            }
            Err(error) => Err(Failure::unreadable(error.to_string())),
        },
    };
    Ok(Invocation {
        version: answer.executed_version().unwrap_or("$LATEST").to_owned(),
        request_id: answer.request_id().map(str::to_owned),
        result,
        log: String::from_utf8_lossy(&log).into_owned(),
    })
}

impl Failure {
    fn unreadable(message: String) -> Self {
        Self { kind: UNREADABLE.to_owned(), error_type: None, message, stack_trace: Vec::new() }
    }

    /// Reads the answer of a function that failed. Source: "Lambda function errors in Python"
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html>).
    fn read(kind: &str, payload: &[u8]) -> Self {
        let told: Value = serde_json::from_slice(payload).unwrap_or_default();
        let text = |key: &str| told.get(key).and_then(Value::as_str).map(str::to_owned);
        let trace = told.get("stackTrace").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        Self {
            kind: kind.to_owned(),
            error_type: text("errorType"),
            message: text("errorMessage").unwrap_or_else(|| String::from_utf8_lossy(payload).into_owned()),
            stack_trace: trace.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_read_whatever_it_looks_like() {
        let raised =
            br#"{"errorMessage": "no topic", "errorType": "KeyError", "stackTrace": ["  File a\n", 1]}"#;
        let failure = Failure::read("Unhandled", raised);
        assert_eq!((failure.error_type.as_deref(), &*failure.message), (Some("KeyError"), "no topic"));
        assert_eq!(failure.stack_trace, ["  File a\n"]);
        let cut_off =
            Failure::read("Unhandled", br#"{"errorMessage": "x Task timed out after 3.00 seconds"}"#);
        assert_eq!(cut_off.error_type, None);
        assert_eq!(Failure::read("Unhandled", b"oops").message, "oops");
    }
}
