//! `iamlab sandbox class`

use std::fs;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::{Format, Place};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Exit};
use crate::sandbox::class::{self, ClassError, Options};
use crate::ui::Ui;

/// Make a class of accounts to practise grading on, with an answer key
///
/// Every student has an account with the assignment as a student would have done it, most with mistakes. The answer key
/// tells who made which; the roster is what grading reads. The same seed makes the same class.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  iamlab sandbox class --students 30 --seed 7 -o class")]
pub struct ClassArgs {
    /// How many students
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(class::MOST)))]
    students: u32,
    /// Which class
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The moment the class is looked at [default: now]; the work was done in the two weeks before
    #[arg(long, value_name = "TIME")]
    as_of: Option<Timestamp>,
    /// Make accounts anew that are there already
    #[arg(long)]
    replace: bool,
    /// Folder for `class.json` and `class.csv`, the answer key, and `roster.csv`
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    output: PathBuf,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    place: Place,
}

pub(super) async fn run(ui: &Ui, args: &ClassArgs) -> Result<Exit, Error> {
    let now = args.as_of.unwrap_or_else(|| Clock::System.now());
    let options = Options { students: args.students, seed: args.seed, now, replace: args.replace };
    fs::create_dir_all(&args.output).map_err(|error| unwritten(&args.output, error))?;
    ui.begin_progress(usize::try_from(args.students).unwrap_or(usize::MAX));
    let made = class::generate(&args.place.sandbox_dir, options, |student| {
        ui.progress_message(&student.id);
        ui.advance();
    })
    .await;
    ui.end_progress();
    let class = made.map_err(Error::from)?;
    for (name, text) in
        [("class.json", class.to_json()?), ("class.csv", class.to_csv()?), ("roster.csv", class.to_roster()?)]
    {
        let path = args.output.join(name);
        fs::write(&path, text).map_err(|error| unwritten(&path, error))?;
    }
    match args.format {
        Format::Json => ui.data(class.to_json()?.trim_end()),
        Format::Text => {
            let flawless = class.students.iter().filter(|student| student.mistakes.is_empty()).count();
            let all = class.students.len();
            ui.data(&format!(
                "{all} accounts, {flawless} of them without a mistake; the answer key and the roster are in `{}`",
                args.output.display()
            ));
        }
    }
    Ok(Exit::Ok)
}

fn unwritten(path: &std::path::Path, error: std::io::Error) -> Error {
    Error::input(format!("`{}` cannot be written", path.display())).caused_by(error)
}

impl From<ClassError> for Error {
    fn from(error: ClassError) -> Self {
        let message = error.to_string();
        match error {
            ClassError::Sandbox(error) => Self::from(error),
            ClassError::Exists { .. } => Self::new(ErrorKind::Api, message)
                .hinted("`--replace` makes it anew; another `--seed` or `--sandbox-dir` leaves it alone"),
            ClassError::TooMany => Self::usage(message),
            ClassError::Write(_) => Self::input(message).caused_by(error),
            ClassError::Refused { .. } | ClassError::SignIn { .. } => Self::new(ErrorKind::Internal, message)
                .caused_by(error)
                .hinted("this is a fault of iamlab: please report it with the command that led here"),
        }
    }
}
