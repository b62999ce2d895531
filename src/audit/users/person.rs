//! [`Person`]: a row of the credential report, each cell as what it means.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::credential::{CREATED, Credential, KEYS, PASSWORD, dated};
use super::super::finding::Finding;
use super::Mark;
use crate::account::credential_report::{Flag, Row, When};

/// The column for what has no columns of its own, in some reports.
const MORE: &str = "additional_credentials_info";

/// The two signing certificates: the columns of their state and of their date.
const CERTIFICATES: [(&str, &str); 2] =
    [("cert_1_active", "cert_1_last_rotated"), ("cert_2_active", "cert_2_last_rotated")];

/// What a cell says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told<T> {
    /// This.
    Known(T),
    /// `N/A`: there is nothing of the kind.
    None,
    /// `no_information`: never, or not since IAM keeps track.
    Never,
    /// `not_supported`, something that nobody can read, or no such cell: nothing.
    Nothing,
}

/// A date, and how long ago that was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The date.
    pub at: Timestamp,
    /// Whole days from then to the time by which ages are counted; `None` when it comes after that.
    pub days: Option<i64>,
}

/// A user, or root.
#[derive(Debug)]
pub struct Person {
    /// The name; root's is `<root_account>`.
    pub name: String,
    /// The ARN.
    pub arn: String,
    /// Whether it is root.
    pub is_root: bool,
    /// When it was made; root with the account.
    pub created: Told<Moment>,
    /// The console password.
    pub password: Password,
    /// Whether there is an MFA device.
    pub mfa: Told<bool>,
    /// The access keys.
    pub keys: [Key; 2],
    /// The signing certificates.
    pub certificates: [Certificate; 2],
    /// What the report says of credentials that have no columns; `None` when it says nothing.
    pub more: Option<String>,
    /// What is wrong or cannot be told, the worst first.
    pub findings: Vec<Finding>,
    pub(super) marks: BTreeMap<&'static str, Mark>,
}

/// The console password.
#[derive(Debug)]
pub struct Password {
    /// Whether there is one.
    pub enabled: Told<bool>,
    /// When it was last used.
    pub used: Told<Moment>,
    /// Since when it is as it is.
    pub changed: Told<Moment>,
    /// By when the password policy wants another.
    pub expires: Told<Moment>,
}

/// How an access key or a certificate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// It can be used.
    Active,
    /// It is there and cannot be used.
    Inactive,
    /// There is none.
    None,
    /// The report does not tell.
    Untold,
}

/// An access key.
#[derive(Debug)]
pub struct Key {
    /// How it stands.
    pub state: KeyState,
    /// When it was made, or last switched on or off.
    pub rotated: Told<Moment>,
    /// When it was last used.
    pub used: Told<Moment>,
    /// Where.
    pub region: Told<String>,
    /// With which service.
    pub service: Told<String>,
    /// Its columns.
    pub columns: KeyColumns,
}

/// The columns of a key or certificate.
#[derive(Debug, Clone, Copy)]
pub struct KeyColumns {
    /// Whether it is active.
    pub active: &'static str,
    /// When it was made or changed.
    pub rotated: &'static str,
    /// When it was last used; empty for a certificate.
    pub used: &'static str,
}

/// A signing certificate.
#[derive(Debug)]
pub struct Certificate {
    /// How it stands.
    pub state: KeyState,
    /// When it was uploaded, or last switched on or off.
    pub rotated: Told<Moment>,
    /// Its columns.
    pub columns: KeyColumns,
}

impl Person {
    /// Reads a row; findings and marks are still to come.
    pub(super) fn of(row: &Row, as_of: Timestamp) -> Self {
        let date = |column| moment(row, column, as_of);
        let more = row.get(MORE).map(str::trim);
        let is_said = |text: &&str| !text.is_empty() && !text.eq_ignore_ascii_case("n/a") && *text != "0";
        Self {
            name: row.user().to_owned(),
            arn: row.arn().to_owned(),
            is_root: row.is_root(),
            created: date(CREATED),
            password: Password {
                enabled: flag(row, PASSWORD.enabled),
                used: date(PASSWORD.used),
                changed: date(PASSWORD.set),
                expires: date("password_next_rotation"),
            },
            mfa: flag(row, "mfa_active"),
            keys: KEYS.map(|key| of_key(row, key, as_of)),
            certificates: CERTIFICATES.map(|(active, rotated)| Certificate {
                state: state(row, active, rotated),
                rotated: date(rotated),
                columns: KeyColumns { active, rotated, used: "" },
            }),
            more: more.filter(is_said).map(str::to_owned),
            findings: Vec::new(),
            marks: BTreeMap::new(),
        }
    }
}

impl Told<bool> {
    /// Tells whether the report says yes.
    pub const fn is_yes(&self) -> bool {
        matches!(self, Self::Known(true))
    }
}

fn of_key(row: &Row, key: Credential, as_of: Timestamp) -> Key {
    let (region, service) = match key.name {
        "access_key_1" => ("access_key_1_last_used_region", "access_key_1_last_used_service"),
        _ => ("access_key_2_last_used_region", "access_key_2_last_used_service"),
    };
    Key {
        state: state(row, key.enabled, key.set),
        rotated: moment(row, key.set, as_of),
        used: moment(row, key.used, as_of),
        region: text(row, region),
        service: text(row, service),
        columns: KeyColumns { active: key.enabled, rotated: key.set, used: key.used },
    }
}

/// Tells how a key stands: one that is not active keeps its date.
fn state(row: &Row, active: &str, rotated: &str) -> KeyState {
    match (row.flag(active), row.when(rotated)) {
        (Flag::True, _) => KeyState::Active,
        (Flag::False | Flag::NotApplicable, When::At(_)) => KeyState::Inactive,
        (Flag::False | Flag::NotApplicable, When::NotApplicable) => KeyState::None,
        _ => KeyState::Untold,
    }
}

fn flag(row: &Row, column: &str) -> Told<bool> {
    match row.flag(column) {
        Flag::True => Told::Known(true),
        Flag::False => Told::Known(false),
        Flag::NotApplicable => Told::None,
        Flag::NotSupported | Flag::Unreadable(_) => Told::Nothing,
    }
}

fn moment(row: &Row, column: &'static str, as_of: Timestamp) -> Told<Moment> {
    match row.when(column) {
        When::At(at) => {
            Told::Known(Moment { at, days: dated(column, at, as_of).ok().map(|dated| dated.days()) })
        }
        When::NotApplicable => Told::None,
        When::NoInformation => Told::Never,
        When::NotSupported | When::Unreadable(_) => Told::Nothing,
    }
}

fn text(row: &Row, column: &str) -> Told<String> {
    match row.get(column) {
        Some(text) if text.eq_ignore_ascii_case("n/a") => Told::None,
        Some(text) if text.eq_ignore_ascii_case("no_information") => Told::Never,
        Some(text) if text.is_empty() || text.eq_ignore_ascii_case("not_supported") => Told::Nothing,
        Some(text) => Told::Known(text.to_owned()),
        None => Told::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::credential_report::CredentialReport;
    use crate::audit::testing::{Cells, as_of, report};

    fn person(cells: &Cells) -> Person {
        Person::of(&report(&[("ann", cells)]).rows()[0], as_of())
    }

    #[test]
    fn a_key_is_active_inactive_absent_or_untold() {
        let state = |active, rotated| {
            person(&[("access_key_2_active", active), ("access_key_2_last_rotated", rotated)]).keys[1].state
        };
        let date = "2026-01-01T00:00:00Z";
        assert_eq!(state("true", "N/A"), KeyState::Active);
        assert_eq!(state("FALSE", date), KeyState::Inactive);
        assert_eq!(state("false", "N/A"), KeyState::None);
        assert_eq!(state("not_supported", date), KeyState::Untold);
        assert_eq!(state("false", "not_supported"), KeyState::Untold);
    }

    #[test]
    fn never_none_and_nothing_are_three_things() {
        let used = |cell| person(&[("password_last_used", cell)]).password.used;
        assert_eq!(used("no_information"), Told::Never);
        assert_eq!(used("N/A"), Told::None);
        assert_eq!(used("not_supported"), Told::Nothing);
        assert_eq!(used("yesterday"), Told::Nothing);
        let at = "2026-02-28T08:00:00Z".parse().unwrap();
        assert_eq!(used("2026-02-28T08:00:00+00:00"), Told::Known(Moment { at, days: Some(2) }));
        let later = "2026-03-03T08:00:00Z".parse().unwrap();
        assert_eq!(used("2026-03-03T08:00:00Z"), Told::Known(Moment { at: later, days: None }));
    }

    #[test]
    fn a_23rd_column_is_read_and_missing_ones_tell_nothing() {
        let text = "user,arn,additional_credentials_info\nann,a,1 ListAccessKeys\nbob,b,N/A\n";
        let report = CredentialReport::parse(text, None).unwrap();
        let people: Vec<Person> = report.rows().iter().map(|row| Person::of(row, as_of())).collect();
        assert_eq!(people[0].more.as_deref(), Some("1 ListAccessKeys"));
        assert_eq!(people[1].more, None);
        assert_eq!((&people[0].mfa, people[0].certificates[0].state), (&Told::Nothing, KeyState::Untold));
    }
}
