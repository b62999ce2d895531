//! The instructor's own gradebooks, filled; and copies that do not tell whose they are.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::class::unread;
use crate::error::{Error, Exit};
use crate::grade::access::secret::CourseSecret;
use crate::grade::gradebook::{FillError, Filled, Marks, canvas, moodle};
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

/// Gradebooks as they were exported.
#[derive(Debug, Default)]
pub(super) struct Books {
    canvas: Option<Vec<u8>>,
    moodle: Option<Vec<u8>>,
}

/// Reads the gradebooks before anything is done.
pub(super) fn read(args: &GradebookArgs) -> Result<Books, Error> {
    let bytes = |path: &Option<PathBuf>| {
        path.as_ref().map(|path| fs::read(path).map_err(|error| unread(path, error))).transpose()
    };
    Ok(Books { canvas: bytes(&args.canvas)?, moodle: bytes(&args.moodle)? })
}

/// Fills the gradebooks and tells who was left out.
pub(super) fn fill(
    ui: &Ui,
    class: &Class,
    ended: &Ended,
    args: &GradebookArgs,
    books: Books,
) -> Result<(), Error> {
    let marks = if args.provisional { Marks::Provisional } else { Marks::Final };
    let (rubric, rows, roster) = (&class.rubric, &ended.rows, &class.roster);
    let column = args.canvas_column.as_deref();
    let canvas = books.canvas.map(|bytes| canvas::fill(&bytes, column, rubric, rows, roster, marks));
    let moodle = books.moodle.map(|bytes| moodle::fill(&bytes, rubric, rows, roster, marks));
    for (name, filled) in [("canvas.csv", canvas), ("moodle.csv", moodle)] {
        let Some(filled) = filled else { continue };
        let filled = filled.map_err(|errors| refused(ui, name, &errors))?;
        place(&class.folder.join(name), &filled.bytes)?;
        tell(ui, name, &filled);
    }
    Ok(())
}

fn refused(ui: &Ui, name: &str, errors: &[FillError]) -> Error {
    for error in errors {
        ui.status(&format!("{name}: {}", plain(&error.to_string())));
    }
    Error::input(format!("`{name}` cannot be made; the marks are in the results' folder"))
        .hinted("export the gradebook again, then run with `--resume`")
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
    secret: Option<(&CourseSecret, &Path)>,
) -> Result<Exit, Error> {
    let path = class.folder.join("pseudonyms.key");
    let made;
    let secret = if let Some((secret, _)) = secret {
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
