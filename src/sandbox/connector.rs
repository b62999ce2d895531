//! The SDK's HTTP side: a connector that hands each request to the account's gateway, in process.
//!
//! Requests come in signed and complete; the answer is the bytes and headers AWS would send. What AWS
//! would refuse is an HTTP error answer; what is the sandbox's own fault is a connector error.

use std::panic::AssertUnwindSafe;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use awsim_core::gateway::dispatch_request;
use futures::FutureExt as _;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt as _;

use super::Sandbox;

/// The HTTP client whose every connection ends in one sandbox account.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    sandbox: Sandbox,
}

impl Connector {
    /// Makes the client of `sandbox`.
    pub(super) const fn new(sandbox: Sandbox) -> Self {
        Self { sandbox }
    }

    /// Answers one request.
    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let (mut parts, body) = request.into_parts();
        if let Some(host) = parts.uri.authority().and_then(|name| HeaderValue::from_str(name.as_str()).ok()) {
            parts.headers.entry(HOST).or_insert(host);
        }
        let sent_type = parts.headers.get(CONTENT_TYPE).cloned();
        let body = match body.bytes() {
            Some(bytes) => bytes::Bytes::copy_from_slice(bytes),
            None => ByteStream::new(body)
                .collect()
                .await
                .map_err(|error| ConnectorError::io(error.into()))?
                .into_bytes(),
        };
        let gateway = &self.sandbox.inner.gateway;
        let dispatched = dispatch_request(gateway, parts.method, parts.uri, parts.headers, body);
        let (response, _request_id) = AssertUnwindSafe(dispatched)
            .catch_unwind()
            .await
            .map_err(|_panic| ConnectorError::other("a sandbox service panicked".into(), None))?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| ConnectorError::io(error.into()))?.to_bytes();
        let status = StatusCode::try_from(head.status.as_u16())
            .map_err(|error| ConnectorError::other(error.into(), None))?;
        let length = body.len();
        let mut response = HttpResponse::new(status, SdkBody::from(body));
        for (name, value) in &self.dress(head.headers, sent_type.as_ref(), length) {
            if let Ok(value) = value.to_str() {
                response.headers_mut().append(name.as_str().to_owned(), value.to_owned());
            }
        }
        Ok(response)
    }

    /// Completes the answer's headers: the JSON dialect of the request, the length and the date.
    fn dress(&self, mut headers: HeaderMap, sent_type: Option<&HeaderValue>, length: usize) -> HeaderMap {
        let json = headers.get(CONTENT_TYPE).is_some_and(|found| found == "application/x-amz-json-1.0");
        if json {
            let dialect = sent_type.filter(|sent| sent.as_bytes().starts_with(b"application/x-amz-json-1."));
            let dialect = dialect.cloned().unwrap_or_else(|| HeaderValue::from_static("application/json"));
            headers.insert(CONTENT_TYPE, dialect);
        }
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        let date = self.sandbox.inner.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = HeaderValue::from_str(&date) {
            headers.insert(DATE, date);
        }
        headers
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().answer(request))
    }
}

impl HttpClient for Connector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
