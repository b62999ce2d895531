//! [`Audit`] and [`Finding`]: what a run found, as every report tells it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::check::Severity;
use super::verdict::Status;
use crate::account::calls::ApiCalls;
use crate::account::part::Part;

/// What an audit found.
#[derive(Debug, Clone)]
pub struct Audit {
    /// The 12-digit account.
    pub account: String,
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// The region of the run, for formats that must name one.
    pub region: String,
    /// Where it was read: `sandbox`, `aws`, or `file`.
    pub target: String,
    /// The time by which ages were counted.
    pub as_of: Timestamp,
    /// When the account was read.
    pub collected_at: Timestamp,
    /// When IAM made the credential report, when that is known.
    pub report_generated_at: Option<Timestamp>,
    /// What was judged by, in the order asked for; never empty.
    pub benchmarks: Vec<Judged>,
    /// What could not be read, and why.
    pub unread: Vec<(Part, String)>,
    /// All findings: by benchmark, control, check, subject.
    pub findings: Vec<Finding>,
    /// The exceptions, in the file's order, and what each hides.
    pub exceptions: Vec<ExceptionUse>,
    /// Attestations that did nothing or have run out: one sentence each.
    pub remarks: Vec<String>,
    /// The findings of the baseline that are gone; empty without a baseline.
    pub fixed: Vec<Fixed>,
    /// Requests that reading took; `None` when nothing was asked of an account.
    pub api_calls: Option<ApiCalls>,
}

/// A benchmark that was judged by, and how it came out.
#[derive(Debug, Clone)]
pub struct Judged {
    /// `cis-aws-1.2.0`.
    pub id: &'static str,
    /// Its name, for people.
    pub title: &'static str,
    /// How its findings stand.
    pub summary: Summary,
    /// How its controls stand, each by its worst finding: a control of a thousand users weighs as much as any other.
    pub controls: Summary,
}

/// How many findings stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Summary {
    /// As they should be.
    pub pass: usize,
    /// Not as they should be.
    pub fail: usize,
    /// Could not be looked at.
    pub unknown: usize,
    /// Wait for a person.
    pub manual: usize,
    /// Have nothing to say.
    pub not_applicable: usize,
    /// Somebody answers for them.
    pub exempt: usize,
    /// Decided / (decided + unknown + manual), from 0 to 1; 1 when there is nothing to decide.
    pub coverage: f64,
    /// Pass / (pass + fail), from 0 to 1; 1 when there is neither.
    pub score: f64,
}

/// One verdict on one subject, for one control of one benchmark.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The benchmark.
    pub benchmark: &'static str,
    /// The control's number in it.
    pub control: &'static str,
    /// The control's title.
    pub title: &'static str,
    /// The title of the control's section.
    pub section: &'static str,
    /// What the control is about, the same in every benchmark.
    pub topic: &'static str,
    /// 1 or 2.
    pub level: u8,
    /// The check that decided; `None` when a person must.
    pub check: Option<&'static str>,
    /// How the subject stands.
    pub status: Status,
    /// How bad a failure is.
    pub severity: Severity,
    /// The subject's ARN.
    pub resource: String,
    /// The subject's name.
    pub name: String,
    /// The one credential it is about.
    pub credential: Option<&'static str>,
    /// One sentence.
    pub message: String,
    /// The raw fields that decided it.
    pub evidence: Vec<(&'static str, String)>,
    /// What to do.
    pub remediation: Cow<'static, str>,
    /// The control's numbers in all other benchmarks that have it.
    pub also: Arc<BTreeMap<&'static str, &'static str>>,
    /// Who answers for a failure that is exempt.
    pub exemption: Option<Exemption>,
    /// Who answered a manual control.
    pub attestation: Option<Attested>,
    /// How it stands to the baseline; `None` without one.
    pub change: Option<Change>,
}

/// Who answers for a failure, why, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exemption {
    /// Why it may be so.
    pub reason: String,
    /// Who said so.
    pub approver: String,
    /// The last day it counts.
    pub expires: jiff::civil::Date,
}

/// What an exception does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExceptionUse {
    /// The control, topic or check it is about.
    pub control: String,
    /// The pattern of resources.
    pub resource: String,
    /// Who answers for it, why, until when.
    #[serde(flatten)]
    pub exemption: Exemption,
    /// Whether it counts.
    pub state: ExceptionState,
    /// The failures it hides, or would hide: `1.2 User2`.
    pub hides: Vec<String>,
}

/// Whether an exception counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionState {
    /// It hides something.
    Used,
    /// It would hide something, and was not asked to.
    WouldHide,
    /// It is over: what it hid counts again.
    Expired,
    /// Nothing fails that it speaks of.
    Unused,
}

/// Who answered a manual control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attested {
    /// Who.
    pub by: String,
    /// When.
    pub on: jiff::civil::Date,
    /// The last day it counts.
    pub expires: jiff::civil::Date,
}

/// How a finding stands to the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It failed before, and does still.
    Unchanged,
    /// It fails now and did not before.
    New,
}

/// A failure of the baseline that is gone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fixed {
    /// The benchmark.
    pub benchmark: String,
    /// The control's number.
    pub control: String,
    /// The check.
    pub check: String,
    /// The subject's ARN.
    pub resource: String,
    /// The subject's name.
    pub name: String,
    /// The one credential it was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

impl Summary {
    /// Counts findings.
    pub fn of<'a>(findings: impl Iterator<Item = &'a Finding>) -> Self {
        Self::count_all(findings.map(|finding| finding.status))
    }

    /// Counts the controls of one benchmark's findings, each by its worst finding.
    pub fn of_controls<'a>(findings: impl Iterator<Item = &'a Finding>) -> Self {
        let mut worst: BTreeMap<&str, Status> = BTreeMap::new();
        for finding in findings {
            let status = worst.entry(finding.control).or_insert(finding.status);
            if finding.status.gravity() > status.gravity() {
                *status = finding.status;
            }
        }
        Self::count_all(worst.into_values())
    }

    fn count_all(statuses: impl Iterator<Item = Status>) -> Self {
        let mut summary = Self::default();
        for status in statuses {
            *summary.count_mut(status) += 1;
        }
        let share = |part: usize, whole: usize| if whole == 0 { 1.0 } else { ratio(part, whole) };
        let decided = summary.pass + summary.fail + summary.exempt + summary.not_applicable;
        summary.coverage = share(decided, decided + summary.unknown + summary.manual);
        summary.score = share(summary.pass, summary.pass + summary.fail);
        summary
    }

    /// Returns how many stand so.
    pub const fn count(&self, status: Status) -> usize {
        match status {
            Status::Pass => self.pass,
            Status::Fail => self.fail,
            Status::Unknown => self.unknown,
            Status::Manual => self.manual,
            Status::NotApplicable => self.not_applicable,
            Status::Exempt => self.exempt,
        }
    }

    const fn count_mut(&mut self, status: Status) -> &mut usize {
        match status {
            Status::Pass => &mut self.pass,
            Status::Fail => &mut self.fail,
            Status::Unknown => &mut self.unknown,
            Status::Manual => &mut self.manual,
            Status::NotApplicable => &mut self.not_applicable,
            Status::Exempt => &mut self.exempt,
        }
    }
}

/// Divides, rounded to four places, so that the same counts are the same text everywhere.
#[expect(clippy::cast_precision_loss, reason = "findings are counted in millions at most")]
fn ratio(part: usize, whole: usize) -> f64 {
    (part as f64 / whole as f64 * 10_000.0).round() / 10_000.0
}
