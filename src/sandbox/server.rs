//! The sandbox over HTTP on the loopback interface, for the AWS CLI, boto3 and Terraform, and for other commands of
//! this program.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Weak;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use tokio::net::TcpListener;

use super::SandboxError;
use super::control::desk::{self, Address};
use super::realm::Realm;
use super::services::wire;

/// No AWS request the sandbox understands is larger: a function's package is the largest.
const BODY_LIMIT: usize = 96 << 20;

/// A bound socket that waits to be served.
#[derive(Debug)]
pub struct Server {
    realm: Weak<Realm>,
    listener: TcpListener,
    token: String,
}

/// What the answers need.
#[derive(Clone)]
struct Serving {
    realm: Weak<Realm>,
    token: String,
}

impl Server {
    /// Binds a port of the loopback interface; 0 takes any free one. It is served for as long as the sandbox is open.
    pub(super) async fn bind(realm: Weak<Realm>, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Ok(Self { realm, listener, token: wire::uuid() })
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
        let Some(realm) = self.realm.upgrade() else { return Ok(()) };
        realm.is_served_at(&address.url);
        realm.folder().map_or(Ok(()), |folder| folder.write(desk::ADDRESS, &text))
    }

    /// Answers requests, several at a time, until `stop` is ready.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let realm = self.realm.clone();
        let serving = Serving { realm: self.realm, token: self.token };
        let app = Router::new().route(desk::PATH, post(order)).fallback(answer).with_state(serving);
        let outcome = axum::serve(self.listener, app).with_graceful_shutdown(stop).await;
        if let Some(folder) = realm.upgrade().as_deref().and_then(Realm::folder) {
            // A file that stays names a process that is gone: nobody believes it.
            let _ = folder.remove(desk::ADDRESS);
        }
        outcome
    }
}

/// Answers a request of AWS's API.
async fn answer(State(serving): State<Serving>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(realm) = serving.realm.upgrade() else { return closed() };
    match to_bytes(body, BODY_LIMIT).await {
        Ok(bytes) => match realm.dispatch(http::Request::from_parts(parts, bytes)).await {
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
    let Some(realm) = serving.realm.upgrade() else { return closed() };
    let mut response = plain(StatusCode::OK, desk::serve(&realm, &bytes).await.to_string());
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}

fn closed() -> Response {
    plain(StatusCode::SERVICE_UNAVAILABLE, "the sandbox is closed")
}

fn plain(status: StatusCode, text: impl Into<Body>) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    response
}
