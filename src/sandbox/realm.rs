//! All accounts of a sandbox: found by their id or by an access key, opened when they are first asked for.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use awsim_core::AwsError;
use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::OnceCell;

use super::account::Account;
use super::server::Server;
use super::services::iam::{Iam, KeyOwner, ids};
use super::services::sts::{self, Attempt};
use super::store::{Folder, Store};
use super::{SandboxError, authorize};
use crate::clock::Clock;

/// The file in the folder that tells how far its clock was moved.
const CLOCK: &str = "clock.json";

/// The accounts of one sandbox folder, or of memory.
pub(super) struct Realm {
    /// Itself, for the accounts it opens.
    this: Weak<Self>,
    folder: Option<Arc<Folder>>,
    clock: Clock,
    open: Mutex<BTreeMap<String, Arc<Account>>>,
    /// Where it is served on the loopback interface, once it is.
    endpoint: OnceCell<String>,
}

impl Realm {
    /// Makes the realm of a folder; without one everything is in memory.
    ///
    /// The machine's clock becomes one that can be set, as far ahead as it was left.
    pub(super) fn new(folder: Option<Folder>, clock: Clock) -> Result<Arc<Self>, SandboxError> {
        let folder = folder.map(Arc::new);
        let clock = match clock {
            Clock::System => Clock::shifted(folder.as_deref().map_or(Ok(0), ahead)?),
            other => other,
        };
        Ok(Arc::new_cyclic(|this| Self {
            this: this.clone(),
            folder,
            clock,
            open: Mutex::default(),
            endpoint: OnceCell::new(),
        }))
    }

    /// Returns the folder.
    pub(super) const fn folder(&self) -> Option<&Arc<Folder>> {
        self.folder.as_ref()
    }

    /// Returns the clock of all accounts.
    pub(super) const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Returns what an account knows of the others.
    pub(super) fn neighbours(&self) -> Arc<dyn sts::Realm> {
        Arc::new(Neighbours(self.this.clone()))
    }

    /// Sets the clock of all accounts, and keeps how far ahead it is.
    pub(super) fn set_clock(&self, to: Timestamp) -> Result<(), SandboxError> {
        let ahead = self.clock.set(to);
        match (&self.folder, ahead) {
            (Some(folder), Some(0)) => folder.remove(CLOCK),
            (Some(folder), Some(seconds)) => folder
                .write(CLOCK, format!("{{\"format_version\":1,\"ahead_seconds\":{seconds}}}").as_bytes()),
            _ => Ok(()),
        }
    }

    /// Returns the URL at which programs of this machine reach the accounts; serves them, if nobody does yet, for
    /// as long as this process runs.
    pub(super) async fn endpoint(&self) -> io::Result<String> {
        let serve = || async {
            let server = Server::bind(self.this.clone(), 0).await?;
            let url = server.url()?;
            tokio::spawn(server.serve(std::future::pending()));
            Ok(url)
        };
        self.endpoint.get_or_try_init(serve).await.cloned()
    }

    /// Notes that the accounts are served at this URL.
    pub(super) fn is_served_at(&self, url: &str) {
        // Whoever came first serves on.
        let _ = self.endpoint.set(url.to_owned());
    }

    /// Opens an account, a new one if there is none of this id.
    pub(super) fn open(&self, id: &str) -> Result<Arc<Account>, SandboxError> {
        let mut open = self.lock();
        if let Some(found) = open.get(id) {
            return Ok(found.clone());
        }
        let store = self.folder.clone().map(|folder| Store::open(folder, id)).transpose()?;
        let this = self.this.upgrade().ok_or(SandboxError::Panicked)?;
        let account = Account::open(&this, id, store)?;
        open.insert(id.to_owned(), account.clone());
        Ok(account)
    }

    /// Finds an account that exists: one that is open, or one that the folder keeps.
    pub(super) fn find(&self, id: &str) -> Result<Option<Arc<Account>>, SandboxError> {
        if let Some(found) = self.lock().get(id) {
            return Ok(Some(found.clone()));
        }
        match &self.folder {
            Some(folder) if folder.has(id)? => self.open(id).map(Some),
            _ => Ok(None),
        }
    }

    /// Finds who has an access key. The id tells the account.
    pub(super) fn owner(&self, key: &str) -> Result<Option<(Arc<Account>, KeyOwner)>, SandboxError> {
        let Some(id) = ids::account_of_key(key) else { return Ok(None) };
        let Some(account) = self.find(&id)? else { return Ok(None) };
        let owner = account.iam().resolve_key(key);
        Ok(owner.map(|owner| (account, owner)))
    }

    /// Forgets an account and what is kept of it. Returns whether there was anything.
    pub(super) fn reset(&self, id: &str) -> Result<bool, SandboxError> {
        let was_open = self.lock().remove(id).is_some();
        let was_kept = self.folder.as_ref().map_or(Ok(false), |folder| folder.reset(id))?;
        Ok(was_open || was_kept)
    }

    /// Saves an account and forgets it until it is asked for again; one that somebody still uses stays, and so does one
    /// that is in memory only. Returns whether it was forgotten.
    pub(super) fn close(&self, id: &str) -> Result<bool, SandboxError> {
        if self.folder.is_none() {
            return Ok(false);
        }
        let mut open = self.lock();
        let Some(account) = open.get(id) else { return Ok(false) };
        account.keeper().save()?;
        let Some(account) = open.remove(id) else { return Ok(false) };
        // INVARIANT: nobody gets an account but from the map, which is locked, or by a weak reference, which this
        // breaks: two of one folder never save over each other.
        match Arc::try_unwrap(account) {
            Ok(unused) => {
                drop(open);
                drop(unused);
                Ok(true)
            }
            Err(used) => {
                open.insert(id.to_owned(), used);
                Ok(false)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Account>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads how far the clock of a folder is ahead of the machine's, in seconds.
fn ahead(folder: &Folder) -> Result<i64, SandboxError> {
    let Some(text) = folder.read(CLOCK)? else { return Ok(0) };
    let kept: Kept = serde_json::from_slice(&text)
        .map_err(|error| SandboxError::Damaged { path: folder.dir().join(CLOCK), source: error.into() })?;
    Ok(kept.ahead_seconds)
}

/// What [`CLOCK`] holds.
#[derive(Deserialize)]
struct Kept {
    ahead_seconds: i64,
}

/// The realm as its accounts see it: without keeping it alive.
struct Neighbours(Weak<Realm>);

impl sts::Realm for Neighbours {
    fn iam(&self, account: &str) -> Option<Arc<Iam>> {
        // An account whose files are damaged is as good as none for whoever asks from another one.
        self.0.upgrade()?.find(account).ok().flatten().map(|account| account.iam().clone())
    }

    fn admits(&self, attempt: &Attempt<'_>) -> Result<(), AwsError> {
        let realm = self.0.upgrade().ok_or_else(|| AwsError::internal("the sandbox is closed"))?;
        authorize::admit(&realm, attempt)
    }
}
