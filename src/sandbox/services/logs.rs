//! `CloudWatch` Logs, to read: what the account's functions printed. Nothing else writes there, and a function only as
//! far as its execution role may.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/>. Every invocation has a stream of its own.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use awsim_core::{AwsError, Protocol, RequestContext, ServiceHandler};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::regional::Regional;
use super::wire;
use crate::sandbox::runtime::LogEvent;

/// How many bytes of text a group keeps; the oldest streams go first.
const KEPT: usize = 1 << 20;
/// How many streams a group keeps.
const STREAMS: usize = 500;

/// The `CloudWatch` Logs service of one account.
pub(crate) struct Logs {
    account: String,
    state: Regional<Region>,
    /// What was recorded since it was last saved.
    unsaved: Mutex<Vec<Record>>,
}

/// A stream and where it belongs.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    region: String,
    group: String,
    /// None: the group alone was made.
    stream: Option<Stream>,
}

/// The log groups of a region, by name.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Region {
    groups: BTreeMap<String, Group>,
}

/// The streams of a group, oldest first.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Group {
    streams: Vec<Stream>,
}

/// What one invocation wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Stream {
    name: String,
    /// When it was made, in milliseconds.
    #[serde(default)]
    made: i64,
    events: Vec<LogEvent>,
}

impl Stream {
    /// Returns how many bytes its lines have.
    fn size(&self) -> usize {
        self.events.iter().map(|event| event.text.len() + event.request_id.len()).sum()
    }

    /// Returns the times of its first and last line, in milliseconds.
    fn span(&self) -> (i64, i64) {
        let at = |event: Option<&LogEvent>| event.map_or(self.made, |event| event.time.as_millisecond());
        (at(self.events.first()), at(self.events.last()))
    }
}

impl Logs {
    /// Makes the service without any group.
    pub(crate) fn new(account: &str) -> Self {
        Self { account: account.to_owned(), state: Regional::default(), unsaved: Mutex::default() }
    }

    /// Writes what a function printed, as far as `may` allows its execution role an action on a resource: making the
    /// group unless it is there, making the stream, putting events into it. A function that may not do a part of it
    /// runs all the same, and what it printed is lost. Lets go of the oldest streams that do not fit any more.
    ///
    /// Sources: "Sending Lambda function logs to `CloudWatch` Logs" in the Lambda developer guide; "Access to
    /// `CloudWatch` Logs" in the Lambda operator guide; the ARNs are those of AWS's own denials.
    pub(super) fn write(
        &self,
        region: &str,
        group: &str,
        stream: &str,
        events: Vec<LogEvent>,
        may: impl Fn(&str, &str) -> bool,
    ) {
        let arn = self.arn(region, group);
        let is_there = self.state.read(region, |region| region.groups.contains_key(group));
        if !is_there && !may("logs:CreateLogGroup", &format!("{arn}:log-stream:")) {
            return;
        }
        let stream_arn = format!("{arn}:log-stream:{stream}");
        let made = events.first().map_or(0, |event| event.time.as_millisecond());
        let stream = may("logs:CreateLogStream", &stream_arn).then(|| {
            let events = if may("logs:PutLogEvents", &stream_arn) { events } else { Vec::new() };
            Stream { name: stream.to_owned(), made, events }
        });
        if is_there && stream.is_none() {
            return;
        }
        let record = Record { region: region.to_owned(), group: group.to_owned(), stream };
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner).push(record.clone());
        self.add(record);
    }

    /// Adds a group and a stream, unless they are there.
    fn add(&self, Record { region, group, stream }: Record) {
        self.state.write(&region, |region| {
            let streams = &mut region.groups.entry(group).or_default().streams;
            let Some(stream) = stream else { return };
            if streams.iter().any(|known| known.name == stream.name) {
                return;
            }
            streams.push(stream);
            let mut room = KEPT;
            let fits = |stream: &&Stream| {
                let left = room.checked_sub(stream.size());
                room = left.unwrap_or(0);
                left.is_some()
            };
            let kept = streams.iter().rev().take(STREAMS).take_while(fits).count().max(1);
            streams.drain(..streams.len() - kept);
        });
    }

    /// Returns the lines of a group, oldest first.
    pub(crate) fn events(&self, region: &str, group: &str) -> Vec<LogEvent> {
        self.state.read(region, |region| {
            let streams = region.groups.get(group).into_iter().flat_map(|group| &group.streams);
            streams.flat_map(|stream| stream.events.iter().cloned()).collect()
        })
    }

    /// Returns the ARN of a group.
    fn arn(&self, region: &str, group: &str) -> String {
        format!("arn:aws:logs:{region}:{}:log-group:{group}", self.account)
    }

    /// Lets `look` read the group the request names, by name or ARN.
    fn read<R>(
        &self,
        ctx: &RequestContext,
        input: &Value,
        look: impl FnOnce(&str, &Group) -> Result<R, AwsError>,
    ) -> Result<R, AwsError> {
        let name =
            named(input).ok_or_else(|| invalid("Either logGroupName or logGroupIdentifier is required"))?;
        self.state.read(&ctx.region, |region| {
            let group = region.groups.get(name).ok_or_else(|| missing("group"))?;
            look(name, group)
        })
    }

    /// Answers `DescribeLogGroups`.
    fn groups(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let prefix = input["logGroupNamePrefix"].as_str().unwrap_or_default();
        let pattern = input["logGroupNamePattern"].as_str().unwrap_or_default();
        let all: Vec<(String, Value)> = self.state.read(&ctx.region, |region| {
            let wanted = region.groups.iter();
            let wanted = wanted.filter(|(name, _)| name.starts_with(prefix) && name.contains(pattern));
            let shown = wanted.map(|(name, group)| {
                let arn = self.arn(&ctx.region, name);
                let shown = json!({
                    "logGroupName": name,
                    "arn": format!("{arn}:*"),
                    "logGroupArn": arn,
                    "creationTime": group.streams.first().map_or(0, |stream| stream.span().0),
                    "metricFilterCount": 0,
                    "storedBytes": group.streams.iter().map(Stream::size).sum::<usize>(),
                    "logGroupClass": "STANDARD",
                });
                (name.clone(), shown)
            });
            shown.collect()
        });
        limited(all, input, 50, "logGroups")
    }

    /// Answers `DescribeLogStreams`.
    fn streams(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let prefix = input["logStreamNamePrefix"].as_str().unwrap_or_default();
        let by_time = input["orderBy"] == "LastEventTime";
        if by_time && !prefix.is_empty() {
            return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
        }
        let mut all = self.read(ctx, input, |group, found| {
            let wanted = found.streams.iter().filter(|stream| stream.name.starts_with(prefix));
            let shown = wanted.map(|stream| {
                let (first, last) = stream.span();
                let shown = json!({
                    "logStreamName": stream.name,
                    "creationTime": first,
                    "firstEventTimestamp": first,
                    "lastEventTimestamp": last,
                    "lastIngestionTime": last,
                    "uploadSequenceToken": "",
                    "arn": format!("{}:log-stream:{}", self.arn(&ctx.region, group), stream.name),
                    "storedBytes": 0,
                });
                (if by_time { format!("{last:020}{}", stream.name) } else { stream.name.clone() }, shown)
            });
            Ok(shown.collect::<Vec<_>>())
        })?;
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        if input["descending"] == true {
            // The pages are cut in the order of the keys.
            for (at, (key, _)) in all.iter_mut().rev().enumerate() {
                *key = format!("{at:020}");
            }
            all.reverse();
        }
        limited(all, input, 50, "logStreams")
    }

    /// Answers `GetLogEvents`: the last lines of a stream, or the first with `startFromHead`.
    fn stream_events(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let wanted = input["logStreamName"].as_str().unwrap_or_default();
        self.read(ctx, input, |_, group| {
            let stream = group.streams.iter().find(|stream| stream.name == wanted);
            let events = &stream.ok_or_else(|| missing("stream"))?.events;
            let shown: Vec<(usize, Value)> = events
                .iter()
                .enumerate()
                .filter(|(_, event)| in_time(input, event))
                .map(|(at, event)| {
                    let time = event.time.as_millisecond();
                    (at, json!({"timestamp": time, "message": event.text, "ingestionTime": time}))
                })
                .collect();
            let limit = limit(input, 10_000);
            // A token says where the last answer ended: `f/` forwards from there, `b/` backwards.
            let token = input["nextToken"].as_str();
            let place =
                |direction| token.and_then(|token| token.strip_prefix(direction)?.parse::<usize>().ok());
            let range = if let Some(from) = place("f/") {
                from..shown.len().min(from.saturating_add(limit))
            } else if let Some(to) = place("b/") {
                to.saturating_sub(limit)..to
            } else if token.is_some() {
                return Err(invalid("The specified nextToken is invalid."));
            } else if input["startFromHead"] == true {
                0..shown.len().min(limit)
            } else {
                shown.len().saturating_sub(limit)..shown.len()
            };
            let (from, to) = (range.start.min(shown.len()), range.end.min(shown.len()));
            let page = shown.get(from..to).unwrap_or_default().iter().map(|(_, event)| event);
            Ok(json!({
                "events": page.collect::<Vec<_>>(),
                "nextForwardToken": format!("f/{to}"),
                "nextBackwardToken": format!("b/{from}"),
            }))
        })
    }

    /// Answers `FilterLogEvents`: the lines of a group that hold every word of the pattern.
    fn filtered(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let pattern = input["filterPattern"].as_str().unwrap_or_default().trim();
        if pattern.starts_with(['{', '[', '%']) {
            return Err(invalid("the sandbox filters by words and quoted texts only"));
        }
        let words = words(pattern);
        let prefix = input["logStreamNamePrefix"].as_str().unwrap_or_default();
        let chosen = input["logStreamNames"].as_array();
        let all = self.read(ctx, input, |_, group| {
            let mut all = Vec::new();
            for stream in &group.streams {
                let named = chosen.is_none_or(|chosen| chosen.iter().any(|name| *name == stream.name));
                if !named || !stream.name.starts_with(prefix) {
                    continue;
                }
                for event in &stream.events {
                    let has = |word: &String| match word.strip_prefix('-') {
                        Some(unwanted) => !event.text.contains(unwanted),
                        None => event.text.contains(word.as_str()),
                    };
                    if in_time(input, event) && words.iter().all(has) {
                        let (at, time) = (all.len(), event.time.as_millisecond());
                        let shown = json!({
                            "logStreamName": stream.name,
                            "timestamp": time,
                            "message": event.text,
                            "ingestionTime": time,
                            "eventId": format!("{time:020}{at:036}"),
                        });
                        all.push((format!("{at:020}"), shown));
                    }
                }
            }
            Ok(all)
        })?;
        let mut answer = limited(all, input, 10_000, "events")?;
        wire::set(&mut answer, "searchedLogStreams", json!([]));
        Ok(answer)
    }
}

/// What it answers.
const OPERATIONS: &[&str] = &["DescribeLogGroups", "DescribeLogStreams", "GetLogEvents", "FilterLogEvents"];

#[async_trait]
impl ServiceHandler for Logs {
    fn service_name(&self) -> &'static str {
        "logs"
    }

    fn protocol(&self) -> Protocol {
        Protocol::AwsJson1_1
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        match operation {
            "DescribeLogGroups" => self.groups(ctx, &input),
            "DescribeLogStreams" => self.streams(ctx, &input),
            "GetLogEvents" => self.stream_events(ctx, &input),
            "FilterLogEvents" => self.filtered(ctx, &input),
            _ => Err(super::unsupported("logs", operation)),
        }
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        self.state.snapshot()
    }

    fn restore(&self, data: &[u8]) -> Result<(), String> {
        self.state.restore(data)
    }
}

impl super::Service for Logs {
    fn take_change(&self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        let unsaved = std::mem::take(&mut *self.unsaved.lock().unwrap_or_else(PoisonError::into_inner));
        (!unsaved.is_empty()).then(|| to_raw_value(&unsaved)).transpose()
    }

    fn apply_change(&self, change: &RawValue) -> Result<(), String> {
        let records: Vec<Record> = serde_json::from_str(change.get()).map_err(|error| error.to_string())?;
        for record in records {
            self.add(record);
        }
        Ok(())
    }

    fn operations(&self) -> Vec<&'static str> {
        OPERATIONS.to_vec()
    }

    /// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html>
    fn needs(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<super::Need> {
        let name = match operation {
            "DescribeLogGroups" => input["logGroupNamePrefix"].as_str(),
            _ => named(input),
        };
        let group = self.arn(&ctx.region, name.unwrap_or_default());
        let resource = match (operation, input["logStreamName"].as_str()) {
            ("GetLogEvents", Some(stream)) => format!("{group}:log-stream:{stream}"),
            _ => format!("{group}:*"),
        };
        vec![super::Need::new(format!("logs:{operation}"), resource)]
    }
}

/// Returns the name of the group that a request is about, which it tells by name or ARN.
fn named(input: &Value) -> Option<&str> {
    let name = input["logGroupName"].as_str().or_else(|| input["logGroupIdentifier"].as_str())?;
    Some(name.split_once(":log-group:").map_or(name, |(_, name)| name.trim_end_matches(":*")))
}

/// Splits a pattern into words; a quoted text is one. A `-` before it means that it must not be there.
fn words(pattern: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = pattern.trim_start();
    while !rest.is_empty() {
        let (sign, tail) = rest.strip_prefix('-').map_or(("", rest), |tail| ("-", tail));
        let (word, tail) = match tail.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => tail.split_once(char::is_whitespace).unwrap_or((tail, "")),
        };
        words.push(format!("{sign}{word}"));
        rest = tail.trim_start();
    }
    words
}

/// Tells whether an event is between `startTime` and `endTime`, in milliseconds.
fn in_time(input: &Value, event: &LogEvent) -> bool {
    let time = event.time.as_millisecond();
    input["startTime"].as_i64().is_none_or(|start| time >= start)
        && input["endTime"].as_i64().is_none_or(|end| time <= end)
}

/// Returns `limit`, at most `most`.
fn limit(input: &Value, most: usize) -> usize {
    let given = input["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    given.unwrap_or(most).clamp(1, most)
}

/// Cuts the page that `limit` and `nextToken` ask for.
fn limited(all: Vec<(String, Value)>, input: &Value, most: usize, name: &str) -> Result<Value, AwsError> {
    let token = input["nextToken"].as_str();
    let wrong = || invalid("The specified nextToken is invalid.");
    let (page, next) = wire::page(all, limit(input, most), token, |(key, _)| key.clone(), wrong)?;
    let page: Vec<Value> = page.into_iter().map(|(_, shown)| shown).collect();
    let mut answer = json!({});
    wire::set(&mut answer, name, page);
    Ok(wire::with_next(answer, "nextToken", next))
}

/// The error of a request that makes no sense.
fn invalid(message: &str) -> AwsError {
    AwsError::bad_request("InvalidParameterException", message)
}

/// The error for a group or stream that does not exist.
fn missing(what: &str) -> AwsError {
    let message = format!("The specified log {what} does not exist.");
    AwsError::service_not_found("ResourceNotFoundException", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::services::Service as _;

    fn event(text: &str) -> LogEvent {
        LogEvent { time: "2026-03-02T09:00:00Z".parse().unwrap(), request_id: "r".into(), text: text.into() }
    }

    fn ask(logs: &Logs, operation: &str, input: Value) -> Result<Value, AwsError> {
        let ctx = RequestContext::new("logs", "us-east-1");
        futures::executor::block_on(logs.handle(operation, input, &ctx))
    }

    fn record(logs: &Logs, stream: &str, events: Vec<LogEvent>) {
        logs.write("us-east-1", "g", stream, events, |_, _| true);
    }

    #[test]
    fn what_the_role_may_not_write_is_lost() {
        let arn = "arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:";
        let written = |logs: &Logs, stream: &str, allowed: &[&str]| {
            logs.write("us-east-1", "g", stream, vec![event("line")], |action, resource| {
                let on =
                    if action == "logs:CreateLogGroup" { arn.to_owned() } else { format!("{arn}{stream}") };
                assert_eq!(resource, on);
                allowed.contains(&action)
            });
            let streams = ask(logs, "DescribeLogStreams", json!({"logGroupName": "g"}));
            let count = |streams: Value| streams["logStreams"].as_array().unwrap().len();
            (streams.ok().map(count), logs.events("us-east-1", "g").len())
        };
        let (group, stream, put) = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents");
        let logs = Logs::new("123456789012");
        assert_eq!(written(&logs, "1", &[stream, put]), (None, 0), "the group is not there yet");
        assert!(logs.take_change().unwrap().is_none());
        assert_eq!(written(&logs, "2", &[group, put]), (Some(0), 0));
        assert_eq!(written(&logs, "3", &[stream]), (Some(1), 0));
        assert_eq!(written(&logs, "4", &[put]), (Some(1), 0));
        assert_eq!(written(&logs, "5", &[stream, put]), (Some(2), 1));
        let (change, again) = (logs.take_change().unwrap().unwrap(), Logs::new("123456789012"));
        again.apply_change(&change).unwrap();
        assert_eq!(again.snapshot(), logs.snapshot());
    }

    #[test]
    fn the_permission_is_of_the_group_that_is_read() {
        let logs = Logs::new("123456789012");
        let ctx = RequestContext::new("logs", "us-east-1");
        let needs = |operation: &str, input: Value| logs.needs(operation, &input, &ctx);
        let arn = "arn:aws:logs:us-east-1:123456789012:log-group:g";
        for group in ["g".to_owned(), arn.to_owned(), format!("{arn}:*")] {
            for key in ["logGroupName", "logGroupIdentifier"] {
                let asked = needs("FilterLogEvents", json!({ key: group }));
                assert_eq!(
                    asked,
                    [crate::sandbox::services::Need::new("logs:FilterLogEvents", format!("{arn}:*"))]
                );
                let asked = needs("GetLogEvents", json!({ key: group, "logStreamName": "s" }));
                let stream = format!("{arn}:log-stream:s");
                assert_eq!(asked, [crate::sandbox::services::Need::new("logs:GetLogEvents", stream)]);
            }
        }
        // A list of groups takes no group's name.
        let all = needs("DescribeLogGroups", json!({}));
        assert_eq!(needs("DescribeLogGroups", json!({"logGroupName": "g"})), all);
    }

    #[test]
    fn a_group_keeps_its_newest_megabyte() {
        let logs = Logs::new("123456789012");
        for number in 0..5 {
            record(&logs, &number.to_string(), vec![event(&"x".repeat(KEPT / 2 - 10))]);
        }
        let streams = ask(&logs, "DescribeLogStreams", json!({"logGroupName": "g"})).unwrap();
        let names = streams["logStreams"].as_array().unwrap().iter().map(|it| it["logStreamName"].clone());
        assert_eq!(names.collect::<Vec<_>>(), ["3", "4"]);
        record(&logs, "huge", vec![event(&"x".repeat(2 * KEPT))]);
        assert_eq!(logs.events("us-east-1", "g").len(), 1);

        let (change, again) = (logs.take_change().unwrap().unwrap(), Logs::new("123456789012"));
        assert!(logs.take_change().unwrap().is_none());
        for _ in 0..2 {
            again.apply_change(&change).unwrap();
        }
        assert_eq!(again.snapshot(), logs.snapshot());
    }

    #[test]
    fn lines_are_found_by_words_and_read_from_both_ends() {
        let logs = Logs::new("123456789012");
        record(&logs, "s", vec![event("START 1"), event("an error"), event("END 1")]);
        let found = |pattern: &str| {
            let answer =
                ask(&logs, "FilterLogEvents", json!({"logGroupName": "g", "filterPattern": pattern}));
            answer.unwrap()["events"].as_array().unwrap().len()
        };
        assert_eq!((found(""), found("error"), found("\"an error\""), found("1 -END")), (3, 1, 1, 1));
        let read = |input: Value| {
            let mut all = json!({"logGroupName": "g", "logStreamName": "s", "limit": 2});
            all.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
            ask(&logs, "GetLogEvents", all).unwrap()
        };
        let last = read(json!({}));
        assert_eq!(last["events"][1]["message"], "END 1");
        let before = read(json!({"nextToken": last["nextBackwardToken"]}));
        assert_eq!(before["events"].as_array().unwrap().len(), 1);
        // The token of an end repeats: so the CLI knows that it is there.
        let after = read(json!({"nextToken": last["nextForwardToken"]}));
        assert_eq!(after["nextForwardToken"], last["nextForwardToken"]);
        let none = ask(&logs, "GetLogEvents", json!({"logGroupName": "none", "logStreamName": "s"}));
        assert_eq!(none.unwrap_err().message, "The specified log group does not exist.");
    }
}
