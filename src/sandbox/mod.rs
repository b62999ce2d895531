//! AWS accounts in a box: the SDK's HTTP connector ends here instead of at AWS.
//!
//! ```text
//! SDK client ─► connector ─► gateway (who, what) ─► account (allowed?) ─► service ─► keeper (files) ─► answer
//! ```
//!
//! A [`Sandbox`] holds many accounts and has one of them in front. Give [`Sandbox::http_client`] and
//! [`Sandbox::credentials`] to the SDK's configuration and the ordinary clients talk to it, in process; the key
//! that signed a request tells whose it is. With a folder its state outlives the process: whatever a call changed
//! is on disk before the call answers.

mod account;
mod authenticate;
mod authorize;
pub mod class;
mod connector;
pub mod control;
mod dice;
mod error;
pub mod faults;
mod gateway;
mod home;
mod keeper;
mod realm;
pub mod recorder;
mod runtime;
pub mod server;
pub mod services;
mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::clock::Clock;
use account::Account;
pub use error::SandboxError;
use realm::Realm;
use services::iam::{Iam, Identity, Opening};
use store::Folder;

/// The account a sandbox plays when nobody names one.
pub const DEFAULT_ACCOUNT: &str = "123456789012";

/// What [`Sandbox::open`] needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder the state is kept in; `None` keeps it in memory only.
    pub dir: Option<PathBuf>,
    /// The 12 digits of the account.
    pub account: String,
    /// Where the services take the time from.
    pub clock: Clock,
}

/// Emulated AWS accounts. Clones share them; the folder is released when the last clone (and the last HTTP client
/// made from it) is dropped.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

/// What the clones of a [`Sandbox`] share.
struct Inner {
    /// The account that is meant when nobody names one.
    account: Arc<Account>,
    realm: Arc<Realm>,
}

impl Sandbox {
    /// Opens a sandbox and the account named in `options`, an empty one if there is none.
    ///
    /// A folder that does not exist is made by the first call that changes something, so reading a new
    /// sandbox leaves no trace. Waits up to five seconds, blocking, while another process uses the folder.
    pub fn open(options: Options) -> Result<Self, SandboxError> {
        let Options { dir, account, clock } = options;
        check_account(&account)?;
        let folder = dir.as_deref().map(Folder::open).transpose()?;
        let realm = Realm::new(folder, clock)?;
        let account = realm.open(&account)?;
        Ok(Self { inner: Arc::new(Inner { account, realm }) })
    }

    /// Returns the same sandbox with another account in front, an empty one if there is none of this id.
    pub fn with_account(&self, account: &str) -> Result<Self, SandboxError> {
        check_account(account)?;
        let realm = self.inner.realm.clone();
        let account = realm.open(account)?;
        Ok(Self { inner: Arc::new(Inner { account, realm }) })
    }

    /// Returns the same sandbox with another account in front, when there is one of this id.
    pub fn existing(&self, account: &str) -> Result<Option<Self>, SandboxError> {
        check_account(account)?;
        let realm = self.inner.realm.clone();
        let found = realm.find(account)?;
        Ok(found.map(|account| Self { inner: Arc::new(Inner { account, realm }) }))
    }

    /// Frees the memory of an account: it is on disk, and opened again when somebody asks for it. One that is in front
    /// of a clone, that is being called, or that is in memory only, stays. Returns whether it was freed.
    ///
    /// What a function of the account still does in the background ends with it.
    pub fn close(&self, account: &str) -> Result<bool, SandboxError> {
        self.inner.realm.close(account)
    }

    /// Returns a copy of the account in a sandbox of its own, in memory, that takes its time from `clock`. What becomes
    /// of one does not become of the other.
    pub(crate) fn copy(&self, clock: Clock) -> Result<Self, SandboxError> {
        let from = &self.inner.account;
        let copy = Self::open(Options { dir: None, account: from.id().to_owned(), clock })?;
        let to = &copy.inner.account;
        for (old, new) in from.services().all.iter().zip(&to.services().all) {
            if let Some(state) = old.snapshot() {
                new.restore(&state).map_err(|why| SandboxError::Unwritable { source: why.into() })?;
            }
        }
        let history = from.log().lock().copy();
        *to.log().lock() = history;
        Ok(copy)
    }

    /// Returns the HTTP client that ends in this sandbox; give it to the SDK's configuration. The access key of a
    /// request tells the account.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(connector::Connector::new(self.clone()))
    }

    /// Returns the access key of the account's administrator.
    pub fn credentials(&self) -> Credentials {
        let (id, secret) = self.iam().administrator_key();
        Credentials::new(id, secret.reveal(), None, None, "iamlab-sandbox")
    }

    /// Opens a session of a role of the account in front, whoever it trusts; `None` when there is no such role.
    pub fn session_of(&self, role_arn: &str, session: &str) -> Option<Credentials> {
        let role = self.iam().role(role_arn, "aws", self.account())?;
        let identity = Identity::Role { name: role.name, id: role.id, session: session.to_owned() };
        let opening = Opening { identity, seconds: 43_200, mfa: false, policies: Vec::new(), console: false };
        let issued = self.iam().open_session(opening).ok()?;
        let token = Some(issued.token.reveal().to_owned());
        Some(Credentials::new(issued.id, issued.secret.reveal(), token, None, "iamlab-sandbox"))
    }

    /// Returns the account's IAM, to look behind the API. [`Sandbox::flush`] saves what was edited there.
    pub fn iam(&self) -> &Iam {
        self.inner.account.iam()
    }

    /// Answers one request as AWS would, whichever account it is for.
    pub async fn dispatch(
        &self,
        request: http::Request<bytes::Bytes>,
    ) -> Result<http::Response<bytes::Bytes>, SandboxError> {
        self.realm().dispatch(request).await
    }

    /// Returns the operations that are answered, by the signing name of their service.
    pub fn operations(&self) -> BTreeMap<String, Vec<&'static str>> {
        let services = self.inner.account.services().all.iter();
        let served = services.map(|service| (service.signing_name().to_owned(), service.operations()));
        served.filter(|(_, operations)| !operations.is_empty()).collect()
    }

    /// Binds a port of the loopback interface to serve all accounts at; 0 takes any free one.
    pub async fn bind(&self, port: u16) -> std::io::Result<server::Server> {
        server::Server::bind(Arc::downgrade(&self.inner.realm), port).await
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
        self.inner.account.id()
    }

    /// Saves the account: what changed, and the account itself when it is new. Does nothing in memory.
    pub fn flush(&self) -> Result<(), SandboxError> {
        self.inner.account.keeper().flush()
    }

    /// Returns all accounts.
    fn realm(&self) -> &Realm {
        &self.inner.realm
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("account", &self.account()).finish_non_exhaustive()
    }
}

/// Refuses what is not 12 digits.
fn check_account(account: &str) -> Result<(), SandboxError> {
    if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(SandboxError::Account { account: account.to_owned() })
}
