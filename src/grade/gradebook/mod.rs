//! Marks into the gradebook of a learning platform: the instructor's own export comes in, the same file goes out with
//! one column filled and everything else byte for byte as it was. Who cannot be told apart is left, and named.

pub mod canvas;
mod cells;
pub mod moodle;
mod people;

use super::points::Points;

/// A gradebook that was filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The file.
    pub bytes: Vec<u8>,
    /// How many students' marks were written.
    pub filled: usize,
    /// Who was left as they were, and why.
    pub left: Vec<Left>,
    /// What the instructor should know besides.
    pub warnings: Vec<String>,
}

/// Which marks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marks {
    /// Those that are final.
    Final,
    /// Those that wait for points that a person gives too; a comment says so.
    Provisional,
}

/// Somebody whose mark was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The id on the roster; of a row that is on no roster, the name in the gradebook.
    pub student: String,
    /// Why, to be read after the id.
    pub why: String,
}

/// Why a file cannot be filled at all; nothing is written then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// It is no CSV.
    #[error("line {line}: {why}")]
    NotCsv {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        why: &'static str,
    },
    /// It is not the platform's export.
    #[error("{0}")]
    NotExported(String),
    /// Which column is to be filled cannot be told.
    #[error("{0}")]
    Column(String),
}

/// Warns of marks that are not final.
fn provisional(number: usize) -> Option<String> {
    match number {
        0 => None,
        1 => Some("1 of the marks is provisional".to_owned()),
        many => Some(format!("{many} of the marks are provisional")),
    }
}

/// Reads a number of points as platforms write it: `100`, `100.00`, `100,0`.
fn number(text: &str) -> Option<Points> {
    let text = text.trim().replace(',', ".");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let rest = rest.trim_end_matches('0');
    if rest.is_empty() { Points::parse(whole).ok() } else { Points::parse(&format!("{whole}.{rest}")).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grade::result::{Row, State};
    use crate::grade::roster::{Roster, Student};
    use crate::grade::rubric::{Rubric, Task};

    /// What became of a student.
    #[derive(Clone, Copy)]
    pub(super) enum Mark {
        /// A final score in hundredths.
        Final(u32),
        Pending,
        Manual,
    }

    pub(super) fn rubric(points: u32) -> Rubric {
        let task =
            Task { id: "T1".into(), title: "one".into(), points: Points::whole(points), criteria: vec![] };
        Rubric {
            name: "a-rubric".into(),
            title: "A rubric".into(),
            scenario: None,
            regions: vec![],
            nearly: 50,
            late: None,
            tasks: vec![task],
            free: vec![],
            folder: "".into(),
        }
    }

    pub(super) fn rows(marks: &[(&str, Mark)]) -> Vec<Row> {
        let row = |(id, mark): &(&str, Mark)| {
            let (state, score, manual, unknown) = match mark {
                Mark::Final(score) => (State::Graded, *score, 0, 0),
                Mark::Pending => (State::Pending, 100, 0, 300),
                Mark::Manual => (State::Graded, 100, 500, 0),
            };
            Row {
                id: (*id).to_owned(),
                account: "111111111111".into(),
                state,
                score: Points::hundredths(score),
                manual_open: Points::hundredths(manual),
                unknown: Points::hundredths(unknown),
                is_late: false,
                late_days: 0,
                deduction: Points::ZERO,
                tasks: vec![Points::hundredths(score)],
                criteria: vec![],
                problem: None,
                access: vec![],
            }
        };
        marks.iter().map(row).collect()
    }

    pub(super) fn roster(students: &[(&str, &str)]) -> Roster {
        let student = |(id, email): &(&str, &str)| Student {
            id: (*id).to_owned(),
            email: (!email.is_empty()).then(|| (*email).to_owned()),
            ..Student::default()
        };
        Roster { students: students.iter().map(student).collect() }
    }

    #[test]
    fn points_are_read_as_platforms_write_them() {
        for (text, points) in
            [("100.00", Some(10_000)), (" 10,5 ", Some(1050)), ("5", Some(500)), ("-", None), ("1.234", None)]
        {
            assert_eq!(number(text).map(Points::in_hundredths), points, "{text}");
        }
    }
}
