//! `iamlab grade regrade`

use std::fs;
use std::path::PathBuf;

use clap::Args;

use super::class::{Beside, ClassArgs, Pass, claim, conclude, digest, given, roster};
use super::gradebooks;
use crate::error::{Error, Exit};
use crate::grade::run::{Class, Journal, Kept, RunError, Source};
use crate::ui::Ui;

/// Mark a class again from its evidence; no account is contacted
///
/// Gives the same marks as the run that read the accounts, by the rubric as it is now. Evidence that somebody changed is
/// refused: that student is unreachable, with the reason.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  iamlab grade regrade scenarios/iam-auditing --evidence marks -o again\n  \
                  iamlab grade regrade scenarios/iam-auditing --evidence marks -o again --manual points.csv\n\n\
                  Exit code: 0 everybody is graded, 1 nothing can be concluded, 4 somebody is pending or unreachable,\n\
                  130 interrupted: the same command goes on"
)]
pub struct RegradeArgs {
    /// The rubric: a folder that holds `rubric.yaml`, or a YAML file
    #[arg(value_name = "RUBRIC")]
    rubric: PathBuf,
    /// The folder of an earlier run, with `students/ID/evidence.json`
    #[arg(long, value_name = "DIR")]
    evidence: PathBuf,
    /// The class [default: that of the earlier run]
    #[arg(long, value_name = "FILE")]
    roster: Option<PathBuf>,
    /// Folder for the results; a new one
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    #[command(flatten)]
    class: ClassArgs,
}

/// Students marked at the same time: reading evidence is quick, and every one takes memory.
const PARALLELISM: usize = 4;

pub(super) async fn run(ui: &Ui, args: &RegradeArgs) -> Result<Exit, Error> {
    let rubric = super::rubric(ui, &args.rubric)?;
    let kept = Kept::open(&args.evidence).map_err(|error| {
        Error::input(format!("`{}` holds no evidence", args.evidence.display()))
            .caused_by(error)
            .hinted("name the folder that `grade run` wrote")
    })?;
    if let Some(other) = kept.rubric().filter(|other| *other != rubric.name) {
        let other = crate::report::escape::plain(other);
        return Err(Error::usage(format!(
            "`{}` holds evidence for the rubric `{other}`, not for `{}`",
            args.evidence.display(),
            rubric.name
        )));
    }
    claim(&args.output, &rubric, Pass::Again, Some(&kept.place()))?;
    let roster = match &args.roster {
        Some(path) => roster(ui, path)?,
        None => kept.roster().clone(),
    };
    if roster.students.is_empty() {
        return Err(Error::input(format!("`{}` holds no evidence", args.evidence.display())));
    }
    let given = given(ui, args.class.manual.as_deref(), &[&args.evidence], &rubric, &roster)?;
    let books = gradebooks::read(ui, &args.class.gradebooks, &rubric, &roster)?;
    let asked = args.class.deadline.or(kept.deadline());
    let class = Class {
        digest: digest(&args.rubric)?,
        deadline: asked.or(rubric.late.as_ref().and_then(|late| late.deadline)),
        asked,
        manual: given.manual.clone(),
        source: Source::Kept(kept),
        folder: args.output.clone(),
        rubric,
        roster,
    };
    fs::create_dir_all(&args.output)
        .map_err(|source| Error::from(RunError::Write { path: args.output.clone(), source }))?;
    let journal = Journal::open(&args.output).map_err(|error| Error::from(RunError::from(error)))?;
    let beside = Beside { given, books, secret: None };
    conclude(ui, class, journal, PARALLELISM, &args.class, Pass::Again, beside).await
}
