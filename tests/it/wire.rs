//! The wire between the SDK and an account, which a test can cut, slow down and talk into.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use tokio::sync::Notify;

/// Tells whether an action (`service:Operation`) may change something.
pub(crate) fn is_write(action: &str) -> bool {
    !iamlab::aws::retry::is_read(action)
}

/// One request on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// Counts from 1, retries included.
    pub(crate) number: usize,
    /// As an IAM action: `iam:CreateUser`.
    pub(crate) action: String,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is answered.
    None,
    /// The service asks for patience and does nothing.
    Throttled,
    /// The service fails and does nothing.
    ServerError,
    /// The connection drops before the service has the request.
    LostBefore,
    /// The service acts, and the connection drops before the answer.
    LostAfter,
    /// The service acts, and half of the answer arrives.
    Truncated,
    /// The caller lacks the permission.
    Denied,
    /// The client is no more: neither this nor a later request is sent.
    StopBefore,
    /// The client is no more when the service has acted.
    StopAfter,
}

/// Decides what happens to a request.
type Plan = dyn Fn(&Call) -> Fault + Send + Sync;

/// The HTTP client of an account with a test's hand on it. Clones share the count and the log.
#[derive(Clone)]
pub(crate) struct Wire {
    inner: SharedHttpClient,
    shared: Arc<Shared>,
}

struct Shared {
    plan: Box<Plan>,
    calls: Mutex<Vec<Call>>,
    is_cut: AtomicBool,
    cut: Notify,
}

impl Wire {
    /// Puts `plan` between the SDK and `inner`.
    pub(crate) fn new(
        inner: SharedHttpClient,
        plan: impl Fn(&Call) -> Fault + Send + Sync + 'static,
    ) -> Self {
        let shared = Shared {
            plan: Box::new(plan),
            calls: Mutex::default(),
            is_cut: AtomicBool::new(false),
            cut: Notify::new(),
        };
        Self { inner, shared: Arc::new(shared) }
    }

    /// Only counts.
    pub(crate) fn clear(inner: SharedHttpClient) -> Self {
        Self::new(inner, |_| Fault::None)
    }

    /// The client to give to the SDK.
    pub(crate) fn client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// What was sent so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().unwrap().clone()
    }

    /// Counts from 1 again.
    pub(crate) fn forget(&self) {
        self.shared.calls.lock().unwrap().clear();
    }

    /// Waits until the client is no more.
    pub(crate) async fn cut(&self) {
        self.shared.cut.notified().await;
    }

    fn log(&self, request: &HttpRequest) -> Call {
        let mut calls = self.shared.calls.lock().unwrap();
        let call = Call { number: calls.len() + 1, action: action(request) };
        calls.push(call.clone());
        call
    }

    async fn stop(&self) -> Result<HttpResponse, ConnectorError> {
        self.shared.is_cut.store(true, Ordering::SeqCst);
        self.shared.cut.notify_one();
        std::future::pending().await
    }

    async fn pass(
        self,
        connector: SharedHttpConnector,
        request: HttpRequest,
    ) -> Result<HttpResponse, ConnectorError> {
        if self.shared.is_cut.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        let call = self.log(&request);
        match (self.shared.plan)(&call) {
            Fault::None => connector.call(request).await,
            Fault::Throttled => Ok(refusal(&call.action, Refusal::Throttled)),
            Fault::ServerError => Ok(refusal(&call.action, Refusal::Failure)),
            Fault::Denied => Ok(refusal(&call.action, Refusal::Denied)),
            Fault::LostBefore => Err(lost()),
            Fault::LostAfter => connector.call(request).await.and_then(|_| Err(lost())),
            Fault::Truncated => connector.call(request).await.map(halved),
            Fault::StopBefore => self.stop().await,
            Fault::StopAfter => {
                connector.call(request).await?;
                self.stop().await
            }
        }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let connector = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(WireConnector { wire: self.clone(), connector })
    }
}

#[derive(Debug)]
struct WireConnector {
    wire: Wire,
    connector: SharedHttpConnector,
}

impl HttpConnector for WireConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.wire.clone().pass(self.connector.clone(), request))
    }
}

fn lost() -> ConnectorError {
    ConnectorError::io("connection reset by peer".into())
}

fn halved(mut response: HttpResponse) -> HttpResponse {
    let body = response.body().bytes().unwrap_or_default();
    let half = body.get(..body.len() / 2).unwrap_or_default().to_vec();
    *response.body_mut() = SdkBody::from(half);
    response.headers_mut().remove("content-length");
    response
}

#[derive(Clone, Copy)]
enum Refusal {
    Throttled,
    Failure,
    Denied,
}

/// Writes a refusal as the service of `action` would.
fn refusal(action: &str, refusal: Refusal) -> HttpResponse {
    let service = action.split(':').next().unwrap_or_default();
    let denied = format!(
        "User: arn:aws:iam::123456789012:user/somebody is not authorized to perform: {action} on resource: * \
         because no identity-based policy allows the {action} action"
    );
    let message = match refusal {
        Refusal::Throttled => "Rate exceeded",
        Refusal::Failure => "We encountered an internal error. Please try again.",
        Refusal::Denied => &denied,
    };
    let (status, code) = match (service, refusal) {
        ("iam" | "sts" | "cloudformation", Refusal::Throttled) => (400, "Throttling"),
        ("iam", Refusal::Failure) => (500, "ServiceFailure"),
        ("sts" | "cloudformation" | "sns", Refusal::Failure) => (500, "InternalFailure"),
        ("iam" | "sts" | "cloudformation", Refusal::Denied) => (403, "AccessDenied"),
        ("sns", Refusal::Throttled) => (400, "Throttled"),
        ("sns", Refusal::Denied) => (403, "AuthorizationError"),
        ("lambda" | "account", Refusal::Throttled) => (429, "TooManyRequestsException"),
        ("lambda", Refusal::Failure) => (500, "ServiceException"),
        ("lambda" | "access-analyzer" | "account", Refusal::Denied) => (403, "AccessDeniedException"),
        ("access-analyzer", Refusal::Throttled) => (429, "ThrottlingException"),
        ("access-analyzer" | "account", Refusal::Failure) => (500, "InternalServerException"),
        (_, Refusal::Throttled) => (400, "ThrottlingException"),
        (_, Refusal::Failure) => (500, "InternalException"),
        (_, Refusal::Denied) => (400, "AccessDeniedException"),
    };
    let is_query = matches!(service, "iam" | "sts" | "sns" | "cloudformation");
    let (kind, body) = if is_query {
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>4d2a1b1c-0000-4000-8000-000000000000</RequestId></ErrorResponse>"
        );
        ("text/xml", body)
    } else {
        ("application/x-amz-json-1.1", serde_json::json!({ "__type": code, "message": message }).to_string())
    };
    let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
    response.headers_mut().insert("content-type", kind);
    if !is_query {
        response.headers_mut().insert("x-amzn-errortype", code);
    }
    response
}

/// Names the action of a request by its protocol: the form's `Action`, the target header, or method and path.
fn action(request: &HttpRequest) -> String {
    if let Some(target) = request.headers().get("x-amz-target") {
        let (service, operation) = target.rsplit_once('.').unwrap_or_default();
        let known = [("AWSEvents", "events"), ("CloudTrail", "cloudtrail")];
        let found =
            known.iter().find(|(name, _)| service.contains(name)).map_or("tag", |(_, service)| service);
        return format!("{found}:{operation}");
    }
    let scope = request.headers().get("authorization").unwrap_or_default();
    let scope = scope.split("Credential=").nth(1).unwrap_or_default();
    let service = scope.split('/').nth(3).unwrap_or_default();
    let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default());
    if let Some(operation) = body.split('&').find_map(|pair| pair.strip_prefix("Action=")) {
        return format!("{service}:{operation}");
    }
    let uri: http::Uri = request.uri().parse().unwrap();
    format!("{service}:{}", rest_operation(service, request.method(), uri.path()))
}

fn rest_operation(service: &str, method: &str, path: &str) -> &'static str {
    let end = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let in_policy = path.contains("/policy/");
    match (service, method, end) {
        ("lambda", "POST", "functions") => "CreateFunction",
        ("lambda", "GET", "functions") => "ListFunctions",
        ("lambda", "GET", "policy") => "GetPolicy",
        ("lambda", "POST", "policy") => "AddPermission",
        ("lambda", "POST", "invocations") => "InvokeFunction",
        ("lambda", "PUT", "code") => "UpdateFunctionCode",
        ("lambda", "PUT", "configuration") => "UpdateFunctionConfiguration",
        ("lambda" | "access-analyzer", "POST", _) => "TagResource",
        ("lambda", "GET", _) => "GetFunction",
        ("lambda", "DELETE", _) if in_policy => "RemovePermission",
        ("lambda", "DELETE", _) => "DeleteFunction",
        ("scheduler", "GET", "schedules") => "ListSchedules",
        ("scheduler", "GET", _) => "GetSchedule",
        ("account", "POST", _) => "ListRegions",
        ("access-analyzer", "GET", _) => "ListAnalyzers",
        ("access-analyzer", "PUT", _) => "CreateAnalyzer",
        ("access-analyzer", "DELETE", _) => "DeleteAnalyzer",
        _ => "Unknown",
    }
}
