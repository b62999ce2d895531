//! `iamlab sandbox faults`

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{Format, Home, text};
use crate::error::{Error, Exit};
use crate::sandbox::control::{Order, Trouble};
use crate::ui::Ui;

/// Have calls throttled, failing, slow, or not known everywhere yet
///
/// A rule names calls and what becomes of them. What happens is repeatable: the n-th call that a rule matches always
/// meets the same fate.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab sandbox faults add \"iam:Create* throttle 0.3 seed 7\"\n  \
                        iamlab sandbox faults add \"lambda:* latency 250ms\"\n  \
                        iamlab sandbox faults add \"iam:* error ServiceFailure first 2\"\n  \
                        iamlab sandbox faults add \"* eventual roles 10s\"\n  \
                        iamlab sandbox faults\n  iamlab sandbox faults clear")]
pub struct FaultsArgs {
    #[command(subcommand)]
    change: Option<Change>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t, global = true)]
    format: Format,
    #[command(flatten)]
    home: Home,
}

/// What to do with the rules.
#[derive(Debug, Subcommand)]
enum Change {
    /// Add a rule behind the others
    #[command(after_help = "Examples:\n  iamlab sandbox faults add \"iam:Create* throttle 0.3 seed 7\"\n  \
                            iamlab sandbox faults add \"* eventual roles 10s\"\n\nThe words of a rule are in docs/sandbox.md.")]
    Add {
        /// The calls, the effect, how often
        #[arg(value_name = "RULE")]
        rule: String,
    },
    /// Show the rules
    #[command(after_help = "Example:\n  iamlab sandbox faults list --format json")]
    List,
    /// Remove all rules
    #[command(after_help = "Example:\n  iamlab sandbox faults clear")]
    Clear,
}

pub(super) async fn run(ui: &Ui, args: FaultsArgs) -> Result<Exit, Error> {
    let Home { account, place } = args.home;
    let change = match args.change {
        Some(Change::Add { rule }) => Some(Trouble::Add(rule)),
        Some(Change::Clear) => Some(Trouble::Clear),
        Some(Change::List) | None => None,
    };
    let answer = place.desk(&account)?.ask(Order::Faults { account, change }).await?;
    match args.format {
        Format::Json => ui.data(&answer.to_string()),
        Format::Text => {
            let rules = answer.get("rules").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            for rule in rules {
                ui.data(text(rule, "rule"));
            }
            if rules.is_empty() {
                ui.status("no faults are asked for");
            }
        }
    }
    Ok(Exit::Ok)
}
