//! `iamlab policy`

use clap::Subcommand;

use crate::error::{Error, Exit};
use crate::ui::Ui;

use super::answer::plain;

mod ask;
mod check;
mod compare;
mod explain;
mod files;
mod named;
mod simulate;

/// Ask what somebody may do in an account, why, and what would change it
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Tell whether a file is a policy that AWS accepts; exit 2 when it is none
    Check(check::CheckArgs),
    /// Tell whether two policies mean the same; exit 2 when they do not
    Compare(compare::CompareArgs),
    /// Tell whether somebody may do something, and which statement decides it
    Simulate(simulate::SimulateArgs),
    /// Tell why somebody may or may not do something, and which statement would allow it
    Explain(explain::ExplainArgs),
}

pub(super) async fn run(ui: &Ui, command: PolicyCommand) -> Result<Exit, Error> {
    match command {
        PolicyCommand::Check(args) => check::run(ui, &args),
        PolicyCommand::Compare(args) => compare::run(ui, &args),
        PolicyCommand::Simulate(args) => simulate::run(ui, &args).await,
        PolicyCommand::Explain(args) => explain::run(ui, &args).await,
    }
}
