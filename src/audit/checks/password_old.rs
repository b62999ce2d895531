//! Console passwords are young.

use crate::account::credential_report::Row;
use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Param, Scope, Severity, Unread};
use crate::audit::credential::{CREATED, PASSWORD, first_date, is_on, with_cells};
use crate::audit::shell;
use crate::audit::verdict::{Subject, Verdict};

const DOCS: Docs = Docs {
    looks_at: "`password_last_changed` of every user with a console password in the credential report. A password \
               without that date counts from `user_creation_time`. Exactly as many days as the limit pass. Whether \
               the password is used makes no difference. Root is not counted: the report does not tell it.",
    why: "A password that has become known stays good until it is changed.",
    fix: "Have the user change it, or set a new one that has to be changed at the next sign-in: `aws iam \
          update-login-profile --user-name NAME --password-reset-required`. Let the password policy expire passwords.",
    sources: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html",
    ],
};

pub(super) const CHECK: Check = Check {
    id: "password-old",
    title: "every console password was changed lately",
    severity: Severity::Low,
    scope: Scope::EachUser,
    reads: &[Part::CredentialReport],
    params: &[Param { name: "max_age_days", default: 90, about: "days of age that pass" }],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    Ok(look.report()?.users().map(|row| user(look, row)).collect())
}

fn user(look: &Look<'_>, row: &Row) -> Verdict {
    let subject = Subject::new(row.arn(), row.user());
    let since = match is_on(row, PASSWORD.enabled) {
        Ok(true) => first_date(row, &[PASSWORD.set, CREATED], look.as_of),
        Ok(false) => {
            let none = Verdict::not_applicable(subject, "has no console password");
            return with_cells(none, row, &[PASSWORD.enabled]);
        }
        Err(gap) => Err(gap),
    };
    let verdict = match since {
        Err(gap) => Verdict::unknown(subject, gap.sentence()),
        Ok(since) => {
            let good = !since.is_older_than(look.param("max_age_days"));
            let message = format!("has a console password of {} ({} days old)", since.at, since.days());
            let verdict = Verdict::decide(subject, good, message);
            if good {
                verdict
            } else {
                let user = shell::option("--user-name", row.user());
                verdict.fix(format!(
                    "Have it changed at the next sign-in: `aws iam update-login-profile {user} \
                     --password-reset-required`."
                ))
            }
        }
    };
    with_cells(verdict, row, &[PASSWORD.enabled, PASSWORD.set, CREATED])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing::{Cells, reported, status, verdicts, without};
    use crate::audit::verdict::Status;

    #[test]
    fn exactly_ninety_days_pass_and_a_second_more_fails() {
        let of = |date| {
            let cells: &Cells = &[("password_enabled", "true"), ("password_last_changed", date)];
            status(&CHECK, "ann", cells)
        };
        assert_eq!(of("2025-12-02T09:00:00Z"), Status::Pass);
        assert_eq!(of("2025-12-02T08:59:59Z"), Status::Fail);
        assert_eq!(of("N/A"), Status::Fail, "the user is of 2025");
        assert_eq!(of("not_supported"), Status::Unknown);
        assert_eq!(of("2026-05-01T00:00:00Z"), Status::Unknown);
    }

    #[test]
    fn nobody_with_a_password_and_nothing_read() {
        let old: &Cells = &[("password_last_changed", "2020-01-01T00:00:00Z")];
        assert_eq!(status(&CHECK, "ann", old), Status::NotApplicable);
        assert_eq!(status(&CHECK, "ann", &[("password_enabled", "?")]), Status::Unknown);
        assert!(verdicts(&CHECK, &reported(&[("<root_account>", old)])).is_empty());
        assert_eq!(without(&CHECK), Part::CredentialReport);
    }
}
