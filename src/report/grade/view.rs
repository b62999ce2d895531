//! A result beside the rubric it came from: what every format for people says of a criterion, in the same words.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::grade::points::Points;
use crate::grade::result::{CriterionResult, State, Status, StudentResult, TaskResult};
use crate::grade::roster::Student;
use crate::grade::rubric::{Criterion, Rubric};
use crate::report::escape::cut;
use crate::report::words::sentence;

/// The longest name that is shown.
pub(super) const NAME: usize = 128;
/// The longest text that the formats for programs hold.
const LONG: usize = 4096;

/// What became of a criterion, as people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Met,
    Part,
    Missed,
    Unknown,
    Open,
}

impl Standing {
    pub(super) const ALL: [Self; 5] = [Self::Met, Self::Part, Self::Missed, Self::Unknown, Self::Open];

    pub(super) fn of(status: Status, earned: Points) -> Self {
        match status {
            Status::Pass => Self::Met,
            Status::Fail if earned > Points::ZERO => Self::Part,
            Status::Fail => Self::Missed,
            Status::Unknown => Self::Unknown,
            Status::Manual => Self::Open,
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Part => "partly met",
            Self::Missed => "missed",
            Self::Unknown => "not seen",
            Self::Open => "open",
        }
    }

    /// Says what the word means.
    pub(super) const fn meaning(self) -> &'static str {
        match self {
            Self::Met => "What was looked for is there: full points.",
            Self::Part => {
                "A part of it is there, or it is there but for something small: a part of the points."
            }
            Self::Missed => "It is not there: no points, and what to do about it.",
            Self::Unknown => {
                "Nobody could look, for the reason that is given. It costs nothing: it is looked at again."
            }
            Self::Open => "A person reads it and gives the points. It costs nothing until then.",
        }
    }

    /// The letter of the colour; never the only thing that tells.
    pub(super) const fn letter(self) -> &'static str {
        match self {
            Self::Met => "p",
            Self::Part => "e",
            Self::Missed => "f",
            Self::Unknown => "u",
            Self::Open => "m",
        }
    }
}

/// One criterion's result beside what the rubric says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marked<'a> {
    pub(super) result: &'a CriterionResult,
    criterion: Option<&'a Criterion>,
    pub(super) standing: Standing,
}

impl<'a> Marked<'a> {
    /// Says what was looked for.
    pub(super) fn what(&self) -> &'a str {
        self.criterion.map_or(self.result.id.as_str(), |criterion| criterion.what.as_str())
    }

    /// Says what to do, when there is something to do.
    pub(super) fn fix(&self) -> Option<String> {
        let asks = matches!(self.standing, Standing::Part | Standing::Missed);
        self.criterion.filter(|_| asks).map(|criterion| sentence(&criterion.feedback))
    }

    /// Whether students see it only after marking.
    pub(super) fn is_hidden(&self) -> bool {
        self.criterion.is_some_and(|criterion| criterion.hidden)
    }

    /// What it cost.
    pub(super) fn lost(&self) -> Points {
        match self.standing {
            Standing::Unknown | Standing::Open => Points::ZERO,
            _ => self.result.points.less(self.result.earned),
        }
    }

    /// The points, as `1.5 of 2`; only what they could be while they are open.
    pub(super) fn points(&self) -> String {
        match self.standing {
            Standing::Unknown | Standing::Open => format!("– of {}", self.result.points),
            _ => format!("{} of {}", self.result.earned, self.result.points),
        }
    }

    /// What was found, as a sentence.
    pub(super) fn found(&self) -> String {
        told(&self.result.message)
    }
}

/// One task's result beside the rubric's task.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) result: &'a TaskResult,
    pub(super) title: &'a str,
    pub(super) criteria: Vec<Marked<'a>>,
    state: State,
}

impl Part<'_> {
    /// The points, as `5 of 7`.
    pub(super) fn points(&self) -> String {
        format!("{} of {}", score(self.state, self.result.score), self.result.max)
    }

    /// Sums the points of criteria that nobody has decided.
    pub(super) fn undecided(&self) -> Points {
        let open =
            self.criteria.iter().filter(|one| matches!(one.standing, Standing::Unknown | Standing::Open));
        open.map(|one| one.result.points).sum()
    }

    /// Tells what stands in the way of the task, in a few words.
    pub(super) fn state(&self) -> String {
        let count = |standing| self.criteria.iter().filter(|one| one.standing == standing).count();
        let all = Standing::ALL.iter().map(|standing| (count(*standing), standing.word()));
        let all: Vec<String> =
            all.filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        all.join(", ")
    }
}

/// Puts a result beside its rubric.
pub(super) fn parts<'a>(rubric: &'a Rubric, result: &'a StudentResult) -> Vec<Part<'a>> {
    let criteria = rubric.by_id();
    let titles: BTreeMap<&str, &str> =
        rubric.tasks.iter().map(|task| (task.id.as_str(), task.title.as_str())).collect();
    let marked = |result: &'a CriterionResult| Marked {
        result,
        criterion: criteria.get(result.id.as_str()).copied(),
        standing: Standing::of(result.status, result.earned),
    };
    let whole = result.state;
    let part = |result: &'a TaskResult| Part {
        result,
        title: titles.get(result.id.as_str()).copied().unwrap_or_default(),
        criteria: result.criteria.iter().map(marked).collect(),
        state: whole,
    };
    result.tasks.iter().map(part).collect()
}

/// Lists what cost points, what cost most first.
pub(super) fn worst<'a, 'b>(parts: &'b [Part<'a>]) -> Vec<(usize, usize, &'b Marked<'a>)> {
    let all = parts.iter().enumerate().flat_map(|(task, part)| {
        part.criteria.iter().enumerate().map(move |(at, marked)| (task, at, marked))
    });
    let mut lost: Vec<_> = all.filter(|(.., marked)| marked.lost() > Points::ZERO).collect();
    lost.sort_by_key(|(.., marked)| std::cmp::Reverse(marked.lost()));
    lost
}

/// Writes a score; a dash where nobody could look at the account, which is not the same as no points.
pub(super) fn score(state: State, score: Points) -> String {
    if state == State::Unreachable { "–".to_owned() } else { score.to_string() }
}

/// Sentences for the student on what the number does not say by itself.
pub(super) fn provisos(result: &StudentResult) -> Vec<String> {
    let mut said = Vec::new();
    if result.state == State::Unreachable {
        // Why is told to whoever marks: it names their files, their credentials and what they do next.
        said.push(
            "The account could not be looked at yet; the instructor knows why. Nothing is lost.".to_owned(),
        );
    } else if result.state == State::Pending || result.unknown > Points::ZERO {
        said.push(format!(
            "{} could not be looked at yet. They are not lost: they are looked at again.",
            points(result.unknown)
        ));
    }
    if result.manual_open > Points::ZERO {
        said.push(format!("{} wait for a person who reads the answers.", points(result.manual_open)));
    }
    if let Some(late) = result.late.as_ref().filter(|late| late.deduction > Points::ZERO) {
        said.push(format!(
            "The work was late by {}, which costs {}.",
            days(late.days),
            points(late.deduction)
        ));
    }
    said
}

/// Says what being late costs by the rubric.
pub(super) fn late_rule(rubric: &Rubric) -> Option<String> {
    rubric.late.as_ref().map(|late| {
        format!(
            "Each day begun after the deadline costs {} % of the score, {} % at most; {} minutes are granted.",
            late.percent_per_day, late.at_most_percent, late.grace_minutes
        )
    })
}

/// Writes points with their noun.
pub(crate) fn points(points: Points) -> String {
    if points == Points::whole(1) { "1 point".to_owned() } else { format!("{points} points") }
}

/// Writes a number of days with their noun.
pub(crate) fn days(days: u32) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

/// Names a student: the name, or the id.
pub(super) fn name(student: &Student) -> Cow<'_, str> {
    let name = student.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    cut(name.unwrap_or(&student.id), NAME)
}

/// Names a state for programs and people.
pub(super) const fn state(state: State) -> &'static str {
    match state {
        State::Graded => "graded",
        State::Pending => "pending",
        State::Unreachable => "unreachable",
    }
}

/// Makes a text a sentence, of bounded length.
pub(super) fn told(text: &str) -> String {
    let text = cut(text, LONG);
    sentence(text.trim().trim_end_matches('.'))
}

/// Bounds a text for a format that programs read.
pub(super) fn bounded(text: &str) -> Cow<'_, str> {
    cut(text, LONG)
}
