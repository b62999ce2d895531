//! One student's marks as Markdown, for an issue, a wiki or an e-mail.

use std::fmt::Write as _;

use super::view::{Marked, Part, Standing, days, late_rule, name, parts, points, provisos, score, told};
use crate::grade::result::StudentResult;
use crate::grade::roster::Student;
use crate::grade::rubric::Rubric;
use crate::report::escape::{cut, markdown, markdown_code};

/// Writes one student's marks as Markdown.
pub fn student_markdown(rubric: &Rubric, student: &Student, result: &StudentResult) -> String {
    let parts = parts(rubric, result);
    let mut out = format!("# {}\n\n", markdown(&rubric.title));
    _ = write!(out, "{} (`{}`)", markdown(&name(student)), cut(&result.id, 64));
    if !result.account.is_empty() {
        _ = write!(out, ", account {}", markdown_code(&result.account));
    }
    _ = write!(out, "\n\n**{} of {}**\n", score(result.state, result.score), points(result.max));
    let said = provisos(result);
    if !said.is_empty() {
        out.push('\n');
    }
    for sentence in said {
        _ = writeln!(out, "- {}", markdown(&sentence));
    }
    out.push_str("\n| Task | About | Criteria | Points |\n| --- | --- | --- | ---: |\n");
    for part in &parts {
        let id = markdown(&part.result.id);
        _ = writeln!(out, "| {id} | {} | {} | {} |", markdown(part.title), part.state(), part.points());
    }
    for part in &parts {
        task(&mut out, part);
    }
    if let Some(late) = result.late.as_ref().filter(|late| late.days > 0 || !late.evidence.is_empty()) {
        out.push_str("\n## After the deadline\n\n");
        _ = write!(out, "{} late: less {}.", days(late.days), points(late.deduction));
        if let Some(rule) = late_rule(rubric) {
            _ = write!(out, " {rule}");
        }
        out.push_str("\n\n");
        for line in &late.evidence {
            _ = writeln!(out, "- {}", markdown(line));
        }
    }
    out.push_str("\n## What the words mean\n\n");
    for standing in Standing::ALL {
        _ = writeln!(out, "- **{}**: {}", standing.word(), standing.meaning());
    }
    out
}

fn task(out: &mut String, part: &Part<'_>) {
    _ = writeln!(out, "\n## {} {}: {}\n", markdown(&part.result.id), markdown(part.title), part.points());
    for marked in &part.criteria {
        criterion(out, marked);
    }
}

fn criterion(out: &mut String, marked: &Marked<'_>) {
    let (word, points) = (marked.standing.word(), marked.points());
    _ = writeln!(out, "- **{word}** ({points}) {}  ", markdown(marked.what()));
    _ = writeln!(out, "  {}", markdown(&marked.found()));
    let mut more = |label: &str, text: &str| _ = writeln!(out, "  - {label} {}", markdown(text));
    if let Some(remark) = &marked.result.remark {
        more("Passed over:", &told(remark));
    }
    if let Some(comment) = &marked.result.comment {
        more("From who marked:", &told(comment));
    }
    if let Some(fix) = marked.fix() {
        more("Do:", &fix);
    }
    for line in &marked.result.evidence {
        _ = writeln!(out, "  - Evidence: {}", markdown_code(line));
    }
}
