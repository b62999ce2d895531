//! The commands, one file each: parse, call the library, render.

use clap::Subcommand;
use serde::Serialize;

use crate::error::{Error, ErrorKind, Exit};
use crate::ui::Ui;

mod answer;
mod audit;
mod completions;
mod grade;
mod offline;
mod output;
mod picture;
mod policy;
mod provision;
#[cfg(feature = "sandbox")]
mod sandbox;
mod schema;
mod trail;

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Bring a scenario up in an account, watch it, take it away
    #[command(
        subcommand,
        after_help = "Examples:\n  iamlab provision up scenarios/iam-auditing\n  \
                      iamlab provision status scenarios/iam-auditing\n  \
                      iamlab provision down scenarios/iam-auditing"
    )]
    Provision(provision::Provision),
    /// Judge an account by the CIS benchmark and by good practice
    #[command(
        subcommand,
        after_help = "Examples:\n  iamlab audit run\n  \
                      iamlab audit run --credential-report status_reports.csv\n  \
                      iamlab audit access-review --format html -o review.html"
    )]
    Audit(audit::AuditCommand),
    /// Ask what somebody may do in an account, why, and what would change it
    #[command(
        subcommand,
        after_help = "Examples:\n  iamlab policy simulate --as User3 iam:GetCredentialReport\n  \
                      iamlab policy explain --as User3 iam:AddUserToGroup group/IAM-Auditor-Group"
    )]
    Policy(policy::PolicyCommand),
    /// Ask the event history who did what, and when
    #[command(
        subcommand,
        after_help = "Examples:\n  iamlab trail last-root-login\n  \
                      iamlab trail history --errors --since 7d\n  \
                      iamlab trail who created user/User2"
    )]
    Trail(Box<trail::TrailCommand>),
    /// Mark a class by a rubric: fair, explained, repeatable
    #[command(
        subcommand,
        after_help = "Examples:\n  iamlab grade self scenarios/iam-auditing\n  \
                      iamlab grade run scenarios/iam-auditing --roster roster.csv -o marks\n  \
                      iamlab grade regrade scenarios/iam-auditing --evidence marks -o again"
    )]
    Grade(grade::GradeCommand),
    /// Look after the embedded accounts
    #[cfg(feature = "sandbox")]
    #[command(
        subcommand,
        after_help = "Examples:\n  iamlab sandbox serve\n  iamlab sandbox list\n  iamlab sandbox reset --account 123456789012"
    )]
    Sandbox(sandbox::SandboxCommand),
    /// Print the JSON Schema of a file format, for editors
    Schema(schema::SchemaArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
}

/// Writes a document for programs.
fn to_text<T: Serialize>(document: &T) -> Result<String, Error> {
    serde_json::to_string_pretty(document).map_err(|error| {
        Error::new(ErrorKind::Internal, "the result cannot be written as JSON").caused_by(error)
    })
}

/// Asks before a real account is touched. `undone` is what a no comes to.
fn go_on(ui: &Ui, undone: &str) -> Result<(), Error> {
    match ui.confirm("Go on?") {
        Some(true) => Ok(()),
        Some(false) => Err(Error::new(ErrorKind::Interrupted, undone)),
        None => Err(Error::usage("there is no terminal to ask for a yes").hinted("say it with `--yes`")),
    }
}

/// Runs a command.
pub async fn run(ui: &Ui, command: Command) -> Result<Exit, Error> {
    match command {
        Command::Provision(command) => provision::run(ui, command).await,
        Command::Audit(command) => audit::run(ui, command).await,
        Command::Policy(command) => policy::run(ui, command).await,
        Command::Trail(command) => trail::run(ui, *command).await,
        Command::Grade(command) => grade::run(ui, command).await,
        #[cfg(feature = "sandbox")]
        Command::Sandbox(command) => sandbox::run(ui, command).await,
        Command::Schema(args) => Ok(schema::run(ui, &args)),
        Command::Completions(args) => Ok(completions::run(ui, &args)),
    }
}
