//! [`Attestations`]: a person's answers to the controls that no check can answer, from a YAML file.

use std::path::Path;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::exception::day;
use super::finding::{Attested, Finding};
use super::verdict::Status;
use crate::policy::glob::glob;
use crate::scenario::strict;
use crate::source::Diagnostic;

/// What one file of attestations says.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "iamlab attestations")]
pub struct Attestations {
    /// The answers.
    pub attestations: Vec<Attestation>,
}

/// One answer to one control.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// The control's number, in quotes (`"1.15"`), or its topic.
    pub control: String,
    /// Only in this benchmark: a number means another thing in each.
    #[serde(default)]
    pub benchmark: Option<String>,
    /// The resource's ARN or name, with `*` and `?`. Needed for what a check found and left to a person, so that an answer
    /// about one resource is none about the next.
    #[serde(default)]
    pub resource: Option<String>,
    /// What was found.
    pub status: Answer,
    /// Who looked.
    pub by: String,
    /// When (UTC).
    #[schemars(with = "String", regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    pub on: Date,
    /// The last day it counts (UTC).
    #[schemars(with = "String", regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    pub expires: Date,
    /// What was looked at, and what it showed.
    pub evidence: String,
}

/// What was found.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The control is met.
    Pass,
    /// It is not.
    Fail,
    /// It does not concern the account.
    NotApplicable,
}

static SCHEMA: LazyLock<Json> = LazyLock::new(|| schemars::schema_for!(Attestations).to_value());

/// Returns the JSON Schema of the file.
pub fn schema() -> Json {
    SCHEMA.clone()
}

impl Attestations {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// All mistakes of the file.
    pub fn load(path: &Path) -> Result<Self, Vec<Diagnostic>> {
        strict::load(path, &SCHEMA)
    }

    /// Answers manual findings. What is over, is not yet, or answers nothing is left out and told.
    pub(super) fn apply(&self, findings: &mut [Finding], as_of: Timestamp, remarks: &mut Vec<String>) {
        let today = day(as_of);
        // What counts answers first: a renewal may stand behind what it renews.
        let counts = |one: &&Attestation| one.on <= today && today <= one.expires;
        for attestation in self.attestations.iter().filter(counts) {
            let mut answered = false;
            for finding in findings.iter_mut().filter(|finding| attestation.fits(finding)) {
                answered = true;
                attestation.answer(finding);
            }
            if !answered {
                let Attestation { control, by, .. } = attestation;
                remarks.push(format!(
                    "the attestation of {control} by {by} answers no manual control of this run"
                ));
            }
        }
        for attestation in self.attestations.iter().filter(|one| !counts(one)) {
            let Attestation { control, by, on, expires, .. } = attestation;
            let Some(finding) = findings.iter().find(|finding| attestation.fits(finding)) else { continue };
            remarks.push(if today > *expires {
                format!(
                    "the attestation of {control} by {by} ran out on {expires}: {} is manual again",
                    finding.control
                )
            } else {
                format!("the attestation of {control} by {by} is dated {on}, after the audit")
            });
        }
    }
}

impl Attestation {
    fn fits(&self, finding: &Finding) -> bool {
        finding.status == Status::Manual
            && (self.control == finding.control || self.control == finding.topic)
            && self.benchmark.as_deref().is_none_or(|id| id == finding.benchmark)
            && match &self.resource {
                Some(pattern) => glob(pattern, &finding.resource) || glob(pattern, &finding.name),
                None => finding.check.is_none(),
            }
    }

    fn answer(&self, finding: &mut Finding) {
        finding.status = match self.status {
            Answer::Pass => Status::Pass,
            Answer::Fail => Status::Fail,
            Answer::NotApplicable => Status::NotApplicable,
        };
        finding.message = format!("{} looked on {}: {}", self.by, self.on, self.evidence);
        finding.attestation = Some(Attested { by: self.by.clone(), on: self.on, expires: self.expires });
    }
}
