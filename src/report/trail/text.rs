//! The answers for people: a line per event.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Ended, Look, Paint, Row, seconds};
use crate::account::event::Event;
use crate::report::escape::{cut, visible};
use crate::report::words::count;
use crate::report::wrap::wrap;
use crate::trail::collector::Asked;
use crate::trail::resource::Resource;
use crate::ui::Tone;

/// The widest that a column gets.
const WIDEST: usize = 44;

/// The longest line of parameters.
const LONGEST: usize = 160;

/// The longest line of a sentence.
const LINE: usize = 110;

/// Writes a history: time, who, event, resource, address, error.
pub fn history_text(look: &Look, rows: &[Row<'_>], paint: Paint<'_>) -> String {
    let mut out = String::new();
    table(&mut out, rows, paint);
    if rows.is_empty() {
        out.push_str("No event was found.\n");
    }
    out + &look_text(look, rows.len())
}

/// Writes what was done to a resource: who, when, from where, and what was asked for. Of the attempts that failed,
/// there were `of`.
pub fn who_text(
    look: &Look,
    asked: Asked,
    resource: &Resource,
    rows: &[Row<'_>],
    (attempts, of): (&[Row<'_>], usize),
    paint: Paint<'_>,
) -> String {
    let mut out = String::new();
    let label = shown(&resource.label(), 200);
    if rows.is_empty() {
        let verb = asked.word();
        _ = writeln!(out, "Nobody was found who {verb} {label}.");
    }
    for row in rows {
        deed(&mut out, row, paint);
    }
    if !attempts.is_empty() {
        let shown = if attempts.len() < of { format!("{} of ", attempts.len()) } else { String::new() };
        let title = format!("{shown}{} that failed:", count(of, "attempt", "attempts"));
        _ = writeln!(out, "\n{}", paint(Tone::Strong, &title));
        for row in attempts {
            deed(&mut out, row, paint);
        }
    }
    out + &look_text(look, rows.len())
}

fn deed(out: &mut String, row: &Row<'_>, paint: Paint<'_>) {
    let event = row.event;
    let failed = event.failure.as_ref().map(|failure| format!("  {}", shown(failure.word(), 60)));
    let failed = failed.map(|word| paint(Tone::Bad, &word)).unwrap_or_default();
    let who = paint(Tone::Strong, &shown(&row.who(), 400));
    _ = writeln!(out, "{}  {who}  {}{failed}", seconds(event.time), shown(&event.name, 60));
    let about = format!("from {} in {}", shown(&event.address, 60), shown(&event.region, 30));
    _ = writeln!(out, "    {}", paint(Tone::Dim, &about));
    if let Some(parameters) = parameters(event) {
        _ = writeln!(out, "    {parameters}");
    }
}

/// Writes what was asked for in one line: `groupName=G userName=User2`.
fn parameters(event: &Event) -> Option<String> {
    let parameters =
        event.record.get("requestParameters")?.as_object().filter(|fields| !fields.is_empty())?;
    let each = parameters.iter().take(40).map(|(key, value)| match value {
        Value::String(text) => format!("{key}={text}"),
        other => format!("{key}={other}"),
    });
    Some(shown(&each.collect::<Vec<_>>().join(" "), LONGEST))
}

fn table(out: &mut String, rows: &[Row<'_>], paint: Paint<'_>) {
    let cells: Vec<[String; 6]> = rows.iter().map(cells).collect();
    let width = |column: usize| {
        let widths = cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        widths.max().unwrap_or_default().min(WIDEST)
    };
    let widths: Vec<usize> = (0..6).map(width).collect();
    for (row, cells) in rows.iter().zip(&cells) {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(&widths) {
            if *width > 0 {
                _ = write!(line, "{cell:width$}  ");
            }
        }
        let line = line.trim_end();
        let tone = row.event.failure.as_ref().map(|_| Tone::Bad);
        out.push_str(&tone.map_or_else(|| line.to_owned(), |tone| paint(tone, line)));
        out.push('\n');
    }
}

fn cells(row: &Row<'_>) -> [String; 6] {
    let event = row.event;
    let about = match event.text("/additionalEventData/MFAUsed") {
        Some("Yes") => "with MFA".to_owned(),
        Some("No") => "without MFA".to_owned(),
        _ => row.resources().join(", "),
    };
    [
        event.time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        // The whole chain is worth a long line.
        shown(&row.who(), 300),
        shown(&event.name, WIDEST),
        shown(&about, 100),
        shown(&event.address, WIDEST),
        event.failure.as_ref().map(|failure| shown(failure.word(), 80)).unwrap_or_default(),
    ]
}

/// Writes what was looked at, and what the answer therefore cannot know.
pub fn look_text(look: &Look, found: usize) -> String {
    let mut out = String::from("\n");
    let mut say = |text: &str| wrap(text, LINE).iter().for_each(|line| _ = writeln!(out, "{line}"));
    let what = match look.files {
        Some(files) => count(usize::try_from(files).unwrap_or(usize::MAX), "log file", "log files"),
        None => format!("The event history of {}", shown(&look.regions.join(" and "), 100)),
    };
    let window =
        look.window.map(|window| format!(" from {} to {}", seconds(window.from), seconds(window.to)));
    let shown_events = count(found, "event", "events");
    let mut looked = format!("{} looked at", look.looked);
    if look.for_sessions > 0 {
        let lookups = count(usize::try_from(look.for_sessions).unwrap_or(usize::MAX), "lookup", "lookups");
        _ = write!(looked, ", {lookups} for who started sessions");
    }
    say(&format!("{what}{}: {shown_events}, {looked}.", window.unwrap_or_default()));
    if look.files.is_none() && look.window.is_some() {
        say(
            "What is older is not in it; nothing found is not \"never\". A trail's log files know more: `--logs DIR`, `--sql`.",
        );
    }
    match &look.ended {
        Ended::Whole => {}
        Ended::Limit => say("There may be more: this many were asked for (`--limit`)."),
        Ended::Bound(reached) => say(&format!(
            "Not looked at: what is older than {}; more events are looked at with `--scan N`.",
            reached.map_or_else(|| "nothing".to_owned(), seconds)
        )),
        Ended::Interrupted(_) if look.files.is_some() => say("Interrupted: not all files were read."),
        Ended::Interrupted(reached) => {
            say(&format!(
                "Interrupted: looked back to {} only.",
                reached.map_or_else(|| "nowhere".to_owned(), seconds)
            ));
        }
        Ended::Failed(why) => say(&format!("Not looked at to the end: {}", shown(why, 600))),
    }
    if look.undecodable > 0 {
        let events = count(usize::try_from(look.undecodable).unwrap_or(usize::MAX), "event", "events");
        say(&format!("{events} could not be read, and may be one of those asked for."));
    }
    for (path, why) in look.unread.iter().take(20) {
        say(&format!("Not read: {}: {}", shown(path, 300), shown(why, 200)));
    }
    if look.unread.len() > 20 {
        say(&format!("… and {} more files were not read.", look.unread.len() - 20));
    }
    look.missing.iter().for_each(|what| say(&shown(what, 600)));
    look.notes.iter().for_each(|note| say(&shown(note, 600)));
    out
}

/// Makes somebody's text visible and of bounded length.
pub(super) fn shown(text: &str, limit: usize) -> String {
    visible(&cut(text, limit)).into_owned()
}
