//! `iamlab sandbox outbox` and `iamlab sandbox confirm`

use clap::Args;
use serde_json::Value;

use super::{Format, Home, shown, text};
use crate::error::{Error, ErrorKind, Exit};
use crate::sandbox::control::Order;
use crate::ui::Ui;

/// Show what SNS sent
///
/// Nothing leaves the sandbox: messages to e-mail addresses are kept here, the newest last.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  iamlab sandbox outbox")]
pub struct OutboxArgs {
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    home: Home,
}

/// Confirm a subscription, as whoever gets its messages
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  iamlab sandbox confirm auditor@example.com")]
pub struct ConfirmArgs {
    /// The address that was subscribed
    #[arg(value_name = "ENDPOINT")]
    endpoint: String,
    /// Only at this topic
    #[arg(long, value_name = "ARN")]
    topic: Option<String>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    home: Home,
}

pub(super) async fn outbox(ui: &Ui, args: &OutboxArgs) -> Result<Exit, Error> {
    let Home { account, place } = &args.home;
    let answer = place.desk(account)?.ask(Order::Outbox { account: account.clone() }).await?;
    match args.format {
        Format::Json => ui.data(&answer.to_string()),
        Format::Text => {
            let messages = answer.get("messages").and_then(Value::as_array).map(Vec::as_slice);
            let messages = messages.unwrap_or_default();
            for (index, message) in messages.iter().enumerate() {
                if index > 0 {
                    ui.data("");
                }
                ui.data(&letter(message));
            }
            if messages.is_empty() {
                ui.status("nothing was sent");
            }
        }
    }
    Ok(Exit::Ok)
}

/// Writes a message as a mail program would.
fn letter(message: &Value) -> String {
    let mut lines = vec![
        format!("Date: {}", text(message, "time")),
        format!("To: {} ({})", shown(text(message, "endpoint")), text(message, "protocol")),
    ];
    if let Some(subject) = message.get("subject").and_then(Value::as_str) {
        lines.push(format!("Subject: {}", shown(subject)));
    }
    if let Some(publisher) = message.get("publisher").and_then(Value::as_str) {
        lines.push(format!("Published by: {}", shown(publisher)));
    }
    if message.get("delivered").and_then(Value::as_bool) == Some(false) {
        lines.push("Delivered: no".to_owned());
    }
    lines.push(String::new());
    lines.extend(text(message, "message").lines().map(shown));
    lines.join("\n")
}

pub(super) async fn confirm(ui: &Ui, args: &ConfirmArgs) -> Result<Exit, Error> {
    let Home { account, place } = &args.home;
    let (topic, endpoint) = (args.topic.clone(), args.endpoint.clone());
    let order = Order::Confirm { account: account.clone(), topic, endpoint };
    let answer = place.desk(account)?.ask(order).await?;
    let confirmed = answer.get("confirmed").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if confirmed.is_empty() {
        return Err(Error::new(
            ErrorKind::Api,
            format!("no subscription of `{}` waits for it", args.endpoint),
        )
        .hinted("`iamlab sandbox outbox` shows what was sent to whom"));
    }
    match args.format {
        Format::Json => ui.data(&answer.to_string()),
        Format::Text => confirmed.iter().filter_map(Value::as_str).for_each(|arn| ui.data(arn)),
    }
    Ok(Exit::Ok)
}
