//! The hand-over: the one file that ever holds the passwords, key secrets and MFA seeds a run makes.
//!
//! Its columns are those of the AWS console's own downloads, and two more. Each secret is written, and synced to
//! disk, the moment it is known and *before* it comes into force where AWS allows that (passwords, MFA), so that
//! a crash never leaves a working credential that nobody has. An access key works from its birth; the user's tag
//! [`super::ownership::HANDED_OVER`] is its receipt.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::secret::Secret;

/// The columns (CONTRACT section 5).
pub const COLUMNS: [&str; 7] = [
    "User name",
    "Password",
    "Console sign-in URL",
    "Access key ID",
    "Secret access key",
    "MFA device",
    "MFA otpauth URI",
];

/// One user's row, without the name.
type Row = [Zeroizing<String>; 6];

/// The file and its rows.
#[derive(Debug)]
pub struct HandOver {
    path: PathBuf,
    /// Whether there is a file at all.
    is_kept: bool,
    rows: Mutex<Option<BTreeMap<String, Row>>>,
}

/// What somebody needs to sign in as a user.
#[derive(Debug)]
pub struct HandedOver {
    /// The console password.
    pub password: Option<Secret<String>>,
    /// The `otpauth:` URI of the MFA device.
    pub mfa_uri: Option<Secret<String>>,
}

/// A hand-over file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HandOverError {
    /// It cannot be read or written.
    #[error("the credentials file `{}` cannot be used", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is something else.
    #[error("`{}` exists and is not a credentials file of this program", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
}

impl HandOver {
    /// Names the file; it is neither read nor made before [`HandOver::prepare`].
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), is_kept: true, rows: Mutex::new(None) }
    }

    /// Makes one without a file, for accounts that nobody will ever sign in to: what it is handed goes with it.
    pub(crate) fn nowhere() -> Self {
        Self { path: PathBuf::new(), is_kept: false, rows: Mutex::new(None) }
    }

    /// Returns the file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes sure, before anything is made, that the file can be written; reads the rows it has.
    pub fn prepare(&self) -> Result<(), HandOverError> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if rows.is_none() {
            let existing = self.load()?;
            self.save(&existing)?;
            *rows = Some(existing);
        }
        Ok(())
    }

    /// Takes a user's console password.
    pub fn password(&self, user: &str, password: &Secret<String>, url: &str) -> Result<(), HandOverError> {
        self.update(user, |row| {
            row[0] = Zeroizing::new(password.reveal().clone());
            row[1] = Zeroizing::new(url.to_owned());
        })
    }

    /// Takes an access key. A second key of the same user goes into the same cells, after a space.
    pub fn access_key(
        &self,
        user: &str,
        id: &str,
        secret: &Secret<String>,
        keep: &[String],
    ) -> Result<(), HandOverError> {
        self.update(user, |row| {
            let (mut ids, mut secrets) = (Zeroizing::new(String::new()), Zeroizing::new(String::new()));
            let old =
                row[2].split(' ').zip(row[3].split(' ')).filter(|(id, _)| keep.iter().any(|kept| kept == id));
            for (old_id, old_secret) in old.chain([(id, secret.reveal().as_str())]) {
                for (cell, text) in [(&mut ids, old_id), (&mut secrets, old_secret)] {
                    if !cell.is_empty() {
                        cell.push(' ');
                    }
                    cell.push_str(text);
                }
            }
            row[2] = ids;
            row[3] = secrets;
        })
    }

    /// Takes the seed of a virtual MFA device as an `otpauth:` URI.
    pub fn mfa(&self, user: &str, serial: &str, uri: &Secret<String>) -> Result<(), HandOverError> {
        self.update(user, |row| {
            row[4] = Zeroizing::new(serial.to_owned());
            row[5] = Zeroizing::new(uri.reveal().clone());
        })
    }

    /// Returns the `otpauth:` URIs by user name, for showing them as QR codes.
    pub fn mfa_uris(&self) -> Vec<(String, Secret<String>)> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.iter()
            .flatten()
            .filter(|(_, row)| !row[5].is_empty())
            .map(|(user, row)| (user.clone(), Secret::new(row[5].to_string())))
            .collect()
    }

    /// Returns what the file holds of a user; `None` when there is no file or no such row.
    pub fn row(&self, user: &str) -> Result<Option<HandedOver>, HandOverError> {
        let some = |cell: &Zeroizing<String>| (!cell.is_empty()).then(|| Secret::new(cell.to_string()));
        let found = self.load()?.remove(user);
        Ok(found.map(|row| HandedOver { password: some(&row[0]), mfa_uri: some(&row[5]) }))
    }

    fn update(&self, user: &str, change: impl FnOnce(&mut Row)) -> Result<(), HandOverError> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = match rows.take() {
            Some(rows) => rows,
            None => self.load()?,
        };
        change(next.entry(user.to_owned()).or_default());
        let saved = self.save(&next);
        *rows = Some(next);
        saved
    }

    fn load(&self) -> Result<BTreeMap<String, Row>, HandOverError> {
        if !self.is_kept {
            return Ok(BTreeMap::new());
        }
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(source) => return Err(HandOverError::Io { path: self.path.clone(), source }),
        };
        let not_ours = || HandOverError::NotOurs { path: self.path.clone() };
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        if !text.is_empty() && reader.headers().map_err(|_| not_ours())? != COLUMNS.as_slice() {
            return Err(not_ours());
        }
        let mut rows = BTreeMap::new();
        for record in reader.records() {
            let record = record.map_err(|_| not_ours())?;
            let mut cells = record.iter();
            let user = cells.next().unwrap_or_default().to_owned();
            let mut row = Row::default();
            for (cell, text) in row.iter_mut().zip(cells) {
                text.clone_into(cell);
            }
            rows.insert(user, row);
        }
        Ok(rows)
    }

    /// Writes a new file beside the old one, readable by its owner only, and puts it in its place.
    fn save(&self, rows: &BTreeMap<String, Row>) -> Result<(), HandOverError> {
        if !self.is_kept {
            return Ok(());
        }
        let io_error = |source| HandOverError::Io { path: self.path.clone(), source };
        let mut writer = csv::Writer::from_writer(Vec::new());
        let written = writer.write_record(COLUMNS).and_then(|()| {
            rows.iter().try_for_each(|(user, row)| {
                writer
                    .write_record(std::iter::once(user.as_str()).chain(row.iter().map(|cell| cell.as_str())))
            })
        });
        written.map_err(|error| io_error(error.into()))?;
        let text = Zeroizing::new(writer.into_inner().map_err(|error| io_error(error.into_error()))?);
        // A link is followed: whoever put the file elsewhere wants it there.
        let target = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let beside = target.with_file_name(name);
        let write = || -> io::Result<()> {
            let mut file = private_file(&beside)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&beside, &target)
        };
        write().map_err(io_error)
    }
}

/// Creates a file that only its owner may read (mode 600 where there are modes).
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
        // An old file keeps its mode when it is opened again; start afresh.
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    options.open(path)
}

impl From<HandOverError> for crate::error::Error {
    fn from(error: HandOverError) -> Self {
        let hint = match &error {
            HandOverError::Io { .. } => "name a file in a folder you may write to with `--credentials FILE`",
            HandOverError::NotOurs { .. } => {
                "name another file with `--credentials FILE`; this one is left as it is"
            }
        };
        let message = error.to_string();
        Self::input(message).caused_by(error).hinted(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn rows_are_updated_one_by_one_and_never_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lab-credentials.csv");
        let first = HandOver::new(&path);
        first.prepare().unwrap();
        first.password("User1", &secret("Pw,\"1"), "https://x").unwrap();
        first.access_key("User2", "AKIA1", &secret("s1"), &[]).unwrap();

        let second = HandOver::new(&path);
        second.access_key("User2", "AKIA2", &secret("s2"), &["AKIA1".into()]).unwrap();
        second.access_key("User2", "AKIA3", &secret("s3"), &["AKIA2".into()]).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            "User name,Password,Console sign-in URL,Access key ID,Secret access key,MFA device,MFA otpauth URI\n\
             User1,\"Pw,\"\"1\",https://x,,,,\nUser2,,,AKIA2 AKIA3,s2 s3,,\n"
        );
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.csv");
        fs::write(&path, "").unwrap();
        HandOver::new(&path).prepare().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn somebody_elses_file_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.csv");
        fs::write(&path, "a,b\n1,2\n").unwrap();
        assert!(matches!(HandOver::new(&path).prepare(), Err(HandOverError::NotOurs { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "a,b\n1,2\n");
    }
}
