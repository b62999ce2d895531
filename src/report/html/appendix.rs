//! What could not be read, the exceptions, what is fixed, and remarks.

use crate::audit::finding::{Audit, ExceptionState};

use super::super::words;
use super::Page;

/// How many fixed findings, or failures of one exception, are listed.
const LISTED: usize = 100;

pub(super) fn write(page: &mut Page, audit: &Audit) {
    unread(page, audit);
    exceptions(page, audit);
    fixed(page, audit);
    if !audit.remarks.is_empty() {
        page.raw("<section>\n<h2>Remarks</h2>\n<ul>\n");
        for remark in &audit.remarks {
            page.raw("<li>").prose(remark).raw("</li>\n");
        }
        page.raw("</ul>\n</section>\n");
    }
}

fn unread(page: &mut Page, audit: &Audit) {
    if audit.unread.is_empty() {
        return;
    }
    page.raw("<section>\n<h2>Could not be read</h2>\n<ul>\n");
    for (part, why) in &audit.unread {
        page.raw("<li><b>").text(part.name()).raw("</b>: ").prose(why).raw("</li>\n");
    }
    page.raw("</ul>\n");
    if let Some(policy) = words::missing_permissions(audit) {
        page.raw("<p>Where a permission was missing, this policy gives it:</p>\n<pre>").out.push_str(&policy);
        page.raw("</pre>\n");
    }
    page.raw("</section>\n");
}

fn exceptions(page: &mut Page, audit: &Audit) {
    if audit.exceptions.is_empty() {
        return;
    }
    page.raw(
        "<section>\n<h2>Exceptions</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" \
         aria-label=\"Exceptions\">\n<table class=\"plain\">\n<thead><tr><th scope=\"col\">State</th><th \
         scope=\"col\">Control</th><th scope=\"col\">Resource</th><th scope=\"col\">Why</th><th \
         scope=\"col\">Answers for it</th><th scope=\"col\">Until</th><th \
         scope=\"col\">Failures</th></tr></thead>\n<tbody>\n",
    );
    for exception in &audit.exceptions {
        let tone = match exception.state {
            ExceptionState::Used | ExceptionState::WouldHide => "s-e",
            ExceptionState::Expired => "s-f",
            ExceptionState::Unused => "s-n",
        };
        page.raw(&format!(
            "<tr><td><span class=\"badge {tone}\">{}</span></td><th scope=\"row\">",
            words::state(exception.state)
        ));
        page.text(&exception.control).raw("</th><td class=\"mono\">").text(&exception.resource);
        page.raw("</td><td>").prose(&exception.exemption.reason).raw("</td><td>");
        page.text(&exception.exemption.approver);
        page.raw(&format!("</td><td>{}</td><td>", exception.exemption.expires));
        if exception.hides.is_empty() {
            page.raw("none");
        } else {
            page.raw(&format!("<details><summary>{}</summary><ul>", exception.hides.len()));
            for hidden in exception.hides.iter().take(LISTED) {
                page.raw("<li>").text(hidden).raw("</li>");
            }
            if exception.hides.len() > LISTED {
                page.raw(&format!("<li>and {} more</li>", exception.hides.len() - LISTED));
            }
            page.raw("</ul></details>");
        }
        page.raw("</td></tr>\n");
    }
    page.raw("</tbody>\n</table>\n</div>\n</section>\n");
}

fn fixed(page: &mut Page, audit: &Audit) {
    if audit.fixed.is_empty() {
        return;
    }
    page.raw("<section>\n<h2>Fixed since the baseline</h2>\n<ul>\n");
    for fixed in audit.fixed.iter().take(LISTED) {
        page.raw("<li><span class=\"number\">").text(&fixed.control).raw("</span> <span class=\"mono\">");
        page.name(&fixed.name).raw("</span> <span class=\"dim\">");
        page.text(fixed.credential.as_deref().unwrap_or_default()).raw(" ").text(&fixed.benchmark);
        page.raw("</span></li>\n");
    }
    if audit.fixed.len() > LISTED {
        page.raw(&format!("<li>and {} more</li>\n", audit.fixed.len() - LISTED));
    }
    page.raw("</ul>\n</section>\n");
}
