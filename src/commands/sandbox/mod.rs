//! `iamlab sandbox`, one file per command.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use crate::cli::SANDBOX_ACCOUNT;
use crate::clock::Clock;
use crate::env;
use crate::error::{Error, Exit};
use crate::sandbox::Options;
use crate::sandbox::control::desk::Desk;
use crate::ui::Ui;

mod accounts;
mod class;
mod clock;
mod faults;
mod logs;
mod mail;
mod reports;
mod run_due;
mod serve;
pub(super) mod sign_in;

/// Look after the embedded accounts
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Serve the accounts over HTTP on this machine, for the AWS CLI, boto3, Terraform
    Serve(serve::ServeArgs),
    /// Sign in to the console as a user, and act as that user
    SignIn(sign_in::SignInArgs),
    /// List the accounts of a sandbox folder
    List(accounts::ListArgs),
    /// Throw an account away
    Reset(accounts::ResetArgs),
    /// Make a class of accounts to practise grading on, with an answer key
    Class(class::ClassArgs),
    /// Show the sandbox's clock, or move it
    Clock(clock::ClockArgs),
    /// Fire the schedules that are due
    RunDue(run_due::RunDueArgs),
    /// Show what SNS sent
    Outbox(mail::OutboxArgs),
    /// Confirm a subscription, as whoever gets its messages
    Confirm(mail::ConfirmArgs),
    /// Show what the functions wrote
    Logs(logs::LogsArgs),
    /// Choose how credential reports are made
    Reports(reports::ReportsArgs),
    /// Have calls throttled, failing, slow, or not known everywhere yet
    Faults(faults::FaultsArgs),
}

/// Where the accounts are.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Account")]
struct Place {
    /// Where the sandbox keeps its accounts
    #[arg(long, value_name = "DIR", env = env::SANDBOX_DIR, default_value = ".iamlab/sandbox")]
    sandbox_dir: PathBuf,
}

/// Where the accounts are, and which one is meant.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Account")]
struct Home {
    /// Which account
    #[arg(long, value_name = "ID", env = env::ACCOUNT, default_value = SANDBOX_ACCOUNT)]
    account: String,
    #[command(flatten)]
    place: Place,
}

/// Form of the output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people and shells.
    #[default]
    Text,
    /// For programs; versioned.
    Json,
}

impl Place {
    /// Says what to open: the folder, with `account` in front.
    fn options(&self, account: &str) -> Options {
        Options { dir: Some(self.sandbox_dir.clone()), account: account.to_owned(), clock: Clock::System }
    }

    /// Finds who takes orders for the folder: the process that serves it, or this one.
    fn desk(&self, account: &str) -> Result<Desk, Error> {
        Desk::find(self.options(account))
    }
}

/// Returns the text at `key` of an answer.
fn text<'a>(answer: &'a Value, key: &str) -> &'a str {
    answer.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Text that somebody else wrote, without what would steer the terminal.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

pub(super) async fn run(ui: &Ui, command: SandboxCommand) -> Result<Exit, Error> {
    match command {
        SandboxCommand::Serve(args) => serve::run(ui, args).await,
        SandboxCommand::SignIn(args) => sign_in::run(ui, args).await,
        SandboxCommand::List(args) => accounts::list(ui, &args),
        SandboxCommand::Reset(args) => accounts::reset(ui, &args).await,
        SandboxCommand::Class(args) => class::run(ui, &args).await,
        SandboxCommand::Clock(args) => clock::run(ui, &args).await,
        SandboxCommand::RunDue(args) => run_due::run(ui, &args).await,
        SandboxCommand::Outbox(args) => mail::outbox(ui, &args).await,
        SandboxCommand::Confirm(args) => mail::confirm(ui, &args).await,
        SandboxCommand::Logs(args) => logs::run(ui, &args).await,
        SandboxCommand::Reports(args) => reports::run(ui, &args).await,
        SandboxCommand::Faults(args) => faults::run(ui, args).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_cannot_steer_the_terminal() {
        assert_eq!(shown("a\u{1b}[2Jb\tc"), "a\u{fffd}[2Jb\tc");
    }
}
