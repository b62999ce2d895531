//! What words are made of, and what in them is an account, a key or an id by its form alone.

use std::ops::Range;

use super::fold::is_mark;

/// What stands between the parts of a word.
pub(super) const JOINTS: [char; 5] = ['.', '_', '-', '+', '@'];

/// How the ids of keys, users and roles begin ([IAM identifiers]).
///
/// [IAM identifiers]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
const PREFIXES: [&str; 13] =
    ["ABIA", "ACCA", "AGPA", "AIDA", "AIPA", "AKIA", "ANPA", "ANVA", "APKA", "AROA", "ASCA", "ASIA", "A3T"];

pub(super) fn in_word(c: char) -> bool {
    c.is_alphanumeric() || is_mark(c) || JOINTS.contains(&c)
}

/// What a character is within a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Joint,
    Digit,
    Upper,
    Other,
}

impl Kind {
    fn of(c: char) -> Self {
        match c {
            c if c.is_numeric() => Self::Digit,
            c if c.is_uppercase() => Self::Upper,
            c if c.is_alphanumeric() || is_mark(c) => Self::Other,
            _ => Self::Joint,
        }
    }
}

/// Takes words apart: at what joins them, at numbers, and where a capital begins another (`IAMPolicy`: `IAM`, `Policy`).
pub(super) fn tokens(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = None;
    let mut before = Kind::Joint;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let kind = Kind::of(c);
        let mut ends_capitals = || chars.peek().is_some_and(|(_, next)| next.is_lowercase());
        let is_new = match (before, kind) {
            (Kind::Joint, _) | (_, Kind::Joint) | (Kind::Other, Kind::Upper) => true,
            (Kind::Upper, Kind::Upper) => ends_capitals(),
            (one, other) => (one == Kind::Digit) != (other == Kind::Digit),
        };
        if is_new {
            found.extend(start.take().map(|start| start..at));
            start = (kind != Kind::Joint).then_some(at);
        }
        before = kind;
    }
    found.extend(start.map(|start| start..text.len()));
    found
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && is_number(text)
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns an account's number at the beginning of a text, as `1234-5678-9012` or in one, and its length there.
pub(super) fn account(text: &str) -> Option<(String, usize)> {
    for (length, is_joint) in [(12, false), (14, true)] {
        let Some(number) = text.get(..length) else { continue };
        let ends = text.get(length..).is_none_or(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()));
        let groups = || number.split('-').all(|group| group.len() == 4);
        let digits = number.replace('-', "");
        if ends && is_account(&digits) && (!is_joint || groups()) {
            return Some((digits, length));
        }
    }
    None
}

/// Returns how a key's id at the beginning of a text begins, and its length.
pub(super) fn key(text: &str) -> Option<(&str, usize)> {
    let is_in = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let length = text.bytes().take_while(is_in).count();
    let looks = length >= 16 && PREFIXES.iter().any(|prefix| text.starts_with(prefix));
    looks.then(|| text.get(..4)).flatten().map(|prefix| (prefix, length))
}

/// Tells whether a word is how a key's id ends, as after `…`.
pub(super) fn is_key_end(word: &str) -> bool {
    word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// The length of a UUID.
pub(super) const UUID: usize = 36;

/// Tells whether a text begins with a UUID, as events of the history have for an id.
pub(super) fn is_uuid(text: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| {
        if matches!(at, 8 | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() }
    };
    let ends = text.get(UUID..).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()));
    ends && text.bytes().take(UUID).enumerate().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_apart_where_people_see_it() {
        for (word, parts) in [
            ("ChenGarciaPolicy187478700006", "Chen Garcia Policy 187478700006"),
            ("IAMAuditorPolicy", "IAM Auditor Policy"),
            ("acct187478700006x", "acct 187478700006 x"),
            ("Tomasz-Usman_policy", "Tomasz Usman policy"),
            ("User3", "User 3"),
            ("JörgÖzil", "Jörg Özil"),
            ("-", ""),
        ] {
            let found: Vec<&str> = tokens(word).into_iter().map(|at| &word[at]).collect();
            assert_eq!(found.join(" "), parts);
        }
    }
}
