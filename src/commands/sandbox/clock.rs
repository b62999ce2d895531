//! `iamlab sandbox clock`

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Format, Place, text};
use crate::cli::SANDBOX_ACCOUNT;
use crate::error::{Error, Exit};
use crate::sandbox::control::{Order, Tick};
use crate::ui::Ui;

/// Show the sandbox's clock, or move it
///
/// Reports grow old, keys expire, schedules fall due: with the clock moved, a lab shows it at once. The clock runs on
/// from where it was set, for all accounts of the folder. MFA codes go by the machine's clock, as telephones do.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab sandbox clock\n  iamlab sandbox clock advance 4h\n  \
                        iamlab sandbox clock set 2027-01-31T06:00:00Z\n  iamlab sandbox clock reset")]
pub struct ClockArgs {
    #[command(subcommand)]
    change: Option<Change>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t, global = true)]
    format: Format,
    #[command(flatten)]
    place: Place,
}

/// What to do with the clock.
#[derive(Debug, Clone, Subcommand)]
enum Change {
    /// Show this time from now on
    #[command(after_help = "Example:\n  iamlab sandbox clock set 2027-01-31T06:00:00Z")]
    Set {
        /// RFC 3339, such as 2027-01-31T06:00:00Z
        #[arg(value_name = "TIME")]
        at: Timestamp,
    },
    /// Go forward by so much, or back
    #[command(after_help = "Example:\n  iamlab sandbox clock advance 90d")]
    Advance {
        /// Such as `4h`, `1d 12h`, `90d`, `-30m`
        #[arg(value_name = "DURATION", value_parser = duration, allow_hyphen_values = true)]
        by: i64,
    },
    /// Show the machine's time again
    #[command(after_help = "Example:\n  iamlab sandbox clock reset")]
    Reset,
}

/// Reads a duration into seconds. A day has 24 hours.
fn duration(text: &str) -> Result<i64, String> {
    let span: jiff::Span = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    let relative = jiff::SpanRelativeTo::days_are_24_hours();
    let length: SignedDuration = span.to_duration(relative).map_err(|error| error.to_string())?;
    Ok(length.as_secs())
}

pub(super) async fn run(ui: &Ui, args: &ClockArgs) -> Result<Exit, Error> {
    let change = args.change.as_ref().map(|change| match *change {
        Change::Set { at } => Tick::Set(at),
        Change::Advance { by } => Tick::Advance(by),
        Change::Reset => Tick::Reset,
    });
    let answer = args.place.desk(SANDBOX_ACCOUNT)?.ask(Order::Clock { change }).await?;
    match args.format {
        Format::Json => ui.data(&answer.to_string()),
        Format::Text => {
            let ahead = answer.get("ahead_seconds").and_then(Value::as_i64).unwrap_or_default();
            let note = match ahead {
                0 => String::new(),
                _ => format!(
                    "  ({:#} {} the machine's clock)",
                    SignedDuration::from_secs(ahead.abs()),
                    side(ahead)
                ),
            };
            ui.data(&format!("{}{note}", text(&answer, "now")));
        }
    }
    Ok(Exit::Ok)
}

const fn side(ahead: i64) -> &'static str {
    if ahead > 0 { "ahead of" } else { "behind" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_seconds() {
        assert_eq!(duration("4h"), Ok(14_400));
        assert_eq!(duration("1d 12h"), Ok(129_600));
        assert_eq!(duration("-30m"), Ok(-1_800));
        assert!(duration("soon").is_err());
    }
}
