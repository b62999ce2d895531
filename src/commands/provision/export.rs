//! `iamlab provision export`

use std::path::PathBuf;

use clap::Args;

use crate::cli::TargetArgs;
use crate::commands::picture::connected;
use crate::error::{Error, Exit};
use crate::provision::export::{Wanted, export};
use crate::ui::Ui;

/// Write a scenario from what is in an account
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab provision export > scenario.yaml\n  \
                        iamlab provision export --profile lab -o copies/lab\n  \
                        iamlab provision export --name User1 --name role.Auditor --scenario two-things\n\n\
                        Left out, and named in a comment: what AWS made for its own services, what belongs to a stack,\n\
                        and what no scenario can say. The exported scenario has the name of the one that everything in it\n\
                        belongs to, so that its plan is empty; when there is none, `up --adopt` takes everything over.")]
pub struct ExportArgs {
    /// Only what has this name, or this kind and name, as `user.User1`; repeatable
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
    /// Write `scenario.yaml`, `policies/` and `functions/` to this new folder, not to stdout
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// Name of the scenario [default: the one everything belongs to, or `exported`]
    #[arg(long, value_name = "NAME", value_parser = scenario_name)]
    scenario: Option<String>,
    #[command(flatten)]
    target: TargetArgs,
}

fn scenario_name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=40).contains(&text.len()) && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("use 1 to 40 of `a-z`, `0-9` and `-`".to_owned())
    }
}

pub(super) async fn run(ui: &Ui, args: &ExportArgs) -> Result<Exit, Error> {
    let (aws, _) = connected(&args.target).await?;
    let wanted =
        Wanted { names: &args.names, name: args.scenario.as_deref(), folder: args.output.as_deref() };
    let exported = export(&aws, &wanted).await?;
    match &args.output {
        Some(folder) => ui.status(&format!("The scenario is in `{}`.", folder.display())),
        None => ui.data(exported.text.trim_end()),
    }
    for remark in &exported.remarks {
        ui.warn(remark);
    }
    Ok(Exit::Ok)
}
