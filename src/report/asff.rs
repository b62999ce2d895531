//! ASFF, the finding format of AWS Security Hub CSPM: an array of findings for `BatchImportFindings`, which takes
//! at most 100 at a time, of the region's default product of the account.
//!
//! Source of fields, enums and lengths: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html>.

use std::io::Write;

use serde_json::{Map, Value, json};

use crate::audit::check::Severity;
use crate::audit::finding::{Audit, Finding};
use crate::audit::verdict::Status;

use super::RenderError;
use super::escape::{cut, visible};
use super::identity::{ResourceType, fingerprint, weight};
use super::stream::lines;
use super::words;

/// How many related requirements a finding may have.
const REQUIREMENTS: usize = 32;
/// How many fields of ours a finding may have.
const FIELDS: usize = 50;

pub(super) fn write(out: &mut dyn Write, audit: &Audit) -> Result<(), RenderError> {
    lines(out, &audit.findings, |finding| entry(audit, finding))
}

fn entry(audit: &Audit, finding: &Finding) -> Value {
    let account = &audit.account;
    let check = finding.check.unwrap_or(finding.topic);
    let time = audit.as_of.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let severity = json!({ "Label": label(weight(finding)), "Original": finding.severity.word() });
    let types = [if finding.benchmark.starts_with("cis-aws") {
        "Software and Configuration Checks/Industry and Regulatory Standards/CIS AWS Foundations Benchmark"
    } else {
        "Software and Configuration Checks/AWS Security Best Practices"
    }];
    let mut entry = json!({
        "SchemaVersion": "2018-10-08",
        "Id": format!("{account}/{}/{}/{check}/{}", finding.benchmark, finding.control, fingerprint(account, finding)),
        "ProductArn": format!(
            "arn:{}:securityhub:{}:{account}:product/{account}/default", audit.partition, audit.region
        ),
        "GeneratorId": format!("iamlab/{}/{}/{check}", finding.benchmark, finding.control),
        "AwsAccountId": account,
        "Types": types,
        "FirstObservedAt": time,
        "CreatedAt": time,
        "UpdatedAt": time,
        "Severity": severity,
        "Title": text(&format!("{} {}", finding.control, finding.title), 256),
        "Description": text(&format!("{}: {}", words::subject(finding), finding.message), 1024),
        "Remediation": { "Recommendation": { "Text": text(&finding.remediation, 512) } },
        "ProductFields": fields(finding),
        "Resources": [{
            "Type": resource_type(&finding.resource),
            "Id": resource_id(account, &finding.resource),
            "Partition": audit.partition,
            "Region": audit.region,
        }],
        "Compliance": {
            "Status": match finding.status {
                Status::Pass => "PASSED",
                Status::Fail | Status::Exempt => "FAILED",
                Status::Unknown => "WARNING",
                Status::Manual | Status::NotApplicable => "NOT_AVAILABLE",
            },
            "RelatedRequirements": requirements(finding),
        },
        "Workflow": {
            "Status": match finding.status {
                Status::Exempt => "SUPPRESSED",
                Status::Pass | Status::NotApplicable => "RESOLVED",
                Status::Fail | Status::Unknown | Status::Manual => "NEW",
            },
        },
        "RecordState": "ACTIVE",
        "FindingProviderFields": { "Severity": severity, "Types": types },
    });
    if let (Some(exemption), Some(fields)) = (&finding.exemption, entry.as_object_mut()) {
        let why = format!("{} (until {})", exemption.reason, exemption.expires);
        let note = json!({
            "Text": text(&why, 512),
            "UpdatedBy": text(&exemption.approver, 512),
            "UpdatedAt": time,
        });
        fields.insert("Note".into(), note);
    }
    entry
}

/// Makes a text fit: visible, never blank, and at most `limit` long.
fn text(text: &str, limit: usize) -> String {
    let shown = visible(text);
    if shown.trim().is_empty() { "-".to_owned() } else { cut(&shown, limit).into_owned() }
}

fn fields(finding: &Finding) -> Map<String, Value> {
    let known = [
        ("Status", Some(finding.status.word())),
        ("Name", Some(finding.name.as_str())),
        ("Credential", finding.credential),
        ("Benchmark", Some(finding.benchmark)),
        ("Control", Some(finding.control)),
    ];
    let known = known.into_iter().filter_map(|(key, value)| Some((format!("iamlab/{key}"), value?)));
    let evidence =
        finding.evidence.iter().map(|(field, value)| (format!("iamlab/Evidence/{field}"), value.as_str()));
    known.chain(evidence).take(FIELDS).map(|(key, value)| (key, text(value, 2048).into())).collect()
}

fn requirements(finding: &Finding) -> Vec<String> {
    let own = (finding.benchmark, finding.control);
    let others = finding.also.iter().map(|(benchmark, control)| (*benchmark, *control));
    std::iter::once(own)
        .chain(others)
        .take(REQUIREMENTS)
        .map(|(benchmark, control)| match benchmark.strip_prefix("cis-aws-") {
            // As Security Hub's own findings name it.
            Some(version) => format!("CIS AWS Foundations Benchmark v{version}/{control}"),
            None => format!("{benchmark}/{control}"),
        })
        .collect()
}

const fn label(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "INFORMATIONAL",
        Severity::Low => "LOW",
        Severity::Medium => "MEDIUM",
        Severity::High => "HIGH",
        Severity::Critical => "CRITICAL",
    }
}

fn resource_type(arn: &str) -> &'static str {
    match ResourceType::of(arn) {
        ResourceType::Account => "AwsAccount",
        ResourceType::User => "AwsIamUser",
        ResourceType::Group => "AwsIamGroup",
        ResourceType::Role => "AwsIamRole",
        ResourceType::Policy => "AwsIamPolicy",
        ResourceType::Certificate | ResourceType::Other => "Other",
    }
}

fn resource_id(account: &str, arn: &str) -> String {
    match ResourceType::of(arn) {
        ResourceType::Account => format!("AWS::::Account:{account}"),
        _ => text(arn, 2048),
    }
}
