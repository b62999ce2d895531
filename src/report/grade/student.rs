//! One student's marks as a page that teaches: what was looked for, what was found, what shows it, how to mend it.
//!
//! The page needs nothing else: no request leaves it, it has no script, and its style is allowed by its hash.

use super::view::{
    Marked, NAME, Part, Standing, days, late_rule, name, parts, points, provisos, score, told, worst,
};
use crate::grade::points::Points;
use crate::grade::result::{State, StudentResult};
use crate::grade::roster::Student;
use crate::grade::rubric::Rubric;
use crate::report::escape::cut;
use crate::report::html::{Page, STYLE, hash};

/// What the pages of marks have beyond the style of the audit's.
pub(super) const OWN_STYLE: &str = include_str!("../../../templates/grade/page.css");
/// How many of what cost points are named at the top.
const FIRST: usize = 6;

/// Writes one student's marks as a page that needs nothing else.
pub fn student_html(rubric: &Rubric, student: &Student, result: &StudentResult) -> String {
    let parts = parts(rubric, result);
    let mut page = Page::default();
    head(&mut page, rubric, student, result);
    overview(&mut page, result, &parts);
    tasks(&mut page, &parts);
    for (number, part) in parts.iter().enumerate() {
        task(&mut page, number, part);
    }
    late(&mut page, rubric, result);
    words(&mut page);
    page.raw("</main>\n</body>\n</html>\n");
    page.out
}

/// Begins a page of marks: head, style, skip link.
pub(super) fn begin(page: &mut Page, title: &str, script: Option<&str>, skip: &str) {
    let style = format!("{STYLE}{OWN_STYLE}");
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; form-action 'none'; style-src ");
    page.raw(&hash(&style));
    if let Some(script) = script {
        page.raw("; script-src ").raw(&hash(script));
    }
    page.raw("\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    page.text(title).raw("</title>\n<style>").raw(&style).raw("</style>\n</head>\n");
    // What has a script is the class: its table is wide.
    page.raw(if script.is_some() { "<body class=\"wide-page\">\n" } else { "<body>\n" });
    page.raw("<a class=\"skip\" href=\"#main\">").raw(skip).raw("</a>\n");
}

fn head(page: &mut Page, rubric: &Rubric, student: &Student, result: &StudentResult) {
    let title = format!("{}: {}", cut(&rubric.title, NAME), name(student));
    begin(page, &title, None, "Skip to the result");
    page.raw("<header class=\"top\">\n<p class=\"brand\">iamlab grade</p>\n<h1>").name(&rubric.title);
    page.raw("</h1>\n<p class=\"meta\">").name(&name(student));
    if student.name.as_deref().is_some_and(|name| !name.trim().is_empty()) {
        page.raw(" (").name(&result.id).raw(")");
    }
    if !result.account.is_empty() {
        page.raw(" · account <span class=\"mono\">").name(&result.account).raw("</span>");
    }
    page.raw("</p>\n</header>\n<main id=\"main\">\n");
}

fn overview(page: &mut Page, result: &StudentResult, parts: &[Part<'_>]) {
    page.raw("<section class=\"overview\" aria-labelledby=\"result\">\n<h2 id=\"result\" class=\"vh\">Result</h2>\n<div class=\"cards\">\n");
    page.raw("<div class=\"card total\">\n<p class=\"sum\"><b>").text(&score(result.state, result.score));
    page.raw("</b> of ").text(&points(result.max)).raw("</p>\n");
    bar(page, result, parts);
    let said = provisos(result);
    if !said.is_empty() {
        page.raw("<ul class=\"provisos\">\n");
        for sentence in said {
            page.raw("<li>").prose(&sentence).raw("</li>\n");
        }
        page.raw("</ul>\n");
    }
    page.raw("</div>\n");
    mend_first(page, result, parts);
    page.raw("</div>\n</section>\n");
}

/// Draws how the points lie: earned, late, undecided, lost; the legend says it in words.
fn bar(page: &mut Page, result: &StudentResult, parts: &[Part<'_>]) {
    let undecided: Points = parts.iter().map(Part::undecided).sum();
    let deduction = result.late.as_ref().map_or(Points::ZERO, |late| late.deduction);
    let lost: Points = worst(parts).iter().map(|(.., marked)| marked.lost()).sum();
    let shares = [
        ("p", "earned", result.score),
        ("u", "for being late", deduction),
        ("m", "open", undecided),
        ("f", "missed", lost),
    ];
    let whole: u32 = shares.iter().map(|(.., share)| share.in_hundredths()).sum::<u32>().max(1);
    page.raw(
        "<svg class=\"share\" viewBox=\"0 0 1000 14\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
    );
    let mut before = 0;
    for (letter, _, share) in shares {
        let wide = |points: u32| u64::from(points) * 1000 / u64::from(whole);
        let (from, to) = (wide(before), wide(before + share.in_hundredths()));
        if to > from {
            page.raw(&format!(
                "<rect class=\"s-{letter}\" x=\"{from}\" width=\"{}\" height=\"14\"/>",
                to - from
            ));
        }
        before += share.in_hundredths();
    }
    page.raw("</svg>\n<ul class=\"legend inline\">\n");
    for (letter, word, share) in shares.into_iter().filter(|(.., share)| *share > Points::ZERO) {
        page.raw(&format!("<li><span class=\"dot s-{letter}\"></span><b>{share}</b> {word}</li>\n"));
    }
    page.raw("</ul>\n");
}

fn mend_first(page: &mut Page, result: &StudentResult, parts: &[Part<'_>]) {
    let worst = worst(parts);
    page.raw("<div class=\"card first\">\n<h2>What cost points</h2>\n");
    if worst.is_empty() {
        let said = match result.state {
            State::Unreachable => "Nobody could look at the account yet.",
            State::Graded | State::Pending => "Nothing that was looked at is missing.",
        };
        page.raw("<p>").raw(said).raw("</p>\n</div>\n");
        return;
    }
    page.raw("<ol>\n");
    for (task, at, marked) in worst.iter().take(FIRST) {
        page.raw(&format!("<li><a href=\"#{}\">", anchor(*task, *at))).prose(marked.what());
        page.raw("</a> <span class=\"dim\">").text(&points(marked.lost())).raw("</span></li>\n");
    }
    page.raw("</ol>\n");
    if worst.len() > FIRST {
        page.raw(&format!("<p class=\"dim\">and {} more below</p>\n", worst.len() - FIRST));
    }
    page.raw("</div>\n");
}

fn tasks(page: &mut Page, parts: &[Part<'_>]) {
    page.raw("<section aria-labelledby=\"tasks\">\n<h2 id=\"tasks\">Tasks</h2>\n<table class=\"plain sheet tasks\">\n<caption class=\"vh\">Points of each task</caption>\n");
    page.raw("<thead><tr><th scope=\"col\">Task</th><th scope=\"col\">About</th><th scope=\"col\">Criteria</th><th scope=\"col\" class=\"n\">Points</th></tr></thead>\n<tbody>\n");
    for (number, part) in parts.iter().enumerate() {
        page.raw(&format!("<tr><th scope=\"row\"><a href=\"#t{}\">", number + 1)).name(&part.result.id);
        page.raw("</a></th><td>").prose(part.title).raw("</td><td class=\"dim\">").text(&part.state());
        page.raw("</td><td class=\"n\">");
        page.text(&part.points()).raw("</td></tr>\n");
    }
    page.raw("</tbody>\n</table>\n</section>\n");
}

/// Names the place of a criterion on the page.
fn anchor(task: usize, criterion: usize) -> String {
    format!("c{}-{}", task + 1, criterion + 1)
}

fn task(page: &mut Page, number: usize, part: &Part<'_>) {
    let id = number + 1;
    page.raw(&format!(
        "<section class=\"task\" aria-labelledby=\"t{id}\">\n<h2 id=\"t{id}\"><span class=\"number\">"
    ));
    page.name(&part.result.id).raw("</span> ").prose(part.title).raw(" <span class=\"of\">");
    page.text(&part.points()).raw("</span></h2>\n");
    for (at, marked) in part.criteria.iter().enumerate() {
        criterion(page, &anchor(number, at), marked);
    }
    page.raw("</section>\n");
}

fn criterion(page: &mut Page, id: &str, marked: &Marked<'_>) {
    let letter = marked.standing.letter();
    page.raw(&format!("<article class=\"criterion {letter}\" aria-labelledby=\"{id}\">\n<h3 id=\"{id}\"><span class=\"badge s-{letter}\">"));
    page.raw(marked.standing.word()).raw("</span> <span class=\"what\">").prose(marked.what());
    page.raw("</span> <span class=\"of\">")
        .text(&marked.points())
        .raw("</span></h3>\n<div class=\"body\">\n");
    // What is met needs no second sentence that says the same.
    page.raw("<p>").prose(&marked.found()).raw("</p>\n");
    if let Some(remark) = &marked.result.remark {
        page.raw("<p class=\"remark\"><b>Passed over</b> ").prose(&told(remark)).raw("</p>\n");
    }
    if let Some(comment) = &marked.result.comment {
        page.raw("<p class=\"remark\"><b>From who marked</b> ").prose(&told(comment)).raw("</p>\n");
    }
    if let Some(fix) = marked.fix() {
        page.raw("<p class=\"fix\"><b>Do</b> ").prose(&fix).raw("</p>\n");
    }
    if !marked.result.evidence.is_empty() {
        page.raw("<details class=\"evidence\"><summary>Evidence</summary>\n<ul class=\"lines\">\n");
        for line in &marked.result.evidence {
            page.raw("<li>").text(line).raw("</li>\n");
        }
        page.raw("</ul></details>\n");
    }
    page.raw("</div>\n</article>\n");
}

fn late(page: &mut Page, rubric: &Rubric, result: &StudentResult) {
    let Some(late) = result.late.as_ref().filter(|late| late.days > 0 || !late.evidence.is_empty()) else {
        return;
    };
    page.raw("<section aria-labelledby=\"late\">\n<h2 id=\"late\">After the deadline</h2>\n<p>");
    page.text(&format!("{} late: less {}.", days(late.days), points(late.deduction)));
    if let Some(rule) = late_rule(rubric) {
        page.raw(" ").text(&rule);
    }
    page.raw("</p>\n<ul class=\"lines\">\n");
    for line in &late.evidence {
        page.raw("<li>").text(line).raw("</li>\n");
    }
    page.raw("</ul>\n</section>\n");
}

fn words(page: &mut Page) {
    page.raw("<section aria-labelledby=\"words\">\n<h2 id=\"words\">What the words mean</h2>\n<dl class=\"words\">\n");
    for standing in Standing::ALL {
        page.raw(&format!(
            "<dt><span class=\"badge s-{}\">{}</span></dt><dd>",
            standing.letter(),
            standing.word()
        ));
        page.text(standing.meaning()).raw("</dd>\n");
    }
    page.raw("</dl>\n</section>\n");
}
