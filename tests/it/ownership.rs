//! Whose a thing is decides what a run may do to it: what is not the scenario's own is neither changed nor deleted.

use std::collections::BTreeSet;
use std::fmt;

use aws_sdk_eventbridge::types::Target;
use aws_sdk_iam::types::Tag;
use aws_sdk_lambda::types::FunctionCode;
use aws_smithy_types::Blob;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use iamlab::provision::plan::{Action, Goal};
use iamlab::provision::run::{End, Report};
use iamlab::scenario::Resolved;

use crate::cases::{Verdict, ensure, run_all, wait};
use crate::inventory::{Clients, difference};
use crate::lab::{Account, DOWN, LAB, UP, Written, package};
use crate::program::Program;
use crate::served::Served;
use crate::when::resolved;
use crate::wire::{Fault, Wire, is_write};

const ADOPT: Goal = Goal::Up { adopt: true };
const DETACH: Goal = Goal::Down { detach_foreign: true };
const DOCUMENT: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}]}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"Service":"lambda.amazonaws.com"}}]}"#;

/// A thing of a name that the wide scenario declares too.
struct Foreign {
    address: &'static str,
    make: fn(&Clients) -> BoxFuture<'_, ()>,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.address)
    }
}

/// One of each kind.
const FOREIGN: &[Foreign] = &[
    Foreign { address: "policy.Read", make: |a| policy(a, "Read").map(drop).boxed() },
    Foreign { address: "user.bob", make: |a| user(a, "bob").boxed() },
    Foreign { address: "group.staff", make: |a| group(a, "staff", "/").boxed() },
    Foreign { address: "role.worker", make: |a| role(a, "worker").boxed() },
    Foreign { address: "function.work", make: |a| function(a, "work").boxed() },
    Foreign { address: "topic.news", make: |a| topic(a, "news").boxed() },
    Foreign { address: "schedule.often", make: |a| rule(a, "often").boxed() },
    Foreign { address: "analyzer.outside", make: |a| analyzer(a, "outside").boxed() },
    Foreign { address: "stack.pile", make: |a| stack(a, "pile").boxed() },
    Foreign { address: "password_policy.account", make: |a| password_policy(a).boxed() },
];

async fn policy(a: &Clients, name: &str) -> String {
    let created = a.iam.create_policy().policy_name(name).policy_document(DOCUMENT).send().await.unwrap();
    created.policy.unwrap().arn.unwrap()
}

async fn user(a: &Clients, name: &str) {
    a.iam.create_user().user_name(name).send().await.unwrap();
}

async fn group(a: &Clients, name: &str, path: &str) {
    a.iam.create_group().group_name(name).path(path).send().await.unwrap();
}

async fn role(a: &Clients, name: &str) {
    a.iam.create_role().role_name(name).assume_role_policy_document(TRUST).send().await.unwrap();
}

async fn function(a: &Clients, name: &str) {
    role(a, "role-of-the-function").await;
    let code = FunctionCode::builder().zip_file(Blob::new(package()));
    let create = a.lambda.create_function().function_name(name).runtime("python3.12".into()).handler("a.b");
    let create = create.role("arn:aws:iam::123456789012:role/role-of-the-function").code(code.build());
    create.send().await.unwrap();
}

async fn topic(a: &Clients, name: &str) {
    a.sns.create_topic().name(name).send().await.unwrap();
}

async fn rule(a: &Clients, name: &str) {
    a.events.put_rule().name(name).schedule_expression("rate(1 day)").send().await.unwrap();
    let target = Target::builder().id("theirs").arn("arn:aws:sns:us-east-1:123456789012:elsewhere").build();
    a.events.put_targets().rule(name).targets(target.unwrap()).send().await.unwrap();
}

async fn analyzer(a: &Clients, name: &str) {
    a.analyzer.create_analyzer().analyzer_name(name).r#type("ACCOUNT".into()).send().await.unwrap();
}

async fn stack(a: &Clients, name: &str) {
    let template =
        r#"{"Resources":{"T":{"Type":"AWS::SNS::Topic","Properties":{"TopicName":"of-a-stack"}}}}"#;
    a.cloudformation.create_stack().stack_name(name).template_body(template).send().await.unwrap();
}

async fn password_policy(a: &Clients) {
    a.iam.update_account_password_policy().minimum_password_length(9).send().await.unwrap();
}

#[test]
fn a_foreign_thing_of_the_same_name_stops_the_run_before_the_first_write() {
    let written = Written::wide();
    let scenario = written.load();
    run_all(FOREIGN.iter().collect(), |foreign| wait(refuses(&scenario, foreign)));
}

async fn refuses(scenario: &Resolved, foreign: &Foreign) -> Verdict {
    let account = Account::new();
    let folder = tempfile::tempdir().unwrap();
    let handover = folder.path().join("credentials.csv");
    let clients = account.clients().await;
    (foreign.make)(&clients).await;
    let before = clients.inventory().await;

    let wire = Wire::clear(account.http());
    let report =
        account.run(wire.client(), scenario, UP, &handover).await.map_err(|error| error.to_string())?;
    ensure(report.end == End::Refused, format!("it ended {:?}", report.end))?;
    let refused: Vec<String> = report
        .outcomes
        .iter()
        .filter(|outcome| outcome.change.action == Action::Refuse)
        .map(|outcome| outcome.change.address.to_string())
        .collect();
    ensure(refused == [foreign.address], format!("refused: {refused:?}"))?;
    let writes: Vec<_> = wire.calls().into_iter().filter(|call| is_write(&call.action)).collect();
    ensure(writes.is_empty(), format!("{writes:?}"))?;
    ensure(!handover.exists(), "the hand-over file was made for nothing")?;

    // `down` leaves it alone as well.
    account.complete(scenario, DOWN, &handover).await?;
    let changed = difference(&before, &clients.inventory().await);
    ensure(changed.is_empty(), format!("down changed what is not ours:\n{changed}"))?;

    // Taken over, it is the scenario's, to the end.
    account.complete(scenario, ADOPT, &handover).await.map_err(|why| format!("--adopt: {why}"))?;
    account.check_up(scenario, &handover).await?;
    account.complete(scenario, DOWN, &handover).await.map_err(|why| format!("down: {why}"))?;
    let name = foreign.address.split('.').nth(1).unwrap_or_default();
    let left = clients.inventory().await;
    let left: Vec<&String> = left.iter().filter(|line| !line.contains("role-of-the-function")).collect();
    ensure(left.is_empty(), format!("{name} is still there: {left:?}"))
}

/// Neighbours whose names, paths and tags are as close to the lab's as they can be.
async fn neighbours(a: &Clients) {
    for name in ["User10", "user4", "IAM-Auditor"] {
        user(a, name).await;
        let login = a.iam.create_login_profile().user_name(name).password("Correct-horse-7");
        login.send().await.unwrap();
        a.iam.create_access_key().user_name(name).send().await.unwrap();
    }
    let theirs = Tag::builder().key("iamlab:scenario").value("iam-auditing-2").build().unwrap();
    a.iam.create_user().user_name("another-lab").tags(theirs).send().await.unwrap();
    a.iam.create_virtual_mfa_device().virtual_mfa_device_name("User10").send().await.unwrap();
    for path in ["/", "/iamlab/", "/iamlab/iam-auditing-2/", "/iamlab/iam-auditing/sub/"] {
        group(a, &format!("group{}", path.replace('/', "-")), path).await;
    }
    let arn = policy(a, "IAM-Auditor-Policy-2").await;
    a.iam.create_policy_version().policy_arn(&arn).policy_document(TRUSTLESS).send().await.unwrap();
    a.iam.attach_user_policy().user_name("User10").policy_arn(arn).send().await.unwrap();
    a.iam.add_user_to_group().group_name("group-").user_name("User10").send().await.unwrap();
    role(a, "IAM-Auditor-role-2").await;
    function(a, "iam-auditor-2").await;
    let allow =
        a.lambda.add_permission().function_name("iam-auditor-2").statement_id("iamlab-iam-audit-daily");
    allow.action("lambda:InvokeFunction").principal("events.amazonaws.com").send().await.unwrap();
    topic(a, "iam-audit-report-2").await;
    let subscribe = a.sns.subscribe().protocol("email").endpoint("auditor@example.com");
    subscribe.topic_arn("arn:aws:sns:us-east-1:123456789012:iam-audit-report-2").send().await.unwrap();
    rule(a, "iam-audit-daily-2").await;
    analyzer(a, "theirs").await;
    stack(a, "iam-auditing").await;
    password_policy(a).await;
}

const TRUSTLESS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ec2:*","Resource":"*"}]}"#;

#[test]
fn a_full_account_is_the_same_after_up_and_down() {
    wait(async {
        let account = Account::new();
        let folder = tempfile::tempdir().unwrap();
        let handover = folder.path().join("credentials.csv");
        let clients = account.clients().await;
        neighbours(&clients).await;
        let before = clients.inventory().await;
        let lab = crate::lab::iam_auditing();
        account.complete(&lab, UP, &handover).await.unwrap();
        let during = clients.inventory().await;
        assert!(before.is_subset(&during), "{}", difference(&before, &during));
        account.complete(&lab, DOWN, &handover).await.unwrap();
        assert_eq!(difference(&before, &clients.inventory().await), "");
    });
}

#[test]
fn a_policy_of_ours_that_others_use_stays_until_it_may_be_taken_from_them() {
    wait(async {
        let account = Account::new();
        let folder = tempfile::tempdir().unwrap();
        let handover = folder.path().join("credentials.csv");
        let clients = account.clients().await;
        user(&clients, "Stranger").await;
        let before = clients.inventory().await;
        let lab = crate::lab::iam_auditing();
        account.complete(&lab, UP, &handover).await.unwrap();
        let arn = "arn:aws:iam::123456789012:policy/IAM-Auditor-Policy";
        clients.iam.attach_user_policy().user_name("Stranger").policy_arn(arn).send().await.unwrap();

        let report = account.run(account.http(), &lab, DOWN, &handover).await.unwrap();
        assert_eq!(report.end, End::Partial);
        assert_eq!(left(&report), ["policy.IAM-Auditor-Policy"]);
        let reason = report.leftovers[0].reason.clone().unwrap();
        assert!(reason.contains("user `Stranger`") && reason.contains("--detach-foreign"), "{reason}");
        // Once more, with nothing else left to do, it is still named.
        let report = account.run(account.http(), &lab, DOWN, &handover).await.unwrap();
        assert_eq!((report.end, left(&report)), (End::Partial, vec!["policy.IAM-Auditor-Policy".to_owned()]));

        account.complete(&lab, DETACH, &handover).await.unwrap();
        assert_eq!(difference(&before, &clients.inventory().await), "");
    });
}

/// A policy that a `when` may leave out, and a user of ours that has it.
const SWITCHED: &str = r#"
name: switched
parameters: { extra: { default: "off" } }
resources:
  policies:
    Extra: { when: "{{ extra }} != off", document: { Version: "2012-10-17", Statement: [ { Effect: Allow, Action: "s3:Put*", Resource: "*" } ] } }
  users:
    worker: { policies: [Extra] }
"#;
/// The same, and nobody remembers the policy.
const FORGOTTEN: &str = "name: switched\nresources: { users: { worker: {} } }\n";
const EXTRA: &str = "arn:aws:iam::123456789012:policy/Extra";

#[test]
fn a_policy_that_left_the_scenario_and_that_others_use_is_named_until_it_may_be_taken_from_them() {
    run_all(vec!["left out by its `when`", "deleted from the file"], |way| {
        wait(async {
            let (account, written) = (Account::new(), Written::new(SWITCHED));
            let folder = tempfile::tempdir().unwrap();
            let handover = folder.path().join("credentials.csv");
            let clients = account.clients().await;
            user(&clients, "Stranger").await;
            let before = clients.inventory().await;
            let whole = resolved(&written.path(), &[("extra", "on")]);
            account.complete(&whole, UP, &handover).await?;
            clients.iam.attach_user_policy().user_name("Stranger").policy_arn(EXTRA).send().await.unwrap();
            if way.starts_with("deleted") {
                written.rewrite(FORGOTTEN);
            }
            let without = written.load();

            // Twice each: with something else to do, and with nothing.
            for goal in [UP, UP, DOWN, DOWN] {
                let planned = plan(&account, &without).await;
                ensure(planned.contains("refuse policy.Extra"), format!("{planned:?}"))?;
                let report = account.run(account.http(), &without, goal, &handover).await;
                let report = report.map_err(|error| error.to_string())?;
                let ended = (report.end, left(&report));
                ensure(
                    ended == (End::Partial, vec!["policy.Extra".to_owned()]),
                    format!("{goal:?}: {ended:?}"),
                )?;
                let reason = report.leftovers[0].reason.clone().unwrap_or_default();
                ensure(reason.contains("user `Stranger`") && reason.contains("--detach-foreign"), reason)?;
                let worker = clients.iam.list_attached_user_policies().user_name("worker").send().await;
                let ours = worker.map_or(0, |answer| answer.attached_policies().len());
                ensure(ours == 0, "our own user still has it")?;
            }
            account.complete(&without, DETACH, &handover).await?;
            let changed = difference(&before, &clients.inventory().await);
            ensure(changed.is_empty(), changed)
        })
    });
}

#[test]
fn up_and_status_tell_of_a_policy_that_others_keep_with_their_exit_codes() {
    let (account, written) = (Account::live(), Written::new(SWITCHED));
    let path = written.path().to_str().unwrap().to_owned();
    let served = Served::new(&account, |_| Fault::None);
    let program = Program::new().at(&served);
    program.run(&["provision", "up", &path, "--yes", "--set", "extra=on"]).expect(0);
    wait(async {
        let clients = account.clients().await;
        user(&clients, "Stranger").await;
        clients.iam.attach_user_policy().user_name("Stranger").policy_arn(EXTRA).send().await.unwrap();
    });
    program.run(&["provision", "plan", &path]).expect(0);
    for yes in [&["--yes"][..], &[]] {
        // The second time there is nothing to do, and nothing to ask about.
        let up = program.run(&[&["provision", "up", &path], yes].concat()).expect(3);
        let told = "left: policy.Extra (it has left the scenario, but somebody attached it to user `Stranger`; \
                    `down --detach-foreign` removes it)";
        assert!(up.stdout.contains(told), "{}", up.stdout);
        let status = program.run(&["provision", "status", &path]).expect(2);
        assert!(
            status.stdout.contains("! policy.Extra  (it has left the scenario, but"),
            "{}",
            status.stdout
        );
        assert!(!status.stderr.contains("`iamlab provision up` makes"), "{}", status.stderr);
    }
    let down = program.run(&["provision", "down", &path, "--yes"]).expect(3);
    assert!(down.stdout.contains("left: policy.Extra ("), "{}", down.stdout);
    program.run(&["provision", "down", &path, "--yes", "--detach-foreign"]).expect(0);
}

fn left(report: &Report) -> Vec<String> {
    report.leftovers.iter().map(|change| change.address.to_string()).collect()
}

#[test]
fn what_leaves_the_scenario_file_is_deleted_by_the_next_up() {
    wait(async {
        let account = Account::new();
        let folder = tempfile::tempdir().unwrap();
        let handover = folder.path().join("credentials.csv");
        let clients = account.clients().await;
        let written = Written::wide();
        account.complete(&written.load(), UP, &handover).await.unwrap();
        written.rewrite("name: wide\nregion: us-east-1\nresources: { users: { keeper: {} } }\n");
        let scenario = written.load();

        let before = plan(&account, &scenario).await;
        assert!(before.contains("delete policy.Read"), "{before:?}");
        account.complete(&scenario, UP, &handover).await.unwrap();
        let left = clients.inventory().await;
        let (keeper, others): (BTreeSet<&String>, BTreeSet<&String>) =
            left.iter().partition(|line| line.starts_with("user") && line.contains("keeper"));
        assert_eq!(keeper.len(), 1, "{left:?}");
        // There is one password policy, and it carries no mark: what is there stays.
        let others: Vec<_> = others.iter().filter(|line| !line.starts_with("password policy")).collect();
        assert!(others.is_empty(), "{others:?}");
    });
}

async fn plan(account: &Account, scenario: &Resolved) -> BTreeSet<String> {
    let aws = account.connect(account.http()).await.unwrap();
    let plan = iamlab::provision::run::plan_run(&aws, scenario, UP).await.unwrap();
    plan.changes()
        .map(|change| format!("{} {}", format!("{:?}", change.action).to_lowercase(), change.address))
        .collect()
}

#[test]
fn what_belongs_to_another_scenario_is_refused_with_its_name() {
    wait(async {
        let account = Account::new();
        let folder = tempfile::tempdir().unwrap();
        let handover = folder.path().join("credentials.csv");
        let first = Written::wide();
        account.complete(&first.load(), UP, &handover).await.unwrap();
        let before = account.clients().await.inventory().await;
        let second = Written::new(&first.text().replace("name: wide", "name: wider"));
        let report = account.run(account.http(), &second.load(), UP, &handover).await.unwrap();
        assert_eq!(report.end, End::Refused);
        let mut refused = report.outcomes.iter().filter(|outcome| outcome.change.action == Action::Refuse);
        assert_eq!(refused.clone().count(), 14, "everything that carries a mark");
        let named = refused.all(|outcome| {
            outcome.change.reason.as_ref().is_some_and(|reason| reason.contains("the scenario `wide`"))
        });
        assert!(named, "{:?}", report.outcomes);
        // The password policy can carry no mark: one that says what the scenario says counts as the scenario's.
        let text = second.text();
        let without: Vec<&str> = text.lines().filter(|line| !line.contains("password_policy")).collect();
        second.rewrite(&without.join("\n"));
        account.complete(&second.load(), DOWN, &handover).await.unwrap();
        assert_eq!(difference(&before, &account.clients().await.inventory().await), "");
    });
}

#[test]
fn a_user_goes_with_everything_a_student_hung_on_it_and_it_was_shown_first() {
    wait(async {
        let account = Account::new();
        let folder = tempfile::tempdir().unwrap();
        let handover = folder.path().join("credentials.csv");
        let clients = account.clients().await;
        group(&clients, "Club", "/").await;
        let before = clients.inventory().await;
        let lab = crate::lab::iam_auditing();
        account.complete(&lab, UP, &handover).await.unwrap();
        let expected = make_children(&clients).await;

        let aws = account.connect(account.http()).await.unwrap();
        let plan = iamlab::provision::run::plan_run(&aws, &lab, DOWN).await.unwrap();
        let user2 = plan.changes().find(|change| change.address.to_string() == "user.User2").unwrap();
        for what in expected {
            let field = user2.fields.iter().find(|field| field.path == what);
            assert!(field.is_some(), "{what} is not shown: {:?}", user2.fields);
        }
        let key = user2.fields.iter().filter(|field| field.path.starts_with("access_keys."));
        let origins: BTreeSet<&str> = key.filter_map(|field| field.before.as_str()).collect();
        assert_eq!(origins, BTreeSet::from(["made by somebody else", "made by this scenario"]));

        account.complete(&lab, DOWN, &handover).await.unwrap();
        assert_eq!(difference(&before, &clients.inventory().await), "");
    });
}

/// Hangs one of everything on User2 and returns what a plan must call it.
async fn make_children(a: &Clients) -> Vec<String> {
    let user = "User2";
    let key = a.iam.create_access_key().user_name(user).send().await.unwrap().access_key.unwrap();
    let body = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 student@example.com";
    let ssh = a.iam.upload_ssh_public_key().user_name(user).ssh_public_key_body(body).send().await.unwrap();
    let pem = "-----BEGIN CERTIFICATE-----\nMIIBszCCARwCCQDX\n-----END CERTIFICATE-----";
    let certificate =
        a.iam.upload_signing_certificate().user_name(user).certificate_body(pem).send().await.unwrap();
    let service = a.iam.create_service_specific_credential().user_name(user);
    let service = service.service_name("codecommit.amazonaws.com").send().await.unwrap();
    a.iam.add_user_to_group().group_name("Club").user_name(user).send().await.unwrap();
    let inline = a.iam.put_user_policy().user_name(user).policy_name("Mine");
    inline.policy_document(DOCUMENT).send().await.unwrap();
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    a.iam.attach_user_policy().user_name(user).policy_arn(arn).send().await.unwrap();
    vec![
        format!("access_keys.{}", key.access_key_id),
        format!("ssh_keys.{}", ssh.ssh_public_key.unwrap().ssh_public_key_id),
        format!("certificates.{}", certificate.certificate.unwrap().certificate_id),
        format!(
            "service_credentials.{}",
            service.service_specific_credential.unwrap().service_specific_credential_id
        ),
        "groups.Club".to_owned(),
        "inline_policies.Mine".to_owned(),
        "policies.ReadOnlyAccess".to_owned(),
    ]
}

#[test]
fn a_policy_of_five_versions_makes_room_for_the_sixth() {
    wait(async {
        let account = Account::new();
        let folder = tempfile::tempdir().unwrap();
        let handover = folder.path().join("credentials.csv");
        let clients = account.clients().await;
        let lab = crate::lab::iam_auditing();
        account.complete(&lab, UP, &handover).await.unwrap();
        let arn = "arn:aws:iam::123456789012:policy/IAM-Auditor-Policy";
        for _ in 0..4 {
            let create = clients.iam.create_policy_version().policy_arn(arn).policy_document(DOCUMENT);
            create.set_as_default(true).send().await.unwrap();
        }
        account.complete(&lab, UP, &handover).await.unwrap();
        account.check_up(&lab, &handover).await.unwrap();
        let versions =
            clients.iam.list_policy_versions().policy_arn(arn).send().await.unwrap().versions.unwrap();
        let ids: BTreeSet<String> = versions.into_iter().filter_map(|version| version.version_id).collect();
        assert_eq!(ids, ["v2", "v3", "v4", "v5", "v6"].map(str::to_owned).into(), "the oldest went");
        account.complete(&lab, DOWN, &handover).await.unwrap();
    });
}

#[test]
fn the_program_refuses_takes_over_and_names_what_it_leaves() {
    let account = Account::live();
    wait(async { user(&account.clients().await, "User2").await });
    let served = Served::new(&account, |_| Fault::None);
    let program = Program::new().at(&served);
    let refused = program.json(&["provision", "up", LAB, "--yes"], 1);
    assert_eq!(refused["summary"]["refuse"], 1, "{refused}");
    assert_eq!(refused["api_calls"]["write"], 0, "{refused}");
    let change = refused["changes"].as_array().unwrap().iter().find(|change| change["action"] == "refuse");
    assert_eq!(change.unwrap()["address"], "user.User2");
    assert!(served.calls().iter().all(|call| !is_write(&call.action)), "{:?}", served.calls());
    let plan = program.json(&["provision", "plan", LAB], 1);
    assert_eq!(plan["summary"]["refuse"], 1);
    let status = program.json(&["provision", "status", LAB], 2);
    assert_eq!(status["summary"]["refuse"], 1);

    program.json(&["provision", "up", LAB, "--yes", "--adopt"], 0);
    program.json(&["provision", "status", LAB], 0);
    wait(async {
        let clients = account.clients().await;
        role(&clients, "Stranger").await;
        let arn = "arn:aws:iam::123456789012:policy/IAM-Auditor-Policy";
        clients.iam.attach_role_policy().role_name("Stranger").policy_arn(arn).send().await.unwrap();
    });
    let down = program.json(&["provision", "down", LAB, "--yes"], 3);
    assert_eq!(down["leftovers"][0]["address"], "policy.IAM-Auditor-Policy", "{down}");
    let text = program.run(&["provision", "down", LAB, "--yes"]).expect(3).stdout;
    assert!(text.contains("role `Stranger`"), "{text}");
    program.json(&["provision", "down", LAB, "--yes", "--detach-foreign"], 0);
    let left = wait(async { account.clients().await.inventory().await });
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_run_stays_in_its_account() {
    let account = Account::live();
    let served = Served::new(&account, |_| Fault::None);
    let program = Program::new().at(&served);
    let elsewhere = program.run(&["provision", "up", LAB, "--yes", "--account", "999999999999"]);
    assert!(elsewhere.stderr.contains("123456789012"), "{}", elsewhere.stderr);
    assert_eq!(elsewhere.code, Some(64), "{}", elsewhere.stderr);
    program.run(&["provision", "status", LAB, "--account", "123456789012"]).expect(2);

    let pinned = Written::new("name: pinned\naccount: \"999999999999\"\nresources: { users: { u: {} } }\n");
    let path = pinned.path();
    let path = path.to_str().unwrap();
    program.run(&["provision", "up", path, "--yes"]).expect(64);
    assert!(served.calls().iter().all(|call| !is_write(&call.action)), "{:?}", served.calls());
    // In the sandbox the pinned account is the one that is meant.
    let document = Program::new().json(&["provision", "up", path], 0);
    assert_eq!(document["account"], "999999999999");
}

#[test]
fn a_parameter_changes_what_is_made() {
    let program = Program::new();
    program.run(&["provision", "up", LAB, "--set", "report_email=me@example.com"]).expect(0);
    program.run(&["provision", "status", LAB, "--set", "report_email=me@example.com"]).expect(0);
    let status = program.json(&["provision", "status", LAB], 2);
    assert_eq!(status["changes"][0]["address"], "topic.iam-audit-report", "{status}");
    let unknown = program.run(&["provision", "up", LAB, "--set", "mail=x"]).expect(1);
    assert!(unknown.stderr.contains("mail"), "{}", unknown.stderr);
}
