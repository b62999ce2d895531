//! The bar that narrows the page down. It is shown by the script; without one the page shows everything.

use crate::audit::check::Severity;
use crate::audit::finding::Audit;
use crate::audit::verdict::Status;

use super::super::group::Group;
use super::super::words;
use super::{Page, class, control};

const SEVERITIES: [Severity; 5] =
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Informational];

pub(super) fn write(page: &mut Page, audit: &Audit, benchmarks: &[Vec<Group<'_>>]) {
    page.raw("<form id=\"filter\" class=\"filter\" role=\"search\" aria-label=\"Filter\" hidden>\n");
    if audit.benchmarks.len() > 1 {
        page.raw("<label>Benchmark <select id=\"benchmark\">\n");
        for judged in &audit.benchmarks {
            page.raw("<option value=\"").text(judged.id).raw("\">").text(judged.title).raw("</option>\n");
        }
        page.raw("<option value=\"\">all of them</option>\n</select></label>\n");
    }
    page.raw("<fieldset><legend>Status</legend>\n");
    for status in Status::ALL {
        let count = audit.findings.iter().filter(|finding| finding.status == status).count();
        if count > 0 {
            page.raw(&format!(
                "<label class=\"chip s-{0}\"><input type=\"checkbox\" name=\"status\" value=\"{0}\" checked> {1}</label>\n",
                class(status),
                words::status(status),
            ));
        }
    }
    page.raw("</fieldset>\n<label>Severity <select id=\"severity\"><option value=\"\">any</option>\n");
    for severity in SEVERITIES {
        page.raw(&format!("<option>{}</option>\n", severity.word()));
    }
    page.raw("</select></label>\n<label>Control <select id=\"control\"><option value=\"\">all</option>\n");
    for (judged, groups) in audit.benchmarks.iter().zip(benchmarks) {
        page.raw("<optgroup label=\"").text(judged.title).raw("\">\n");
        for group in groups {
            page.raw("<option value=\"").raw(&control::anchor(group.first)).raw("\">");
            page.text(group.first.control).raw(" ").text(group.first.title).raw("</option>\n");
        }
        page.raw("</optgroup>\n");
    }
    page.raw(
        "</select></label>\n<label class=\"grow\">Search <input id=\"search\" type=\"search\" placeholder=\"a name, a \
         word\" autocomplete=\"off\"></label>\n<button type=\"reset\">Show all</button>\n<p id=\"shown\" \
         class=\"dim\" aria-live=\"polite\"></p>\n</form>\n",
    );
}
