//! `iamlab audit`

use clap::Subcommand;

use crate::error::{Error, Exit};
use crate::ui::Ui;

mod access_review;

/// Look at an account: who may do what
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Tell who may do what, by which group and policy, and who could give themselves more
    AccessReview(access_review::AccessReviewArgs),
}

pub(super) async fn run(ui: &Ui, command: Audit) -> Result<Exit, Error> {
    match command {
        Audit::AccessReview(args) => access_review::run(ui, &args).await,
    }
}
