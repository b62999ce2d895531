//! Small accounts for the tests of checks, and short ways to ask a check.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::check::{Check, Look, Unread};
use super::verdict::{Status, Verdict};
use crate::account::credential_report::CredentialReport;
use crate::account::part::Part;
use crate::account::snapshot::{Facet, Identity, PasswordPolicy, Snapshot};

pub(crate) use crate::account::testing::{attached, aws, document, group, inline, managed, role, user};

/// The account of the tests.
const ACCOUNT: &str = "123456789012";

/// The columns of a report that tests write, and what a user without credentials has in them.
const COLUMNS: [(&str, &str); 22] = [
    ("user", ""),
    ("arn", ""),
    ("user_creation_time", "2025-01-01T00:00:00Z"),
    ("password_enabled", "false"),
    ("password_last_used", "N/A"),
    ("password_last_changed", "N/A"),
    ("password_next_rotation", "N/A"),
    ("mfa_active", "false"),
    ("access_key_1_active", "false"),
    ("access_key_1_last_rotated", "N/A"),
    ("access_key_1_last_used_date", "N/A"),
    ("access_key_1_last_used_region", "N/A"),
    ("access_key_1_last_used_service", "N/A"),
    ("access_key_2_active", "false"),
    ("access_key_2_last_rotated", "N/A"),
    ("access_key_2_last_used_date", "N/A"),
    ("access_key_2_last_used_region", "N/A"),
    ("access_key_2_last_used_service", "N/A"),
    ("cert_1_active", "false"),
    ("cert_1_last_rotated", "N/A"),
    ("cert_2_active", "false"),
    ("cert_2_last_rotated", "N/A"),
];

/// The cells of a row that differ from a user's without credentials.
pub(crate) type Cells = [(&'static str, &'static str)];

/// The time by which the tests count ages.
pub(crate) fn as_of() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

/// An account of which nothing has been read.
pub(crate) fn unread_account() -> Snapshot {
    Snapshot::empty(ACCOUNT, "aws", "us-east-1", as_of())
}

/// An account of which only a report was read, an hour old; `<root_account>` stands for root.
pub(crate) fn reported(rows: &[(&str, &Cells)]) -> Snapshot {
    let mut snapshot = unread_account();
    snapshot.credential_report = Facet::Read(report(rows));
    snapshot
}

/// A report of these rows, an hour old.
pub(crate) fn report(rows: &[(&str, &Cells)]) -> CredentialReport {
    let mut text = COLUMNS.map(|(name, _)| name).join(",");
    for (user, cells) in rows {
        assert!(cells.iter().all(|(name, _)| COLUMNS.iter().any(|(known, _)| known == name)), "{cells:?}");
        let arn = match *user {
            "<root_account>" => format!("arn:aws:iam::{ACCOUNT}:root"),
            name => format!("arn:aws:iam::{ACCOUNT}:user/{name}"),
        };
        let values = COLUMNS.map(|(name, default)| match name {
            "user" => *user,
            "arn" => &arn,
            name => cells.iter().find(|(cell, _)| *cell == name).map_or(default, |(_, value)| value),
        });
        text.push('\n');
        text.push_str(&values.join(","));
    }
    CredentialReport::parse(&text, as_of().checked_sub(SignedDuration::from_hours(1)).ok()).unwrap()
}

/// A password policy that every check passes.
pub(crate) fn strong_policy() -> PasswordPolicy {
    PasswordPolicy {
        minimum_length: 14,
        require_uppercase: true,
        require_lowercase: true,
        require_numbers: true,
        require_symbols: true,
        max_age_days: Some(90),
        reuse_prevention: Some(24),
        users_may_change: true,
        hard_expiry: false,
    }
}

/// An account of which only users, groups, roles and policies were read.
pub(crate) fn identified(identity: Identity) -> Snapshot {
    let mut snapshot = unread_account();
    snapshot.identity = Facet::Read(identity);
    snapshot
}

/// Asks a check with these numbers.
pub(crate) fn ask(
    check: &'static Check,
    snapshot: &Snapshot,
    numbers: &[(&str, i64)],
) -> Result<Vec<Verdict>, Unread> {
    let params: BTreeMap<String, i64> =
        numbers.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect();
    (check.run)(&Look { snapshot, params: &params, check, as_of: as_of() })
}

/// Asks a check that has all it needs with its own numbers.
pub(crate) fn verdicts(check: &'static Check, snapshot: &Snapshot) -> Vec<Verdict> {
    ask(check, snapshot, &[]).unwrap()
}

/// Asks a check that speaks of one subject.
pub(crate) fn only(check: &'static Check, snapshot: &Snapshot) -> Verdict {
    let mut verdicts = verdicts(check, snapshot);
    assert_eq!(verdicts.len(), 1, "{verdicts:?}");
    verdicts.remove(0)
}

/// What a check says of the one user or of root that has these cells.
pub(crate) fn status(check: &'static Check, user: &str, cells: &Cells) -> Status {
    only(check, &reported(&[(user, cells)])).status
}

/// What a check says of each subject, by name.
pub(crate) fn statuses(check: &'static Check, snapshot: &Snapshot) -> Vec<(String, Status)> {
    verdicts(check, snapshot).into_iter().map(|verdict| (verdict.subject.name, verdict.status)).collect()
}

/// What a check says of a strong password policy with one change; `None` for an account without one.
pub(crate) fn policy_status(check: &'static Check, change: Option<fn(&mut PasswordPolicy)>) -> Status {
    let policy = change.map(|change| {
        let mut policy = strong_policy();
        change(&mut policy);
        policy
    });
    let mut snapshot = unread_account();
    snapshot.password_policy = Facet::Read(policy);
    only(check, &snapshot).status
}

/// The part that a check misses in an account of which nothing but some parts was read.
pub(crate) fn missing(check: &'static Check, snapshot: &Snapshot) -> Part {
    ask(check, snapshot, &[]).unwrap_err().part
}

/// The part that a check misses in an account of which nothing was read.
pub(crate) fn without(check: &'static Check) -> Part {
    missing(check, &unread_account())
}
