//! `grade run --dry-run`: what would be done for each student. No account is contacted.

use std::path::Path;

use serde::Serialize;

use crate::aws::connect::Target;
use crate::cli::Format;
use crate::commands::to_text;
use crate::error::{Error, Exit};
use crate::grade::access::role::NAME;
use crate::grade::roster::Student;
use crate::grade::run::{Class, Journal, Todo};
use crate::report::escape::plain;
use crate::ui::{Tone, Ui};

/// What a run would go by.
#[derive(Debug)]
pub(super) struct Settings<'a> {
    pub(super) target: &'a Target,
    pub(super) has_secret: bool,
    /// The roster's folder.
    pub(super) folder: &'a Path,
}

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    rubric: &'a str,
    calls: Vec<&'static str>,
    students: Vec<Planned<'a>>,
}

#[derive(Serialize)]
struct Planned<'a> {
    id: &'a str,
    account: Option<&'a str>,
    todo: &'static str,
    way: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

/// Tells what would be done.
pub(super) fn tell(
    ui: &Ui,
    class: &Class,
    journal: Option<&Journal>,
    settings: &Settings<'_>,
    format: Format,
) -> Result<Exit, Error> {
    let planned: Vec<Planned<'_>> = class
        .roster
        .students
        .iter()
        .map(|student| {
            let todo = journal.map_or(Todo::Read, |journal| class.todo(journal, student));
            let (way, refused) = way(student, settings);
            let todo = match todo {
                Todo::Nothing => "nothing: is graded",
                Todo::Mark => "mark again",
                Todo::Read => "read and mark",
            };
            Planned { id: &student.id, account: student.account.as_deref(), todo, way, refused }
        })
        .collect();
    let calls: Vec<&'static str> = class.rubric.permissions().into_iter().collect();
    if format == Format::Json {
        let document = Document { format_version: 1, rubric: &class.rubric.name, calls, students: planned };
        ui.data(&to_text(&document)?);
        return Ok(Exit::Ok);
    }
    let refused = planned.iter().filter(|one| one.refused.is_some()).count();
    for one in &planned {
        let line = format!("{}  {}  {}", plain(one.id), one.todo, plain(&one.way));
        match &one.refused {
            Some(why) => {
                ui.data(&format!("{line}  {}", ui.paint(Tone::Bad, &format!("refused: {}", plain(why)))));
            }
            None => ui.data(&line),
        }
    }
    ui.data(&format!("{} students, {refused} without a way in; nothing was contacted", planned.len()));
    ui.data("calls that may be made in each account, all of which only read:");
    for call in calls {
        ui.data(&format!("  {call}"));
    }
    Ok(Exit::Ok)
}

/// Says how a student's account would be reached, and why it would not be.
fn way(student: &Student, settings: &Settings<'_>) -> (String, Option<String>) {
    let in_sandbox = matches!(settings.target, Target::Sandbox { .. });
    let has_id = student.external_id.is_some() || settings.has_secret;
    let no_id = || {
        let why = "no external id: neither the roster nor --secret-file has one";
        (!has_id).then(|| why.to_owned())
    };
    match (&student.bundle, &student.role_arn, &student.profile, &student.account) {
        (Some(bundle), ..) => {
            let there = settings.folder.join(bundle).is_file();
            let missing = (!there).then(|| "there is no such file".to_owned());
            (format!("the file `{}`", bundle.display()), missing)
        }
        (None, Some(role), ..) => (format!("assume {role}"), no_id()),
        (None, None, Some(profile), _) => {
            let why = "the profile speaks of AWS, and the class is in the sandbox";
            (format!("the profile `{profile}`"), in_sandbox.then(|| why.to_owned()))
        }
        (None, None, None, Some(account)) if in_sandbox => (format!("the sandbox's account {account}"), None),
        (None, None, None, Some(account)) => {
            (format!("assume the role {NAME} of account {account}"), no_id())
        }
        (None, None, None, None) => {
            let why = "the roster has neither role_arn, profile, bundle nor account_id";
            ("none".to_owned(), Some(why.to_owned()))
        }
    }
}
