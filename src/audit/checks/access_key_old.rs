//! Active access keys are young.

use crate::account::credential_report::Row;
use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Param, Scope, Severity, Unread};
use crate::audit::credential::{CREATED, Credential, KEYS, first_date, is_on, with_cells};
use crate::audit::shell;
use crate::audit::verdict::{Subject, Verdict};

const DOCS: Docs = Docs {
    looks_at: "`access_key_N_last_rotated` of every active access key in the credential report: when the key was made \
               or last switched on or off. A key without that date counts from `user_creation_time`. Exactly as many \
               days as the limit pass. Inactive keys are not counted; root's keys have a check of their own.",
    why: "A key works until somebody ends it. The longer it lives, the more laptops, logs and repositories have it.",
    fix: "Make a second key (`aws iam create-access-key --user-name NAME`), move what uses the old one to it, \
          deactivate the old one (`aws iam update-access-key … --status Inactive`), and delete it when nothing is \
          missed.",
    sources: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html",
    ],
};

pub(super) const CHECK: Check = Check {
    id: "access-key-old",
    title: "every active access key is young",
    severity: Severity::Medium,
    scope: Scope::EachUser,
    reads: &[Part::CredentialReport],
    params: &[Param { name: "max_age_days", default: 90, about: "days of age that pass" }],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    Ok(look.report()?.users().flat_map(|row| user(look, row)).collect())
}

fn user(look: &Look<'_>, row: &Row) -> Vec<Verdict> {
    let verdicts: Vec<Verdict> = KEYS.iter().filter_map(|key| judge(look, row, key)).collect();
    if !verdicts.is_empty() {
        return verdicts;
    }
    let none = Verdict::not_applicable(Subject::new(row.arn(), row.user()), "has no active access key");
    vec![with_cells(none, row, &KEYS.map(|key| key.enabled))]
}

/// Judges one key; `None` when it cannot be used anyway.
fn judge(look: &Look<'_>, row: &Row, key: &Credential) -> Option<Verdict> {
    let subject = Subject::new(row.arn(), row.user()).credential(key.name);
    let since = match is_on(row, key.enabled) {
        Ok(true) => first_date(row, &[key.set, CREATED], look.as_of),
        Ok(false) => return None,
        Err(gap) => Err(gap),
    };
    let verdict = match since {
        Err(gap) => Verdict::unknown(subject, gap.sentence()),
        Ok(since) => {
            let good = !since.is_older_than(look.param("max_age_days"));
            let message = format!("has an active access key of {} ({} days old)", since.at, since.days());
            let verdict = Verdict::decide(subject, good, message);
            if good { verdict } else { verdict.fix(advice(row)) }
        }
    };
    Some(with_cells(verdict, row, &[key.enabled, key.set, CREATED]))
}

fn advice(row: &Row) -> String {
    let user = shell::option("--user-name", row.user());
    format!(
        "Make a new key (`aws iam create-access-key {user}`), move its programs, then end the old one: `aws iam \
         update-access-key {user} --access-key-id ID --status Inactive` and `aws iam delete-access-key {user} \
         --access-key-id ID`."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing::{Cells, reported, status, verdicts, without};
    use crate::audit::verdict::Status;

    const ACTIVE: (&str, &str) = ("access_key_1_active", "true");

    #[test]
    fn exactly_ninety_days_pass_and_a_second_more_fails() {
        let of = |date| status(&CHECK, "ann", &[ACTIVE, ("access_key_1_last_rotated", date)]);
        assert_eq!(of("2025-12-02T09:00:00Z"), Status::Pass);
        assert_eq!(of("2025-12-02T08:59:59Z"), Status::Fail);
        assert_eq!(of("N/A"), Status::Fail, "the user is of 2025");
        for untold in ["2026-04-01T00:00:00Z", "not_supported", "old", ""] {
            assert_eq!(of(untold), Status::Unknown, "{untold}");
        }
    }

    #[test]
    fn every_key_has_its_own_verdict_and_an_inactive_one_none() {
        let old = "2020-01-01T00:00:00Z";
        let cells: &Cells = &[
            ("access_key_1_last_rotated", old),
            ("access_key_2_active", "true"),
            ("access_key_2_last_rotated", old),
        ];
        let found = verdicts(&CHECK, &reported(&[("<root_account>", cells), ("ann", cells)]));
        let found: Vec<_> =
            found.iter().map(|verdict| (verdict.subject.credential, verdict.status)).collect();
        assert_eq!(found, [(Some("access_key_2"), Status::Fail)]);
        assert_eq!(status(&CHECK, "ann", &cells[..1]), Status::NotApplicable);
        assert_eq!(without(&CHECK), Part::CredentialReport);
    }
}
