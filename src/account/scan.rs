//! One pass over a snapshot file before anything is built of it: how deep it is, how many values it has, and what its
//! digest is. White space between the parts does not count.

use sha2::{Digest as _, Sha256};

use super::file::NotASnapshot;

/// What every file begins with.
const OPENING: &[u8] = br#"{"digest":"sha256:"#;

/// The length of the beginning, to which the digest does not extend: the opening, 64 digits, a quotation mark, a comma.
const HEAD: usize = OPENING.len() + 64 + 2;

/// The deepest a file may be. Policies, the deepest of what is in one, have about eight levels.
const DEPTH: u32 = 64;

/// The most values a file may have. 5,000 users and 1,000 roles, each with a few policies, are below a million.
const VALUES: u32 = 4_000_000;

/// The digests of a file, in hexadecimal.
#[derive(Debug)]
pub(super) struct Scanned {
    /// The one that it tells.
    pub(super) told: String,
    /// The one of its content.
    pub(super) found: String,
}

/// Returns the beginning of the file that goes on with `rest`, which has no white space between its parts.
pub(super) fn opening(rest: &[u8]) -> String {
    let digest = hex(&Sha256::digest(rest));
    format!("{}{digest}\",", String::from_utf8_lossy(OPENING))
}

/// Looks at a whole file.
pub(super) fn scan(text: &[u8]) -> Result<Scanned, NotASnapshot> {
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
    let told = taken.head.strip_prefix(OPENING).and_then(|rest| rest.strip_suffix(b"\","));
    let told = told.ok_or(NotASnapshot::SomethingElse)?;
    if depth > 0 || is_text {
        return Err(NotASnapshot::CutOff);
    }
    Ok(Scanned { told: String::from_utf8_lossy(told).into_owned(), found: hex(&taken.rest.finalize()) })
}

/// What was taken so far: the beginning as it is, the rest into the digest.
#[derive(Default)]
struct Taken {
    head: Vec<u8>,
    rest: Sha256,
}

impl Taken {
    fn take(&mut self, run: &[u8]) {
        let (head, rest) = run.split_at(run.len().min(HEAD.saturating_sub(self.head.len())));
        self.head.extend_from_slice(head);
        self.rest.update(rest);
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
