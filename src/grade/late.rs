//! Whether work was late, by the dates in the account, and what that costs.
//!
//! Only what plays a part counts: the users, roles and policies that the rubric names and the student's function. What
//! is routine does not: a password or key that was changed long after its user was made was rotated, and who looks at
//! their work after the deadline does no work. What happened counts by the first time it did.
//!
//! ```text
//! dates of what plays a part ─► after the deadline, the extension and the grace? ─► days begun ─► per cent of the score
//! ```

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::cast::{Cast, Player};
use super::evidence::{Evidence, Lookup};
use super::need::{Query, queries};
use super::points::{Points, Share};
use super::rubric::{Assertion, Event as Wanted, EventOutcome, LatePolicy, Rubric};
use super::subject::Subject;
use crate::account::credential_report::{Row, When};
use crate::account::event::Event;
use crate::account::snapshot::{Facet, Identity};

/// Whether, how much and by what work was late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lateness {
    /// What it costs.
    pub deduction: Points,
    /// Days begun after the deadline, grace and extension taken off.
    pub days: u32,
    /// What was done after the deadline, latest first: `2026-03-18T09:00:00Z user User3 was created`.
    pub evidence: Vec<String>,
}

/// When one student's work is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The class's deadline.
    pub deadline: Timestamp,
    /// Days that the student was granted.
    pub extension_days: u32,
}

/// After how many days a new password or key of a user is a rotation and no work.
const ROUTINE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How far back the event history reaches.
const HISTORY: SignedDuration = SignedDuration::from_hours(90 * 24);

const DAY: i64 = 24 * 60 * 60;

/// The most lines of evidence.
const MOST: usize = 20;

/// Tells whether work was late; `None` when nothing says so. `score` is what was earned.
pub fn lateness(
    rubric: &Rubric,
    cast: &Cast,
    evidence: &Evidence,
    due: Due,
    score: Points,
) -> Option<Lateness> {
    let free = LatePolicy { deadline: None, grace_minutes: 0, percent_per_day: 0, at_most_percent: 0 };
    let policy = rubric.late.as_ref().unwrap_or(&free);
    let granted = SignedDuration::from_secs(i64::from(due.extension_days) * DAY)
        .saturating_add(SignedDuration::from_mins(i64::from(policy.grace_minutes)));
    let end = due.deadline.saturating_add(granted).unwrap_or(Timestamp::MAX);

    let mut work = Work { rubric, cast, evidence, end, done: BTreeSet::new(), unknown: BTreeSet::new() };
    work.identity();
    work.function();
    work.events();
    let late = work.done.into_iter().filter(|(at, _)| *at > end).rev();
    let late: Vec<(Timestamp, String)> = late.collect();
    let days = late.first().map_or(0, |(at, _)| days_begun(at.as_second() - end.as_second()));
    if late.is_empty() && work.unknown.is_empty() {
        return None;
    }
    let percent = u64::from(policy.percent_per_day) * u64::from(days);
    let percent = u8::try_from(percent.min(u64::from(policy.at_most_percent))).unwrap_or(100);
    let line = |(at, what): (Timestamp, String)| format!("{} {what}", seconds(at));
    let unknown = work.unknown.into_iter().map(|why| format!("nobody could look whether it was late: {why}"));
    let lines = late.into_iter().map(line).take(MOST).chain(unknown.take(MOST));
    Some(Lateness { deduction: score.times(Share::percent(percent)), days, evidence: lines.collect() })
}

/// Returns how many days have begun after so many seconds.
fn days_begun(seconds: i64) -> u32 {
    u32::try_from(seconds.saturating_add(DAY - 1) / DAY).unwrap_or(0).max(1)
}

/// Writes a time without parts of a second.
fn seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// What was done, and when.
struct Work<'a> {
    rubric: &'a Rubric,
    cast: &'a Cast,
    evidence: &'a Evidence,
    end: Timestamp,
    done: BTreeSet<(Timestamp, String)>,
    unknown: BTreeSet<String>,
}

impl<'a> Work<'a> {
    /// Lists what plays a part, by its name in the account.
    fn players(&self) -> BTreeMap<&'a Subject, &'a str> {
        let subjects = self.rubric.criteria().flat_map(|criterion| criterion.check.subjects());
        let all = subjects.chain([&Subject::Function, &Subject::FunctionRole]);
        let found = all.filter_map(|subject| match self.cast.player(subject)? {
            Player::Found { name, .. } => Some((subject, name.as_str())),
            Player::Absent(_) | Player::Unread(_) => None,
        });
        found.collect()
    }

    fn add(&mut self, at: Option<Timestamp>, what: impl FnOnce() -> String) {
        if let Some(at) = at.filter(|at| *at > self.end) {
            self.done.insert((at, what()));
        }
    }

    fn identity(&mut self) {
        let identity = match &self.evidence.snapshot.identity {
            Facet::Read(identity) => identity,
            Facet::NotRead(why) => {
                self.unknown.insert(format!("users, roles and policies were not read: {why}"));
                return;
            }
        };
        for (subject, name) in self.players() {
            match subject {
                Subject::User(_) => self.user(identity, name),
                Subject::Role(_) | Subject::FunctionRole => {
                    let created = identity.roles.get(name).and_then(|role| role.created);
                    self.add(created, || format!("role {name} was created"));
                }
                Subject::Policy(_) => {
                    for version in identity.policies.get(name).into_iter().flat_map(|one| &one.versions) {
                        let id = &version.id;
                        self.add(version.created, || format!("version {id} of policy {name} was made"));
                    }
                }
                Subject::Group(_) | Subject::Function | Subject::Topic => {}
            }
        }
    }

    fn user(&mut self, identity: &Identity, name: &str) {
        let Some(user) = identity.users.get(name) else { return };
        self.add(user.created, || format!("user {name} was created"));
        let is_routine = |at: Timestamp| user.created.is_some_and(|made| at.duration_since(made) >= ROUTINE);
        if let Some(credentials) = self.evidence.snapshot.credentials.get(name).and_then(Facet::read) {
            // A key beside an older one takes its place: that is a rotation.
            let first = credentials.access_keys.iter().filter_map(|key| key.created).min();
            self.add(first.filter(|at| !is_routine(*at)), || format!("the access key of {name} was made"));
        }
        let report = self.evidence.snapshot.credential_report.read();
        let row = report.and_then(|report| report.users().find(|row| row.user() == name));
        let changed = row.and_then(password_changed);
        self.add(changed.filter(|at| !is_routine(*at)), || format!("the password of {name} was set"));
    }

    fn function(&mut self) {
        let players = self.players();
        let Some(name) = players.get(&Subject::Function) else { return };
        let function =
            self.evidence.snapshot.functions.get(*name).and_then(Facet::read).and_then(Option::as_ref);
        let modified = function.and_then(|function| function.last_modified);
        self.add(modified, || format!("function {name} was changed"));
    }

    /// Looks at criteria that something happened, by the first time it did, and at devices that users enabled.
    fn events(&mut self) {
        let rubric = self.rubric;
        for criterion in rubric.criteria() {
            let wanted = criterion.check.leaves().into_iter().filter_map(|leaf| match leaf {
                Assertion::Event(event) => Some(event),
                _ => None,
            });
            let wanted: Vec<&Wanted> = wanted.collect();
            if wanted.is_empty() {
                continue;
            }
            let first: Result<Vec<Option<Timestamp>>, String> =
                wanted.iter().map(|event| self.first(event)).collect();
            match first {
                Ok(first) => {
                    let at = first.into_iter().flatten().min();
                    self.add(at, || format!("{} for the first time: {}", criterion.id, criterion.what));
                }
                Err(why) => _ = self.unknown.insert(why),
            }
        }
        for lookup in &self.evidence.lookups {
            for event in records(lookup).filter(|event| event.plain_name() == "EnableMFADevice") {
                let device = event.text("/requestParameters/userName").unwrap_or_default().to_owned();
                let plays = self
                    .players()
                    .iter()
                    .any(|(subject, name)| matches!(subject, Subject::User(_)) && *name == device);
                if plays && event.failure.is_none() {
                    self.add(Some(event.time), || format!("an MFA device of {device} was enabled"));
                }
            }
        }
    }

    /// Returns when something first happened that is late if it is. A history that does not reach back to the deadline,
    /// or was not read to its end, tells nothing of the first time.
    fn first(&self, wanted: &Wanted) -> Result<Option<Timestamp>, String> {
        let mut first: Option<Timestamp> = None;
        for query in queries(wanted) {
            for lookup in self.evidence.lookups.iter().filter(|lookup| self.answers(lookup, &query)) {
                let matching = records(lookup).filter(|event| is_wanted(event, wanted));
                let Some(at) = matching.map(|event| event.time).min() else { continue };
                if first.is_none_or(|before| at < before) {
                    first = Some(at);
                }
                if at > self.end && !lookup.complete {
                    return Err(format!("the event history of `{}` was not read to its end", lookup.value));
                }
            }
        }
        let reach = self.evidence.started.saturating_sub(HISTORY).unwrap_or(Timestamp::MIN);
        match first {
            Some(at) if at > self.end && reach > self.end => {
                Err("the event history does not reach back to the deadline".to_owned())
            }
            first => Ok(first),
        }
    }

    /// Tells whether a look into the event history is the one that a query asks for, by the name in the account too.
    fn answers(&self, lookup: &Lookup, query: &Query) -> bool {
        let called = match query {
            Query::Username(name) => match self.cast.player(&Subject::User(name.clone())) {
                Some(Player::Found { name, .. }) => name,
                _ => name,
            },
            Query::EventName(name) => name,
        };
        lookup.attribute == query.attribute() && (lookup.value == *called || lookup.value == query.value())
    }
}

fn password_changed(row: &Row) -> Option<Timestamp> {
    match row.when("password_last_changed") {
        When::At(at) => Some(at),
        _ => None,
    }
}

fn records(lookup: &Lookup) -> impl Iterator<Item = Event> {
    let records = lookup.records.read().map(Vec::as_slice).unwrap_or_default();
    records.iter().filter_map(|record| Event::of(record.clone()).ok())
}

/// Tells whether an event is one that a criterion looks for, as far as its time matters.
fn is_wanted(event: &Event, wanted: &Wanted) -> bool {
    let named = wanted.name.iter().any(|name| event.name == *name || event.plain_name() == name);
    let denied = event.failure.as_ref().is_some_and(|failure| failure.word().contains("Denied"));
    let ended = match wanted.outcome {
        EventOutcome::Success => event.failure.is_none(),
        EventOutcome::Denied => denied,
        EventOutcome::Any => true,
    };
    let used = event.text("/additionalEventData/MFAUsed").map(|text| text == "Yes").or(event.actor.mfa);
    let second_factor = wanted.mfa.is_none_or(|mfa| used == Some(mfa));
    let asked = || event.record.get("requestParameters").map(|asked| asked.to_string().to_lowercase());
    let mentioned = wanted.mentions.is_empty()
        || asked().is_some_and(|asked| wanted.mentions.iter().any(|one| asked.contains(&one.to_lowercase())));
    named && ended && second_factor && mentioned
}
