//! The files of a sandbox: `<dir>/accounts/<account id>/<service>.json`, one per service, written whole.
//!
//! A save writes a new file beside the old one and renames it over the old one. A save of several services
//! first writes all of them into a journal, in the same way; who opens the folder finishes what a journal
//! says. So a process that is killed at any moment leaves the account as it was before the call or as it is
//! after it. (The data is not flushed to the medium: a power cut may lose the last calls.) The files hold the
//! sandbox's secrets: folders have mode 700 and files 600.

mod files;
mod lock;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::SandboxError;
use files::{is_folder, make_folder};
use lock::Lock;

/// The version of the files' format.
const FORMAT_VERSION: u64 = 1;
/// The file that says which format the folder has.
const MARKER: &str = "sandbox.json";
/// The file that holds a save of several services until all their files are written.
const JOURNAL: &str = "journal.json";

/// The files of one account, locked against other processes.
#[derive(Debug)]
pub(super) struct Store {
    dir: PathBuf,
    account: String,
    /// `None` while the folder does not exist.
    lock: Mutex<Option<Lock>>,
}

/// The content of [`MARKER`].
#[derive(Deserialize)]
struct Marker {
    format_version: u64,
}

/// What is to be written into several files: the content of [`JOURNAL`].
#[derive(Deserialize)]
struct Journal<'a> {
    #[serde(borrow)]
    states: BTreeMap<&'a str, &'a RawValue>,
}

/// The content of a service's file.
#[derive(Deserialize)]
struct Envelope<'a> {
    account: &'a str,
    service: &'a str,
    #[serde(borrow)]
    state: &'a RawValue,
}

impl Store {
    /// Opens `dir` for one account. Locks it if it exists; makes nothing if it does not.
    pub(super) fn open(dir: &Path, account: &str) -> Result<Self, SandboxError> {
        let store = Self { dir: dir.to_owned(), account: account.to_owned(), lock: Mutex::new(None) };
        if is_folder(dir)? {
            let lock = Lock::acquire(dir, lock::PATIENCE)?;
            store.check_format()?;
            if store.has_account()? {
                files::sweep(&store.folder())?;
                store.recover()?;
            }
            *store.lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(lock);
        }
        Ok(store)
    }

    /// Returns the state saved for `service`, or `None` when nothing was ever saved.
    pub(super) fn load(&self, service: &str) -> Result<Option<Vec<u8>>, SandboxError> {
        let path = self.file(service);
        let Some(text) = files::read(&path)? else { return Ok(None) };
        let envelope: Envelope<'_> = parse(&path, &text)?;
        if envelope.account != self.account || envelope.service != service {
            let found = format!("it belongs to {} of account {}", envelope.service, envelope.account);
            return Err(self.damaged(service, found));
        }
        Ok(Some(envelope.state.get().as_bytes().to_vec()))
    }

    /// Returns the error for a file of `service` that was read but not understood.
    pub(super) fn damaged(&self, service: &str, reason: String) -> SandboxError {
        SandboxError::Damaged { path: self.file(service), source: reason.into() }
    }

    /// Replaces the states of the named services, all or none, making the folders first where they are missing.
    /// A state is JSON.
    pub(super) fn save(&self, states: &[(&str, Vec<u8>)]) -> Result<(), SandboxError> {
        if states.is_empty() {
            return Ok(());
        }
        self.create()?;
        let path = self.folder().join(JOURNAL);
        // A journal that is still there is of a save that failed, which this one repeats: it must not outlive it.
        if let [(service, state)] = states
            && !path.exists()
        {
            return self.put(service, state);
        }
        let head = format!("{{\"format_version\":{FORMAT_VERSION},\"states\":{{");
        let names: Vec<String> = states.iter().map(|(service, _)| format!("\"{service}\":")).collect();
        let mut parts = vec![head.as_bytes()];
        for (name, (_, state)) in names.iter().zip(states) {
            if parts.len() > 1 {
                parts.push(b",");
            }
            parts.extend([name.as_bytes(), state]);
        }
        parts.push(b"}}");
        files::write(&path, &parts)?;
        self.finish(states.iter().map(|(service, state)| (*service, state.as_slice())))
    }

    /// Replaces one file.
    fn put(&self, service: &str, state: &[u8]) -> Result<(), SandboxError> {
        let account = &self.account;
        let head = format!(
            "{{\"format_version\":{FORMAT_VERSION},\"account\":\"{account}\",\"service\":\"{service}\",\"state\":"
        );
        files::write(&self.file(service), &[head.as_bytes(), state, b"}"])
    }

    /// Does what a journal says, and forgets it.
    fn finish<'a>(&self, states: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<(), SandboxError> {
        states.into_iter().try_for_each(|(service, state)| self.put(service, state))?;
        files::remove(&self.folder().join(JOURNAL))
    }

    /// Finishes a save that a killed process had written down but not done.
    fn recover(&self) -> Result<(), SandboxError> {
        let path = self.folder().join(JOURNAL);
        let Some(text) = files::read(&path)? else { return Ok(()) };
        let journal: Journal<'_> = parse(&path, &text)?;
        self.finish(journal.states.into_iter().map(|(service, state)| (service, state.get().as_bytes())))
    }

    /// Makes the folder and takes its lock, once.
    fn create(&self) -> Result<(), SandboxError> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_none() {
            let new = !is_folder(&self.dir)?;
            make_folder(&self.dir)?;
            let taken = Lock::acquire(&self.dir, lock::PATIENCE)?;
            if self.has_account()? {
                return Err(SandboxError::Overtaken { dir: self.dir.clone(), account: self.account.clone() });
            }
            if new {
                // The secrets of a sandbox under a repository do not belong into it.
                files::write(&self.dir.join(".gitignore"), &[b"*\n"])?;
            }
            *lock = Some(taken);
        }
        if !self.has_account()? {
            make_folder(&self.folder())?;
        }
        let marker = self.dir.join(MARKER);
        if !marker.exists() {
            let text = format!("{{\"format_version\":{FORMAT_VERSION}}}");
            files::write(&marker, &[text.as_bytes()])?;
        }
        Ok(())
    }

    /// Refuses a folder of a later format.
    fn check_format(&self) -> Result<(), SandboxError> {
        let path = self.dir.join(MARKER);
        files::read(&path)?.map_or(Ok(()), |text| parse::<Marker>(&path, &text).map(drop))
    }

    /// Tells whether the account has a folder.
    fn has_account(&self) -> Result<bool, SandboxError> {
        Ok(is_folder(&self.dir.join("accounts"))? && is_folder(&self.folder())?)
    }

    /// Returns the account's folder.
    fn folder(&self) -> PathBuf {
        self.dir.join("accounts").join(&self.account)
    }

    /// Returns the file of `service`.
    fn file(&self, service: &str) -> PathBuf {
        self.folder().join(format!("{service}.json"))
    }
}

/// Returns the ids of the accounts kept under `dir`, in order.
pub(super) fn accounts(dir: &Path) -> Result<Vec<String>, SandboxError> {
    let folder = dir.join("accounts");
    if !is_folder(dir)? || !is_folder(&folder)? {
        return Ok(Vec::new());
    }
    let mut names = files::names(&folder)?;
    names.retain(|name| name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit()));
    names.sort();
    Ok(names)
}

/// Removes what is kept of an account under `dir`, without looking at it. Returns whether there was anything.
pub(super) fn reset(dir: &Path, account: &str) -> Result<bool, SandboxError> {
    if !is_folder(dir)? {
        return Ok(false);
    }
    let lock = Lock::acquire(dir, lock::PATIENCE)?;
    let store = Store { dir: dir.to_owned(), account: account.to_owned(), lock: Mutex::new(Some(lock)) };
    let found = store.has_account()?;
    if found {
        files::remove_folder(&store.folder())?;
    }
    // The accounts say their format themselves.
    if store.check_format().is_err() {
        files::remove(&dir.join(MARKER))?;
    }
    Ok(found)
}

/// Reads the content of a file of ours, of a format that is known.
fn parse<'de, T: Deserialize<'de>>(path: &Path, text: &'de [u8]) -> Result<T, SandboxError> {
    let damaged =
        |error: serde_json::Error| SandboxError::Damaged { path: path.to_owned(), source: error.into() };
    let Marker { format_version } = serde_json::from_slice(text).map_err(damaged)?;
    if format_version > FORMAT_VERSION {
        return Err(SandboxError::Newer { path: path.to_owned(), found: format_version });
    }
    serde_json::from_slice(text).map_err(damaged)
}

#[cfg(test)]
mod tests;
