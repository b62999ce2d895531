//! Where the picture of the account comes from: the account, a file collected from it, or a credential report.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::offline;
use crate::account::calls::ApiCalls;
use crate::account::part::Part;
use crate::account::snapshot::Snapshot;
use crate::aws::Aws;
use crate::aws::collect::{Collected, Scope, collect};
use crate::aws::connect::{Target, connect, region};
use crate::cli::TargetArgs;
use crate::clock::{Clock, seconds};
use crate::error::Error;
use crate::scenario::model::DEFAULT_REGION;
use crate::ui::Ui;

/// What is looked at.
#[derive(Debug, Clone, Args)]
pub(super) struct PictureArgs {
    /// Look at a file of `iamlab audit collect`; no account is contacted
    #[arg(long, value_name = "FILE", conflicts_with = "credential_report", help_heading = "Offline")]
    snapshot: Option<PathBuf>,
    /// Look at a credential report that somebody downloaded; no account is contacted
    #[arg(long, value_name = "FILE", help_heading = "Offline")]
    credential_report: Option<PathBuf>,
    #[command(flatten)]
    target: TargetArgs,
}

/// A picture, and how it was taken.
#[derive(Debug)]
pub(super) struct Picture {
    /// What is known of the account.
    pub(super) snapshot: Snapshot,
    /// `sandbox`, `aws` or `file`.
    pub(super) target: &'static str,
    /// Requests it took; `None` for a file.
    pub(super) calls: Option<ApiCalls>,
    /// The account, when one was contacted.
    pub(super) aws: Option<Aws>,
}

impl Picture {
    /// Returns the time by which ages are counted unless another is asked for: when the account was read, and not
    /// before its credential report was made.
    pub(super) fn as_of(&self) -> Timestamp {
        let taken = seconds(self.snapshot.taken_at);
        let report = self.snapshot.credential_report.read().and_then(|report| report.generated);
        report.map_or(taken, |generated| taken.max(generated))
    }
}

impl PictureArgs {
    /// Returns which account is meant, when it is one.
    pub(super) const fn target(&self) -> &TargetArgs {
        &self.target
    }

    /// Tells whether it is a downloaded credential report.
    pub(super) const fn is_report(&self) -> bool {
        self.credential_report.is_some()
    }

    /// Tells whether no account is contacted.
    pub(super) const fn is_offline(&self) -> bool {
        self.snapshot.is_some() || self.credential_report.is_some()
    }
}

/// Reads what `parts` names, of the account or of a file.
pub(super) async fn take(ui: &Ui, args: &PictureArgs, parts: &BTreeSet<Part>) -> Result<Picture, Error> {
    let snapshot = match (&args.snapshot, &args.credential_report) {
        (Some(path), _) => offline::snapshot(path)?.snapshot,
        (None, Some(path)) => offline::credential_report(path, &Clock::System)?,
        (None, None) => return live(ui, &args.target, parts).await,
    };
    offline::pinned(&args.target, &snapshot.account)?;
    Ok(Picture { snapshot, target: "file", calls: None, aws: None })
}

/// Finds out which account and which region are meant; nobody is contacted.
pub(super) async fn meant(args: &TargetArgs) -> Result<(Target, String), Error> {
    let target = args.target()?;
    let region = region(&target, args.region.as_deref(), DEFAULT_REGION).await;
    Ok((target, region))
}

/// Connects to the account that is meant; also returns the target's name.
pub(super) async fn connected(args: &TargetArgs) -> Result<(Aws, &'static str), Error> {
    let (target, region) = meant(args).await?;
    Ok((connect(&target, &region, Clock::System).await?, target.name()))
}

/// Reads what `parts` names of the account.
pub(super) async fn live(ui: &Ui, args: &TargetArgs, parts: &BTreeSet<Part>) -> Result<Picture, Error> {
    let (aws, target) = connected(args).await?;
    ui.begin_progress(1);
    ui.progress_message("reading the account");
    let collected = collected(&aws, &Scope::audit(parts.iter().copied())).await;
    ui.end_progress();
    Ok(Picture { snapshot: collected.snapshot, target, calls: Some(aws.meter.calls()), aws: Some(aws) })
}

/// Reads what `scope` names, at a time by the clock of who answers: the sandbox's may have been moved, and the
/// machine's may be wrong.
pub(super) async fn collected(aws: &Aws, scope: &Scope) -> Collected {
    let now = aws.meter.date();
    let mut collected = collect(aws, scope).await;
    if let Some(now) = now {
        collected.snapshot.taken_at = now;
    }
    collected
}
