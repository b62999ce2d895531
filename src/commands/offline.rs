//! Files in place of an account: a snapshot that somebody collected, a credential report that somebody downloaded.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::account::file::SnapshotFile;
use crate::account::packing::{LARGEST, unpack};
use crate::account::report_only::of_report;
use crate::account::snapshot::Snapshot;
use crate::cli::TargetArgs;
use crate::clock::Clock;
use crate::error::Error;
use crate::scenario::files::why;

/// Reads a file of `iamlab audit collect`, packed or not.
///
/// # Errors
///
/// It cannot be read, is no snapshot, or was changed.
pub(super) fn snapshot(path: &Path) -> Result<SnapshotFile, Error> {
    let file = unpack(read(path)?).and_then(|text| SnapshotFile::parse(&text));
    file.map_err(|error| {
        unread(path, &error.to_string())
            .hinted("`iamlab audit collect -o FILE` writes one; it cannot be edited")
    })
}

/// Reads a credential report as the console and the AWS CLI hand it out. The file does not tell when it was made: that
/// is now, unless somebody says otherwise.
///
/// # Errors
///
/// It cannot be read or is no credential report of one account.
pub(super) fn credential_report(path: &Path, clock: &Clock) -> Result<Snapshot, Error> {
    of_report(&read(path)?, clock.now()).map_err(|error| {
        unread(path, &error)
            .hinted("`aws iam get-credential-report --query Content --output text | base64 -d` writes one")
    })
}

/// Checks the account of a file against the one that is pinned.
///
/// # Errors
///
/// They differ.
pub(super) fn pinned(args: &TargetArgs, of_file: &str) -> Result<(), Error> {
    let Some(pinned) = args.account.as_ref().filter(|pinned| *pinned != of_file) else { return Ok(()) };
    Err(Error::input(format!("the file is of account {of_file}, not {pinned}"))
        .hinted("leave `--account` out, or name the file of that account; IAMLAB_ACCOUNT counts too"))
}

/// Reads a file that is not too large.
///
/// # Errors
///
/// It cannot be read, or is too large.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let file = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    file.map_err(|error: io::Error| unread(path, &why(&error)))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= LARGEST) {
        return Ok(bytes);
    }
    Err(unread(path, &format!("it has more than {} MiB", LARGEST >> 20)))
}

fn unread(path: &Path, why: &str) -> Error {
    Error::input(format!("`{}` cannot be used: {why}", path.display()))
}
