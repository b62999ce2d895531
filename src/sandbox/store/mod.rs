//! The files of a sandbox: `<dir>/accounts/<account id>/<service>.json`, one per service, written whole.
//!
//! A save writes a new file beside the old one and renames it over the old one, so that a process that is
//! killed at any moment leaves each file as it was before the call or as it is after it. (The data is not
//! flushed to the medium: a power cut may lose the last calls.) The files hold the sandbox's secrets:
//! folders have mode 700 and files 600.

mod lock;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::SandboxError;
use lock::Lock;

/// The version of the files' format.
const FORMAT_VERSION: u64 = 1;
/// The file that says which format the folder has.
const MARKER: &str = "sandbox.json";
/// What the name of a file that is being written ends with.
const TEMPORARY: &str = ".tmp";

/// The files of one account, locked against other processes.
#[derive(Debug)]
pub(super) struct Store {
    dir: PathBuf,
    account: String,
    /// `None` while the folder does not exist.
    lock: Mutex<Option<Lock>>,
}

/// The content of [`MARKER`].
#[derive(Serialize, Deserialize)]
struct Marker {
    format_version: u64,
}

/// The content of a service's file.
#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    format_version: u64,
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
            store.sweep()?;
            *store.lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(lock);
        }
        Ok(store)
    }

    /// Returns the state saved for `service`, or `None` when nothing was ever saved.
    pub(super) fn load(&self, service: &str) -> Result<Option<Vec<u8>>, SandboxError> {
        let path = self.file(service);
        let Some(text) = read(&path)? else { return Ok(None) };
        let damaged = |source: Box<dyn std::error::Error + Send + Sync>| SandboxError::Damaged {
            path: path.clone(),
            source,
        };
        let Marker { format_version } =
            serde_json::from_slice(&text).map_err(|error| damaged(error.into()))?;
        if format_version > FORMAT_VERSION {
            return Err(SandboxError::Newer { path, found: format_version });
        }
        let envelope: Envelope<'_> = serde_json::from_slice(&text).map_err(|error| damaged(error.into()))?;
        if envelope.account != self.account || envelope.service != service {
            let found = format!("it belongs to {} of account {}", envelope.service, envelope.account);
            return Err(damaged(found.into()));
        }
        Ok(Some(envelope.state.get().as_bytes().to_vec()))
    }

    /// Returns the error for a file of `service` that was read but not understood.
    pub(super) fn damaged(&self, service: &str, reason: String) -> SandboxError {
        SandboxError::Damaged { path: self.file(service), source: reason.into() }
    }

    /// Replaces the state of `service`, making the folders first where they are missing.
    pub(super) fn save(&self, service: &str, state: &[u8]) -> Result<(), SandboxError> {
        self.create()?;
        let path = self.file(service);
        let state: &RawValue = serde_json::from_slice(state).map_err(|error| SandboxError::Io {
            action: "write",
            path: path.clone(),
            source: error.into(),
        })?;
        let envelope = Envelope { format_version: FORMAT_VERSION, account: &self.account, service, state };
        write(&path, &serde_json::to_vec(&envelope).unwrap_or_default())
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
                write(&self.dir.join(".gitignore"), b"*\n")?;
            }
            *lock = Some(taken);
        }
        if !self.has_account()? {
            make_folder(&self.folder())?;
        }
        let marker = self.dir.join(MARKER);
        if !marker.exists() {
            let text = serde_json::to_vec(&Marker { format_version: FORMAT_VERSION }).unwrap_or_default();
            write(&marker, &text)?;
        }
        Ok(())
    }

    /// Refuses a folder of a later format.
    fn check_format(&self) -> Result<(), SandboxError> {
        let path = self.dir.join(MARKER);
        let Some(text) = read(&path)? else { return Ok(()) };
        match serde_json::from_slice(&text) {
            Ok(Marker { format_version }) if format_version > FORMAT_VERSION => {
                Err(SandboxError::Newer { path, found: format_version })
            }
            Ok(_) => Ok(()),
            Err(error) => Err(SandboxError::Damaged { path, source: error.into() }),
        }
    }

    /// Removes what a killed process left half written.
    fn sweep(&self) -> Result<(), SandboxError> {
        if !self.has_account()? {
            return Ok(());
        }
        let folder = self.folder();
        let entries = fs::read_dir(&folder).map_err(SandboxError::io("read", &folder))?;
        for entry in entries {
            let path = entry.map_err(SandboxError::io("read", &folder))?.path();
            if path.to_string_lossy().ends_with(TEMPORARY) {
                fs::remove_file(&path).map_err(SandboxError::io("remove", &path))?;
            }
        }
        Ok(())
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

/// Tells whether `path` is a folder; links and other things in the way are errors.
fn is_folder(path: &Path) -> Result<bool, SandboxError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => Err(SandboxError::Symlink { path: path.to_owned() }),
        Ok(found) if !found.is_dir() => Err(SandboxError::NotA { expected: "folder", path: path.to_owned() }),
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(SandboxError::io("open", path)(error)),
    }
}

/// Makes a folder and its parents, for the owner alone.
fn make_folder(path: &Path) -> Result<(), SandboxError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path).map_err(SandboxError::io("create", path))
}

/// Reads a file of ours; `None` when there is none.
fn read(path: &Path) -> Result<Option<Vec<u8>>, SandboxError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => Err(SandboxError::Symlink { path: path.to_owned() }),
        Ok(found) if !found.is_file() => Err(SandboxError::NotA { expected: "file", path: path.to_owned() }),
        Ok(_) => fs::read(path).map(Some).map_err(SandboxError::io("read", path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SandboxError::io("read", path)(error)),
    }
}

/// Replaces a file of ours in one step. A link at `path` is replaced, not followed.
fn write(path: &Path, content: &[u8]) -> Result<(), SandboxError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(TEMPORARY);
    let temporary = PathBuf::from(temporary);
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(SandboxError::io("remove", &temporary)(error));
        }
        _ => {}
    }
    let mut file = create_private(&temporary).map_err(SandboxError::io("create", &temporary))?;
    file.write_all(content).map_err(SandboxError::io("write", &temporary))?;
    drop(file);
    fs::rename(&temporary, path).map_err(SandboxError::io("write", path))
}

/// Makes a new file for the owner alone; fails when something of that name exists, even a link.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests;
