//! The function that the student wrote, its role and its topic: the assignment leaves their names open, so what they do
//! tells which they are.

use std::collections::{BTreeMap, BTreeSet};

use super::Player;
use crate::account::snapshot::{Facet, Function, Topic};
use crate::grade::code::Code;
use crate::grade::evidence::Evidence;
use crate::grade::found::Outcome;
use crate::grade::rubric::Deed;

/// What the function of the assignment does, more or less of it.
const DEEDS: [Deed; 4] = [Deed::AssumesRole, Deed::GetsReport, Deed::GeneratesReport, Deed::Publishes];

/// The most topics that are looked for in a function's texts.
const TOPICS: usize = 1_000;

fn details<'a>(evidence: &'a Evidence, name: &str) -> Result<&'a Function, String> {
    match evidence.snapshot.functions.get(name) {
        Some(Facet::Read(Some(function))) => Ok(function),
        Some(Facet::Read(None)) => Err(format!("the function `{name}` was gone when it was read")),
        Some(Facet::NotRead(why)) => Err(why.clone()),
        None => Err("nobody asked for it".to_owned()),
    }
}

/// Reads the code of every function, once.
pub(super) fn codes(evidence: &Evidence) -> BTreeMap<String, Result<Code, String>> {
    let read = |(name, package): (&String, &Facet<_>)| {
        let code = match package {
            Facet::NotRead(why) => Err(why.clone()),
            Facet::Read(package) => details(evidence, name)
                .map(|function| Code::read(package, &function.handler, &function.environment)),
        };
        (name.clone(), code)
    };
    evidence.packages.iter().map(read).collect()
}

fn found(name: &str) -> Player {
    Player::Found { name: name.to_owned(), remark: None }
}

/// Finds the function, and says when another region was passed over for it.
pub(super) fn function(evidence: &Evidence, codes: &BTreeMap<String, Result<Code, String>>) -> Player {
    match (function_there(evidence, codes), &evidence.place) {
        (Player::Found { name, remark }, Some(place)) => {
            let remark = remark.map_or_else(|| place.clone(), |remark| format!("{remark}; {place}"));
            Player::Found { name, remark: Some(remark) }
        }
        (player, _) => player,
    }
}

/// Finds the function: the only one, else the one whose code does most of what is asked for, else the one whose name
/// says so.
fn function_there(evidence: &Evidence, codes: &BTreeMap<String, Result<Code, String>>) -> Player {
    let names = match &evidence.functions {
        Facet::Read(names) => names,
        Facet::NotRead(why) => return Player::Unread(why.clone()),
    };
    if names.is_empty() {
        return Player::Absent("there is no Lambda function in the regions that were looked at".to_owned());
    }
    if let (1, Some(only)) = (names.len(), names.first()) {
        return found(only);
    }
    let does = |name: &String| match codes.get(name) {
        Some(Ok(code)) => DEEDS.iter().filter(|deed| does(&code.deed(**deed).outcome)).count(),
        _ => 0,
    };
    let is_called_so = |name: &String| {
        let name: String = name.chars().take(200).collect::<String>().to_lowercase();
        usize::from(name.contains("audit")) * 2 + usize::from(name.contains("iam"))
    };
    let ranked: Vec<((usize, usize), &String)> =
        names.iter().map(|name| ((does(name), is_called_so(name)), name)).collect();
    let best = ranked.iter().map(|(rank, _)| *rank).max().unwrap_or_default();
    let mut of_best = ranked.iter().filter(|(rank, _)| *rank == best).map(|(_, name)| *name);
    let first = of_best.next();
    // Without code and without a name that tells, one of those whose code nobody read may be it.
    let unread = names.iter().find_map(|name| match codes.get(name) {
        Some(Err(why)) => Some(why.clone()),
        None => Some("nobody asked for it".to_owned()),
        Some(Ok(_)) => None,
    });
    match (first, unread) {
        (_, Some(why)) if best == (0, 0) || (best.0 == 0 && of_best.next().is_some()) => {
            Player::Unread(format!("which of {} functions it is, only their code tells: {why}", names.len()))
        }
        (Some(name), _) => {
            let count = names.len();
            let remark = Some(format!("of {count} functions `{name}` was looked at"));
            Player::Found { name: name.clone(), remark }
        }
        (None, _) => Player::Absent("there is no Lambda function".to_owned()),
    }
}

const fn does(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Met | Outcome::Nearly | Outcome::Part(_))
}

/// Finds the role that the function runs as.
pub(super) fn role(evidence: &Evidence, function: &Player) -> Player {
    let name = match function {
        Player::Found { name, .. } => name,
        Player::Absent(why) => return meant(evidence, why),
        Player::Unread(why) => return Player::Unread(why.clone()),
    };
    let arn = match details(evidence, name) {
        Ok(function) => &function.role,
        Err(why) => return Player::Unread(why),
    };
    match &evidence.snapshot.identity {
        Facet::NotRead(why) => Player::Unread(why.clone()),
        Facet::Read(identity) => match identity.roles.iter().find(|(_, role)| role.arn == *arn) {
            Some((name, _)) => found(name),
            None => Player::Absent(format!("the role of the function `{name}` is not there any more")),
        },
    }
}

/// Finds the role that a function was to run as that was never made, so that its lack is not marked again where the role
/// is asked for: the only one that trusts Lambda, else the one of them that another role trusts.
fn meant(evidence: &Evidence, why: &str) -> Player {
    let none = || Player::Absent(format!("{why}, so there is no role of it"));
    let Facet::Read(identity) = &evidence.snapshot.identity else { return none() };
    let trusts: BTreeMap<&String, String> =
        identity.roles.iter().map(|(name, role)| (name, role.trust.to_text())).collect();
    let names = |trust: &String, principal: &str| trust.contains(&format!("\"{principal}\""));
    let of_lambda: Vec<_> = identity
        .roles
        .iter()
        .filter(|(name, _)| trusts.get(name).is_some_and(|trust| names(trust, "lambda.amazonaws.com")))
        .collect();
    let chosen = match of_lambda.as_slice() {
        [only] => Some(only),
        several => several.iter().find(|(_, role)| trusts.values().any(|trust| names(trust, &role.arn))),
    };
    match chosen {
        Some((name, _)) => {
            let remark = Some(format!("{why}: `{name}` was looked at, which Lambda may assume"));
            Player::Found { name: (*name).clone(), remark }
        }
        None => none(),
    }
}

/// Finds the topic: the one that the function's variables or code name, else one with an e-mail subscription, else the
/// first.
pub(super) fn topic(evidence: &Evidence, function: &Player) -> Player {
    let names: &BTreeSet<String> = match &evidence.topics {
        Facet::Read(names) => names,
        Facet::NotRead(why) => return Player::Unread(why.clone()),
    };
    let Some(first) = names.first() else {
        return Player::Absent("there is no SNS topic in the function's region".to_owned());
    };
    if names.len() == 1 {
        return found(first);
    }
    let texts = texts(evidence, function);
    let topics: Vec<(&String, Option<&Topic>)> = names
        .iter()
        .take(TOPICS)
        .map(|name| (name, evidence.snapshot.topics.get(name).and_then(Facet::read).and_then(Option::as_ref)))
        .collect();
    let is_named = |topic: &&(&String, Option<&Topic>)| {
        topic.1.is_some_and(|topic| texts.iter().any(|text| stands_in(text, &topic.arn)))
    };
    let mails = |topic: &&(&String, Option<&Topic>)| {
        let subscriptions = topic.1.into_iter().flat_map(|topic| &topic.subscriptions);
        subscriptions.into_iter().any(|one| one.protocol.starts_with("email"))
    };
    let chosen = topics.iter().find(is_named).or_else(|| topics.iter().find(mails));
    let name = chosen.map_or(first, |(name, _)| *name);
    let remark = Some(format!("of {} topics `{name}` was looked at", names.len()));
    Player::Found { name: name.clone(), remark }
}

/// Collects the texts of a function that may name a topic.
fn texts<'a>(evidence: &'a Evidence, function: &Player) -> Vec<&'a str> {
    let Player::Found { name, .. } = function else { return vec![] };
    let environment = details(evidence, name).ok().into_iter().flat_map(|it| it.environment.values());
    let package = evidence.packages.get(name).and_then(Facet::read);
    let sources = package.into_iter().flat_map(|package| package.sources.values());
    environment.chain(sources).map(String::as_str).collect()
}

/// Tells whether an ARN stands in a text, and not as the beginning of a longer one.
fn stands_in(text: &str, arn: &str) -> bool {
    let ends =
        |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let mut places = text.match_indices(arn);
    !arn.is_empty() && places.any(|(at, _)| text.get(at + arn.len()..).is_some_and(ends))
}
