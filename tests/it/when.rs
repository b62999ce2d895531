//! `when:`: what is left out of a scenario leaves the account, and comes back.

use std::collections::BTreeSet;
use std::path::Path;

use iamlab::provision::{Address, Place};
use iamlab::scenario::{Resolved, Scenario};
use iamlab::source::render;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::cases::wait;
use crate::inventory::difference;
use crate::lab::{Account, DOWN, LAB, UP, Written};
use crate::program::Program;

/// A scenario with values for its parameters, for the account in memory.
pub(crate) fn resolved(path: &Path, sets: &[(&str, &str)]) -> Resolved {
    let sets: Vec<(String, String)> = sets.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    let scenario = Scenario::load(path, &sets).unwrap_or_else(|found| panic!("{}", render(&found, false)));
    let place = Place {
        scenario: scenario.name.clone(),
        partition: "aws".into(),
        account: iamlab::sandbox::DEFAULT_ACCOUNT.into(),
        region: scenario.region.clone(),
    };
    scenario.resolve(&place).unwrap_or_else(|found| panic!("{}", render(&found, false)))
}

/// Every kind, and every way in which a resource can name another one that is left out with it.
pub(crate) const SWITCHED: &str = r#"
name: switched
parameters:
  access: { default: "off" }
  people: { default: "off" }
  work: { default: "off" }
  mail: { default: "off" }
  watch: { default: "off" }
resources:
  policies:
    Read: { document: { Version: "2012-10-17", Statement: [ { Effect: Allow, Action: "s3:Get*", Resource: "*" } ] } }
    Extra: { when: "{{ access }} != off", document: { Version: "2012-10-17", Statement: [ { Effect: Allow, Action: "s3:Put*", Resource: "*" } ] } }
  users:
    alice: { policies: [Read, Extra] }
    bob: { when: "{{ people }} != off", console: true, mfa: virtual, access_keys: 1, policies: ["{{ arn('policy.Extra') }}"] }
  groups:
    staff: { policies: [Extra, Read], members: [bob, alice] }
    others: { when: "{{ people }} != off", policies: ['{{ arn("policy.Extra") }}'], members: [bob, alice] }
  roles:
    worker: { trust: { services: [lambda.amazonaws.com] }, policies: [Extra] }
    visitor: { trust: { roles: [worker, helper, '{{ arn("role.helper") }}'], users: [bob] } }
    helper: { when: "{{ work }} != off", trust: { roles: [visitor] } }
    runner: { when: "{{ work }} != off", trust: { services: [lambda.amazonaws.com] } }
  functions:
    steady:
      runtime: python3.13
      source: source
      handler: handler.main
      role: worker
      environment:
        MODE: "{{ work }}"
        WORK: { value: "{{ work }}", when: "{{ work }} != off" }
        ALWAYS: { value: always }
        HELPERS: '{{ arn("role.visitor") }},{{ arn("role.helper") }}'
        NEWS: '{{ arn("topic.news") }}'
    second:
      when: "{{ work }} != off"
      runtime: python3.13
      source: source
      handler: handler.main
      role: runner
  topics:
    news: { when: "{{ mail }} != off", subscriptions: [ { email: a@example.com } ] }
  schedules:
    often: { when: "{{ work }} != off", expression: "rate(5 minutes)", function: second }
  analyzers:
    outside: { when: "{{ watch }} != off", type: ACCOUNT }
expect:
  - alice can s3:GetObject
  - bob can s3:GetObject
  - alice cannot sns:Publish on topic/news
  - role/visitor cannot iam:CreateUser on {{ arn("role.helper") }}
"#;

const SWITCHES: [&str; 5] = ["access", "people", "work", "mail", "watch"];

pub(crate) fn switched(written: &Written, on: [bool; 5]) -> Resolved {
    let value = |on| if on { "on" } else { "off" };
    let sets: Vec<_> = SWITCHES.iter().zip(on).map(|(name, on)| (*name, value(on))).collect();
    resolved(&written.path(), &sets)
}

#[test]
fn what_makes_sense_with_a_left_out_resource_alone_goes_with_it() {
    let written = Written::new(SWITCHED);
    let off = switched(&written, [false; 5]);
    let resources = &off.resources;
    assert_eq!(resources.policies.keys().collect::<Vec<_>>(), ["Read"]);
    assert_eq!(resources.users["alice"].policies, ["Read"]);
    assert_eq!(
        (&*resources.groups["staff"].policies, &*resources.groups["staff"].members),
        (&["Read".to_owned()][..], &["alice".to_owned()][..])
    );
    assert_eq!(resources.roles["visitor"].trust.roles, ["worker"]);
    assert!(resources.roles["visitor"].trust.users.is_empty());
    let variables: Vec<_> = resources.functions["steady"].environment.keys().collect();
    assert_eq!(
        variables,
        ["ALWAYS", "MODE"],
        "variables that name what is left out, or carry a condition, are gone"
    );
    assert!(resources.topics.is_empty() && resources.schedules.is_empty() && resources.analyzers.is_empty());
    let left_out = [("policy", "Extra"), ("user", "bob"), ("role", "helper"), ("topic", "news")];
    for (kind, name) in left_out {
        let address = Address::new(kind, name);
        assert!(
            !off.edges.contains_key(&address) && off.edges.values().all(|needs| !needs.contains(&address))
        );
    }
    let sentences: Vec<_> = off.expect.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(sentences, ["alice can s3:GetObject"]);

    let on = switched(&written, [true; 5]);
    assert_eq!(on.resources.functions["steady"].environment["WORK"], "on");
    assert_eq!(on.resources.functions["steady"].environment.len(), 5);
    assert_eq!(on.resources.groups["staff"].members, ["bob", "alice"]);
    assert_eq!(on.expect.len(), 4);
}

/// Whatever is switched on and off between two runs: the plan afterwards is empty, nothing that is left out is
/// there, and `down` leaves the account as it was.
#[test]
fn switching_on_and_off_converges() {
    let mut runner = TestRunner::new(Config { cases: 12, ..Config::default() });
    let result = runner.run(&proptest::collection::vec(any::<[bool; 5]>(), 2..4), |steps| {
        wait(async {
            let (account, written) = (Account::new(), Written::new(SWITCHED));
            let handover = tempfile::tempdir().unwrap();
            let clients = account.clients().await;
            let start = clients.inventory().await;
            let mut last = switched(&written, [false; 5]);
            for (number, step) in steps.into_iter().enumerate() {
                last = switched(&written, step);
                // Keys and passwords are handed over once: a user that comes back has new ones, in a new file.
                let file = handover.path().join(format!("{number}.csv"));
                account.complete(&last, UP, &file).await.unwrap();
                let aws = account.connect(account.http()).await.unwrap();
                let plan = iamlab::provision::run::plan_run(&aws, &last, UP).await.unwrap();
                assert!(plan.is_empty(), "{step:?}");
                let here: BTreeSet<_> = plan.changes().map(|change| change.address.clone()).collect();
                let wanted: BTreeSet<_> = last.edges.keys().cloned().collect();
                assert_eq!(here, wanted, "{step:?}");
            }
            account.complete(&last, DOWN, &handover.path().join("down.csv")).await.unwrap();
            let end = clients.inventory().await;
            assert_eq!(start, end, "{}", difference(&start, &end));
        });
        Ok(())
    });
    result.unwrap();
}

/// Who forgets a `--set` is told why something is to go.
#[test]
fn the_plan_says_why_what_is_left_out_goes() {
    let (program, written) = (Program::new(), Written::new(SWITCHED));
    let path = written.path().to_str().unwrap().to_owned();
    program.run(&["provision", "up", &path, "--set", "mail=on"]).expect(0);
    let plan = program.run(&["provision", "plan", &path]).expect(0);
    assert!(
        plan.stdout.contains("- topic.news  (its `when` leaves it out of the scenario)\n"),
        "{}",
        plan.stdout
    );
}

/// The permission that a schedule gave itself is shown once, at the schedule.
#[tokio::test]
async fn a_schedules_permission_is_the_schedules_when_both_are_left_out() {
    let (account, written) = (Account::new(), Written::new(SWITCHED));
    let folder = tempfile::tempdir().unwrap();
    let on = switched(&written, [false, false, true, false, false]);
    account.complete(&on, UP, &folder.path().join("credentials.csv")).await.unwrap();
    let lambda = account.clients().await.lambda;
    let allow = lambda.add_permission().function_name("second").statement_id("theirs");
    allow.action("lambda:InvokeFunction").principal("s3.amazonaws.com").send().await.unwrap();
    let aws = account.connect(account.http()).await.unwrap();
    let off = switched(&written, [false; 5]);
    for goal in [UP, DOWN] {
        let plan = iamlab::provision::run::plan_run(&aws, &off, goal).await.unwrap();
        let shown = |address: &str| {
            let change = plan.changes().find(|change| change.address.to_string() == address).unwrap();
            change.fields.iter().map(|field| format!("{} {}", field.path, field.before)).collect::<Vec<_>>()
        };
        assert_eq!(shown("function.second"), [r#"permissions.theirs "made by somebody else""#]);
        assert!(
            shown("schedule.often")
                .contains(&r#"permission.iamlab-often "made by this scenario""#.to_owned())
        );
    }
}

#[test]
fn the_lab_has_a_remediator_when_it_is_asked_for() {
    let off = resolved(Path::new(LAB), &[]);
    assert!(!off.resources.roles.contains_key("IAM-Remediator-role"));
    assert_eq!(off.resources.roles["IAM-Auditor-Lambda-role"].policies, ["IAM-Auditor-Lambda-Policy"]);
    let environment = off.resources.functions["iam-auditor"].environment.keys().collect::<Vec<_>>();
    assert_eq!(environment, ["AUDITOR_ROLE_ARN", "REPORT_TOPIC_ARN"]);

    let on = resolved(Path::new(LAB), &[("remediation", "deactivate-old-keys")]);
    assert_eq!(on.resources.roles["IAM-Remediator-role"].trust.roles, ["IAM-Auditor-Lambda-role"]);
    let environment = &on.resources.functions["iam-auditor"].environment;
    assert_eq!(environment["REMEDIATE"], "deactivate-old-keys");
    assert_eq!(environment["REMEDIATOR_ROLE_ARN"], "arn:aws:iam::123456789012:role/IAM-Remediator-role");
    assert_eq!(on.edges.len(), off.edges.len() + 3);
}
