//! The event history: one walk for each question in each region, the regions at the same time, within AWS's limit of two
//! requests a second for each.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use futures::future::join_all;
use serde_json::{Map, Value};

use super::{GRADER, Needs, mask};
use crate::account::event::Event;
use crate::account::snapshot::Facet;
use crate::aws::Aws;
use crate::aws::error::ErrorClass;
use crate::grade::evidence;
use crate::grade::need::Query;
use crate::trail::filter::Attribute;
use crate::trail::lookup::{Lookup, Stats, Stop};
use crate::trail::place::{SIGN_IN_REGIONS, home_region};

/// The most records of one walk that are kept, and the most that are looked at: the grader's own are not kept.
const MOST: (usize, usize) = (1_000, 2_000);

/// The most that one walk may take, in bytes. A thousand records have about two million.
const MOST_BYTES: usize = 8 << 20;

/// The largest record that is kept whole, in bytes.
const LARGEST: usize = 64 << 10;

/// What a record is cut to that is larger: lists and objects to so many parts, texts to so many bytes, and levels.
const CUT: (usize, usize, usize) = (100, 2_048, 12);

/// The name of sign-ins.
pub(super) const SIGN_IN: &str = "ConsoleLogin";

/// Looks into the history of the student's region, and of the region in which IAM and most sign-ins are recorded; for
/// sign-ins that are not there, also where else they may be.
pub(super) async fn read(
    aws: &Aws,
    needs: &Needs,
    tell: &(dyn Fn(&str) + Send + Sync),
) -> Vec<evidence::Lookup> {
    if needs.queries.is_empty() {
        return Vec::new();
    }
    tell("the event history");
    let home = home_region(&aws.region);
    let mut regions = vec![home];
    regions.extend(Some(aws.region.as_str()).filter(|region| *region != home));
    let mut found = of_regions(aws, &regions, &needs.queries).await;
    let more = sign_ins(aws, &regions, &needs.sign_ins, &found).await;
    found.extend(more);
    found
}

/// Looks for sign-ins that were not found in these regions where else they may be.
async fn sign_ins(
    aws: &Aws,
    regions: &[&str],
    wanted: &[(Query, bool)],
    found: &[evidence::Lookup],
) -> Vec<evidence::Lookup> {
    let open = wanted.iter().filter(|wanted| !is_found(wanted, found));
    let sought: BTreeSet<Query> = open.map(|(query, _)| query.clone()).collect();
    if sought.is_empty() || aws.caller.partition != "aws" {
        return Vec::new();
    }
    let elsewhere: Vec<&str> =
        SIGN_IN_REGIONS.into_iter().filter(|region| !regions.contains(region)).collect();
    of_regions(aws, &elsewhere, &sought.into_iter().collect::<Vec<_>>()).await
}

/// Looks for calls that were not found where the student worked in the other regions of the rubric: a page of the console
/// shows the region that happens to be chosen, and what it asks is recorded there.
pub(super) async fn elsewhere(
    aws: &Aws,
    regions: &[String],
    needs: &Needs,
    found: &[evidence::Lookup],
) -> Vec<evidence::Lookup> {
    let of = |query: &Query| {
        let (attribute, value) = (query.attribute(), query.value().to_owned());
        found.iter().filter(move |one| one.attribute == attribute && one.value == value)
    };
    let is_open = |(query, mentions): &&(Query, Vec<String>)| {
        // Who may not ask here may not ask there, and what is there already need not be looked for.
        of(query).all(|lookup| {
            lookup.records.read().is_some_and(|all| !all.iter().any(|record| is_about(record, mentions)))
        })
    };
    let open: BTreeSet<&Query> = needs.calls.iter().filter(is_open).map(|(query, _)| query).collect();
    let open: Vec<Query> = open.into_iter().cloned().collect();
    let asked: BTreeSet<&str> = open.iter().flat_map(of).map(|lookup| lookup.region.as_str()).collect();
    let home = home_region(&aws.region);
    let others: Vec<&str> = regions
        .iter()
        .map(String::as_str)
        .filter(|region| home_region(region) == home && !asked.contains(region))
        .collect();
    if open.is_empty() { Vec::new() } else { of_regions(aws, &others, &open).await }
}

/// Tells whether a record's parameters have one of these in them; without any, every record does.
fn is_about(record: &Value, mentions: &[String]) -> bool {
    let parameters = record.get("requestParameters").unwrap_or(&Value::Null).to_string().to_lowercase();
    mentions.is_empty() || mentions.iter().any(|mention| parameters.contains(&mention.to_lowercase()))
}

/// Looks also into the history of the region that was settled on, when that was not the first choice.
pub(super) async fn settle(aws: &Aws, needs: &Needs, found: &[evidence::Lookup]) -> Vec<evidence::Lookup> {
    let is_asked = |query: &&Query| {
        found.iter().any(|one| {
            one.region == aws.region && one.attribute == query.attribute() && one.value == query.value()
        })
    };
    let left: Vec<Query> = needs.queries.iter().filter(|query| !is_asked(query)).cloned().collect();
    if left.is_empty() { Vec::new() } else { of_regions(aws, &[&aws.region], &left).await }
}

/// Looks for those who have other names than the rubric's, also for their sign-ins where else these may be.
pub(super) async fn also(aws: &Aws, needs: &Needs, others: &[(Query, Query)]) -> Vec<evidence::Lookup> {
    if others.is_empty() {
        return Vec::new();
    }
    let home = home_region(&aws.region);
    let mut regions = vec![home];
    regions.extend(Some(aws.region.as_str()).filter(|region| *region != home));
    let queries: Vec<Query> = others.iter().map(|(_, query)| query.clone()).collect();
    let mut found = of_regions(aws, &regions, &queries).await;
    let renamed = |(wanted, by_mfa): &(Query, bool)| {
        let (_, query) = others.iter().find(|(asked, _)| asked == wanted)?;
        Some((query.clone(), *by_mfa))
    };
    let wanted: Vec<(Query, bool)> = needs.sign_ins.iter().filter_map(renamed).collect();
    let more = sign_ins(aws, &regions, &wanted, &found).await;
    found.extend(more);
    found
}

/// Tells whether a sign-in is among what was found.
fn is_found((query, by_mfa): &(Query, bool), found: &[evidence::Lookup]) -> bool {
    let mut lookups =
        found.iter().filter(|one| one.attribute == query.attribute() && one.value == query.value());
    let text = |record: &Value, place: &str| record.pointer(place).and_then(Value::as_str).map(str::to_owned);
    lookups.any(|lookup| {
        lookup.records.read().into_iter().flatten().any(|record| {
            text(record, "/eventName").as_deref() == Some(SIGN_IN)
                && text(record, "/responseElements/ConsoleLogin").as_deref() == Some("Success")
                && (!by_mfa || text(record, "/additionalEventData/MFAUsed").as_deref() == Some("Yes"))
        })
    })
}

async fn of_regions(aws: &Aws, regions: &[&str], queries: &[Query]) -> Vec<evidence::Lookup> {
    let walks = regions.iter().map(|region| Box::pin(of_region(aws, region, queries)));
    join_all(walks).await.into_iter().flatten().collect()
}

/// Asks one question after the other.
async fn of_region(aws: &Aws, region: &str, queries: &[Query]) -> Vec<evidence::Lookup> {
    let silent = |_: &Stats| {};
    let mut lookup = Lookup::new(aws, 0, &silent);
    let mut found = Vec::new();
    let mut denied: Option<String> = None;
    for query in queries {
        let mut kept = Kept::default();
        #[expect(clippy::single_match_else, reason = "two ways that are told side by side")]
        let end = match &denied {
            // Who may not ask one question may not ask the next one.
            Some(why) => Err(why.clone()),
            None => {
                let window = lookup.whole();
                let ended =
                    lookup.walk(region, Some(&attribute(query)), window, &mut |event| kept.see(event)).await;
                ended.map_err(|error| {
                    let why = error.reason();
                    denied = (error.class == ErrorClass::Denied).then(|| why.clone());
                    why
                })
            }
        };
        found.push(evidence::Lookup {
            attribute: query.attribute().to_owned(),
            value: query.value().to_owned(),
            region: region.to_owned(),
            complete: end == Ok(Stop::End),
            records: end.map_or_else(Facet::NotRead, |_| Facet::Read(kept.records)),
        });
    }
    found
}

fn attribute(query: &Query) -> Attribute {
    match query {
        Query::Username(name) => Attribute::Username(name.clone()),
        Query::EventName(name) => Attribute::EventName(name.clone()),
    }
}

/// The records of one walk.
#[derive(Default)]
struct Kept {
    records: Vec<Value>,
    looked: usize,
    bytes: usize,
}

impl Kept {
    /// Keeps a record that is not the grader's own, as long as there is room.
    fn see(&mut self, event: Event) -> ControlFlow<()> {
        if self.looked >= MOST.1 || self.records.len() >= MOST.0 || self.bytes >= MOST_BYTES {
            return ControlFlow::Break(());
        }
        self.looked += 1;
        if is_own(&event.agent) {
            return ControlFlow::Continue(());
        }
        let (mut record, size) = fitting(event.record);
        mask::record(&mut record);
        self.bytes += size;
        self.records.push(record);
        ControlFlow::Continue(())
    }
}

/// Tells whether the grader made a request, by its user agent.
fn is_own(agent: &str) -> bool {
    agent.split("app/").skip(1).any(|rest| rest.starts_with(GRADER))
}

/// Returns a record that is neither too large nor too deep, and its size in bytes.
fn fitting(record: Value) -> (Value, usize) {
    let size = record.to_string().len();
    if size <= LARGEST && !is_deeper(&record, CUT.2) {
        return (record, size);
    }
    let mut record = cut(record, 0);
    let size = record.to_string().len();
    if size <= LARGEST {
        return (record, size);
    }
    if let Value::Object(fields) = &mut record {
        fields.shift_remove("requestParameters");
        fields.shift_remove("responseElements");
    }
    let size = record.to_string().len();
    (record, size)
}

fn is_deeper(value: &Value, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else { return value.is_array() || value.is_object() };
    match value {
        Value::Array(items) => items.iter().any(|item| is_deeper(item, below)),
        Value::Object(fields) => fields.values().any(|field| is_deeper(field, below)),
        _ => false,
    }
}

/// Cuts what is long; what is too deep is left out.
fn cut(value: Value, level: usize) -> Value {
    let (parts, bytes, levels) = CUT;
    match value {
        Value::Array(_) | Value::Object(_) if level >= levels => Value::Null,
        Value::Array(items) => items.into_iter().take(parts).map(|item| cut(item, level + 1)).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().take(parts).filter(|(key, _)| key.len() <= bytes);
            Value::Object(fields.map(|(key, field)| (key, cut(field, level + 1))).collect::<Map<_, _>>())
        }
        Value::String(text) if text.len() > bytes => {
            let end = (0..=bytes).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
            Value::from(text.get(..end).unwrap_or_default())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(agent: &str, parameters: &Value) -> Event {
        Event::of(
            json!({"eventVersion": "1.08", "eventTime": "2026-03-02T09:00:00Z", "eventName": "CreateUser",
            "eventSource": "iam.amazonaws.com", "userAgent": agent, "requestParameters": parameters}),
        )
        .unwrap()
    }

    #[test]
    fn the_graders_own_requests_are_left_out() {
        let mut kept = Kept::default();
        for agent in [
            "aws-sdk-rust/1.3 ua/2.1 api/iam#1 os/linux lang/rust#1.95 app/iamlab-grade",
            "[aws-sdk-rust/1.3 app/iamlab-grade]",
            "aws-cli/2.15 app/other",
            "iamlab-grade",
        ] {
            assert!(kept.see(event(agent, &json!({}))).is_continue());
        }
        assert_eq!((kept.records.len(), kept.looked), (2, 4));
    }

    #[test]
    fn a_sign_in_is_found_when_it_worked_and_with_mfa_where_that_is_asked_for() {
        let query = Query::Username("User1".to_owned());
        let found = |outcome: &str, mfa: &str, by_mfa| {
            let record = json!({"eventName": SIGN_IN, "responseElements": {"ConsoleLogin": outcome},
                "additionalEventData": {"MFAUsed": mfa}});
            let lookup = evidence::Lookup {
                attribute: "Username".into(),
                value: "User1".into(),
                region: "us-east-1".into(),
                records: Facet::Read(vec![record]),
                complete: true,
            };
            is_found(&(query.clone(), by_mfa), &[lookup])
        };
        assert!(found("Success", "Yes", true) && found("Success", "No", false));
        assert!(!found("Success", "No", true) && !found("Failure", "Yes", false));
    }

    #[test]
    fn a_walk_ends_after_a_thousand_records_or_eight_million_bytes() {
        let walk = |parameters: Value| {
            let mut kept = Kept::default();
            let mut seen = 0;
            while seen < 5_000 && kept.see(event("x", &parameters)).is_continue() {
                seen += 1;
            }
            (kept.records.len(), seen)
        };
        assert_eq!(walk(json!({"userName": "User1"})), (1_000, 1_000));
        let (records, _) = walk(json!({"userName": "u".repeat(60_000)}));
        assert!((100..150).contains(&records), "{records}");
        let mut kept = Kept::default();
        let own = (0..5_000).take_while(|_| kept.see(event("app/iamlab-grade", &json!({}))).is_continue());
        assert_eq!((own.count(), kept.records.len()), (2_000, 0));
    }

    #[test]
    fn what_is_too_large_or_too_deep_is_cut_and_stays_an_event() {
        let mut deep = json!("x");
        for _ in 0..100 {
            deep = json!([deep]);
        }
        let wide: Vec<String> = (0..1_000).map(|number| format!("{number}{}", "y".repeat(3_000))).collect();
        for parameters in [
            json!({"userName": "User1", "deep": deep}),
            json!({"userName": "User1", "policyDocument": "é".repeat(100_000)}),
            json!({"userName": "User1", "list": wide}),
        ] {
            let (record, size) = fitting(event("x", &parameters).record);
            assert!(size <= LARGEST && size == record.to_string().len(), "{size}");
            assert!(!is_deeper(&record, CUT.2 + 1), "{record}");
            let event = Event::of(record).unwrap();
            assert_eq!(event.name, "CreateUser");
        }
        let small = event("x", &json!({"userName": "User1"})).record;
        assert_eq!(fitting(small.clone()).0, small);
    }
}
