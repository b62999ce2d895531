//! The instructor's own gradebooks, filled; and copies that do not tell whose they are.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use clap::Args;

use super::class::unread;
use crate::error::{Error, Exit};
use crate::grade::access::secret::CourseSecret;
use crate::grade::gradebook::{FillError, Filled, Marks, canvas, moodle};
use crate::grade::result::Row;
use crate::grade::roster::Roster;
use crate::grade::rubric::Rubric;
use crate::grade::run::{Class, Ended, Journal, place, place_private, pseudonymous as write_pseudonymous};
use crate::report::escape::plain;
use crate::report::grade::Pseudonyms;
use crate::ui::Ui;

/// Which copies of the marks are made besides.
#[derive(Debug, Args)]
#[command(next_help_heading = "Gradebooks")]
pub(super) struct GradebookArgs {
    /// Fill a gradebook that Canvas exported; the copy is `canvas.csv`
    #[arg(long, value_name = "FILE")]
    pub(super) canvas: Option<PathBuf>,
    /// The assignment's column in it [default: the one that the rubric's title names]
    #[arg(long, value_name = "NAME", requires = "canvas")]
    pub(super) canvas_column: Option<String>,
    /// Fill a grading worksheet that Moodle exported; the copy is `moodle.csv`
    #[arg(long, value_name = "FILE")]
    pub(super) moodle: Option<PathBuf>,
    /// Fill in students too who wait for points that a person gives
    #[arg(long)]
    pub(super) provisional: bool,
    /// Make copies that do not tell whose they are, in `anonymous`; `pseudonyms.csv` tells
    #[arg(long)]
    pub(super) anonymous: bool,
}

/// The copies, in the results' folder.
const COPIES: [&str; 2] = ["canvas.csv", "moodle.csv"];

/// Gradebooks as they were exported: Canvas's, Moodle's.
#[derive(Debug)]
pub(super) struct Books([Option<Vec<u8>>; 2]);

/// What filling a gradebook comes to.
type Outcome = Result<Filled, Vec<FillError>>;

impl Books {
    /// Fills those that there are.
    fn filled(
        &self,
        args: &GradebookArgs,
        rubric: &Rubric,
        rows: &[Row],
        roster: &Roster,
    ) -> [Option<Outcome>; 2] {
        let Self([canvas, moodle]) = self;
        let column = args.canvas_column.as_deref();
        let marks = if args.provisional { Marks::Provisional } else { Marks::Final };
        [
            canvas.as_deref().map(|bytes| canvas::fill(bytes, column, rubric, rows, roster, marks)),
            moodle.as_deref().map(|bytes| moodle::fill(bytes, rubric, rows, roster, marks)),
        ]
    }
}

/// Reads the gradebooks and sees that they can be filled, before anything is done.
pub(super) fn read(ui: &Ui, args: &GradebookArgs, rubric: &Rubric, roster: &Roster) -> Result<Books, Error> {
    let bytes = |path: &Option<PathBuf>| {
        path.as_ref().map(|path| fs::read(path).map_err(|error| unread(path, error))).transpose()
    };
    let books = Books([bytes(&args.canvas)?, bytes(&args.moodle)?]);
    let mut refused = Refused::default();
    let paths = [&args.canvas, &args.moodle];
    for (path, filled) in paths.into_iter().zip(books.filled(args, rubric, &[], roster)) {
        if let (Some(path), Some(Err(errors))) = (path, filled) {
            refused.add(ui, &path.display().to_string(), &errors);
        }
    }
    refused.error("cannot be filled; nobody was marked").map_or(Ok(books), Err)
}

/// Fills the gradebooks and tells who was left out. One that cannot be filled does not keep the other from it.
pub(super) fn fill(
    ui: &Ui,
    class: &Class,
    ended: &Ended,
    args: &GradebookArgs,
    books: &Books,
) -> Result<(), Error> {
    let (mut refused, mut unwritten) = (Refused::default(), None);
    for (name, filled) in
        COPIES.into_iter().zip(books.filled(args, &class.rubric, &ended.rows, &class.roster))
    {
        let path = class.folder.join(name);
        let placed = match filled {
            Some(Ok(filled)) => place(&path, &filled.bytes).map(|()| Some(filled)),
            Some(Err(errors)) => {
                refused.add(ui, name, &errors);
                Ok(None)
            }
            None => Ok(None),
        };
        match placed {
            Ok(Some(filled)) => tell(ui, name, &filled),
            // Nothing is ever taken away; nobody shall take it for these marks.
            Ok(None) if path.exists() => {
                ui.warn(&format!("{name} is that of an earlier run, and has none of the changes since"));
            }
            Ok(None) => {}
            Err(error) => unwritten = Some(error),
        }
    }
    let refused = refused.error("cannot be made; the marks are in the results' folder");
    unwritten.map(Error::from).or(refused).map_or(Ok(()), Err)
}

/// Gradebooks that cannot be filled.
#[derive(Debug, Default)]
struct Refused {
    names: Vec<String>,
    hints: BTreeSet<&'static str>,
}

impl Refused {
    /// Tells why one cannot be filled.
    fn add(&mut self, ui: &Ui, name: &str, errors: &[FillError]) {
        for error in errors {
            ui.status(&format!("{name}: {}", plain(&error.to_string())));
            self.hints.insert(match error {
                FillError::NotCsv { .. } | FillError::NotExported(_) => "export the gradebook again",
                FillError::Column(_) => "name the assignment with `--canvas-column`, as the gradebook has it",
            });
        }
        self.names.push(format!("`{name}`"));
    }

    fn error(self, what: &str) -> Option<Error> {
        let error = || Error::input(format!("{} {what}", self.names.join(" and ")));
        (!self.names.is_empty()).then(|| self.hints.iter().fold(error(), |error, hint| error.hinted(*hint)))
    }
}

fn tell(ui: &Ui, name: &str, filled: &Filled) {
    ui.status(&format!(
        "{name}: {} students filled in, {} left as they were",
        filled.filled,
        filled.left.len()
    ));
    for left in &filled.left {
        ui.status(&format!("  {}: {}", plain(&left.student), plain(&left.why)));
    }
    for warning in &filled.warnings {
        ui.warn(&plain(warning));
    }
}

/// Makes copies that do not tell whose they are. The codes come from the course's secret, or from one that is made for
/// this folder; who is who goes into a file that only its owner may read.
pub(super) fn pseudonymous(
    class: &Class,
    journal: &Journal,
    ended: &Ended,
    secret: Option<&CourseSecret>,
) -> Result<Exit, Error> {
    let path = class.folder.join("pseudonyms.key");
    let made;
    let secret = if let Some(secret) = secret {
        secret
    } else {
        made = CourseSecret::load_or_make(&path).map_err(|error| {
            let hint = error.hint();
            Error::input(format!("`{}` cannot be used", path.display())).caused_by(error).hinted(hint)
        })?;
        &made.0
    };
    let key = secret.nonce("pseudonyms", &class.rubric.name);
    let names = Pseudonyms::new(key.reveal().as_bytes(), &class.roster, &class.rubric);
    let mut rows = String::from("id,code\n");
    for student in &class.roster.students {
        let guard = if student.id.starts_with(['-', '@']) { "'" } else { "" };
        _ = writeln!(rows, "{guard}{},{}", student.id, names.code(&student.id));
    }
    place_private(&class.folder.join("pseudonyms.csv"), rows.as_bytes())?;
    write_pseudonymous(class, journal, ended, &names)?;
    Ok(Exit::Ok)
}
