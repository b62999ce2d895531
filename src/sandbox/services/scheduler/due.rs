//! When schedules fire, which one is next, and what its target gets.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use serde_json::json;

use super::Scheduler;
use super::schedule::Schedule;
use crate::account::timing::Timing;
use crate::sandbox::services::wire;

/// The most times of a `cron` that are passed over because clocks skip them: an hour of minutes, and some.
const SKIPPED: usize = 200;

/// One firing of a schedule.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sandbox) struct Due {
    /// When it fires.
    pub(in crate::sandbox) at: Timestamp,
    /// Where the schedule is.
    pub(in crate::sandbox) region: String,
    /// The schedule's ARN.
    pub(in crate::sandbox) arn: String,
    /// What it calls.
    pub(in crate::sandbox) target: String,
    /// The role it calls it with.
    pub(in crate::sandbox) role: String,
    /// What the target gets: JSON, if whoever made the schedule wrote JSON.
    pub(in crate::sandbox) input: String,
    /// The ARN of its group, for which the role is assumed.
    pub(super) group_arn: String,
    /// `group/name`
    key: String,
}

/// What a schedule expression says.
pub(super) enum When {
    /// `rate(…)` and `cron(…)`
    Recurring(Timing),
    /// `at(…)`, in the schedule's time zone.
    Once(DateTime),
}

impl When {
    /// Parses an expression; `None` is what Scheduler refuses.
    pub(super) fn parse(expression: &str) -> Option<Self> {
        match expression.strip_prefix("at(").and_then(|rest| rest.strip_suffix(')')) {
            Some(time) => DateTime::strptime("%Y-%m-%dT%H:%M:%S", time).ok().map(Self::Once),
            None => Timing::parse(expression).map(Self::Recurring),
        }
    }
}

impl Schedule {
    /// Returns when the schedule fires next, if it is switched on and not over.
    fn next(&self) -> Option<Timestamp> {
        if self.state != "ENABLED" {
            return None;
        }
        let zone = TimeZone::get(&self.timezone).ok()?;
        let start = self.start.unwrap_or(self.since);
        let at = match (When::parse(&self.expression)?, self.fired) {
            // It has no start and no end.
            (When::Once(time), None) => {
                return zone.to_timestamp(time).ok().filter(|at| *at >= self.since);
            }
            (When::Once(_), Some(_)) => None,
            // "If you do not provide a StartDate for a rate-based schedule, your schedule starts invoking the target
            // immediately" ("Schedule types" in the user guide).
            (When::Recurring(Timing::Rate(_)), None) if start >= self.since => Some(start),
            (When::Recurring(timing @ Timing::Rate(_)), fired) => {
                timing.next(start, fired.unwrap_or(self.since))
            }
            (When::Recurring(timing), fired) => {
                local_next(&timing, &zone, fired.unwrap_or_else(|| self.since.max(start)))
            }
        };
        at.filter(|at| self.end.is_none_or(|end| *at <= end))
    }
}

/// Returns the first time after `after` at which the clocks of a time zone show what a `cron` names. What they skip in
/// spring is left out, what they repeat in autumn happens once ("Daylight savings time" in the user guide).
fn local_next(timing: &Timing, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let mut shown = TimeZone::UTC.to_timestamp(zone.to_datetime(after)).ok()?;
    for _ in 0..SKIPPED {
        shown = timing.next(shown, shown)?;
        let time = zone.to_ambiguous_timestamp(TimeZone::UTC.to_datetime(shown));
        if matches!(time.offset(), AmbiguousOffset::Gap { .. }) {
            continue;
        }
        if let Some(at) = time.earlier().ok().filter(|at| *at > after) {
            return Some(at);
        }
    }
    None
}

impl Scheduler {
    /// Returns the first firing that is due at `until` and not marked as done, of all schedules of all regions.
    pub(in crate::sandbox) fn next_due(&self, until: Timestamp) -> Option<Due> {
        let mut first: Option<(Timestamp, String, String)> = None;
        for region in self.state.names() {
            self.state.read(&region, |state| {
                for (key, schedule) in &state.schedules {
                    let Some(at) = schedule.next().filter(|&at| at <= until) else { continue };
                    let candidate = (at, region.clone(), key.clone());
                    if first.as_ref().is_none_or(|first| candidate < *first) {
                        first = Some(candidate);
                    }
                }
            });
        }
        let (at, region, key) = first?;
        self.state.read(&region, |state| {
            let schedule = state.schedules.get(&key)?;
            let arn = self.schedule_arn(&region, &schedule.group, &schedule.name);
            Some(Due {
                at,
                input: self.input(schedule, &region, &arn, at),
                target: schedule.target_text("Arn").to_owned(),
                role: schedule.target_text("RoleArn").to_owned(),
                group_arn: self.group_arn(&region, &schedule.group),
                region: region.clone(),
                arn,
                key: key.clone(),
            })
        })
    }

    /// Notes that a schedule fired. One that is over and says so is deleted.
    pub(in crate::sandbox) fn mark_fired(&self, due: &Due) {
        self.state.write(&due.region, |region| {
            let Some(schedule) = region.schedules.get_mut(&due.key) else { return };
            schedule.fired = Some(due.at);
            if schedule.after_completion == "DELETE" && schedule.next().is_none() {
                region.schedules.remove(&due.key);
            }
        });
    }

    /// Returns what the target gets: what the schedule says, with its attributes filled in ("Adding context attributes"
    /// in the user guide), or the event of a schedule that says nothing.
    fn input(&self, schedule: &Schedule, region: &str, arn: &str, at: Timestamp) -> String {
        let time = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let own = schedule.target_text("Input");
        if own.is_empty() {
            let event = json!({
                "version": "0",
                "id": wire::uuid(),
                "detail-type": "Scheduled Event",
                "source": "aws.scheduler",
                "account": self.account,
                "time": time,
                "region": region,
                "resources": [arn],
                "detail": "{}",
            });
            return event.to_string();
        }
        own.replace("<aws.scheduler.schedule-arn>", arn)
            .replace("<aws.scheduler.scheduled-time>", &time)
            .replace("<aws.scheduler.execution-id>", &wire::uuid())
            .replace("<aws.scheduler.attempt-number>", "1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(expression: &str, zone: &str, after: &str) -> String {
        let Some(When::Recurring(timing)) = When::parse(expression) else { panic!("{expression}") };
        let zone = TimeZone::get(zone).unwrap();
        local_next(&timing, &zone, after.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn a_cron_follows_the_clocks_of_its_time_zone() {
        let six = |after: &str| next("cron(0 6 * * ? *)", "America/Vancouver", after);
        assert_eq!(six("2026-03-02T09:00:00Z"), "2026-03-02T14:00:00Z");
        assert_eq!(six("2026-07-02T09:00:00Z"), "2026-07-02T13:00:00Z");
        // On 2026-03-29 Berlin has no 02:30; on 2026-10-25 it has two.
        let night = |after: &str| next("cron(30 2 * * ? *)", "Europe/Berlin", after);
        assert_eq!(night("2026-03-28T01:30:00Z"), "2026-03-30T00:30:00Z");
        assert_eq!(night("2026-10-24T00:30:00Z"), "2026-10-25T00:30:00Z");
        assert_eq!(night("2026-10-25T00:30:00Z"), "2026-10-26T01:30:00Z");
    }

    /// Those that AWS was seen to refuse, recorded on 2025-01-26 in a test of another emulator.
    #[test]
    fn refuses_what_aws_refuses() {
        for bad in
            ["cron(0 1 * * * *)", "rate(10 seconds)", "rate(10)", "rate(-10 minutes)", "at(2021-12-31)"]
        {
            assert!(When::parse(bad).is_none(), "{bad}");
        }
        assert!(When::parse("at(2021-12-31T23:59:59Z)").is_none());
        assert!(When::parse("at(2021-12-31T23:59:59)").is_some());
    }
}
