//! The root user is not used for day-to-day work.

use jiff::Timestamp;

use crate::account::credential_report::{Row, When};
use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Param, Scope, Severity, Unread};
use crate::audit::verdict::Verdict;

const DOCS: Docs = Docs {
    looks_at: "The newest of three dates of root's row in the credential report: `password_last_used`, \
               `access_key_1_last_used_date` and `access_key_2_last_used_date`. `no_information`, `N/A` and \
               `not_supported` are no dates. A report without a row for root decides nothing.",
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

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    let report = look.report()?;
    let Some(root) = report.root() else {
        return Ok(vec![Verdict::unknown(look.root(), "the credential report has no row for root")]);
    };
    Ok(vec![judge(look, root)])
}

fn judge(look: &Look<'_>, root: &Row) -> Verdict {
    let dates = COLUMNS.map(|column| root.when(column));
    let newest: Option<Timestamp> =
        dates.iter().filter_map(|when| if let When::At(at) = when { Some(*at) } else { None }).max();
    let days = look.param("recent_days");
    let limit = look.as_of.saturating_sub(jiff::SignedDuration::from_hours(24 * days));
    let recent = newest.filter(|at| limit.is_ok_and(|limit| *at >= limit));
    let unreadable = dates.iter().any(|when| matches!(when, When::Unreadable(Some(_))));
    let verdict = match (recent, newest, unreadable) {
        (Some(at), ..) => Verdict::fail(look.root(), format!("was used at {at}, within the last {days} days")),
        (None, _, true) => Verdict::unknown(look.root(), "a date of root's last use cannot be read"),
        (None, Some(at), false) => Verdict::pass(look.root(), format!("was last used at {at}")),
        (None, None, false) => Verdict::pass(look.root(), "no use of root is known"),
    };
    COLUMNS.iter().fold(verdict, |verdict, column| {
        verdict.with(column, root.get(column).unwrap_or("no such column"))
    })
}
