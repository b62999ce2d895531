//! The controls of each benchmark with their findings.

use crate::audit::benchmark::topic;
use crate::audit::check::Severity;
use crate::audit::checks::CHECKS;
use crate::audit::finding::{Audit, Change, Finding};
use crate::audit::verdict::Status;

use super::super::group::Group;
use super::super::words;
use super::{Page, class};

/// With more findings than that, those that ask for nothing are only named.
const FEW: usize = 12;
/// With more failures than that, a control starts folded.
const MANY: usize = 30;

pub(super) fn write(page: &mut Page, audit: &Audit, benchmarks: &[Vec<Group<'_>>]) {
    let mut told: Vec<&Group<'_>> = Vec::new();
    for (judged, groups) in audit.benchmarks.iter().zip(benchmarks) {
        page.raw("<section class=\"benchmark\" data-benchmark=\"").text(judged.id).raw("\">\n<h2>");
        page.text(judged.title).raw("</h2>\n");
        for chapter in groups.chunk_by(|a, b| number(a) == number(b)) {
            let Some(first) = chapter.first() else { continue };
            page.raw("<section class=\"chapter\">\n<h3><span class=\"number\">").text(number(first));
            page.raw("</span> ").text(first.first.section).raw("</h3>\n");
            for group in chapter {
                let earlier = told.iter().find(|earlier| all_the_same(earlier, group));
                control(page, group, earlier.copied());
            }
            page.raw("</section>\n");
        }
        page.raw("</section>\n");
        told.extend(groups);
    }
}

/// The first part of a control's number.
fn number<'a>(group: &Group<'a>) -> &'a str {
    group.first.control.split('.').next().unwrap_or_default()
}

fn all_the_same(a: &Group<'_>, b: &Group<'_>) -> bool {
    a.findings.len() > 1
        && a.findings.len() == b.findings.len()
        && Status::ALL.iter().all(|status| a.says_the_same(b, *status))
}

/// Names the place of a control on the page; ids of benchmarks and controls are ours.
pub(super) fn anchor(finding: &Finding) -> String {
    let id = format!("{}-{}", finding.benchmark, finding.control);
    id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '.' { c } else { '_' }).collect()
}

/// Writes how bad it is.
pub(super) fn severity(page: &mut Page, severity: Severity) {
    page.raw(&format!("<span class=\"severity v-{0}\">{0}</span>", severity.word()));
}

fn control(page: &mut Page, group: &Group<'_>, earlier: Option<&Group<'_>>) {
    let status = group.status;
    let asks = matches!(status, Status::Fail | Status::Unknown);
    let open = asks && group.with(status).count() <= MANY && earlier.is_none();
    page.raw(&format!(
        "<details class=\"control\" id=\"{}\" data-s=\"{}\" data-v=\"{}\"{}>\n<summary>",
        anchor(group.first),
        class(status),
        group.severity.word(),
        if open { " open" } else { "" }
    ));
    badge(page, status);
    page.raw("<span class=\"number\">").text(group.first.control).raw("</span><span class=\"title\">");
    page.text(group.first.title).raw("</span>");
    if matches!(status, Status::Fail | Status::Unknown | Status::Exempt) {
        severity(page, group.severity);
    }
    page.raw("<span class=\"count\">");
    match (status, group.findings.len()) {
        (_, 1) => {}
        (Status::Pass | Status::NotApplicable, all) => {
            page.raw(&all.to_string());
        }
        (status, all) => {
            page.raw(&format!("{} of {all}", group.with(status).count()));
        }
    }
    page.raw("</span></summary>\n<div class=\"body\">\n");
    facts(page, group);
    if let Some(earlier) = earlier {
        page.raw("<p>The same findings as <a href=\"#").raw(&anchor(earlier.first)).raw("\">");
        page.text(&format!("{} of {}", earlier.first.control, earlier.first.benchmark));
        page.raw("</a>.</p>\n");
    } else {
        findings(page, group);
    }
    page.raw("</div>\n</details>\n");
}

fn badge(page: &mut Page, status: Status) {
    page.raw(&format!("<span class=\"badge s-{}\">{}</span>", class(status), words::status(status)));
}

/// Why it matters, what to do, and the control's other numbers.
fn facts(page: &mut Page, group: &Group<'_>) {
    let first = group.first;
    let check = CHECKS.iter().find(|check| Some(check.id) == first.check);
    let why = check.map(|check| check.docs.why).or_else(|| topic(first.topic).map(|page| page.why.as_str()));
    if let Some(why) = why {
        page.raw("<p class=\"why\">").prose(why).raw("</p>\n");
    }
    let general = (group.status == Status::Manual).then_some(Status::Manual);
    let asks = [Status::Fail, Status::Exempt].into_iter().find(|status| group.with(*status).next().is_some());
    if let Some(remedy) = asks.or(general).and_then(|status| group.remedy(status)) {
        page.raw("<p class=\"fix\"><b>Fix</b> ").prose(&remedy).raw("</p>\n");
    }
    page.raw("<p class=\"also\">level ").raw(&first.level.to_string());
    if let Some(check) = first.check {
        page.raw(" · check <code>").text(check).raw("</code>");
    }
    if !first.also.is_empty() {
        let numbers: Vec<String> =
            first.also.iter().map(|(benchmark, control)| format!("{control} in {benchmark}")).collect();
        page.raw(" · also ").text(&numbers.join(", "));
    }
    page.raw("</p>\n");
}

fn findings(page: &mut Page, group: &Group<'_>) {
    let calm = |finding: &&Finding| matches!(finding.status, Status::Pass | Status::NotApplicable);
    let only_name = group.findings.iter().filter(calm).count() > FEW;
    let mut rows: Vec<&Finding> =
        group.findings.iter().filter(|finding| !(only_name && calm(finding))).collect();
    rows.sort_by_key(|finding| std::cmp::Reverse(finding.status.gravity()));
    let own_fix = group.with(Status::Fail).next().is_some() && group.remedy(Status::Fail).is_none();
    if !rows.is_empty() {
        page.raw(
            "<table class=\"findings\">\n<thead><tr><th scope=\"col\">Status</th><th scope=\"col\">Who</th><th \
             scope=\"col\">What</th></tr></thead>\n<tbody>\n",
        );
        for finding in rows {
            row(page, finding, own_fix);
        }
        page.raw("</tbody>\n</table>\n");
    }
    if !only_name {
        return;
    }
    for status in [Status::Pass, Status::NotApplicable] {
        let count = group.with(status).count();
        if count == 0 {
            continue;
        }
        page.raw(&format!(
            "<details class=\"names\" data-s=\"{}\"><summary>{count} {}</summary>\n<ul>",
            class(status),
            words::status(status)
        ));
        for finding in group.with(status) {
            page.raw(&format!("<li class=\"{}\">", class(status)));
            page.name(&words::subject(finding)).raw("\n");
        }
        page.raw("</ul></details>\n");
    }
}

fn row(page: &mut Page, finding: &Finding, own_fix: bool) {
    page.raw(&format!("<tr class=\"{}\"><td>", class(finding.status)));
    badge(page, finding.status);
    page.raw("</td><th scope=\"row\"><span class=\"mono\">").name(&finding.name).raw("</span>");
    if let Some(credential) = finding.credential {
        page.raw(" <span class=\"dim\">").text(credential).raw("</span>");
    }
    if finding.change == Some(Change::New) {
        page.raw(" <span class=\"new\">new</span>");
    }
    page.raw("</th><td><p>").prose(&finding.message).raw("</p>");
    if own_fix && finding.status == Status::Fail {
        page.raw("<p class=\"fix\"><b>Fix</b> ").prose(&finding.remediation).raw("</p>");
    }
    if let Some(exemption) = &finding.exemption {
        page.raw("<p class=\"who\">").text(&exemption.approver);
        page.raw(&format!(" answers for it until {}: ", exemption.expires))
            .prose(&exemption.reason)
            .raw("</p>");
    }
    if let Some(attested) = &finding.attestation {
        page.raw("<p class=\"who\">").text(&attested.by);
        page.raw(&format!(" looked on {}; counts until {}</p>", attested.on, attested.expires));
    }
    page.raw("<details class=\"evidence\"><summary>Evidence</summary><dl><dt>resource</dt><dd>");
    page.text(&finding.resource).raw("</dd>");
    for (field, value) in &finding.evidence {
        page.raw("<dt>").text(field).raw("</dt><dd>").text(value).raw("</dd>");
    }
    page.raw("</dl></details></td></tr>\n");
}
