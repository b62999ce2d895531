//! A user has at most one active access key.

use crate::account::credential_report::Row;
use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Param, Scope, Severity, Unread};
use crate::audit::credential::{CREATED, Gap, KEYS, first_date, is_on, with_cells};
use crate::audit::shell;
use crate::audit::verdict::{Subject, Verdict};

const DOCS: Docs = Docs {
    looks_at: "`access_key_1_active` and `access_key_2_active` of every user in the credential report. With a grace \
               period (`grace_days`) two keys pass while the younger one, by `access_key_N_last_rotated`, is not \
               older than that: one is being replaced by the other. A user without an active key is not counted.",
    why: "The second key is meant for the days of a rotation. One that stays is one more to lose, and nobody knows \
          which of the two is in use.",
    fix: "See which key is in use (`aws iam get-access-key-last-used --access-key-id ID`), deactivate the other \
          (`aws iam update-access-key --user-name NAME --access-key-id ID --status Inactive`) and delete it when \
          nothing is missed.",
    sources: &["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html"],
};

pub(super) const CHECK: Check = Check {
    id: "user-two-active-keys",
    title: "every user has at most one active access key",
    severity: Severity::Medium,
    scope: Scope::EachUser,
    reads: &[Part::CredentialReport],
    params: &[Param { name: "grace_days", default: 0, about: "days beside a younger key that pass" }],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    Ok(look.report()?.users().map(|row| user(look, row)).collect())
}

fn user(look: &Look<'_>, row: &Row) -> Verdict {
    let subject = Subject::new(row.arn(), row.user());
    let verdict = match KEYS.map(|key| is_on(row, key.enabled)) {
        [Ok(true), Ok(true)] => return two(look, row, subject),
        [Ok(false), Ok(false)] => Verdict::not_applicable(subject, "has no active access key"),
        [Ok(false), _] | [_, Ok(false)] => Verdict::pass(subject, "has at most one active access key"),
        [Err(gap), _] | [_, Err(gap)] => Verdict::unknown(subject, gap.sentence()),
    };
    with_cells(verdict, row, &KEYS.map(|key| key.enabled))
}

fn two(look: &Look<'_>, row: &Row, subject: Subject) -> Verdict {
    let grace = look.param("grace_days");
    let ages = KEYS.map(|key| first_date(row, &[key.set, CREATED], look.as_of));
    let is_young = ages.iter().flatten().any(|age| !age.is_older_than(grace));
    let gap = ages.iter().find_map(|age| age.as_ref().err().map(Gap::sentence));
    let verdict = match gap {
        _ if grace > 0 && is_young => {
            let message = format!("has two active access keys, one of them not older than {grace} days");
            Verdict::pass(subject, message)
        }
        Some(gap) if grace > 0 => Verdict::unknown(subject, gap),
        _ => {
            let user = shell::option("--user-name", row.user());
            Verdict::fail(subject, "has two active access keys").fix(format!(
                "List them with `aws iam list-access-keys {user}`, see which one is in use with `aws iam \
                 get-access-key-last-used --access-key-id ID`, and deactivate the other: `aws iam \
                 update-access-key {user} --access-key-id ID --status Inactive`."
            ))
        }
    };
    with_cells(verdict, row, &[KEYS[0].enabled, KEYS[1].enabled, KEYS[0].set, KEYS[1].set])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing::{Cells, ask, reported, status, without};
    use crate::audit::verdict::Status;

    const BOTH: &Cells = &[
        ("access_key_1_active", "true"),
        ("access_key_2_active", "true"),
        ("access_key_1_last_rotated", "2025-06-01T00:00:00Z"),
        ("access_key_2_last_rotated", "2026-02-23T09:00:00Z"),
    ];

    #[test]
    fn one_active_key_is_enough() {
        assert_eq!(status(&CHECK, "ann", BOTH), Status::Fail);
        assert_eq!(status(&CHECK, "ann", &BOTH[..1]), Status::Pass);
        assert_eq!(status(&CHECK, "ann", &[]), Status::NotApplicable);
        assert_eq!(status(&CHECK, "ann", &[("access_key_1_active", "?")]), Status::Pass);
        assert_eq!(status(&CHECK, "ann", &[BOTH[0], ("access_key_2_active", "?")]), Status::Unknown);
        assert_eq!(without(&CHECK), Part::CredentialReport);
    }

    #[test]
    fn a_rotation_may_take_its_days() {
        let with = |days, cells| {
            ask(&CHECK, &reported(&[("ann", cells)]), &[("grace_days", days)]).unwrap()[0].status
        };
        assert_eq!(with(7, BOTH), Status::Pass);
        assert_eq!(with(6, BOTH), Status::Fail);
        let unreadable: &Cells = &[BOTH[0], BOTH[1], BOTH[2], ("access_key_2_last_rotated", "?")];
        assert_eq!(with(7, unreadable), Status::Unknown);
        assert_eq!(with(0, unreadable), Status::Fail, "without a grace period no date is needed");
    }
}
