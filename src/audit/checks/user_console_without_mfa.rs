//! Every user with a console password has an MFA device.

use crate::account::credential_report::Row;
use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::credential::{PASSWORD, is_on, with_cells};
use crate::audit::shell;
use crate::audit::verdict::{Subject, Verdict};

const DOCS: Docs = Docs {
    looks_at: "The credential report's `password_enabled` and `mfa_active` of every user. A user without a \
               password has nothing to protect with a second factor and is not counted; root has a check of its \
               own. A password that was never used counts all the same. Hardware, virtual and FIDO devices all make \
               `mfa_active` true. A device that was registered after the report was made is not in it.",
    why: "A password can be guessed, reused or phished; with a second factor, having it is not enough.",
    fix: "Have the user enable a device: Console → IAM → Users → the user → Security credentials → Assign MFA \
          device; or take the password away with `aws iam delete-login-profile --user-name NAME`.",
    sources: &["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_enable.html"],
};

pub(super) const CHECK: Check = Check {
    id: "user-console-without-mfa",
    title: "every user with a console password has an MFA device",
    severity: Severity::High,
    scope: Scope::EachUser,
    reads: &[Part::CredentialReport],
    params: &[],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    Ok(look.report()?.users().map(user).collect())
}

fn user(row: &Row) -> Verdict {
    let subject = Subject::new(row.arn(), row.user());
    let verdict = match (is_on(row, PASSWORD.enabled), is_on(row, "mfa_active")) {
        (Ok(false), _) => Verdict::not_applicable(subject, "has no console password"),
        (Ok(true), Ok(true)) => Verdict::pass(subject, "has a console password and an MFA device"),
        (Ok(true), Ok(false)) => {
            let delete =
                format!("aws iam delete-login-profile {}", shell::option("--user-name", row.user()));
            Verdict::fail(subject, "has a console password and no MFA device").fix(format!(
                "Have the user assign an MFA device under Security credentials, or take the password away: `{delete}`."
            ))
        }
        (Err(gap), _) | (_, Err(gap)) => Verdict::unknown(subject, gap.sentence()),
    };
    with_cells(verdict, row, &[PASSWORD.enabled, "mfa_active"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing::{only, reported, status, statuses, verdicts, without};
    use crate::audit::verdict::Status;

    #[test]
    fn a_password_wants_a_device() {
        let on = ("password_enabled", "true");
        assert_eq!(status(&CHECK, "ann", &[on, ("mfa_active", "true")]), Status::Pass);
        assert_eq!(status(&CHECK, "ann", &[on]), Status::Fail);
        assert_eq!(status(&CHECK, "ann", &[("password_enabled", "TRUE")]), Status::Fail);
        assert_eq!(status(&CHECK, "ann", &[]), Status::NotApplicable);
        assert_eq!(status(&CHECK, "ann", &[("mfa_active", "perhaps")]), Status::NotApplicable);
    }

    #[test]
    fn what_cannot_be_told_names_its_column() {
        let verdict = only(&CHECK, &reported(&[("ann", &[("password_enabled", "not_supported")])]));
        assert_eq!(verdict.status, Status::Unknown);
        assert!(verdict.message.contains("`password_enabled` says `not_supported`"), "{}", verdict.message);
        let on = ("password_enabled", "true");
        assert_eq!(status(&CHECK, "ann", &[on, ("mfa_active", "")]), Status::Unknown);
        assert_eq!(without(&CHECK), Part::CredentialReport);
    }

    #[test]
    fn root_is_no_user_and_an_account_may_have_none() {
        let on: &[(&str, &str)] = &[("password_enabled", "true")];
        let snapshot = reported(&[("<root_account>", on), ("root", on)]);
        assert_eq!(statuses(&CHECK, &snapshot), [("root".to_owned(), Status::Fail)]);
        assert!(verdicts(&CHECK, &reported(&[("<root_account>", on)])).is_empty());
    }

    #[test]
    fn the_advice_quotes_what_a_student_chose() {
        let verdict = only(&CHECK, &reported(&[("$(id)'", &[("password_enabled", "true")])]));
        assert!(verdict.fix.unwrap().contains(r"--user-name '$(id)'\'''"));
    }
}
