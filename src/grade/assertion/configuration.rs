//! How the function and the topic are set up.

use super::Case;
use super::wording::{joined, list, tick};
use crate::account::snapshot::Facet;
use crate::grade::found::{Found, Outcome};
use crate::grade::rubric::{Runtime, Subscription};
use crate::grade::subject::Subject;

pub(super) fn runtime(case: &Case<'_>, wanted: &Runtime) -> Result<Found, Found> {
    let (named, function) = case.function()?;
    let is = |name: &String| function.runtime.eq_ignore_ascii_case(name);
    let runtime =
        if function.runtime.is_empty() { "none, it is a container image" } else { &function.runtime };
    let outcome = if is(&wanted.is) {
        Outcome::Met
    } else if wanted.or_nearly.iter().any(is) {
        Outcome::Nearly
    } else {
        Outcome::Missed
    };
    let asked =
        if outcome == Outcome::Met { String::new() } else { format!(", {} is asked for", tick(&wanted.is)) };
    let message = format!("the runtime of {} is {}{asked}", tick(named.name), tick(runtime));
    Ok(Found::new(outcome, message).shown(function.arn.clone()).remarked(named.remark))
}

pub(super) fn architecture(case: &Case<'_>, wanted: &str) -> Result<Found, Found> {
    let (named, function) = case.function()?;
    let is = function.architecture.eq_ignore_ascii_case(wanted);
    let asked = if is { String::new() } else { format!(", {} is asked for", tick(wanted)) };
    let message =
        format!("the architecture of {} is {}{asked}", tick(named.name), tick(&function.architecture));
    let outcome = if is { Outcome::Met } else { Outcome::Missed };
    Ok(Found::new(outcome, message).shown(function.arn.clone()).remarked(named.remark))
}

pub(super) fn subscription(case: &Case<'_>, wanted: &Subscription) -> Result<Found, Found> {
    let named = case.find(&Subject::Topic)?;
    let topic = match case.snapshot().topics.get(named.name) {
        Some(Facet::Read(Some(topic))) => topic,
        Some(Facet::Read(None)) => return Err(Found::missed("the topic was gone when it was read")),
        Some(Facet::NotRead(why)) => return Err(Found::unknown(why.clone())),
        None => return Err(Found::unknown("nobody asked for the topic's subscriptions")),
    };
    let protocol = wanted.protocol.to_ascii_lowercase();
    let fits = |found: &str| found == protocol || found == format!("{protocol}-json");
    let fitting: Vec<_> = topic.subscriptions.iter().filter(|one| fits(&one.protocol)).collect();
    let confirmed = fitting.iter().find_map(|one| one.arn.as_ref());
    let (name, kind) = (tick(named.name), tick(&wanted.protocol));
    let found = match (fitting.first(), confirmed) {
        (Some(_), Some(arn)) => {
            Found::met(format!("{name} has a confirmed {kind} subscription")).shown(arn.clone())
        }
        (Some(_), None) if wanted.confirmed => {
            let message = format!("the {kind} subscription of {name} is not confirmed yet");
            Found::new(Outcome::Nearly, message)
        }
        (Some(_), None) => Found::met(format!("{name} has a {kind} subscription, not confirmed yet")),
        (None, _) => {
            let others: std::collections::BTreeSet<&str> =
                topic.subscriptions.iter().map(|one| one.protocol.as_str()).collect();
            let has = if others.is_empty() {
                "no subscription".to_owned()
            } else {
                format!("no {kind} subscription, only {}", list(others))
            };
            Found::missed(format!("{name} has {has}"))
        }
    };
    Ok(found.shown(topic.arn.clone()).remarked(joined([named.remark])))
}
