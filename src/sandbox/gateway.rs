//! The way into the sandbox for one HTTP request, whether it comes from an SDK in this process or from a socket.
//!
//! ```text
//! request ─► authenticate ─► parse ─► account ─► serialise ─► answer
//! ```

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use awsim_core::protocol::{
    detect_protocol, effective_protocol, parse_request, serialize_error, serialize_response,
};
use awsim_core::{AwsError, Protocol, RequestContext};
use bytes::Bytes;
use futures::FutureExt as _;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use serde_json::Value;

use super::SandboxError;
use super::account::{Account, Call};
use super::authenticate::{Refusal, Signed};
use super::realm::Realm;
use super::services::iam::KeyOwner;
use super::services::lambda::enveloped;
use super::services::wire;

/// An answer of an operation, or its refusal, with the protocol it is written in.
type Answer = (Protocol, Result<(String, Value), AwsError>);

/// Who sent a request: what the request says, the account, and the owner of the key.
type Sender<'a> = (Signed<'a>, Arc<Account>, KeyOwner);

impl Realm {
    /// Answers one request as AWS would: errors of the services are answers too. Fails only by a fault of
    /// the sandbox itself.
    pub(super) async fn dispatch(&self, request: Request<Bytes>) -> Result<Response<Bytes>, SandboxError> {
        let (parts, body) = request.into_parts();
        let id = wire::uuid();
        let answering = AssertUnwindSafe(self.call(&parts, &body, &id)).catch_unwind();
        let (protocol, answer) = answering.await.map_err(|_panic| SandboxError::Panicked)??;
        let (status, headers, body) = match answer {
            Ok((operation, output)) => serialize_response(protocol, &operation, &output, &id),
            Err(error) => serialize_error(protocol, &error, &id),
        };
        Ok(self.dressed(status, headers, body, &parts))
    }

    /// Finds out who sent a request, what it asks, and has the account answer it.
    async fn call(&self, parts: &Parts, body: &Bytes, id: &str) -> Result<Answer, SandboxError> {
        let guessed = detect_protocol(&parts.headers, body).unwrap_or(Protocol::RestJson1);
        let is_form = parts
            .headers
            .get(CONTENT_TYPE)
            .is_some_and(|sent| sent.as_bytes().starts_with(b"application/x-www-form"));
        if is_form && !is_sound_form(body) {
            let error = AwsError::bad_request("MalformedQueryString", "The query string is malformed.");
            return Ok((Protocol::AwsQuery, Err(error)));
        }
        let (signed, account, caller) = match self.sender(parts, body)? {
            Ok(sender) => sender,
            Err(refusal) => return Ok((guessed, Err(refusal.error(guessed)))),
        };
        let Some(service) = account.services().find(signed.service()) else {
            let message = format!("the sandbox has no service `{}`", signed.service());
            return Ok((guessed, Err(AwsError::bad_request("UnknownService", message))));
        };
        let protocol = effective_protocol(service.protocol(), &parts.headers, body);
        let (method, uri, headers) = (&parts.method, &parts.uri, &parts.headers);
        let body = enveloped(method, uri.path(), body);
        let parsed = match parse_request(protocol, method, uri, headers, &body, &service.routes()) {
            Ok(parsed) => parsed,
            Err(error) => return Ok((protocol, Err(error))),
        };
        let ctx = context(&signed, &account, parts, id);
        let agent = parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        let (operation, input) = (parsed.operation, parsed.input);
        let call = Call { service, operation: &operation, input, ctx: &ctx, caller: &caller, agent };
        let answer = account.answer(call).await;
        Ok((protocol, answer.map(|output| (operation, output))))
    }

    /// Finds the sender of a request, and the sender's account.
    fn sender<'a>(
        &self,
        parts: &'a Parts,
        body: &Bytes,
    ) -> Result<Result<Sender<'a>, Refusal>, SandboxError> {
        let signed = match Signed::read(parts) {
            Ok(signed) => signed,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some((account, owner)) = self.owner(signed.key())? else {
            return Ok(Err(Refusal::UnknownKey));
        };
        let verified = signed.verify(&owner, parts, body);
        Ok(verified.map(|()| (signed, account, owner)))
    }

    /// Completes the answer's headers: the JSON dialect of the request, the length and the date.
    fn dressed(
        &self,
        status: StatusCode,
        mut headers: HeaderMap,
        body: Bytes,
        request: &Parts,
    ) -> Response<Bytes> {
        if headers.get(CONTENT_TYPE).is_some_and(|found| found == "application/x-amz-json-1.0") {
            let sent = request.headers.get(CONTENT_TYPE);
            let dialect = sent.filter(|sent| sent.as_bytes().starts_with(b"application/x-amz-json-1."));
            let dialect = dialect.cloned().unwrap_or_else(|| HeaderValue::from_static("application/json"));
            headers.insert(CONTENT_TYPE, dialect);
        }
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        let date = self.clock().now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = HeaderValue::from_str(&date) {
            headers.insert(DATE, date);
        }
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}

/// What the services are told of a request. Who sits behind a proxy says so in `X-Forwarded-For`.
fn context(signed: &Signed<'_>, account: &Account, parts: &Parts, id: &str) -> RequestContext {
    let mut ctx = RequestContext::new(signed.service(), signed.region());
    let forwarded = parts.headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
    let address = forwarded.and_then(|list| list.split(',').next()).map_or("127.0.0.1", str::trim);
    account.id().clone_into(&mut ctx.account_id);
    ctx.access_key = Some(signed.key().to_owned());
    id.clone_into(&mut ctx.request_id);
    ctx.method = parts.method.to_string();
    ctx.uri = parts.uri.to_string();
    ctx.source_ip = Some(address.to_owned());
    ctx.is_secure = true;
    ctx
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
