//! `iamlab grade selftest`

use clap::Args;

use crate::error::{Error, Exit};
use crate::ui::Ui;

/// Not built yet
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  iamlab grade selftest")]
pub struct SelftestArgs {}

pub(super) async fn run(_ui: &Ui, _args: &SelftestArgs) -> Result<Exit, Error> {
    Err(Error::usage("not built yet"))
}
