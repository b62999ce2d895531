//! [`Benchmark`]: which checks answer which control, as data (`benchmarks/*.yaml`), and the pages of what no check
//! answers (`benchmarks/topics.yaml`).
//!
//! A topic is what a control is about, whatever its number: it ties the numbers of the versions together.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::check::{Check, Severity};
use super::checks::CHECKS;
use crate::scenario::yaml;
use crate::source::{SourceFile, render};

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
#[derive(Debug, Deserialize, Serialize)]
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
    LazyLock::new(|| FILES.iter().filter_map(|(name, text)| read(name, text).ok()).collect());

const TOPICS_FILE: &str = include_str!("benchmarks/topics.yaml");

static TOPICS: LazyLock<BTreeMap<String, Topic>> =
    LazyLock::new(|| read("topics", TOPICS_FILE).unwrap_or_default());

/// The numbers of each topic by benchmark, in words: every finding tells them.
static NUMBERS: LazyLock<BTreeMap<&str, BTreeMap<&str, String>>> = LazyLock::new(|| {
    let mut numbers: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
    for benchmark in all() {
        for control in &benchmark.controls {
            let own = numbers.entry(&control.topic).or_default().entry(&benchmark.id).or_default();
            // A benchmark may split what others say in one control.
            own.push_str(if own.is_empty() { "" } else { ", " });
            own.push_str(&control.id);
        }
    }
    numbers
});

/// Reads an embedded file. A test reads every one of them, so that none is missing here.
fn read<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, String> {
    let (node, mistakes) = yaml::parse(&SourceFile::new(format!("{name}.yaml"), text));
    match node.filter(|_| mistakes.is_empty()) {
        Some(node) => serde_json::from_value(node.to_json()).map_err(|error| format!("{name}: {error}")),
        None => Err(render(&mistakes, false)),
    }
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

/// Returns the numbers that a topic has in all benchmarks, by benchmark; several as `4.1, 4.2`.
pub fn numbers(topic: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    NUMBERS.get(topic).into_iter().flatten().map(|(benchmark, number)| (*benchmark, number.as_str()))
}

/// Returns the numbers that a topic has in all benchmarks but `except`, by benchmark.
pub fn elsewhere(topic: &str, except: &str) -> BTreeMap<&'static str, &'static str> {
    numbers(topic).filter(|(benchmark, _)| *benchmark != except).collect()
}

impl Control {
    /// Returns the checks that answer it.
    pub fn checks(&self) -> impl Iterator<Item = &'static Check> {
        self.checks.iter().filter_map(|id| CHECKS.iter().copied().find(|check| check.id == *id))
    }

    /// Returns what it goes by: its number, its topic and the checks that answer it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [&self.id, &self.topic].into_iter().chain(&self.checks).map(String::as_str)
    }

    /// Tells whether it goes by this number, is about this topic or is answered by this check.
    pub fn is_called(&self, name: &str) -> bool {
        self.names().any(|own| own == name)
    }

    /// Returns how bad it is when it is not met: the worst of its checks, or what its page says.
    pub fn severity(&self) -> Option<Severity> {
        let page = || topic(&self.topic).map(|page| page.severity);
        self.checks().map(|check| check.severity).max().or_else(page)
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
    use std::collections::BTreeSet;

    use super::*;

    fn controls() -> impl Iterator<Item = (&'static Benchmark, &'static Control)> {
        all().iter().flat_map(|benchmark| benchmark.controls.iter().map(move |control| (benchmark, control)))
    }

    fn pages() -> BTreeMap<String, Topic> {
        read("topics", TOPICS_FILE).unwrap_or_else(|message| panic!("{message}"))
    }

    /// `1.10` as it is ordered; `None` for what is no number.
    fn order(number: &str) -> Option<Vec<u32>> {
        let parts: Option<Vec<u32>> = number.split('.').map(|part| part.parse().ok()).collect();
        parts.filter(|parts| parts.len() >= 2 && !number.contains(".0") && !number.starts_with('0'))
    }

    #[test]
    fn every_file_is_read() {
        for (name, text) in FILES {
            let read: Benchmark = read(name, text).unwrap_or_else(|message| panic!("{message}"));
            assert_eq!(read.id, *name);
            assert!(read.id.ends_with(&read.version) || !read.id.starts_with("cis-"), "{name}");
        }
        assert_eq!(all().len(), FILES.len());
        assert!(pages().len() > 50);
        assert!(find(DEFAULT).is_some());
        let broken =
            read::<Benchmark>("cis-aws-0.0.1", "id: cis-aws-0.0.1\ntitel: misspelled\n").unwrap_err();
        assert!(broken.contains("cis-aws-0.0.1") && broken.contains("titel"), "{broken}");
    }

    #[test]
    fn numbers_are_in_order_and_in_a_section() {
        for benchmark in all() {
            let found: Vec<_> = benchmark
                .controls
                .iter()
                .map(|control| order(&control.id).unwrap_or_else(|| panic!("{}", control.id)))
                .collect();
            assert!(found.is_sorted_by(|a, b| a < b), "{}: {found:?}", benchmark.id);
            let used: BTreeSet<String> = found.iter().map(|number| number[0].to_string()).collect();
            let named: BTreeSet<String> = benchmark.sections.keys().cloned().collect();
            assert_eq!(used, named, "{}", benchmark.id);
        }
    }

    /// How many controls each version has, by two public lists of each.
    #[test]
    fn no_benchmark_lost_a_control() {
        let counts: Vec<usize> = all().iter().map(|benchmark| benchmark.controls.len()).collect();
        assert_eq!(counts, COUNTS);
    }

    #[test]
    fn titles_are_one_short_line_each() {
        for benchmark in all() {
            let titles: BTreeSet<&str> =
                benchmark.controls.iter().map(|control| control.title.as_str()).collect();
            assert_eq!(titles.len(), benchmark.controls.len(), "{}", benchmark.id);
            for title in titles {
                assert!((10..=90).contains(&title.len()) && !title.ends_with('.'), "{title}");
                let capitals: String = title.chars().take_while(char::is_ascii_alphabetic).collect();
                let is_name =
                    capitals.chars().skip(1).any(char::is_uppercase) || title.starts_with("Security Hub");
                assert!(title.starts_with(char::is_lowercase) || is_name, "{title}");
            }
        }
        assert!(controls().all(|(_, control)| matches!(control.level, 1 | 2)));
    }

    #[test]
    fn what_a_title_promises_is_what_the_check_is_told() {
        for (benchmark, control) in controls().filter(|(_, control)| !control.params.is_empty()) {
            let words = control.title.split(' ').filter_map(|word| word.parse::<i64>().ok());
            for number in words {
                let told = control.params.values().any(|value| *value == number);
                assert!(told, "{} {}: {number} of {:?}", benchmark.id, control.id, control.params);
            }
        }
    }

    #[test]
    fn every_control_is_answered_by_checks_or_has_a_page() {
        let pages = pages();
        for (benchmark, control) in controls() {
            let has_page = pages.contains_key(&control.topic);
            assert_ne!(control.checks.is_empty(), !has_page, "{} {}", benchmark.id, control.id);
        }
        let about: BTreeSet<&str> = controls().map(|(_, control)| control.topic.as_str()).collect();
        for (topic, page) in &pages {
            assert!(about.contains(topic.as_str()), "no control is about {topic}");
            let texts = [&page.manual, &page.looks_at, &page.why, &page.fix];
            assert!(texts.iter().all(|text| text.len() > 20 && !text.contains('\n')), "{topic}");
            assert!(page.manual.starts_with(char::is_lowercase) && !page.manual.ends_with('.'), "{topic}");
        }
    }

    #[test]
    fn controls_cite_checks_that_exist_with_numbers_that_they_have() {
        for (benchmark, control) in controls() {
            let place = format!("{} {}", benchmark.id, control.id);
            assert_eq!(control.checks().count(), control.checks.len(), "{place}: {:?}", control.checks);
            assert!(control.severity().is_some(), "{place}");
            for name in control.params.keys() {
                let known = control.checks().flat_map(|check| check.params).any(|param| param.name == name);
                assert!(known, "{place}: no check of it has a number `{name}`");
            }
        }
        for check in CHECKS {
            assert!(
                controls().any(|(_, control)| control.is_called(check.id)),
                "{} is cited by none",
                check.id
            );
        }
    }

    #[test]
    fn a_topic_is_answered_alike_everywhere() {
        let mut answers: BTreeMap<&str, &[String]> = BTreeMap::new();
        for (benchmark, control) in controls() {
            let first = answers.entry(&control.topic).or_insert(&control.checks);
            assert_eq!(*first, control.checks, "{} {}", benchmark.id, control.id);
            // One number each, but for the ports that the oldest version names one by one.
            let same = benchmark.controls.iter().filter(|other| other.topic == control.topic).count();
            let split = benchmark.id == DEFAULT && control.topic == "security-group-admin-ports";
            assert_eq!(same, if split { 2 } else { 1 }, "{} {}", benchmark.id, control.topic);
        }
        assert_eq!(elsewhere("security-group-admin-ports", "cis-aws-5.0.0").get(DEFAULT), Some(&"4.1, 4.2"));
    }

    /// The numbers of a topic in the nine versions, `-` where a version has it not; from public lists of each.
    #[test]
    fn topics_have_the_numbers_that_are_published() {
        let versions: Vec<&str> =
            all().iter().map(|benchmark| benchmark.id.as_str()).filter(|id| id.starts_with("cis-")).collect();
        for (topic, expected) in NUMBERS_PUBLISHED {
            let known: BTreeMap<&str, &str> = numbers(topic).collect();
            let found: Vec<&str> = versions.iter().map(|id| known.get(id).copied().unwrap_or("-")).collect();
            assert_eq!(found.join(" "), *expected, "{topic}");
        }
    }

    const COUNTS: [usize; 10] = [49, 58, 63, 64, 62, 64, 63, 63, 70, 33];

    const NUMBERS_PUBLISHED: &[(&str, &str)] = &[
        ("root-used", "1.1 1.7 1.7 1.7 1.7 1.7 1.6 2.6 2.7"),
        ("user-console-without-mfa", "1.2 1.10 1.10 1.10 1.10 1.10 1.9 2.9 2.10"),
        ("credential-unused", "1.3 1.12 1.12 1.12 1.12 1.12 1.11 2.11 2.11"),
        ("access-key-old", "1.4 1.14 1.14 1.14 1.14 1.14 1.13 2.13 2.12"),
        ("password-policy-without-uppercase", "1.5 - - - - - - - -"),
        ("password-policy-without-numbers", "1.8 - - - - - - - -"),
        ("password-policy-short", "1.9 1.8 1.8 1.8 1.8 1.8 1.7 2.7 2.8"),
        ("password-policy-reuse", "1.10 1.9 1.9 1.9 1.9 1.9 1.8 2.8 2.9"),
        ("password-policy-no-expiry", "1.11 - - - - - - - -"),
        ("root-access-key", "1.12 1.4 1.4 1.4 1.4 1.4 1.3 2.3 2.4"),
        ("root-without-mfa", "1.13 1.5 1.5 1.5 1.5 1.5 1.4 2.4 2.5"),
        ("root-without-hardware-mfa", "1.14 1.6 1.6 1.6 1.6 1.6 1.5 2.5 2.6"),
        ("security-questions", "1.15 1.3 1.3 1.3 1.3 1.3 - - -"),
        ("user-direct-policy", "1.16 1.15 1.15 1.15 1.15 1.15 1.14 2.14 2.13"),
        ("contact-details", "1.17 1.1 1.1 1.1 1.1 1.1 1.1 2.1 2.2"),
        ("instance-roles", "1.19 1.18 1.18 1.18 1.18 1.18 1.17 2.17 2.16"),
        ("support-role-missing", "1.20 1.17 1.17 1.17 1.17 1.17 1.16 2.16 2.15"),
        ("access-key-at-setup", "1.21 1.11 1.11 1.11 1.11 1.11 1.10 2.10 -"),
        ("policy-full-admin", "1.22 1.16 1.16 1.16 1.16 1.16 1.15 2.15 2.14"),
        ("user-two-active-keys", "- 1.13 1.13 1.13 1.13 1.13 1.12 2.12 -"),
        ("server-certificate-expired", "- 1.19 1.19 1.19 1.19 1.19 1.18 2.18 2.17"),
        ("analyzer-missing", "- 1.20 1.20 1.20 1.20 1.20 1.19 2.19 2.18"),
        ("console-users-without-federation", "- 1.21 1.21 1.21 1.21 1.21 1.20 2.20 2.19"),
        ("cloudshell-full-access", "- - - 1.22 1.22 1.22 1.21 2.21 2.20"),
        ("root-not-managed-centrally", "- - - - - - - - 2.1.1"),
        ("public-resource-policies", "- - - - - - - - 2.21"),
        ("s3-public-access-block", "- 2.1.5 2.1.5 2.1.4 2.1.4 2.1.4 2.1.4 3.1.4 3.1.4"),
        ("ebs-encryption", "- 2.2.1 2.2.1 2.2.1 2.2.1 5.1.1 5.1.1 6.1.1 6.1.1"),
        ("trail-everywhere", "2.1 3.1 3.1 3.1 3.1 3.1 3.1 4.1 4.1"),
        ("trail-bucket-public", "2.3 3.3 3.3 3.3 - - - - -"),
        ("config-recording", "2.5 3.5 3.5 3.5 3.3 3.3 3.3 4.3 4.3"),
        ("vpc-flow-logs", "2.9 3.9 3.9 3.9 3.7 3.7 3.7 4.7 4.7"),
        ("alarm-root-use", "3.3 4.3 4.3 4.3 4.3 4.3 4.3 5.3 5.3"),
        ("alarm-vpc-changes", "3.14 4.14 4.14 4.14 4.14 4.14 4.14 5.14 5.14"),
        ("security-hub", "- - 4.16 4.16 4.16 4.16 4.16 5.16 5.16"),
        ("security-group-admin-ports", "4.1, 4.2 5.2 5.2 5.2 5.2 5.3 5.3 6.3 6.3"),
        ("default-security-group", "4.3 5.3 5.4 5.4 5.4 5.5 5.5 6.5 6.5"),
        ("peering-routes", "4.4 5.4 5.5 5.5 5.5 5.6 5.6 6.6 6.6"),
        ("imds-v2", "- - - 5.6 5.6 5.7 5.7 6.7 6.7"),
    ];
}
