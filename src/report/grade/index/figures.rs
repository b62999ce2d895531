//! How the points lie over the class, and which criteria cost most.

use super::super::ClassPage;
use super::super::view::{Standing, points};
use crate::grade::points::Points;
use crate::grade::result::{Row, State, Status};
use crate::grade::rubric::{Criterion, Rubric};
use crate::grade::statistics::Statistics;
use crate::report::html::Page;
use crate::report::words::count;

/// How many bars the picture has.
const BARS: usize = 10;
/// How many of the hardest criteria are unfolded.
const HARDEST: usize = 8;

pub(super) fn write(page: &mut Page, rubric: &Rubric, class: &ClassPage<'_>) {
    let rows = || class.members.iter().map(|member| member.row);
    let reached: Vec<&Row> = rows().filter(|row| row.state != State::Unreachable).collect();
    page.raw("<section class=\"overview\" aria-labelledby=\"points\">\n<h2 id=\"points\" class=\"vh\">Points</h2>\n<div class=\"cards\">\n<div class=\"card\">\n<h3>The class</h3>\n<dl class=\"figures\">\n");
    let mut figure = |number: String, words: &str| {
        page.raw("<div><dt>").text(words).raw("</dt><dd>").text(&number).raw("</dd></div>\n");
    };
    let class = Statistics::of(rows());
    let of = |points: Option<Points>| points.map_or_else(|| "–".to_owned(), |points| points.to_string());
    figure(of(class.mean), "mean of the graded");
    figure(of(class.median), "median of the graded");
    figure(rows().filter(|row| row.is_final()).count().to_string(), "final");
    figure(class.manual_students.to_string(), "wait for a person");
    figure(class.counts.pending.to_string(), "pending");
    figure(class.counts.unreachable.to_string(), "unreachable");
    figure(class.late.to_string(), "late");
    page.raw("</dl>\n</div>\n<div class=\"card wide\">\n<h3>Students by points</h3>\n");
    histogram(page, rubric.max(), &reached);
    page.raw("</div>\n</div>\n</section>\n");
}

/// Draws how many students have how many points, and says it in a table too.
fn histogram(page: &mut Page, max: Points, rows: &[&Row]) {
    let mut bars = [(0_usize, 0_usize); BARS];
    for row in rows {
        let share = u64::from(row.score.in_hundredths()) * 10 / u64::from(max.in_hundredths().max(1));
        let at = usize::try_from(share).unwrap_or(0).min(BARS - 1);
        if let Some((all, open)) = bars.get_mut(at) {
            *all += 1;
            *open += usize::from(!row.is_final());
        }
    }
    let most = bars.iter().map(|(all, _)| *all).max().unwrap_or(0).max(1);
    let edge = |at: usize| {
        let hundredths = u64::from(max.in_hundredths()) * u64::try_from(at).unwrap_or(0) / 10;
        Points::hundredths(u32::try_from(hundredths).unwrap_or(0))
    };
    page.raw("<svg class=\"histogram\" viewBox=\"0 0 640 190\" role=\"img\" aria-label=\"Students by points; the table below says the same\">\n");
    for (at, (all, open)) in bars.iter().enumerate() {
        let x = at * 64 + 4;
        let height = |number: usize| (number * 140).div_ceil(most);
        let (tall, light) = (height(*all), height(*open).min(height(*all)));
        let dark = tall - light;
        page.raw(&format!(
            "<rect class=\"done\" x=\"{x}\" y=\"{}\" width=\"56\" height=\"{dark}\"/><rect class=\"open\" x=\"{x}\" \
             y=\"{}\" width=\"56\" height=\"{light}\"/><text x=\"{}\" y=\"{}\">{all}</text><text class=\"axis\" \
             x=\"{}\" y=\"184\">{}–{}</text>\n",
            164 - dark,
            164 - tall,
            x + 28,
            158 - tall,
            x + 28,
            edge(at),
            edge(at + 1)
        ));
    }
    page.raw("</svg>\n<ul class=\"legend inline\">\n<li><span class=\"dot done\"></span>final</li>\n<li><span class=\"dot open\"></span>not final: something is open</li>\n</ul>\n");
    page.raw("<details class=\"names\"><summary>As a table</summary>\n<table class=\"plain\">\n<caption class=\"vh\">Students by points</caption>\n<thead><tr><th scope=\"col\">Points</th><th scope=\"col\" class=\"n\">Students</th><th scope=\"col\" class=\"n\">Not final</th></tr></thead>\n<tbody>\n");
    for (at, (all, open)) in bars.iter().enumerate() {
        page.raw(&format!(
            "<tr><th scope=\"row\">{}–{}</th><td class=\"n\">{all}</td><td class=\"n\">{open}</td></tr>\n",
            edge(at),
            edge(at + 1)
        ));
    }
    page.raw("</tbody>\n</table>\n</details>\n");
}

/// How a criterion went over the class.
struct Went<'a> {
    criterion: &'a Criterion,
    full: usize,
    part: usize,
    decided: usize,
    undecided: usize,
}

/// Lists the criteria that fewest students met in full, and folds the others. Students of whom nobody knows are left
/// out.
pub(super) fn hardest(page: &mut Page, rubric: &Rubric, class: &ClassPage<'_>) {
    let mut all: Vec<Went<'_>> = rubric
        .criteria()
        .map(|criterion| Went { criterion, full: 0, part: 0, decided: 0, undecided: 0 })
        .collect();
    for member in class.members {
        for (went, (status, earned)) in all.iter_mut().zip(&member.row.criteria) {
            match Standing::of(*status, *earned) {
                Standing::Unknown | Standing::Open => went.undecided += 1,
                standing => {
                    went.decided += 1;
                    went.full += usize::from(*status == Status::Pass);
                    went.part += usize::from(standing == Standing::Part);
                }
            }
        }
    }
    // Shares are compared in whole numbers: the same order on every machine.
    all.sort_by_key(|went| (went.full * 10_000).checked_div(went.decided).unwrap_or(10_001));
    page.raw("<section aria-labelledby=\"hardest\">\n<h2 id=\"hardest\">Hardest criteria</h2>\n<p class=\"meta\">By the share of students with full points; whose result is open is left out.</p>\n");
    let (first, rest) = all.split_at(HARDEST.min(all.len()));
    table(page, first, "Hardest criteria");
    if !rest.is_empty() {
        page.raw("<details class=\"names\"><summary>The other ");
        page.text(&count(rest.len(), "criterion", "criteria")).raw("</summary>\n");
        table(page, rest, "The other criteria");
        page.raw("</details>\n");
    }
    page.raw("</section>\n");
}

fn table(page: &mut Page, rows: &[Went<'_>], caption: &str) {
    page.raw("<table class=\"plain sheet hardest\">\n<caption class=\"vh\">")
        .text(caption)
        .raw("</caption>\n");
    page.raw("<thead><tr><th scope=\"col\">Criterion</th><th scope=\"col\" class=\"n\">Worth</th><th scope=\"col\" class=\"n\">In full</th><th scope=\"col\" class=\"n\">In part</th><th scope=\"col\" class=\"n\">Left out</th></tr></thead>\n<tbody>\n");
    for went in rows {
        page.raw("<tr><th scope=\"row\">").prose(&went.criterion.what);
        page.raw(" <span class=\"dim\">").name(&went.criterion.id).raw("</span></th><td class=\"n\">");
        page.text(&points(went.criterion.points)).raw("</td><td class=\"n went\">");
        if let Some(percent) = (went.full * 100).checked_div(went.decided) {
            page.raw(&format!(
                "<svg class=\"bar\" viewBox=\"0 0 100 3\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect \
                 class=\"back\" width=\"100\" height=\"3\"/><rect class=\"fill\" width=\"{percent}\" \
                 height=\"3\"/></svg>{percent} % <span class=\"dim\">{} of {}</span>",
                went.full, went.decided
            ));
        } else {
            page.raw("–");
        }
        page.raw(&format!(
            "</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
            went.part, went.undecided
        ));
    }
    page.raw("</tbody>\n</table>\n");
}

#[cfg(test)]
mod tests {
    use super::super::super::student::OWN_STYLE;

    #[test]
    fn no_column_of_a_table_is_broken_at_every_letter() {
        let tables = [".hardest th,", ".hardest td", ".tasks th,", ".class tbody th {"];
        for table in tables {
            let of_table = || OWN_STYLE.lines().filter(|line| line.contains(table));
            assert!(of_table().any(|line| line.contains("overflow-wrap: break-word")), "{table}");
            assert!(!of_table().any(|line| line.contains("overflow-wrap: anywhere")), "{table}");
        }
    }
}
