//! [`Exceptions`]: failures that somebody answers for until a date, from a YAML file.

use std::path::Path;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::finding::{ExceptionState, ExceptionUse, Exemption, Finding};
use super::verdict::Status;
use crate::policy::glob::glob;
use crate::scenario::strict;
use crate::source::Diagnostic;

/// What one file of exceptions says.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "iamlab exceptions")]
pub struct Exceptions {
    /// The exceptions; the first that fits a failure is the one that hides it.
    pub exceptions: Vec<Exception>,
    /// Only tell what each would hide.
    #[serde(skip)]
    pub dry_run: bool,
}

/// One failure, or a pattern of them, that somebody answers for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// A control's number, in quotes (`"1.20"`), or the id of a check.
    pub control: String,
    /// Only in this benchmark: a number means another thing in each.
    #[serde(default)]
    pub benchmark: Option<String>,
    /// The resource's ARN or name; `*` stands for any characters, `?` for one.
    pub resource: String,
    /// Why it may be so.
    pub reason: String,
    /// Who says so.
    pub approver: String,
    /// The last day it counts (UTC).
    #[schemars(with = "String", regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    pub expires: Date,
}

static SCHEMA: LazyLock<Json> = LazyLock::new(|| schemars::schema_for!(Exceptions).to_value());

/// Returns the JSON Schema of the file.
pub fn schema() -> Json {
    SCHEMA.clone()
}

/// Tells which day it is at `time`, in UTC.
pub(super) fn day(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

impl Exceptions {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// All mistakes of the file.
    pub fn load(path: &Path) -> Result<Self, Vec<Diagnostic>> {
        strict::load(path, &SCHEMA)
    }

    /// Hides the failures that the exceptions speak of, unless it is a dry run, and tells what each did.
    pub fn apply(&self, findings: &mut [Finding], as_of: Timestamp) -> Vec<ExceptionUse> {
        let today = day(as_of);
        let failures: Vec<&mut Finding> =
            findings.iter_mut().filter(|finding| finding.status == Status::Fail).collect();
        let mut hidden: Vec<Vec<String>> = self.exceptions.iter().map(|_| Vec::new()).collect();
        for finding in failures {
            let mut fits = self.exceptions.iter().zip(&mut hidden);
            // One that is over still shows what it spoke of, and leaves it to the next.
            for (exception, hides) in fits.by_ref().filter(|(exception, _)| exception.fits(finding)) {
                let credential = finding.credential.map(|one| format!(" {one}")).unwrap_or_default();
                hides.push(format!("{} {}{credential}", finding.control, finding.name));
                if today <= exception.expires {
                    if !self.dry_run {
                        finding.status = Status::Exempt;
                        finding.exemption = Some(exception.exemption());
                    }
                    break;
                }
            }
        }
        let uses = self.exceptions.iter().zip(hidden).map(|(exception, hides)| ExceptionUse {
            control: exception.control.clone(),
            resource: exception.resource.clone(),
            exemption: exception.exemption(),
            state: match (today <= exception.expires, hides.is_empty(), self.dry_run) {
                (false, ..) => ExceptionState::Expired,
                (true, true, _) => ExceptionState::Unused,
                (true, false, true) => ExceptionState::WouldHide,
                (true, false, false) => ExceptionState::Used,
            },
            hides,
        });
        uses.collect()
    }
}

impl Exception {
    fn fits(&self, finding: &Finding) -> bool {
        let names_it = self.control == finding.control
            || self.control == finding.topic
            || Some(self.control.as_str()) == finding.check;
        names_it
            && self.benchmark.as_deref().is_none_or(|id| id == finding.benchmark)
            && (glob(&self.resource, &finding.resource) || glob(&self.resource, &finding.name))
    }

    fn exemption(&self) -> Exemption {
        Exemption { reason: self.reason.clone(), approver: self.approver.clone(), expires: self.expires }
    }
}
