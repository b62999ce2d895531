//! `iamlab grade`

use std::path::Path;

use clap::Subcommand;

use crate::error::{Error, Exit};
use crate::grade::rubric::Rubric;
use crate::report::escape::plain;
use crate::source::Diagnostic;
use crate::ui::Ui;

mod access;
mod class;
mod collect;
mod dry_run;
mod gradebooks;
mod own;
mod regrade;
mod run;
mod self_check;
#[cfg(feature = "sandbox")]
mod selftest;
mod summary;

/// Mark a class by a rubric: fair, explained, repeatable
#[derive(Debug, Subcommand)]
pub enum GradeCommand {
    /// Mark every student of a roster; exit 4 while somebody is pending
    Run(Box<run::RunArgs>),
    /// Check one's own account by the rubric, as a student: what is missing, and the next step
    #[command(name = "self")]
    SelfCheck(Box<self_check::SelfArgs>),
    /// Mark a class again from its evidence; no account is contacted
    Regrade(Box<regrade::RegradeArgs>),
    /// Write one's own evidence to a file, for a class without live access
    Collect(collect::CollectArgs),
    /// Mutate the reference lab and see that the rubric catches every mutation
    #[cfg(feature = "sandbox")]
    Selftest(selftest::SelftestArgs),
    /// Make read-only access for every student: external id, template, link
    Access(access::AccessArgs),
}

pub(super) async fn run(ui: &Ui, command: GradeCommand) -> Result<Exit, Error> {
    match command {
        GradeCommand::Run(args) => run::run(ui, &args).await,
        GradeCommand::SelfCheck(args) => self_check::run(ui, &args).await,
        GradeCommand::Regrade(args) => regrade::run(ui, &args).await,
        GradeCommand::Collect(args) => collect::run(ui, &args).await,
        #[cfg(feature = "sandbox")]
        GradeCommand::Selftest(args) => selftest::run(ui, &args).await,
        GradeCommand::Access(args) => access::run(ui, &args),
    }
}

/// Returns the error of a file that cannot be read at all: there are no mistakes in it to show.
fn unreadable(found: &[Diagnostic]) -> Option<Error> {
    match found {
        [one] if one.id == "unreadable-file" => Some(Error::input(plain(&one.message))),
        _ => None,
    }
}

/// Reads a rubric; its mistakes are shown with their places.
fn rubric(ui: &Ui, path: &Path) -> Result<Rubric, Error> {
    Rubric::load(path).map_err(|found| {
        if let Some(error) = unreadable(&found) {
            return error.hinted("name a folder that holds `rubric.yaml`, or a YAML file");
        }
        ui.diagnostics(&found);
        Error::input(format!("the rubric `{}` has mistakes", path.display()))
            .hinted("`iamlab schema rubric` prints its form for editors")
    })
}
