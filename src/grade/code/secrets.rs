//! Finds AWS credentials in a text and masks them: access key ids up to their last four characters, secret access keys
//! and session tokens whole.
//!
//! Letters stand for what is masked, as many as it had: a source that is masked parses as it did.

use std::ops::Range;

/// What an id begins with: a user's key, or temporary credentials.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
const PREFIXES: [&str; 2] = ["AKIA", "ASIA"];
/// How long an access key id is, in letters; and a secret access key.
const ID: usize = 20;
const SECRET: usize = 40;
/// The shortest run of base64 that can be a session token.
const TOKEN: usize = 100;
/// How many lines apart an id and a secret stand beside each other.
const BESIDE: usize = 2;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An access key id.
    AccessKeyId,
    /// A secret access key.
    SecretAccessKey,
    /// A session token.
    SessionToken,
}

impl Kind {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::AccessKeyId => "an access key id",
            Self::SecretAccessKey => "a secret access key",
            Self::SessionToken => "a session token",
        }
    }
}

/// A credential, and the line it stands in, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Secret {
    pub(super) line: usize,
    pub(super) kind: Kind,
}

/// Returns the text with its credentials masked, and where they stood.
pub(super) fn mask(text: &str) -> (String, Vec<Secret>) {
    let lines: Vec<&str> = text.split('\n').collect();
    let ids: Vec<usize> =
        lines.iter().enumerate().filter(|(_, line)| !ids(line).is_empty()).map(|(at, _)| at).collect();
    let (mut found, mut masked) = (Vec::new(), Vec::with_capacity(lines.len()));
    let mut before = String::new();
    for (at, line) in lines.iter().enumerate() {
        let mut out = (*line).to_owned();
        let lower = line.to_ascii_lowercase();
        let named = |word: &str| lower.contains(word) || before.contains(word);
        let next = ids.partition_point(|id| id + BESIDE < at);
        let beside = ids.get(next).is_some_and(|id| *id <= at + BESIDE);
        for run in runs(line) {
            let part = line.get(run.clone()).unwrap_or_default();
            let token = part.len() >= TOKEN && (named("token") || beside || is_token(part));
            let secret = part.len() == SECRET && looks_random(part) && (named("secret") || beside);
            if token || secret {
                let kind = if token { Kind::SessionToken } else { Kind::SecretAccessKey };
                found.push(Secret { line: at + 1, kind });
                out.replace_range(run.clone(), &"X".repeat(run.len()));
            }
        }
        for id in ids_of(&out) {
            found.push(Secret { line: at + 1, kind: Kind::AccessKeyId });
            out.replace_range(id.start..id.end - 4, &"X".repeat(ID - 4));
        }
        masked.push(out);
        before = lower;
    }
    (masked.join("\n"), found)
}

/// Tells whether a variable holds a credential by itself, whatever stands beside it.
pub(super) fn holds(name: &str, value: &str) -> Option<Kind> {
    mask(&format!("{name} = {value}")).1.first().map(|secret| secret.kind)
}

fn ids(line: &str) -> Vec<Range<usize>> {
    ids_of(line)
}

/// Finds access key ids.
fn ids_of(line: &str) -> Vec<Range<usize>> {
    let bytes = line.as_bytes();
    let word = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    let starts = PREFIXES.iter().flat_map(|prefix| line.match_indices(prefix).map(|(at, _)| at));
    let mut found: Vec<Range<usize>> = starts
        .filter(|&at| {
            let whole = bytes.get(at..at + ID);
            whole.is_some_and(|id| id.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()))
                && !word(at.checked_sub(1))
                && !word(Some(at + ID))
        })
        .map(|at| at..at + ID)
        .collect();
    found.sort_by_key(|range| range.start);
    found
}

/// Finds the longest runs of base64's letters.
fn runs(line: &str) -> Vec<Range<usize>> {
    let (mut found, mut start) = (Vec::new(), None);
    for (at, byte) in line.bytes().chain([b' ']).enumerate() {
        // An equals sign before a value belongs to Python.
        let inside =
            byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+') || (byte == b'=' && start.is_some());
        match (inside, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                found.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    // `SECRET=wJalr…` as in a settings file: what is behind the equals sign counts.
    let behind = |run: Range<usize>| {
        let text = line.get(run.clone()).unwrap_or_default().trim_end_matches('=');
        text.rfind('=').map_or(run.clone(), |at| run.start + at + 1..run.end)
    };
    found.into_iter().map(behind).filter(|run| run.len() >= SECRET).collect()
}

/// Tells a secret from a digest in hexadecimal, a path or a word.
fn looks_random(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_uppercase())
        && text.bytes().any(|byte| byte.is_ascii_lowercase())
        && text.bytes().any(|byte| !byte.is_ascii_alphabetic())
}

/// Tells whether a run begins as the session tokens of STS do.
fn is_token(text: &str) -> bool {
    ["FwoGZXIv", "IQoJb3Jp", "FQoGZXIv", "FQoDYXdz"].iter().any(|start| text.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    fn kinds(text: &str) -> Vec<Kind> {
        mask(text).1.iter().map(|secret| secret.kind).collect()
    }

    #[test]
    fn credentials_are_found_in_every_spelling() {
        let token = format!("IQoJb3JpZ2lu{}", "a1B2".repeat(60));
        for (text, kind) in [
            ("boto3.client('iam', aws_access_key_id='AKIAIOSFODNN7EXAMPLE')".to_owned(), Kind::AccessKeyId),
            (format!("aws_secret_access_key=\"{KEY}\","), Kind::SecretAccessKey),
            (format!("SECRET = (\n    '{KEY}'\n)"), Kind::SecretAccessKey),
            (format!("AWS_SECRET_ACCESS_KEY={KEY}"), Kind::SecretAccessKey),
            (format!("# {KEY} is my secret"), Kind::SecretAccessKey),
            (format!("x = '{token}'"), Kind::SessionToken),
        ] {
            let (masked, _) = mask(&text);
            assert_eq!(kinds(&text), [kind], "{text}");
            assert_eq!(masked.len(), text.len());
            assert!(
                !masked.contains("wJalr") && !masked.contains("AKIA") && !masked.contains("IQoJ"),
                "{masked}"
            );
            assert_eq!(mask(&masked), (masked.clone(), Vec::new()), "what is masked stays as it is");
        }
        assert_eq!(kinds(&format!("a = 'ASIAIOSFODNN7EXAMPLE'\nb = '{KEY}'")).len(), 2);
    }

    #[test]
    fn what_is_no_credential_stays() {
        for text in [
            "sha = '2fd4e1c67a2d28fced849ee1bb76e7391b93eb12' # secret",
            "ROLE_ARN = 'arn:aws:iam::123456789012:role/IAM-Auditor-role'",
            "XAKIAIOSFODNN7EXAMPLE",
            "aws_secret_access_key=keys['SecretAccessKey'],",
            KEY,
        ] {
            assert_eq!(mask(text), (text.to_owned(), Vec::new()));
        }
    }

    #[test]
    fn a_variable_is_judged_with_its_name() {
        assert_eq!(holds("aws_secret", KEY), Some(Kind::SecretAccessKey));
        assert_eq!(holds("ROLE_ARN", "arn:aws:iam::123456789012:role/IAM-Auditor-role"), None);
    }
}
