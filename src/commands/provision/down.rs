//! `iamlab provision down`

use clap::Args;

use super::carry::{PARALLELISM, as_failure, carry, conclude, confirm, listen};
use super::{Format, FormatArgs, ScenarioArgs, meet, text};
use crate::cli::TargetArgs;
use crate::error::{Error, Exit};
use crate::provision::handover::HandOver;
use crate::provision::plan::{Action, Goal};
use crate::provision::run::plan_run;
use crate::ui::Ui;

/// Remove what the scenario owns, and nothing else
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab provision down scenarios/iam-auditing\n  \
                        iamlab provision down scenarios/iam-auditing --profile lab --yes\n\n\
                        What hangs on a resource goes with it, and is shown first. Exit codes: 0 all gone, 3 something is left")]
pub struct DownArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// Do not ask before a real account is changed
    #[arg(long)]
    yes: bool,
    /// Take our policies away from users, groups and roles of others too
    #[arg(long)]
    detach_foreign: bool,
    /// Changes under way at once
    #[arg(long, value_name = "N", default_value_t = PARALLELISM)]
    parallelism: usize,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn run(ui: &Ui, args: &DownArgs) -> Result<Exit, Error> {
    let met = meet(ui, &args.scenario, &args.target).await.map_err(as_failure)?;
    let goal = Goal::Down { detach_foreign: args.detach_foreign };
    let plan = plan_run(&met.aws, &met.scenario, goal).await.map_err(as_failure)?;
    if args.format.format == Format::Text {
        for change in plan.changes().filter(|change| args.format.all || change.action != Action::Noop) {
            text::change(ui, change);
        }
    }
    confirm(ui, &met, &plan, args.yes, "Down").await?;
    let interrupts = listen(ui);
    // Nothing is made on the way down; the file is never opened.
    let report = carry(ui, &met, plan, goal, args.parallelism, HandOver::new(""), interrupts).await?;
    conclude(ui, &met, &report, &args.format, "Down")
}
