//! `iamlab sandbox list` and `iamlab sandbox reset`

use clap::Args;
use serde_json::{Value, json};

use super::{Format, Home, Place, text};
use crate::error::{Error, Exit};
use crate::sandbox::Sandbox;
use crate::sandbox::control::Order;
use crate::sandbox::control::desk::Desk;
use crate::ui::Ui;

/// List the accounts of a sandbox folder
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  iamlab sandbox list --format json")]
pub struct ListArgs {
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    place: Place,
}

/// Throw an account away
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  iamlab sandbox reset --account 123456789012")]
pub struct ResetArgs {
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    home: Home,
}

pub(super) fn list(ui: &Ui, args: &ListArgs) -> Result<Exit, Error> {
    // What is on disk can be listed without opening it, whoever uses it.
    let accounts = Sandbox::accounts(&args.place.sandbox_dir)?;
    match args.format {
        Format::Json => ui.data(&json!({"format_version": 1, "accounts": accounts}).to_string()),
        Format::Text => accounts.iter().for_each(|account| ui.data(account)),
    }
    Ok(Exit::Ok)
}

pub(super) async fn reset(ui: &Ui, args: &ResetArgs) -> Result<Exit, Error> {
    let Home { account, place } = &args.home;
    let answer = if let Some(desk) = Desk::served(&place.sandbox_dir)? {
        desk.ask(Order::Reset { account: account.clone() }).await?
    } else {
        // Not opened: what is damaged must go, too.
        let removed = Sandbox::reset(&place.sandbox_dir, account)?;
        json!({"format_version": 1, "account": account, "removed": removed})
    };
    match args.format {
        Format::Json => ui.data(&answer.to_string()),
        Format::Text if answer.get("removed").and_then(Value::as_bool) == Some(true) => {
            ui.data(&format!("account {} is gone", text(&answer, "account")));
        }
        Format::Text => ui.data(&format!("there was no account {}", text(&answer, "account"))),
    }
    Ok(Exit::Ok)
}
