//! Invocations: what is asked, who may ask, what comes back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use awsim_core::{AwsError, RequestContext};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::{Function, Lambda, invalid};
use crate::sandbox::runtime::{Call, Home, LogEvent, Outcome, RoleSession, RunError, Runtime};
use crate::sandbox::services::logs::Logs;
use crate::sandbox::services::wire;

/// The largest event of an invocation that is waited for, in bytes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const LARGEST: usize = 6_291_456;
/// The largest event of an invocation that is not waited for.
const LARGEST_ASYNC: usize = 1_048_576;
/// How much of the log goes into the answer.
const TAIL: usize = 4 << 10;

/// Wraps the body of an `Invoke` request, which is the event and may be anything, so that the gateway, which knows
/// objects only, passes it on whole and takes nothing in it for a parameter. Other bodies stay as they are.
pub(in crate::sandbox) fn enveloped(method: &http::Method, path: &str, body: &Bytes) -> Bytes {
    let is_invocation = method == http::Method::POST
        && path.starts_with("/2015-03-31/functions/")
        && path.trim_end_matches('/').ends_with("/invocations");
    if !is_invocation {
        return body.clone();
    }
    json!({"Payload": BASE64.encode(body)}).to_string().into()
}

impl Lambda {
    /// Gives the service the sandbox it runs functions in; without it, none runs.
    pub(in crate::sandbox) fn at_home(&self, home: Arc<dyn Home>) {
        let _ = self.runtime.set(Arc::new(Runtime::new(home, self.clock.clone())));
    }

    /// Returns what a function's invocations wrote, oldest first, as far as it is kept; also of a function that is
    /// gone, as long as it had the usual log group.
    pub(crate) fn logs(&self, region: &str, function: &str) -> Vec<LogEvent> {
        let known = self.state.read(region, |region| region.functions.get(function).map(Function::log_group));
        self.logs.events(region, &known.unwrap_or_else(|| format!("/aws/lambda/{function}")))
    }

    /// Returns what the invocations of one function, or of all functions of the region, wrote, in the order of time.
    pub(in crate::sandbox) fn logged(&self, region: &str, function: Option<&str>) -> Vec<Value> {
        let names = match function {
            Some(name) => vec![name.to_owned()],
            None => self.state.read(region, |region| region.functions.keys().cloned().collect()),
        };
        let mut events: Vec<(LogEvent, &str)> = Vec::new();
        for name in &names {
            events.extend(self.logs(region, name).into_iter().map(|event| (event, name.as_str())));
        }
        events.sort_by_key(|(event, _)| event.time);
        let shown = |(event, name): (LogEvent, &str)| {
            let LogEvent { time, request_id, text } = event;
            json!({ "time": time, "function": name, "request_id": request_id, "text": text })
        };
        events.into_iter().map(shown).collect()
    }

    /// Answers `Invoke`.
    pub(super) async fn invoke(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let kind = input["InvocationType"].as_str().unwrap_or("RequestResponse");
        if !["Event", "RequestResponse", "DryRun"].contains(&kind) {
            return Err(AwsError::validation(format!(
                "1 validation error detected: Value '{kind}' at 'invocationType' failed to satisfy constraint: \
                 Member must satisfy enum value set: [Event, RequestResponse, DryRun]"
            )));
        }
        let event = event(input)?;
        if kind == "Event" && event.len() > LARGEST_ASYNC {
            let size = event.len();
            return Err(too_large(format!(
                "{size} byte payload is too large for the Event invocation type (limit {LARGEST_ASYNC} bytes)"
            )));
        }
        if kind == "DryRun" {
            self.read(ctx, input, |_, _| Ok(()))?;
            return Ok(json!({"__status_code": 204, "__raw_body": ""}));
        }
        let (running, mut call) = self.begin(ctx, input, event)?;
        if kind == "Event" {
            tokio::spawn(async move {
                let name = call.name.clone();
                if let Err(error) = running.run(call).await {
                    tracing::warn!(function = name, %error, "an asynchronous invocation failed");
                }
                running.runtime.changed();
            });
            return Ok(json!({"__status_code": 202, "__raw_body": ""}));
        }
        call.client_context = client_context(input)?;
        let outcome = running.finished(call).await?;
        let mut headers = json!({"x-amz-executed-version": "$LATEST"});
        if outcome.failed {
            wire::set(&mut headers, "x-amz-function-error", "Unhandled");
        }
        if input["LogType"] == "Tail" {
            wire::set(&mut headers, "x-amz-log-result", tail(&outcome.log));
        }
        Ok(json!({
            "__raw_body": BASE64.encode(&outcome.payload),
            "__content_type": "application/json",
            "__headers": headers,
        }))
    }

    /// Invokes a function for another service of the account, which has looked whether it may, and waits for the end.
    /// What it changed is not saved by this.
    pub(in crate::sandbox) async fn invoke_for_service(
        &self,
        region: &str,
        function: &str,
        event: Vec<u8>,
    ) -> Result<Outcome, AwsError> {
        let ctx = RequestContext::new("lambda", region);
        let input = json!({"FunctionName": function});
        let (running, call) = self.begin(&ctx, &input, event)?;
        running.finished(call).await
    }

    /// Invokes a function for another service of the account, which has looked whether it may, and waits for nothing.
    pub(in crate::sandbox) fn invoke_later(self: Arc<Self>, region: &str, function: &str, event: Vec<u8>) {
        let (region, function) = (region.to_owned(), function.to_owned());
        tokio::spawn(async move {
            if let Err(error) = self.invoke_for_service(&region, &function, event).await {
                tracing::warn!(function, error = error.message, "an asynchronous invocation failed");
            }
            if let Some(runtime) = self.runtime.get() {
                runtime.changed();
            }
        });
    }

    /// Makes the invocation of a function, which runs with a new session of its role.
    fn begin(
        &self,
        ctx: &RequestContext,
        input: &Value,
        event: Vec<u8>,
    ) -> Result<(Running, Call), AwsError> {
        let (name, function) =
            self.read(ctx, input, |name, function| Ok((name.to_owned(), function.clone())))?;
        let running = Running::of(self, &ctx.region)?;
        let session = self.role_session(&function.text("Role"), &name, &ctx.region);
        let session = session.map_err(|error| refused(&error))?;
        Ok((running, function.call(name, ctx, event, session)?))
    }
}

impl Function {
    /// Returns the name of the log group.
    fn log_group(&self) -> String {
        let named = self.settings.get("LoggingConfig").and_then(|config| config["LogGroup"].as_str());
        let usual = || format!("/aws/lambda/{}", self.arn.rsplit(':').next().unwrap_or_default());
        named.map_or_else(usual, str::to_owned)
    }

    /// Returns a setting that is text.
    fn text(&self, key: &str) -> String {
        self.settings.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Makes the invocation of the function as it is now.
    fn call(
        &self,
        name: String,
        ctx: &RequestContext,
        event: Vec<u8>,
        session: RoleSession,
    ) -> Result<Call, AwsError> {
        let number = |key: &str, usual| self.settings.get(key).and_then(Value::as_u64).unwrap_or(usual);
        let variables = self.settings.get("Environment").map(|environment| &environment["Variables"]);
        let variables = variables.map(|variables| wire::input(variables.clone())).transpose()?;
        let storage = self.settings.get("EphemeralStorage").and_then(|storage| storage["Size"].as_u64());
        let package = BASE64.decode(&self.code).map_err(|_damaged| super::validate::not_a_zip())?;
        Ok(Call {
            name,
            arn: self.arn.clone(),
            region: ctx.region.clone(),
            runtime: self.text("Runtime"),
            handler: self.text("Handler"),
            session,
            memory: number("MemorySize", 128),
            storage: storage.unwrap_or(512),
            timeout: Duration::from_secs(number("Timeout", 3)),
            variables: variables.unwrap_or_else(BTreeMap::new),
            log_group: self.log_group(),
            package,
            event,
            client_context: None,
            request_id: wire::uuid(),
        })
    }
}

/// What an invocation needs of the service while it runs.
#[derive(Clone)]
struct Running {
    runtime: Arc<Runtime>,
    logs: Arc<Logs>,
    region: String,
}

impl Running {
    /// Takes it from the service.
    fn of(lambda: &Lambda, region: &str) -> Result<Self, AwsError> {
        let runtime = lambda.runtime.get().ok_or_else(|| {
            let message = "this sandbox keeps Lambda functions but does not run them";
            AwsError { message: message.to_owned(), ..AwsError::not_implemented("Invoke") }
        })?;
        Ok(Self { runtime: runtime.clone(), logs: lambda.logs.clone(), region: region.to_owned() })
    }

    /// Runs the function and keeps its log, if its role lets it write one.
    async fn run(&self, call: Call) -> Result<Outcome, RunError> {
        let (group, key) = (call.log_group.clone(), call.session.access_key_id.clone());
        let outcome = self.runtime.run(call).await?;
        let may = |action: &str, resource: &str| self.runtime.may(&key, &self.region, action, resource);
        self.logs.write(&self.region, &group, &outcome.stream, outcome.log.clone(), may);
        Ok(outcome)
    }

    /// Runs the function to its end, also when the caller goes away before, as Lambda does.
    async fn finished(self, call: Call) -> Result<Outcome, AwsError> {
        let ran = tokio::spawn(async move { self.run(call).await }).await;
        let broken = |error: tokio::task::JoinError| RunError::Machine(error.to_string());
        ran.map_err(broken).and_then(|outcome| outcome).map_err(|error| refused(&error))
    }
}

/// Reads the event: what is not there is an empty object.
fn event(input: &Value) -> Result<Vec<u8>, AwsError> {
    let given = input["Payload"].as_str().unwrap_or_default();
    let event = BASE64.decode(given).map_err(|error| not_json(&error))?;
    if event.len() > LARGEST {
        let message =
            format!("Request must be smaller than {LARGEST} bytes for the InvokeFunction operation");
        return Err(too_large(message));
    }
    if event.is_empty() {
        return Ok(b"{}".to_vec());
    }
    serde_json::from_slice::<serde::de::IgnoredAny>(&event).map_err(|error| not_json(&error))?;
    Ok(event)
}

/// Reads what the caller says of itself: base64 of an object.
fn client_context(input: &Value) -> Result<Option<Value>, AwsError> {
    let Some(given) = input["ClientContext"].as_str() else { return Ok(None) };
    let decoded = BASE64.decode(given).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let message = "Client context must be a valid Base64-encoded JSON object.";
    decoded
        .filter(Value::is_object)
        .map(Some)
        .ok_or_else(|| AwsError::bad_request("InvalidRequestContentException", message))
}

/// Returns the last 4 KB of a log, base64.
fn tail(log: &[LogEvent]) -> String {
    let text: String = log.iter().flat_map(|event| [event.text.as_str(), "\n"]).collect();
    let bytes = text.as_bytes();
    BASE64.encode(bytes.get(bytes.len().saturating_sub(TAIL)..).unwrap_or_default())
}

/// The error for an event that is not JSON.
fn not_json(error: &dyn std::fmt::Display) -> AwsError {
    let message = format!("Could not parse request body into json: {error}");
    AwsError::bad_request("InvalidRequestContentException", message).with_extra("Type", json!("User"))
}

/// The error for an event that is too large.
fn too_large(message: String) -> AwsError {
    let error = AwsError::bad_request("RequestEntityTooLargeException", message);
    AwsError { status: StatusCode::PAYLOAD_TOO_LARGE, ..error }
}

/// Answers what kept a function from running. What is the sandbox's own fault is no server error: the SDK would only
/// try again.
fn refused(error: &RunError) -> AwsError {
    let message = error.to_string();
    match error {
        RunError::TooMany => AwsError {
            status: StatusCode::TOO_MANY_REQUESTS,
            ..AwsError::bad_request("TooManyRequestsException", message)
                .with_extra("Reason", json!("ConcurrentInvocationLimitExceeded"))
        },
        RunError::Role(_) => AwsError::forbidden("AccessDeniedException", message),
        RunError::Package(_) => invalid(message),
        RunError::Runtime(_) | RunError::Machine(_) => AwsError::bad_request("SandboxCannotRun", message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_any_json_and_never_a_parameter() {
        let path = "/2015-03-31/functions/f/invocations";
        let wrap =
            |body: &'static str| enveloped(&http::Method::POST, path, &Bytes::from_static(body.as_bytes()));
        for body in ["[1,2]", "\"text\"", r#"{"InvocationType":"DryRun"}"#] {
            let input: Value = serde_json::from_slice(&wrap(body)).unwrap();
            assert_eq!(event(&input).unwrap(), body.as_bytes());
            assert!(input["InvocationType"].is_null());
        }
        assert_eq!(event(&json!({})).unwrap(), b"{}");
        let broken = event(&serde_json::from_slice(&wrap("{")).unwrap()).unwrap_err();
        assert_eq!((broken.code.as_str(), broken.status.as_u16()), ("InvalidRequestContentException", 400));
        let other = Bytes::from_static(b"{}");
        assert_eq!(enveloped(&http::Method::POST, "/2015-03-31/functions", &other), other);
    }
}
