//! [`mark()`]: from evidence to points, a pure function. What cannot be looked at neither costs nor gives points: the
//! student is pending until somebody can.

use std::collections::BTreeMap;

use super::assertion::{Case, evaluate, evaluate_manual};
use super::evidence::Evidence;
use super::found::{Found, Outcome};
use super::manual::Entered;
use super::points::{Points, Share};
use super::result::{CriterionResult, State, Status, StudentResult, TaskResult};
use super::rubric::{Assertion, Criterion, Rubric, Task};
use super::similar::Fingerprint;

/// Marks one student. `entered` are the points that a person gave, by criterion; on criteria that are not manual they
/// overrule what was found. Lateness is not looked at here: it goes by the class's deadline.
pub fn mark(rubric: &Rubric, evidence: &Evidence, entered: &BTreeMap<String, Entered>) -> StudentResult {
    mark_case(rubric, &Case::new(rubric, evidence), entered)
}

/// Marks one student whose evidence has been looked through already.
pub fn mark_case(rubric: &Rubric, case: &Case<'_>, entered: &BTreeMap<String, Entered>) -> StudentResult {
    let evidence = case.evidence;
    let marked = marked(rubric, entered, |criterion| evaluate(&criterion.check, case));
    StudentResult {
        id: evidence.student.clone(),
        account: evidence.snapshot.account.clone(),
        state: if marked.unknown > Points::ZERO { State::Pending } else { State::Graded },
        access: super::access::remarks(&evidence.access),
        fingerprint: Some(Fingerprint::of(evidence)),
        ..marked
    }
}

/// Marks a student whose account could not be reached: everything but what a person judges is unknown.
pub fn unreachable(
    rubric: &Rubric,
    student: &str,
    account: &str,
    problem: &str,
    entered: &BTreeMap<String, Entered>,
) -> StudentResult {
    let marked = marked(rubric, entered, |criterion| match criterion.check {
        Assertion::Manual(_) => evaluate_manual(),
        _ => Found::unknown("the account could not be reached"),
    });
    let (id, account, problem) = (student.to_owned(), account.to_owned(), Some(problem.to_owned()));
    StudentResult { id, account, problem, ..marked }
}

/// Marks every criterion by what was found; whose work it is stays open.
fn marked(
    rubric: &Rubric,
    entered: &BTreeMap<String, Entered>,
    find: impl Fn(&Criterion) -> Found,
) -> StudentResult {
    let marked =
        |criterion: &Criterion| result(rubric, criterion, find(criterion), entered.get(&criterion.id));
    let task = |task: &Task| {
        let criteria: Vec<CriterionResult> = task.criteria.iter().map(marked).collect();
        let score = criteria.iter().map(|criterion| criterion.earned).sum();
        TaskResult { id: task.id.clone(), score, max: task.points, criteria }
    };
    let tasks: Vec<TaskResult> = rubric.tasks.iter().map(task).collect();
    let of = |status: Status| -> Points {
        let criteria = tasks.iter().flat_map(|task| &task.criteria);
        criteria.filter(|criterion| criterion.status == status).map(|criterion| criterion.points).sum()
    };
    StudentResult {
        id: String::new(),
        account: String::new(),
        state: State::Unreachable,
        problem: None,
        score: tasks.iter().map(|task| task.score).sum(),
        max: rubric.max(),
        manual_open: of(Status::Manual),
        unknown: of(Status::Unknown),
        late: None,
        access: Vec::new(),
        tasks,
        fingerprint: None,
    }
}

fn result(
    rubric: &Rubric,
    criterion: &Criterion,
    found: Found,
    entered: Option<&Entered>,
) -> CriterionResult {
    let Found { outcome, message, mut evidence, remark } = found;
    evidence.truncate(MOST_EVIDENCE);
    let nearly = Share::percent(criterion.nearly.unwrap_or(rubric.nearly));
    let (status, share) = match outcome {
        Outcome::Met | Outcome::Part(Share::FULL) => (Status::Pass, Share::FULL),
        Outcome::Nearly => (Status::Fail, nearly),
        Outcome::Part(share) => (Status::Fail, share),
        Outcome::Missed => (Status::Fail, Share::NONE),
        Outcome::Unknown(_) => (Status::Unknown, Share::NONE),
        Outcome::Manual => (Status::Manual, Share::NONE),
    };
    let (status, earned) = match entered {
        Some(given) if given.points >= criterion.points => (Status::Pass, criterion.points),
        Some(given) => (Status::Fail, given.points),
        None => (status, criterion.points.times(share)),
    };
    let status = if status == Status::Fail && earned == criterion.points { Status::Pass } else { status };
    CriterionResult {
        id: criterion.id.clone(),
        points: criterion.points,
        earned,
        status,
        message,
        evidence,
        remark,
        comment: entered.and_then(|given| given.comment.clone()),
    }
}

/// The most lines of evidence that a criterion keeps.
const MOST_EVIDENCE: usize = 20;
