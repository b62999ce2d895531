//! The report as one page that needs nothing else: no request leaves it, and it reads without its script.
//!
//! The page's script and style are allowed by their hashes, so that nothing else in it can run, whatever a name holds.

use super::csv::status;
use super::{About, Figure, Remark, ages, created, figures, lines, remarks, shown};
use crate::audit::users::{Mark, Person, Users};
use crate::report::html::{Page, STYLE, hash};
use crate::report::words::time;

/// What the page has beyond the style of the audit's.
const OWN_STYLE: &str = include_str!("../../../templates/users/page.css");
const SCRIPT: &str = include_str!("../../../templates/users/page.js");

/// Writes the report as a page.
pub fn to_html(users: &Users, about: About<'_>) -> String {
    let mut page = Page::default();
    head(&mut page, users, about);
    overview(&mut page, users);
    filter(&mut page);
    for person in &users.people {
        block(&mut page, person);
    }
    if users.people.is_empty() {
        page.raw("<p class=\"none\">There is nobody to show.</p>\n");
    }
    if !users.unplaced.is_empty() {
        page.raw("<article class=\"person untold\" data-name=\"\">\n<h2>Nobody in the report</h2>\n");
        told(&mut page, &remarks(&users.unplaced));
        page.raw("</article>\n");
    }
    page.raw("</main>\n<script>").raw(SCRIPT).raw("</script>\n</body>\n</html>\n");
    page.out
}

fn head(page: &mut Page, users: &Users, about: About<'_>) {
    let style = format!("{STYLE}{OWN_STYLE}");
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw(&format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; form-action \
         'none'; style-src {}; script-src {}\">\n",
        hash(&style),
        hash(SCRIPT)
    ));
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n");
    page.raw("<title>Credential report of account ")
        .text(&users.account)
        .raw("</title>\n<style>")
        .raw(&style);
    page.raw(
        "</style>\n</head>\n<body>\n<header class=\"top\">\n<p class=\"brand\">iamlab audit users</p>\n",
    );
    page.raw("<h1>Credential report of <span class=\"mono\">").text(&users.account);
    page.raw("</span></h1>\n<p class=\"meta\">");
    match users.read_at {
        Some(at) => page.raw("Read ").text(&time(at)).raw(" from ").text(about.target),
        None => page.raw("Read from a ").text(about.target),
    };
    if let Some(who) = about.taken_by {
        page.raw(" with the rights of <span class=\"mono\">").text(who).raw("</span>");
    }
    page.raw("</p>\n");
    for sentence in ages(users) {
        page.raw("<p class=\"note\">").text(&sentence).raw("</p>\n");
    }
    page.raw("</header>\n<main>\n");
}

fn overview(page: &mut Page, users: &Users) {
    page.raw("<section class=\"overview report\" aria-label=\"Overview\">\n<div class=\"cards\">\n");
    for Figure { number, untold, words, is_bad } in figures(users) {
        let class = match (is_bad, number, untold) {
            (false, ..) => "",
            (true, 0, 0) => " p",
            (true, 0, _) => " u",
            (true, ..) => " f",
        };
        page.raw(&format!("<div class=\"card{class}\"><b>{number}</b>")).text(&words).raw("</div>\n");
    }
    page.raw("</div>\n<p class=\"key\">").text(&shown(users));
    page.raw(" <span class=\"wrong\">!</span> is what is wrong, <span class=\"untold\">?</span> is what the report ");
    page.raw("leaves open.</p>\n</section>\n");
}

fn filter(page: &mut Page) {
    page.raw(
        "<form class=\"filter\" id=\"filter\" hidden>\n<label class=\"chip s-f\"><input type=\"checkbox\" \
         id=\"flagged\"> only where something is wrong or open</label>\n<label class=\"grow\">Search <input \
         id=\"search\" type=\"search\" placeholder=\"a name\" autocomplete=\"off\"></label>\n<p id=\"shown\" \
         class=\"dim\" aria-live=\"polite\"></p>\n</form>\n",
    );
}

fn block(page: &mut Page, person: &Person) {
    page.raw("<article class=\"person ").raw(status(person)).raw("\" data-name=\"");
    page.text(&person.name.to_lowercase()).raw("\">\n<h2>").name(&person.name);
    page.raw("</h2>\n<p class=\"arn\"><span class=\"mono\">").text(&person.arn).raw("</span>, ");
    page.text(&created(person)).raw("</p>\n<dl>\n");
    for line in lines(person) {
        page.raw("<dt>").raw(line.label).raw("</dt><dd>");
        for (at, piece) in line.pieces.iter().enumerate() {
            let mark = person.marks().get(piece.column).copied();
            page.raw(if at > 0 { " <span" } else { "<span" });
            page.raw(&mark.map(|mark| format!(" class=\"{}\"", class(mark))).unwrap_or_default());
            page.raw(" title=\"").raw(piece.column).raw("\">").raw(mark.map_or("", sign)).text(&piece.words);
            page.raw("</span>");
        }
        page.raw("</dd>\n");
    }
    page.raw("</dl>\n");
    told(page, &remarks(&person.findings));
    page.raw("</article>\n");
}

fn told(page: &mut Page, remarks: &[Remark<'_>]) {
    if remarks.is_empty() {
        return;
    }
    page.raw("<ul class=\"remarks\">\n");
    for remark in remarks {
        let letter = match remark.mark {
            Mark::Wrong => "f",
            Mark::Untold => "u",
        };
        page.raw("<li><span class=\"badge s-").raw(letter).raw("\">").text(&remark.controls).raw("</span> ");
        page.prose(&remark.words);
        if let Some(advice) = remark.advice {
            page.raw("<p class=\"fix\"><b>Do</b> ").prose(advice).raw("</p>");
        }
        page.raw("</li>\n");
    }
    page.raw("</ul>\n");
}

const fn class(mark: Mark) -> &'static str {
    match mark {
        Mark::Wrong => "wrong",
        Mark::Untold => "untold",
    }
}

const fn sign(mark: Mark) -> &'static str {
    match mark {
        Mark::Wrong => "! ",
        Mark::Untold => "? ",
    }
}
