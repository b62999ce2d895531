//! An AWS account in a box: the SDK's HTTP connector ends here instead of at AWS.
//!
//! ```text
//! SDK client ─► connector ─► gateway (routing, protocols) ─► services ─► store (files) ─► response
//! ```
//!
//! A [`Sandbox`] is one account. Give [`Sandbox::http_client`] and [`Sandbox::credentials`] to the SDK's
//! configuration and the ordinary clients talk to it, in process. With a folder its state outlives the
//! process: whatever a call changed is on disk before the call answers.

mod connector;
mod durable;
mod error;
mod gateway;
mod runtime;
pub mod server;
pub mod services;
mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use awsim_core::gateway::AppState;
use awsim_core::{AuthzEngine, RequestDetailStore};

use crate::clock::Clock;
pub use error::SandboxError;
use gateway::KeyUse;
use services::Services;
use services::iam::Iam;
use store::Store;

/// The account a sandbox plays when nobody names one.
pub const DEFAULT_ACCOUNT: &str = "123456789012";

/// What [`Sandbox::open`] needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder the state is kept in; `None` keeps it in memory only.
    pub dir: Option<PathBuf>,
    /// The 12 digits of the account.
    pub account: String,
    /// The region of requests that name none.
    pub region: String,
    /// Where the services take the time from.
    pub clock: Clock,
}

/// One emulated AWS account. Clones share it; the folder is released when the last clone
/// (and the last HTTP client made from it) is dropped.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

/// What the clones of a [`Sandbox`] share.
struct Inner {
    account: String,
    clock: Clock,
    gateway: AppState,
    services: Services,
}

impl Sandbox {
    /// Opens the account: reads what the folder holds, or starts an empty account.
    ///
    /// A folder that does not exist is made by the first call that changes something, so reading a new
    /// sandbox leaves no trace. Waits up to five seconds, blocking, while another process uses the folder.
    pub fn open(options: Options) -> Result<Self, SandboxError> {
        let Options { dir, account, region, clock } = options;
        check_account(&account)?;
        let store = dir.map(|dir| Store::open(&dir, &account)).transpose()?;
        let services = Services::open(&account, &clock, store)?;
        let mut gateway = AppState::new(region, account.clone());
        // The gateway's own switches come from its environment variables; ours decide instead.
        let mut authz = AuthzEngine::new(false);
        authz.principal_lookup = Arc::new(KeyUse::new(services.iam().clone()));
        gateway.authz = Arc::new(authz);
        gateway.request_details = RequestDetailStore::new(1, 0);
        for (service, routes) in services.registered() {
            gateway.register(service, routes);
        }
        Ok(Self { inner: Arc::new(Inner { account, clock, gateway, services }) })
    }

    /// Returns the HTTP client that ends in this account; give it to the SDK's configuration.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(connector::Connector::new(self.clone()))
    }

    /// Returns the access key of the account's administrator.
    pub fn credentials(&self) -> Credentials {
        let (id, secret) = self.inner.services.iam().administrator_key();
        Credentials::new(id, secret.reveal(), None, None, "iamlab-sandbox")
    }

    /// Returns the account's IAM, to look behind the API. [`Sandbox::flush`] saves what was edited there.
    pub fn iam(&self) -> &Iam {
        self.inner.services.iam()
    }

    /// Returns the ids of the accounts that the folder `dir` keeps, in order. Does not lock it.
    pub fn accounts(dir: &Path) -> Result<Vec<String>, SandboxError> {
        store::accounts(dir)
    }

    /// Throws away what the folder `dir` keeps of an account, also when it is damaged. Returns whether there
    /// was anything.
    pub fn reset(dir: &Path, account: &str) -> Result<bool, SandboxError> {
        check_account(account)?;
        store::reset(dir, account)
    }

    /// Returns the 12 digits of the account.
    pub fn account(&self) -> &str {
        &self.inner.account
    }

    /// Writes every service whose state differs from its file, also what only reading calls changed
    /// (when an access key was last used, say). Does nothing in memory.
    pub fn flush(&self) -> Result<(), SandboxError> {
        self.inner.services.flush()
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("account", &self.inner.account).finish_non_exhaustive()
    }
}

/// Refuses what is not 12 digits.
fn check_account(account: &str) -> Result<(), SandboxError> {
    if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(SandboxError::Account { account: account.to_owned() })
}
