//! Which cells of a row are what is wrong: those by which a check decided.

use std::collections::BTreeMap;

use super::super::credential::{KEYS, PASSWORD};
use super::super::finding::Finding;
use super::super::verdict::Status;
use crate::account::credential_report::{Flag, Row, When};

/// How a cell stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It does not tell what was asked.
    Untold,
    /// It is what is wrong.
    Wrong,
}

/// Returns the columns that findings are about.
pub(super) fn marks(row: &Row, findings: &[Finding]) -> BTreeMap<&'static str, Mark> {
    let mut marks = BTreeMap::new();
    for finding in findings {
        let (columns, mark) = match finding.status {
            Status::Fail => (at_fault(row, finding), Mark::Wrong),
            Status::Unknown => (untold(row, finding), Mark::Untold),
            Status::Pass | Status::Manual | Status::NotApplicable | Status::Exempt => continue,
        };
        for column in columns {
            let known = marks.entry(column).or_insert(mark);
            *known = mark.max(*known);
        }
    }
    marks
}

/// Returns the columns that decided. Evidence is what a check looked at, and may be more.
fn at_fault(row: &Row, finding: &Finding) -> Vec<&'static str> {
    let evidence = || finding.evidence.iter().map(|(column, _)| *column);
    let credential =
        [PASSWORD, KEYS[0], KEYS[1]].into_iter().find(|one| finding.credential == Some(one.name));
    match (finding.check, credential) {
        (Some("access-key-old" | "password-old"), Some(one)) => vec![one.set],
        (Some("password-old"), None) => vec![PASSWORD.set],
        (Some("credential-unused"), Some(one)) => vec![one.enabled, one.used],
        (Some("root-without-mfa"), _) => vec!["mfa_active"],
        (Some("user-two-active-keys"), _) => KEYS.map(|key| key.enabled).to_vec(),
        (Some("access-key-at-setup"), _) => {
            let unused = KEYS.into_iter().filter(|key| !matches!(row.when(key.used), When::At(_)));
            unused.filter(|key| row.flag(key.enabled) == Flag::True).map(|key| key.enabled).collect()
        }
        // A key that is not there is not what is wrong.
        (Some("root-access-key"), _) => evidence()
            .filter(|&column| row.flag(column) == Flag::True || matches!(row.when(column), When::At(_)))
            .collect(),
        // These look for the newest of several dates.
        (Some("root-used" | "user-stale"), _) => {
            let date = |column: &&'static str| match row.when(column) {
                When::At(at) => Some(at),
                _ => None,
            };
            evidence().filter(|column| date(column).is_some()).max_by_key(date).into_iter().collect()
        }
        _ => evidence().filter(|column| row.get(column).is_some()).collect(),
    }
}

/// Returns the columns of the evidence that say neither yes nor no nor when.
fn untold(row: &Row, finding: &Finding) -> Vec<&'static str> {
    let says = |column: &&'static str| {
        matches!(row.flag(column), Flag::True | Flag::False | Flag::NotApplicable)
            || matches!(row.when(column), When::At(_) | When::NoInformation)
    };
    finding.evidence.iter().map(|(column, _)| *column).filter(|column| !says(column)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Users;
    use super::*;
    use crate::audit::testing::{Cells, as_of, reported};

    fn marked(user: &str, cells: &Cells) -> Vec<(&'static str, Mark)> {
        let users = Users::of(&reported(&[(user, cells)]), as_of()).unwrap();
        users.people[0].marks.clone().into_iter().collect()
    }

    fn wrong(user: &str, cells: &Cells) -> Vec<&'static str> {
        marked(user, cells)
            .into_iter()
            .filter(|(_, mark)| *mark == Mark::Wrong)
            .map(|(column, _)| column)
            .collect()
    }

    const PASSWORD_ON: (&str, &str) = ("password_enabled", "true");
    const CHANGED: (&str, &str) = ("password_last_changed", "2026-02-20T00:00:00Z");
    const OLD: &str = "2025-06-01T00:00:00Z";
    const NOW: &str = "2026-03-01T00:00:00Z";

    #[test]
    fn exactly_the_cells_at_fault_are_marked() {
        assert_eq!(wrong("ann", &[PASSWORD_ON, CHANGED]), ["mfa_active", "password_enabled"]);
        let with_mfa = ("mfa_active", "true");
        let used = ("password_last_used", NOW);
        assert_eq!(
            wrong("ann", &[PASSWORD_ON, with_mfa, used, ("password_last_changed", OLD)]),
            ["password_last_changed"]
        );
        let key = ("access_key_2_active", "true");
        let key_used = ("access_key_2_last_used_date", NOW);
        assert_eq!(
            wrong("ann", &[key, key_used, ("access_key_2_last_rotated", OLD)]),
            ["access_key_2_last_rotated"]
        );
        assert_eq!(
            wrong("ann", &[PASSWORD_ON, with_mfa, CHANGED, ("password_last_used", OLD)]),
            ["password_enabled", "password_last_used"]
        );
        assert_eq!(wrong("ann", &[]), ["user_creation_time"], "nobody has seen ann for a year");
    }

    #[test]
    fn roots_cells_are_marked() {
        let root = "<root_account>";
        let with_mfa = ("mfa_active", "true");
        assert_eq!(
            wrong(root, &[("access_key_1_last_used_date", NOW), with_mfa]),
            ["access_key_1_last_used_date"]
        );
        assert_eq!(
            wrong(root, &[("access_key_2_last_rotated", OLD), with_mfa]),
            ["access_key_2_last_rotated"]
        );
        assert_eq!(wrong(root, &[PASSWORD_ON]), ["mfa_active"]);
    }

    #[test]
    fn what_cannot_be_read_is_in_doubt_and_not_wrong() {
        assert_eq!(
            marked("ann", &[("password_enabled", "maybe"), ("user_creation_time", NOW)]),
            [("password_enabled", Mark::Untold)]
        );
    }
}
