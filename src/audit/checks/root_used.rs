//! The root user is not used for day-to-day work.

use jiff::SignedDuration;

use crate::account::credential_report::{Row, When};
use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Param, Scope, Severity, Unread};
use crate::audit::credential::{Dated, dated, with_cells};
use crate::audit::verdict::{Status, Verdict};

const DOCS: Docs = Docs {
    looks_at: "The newest of three dates of root's row in the credential report: `password_last_used`, \
               `access_key_1_last_used_date` and `access_key_2_last_used_date`. `no_information`, `N/A` and \
               `not_supported` are no dates. Unknown: a report without a row for root, a date that cannot be read, \
               and a report so much older than the audit (IAM hands out the same one for four hours) that root may \
               have been used since.",
    why: "Root may do everything, and nothing can limit it. Whoever works as root loses the account with one mistake \
          or one stolen session.",
    fix: "Work as a role or a user with the permissions the work takes, delete root's access keys, and keep root's \
          password for the few tasks that only root can do.",
    sources: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html",
    ],
};

pub(super) const CHECK: Check = Check {
    id: "root-used",
    title: "root has not been used lately",
    severity: Severity::Critical,
    scope: Scope::Root,
    reads: &[Part::CredentialReport],
    params: &[Param { name: "recent_days", default: 90, about: "days without use of root that pass" }],
    docs: DOCS,
    run,
};

const COLUMNS: [&str; 3] =
    ["password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date"];

/// IAM makes a new report when the last one is four hours old; the rest is for clocks that differ.
const FRESH: SignedDuration = SignedDuration::from_mins(4 * 60 + 15);

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    let report = look.report()?;
    let Some(root) = report.root() else {
        return Ok(vec![Verdict::unknown(look.root(), "the credential report has no row for root")]);
    };
    let old = report.generated.filter(|made| look.as_of.duration_since(*made) > FRESH);
    let verdict = judge(look, root);
    let verdict = match old {
        Some(made) if verdict.status == Status::Pass => {
            let message = format!("the credential report is of {made}; root may have been used since");
            Verdict::unknown(look.root(), message)
        }
        _ => verdict,
    };
    let verdict = with_cells(verdict, root, &COLUMNS);
    Ok(vec![match old {
        Some(made) => verdict.with("GeneratedTime", made.to_string()),
        None => verdict,
    }])
}

/// Judges by the row alone.
fn judge(look: &Look<'_>, root: &Row) -> Verdict {
    let mut newest: Option<Dated> = None;
    let mut gap = None;
    for column in COLUMNS {
        match root.when(column) {
            When::At(at) => match dated(column, at, look.as_of) {
                Ok(found) => newest = newest.into_iter().chain([found]).max_by_key(|found| found.at),
                Err(later) => gap = Some(later.sentence()),
            },
            When::NotApplicable | When::NoInformation | When::NotSupported => {}
            When::Unreadable(None) => gap = Some(format!("root's row has no `{column}`")),
            When::Unreadable(Some(cell)) => gap = Some(format!("root's `{column}` says `{cell}`, which is no date")),
        }
    }
    let days = look.param("recent_days");
    match (newest, gap) {
        (Some(last), _) if !last.is_older_than(days) => {
            let message = format!("was used at {}, within the last {days} days (`{}`)", last.at, last.column);
            Verdict::fail(look.root(), message)
        }
        (_, Some(gap)) => Verdict::unknown(look.root(), gap),
        (Some(last), None) => Verdict::pass(look.root(), format!("was last used at {}", last.at)),
        (None, None) => Verdict::pass(look.root(), "no use of root is known"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::credential_report::CredentialReport;
    use crate::account::snapshot::Facet;
    use crate::audit::testing::{Cells, as_of, only, report, reported, status, without};

    const ROOT: &str = "<root_account>";

    #[test]
    fn the_newest_of_three_dates_decides() {
        let key = ("access_key_2_last_used_date", "2026-03-01T21:00:00Z");
        let old: &Cells = &[("password_last_used", "2025-08-01T00:00:00Z"), key];
        assert_eq!(status(&CHECK, ROOT, old), Status::Fail);
        assert_eq!(status(&CHECK, ROOT, &[old[0]]), Status::Pass);
        assert_eq!(status(&CHECK, ROOT, &[("password_last_used", "no_information")]), Status::Pass);
        // Ninety days to the second.
        assert_eq!(status(&CHECK, ROOT, &[("password_last_used", "2025-12-02T09:00:00Z")]), Status::Fail);
        assert_eq!(status(&CHECK, ROOT, &[("password_last_used", "2025-12-02T08:59:59Z")]), Status::Pass);
    }

    #[test]
    fn what_cannot_be_told_never_passes() {
        assert_eq!(without(&CHECK), Part::CredentialReport);
        assert_eq!(only(&CHECK, &reported(&[("ann", &[])])).status, Status::Unknown);
        let verdict = only(&CHECK, &reported(&[(ROOT, &[("password_last_used", "soon")])]));
        assert_eq!(verdict.status, Status::Unknown);
        assert!(verdict.message.contains("`password_last_used`"), "{}", verdict.message);
        let recent = ("access_key_1_last_used_date", "2026-03-01T00:00:00Z");
        assert_eq!(status(&CHECK, ROOT, &[("password_last_used", "soon"), recent]), Status::Fail);
        assert_eq!(status(&CHECK, ROOT, &[("password_last_used", "2026-03-03T00:00:00Z")]), Status::Unknown);
    }

    #[test]
    fn an_old_report_tells_nothing_of_today() {
        let aged = |hours: i64, cells: &Cells| {
            let mut snapshot = reported(&[]);
            let made = as_of().checked_sub(SignedDuration::from_hours(hours)).unwrap();
            let text = report(&[(ROOT, cells)]);
            snapshot.credential_report =
                Facet::Read(CredentialReport::parse(text.csv(), Some(made)).unwrap());
            only(&CHECK, &snapshot).status
        };
        assert_eq!(aged(4, &[]), Status::Pass);
        assert_eq!(aged(5, &[]), Status::Unknown);
        assert_eq!(aged(5, &[("password_last_used", "2026-03-01T00:00:00Z")]), Status::Fail);
    }
}
