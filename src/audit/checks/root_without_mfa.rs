//! The root user has an MFA device.

use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::root::Root;
use crate::audit::verdict::Verdict;

const DOCS: Docs = Docs {
    looks_at: "`AccountMFAEnabled` of the account summary, which is live; without it `mfa_active` of root's row in \
               the credential report. When the two differ the summary is believed and the difference is told. A root user with neither password nor keys, as an organization leaves it, \
               cannot sign in and passes without a device.",
    why: "Root's password alone would be the whole account.",
    fix: "Sign in as root and register a device under Security credentials → Multi-factor authentication; register a \
          second one and keep it elsewhere.",
    sources: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/enable-mfa-for-root.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-enable-root-access.html",
    ],
};

pub(super) const CHECK: Check = Check {
    id: "root-without-mfa",
    title: "root has an MFA device",
    severity: Severity::Critical,
    scope: Scope::Root,
    reads: &[Part::AccountSummary, Part::CredentialReport],
    params: &[],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    let root = Root::of(look)?;
    let subject = look.root();
    let has_mfa = root.has_mfa();
    // Only the live summary can differ from the report.
    let reported = root.reported("mfa_active").filter(|reported| Some(*reported) != has_mfa);
    let verdict = match (has_mfa, reported) {
        (Some(true), None) => Verdict::pass(subject, "has an MFA device"),
        (Some(true), Some(_)) => Verdict::pass(
            subject,
            "has an MFA device by the account summary, which is live; the credential report shows none",
        ),
        _ if root.has_no_credentials() => {
            Verdict::pass(subject, "has neither password nor access key, so nobody can sign in as root")
        }
        (Some(false), None) => Verdict::fail(subject, "has no MFA device"),
        (Some(false), Some(_)) => Verdict::fail(
            subject,
            "has no MFA device by the account summary, which is live; the credential report still shows one",
        ),
        (None, _) => Verdict::unknown(subject, root.no_word_of_mfa()),
    };
    let keys = ["AccountMFAEnabled", "AccountPasswordPresent", "AccountAccessKeysPresent"];
    Ok(vec![root.evidence(verdict, &keys, &["password_enabled", "mfa_active"])])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::snapshot::Facet;
    use crate::audit::testing::{Cells, only, reported, status, unread_account, without};
    use crate::audit::verdict::Status;

    const ROOT: &str = "<root_account>";
    const PASSWORD: (&str, &str) = ("password_enabled", "true");

    fn both(mfa: i64, cells: Option<&Cells>) -> Verdict {
        let mut snapshot = cells.map_or_else(unread_account, |cells| reported(&[(ROOT, cells)]));
        snapshot.account_summary = Facet::Read([("AccountMFAEnabled".to_owned(), mfa)].into());
        only(&CHECK, &snapshot)
    }

    fn summary(mfa: i64, cells: Option<&Cells>) -> Status {
        both(mfa, cells).status
    }

    #[test]
    fn the_live_summary_goes_before_the_report() {
        assert_eq!(summary(1, None), Status::Pass);
        assert_eq!(summary(0, None), Status::Fail);
        assert_eq!(summary(1, Some(&[PASSWORD])), Status::Pass);
        assert_eq!(summary(0, Some(&[PASSWORD, ("mfa_active", "true")])), Status::Fail);
        assert!(both(1, Some(&[PASSWORD])).message.contains("report shows none"), "a difference is told");
        assert!(both(0, Some(&[PASSWORD, ("mfa_active", "true")])).message.contains("still shows one"));
        assert_eq!(without(&CHECK), Part::AccountSummary);
    }

    #[test]
    fn the_report_alone_is_enough() {
        assert_eq!(status(&CHECK, ROOT, &[PASSWORD, ("mfa_active", "TRUE")]), Status::Pass);
        assert_eq!(status(&CHECK, ROOT, &[PASSWORD]), Status::Fail);
        assert_eq!(status(&CHECK, ROOT, &[PASSWORD, ("mfa_active", "")]), Status::Unknown);
        assert_eq!(only(&CHECK, &reported(&[("ann", &[])])).status, Status::Unknown);
    }

    #[test]
    fn a_root_that_nobody_can_be_needs_no_device() {
        assert_eq!(status(&CHECK, ROOT, &[]), Status::Pass);
        assert_eq!(summary(0, Some(&[])), Status::Pass);
        assert_eq!(status(&CHECK, ROOT, &[("access_key_1_active", "true")]), Status::Fail);
        assert_eq!(status(&CHECK, ROOT, &[("password_enabled", "not_supported")]), Status::Fail);
    }
}
