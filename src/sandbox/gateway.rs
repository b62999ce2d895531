//! The way into an account for one HTTP request, whether it comes from an SDK in this process or from a socket.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use awsim_core::gateway::dispatch_request;
use awsim_core::{AwsError, PrincipalLookup, Protocol, ResolvedPrincipal};
use bytes::Bytes;
use futures::FutureExt as _;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::BodyExt as _;

use super::services::iam::Iam;
use super::services::lambda::enveloped;
use super::{Sandbox, SandboxError};

impl Sandbox {
    /// Answers one request as AWS would: errors of the services are answers too. Fails only by a fault of
    /// the sandbox itself.
    pub async fn dispatch(&self, request: Request<Bytes>) -> Result<Response<Bytes>, SandboxError> {
        let (mut parts, body) = request.into_parts();
        if let Some(host) = parts.uri.authority().and_then(|name| HeaderValue::from_str(name.as_str()).ok()) {
            parts.headers.entry(HOST).or_insert(host);
        }
        let sent_type = parts.headers.get(CONTENT_TYPE).cloned();
        let is_form =
            sent_type.as_ref().is_some_and(|sent| sent.as_bytes().starts_with(b"application/x-www-form"));
        let (status, headers, body) = if is_form && !is_sound_form(&body) {
            let error = AwsError::bad_request("MalformedQueryString", "The query string is malformed.");
            awsim_core::protocol::serialize_error(Protocol::AwsQuery, &error, "malformed")
        } else {
            let gateway = &self.inner.gateway;
            let body = enveloped(&parts.method, parts.uri.path(), body);
            let answering = dispatch_request(gateway, parts.method, parts.uri, parts.headers, body);
            let answered = AssertUnwindSafe(answering).catch_unwind().await;
            let (response, _request_id) = answered.map_err(|_panic| SandboxError::Panicked)?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(|_broken| SandboxError::Panicked)?.to_bytes();
            (head.status, head.headers, body)
        };
        let headers = self.dress(headers, sent_type.as_ref(), body.len());
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }

    /// Completes the answer's headers: the JSON dialect of the request, the length and the date.
    fn dress(&self, mut headers: HeaderMap, sent_type: Option<&HeaderValue>, length: usize) -> HeaderMap {
        if headers.get(CONTENT_TYPE).is_some_and(|found| found == "application/x-amz-json-1.0") {
            let dialect = sent_type.filter(|sent| sent.as_bytes().starts_with(b"application/x-amz-json-1."));
            let dialect = dialect.cloned().unwrap_or_else(|| HeaderValue::from_static("application/json"));
            headers.insert(CONTENT_TYPE, dialect);
        }
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        let date = self.inner.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = HeaderValue::from_str(&date) {
            headers.insert(DATE, date);
        }
        headers
    }
}

/// Tells whether the gateway's parser can take a form: it allocates up to the highest list index, counts
/// from 1 without looking and recurses for every dot.
fn is_sound_form(body: &[u8]) -> bool {
    body.split(|&byte| byte == b'&').all(|pair| {
        let key = pair.split(|&byte| byte == b'=').next().unwrap_or_default();
        let key = String::from_utf8_lossy(key).replace("%2E", ".").replace("%2e", ".");
        let mut segments = key.split('.');
        let fits =
            |segment: &str| segment.parse::<u128>().map_or(true, |index| (1..=10_000).contains(&index));
        segments.clone().count() <= 32 && segments.all(fits)
    })
}

/// Tells IAM which keys are used; who may do what is not decided here.
pub(super) struct KeyUse {
    iam: Arc<Iam>,
}

impl KeyUse {
    /// Reports to `iam`.
    pub(super) const fn new(iam: Arc<Iam>) -> Self {
        Self { iam }
    }
}

impl PrincipalLookup for KeyUse {
    fn resolve_access_key(&self, _access_key: &str) -> Option<ResolvedPrincipal> {
        None
    }

    fn record_access_key_used(&self, access_key: &str, service: &str, region: &str) {
        self.iam.record_key_use(access_key, service, region);
    }
}

#[cfg(test)]
mod tests {
    use http::header::AUTHORIZATION;

    use super::*;
    use crate::sandbox::testing::open;

    #[test]
    fn forms_that_would_break_the_parser_are_told() {
        assert!(is_sound_form(b"Action=CreateUser&Tags.member.1.Key=a&Tags.member.1.Value=9999999.0"));
        assert!(!is_sound_form(b"Action=CreateUser&Tags.member.0.Key=a"));
        assert!(!is_sound_form(b"Action=CreateUser&Tags.member.99999999999.Key=a"));
        assert!(!is_sound_form(b"Action=CreateUser&Tags%2Emember%2E0.Key=a"));
        assert!(!is_sound_form(format!("{}=1", "a.".repeat(100_000)).as_bytes()));
    }

    #[tokio::test]
    async fn anything_may_be_sent() {
        let sandbox = open(None).unwrap();
        let scope = |service: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential=AKIA/20260302/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
            )
        };
        for (service, kind, body) in [
            ("sns", "application/x-www-form-urlencoded", "Action=Subscribe&Attributes=x&Tags=y"),
            ("sns", "application/x-www-form-urlencoded", "Action=CreateTopic&Name.member.0=x"),
            ("sns", "application/x-www-form-urlencoded", ""),
            (
                "iam",
                "application/x-www-form-urlencoded",
                "Action=CreateUser&UserName.a=b&Tags.member.2.Key=x",
            ),
            ("events", "application/x-amz-json-1.1", "[1,2]"),
            ("events", "application/x-amz-json-1.1", "{\"Name\":{}}"),
            ("tagging", "application/x-amz-json-1.1", "{\"TagFilters\":{}}"),
            ("lambda", "application/json", "\"text\""),
            ("nothing", "text/plain", "?"),
            ("", "", "\u{0}"),
        ] {
            for path in ["/", "/2015-03-31/functions", "/analyzer/%ff", "/2017-03-31/tags/x?tagKeys=%"] {
                for method in ["GET", "POST", "PUT", "DELETE"] {
                    let request = Request::builder()
                        .method(method)
                        .uri(format!("https://x.amazonaws.com{path}"))
                        .header(AUTHORIZATION, scope(service))
                        .header(CONTENT_TYPE, kind)
                        .header("x-amz-target", "AWSEvents.PutRule")
                        .body(Bytes::from(body))
                        .unwrap();
                    let answer = sandbox.dispatch(request).await.unwrap();
                    assert!(
                        !answer.status().is_server_error() || answer.status() == 501,
                        "{service} {method} {path} {body}"
                    );
                }
            }
        }
    }
}
