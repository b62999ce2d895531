//! A file that a student collected: whose it is, and whether it is sealed.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::account::scan::hex;
use crate::error::chain;
use crate::grade::evidence::{Access, Evidence, Way};
use crate::grade::reach::Unreached;
use crate::grade::roster::Student;
use crate::grade::rubric::Rubric;
use crate::secret::Secret;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 << 20;
/// What stands in the evidence for a seal that was looked at: the nonce itself is the student's.
const SEALED: &str = "sealed";
/// Who collected it, when the file was made without the course's id.
const SELF: &str = "self";

/// Returns the size and SHA-256 of a file; `None` when it cannot be read.
pub(in crate::grade) fn digest(path: &Path) -> Option<String> {
    let about = fs::metadata(path).ok().filter(|about| about.is_file() && about.len() <= LARGEST)?;
    let bytes = fs::read(path).ok()?;
    Some(format!("{} {}", about.len(), hex(&Sha256::digest(bytes))))
}

/// Reads what a student collected. What the file says of how the account was reached is not believed.
pub(in crate::grade) fn read(
    path: &Path,
    student: &Student,
    rubric: &Rubric,
    nonce: Option<&Secret<String>>,
    accepts_unsealed: bool,
) -> Result<Evidence, Unreached> {
    let Student { id, account, .. } = student;
    let again = format!("ask {id} for the file again, then go on with `--resume`");
    let unread =
        |why: String| Unreached::new(format!("the file of {id} cannot be read: {why}"), again.clone());
    // Opening what is no file, as a pipe, may take for ever.
    if fs::metadata(path).is_ok_and(|about| !about.is_file()) {
        return Err(unread("it is no ordinary file".to_owned()));
    }
    let file = File::open(path).map_err(|error| {
        let next =
            format!("put it at `{}`, or correct the roster, then go on with `--resume`", path.display());
        Unreached::new(format!("the file of {id} cannot be read: {error}"), next)
    })?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| unread(error.to_string()))?;
    if bytes.len() as u64 > LARGEST {
        return Err(unread(format!("it has more than {} MiB", LARGEST >> 20)));
    }
    let evidence = Evidence::open(bytes).map_err(|error| unread(chain(&error)))?;
    let strange = |why: String| Err(Unreached::new(format!("the file of {id} {why}"), again.clone()));
    if evidence.rubric != rubric.name {
        return strange(format!("was collected for `{}`, not for `{}`", evidence.rubric, rubric.name));
    }
    if evidence.student != SELF && !evidence.student.eq_ignore_ascii_case(id) {
        return strange(format!("was collected by `{}`", evidence.student));
    }
    let read = &evidence.snapshot.account;
    if account.as_ref().is_some_and(|account| account != read) {
        return strange(format!("is of account {read}, not of the one on the roster"));
    }
    let sealed = match (nonce, &evidence.seal) {
        (Some(nonce), Some(_)) if evidence.is_sealed_by(nonce.reveal()) => true,
        (Some(_), Some(_)) => {
            return strange(format!(
                "is sealed, but not by {id} for `{}`, or it was changed afterwards",
                rubric.name
            ));
        }
        (Some(_), None) if !accepts_unsealed => {
            return Err(Unreached::new(
                format!(
                    "the file of {id} is not sealed, though the course has a secret: anybody may have made it"
                ),
                format!(
                    "have {id} collect it again with the nonce, or take it as it is with `--accept-unsealed`"
                ),
            ));
        }
        _ => false,
    };
    let access = Access {
        way: Way::Bundle,
        target: evidence.access.target.clone(),
        caller: evidence.access.caller.clone(),
        role: None,
        open_without_external_id: None,
        nonce: sealed.then(|| SEALED.to_owned()),
    };
    Ok(Evidence { student: id.clone(), access, ..evidence })
}
