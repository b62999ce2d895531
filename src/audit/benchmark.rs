//! [`Benchmark`]: which checks answer which control, as data (`benchmarks/*.yaml`), and the pages of what no check
//! answers (`benchmarks/topics.yaml`).
//!
//! A topic is what a control is about, whatever its number: it ties the numbers of the versions together.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::check::{Check, Severity};
use super::checks::CHECKS;
use crate::scenario::yaml;
use crate::source::SourceFile;

/// The benchmark that is judged by unless another is named.
pub const DEFAULT: &str = "cis-aws-1.2.0";

/// A benchmark.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Benchmark {
    /// `cis-aws-1.2.0`.
    pub id: String,
    /// Its name, for people.
    pub title: String,
    /// Its version.
    pub version: String,
    /// Where it is published.
    pub source: String,
    /// Titles of its sections by number.
    pub sections: BTreeMap<String, String>,
    /// Its controls, in its order.
    pub controls: Vec<Control>,
}

/// A control of a benchmark.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Its number, `1.12`.
    pub id: String,
    /// One line in our own words: what is so when it is met.
    pub title: String,
    /// What it is about; the same in every benchmark that has it.
    pub topic: String,
    /// 1: sensible everywhere; 2: for those who need more.
    pub level: u8,
    /// Ids of the checks that answer it; none: a person must.
    #[serde(default)]
    pub checks: Vec<String>,
    /// Numbers for the checks.
    #[serde(default)]
    pub params: BTreeMap<String, i64>,
}

/// The page of a topic that no check answers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Why no check answers it: `not automated yet`, or what only a person can know.
    pub manual: String,
    /// How bad it is when it is not so.
    pub severity: Severity,
    /// What to look at, and what decides.
    pub looks_at: String,
    /// Why it matters.
    pub why: String,
    /// How to mend it.
    pub fix: String,
}

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("benchmarks/", $name, ".yaml")))),*];
    };
}

embedded![
    "cis-aws-1.2.0",
    "cis-aws-1.4.0",
    "cis-aws-1.5.0",
    "cis-aws-2.0.0",
    "cis-aws-3.0.0",
    "cis-aws-4.0.1",
    "cis-aws-5.0.0",
    "cis-aws-6.0.0",
    "cis-aws-7.0.0",
    "iam-best-practices",
];

static BENCHMARKS: LazyLock<Vec<Benchmark>> =
    LazyLock::new(|| FILES.iter().filter_map(|(name, text)| read(name, text)).collect());

static TOPICS: LazyLock<BTreeMap<String, Topic>> =
    LazyLock::new(|| read("topics", include_str!("benchmarks/topics.yaml")).unwrap_or_default());

/// Reads an embedded file. A test reads every one of them, so that none is missing here.
fn read<T: DeserializeOwned>(name: &str, text: &str) -> Option<T> {
    let (node, _) = yaml::parse(&SourceFile::new(format!("{name}.yaml"), text));
    node.and_then(|node| serde_json::from_value(node.to_json()).ok())
}

/// Returns all benchmarks, the oldest version first.
pub fn all() -> &'static [Benchmark] {
    &BENCHMARKS
}

/// Finds a benchmark by its id.
pub fn find(id: &str) -> Option<&'static Benchmark> {
    all().iter().find(|benchmark| benchmark.id == id)
}

/// Returns the page of a topic that no check answers.
pub fn topic(topic: &str) -> Option<&'static Topic> {
    TOPICS.get(topic)
}

/// Returns the numbers that a topic has in all benchmarks but `except`, by benchmark.
pub fn elsewhere(topic: &str, except: &str) -> BTreeMap<&'static str, &'static str> {
    let others = all().iter().filter(|benchmark| benchmark.id != except);
    others
        .filter_map(|benchmark| {
            let control = benchmark.controls.iter().find(|control| control.topic == topic)?;
            Some((benchmark.id.as_str(), control.id.as_str()))
        })
        .collect()
}

impl Control {
    /// Returns the checks that answer it.
    pub fn checks(&self) -> impl Iterator<Item = &'static Check> {
        self.checks.iter().filter_map(|id| CHECKS.iter().copied().find(|check| check.id == *id))
    }
}

impl Benchmark {
    /// Returns the title of a control's section.
    pub fn section(&self, control: &Control) -> &str {
        let number = control.id.split('.').next().unwrap_or_default();
        self.sections.get(number).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time() {
        let start = std::time::Instant::now();
        let n = all().len();
        let a = start.elapsed();
        let t = TOPICS.len();
        eprintln!("{n} {a:?} {t} {:?}", start.elapsed());
    }
}
