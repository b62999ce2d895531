//! The XML that CI systems read test results from (`junit`): a suite per control, a case per finding.
//!
//! A failure is a `failure`, what could not be looked at an `error`; what waits for a person, does not apply or is
//! exempt is `skipped`, with the reason.

use std::fmt::Write as _;

use crate::audit::finding::{Audit, Finding};
use crate::audit::verdict::Status;

use super::escape::xml;
use super::group::{Group, groups};
use super::words;

pub(super) fn render(audit: &Audit) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    attribute(&mut out, "name", &format!("iamlab audit of account {}", audit.account));
    totals(&mut out, &audit.findings);
    attribute(&mut out, "time", "0");
    out.push_str(">\n");
    for judged in &audit.benchmarks {
        for group in groups(audit, judged.id) {
            suite(&mut out, audit, &group);
        }
    }
    out.push_str("</testsuites>\n");
    out
}

fn suite(out: &mut String, audit: &Audit, group: &Group<'_>) {
    let first = group.first;
    out.push_str("  <testsuite");
    attribute(out, "name", &format!("{} {} {}", first.benchmark, first.control, first.title));
    attribute(out, "timestamp", &audit.as_of.strftime("%Y-%m-%dT%H:%M:%S").to_string());
    totals(out, group.findings);
    attribute(
        out,
        "skipped",
        &count(group.findings, &[Status::Manual, Status::NotApplicable, Status::Exempt]),
    );
    attribute(out, "time", "0");
    out.push_str(">\n");
    for finding in group.findings {
        case(out, finding);
    }
    out.push_str("  </testsuite>\n");
}

/// Counts what both the whole and a suite count; only a suite counts what was skipped.
fn totals(out: &mut String, findings: &[Finding]) {
    attribute(out, "tests", &findings.len().to_string());
    attribute(out, "failures", &count(findings, &[Status::Fail]));
    attribute(out, "errors", &count(findings, &[Status::Unknown]));
}

fn count(findings: &[Finding], statuses: &[Status]) -> String {
    findings.iter().filter(|finding| statuses.contains(&finding.status)).count().to_string()
}

fn case(out: &mut String, finding: &Finding) {
    out.push_str("    <testcase");
    attribute(out, "name", &words::subject(finding));
    let check = finding.check.unwrap_or(finding.topic);
    attribute(out, "classname", &format!("{} {} {check}", finding.benchmark, finding.control));
    attribute(out, "time", "0");
    match finding.status {
        Status::Pass => {
            out.push_str("/>\n");
            return;
        }
        Status::Fail => body(out, "failure", finding),
        Status::Unknown => body(out, "error", finding),
        Status::Manual | Status::NotApplicable => skipped(out, finding, &finding.message),
        Status::Exempt => {
            let why = finding.exemption.as_ref().map(|exemption| {
                format!("{} ({} until {})", exemption.reason, exemption.approver, exemption.expires)
            });
            let message = format!("{}: {}", finding.message, why.unwrap_or_default());
            skipped(out, finding, &message);
        }
    }
    out.push_str("    </testcase>\n");
}

fn body(out: &mut String, element: &str, finding: &Finding) {
    _ = write!(out, ">\n      <{element}");
    attribute(out, "message", &finding.message);
    attribute(out, "type", finding.severity.word());
    out.push('>');
    xml(out, &finding.resource);
    for (field, value) in &finding.evidence {
        out.push('\n');
        xml(out, &format!("{field}={value}"));
    }
    if finding.status == Status::Fail {
        out.push('\n');
        xml(out, &format!("fix: {}", finding.remediation));
    }
    _ = writeln!(out, "</{element}>");
}

fn skipped(out: &mut String, finding: &Finding, message: &str) {
    out.push_str(">\n      <skipped");
    attribute(out, "message", &format!("{}: {message}", words::status(finding.status)));
    out.push_str("/>\n");
}

fn attribute(out: &mut String, name: &str, value: &str) {
    _ = write!(out, " {name}=\"");
    xml(out, value);
    out.push('"');
}
