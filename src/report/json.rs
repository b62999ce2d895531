//! JSON, version 1 of our own format (CONTRACT section 4).

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;

use crate::account::calls::ApiCalls;
use crate::audit::finding::{
    Attested, Audit, Change, ExceptionUse, Exemption, Finding, Fixed, Judged, Summary,
};
use crate::audit::verdict::Status;

use super::RenderError;
use super::stream::{Each, pretty};

#[derive(Serialize)]
struct Document<'a, R> {
    format_version: u32,
    account: &'a str,
    partition: &'a str,
    region: &'a str,
    target: &'a str,
    as_of: String,
    collected_at: String,
    report_generated_at: Option<String>,
    benchmark: &'a str,
    /// Of that benchmark.
    summary: Counts,
    benchmarks: Vec<OfBenchmark<'a>>,
    api_calls: Option<ApiCalls>,
    unread: Vec<Unread<'a>>,
    exceptions: &'a [ExceptionUse],
    remarks: &'a [String],
    fixed: &'a [Fixed],
    findings: R,
}

#[derive(Default, Serialize)]
struct Counts {
    #[serde(flatten)]
    findings: Summary,
    controls: Summary,
}

#[derive(Serialize)]
struct OfBenchmark<'a> {
    id: &'a str,
    title: &'a str,
    summary: Counts,
}

#[derive(Serialize)]
struct Unread<'a> {
    part: &'a str,
    permissions: &'a [&'a str],
    reason: &'a str,
}

#[derive(Serialize)]
struct Row<'a> {
    benchmark: &'a str,
    section: &'a str,
    control: &'a str,
    title: &'a str,
    topic: &'a str,
    level: u8,
    check: Option<&'a str>,
    status: Status,
    severity: &'a str,
    resource: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<&'a str>,
    message: &'a str,
    evidence: BTreeMap<&'a str, &'a str>,
    remediation: &'a str,
    also: &'a BTreeMap<&'static str, &'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exemption: Option<&'a Exemption>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attestation: Option<&'a Attested>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<Change>,
}

pub(super) fn write(out: &mut dyn Write, audit: &Audit) -> Result<(), RenderError> {
    let first = audit.benchmarks.first();
    let document = Document {
        format_version: 1,
        account: &audit.account,
        partition: &audit.partition,
        region: &audit.region,
        target: &audit.target,
        as_of: audit.as_of.to_string(),
        collected_at: audit.collected_at.to_string(),
        report_generated_at: audit.report_generated_at.map(|at| at.to_string()),
        benchmark: first.map_or("", |judged| judged.id),
        summary: first.map(counts).unwrap_or_default(),
        benchmarks: audit.benchmarks.iter().map(of_benchmark).collect(),
        api_calls: audit.api_calls,
        unread: audit
            .unread
            .iter()
            .map(|(part, reason)| Unread { part: part.name(), permissions: part.permissions(), reason })
            .collect(),
        exceptions: &audit.exceptions,
        remarks: &audit.remarks,
        fixed: &audit.fixed,
        findings: Each(&audit.findings, row),
    };
    pretty(out, &document)
}

fn of_benchmark(judged: &Judged) -> OfBenchmark<'_> {
    OfBenchmark { id: judged.id, title: judged.title, summary: counts(judged) }
}

fn counts(judged: &Judged) -> Counts {
    Counts { findings: judged.summary, controls: judged.controls }
}

fn row(finding: &Finding) -> Row<'_> {
    Row {
        benchmark: finding.benchmark,
        section: finding.section,
        control: finding.control,
        title: finding.title,
        topic: finding.topic,
        level: finding.level,
        check: finding.check,
        status: finding.status,
        severity: finding.severity.word(),
        resource: &finding.resource,
        name: &finding.name,
        credential: finding.credential,
        message: &finding.message,
        evidence: finding.evidence.iter().map(|(field, value)| (*field, value.as_str())).collect(),
        remediation: &finding.remediation,
        also: &finding.also,
        exemption: finding.exemption.as_ref(),
        attestation: finding.attestation.as_ref(),
        change: finding.change,
    }
}
