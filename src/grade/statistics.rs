//! [`Statistics`]: what a class came to, in a few numbers; the same on the terminal, in JSON and on the class page.

use serde::Serialize;

use crate::grade::points::Points;
use crate::grade::result::{Row, State};

/// How many students there are of each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// The class.
    pub students: usize,
    /// Those of whom everything could be looked at.
    pub graded: usize,
    /// Those of whom something could not.
    pub pending: usize,
    /// Those whose account could not be reached.
    pub unreachable: usize,
}

/// What a class came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Statistics {
    /// How many of each state.
    #[serde(flatten)]
    pub counts: Counts,
    /// The mean of those who are graded.
    pub mean: Option<Points>,
    /// The median of those who are graded.
    pub median: Option<Points>,
    /// How many have points open that a person has to give.
    pub manual_students: usize,
    /// How many points that are, in all.
    pub manual_points: Points,
    /// How many were late.
    pub late: usize,
}

impl Statistics {
    /// Counts a class.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Self {
        let rows: Vec<&Row> = rows.into_iter().collect();
        let count = |state: State| rows.iter().filter(|row| row.state == state).count();
        let counts = Counts {
            students: rows.len(),
            graded: count(State::Graded),
            pending: count(State::Pending),
            unreachable: count(State::Unreachable),
        };
        let graded = rows.iter().filter(|row| row.state == State::Graded);
        let mut scores: Vec<u64> = graded.map(|row| u64::from(row.score.in_hundredths())).collect();
        scores.sort_unstable();
        let points = |hundredths: u64| Points::hundredths(u32::try_from(hundredths).unwrap_or(u32::MAX));
        let number = u64::try_from(scores.len()).unwrap_or(u64::MAX);
        let mean = (number > 0).then(|| points((scores.iter().sum::<u64>() + number / 2) / number));
        let upper = scores.get(scores.len() / 2).copied();
        let lower = scores.len().checked_sub(1).and_then(|last| scores.get(last / 2)).copied();
        Self {
            counts,
            mean,
            median: upper.zip(lower).map(|(upper, lower)| points((upper + lower).div_ceil(2))),
            manual_students: rows.iter().filter(|row| row.manual_open > Points::ZERO).count(),
            manual_points: rows.iter().map(|row| row.manual_open).sum(),
            late: rows.iter().filter(|row| row.is_late).count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(state: State, score: u32) -> Row {
        Row {
            id: String::new(),
            account: String::new(),
            state,
            score: Points::hundredths(score),
            manual_open: Points::whole(1),
            unknown: Points::ZERO,
            is_late: false,
            late_days: 0,
            deduction: Points::ZERO,
            tasks: Vec::new(),
            criteria: Vec::new(),
            problem: None,
            access: Vec::new(),
        }
    }

    #[test]
    fn only_who_is_graded_counts_for_mean_and_median() {
        let rows =
            [(State::Graded, 100), (State::Graded, 201), (State::Graded, 500), (State::Pending, 9_999)];
        let class = Statistics::of(&rows.map(|(state, score)| row(state, score)));
        assert_eq!(
            (class.mean, class.median),
            (Some(Points::hundredths(267)), Some(Points::hundredths(201)))
        );
        assert_eq!((class.counts.graded, class.counts.pending, class.manual_students), (3, 1, 4));
        let two = Statistics::of(&[row(State::Graded, 100), row(State::Graded, 201)]);
        assert_eq!(two.median, Some(Points::hundredths(151)));
        let none = Statistics::of(&[row(State::Unreachable, 0)]);
        assert_eq!((none.mean, none.median), (None, None));
    }
}
