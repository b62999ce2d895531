//! The SDK's HTTP side: a connector that hands each request to the account's gateway, in process.
//!
//! Requests come in signed and complete; the answer is the bytes and headers AWS would send. What AWS
//! would refuse is an HTTP error answer; what is the sandbox's own fault is a connector error.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use bytes::Bytes;

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
        let (parts, body) = request.into_parts();
        let body = match body.bytes() {
            Some(bytes) => Bytes::copy_from_slice(bytes),
            None => ByteStream::new(body)
                .collect()
                .await
                .map_err(|error| ConnectorError::io(error.into()))?
                .into_bytes(),
        };
        let answer = self.sandbox.dispatch(http::Request::from_parts(parts, body)).await;
        let (head, body) = answer.map_err(|error| ConnectorError::other(error.into(), None))?.into_parts();
        let status = StatusCode::try_from(head.status.as_u16())
            .map_err(|error| ConnectorError::other(error.into(), None))?;
        let mut response = HttpResponse::new(status, SdkBody::from(body));
        for (name, value) in &head.headers {
            if let Ok(value) = value.to_str() {
                response.headers_mut().append(name.as_str().to_owned(), value.to_owned());
            }
        }
        Ok(response)
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
