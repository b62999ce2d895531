//! Every region has an analyzer that looks for access from outside.

use crate::account::part::Part;
use crate::account::snapshot::Analyzer;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::shell;
use crate::audit::verdict::{Subject, Verdict};

const DOCS: Docs = Docs {
    looks_at: "The analyzers of IAM Access Analyzer in every region that is enabled for the account. A region passes \
               with one whose type is `ACCOUNT` or `ORGANIZATION` and whose status is `ACTIVE`. Analyzers of unused \
               or internal access answer another question and do not count.",
    why: "An analyzer tells when a bucket, key, role or queue can be reached from outside of the account, and it sees \
          its own region only.",
    fix: "`aws accessanalyzer create-analyzer --analyzer-name external-access --type ACCOUNT --region REGION`; this \
          kind costs nothing.",
    sources: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/what-is-access-analyzer.html",
        "https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ListAnalyzers.html",
    ],
};

pub(super) const CHECK: Check = Check {
    id: "analyzer-missing",
    title: "every enabled region has an active analyzer of external access",
    severity: Severity::High,
    scope: Scope::Each,
    reads: &[Part::Analyzers],
    params: &[],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    Ok(look.regions()?.iter().map(|region| judge(look, region)).collect())
}

fn judge(look: &Look<'_>, region: &str) -> Verdict {
    let (partition, account) = (&look.snapshot.partition, &look.snapshot.account);
    // The analyzers of the region, whatever their names: there may be none.
    let subject = Subject::new(format!("arn:{partition}:access-analyzer:{region}:{account}:analyzer/*"), region);
    let analyzers = match look.analyzers(region) {
        Ok(analyzers) => analyzers,
        Err(unread) => {
            return Verdict::unknown(subject, format!("its analyzers could not be read: {}", unread.why));
        }
    };
    let looks_outside =
        |analyzer: &&Analyzer| matches!(analyzer.kind.as_str(), "ACCOUNT" | "ORGANIZATION");
    let outside: Vec<&Analyzer> = analyzers.iter().filter(looks_outside).collect();
    let verdict = if outside.iter().any(|analyzer| analyzer.status == "ACTIVE") {
        return told(Verdict::pass(subject, "has an active analyzer of external access"), &outside);
    } else if outside.is_empty() {
        Verdict::fail(subject, "has no analyzer of external access")
    } else {
        Verdict::fail(subject, "has no analyzer of external access that is active")
    };
    let region = shell::option("--region", region);
    let verdict = verdict.fix(format!(
        "`aws accessanalyzer create-analyzer --analyzer-name external-access --type ACCOUNT {region}`"
    ));
    let all: Vec<&Analyzer> = analyzers.iter().collect();
    told(verdict, &all)
}

fn told(verdict: Verdict, analyzers: &[&Analyzer]) -> Verdict {
    let each = analyzers.iter().map(|one| format!("{} ({}, {})", one.arn, one.kind, one.status));
    let each = each.collect::<Vec<_>>().join(", ");
    verdict.with("analyzers", if each.is_empty() { "[]".to_owned() } else { each })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::snapshot::{Facet, Snapshot};
    use crate::audit::testing::{missing, statuses, unread_account, verdicts, without};
    use crate::audit::verdict::Status;

    fn account(regions: &[(&str, Facet<Vec<Analyzer>>)]) -> Snapshot {
        let mut snapshot = unread_account();
        snapshot.regions = Facet::Read(regions.iter().map(|(name, _)| (*name).to_owned()).collect());
        snapshot.analyzers_by_region =
            regions.iter().map(|(name, facet)| ((*name).to_owned(), facet.clone())).collect();
        snapshot
    }

    fn analyzer(kind: &str, status: &str) -> Facet<Vec<Analyzer>> {
        Facet::Read(vec![Analyzer {
            arn: "arn:aws:access-analyzer:us-east-1:123456789012:analyzer/a".into(),
            name: "a".into(),
            kind: kind.into(),
            status: status.into(),
            tags: std::collections::BTreeMap::new(),
        }])
    }

    #[test]
    fn each_region_is_judged_alone() {
        let snapshot = account(&[
            ("a-1", analyzer("ACCOUNT", "ACTIVE")),
            ("b-1", analyzer("ORGANIZATION", "ACTIVE")),
            ("c-1", analyzer("ACCOUNT_UNUSED_ACCESS", "ACTIVE")),
            ("d-1", analyzer("ACCOUNT", "FAILED")),
            ("e-1", Facet::Read(vec![])),
            ("f-1", Facet::NotRead("access denied".into())),
        ]);
        let found: Vec<Status> = statuses(&CHECK, &snapshot).into_iter().map(|(_, status)| status).collect();
        let fail = Status::Fail;
        assert_eq!(found, [Status::Pass, Status::Pass, fail, fail, fail, Status::Unknown]);
        let fix = verdicts(&CHECK, &snapshot)[4].fix.clone().unwrap();
        assert!(fix.contains("--region e-1"), "{fix}");
    }

    #[test]
    fn regions_that_nobody_read() {
        assert_eq!(without(&CHECK), Part::Analyzers);
        let mut snapshot = account(&[]);
        assert!(verdicts(&CHECK, &snapshot).is_empty());
        snapshot.regions = Facet::NotRead("no".into());
        assert_eq!(missing(&CHECK, &snapshot), Part::Analyzers);
    }
}
