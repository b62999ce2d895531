//! Runs the checks of the controls asked for and makes findings of their verdicts.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::attestation::Attestations;
use super::baseline::Baseline;
use super::benchmark::{Benchmark, Control, elsewhere, topic};
use super::check::{Check, Look, Scope, Severity};
use super::exception::Exceptions;
use super::finding::{Audit, Finding, Judged, Summary};
use super::verdict::{Subject, Verdict};
use crate::account::calls::ApiCalls;
use crate::account::credential_report::Row;
use crate::account::part::Part;
use crate::account::snapshot::Snapshot;

/// What an audit goes by.
#[derive(Debug)]
pub struct Question<'a> {
    /// The benchmarks, in the order reports show them.
    pub benchmarks: Vec<&'static Benchmark>,
    /// Controls and checks to look at; empty: all.
    pub only: Vec<String>,
    /// The time by which ages are counted.
    pub as_of: Timestamp,
    /// Failures that somebody answers for.
    pub exceptions: Option<&'a Exceptions>,
    /// Answers to manual controls.
    pub attestations: Option<&'a Attestations>,
    /// What failed before.
    pub baseline: Option<&'a Baseline>,
}

impl Question<'_> {
    /// Returns the controls that are asked for, with their benchmarks.
    pub fn controls(&self) -> impl Iterator<Item = (&'static Benchmark, &'static Control)> {
        let all = self
            .benchmarks
            .iter()
            .flat_map(|&benchmark| benchmark.controls.iter().map(move |control| (benchmark, control)));
        all.filter(|(_, control)| self.asks_for(control))
    }

    fn asks_for(&self, control: &Control) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| control.is_called(name))
    }

    /// Returns the parts of the picture that the controls need.
    pub fn parts(&self) -> BTreeSet<Part> {
        let checks = self.controls().flat_map(|(_, control)| control.checks());
        checks.flat_map(|check| check.reads.iter().copied()).collect()
    }

    /// Returns the names given for controls that no benchmark asked for has.
    pub fn strangers(&self) -> Vec<&str> {
        let controls = || self.benchmarks.iter().flat_map(|benchmark| &benchmark.controls);
        let known = |name: &str| controls().any(|control| control.is_called(name));
        self.only.iter().map(String::as_str).filter(|name| !known(name)).collect()
    }
}

/// Judges an account. `target` and `calls` say how it was read.
pub fn audit(snapshot: &Snapshot, question: &Question<'_>, target: &str, calls: Option<ApiCalls>) -> Audit {
    let said = (question.benchmarks.len() > 1).then(BTreeMap::new);
    let mut engine = Engine { snapshot, as_of: question.as_of, newcomers: newcomers(snapshot), said };
    let mut findings: Vec<Finding> = Vec::new();
    for (benchmark, control) in question.controls() {
        engine.control(benchmark, control, &mut findings);
    }
    let mut remarks = Vec::new();
    if let Some(attestations) = question.attestations {
        attestations.apply(&mut findings, question.as_of, &mut remarks);
    }
    let exceptions = question
        .exceptions
        .map(|exceptions| exceptions.apply(&mut findings, question.as_of))
        .unwrap_or_default();
    let fixed = question.baseline.map(|baseline| baseline.apply(&mut findings)).unwrap_or_default();
    let benchmarks = question.benchmarks.iter().map(|benchmark| {
        let own = || findings.iter().filter(|finding| finding.benchmark == benchmark.id);
        Judged {
            id: &benchmark.id,
            title: &benchmark.title,
            summary: Summary::of(own()),
            controls: Summary::of_controls(own()),
        }
    });
    let parts = question.parts().into_iter();
    let unread = parts.filter_map(|part| part.unread(snapshot).map(|why| (part, why.to_owned())));
    Audit {
        account: snapshot.account.clone(),
        partition: snapshot.partition.clone(),
        region: snapshot.region.clone(),
        target: target.to_owned(),
        as_of: question.as_of,
        collected_at: snapshot.taken_at,
        report_generated_at: snapshot.credential_report.read().and_then(|report| report.generated),
        benchmarks: benchmarks.collect(),
        unread: unread.collect(),
        exceptions,
        remarks,
        fixed,
        api_calls: calls,
        findings,
    }
}

/// A check with the numbers it was run with.
type Asked = (&'static str, BTreeMap<String, i64>);

struct Engine<'a> {
    snapshot: &'a Snapshot,
    as_of: Timestamp,
    /// What every check of users has to say of those that the credential report does not list yet.
    newcomers: Vec<Verdict>,
    /// What checks have said, for the next benchmark that asks the same; `None` when there is no next one.
    said: Option<BTreeMap<Asked, Vec<Verdict>>>,
}

impl Engine<'_> {
    fn control(
        &mut self,
        benchmark: &'static Benchmark,
        control: &'static Control,
        findings: &mut Vec<Finding>,
    ) {
        let frame = Frame {
            benchmark,
            control,
            also: Arc::new(elsewhere(&control.topic, &benchmark.id)),
            check: None,
            severity: Severity::Informational,
            advice: "",
        };
        let mut checks = control.checks().peekable();
        if checks.peek().is_some() {
            for check in checks {
                let frame = Frame {
                    check: Some(check.id),
                    severity: check.severity,
                    advice: check.docs.fix,
                    ..frame.clone()
                };
                let verdicts = self.ask(check, &control.params);
                findings.extend(verdicts.into_iter().map(|verdict| frame.finding(verdict)));
            }
        } else if let Some(page) = topic(&control.topic) {
            let account = Subject::account(&self.snapshot.partition, &self.snapshot.account);
            let frame = Frame { severity: page.severity, advice: &page.fix, ..frame };
            findings.push(frame.finding(Verdict::manual(account, page.manual.clone())));
        }
    }

    /// Runs a check, once for the same numbers.
    fn ask(&mut self, check: &'static Check, params: &BTreeMap<String, i64>) -> Vec<Verdict> {
        let look = Look { snapshot: self.snapshot, params, check, as_of: self.as_of };
        let newcomers: &[Verdict] = if check.scope == Scope::EachUser { &self.newcomers } else { &[] };
        let run = || verdicts(check, &look, newcomers);
        match &mut self.said {
            Some(said) => said.entry((check.id, params.clone())).or_insert_with(run).clone(),
            None => run(),
        }
    }
}

/// Runs a check. One that could not look says so of whom it speaks; one that found nobody to speak of says that of the
/// account. `newcomers` is said besides what the check says.
fn verdicts(check: &Check, look: &Look<'_>, newcomers: &[Verdict]) -> Vec<Verdict> {
    let whole = || match check.scope {
        Scope::Root => look.root(),
        Scope::Account | Scope::EachUser | Scope::Each => look.account(),
    };
    let mut verdicts = match (check.run)(look) {
        Ok(mut verdicts) => {
            verdicts.extend_from_slice(newcomers);
            verdicts
        }
        Err(unread) => {
            let permissions = unread.part.permissions().join("`, `");
            let part = unread.part.name();
            let message = format!("{part} could not be read (it takes `{permissions}`): {}", unread.why);
            vec![Verdict::unknown(whole(), message)]
        }
    };
    if verdicts.is_empty() {
        let message = "the account has nothing that this speaks of";
        verdicts.push(Verdict::not_applicable(whole(), message));
    }
    // Names are ordered as people look for them, and then so that the order is always the same.
    verdicts.sort_by_cached_key(|verdict| (verdict.subject.name.to_lowercase(), verdict.subject.clone()));
    verdicts
}

/// Users that the account has and its credential report has not: they are younger than the report, and nothing is known of
/// their credentials until IAM makes another.
fn newcomers(snapshot: &Snapshot) -> Vec<Verdict> {
    let (Some(identity), Some(report)) = (snapshot.identity.read(), snapshot.credential_report.read()) else {
        return vec![];
    };
    let listed: BTreeSet<&str> = report.users().map(Row::user).collect();
    let made = report.generated.map(|at| format!(", which was made at {at}")).unwrap_or_default();
    let missing = identity.users.iter().filter(|(name, _)| !listed.contains(name.as_str()));
    let verdicts = missing.map(|(name, user)| {
        let message = format!("is not in the credential report{made}; IAM makes a new one after four hours");
        Verdict::unknown(Subject::new(&user.arn, name), message)
    });
    verdicts.collect()
}

/// What all findings of a control, or of one check of it, have in common.
#[derive(Clone)]
struct Frame {
    benchmark: &'static Benchmark,
    control: &'static Control,
    also: Arc<BTreeMap<&'static str, &'static str>>,
    check: Option<&'static str>,
    severity: Severity,
    advice: &'static str,
}

impl Frame {
    fn finding(&self, verdict: Verdict) -> Finding {
        let Verdict { subject, status, message, evidence, fix } = verdict;
        Finding {
            benchmark: &self.benchmark.id,
            control: &self.control.id,
            title: &self.control.title,
            section: self.benchmark.section(self.control),
            topic: &self.control.topic,
            level: self.control.level,
            check: self.check,
            status,
            severity: self.severity,
            resource: subject.resource,
            name: subject.name,
            credential: subject.credential,
            message,
            evidence,
            remediation: fix.map_or(Cow::Borrowed(self.advice), Cow::Owned),
            also: Arc::clone(&self.also),
            exemption: None,
            attestation: None,
            change: None,
        }
    }
}
