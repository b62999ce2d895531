//! [`Lookup`]: `LookupEvents`, page by page, within AWS's limit.
//!
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>: the newest events
//! first, 50 a page, one attribute a request.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::Duration;

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::config::Region;
use aws_sdk_cloudtrail::operation::lookup_events::LookupEventsOutput;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_types::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::collector::Collector;
use super::filter::Attribute;
use super::pacer::Pacer;
use super::place::Window;
use super::sessions::Starts;
use crate::account::event::{Event, Mention, type_kind};
use crate::aws::Aws;
use crate::aws::error::{ApiError, ErrorClass};

const OPERATION: &str = "cloudtrail:LookupEvents";

/// The largest record that is read, in bytes: CloudTrail cuts what is above 256 KB.
pub(super) const LARGEST: usize = 1 << 20;

/// How long somebody else's requests are given way to, when AWS says that there are too many, one wait after the other.
const PATIENCE: [Duration; 4] =
    [Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(10), Duration::from_secs(20)];

/// The most sessions whose start is looked for.
const MOST_SESSIONS: usize = 100;

/// The most events that are looked at for the start of one session, whatever the bound for the others.
const MOST_FOR_SESSION: u64 = 2_000;

/// How far the start of a session may be from the time its credentials tell.
const NEAR: SignedDuration = SignedDuration::from_secs(5);

/// What has been done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Events that were looked at.
    pub looked: u64,
    /// Those of them that could not be read.
    pub undecodable: u64,
    /// The time of the last one.
    pub reached: Option<Timestamp>,
    /// Lookups that only looked for the start of a session.
    pub for_sessions: u32,
}

/// Why a walk through the history ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// There were no more events.
    End,
    /// Whoever looked had seen enough.
    Enough,
    /// So many events were to be looked at and no more.
    Bound,
}

/// The event history of an account, in as many regions as are asked for.
pub struct Lookup<'a> {
    aws: &'a Aws,
    regions: BTreeMap<String, (Client, Pacer)>,
    bound: u64,
    stats: Stats,
    /// What is looked at for the start of a session says nothing about how far the search itself got.
    aside: Option<Stats>,
    tell: &'a (dyn Fn(&Stats) + Send + Sync),
}

impl std::fmt::Debug for Lookup<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lookup").field("stats", &self.stats).finish_non_exhaustive()
    }
}

impl<'a> Lookup<'a> {
    /// Looks at no more than `bound` events in all (0: as many as there are), and tells after every page how far it got.
    pub fn new(aws: &'a Aws, bound: u64, tell: &'a (dyn Fn(&Stats) + Send + Sync)) -> Self {
        let bound = if bound == 0 { u64::MAX } else { bound };
        Self { aws, regions: BTreeMap::new(), bound, stats: Stats::default(), aside: None, tell }
    }

    /// Returns what has been done so far.
    pub const fn stats(&self) -> Stats {
        self.stats
    }

    /// Returns what the event history holds now, by the clock of who answers.
    pub fn whole(&self) -> Window {
        Window::of_history(self.aws.now())
    }

    /// Collects the events that fit: of each region, by each attribute (by none: all). Stops where older ones would find
    /// no room.
    ///
    /// # Errors
    ///
    /// The history could not be read; what was found before is in `into`.
    pub async fn gather(
        &mut self,
        regions: &[String],
        attributes: &[Attribute],
        window: Window,
        into: &mut Collector,
    ) -> Result<Stop, ApiError> {
        let each: Vec<Option<&Attribute>> =
            if attributes.is_empty() { vec![None] } else { attributes.iter().map(Some).collect() };
        let mut end = Stop::End;
        for region in regions {
            for attribute in &each {
                match self.walk(region, *attribute, window, &mut |event| into.see_older(event)).await? {
                    Stop::End => {}
                    Stop::Enough => end = Stop::Enough,
                    Stop::Bound => return Ok(Stop::Bound),
                }
            }
        }
        Ok(end)
    }

    /// Looks for the starts of the sessions behind what was found that are not known yet. Returns of how many sessions not
    /// all was looked at that may be the start.
    ///
    /// # Errors
    ///
    /// The history could not be read.
    pub async fn find_starts(
        &mut self,
        regions: &[String],
        found: &mut Collector,
    ) -> Result<usize, ApiError> {
        let mut asked = BTreeSet::new();
        let mut cut = 0;
        loop {
            let (mut lost, mut newest) = (BTreeSet::new(), None);
            for event in found.all() {
                let Some(actor) = found.starts.behind(&event.actor).lost else { continue };
                if let Some(key) = actor.session_key().filter(|key| !asked.contains(*key)) {
                    lost.insert(key.to_owned());
                    newest.get_or_insert((key.to_owned(), actor.since));
                }
            }
            let Some((key, since)) = newest else { return Ok(cut) };
            if asked.len() >= MOST_SESSIONS {
                return Ok(cut + lost.len());
            }
            let is_whole = self.find_start(regions, &key, since, &mut found.starts).await?;
            cut += usize::from(!is_whole);
            asked.insert(key);
        }
    }

    /// Looks for the start of one session: by the key it was given, which AWS lists as a resource of `AssumeRole`; if
    /// it does not, among all that assumed a role at that time. Tells whether it was found, or all was looked at.
    async fn find_start(
        &mut self,
        regions: &[String],
        key: &str,
        since: Option<Timestamp>,
        starts: &mut Starts,
    ) -> Result<bool, ApiError> {
        let mut is_whole = true;
        let mut ways = vec![(Attribute::ResourceName(key.to_owned()), self.whole())];
        if let Some(at) = since {
            let from = at.saturating_sub(NEAR).unwrap_or(at);
            let to = at.saturating_add(NEAR).unwrap_or(at);
            ways.push((Attribute::EventName("AssumeRole".to_owned()), Window { from, to }));
        }
        for (attribute, window) in ways {
            for region in regions {
                let mut visit = |event: Event| {
                    starts.see(&event);
                    let is_it = event.issued_key() == Some(key);
                    if is_it { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                };
                self.aside = Some(Stats::default());
                let ended = self.walk(region, Some(&attribute), window, &mut visit).await;
                self.aside = None;
                self.stats.for_sessions += 1;
                match ended? {
                    Stop::Enough => return Ok(true),
                    Stop::Bound => is_whole = false,
                    Stop::End => {}
                }
            }
        }
        Ok(is_whole)
    }

    /// Shows `visit` the events of a region, the newest first, until it has seen enough.
    ///
    /// # Errors
    ///
    /// The history could not be read.
    pub async fn walk(
        &mut self,
        region: &str,
        attribute: Option<&Attribute>,
        window: Window,
        visit: &mut (dyn FnMut(Event) -> ControlFlow<()> + Send),
    ) -> Result<Stop, ApiError> {
        let mut next = None;
        loop {
            let page = self.page(region, attribute, window, next).await?;
            for shown in page.events.unwrap_or_default() {
                let (stats, bound) = match &mut self.aside {
                    Some(aside) => (aside, MOST_FOR_SESSION),
                    None => (&mut self.stats, self.bound),
                };
                if stats.looked >= bound {
                    return Ok(Stop::Bound);
                }
                stats.looked += 1;
                let Some(event) = decode(&shown) else {
                    stats.undecodable += 1;
                    continue;
                };
                stats.reached = Some(event.time);
                if visit(event).is_break() {
                    return Ok(Stop::Enough);
                }
            }
            (self.tell)(&self.stats);
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(Stop::End);
            }
        }
    }

    /// Asks for one page, and waits for its turn before that.
    async fn page(
        &mut self,
        region: &str,
        attribute: Option<&Attribute>,
        window: Window,
        next: Option<String>,
    ) -> Result<LookupEventsOutput, ApiError> {
        let aws = self.aws;
        let resource = format!("the event history of {region}");
        let attribute =
            attribute.map(asked).transpose().map_err(|why| ApiError::broken(OPERATION, &resource, why))?;
        let (client, pacer) =
            self.regions.entry(region.to_owned()).or_insert_with(|| (client(aws, region), Pacer::default()));
        for pause in PATIENCE.into_iter().map(Some).chain([None]) {
            pacer.wait(&aws.clock).await;
            let send = || {
                let request =
                    client.lookup_events().start_time(moment(window.from)).end_time(moment(window.to));
                let request = request.max_results(50).set_next_token(next.clone());
                request.set_lookup_attributes(attribute.clone().map(|attribute| vec![attribute])).send()
            };
            match (aws.call(OPERATION, &resource, send).await, pause) {
                (Err(error), Some(pause)) if error.class == ErrorClass::Throttled => {
                    aws.clock.sleep(pause).await;
                }
                (answer, _) => return answer,
            }
        }
        Err(ApiError::broken(OPERATION, &resource, "it was not asked"))
    }
}

/// Makes the client of a region, which talks as the account's own does.
fn client(aws: &Aws, region: &str) -> Client {
    let config = aws.cloudtrail.config().to_builder().region(Region::new(region.to_owned()));
    Client::from_conf(config.build())
}

/// Writes an attribute as the request has it.
fn asked(attribute: &Attribute) -> Result<LookupAttribute, String> {
    let (key, value) = match attribute {
        Attribute::AccessKey(value) => (LookupAttributeKey::AccessKeyId, value.clone()),
        Attribute::ResourceName(value) => (LookupAttributeKey::ResourceName, value.clone()),
        Attribute::Username(value) => (LookupAttributeKey::Username, value.clone()),
        Attribute::EventName(value) => (LookupAttributeKey::EventName, value.clone()),
        Attribute::EventSource(value) => (LookupAttributeKey::EventSource, value.clone()),
        Attribute::ReadOnly(flag) => (LookupAttributeKey::ReadOnly, flag.to_string()),
    };
    LookupAttribute::builder()
        .attribute_key(key)
        .attribute_value(value)
        .build()
        .map_err(|error| error.to_string())
}

fn moment(at: Timestamp) -> DateTime {
    DateTime::from_secs(at.as_second())
}

/// Reads an event of the answer; `None` for one that was cut or is no record.
fn decode(shown: &aws_sdk_cloudtrail::types::Event) -> Option<Event> {
    let text = shown.cloud_trail_event().filter(|text| text.len() <= LARGEST)?;
    let record: Value = serde_json::from_str(text).ok()?;
    let mut event = Event::of(record).ok()?;
    let listed = shown.resources().iter().filter_map(|resource| {
        let kind = resource.resource_type().map(type_kind).unwrap_or_default();
        Some(Mention { kind, name: resource.resource_name()?.to_owned() })
    });
    event.listed = listed.collect();
    Some(event)
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudtrail::types::{Event as Shown, Resource};

    use super::*;

    #[test]
    fn a_record_that_was_cut_is_no_event() {
        let record = r#"{"eventTime":"2026-03-02T09:00:00Z","eventName":"X","eventSource":"y"}"#;
        let shown = |text: &str| {
            let user = Resource::builder().resource_type("AWS::IAM::User").resource_name("u").build();
            Shown::builder().cloud_trail_event(text).resources(user).build()
        };
        let event = decode(&shown(record)).unwrap();
        assert_eq!(event.listed, [Mention { kind: "user".into(), name: "u".into() }]);
        assert_eq!(decode(&shown(&record[..40])), None);
        assert_eq!(decode(&Shown::builder().build()), None);
        assert_eq!(decode(&shown(&"[".repeat(LARGEST + 1))), None);
    }
}
