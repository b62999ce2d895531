//! `iamlab sandbox logs`

use clap::Args;
use serde_json::Value;

use super::{Format, Home, shown, text};
use crate::error::{Error, Exit};
use crate::sandbox::control::Order;
use crate::ui::Ui;

/// Show what the functions wrote
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab sandbox logs\n  iamlab sandbox logs iam-auditor --format json")]
pub struct LogsArgs {
    /// The function; all of them when none is named
    #[arg(value_name = "FUNCTION")]
    function: Option<String>,
    /// The region
    #[arg(long, value_name = "NAME", default_value = "us-east-1")]
    region: String,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    home: Home,
}

pub(super) async fn run(ui: &Ui, args: &LogsArgs) -> Result<Exit, Error> {
    let Home { account, place } = &args.home;
    let (account, region, function) = (account.clone(), args.region.clone(), args.function.clone());
    let answer = place.desk(&account)?.ask(Order::Logs { account, region, function }).await?;
    match args.format {
        Format::Json => ui.data(&answer.to_string()),
        Format::Text => {
            let events =
                answer.get("events").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            for event in events {
                ui.data(&format!("{} {}", text(event, "time"), shown(text(event, "text"))));
            }
            if events.is_empty() {
                ui.status("nothing was written");
            }
        }
    }
    Ok(Exit::Ok)
}
