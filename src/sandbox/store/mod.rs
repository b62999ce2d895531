//! The files of a sandbox, `<dir>/accounts/<account id>/`: one `<service>.json` each, and what changed since.
//!
//! `journal.jsonl` holds a line for every call that changed something, with the changes of all services in it,
//! appended before the call is answered. Loading is reading the services' files and then applying the lines; a
//! line sets values, so applying it to a state that has it changes nothing, and folding the journal into the
//! files may be interrupted at any moment. A last line without its end was never answered for. `events.jsonl`
//! is the event history, a line per event. (The data is not flushed to the medium: a power cut may lose the last
//! calls.) The files hold the sandbox's secrets: folders have mode 700 and files 600.

mod files;
mod folder;
mod lock;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::SandboxError;
pub(super) use folder::{Folder, held, reset};

/// The version of the files' format.
const FORMAT_VERSION: u64 = 1;
/// What changed since the services' files were written.
const JOURNAL: &str = "journal.jsonl";
/// The event history.
const EVENTS: &str = "events.jsonl";

/// The changes of one call: by service, what the service understands.
pub(super) type Change = BTreeMap<String, Box<RawValue>>;

/// The files of one account.
#[derive(Debug)]
pub(super) struct Store {
    folder: Arc<Folder>,
    account: String,
    /// The files that lines are appended to, by name, once opened.
    open: Mutex<BTreeMap<&'static str, File>>,
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
    /// The files of `account` in a folder. Makes nothing; removes what a killed process left half written.
    pub(super) fn open(folder: Arc<Folder>, account: &str) -> Result<Self, SandboxError> {
        let store = Self { folder, account: account.to_owned(), open: Mutex::default() };
        if store.folder.has(account)? {
            files::sweep(&store.path())?;
        }
        Ok(store)
    }

    /// Returns the state saved for `service`, or `None` when nothing was ever saved.
    pub(super) fn load(&self, service: &str) -> Result<Option<Vec<u8>>, SandboxError> {
        let path = self.file(service);
        let Some(text) = files::read(&path)? else { return Ok(None) };
        let envelope: Envelope<'_> = folder::parse(&path, &text)?;
        if envelope.account != self.account || envelope.service != service {
            let found = format!("it belongs to {} of account {}", envelope.service, envelope.account);
            return Err(self.damaged(service, found));
        }
        Ok(Some(envelope.state.get().as_bytes().to_vec()))
    }

    /// Returns the changes since the services' files were written, oldest first, and how many bytes they take.
    pub(super) fn journal(&self) -> Result<(Vec<Change>, u64), SandboxError> {
        let path = self.path().join(JOURNAL);
        let lines = self.lines(JOURNAL)?;
        let size = lines.len() as u64;
        let changes = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>();
        Ok((changes.map_err(|error| SandboxError::Damaged { path, source: error.into() })?, size))
    }

    /// Returns the event history, a line per event, in the order they came.
    pub(super) fn events(&self) -> Result<String, SandboxError> {
        self.lines(EVENTS)
    }

    /// Returns the error for an event history that was read but not understood.
    pub(super) fn damaged_events(
        &self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> SandboxError {
        SandboxError::Damaged { path: self.path().join(EVENTS), source: source.into() }
    }

    /// Returns the error for a file of `service` that was read but not understood.
    pub(super) fn damaged(&self, service: &str, reason: String) -> SandboxError {
        SandboxError::Damaged { path: self.file(service), source: reason.into() }
    }

    /// Writes the states of the named services, each JSON, and begins a new journal; makes the folders first where
    /// they are missing.
    pub(super) fn write(&self, states: &[(&str, Vec<u8>)]) -> Result<(), SandboxError> {
        self.folder.make(&self.account)?;
        for (service, state) in states {
            let head = format!(
                "{{\"format_version\":{FORMAT_VERSION},\"account\":\"{}\",\"service\":\"{service}\",\"state\":",
                self.account
            );
            files::write(&self.file(service), &[head.as_bytes(), state, b"}"])?;
        }
        self.forget(JOURNAL)
    }

    /// Appends the changes of one call.
    pub(super) fn append_change(&self, line: &[u8]) -> Result<(), SandboxError> {
        self.append(JOURNAL, line)
    }

    /// Appends events, whole lines.
    pub(super) fn append_events(&self, lines: &[u8]) -> Result<(), SandboxError> {
        self.append(EVENTS, lines)
    }

    /// Writes the event history anew.
    pub(super) fn write_events(&self, lines: &[u8]) -> Result<(), SandboxError> {
        self.lock().remove(EVENTS);
        files::write(&self.path().join(EVENTS), &[lines])
    }

    fn append(&self, name: &'static str, lines: &[u8]) -> Result<(), SandboxError> {
        let path = self.path().join(name);
        let mut open = self.lock();
        let file = match open.entry(name) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => entry.insert(files::append(&path)?),
        };
        file.write_all(lines).map_err(SandboxError::io("write", &path))
    }

    fn forget(&self, name: &'static str) -> Result<(), SandboxError> {
        self.lock().remove(name);
        files::remove(&self.path().join(name))
    }

    /// Returns the whole lines of a file. What follows the last line's end was never finished, and is cut off.
    fn lines(&self, name: &str) -> Result<String, SandboxError> {
        let path = self.path().join(name);
        let Some(mut bytes) = files::read(&path)? else { return Ok(String::new()) };
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if end < bytes.len() {
            files::truncate(&path, end as u64)?;
            bytes.truncate(end);
        }
        String::from_utf8(bytes).map_err(|error| SandboxError::Damaged { path, source: error.into() })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, File>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the account's folder.
    fn path(&self) -> PathBuf {
        self.folder.account(&self.account)
    }

    /// Returns the file of `service`.
    fn file(&self, service: &str) -> PathBuf {
        self.path().join(format!("{service}.json"))
    }
}

/// Returns the ids of the accounts kept under `dir`, in order. Does not lock it.
pub(super) fn accounts(dir: &Path) -> Result<Vec<String>, SandboxError> {
    folder::accounts(dir)
}

#[cfg(test)]
mod tests;
