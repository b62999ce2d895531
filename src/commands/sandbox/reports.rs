//! `iamlab sandbox reports`

use clap::{Args, builder::PossibleValuesParser};
use serde_json::Value;

use super::{Format, Home};
use crate::error::{Error, Exit};
use crate::sandbox::control::Order;
use crate::ui::Ui;

/// Choose how credential reports are made
///
/// Reports of ordinary accounts have 22 columns; the IAM user guide lists a 23rd, `additional_credentials_info`. Making a
/// report takes AWS some seconds in which `GetCredentialReport` answers `ReportInProgress`; the sandbox makes it at
/// once, unless told otherwise.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  iamlab sandbox reports --columns 23\n  iamlab sandbox reports --seconds 5"
)]
pub struct ReportsArgs {
    /// How many columns
    #[arg(long, value_name = "N", value_parser = PossibleValuesParser::new(["22", "23"]))]
    columns: Option<String>,
    /// How long a report takes to make
    #[arg(long, value_name = "N")]
    seconds: Option<u32>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    home: Home,
}

pub(super) async fn run(ui: &Ui, args: &ReportsArgs) -> Result<Exit, Error> {
    let Home { account, place } = &args.home;
    let order = Order::Reports {
        account: account.clone(),
        additional_column: args.columns.as_ref().map(|columns| columns == "23"),
        preparation: args.seconds,
    };
    let answer = place.desk(account)?.ask(order).await?;
    match args.format {
        Format::Json => ui.data(&answer.to_string()),
        Format::Text => {
            let number = |key: &str| answer.get(key).and_then(Value::as_u64).unwrap_or_default();
            let (columns, seconds) = (number("columns"), number("preparation_seconds"));
            ui.data(&format!("credential reports have {columns} columns and take {seconds} s to make"));
        }
    }
    Ok(Exit::Ok)
}
