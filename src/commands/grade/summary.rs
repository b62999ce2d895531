//! What a class came to, on stdout.

use std::fmt::Write as _;

use serde::Serialize;

use super::class::Pass;
use crate::cli::Format;
use crate::commands::to_text;
use crate::error::{Error, Exit};
use crate::grade::points::Points;
use crate::grade::result::State;
use crate::grade::run::{Class, Ended, MANUAL, Open};
use crate::grade::statistics::Statistics;
use crate::report::escape::plain;
use crate::ui::{Tone, Ui};

/// The most students that the text lists of a kind; the files have all of them.
const MOST: usize = 40;

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    rubric: &'a str,
    output: String,
    max: Points,
    summary: Statistics,
    open: &'a [Open],
    access: Vec<Finding<'a>>,
    similarity_hints: usize,
}

#[derive(Serialize)]
struct Finding<'a> {
    id: &'a str,
    finding: &'a str,
}

/// Tells what a class came to, and chooses the exit code.
pub(super) fn tell(ui: &Ui, class: &Class, ended: &Ended, format: Format, pass: Pass) -> Result<Exit, Error> {
    let summary = Statistics::of(&ended.rows);
    let access: Vec<Finding<'_>> = ended
        .rows
        .iter()
        .flat_map(|row| row.access.iter().map(|finding| Finding { id: &row.id, finding }))
        .collect();
    match format {
        Format::Json => ui.data(&to_text(&Document {
            format_version: 1,
            rubric: &class.rubric.name,
            output: class.folder.display().to_string(),
            max: class.rubric.max(),
            summary,
            open: &ended.open,
            access,
            similarity_hints: ended.hints.len(),
        })?),
        Format::Text => ui.data(text(ui, class, ended, &summary, &access, pass).trim_end()),
    }
    if summary.counts.graded < summary.counts.students {
        match pass {
            Pass::First => {
                ui.hint("`--resume` looks again at those who are pending or unreachable, and at nobody else");
            }
            Pass::Again => ui.hint(
                "`grade run --resume` on the folder of the evidence looks again at those who are pending or unreachable",
            ),
            // It has just looked again.
            Pass::Resumed => {}
        }
        return Ok(Exit::Unseen);
    }
    Ok(Exit::Ok)
}

fn text(
    ui: &Ui,
    class: &Class,
    ended: &Ended,
    summary: &Statistics,
    access: &[Finding<'_>],
    pass: Pass,
) -> String {
    let (counts, max) = (summary.counts, class.rubric.max());
    let mut out = String::new();
    let mut line = |text: String| _ = writeln!(out, "{text}");
    let paint = |tone: Tone, count: usize, word: &str| {
        let text = format!("{count} {word}");
        if count > 0 { ui.paint(tone, &text) } else { text }
    };
    line(format!(
        "{} students: {}, {}, {}",
        counts.students,
        paint(Tone::Good, counts.graded, "graded"),
        paint(Tone::Change, counts.pending, "pending"),
        paint(Tone::Bad, counts.unreachable, "unreachable"),
    ));
    if let (Some(mean), Some(median)) = (summary.mean, summary.median) {
        line(format!("mean {mean}, median {median} of {max} points"));
    }
    if summary.late > 0 {
        line(format!("{} late", people(summary.late)));
    }
    let shown = class.folder.display();
    if summary.manual_students > 0 {
        let next = match pass {
            Pass::First | Pass::Resumed => "run with --resume".to_owned(),
            Pass::Again => format!("mark again into another folder with --manual {shown}/{MANUAL}"),
        };
        line(format!(
            "{} points of {} wait for a person: fill in {shown}/{MANUAL}, then {next}",
            summary.manual_points,
            people(summary.manual_students),
        ));
    }
    match ended.hints.len() {
        0 => {}
        1 => line(format!("1 hint at the same work: {shown}/similarity.json")),
        hints => line(format!("{hints} hints at the same work: {shown}/similarity.json")),
    }
    line(format!("written to {shown}: index.html, grades.csv, grades.json, grades.junit.xml, students/"));
    for (state, title) in [(State::Pending, "pending"), (State::Unreachable, "unreachable")] {
        let open: Vec<&Open> = ended.open.iter().filter(|one| one.state == state).collect();
        list(&mut line, title, open.iter().map(|one| (one.id.as_str(), one.why.as_str())));
    }
    list(&mut line, "ways in that should be closed", access.iter().map(|one| (one.id, one.finding)));
    out
}

fn list<'a>(
    line: &mut impl FnMut(String),
    title: &str,
    rows: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
) {
    let count = rows.len();
    if count == 0 {
        return;
    }
    line(format!("{title}:"));
    for (id, why) in rows.take(MOST) {
        line(format!("  {}  {}", plain(id), plain(why)));
    }
    if count > MOST {
        line(format!("  and {} more", count - MOST));
    }
}

fn people(count: usize) -> String {
    if count == 1 { "1 student".to_owned() } else { format!("{count} students") }
}
