//! One student's marks as text for a terminal.

use super::view::{Marked, Part, Standing, late_rule, name, parts, points, provisos, score, told};
use crate::grade::result::StudentResult;
use crate::grade::roster::Student;
use crate::grade::rubric::Rubric;
use crate::report::escape::plain;
use crate::report::wrap::wrap;
use crate::ui::Tone;

/// The width that lines are broken at.
const WIDTH: usize = 100;
/// Where the sentences under a criterion begin.
const INDENT: usize = 14;
/// How many lines of evidence stand under a criterion.
const EVIDENCE: usize = 5;

/// Writes one student's marks as text, coloured by `paint`. What the result leaves out is left out, as what
/// `grade self` does not look at.
pub fn student_text(
    rubric: &Rubric,
    student: &Student,
    result: &StudentResult,
    paint: &dyn Fn(Tone, &str) -> String,
) -> String {
    let mut text = Text { out: String::new(), paint };
    let parts = parts(rubric, result);
    text.line(&paint(Tone::Strong, &plain(&rubric.title)));
    let account = if result.account.is_empty() { "" } else { ", account " };
    text.line(&paint(Tone::Dim, &format!("{}{account}{}", plain(&name(student)), plain(&result.account))));
    text.out.push('\n');
    text.line(&paint(
        Tone::Strong,
        &format!("{} of {}", score(result.state, result.score), points(result.max)),
    ));
    for sentence in provisos(result) {
        text.wrapped("", 0, None, &sentence);
    }
    for part in &parts {
        text.task(part);
    }
    if let Some(late) = result.late.as_ref().filter(|late| late.days > 0 || !late.evidence.is_empty()) {
        text.out.push('\n');
        text.line(&paint(Tone::Strong, "After the deadline"));
        if let Some(rule) = late_rule(rubric) {
            text.wrapped("  ", 2, None, &rule);
        }
        for line in &late.evidence {
            text.wrapped("  ", 2, Some(Tone::Dim), line);
        }
    }
    text.out
}

struct Text<'a> {
    out: String,
    paint: &'a dyn Fn(Tone, &str) -> String,
}

impl Text<'_> {
    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    /// Writes a text broken at the width, after `first` on the first line and `indent` blanks on the others.
    fn wrapped(&mut self, first: &str, indent: usize, tone: Option<Tone>, text: &str) {
        let mut lead = format!("{first:indent$}");
        for piece in wrap(&plain(text), WIDTH.saturating_sub(indent)) {
            let piece = tone.map_or_else(|| piece.clone(), |tone| (self.paint)(tone, &piece));
            self.line(&format!("{lead}{piece}"));
            lead = " ".repeat(indent);
        }
    }

    fn task(&mut self, part: &Part<'_>) {
        let heading = format!("{} {}", plain(&part.result.id), plain(part.title));
        let heading = (self.paint)(Tone::Strong, &heading);
        self.out.push('\n');
        self.line(&format!("{heading}  {}", part.points()));
        for marked in &part.criteria {
            self.criterion(marked);
        }
    }

    fn criterion(&mut self, marked: &Marked<'_>) {
        let tone = match marked.standing {
            Standing::Met => Tone::Good,
            Standing::Part | Standing::Unknown => Tone::Change,
            Standing::Missed => Tone::Bad,
            Standing::Open => Tone::Dim,
        };
        let word = (self.paint)(tone, &format!("{:10}", marked.standing.word()));
        let what = format!("{} ({})", marked.what(), marked.points());
        let mut lines = wrap(&plain(&what), WIDTH - INDENT).into_iter();
        self.line(&format!("  {word}  {}", lines.next().unwrap_or_default()));
        for line in lines {
            self.line(&format!("{:INDENT$}{line}", ""));
        }
        let result = marked.result;
        if marked.standing != Standing::Met {
            self.wrapped("", INDENT, None, &marked.found());
        }
        if let Some(remark) = &result.remark {
            self.wrapped("", INDENT, None, &format!("Passed over: {}", told(remark)));
        }
        if let Some(comment) = &result.comment {
            self.wrapped("", INDENT, None, &format!("From who marked: {}", told(comment)));
        }
        if let Some(fix) = marked.fix() {
            for line in result.evidence.iter().take(EVIDENCE) {
                self.wrapped("", INDENT, Some(Tone::Dim), line);
            }
            let more = result.evidence.len().saturating_sub(EVIDENCE);
            if more > 0 {
                self.wrapped("", INDENT, Some(Tone::Dim), &format!("… and {more} more"));
            }
            self.wrapped("", INDENT, None, &format!("Do: {fix}"));
        }
    }
}
