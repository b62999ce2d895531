//! `grades.csv`: a row per student, no cell a formula.

use ::csv::{Terminator, WriterBuilder};

use super::Member;
use super::view::{NAME, state};
use crate::grade::result::State;
use crate::grade::rubric::Rubric;
use crate::report::RenderError;
use crate::report::escape::{cell, cut};

/// The columns before those of the tasks.
const HEADER: [&str; 11] = [
    "id",
    "name",
    "email",
    "account",
    "state",
    "score",
    "max",
    "late_days",
    "late_deduction",
    "manual_open",
    "unknown",
];

/// The column behind those of the tasks: what the instructor should know of how the account was reached.
const ACCESS: &str = "access";

/// Writes the class as a table (RFC 4180): a row per student, a column per task near the end. Who could not be reached has
/// no score, which is not the same as one of 0.
///
/// # Errors
///
/// A fault of this program: a value that CSV cannot hold.
pub fn grades_csv(rubric: &Rubric, members: &[Member<'_>]) -> Result<String, RenderError> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    let safe = |text: &str| cell(&cut(text, NAME)).into_owned();
    let tasks = rubric.tasks.iter().map(|task| safe(&task.id));
    writer.write_record(
        HEADER.iter().map(ToString::to_string).chain(tasks).chain(std::iter::once(ACCESS.to_owned())),
    )?;
    let max = rubric.max().to_string();
    for Member { student, row } in members {
        let reached = |text: String| if row.state == State::Unreachable { String::new() } else { text };
        let fixed = [
            row.id.clone(),
            student.name.clone().unwrap_or_default(),
            student.email.clone().unwrap_or_default(),
            row.account.clone(),
            state(row.state).to_owned(),
            reached(row.score.to_string()),
            max.clone(),
            reached(row.late_days.to_string()),
            reached(row.deduction.to_string()),
            row.manual_open.to_string(),
            row.unknown.to_string(),
        ];
        let tasks = (0..rubric.tasks.len())
            .map(|at| reached(row.tasks.get(at).map_or_else(String::new, ToString::to_string)));
        writer.write_record(
            fixed
                .into_iter()
                .chain(tasks)
                .chain(std::iter::once(row.access.join("; ")))
                .map(|text| safe(&text)),
        )?;
    }
    let bytes = writer.into_inner().map_err(|error| ::csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8(bytes)?)
}
