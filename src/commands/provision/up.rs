//! `iamlab provision up`

use std::path::PathBuf;

use clap::Args;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

use super::carry::{PARALLELISM, as_failure, carry, conclude, confirm, listen};
use super::{FormatArgs, ScenarioArgs, meet, notes};
use crate::cli::TargetArgs;
use crate::error::{Error, Exit};
use crate::provision::handover::HandOver;
use crate::provision::plan::Goal;
use crate::provision::run::{End, plan_run};
use crate::ui::Ui;

/// Make the account what the scenario says
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab provision up scenarios/iam-auditing\n  \
                        iamlab provision up scenarios/iam-auditing --set report_email=me@example.com --profile lab\n  \
                        iamlab provision up scenarios/iam-auditing --endpoint-url http://127.0.0.1:5000 --yes\n\n\
                        Exit codes: 0 done, 1 nothing was changed, 3 partly done, 130 interrupted (run it again)")]
pub struct UpArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// Take over things of the same name that this scenario did not make
    #[arg(long)]
    adopt: bool,
    /// Do not ask before a real account is changed
    #[arg(long)]
    yes: bool,
    /// Where passwords, key secrets and MFA seeds are handed over [default: NAME-credentials.csv]
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// Show the MFA seeds of the credentials file as QR codes, for an authenticator app
    #[arg(long)]
    qr: bool,
    /// Changes under way at once
    #[arg(long, value_name = "N", default_value_t = PARALLELISM)]
    parallelism: usize,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn run(ui: &Ui, args: &UpArgs) -> Result<Exit, Error> {
    let met = meet(ui, &args.scenario, &args.target).await.map_err(as_failure)?;
    let goal = Goal::Up { adopt: args.adopt };
    let plan = plan_run(&met.aws, &met.scenario, goal).await.map_err(as_failure)?;
    let told = if plan.refuses() { Vec::new() } else { confirm(ui, &met, &plan, args.yes, "Up").await? };
    let default = || PathBuf::from(format!("{}-credentials.csv", met.scenario.place.scenario));
    let path = args.credentials.clone().unwrap_or_else(default);
    let hands_over = plan.hands_over();
    let interrupts = listen(ui);
    let report = carry(ui, &met, plan, goal, args.parallelism, HandOver::new(&path), interrupts).await?;
    let exit = conclude(ui, &met, &report, &args.format, "Up")?;
    if hands_over && report.end != End::Refused {
        ui.status(&format!("New credentials are in `{}`, and nowhere else.", path.display()));
    }
    let new: Vec<_> = report.notes.iter().filter(|note| !told.contains(note)).cloned().collect();
    notes::show(ui, &met, &new);
    if args.qr {
        show_codes(ui, &HandOver::new(&path))?;
    }
    Ok(exit)
}

fn show_codes(ui: &Ui, handover: &HandOver) -> Result<(), Error> {
    handover.prepare()?;
    for (user, uri) in handover.mfa_uris() {
        let code = QrCode::new(uri.reveal().as_bytes()).map_err(|error| {
            Error::input(format!("the MFA seed of `{user}` makes no QR code")).caused_by(error)
        })?;
        ui.status(&format!("{user}:"));
        ui.status(&code.render::<Dense1x2>().quiet_zone(true).build());
    }
    Ok(())
}
