//! `iamlab completions`

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::error::Exit;
use crate::ui::Ui;

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  iamlab completions zsh > ~/.zfunc/_iamlab")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(ui: &Ui, args: &CompletionsArgs) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "iamlab", &mut script);
    ui.data(String::from_utf8_lossy(&script).trim_end());
    Exit::Ok
}
