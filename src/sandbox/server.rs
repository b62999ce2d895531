//! The sandbox over HTTP on the loopback interface, for the AWS CLI, boto3 and Terraform, and for other commands of
//! this program.

use std::io;
use std::net::Ipv4Addr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use tokio::net::TcpListener;

use super::control::desk::{self, Address};
use super::services::wire;
use super::{Sandbox, SandboxError};

/// No AWS request the sandbox understands is larger: a function's package is the largest.
const BODY_LIMIT: usize = 96 << 20;

/// A bound socket that waits to be served.
#[derive(Debug)]
pub struct Server {
    sandbox: Sandbox,
    listener: TcpListener,
    token: String,
}

/// What the answers need.
#[derive(Clone)]
struct Serving {
    sandbox: Sandbox,
    token: String,
}

impl Server {
    /// Binds a port of the loopback interface; 0 takes any free one.
    pub async fn bind(sandbox: Sandbox, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Ok(Self { sandbox, listener, token: wire::uuid() })
    }

    /// Returns the URL that clients use.
    pub fn url(&self) -> io::Result<String> {
        self.listener.local_addr().map(|address| format!("http://{address}"))
    }

    /// Leaves the address in the folder, for other commands of this program.
    pub fn announce(&self) -> Result<(), SandboxError> {
        let url = self.url().map_err(SandboxError::io("bind", "the loopback interface"))?;
        let address = Address { pid: std::process::id(), url, token: self.token.clone() };
        let text = serde_json::to_vec(&address).unwrap_or_default();
        self.sandbox.realm().folder().map_or(Ok(()), |folder| folder.write(desk::ADDRESS, &text))
    }

    /// Answers requests, several at a time, until `stop` is ready.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let sandbox = self.sandbox.clone();
        let serving = Serving { sandbox: self.sandbox, token: self.token };
        let app = Router::new().route(desk::PATH, post(order)).fallback(answer).with_state(serving);
        let outcome = axum::serve(self.listener, app).with_graceful_shutdown(stop).await;
        if let Some(folder) = sandbox.realm().folder() {
            // A file that stays says a process that is gone: nobody believes it.
            let _ = folder.remove(desk::ADDRESS);
        }
        outcome
    }
}

/// Answers a request of AWS's API.
async fn answer(State(serving): State<Serving>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match to_bytes(body, BODY_LIMIT).await {
        Ok(bytes) => match serving.sandbox.dispatch(http::Request::from_parts(parts, bytes)).await {
            Ok(response) => response.map(Body::from),
            Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        },
        Err(_too_large) => plain(StatusCode::PAYLOAD_TOO_LARGE, "the request is too large"),
    }
}

/// Carries out an order of another command. A page in a browser can send requests to this port, too, but does not
/// know the token.
async fn order(State(serving): State<Serving>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let expected = format!("Bearer {}", serving.token);
    if parts.headers.get(AUTHORIZATION).is_none_or(|given| given.as_bytes() != expected.as_bytes()) {
        return plain(StatusCode::FORBIDDEN, "this is not for you");
    }
    let Ok(bytes) = to_bytes(body, BODY_LIMIT).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "the request is too large");
    };
    let mut response = plain(StatusCode::OK, desk::serve(&serving.sandbox, &bytes).await.to_string());
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}

fn plain(status: StatusCode, text: impl Into<Body>) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    response
}
