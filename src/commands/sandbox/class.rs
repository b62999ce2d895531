//! `iamlab sandbox class`

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;

use super::{Format, Place, text};
use crate::cli::SANDBOX_ACCOUNT;
use crate::error::{Error, ErrorKind, Exit};
use crate::sandbox::class::{Class, ClassError, Options, generate};
use crate::sandbox::control::Order;
use crate::ui::Ui;

/// Make a class of accounts, most of them with mistakes, and an answer key
///
/// Each account holds the lab of the assignment as a student would have left it, with the event history of the work.
/// `class.json` and `class.csv` say what is wrong in which account; `roster.csv` is what grading starts from.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab sandbox class --students 30 --seed 7 -o class\n  \
                        iamlab sandbox class --students 300 --seed 1 --replace --format json")]
pub struct ClassArgs {
    /// How many students
    #[arg(long, value_name = "N", default_value_t = 30)]
    students: u32,
    /// Another number, another class; the same number, the same students and mistakes
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Folder that receives `class.json`, `class.csv` and `roster.csv`
    #[arg(short, long, value_name = "DIR", default_value = "class")]
    output: PathBuf,
    /// Make accounts anew that are there already
    #[arg(long)]
    replace: bool,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    place: Place,
}

pub(super) async fn run(ui: &Ui, args: &ClassArgs) -> Result<Exit, Error> {
    let ClassArgs { students, seed, output, replace, format, place } = args;
    fs::create_dir_all(output).map_err(|error| unwritable(output, error))?;
    let options = Options { students: *students, seed: *seed, now: now(place).await?, replace: *replace };
    ui.begin_progress(usize::try_from(*students).unwrap_or(0));
    let made = generate(&place.sandbox_dir, options, |_| ui.advance()).await;
    ui.end_progress();
    let class = made?;
    for (name, contents) in
        [("class.json", class.to_json()?), ("class.csv", class.to_csv()?), ("roster.csv", class.to_roster()?)]
    {
        let path = output.join(name);
        fs::write(&path, contents).map_err(|error| unwritable(&path, error))?;
    }
    match format {
        Format::Json => ui.data(class.to_json()?.trim_end()),
        Format::Text => ui.data(&summary(&class)),
    }
    ui.status(&format!("The answer key and the roster are in `{}`.", output.display()));
    Ok(Exit::Ok)
}

/// Asks the sandbox what time it is. The folder is free again when this returns.
async fn now(place: &Place) -> Result<Timestamp, Error> {
    let answer = place.desk(SANDBOX_ACCOUNT)?.ask(Order::Clock { change: None }).await?;
    text(&answer, "now").parse().map_err(|error: jiff::Error| {
        Error::new(ErrorKind::Internal, "the sandbox's clock cannot be read").caused_by(error)
    })
}

/// Counts a class for people.
fn summary(class: &Class) -> String {
    let good = class.students.iter().filter(|student| student.mistakes.is_empty()).count();
    let mistakes: usize = class.students.iter().map(|student| student.mistakes.len()).sum();
    format!("{} accounts, {good} without a mistake, {mistakes} mistakes in the others", class.students.len())
}

fn unwritable(path: &Path, error: std::io::Error) -> Error {
    Error::new(ErrorKind::Input, format!("`{}` cannot be written", path.display())).caused_by(error)
}

impl From<ClassError> for Error {
    fn from(error: ClassError) -> Self {
        match error {
            ClassError::Sandbox(error) => error.into(),
            ClassError::TooMany => Self::usage(error.to_string()),
            ClassError::Exists { .. } => Self::new(ErrorKind::Input, error.to_string())
                .hinted("`--replace` makes the class's accounts anew")
                .hinted("another `--seed` makes another class beside this one"),
            other => Self::new(ErrorKind::Internal, "the class cannot be made").caused_by(other),
        }
    }
}
