//! [`Page`]: all that is known of one control, for `iamlab audit explain` and `docs/checks.md`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::benchmark::{Benchmark, Control, Topic, all, numbers, topic};
use super::check::{Check, Severity};
use super::checks::CHECKS;
use crate::account::part::Part;

/// A control, what answers it, and where else it stands.
#[derive(Debug, Serialize)]
pub struct Page {
    /// The benchmark it is shown from.
    pub benchmark: &'static str,
    /// Its number there.
    pub control: &'static str,
    /// Its title there.
    pub title: &'static str,
    /// The title of its section there.
    pub section: &'static str,
    /// 1 or 2.
    pub level: u8,
    /// What it is about, the same in every benchmark.
    pub topic: &'static str,
    /// How bad it is when it is not met.
    pub severity: Option<Severity>,
    /// The checks that answer it; none: a person must.
    pub checks: Vec<Answer>,
    /// What a person looks at, when no check answers it.
    pub manual: Option<&'static Topic>,
    /// Its numbers in all benchmarks that have it.
    pub numbers: BTreeMap<&'static str, &'static str>,
}

/// A check, with the numbers that the control sets.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The check's id.
    pub check: &'static str,
    /// What is so when it passes.
    pub title: &'static str,
    /// How bad it is when it fails.
    pub severity: Severity,
    /// What it looks at and what decides.
    pub looks_at: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// How to mend it.
    pub fix: &'static str,
    /// Its numbers.
    pub params: Vec<Number>,
    /// The parts of the picture it looks at.
    pub reads: Vec<Reading>,
    /// Where the rule and the facts come from.
    pub sources: &'static [&'static str],
}

/// A number of a check.
#[derive(Debug, Serialize)]
pub struct Number {
    /// `max_age_days`.
    pub name: &'static str,
    /// What the control sets, or the check's own.
    pub value: i64,
    /// The check's own.
    pub default: i64,
    /// What it limits.
    pub about: &'static str,
}

/// A part of the picture, and what reading it takes.
#[derive(Debug, Serialize)]
pub struct Reading {
    /// The part, for programs.
    pub part: Part,
    /// The part, for people.
    pub name: &'static str,
    /// The IAM actions it takes.
    pub permissions: &'static [&'static str],
}

impl Page {
    /// Finds a control by its number in `benchmark`, or by a topic or check: there, or in the first benchmark that
    /// has it.
    pub fn find(name: &str, benchmark: &'static Benchmark) -> Option<Self> {
        let there = benchmark.controls.iter().find(|control| control.is_called(name));
        if let Some(control) = there {
            return Some(Self::of(benchmark, control));
        }
        // A number of another benchmark is another control, or none.
        let is_named = |control: &&Control| control.id != name && control.is_called(name);
        all()
            .iter()
            .find_map(|other| other.controls.iter().find(is_named).map(|control| Self::of(other, control)))
    }

    fn of(benchmark: &'static Benchmark, control: &'static Control) -> Self {
        Self {
            benchmark: &benchmark.id,
            control: &control.id,
            title: &control.title,
            section: benchmark.section(control),
            level: control.level,
            topic: &control.topic,
            severity: control.severity(),
            checks: control.checks().map(|check| Answer::of(check, &control.params)).collect(),
            manual: if control.checks.is_empty() { topic(&control.topic) } else { None },
            numbers: numbers(&control.topic).collect(),
        }
    }
}

impl Answer {
    /// Returns a check's page with the numbers that a control sets.
    pub fn of(check: &'static Check, params: &BTreeMap<String, i64>) -> Self {
        let number = |param: &'static super::check::Param| Number {
            name: param.name,
            value: params.get(param.name).copied().unwrap_or(param.default),
            default: param.default,
            about: param.about,
        };
        let reading =
            |part: &Part| Reading { part: *part, name: part.name(), permissions: part.permissions() };
        Self {
            check: check.id,
            title: check.title,
            severity: check.severity,
            looks_at: check.docs.looks_at,
            why: check.docs.why,
            fix: check.docs.fix,
            params: check.params.iter().map(number).collect(),
            reads: check.reads.iter().map(reading).collect(),
            sources: check.docs.sources,
        }
    }
}

/// Returns all names that [`Page::find`] knows: the numbers of `benchmark`, then every topic and check.
pub fn names(benchmark: &'static Benchmark) -> Vec<&'static str> {
    let numbers = benchmark.controls.iter().map(|control| control.id.as_str());
    let controls = all().iter().flat_map(|benchmark| &benchmark.controls);
    let topics = controls.map(|control| control.topic.as_str());
    let words: BTreeSet<&str> = topics.chain(CHECKS.iter().map(|check| check.id)).collect();
    numbers.chain(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::benchmark::find;

    fn at(name: &str, benchmark: &str) -> Option<(&'static str, &'static str)> {
        Page::find(name, find(benchmark).unwrap()).map(|page| (page.benchmark, page.control))
    }

    #[test]
    fn a_control_is_found_by_number_topic_and_check() {
        assert_eq!(at("1.2", "cis-aws-1.2.0"), Some(("cis-aws-1.2.0", "1.2")));
        assert_eq!(at("1.2", "cis-aws-5.0.0").unwrap().1, "1.2");
        assert_eq!(at("user-console-without-mfa", "cis-aws-7.0.0"), Some(("cis-aws-7.0.0", "2.10")));
        // What the benchmark has not is shown from the first that has it, but a number means this benchmark's.
        assert_eq!(at("imds-v2", "cis-aws-1.2.0"), Some(("cis-aws-2.0.0", "5.6")));
        assert_eq!(at("5.6", "cis-aws-1.2.0"), None);
        assert_eq!(at("nonsense", "cis-aws-1.2.0"), None);
    }

    #[test]
    fn a_page_tells_what_answers_and_with_which_numbers() {
        let page = Page::find("1.1", find("cis-aws-1.2.0").unwrap()).unwrap();
        let [answer] = page.checks.as_slice() else { panic!("{page:?}") };
        assert_eq!((answer.check, answer.params[0].value), ("root-used", 90));
        assert_eq!(answer.reads[0].permissions, ["iam:GenerateCredentialReport", "iam:GetCredentialReport"]);
        assert!(page.manual.is_none() && page.numbers["cis-aws-7.0.0"] == "2.7");
        let manual = Page::find("2.1", find("cis-aws-1.2.0").unwrap()).unwrap();
        assert!(manual.checks.is_empty() && manual.manual.unwrap().manual.starts_with("not automated yet"));
    }
}
