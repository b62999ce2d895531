//! A row per event (RFC 4180), no cell a formula.

use ::csv::{QuoteStyle, Terminator, WriterBuilder};

use super::Row;
use crate::report::RenderError;
use crate::report::escape::cell;

const HEADER: [&str; 17] = [
    "time",
    "who",
    "kind",
    "arn",
    "started_by",
    "event",
    "source",
    "region",
    "resources",
    "address",
    "agent",
    "error_code",
    "error_message",
    "mfa_used",
    "read_only",
    "account",
    "event_id",
];

/// Writes events as CSV, the newest first.
///
/// # Errors
///
/// A cell is no text: a fault of this program.
pub fn to_csv(rows: &[Row<'_>]) -> Result<String, RenderError> {
    let mut writer = WriterBuilder::new()
        .quote_style(QuoteStyle::Always)
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(HEADER)?;
    for row in rows {
        writer.write_record(cells(row).iter().map(|text| cell(text).into_owned()))?;
    }
    let bytes = writer.into_inner().map_err(|error| ::csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8(bytes)?)
}

fn cells(row: &Row<'_>) -> [String; 17] {
    let event = row.event;
    let failure = event.failure.as_ref();
    let kind = serde_json::to_value(event.actor.kind).unwrap_or_default();
    [
        event.time.to_string(),
        event.actor.label(),
        kind.as_str().unwrap_or_default().to_owned(),
        event.actor.arn.clone().unwrap_or_default(),
        row.behind(),
        event.name.clone(),
        event.source.clone(),
        event.region.clone(),
        row.resources().join("; "),
        event.address.clone(),
        event.agent.clone(),
        failure.and_then(|failure| failure.code.clone()).unwrap_or_default(),
        failure.and_then(|failure| failure.message.clone()).unwrap_or_default(),
        event.text("/additionalEventData/MFAUsed").unwrap_or_default().to_owned(),
        event.read_only.to_string(),
        event.account.clone(),
        event.id.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::account::event::Event;
    use crate::trail::sessions::Starts;

    #[test]
    fn what_somebody_called_themselves_is_no_formula() {
        let event = Event::of(json!({
            "eventTime": "2026-03-02T09:00:00Z", "eventName": "X", "eventSource": "y",
            "userIdentity": {"type": "IAMUser", "userName": "=cmd|'/C calc'!A0"}, "userAgent": "@SUM(1)\u{1b}[2J",
        }));
        let (event, starts) = (event.unwrap(), Starts::default());
        let text = to_csv(&[Row::new(&event, &starts)]).unwrap();
        assert!(text.contains("\"'=cmd|'/C calc'!A0\"") && text.contains("\"'@SUM(1)\\u{1b}[2J\""), "{text}");
        assert_eq!(text.lines().count(), 2);
    }
}
