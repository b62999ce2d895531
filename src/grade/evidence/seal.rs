//! [`Seal`]: ties a collected file to a student.
//!
//! It is the HMAC-SHA256 of the file's digest under the student's nonce, a text that the instructor gave to this student
//! alone. A file that a fellow student collected, or that was edited by somebody who does not know the nonce, does not
//! have it. It does not prove that the account was as the file says: students know their nonces, and can seal what they
//! like.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::Evidence;
use crate::account::scan::hex;

/// A seal, and what it was put on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// The digest of the sealed file, 64 hexadecimal digits.
    pub(super) digest: String,
    /// The seal, likewise.
    pub(super) code: String,
}

impl Evidence {
    /// Seals what is read so far under a nonce; what is changed afterwards breaks the seal. The nonce itself is taken out,
    /// so that the file does not tell it.
    pub fn seal(&mut self, nonce: &str) {
        self.access.nonce = None;
        // What cannot be written has no digest; whoever writes it is told why.
        self.seal = self.digest().ok().map(|digest| {
            let code = code(nonce, &digest);
            Seal { digest, code }
        });
    }

    /// Tells whether it, or the file it was read of, is sealed under this nonce.
    pub fn is_sealed_by(&self, nonce: &str) -> bool {
        self.seal.as_ref().is_some_and(|seal| {
            // Of equal length always; which digit differs is told by no time.
            let wanted = code(nonce, &seal.digest);
            let differing =
                wanted.bytes().zip(seal.code.bytes()).fold(0, |all, (one, other)| all | (one ^ other));
            wanted.len() == seal.code.len() && differing == 0
        })
    }
}

/// Computes a seal. A key of any length is one (RFC 2104).
fn code(nonce: &str, digest: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(nonce.as_bytes());
    mac.map(|mac| hex(&mac.chain_update(digest).finalize().into_bytes())).unwrap_or_default()
}
