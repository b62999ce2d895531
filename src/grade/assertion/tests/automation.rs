//! What starts the function, how it is set up, and who hears of it.

use serde_json::json;

use super::super::testing::{found, identity_of, lab, regional, rule};
use super::{Met, Missed, Nearly, Unknown, is, rows};
use crate::account::snapshot::{Facet, Schedule};
use crate::account::testing::{arn, inline, role};
use crate::grade::evidence::Evidence;

fn only_rule(lab: &mut Evidence, expression: &str, target: &str, enabled: bool) {
    let mut daily = rule("daily", expression, target);
    daily.enabled = enabled;
    lab.snapshot.rules.insert("daily".to_owned(), Facet::Read(Some(daily)));
}

fn scheduler(lab: &mut Evidence, trusted: &str, actions: &str) {
    lab.rules = Facet::Read([].into());
    let schedule = Schedule {
        arn: regional("scheduler:schedule/default/s"),
        name: "s".to_owned(),
        expression: "cron(0 6 * * ? *)".to_owned(),
        timezone: "America/Vancouver".to_owned(),
        enabled: true,
        target: regional("lambda:function:fn:$LATEST"),
        role: arn("role/clock"),
        input: None,
        starts: None,
        ends: None,
    };
    lab.snapshot.schedules = Facet::Read(vec![schedule]);
    let trust = json!([{"Effect": "Allow", "Principal": {"Service": trusted}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}]);
    let says = json!([{"Effect": "Allow", "Action": actions, "Resource": [regional("lambda:function:fn"),
        regional("lambda:function:fn:*")]}]);
    identity_of(lab).roles.extend([role("clock", &trust, inline("invoke", &says))]);
}

const FN: &str = "arn:aws:lambda:us-east-1:123456789012:function:fn";
const SERVICE: &str = "scheduler.amazonaws.com";
const INVOKE: &str = "lambda:InvokeFunction";

#[test]
fn schedules() {
    rows(
        "{ schedule: daily }",
        &[
            ("switched off", |lab| only_rule(lab, "rate(1 day)", FN, false), Nearly),
            ("every hour", |lab| only_rule(lab, "rate(1 hour)", FN, true), Nearly),
            ("on weekdays", |lab| only_rule(lab, "cron(0 6 ? * MON-FRI *)", FN, true), Nearly),
            ("every week", |lab| only_rule(lab, "rate(7 days)", FN, true), Missed),
            (
                "of nothing",
                |lab| only_rule(lab, "rate(1 day)", "arn:aws:sns:us-east-1:123456789012:x", true),
                Met,
            ),
            ("a schedule", |lab| scheduler(lab, SERVICE, INVOKE), Met),
            ("nothing", |lab| lab.rules = Facet::Read([].into()), Missed),
            ("schedules were not read", |lab| lab.snapshot.schedules = Facet::NotRead("denied".into()), Met),
            ("rules were not read", |lab| lab.rules = Facet::NotRead("denied".into()), Unknown),
            (
                "the other of two targets the function",
                |lab| {
                    only_rule(lab, "rate(7 days)", FN, true);
                    lab.rules = Facet::Read(["daily".to_owned(), "other".to_owned()].into());
                    let other = rule("other", "rate(1 day)", "arn:aws:sns:us-east-1:123456789012:x");
                    lab.snapshot.rules.insert("other".to_owned(), Facet::Read(Some(other)));
                },
                Missed,
            ),
        ],
    );
    rows(
        "{ schedule: targets-function }",
        &[
            ("an alias", |lab| only_rule(lab, "rate(1 day)", &format!("{FN}:live"), true), Met),
            ("another function", |lab| only_rule(lab, "rate(1 day)", &format!("{FN}2"), true), Missed),
            ("a schedule", |lab| scheduler(lab, SERVICE, INVOKE), Met),
            ("nothing", |lab| lab.rules = Facet::Read([].into()), Missed),
            ("no function", |lab| lab.functions = Facet::Read([].into()), Missed),
            ("unread", |lab| lab.functions = Facet::NotRead("denied".into()), Unknown),
        ],
    );
    rows(
        "{ schedule: may-invoke }",
        &[
            (
                "no permission",
                |lab| {
                    let Some(Facet::Read(Some(function))) = lab.snapshot.functions.get_mut("fn") else {
                        panic!()
                    };
                    function.permissions.clear();
                },
                Missed,
            ),
            (
                "for any rule",
                |lab| {
                    let Some(Facet::Read(Some(function))) = lab.snapshot.functions.get_mut("fn") else {
                        panic!()
                    };
                    function.permissions.get_mut("daily").unwrap().source_arn = None;
                },
                Met,
            ),
            (
                "for rules by a wildcard",
                |lab| {
                    let Some(Facet::Read(Some(function))) = lab.snapshot.functions.get_mut("fn") else {
                        panic!()
                    };
                    function.permissions.get_mut("daily").unwrap().source_arn =
                        Some(regional("events:rule/*"));
                },
                Met,
            ),
            (
                "for another rule",
                |lab| {
                    let Some(Facet::Read(Some(function))) = lab.snapshot.functions.get_mut("fn") else {
                        panic!()
                    };
                    function.permissions.get_mut("daily").unwrap().source_arn =
                        Some(regional("events:rule/x"));
                },
                Missed,
            ),
            ("a schedule", |lab| scheduler(lab, SERVICE, INVOKE), Met),
            (
                "a schedule whose role trusts Lambda",
                |lab| scheduler(lab, "lambda.amazonaws.com", INVOKE),
                Missed,
            ),
            ("a schedule whose role may not", |lab| scheduler(lab, SERVICE, "lambda:GetFunction"), Missed),
            (
                "a schedule without its role",
                |lab| {
                    scheduler(lab, SERVICE, INVOKE);
                    identity_of(lab).roles.remove("clock");
                },
                Missed,
            ),
            ("nothing", |lab| lab.rules = Facet::Read([].into()), Missed),
        ],
    );
}

#[test]
fn what_calls_lambda_names_the_function_in_its_input() {
    let by = |input: Option<&str>| {
        let mut lab = lab();
        scheduler(&mut lab, SERVICE, INVOKE);
        let Facet::Read(schedules) = &mut lab.snapshot.schedules else { panic!() };
        "arn:aws:scheduler:::aws-sdk:lambda:invoke".clone_into(&mut schedules[0].target);
        schedules[0].input = input.map(|name| json!({"FunctionName": name}).to_string());
        ["daily", "targets-function", "may-invoke"]
            .map(|fact| is(&found(&format!("{{ schedule: {fact} }}"), &lab).outcome))
    };
    for name in [
        "fn",
        "fn:live",
        FN,
        "arn:aws:lambda:us-east-1:123456789012:function:fn:3",
        "123456789012:function:fn",
    ] {
        assert_eq!(by(Some(name)), [Met, Met, Met], "{name}");
    }
    assert_eq!(by(Some("fn2")), [Met, Missed, Missed]);
    assert_eq!(by(None), [Met, Unknown, Unknown]);
}

#[test]
fn who_may_invoke_is_unknown_when_only_that_was_not_read() {
    let mut lab = lab();
    let Some(Facet::Read(Some(function))) = lab.snapshot.functions.get_mut("fn") else { panic!() };
    function.permissions.clear();
    function.permissions_unread = Some("denied".to_owned());
    assert_eq!(is(&found("{ schedule: may-invoke }", &lab).outcome), Unknown);
    assert_eq!(is(&found("{ schedule: targets-function }", &lab).outcome), Met);
}

#[test]
fn configuration() {
    let change = |lab: &mut Evidence, runtime: &str, architecture: &str| {
        let Some(Facet::Read(Some(function))) = lab.snapshot.functions.get_mut("fn") else { panic!() };
        runtime.clone_into(&mut function.runtime);
        architecture.clone_into(&mut function.architecture);
    };
    for (runtime, architecture, is_runtime, is_architecture) in [
        ("python3.12", "arm64", Nearly, Missed),
        ("nodejs22.x", "X86_64", Missed, Met),
        ("", "x86_64", Missed, Met),
    ] {
        let mut lab = lab();
        change(&mut lab, runtime, architecture);
        let wanted = "{ runtime: { is: python3.9, or_nearly: [python3.12] } }";
        assert_eq!(is(&found(wanted, &lab).outcome), is_runtime, "{runtime}");
        assert_eq!(is(&found("{ architecture: x86_64 }", &lab).outcome), is_architecture, "{architecture}");
    }
    rows(
        "{ subscription: { protocol: email, confirmed: true } }",
        &[
            (
                "pending",
                |lab| {
                    let Some(Facet::Read(Some(topic))) = lab.snapshot.topics.get_mut("report") else {
                        panic!()
                    };
                    topic.subscriptions[0].arn = None;
                },
                Nearly,
            ),
            (
                "as JSON",
                |lab| {
                    let Some(Facet::Read(Some(topic))) = lab.snapshot.topics.get_mut("report") else {
                        panic!()
                    };
                    topic.subscriptions[0].protocol = "email-json".to_owned();
                },
                Met,
            ),
            (
                "by SMS",
                |lab| {
                    let Some(Facet::Read(Some(topic))) = lab.snapshot.topics.get_mut("report") else {
                        panic!()
                    };
                    topic.subscriptions[0].protocol = "sms".to_owned();
                },
                Missed,
            ),
            (
                "none",
                |lab| {
                    let Some(Facet::Read(Some(topic))) = lab.snapshot.topics.get_mut("report") else {
                        panic!()
                    };
                    topic.subscriptions.clear();
                },
                Missed,
            ),
            ("unread", |lab| lab.topics = Facet::NotRead("denied".into()), Unknown),
        ],
    );
}
