//! `iamlab grade run`

use std::path::{Path, PathBuf};

use clap::Args;

use super::class::{Beside, ClassArgs, Pass, claim, conclude, digest, given, roster};
use super::{dry_run, gradebooks};
use crate::cli::TargetArgs;
use crate::clock::Clock;
use crate::env;
use crate::error::{Error, Exit};
use crate::grade::access::secret::CourseSecret;
use crate::grade::reach::{Instructor, Settings};
use crate::grade::run::{Class, Journal, RunError, Source, Todo};
use crate::ui::Ui;

/// Mark every student of a roster
///
/// Reads every account as its row of the roster says (a role, a profile, a collected file, an account of the sandbox),
/// marks it by the rubric and keeps the evidence. A killed run goes on with `--resume`; so does one of which somebody
/// is pending, or whose rubric, deadline or `manual.csv` has changed: then what is there is marked again.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  iamlab grade run scenarios/iam-auditing --roster roster.csv -o marks --dry-run\n  \
                  iamlab grade run scenarios/iam-auditing --roster roster.csv -o marks --deadline 2026-03-16\n  \
                  iamlab grade run scenarios/iam-auditing --roster roster.csv -o marks --resume --canvas export.csv\n\n\
                  Exit code: 0 everybody is graded, 1 nothing can be concluded, 4 somebody is pending or unreachable,\n\
                  130 interrupted"
)]
pub struct RunArgs {
    /// The rubric: a folder that holds `rubric.yaml`, or a YAML file
    #[arg(value_name = "RUBRIC")]
    rubric: PathBuf,
    /// The class: a CSV file with a header; `id` is the only column it must have
    #[arg(long, value_name = "FILE")]
    roster: PathBuf,
    /// Folder for the results
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Go on where an earlier run stopped, and look again at what it could not see
    #[arg(long)]
    resume: bool,
    /// Tell for every student what would be done; no account is contacted and nothing is written
    #[arg(long)]
    dry_run: bool,
    /// Students looked at at the same time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    parallelism: u16,
    #[command(flatten)]
    class: ClassArgs,
    /// The secret of the course, which external ids and seals are computed from
    #[arg(long, value_name = "FILE", env = env::COURSE_SECRET_FILE, help_heading = "Access")]
    secret_file: Option<PathBuf>,
    /// Mark collected files too that are not sealed, although the course has a secret
    #[arg(long, help_heading = "Access")]
    accept_unsealed: bool,
    /// The role that the students' roles trust, when it has to be assumed first
    #[arg(long, value_name = "ARN", help_heading = "Access")]
    grader_role_arn: Option<String>,
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn run(ui: &Ui, args: &RunArgs) -> Result<Exit, Error> {
    let rubric = super::rubric(ui, &args.rubric)?;
    let roster = roster(ui, &args.roster)?;
    let secret = args.secret_file.as_deref().map(secret).transpose()?;
    let target = args.target.target()?;
    let pass = if args.resume { Pass::Resumed } else { Pass::First };
    let header = claim(&args.output, &rubric, pass, None)?;
    let given = given(ui, args.class.manual.as_deref(), &[&args.output], &rubric, &roster)?;
    let books = gradebooks::read(ui, &args.class.gradebooks, &rubric, &roster)?;
    let asked = args.class.deadline.or(header.and_then(|header| header.deadline));
    let instructor = Instructor::new(Settings {
        target: target.clone(),
        region: args.target.region.clone(),
        secret: args.secret_file.as_deref().map(self::secret).transpose()?,
        grader_role: args.grader_role_arn.clone(),
        accept_unsealed: args.accept_unsealed,
        folder: args.roster.parent().map(Path::to_path_buf).unwrap_or_default(),
        clock: Clock::System,
    });
    let class = Class {
        digest: digest(&args.rubric)?,
        deadline: asked.or(rubric.late.as_ref().and_then(|late| late.deadline)),
        asked,
        manual: given.manual.clone(),
        source: Source::Accounts(Box::new(instructor)),
        folder: args.output.clone(),
        rubric,
        roster,
    };
    let journal = Journal::look(&args.output).map_err(|error| Error::from(RunError::from(error)))?;
    if args.dry_run {
        let settings = dry_run::Settings {
            target: &target,
            has_secret: secret.is_some(),
            folder: args.roster.parent().unwrap_or(Path::new("")),
        };
        return dry_run::tell(ui, &class, journal.as_ref(), &settings, args.class.format);
    }
    let is_read = |student| journal.as_ref().is_none_or(|journal| class.todo(journal, student) == Todo::Read);
    let someone = class.roster.students.iter().any(is_read);
    // Before the folder is taken: whoever lacks credentials can run the same command again.
    if let Source::Accounts(instructor) = &class.source
        && someone
        && let Some(caller) = instructor.prepare(&class.roster, &class.rubric).await?
    {
        ui.status(&format!("reading as {}", caller.arn));
    }
    std::fs::create_dir_all(&args.output)
        .map_err(|source| Error::from(RunError::Write { path: args.output.clone(), source }))?;
    let journal = Journal::open(&args.output).map_err(|error| Error::from(RunError::from(error)))?;
    let beside = Beside { given, books, secret: secret.as_ref() };
    conclude(ui, class, journal, usize::from(args.parallelism), &args.class, pass, beside).await
}

/// Reads the course's secret.
fn secret(path: &Path) -> Result<CourseSecret, Error> {
    CourseSecret::load(path).map_err(|error| {
        let hint = error.hint();
        Error::input(format!("the secret `{}` cannot be used", path.display())).caused_by(error).hinted(hint)
    })
}
