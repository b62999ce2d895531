//! What the instructor has to look at: accounts that could not be reached or seen, answers to read, ways in that are
//! open, work that is alike.

use std::collections::BTreeMap;

use super::super::view::{Standing, points, told};
use super::super::{Alike, ClassPage, Member};
use super::{address, link, who};
use crate::grade::points::Points;
use crate::grade::result::{State, Status};
use crate::grade::rubric::Rubric;
use crate::report::escape::cut;
use crate::report::html::Page;
use crate::report::words::count;

/// The longest sentence that is shown here; the reports have it whole.
const SENTENCE: usize = 300;
/// How many criteria of one student are named.
const NAMED: usize = 5;
/// How many hints are shown.
const HINTS: usize = 200;
/// How many students and lines of evidence one hint shows.
const SHOWN: usize = 12;

pub(super) fn write(page: &mut Page, rubric: &Rubric, class: &ClassPage<'_>) {
    let members = class.members;
    let with = |fits: &dyn Fn(&Member<'_>) -> bool| -> Vec<&Member<'_>> {
        members.iter().filter(|member| fits(member)).collect()
    };
    let unreachable = with(&|member| member.row.state == State::Unreachable);
    let pending = with(&|member| member.row.state == State::Pending);
    let open = with(&|member| member.row.manual_open > Points::ZERO);
    let findings = with(&|member| !member.row.access.is_empty());
    page.raw("<section aria-labelledby=\"look\">\n<h2 id=\"look\">To be looked at</h2>\n");
    let is_calm = unreachable.is_empty() && pending.is_empty() && open.is_empty();
    if is_calm && findings.is_empty() && class.alike.is_empty() {
        page.raw("<p>Nothing: every mark is final.</p>\n");
    }
    reasons(page, &unreachable);
    unseen(page, rubric, &pending);
    answers(page, rubric, &open);
    access(page, &findings);
    alike(page, class.alike);
    page.raw("</section>\n");
}

/// Opens a group that folds, long ones folded.
fn group(page: &mut Page, letter: &str, number: usize, title: &str) {
    let open = if number <= 25 { " open" } else { "" };
    page.raw(&format!(
        "<details class=\"look\"{open}><summary><h3><span class=\"badge s-{letter}\">{number}</span> "
    ));
    page.prose(title).raw("</h3></summary>\n");
}

/// Lists students by what is said of them: what many have in common is said once.
fn said(page: &mut Page, said: BTreeMap<String, Vec<&Member<'_>>>) {
    page.raw("<ul class=\"reasons\">\n");
    let mut said: Vec<(String, Vec<&Member<'_>>)> = said.into_iter().collect();
    said.sort_by_key(|(_, members)| std::cmp::Reverse(members.len()));
    for (what, members) in said {
        page.raw("<li>").prose(&what).raw("<br>");
        if let [one] = members.as_slice() {
            who(page, one);
        } else {
            names(page, &members);
        }
        page.raw("</li>\n");
    }
    page.raw("</ul>\n</details>\n");
}

fn names(page: &mut Page, members: &[&Member<'_>]) {
    for (at, member) in members.iter().enumerate() {
        page.raw(if at > 0 { ", " } else { "" });
        link(page, member, &member.row.id);
    }
}

/// Lists accounts that could not be reached, by the reason.
fn reasons(page: &mut Page, members: &[&Member<'_>]) {
    if members.is_empty() {
        return;
    }
    let mut by_reason: BTreeMap<String, Vec<&Member<'_>>> = BTreeMap::new();
    for member in members {
        let why = member.row.problem.as_deref().unwrap_or("no reason is known");
        by_reason.entry(told(&cut(why, SENTENCE))).or_default().push(member);
    }
    group(page, "f", members.len(), "could not be reached; `--resume` tries again");
    said(page, by_reason);
}

/// Lists whose account could not be seen whole, by what was not seen; the reports say why.
fn unseen(page: &mut Page, rubric: &Rubric, members: &[&Member<'_>]) {
    if members.is_empty() {
        return;
    }
    let mut by_criteria: BTreeMap<String, Vec<&Member<'_>>> = BTreeMap::new();
    for member in members {
        let unknown = rubric.criteria().zip(&member.row.criteria);
        let unknown = unknown.filter(|(_, (status, _))| *status == Status::Unknown);
        let ids: Vec<&str> = unknown.map(|(criterion, _)| criterion.id.as_str()).collect();
        let named = ids.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        let rest = ids.len().saturating_sub(NAMED);
        let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        let what = format!("{} in {named}{rest}", points(member.row.unknown));
        by_criteria.entry(what).or_default().push(member);
    }
    group(page, "u", members.len(), "pending; `--resume` looks again at what could not be seen");
    said(page, by_criteria);
}

/// Lists what a person has to read: by criterion how much, and whose.
fn answers(page: &mut Page, rubric: &Rubric, members: &[&Member<'_>]) {
    if members.is_empty() {
        return;
    }
    group(page, "m", members.len(), "with answers to read");
    page.raw("<ul class=\"reasons\">\n");
    for (at, criterion) in rubric.criteria().enumerate() {
        let is_open = |member: &&&Member<'_>| {
            let of = member.row.criteria.get(at);
            of.is_some_and(|(status, earned)| Standing::of(*status, *earned) == Standing::Open)
        };
        let waiting = members.iter().filter(is_open).count();
        if waiting > 0 {
            page.raw("<li>").prose(&criterion.what).raw(" <span class=\"dim\">").name(&criterion.id);
            page.raw("</span>: ").text(&count(waiting, "student", "students")).raw("</li>\n");
        }
    }
    page.raw("</ul>\n<p class=\"everybody\">");
    names(page, members);
    page.raw("</p>\n</details>\n");
}

/// Lists what is to be known of how accounts were reached, by what it is.
fn access(page: &mut Page, members: &[&Member<'_>]) {
    if members.is_empty() {
        return;
    }
    let mut by_finding: BTreeMap<String, Vec<&Member<'_>>> = BTreeMap::new();
    for member in members {
        for text in member.row.access.iter().take(NAMED) {
            by_finding.entry(told(&cut(text, SENTENCE))).or_default().push(member);
        }
    }
    group(page, "u", members.len(), "with findings on the way in");
    said(page, by_finding);
}

/// Lists work that is alike: hints, never points.
fn alike(page: &mut Page, hints: &[Alike]) {
    if hints.is_empty() {
        return;
    }
    group(page, "e", hints.len(), "hints that work is the same; they cost nothing by themselves");
    page.raw("<ul class=\"reasons\">\n");
    for hint in hints.iter().take(HINTS) {
        page.raw("<li><b>").prose(&cut(&hint.what, SENTENCE)).raw("</b>: ");
        for (at, id) in hint.students.iter().take(SHOWN).enumerate() {
            page.raw(if at > 0 { ", " } else { "" });
            address(page, id);
            page.name(id).raw("</a>");
        }
        more(page, hint.students.len());
        if !hint.evidence.is_empty() {
            page.raw("<ul class=\"lines\">\n");
            for line in hint.evidence.iter().take(SHOWN) {
                page.raw("<li>").text(&cut(line, SENTENCE)).raw("</li>\n");
            }
            page.raw("</ul>");
            more(page, hint.evidence.len());
        }
        page.raw("</li>\n");
    }
    page.raw("</ul>\n");
    if hints.len() > HINTS {
        page.raw(&format!("<p class=\"dim\">and {} more hints</p>\n", hints.len() - HINTS));
    }
    page.raw("</details>\n");
}

fn more(page: &mut Page, all: usize) {
    if all > SHOWN {
        page.raw(&format!(" <span class=\"dim\">and {} more</span>", all - SHOWN));
    }
}
