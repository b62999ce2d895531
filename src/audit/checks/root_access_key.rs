//! The root user has no access key.

use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::root::{KEY_COLUMNS, Root};
use crate::audit::verdict::Verdict;

const DOCS: Docs = Docs {
    looks_at: "`AccountAccessKeysPresent` of the account summary, which is live and decides. Without the summary, \
               root's row in the credential report: a key is there when it is active or has a date of its last \
               rotation, which an inactive key keeps. When the two differ the summary is believed and the \
               difference is told.",
    why: "A key of root works from anywhere, for everything, for ever, and no policy can limit it.",
    fix: "Sign in as root, open Security credentials, deactivate the key, and delete it once nothing is missed. An \
          organization can delete it centrally with a root session (`aws sts assume-root` with the task policy \
          `IAMDeleteRootUserCredentials`).",
    sources: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html",
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html",
    ],
};

pub(super) const CHECK: Check = Check {
    id: "root-access-key",
    title: "root has no access key",
    severity: Severity::Critical,
    scope: Scope::Root,
    reads: &[Part::AccountSummary, Part::CredentialReport],
    params: &[],
    docs: DOCS,
    run,
};

const KEY: &str = "AccountAccessKeysPresent";

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    let root = Root::of(look)?;
    let subject = look.root();
    let live = root.summary(KEY).map(|keys| keys > 0);
    let verdict = match (live, root.reported_key()) {
        (Some(true), Some(false)) => {
            Verdict::fail(subject, "has an access key, younger than the credential report, which shows none")
        }
        (Some(true), _) => Verdict::fail(subject, "has an access key"),
        (Some(false), Some(true)) => Verdict::pass(
            subject,
            "has no access key by the account summary, which is live; the credential report still shows one",
        ),
        (Some(false), _) => Verdict::pass(subject, "has no access key"),
        (None, Some(true)) => Verdict::fail(subject, "has an access key by the credential report"),
        (None, Some(false)) => Verdict::pass(subject, "has no access key by the credential report"),
        (None, None) if root.row.is_none() => {
            Verdict::unknown(subject, "neither the account summary nor a row of the credential report tells of root")
        }
        (None, None) => {
            let columns = KEY_COLUMNS.join("`, `");
            Verdict::unknown(subject, format!("the report does not tell whether there is a key: `{columns}`"))
        }
    };
    Ok(vec![root.evidence(verdict, &[KEY], &KEY_COLUMNS)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::snapshot::Facet;
    use crate::audit::testing::{Cells, only, reported, status, unread_account, without};
    use crate::audit::verdict::Status;

    const ROOT: &str = "<root_account>";
    const ACTIVE: &Cells =
        &[("access_key_1_active", "true"), ("access_key_1_last_rotated", "2025-06-01T00:00:00Z")];

    fn both(keys: i64, cells: &Cells) -> Verdict {
        let mut snapshot = reported(&[(ROOT, cells)]);
        snapshot.account_summary = Facet::Read([(KEY.to_owned(), keys)].into());
        only(&CHECK, &snapshot)
    }

    #[test]
    fn the_live_summary_decides_and_a_difference_is_told() {
        assert_eq!(both(1, ACTIVE).status, Status::Fail);
        assert_eq!(both(0, &[]).status, Status::Pass);
        let deleted = both(0, ACTIVE);
        assert_eq!(deleted.status, Status::Pass);
        assert!(deleted.message.contains("still shows one"));
        let made = both(1, &[]);
        assert_eq!(made.status, Status::Fail);
        assert!(made.message.contains("shows none"));
    }

    #[test]
    fn either_part_is_enough() {
        assert_eq!(status(&CHECK, ROOT, ACTIVE), Status::Fail);
        assert_eq!(status(&CHECK, ROOT, &[]), Status::Pass);
        assert_eq!(status(&CHECK, ROOT, &[ACTIVE[1]]), Status::Fail, "an inactive key is a key");
        assert_eq!(status(&CHECK, ROOT, &[("access_key_2_active", "maybe")]), Status::Unknown);
        let mut snapshot = unread_account();
        snapshot.account_summary = Facet::Read([(KEY.to_owned(), 0)].into());
        assert_eq!(only(&CHECK, &snapshot).status, Status::Pass);
        assert_eq!(without(&CHECK), Part::AccountSummary);
    }

    #[test]
    fn a_report_without_root_says_nothing_of_root() {
        assert_eq!(only(&CHECK, &reported(&[("ann", &[])])).status, Status::Unknown);
    }
}
