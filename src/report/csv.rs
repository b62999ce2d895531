//! CSV (RFC 4180): a row per finding, no cell a formula.

use ::csv::{QuoteStyle, Terminator, WriterBuilder};

use crate::audit::finding::{Audit, Change, Finding};

use super::RenderError;
use super::escape::cell;

const HEADER: [&str; 22] = [
    "account",
    "benchmark",
    "section",
    "control",
    "title",
    "level",
    "check",
    "status",
    "severity",
    "name",
    "resource",
    "credential",
    "message",
    "evidence",
    "remediation",
    "change",
    "exempt_reason",
    "exempt_approver",
    "exempt_expires",
    "attested_by",
    "attested_on",
    "also",
];

pub(super) fn render(audit: &Audit) -> Result<String, RenderError> {
    // Every cell is quoted: a program that takes `;` or a blank for the separator still finds the same cells.
    let mut writer = WriterBuilder::new()
        .quote_style(QuoteStyle::Always)
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(HEADER)?;
    for finding in &audit.findings {
        let row = row(&audit.account, finding);
        writer.write_record(row.iter().map(|text| cell(text).into_owned()))?;
    }
    let bytes = writer.into_inner().map_err(|error| ::csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8(bytes)?)
}

fn row(account: &str, finding: &Finding) -> [String; 22] {
    let exemption = finding.exemption.as_ref();
    let attested = finding.attestation.as_ref();
    let pairs = |pairs: Vec<String>| pairs.join("; ");
    [
        account.to_owned(),
        finding.benchmark.to_owned(),
        finding.section.to_owned(),
        finding.control.to_owned(),
        finding.title.to_owned(),
        finding.level.to_string(),
        finding.check.unwrap_or_default().to_owned(),
        finding.status.word().to_owned(),
        finding.severity.word().to_owned(),
        finding.name.clone(),
        finding.resource.clone(),
        finding.credential.unwrap_or_default().to_owned(),
        finding.message.clone(),
        pairs(finding.evidence.iter().map(|(field, value)| format!("{field}={value}")).collect()),
        finding.remediation.to_string(),
        finding.change.map_or("", change).to_owned(),
        exemption.map(|exemption| exemption.reason.clone()).unwrap_or_default(),
        exemption.map(|exemption| exemption.approver.clone()).unwrap_or_default(),
        exemption.map(|exemption| exemption.expires.to_string()).unwrap_or_default(),
        attested.map(|attested| attested.by.clone()).unwrap_or_default(),
        attested.map(|attested| attested.on.to_string()).unwrap_or_default(),
        pairs(finding.also.iter().map(|(benchmark, control)| format!("{benchmark}={control}")).collect()),
    ]
}

const fn change(change: Change) -> &'static str {
    match change {
        Change::New => "new",
        Change::Unchanged => "unchanged",
    }
}
