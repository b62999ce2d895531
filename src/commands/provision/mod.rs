//! `iamlab provision`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::aws::Aws;
use crate::aws::connect::{Target, connect, wrong_account};
use crate::cli::{Format, TargetArgs, key_value};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Exit};
use crate::provision::Place;
use crate::scenario::{Resolved, Scenario};
use crate::source::Diagnostic;
use crate::ui::Ui;

mod carry;
mod document;
mod down;
mod export;
mod notes;
mod plan;
mod render;
mod status;
mod text;
mod up;
mod verify;

/// Bring a scenario up in an account, watch it, take it away
#[derive(Debug, Subcommand)]
pub enum Provision {
    /// Show what `up` would change
    Plan(plan::PlanArgs),
    /// Make the account what the scenario says
    Up(up::UpArgs),
    /// Remove what the scenario owns, and nothing else
    Down(down::DownArgs),
    /// Show how the account differs from the scenario; exit 2 when it does
    Status(status::StatusArgs),
    /// Check what the scenario expects people to be able to do; exit 2 when something does not hold
    Verify(verify::VerifyArgs),
    /// Write the scenario as something else: a CloudFormation template, the IAM policy it needs
    Render(render::RenderArgs),
    /// Write a scenario from what is in an account
    Export(export::ExportArgs),
}

pub(super) async fn run(ui: &Ui, command: Provision) -> Result<Exit, Error> {
    match command {
        Provision::Plan(args) => plan::run(ui, &args).await,
        Provision::Up(args) => up::run(ui, &args).await,
        Provision::Down(args) => down::run(ui, &args).await,
        Provision::Status(args) => status::run(ui, &args).await,
        Provision::Verify(args) => verify::run(ui, &args).await,
        Provision::Render(args) => render::run(ui, &args).await,
        Provision::Export(args) => export::run(ui, &args).await,
    }
}

/// The scenario and its parameters.
#[derive(Debug, Clone, Args)]
pub(crate) struct ScenarioArgs {
    /// A folder holding `scenario.yaml`, or a YAML file
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// Give a parameter of the scenario a value; repeatable
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = key_value)]
    sets: Vec<(String, String)>,
}

/// How results are written.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct FormatArgs {
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// List what does not change too
    #[arg(long)]
    all: bool,
}

/// A scenario that has met its account.
#[derive(Debug)]
pub(crate) struct Met {
    /// The account.
    pub(crate) aws: Aws,
    /// The scenario, filled in for it.
    pub(crate) scenario: Resolved,
    /// How the account is reached.
    pub(crate) target: Target,
}

/// Loads a scenario, connects to the account, and fills the scenario in for it.
pub(crate) async fn meet(ui: &Ui, args: &ScenarioArgs, account: &TargetArgs) -> Result<Met, Error> {
    let scenario = Scenario::load(&args.scenario, &args.sets).map_err(|found| mistakes(ui, &found))?;
    let mut target = account.target()?;
    if let (Target::Sandbox { account: id, .. }, Some(pinned), None) =
        (&mut target, &scenario.account, &account.account)
    {
        // Every sandbox account is there for the asking: the pinned one is the one meant.
        id.clone_from(pinned);
    }
    let region = account.region.as_deref().unwrap_or(&scenario.region);
    let aws = connect(&target, region, Clock::System).await?;
    if let Some(pinned) = scenario.account.as_ref().filter(|pinned| **pinned != aws.caller.account) {
        return Err(wrong_account(pinned, &aws.caller));
    }
    let place = Place {
        scenario: scenario.name.clone(),
        partition: aws.caller.partition.clone(),
        account: aws.caller.account.clone(),
        region: region.to_owned(),
    };
    let scenario = scenario.resolve(&place).map_err(|found| mistakes(ui, &found))?;
    Ok(Met { aws, scenario, target })
}

fn mistakes(ui: &Ui, found: &[Diagnostic]) -> Error {
    ui.diagnostics(found);
    let count = found.len();
    let noun = if count == 1 { "mistake" } else { "mistakes" };
    Error::new(ErrorKind::Input, format!("the scenario has {count} {noun}; the account was left alone"))
}
