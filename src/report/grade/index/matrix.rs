//! Every student by task. It is read without the script; with it, it can be searched and put in order.

use super::super::view::{Standing, points};
use super::super::{ClassPage, Member};
use super::who;
use crate::grade::points::Points;
use crate::grade::result::{Row, State, Status};
use crate::grade::rubric::{Rubric, Task};
use crate::report::html::Page;

pub(super) fn write(page: &mut Page, rubric: &Rubric, class: &ClassPage<'_>) {
    page.raw("<section aria-labelledby=\"students\">\n<h2 id=\"students\">Students</h2>\n");
    page.raw(
        "<form class=\"filter\" id=\"filter\" role=\"search\" hidden>\n<label class=\"grow\">Search <input \
         id=\"search\" type=\"search\" placeholder=\"a name or an id\" autocomplete=\"off\"></label>\n<label>State \
         <select id=\"state\"><option value=\"\">all</option><option>final</option><option>open</option><option>\
         pending</option><option>unreachable</option><option>late</option></select></label>\n<p id=\"shown\" \
         class=\"dim\" role=\"status\"></p>\n</form>\n",
    );
    page.raw("<p class=\"meta\"><b>?</b> some of it could not be looked at · <b>*</b> some of it waits for a person</p>\n");
    page.raw("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"students\">\n<table class=\"matrix class\" id=\"matrix\">\n<caption class=\"vh\">Points of each student in each task</caption>\n<thead><tr><th scope=\"col\">Student</th><th scope=\"col\">State</th><th scope=\"col\" class=\"n\">Points");
    page.raw(&format!(" <span class=\"dim\">{}</span></th>", rubric.max()));
    for task in &rubric.tasks {
        page.raw("<th scope=\"col\" class=\"n\" title=\"").text(&task.title).raw("\">").name(&task.id);
        page.raw(&format!(" <span class=\"dim\">{}</span></th>", task.points));
    }
    page.raw("</tr></thead>\n<tbody>\n");
    for member in class.members {
        row(page, rubric, member);
    }
    page.raw("</tbody>\n</table>\n</div>\n</section>\n");
}

fn row(page: &mut Page, rubric: &Rubric, member: &Member<'_>) {
    let row = member.row;
    page.raw("<tr><th scope=\"row\">");
    who(page, member);
    let (letter, word) = match row.state {
        State::Unreachable => ("f", "unreachable"),
        State::Pending => ("u", "pending"),
        State::Graded if !row.is_final() => ("m", "open"),
        State::Graded => ("p", "final"),
    };
    page.raw(&format!("</th><td><span class=\"{letter}\">{word}</span>"));
    if row.is_late {
        page.raw(" <span class=\"u\">late</span>");
    }
    page.raw("</td><td class=\"n total\"");
    if row.deduction > Points::ZERO {
        page.raw(" title=\"late: less ").text(&points(row.deduction)).raw("\"");
    }
    let score = if row.state == State::Unreachable { "–".to_owned() } else { row.score.to_string() };
    page.raw(&format!(">{score}</td>"));
    let mut criteria = row.criteria.iter();
    for (at, task) in rubric.tasks.iter().enumerate() {
        let own: Vec<&(Status, Points)> = criteria.by_ref().take(task.criteria.len()).collect();
        cell(page, row, at, task, &own);
    }
    page.raw("</tr>\n");
}

fn cell(page: &mut Page, row: &Row, at: usize, task: &Task, criteria: &[&(Status, Points)]) {
    let has =
        |wanted: Standing| criteria.iter().any(|(status, earned)| Standing::of(*status, *earned) == wanted);
    let earned = row.tasks.get(at).copied().unwrap_or_default();
    let (letter, mark) = match (has(Standing::Unknown), has(Standing::Open)) {
        (true, false) => ("u", " ?"),
        (true, true) => ("u", " ?*"),
        (false, true) => ("m", " *"),
        (false, false) if earned >= task.points => ("p", ""),
        (false, false) if earned == Points::ZERO => ("f", ""),
        (false, false) => ("e", ""),
    };
    page.raw(&format!("<td class=\"n {letter}\">{earned}{mark}</td>"));
}
