//! The folder of a sandbox: its accounts, its format, and that one process at a time uses it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;

use super::files::{self, is_folder, make_folder};
use super::lock::{self, Lock};
use super::{FORMAT_VERSION, SandboxError};

/// The file that says which format the folder has.
const MARKER: &str = "sandbox.json";

/// A sandbox folder, locked against other processes from the moment it exists.
#[derive(Debug)]
pub(in crate::sandbox) struct Folder {
    dir: PathBuf,
    /// `None` while the folder does not exist.
    lock: Mutex<Option<Lock>>,
}

/// The content of [`MARKER`], and the head of every other file.
#[derive(Deserialize)]
struct Marker {
    format_version: u64,
}

impl Folder {
    /// Opens `dir`. Locks it if it exists, waiting up to five seconds, blocking; makes nothing if it does not.
    pub(in crate::sandbox) fn open(dir: &Path) -> Result<Self, SandboxError> {
        let folder = Self { dir: dir.to_owned(), lock: Mutex::new(None) };
        if is_folder(dir)? {
            let lock = Lock::acquire(dir, lock::PATIENCE)?;
            folder.check_format()?;
            *folder.lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(lock);
        }
        Ok(folder)
    }

    /// Returns where the folder is.
    pub(in crate::sandbox) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Tells whether the account has files.
    pub(in crate::sandbox) fn has(&self, account: &str) -> Result<bool, SandboxError> {
        Ok(is_folder(&self.dir)?
            && is_folder(&self.dir.join("accounts"))?
            && is_folder(&self.account(account))?)
    }

    /// Reads a file of the folder itself; `None` when there is none.
    pub(in crate::sandbox) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, SandboxError> {
        if is_folder(&self.dir)? { files::read(&self.dir.join(name)) } else { Ok(None) }
    }

    /// Writes a file of the folder itself, making the folder if it is not there.
    pub(in crate::sandbox) fn write(&self, name: &str, text: &[u8]) -> Result<(), SandboxError> {
        self.create(None)?;
        files::write(&self.dir.join(name), &[text])
    }

    /// Removes a file of the folder itself, if it is there.
    pub(in crate::sandbox) fn remove(&self, name: &str) -> Result<(), SandboxError> {
        files::remove(&self.dir.join(name))
    }

    /// Removes what is kept of an account, without looking at it. Returns whether there was anything.
    pub(in crate::sandbox) fn reset(&self, account: &str) -> Result<bool, SandboxError> {
        let found = self.has(account)?;
        if found {
            files::remove_folder(&self.account(account))?;
        }
        Ok(found)
    }

    /// Makes the folder and the account's own where they are missing. A folder that another process made since
    /// this one looked belongs to that one.
    pub(super) fn make(&self, account: &str) -> Result<(), SandboxError> {
        self.create(Some(account))?;
        if self.has(account)? { Ok(()) } else { make_folder(&self.account(account)) }
    }

    /// Makes the folder, locked, with its marker. `account` must not be in a folder that appeared meanwhile.
    fn create(&self, account: Option<&str>) -> Result<(), SandboxError> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_none() {
            let new = !is_folder(&self.dir)?;
            make_folder(&self.dir)?;
            let taken = Lock::acquire(&self.dir, lock::PATIENCE)?;
            if let Some(account) = account
                && self.has(account)?
            {
                return Err(SandboxError::Overtaken { dir: self.dir.clone(), account: account.to_owned() });
            }
            if new {
                // The secrets of a sandbox under a repository do not belong into it.
                files::write(&self.dir.join(".gitignore"), &[b"*\n"])?;
            }
            *lock = Some(taken);
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

    /// Returns the folder of an account.
    pub(super) fn account(&self, account: &str) -> PathBuf {
        self.dir.join("accounts").join(account)
    }
}

/// A file of a folder that another process uses, and the id of that process.
pub(in crate::sandbox) type Held = (Vec<u8>, Option<u32>);

/// Returns the file `name` of a folder that another process uses, and the id of that process; `None` when nobody
/// uses it or there is no such file.
pub(in crate::sandbox) fn held(dir: &Path, name: &str) -> Result<Option<Held>, SandboxError> {
    if !is_folder(dir)? {
        return Ok(None);
    }
    match Lock::acquire(dir, Duration::ZERO) {
        Ok(_free) => Ok(None),
        Err(SandboxError::InUse { pid, .. }) => Ok(files::read(&dir.join(name))?.map(|text| (text, pid))),
        Err(error) => Err(error),
    }
}

/// Removes what is kept of an account under `dir`, also when the folder's own marker is damaged.
pub(in crate::sandbox) fn reset(dir: &Path, account: &str) -> Result<bool, SandboxError> {
    if !is_folder(dir)? {
        return Ok(false);
    }
    let lock = Lock::acquire(dir, lock::PATIENCE)?;
    let folder = Folder { dir: dir.to_owned(), lock: Mutex::new(Some(lock)) };
    let found = folder.reset(account)?;
    // The accounts say their format themselves.
    if folder.check_format().is_err() {
        files::remove(&dir.join(MARKER))?;
    }
    Ok(found)
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

/// Reads the content of a file of ours, of a format that is known.
pub(super) fn parse<'de, T: Deserialize<'de>>(path: &Path, text: &'de [u8]) -> Result<T, SandboxError> {
    let damaged =
        |error: serde_json::Error| SandboxError::Damaged { path: path.to_owned(), source: error.into() };
    let Marker { format_version } = serde_json::from_slice(text).map_err(damaged)?;
    if format_version > FORMAT_VERSION {
        return Err(SandboxError::Newer { path: path.to_owned(), found: format_version });
    }
    serde_json::from_slice(text).map_err(damaged)
}
