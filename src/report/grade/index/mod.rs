//! The class as one page, for the instructor: how the points lie, what is to be looked at, what was hard, and every
//! student by task. Its size grows with the class and with nothing that students wrote: evidence is in their reports.

mod attention;
mod figures;
mod matrix;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::student::begin;
use super::view::{NAME, name};
use super::{ClassPage, Member};
use crate::grade::rubric::Rubric;
use crate::report::escape::cut;
use crate::report::html::Page;
use crate::report::words::{count, time};

const SCRIPT: &str = include_str!("../../../../templates/grade/index.js");

/// What stands in a part of an address as it is.
const SEGMENT: AsciiSet = NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b'-').remove(b'@');

/// Writes the class as one page; it links to `students/ID/report.html`.
pub fn index_html(rubric: &Rubric, class: &ClassPage<'_>) -> String {
    let mut page = Page::default();
    begin(&mut page, &format!("{}: the class", cut(&rubric.title, NAME)), Some(SCRIPT), "Skip to the class");
    page.raw("<header class=\"top\">\n<p class=\"brand\">iamlab grade</p>\n<h1>").name(&rubric.title);
    page.raw("</h1>\n<p class=\"meta\">").text(&count(class.members.len(), "student", "students"));
    page.text(&format!(" · {} points in {}", rubric.max(), count(rubric.tasks.len(), "task", "tasks")));
    if let Some(deadline) = class.deadline {
        page.raw(" · due ").text(&time(deadline));
    }
    page.raw("</p>\n<nav aria-label=\"On this page\"><a href=\"#look\">To be looked at</a> <a href=\"#hardest\">Hardest criteria</a> <a href=\"#students\">Students</a></nav>\n</header>\n<main id=\"main\">\n");
    figures::write(&mut page, rubric, class);
    attention::write(&mut page, rubric, class);
    figures::hardest(&mut page, rubric, class);
    matrix::write(&mut page, rubric, class);
    page.raw("</main>\n<script>").raw(SCRIPT).raw("</script>\n</body>\n</html>\n");
    page.out
}

/// Links to a student's report.
fn link(page: &mut Page, member: &Member<'_>, shown: &str) {
    address(page, &member.row.id);
    page.name(shown).raw("</a>");
}

/// Opens a link to the report of a student by id.
fn address(page: &mut Page, id: &str) {
    // An id that is nothing but dots would lead elsewhere.
    let id = if id.chars().all(|c| c == '.') { "-" } else { id };
    let id = cut(id, NAME);
    page.raw("<a href=\"students/")
        .raw(&utf8_percent_encode(&id, &SEGMENT).to_string())
        .raw("/report.html\">");
}

/// Names a student for the page: name and id.
fn who(page: &mut Page, member: &Member<'_>) {
    let name = name(member.student);
    link(page, member, &name);
    if name != member.row.id {
        page.raw(" <span class=\"dim\">").name(&member.row.id).raw("</span>");
    }
}
