//! `iamlab trail` on an account of its own: the program, and the lookup it stands on.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_iam::Client;
use flate2::Compression;
use flate2::write::GzEncoder;
use iamlab::sandbox::DEFAULT_ACCOUNT;
use iamlab::sandbox::control::{Order, RootPage, SignIn};
use iamlab::trail::collector::{Collector, Question};
use iamlab::trail::filter::Filter;
use iamlab::trail::lookup::{Lookup, Stop};
use serde_json::{Value, json};

use crate::lab::{Account, REGION, UP, iam_auditing};
use crate::moto::Moto;
use crate::program::Program;
use crate::served::Served;
use crate::wire::{Call, Fault, Wire};

const MINUTES: i64 = 60;
const DAYS: i64 = 86_400;

/// Root at the sign-in page.
async fn sign_in(account: &Account, root: RootPage) {
    let page = SignIn {
        account: DEFAULT_ACCOUNT.into(),
        user: None,
        password: String::new(),
        mfa_code: None,
        new_password: None,
        source: "192.0.2.7".into(),
        root,
    };
    let outcome = account.sandbox.obey(Order::SignIn(page)).await;
    assert_eq!(outcome.is_err(), root == RootPage::Refused);
}

/// The program against an account that answers undisturbed.
fn program(account: &Account) -> (Program, Served) {
    disturbed(account, |_| Fault::None)
}

fn disturbed(account: &Account, plan: impl Fn(&Call) -> Fault + Send + Sync + 'static) -> (Program, Served) {
    let served = tokio::task::block_in_place(|| Served::new(account, plan));
    (Program::new().at(&served).with("AWS_REGION", REGION), served)
}

/// Clients of whoever has these credentials.
async fn config(account: &Account, id: &str, secret: &str, token: Option<&str>) -> aws_config::SdkConfig {
    aws_config::defaults(aws_config::BehaviorVersion::latest())
        .http_client(account.http())
        .credentials_provider(Credentials::new(id, secret, token.map(str::to_owned), None, "test"))
        .region(aws_config::Region::from_static(REGION))
        .load()
        .await
}

/// Makes a user with a key.
async fn user(account: &Account, iam: &Client, name: &str) -> aws_config::SdkConfig {
    iam.create_user().user_name(name).send().await.unwrap();
    let key = iam.create_access_key().user_name(name).send().await.unwrap().access_key.unwrap();
    config(account, &key.access_key_id, &key.secret_access_key, None).await
}

/// Makes a role that `trusted` may take, with a policy that allows everything.
async fn role(iam: &Client, name: &str, trusted: &str) -> String {
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}]});
    let made = iam.create_role().role_name(name).assume_role_policy_document(trust.to_string()).send().await;
    let all =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let put = iam.put_role_policy().role_name(name).policy_name("all").policy_document(all.to_string());
    put.send().await.unwrap();
    made.unwrap().role.unwrap().arn
}

async fn assume(
    account: &Account,
    by: &aws_config::SdkConfig,
    role: &str,
    session: &str,
) -> aws_config::SdkConfig {
    let sts = aws_sdk_sts::Client::new(by);
    let assumed = sts.assume_role().role_arn(role).role_session_name(session).send().await.unwrap();
    let key = assumed.credentials.unwrap();
    config(account, &key.access_key_id, &key.secret_access_key, Some(&key.session_token)).await
}

/// Who started the session of an event, first the nearest.
pub(crate) fn starters(event: &Value) -> Vec<String> {
    let all = event["started_by"].as_array().unwrap();
    let name = |who: &Value| match who["role"].as_str() {
        Some(role) => format!("{role}/{}", who["name"].as_str().unwrap()),
        None => who["name"].as_str().unwrap().to_owned(),
    };
    all.iter().map(name).collect()
}

pub(crate) fn names(events: &Value) -> Vec<&str> {
    events.as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn root_signs_in_without_mfa_fails_and_signs_in_with_it() {
    let account = Account::ticking();
    let (program, _served) = program(&account);
    let none = program.json(&["trail", "last-root-login"], 0);
    assert_eq!((&none["last_sign_in"], &none["sources"]), (&Value::Null, &json!("neither")));
    let begins = none["from"].as_str().unwrap();
    assert!(
        begins.starts_with("2025-12-02T09:0"),
        "ninety days before the account's clock, not ours: {begins}"
    );

    account.pass(5 * 3600);
    sign_in(&account, RootPage::AsItIs).await;
    account.pass(10 * MINUTES);
    sign_in(&account, RootPage::Refused).await;
    sign_in(&account, RootPage::Refused).await;
    let first = program.json(&["trail", "last-root-login"], 0);
    let last = &first["last_sign_in"];
    assert_eq!((&last["mfa_used"], &last["address"]), (&json!(false), &json!("192.0.2.7")));
    assert_eq!((&first["failed_attempts_since"], &first["sources"]), (&json!(2), &json!("same")));
    assert_eq!(first["last_use"]["known_by"], json!(["event_history", "credential_report"]));

    account.pass(10 * MINUTES);
    sign_in(&account, RootPage::WithMfa).await;
    let second = program.json(&["trail", "last-root-login"], 0);
    let last = &second["last_sign_in"];
    assert_eq!((&last["mfa_used"], &second["failed_attempts_since"]), (&json!(true), &json!(0)));
    assert!(last["mfa_device"].as_str().unwrap().contains(":mfa/"), "{last}");
    assert_eq!(second["sources"], "report_is_older", "IAM gives out the same report for four hours");
    assert_eq!(second["last_use"]["known_by"], json!(["event_history"]));
    let text = program.run(&["trail", "last-root-login"]).expect(0).stdout;
    for told in [
        "2026-03-02 14:2",
        "UTC, with MFA",
        "Failed attempts since: none",
        "2025-12-02 14:2",
        "not \"never\"",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let all = program.json(&["trail", "history", "--user", "root", "--event", "ConsoleLogin"], 0);
    let used: Vec<&Value> = all["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["raw"]["additionalEventData"]["MFAUsed"])
        .collect();
    assert_eq!(used, ["Yes", "No", "No", "No"]);
    assert_eq!(all["events"][1]["error"]["message"], "Failed authentication");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ninetieth_day_is_the_last_that_is_found() {
    let account = Account::ticking();
    sign_in(&account, RootPage::AsItIs).await;
    account.pass(90 * DAYS - 5 * MINUTES);
    let (program, _served) = program(&account);
    assert_eq!(program.json(&["trail", "last-root-login"], 0)["sources"], "same");
    account.pass(6 * MINUTES);
    let gone = program.json(&["trail", "last-root-login"], 0);
    assert_eq!(
        (&gone["last_sign_in"], &gone["sources"]),
        (&Value::Null, &json!("only_report_before_window"))
    );
    assert_eq!(gone["last_use"]["known_by"], json!(["credential_report"]));
    assert!(gone["last_use"]["time"].as_str().unwrap().starts_with("2026-03-02T09:0"), "{gone}");
    let text = program.run(&["trail", "last-root-login"]).expect(0).stdout;
    assert!(
        text.contains("That is not \"never\"") && text.contains("password last used 2026-03-02 09:0"),
        "{text}"
    );
    let ended = program.run(&["trail", "history", "--since", "100d"]).expect(64);
    assert!(ended.stderr.contains("goes back 90 days, to 2026-03-02 09:0"), "{}", ended.stderr);
    assert!(ended.stderr.contains("--sql") && ended.stderr.contains("--logs"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_source_answers_when_the_other_cannot_be_looked_at() {
    let account = Account::ticking();
    sign_in(&account, RootPage::AsItIs).await;
    let denied = |action: &'static str| {
        move |call: &Call| if call.action == action { Fault::Denied } else { Fault::None }
    };
    let (one, _served) = disturbed(&account, denied("iam:GenerateCredentialReport"));
    let found = one.json(&["trail", "last-root-login"], 4);
    assert_eq!(
        (&found["last_sign_in"]["mfa_used"], &found["sources"]),
        (&json!(false), &json!("only_history"))
    );
    let why = found["credential_report"]["reason"].as_str().unwrap();
    assert!(why.contains("`iam:GenerateCredentialReport` is missing"), "{why}");

    let (other, _served) = disturbed(&account, denied("cloudtrail:LookupEvents"));
    let found = other.json(&["trail", "last-root-login"], 4);
    assert_eq!((&found["ended"], &found["complete"]), (&json!("failed"), &json!(false)));
    assert_eq!(found["last_use"]["known_by"], json!(["credential_report"]));
    assert_eq!(
        (&found["sources"], &found["sources_contradict"], &found["failed_attempts_since"]),
        (&json!("history_not_read"), &json!(false), &Value::Null)
    );
    let text = other.run(&["trail", "last-root-login"]).expect(4).stdout;
    for told in ["Failed attempts: not looked at", "event history      not looked at", "cannot be compared"] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert!(!text.contains("disagree") && !text.contains("no sign-in"), "{text}");
    let ended = other.run(&["trail", "history"]).expect(4);
    assert!(ended.stderr.contains("cloudtrail:LookupEvents") && ended.stdout.is_empty(), "{ended:?}");
}

#[tokio::test]
async fn pages_are_asked_for_at_two_a_second_and_throttling_is_outwaited() {
    let account = Account::new();
    let iam = account.clients().await.iam;
    for _ in 0..230 {
        iam.list_groups().send().await.unwrap();
    }
    for throttled in [0, 40] {
        let refused = std::sync::atomic::AtomicUsize::new(0);
        let wire = Wire::new(account.http(), move |call: &Call| {
            let lookup = call.action == "cloudtrail:LookupEvents";
            let count = refused.fetch_add(usize::from(lookup), std::sync::atomic::Ordering::Relaxed);
            if lookup && count < throttled { Fault::Throttled } else { Fault::None }
        });
        let aws = account.connect(wire.client()).await.unwrap();
        let began = aws.clock.now();
        let mut lookup = Lookup::new(&aws, 0, &|_| {});
        let mut found = Collector::new(Question::History(Filter::default()), 0);
        let window = lookup.whole();
        let regions = [REGION.to_owned()];
        let stop = lookup.gather(&regions, &[], window, &mut found).await.unwrap();
        assert_eq!(stop, Stop::End);
        let lists = found.kept.newest_first().filter(|event| event.name == "ListGroups").count();
        assert_eq!(lists, 230, "none is missing, none is there twice");
        assert!(aws.clock.now().duration_since(began).as_secs() >= 2, "five pages take two seconds at least");
        assert_eq!(aws.meter.calls().write, 0, "a lookup only reads");
    }
    let aws = account.connect(account.http()).await.unwrap();
    let mut lookup = Lookup::new(&aws, 60, &|_| {});
    let mut found = Collector::new(Question::History(Filter::default()), 0);
    let window = lookup.whole();
    assert_eq!(lookup.gather(&[REGION.to_owned()], &[], window, &mut found).await.unwrap(), Stop::Bound);
    assert_eq!((found.kept.len(), lookup.stats().looked), (60, 60));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_labs_sessions_lead_back_to_lambda() {
    let account = Account::live();
    let folder = tempfile::tempdir().unwrap();
    account.complete(&iam_auditing(), UP, &folder.path().join("handover.csv")).await.unwrap();
    let clients = account.clients().await;
    clients.lambda.invoke().function_name("iam-auditor").send().await.unwrap();
    let (program, _served) = program(&account);
    let history = ["trail", "history", "--user", "role/IAM-Auditor-role", "--event", "GetCredentialReport"];
    let found = program.json(&history, 0);
    let event = &found["events"][0];
    assert_eq!(event["who"]["role"], "IAM-Auditor-role");
    assert_eq!(starters(event), ["IAM-Auditor-Lambda-role/iam-auditor", "lambda.amazonaws.com"], "{event}");
    assert_eq!((&event["starter_known"], &found["lookups_for_sessions"]), (&json!(true), &json!(2)));
    let text = program.run(&history).expect(0).stdout;
    let chain = "role/IAM-Auditor-role (session iam-auditor), started by role/IAM-Auditor-Lambda-role (session \
                 iam-auditor), started by lambda.amazonaws.com";
    assert!(text.contains(chain), "{text}");
    let without = program.json(&[history.as_slice(), &["--no-starters"]].concat(), 0);
    assert_eq!(
        (&without["lookups_for_sessions"], &without["events"][0]["starter_known"]),
        (&json!(0), &json!(false))
    );

    let made = program.json(&["trail", "who", "created", "user/User2"], 0);
    assert_eq!(names(&made["events"]), ["CreateUser"]);
    let changed = program.json(&["trail", "who", "changed", "user/User2"], 0);
    assert!(names(&changed["events"]).contains(&"CreateAccessKey"), "{changed}");
    for (resource, event) in [
        ("group/IAM-Auditor-Group", "CreateGroup"),
        ("policy/IAM-Auditor-Policy", "CreatePolicy"),
        ("arn:aws:sns:us-east-1:123456789012:iam-audit-report", "CreateTopic"),
        ("User3", "CreateUser"),
    ] {
        let made = program.json(&["trail", "who", "created", resource], 0);
        assert_eq!(names(&made["events"]), [event], "{resource}");
    }
    let text = program.run(&["trail", "who", "deleted", "user/User2"]).expect(0).stdout;
    assert!(text.contains("Nobody was found who deleted user/User2"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_behind_two_roles_and_who_was_denied() {
    let account = Account::ticking();
    let iam = account.clients().await.iam;
    let alice = user(&account, &iam, "alice").await;
    let mallory = user(&account, &iam, "mallory").await;
    let me = format!("arn:aws:iam::{DEFAULT_ACCOUNT}:user/alice");
    let first = role(&iam, "first", &me).await;
    let second = role(&iam, "second", &first).await;
    let hop = assume(&account, &alice, &first, "one").await;
    let hop = assume(&account, &hop, &second, "two").await;
    Client::new(&hop).create_group().group_name("made").send().await.unwrap();
    account.pass(1);
    let add = Client::new(&mallory).add_user_to_group().group_name("made").user_name("mallory").send();
    add.await.unwrap_err();
    let (program, _served) = program(&account);
    let made = program.json(&["trail", "who", "created", "group/made"], 0);
    assert_eq!(starters(&made["events"][0]), ["first/one", "alice"], "{made}");

    let changed = program.json(&["trail", "who", "changed", "group/made"], 0);
    assert_eq!(changed["events"], json!([]), "what was denied changed nothing");
    assert_eq!(changed["failed_attempts"][0]["who"]["name"], "mallory");
    let errors = program.run(&["trail", "history", "--errors", "--user", "mallory"]).expect(0).stdout;
    assert!(
        errors.contains("AddUserToGroup  group/made, user/mallory") && errors.contains("AccessDenied"),
        "{errors}"
    );
    let alice = program.json(&["trail", "history", "--user", "alice"], 0);
    assert_eq!(names(&alice["events"]), ["AssumeRole"]);
    let session = program.json(&["trail", "history", "--user", "two", "--writes"], 0);
    assert_eq!(names(&session["events"]), ["CreateGroup"]);
    let newest = ["trail", "history", "--user", "two", "--writes", "--limit", "1", "--scan", "1"];
    let bounded = program.json(&newest, 0);
    assert_eq!(
        starters(&bounded["events"][0]),
        ["first/one", "alice"],
        "the bound is not for starters: {bounded}"
    );
    let key = session["events"][0]["who"]["access_key_id"].as_str().unwrap();
    assert_eq!(names(&program.json(&["trail", "history", "--user", key], 0)["events"]), ["CreateGroup"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_found_by_its_name_and_by_its_arn() {
    let account = Account::ticking();
    let iam = account.clients().await.iam;
    role(&iam, "R", &format!("arn:aws:iam::{DEFAULT_ACCOUNT}:root")).await;
    let all = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "*", "Resource": "*"}]})
    .to_string();
    for (name, path) in [("dual", "/"), ("hidden", "/deep/er/")] {
        let made =
            iam.create_policy().policy_name(name).path(path).policy_document(&all).send().await.unwrap();
        let arn = made.policy.unwrap().arn.unwrap();
        iam.put_role_policy().role_name("R").policy_name(name).policy_document(&all).send().await.unwrap();
        account.pass(3600);
        let version = iam.create_policy_version().policy_arn(&arn).policy_document(&all).set_as_default(true);
        version.send().await.unwrap();
    }
    let (program, _served) = program(&account);
    for policy in ["policy/dual", "policy/hidden"] {
        let changed = program.json(&["trail", "who", "changed", policy], 0);
        assert_eq!(names(&changed["events"]), ["CreatePolicyVersion"], "{policy}: {changed}");
        let history = program.json(&["trail", "history", "--resource", policy], 0);
        assert_eq!(names(&history["events"]), ["CreatePolicyVersion", "CreatePolicy"], "{history}");
    }
    // That it was made is no longer in the history, and with it its path: then IAM's events are looked through.
    account.pass(90 * DAYS - 1800);
    let changed = program.json(&["trail", "who", "changed", "policy/hidden"], 0);
    assert_eq!(names(&changed["events"]), ["CreatePolicyVersion"], "{changed}");
    assert!(changed["notes"][0].as_str().unwrap().contains("iam.amazonaws.com"), "{changed}");
    let role = program.json(&["trail", "history", "--resource", "role/older"], 4);
    assert!(role["missing"][0].as_str().unwrap().contains("path"), "{role}");
}

/// Writes records as a trail does: the oldest first, in files by the day.
fn write_logs(folder: &Path, name: &str, records: &[&Value]) {
    let day = folder.join("AWSLogs").join(DEFAULT_ACCOUNT).join("CloudTrail/us-east-1/2026/03/02");
    fs::create_dir_all(&day).unwrap();
    let mut file = GzEncoder::new(fs::File::create(day.join(name)).unwrap(), Compression::fast());
    file.write_all(json!({"Records": records}).to_string().as_bytes()).unwrap();
    file.finish().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn log_files_answer_as_the_event_history_does() {
    let account = Account::ticking();
    let iam = account.clients().await.iam;
    let alice = user(&account, &iam, "alice").await;
    let me = format!("arn:aws:iam::{DEFAULT_ACCOUNT}:user/alice");
    let first = role(&iam, "first", &me).await;
    let hop = assume(&account, &alice, &first, "one").await;
    Client::new(&hop).create_user().user_name("bob").send().await.unwrap();
    sign_in(&account, RootPage::WithMfa).await;
    let (program, _served) = program(&account);
    let live = program.json(&["trail", "history", "--limit", "0"], 0);
    let records: Vec<&Value> =
        live["events"].as_array().unwrap().iter().rev().map(|event| &event["raw"]).collect();
    let folder = program.folder().join("logs");
    let (old, new) = records.split_at(records.len() / 2);
    write_logs(&folder, "a.json.gz", old);
    // A trail may deliver an event twice.
    write_logs(&folder, "b.json.gz", &[new, &old[..1]].concat());
    let logs = folder.to_str().unwrap();
    let ask = |args: &[&str], code| {
        let ended = Program::new()
            .run(&[&["trail"], args, &["--logs", logs, "--format", "json"]].concat())
            .expect(code);
        serde_json::from_str::<Value>(&ended.stdout).unwrap()
    };
    let read = ask(&["history", "--limit", "0"], 0);
    assert_eq!(read["events"], live["events"]);
    assert_eq!((&read["files"], &read["api_calls"]), (&json!(2), &Value::Null));
    let who = ["who", "created", "user/bob"];
    assert_eq!(ask(&who, 0)["events"], program.json(&[&["trail"], who.as_slice()].concat(), 0)["events"]);
    let newest = ["history", "--user", "role/first", "--limit", "1"];
    let (found, asked) = (ask(&newest, 0), program.json(&[&["trail"], newest.as_slice()].concat(), 0));
    assert_eq!(found["events"], asked["events"]);
    let root = ask(&["last-root-login"], 0);
    assert_eq!(
        (&root["last_sign_in"]["mfa_used"], &root["account"]),
        (&json!(true), &json!(DEFAULT_ACCOUNT))
    );

    let day = folder.join("AWSLogs").join(DEFAULT_ACCOUNT).join("CloudTrail/us-east-1/2026/03/02");
    fs::write(day.join("c.json"), "{\"Records\":[{\"eventID\":").unwrap();
    let read = ask(&["history", "--limit", "0"], 4);
    assert_eq!(read["events"], live["events"], "what was found is shown");
    assert!(read["unread"][0]["path"].as_str().unwrap().ends_with("c.json"), "{}", read["unread"]);
    assert!(!Program::new().sandbox_dir().exists());
}

/// A record of a log file.
#[test]
fn what_somebody_called_themselves_does_nothing() {
    let program = Program::new();
    let record = |id: &str, name: &str, agent: &str| {
        json!({
            "eventID": id, "eventTime": "2026-03-02T09:00:00Z", "eventName": "ListUsers", "awsRegion": "us-east-1",
            "eventSource": "iam.amazonaws.com", "userIdentity": {"type": "IAMUser", "userName": name},
            "userAgent": agent, "sourceIPAddress": "\u{1b}]0;x\u{7}", "recipientAccountId": DEFAULT_ACCOUNT,
            "requestParameters": {"userName": "\u{202e}=1+1", "groupName": agent},
            "errorCode": "Access\u{1b}[2JDenied",
        })
    };
    let records =
        [record("1", "=cmd|'/C calc'!A0", "\u{1b}[31mred"), record("2", "@x", &"a".repeat(100_000))];
    write_logs(&program.folder().join("logs"), "a.json.gz", &records.iter().collect::<Vec<_>>());
    for command in [&["trail", "history"][..], &["trail", "who", "changed", "user/\u{202e}=1+1"]] {
        for format in ["text", "csv"] {
            let ended = program.run(&[command, &["--logs", "logs", "--format", format]].concat()).expect(0);
            assert!(!ended.stdout.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{}", ended.stdout);
            if format == "text" {
                assert!(ended.stdout.lines().all(|line| line.chars().count() < 1_000), "{}", ended.stdout);
            }
        }
    }
    let csv = program.run(&["trail", "history", "--logs", "logs", "--format", "csv"]).expect(0).stdout;
    assert!(csv.contains("\"'=cmd|'/C calc'!A0\"") && csv.contains("\"'@x\""), "{csv}");
    let read = program.json(&["trail", "history", "--logs", "logs"], 0);
    assert_eq!(read["events"][0]["raw"], records[1], "programs get what was recorded");
}

#[test]
fn sql_asks_the_same_and_contacts_nobody() {
    let program = Program::new();
    let bucket = ["--sql", "--bucket", "my-trail", "--account", DEFAULT_ACCOUNT];
    let sql = |args: &[&str]| program.run(&[&["trail"], args, &bucket].concat());
    let root = sql(&["last-root-login"]).expect(0).stdout;
    for told in [
        "CREATE EXTERNAL TABLE",
        "s3://my-trail/AWSLogs/123456789012/CloudTrail/${region}/${day}",
        "useridentity.type = 'Root'",
    ] {
        assert!(root.contains(told), "{told}: {root}");
    }
    let hostile = "x'); DROP TABLE y; --";
    let history = sql(&["history", "--user", hostile, "--errors", "--since", "2020-05-01"]).expect(0).stdout;
    assert!(
        history.contains("= 'x''); DROP TABLE y; --'") && history.contains("day >= '2020/05/01'"),
        "{history}"
    );
    let who = sql(&["who", "deleted", "security-group/sg-1", "--region", "eu-west-1"]).expect(0).stdout;
    assert!(who.contains("region IN ('eu-west-1')") && who.contains("(?i:securitygroup)"), "{who}");
    for wrong in [
        &["trail", "history", "--sql"][..],
        &["trail", "history", "--sql", "--bucket", "my-trail"],
        &["trail", "history", "--sql", "--bucket", "My'Trail", "--account", DEFAULT_ACCOUNT],
        &["trail", "history", "--bucket", "my-trail"],
        &["trail", "history", "--user", "a\nb"],
        &["trail", "history", "--event", "x'"],
    ] {
        program.run(wrong).expect(64);
    }
    assert!(!program.sandbox_dir().exists(), "nobody was contacted");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_shows_what_was_found() {
    let account = Account::ticking();
    let iam = account.clients().await.iam;
    for _ in 0..200 {
        iam.list_groups().send().await.unwrap();
    }
    let slow = || Served::slow(&account, Duration::from_millis(400), |_| Fault::None);
    let served = tokio::task::block_in_place(slow);
    let program = Program::new().at(&served).with("AWS_REGION", REGION);
    let mut command = program.command(&["trail", "history", "--limit", "0", "--format", "json"]);
    let process = command.spawn().unwrap();
    let lookups = || served.calls().iter().filter(|call| call.action == "cloudtrail:LookupEvents").count();
    while lookups() < 3 {
        crate::served::pause(Duration::from_millis(20));
    }
    let id = process.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let ended = crate::program::Ended::of(process.wait_with_output().unwrap()).expect(130);
    let found: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&found["ended"], &found["complete"]), (&json!("interrupted"), &json!(false)));
    assert!(found["events"].as_array().unwrap().len() >= 50, "{}", found["looked_at"]);
}

#[test]
fn the_independent_implementation_has_no_event_history() {
    let Some(moto) = Moto::start() else { return };
    let program = Program::new().on(&moto).with("AWS_REGION", REGION);
    let ended = program.run(&["trail", "history"]).expect(4);
    assert!(ended.stderr.contains("--logs"), "{ended:?}");
}
