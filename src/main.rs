//! The `iamlab` program: parse, run, exit.

use clap::Parser as _;
use iamlab::cli::Cli;
use iamlab::error::{Error, ErrorKind, Exit};
use iamlab::ui::Ui;
use iamlab::{commands, log};

fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are what was asked for; everything else is a usage error. clap writes to the right
            // stream and colours as the terminal allows; if that stream is gone, there is nobody to tell.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Ok };
        }
    };
    let ui = Ui::new(cli.color);
    log::start(cli.verbose);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(commands::run(&ui, cli.command)),
        Err(error) => Err(Error::new(ErrorKind::Internal, "the runtime cannot be started").caused_by(error)),
    };
    let result = match ui.unwritten() {
        Some(error) => Err(Error::input("the output cannot be written to stdout").caused_by(error)),
        None => result,
    };
    result.unwrap_or_else(|error| {
        ui.end_progress();
        ui.error(&error);
        error.exit()
    })
}
