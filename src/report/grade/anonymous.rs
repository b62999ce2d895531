//! [`Pseudonyms`]: results that can be handed on without saying whose they are.
//!
//! A code is an HMAC of a key and the id: the same in every file of a class, another with another key, and nobody's
//! without the key. In texts it stands in place of everybody's ids and addresses and of the student's own name. Account
//! numbers, key ids, other addresses of e-mail and of machines are masked wherever they stand.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use hmac::digest::{Key, KeyInit};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

use super::Alike;
use super::view::bounded;
use crate::grade::result::{CriterionResult, Row, StudentResult, TaskResult};
use crate::grade::roster::{Roster, Student};

/// Codes in place of who somebody is.
pub struct Pseudonyms {
    key: Hmac<Sha256>,
    /// The code of every id and address of the class, in lower case.
    words: BTreeMap<String, String>,
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pseudonyms").field("students", &self.words.len()).finish_non_exhaustive()
    }
}

/// The letters of codes.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// How the ids of keys, users and roles begin ([IAM identifiers]).
///
/// [IAM identifiers]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
const PREFIXES: [&str; 13] =
    ["ABIA", "ACCA", "AGPA", "AIDA", "AIPA", "AKIA", "ANPA", "ANVA", "APKA", "AROA", "ASCA", "ASIA", "A3T"];

impl Pseudonyms {
    /// Makes the codes of a class. Whoever has the key can tell whose a code is: keep it.
    pub fn new(key: &[u8], roster: &Roster) -> Self {
        // A key of any length, as the fixed number of bytes that HMAC takes without refusing.
        let mut block = Key::<Hmac<Sha256>>::default();
        block.iter_mut().zip(Sha256::digest(key)).for_each(|(to, from)| *to = from);
        let key = <Hmac<Sha256> as KeyInit>::new(&block);
        let mut codes = Self { key, words: BTreeMap::new() };
        for student in &roster.students {
            let code = codes.code(&student.id);
            let local = student.email.as_deref().and_then(|email| email.split('@').next());
            let words = [Some(student.id.as_str()), student.email.as_deref(), local];
            for word in words.into_iter().flatten().filter(|word| tells(word)) {
                _ = codes.words.insert(word.to_lowercase(), code.clone());
            }
        }
        codes
    }

    /// Returns the code of a student's id: `p-` and eight letters, an id that a roster takes.
    pub fn code(&self, id: &str) -> String {
        format!("p-{}", self.letters("student", id))
    }

    /// Returns a student with a code in place of id, name and everything that leads to the person.
    #[must_use]
    pub fn student(&self, student: &Student) -> Student {
        Student {
            id: self.code(&student.id),
            account: student.account.as_deref().map(|account| self.account(account)),
            extension_days: student.extension_days,
            ..Student::default()
        }
    }

    /// Returns a result whose texts tell neither person nor account nor key; what work is compared by is left out.
    #[must_use]
    pub fn result(&self, student: &Student, result: &StudentResult) -> StudentResult {
        let own = own_words(student);
        let mask = |text: &String| self.mask(text, &own);
        let criterion = |one: &CriterionResult| CriterionResult {
            message: mask(&one.message),
            evidence: one.evidence.iter().map(mask).collect(),
            remark: one.remark.as_ref().map(mask),
            comment: one.comment.as_ref().map(mask),
            ..one.clone()
        };
        let task = |task: &TaskResult| TaskResult {
            criteria: task.criteria.iter().map(criterion).collect(),
            ..task.clone()
        };
        let late = result.late.clone().map(|mut late| {
            late.evidence = late.evidence.iter().map(mask).collect();
            late
        });
        StudentResult {
            id: self.code(&result.id),
            account: self.account(&result.account),
            problem: result.problem.as_ref().map(mask),
            access: result.access.iter().map(mask).collect(),
            tasks: result.tasks.iter().map(task).collect(),
            late,
            fingerprint: None,
            ..result.clone()
        }
    }

    /// Returns a row whose texts tell neither person nor account nor key.
    #[must_use]
    pub fn row(&self, student: &Student, row: &Row) -> Row {
        let own = own_words(student);
        Row {
            id: self.code(&row.id),
            account: self.account(&row.account),
            problem: row.problem.as_ref().map(|text| self.mask(text, &own)),
            access: row.access.iter().map(|text| self.mask(text, &own)).collect(),
            ..row.clone()
        }
    }

    /// Returns a hint whose texts tell neither person nor account nor key.
    #[must_use]
    pub fn alike(&self, alike: &Alike) -> Alike {
        let none = Own::default();
        Alike {
            what: self.mask(&alike.what, &none),
            students: alike.students.iter().map(|id| self.code(id)).collect(),
            evidence: alike.evidence.iter().map(|line| self.mask(line, &none)).collect(),
        }
    }

    fn account(&self, account: &str) -> String {
        if account.is_empty() { String::new() } else { format!("acct-{}", self.letters("account", account)) }
    }

    fn letters(&self, what: &str, text: &str) -> String {
        let mut mac = self.key.clone();
        mac.update(what.as_bytes());
        mac.update(b"\0");
        mac.update(text.as_bytes());
        let bytes = mac.finalize().into_bytes();
        let bits = bytes.iter().take(5).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        let letter = |at: u32| LETTERS.get(usize::try_from((bits >> (at * 5)) & 31).unwrap_or(0));
        (0..8).filter_map(letter).map(|letter| char::from(*letter)).collect()
    }

    /// Masks a text, a word at a time.
    fn mask(&self, text: &str, own: &Own) -> String {
        let text = bounded(text);
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_ref();
        while let Some(c) = rest.chars().next() {
            let end = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(if in_word(c) { end } else { c.len_utf8() });
            if in_word(c) {
                self.word(&mut out, word, own);
            } else {
                out.push_str(word);
            }
            rest = after;
        }
        out
    }

    fn word(&self, out: &mut String, word: &str, own: &Own) {
        let bare = word.trim_end_matches(['.', '-']);
        let tail = word.get(bare.len()..).unwrap_or_default();
        if let Some(code) = self.words.get(&bare.to_lowercase()) {
            out.push_str(code);
        } else if is_account(&bare.replace('-', "")) {
            out.push_str(&self.account(&bare.replace('-', "")));
        } else if bare
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
        {
            out.push_str("[e-mail]");
        } else if bare.split('.').count() == 4 && bare.split('.').all(|part| part.parse::<u8>().is_ok()) {
            out.push_str("[address]");
        } else {
            let is_joined = bare.contains(JOINTS);
            for piece in bare.split_inclusive(JOINTS) {
                let name = piece.trim_end_matches(JOINTS);
                self.piece(out, name, own, is_joined);
                out.push_str(piece.get(name.len()..).unwrap_or_default());
            }
        }
        out.push_str(tail);
    }

    /// Masks a part of a word: `ada` of `ada.lovelace`. Alone, a name is told from a word by its case.
    fn piece(&self, out: &mut String, piece: &str, own: &Own, is_joined: bool) {
        let lower = piece.to_lowercase();
        let is_name = own.written.contains(piece)
            || (own.lower.contains(&lower) && (is_joined || lower.chars().count() > 4));
        if let Some(code) = self.words.get(&lower) {
            out.push_str(code);
        } else if is_account(piece) {
            out.push_str(&self.account(piece));
        } else if let Some(prefix) = key_prefix(piece) {
            out.push_str(prefix);
            out.push('…');
        } else if is_name {
            out.push_str("[name]");
        } else {
            out.push_str(piece);
        }
    }
}

/// What stands between the parts of a word.
const JOINTS: [char; 5] = ['.', '_', '-', '+', '@'];

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || JOINTS.contains(&c)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns how a key's id begins.
fn key_prefix(text: &str) -> Option<&str> {
    let looks =
        text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    PREFIXES.iter().any(|prefix| looks && text.starts_with(prefix)).then(|| text.get(..4)).flatten()
}

/// Tells whether a word leads to a person: `7` and `12` are numbers before they are ids.
fn tells(word: &str) -> bool {
    let length = word.chars().count();
    length >= 5 || (length >= 3 && word.chars().any(|c| !c.is_ascii_digit()))
}

/// What a student's name looks like in texts.
#[derive(Debug, Default)]
struct Own {
    /// Its parts as they are written, when a capital tells them from words: `May` is a name, `may` is none.
    written: BTreeSet<String>,
    /// Its parts, and what they are when run together, in lower case.
    lower: BTreeSet<String>,
}

fn own_words(student: &Student) -> Own {
    let name = student.name.as_deref().unwrap_or_default();
    let name: String = name.chars().take(super::view::NAME).collect();
    let parts: Vec<&str> =
        name.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let small: Vec<String> = parts.iter().map(|part| part.to_lowercase()).collect();
    let mut lower: BTreeSet<String> = small.iter().cloned().collect();
    if let (Some(first), Some(last), true) = (small.first(), small.last(), small.len() > 1) {
        let initial: String = first.chars().take(1).collect();
        let joined = [format!("{first}{last}"), format!("{last}{first}"), format!("{initial}{last}")];
        lower.insert(small.concat());
        lower.extend(joined);
    }
    let capital = |part: &&str| part.chars().next().is_some_and(|c| !c.is_lowercase());
    let mut written: BTreeSet<String> = parts.into_iter().filter(capital).map(str::to_owned).collect();
    // Two letters are too often a word, or a part of one.
    written.retain(|word| word.chars().count() >= 3);
    lower.retain(|word| word.chars().count() >= 3);
    Own { written, lower }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn student(id: &str, name: &str, email: &str) -> Student {
        Student { id: id.into(), name: Some(name.into()), email: Some(email.into()), ..Student::default() }
    }

    #[test]
    fn texts_tell_neither_person_nor_account_nor_key() {
        let ada = student("s001", "Ada May Lovelace", "ada@example.edu");
        let class =
            Roster { students: vec![ada.clone(), student("s002", "Alan", "alan.turing@example.edu")] };
        let codes = Pseudonyms::new(b"key", &class);
        let (own, other) = (codes.code("s001"), codes.code("s002"));
        let account = codes.account("123456789012");
        for (text, masked) in [
            ("arn:aws:iam::123456789012:user/User1", format!("arn:aws:iam::{account}:user/User1")),
            ("account 1234-5678-9012.", format!("account {account}.")),
            ("key AKIAIOSFODNN7EXAMPLE of s002", format!("key AKIA… of {other}")),
            ("topic s001-report to ada@example.edu", format!("topic {own}-report to {own}")),
            ("sent to someone@example.org from 192.0.2.1", "sent to [e-mail] from [address]".to_owned()),
            ("role ADA_LOVELACE-role by Ada May", format!("role {own}_[name]-role by {own} [name]")),
            ("policy alovelace, adalovelace", "policy [name], [name]".to_owned()),
            ("User3 may not iam:AddUserToGroup", "User3 may not iam:AddUserToGroup".to_owned()),
            ("1.5 of 2 points, python3.9", "1.5 of 2 points, python3.9".to_owned()),
            ("alan.turing and ALAN.TURING@example.edu", format!("{other} and {other}")),
        ] {
            assert_eq!(codes.mask(text, &own_words(&ada)), masked);
        }
    }

    #[test]
    fn a_code_is_the_same_for_the_same_key_only() {
        let class = Roster::default();
        let (one, two) = (Pseudonyms::new(b"one", &class), Pseudonyms::new(b"two", &class));
        assert_eq!(one.code("s001"), Pseudonyms::new(b"one", &class).code("s001"));
        assert_ne!(one.code("s001"), two.code("s001"));
        assert_ne!(one.code("s001"), one.code("s002"));
        assert!(!format!("{one:?}").contains("key"));
        let bare = one.student(&student("s001", "Ada", "ada@example.edu"));
        assert_eq!((bare.name, bare.email, bare.id), (None, None, one.code("s001")));
    }
}
