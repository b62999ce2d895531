//! Firing the schedules: what is due, in order, each to its targets.

use jiff::Timestamp;
use serde::Serialize;

use crate::sandbox::services::Services;
use crate::sandbox::services::events::{Delivery, Due, Events};
use crate::sandbox::services::lambda::Lambda;
use crate::sandbox::services::scheduler::{self, Scheduler};
use crate::sandbox::services::sns::Sns;

/// The name under which `EventBridge` invokes targets.
const EVENTBRIDGE: &str = "events.amazonaws.com";
/// The name under which SNS invokes functions.
const SNS: &str = "sns.amazonaws.com";

/// The services that firing needs, of one account.
#[derive(Clone, Copy)]
pub(in crate::sandbox) struct Stage<'a> {
    /// The rules.
    pub(in crate::sandbox) events: &'a Events,
    /// The schedules of EventBridge Scheduler.
    pub(in crate::sandbox) scheduler: &'a Scheduler,
    /// The functions.
    pub(in crate::sandbox) lambda: &'a Lambda,
    /// The topics.
    pub(in crate::sandbox) sns: &'a Sns,
}

/// One target of one firing, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::sandbox) struct Ran {
    /// The ARN of the rule or schedule.
    pub(in crate::sandbox) rule: String,
    /// When it fired.
    pub(in crate::sandbox) at: Timestamp,
    /// The ARN of the target; empty when the rule has none.
    pub(in crate::sandbox) target: String,
    /// What came of it.
    #[serde(flatten)]
    pub(in crate::sandbox) outcome: Fired,
}

/// What came of a firing at one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "detail")]
pub(in crate::sandbox) enum Fired {
    /// The function returned: with its answer. The topic took the message: with nothing.
    Done(String),
    /// The function failed: with the description of the error.
    FunctionFailed(String),
    /// The target could not be reached; AWS counts a `FailedInvocations` of the rule.
    NotReached(String),
    /// The rule has no target.
    NoTarget,
}

/// What fires next.
enum Next {
    Rule(Due),
    Schedule(scheduler::Due),
}

/// Fires every rule and every schedule that is due at `until`, at most `most` times in all, in the order of time.
/// `at_time` is told the time of each firing before it, so that a clock can be moved there. What changed is not saved by
/// this.
///
/// A function is invoked once; its failure is not tried again.
pub(in crate::sandbox) async fn run_due(
    stage: Stage<'_>,
    until: Timestamp,
    most: usize,
    mut at_time: impl FnMut(Timestamp) + Send,
) -> Vec<Ran> {
    let mut all = Vec::new();
    for _ in 0..most {
        match stage.next(until) {
            None => break,
            Some(Next::Rule(due)) => {
                at_time(due.at);
                stage.run_rule(&due, &mut all).await;
            }
            Some(Next::Schedule(due)) => {
                at_time(due.at);
                // Marked before it runs: a firing that brings the program down must not come again and again.
                stage.scheduler.mark_fired(&due);
                let outcome = stage.run_schedule(&due).await;
                told(&due.arn, &due.target, &outcome);
                all.push(Ran { rule: due.arn, at: due.at, target: due.target, outcome });
            }
        }
    }
    all
}

/// Tells whoever reads the log of a target that was not reached.
fn told(rule: &str, target: &str, outcome: &Fired) {
    if let Fired::NotReached(reason) = outcome {
        tracing::warn!(rule, target, reason, "a target was not reached");
    }
}

impl<'a> Stage<'a> {
    /// Takes what firing needs of an account.
    pub(in crate::sandbox) fn of(services: &'a Services) -> Self {
        let Services { events, scheduler, lambda, sns, .. } = services;
        Self { events, scheduler, lambda, sns }
    }
}

impl Stage<'_> {
    /// Tells whether anything is due.
    pub(in crate::sandbox) fn is_due(&self, until: Timestamp) -> bool {
        self.next(until).is_some()
    }

    /// Returns what fires first; of two at the same time the rule.
    fn next(&self, until: Timestamp) -> Option<Next> {
        match (self.events.next_due(until), self.scheduler.next_due(until)) {
            (Some(rule), Some(schedule)) if schedule.at < rule.at => Some(Next::Schedule(schedule)),
            (Some(rule), _) => Some(Next::Rule(rule)),
            (None, schedule) => schedule.map(Next::Schedule),
        }
    }

    /// Fires a rule.
    async fn run_rule(&self, due: &Due, all: &mut Vec<Ran>) {
        // Marked before it runs, as above.
        self.events.mark_fired(due, 0);
        let mut failed = 0;
        let ran = |target: &str, outcome| Ran {
            rule: due.rule_arn.clone(),
            at: due.at,
            target: target.to_owned(),
            outcome,
        };
        if due.deliveries.is_empty() {
            all.push(ran("", Fired::NoTarget));
        }
        for delivery in &due.deliveries {
            let outcome = self.fire(due, delivery).await;
            told(&due.rule_arn, &delivery.arn, &outcome);
            failed += u64::from(matches!(outcome, Fired::NotReached(_)));
            all.push(ran(&delivery.arn, outcome));
        }
        if failed > 0 {
            self.events.mark_fired(due, failed);
        }
    }

    /// Fires a schedule: as its role, whatever the function's own policy says.
    async fn run_schedule(&self, due: &scheduler::Due) -> Fired {
        let mut parts = due.target.split(':').skip(2);
        if parts.next() != Some("lambda") {
            return Fired::NotReached("schedules of the sandbox invoke Lambda functions only".to_owned());
        }
        if parts.next() != Some(due.region.as_str()) {
            return Fired::NotReached("the function is in another region".to_owned());
        }
        if let Err(reason) = self.scheduler.assume(due, "lambda:InvokeFunction") {
            return Fired::NotReached(reason);
        }
        self.run(&due.region, &due.target, &due.input).await
    }

    /// Gives one target what it gets.
    async fn fire(&self, due: &Due, Delivery { arn, input, .. }: &Delivery) -> Fired {
        match arn.split(':').nth(2) {
            Some("lambda") => self.invoke(&due.region, arn, EVENTBRIDGE, &due.rule_arn, input).await,
            Some("sns") => {
                let sent = self.sns.publish_for_service(&due.region, arn, EVENTBRIDGE, &due.rule_arn, input);
                let functions = match sent {
                    Ok(functions) => functions,
                    Err(error) => return Fired::NotReached(error.message),
                };
                for to in functions {
                    // What becomes of a subscriber is not the rule's.
                    self.invoke(&due.region, &to.function, SNS, arn, &to.event).await;
                }
                Fired::Done(String::new())
            }
            _ => Fired::NotReached("the sandbox invokes Lambda functions and SNS topics only".to_owned()),
        }
    }

    /// Invokes a function, if its resource policy lets `service` do it for `source`.
    async fn invoke(&self, region: &str, arn: &str, service: &str, source: &str, event: &str) -> Fired {
        if !self.lambda.may_invoke(region, arn, service, source) {
            let reason = format!("the policy of the function does not let {service} invoke it for {source}");
            return Fired::NotReached(reason);
        }
        self.run(region, arn, event).await
    }

    /// Runs a function.
    async fn run(&self, region: &str, arn: &str, event: &str) -> Fired {
        let event = event.as_bytes().to_vec();
        match self.lambda.invoke_for_service(region, arn, event).await {
            Ok(outcome) => {
                let payload = String::from_utf8_lossy(&outcome.payload).into_owned();
                if outcome.failed { Fired::FunctionFailed(payload) } else { Fired::Done(payload) }
            }
            Err(error) => Fired::NotReached(error.message),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_eventbridge::types::Target;
    use aws_sdk_lambda::primitives::Blob;
    use aws_sdk_lambda::types::FunctionCode;

    use super::*;
    use crate::sandbox::runtime::testing::package;
    use crate::sandbox::testing;

    const RULE: &str = "arn:aws:events:us-east-1:123456789012:rule/daily";
    const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:audit";
    const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:reports";

    #[tokio::test]
    async fn a_schedule_runs_what_lets_it() {
        let sandbox = testing::open(None).unwrap();
        let services = sandbox.inner.account.services();
        let config = testing::config(&sandbox).await;
        testing::role(&config, "auditor", "lambda.amazonaws.com").await;
        let lambda = aws_sdk_lambda::Client::new(&config);
        let code = "
def handler(event, context):
    print('ran for', event.get('time') or event['Records'][0]['Sns']['Message'])
    return event.get('resources')
";
        lambda
            .create_function()
            .function_name("audit")
            .runtime("python3.9".into())
            .handler("index.handler")
            .role("arn:aws:iam::123456789012:role/auditor")
            .code(FunctionCode::builder().zip_file(Blob::new(package(&[("index.py", code)]))).build())
            .send()
            .await
            .unwrap();
        let sns = aws_sdk_sns::Client::new(&config);
        sns.create_topic().name("reports").send().await.unwrap();
        sns.subscribe().topic_arn(TOPIC).protocol("lambda").endpoint(FUNCTION).send().await.unwrap();
        let events = aws_sdk_eventbridge::Client::new(&config);
        events.put_rule().name("daily").schedule_expression("cron(0 6 * * ? *)").send().await.unwrap();
        let target = |id: &str, arn: &str| Target::builder().id(id).arn(arn).build().unwrap();
        let topic = Target::builder().id("2").arn(TOPIC).input("\"hello\"").build().unwrap();
        events
            .put_targets()
            .rule("daily")
            .targets(target("1", FUNCTION))
            .targets(topic)
            .send()
            .await
            .unwrap();

        let stage = Stage::of(services);
        let mut times = Vec::new();
        let run = async |until: &str, times: &mut Vec<String>| {
            let at = |time: Timestamp| times.push(time.to_string());
            run_due(stage, until.parse().unwrap(), 10, at).await
        };
        let outcomes = |ran: &[Ran]| ran.iter().map(|ran| ran.outcome.clone()).collect::<Vec<_>>();
        // Neither the function nor the topic says that the rule may use it.
        let ran = run("2026-03-03T06:00:00Z", &mut times).await;
        assert_eq!((ran.len(), ran[0].rule.as_str(), ran[1].target.as_str()), (2, RULE, TOPIC));
        assert!(outcomes(&ran).iter().all(|outcome| matches!(outcome, Fired::NotReached(_))), "{ran:?}");

        let permission = |id: &str, service: &str, source: &str| {
            let add = lambda.add_permission().function_name("audit").statement_id(id).principal(service);
            add.action("lambda:InvokeFunction").source_arn(source).send()
        };
        permission("schedule", "events.amazonaws.com", RULE).await.unwrap();
        permission("topic", "sns.amazonaws.com", TOPIC).await.unwrap();
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"events.amazonaws.com"}},"Action":"sns:Publish","Resource":"{TOPIC}"}}]}}"#
        );
        let set = sns.set_topic_attributes().topic_arn(TOPIC).attribute_name("Policy");
        set.attribute_value(policy).send().await.unwrap();
        let ran = run("2026-03-05T06:00:00Z", &mut times).await;
        let done = [Fired::Done(format!("[\"{RULE}\"]")), Fired::Done(String::new())];
        assert_eq!(outcomes(&ran), [done.clone(), done].concat());
        assert_eq!(times, ["2026-03-03T06:00:00Z", "2026-03-04T06:00:00Z", "2026-03-05T06:00:00Z"]);
        let log = services.lambda.logs("us-east-1", "audit");
        let printed: Vec<_> = log.iter().filter(|line| line.text.starts_with("ran for")).collect();
        let printed: Vec<_> = printed.iter().map(|line| line.text.as_str()).collect();
        let two = |day: u8| [format!("ran for 2026-03-0{day}T06:00:00Z"), "ran for \"hello\"".to_owned()];
        assert_eq!(printed, [two(4), two(5)].concat());
        assert!(run("2026-03-05T06:00:00Z", &mut times).await.is_empty());
        let publishers: Vec<_> = services.sns.sent().into_iter().filter_map(|mail| mail.publisher).collect();
        assert_eq!(publishers, [EVENTBRIDGE, EVENTBRIDGE]);
    }

    #[tokio::test]
    async fn a_schedule_of_scheduler_runs_a_function_as_its_role() {
        let sandbox = testing::open(None).unwrap();
        let config = testing::config(&sandbox).await;
        testing::role(&config, "auditor", "lambda.amazonaws.com").await;
        testing::role(&config, "scheduler", "scheduler.amazonaws.com").await;
        let code = "
def handler(event, context):
    return [event['source'], event['time'], event['resources']]
";
        aws_sdk_lambda::Client::new(&config)
            .create_function()
            .function_name("audit")
            .runtime("python3.9".into())
            .handler("index.handler")
            .role("arn:aws:iam::123456789012:role/auditor")
            .code(FunctionCode::builder().zip_file(Blob::new(package(&[("index.py", code)]))).build())
            .send()
            .await
            .unwrap();
        let scheduler = aws_sdk_scheduler::Client::new(&config);
        let off = aws_sdk_scheduler::types::FlexibleTimeWindow::builder()
            .mode(aws_sdk_scheduler::types::FlexibleTimeWindowMode::Off)
            .build()
            .unwrap();
        let target = aws_sdk_scheduler::types::Target::builder()
            .arn(FUNCTION)
            .role_arn("arn:aws:iam::123456789012:role/scheduler")
            .build()
            .unwrap();
        let create = scheduler.create_schedule().name("daily").schedule_expression("cron(0 6 * * ? *)");
        let create = create.schedule_expression_timezone("America/Vancouver");
        create.flexible_time_window(off.clone()).target(target.clone()).send().await.unwrap();
        let once = scheduler.create_schedule().name("once").schedule_expression("at(2026-03-02T12:00:00)");
        let once = once.action_after_completion("DELETE".into());
        once.flexible_time_window(off).target(target).send().await.unwrap();

        let stage = Stage::of(sandbox.inner.account.services());
        let mut times = Vec::new();
        let run = async |until: &str, times: &mut Vec<String>| {
            let at = |time: Timestamp| times.push(time.to_string());
            run_due(stage, until.parse().unwrap(), 10, at).await
        };
        let ran = run("2026-03-02T23:00:00Z", &mut times).await;
        assert_eq!(times, ["2026-03-02T12:00:00Z", "2026-03-02T14:00:00Z"]);
        let reason = format!("the role scheduler does not allow lambda:InvokeFunction on {FUNCTION}");
        assert!(ran.iter().all(|ran| ran.outcome == Fired::NotReached(reason.clone())), "{ran:?}");
        assert!(scheduler.get_schedule().name("once").send().await.is_err(), "it is over");

        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"*"}]}"#;
        let iam = aws_sdk_iam::Client::new(&config);
        let put = iam.put_role_policy().role_name("scheduler").policy_name("p").policy_document(policy);
        put.send().await.unwrap();
        let ran = run("2026-03-03T23:00:00Z", &mut times).await;
        let arn = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/daily";
        let answer = format!(r#"["aws.scheduler", "2026-03-03T14:00:00Z", ["{arn}"]]"#);
        assert_eq!((ran[0].rule.as_str(), &ran[0].outcome), (arn, &Fired::Done(answer)));

        // Who trusts nobody any more is not assumed, although the schedule was let in once.
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        iam.update_assume_role_policy().role_name("scheduler").policy_document(trust).send().await.unwrap();
        let ran = run("2026-03-04T23:00:00Z", &mut times).await;
        let reason = "the role scheduler does not trust scheduler.amazonaws.com".to_owned();
        assert_eq!(ran[0].outcome, Fired::NotReached(reason));
    }
}
