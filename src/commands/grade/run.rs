//! `iamlab grade run`

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use crate::cli::{TargetArgs, moment};
use crate::error::{Error, Exit};
use crate::ui::Ui;

/// Mark every student of a roster
///
/// Reads every account as its row of the roster says (a role, a profile, a collected file, an account of the sandbox),
/// marks it by the rubric and keeps the evidence. A killed run goes on with `--resume`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  iamlab grade run scenarios/iam-auditing --roster roster.csv -o marks\n\n\
                  Exit code: 0 everybody is graded, 1 nothing can be concluded, 4 somebody is pending or unreachable"
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
    /// Students looked at at the same time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    parallelism: u16,
    /// When the work was due [default: the rubric's]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    deadline: Option<Timestamp>,
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn run(_ui: &Ui, _args: &RunArgs) -> Result<Exit, Error> {
    Err(Error::usage("not built yet"))
}
