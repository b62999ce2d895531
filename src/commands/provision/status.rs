//! `iamlab provision status`

use clap::Args;

use super::{Format, FormatArgs, ScenarioArgs, document, meet, notes, text};
use crate::cli::TargetArgs;
use crate::error::{Error, Exit};
use crate::provision::plan::{Action, Goal};
use crate::provision::run::plan_run;
use crate::ui::Ui;

/// Show how the account differs from the scenario; exit 2 when it does
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab provision status scenarios/iam-auditing\n  \
                        iamlab provision status scenarios/iam-auditing --format json | jq '.changes[].address'\n\n\
                        Exit codes: 0 nothing differs, 2 something differs, 4 the account could not be looked at")]
pub struct StatusArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn run(ui: &Ui, args: &StatusArgs) -> Result<Exit, Error> {
    let met = meet(ui, &args.scenario, &args.target).await?;
    let plan = plan_run(&met.aws, &met.scenario, Goal::Up { adopt: false }).await?;
    match args.format.format {
        Format::Json => ui.data(&document::plan(&met, &plan, &args.format)?),
        Format::Text => {
            for change in plan.changes().filter(|change| args.format.all || change.action != Action::Noop) {
                text::change(ui, change);
            }
            let summary = plan.summary();
            let differing = plan.changes().filter(|change| change.action != Action::Noop).count();
            if differing == 0 {
                ui.data(&format!("{} resources, all as the scenario says", summary.noop));
            } else {
                ui.data(&format!("{differing} of {} resources differ", differing + summary.noop));
                if plan.has_work() {
                    ui.hint("`iamlab provision up` makes them what the scenario says");
                }
            }
        }
    }
    notes::show(ui, &met, &plan.notes);
    Ok(if plan.is_empty() { Exit::Ok } else { Exit::Differs })
}
