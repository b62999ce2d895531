//! `iamlab provision plan`

use clap::Args;

use super::{Format, FormatArgs, ScenarioArgs, document, meet, notes, text};
use crate::cli::TargetArgs;
use crate::error::{Error, Exit};
use crate::provision::plan::{Action, Goal};
use crate::provision::run::plan_run;
use crate::ui::Ui;

/// Show what `up` would change
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab provision plan scenarios/iam-auditing\n  \
                        iamlab provision plan scenarios/iam-auditing --detailed-exitcode --format json\n\n\
                        Symbols: + create, ~ update, ± replace, - delete, ! refused because it is not ours, or others hold on to it")]
pub struct PlanArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// Plan to take over things of the same name that this scenario did not make
    #[arg(long)]
    adopt: bool,
    /// Exit 2 when something would change, 0 when nothing would
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn run(ui: &Ui, args: &PlanArgs) -> Result<Exit, Error> {
    let met = meet(ui, &args.scenario, &args.target).await?;
    let plan = plan_run(&met.aws, &met.scenario, Goal::Up { adopt: args.adopt }).await?;
    match args.format.format {
        Format::Json => ui.data(&document::plan(&met, &plan, &args.format)?),
        Format::Text => {
            for change in plan.changes().filter(|change| args.format.all || change.action != Action::Noop) {
                text::change(ui, change);
            }
            ui.data(&format!("Plan: {}", text::summary(plan.summary())));
        }
    }
    notes::show(ui, &met, &plan.notes);
    Ok(match (plan.refuses(), plan.is_empty() || !args.detailed_exitcode) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Ok,
        (false, false) => Exit::Differs,
    })
}
