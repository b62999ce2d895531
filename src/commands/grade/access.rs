//! `iamlab grade access`

use clap::Args;

use crate::error::{Error, Exit};
use crate::ui::Ui;

/// Not built yet
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  iamlab grade access")]
pub struct AccessArgs {}

pub(super) fn run(_ui: &Ui, _args: &AccessArgs) -> Result<Exit, Error> {
    Err(Error::usage("not built yet"))
}
