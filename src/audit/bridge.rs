//! [`side_by_side`]: the controls of several benchmarks by what they are about, and what a move from the first to
//! the last of them changes.

use std::collections::BTreeSet;

use serde::Serialize;

use super::benchmark::{Benchmark, Control};

/// What one topic is in several benchmarks.
#[derive(Debug)]
pub struct Line {
    /// The topic.
    pub topic: &'static str,
    /// The controls of each benchmark that are about it, in the order asked for; mostly one, or none.
    pub controls: Vec<Vec<&'static Control>>,
}

/// What a move from the first benchmark to the last does to a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Move {
    /// Only the last has it.
    New,
    /// Only the first has it.
    Dropped,
    /// It has another number, and perhaps another rule.
    Renumbered,
    /// It has the same number and another rule.
    Changed,
    /// It is as before; or neither has it.
    Same,
}

impl Move {
    /// All moves, in the order people look for them.
    pub const ALL: [Self; 5] = [Self::New, Self::Dropped, Self::Renumbered, Self::Changed, Self::Same];

    /// Returns the word of the reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Dropped => "dropped",
            Self::Renumbered => "renumbered",
            Self::Changed => "changed",
            Self::Same => "same",
        }
    }

    /// Returns the sign in front of a line.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::New => "+",
            Self::Dropped => "-",
            Self::Renumbered | Self::Changed => "~",
            Self::Same => " ",
        }
    }
}

/// Puts the controls of benchmarks side by side: in the order of the first, then what the next ones add.
pub fn side_by_side(benchmarks: &[&'static Benchmark]) -> Vec<Line> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let all = benchmarks.iter().flat_map(|benchmark| &benchmark.controls);
    let topics = all.map(|control| control.topic.as_str()).filter(|topic| seen.insert(topic));
    topics
        .map(|topic| {
            let of = |benchmark: &&'static Benchmark| {
                benchmark.controls.iter().filter(|control| control.topic == topic).collect()
            };
            Line { topic, controls: benchmarks.iter().map(of).collect() }
        })
        .collect()
}

impl Line {
    /// Returns the title that the last benchmark that has it gives it.
    pub fn title(&self) -> &'static str {
        self.controls.iter().flatten().next_back().map_or("", |control| &control.title)
    }

    /// Returns its numbers in each benchmark: `4.1, 4.2`, or nothing.
    pub fn numbers(&self) -> impl Iterator<Item = String> {
        self.controls.iter().map(|controls| numbers(controls).join(", "))
    }

    /// Returns what a move from the first benchmark to the last does to it.
    pub fn change(&self) -> Move {
        match (self.first(), self.last()) {
            ([], []) => Move::Same,
            ([], _) => Move::New,
            (_, []) => Move::Dropped,
            (before, after) if numbers(before) != numbers(after) => Move::Renumbered,
            _ if self.differences().is_empty() => Move::Same,
            _ => Move::Changed,
        }
    }

    /// Returns what else differs between the first benchmark and the last: `max_idle_days 90 -> 45`.
    pub fn differences(&self) -> Vec<String> {
        let (Some(before), Some(after)) = (self.first().first(), self.last().first()) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        if before.level != after.level {
            found.push(format!("level {} -> {}", before.level, after.level));
        }
        let names: BTreeSet<&String> = before.params.keys().chain(after.params.keys()).collect();
        for name in names {
            let (old, new) = (before.params.get(name), after.params.get(name));
            if old != new {
                let word = |number: Option<&i64>| number.map_or("unset".to_owned(), i64::to_string);
                found.push(format!("{name} {} -> {}", word(old), word(new)));
            }
        }
        found
    }

    fn first(&self) -> &[&'static Control] {
        self.controls.first().map_or(&[], Vec::as_slice)
    }

    fn last(&self) -> &[&'static Control] {
        self.controls.last().map_or(&[], Vec::as_slice)
    }
}

fn numbers(controls: &[&'static Control]) -> Vec<&'static str> {
    controls.iter().map(|control| control.id.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::benchmark::find;

    fn lines(ids: &[&str]) -> Vec<Line> {
        side_by_side(&ids.iter().map(|id| find(id).unwrap()).collect::<Vec<_>>())
    }

    fn line(lines: &[Line], topic: &str) -> (Vec<String>, Move, Vec<String>) {
        let line = lines.iter().find(|line| line.topic == topic).unwrap();
        (line.numbers().collect(), line.change(), line.differences())
    }

    #[test]
    fn a_move_tells_what_is_new_dropped_renumbered_and_another_rule() {
        let lines = lines(&["cis-aws-1.2.0", "cis-aws-1.4.0"]);
        let said = |topic, from: &str, to: &str, change, differences: &[&str]| {
            let (numbers, found, also) = line(&lines, topic);
            assert_eq!((numbers, found), (vec![from.to_owned(), to.to_owned()], change), "{topic}");
            assert_eq!(also, differences, "{topic}");
        };
        said("credential-unused", "1.3", "1.12", Move::Renumbered, &["max_idle_days 90 -> 45"]);
        said("policy-full-admin", "1.22", "1.16", Move::Renumbered, &["unattached 1 -> 0"]);
        said("config-recording", "2.5", "3.5", Move::Renumbered, &["level 1 -> 2"]);
        said("password-policy-no-expiry", "1.11", "", Move::Dropped, &[]);
        said("user-two-active-keys", "", "1.13", Move::New, &[]);
        said("security-group-admin-ports", "4.1, 4.2", "5.2", Move::Renumbered, &[]);
        let all =
            find("cis-aws-1.2.0").unwrap().controls.len() + find("cis-aws-1.4.0").unwrap().controls.len();
        let told: usize = lines.iter().flat_map(|line| &line.controls).map(Vec::len).sum();
        assert_eq!(told, all, "every control of both is in one line");
    }

    #[test]
    fn a_benchmark_beside_itself_changes_nothing() {
        let lines = lines(&["cis-aws-3.0.0", "cis-aws-3.0.0"]);
        assert!(lines.iter().all(|line| line.change() == Move::Same));
    }

    #[test]
    fn the_same_number_may_have_another_rule() {
        let lines = lines(&["cis-aws-1.5.0", "cis-aws-2.0.0"]);
        let (numbers, change, differences) = line(&lines, "alarm-unauthorized-calls");
        assert_eq!((numbers.as_slice(), change), (&["4.1".to_owned(), "4.1".to_owned()][..], Move::Changed));
        assert_eq!(differences, ["level 1 -> 2"]);
    }
}
