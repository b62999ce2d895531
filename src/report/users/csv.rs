//! The report as a table: one row for each user and for root, no cell a formula.

use ::csv::{QuoteStyle, Terminator, WriterBuilder};
use jiff::Timestamp;

use super::{check, control, sentence};
use crate::account::credential_report::ROOT;
use crate::audit::finding::Finding;
use crate::audit::users::{Certificate, Key, KeyState, Mark, Moment, Person, Told, Users};
use crate::audit::verdict::Status;
use crate::report::RenderError;
use crate::report::escape::cell;

/// The columns. New ones are added at the end.
const HEADER: [&str; 33] = [
    "user",
    "arn",
    "created",
    "created_days_ago",
    "console",
    "password_last_used",
    "password_last_used_days_ago",
    "password_last_changed",
    "password_age_days",
    "mfa",
    "access_key_1",
    "access_key_1_last_rotated",
    "access_key_1_age_days",
    "access_key_1_last_used",
    "access_key_1_last_used_days_ago",
    "access_key_1_last_used_service",
    "access_key_1_last_used_region",
    "access_key_2",
    "access_key_2_last_rotated",
    "access_key_2_age_days",
    "access_key_2_last_used",
    "access_key_2_last_used_days_ago",
    "access_key_2_last_used_service",
    "access_key_2_last_used_region",
    "certificate_1",
    "certificate_2",
    "more_credentials",
    "status",
    "flagged",
    "untold",
    "findings",
    "actions",
    "as_of",
];

/// Writes the report as CSV (RFC 4180).
///
/// # Errors
///
/// A fault of this program.
pub fn to_csv(users: &Users) -> Result<String, RenderError> {
    // Every cell is quoted: a program that takes `;` or a blank for the separator still finds the same cells.
    let mut writer = WriterBuilder::new()
        .quote_style(QuoteStyle::Always)
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(HEADER)?;
    if !users.unplaced.is_empty() {
        writer.write_record(HEADER.map(|column| cell(&of_nobody(users, column)).into_owned()))?;
    }
    for person in &users.people {
        let row = row(person, users.as_of);
        writer.write_record(row.iter().map(|text| cell(text).into_owned()))?;
    }
    let bytes = writer.into_inner().map_err(|error| ::csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8(bytes)?)
}

/// Returns a cell of the row of root, who has none in the report.
fn of_nobody(users: &Users, column: &str) -> String {
    match column {
        "user" => ROOT.to_owned(),
        "findings" => join(users.unplaced.iter().map(finding)),
        "as_of" => users.as_of.to_string(),
        "arn" | "more_credentials" | "flagged" | "untold" | "actions" => String::new(),
        ages if ages.ends_with("_days_ago") || ages.ends_with("_age_days") => String::new(),
        _ => "untold".to_owned(),
    }
}

fn row(person: &Person, as_of: Timestamp) -> Vec<String> {
    let password = &person.password;
    let mut row = vec![person.name.clone(), person.arn.clone()];
    row.extend(when(&person.created));
    row.push(yes_no(&password.enabled));
    row.extend(when(&password.used));
    row.extend(when(&password.changed));
    row.push(yes_no(&person.mfa));
    person.keys.iter().for_each(|one| row.extend(key(one)));
    row.extend(person.certificates.iter().map(certificate));
    row.push(person.more.clone().unwrap_or_default());
    row.push(status(person).to_owned());
    let marked = |wanted: Mark| {
        let marked = person.marks().iter().filter(|(_, mark)| **mark == wanted);
        marked.map(|(column, _)| *column).collect::<Vec<_>>().join("; ")
    };
    row.push(marked(Mark::Wrong));
    row.push(marked(Mark::Untold));
    row.push(join(person.findings.iter().map(finding)));
    let failing = person.findings.iter().filter(|finding| finding.status == Status::Fail);
    row.push(join(failing.map(|one| format!("{}: {}", control(one), one.remediation))));
    row.push(as_of.to_string());
    row
}

/// A word for the whole row.
pub(super) fn status(person: &Person) -> &'static str {
    if person.is_flagged() {
        "wrong"
    } else if person.has(Status::Unknown) {
        "untold"
    } else {
        "ok"
    }
}

fn finding(one: &Finding) -> String {
    format!("{} {} {}: {}", one.status.word(), control(one), check(one), sentence(one))
}

fn join(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join(" | ")
}

fn key(key: &Key) -> impl Iterator<Item = String> {
    let text = |told: &Told<String>| match told {
        Told::Known(text) => text.clone(),
        Told::None | Told::Never => String::new(),
        Told::Nothing => "untold".to_owned(),
    };
    std::iter::once(state(key.state).to_owned())
        .chain(when(&key.rotated))
        .chain(when(&key.used))
        .chain([text(&key.service), text(&key.region)])
}

fn certificate(one: &Certificate) -> String {
    state(one.state).to_owned()
}

const fn state(state: KeyState) -> &'static str {
    match state {
        KeyState::Active => "active",
        KeyState::Inactive => "inactive",
        KeyState::None => "none",
        KeyState::Untold => "untold",
    }
}

fn yes_no(told: &Told<bool>) -> String {
    match told {
        Told::Known(true) => "yes",
        Told::Known(false) | Told::None | Told::Never => "no",
        Told::Nothing => "untold",
    }
    .to_owned()
}

/// A date and its age in days.
fn when(told: &Told<Moment>) -> [String; 2] {
    match told {
        Told::Known(moment) => {
            [moment.at.to_string(), moment.days.map(|days| days.to_string()).unwrap_or_default()]
        }
        Told::None => Default::default(),
        Told::Never => ["never".to_owned(), String::new()],
        Told::Nothing => ["untold".to_owned(), String::new()],
    }
}
