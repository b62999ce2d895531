//! What happened, by the event history.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::Case;
use super::wording::{joined, list, listed, tick};
use crate::account::actor::ActorKind;
use crate::account::event::Event;
use crate::account::snapshot::Facet;
use crate::grade::evidence::Lookup;
use crate::grade::found::{Found, Outcome};
use crate::grade::need::queries;
use crate::grade::rubric::{self, EventOutcome};
use crate::grade::subject::Subject;

/// How many events are shown.
const SHOWN: usize = 3;

/// How many regions are named.
const REGIONS: usize = 12;

/// The deepest that parameters are walked, and the most texts of them.
const DEEPEST: usize = 12;
const TEXTS: usize = 2_000;

/// The days that the event history goes back.
const HISTORY: &str = "in the event history (90 days)";

/// How well an event fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It was asked for something else.
    Otherwise,
    /// It ended otherwise, or without MFA.
    Ended,
    /// It fits, as far as its record tells.
    AsFarAsTold,
    /// It fits.
    Fits,
}

/// Who it has to be.
enum By<'c> {
    Anybody,
    User(&'c str),
    Role(&'c str),
}

pub(super) fn happened(case: &Case<'_>, wanted: &rubric::Event) -> Result<Found, Found> {
    let (by, who, remark) = by(case, wanted)?;
    let lookups = lookups(case, wanted, &by);
    let mentions = mentions(case, wanted);
    let mut found: Vec<(Fit, Event)> = Vec::new();
    for lookup in &lookups {
        let Facet::Read(records) = &lookup.records else { continue };
        let of_name = records.iter().filter(|record| is_called(record, &wanted.name));
        for event in of_name.filter_map(|record| Event::of(record.clone()).ok()) {
            if is_by(&event, &by) {
                found.push((fit(&event, wanted, &mentions), event));
            }
        }
    }
    // The earliest: it stays the same however often one looks again.
    found.sort_by(|(fit, event), (other, later)| {
        other.cmp(fit).then(event.time.cmp(&later.time)).then(event.id.cmp(&later.id))
    });
    let mut seen = BTreeSet::new();
    found.retain(|(_, event)| event.id.is_empty() || seen.insert(event.id.clone()));
    let best = found.first().map(|(fit, _)| *fit);
    let what = list(&wanted.name);
    if let Some(fit @ (Fit::Fits | Fit::AsFarAsTold)) = best {
        let message = format!("{who} called {what}{}", ending(wanted));
        let untold = (fit == Fit::AsFarAsTold)
            .then(|| "the record does not tell what was asked for, as is usual when it is denied".to_owned());
        let shown = found.iter().filter(|(other, _)| *other == fit).take(SHOWN);
        let met = shown.fold(Found::met(message), |met, (_, event)| met.shown(line(event)));
        return Ok(met.remarked(joined([remark, untold])));
    }
    if let Some(why) = not_looked(&lookups, wanted, &by) {
        return Err(Found::unknown(why));
    }
    let message = match best {
        Some(Fit::Ended) => format!("{who} called {what}, but {} {HISTORY}", other_ending(wanted)),
        Some(_) => format!("{who} called {what}, but not about {} {HISTORY}", either(&wanted.mentions)),
        None if matches!(by, By::Anybody) => format!("there is no {what} {HISTORY}"),
        None => format!("there is no {what} by {who} {HISTORY}"),
    };
    let shown = found.iter().take(SHOWN);
    let missed = shown
        .fold(Found::missed(format!("{message}{}", regions(&lookups, wanted))), |it, (_, event)| {
            it.shown(line(event))
        });
    Ok(missed.remarked(remark))
}

/// Returns when something that a criterion looks for happened first, and whether the history was read to its end.
pub(in crate::grade) fn first(case: &Case<'_>, wanted: &rubric::Event) -> Option<(Timestamp, bool)> {
    let (by, ..) = by(case, wanted).ok()?;
    let (lookups, mentions) = (lookups(case, wanted, &by), mentions(case, wanted));
    let records = lookups.iter().filter_map(|lookup| lookup.records.read()).flatten();
    let events = records
        .filter(|record| is_called(record, &wanted.name))
        .filter_map(|record| Event::of(record.clone()).ok())
        .filter(|event| is_by(event, &by) && fit(event, wanted, &mentions) >= Fit::AsFarAsTold);
    let first = events.map(|event| event.time).min()?;
    Some((first, lookups.iter().all(|lookup| lookup.complete)))
}

/// Finds who it has to be. Without a listing of the users the rubric's own name has to do.
fn by<'c>(case: &'c Case<'_>, wanted: &'c rubric::Event) -> Result<(By<'c>, String, Option<String>), Found> {
    let Some(subject) = &wanted.by else { return Ok((By::Anybody, "somebody".to_owned(), None)) };
    let (name, remark) = match (case.find(subject), subject.name()) {
        (Ok(named), _) => (named.name, named.remark),
        (Err(found), Some(name)) if matches!(found.outcome, Outcome::Unknown(_)) => (name, None),
        (Err(found), _) => return Err(found),
    };
    let by = match subject {
        Subject::User(_) => By::User(name),
        Subject::Role(_) | Subject::FunctionRole => By::Role(name),
        other => return Err(Found::unknown(format!("{} calls nothing by itself", other.label()))),
    };
    Ok((by, tick(name), remark))
}

/// Finds the looks into the history that would have found it.
fn lookups<'a>(case: &Case<'a>, wanted: &rubric::Event, by: &By<'_>) -> Vec<&'a Lookup> {
    let queries = queries(wanted);
    let fits = |lookup: &&Lookup| {
        queries.iter().any(|query| {
            let is_user = query.attribute() == "Username";
            let is_him = is_user && matches!(by, By::User(name) if *name == lookup.value);
            lookup.attribute == query.attribute() && (lookup.value == query.value() || is_him)
        })
    };
    case.evidence.lookups.iter().filter(fits).collect()
}

/// Says why nobody can tell that it did not happen.
fn not_looked(lookups: &[&Lookup], wanted: &rubric::Event, by: &By<'_>) -> Option<String> {
    let is_there = match by {
        // A name that is misspelt has to be looked for as it is.
        By::User(name) => lookups.iter().any(|it| it.attribute == "Username" && it.value == *name),
        By::Anybody | By::Role(_) => {
            wanted.name.iter().all(|name| lookups.iter().any(|lookup| lookup.value == *name))
        }
    };
    if !is_there {
        return Some("the event history was not looked through for it".to_owned());
    }
    lookups.iter().find_map(|lookup| match &lookup.records {
        Facet::NotRead(why) => Some(why.clone()),
        Facet::Read(records) if !lookup.complete => {
            Some(format!("only the newest {} events were looked through", records.len()))
        }
        Facet::Read(_) => None,
    })
}

/// Lists what has to stand in what was asked for: the rubric's names, and those that the account has for them.
fn mentions(case: &Case<'_>, wanted: &rubric::Event) -> Vec<String> {
    let also =
        |name: &String| case.cast.also_called(name).into_iter().map(str::to_lowercase).collect::<Vec<_>>();
    wanted.mentions.iter().flat_map(|name| std::iter::once(name.to_lowercase()).chain(also(name))).collect()
}

/// Looks at the name before a record is read whole.
fn is_called(record: &Value, names: &[String]) -> bool {
    let called = record.get("eventName").and_then(Value::as_str).unwrap_or_default();
    names.iter().any(|name| {
        // Some services put a version behind it: `CreateFunction20150331`.
        called
            .strip_prefix(name.as_str())
            .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == 'v'))
    })
}

fn is_by(event: &Event, by: &By<'_>) -> bool {
    let actor = &event.actor;
    let issuer = actor.issuer.as_ref().map(|issuer| issuer.name.as_str());
    match by {
        By::Anybody => actor.kind != ActorKind::Service,
        By::User(name) => match actor.kind {
            ActorKind::User => actor.name == *name,
            ActorKind::Federated => issuer == Some(*name),
            _ => false,
        },
        By::Role(name) => actor.kind == ActorKind::RoleSession && issuer == Some(*name),
    }
}

fn fit(event: &Event, wanted: &rubric::Event, mentions: &[String]) -> Fit {
    let code = event.failure.as_ref().map(|failure| failure.code.as_deref().unwrap_or_default());
    let ended = match wanted.outcome {
        EventOutcome::Any => true,
        EventOutcome::Success => event.failure.is_none(),
        EventOutcome::Denied => code.is_some_and(is_denial),
    };
    let mfa = match event.text("/additionalEventData/MFAUsed") {
        Some(used) => used.eq_ignore_ascii_case("yes"),
        None => event.actor.mfa == Some(true),
    };
    if !ended || wanted.mfa.is_some_and(|wanted| wanted != mfa) {
        return Fit::Ended;
    }
    if mentions.is_empty() {
        return Fit::Fits;
    }
    let parameters = event.record.get("requestParameters").unwrap_or(&Value::Null);
    // CloudTrail leaves the parameters of what is denied out, more often than not; the message may still tell.
    let message = event.failure.as_ref().and_then(|failure| failure.message.as_deref()).unwrap_or_default();
    let mut texts = Vec::new();
    collect(parameters, 0, &mut texts);
    let told = |text: &str| {
        let text: String = text.chars().take(4_096).collect::<String>().to_lowercase();
        mentions.iter().any(|mention| stands_in(&text, mention))
    };
    match parameters {
        _ if texts.iter().any(|text| told(text)) || told(message) => Fit::Fits,
        Value::Null if code.is_some_and(is_denial) => Fit::AsFarAsTold,
        _ => Fit::Otherwise,
    }
}

/// Tells whether an error says that it is not allowed. Services write it in several ways.
fn is_denial(code: &str) -> bool {
    ["AccessDenied", "UnauthorizedOperation", "NotAuthorized", "AuthorizationError"]
        .iter()
        .any(|word| code.contains(word))
}

/// Collects the texts of parameters, without their keys.
fn collect<'v>(value: &'v Value, depth: usize, texts: &mut Vec<&'v str>) {
    if depth > DEEPEST || texts.len() >= TEXTS {
        return;
    }
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().take(TEXTS).for_each(|item| collect(item, depth + 1, texts)),
        Value::Object(fields) => {
            let told = fields.iter().filter(|(key, _)| *key != "nextToken").take(TEXTS);
            told.for_each(|(_, field)| collect(field, depth + 1, texts));
        }
        _ => {}
    }
}

/// Tells whether a name stands in a text as a word.
fn stands_in(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric();
    !name.is_empty()
        && text.match_indices(name).any(|(at, _)| {
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            let after = text.get(at + name.len()..).and_then(|after| after.chars().next());
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
}

fn ending(wanted: &rubric::Event) -> &'static str {
    match (wanted.outcome, wanted.mfa) {
        (_, Some(true)) => " with MFA",
        (_, Some(false)) => " without MFA",
        (EventOutcome::Denied, None) => " and was denied",
        (EventOutcome::Success, None) => " with success",
        (EventOutcome::Any, None) => "",
    }
}

/// Tells how it ended in place of what was asked for.
fn other_ending(wanted: &rubric::Event) -> &'static str {
    match (wanted.outcome, wanted.mfa) {
        (_, Some(true)) => "not with MFA",
        (_, Some(false)) => "with MFA",
        (EventOutcome::Denied, None) => "was not denied",
        (EventOutcome::Success | EventOutcome::Any, None) => "it failed",
    }
}

/// Lists names of which one is enough.
fn either(names: &[String]) -> String {
    match names.split_last() {
        Some((last, before)) if !before.is_empty() => {
            let before: Vec<String> = before.iter().take(SHOWN).map(|name| tick(name)).collect();
            format!("{} or {}", before.join(", "), tick(last))
        }
        _ => list(names),
    }
}

/// Names the regions that were looked in. Sign-ins are recorded where the sign-in page was, which need not be where one
/// works.
fn regions(lookups: &[&Lookup], wanted: &rubric::Event) -> String {
    let regions: BTreeSet<&str> = lookups.iter().map(|lookup| lookup.region.as_str()).collect();
    let regions = listed(regions.into_iter().map(tick), REGIONS);
    if !wanted.name.iter().any(|name| name == "ConsoleLogin") {
        return format!("; looked in {regions}");
    }
    format!("; looked in {regions}, and a sign-in can be recorded in another region")
}

fn line(event: &Event) -> String {
    let failed = event.failure.as_ref().map_or_else(String::new, |it| format!(", {}", tick(it.word())));
    let time = event.time.strftime("%Y-%m-%dT%H:%M:%SZ");
    format!("{time} {} by {}{failed}, event {}", event.name, event.actor.label(), event.id)
}
