//! The credential report for people: what it says of each user, and what the checks of the audit find wrong with it.
//!
//! ```text
//!  Snapshot ─► its credential report ─┬─► person: the cells of a row, typed, with ages
//!                                     └─► judge: the checks that need nothing else ─► flag: the cells at fault
//! ```
//!
//! There are no rules here: what is wrong is what `audit run` says is wrong.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::check::Unread;
use super::finding::Finding;
use super::verdict::Status;
use crate::account::part::Part;
use crate::account::snapshot::{Facet, Snapshot};

mod flag;
mod judge;
mod person;

pub use flag::Mark;
pub use person::{Certificate, Key, KeyState, Moment, Password, Person, Told};

/// The check that counts users who sign in without MFA.
const WITHOUT_MFA: &str = "user-console-without-mfa";
/// The check that counts old keys.
const OLD_KEY: &str = "access-key-old";
/// The check that counts what nobody uses.
const UNUSED: &str = "credential-unused";

/// A credential report, read for people.
#[derive(Debug)]
pub struct Users {
    /// The 12-digit account.
    pub account: String,
    /// The time by which ages are counted.
    pub as_of: Timestamp,
    /// When the account handed it out; `None` for a downloaded file, which does not tell.
    pub read_at: Option<Timestamp>,
    /// When IAM made it; `None` for a downloaded file, which does not tell.
    pub generated: Option<Timestamp>,
    /// How many rows the report has, root's among them.
    pub rows: usize,
    /// The figures of the whole report, whoever is shown.
    pub summary: Summary,
    /// Who is shown: root, then the users in the report's order.
    pub people: Vec<Person>,
    /// What is wrong with nobody who is in the report: findings about a root user that has no row.
    pub unplaced: Vec<Finding>,
}

/// The figures of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// Users, without root.
    pub users: usize,
    /// Users with a console password.
    pub with_console: usize,
    /// Users with a console password and no MFA device.
    pub without_mfa: usize,
    /// Active access keys of users.
    pub active_keys: usize,
    /// Those that are older than [`Summary::old_after_days`].
    pub old_keys: usize,
    /// Passwords and active access keys of users that nobody has used for [`Summary::unused_after_days`].
    pub unused_credentials: usize,
    /// Users of whom [`Summary::without_mfa`] cannot be told.
    pub without_mfa_untold: usize,
    /// Keys of which [`Summary::old_keys`] cannot be told.
    pub old_keys_untold: usize,
    /// Credentials of which [`Summary::unused_credentials`] cannot be told.
    pub unused_credentials_untold: usize,
    /// Users, and root, with something wrong.
    pub flagged: usize,
    /// Users, and root, of whom the report leaves something open: everything of root, when root has no row.
    pub untold: usize,
    /// Days that a key may be old.
    pub old_after_days: i64,
    /// Days that a credential may be idle.
    pub unused_after_days: i64,
}

impl Users {
    /// Reads the credential report of a picture; nothing else in it is looked at.
    ///
    /// # Errors
    ///
    /// The picture has no credential report.
    pub fn of(snapshot: &Snapshot, as_of: Timestamp) -> Result<Self, Unread> {
        let report = match &snapshot.credential_report {
            Facet::Read(report) => report,
            Facet::NotRead(why) => return Err(Unread { part: Part::CredentialReport, why: why.clone() }),
        };
        let mut found = judge::findings(snapshot, as_of);
        let summary = |people: &[Person], unplaced: &[Finding]| Summary {
            users: report.users().count(),
            with_console: people.iter().filter(|one| !one.is_root && one.password.enabled.is_yes()).count(),
            without_mfa: standing(people, WITHOUT_MFA, Status::Fail),
            active_keys: people
                .iter()
                .filter(|one| !one.is_root)
                .flat_map(|one| &one.keys)
                .filter(|key| key.state == KeyState::Active)
                .count(),
            old_keys: standing(people, OLD_KEY, Status::Fail),
            unused_credentials: standing(people, UNUSED, Status::Fail),
            without_mfa_untold: standing(people, WITHOUT_MFA, Status::Unknown),
            old_keys_untold: standing(people, OLD_KEY, Status::Unknown),
            unused_credentials_untold: standing(people, UNUSED, Status::Unknown),
            flagged: people.iter().filter(|one| one.is_flagged()).count(),
            untold: people.iter().filter(|one| one.has(Status::Unknown)).count()
                + usize::from(!unplaced.is_empty()),
            old_after_days: judge::limit(OLD_KEY),
            unused_after_days: judge::limit(UNUSED),
        };
        let mut people: Vec<Person> = report
            .rows()
            .iter()
            .map(|row| {
                let mut person = Person::of(row, as_of);
                person.findings = found.remove(row.user()).unwrap_or_default();
                person.marks = flag::marks(row, &person.findings);
                person
            })
            .collect();
        // IAM writes root first; who sorted a downloaded report did not.
        people.sort_by_key(|person| !person.is_root);
        let unplaced: Vec<Finding> = found.into_values().flatten().collect();
        Ok(Self {
            account: snapshot.account.clone(),
            as_of,
            read_at: report.generated.map(|_| snapshot.taken_at),
            generated: report.generated,
            rows: people.len(),
            summary: summary(&people, &unplaced),
            people,
            unplaced,
        })
    }

    /// Leaves out whom nobody asked for; figures stay those of the whole report.
    pub fn keep(&mut self, wanted: impl Fn(&Person) -> bool) {
        self.people.retain(wanted);
    }
}

impl Person {
    /// Tells whether something is wrong.
    pub fn is_flagged(&self) -> bool {
        self.has(Status::Fail)
    }

    /// Tells whether a finding stands so.
    pub fn has(&self, status: Status) -> bool {
        self.findings.iter().any(|finding| finding.status == status)
    }

    /// Returns the columns at fault, and how.
    pub const fn marks(&self) -> &BTreeMap<&'static str, Mark> {
        &self.marks
    }
}

/// Counts the findings of a check that stand so.
fn standing(people: &[Person], check: &str, status: Status) -> usize {
    let all = people.iter().flat_map(|person| &person.findings);
    all.filter(|finding| finding.check == Some(check) && finding.status == status).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing::{as_of, reported, unread_account};

    #[test]
    fn figures_are_the_findings_of_the_audit() {
        let password = ("password_enabled", "true");
        let young = ("password_last_changed", "2026-02-20T00:00:00Z");
        let key = ("access_key_1_active", "true");
        let snapshot = reported(&[
            ("<root_account>", &[("mfa_active", "true"), ("password_enabled", "not_supported")]),
            (
                "good",
                &[password, young, ("mfa_active", "true"), ("password_last_used", "2026-03-01T00:00:00Z")],
            ),
            ("bare", &[password, young]),
            (
                "old",
                &[
                    key,
                    ("access_key_1_last_rotated", "2025-06-01T00:00:00Z"),
                    ("access_key_1_last_used_date", "2026-03-01T00:00:00Z"),
                ],
            ),
            ("idle", &[key, ("access_key_1_last_rotated", "2025-06-01T00:00:00Z")]),
            ("torn", &[("password_enabled", "maybe")]),
        ]);
        let users = Users::of(&snapshot, as_of()).unwrap();
        assert_eq!(
            users.summary,
            Summary {
                users: 5,
                with_console: 2,
                without_mfa: 1,
                active_keys: 2,
                old_keys: 2,
                unused_credentials: 1,
                without_mfa_untold: 1,
                old_keys_untold: 0,
                unused_credentials_untold: 1,
                flagged: 3,
                untold: 1,
                old_after_days: 90,
                unused_after_days: 90,
            },
            "{:#?}",
            users.people
        );
        let names: Vec<&str> = users.people.iter().map(|person| person.name.as_str()).collect();
        assert_eq!(names, ["<root_account>", "good", "bare", "old", "idle", "torn"]);
        assert!(users.people[0].findings.is_empty() && users.people[1].findings.is_empty());
    }

    #[test]
    fn a_report_without_root_says_so() {
        let users = Users::of(&reported(&[("ann", &[])]), as_of()).unwrap();
        let checks: Vec<_> = users.unplaced.iter().filter_map(|finding| finding.check).collect();
        assert_eq!(checks, ["root-used", "root-access-key", "root-without-mfa"]);
        assert!(users.unplaced.iter().all(|finding| finding.status == Status::Unknown));
        assert_eq!(users.summary.untold, 1);
    }

    #[test]
    fn without_a_report_nothing_is_told() {
        assert_eq!(Users::of(&unread_account(), as_of()).unwrap_err().part, Part::CredentialReport);
    }
}
