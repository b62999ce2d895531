//! One HTML page that needs nothing else: no request leaves it, and it reads without its script.
//!
//! The page's script and style are allowed by their hashes, so that nothing else in it can run, whatever a name holds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::audit::finding::Audit;
use crate::audit::verdict::Status;

use super::escape;
use super::group::{Group, groups, worst_first};
use super::words;

mod appendix;
mod control;
mod filter;
mod picture;
mod users;

pub(super) const STYLE: &str = include_str!("../../../templates/audit/page.css");
const SCRIPT: &str = include_str!("../../../templates/audit/page.js");
/// The longest name AWS knows, of policies and groups.
const NAME: usize = 128;
/// How many failing controls are named at the top.
const FIRST: usize = 6;

/// The page as it grows.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) out: String,
}

impl Page {
    /// Appends markup of ours.
    pub(super) fn raw(&mut self, markup: &str) -> &mut Self {
        self.out.push_str(markup);
        self
    }

    /// Appends text, whatever it holds.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        escape::html(&mut self.out, text);
        self
    }

    /// Appends a name, at most as long as AWS lets one be.
    pub(super) fn name(&mut self, name: &str) -> &mut Self {
        self.text(&escape::cut(name, NAME))
    }

    /// Appends a sentence, with what stands between backticks as code.
    pub(super) fn prose(&mut self, text: &str) -> &mut Self {
        escape::html_prose(&mut self.out, text);
        self
    }
}

pub(super) fn render(audit: &Audit) -> String {
    let mut page = Page::default();
    let benchmarks: Vec<Vec<Group<'_>>> =
        audit.benchmarks.iter().map(|judged| groups(audit, judged.id)).collect();
    head(&mut page, audit);
    overview(&mut page, audit, &benchmarks);
    filter::write(&mut page, audit, &benchmarks);
    control::write(&mut page, audit, &benchmarks);
    users::write(&mut page, audit);
    appendix::write(&mut page, audit);
    page.raw("</main>\n<script>").raw(SCRIPT).raw("</script>\n</body>\n</html>\n");
    page.out
}

/// Returns the hash by which a page allows its own style or script and no other.
pub(super) fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

fn head(page: &mut Page, audit: &Audit) {
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; ");
    page.raw(&format!(
        "form-action 'none'; img-src data:; style-src {}; script-src {}\">\n",
        hash(STYLE),
        hash(SCRIPT)
    ));
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n");
    page.raw("<title>Audit of account ").text(&audit.account).raw("</title>\n<style>").raw(STYLE);
    page.raw("</style>\n</head>\n<body>\n<header class=\"top\">\n<p class=\"brand\">iamlab audit</p>\n<h1>Account <span class=\"mono\">");
    page.text(&audit.account).raw("</span></h1>\n<p class=\"meta\">As of ");
    page.text(&words::time(audit.as_of)).raw(" · read ").text(&words::time(audit.collected_at)).raw(" from ");
    page.text(&audit.target);
    if let Some(calls) = audit.api_calls {
        let number = usize::try_from(calls.read + calls.write).unwrap_or(usize::MAX);
        page.raw(" with ").text(&words::count(number, "request", "requests"));
    }
    page.raw("</p>\n");
    if let Some(age) = words::report_age(audit) {
        page.raw("<p class=\"note\">").text(&words::sentence(&age)).raw("</p>\n");
    }
    page.raw("</header>\n<main>\n");
}

fn overview(page: &mut Page, audit: &Audit, benchmarks: &[Vec<Group<'_>>]) {
    page.raw("<section class=\"overview\" aria-label=\"Overview\">\n<div class=\"cards\">\n");
    let mut unwritten = benchmarks.first();
    for judged in &audit.benchmarks {
        page.raw("<article class=\"card\">\n<h2>").text(judged.title).raw("</h2>\n");
        picture::donut(page, judged);
        page.raw("</article>\n");
        // What matters most stands beside the first picture, not after ten.
        if let Some(groups) = unwritten.take() {
            mend_first(page, groups);
        }
    }
    page.raw("</div>\n");
    let (new, unchanged) = words::changes(audit);
    if new + unchanged + audit.fixed.len() > 0 {
        page.raw(&format!(
            "<p class=\"baseline\">Against the baseline: <strong>{new} new</strong>, {unchanged} unchanged, {} \
             fixed.</p>\n",
            audit.fixed.len()
        ));
    }
    page.raw("</section>\n");
}

/// Names the worst failures of the first benchmark.
fn mend_first(page: &mut Page, groups: &[Group<'_>]) {
    let failing = worst_first(groups, Status::Fail);
    if failing.is_empty() {
        return;
    }
    page.raw("<article class=\"card first\">\n<h2>Mend first</h2>\n<ol>\n");
    for group in failing.iter().take(FIRST) {
        let found = group.with(Status::Fail).count();
        page.raw("<li><a href=\"#").raw(&control::anchor(group.first)).raw("\"><span class=\"number\">");
        page.text(group.first.control).raw("</span> ").text(group.first.title).raw("</a> ");
        control::severity(page, group.severity);
        page.raw(&format!(
            " <span class=\"dim\">{}</span></li>\n",
            words::count(found, "finding", "findings")
        ));
    }
    page.raw("</ol>\n");
    if failing.len() > FIRST {
        page.raw(&format!("<p class=\"dim\">and {} more below</p>\n", failing.len() - FIRST));
    }
    page.raw("</article>\n");
}

/// The class of a status, one letter: there are thousands.
const fn class(status: Status) -> &'static str {
    match status {
        Status::Pass => "p",
        Status::Fail => "f",
        Status::Unknown => "u",
        Status::Manual => "m",
        Status::NotApplicable => "n",
        Status::Exempt => "e",
    }
}
