//! `iamlab trail`: other accounts, other regions, other days, and folders that somebody else filled.

use std::fs;

use iamlab::sandbox::DEFAULT_ACCOUNT;
use serde_json::{Value, json};

use crate::lab::{Account, REGION};
use crate::program::Program;
use crate::served::Served;
use crate::wire::Fault;

/// Writes records where `--logs logs` finds them.
fn logs(program: &Program, records: &[Value]) {
    fs::create_dir_all(program.folder().join("logs")).unwrap();
    let text = json!({"Records": records}).to_string();
    fs::write(program.folder().join("logs/a.json"), text).unwrap();
}

/// A sign-in of root, in an account.
fn sign_in(account: &str) -> Value {
    json!({
        "eventID": account, "eventTime": "2026-03-02T09:00:00Z", "eventName": "ConsoleLogin",
        "eventSource": "signin.amazonaws.com", "awsRegion": "us-east-1", "recipientAccountId": account,
        "userIdentity": {"type": "Root"}, "responseElements": {"ConsoleLogin": "Success"},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_arn_is_looked_up_in_its_region_and_its_account() {
    let account = Account::ticking();
    let clients = account.clients().await;
    clients.iam.create_user().user_name("User2").send().await.unwrap();
    let europe = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .http_client(account.http())
        .credentials_provider(account.sandbox.credentials())
        .region(aws_config::Region::from_static("eu-west-1"))
        .load()
        .await;
    aws_sdk_sns::Client::new(&europe).create_topic().name("eutopic").send().await.unwrap();
    let served = tokio::task::block_in_place(|| Served::new(&account, |_| Fault::None));
    let program = Program::new().at(&served).with("AWS_REGION", REGION);
    let created = |resource: &str| program.json(&["trail", "who", "created", resource], 0);

    let topic = format!("arn:aws:sns:eu-west-1:{DEFAULT_ACCOUNT}:eutopic");
    let found = created(&topic);
    assert_eq!(
        (&found["events"][0]["event"], &found["regions"]),
        (&json!("CreateTopic"), &json!(["eu-west-1"]))
    );
    let ended = program.run(&["trail", "who", "created", &topic, "--region", "us-east-1"]).expect(64);
    assert!(ended.stderr.contains("eu-west-1"), "{}", ended.stderr);

    let mine = format!("arn:aws:iam::{DEFAULT_ACCOUNT}:user/User2");
    assert_eq!(created(&mine)["events"][0]["event"], "CreateUser");
    let elsewhere = format!("arn:aws:iam::{DEFAULT_ACCOUNT}:user/some/other/path/User2");
    assert_eq!(created(&elsewhere)["events"], json!([]));
    let other = ["trail", "who", "created", "arn:aws:iam::999999999999:user/User2"];
    assert!(program.run(&other).expect(64).stderr.contains("is in account `999999999999`"));

    // Neither is ever recorded there: nothing found would be no answer.
    for never in [&["who", "created", "user/User2"][..], &["last-root-login"]] {
        let ended = program.run(&[&["trail"], never, &["--region", "eu-west-1"]].concat()).expect(64);
        assert!(ended.stderr.contains("recorded in us-east-1"), "{}", ended.stderr);
    }
    let ended = program.run(&["trail", "history", "--since", "2030-01-01"]).expect(64);
    assert!(ended.stderr.contains("in the future"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_root_is_called_is_part_of_the_answer() {
    let account = Account::ticking();
    let plan = |call: &crate::wire::Call| match call.action.as_str() {
        "iam:ListAccountAliases" => Fault::Denied,
        _ => Fault::None,
    };
    let served = tokio::task::block_in_place(|| Served::new(&account, plan));
    let program = Program::new().at(&served).with("AWS_REGION", REGION);
    let found = program.json(&["trail", "history", "--user", "root"], 4);
    assert_eq!((&found["complete"], &found["ended"]), (&json!(false), &json!("failed")));
}

#[test]
fn an_account_that_is_no_account_does_nothing_to_the_terminal() {
    let program = Program::new();
    logs(&program, &[sign_in("\u{1b}[2J\u{7}111"), sign_in("\u{1b}]0;x\u{7}")]);
    let ended = program.run(&["trail", "last-root-login", "--logs", "logs"]);
    assert_ne!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stderr.contains(['\u{1b}', '\u{7}']) && !ended.stdout.contains('\u{1b}'), "{ended:?}");
}

#[cfg(unix)]
#[test]
fn a_pipe_and_a_linked_folder_are_named_and_hold_nothing_up() {
    let program = Program::new();
    logs(&program, &[sign_in(DEFAULT_ACCOUNT)]);
    let folder = program.folder().join("logs");
    assert!(std::process::Command::new("mkfifo").arg(folder.join("pipe.json")).status().unwrap().success());
    std::os::unix::fs::symlink(&folder, folder.join("again")).unwrap();
    let found = program.json(&["trail", "history", "--logs", "logs"], 4);
    assert_eq!(found["events"].as_array().unwrap().len(), 1);
    let unread: Vec<&str> =
        found["unread"].as_array().unwrap().iter().map(|it| it["path"].as_str().unwrap()).collect();
    assert!(unread.len() == 2 && unread.iter().any(|path| path.ends_with("pipe.json")), "{unread:?}");
}

#[test]
fn a_day_is_a_whole_day_and_time_goes_forward() {
    let program = Program::new();
    logs(&program, &[sign_in(DEFAULT_ACCOUNT)]);
    let history = |more: &[&str], code| {
        program.run(&[&["trail", "history", "--logs", "logs"], more].concat()).expect(code)
    };
    assert!(history(&["--since", "2026-03-02", "--until", "2026-03-02"], 0).stdout.contains("ConsoleLogin"));
    assert!(history(&["--since", "2026-03-03", "--until", "2026-03-01"], 64).stderr.contains("is after"));
    let day = program.folder().join("dated/2026/03/02");
    fs::create_dir_all(&day).unwrap();
    fs::copy(program.folder().join("logs/a.json"), day.join("a.json")).unwrap();
    let late = ["trail", "history", "--logs", "dated", "--since", "2026-04-01"];
    let late = program.json(&late, 4);
    assert_eq!(
        (&late["events"], &late["from"]),
        (&json!([]), &Value::Null),
        "there are files, of other days"
    );
    assert!(late["missing"][0].as_str().unwrap().contains("no event of that time"), "{late}");
}

#[test]
fn athena_is_asked_what_the_program_would_answer() {
    let program = Program::new();
    let bucket = ["--sql", "--bucket", "my-trail", "--account", DEFAULT_ACCOUNT];
    let sql = |args: &[&str], code| program.run(&[&["trail"], args, &bucket].concat()).expect(code);
    let root = sql(&["last-root-login", "--regions", "eu-west-1"], 0).stdout;
    assert!(
        root.contains("'projection.region.values' = 'eu-west-1,us-east-1'")
            && root.contains("region = 'us-east-1'"),
        "{root}"
    );
    let one = sql(&["history", "--region", "eu-west-1"], 0).stdout;
    assert!(one.contains("region IN ('eu-west-1')"), "only that one: {one}");
    let topic = "arn:aws:sns:eu-west-1:123456789012:t";
    let one = sql(&["who", "created", topic], 0).stdout;
    assert!(
        one.contains("region IN ('eu-west-1')") && one.contains("eventsource IN ('sns.amazonaws.com')"),
        "{one}"
    );
    let early = sql(&["history", "--since", "2019-05-01"], 0).stdout;
    assert!(early.contains("'projection.day.range' = '2019/05/01,NOW'"), "{early}");
    sql(&["history", "--since", "2019-05-01", "--start", "2020-01-01"], 64);
    sql(&["who", "created", "User2"], 64);
    let two = "arn:aws:iam::333333333333:user/alice";
    assert!(sql(&["history", "--user", two], 0).stdout.contains("useridentity.accountid = '333333333333'"));
    for alone in [["--table", "x"], ["--start", "2024-01-01"]] {
        program.run(&[&["trail", "history", "--logs", "."][..], &alone].concat()).expect(64);
    }
}
