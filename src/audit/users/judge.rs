//! What is wrong, by the checks of the audit that need nothing but the credential report.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::super::benchmark::{self, Benchmark};
use super::super::check::{Check, Scope};
use super::super::checks::CHECKS;
use super::super::engine::{Question, audit};
use super::super::finding::Finding;
use super::super::verdict::Status;
use crate::account::part::Part;
use crate::account::snapshot::Snapshot;

/// Tells whether the report alone answers a check: it speaks of users or of root, and what else it may look at, the
/// account summary, says nothing that the report does not say.
fn is_answered(check: &Check) -> bool {
    let says_it = |part: &Part| matches!(part, Part::CredentialReport | Part::AccountSummary);
    matches!(check.scope, Scope::EachUser | Scope::Root)
        && check.reads.contains(&Part::CredentialReport)
        && check.reads.iter().all(says_it)
}

/// Shares the checks out: each to the default benchmark, or else to the oldest that has it, whose numbers count.
fn shares() -> Vec<(&'static Benchmark, Vec<&'static Check>)> {
    let mut open: Vec<&'static Check> = CHECKS.iter().copied().filter(|check| is_answered(check)).collect();
    let mut order: Vec<&'static Benchmark> = benchmark::all().iter().collect();
    order.sort_by_key(|benchmark| benchmark.id != benchmark::DEFAULT);
    let mut shares = Vec::new();
    for benchmark in order {
        let has = |check: &&Check| benchmark.controls.iter().any(|control| control.is_called(check.id));
        let (own, rest) = open.into_iter().partition(has);
        shares.push((benchmark, own));
        open = rest;
    }
    shares.retain(|(_, own)| !own.is_empty());
    shares
}

/// Returns what fails and what cannot be told, by the name of whom it is about; the worst first.
pub(super) fn findings(snapshot: &Snapshot, as_of: Timestamp) -> BTreeMap<String, Vec<Finding>> {
    // With the rest of the account some checks would say more than the report does, and the page shows the report.
    let Snapshot { account, partition, region, taken_at, .. } = snapshot;
    let mut alone = Snapshot::empty(account, partition, region, *taken_at);
    alone.credential_report.clone_from(&snapshot.credential_report);
    let mut found: BTreeMap<String, Vec<Finding>> = BTreeMap::new();
    for (benchmark, checks) in shares() {
        let ids: BTreeSet<&str> = checks.iter().map(|check| check.id).collect();
        let question = Question {
            benchmarks: vec![benchmark],
            only: ids.iter().map(|&id| id.to_owned()).collect(),
            as_of,
            exceptions: None,
            attestations: None,
            baseline: None,
        };
        let asked = |finding: &Finding| finding.check.is_some_and(|check| ids.contains(check));
        let bad = |finding: &Finding| matches!(finding.status, Status::Fail | Status::Unknown);
        for finding in audit(&alone, &question, "", None).findings {
            if asked(&finding) && bad(&finding) {
                found.entry(finding.name.clone()).or_default().push(finding);
            }
        }
    }
    for findings in found.values_mut() {
        findings.sort_by_key(|finding| Reverse((finding.status.gravity(), finding.severity)));
    }
    found
}

/// Returns the number that a check of age is run with.
pub(super) fn limit(check: &str) -> i64 {
    let mut all = shares()
        .into_iter()
        .flat_map(|(benchmark, checks)| checks.into_iter().map(move |check| (benchmark, check)));
    let Some((benchmark, check)) = all.find(|(_, one)| one.id == check) else { return 0 };
    let Some(param) = check.params.first() else { return 0 };
    let mut controls = benchmark.controls.iter().filter(|control| control.is_called(check.id));
    controls.find_map(|control| control.params.get(param.name).copied()).unwrap_or(param.default)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::snapshot::Facet;
    use crate::audit::testing::{as_of, reported};

    #[test]
    fn each_check_of_the_report_is_asked_once_by_the_default_benchmark_where_it_has_it() {
        let shares = shares();
        let told: Vec<(&str, Vec<&str>)> = shares
            .iter()
            .map(|(benchmark, checks)| (benchmark.id.as_str(), checks.iter().map(|check| check.id).collect()))
            .collect();
        let expected: [(&str, &[&str]); 3] = [
            (
                "cis-aws-1.2.0",
                &[
                    "access-key-at-setup",
                    "access-key-old",
                    "credential-unused",
                    "root-access-key",
                    "root-used",
                    "root-without-mfa",
                    "user-console-without-mfa",
                ],
            ),
            ("cis-aws-1.4.0", &["user-two-active-keys"]),
            ("iam-best-practices", &["password-old", "user-stale"]),
        ];
        assert_eq!(told.len(), expected.len(), "{told:?}");
        for ((benchmark, mut checks), (id, ids)) in told.into_iter().zip(expected) {
            checks.sort_unstable();
            assert_eq!((benchmark, checks.as_slice()), (id, ids));
        }
    }

    #[test]
    fn the_rest_of_the_account_does_not_speak() {
        let mut snapshot = reported(&[("<root_account>", &[("password_enabled", "true")])]);
        snapshot.account_summary = Facet::Read([("AccountMFAEnabled".to_owned(), 1)].into());
        let found = findings(&snapshot, as_of());
        let checks: Vec<_> = found["<root_account>"].iter().map(|finding| finding.check.unwrap()).collect();
        assert_eq!(checks, ["root-without-mfa"]);
    }

    #[test]
    fn the_worst_comes_first() {
        let cells = &[
            ("password_enabled", "true"),
            ("password_last_changed", "2025-06-01T00:00:00Z"),
            ("access_key_1_active", "perhaps"),
        ];
        let found = findings(&reported(&[("ann", cells)]), as_of());
        let told: Vec<_> =
            found["ann"].iter().map(|finding| (finding.status, finding.control, finding.severity)).collect();
        assert_eq!(told[0].1, "1.2");
        assert!(
            told.is_sorted_by_key(|(status, _, severity)| Reverse((status.gravity(), *severity))),
            "{told:?}"
        );
        assert!(told.iter().any(|(status, ..)| *status == Status::Unknown));
    }
}
