//! `iamlab audit`

use clap::Subcommand;

use crate::error::{Error, Exit};
use crate::ui::Ui;

mod access_review;
mod collect;
mod controls;
mod explain;
mod offline;
mod output;
mod picture;
mod run;

/// Judge an account by the CIS benchmark and by good practice
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Audit an account, or a file that was collected from one; exit 2 when something fails
    Run(Box<run::RunArgs>),
    /// Write everything an audit reads to a file, to be audited elsewhere or later
    Collect(collect::CollectArgs),
    /// List the controls of a benchmark, or of several side by side
    Controls(controls::ControlsArgs),
    /// Tell who may do what, by which group and policy, and who could give themselves more
    AccessReview(access_review::AccessReviewArgs),
    /// Explain a control: what looks at it, why it matters, how to mend it, its numbers elsewhere
    Explain(explain::ExplainArgs),
}

pub(super) async fn run(ui: &Ui, command: AuditCommand) -> Result<Exit, Error> {
    match command {
        AuditCommand::Run(args) => run::run(ui, &args).await,
        AuditCommand::Collect(args) => collect::run(ui, &args).await,
        AuditCommand::Controls(args) => controls::run(ui, &args),
        AuditCommand::AccessReview(args) => access_review::run(ui, &args).await,
        AuditCommand::Explain(args) => explain::run(ui, &args),
    }
}
