//! `iamlab sandbox run-due`

use clap::Args;
use jiff::Timestamp;
use serde_json::Value;

use super::{Format, Home, shown, text};
use crate::account::bare_name;
use crate::error::{Error, Exit};
use crate::sandbox::control::Order;
use crate::ui::Ui;

/// Fire the schedules that are due
///
/// Rules of EventBridge fire in the order of time up to the moment given, and invoke their targets. The sandbox's clock
/// goes there with them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab sandbox run-due --at 2027-01-31T06:00:00Z\n  \
                        iamlab sandbox run-due          what has fallen due meanwhile\n\n\
                        Exits with 2 when a target could not be reached or its function failed.")]
pub struct RunDueArgs {
    /// Until when [default: the sandbox's present time]
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    home: Home,
}

pub(super) async fn run(ui: &Ui, args: &RunDueArgs) -> Result<Exit, Error> {
    let Home { account, place } = &args.home;
    let order = Order::RunDue { account: account.clone(), at: args.at };
    let answer = place.desk(account)?.ask(order).await?;
    let ran = answer.get("ran").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    match args.format {
        Format::Json => ui.data(&answer.to_string()),
        Format::Text => {
            for one in ran {
                let (rule, target) = (bare_name(text(one, "rule")), bare_name(text(one, "target")));
                let detail = text(one, "detail");
                let outcome = match text(one, "outcome") {
                    "done" => format!("{target} done {detail}"),
                    "function_failed" => format!("{target} failed: {detail}"),
                    "not_reached" => format!("{target} not reached: {detail}"),
                    _ => "no target".to_owned(),
                };
                ui.data(&format!("{} {rule}: {}", text(one, "at"), shown(outcome.trim_end())));
            }
            if ran.is_empty() {
                ui.status("no schedule is due");
            }
            if answer.get("complete").and_then(Value::as_bool) == Some(false) {
                ui.warn("more is due: run the command again");
            }
        }
    }
    let failed = |one: &Value| ["function_failed", "not_reached"].contains(&text(one, "outcome"));
    Ok(if ran.iter().any(failed) { Exit::Differs } else { Exit::Ok })
}
