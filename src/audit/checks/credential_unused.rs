//! Credentials that nobody uses cannot be used.

use crate::account::credential_report::Row;
use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Param, Scope, Severity, Unread};
use crate::audit::credential::{CREATED, Credential, KEYS, PASSWORD, first_date, is_on, with_cells};
use crate::audit::shell;
use crate::audit::verdict::{Subject, Verdict};

const DOCS: Docs = Docs {
    looks_at: "Every credential of a user that can be used: the console password and the active access keys of the \
               credential report, each on its own. One that has been used is idle since its last use. One that never \
               was (`no_information`, `N/A`) is idle since `password_last_changed` or `access_key_N_last_rotated`, \
               and when that has no date either, since `user_creation_time`. Exactly as many days as the limit pass. \
               Inactive keys and root are not counted. IAM does not know of uses before October 2014 (passwords) and \
               April 2015 (keys).",
    why: "Nobody misses an idle credential, so nobody notices when somebody else begins to use it.",
    fix: "Take it away: `aws iam delete-login-profile --user-name NAME` for a password, `aws iam update-access-key \
          --user-name NAME --access-key-id ID --status Inactive` for a key, and delete the key when nothing is \
          missed.",
    sources: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_finding-unused.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html",
    ],
};

pub(super) const CHECK: Check = Check {
    id: "credential-unused",
    title: "every credential that can be used is used",
    severity: Severity::Medium,
    scope: Scope::EachUser,
    reads: &[Part::CredentialReport],
    params: &[Param { name: "max_idle_days", default: 90, about: "days without use that pass" }],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    Ok(look.report()?.users().flat_map(|row| user(look, row)).collect())
}

fn user(look: &Look<'_>, row: &Row) -> Vec<Verdict> {
    let [one, two] = &KEYS;
    let verdicts: Vec<Verdict> =
        [&PASSWORD, one, two].into_iter().filter_map(|credential| judge(look, row, credential)).collect();
    if !verdicts.is_empty() {
        return verdicts;
    }
    let none = Verdict::not_applicable(
        Subject::new(row.arn(), row.user()),
        "has neither a console password nor an active access key",
    );
    vec![with_cells(none, row, &[PASSWORD.enabled, one.enabled, two.enabled])]
}

/// Judges one credential; `None` when it cannot be used anyway.
fn judge(look: &Look<'_>, row: &Row, credential: &Credential) -> Option<Verdict> {
    let subject = Subject::new(row.arn(), row.user()).credential(credential.name);
    let words = credential.words;
    let since = match is_on(row, credential.enabled) {
        Ok(true) => first_date(row, &[credential.used, credential.set, CREATED], look.as_of),
        Ok(false) => return None,
        Err(gap) => Err(gap),
    };
    let verdict = match since {
        Err(gap) => Verdict::unknown(subject, gap.sentence()),
        Ok(since) => {
            let how = if since.column == credential.used { "was last used" } else { "was never used, and set" };
            let good = !since.is_older_than(look.param("max_idle_days"));
            let message = format!("has {words} that {how} at {} ({} days ago)", since.at, since.days());
            let verdict = Verdict::decide(subject, good, message);
            if good { verdict } else { verdict.fix(advice(row, credential)) }
        }
    };
    Some(with_cells(verdict, row, &[credential.enabled, credential.used, credential.set, CREATED]))
}

fn advice(row: &Row, credential: &Credential) -> String {
    let user = shell::option("--user-name", row.user());
    if credential.name == PASSWORD.name {
        return format!("Take the password away: `aws iam delete-login-profile {user}`.");
    }
    format!(
        "Find the key's id with `aws iam list-access-keys {user}` and deactivate it: `aws iam update-access-key \
         {user} --access-key-id ID --status Inactive`."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing::{Cells, reported, status, verdicts, without};
    use crate::audit::verdict::Status;

    #[test]
    fn exactly_ninety_days_pass_and_a_second_more_fails() {
        let idle = |used| {
            let set = ("password_last_changed", "2025-02-01T00:00:00Z");
            status(&CHECK, "ann", &[("password_enabled", "true"), set, ("password_last_used", used)])
        };
        assert_eq!(idle("2025-12-02T09:00:00+00:00"), Status::Pass);
        assert_eq!(idle("2025-12-02T08:59:59+00:00"), Status::Fail);
        assert_eq!(idle("2026-03-02T09:10:00Z"), Status::Pass, "clocks differ by minutes");
        for untold in ["2026-03-02T09:16:00Z", "not_supported", "last week", ""] {
            assert_eq!(idle(untold), Status::Unknown, "{untold}");
        }
    }

    #[test]
    fn what_was_never_used_ages_from_its_making() {
        let key = |set| {
            let cells: &Cells = &[("access_key_2_active", "true"), ("access_key_2_last_rotated", set)];
            status(&CHECK, "ann", cells)
        };
        assert_eq!(key("2025-10-01T00:00:00Z"), Status::Fail);
        assert_eq!(key("2026-02-01T00:00:00Z"), Status::Pass);
        assert_eq!(key("N/A"), Status::Fail, "the user is of 2025");
        let password: &Cells = &[
            ("password_enabled", "true"),
            ("password_last_used", "no_information"),
            ("password_last_changed", "2025-10-01T00:00:00Z"),
        ];
        assert_eq!(status(&CHECK, "ann", password), Status::Fail);
    }

    #[test]
    fn each_credential_is_judged_on_its_own_and_once() {
        let cells: &Cells = &[
            ("password_enabled", "true"),
            ("password_last_used", "2026-03-01T00:00:00Z"),
            ("access_key_1_active", "false"),
            ("access_key_1_last_rotated", "2020-01-01T00:00:00Z"),
            ("access_key_2_active", "maybe"),
        ];
        let found: Vec<_> = verdicts(&CHECK, &reported(&[("<root_account>", cells), ("ann", cells)]))
            .into_iter()
            .map(|verdict| (verdict.subject.credential, verdict.status))
            .collect();
        assert_eq!(found, [(Some("password"), Status::Pass), (Some("access_key_2"), Status::Unknown)]);
        assert_eq!(status(&CHECK, "ann", &[]), Status::NotApplicable);
        assert_eq!(without(&CHECK), Part::CredentialReport);
    }
}
