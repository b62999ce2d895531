//! Reads one student's account, by whatever way the roster says.

use std::time::Duration;

use crate::grade::collect::collect;
use crate::grade::evidence::Evidence;
use crate::grade::points::Points;
use crate::grade::reach::{Instructor, Reached};
use crate::grade::roster::Student;
use crate::grade::rubric::{Rubric, Task};
use crate::grade::similar::Fingerprint;

/// How long one account may take. A class goes on without one that never answers.
const PATIENCE: Duration = Duration::from_mins(15);

/// What there is of a student.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one at a time, handed on at once")]
pub(super) enum Seen {
    /// What was read, and the file of it, if it is not yet where it belongs.
    Evidence(Box<Evidence>, Store),
    /// Nothing.
    Nothing(Unseen),
}

/// Why there is no evidence of a student.
#[derive(Debug, Clone)]
pub(super) struct Unseen {
    /// The account, as far as it is known.
    pub(super) account: String,
    /// Why, and what to do next.
    pub(super) problem: String,
    /// What the work is compared by all the same.
    pub(super) print: Fingerprint,
}

impl Unseen {
    /// Says why there is nothing of a student.
    pub(super) fn of(student: &Student, problem: String) -> Self {
        let print = Fingerprint::of_row(student.account.as_deref(), student.role_arn.as_deref());
        Self { account: print.account.clone(), problem, print }
    }
}

/// What has to be done to keep evidence.
#[derive(Debug)]
pub(super) enum Store {
    /// It is in its place.
    There,
    /// This file is put there.
    Bytes(Vec<u8>),
    /// It has to be written.
    New,
}

/// Reads a student's account.
pub(super) async fn read(
    instructor: &Instructor,
    rubric: &Rubric,
    student: &Student,
    tell: &(dyn Fn(&str) + Send + Sync),
) -> Seen {
    let nothing = |problem: String| Seen::Nothing(Unseen::of(student, problem));
    let reading = async {
        match Box::pin(instructor.reach(student, rubric)).await {
            Ok(Reached::Live { aws, access }) => {
                let evidence = Box::pin(collect(&aws, rubric, &student.id, access, tell)).await;
                Seen::Evidence(Box::new(evidence), Store::New)
            }
            Ok(Reached::File(evidence)) if evidence.rubric != rubric.name => {
                nothing("the collected file is refused: it was read for another rubric".to_owned())
            }
            Ok(Reached::File(evidence)) => Seen::Evidence(evidence, Store::New),
            Err(unreached) => nothing(match unreached.next {
                next if next.is_empty() => unreached.message,
                next => format!("{}; {next}", unreached.message),
            }),
        }
    };
    let waited = tokio::time::timeout(PATIENCE, reading).await;
    instructor.done(student);
    waited.unwrap_or_else(|_| {
        nothing(format!(
            "the account did not answer within {} minutes; try again later",
            PATIENCE.as_secs() / 60
        ))
    })
}

/// Returns what a student may see of a rubric: without hidden criteria and without hints.
#[must_use]
pub fn visible(rubric: &Rubric) -> Rubric {
    let task = |task: &Task| {
        let mut task = task.clone();
        task.criteria.retain(|criterion| !criterion.hidden);
        for criterion in &mut task.criteria {
            criterion.hint = None;
        }
        task.points = task.criteria.iter().map(|criterion| criterion.points).sum::<Points>();
        (!task.criteria.is_empty()).then_some(task)
    };
    Rubric { tasks: rubric.tasks.iter().filter_map(task).collect(), ..rubric.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;

    #[test]
    fn what_is_hidden_is_neither_seen_nor_counted() {
        let text = "name: r\ntitle: R\ntasks:\n  - id: T1\n    title: one\n    points: 4\n    criteria:\n      \
                    - { id: T1.a, points: 1, what: a, check: { exists: user/A }, feedback: f, hint: h }\n      \
                    - { id: T1.b, points: 3, what: b, check: { exists: user/B }, feedback: f, hidden: true }\n  \
                    - id: T2\n    title: two\n    points: 1\n    criteria:\n      \
                    - { id: T2.a, points: 1, what: a, check: { exists: user/C }, feedback: f, hidden: true }\n";
        let seen = visible(&Rubric::parse(&SourceFile::new("rubric.yaml", text)).unwrap());
        let ids: Vec<&str> = seen.criteria().map(|criterion| criterion.id.as_str()).collect();
        assert_eq!((ids, seen.max()), (vec!["T1.a"], Points::whole(1)));
        assert!(seen.criteria().all(|criterion| criterion.hint.is_none()));
    }
}
