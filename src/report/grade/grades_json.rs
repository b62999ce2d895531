//! `grades.json` (CONTRACT section 4), a student at a time: a class of any size takes the memory of one student.

use std::borrow::Cow;
use std::io::Write;

use serde::Serialize;

use super::view::bounded;
use crate::grade::late::Lateness;
use crate::grade::points::Points;
use crate::grade::result::{CriterionResult, State, Status, StudentResult};
use crate::grade::rubric::Rubric;
use crate::report::RenderError;

/// Writes `grades.json` a student at a time; give it a buffered writer.
#[derive(Debug)]
pub struct GradesJson<W> {
    out: W,
    is_first: bool,
}

impl<W: Write> GradesJson<W> {
    /// Begins the document.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn new(mut out: W, rubric: &Rubric) -> Result<Self, RenderError> {
        out.write_all(b"{\"format_version\":1,\"rubric\":")?;
        serde_json::to_writer(&mut out, &rubric.name)?;
        out.write_all(b",\"students\":[")?;
        Ok(Self { out, is_first: true })
    }

    /// Adds a student. Texts are cut where nobody reads on; what students' work is compared by stays out.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn student(&mut self, result: &StudentResult) -> Result<(), RenderError> {
        self.out.write_all(if self.is_first { b"\n" } else { b",\n" })?;
        self.is_first = false;
        let tasks = result.tasks.iter().map(|task| Task {
            id: &task.id,
            score: task.score,
            max: task.max,
            criteria: task.criteria.iter().map(criterion).collect(),
        });
        let student = Student {
            id: &result.id,
            account: &result.account,
            state: result.state,
            problem: result.problem.as_deref().map(bounded),
            score: result.score,
            max: result.max,
            manual_open: result.manual_open,
            unknown: result.unknown,
            late: result.late.as_ref().map(late),
            access: result.access.iter().map(|text| bounded(text)).collect(),
            tasks: tasks.collect(),
        };
        Ok(serde_json::to_writer(&mut self.out, &student)?)
    }

    /// Ends the document and gives the writer back, flushed.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn finish(mut self) -> Result<W, RenderError> {
        self.out.write_all(if self.is_first { b"]}\n" } else { b"\n]}\n" })?;
        self.out.flush()?;
        Ok(self.out)
    }
}

#[derive(Serialize)]
struct Student<'a> {
    id: &'a str,
    account: &'a str,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Cow<'a, str>>,
    score: Points,
    max: Points,
    manual_open: Points,
    unknown: Points,
    #[serde(skip_serializing_if = "Option::is_none")]
    late: Option<Late<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    access: Vec<Cow<'a, str>>,
    tasks: Vec<Task<'a>>,
}

#[derive(Serialize)]
struct Late<'a> {
    deduction: Points,
    days: u32,
    evidence: Vec<Cow<'a, str>>,
}

#[derive(Serialize)]
struct Task<'a> {
    id: &'a str,
    score: Points,
    max: Points,
    criteria: Vec<Criterion<'a>>,
}

#[derive(Serialize)]
struct Criterion<'a> {
    id: &'a str,
    points: Points,
    earned: Points,
    status: Status,
    message: Cow<'a, str>,
    evidence: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<Cow<'a, str>>,
}

fn late(late: &Lateness) -> Late<'_> {
    let evidence = late.evidence.iter().map(|line| bounded(line)).collect();
    Late { deduction: late.deduction, days: late.days, evidence }
}

fn criterion(result: &CriterionResult) -> Criterion<'_> {
    Criterion {
        id: &result.id,
        points: result.points,
        earned: result.earned,
        status: result.status,
        message: bounded(&result.message),
        evidence: result.evidence.iter().map(|line| bounded(line)).collect(),
        remark: result.remark.as_deref().map(bounded),
        comment: result.comment.as_deref().map(bounded),
    }
}
