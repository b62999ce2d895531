//! One event: the record as text, and what it is looked up by.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use thiserror::Error;

use super::caller;

/// A resource that an event is about, as `LookupEvents` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Resource {
    /// `AWS::IAM::User`.
    #[serde(rename = "ResourceType")]
    pub kind: String,
    /// The name, the id or the ARN.
    #[serde(rename = "ResourceName")]
    pub name: String,
}

/// An event of one account. Its line in the history's file is what `LookupEvents` answers for it, with the record
/// as an object and not as a string, and the region added.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Event {
    /// The event's own id, a UUID.
    #[serde(rename = "EventId")]
    pub id: String,
    /// When it happened, in whole seconds.
    #[serde(rename = "EventTime")]
    pub time: Timestamp,
    /// The name: `CreateUser`, `CreateFunction20150331`.
    #[serde(rename = "EventName")]
    pub name: String,
    /// The service: `iam.amazonaws.com`.
    #[serde(rename = "EventSource")]
    pub source: String,
    /// The region in whose history it is.
    pub region: String,
    /// Whether the call only read.
    pub read_only: bool,
    /// The user, the session or `root`; nothing for other accounts and services.
    #[serde(rename = "Username", default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The access key the request was signed with.
    #[serde(rename = "AccessKeyId", default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What the event is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Resource>,
    /// The record, as JSON text.
    #[serde(rename = "CloudTrailEvent")]
    record: Box<RawValue>,
}

/// Why a line holds no event.
#[derive(Debug, Error)]
#[error("line {line} of the event history is no event")]
pub struct EventError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    #[source]
    pub source: serde_json::Error,
}

impl Event {
    /// Makes the event of a record. Fields that a record always has, and this one lacks, are empty.
    pub(super) fn of(record: &Value, resources: Vec<Resource>) -> Self {
        let text = |at: &str| record.pointer(at).and_then(Value::as_str).map(str::to_owned);
        let needed = |at: &str| text(at).unwrap_or_default();
        Self {
            id: needed("/eventID"),
            time: needed("/eventTime").parse().unwrap_or_default(),
            name: needed("/eventName"),
            source: needed("/eventSource"),
            region: needed("/awsRegion"),
            read_only: record.get("readOnly").and_then(Value::as_bool).unwrap_or_default(),
            user: caller::user_name(record),
            key: text("/userIdentity/accessKeyId").filter(|key| !key.is_empty()),
            resources,
            record: serde_json::value::to_raw_value(record).unwrap_or_default(),
        }
    }

    /// Returns the record, as JSON text.
    pub fn record(&self) -> &str {
        self.record.get()
    }

    /// Writes the event as one line of the history's file, without the line's end.
    pub fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
