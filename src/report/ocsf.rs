//! OCSF: Compliance Finding (class 2003) of schema 1.6.0 with the cloud profile, one event per finding, as an array.
//!
//! Source of names, numbers and captions: <https://schema.ocsf.io/1.6.0/classes/compliance_finding>.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::{Value, json};

use crate::audit::check::Severity;
use crate::audit::finding::{Audit, Change, Finding};
use crate::audit::verdict::Status;

use super::RenderError;
use super::escape::visible;
use super::identity::{ResourceType, fingerprint, weight};
use super::stream::lines;

pub(super) fn write(out: &mut dyn Write, audit: &Audit) -> Result<(), RenderError> {
    lines(out, &audit.findings, |finding| event(audit, finding))
}

fn event(audit: &Audit, finding: &Finding) -> Value {
    let (activity, activity_name) = match finding.change {
        Some(Change::Unchanged) => (2, "Update"),
        Some(Change::New) | None => (1, "Create"),
    };
    let (severity, severity_name) = severity(weight(finding));
    let (state, state_name) = if finding.status == Status::Exempt { (3, "Suppressed") } else { (1, "New") };
    let message = visible(&format!("{}: {}", finding.name, finding.message)).into_owned();
    let time = audit.as_of.as_millisecond();
    let (check, check_name) = (finding.check.unwrap_or(finding.topic), finding.title);
    let mut event = json!({
        "activity_id": activity,
        "activity_name": activity_name,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2003,
        "class_name": "Compliance Finding",
        "type_uid": 200_300 + activity,
        "type_name": format!("Compliance Finding: {activity_name}"),
        "time": time,
        "severity_id": severity,
        "severity": severity_name,
        "status_id": state,
        "status": state_name,
        "status_code": finding.status.word(),
        "message": message,
        "metadata": {
            "version": "1.6.0",
            "profiles": ["cloud"],
            "product": { "name": "iamlab", "vendor_name": "iamlab", "version": env!("CARGO_PKG_VERSION") },
            "original_time": audit.collected_at.to_string(),
            "tenant_uid": audit.account,
        },
        "finding_info": {
            "uid": fingerprint(&audit.account, finding),
            "title": format!("{} {}", finding.control, finding.title),
            "desc": message,
            "created_time": time,
            "types": ["Software and Configuration Checks"],
            "analytic": { "uid": check, "name": check_name, "type_id": 1, "type": "Rule" },
        },
        "compliance": compliance(audit, finding, check),
        "resources": [{
            "uid": finding.resource,
            "name": finding.name,
            "type": resource_type(&finding.resource),
            "cloud_partition": audit.partition,
            "region": audit.region,
            "role_id": 1,
            "role": "Target",
            "data": data(finding),
        }],
        "remediation": { "desc": visible(&finding.remediation) },
        "cloud": {
            "provider": "AWS",
            "cloud_partition": audit.partition,
            "region": audit.region,
            "account": { "uid": audit.account, "type_id": 10, "type": "AWS Account" },
        },
    });
    if let (Some(exemption), Some(fields)) = (&finding.exemption, event.as_object_mut()) {
        let comment = format!("{} ({} until {})", exemption.reason, exemption.approver, exemption.expires);
        fields.insert("comment".into(), visible(&comment).into());
    }
    event
}

fn compliance(audit: &Audit, finding: &Finding, check: &str) -> Value {
    let standard = audit.benchmarks.iter().find(|judged| judged.id == finding.benchmark);
    let standard = standard.map_or(finding.benchmark, |judged| judged.title);
    let (status, status_name) = match finding.status {
        Status::Pass => (1, "Pass"),
        Status::Unknown => (2, "Warning"),
        Status::Fail | Status::Exempt => (3, "Fail"),
        Status::Manual => (99, "Manual"),
        Status::NotApplicable => (99, "Not Applicable"),
    };
    let (severity, severity_name) = severity(finding.severity);
    json!({
        "standards": [standard],
        "requirements": [finding.control],
        "control": format!("{} {}", finding.control, finding.title),
        "category": finding.section,
        "status_id": status,
        "status": status_name,
        "status_code": finding.status.word(),
        "status_details": [visible(&finding.message)],
        "checks": [{
            "uid": check,
            "name": finding.title,
            "standards": [standard],
            "status_id": status,
            "status": status_name,
            "severity_id": severity,
            "severity": severity_name,
        }],
    })
}

/// What decided it, and the credential it is about.
fn data(finding: &Finding) -> BTreeMap<&str, &str> {
    let credential = finding.credential.map(|credential| ("credential", credential));
    finding.evidence.iter().map(|(field, value)| (*field, value.as_str())).chain(credential).collect()
}

const fn severity(severity: Severity) -> (u8, &'static str) {
    match severity {
        Severity::Informational => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

/// AWS's names of resource types, as CloudFormation and Config write them.
fn resource_type(arn: &str) -> &'static str {
    match ResourceType::of(arn) {
        ResourceType::Account => "AWS::::Account",
        ResourceType::User => "AWS::IAM::User",
        ResourceType::Group => "AWS::IAM::Group",
        ResourceType::Role => "AWS::IAM::Role",
        ResourceType::Policy => "AWS::IAM::ManagedPolicy",
        ResourceType::Certificate => "AWS::IAM::ServerCertificate",
        ResourceType::Other => "Other",
    }
}
