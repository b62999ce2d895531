//! Gradescope's `results.json`, one student's.
//!
//! The form is that of Gradescope's [autograder specification][specs], which asks for a score of the whole or of every
//! test. Here:
//!
//! - `score` is always that of the whole, so that being late counts; it overrides the sum of the tests.
//! - A test is a criterion: `number` is task and criterion, `status` follows what became of it.
//! - What nobody could look at and what waits for a person carries neither `score` nor `status`, which the specification
//!   allows for tests that only inform. While there is any, the whole is shown only when it is published, so that
//!   nobody takes the number for the mark.
//! - Whoever's account could not be looked at has a `score` of 0, as there has to be one; the text has a dash.
//! - Criteria that the rubric hides are shown when the marks are published. Gradescope then shows no total before.
//! - Every text is shown as text: `output_format` and `name_format` are `text`, which renders nothing.
//!
//! [specs]: https://gradescope-autograders.readthedocs.io/en/latest/specs/

use serde_json::{Value, json};

use super::view::{Marked, Standing, parts, points, provisos, score, state, told};
use crate::grade::points::Points;
use crate::grade::result::{State, Status, StudentResult};
use crate::grade::rubric::Rubric;
use crate::report::escape::plain;

/// Writes one student's marks as Gradescope reads them.
pub fn gradescope(rubric: &Rubric, result: &StudentResult) -> String {
    let mut tests = Vec::new();
    for (task, part) in parts(rubric, result).iter().enumerate() {
        for (at, marked) in part.criteria.iter().enumerate() {
            tests.push(test(&part.result.id, &format!("{}.{}", task + 1, at + 1), marked));
        }
    }
    let is_final = result.state == State::Graded && result.manual_open == Points::ZERO;
    let late = result.late.as_ref();
    let mut output = vec![format!("{} of {}.", score(result.state, result.score), points(result.max))];
    output.extend(provisos(result).iter().map(|sentence| plain(sentence).into_owned()));
    let results = json!({
        "score": result.score,
        "output": output.join("\n"),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": if is_final { "visible" } else { "after_published" },
        "stdout_visibility": "hidden",
        "extra_data": {
            "rubric": rubric.name,
            "state": state(result.state),
            "max": result.max,
            "manual_open": result.manual_open,
            "unknown": result.unknown,
            "late_days": late.map_or(0, |late| late.days),
            "late_deduction": late.map_or(Points::ZERO, |late| late.deduction),
        },
        "tests": tests,
    });
    format!("{results:#}\n")
}

fn test(task: &str, number: &str, marked: &Marked<'_>) -> Value {
    let result = marked.result;
    let is_open = matches!(marked.standing, Standing::Unknown | Standing::Open);
    let mut name = plain(marked.what()).into_owned();
    if is_open {
        name = format!("{name} ({}, {})", marked.standing.word(), points(result.points));
    }
    let mut test = json!({
        "name": name,
        "name_format": "text",
        "number": number,
        "output": output(marked),
        "output_format": "text",
        "tags": [plain(task)],
        "visibility": if marked.is_hidden() || is_open { "after_published" } else { "visible" },
        "extra_data": { "criterion": result.id, "status": result.status },
    });
    if let Some(test) = test.as_object_mut().filter(|_| !is_open) {
        let status = if result.status == Status::Pass { "passed" } else { "failed" };
        test.extend([
            ("score".to_owned(), json!(result.earned)),
            ("max_score".to_owned(), json!(result.points)),
            ("status".to_owned(), json!(status)),
        ]);
    }
    test
}

/// Says what was found, what shows it and what to do, a line each.
fn output(marked: &Marked<'_>) -> String {
    let result = marked.result;
    let mut lines = vec![marked.found()];
    lines.extend(result.remark.iter().map(|remark| format!("Passed over: {}", told(remark))));
    lines.extend(result.comment.iter().map(|comment| format!("From who marked: {}", told(comment))));
    lines.extend(marked.fix().map(|fix| format!("Do: {fix}")));
    lines.extend(result.evidence.iter().map(|line| format!("Evidence: {line}")));
    let lines: Vec<String> = lines.iter().map(|line| plain(line).into_owned()).collect();
    lines.join("\n")
}
