//! What marking comes to: per criterion, per task, per student.

use serde::{Deserialize, Serialize};

use super::late::Lateness;
use super::points::Points;
use super::similar::Fingerprint;

/// What became of a criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// It is met in full.
    Pass,
    /// It is not, or not in full.
    Fail,
    /// Nobody could look.
    Unknown,
    /// A person has to judge, and has not.
    Manual,
}

/// How far a student has got through the marking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Everything that can be looked at was.
    Graded,
    /// Something could not be looked at; `--resume` tries again.
    Pending,
    /// The account could not be reached at all.
    Unreachable,
}

/// One criterion, marked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriterionResult {
    /// Its id in the rubric.
    pub id: String,
    /// What it is worth.
    pub points: Points,
    /// What was earned; nothing while it is unknown or waits for a person.
    pub earned: Points,
    /// What became of it.
    pub status: Status,
    /// What was found, or why nobody could look.
    pub message: String,
    /// What shows it.
    pub evidence: Vec<String>,
    /// What was passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// What whoever judged wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// One task, marked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskResult {
    /// Its id in the rubric.
    pub id: String,
    /// What was earned.
    pub score: Points,
    /// What could be earned.
    pub max: Points,
    /// Its criteria.
    pub criteria: Vec<CriterionResult>,
}

/// One student, marked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StudentResult {
    /// The id on the roster.
    pub id: String,
    /// The account; empty when it is not known.
    pub account: String,
    /// How far it got.
    pub state: State,
    /// Why the account could not be reached, and what to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What was earned, less what being late costs.
    pub score: Points,
    /// What could be earned.
    pub max: Points,
    /// Points that a person has yet to give or refuse.
    pub manual_open: Points,
    /// Points that could not be looked at.
    pub unknown: Points,
    /// Whether, how much and by what the work was late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<Lateness>,
    /// What the instructor should know of how the account was reached: a role that anybody of the grader's account
    /// may assume, a file without its nonce.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<String>,
    /// The tasks, in the rubric's order.
    pub tasks: Vec<TaskResult>,
    /// What other students' work is compared by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
}

/// What a class page keeps of a student: small, so that a class of any size fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The id on the roster.
    pub id: String,
    /// The account; empty when it is not known.
    pub account: String,
    /// How far it got.
    pub state: State,
    /// What was earned.
    pub score: Points,
    /// Points that a person has yet to give or refuse.
    pub manual_open: Points,
    /// Points that could not be looked at.
    pub unknown: Points,
    /// Whether the work was late.
    pub is_late: bool,
    /// Days that count as late.
    pub late_days: u32,
    /// What being late costs.
    pub deduction: Points,
    /// What was earned by task, in the rubric's order.
    pub tasks: Vec<Points>,
    /// What became of each criterion and what it earned, in the rubric's order.
    pub criteria: Vec<(Status, Points)>,
    /// Why the account could not be reached.
    pub problem: Option<String>,
    /// What the instructor should know of how the account was reached.
    pub access: Vec<String>,
}

impl StudentResult {
    /// Returns what a class page keeps.
    pub fn row(&self) -> Row {
        let criteria = self.tasks.iter().flat_map(|task| &task.criteria);
        Row {
            id: self.id.clone(),
            account: self.account.clone(),
            state: self.state,
            score: self.score,
            manual_open: self.manual_open,
            unknown: self.unknown,
            is_late: self.late.as_ref().is_some_and(|late| late.deduction > Points::ZERO),
            late_days: self.late.as_ref().map_or(0, |late| late.days),
            deduction: self.late.as_ref().map_or(Points::ZERO, |late| late.deduction),
            tasks: self.tasks.iter().map(|task| task.score).collect(),
            criteria: criteria.map(|criterion| (criterion.status, criterion.earned)).collect(),
            problem: self.problem.clone(),
            access: self.access.clone(),
        }
    }

    /// Tells whether nothing about the score is open: it can go into a gradebook.
    pub fn is_final(&self) -> bool {
        self.state == State::Graded && self.manual_open == Points::ZERO
    }
}

impl Row {
    /// Tells whether nothing about the score is open: it can go into a gradebook.
    pub fn is_final(&self) -> bool {
        self.state == State::Graded && self.manual_open == Points::ZERO
    }
}
