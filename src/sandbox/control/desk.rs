//! Where orders are handed in: at the sandbox in this process, or at the process that serves its folder.
//!
//! A server leaves its address and a token in `server.json`, for the owner alone, while it holds the folder's lock.

use std::path::Path;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::realm::Realm;
use super::super::{Options, Sandbox, store};
use super::Order;
use crate::error::{Error, ErrorKind, chain};
use crate::secret::Secret;

/// The file in the folder that tells where it is served.
pub(in crate::sandbox) const ADDRESS: &str = "server.json";
/// Where a server takes orders.
pub(in crate::sandbox) const PATH: &str = "/_iamlab/order";

/// What [`ADDRESS`] holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::sandbox) struct Address {
    /// The process that serves.
    pub(in crate::sandbox) pid: u32,
    /// The URL it serves at.
    pub(in crate::sandbox) url: String,
    /// Who knows this may give orders.
    pub(in crate::sandbox) token: String,
}

/// Takes orders for one sandbox.
#[derive(Debug)]
pub enum Desk {
    /// The sandbox is open in this process.
    Here(Sandbox),
    /// Another process serves it.
    There(Served),
}

/// A sandbox that another process serves.
#[derive(Debug)]
pub struct Served {
    url: String,
    token: Secret<String>,
}

impl Desk {
    /// Finds the desk of a sandbox: the server's, when the folder is served, else the sandbox is opened.
    pub fn find(options: Options) -> Result<Self, Error> {
        match options.dir.as_deref().map(Self::served).transpose()?.flatten() {
            Some(desk) => Ok(desk),
            None => Ok(Self::Here(Sandbox::open(options)?)),
        }
    }

    /// Finds the desk of the process that serves a folder, if one does.
    pub fn served(dir: &Path) -> Result<Option<Self>, Error> {
        let Some((text, holder)) = store::held(dir, ADDRESS)? else { return Ok(None) };
        // What an earlier server left behind when it was killed says another process.
        let address = serde_json::from_slice::<Address>(&text).ok();
        let address = address.filter(|address| holder == Some(address.pid));
        Ok(address.map(|Address { url, token, .. }| Self::There(Served { url, token: Secret::new(token) })))
    }

    /// Has an order carried out.
    pub async fn ask(&self, order: Order) -> Result<Value, Error> {
        match self {
            Self::Here(sandbox) => sandbox.obey(order).await,
            Self::There(served) => served.ask(&order).await,
        }
    }

    /// Returns the URL at which the sandbox is served, when it is.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Here(_) => None,
            Self::There(served) => Some(&served.url),
        }
    }
}

impl Served {
    async fn ask(&self, order: &Order) -> Result<Value, Error> {
        let unreachable = |error: &dyn std::error::Error| {
            Error::new(
                ErrorKind::Access,
                format!("the sandbox served at {} does not answer: {error}", self.url),
            )
            .hinted("end that `iamlab sandbox serve` and run the command again")
        };
        let body = serde_json::to_vec(order).map_err(|error| unreachable(&error))?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}{PATH}", self.url))
            .header(AUTHORIZATION, format!("Bearer {}", self.token.reveal()))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| unreachable(&error))?;
        let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        let answer = client.request(request).await.map_err(|error| unreachable(&error))?;
        let bytes = answer.into_body().collect().await.map_err(|error| unreachable(&error))?.to_bytes();
        let outcome: Outcome = serde_json::from_slice(&bytes).map_err(|error| unreachable(&error))?;
        match outcome {
            Outcome::Done(answer) => Ok(answer),
            Outcome::Failed { kind, message, hints } => {
                let kind = if kind == "usage" { ErrorKind::Usage } else { ErrorKind::Api };
                Err(hints.into_iter().fold(Error::new(kind, message), Error::hinted))
            }
        }
    }
}

/// What came of an order, on its way from one process to another.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sandbox) enum Outcome {
    /// The answer.
    Done(Value),
    /// The error.
    Failed {
        /// `usage`, or anything else.
        kind: String,
        /// The message with its causes.
        message: String,
        /// What to do next.
        hints: Vec<String>,
    },
}

impl From<Result<Value, Error>> for Outcome {
    fn from(outcome: Result<Value, Error>) -> Self {
        match outcome {
            Ok(answer) => Self::Done(answer),
            Err(error) => {
                let kind = if error.kind() == ErrorKind::Usage { "usage" } else { "api" };
                Self::Failed { kind: kind.to_owned(), message: chain(&error), hints: error.hints().to_vec() }
            }
        }
    }
}

/// Carries out what a server was sent.
pub(in crate::sandbox) async fn serve(realm: &Realm, body: &[u8]) -> Value {
    let outcome = match serde_json::from_slice::<Order>(body) {
        Ok(order) => realm.obey(order).await,
        Err(error) => Err(Error::usage(format!("this is no order: {error}"))),
    };
    serde_json::to_value(Outcome::from(outcome)).unwrap_or_else(|_| json!(null))
}
