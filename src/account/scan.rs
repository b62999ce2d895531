//! One pass over a snapshot file, or a student's evidence, before anything is built of it: how deep it is, how many
//! values it has, and what its digest is. White space between the parts does not count.

use sha2::{Digest as _, Sha256};

use super::file::NotASnapshot;

/// What a file that is sealed begins with; the seal's 64 digits follow.
const SEAL: &[u8] = br#"{"seal":"hmac-sha256:"#;

/// What comes before the digits of the digest.
const DIGEST: &[u8] = br#""digest":"sha256:"#;

/// What comes after the digits of either.
const END: &[u8] = br#"","#;

/// How many digits either has.
const DIGITS: usize = 64;

/// The length of the beginning of a file, to which the digest does not extend: a brace and the digest.
const HEAD: usize = 1 + DIGEST.len() + DIGITS + END.len();

/// The same of a file that is sealed.
const SEALED_HEAD: usize = SEAL.len() + DIGITS + END.len() + HEAD - 1;

/// The deepest a file may be. Policies, the deepest of what is in one, have about eight levels.
const DEPTH: u32 = 64;

/// The most values a file may have. 5,000 users and 1,000 roles, each with a few policies, are below a million.
const VALUES: u32 = 4_000_000;

/// The digests of a file, in hexadecimal.
#[derive(Debug)]
pub(crate) struct Scanned {
    /// The one that it tells.
    pub(crate) told: String,
    /// The one of its content.
    pub(crate) found: String,
    /// The digits of its seal, if it has one.
    pub(crate) seal: Option<String>,
}

/// Returns the digest of what a file goes on with, which has no white space between its parts.
pub(crate) fn digest(rest: &[u8]) -> String {
    hex(&Sha256::digest(rest))
}

/// Returns the beginning of the file that goes on with `rest`.
pub(crate) fn opening(rest: &[u8]) -> String {
    begun(&digest(rest), None)
}

/// Returns the beginning of a file with this digest and this seal.
pub(crate) fn begun(digest: &str, seal: Option<&str>) -> String {
    let text = String::from_utf8_lossy;
    let start = seal.map_or("{".to_owned(), |seal| format!("{}{seal}{}", text(SEAL), text(END)));
    format!("{start}{}{digest}{}", text(DIGEST), text(END))
}

/// Looks at a whole file.
pub(crate) fn scan(text: &[u8]) -> Result<Scanned, NotASnapshot> {
    let mut taken = Taken::default();
    let (mut depth, mut values, mut is_text, mut is_escaped, mut begin) = (0_u32, 0_u32, false, false, 0);
    for (place, byte) in text.iter().enumerate() {
        if is_text {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => is_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => is_text = true,
            b'{' | b'[' => (depth, values) = (depth + 1, values + 1),
            b'}' | b']' => depth = depth.checked_sub(1).ok_or(NotASnapshot::SomethingElse)?,
            b',' => values += 1,
            b' ' | b'\t' | b'\r' | b'\n' => {
                taken.take(text.get(begin..place).unwrap_or_default());
                begin = place + 1;
            }
            _ => {}
        }
        if depth > DEPTH {
            return Err(NotASnapshot::TooMuch(format!("it has more than {DEPTH} levels")));
        }
        if values > VALUES {
            return Err(NotASnapshot::TooMuch(format!("it has more than {VALUES} values")));
        }
    }
    taken.take(text.get(begin..).unwrap_or_default());
    let (told, seal) = taken.told().ok_or(NotASnapshot::SomethingElse)?;
    if depth > 0 || is_text {
        return Err(NotASnapshot::CutOff);
    }
    Ok(Scanned { told, seal, found: hex(&taken.rest.finalize()) })
}

/// What was taken so far: the beginning as it is, the rest into the digest.
#[derive(Default)]
struct Taken {
    head: Vec<u8>,
    rest: Sha256,
}

impl Taken {
    fn take(&mut self, run: &[u8]) {
        let length = if self.is_sealed(run) { SEALED_HEAD } else { HEAD };
        let (head, rest) = run.split_at(run.len().min(length.saturating_sub(self.head.len())));
        self.head.extend_from_slice(head);
        self.rest.update(rest);
    }

    /// Tells whether a seal comes first: with what comes `next`, the third byte tells.
    fn is_sealed(&self, next: &[u8]) -> bool {
        self.head.iter().chain(next).nth(2) == SEAL.get(2)
    }

    /// Reads the digits of the digest and of the seal.
    fn told(&self) -> Option<(String, Option<String>)> {
        let head = self.head.as_slice();
        let (seal, digest) = match head.strip_prefix(SEAL) {
            Some(rest) => {
                let (seal, rest) = rest.split_at_checked(DIGITS)?;
                (Some(digits(seal)?), rest.strip_prefix(END)?)
            }
            None => (None, head.strip_prefix(b"{")?),
        };
        Some((digits(digest.strip_prefix(DIGEST)?.strip_suffix(END)?)?, seal))
    }
}

/// Reads the digits of a digest.
fn digits(text: &[u8]) -> Option<String> {
    let is_one = text.len() == DIGITS && text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_one.then(|| String::from_utf8_lossy(text).into_owned())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
