//! [`Group`]: the findings of one control, as people read them.

use std::collections::BTreeSet;

use crate::audit::check::Severity;
use crate::audit::finding::{Audit, Change, Finding};
use crate::audit::verdict::Status;

/// The findings of one control of one benchmark; never empty.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group<'a> {
    /// The first finding, for what all of them share.
    pub(super) first: &'a Finding,
    /// All of them.
    pub(super) findings: &'a [Finding],
    /// The heaviest status among them.
    pub(super) status: Status,
    /// The worst severity among those that have the heaviest status.
    pub(super) severity: Severity,
}

/// Returns the controls of one benchmark, in its order.
pub(super) fn groups<'a>(audit: &'a Audit, benchmark: &str) -> Vec<Group<'a>> {
    let same = |a: &Finding, b: &Finding| a.benchmark == b.benchmark && a.control == b.control;
    let chunks = audit.findings.chunk_by(same);
    chunks.filter_map(Group::of).filter(|group| group.first.benchmark == benchmark).collect()
}

impl<'a> Group<'a> {
    fn of(findings: &'a [Finding]) -> Option<Self> {
        let first = findings.first()?;
        let status = findings.iter().map(|finding| finding.status).max_by_key(|status| status.gravity())?;
        let worst = findings.iter().filter(|finding| finding.status == status);
        let severity = worst.map(|finding| finding.severity).max().unwrap_or(first.severity);
        Some(Self { first, findings, status, severity })
    }

    /// Returns the findings that stand so.
    pub(super) fn with(&self, status: Status) -> impl Iterator<Item = &'a Finding> + Clone + use<'a> {
        self.findings.iter().filter(move |finding| finding.status == status)
    }

    /// Returns the one text that says what to do about those that stand so; `None` when each has its own.
    pub(super) fn remedy(&self, status: Status) -> Option<&'a str> {
        let texts: BTreeSet<&str> = self.with(status).map(|finding| finding.remediation.as_str()).collect();
        let first = self.with(status).next()?;
        (texts.len() == 1).then_some(first.remediation.as_str())
    }

    /// Whether it says the same of the same subjects as a control of another benchmark, as far as they stand so.
    pub(super) fn says_the_same(&self, other: &Self, status: Status) -> bool {
        fn said(finding: &Finding) -> (Option<&str>, &str, Option<&str>, &str) {
            (finding.check, &finding.resource, finding.credential, &finding.message)
        }
        self.first.topic == other.first.topic && self.with(status).map(said).eq(other.with(status).map(said))
    }

    /// Returns how many findings are new against the baseline.
    pub(super) fn count_new(&self) -> usize {
        self.findings.iter().filter(|finding| finding.change == Some(Change::New)).count()
    }
}

/// Sorts what fails worst first; what is equally bad stays in the benchmark's order.
pub(super) fn worst_first<'a>(groups: &[Group<'a>], status: Status) -> Vec<Group<'a>> {
    let mut found: Vec<Group<'a>> =
        groups.iter().copied().filter(|group| group.with(status).next().is_some()).collect();
    found.sort_by_key(|group| std::cmp::Reverse(group.with(status).map(|finding| finding.severity).max()));
    found
}
