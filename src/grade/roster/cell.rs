//! What the cells of a roster may hold.

use std::path::PathBuf;

/// Why a cell is wrong.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The diagnostic's id.
    pub(super) id: &'static str,
    /// What is wrong.
    pub(super) message: String,
    /// What to do.
    pub(super) help: &'static str,
}

fn wrong<T>(id: &'static str, message: String, help: &'static str) -> Result<T, Wrong> {
    Err(Wrong { id, message, help })
}

/// Shows a cell in a message, however long it is.
fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("`{short}`")
}

/// Names that Windows keeps for devices, with any ending
/// (<https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file>).
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Reads an id, which has to be a file name everywhere.
pub(super) fn id(text: &str) -> Result<String, Wrong> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte);
    if text.len() > 64 || !text.bytes().all(plain) {
        let help = "an id has letters, digits, `.`, `_`, `@` and `-`, 64 at most";
        return wrong("bad-id", format!("{} is no id", shown(text)), help);
    }
    let stem = text.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let port = |name: &str| {
        let number = stem.strip_prefix(name);
        number.is_some_and(|number| matches!(number.as_bytes(), [b'0'..=b'9']))
    };
    if text.ends_with('.') || DEVICES.contains(&stem.as_str()) || port("com") || port("lpt") {
        let help = "an id names files: no full stop at the end, no name of a device as `con`";
        return wrong("bad-id", format!("{} cannot be the name of a file", shown(text)), help);
    }
    Ok(text.to_owned())
}

/// Reads an account id; the hyphens that the AWS console shows are left out.
pub(super) fn account(text: &str) -> Result<String, Wrong> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let as_shown = matches!(text.as_bytes(), [_, _, _, _, b'-', _, _, _, _, b'-', _, _, _, _]);
    let plain = if as_shown { text.replace('-', "") } else { text.to_owned() };
    if plain.len() == 12 && digits(&plain) {
        return Ok(plain);
    }
    let message = format!("{} is no account id", shown(text));
    let help = if is_number(text) {
        "a spreadsheet took it for a number and its digits are lost: give the column the format `text`, and enter the \
         12 digits again"
    } else if digits(text) && text.len() < 12 {
        "a leading zero was lost: an account id has 12 digits; give the column the format `text`"
    } else {
        "an account id has 12 digits"
    };
    wrong("bad-account", message, help)
}

/// Tells whether a spreadsheet wrote a number: `1.23457E+11`, `123456789012.0`.
fn is_number(text: &str) -> bool {
    let marks = text.bytes().any(|byte| b".,eE".contains(&byte));
    marks && text.replace(',', ".").parse::<f64>().is_ok()
}

/// Reads the ARN of a role.
///
/// Source: "IAM identifiers" in the IAM User Guide; names and paths as `CreateRole` takes them.
pub(super) fn role(text: &str) -> Result<String, Wrong> {
    let message = || format!("{} is no ARN of a role", shown(text));
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, service, "", account, resource] = fields.as_slice() else {
        let help = "the role's ARN is an output of the student's stack: arn:aws:iam::123456789012:role/iamlab-grader";
        return wrong("bad-role", message(), help);
    };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let in_partition = partition.starts_with("aws")
        && partition.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&byte);
    let path = resource.strip_prefix("role/").filter(|path| {
        !path.is_empty() && !path.ends_with('/') && path.bytes().all(word) && text.len() <= 2048
    });
    match (*service, path) {
        ("iam", Some(_)) if is_account && in_partition => Ok(text.to_owned()),
        ("sts", _) => wrong(
            "bad-role",
            message(),
            "this is a session of a role: hand in the role itself, arn:aws:iam::ACCOUNT:role/NAME",
        ),
        ("iam", _) if !resource.starts_with("role/") => {
            wrong("bad-role", message(), "only a role can be assumed: arn:aws:iam::ACCOUNT:role/NAME")
        }
        _ => wrong("bad-role", message(), "write it as arn:aws:iam::123456789012:role/iamlab-grader"),
    }
}

/// Reads an external id, as `AssumeRole` takes it
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>). It is not shown: it is half of a key.
pub(super) fn external_id(text: &str) -> Result<String, Wrong> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte);
    if (2..=1224).contains(&text.len()) && text.bytes().all(word) {
        return Ok(text.to_owned());
    }
    let help = "it has 2 to 1,224 letters, digits and `_+=,.@:/-`; leave it out to have it computed";
    wrong("bad-external-id", "this is no external id".to_owned(), help)
}

/// Reads the name of a profile.
pub(super) fn profile(text: &str) -> Result<String, Wrong> {
    if text.len() <= 256 && !text.chars().any(|c| c.is_control() || c == ']') {
        return Ok(text.to_owned());
    }
    let help = "write a name that `aws configure list-profiles` shows";
    wrong("bad-profile", format!("{} is no name of a profile", shown(text)), help)
}

/// Reads the path of a file.
pub(super) fn bundle(text: &str) -> Result<PathBuf, Wrong> {
    if text.len() <= 4096 && !text.chars().any(char::is_control) {
        return Ok(PathBuf::from(text));
    }
    let help = "write the path of a file of `iamlab grade collect`, relative to the roster's folder";
    wrong("bad-bundle", format!("{} is no path of a file", shown(text)), help)
}

/// Reads a number of days.
pub(super) fn extension(text: &str) -> Result<u32, Wrong> {
    let days = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten();
    match days.filter(|days| *days <= 3650) {
        Some(days) => Ok(days),
        None => wrong(
            "bad-extension",
            format!("{} is no number of days", shown(text)),
            "write the whole days that were granted after the deadline, as 3",
        ),
    }
}
