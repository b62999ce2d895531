//! Which scheduled rules fire next, and that they did.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Events, Region, Rule, input};
use crate::account::timing::Timing;
use crate::sandbox::services::wire;

/// One firing of a rule.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sandbox) struct Due {
    /// When it fires.
    pub(in crate::sandbox) at: Timestamp,
    /// Where the rule is.
    pub(in crate::sandbox) region: String,
    /// The rule's name.
    pub(in crate::sandbox) rule: String,
    /// The rule's ARN.
    pub(in crate::sandbox) rule_arn: String,
    /// What it sends, in the order of the targets' ids.
    pub(in crate::sandbox) deliveries: Vec<Delivery>,
}

/// What one target gets.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sandbox) struct Delivery {
    /// The target's id.
    pub(in crate::sandbox) target: String,
    /// The target's ARN.
    pub(in crate::sandbox) arn: String,
    /// The event, or what the target wants of it: JSON.
    pub(in crate::sandbox) input: String,
}

impl Rule {
    /// Returns when the rule fires next, if it is switched on and has a schedule.
    fn next(&self) -> Option<Timestamp> {
        let since = self.since.filter(|_| self.state != "DISABLED")?;
        Timing::parse(self.schedule.as_deref()?)?.next(since, self.fired.unwrap_or(since))
    }
}

impl Events {
    /// Returns the first firing that is due at `until` and not marked as done, of all rules of all regions.
    pub(in crate::sandbox) fn next_due(&self, until: Timestamp) -> Option<Due> {
        let mut first: Option<(Timestamp, String, String)> = None;
        for region in self.state.names() {
            self.state.read(&region, |Region { rules }| {
                for (name, rule) in rules {
                    let Some(at) = rule.next().filter(|&at| at <= until) else { continue };
                    let candidate = (at, region.clone(), name.clone());
                    if first.as_ref().is_none_or(|first| candidate < *first) {
                        first = Some(candidate);
                    }
                }
            });
        }
        let (at, region, name) = first?;
        self.state.read(&region, |found| {
            let rule = found.rules.get(&name)?;
            let event = self.event(&region, &rule.arn, at);
            let deliver = |(id, target): (&String, &Map<String, Value>)| Delivery {
                target: id.clone(),
                arn: target.get("Arn").and_then(Value::as_str).unwrap_or_default().to_owned(),
                input: input::of(target, &event),
            };
            Some(Due {
                at,
                region: region.clone(),
                rule: name.clone(),
                rule_arn: rule.arn.clone(),
                deliveries: rule.targets.iter().map(deliver).collect(),
            })
        })
    }

    /// Notes that a rule fired, and how many of its targets could not be reached.
    pub(in crate::sandbox) fn mark_fired(&self, due: &Due, failed: u64) {
        self.state.write(&due.region, |region| {
            if let Some(rule) = region.rules.get_mut(&due.rule) {
                rule.fired = Some(due.at);
                rule.failed += failed;
            }
        });
    }

    /// Returns the event of a scheduled rule.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html>
    fn event(&self, region: &str, rule_arn: &str, at: Timestamp) -> Value {
        json!({
            "version": "0",
            "id": wire::uuid(),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": self.account,
            "time": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": region,
            "resources": [rule_arn],
            "detail": {},
        })
    }
}

#[cfg(test)]
mod tests {
    use awsim_core::{RequestContext, ServiceHandler as _};

    use super::*;
    use crate::clock::Clock;

    fn events() -> (Events, Clock) {
        let clock = Clock::fixed("2026-03-02T09:00:00Z".parse().unwrap());
        (Events::new("123456789012", clock.clone()), clock)
    }

    fn ask(events: &Events, region: &str, operation: &str, input: Value) {
        let ctx = RequestContext::new("events", region);
        futures::executor::block_on(events.handle(operation, input, &ctx)).unwrap();
    }

    fn fired(events: &Events, until: &str) -> Vec<String> {
        let until = until.parse().unwrap();
        let mut fired = Vec::new();
        while let Some(due) = events.next_due(until) {
            events.mark_fired(&due, 0);
            fired.push(format!("{} {} {}", due.at, due.region, due.rule));
        }
        fired
    }

    #[test]
    fn rules_fire_in_the_order_of_time_and_once() {
        let (events, clock) = events();
        ask(&events, "us-east-1", "PutRule", json!({"Name": "daily", "ScheduleExpression": "rate(1 day)"}));
        ask(&events, "eu-west-1", "PutRule", json!({"Name": "r", "ScheduleExpression": "cron(0 6 * * ? *)"}));
        ask(&events, "us-east-1", "PutRule", json!({"Name": "p", "EventPattern": "{\"source\":[\"x\"]}"}));
        assert_eq!(
            fired(&events, "2026-03-04T09:00:00Z"),
            [
                "2026-03-03T06:00:00Z eu-west-1 r",
                "2026-03-03T09:00:00Z us-east-1 daily",
                "2026-03-04T06:00:00Z eu-west-1 r",
                "2026-03-04T09:00:00Z us-east-1 daily",
            ]
        );
        assert!(fired(&events, "2026-03-04T09:00:00Z").is_empty());
        // The same rule put again goes on; one that was off missed what would have been.
        ask(&events, "us-east-1", "PutRule", json!({"Name": "daily", "ScheduleExpression": "rate(1 day)"}));
        ask(&events, "eu-west-1", "DisableRule", json!({"Name": "r"}));
        futures::executor::block_on(clock.sleep(std::time::Duration::from_hours(96)));
        ask(&events, "eu-west-1", "EnableRule", json!({"Name": "r"}));
        let restored = Events::new("123456789012", clock);
        restored.restore(&events.snapshot().unwrap()).unwrap();
        assert_eq!(
            fired(&restored, "2026-03-07T06:00:00Z"),
            [
                "2026-03-05T09:00:00Z us-east-1 daily",
                "2026-03-06T09:00:00Z us-east-1 daily",
                "2026-03-07T06:00:00Z eu-west-1 r",
            ]
        );
    }

    #[test]
    fn a_target_gets_the_documented_event_or_its_own_constant() {
        let (events, _) = events();
        ask(&events, "us-east-1", "PutRule", json!({"Name": "daily", "ScheduleExpression": "rate(1 day)"}));
        let targets = json!([{"Id": "a", "Arn": "arn:aws:lambda:us-east-1:123456789012:function:f"},
                             {"Id": "b", "Arn": "arn:aws:sns:us-east-1:123456789012:t", "Input": "\"hi\""}]);
        ask(&events, "us-east-1", "PutTargets", json!({"Rule": "daily", "Targets": targets}));
        let due = events.next_due("2026-03-03T09:00:00Z".parse().unwrap()).unwrap();
        let mut event: Value = serde_json::from_str(&due.deliveries[0].input).unwrap();
        assert_eq!(event["id"].as_str().unwrap().len(), 36);
        event["id"] = json!("53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa");
        assert_eq!(
            event,
            json!({
                "version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event",
                "source": "aws.events", "account": "123456789012", "time": "2026-03-03T09:00:00Z",
                "region": "us-east-1", "resources": ["arn:aws:events:us-east-1:123456789012:rule/daily"],
                "detail": {},
            })
        );
        assert_eq!(due.deliveries[1].input, "\"hi\"");
    }
}
