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

use super::assertion::{Case, event};
use super::cast::Player;
use super::evidence::Lookup;
use super::points::{Points, Share};
use super::rubric::{Assertion, Event as Wanted, LatePolicy, Rubric};
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
pub fn lateness(rubric: &Rubric, case: &Case<'_>, due: Due, score: Points) -> Option<Lateness> {
    let free = LatePolicy { deadline: None, grace_minutes: 0, percent_per_day: 0, at_most_percent: 0 };
    let policy = rubric.late.as_ref().unwrap_or(&free);
    let granted = SignedDuration::from_secs(i64::from(due.extension_days) * DAY)
        .saturating_add(SignedDuration::from_mins(i64::from(policy.grace_minutes)));
    let end = due.deadline.saturating_add(granted).unwrap_or(Timestamp::MAX);

    let mut work = Work { rubric, case, end, done: BTreeSet::new(), unknown: BTreeSet::new() };
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
    case: &'a Case<'a>,
    end: Timestamp,
    done: BTreeSet<(Timestamp, String)>,
    unknown: BTreeSet<String>,
}

impl<'a> Work<'a> {
    /// Lists what plays a part, by its name in the account.
    fn players(&self) -> BTreeMap<&'a Subject, &'a str> {
        let subjects = self.rubric.criteria().flat_map(|criterion| criterion.check.subjects());
        let all = subjects.chain([&Subject::Function, &Subject::FunctionRole]);
        let found = all.filter_map(|subject| match self.case.cast.player(subject)? {
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
        let identity = match &self.case.evidence.snapshot.identity {
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
        if let Some(credentials) = self.case.evidence.snapshot.credentials.get(name).and_then(Facet::read) {
            // A key beside an older one takes its place: that is a rotation.
            let first = credentials.access_keys.iter().filter_map(|key| key.created).min();
            self.add(first.filter(|at| !is_routine(*at)), || format!("the access key of {name} was made"));
        }
        let report = self.case.evidence.snapshot.credential_report.read();
        let row = report.and_then(|report| report.users().find(|row| row.user() == name));
        let changed = row.and_then(password_changed);
        self.add(changed.filter(|at| !is_routine(*at)), || format!("the password of {name} was set"));
    }

    fn function(&mut self) {
        let players = self.players();
        let Some(name) = players.get(&Subject::Function) else { return };
        let function =
            self.case.evidence.snapshot.functions.get(*name).and_then(Facet::read).and_then(Option::as_ref);
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
        for lookup in &self.case.evidence.lookups {
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
        let reach = self.case.evidence.started.saturating_sub(HISTORY).unwrap_or(Timestamp::MIN);
        match event::first(self.case, wanted) {
            Some((at, _)) if at > self.end && reach > self.end => {
                Err("the event history does not reach back to the deadline".to_owned())
            }
            Some((at, false)) if at > self.end => Err("the event history was not read to its end".to_owned()),
            found => Ok(found.map(|(at, _)| at)),
        }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::assertion::testing::{identity_of, lab, lookup, record, shipped};
    use super::*;
    use crate::grade::evidence::Evidence;

    const DEADLINE: &str = "2026-03-02T00:00:00Z";

    #[expect(clippy::unnecessary_wraps, reason = "what the snapshot holds")]
    fn at(text: &str) -> Option<Timestamp> {
        Some(text.parse().unwrap())
    }

    /// A lab whose events happened before the deadline.
    fn in_time() -> Evidence {
        let mut lab = lab();
        for lookup in &mut lab.lookups {
            let Facet::Read(records) = &mut lookup.records else { panic!("it was read") };
            for record in records {
                record["eventTime"] = json!("2026-03-01T09:00:00Z");
            }
        }
        lab
    }

    fn late(evidence: &Evidence, extension_days: u32) -> Option<(u32, String, Vec<String>)> {
        let rubric = shipped();
        let due = Due { deadline: DEADLINE.parse().unwrap(), extension_days };
        let case = Case::new(&rubric, evidence);
        let found = lateness(&rubric, &case, due, Points::whole(80))?;
        Some((found.days, found.deduction.to_string(), found.evidence))
    }

    #[test]
    fn days_begin_after_deadline_grace_and_extension() {
        let mut lab = in_time();
        assert_eq!(late(&lab, 0), None);
        let set = |lab: &mut Evidence, time: &str| {
            identity_of(lab).users.get_mut("User3").unwrap().created = at(time);
        };
        set(&mut lab, "2026-03-02T00:15:00Z");
        assert_eq!(late(&lab, 0), None, "within the grace");
        for (time, days, deduction) in [
            ("2026-03-02T00:15:01Z", 1, "8"),
            ("2026-03-03T00:15:00Z", 1, "8"),
            ("2026-03-03T00:15:01Z", 2, "16"),
            ("2026-04-01T00:00:00Z", 30, "40"),
        ] {
            set(&mut lab, time);
            let found = late(&lab, 0).unwrap();
            assert_eq!((found.0, found.1.as_str()), (days, deduction), "{time}");
            assert_eq!(found.2, [format!("{time} user User3 was created")]);
        }
        set(&mut lab, "2026-03-04T00:00:00Z");
        assert_eq!(late(&lab, 2), None, "extended");
    }

    #[test]
    fn what_plays_no_part_and_what_is_rotated_is_not_late() {
        let mut lab = in_time();
        let mut other = identity_of(&mut lab).users["User2"].clone();
        other.created = at("2026-03-05T00:00:00Z");
        identity_of(&mut lab).users.insert("Friend".to_owned(), other);
        identity_of(&mut lab).users.get_mut("User2").unwrap().created = at("2026-01-01T00:00:00Z");
        let Some(Facet::Read(credentials)) = lab.snapshot.credentials.get_mut("User2") else {
            panic!("read")
        };
        credentials.access_keys[0].created = at("2026-03-05T00:00:00Z");
        assert_eq!(late(&lab, 0), None);
        identity_of(&mut lab).users.get_mut("User2").unwrap().created = at("2026-02-28T00:00:00Z");
        let found = late(&lab, 0).unwrap();
        assert_eq!(found.2, ["2026-03-05T00:00:00Z the access key of User2 was made"]);
    }

    #[test]
    fn what_happened_counts_by_the_first_time() {
        let mut lab = in_time();
        let again =
            record("e9", "User3", "GetCredentialReport", &json!({"eventTime": "2026-03-05T09:00:00Z"}));
        let Facet::Read(records) = &mut lab.lookups[1].records else { panic!("it was read") };
        records.insert(0, again.clone());
        assert_eq!(late(&lab, 0), None);
        lab.lookups[1] = lookup("Username", "User3", vec![again]);
        let found = late(&lab, 0).unwrap();
        assert_eq!(found.0, 4);
        assert!(found.2[0].starts_with("2026-03-05T09:00:00Z T5.got-report"), "{found:?}");
        lab.lookups[1].complete = false;
        let found = late(&lab, 0).unwrap();
        assert_eq!((found.0, found.1.as_str()), (0, "0"));
        assert!(found.2[0].contains("was not read to its end"), "{found:?}");
    }

    #[test]
    fn what_cannot_be_known_costs_nothing() {
        let mut lab = in_time();
        lab.snapshot.identity = Facet::NotRead("access denied".to_owned());
        let found = late(&lab, 0).unwrap();
        assert_eq!((found.0, found.1.as_str()), (0, "0"));
        assert!(found.2[0].contains("access denied"), "{found:?}");
    }
}
