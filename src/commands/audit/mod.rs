//! `iamlab audit`

use clap::Subcommand;

use crate::audit::benchmark::{self, Benchmark};
use crate::error::{Error, ErrorKind, Exit};
use crate::ui::Ui;

mod access_review;
mod collect;
mod controls;
mod explain;
mod invoke;
mod run;
mod users;

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
    /// Read the credential report for people: one block per user, what is wrong, what to do
    Users(Box<users::UsersArgs>),
    /// Run the scenario's function as its schedule would, and show its report
    Invoke(invoke::InvokeArgs),
    /// Explain a control: what looks at it, why it matters, how to mend it, its numbers elsewhere
    Explain(explain::ExplainArgs),
}

pub(super) async fn run(ui: &Ui, command: AuditCommand) -> Result<Exit, Error> {
    match command {
        AuditCommand::Run(args) => run::run(ui, &args).await,
        AuditCommand::Collect(args) => collect::run(ui, &args).await,
        AuditCommand::Controls(args) => controls::run(ui, &args),
        AuditCommand::AccessReview(args) => access_review::run(ui, &args).await,
        AuditCommand::Users(args) => users::run(ui, &args).await,
        AuditCommand::Invoke(args) => invoke::run(ui, &args).await,
        AuditCommand::Explain(args) => explain::run(ui, &args),
    }
}

/// Returns the benchmarks that are named, each once; the default one when none is.
fn benchmarks(named: &[&'static Benchmark]) -> Result<Vec<&'static Benchmark>, Error> {
    let mut chosen: Vec<&'static Benchmark> = Vec::new();
    for benchmark in named {
        if !chosen.iter().any(|one| one.id == benchmark.id) {
            chosen.push(benchmark);
        }
    }
    if chosen.is_empty() {
        chosen.extend(benchmark::find(benchmark::DEFAULT));
    }
    if chosen.is_empty() {
        return Err(Error::new(ErrorKind::Internal, "the default benchmark is missing"));
    }
    Ok(chosen)
}

/// Reads the id of a benchmark.
fn known_benchmark(id: &str) -> Result<&'static Benchmark, String> {
    benchmark::find(id).ok_or_else(|| {
        let ids = benchmark::all().iter().map(|benchmark| benchmark.id.as_str());
        format!("there is no such benchmark; known are {}", ids.collect::<Vec<_>>().join(", "))
    })
}
