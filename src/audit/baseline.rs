//! [`Baseline`]: the failures of an earlier audit, to tell what is new and what is gone.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::finding::{Change, Finding, Fixed};
use super::verdict::Status;

/// An earlier audit, as its JSON report tells it.
#[derive(Debug, Clone, Deserialize)]
pub struct Baseline {
    /// The account it looked at.
    pub account: String,
    format_version: u32,
    benchmark: String,
    findings: Vec<Earlier>,
}

#[derive(Debug, Clone, Deserialize)]
struct Earlier {
    benchmark: Option<String>,
    control: String,
    check: Option<String>,
    status: Status,
    resource: String,
    name: String,
    credential: Option<String>,
}

/// A text that is no earlier audit.
#[derive(Debug, thiserror::Error)]
#[error("not the JSON report of an audit: {0}")]
pub struct NotAnAudit(String);

impl Baseline {
    /// Reads the JSON report of an audit.
    pub fn parse(text: &str) -> Result<Self, NotAnAudit> {
        let read: Self = serde_json::from_str(text).map_err(|error| NotAnAudit(error.to_string()))?;
        match read.format_version {
            1 => Ok(read),
            other => Err(NotAnAudit(format!("its format version is {other}, this program knows 1"))),
        }
    }

    /// Marks the failures that are new and those that are not, and returns those that are gone: what failed then,
    /// was looked at now, and is all right or not there any more.
    pub(super) fn apply(&self, findings: &mut [Finding]) -> Vec<Fixed> {
        let before: BTreeSet<Fixed> = self.failures().collect();
        for finding in findings.iter_mut().filter(|finding| finding.status == Status::Fail) {
            let known = before.contains(&key(finding));
            finding.change = Some(if known { Change::Unchanged } else { Change::New });
        }
        let looked: BTreeSet<(&str, &str)> =
            findings.iter().map(|finding| (finding.benchmark, finding.control)).collect();
        let unseen: BTreeSet<(&str, &str)> = findings
            .iter()
            .filter(|finding| finding.status == Status::Unknown)
            .map(|finding| (finding.benchmark, finding.control))
            .collect();
        let settled = |status| matches!(status, Status::Pass | Status::NotApplicable);
        let open: BTreeSet<Fixed> =
            findings.iter().filter(|finding| !settled(finding.status)).map(key).collect();
        let gone = before.into_iter().filter(|earlier| {
            let control = (earlier.benchmark.as_str(), earlier.control.as_str());
            looked.contains(&control) && !unseen.contains(&control) && !open.contains(earlier)
        });
        gone.collect()
    }

    fn failures(&self) -> impl Iterator<Item = Fixed> {
        let failed = self.findings.iter().filter(|earlier| earlier.status == Status::Fail);
        failed.map(|earlier| Fixed {
            benchmark: earlier.benchmark.clone().unwrap_or_else(|| self.benchmark.clone()),
            control: earlier.control.clone(),
            check: earlier.check.clone().unwrap_or_default(),
            resource: earlier.resource.clone(),
            name: earlier.name.clone(),
            credential: earlier.credential.clone(),
        })
    }
}

fn key(finding: &Finding) -> Fixed {
    Fixed {
        benchmark: finding.benchmark.to_owned(),
        control: finding.control.to_owned(),
        check: finding.check.unwrap_or_default().to_owned(),
        resource: finding.resource.clone(),
        name: finding.name.clone(),
        credential: finding.credential.map(str::to_owned),
    }
}
