//! What `run` and `regrade` share: the folder, the points that a person gives, progress, gradebooks and the summary.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::gradebooks::{self, Books, GradebookArgs};
use super::summary;
use crate::account::scan::hex;
use crate::cli::{Format, moment};
use crate::error::{Error, ErrorKind, Exit};
use crate::grade::access::secret::CourseSecret;
use crate::grade::manual::{self, Manual};
use crate::grade::result::{Row, Status};
use crate::grade::roster::Roster;
use crate::grade::rubric::Rubric;
use crate::grade::run::{
    Class, Event, Journal, MANUAL, RunError, Teller, carry, finish, journal, place_private,
};
use crate::report::escape::plain;
use crate::ui::Ui;

/// What marking a class can be asked for, however its evidence is got.
#[derive(Debug, Args)]
pub(super) struct ClassArgs {
    /// Points that a person gave: student, criterion, points, comment [default: `manual.csv` in the results' folder]
    #[arg(long, value_name = "FILE")]
    pub(super) manual: Option<PathBuf>,
    /// When the work was due [default: the rubric's]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(super) deadline: Option<Timestamp>,
    #[command(flatten)]
    pub(super) gradebooks: GradebookArgs,
    /// Form of the summary on stdout
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// Which command marks: what can be done next depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// `grade run`.
    First,
    /// `grade run --resume`.
    Resumed,
    /// `grade regrade`.
    Again,
}

/// What comes in besides the evidence.
#[derive(Debug)]
pub(super) struct Beside<'a> {
    pub(super) given: Given,
    pub(super) books: Books,
    pub(super) secret: Option<&'a CourseSecret>,
}

/// Hashes the file of a rubric.
pub(super) fn digest(path: &Path) -> Result<String, Error> {
    let path = if path.is_dir() { path.join("rubric.yaml") } else { path.to_owned() };
    let bytes = fs::read(&path).map_err(|error| unread(&path, error))?;
    Ok(hex(&Sha256::digest(bytes)))
}

/// Reads a roster; its mistakes are shown with their places.
pub(super) fn roster(ui: &Ui, path: &Path) -> Result<Roster, Error> {
    Roster::load(path).map_err(|found| {
        if let Some(error) = super::unreadable(&found) {
            return error.hinted("name a CSV file");
        }
        ui.diagnostics(&found);
        Error::input(format!("the roster `{}` has mistakes", path.display()))
    })
}

/// Looks whether a folder can hold the results: one that is new or empty, with `--resume` that of an earlier run of this
/// rubric, and that of marking the same evidence again, which `from` names. Nothing in it is ever deleted.
pub(super) fn claim(
    folder: &Path,
    rubric: &Rubric,
    pass: Pass,
    from: Option<&str>,
) -> Result<Option<journal::Header>, Error> {
    let there = Journal::look(folder).map_err(|error| Error::from(RunError::from(error)))?;
    let shown = folder.display();
    if let Some(journal) = there {
        let header = journal.header().cloned();
        if let Some(other) = header.as_ref().filter(|header| header.rubric != rubric.name) {
            return Err(Error::usage(format!(
                "`{shown}` holds marks by the rubric `{}`",
                plain(&other.rubric)
            ))
            .hinted("name another folder with `-o`"));
        }
        let hint = match pass {
            Pass::First => "`--resume` goes on with it; another `-o` begins a new one",
            Pass::Resumed => return Ok(header),
            Pass::Again if header.as_ref().is_some_and(|header| header.from.as_deref() == from) => {
                return Ok(header);
            }
            Pass::Again => "name another folder with `-o`",
        };
        Err(Error::usage(format!("`{shown}` holds a run already")).hinted(hint))
    } else {
        let is_empty = match fs::read_dir(folder) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(unread(folder, error)),
        };
        if is_empty {
            return Ok(None);
        }
        Err(Error::usage(format!("`{shown}` is not empty, and holds no run"))
            .hinted("name a folder that is new or empty with `-o`"))
    }
}

/// Points that a person gave, and the file as it was.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) manual: Manual,
    text: Option<String>,
}

/// Reads the points that a person gave: of the file that is named, or of the first folder that has one.
pub(super) fn given(
    ui: &Ui,
    named: Option<&Path>,
    folders: &[&Path],
    rubric: &Rubric,
    roster: &Roster,
) -> Result<Given, Error> {
    let standing = folders.iter().map(|folder| folder.join(MANUAL)).find(|path| path.is_file());
    let Some(path) = named.map(Path::to_owned).or(standing) else { return Ok(Given::default()) };
    if fs::metadata(&path).is_ok_and(|about| about.len() > manual::LARGEST) {
        return Err(Error::input(format!("`{}` is too large", path.display())));
    }
    let bytes = fs::read(&path).map_err(|error| unread(&path, error))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Error::input(format!("`{}` is not written in UTF-8", path.display())).hinted("save it as `CSV UTF-8`")
    })?;
    let students: BTreeSet<&str> = roster.students.iter().map(|student| student.id.as_str()).collect();
    match Manual::parse(&text, rubric, &students) {
        Ok(manual) => {
            for id in manual.strangers() {
                ui.warn(&format!(
                    "`{}` has points for `{}`, who is nobody on the roster: they count for nothing",
                    path.display(),
                    plain(id)
                ));
            }
            Ok(Given { manual, text: Some(text) })
        }
        Err(mistakes) => {
            for mistake in &mistakes {
                ui.status(&format!("{}: {}", path.display(), plain(&mistake.to_string())));
            }
            let what = if mistakes.len() == 1 {
                "a mistake".to_owned()
            } else {
                format!("{} mistakes", mistakes.len())
            };
            Err(Error::input(format!("`{}` has {what}", path.display())).hinted("correct it, then run again"))
        }
    }
}

/// Gives the folder a file for the points that a person gives, with a row for each of `open` too. One that is there gets
/// the rows that it lacks.
fn place_form(
    ui: &Ui,
    class: &Class,
    text: Option<&str>,
    open: &BTreeSet<(&str, &str)>,
) -> Result<(), Error> {
    let path = class.folder.join(MANUAL);
    let left = |why: &str| ui.warn(&format!("`{}` was left as it is: {why}", path.display()));
    // Whatever is there holds points that a person gave.
    let there = match fs::read(&path).map(String::from_utf8) {
        Ok(Ok(text)) => Some(text),
        Ok(Err(_)) => {
            left("it is not written in UTF-8");
            return Ok(());
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            left(&error.to_string());
            return Ok(());
        }
    };
    let students: BTreeSet<&str> = class.roster.students.iter().map(|student| student.id.as_str()).collect();
    let of_folder = there.as_deref().map(|text| Manual::parse(text, &class.rubric, &students));
    let rows = match of_folder {
        Some(Ok(manual)) => manual,
        // Another file was named, and this one has mistakes: it is left alone.
        Some(Err(_)) => {
            left("it has mistakes");
            return Ok(());
        }
        None => class.manual.clone(),
    };
    let base = there.as_deref().or(text);
    let ids = class.roster.students.iter().map(|student| student.id.as_str());
    let completed = rows.completed(base, &class.rubric, ids, open);
    let new = completed.as_deref().or(base.filter(|_| there.is_none()));
    new.map_or(Ok(()), |text| Ok(place_private(&path, text.as_bytes())?))
}

/// Lists what a program could not judge: students and criteria.
fn left_to_people<'a>(rubric: &'a Rubric, rows: &'a [Row]) -> BTreeSet<(&'a str, &'a str)> {
    let of = |row: &'a Row| {
        let open = rubric.criteria().zip(&row.criteria).filter(|(_, (status, _))| *status == Status::Manual);
        open.map(|(criterion, _)| (row.id.as_str(), criterion.id.as_str()))
    };
    rows.iter().flat_map(of).collect()
}

/// Marks the class and tells what it came to.
pub(super) async fn conclude(
    ui: &Ui,
    class: Class,
    mut journal: Journal,
    parallelism: usize,
    args: &ClassArgs,
    pass: Pass,
    beside: Beside<'_>,
) -> Result<Exit, Error> {
    let Beside { given, books, secret } = beside;
    place_form(ui, &class, given.text.as_deref(), &BTreeSet::new())?;
    let class = Arc::new(class);
    let tell = teller(ui);
    let carried = carry(&class, &mut journal, parallelism, stop(), &tell).await;
    ui.end_progress();
    carried.map_err(|error| match (error, pass) {
        (interrupted @ RunError::Interrupted, Pass::Again) => {
            Error::new(ErrorKind::Interrupted, interrupted.to_string())
                .hinted("run the same command again to go on")
        }
        (other, _) => other.into(),
    })?;
    let ended = finish(&class, &journal)?;
    place_form(ui, &class, given.text.as_deref(), &left_to_people(&class.rubric, &ended.rows))?;
    if args.gradebooks.anonymous {
        gradebooks::pseudonymous(&class, &journal, &ended, secret)?;
    }
    let filled = gradebooks::fill(ui, &class, &ended, &args.gradebooks, &books);
    let exit = summary::tell(ui, &class, &ended, args.format, pass)?;
    match filled {
        Err(error) if exit == Exit::Ok => Err(error),
        // That somebody is not graded weighs more.
        Err(error) => {
            ui.error(&error);
            Ok(exit)
        }
        Ok(()) => Ok(exit),
    }
}

/// Waits until somebody asks the program to stop.
async fn stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // Without a listener the system's own habit stays: it ends the program.
        if let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_ok() {
        return;
    }
    std::future::pending::<()>().await;
}

/// How far a run without a terminal has told.
struct Told {
    all: usize,
    done: usize,
    last: usize,
    at: Instant,
}

/// Shows how far a run is: a bar on a terminal, now and then a line elsewhere.
fn teller(ui: &Ui) -> Teller {
    let ui = ui.clone();
    let told = Mutex::new(Told { all: 0, done: 0, last: 0, at: Instant::now() });
    Arc::new(move |event| {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Begin { all, todo } => {
                *told = Told { all: todo, done: 0, last: 0, at: Instant::now() };
                if todo < all {
                    ui.status(&format!("{} of {all} students are done already", all - todo));
                }
                ui.begin_progress(todo);
            }
            Event::Reading(student, what) => ui.progress_message(&format!("{student}: {what}")),
            Event::Done(student, _) => {
                told.done += 1;
                ui.progress_message(student);
                ui.advance();
                let step = (told.all / 20).max(1);
                let is_due = told.done == told.all
                    || (told.done - told.last >= step && told.at.elapsed() >= Duration::from_secs(1));
                if !ui.shows_progress() && is_due {
                    ui.status(&format!("{} of {} students", told.done, told.all));
                    (told.last, told.at) = (told.done, Instant::now());
                }
            }
        }
    })
}

/// Says that a file cannot be read.
pub(super) fn unread(path: &Path, error: io::Error) -> Error {
    Error::input(format!("`{}` cannot be read", path.display())).caused_by(error)
}
