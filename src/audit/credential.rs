//! What a row of the credential report says of a user's credentials, and how old it is.
//!
//! A cell that does not tell is a [`Gap`], never a "no": whoever meets one answers "unknown" and names the column,
//! unless another column decides without it.

use jiff::{SignedDuration, Timestamp};

use super::verdict::Verdict;
use crate::account::credential_report::{Flag, Row, When};

/// How far a date may lie after the time of the audit and still count as now: the clock here and AWS's differ, and a
/// report that is made during an audit is younger than its beginning.
const SLACK: SignedDuration = SignedDuration::from_mins(15);

/// The most characters of a cell that a sentence repeats.
const LONGEST: usize = 40;

/// The columns of one credential.
#[derive(Debug, Clone, Copy)]
pub(super) struct Credential {
    /// `password`, `access_key_1`, `access_key_2`.
    pub(super) name: &'static str,
    /// What people call it, with its article.
    pub(super) words: &'static str,
    /// The column that says whether it can be used.
    pub(super) enabled: &'static str,
    /// The column of its last use.
    pub(super) used: &'static str,
    /// The column that says since when it is as it is.
    pub(super) set: &'static str,
}

/// The console password.
pub(super) const PASSWORD: Credential = Credential {
    name: "password",
    words: "a console password",
    enabled: "password_enabled",
    used: "password_last_used",
    set: "password_last_changed",
};

/// The two access keys that a user can have.
pub(super) const KEYS: [Credential; 2] = [
    Credential {
        name: "access_key_1",
        words: "an access key",
        enabled: "access_key_1_active",
        used: "access_key_1_last_used_date",
        set: "access_key_1_last_rotated",
    },
    Credential {
        name: "access_key_2",
        words: "an access key",
        enabled: "access_key_2_active",
        used: "access_key_2_last_used_date",
        set: "access_key_2_last_rotated",
    },
];

/// The column of a user's birth.
pub(super) const CREATED: &str = "user_creation_time";

/// A cell that does not tell what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gap {
    /// There is no such column, or the row ends before it.
    Missing(&'static str),
    /// It says something else than it should.
    Strange(&'static str, String),
    /// It is a date after the time of the audit.
    Later(&'static str),
}

impl Gap {
    /// Says so, as a sentence without a full stop.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Missing(column) => format!("the report has no `{column}` for this row"),
            Self::Strange(column, cell) => {
                let short: String = cell.chars().take(LONGEST).collect();
                let more = if short.len() < cell.len() { "…" } else { "" };
                format!("`{column}` says `{short}{more}`, which does not tell it")
            }
            Self::Later(column) => format!("`{column}` is after the time of the audit"),
        }
    }

    /// The gap of a cell.
    pub(super) fn of(row: &Row, column: &'static str) -> Self {
        row.get(column).map_or(Self::Missing(column), |cell| Self::Strange(column, cell.to_owned()))
    }
}

/// A date of a report, beside the time of the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dated {
    /// The column it stands in.
    pub(super) column: &'static str,
    /// The date.
    pub(super) at: Timestamp,
    /// How long ago that was; never negative.
    pub(super) age: SignedDuration,
}

impl Dated {
    /// Tells whether it is longer ago than so many days: exactly so many are not.
    pub(super) fn is_older_than(&self, days: i64) -> bool {
        self.age > SignedDuration::from_secs(days.saturating_mul(86_400))
    }

    /// Returns the whole days since.
    pub(super) const fn days(&self) -> i64 {
        self.age.as_secs() / 86_400
    }
}

/// Places a date of a column before the time of the audit.
pub(super) fn dated(column: &'static str, at: Timestamp, as_of: Timestamp) -> Result<Dated, Gap> {
    let age = as_of.duration_since(at);
    if age < -SLACK {
        return Err(Gap::Later(column));
    }
    Ok(Dated { column, at, age: age.max(SignedDuration::ZERO) })
}

/// Returns the date of the first of some columns that has one. `N/A` and `no_information` say that there is none;
/// `not_supported` and what cannot be read say nothing, so that nobody may look further.
pub(super) fn first_date(row: &Row, columns: &[&'static str], as_of: Timestamp) -> Result<Dated, Gap> {
    for &column in columns {
        match row.when(column) {
            When::At(at) => return dated(column, at, as_of),
            When::NotApplicable | When::NoInformation => {}
            When::NotSupported | When::Unreadable(_) => return Err(Gap::of(row, column)),
        }
    }
    Err(columns.last().map_or(Gap::Missing(CREATED), |&last| Gap::of(row, last)))
}

/// Tells whether a column of a user says `true`; `N/A` says that there is nothing that could be on.
pub(super) fn is_on(row: &Row, column: &'static str) -> Result<bool, Gap> {
    match row.flag(column) {
        Flag::True => Ok(true),
        Flag::False | Flag::NotApplicable => Ok(false),
        Flag::NotSupported | Flag::Unreadable(_) => Err(Gap::of(row, column)),
    }
}

/// Adds cells to a verdict as evidence, as the report writes them.
pub(super) fn with_cells(verdict: Verdict, row: &Row, columns: &[&'static str]) -> Verdict {
    columns
        .iter()
        .fold(verdict, |verdict, &column| verdict.with(column, row.get(column).unwrap_or("no such column")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::credential_report::CredentialReport;

    fn row(set: &str, created: &str) -> Row {
        let text = format!(
            "user,arn,access_key_1_last_rotated,user_creation_time,access_key_1_active\nu,a,{set},{created},N/A\n"
        );
        CredentialReport::parse(&text, None).unwrap().rows()[0].clone()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const COLUMNS: &[&str] = &["access_key_1_last_rotated", CREATED];

    #[test]
    fn no_date_and_a_date_nobody_can_read_are_two_things() {
        let as_of = at("2026-04-01T00:00:00Z");
        let first = |set, created| first_date(&row(set, created), COLUMNS, as_of);
        let created = "2026-01-01T00:00:00+00:00";
        assert_eq!(first("N/A", created).unwrap().column, CREATED);
        assert_eq!(first("2026-03-01T00:00:00Z", created).unwrap().days(), 31);
        for strange in ["not_supported", "yesterday", ""] {
            assert_eq!(first(strange, created).unwrap_err(), Gap::Strange(COLUMNS[0], strange.into()));
        }
        assert_eq!(first("N/A", "N/A").unwrap_err(), Gap::Strange(CREATED, "N/A".into()));
        let gap = first_date(&row("", ""), &["access_key_2_last_rotated"], as_of).unwrap_err();
        assert_eq!(gap.sentence(), "the report has no `access_key_2_last_rotated` for this row");
    }

    #[test]
    fn ages_are_counted_to_the_second() {
        let dated = |text| dated(CREATED, at("2026-01-01T00:00:00Z"), at(text));
        assert!(!dated("2026-04-01T00:00:00Z").unwrap().is_older_than(90));
        assert!(dated("2026-04-01T00:00:01Z").unwrap().is_older_than(90));
        assert!(!dated("2026-04-01T00:00:01Z").unwrap().is_older_than(i64::MAX));
        assert_eq!(dated("2025-12-31T23:45:00Z").unwrap().age, SignedDuration::ZERO);
        assert_eq!(dated("2025-12-31T23:44:59Z").unwrap_err(), Gap::Later(CREATED));
    }
}
