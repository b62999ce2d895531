//! A table for people.

use crate::audit::finding::Audit;

pub(super) fn render(audit: &Audit) -> String {
    let rows = audit.findings.iter().map(|finding| {
        format!("{:<14} {:<6} {} {}\n", finding.status.word(), finding.control, finding.name, finding.message)
    });
    rows.collect()
}
