//! Runs the checks of the controls asked for and makes findings of their verdicts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::attestation::Attestations;
use super::baseline::Baseline;
use super::benchmark::{Benchmark, Control, elsewhere, topic};
use super::check::{Check, Look, Scope};
use super::exception::Exceptions;
use super::finding::{Audit, Calls, Finding, Judged, Summary};
use super::verdict::{Subject, Verdict};
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
        let named =
            |name: &String| *name == control.id || *name == control.topic || control.checks.contains(name);
        self.only.is_empty() || self.only.iter().any(named)
    }

    /// Returns the parts of the picture that the controls need.
    pub fn parts(&self) -> BTreeSet<Part> {
        let checks = self.controls().flat_map(|(_, control)| control.checks());
        checks.flat_map(|check| check.reads.iter().copied()).collect()
    }

    /// Returns the names given for controls that no benchmark asked for has.
    pub fn strangers(&self) -> Vec<&str> {
        let known = |name: &str| {
            let mut controls = self.benchmarks.iter().flat_map(|benchmark| &benchmark.controls);
            controls.any(|control| {
                control.id == name || control.topic == name || control.checks.iter().any(|id| id == name)
            })
        };
        self.only.iter().map(String::as_str).filter(|name| !known(name)).collect()
    }
}

/// Judges an account. `target` and `calls` say how it was read.
pub fn audit(snapshot: &Snapshot, question: &Question<'_>, target: &str, calls: Option<Calls>) -> Audit {
    let mut engine = Engine { snapshot, as_of: question.as_of, verdicts: BTreeMap::new() };
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
    /// What checks have said: several benchmarks ask the same.
    verdicts: BTreeMap<Asked, Vec<Verdict>>,
}

impl Engine<'_> {
    fn control(
        &mut self,
        benchmark: &'static Benchmark,
        control: &'static Control,
        findings: &mut Vec<Finding>,
    ) {
        let also = Arc::new(elsewhere(&control.topic, &benchmark.id));
        let section = benchmark.section(control);
        let mut answered = false;
        for check in control.checks() {
            answered = true;
            let verdicts = self.ask(check, &control.params);
            findings.extend(verdicts.iter().map(|verdict| Finding {
                benchmark: &benchmark.id,
                control: &control.id,
                title: &control.title,
                section,
                topic: &control.topic,
                level: control.level,
                check: Some(check.id),
                status: verdict.status,
                severity: check.severity,
                resource: verdict.subject.resource.clone(),
                name: verdict.subject.name.clone(),
                credential: verdict.subject.credential,
                message: verdict.message.clone(),
                evidence: verdict.evidence.clone(),
                remediation: verdict.fix.clone().unwrap_or_else(|| check.docs.fix.to_owned()),
                also: Arc::clone(&also),
                exemption: None,
                attestation: None,
                change: None,
            }));
        }
        if answered {
            return;
        }
        let Some(page) = topic(&control.topic) else { return };
        let subject = Subject::account(&self.snapshot.partition, &self.snapshot.account);
        let verdict = Verdict::manual(subject, page.manual.clone());
        findings.push(Finding {
            benchmark: &benchmark.id,
            control: &control.id,
            title: &control.title,
            section,
            topic: &control.topic,
            level: control.level,
            check: None,
            status: verdict.status,
            severity: page.severity,
            resource: verdict.subject.resource,
            name: verdict.subject.name,
            credential: None,
            message: verdict.message,
            evidence: Vec::new(),
            remediation: page.fix.clone(),
            also,
            exemption: None,
            attestation: None,
            change: None,
        });
    }

    /// Runs a check, once for the same numbers. A check that could not look says so of whom it speaks; one that
    /// found nobody to speak of says that of the account.
    fn ask(&mut self, check: &'static Check, params: &BTreeMap<String, i64>) -> &[Verdict] {
        let look = Look { snapshot: self.snapshot, params, check, as_of: self.as_of };
        self.verdicts.entry((check.id, params.clone())).or_insert_with(|| {
            let whole = match check.scope {
                Scope::Root => look.root(),
                Scope::Account | Scope::Each => look.account(),
            };
            let mut verdicts = match (check.run)(&look) {
                Ok(verdicts) => verdicts,
                Err(unread) => {
                    let permissions = unread.part.permissions().join("`, `");
                    let message = format!(
                        "{} could not be read (it takes `{permissions}`): {}",
                        unread.part.name(),
                        unread.why
                    );
                    vec![Verdict::unknown(whole.clone(), message)]
                }
            };
            if verdicts.is_empty() {
                verdicts.push(Verdict::not_applicable(whole, "the account has nothing that this speaks of"));
            }
            verdicts.sort_by(|a, b| order(a).cmp(&order(b)));
            verdicts
        })
    }
}

/// Names are ordered as people look for them, and then so that the order is always the same.
fn order(verdict: &Verdict) -> (String, &Subject) {
    (verdict.subject.name.to_lowercase(), &verdict.subject)
}
