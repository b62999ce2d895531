//! `iamlab grade regrade`

use clap::Args;

use crate::error::{Error, Exit};
use crate::ui::Ui;

/// Not built yet
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  iamlab grade regrade")]
pub struct RegradeArgs {}

pub(super) fn run(_ui: &Ui, _args: &RegradeArgs) -> Result<Exit, Error> {
    Err(Error::usage("not built yet"))
}
