//! [`Gate`]: which failures make a run fail, and the exit code that follows. Decided here and nowhere else.

use std::str::FromStr;

use clap::ValueEnum as _;

use super::check::Severity;
use super::finding::{Audit, Change, Finding};
use super::verdict::Status;
use crate::error::Exit;

/// A condition of `--fail-on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// Failures at least this bad.
    Severity(Severity),
    /// Failures that the baseline does not have.
    New,
}

impl FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "new" {
            return Ok(Self::New);
        }
        Severity::from_str(text, false)
            .map(Self::Severity)
            .map_err(|_| "expected `critical`, `high`, `medium`, `low`, `informational` or `new`".to_owned())
    }
}

/// Which failures count.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    /// All of these must hold of a failure; none: every failure counts.
    pub fail_on: Vec<FailOn>,
    /// Whether nothing that was found fails the run.
    pub exit_zero: bool,
}

impl Gate {
    /// Returns the exit code: 2 when a failure counts, else 4 when something could not be looked at, else 0.
    pub fn exit(&self, audit: &Audit) -> Exit {
        if self.exit_zero {
            return Exit::Ok;
        }
        if audit.findings.iter().any(|finding| self.counts(finding)) {
            return Exit::Differs;
        }
        let unseen = audit.findings.iter().any(|finding| finding.status == Status::Unknown);
        if unseen { Exit::Unseen } else { Exit::Ok }
    }

    fn counts(&self, finding: &Finding) -> bool {
        finding.status == Status::Fail
            && self.fail_on.iter().all(|condition| match condition {
                FailOn::Severity(least) => finding.severity >= *least,
                FailOn::New => finding.change == Some(Change::New),
            })
    }
}
