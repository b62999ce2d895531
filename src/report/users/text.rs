//! The report as text: the figures first, then a block for each.

use super::{About, Line, Remark, ages, created, figures, lines, remarks, shown};
use crate::account::credential_report::ROOT;
use crate::audit::users::{Mark, Person, Users};
use crate::report::escape::{plain, visible};
use crate::report::words::time;
use crate::report::wrap::wrap;
use crate::ui::Tone;

/// The width that lines are broken at.
const WIDTH: usize = 100;
/// Where the words of a line begin.
const INDENT: usize = 18;
/// Where sentences about what is wrong begin.
const SENTENCE: usize = 9;

/// Colours a piece of text.
type Paint<'a> = &'a dyn Fn(Tone, &str) -> String;

/// Writes the report as text; `paint` colours it.
pub fn to_text(users: &Users, about: About<'_>, paint: Paint<'_>) -> String {
    let mut text = Text { out: String::new(), paint };
    text.head(users, about);
    for person in &users.people {
        text.person(person);
    }
    if !users.unplaced.is_empty() {
        text.out.push('\n');
        text.painted(Tone::Strong, "Nobody in the report");
        text.remarks(&remarks(&users.unplaced));
    }
    text.out
}

struct Text<'a> {
    out: String,
    paint: Paint<'a>,
}

impl Text<'_> {
    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn painted(&mut self, tone: Tone, text: &str) {
        let text = (self.paint)(tone, text);
        self.line(&text);
    }

    /// Writes a text broken at the width; colours have no width.
    fn wrapped(&mut self, first: &str, indent: usize, tone: Option<Tone>, text: &str) {
        for (at, piece) in wrap(text, WIDTH - indent).iter().enumerate() {
            let lead = if at == 0 { first.to_owned() } else { " ".repeat(indent) };
            let piece = tone.map_or_else(|| piece.clone(), |tone| (self.paint)(tone, piece));
            self.line(&format!("{lead}{piece}"));
        }
    }

    fn head(&mut self, users: &Users, about: About<'_>) {
        let title = format!("Credential report of account {}", plain(&users.account));
        let title = (self.paint)(Tone::Strong, &title);
        let read = users.read_at.map(|at| format!(", read {}", time(at))).unwrap_or_default();
        self.line(&format!("{title} ({}){read}", plain(about.target)));
        if let Some(who) = about.taken_by {
            let who = format!("Taken with the rights of {}.", plain(who));
            self.wrapped("", 0, Some(Tone::Dim), &who);
        }
        for sentence in ages(users) {
            self.wrapped("", 0, Some(Tone::Dim), &sentence);
        }
        self.out.push('\n');
        for figure in figures(users) {
            let padded = format!("{:>6}", figure.number);
            let padded = match (figure.is_bad && figure.number > 0, figure.untold) {
                (true, _) => (self.paint)(Tone::Bad, &padded),
                (false, 0) => padded,
                (false, _) => (self.paint)(Tone::Change, &padded),
            };
            self.line(&format!("{padded}  {}", figure.words));
        }
        self.out.push('\n');
        self.wrapped("", 0, None, &shown(users));
        if users.people.iter().any(|person| !person.marks().is_empty()) {
            self.wrapped("", 0, Some(Tone::Dim), "! is what is wrong, ? is what the report leaves open.");
        }
    }

    fn person(&mut self, person: &Person) {
        self.out.push('\n');
        self.painted(Tone::Strong, &plain(&person.name));
        // Root's ARN says no more than its name and the account.
        let arn = if person.name == ROOT { String::new() } else { format!("{}, ", visible(&person.arn)) };
        self.wrapped("    ", 4, Some(Tone::Dim), &format!("{arn}{}", created(person)));
        for line in lines(person) {
            self.cells(person, &line);
        }
        self.remarks(&remarks(&person.findings));
    }

    /// Writes what some cells say; those at fault with a mark, and in colour.
    fn cells(&mut self, person: &Person, line: &Line) {
        let mut out = format!("    {:<width$}", line.label, width = INDENT - 4);
        let mut used = INDENT;
        for (at, piece) in line.pieces.iter().enumerate() {
            let mark = person.marks().get(piece.column).copied();
            let words = plain(&piece.words);
            let words = mark.map_or_else(|| words.to_string(), |mark| format!("{} {words}", sign(mark)));
            let length = words.chars().count();
            if at > 0 && used + 3 + length > WIDTH {
                self.line(&out);
                out = " ".repeat(INDENT);
                used = INDENT;
            } else if at > 0 {
                out.push_str(" · ");
                used += 3;
            }
            used += length;
            out.push_str(&mark.map_or_else(|| words.clone(), |mark| (self.paint)(tone(mark), &words)));
        }
        self.line(&out);
    }

    fn remarks(&mut self, remarks: &[Remark<'_>]) {
        for remark in remarks {
            let lead = format!("  {} {}", sign(remark.mark), remark.controls);
            // Most numbers are short; what is longer goes first on the line.
            let (lead, words) = if lead.len() < SENTENCE {
                (format!("{lead:SENTENCE$}"), plain(&remark.words).into_owned())
            } else {
                let words = format!("{}: {}", remark.controls, plain(&remark.words));
                (format!("  {} ", sign(remark.mark)), words)
            };
            let lead = (self.paint)(tone(remark.mark), &lead);
            self.wrapped(&lead, if words.starts_with(&remark.controls) { 4 } else { SENTENCE }, None, &words);
            if let Some(advice) = remark.advice {
                self.wrapped("         do: ", SENTENCE + 4, None, &plain(advice));
            }
        }
    }
}

const fn sign(mark: Mark) -> char {
    match mark {
        Mark::Wrong => '!',
        Mark::Untold => '?',
    }
}

const fn tone(mark: Mark) -> Tone {
    match mark {
        Mark::Wrong => Tone::Bad,
        Mark::Untold => Tone::Change,
    }
}
