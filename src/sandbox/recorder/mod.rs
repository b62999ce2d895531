//! The recorder: from one finished call to the `CloudTrail` events it leaves, and the history that keeps them.
//!
//! ```text
//! Finished (who, what, input, output) ─► record ─► Delivery (account, Event) ─► Log of that account ─► LookupEvents
//! ```
//!
//! An [`Event`] is a record in `CloudTrail`'s own shape, as text, with the few fields that are looked up by.
//! Nothing secret gets into it: see `parameters`. The record's fields are described at
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.

mod caller;
mod event;
mod history;
mod names;
mod parameters;
mod resources;
mod response;
mod sign_in;
#[cfg(test)]
mod tests;

use awsim_core::AwsError;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub use caller::{Caller, Session};
pub use event::{Event, EventError, Resource};
pub(crate) use history::oldest;
pub use history::{History, Log, RETENTION};
pub use sign_in::{Door, SignIn, Visitor, console_login, mfa_check};

use super::services::wire;

/// The version of the record format written here, the one the reference described in 2026.
const VERSION: &str = "1.11";

/// What `CloudTrail` writes in the place of text it does not want to keep.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// The most of an `errorMessage` that is kept, in bytes.
const LONGEST_MESSAGE: usize = 1024;

/// One call that was answered. A request whose sender was not recognised (unknown key, bad signature, expired
/// token) is none: it belongs to no account.
#[derive(Debug)]
pub struct Finished<'a> {
    /// The service as requests are signed for it: `iam`, `sts`, `lambda`, `tagging`.
    pub service: &'a str,
    /// The operation as the API spells it.
    pub operation: &'a str,
    /// The account of the caller.
    pub account: &'a str,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: &'a str,
    /// The region the request was signed for.
    pub region: &'a str,
    /// Who called.
    pub caller: Caller<'a>,
    /// Where the request came from: an address, or the name of an AWS service.
    pub source: &'a str,
    /// The `User-Agent` of the request.
    pub agent: &'a str,
    /// The input as handlers get it.
    pub input: &'a Value,
    /// The output as handlers give it, or the error.
    pub outcome: Result<&'a Value, &'a AwsError>,
    /// When the call was finished.
    pub at: Timestamp,
    /// The request's id, as the answer has it.
    pub request_id: &'a str,
}

/// An event and the account whose history it belongs to.
#[derive(Debug)]
pub struct Delivery {
    /// The 12 digits of the account.
    pub account: String,
    /// The event.
    pub event: Event,
}

/// Tells whether a call leaves an event. The history holds management events only, and `Publish` and `Invoke` are
/// data events
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html>).
pub fn is_recorded(service: &str, operation: &str) -> bool {
    !names::is_data_event(service, operation)
}

/// Makes the events of a call: none for a data event or one whose credentials were refused, one for most, two when a
/// role of another account was assumed.
///
/// That second event goes to the owner of the role and shares `sharedEventID` with the caller's. Only a role that
/// *was* assumed has an owner who is told: "Because you own the IAM role, you receive a log that shows the other
/// account assumed the role"
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>). Of a
/// denied attempt AWS promises an event in the caller's account only, so there is one.
pub fn record(finished: &Finished<'_>) -> Vec<Delivery> {
    let is_stranger = finished.outcome.is_err_and(|error| names::is_stranger(&error.code));
    if is_stranger || !is_recorded(finished.service, finished.operation) {
        return Vec::new();
    }
    let own = |shared: Option<&str>| Delivery {
        account: finished.account.to_owned(),
        event: Event::of(&body(finished, finished.account, shared), resources::of(finished)),
    };
    match owner_told(finished) {
        Some(owner) => {
            let shared = wire::uuid();
            let theirs = Event::of(&body(finished, owner, Some(&shared)), resources::of(finished));
            vec![own(Some(&shared)), Delivery { account: owner.to_owned(), event: theirs }]
        }
        None => vec![own(None)],
    }
}

/// Returns the other account whose role was assumed by this call.
fn owner_told<'a>(finished: &Finished<'a>) -> Option<&'a str> {
    let assumed = finished.service == "sts" && finished.operation == "AssumeRole" && finished.outcome.is_ok();
    let role = finished.input.get("RoleArn").and_then(Value::as_str).filter(|_| assumed)?;
    role.split(':').nth(4).filter(|owner| *owner != finished.account && !owner.is_empty())
}

/// Writes the record that `recipient` gets.
fn body(finished: &Finished<'_>, recipient: &str, shared: Option<&str>) -> Value {
    let is_reading = names::is_read_only(finished.operation);
    let failure = finished.outcome.err();
    let mut record = Map::new();
    let mut put = |key: &str, value: Value| drop(record.insert(key.to_owned(), value));
    put("eventVersion", json!(VERSION));
    put("userIdentity", caller::identity(finished, recipient));
    put("eventTime", json!(seconds(finished.at)));
    put("eventSource", json!(names::source(finished.service)));
    put("eventName", json!(names::event(finished.service, finished.operation)));
    put("awsRegion", json!(names::region(finished.service, finished.region, finished.partition)));
    put("sourceIPAddress", json!(finished.source));
    put("userAgent", json!(finished.agent));
    if let Some(error) = failure {
        put("errorCode", json!(names::error(finished.service, &error.code)));
        put("errorMessage", json!(cut(&error.message, LONGEST_MESSAGE)));
    }
    put("requestParameters", parameters::of(finished.service, finished.operation, finished.input));
    let shown =
        finished.outcome.ok().filter(|_| !is_reading || names::issues_credentials(finished.operation));
    put("responseElements", shown.map_or(Value::Null, |output| response::of(finished.service, output)));
    put("requestID", json!(finished.request_id));
    put("eventID", json!(wire::uuid()));
    put("readOnly", json!(is_reading));
    if let Some(role) = resources::assumed(finished) {
        put("resources", role);
    }
    put("eventType", json!("AwsApiCall"));
    put("managementEvent", json!(true));
    put("recipientAccountId", json!(recipient));
    if let Some(shared) = shared {
        put("sharedEventID", json!(shared));
    }
    put("eventCategory", json!("Management"));
    if finished.caller.session.as_ref().is_some_and(|session| session.from_console) {
        // A string, as AWS writes it.
        put("sessionCredentialFromConsole", json!("true"));
    }
    Value::Object(record)
}

/// Writes a moment as records have it: UTC, whole seconds.
fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Cuts a text to at most `most` bytes, between characters.
fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}
