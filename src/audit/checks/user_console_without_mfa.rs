//! Every user with a console password has an MFA device.

use crate::account::credential_report::{Flag, Row};
use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::verdict::{Subject, Verdict};

const DOCS: Docs = Docs {
    looks_at: "The credential report's `password_enabled` and `mfa_active` of every user. A user without a \
               password has nothing to protect with a second factor and is not counted; root has a check of its \
               own. A password that was never used counts all the same. Hardware, virtual and FIDO devices all make \
               `mfa_active` true.",
    why: "A password can be guessed, reused or phished; with a second factor, having it is not enough.",
    fix: "Have the user enable a device: Console → IAM → Users → the user → Security credentials → Assign MFA \
          device; or take the password away with `aws iam delete-login-profile --user-name NAME`.",
    sources: &["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_enable.html"],
};

pub(super) const CHECK: Check = Check {
    id: "user-console-without-mfa",
    title: "every user with a console password has an MFA device",
    severity: Severity::High,
    scope: Scope::Each,
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
    let verdict = match (row.flag("password_enabled"), row.flag("mfa_active")) {
        (Flag::False | Flag::NotApplicable, _) => {
            Verdict::not_applicable(subject, "has no console password")
        }
        (Flag::True, Flag::True) => Verdict::pass(subject, "has a console password and an MFA device"),
        (Flag::True, Flag::False | Flag::NotApplicable) => {
            Verdict::fail(subject, "has a console password and no MFA device")
        }
        _ => Verdict::unknown(subject, "the report does not tell whether there is a password and an MFA device"),
    };
    let cell = |column| row.get(column).unwrap_or("no such column");
    verdict
        .with("password_enabled", cell("password_enabled"))
        .with("mfa_active", cell("mfa_active"))
}
