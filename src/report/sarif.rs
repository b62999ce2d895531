//! SARIF 2.1.0 for code scanning: a rule per control and check, a result per finding.
//!
//! The kinds are the standard's own: what could not be looked at is `open`, what waits for a person `review`. An
//! exempt failure is a failure with a suppression. What could not be read is a notification of the run.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;
use serde_json::{Value, json};

use crate::audit::benchmark::topic;
use crate::audit::check::Severity;
use crate::audit::checks::CHECKS;
use crate::audit::finding::{Audit, Change, Finding};
use crate::audit::verdict::Status;
use crate::percent;

use super::RenderError;
use super::escape::visible;
use super::identity::fingerprint;
use super::stream::{Each, pretty};
use super::words;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

#[derive(Serialize)]
struct Log<R> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<R>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<R> {
    tool: Value,
    automation_details: Value,
    invocations: Value,
    column_kind: &'static str,
    properties: Value,
    results: R,
}

pub(super) fn write(out: &mut dyn Write, audit: &Audit) -> Result<(), RenderError> {
    let rules = Rules::of(audit);
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: json!({ "driver": {
                "name": "iamlab",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.descriptors,
            }}),
            automation_details: json!({ "id": format!("iamlab/audit/{}/", audit.account) }),
            invocations: json!([{
                "executionSuccessful": true,
                "startTimeUtc": utc(audit.collected_at),
                "toolExecutionNotifications": notifications(audit),
            }]),
            column_kind: "unicodeCodePoints",
            properties: json!({
                "account": audit.account,
                "asOf": utc(audit.as_of),
                "benchmarks": audit.benchmarks.iter().map(|judged| json!({
                    "id": judged.id,
                    "score": judged.controls.score,
                    "coverage": judged.controls.coverage,
                })).collect::<Vec<_>>(),
            }),
            results: Each(&audit.findings, |finding| result(audit, &rules, finding)),
        }],
    };
    pretty(out, &log)
}

/// Times to the millisecond: the standard allows no more digits than it needs, and readers differ.
fn utc(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The rules, in the order of their first findings.
struct Rules {
    descriptors: Vec<Value>,
    index: BTreeMap<String, usize>,
}

impl Rules {
    fn of(audit: &Audit) -> Self {
        let mut rules = Self { descriptors: Vec::new(), index: BTreeMap::new() };
        for finding in &audit.findings {
            let id = rule_id(finding);
            if !rules.index.contains_key(&id) {
                rules.descriptors.push(descriptor(&id, finding));
                rules.index.insert(id, rules.descriptors.len() - 1);
            }
        }
        rules
    }
}

fn rule_id(finding: &Finding) -> String {
    format!("{}/{}/{}", finding.benchmark, finding.control, finding.check.unwrap_or(finding.topic))
}

fn descriptor(id: &str, finding: &Finding) -> Value {
    let check = CHECKS.iter().find(|check| Some(check.id) == finding.check);
    let page = topic(finding.topic);
    let (looks_at, why, fix) = match (check, page) {
        (Some(check), _) => (check.docs.looks_at, check.docs.why, check.docs.fix),
        (None, Some(page)) => (page.looks_at.as_str(), page.why.as_str(), page.fix.as_str()),
        (None, None) => (finding.title, "", finding.remediation.as_ref()),
    };
    let mut help = String::new();
    for (heading, text) in [("", looks_at), ("Why: ", why), ("How to mend it: ", fix)] {
        if !text.is_empty() {
            let blank = if help.is_empty() { "" } else { "\n\n" };
            help = format!("{help}{blank}{heading}{text}");
        }
    }
    json!({
        "id": id,
        "name": finding.check.unwrap_or(finding.topic),
        "shortDescription": { "text": format!("{} {}", finding.control, finding.title) },
        "fullDescription": { "text": looks_at },
        "help": { "text": help },
        "defaultConfiguration": { "level": level(finding.severity) },
        "properties": {
            "tags": ["security", "iam", finding.benchmark, format!("level-{}", finding.level)],
            "precision": "very-high",
            "security-severity": security_severity(finding.severity),
            "section": finding.section,
            "also": finding.also.as_ref(),
        },
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Informational => "note",
    }
}

/// A number from 0 to 10 as GitHub sorts by.
const fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Informational => "0.0",
    }
}

fn result(audit: &Audit, rules: &Rules, finding: &Finding) -> Value {
    let id = rule_id(finding);
    let kind = match finding.status {
        Status::Fail | Status::Exempt => "fail",
        Status::Pass => "pass",
        Status::Unknown => "open",
        Status::Manual => "review",
        Status::NotApplicable => "notApplicable",
    };
    let fingerprint = fingerprint(&audit.account, finding);
    let mut result = json!({
        "ruleId": id,
        "ruleIndex": rules.index.get(&id),
        "kind": kind,
        "level": if kind == "fail" { level(finding.severity) } else { "none" },
        "message": { "text": message(&format!("{}: {}", words::subject(finding), finding.message)) },
        "locations": [{
            // Hosts show only what has a file; no such file exists.
            "physicalLocation": {
                "artifactLocation": { "uri": file(audit, finding) },
                "region": { "startLine": 1 },
            },
            "logicalLocations": [{
                "name": finding.name,
                "fullyQualifiedName": finding.resource,
                "kind": "resource",
            }],
        }],
        "partialFingerprints": { "iamlab/v1": fingerprint, "primaryLocationLineHash": fingerprint },
        "properties": {
            "status": finding.status.word(),
            "severity": finding.severity.word(),
            "credential": finding.credential,
            "evidence": finding.evidence.iter()
                .map(|(field, value)| (*field, value.as_str()))
                .collect::<BTreeMap<_, _>>(),
            "remediation": finding.remediation,
        },
    });
    let Some(fields) = result.as_object_mut() else { return result };
    if let Some(change) = finding.change {
        let state = match change {
            Change::New => "new",
            Change::Unchanged => "unchanged",
        };
        fields.insert("baselineState".into(), state.into());
    }
    if let Some(exemption) = &finding.exemption {
        let justification =
            format!("{} ({} until {})", exemption.reason, exemption.approver, exemption.expires);
        fields.insert(
            "suppressions".into(),
            json!([{ "kind": "external", "status": "accepted", "justification": visible(&justification) }]),
        );
    }
    result
}

/// Where a result is said to be: the resource's path under its account.
fn file(audit: &Audit, finding: &Finding) -> String {
    let resource = finding.resource.splitn(6, ':').nth(5).unwrap_or(&finding.resource);
    let path: Vec<String> = resource.split('/').map(percent::encode).collect();
    format!("{}/{}", percent::encode(&audit.account), path.join("/"))
}

/// A plain text message of the standard: brackets make links and braces places for arguments, unless they are
/// escaped.
fn message(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '\\' | '[' | ']' => out.extend(['\\', c]),
            '{' | '}' => out.extend([c, c]),
            c => out.push(c),
        }
    }
    out
}

fn notifications(audit: &Audit) -> Vec<Value> {
    let notification = |(part, why): &(crate::account::part::Part, String)| {
        let text = format!(
            "{} could not be read: {why} (it takes `{}`)",
            part.name(),
            part.permissions().join("`, `")
        );
        json!({ "level": "error", "message": { "text": message(&text) } })
    };
    audit.unread.iter().map(notification).collect()
}
