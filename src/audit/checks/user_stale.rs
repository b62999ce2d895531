//! Every user does something.

use crate::account::credential_report::{Row, When};
use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Param, Scope, Severity, Unread};
use crate::audit::credential::{CREATED, Credential, Dated, Gap, KEYS, PASSWORD, dated, first_date, is_on, with_cells};
use crate::audit::shell;
use crate::audit::verdict::{Subject, Verdict};

const DOCS: Docs = Docs {
    looks_at: "The last sign of life of each user in the credential report: the newest of the dates of last use of \
               its password and its two keys, also of those that are off by now. A credential that can be used and \
               never was counts from its making, and a user without any of that from its own (`user_creation_time`). \
               One date that is young enough passes, whatever the others say; exactly as many days as the limit pass.",
    why: "A user that nobody is any more keeps its groups and its permissions for whoever gets hold of it.",
    fix: "Ask whom it belongs to, then delete it with all that hangs on it: `aws iam delete-login-profile`, \
          `delete-access-key`, `deactivate-mfa-device`, `remove-user-from-group`, `detach-user-policy`, \
          `delete-user-policy`, and in the end `delete-user`, each with `--user-name NAME`.",
    sources: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_finding-unused.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html",
    ],
};

pub(super) const CHECK: Check = Check {
    id: "user-stale",
    title: "every user has done something lately",
    severity: Severity::Medium,
    scope: Scope::EachUser,
    reads: &[Part::CredentialReport],
    params: &[Param { name: "max_idle_days", default: 90, about: "days without a sign of life that pass" }],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    Ok(look.report()?.users().map(|row| user(look, row)).collect())
}

fn user(look: &Look<'_>, row: &Row) -> Verdict {
    let subject = Subject::new(row.arn(), row.user());
    let [one, two] = &KEYS;
    let signs = [&PASSWORD, one, two].map(|credential| sign(look, row, credential));
    let mut gap: Option<Gap> = None;
    let mut last: Option<Dated> = None;
    for sign in signs {
        match sign {
            Ok(found) => last = last.into_iter().chain(found).max_by_key(|found| found.at),
            Err(unknown) => gap = gap.or(Some(unknown)),
        }
    }
    let days = look.param("max_idle_days");
    let since = match (last, gap) {
        (Some(last), _) if !last.is_older_than(days) => Ok(last),
        (_, Some(gap)) => Err(gap),
        (Some(last), None) => Ok(last),
        (None, None) => first_date(row, &[CREATED], look.as_of),
    };
    let verdict = match since {
        Err(gap) => Verdict::unknown(subject, gap.sentence()),
        Ok(since) => {
            let good = !since.is_older_than(days);
            let message = format!("gave its last sign of life at {} (`{}`)", since.at, since.column);
            let verdict = Verdict::decide(subject, good, message);
            if good {
                verdict
            } else {
                let user = shell::option("--user-name", row.user());
                verdict.fix(format!(
                    "Ask whom it belongs to; then take its credentials, groups and policies away and delete it: `aws \
                     iam delete-user {user}`."
                ))
            }
        }
    };
    with_cells(verdict, row, &[PASSWORD.used, one.used, two.used, CREATED])
}

/// The last sign of life that a credential shows; `None` when it shows none.
fn sign(look: &Look<'_>, row: &Row, credential: &Credential) -> Result<Option<Dated>, Gap> {
    match row.when(credential.used) {
        When::At(at) => return dated(credential.used, at, look.as_of).map(Some),
        When::NotApplicable | When::NoInformation => {}
        // Some write this where there is no password.
        When::NotSupported if is_on(row, credential.enabled) == Ok(false) => {}
        When::NotSupported | When::Unreadable(_) => return Err(Gap::of(row, credential.used)),
    }
    if is_on(row, credential.enabled)? {
        return first_date(row, &[credential.set, CREATED], look.as_of).map(Some);
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing::{reported, status, verdicts, without};
    use crate::audit::verdict::Status;

    #[test]
    fn one_sign_of_life_is_enough() {
        let old = ("password_last_used", "2025-06-01T00:00:00Z");
        let young = ("access_key_2_last_used_date", "2026-02-01T00:00:00Z");
        assert_eq!(status(&CHECK, "ann", &[old]), Status::Fail);
        assert_eq!(status(&CHECK, "ann", &[old, young]), Status::Pass, "also of a key that is off");
        assert_eq!(status(&CHECK, "ann", &[("password_last_used", "2025-12-02T09:00:00Z")]), Status::Pass);
        assert_eq!(status(&CHECK, "ann", &[("password_last_used", "2025-12-02T08:59:59Z")]), Status::Fail);
    }

    #[test]
    fn without_any_use_the_making_counts() {
        assert_eq!(status(&CHECK, "ann", &[]), Status::Fail, "a user of 2025 without credentials");
        assert_eq!(status(&CHECK, "ann", &[("user_creation_time", "2026-02-01T00:00:00Z")]), Status::Pass);
        assert_eq!(status(&CHECK, "ann", &[("password_last_used", "not_supported")]), Status::Fail);
        let new = [("password_enabled", "true"), ("password_last_changed", "2026-02-01T00:00:00Z")];
        assert_eq!(status(&CHECK, "ann", &new), Status::Pass);
    }

    #[test]
    fn what_cannot_be_read_matters_only_without_a_young_date() {
        let bad = ("password_last_used", "?");
        let young = ("access_key_1_last_used_date", "2026-02-01T00:00:00Z");
        assert_eq!(status(&CHECK, "ann", &[bad]), Status::Unknown);
        assert_eq!(status(&CHECK, "ann", &[bad, young]), Status::Pass);
        assert!(verdicts(&CHECK, &reported(&[("<root_account>", &[])])).is_empty());
        assert_eq!(without(&CHECK), Part::CredentialReport);
    }
}
