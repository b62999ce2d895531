//! `iamlab audit collect`

use std::path::{Path, PathBuf};

use clap::Args;

use crate::account::file::SnapshotFile;
use crate::account::packing::Packing;
use crate::account::part::Part;
use crate::cli::TargetArgs;
use crate::commands::output::write;
use crate::commands::picture;
use crate::error::{Error, ErrorKind, Exit};
use crate::ui::Ui;

/// Write everything an audit reads to a file, to be audited elsewhere or later
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab audit collect -o account.json.zst\n  \
    iamlab audit collect --profile prod -o prod.json.gz\n  \
    iamlab audit run --snapshot prod.json.gz\n\n\
    The file holds no secret. Its digest finds damage and careless edits; it is no signature.\n\
    Exit codes: 0 all was read, 4 the file is written and something could not be read")]
pub struct CollectArgs {
    /// The file; packed when its name ends in `.gz` or `.zst`; `-` for stdout
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn run(ui: &Ui, args: &CollectArgs) -> Result<Exit, Error> {
    let taken = picture::live(ui, &args.target, &Part::ALL.into()).await?;
    let api_calls = taken.calls.unwrap_or_default();
    let file = SnapshotFile { snapshot: taken.snapshot, target: taken.target.into(), api_calls };
    let text = file.to_json().map_err(|error| {
        Error::new(ErrorKind::Internal, "the snapshot cannot be written as JSON").caused_by(error)
    })?;
    if args.output == Path::new("-") {
        ui.data(String::from_utf8_lossy(&text).trim_end());
    } else {
        let packed = Packing::named(&args.output).pack(text);
        let packed = packed.map_err(|error| {
            Error::new(ErrorKind::Internal, "the snapshot cannot be packed").caused_by(error)
        })?;
        write(&args.output, &packed)?;
        let requests = api_calls.read + api_calls.write;
        let account = &file.snapshot.account;
        ui.status(&format!("account {account} is in `{}` ({requests} requests)", args.output.display()));
    }
    let unread = Part::ALL.into_iter().filter_map(|part| Some((part, part.unread(&file.snapshot)?)));
    let mut exit = Exit::Ok;
    for (part, why) in unread {
        exit = Exit::Unseen;
        ui.warn(&format!("{} could not be read: {why}", part.name()));
    }
    Ok(exit)
}
