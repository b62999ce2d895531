//! What a self-test comes to.

use serde::Serialize;

use crate::grade::points::Points;
use crate::grade::result::{Status, StudentResult};

/// What became of one mutation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It cost points.
    Caught,
    /// It cost nothing, and nobody says that it may not: a hole in the rubric.
    Hole,
    /// It is left to the student and cost nothing.
    Free,
    /// It is left to the student and cost points: the rubric is unfair.
    Unfair,
    /// It made no difference in the account: a fault of the self-test, which does not count.
    Unchanged,
    /// The account does not take it: no student can have it so, and it does not count.
    Refused,
}

/// A criterion that lost points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Caught {
    /// Its id.
    pub criterion: String,
    /// How many points it lost.
    pub points: Points,
    /// What was found.
    pub message: String,
}

/// One mutation and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// What was changed: `user.User1 mfa: removed`.
    pub mutation: String,
    /// What became of it.
    pub verdict: Verdict,
    /// The criteria that lost points.
    pub caught_by: Vec<Caught>,
    /// Criteria that could not be decided any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<String>,
    /// Why it may cost nothing, or why the account does not take it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// Counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Mutations that count: that made a difference.
    pub mutations: usize,
    /// Those that cost points, as they should.
    pub caught: usize,
    /// Those that are left to the student and cost nothing, as they should.
    pub free: usize,
    /// Those that cost nothing and should.
    pub holes: usize,
    /// Those that cost points and should not.
    pub unfair: usize,
    /// Those that leave a criterion undecided: a student who makes that mistake would be pending for ever.
    pub undecided: usize,
    /// Those that do not count.
    pub not_counted: usize,
    /// Criteria that no mutation tripped.
    pub dead: usize,
}

/// A criterion of the reference that has not full points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Short {
    /// Its id.
    pub criterion: String,
    /// What it earned.
    pub earned: Points,
    /// What it is worth.
    pub points: Points,
    /// What was found.
    pub message: String,
}

/// What a self-test comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The version of this form.
    pub format_version: u32,
    /// The rubric's name.
    pub rubric: String,
    /// What the reference earned.
    pub score: Points,
    /// What it could earn without a person.
    pub automatic: Points,
    /// What a person judges.
    pub manual: Points,
    /// What the reference misses; empty when it scores full.
    pub short: Vec<Short>,
    /// What the empty account earned for nothing.
    pub empty: Vec<Short>,
    /// The mutations, in order.
    pub mutations: Vec<Outcome>,
    /// Criteria that no mutation tripped.
    pub dead: Vec<String>,
    /// Rows of `free:` that no mutation is one of.
    pub idle: Vec<String>,
    /// Whether only some of the mutations were tried; then nothing is said of dead criteria and idle rows.
    pub partial: bool,
    /// Counts.
    pub summary: Summary,
}

impl Report {
    /// Tells whether the rubric is what it should be.
    pub fn is_clean(&self) -> bool {
        let Summary { holes, unfair, dead, undecided, .. } = self.summary;
        self.short.is_empty() && self.empty.is_empty() && holes + unfair + dead + undecided == 0
    }

    /// Counts the verdicts.
    pub(super) fn count(outcomes: &[Outcome], dead: usize) -> Summary {
        let of = |verdict: &Verdict| outcomes.iter().filter(|outcome| outcome.verdict == *verdict).count();
        let not_counted = of(&Verdict::Unchanged) + of(&Verdict::Refused);
        Summary {
            mutations: outcomes.len() - not_counted,
            caught: of(&Verdict::Caught),
            free: of(&Verdict::Free),
            holes: of(&Verdict::Hole),
            unfair: of(&Verdict::Unfair),
            undecided: outcomes.iter().filter(|outcome| !outcome.undecided.is_empty()).count(),
            not_counted,
            dead,
        }
    }
}

/// Lists the criteria that a person does not judge and that have not full points, or that have any.
pub(super) fn criteria(
    result: &StudentResult,
    is: impl Fn(Points, Points) -> bool,
) -> impl Iterator<Item = Short> {
    let all = result.tasks.iter().flat_map(|task| &task.criteria);
    let automatic = all.filter(|criterion| criterion.status != Status::Manual);
    automatic.filter(move |criterion| is(criterion.earned, criterion.points)).map(|criterion| Short {
        criterion: criterion.id.clone(),
        earned: criterion.earned,
        points: criterion.points,
        message: criterion.message.clone(),
    })
}

/// Lists the criteria that lost points to a mutation, and those that could not be decided any more.
pub(super) fn lost(reference: &StudentResult, mutated: &StudentResult) -> (Vec<Caught>, Vec<String>) {
    let before = reference.tasks.iter().flat_map(|task| &task.criteria);
    let after = mutated.tasks.iter().flat_map(|task| &task.criteria);
    let (mut caught, mut undecided) = (Vec::new(), Vec::new());
    for (before, after) in before.zip(after) {
        if after.status == Status::Unknown && before.status != Status::Unknown {
            undecided.push(after.id.clone());
        } else if after.earned < before.earned {
            caught.push(Caught {
                criterion: after.id.clone(),
                points: before.earned.less(after.earned),
                message: after.message.clone(),
            });
        }
    }
    (caught, undecided)
}
