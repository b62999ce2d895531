//! What each user fails: a table of users and controls.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::audit::finding::{Audit, Finding};
use crate::audit::verdict::Status;

use super::super::identity::ResourceType;
use super::super::words;
use super::{Page, class, control};

/// A user and how they stand to each control.
struct User<'a> {
    name: &'a str,
    cells: BTreeMap<usize, Status>,
}

impl User<'_> {
    fn count(&self, status: Status) -> usize {
        self.cells.values().filter(|cell| **cell == status).count()
    }
}

/// Writes the table; nothing when no finding is about a user. Users who fail nothing are counted, not listed. What
/// several benchmarks ask alike is one column, under the first one's number.
pub(super) fn write(page: &mut Page, audit: &Audit) {
    let mut columns: Vec<&Finding> = Vec::new();
    let mut of_topic: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut users: BTreeMap<(&str, &str), User<'_>> = BTreeMap::new();
    for finding in &audit.findings {
        let root = finding.name == crate::account::credential_report::ROOT;
        if !root && ResourceType::of(&finding.resource) != ResourceType::User {
            continue;
        }
        let first = audit.benchmarks.first().is_some_and(|judged| judged.id == finding.benchmark);
        let known = columns
            .iter()
            .any(|column| column.topic == finding.topic && column.benchmark != finding.benchmark && !first);
        if known {
            continue;
        }
        let column = *of_topic.entry((finding.benchmark, finding.control)).or_insert_with(|| {
            columns.push(finding);
            columns.len() - 1
        });
        let user = users
            .entry((&finding.resource, &finding.name))
            .or_insert_with(|| User { name: &finding.name, cells: BTreeMap::new() });
        let cell = user.cells.entry(column).or_insert(finding.status);
        if finding.status.gravity() > cell.gravity() {
            *cell = finding.status;
        }
    }
    let all = users.len();
    let mut users: Vec<User<'_>> = users
        .into_values()
        .filter(|user| {
            [Status::Fail, Status::Unknown, Status::Exempt].iter().any(|status| user.count(*status) > 0)
        })
        .collect();
    if users.is_empty() {
        return;
    }
    // A column in which nobody listed has anything is left out.
    let used: Vec<(usize, &Finding)> = columns
        .into_iter()
        .enumerate()
        .filter(|(column, _)| users.iter().any(|user| user.cells.contains_key(column)))
        .collect();
    users.sort_by_cached_key(|user| (Reverse(user.count(Status::Fail)), user.name.to_lowercase()));
    table(page, &used, &users, all - users.len());
}

fn table(page: &mut Page, columns: &[(usize, &Finding)], users: &[User<'_>], calm: usize) {
    page.raw("<section class=\"users\" id=\"users\">\n<h2>By user</h2>\n<p class=\"dim\">");
    page.raw(&format!("{}, most failures first.", words::count(users.len(), "user", "users")));
    if calm > 0 {
        page.raw(&format!(" {calm} more fail nothing and are not listed."));
    }
    page.raw("</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Users and controls\">\n<table class=\"matrix\">\n");
    page.raw("<thead><tr><th scope=\"col\">User</th><th scope=\"col\">Fails</th>");
    for (_, column) in columns {
        page.raw("<th scope=\"col\"><a href=\"#").raw(&control::anchor(column)).raw("\" title=\"");
        page.text(column.title).raw("\">").text(column.control).raw("</a></th>");
    }
    page.raw("</tr></thead>\n<tbody>\n");
    for user in users {
        page.raw("<tr><th scope=\"row\">").name(user.name);
        page.raw(&format!("<td class=\"sum\">{}", user.count(Status::Fail)));
        for (column, _) in columns {
            match user.cells.get(column) {
                Some(status) => page.raw(&format!("<td class={}>{}", class(*status), short(*status))),
                None => page.raw("<td>"),
            };
        }
        page.raw("\n");
    }
    page.raw("</tbody>\n</table>\n</div>\n</section>\n");
}

/// The shortest word that tells a status.
const fn short(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Fail => "fail",
        Status::Unknown => "?",
        Status::Manual => "manual",
        Status::NotApplicable => "n/a",
        Status::Exempt => "exempt",
    }
}
