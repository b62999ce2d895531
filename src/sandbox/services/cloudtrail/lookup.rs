//! `LookupEvents`: what is asked for, and the page of events that answers it.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>

use awsim_core::AwsError;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::token::Place;
use crate::sandbox::recorder::{Event, History, oldest};
use crate::sandbox::services::wire;

/// The input as it is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Input {
    lookup_attributes: Option<Vec<Attribute>>,
    start_time: Option<Value>,
    end_time: Option<Value>,
    event_category: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// One attribute and the value it must have.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Attribute {
    attribute_key: String,
    attribute_value: String,
}

/// A request that was understood.
#[derive(Debug)]
pub(super) struct Lookup<'a> {
    region: &'a str,
    from: Timestamp,
    to: Timestamp,
    attribute: Option<Attribute>,
    /// Whether Insights events are asked for, of which there are none.
    insights: bool,
    size: usize,
    after: Option<Place>,
    /// The parameters that a token is bound to.
    parameters: String,
}

/// The attributes that events are looked up by.
const ATTRIBUTES: [&str; 8] = [
    "EventId",
    "EventName",
    "ReadOnly",
    "Username",
    "ResourceType",
    "ResourceName",
    "EventSource",
    "AccessKeyId",
];

impl<'a> Lookup<'a> {
    /// Checks the input of a request that was made in `region` at `now`.
    pub(super) fn new(input: Input, region: &'a str, now: Timestamp) -> Result<Self, AwsError> {
        let mut attributes = input.lookup_attributes.unwrap_or_default();
        if attributes.len() > 1 {
            return Err(invalid("InvalidLookupAttributes", "You can specify only one lookup attribute."));
        }
        let attribute = attributes.pop();
        if let Some(attribute) = &attribute {
            let (key, value) = (attribute.attribute_key.as_str(), attribute.attribute_value.as_str());
            let is_flag = key != "ReadOnly" || matches!(value, "true" | "false");
            if !ATTRIBUTES.contains(&key) || !(1..=2000).contains(&value.len()) || !is_flag {
                let message = format!("The lookup attribute {key} with the value {value} is not valid.");
                return Err(invalid("InvalidLookupAttributes", message));
            }
        }
        let size = input.max_results.unwrap_or(50);
        let size = usize::try_from(size).ok().filter(|size| (1..=50).contains(size)).ok_or_else(|| {
            invalid("InvalidMaxResults", "The maximum number of results must be between 1 and 50.")
        })?;
        let insights = match input.event_category.as_deref() {
            None => false,
            Some("insight") => true,
            Some(other) => {
                let message = format!("The event category {other} is not valid.");
                return Err(invalid("InvalidEventCategory", message));
            }
        };
        let moment = |given: Option<&Value>| given.map(moment).transpose();
        let (start, end) = (moment(input.start_time.as_ref())?, moment(input.end_time.as_ref())?);
        if let (Some(start), Some(end)) = (start, end)
            && start > end
        {
            return Err(invalid("InvalidTimeRange", "The start time must be before the end time."));
        }
        let parameters = json!([
            region,
            attribute.as_ref().map(|it| (&it.attribute_key, &it.attribute_value)),
            input.start_time,
            input.end_time,
            insights
        ])
        .to_string();
        let after = input.next_token.as_deref().map(|token| {
            Place::of(token, &parameters)
                .ok_or_else(|| invalid("InvalidNextToken", "Invalid token specified in LookupEventsRequest."))
        });
        let oldest = oldest(now);
        Ok(Self {
            region,
            from: start.map_or(oldest, |start| start.max(oldest)),
            to: end.unwrap_or(Timestamp::MAX),
            attribute,
            insights,
            size,
            after: after.transpose()?,
            parameters,
        })
    }

    /// Returns the page of the newest events that fit.
    pub(super) fn answer(&self, history: &History) -> Value {
        if self.insights {
            return json!({"Events": []});
        }
        let to = self.after.as_ref().map_or(self.to, |place| place.time.min(self.to));
        // Of the events of that second, those up to the last page's last one were shown before.
        let mut shown_before = self.after.as_ref();
        let found = history.newest_first(self.from, to).skip_while(|event| match shown_before {
            Some(place) if place.time == event.time => {
                shown_before = Some(place).filter(|place| place.id != event.id);
                true
            }
            _ => false,
        });
        let mut found = found.filter(|event| event.region == self.region && self.fits(event)).peekable();
        let page: Vec<_> = found.by_ref().take(self.size).collect();
        let last = page.last().filter(|_| found.peek().is_some());
        let next = last.map(|event| Place { time: event.time, id: event.id.clone() }.token(&self.parameters));
        let shown: Vec<Value> = page.iter().map(|event| shown(event)).collect();
        wire::with_next(json!({"Events": shown}), "NextToken", next)
    }

    /// Tells whether an event has the attribute that is asked for.
    fn fits(&self, event: &Event) -> bool {
        let Some(attribute) = &self.attribute else { return true };
        let wanted = attribute.attribute_value.as_str();
        match attribute.attribute_key.as_str() {
            "EventId" => event.id == wanted,
            "EventName" => event.name == wanted,
            "ReadOnly" => (wanted == "true") == event.read_only,
            "Username" => event.user.as_deref() == Some(wanted),
            "ResourceType" => event.resources.iter().any(|resource| resource.kind == wanted),
            "ResourceName" => event.resources.iter().any(|resource| resource.name == wanted),
            "EventSource" => event.source == wanted,
            "AccessKeyId" => event.key.as_deref() == Some(wanted),
            _ => false,
        }
    }
}

/// Writes an event as the answer has it.
fn shown(event: &Event) -> Value {
    let mut shown = json!({
        "EventId": event.id,
        "EventName": event.name,
        "ReadOnly": event.read_only.to_string(),
        "EventTime": event.time.as_second(),
        "EventSource": event.source,
        "Resources": event.resources,
        "CloudTrailEvent": event.record(),
    });
    for (key, value) in [("AccessKeyId", &event.key), ("Username", &event.user)] {
        if let Some(value) = value {
            wire::set(&mut shown, key, value.clone());
        }
    }
    shown
}

/// Reads a moment: seconds since 1970, with a fraction.
fn moment(given: &Value) -> Result<Timestamp, AwsError> {
    let seconds = given.as_f64().filter(|seconds| seconds.abs() < 1e11);
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of some thousand years fit")]
    let at = seconds.and_then(|seconds| Timestamp::from_millisecond((seconds * 1e3).round() as i64).ok());
    at.ok_or_else(|| invalid("InvalidTimeRange", "The time is not valid."))
}

/// An error of this operation.
fn invalid(code: &str, message: impl Into<String>) -> AwsError {
    AwsError::bad_request(format!("{code}Exception"), message)
}
