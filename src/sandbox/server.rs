//! The sandbox over HTTP on the loopback interface, for the AWS CLI, boto3 and Terraform.

use std::io;
use std::net::Ipv4Addr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use tokio::net::TcpListener;

use super::Sandbox;

/// No AWS request the sandbox understands is larger: a function's package is the largest.
const BODY_LIMIT: usize = 96 << 20;

/// A bound socket that waits to be served.
#[derive(Debug)]
pub struct Server {
    sandbox: Sandbox,
    listener: TcpListener,
}

impl Server {
    /// Binds a port of the loopback interface; 0 takes any free one.
    pub async fn bind(sandbox: Sandbox, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Ok(Self { sandbox, listener })
    }

    /// Returns the URL that clients use.
    pub fn url(&self) -> io::Result<String> {
        self.listener.local_addr().map(|address| format!("http://{address}"))
    }

    /// Answers requests, several at a time, until `stop` is ready.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let app = Router::new().fallback(answer).with_state(self.sandbox);
        axum::serve(self.listener, app).with_graceful_shutdown(stop).await
    }
}

async fn answer(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let refuse = |status: StatusCode, text: String| {
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = status;
        response
    };
    match to_bytes(body, BODY_LIMIT).await {
        Ok(bytes) => match sandbox.dispatch(http::Request::from_parts(parts, bytes)).await {
            Ok(response) => response.map(Body::from),
            Err(error) => refuse(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        },
        Err(_too_large) => refuse(StatusCode::PAYLOAD_TOO_LARGE, "the request is too large".into()),
    }
}
