//! `iamlab trail --logs`: what a folder holds, what it does not, and what is told of either.

use std::fs;

use iamlab::sandbox::DEFAULT_ACCOUNT;
use serde_json::{Value, json};

use crate::program::Program;
use crate::trail::{names, starters};

fn record(id: usize, time: &str, name: &str, region: &str, more: &Value) -> Value {
    let mut record = json!({
        "eventID": id.to_string(), "eventTime": time, "eventName": name, "awsRegion": region, "readOnly": false,
        "eventSource": "iam.amazonaws.com", "recipientAccountId": DEFAULT_ACCOUNT,
        "userIdentity": {"type": "IAMUser", "userName": "mallory"},
    });
    for (key, value) in more.as_object().unwrap() {
        record[key] = value.clone();
    }
    record
}

fn plain_logs(program: &Program, place: &str, records: &[Value]) {
    let path = program.folder().join("logs").join(place);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, json!({"Records": records}).to_string()).unwrap();
}

#[test]
fn attempts_without_room_are_counted_and_a_table_is_newest_first() {
    let program = Program::new();
    let group = json!({"groupName": "G", "userName": "u"});
    let mut records: Vec<Value> = (10..35)
        .map(|second| {
            let more = json!({"requestParameters": group, "errorCode": "AccessDenied"});
            record(second, &format!("2026-03-02T09:00:{second}Z"), "AddUserToGroup", "us-east-1", &more)
        })
        .collect();
    let worked = json!({"requestParameters": group});
    records.push(record(1, "2026-03-02T08:00:00Z", "AddUserToGroup", "us-east-1", &worked));
    plain_logs(&program, "a.json", &records);
    let who = ["trail", "who", "changed", "group/G", "--logs", "logs"];
    let told = program.json(&who, 0);
    assert_eq!((&told["failed_attempts_found"], &told["ended"]), (&json!(25), &json!("limit")));
    let text = program.run(&who).expect(0).stdout;
    assert!(text.contains("20 of 25 attempts that failed"), "{text}");
    let csv = program.run(&[who.as_slice(), &["--format", "csv"]].concat()).expect(0).stdout;
    let times: Vec<&str> = csv.lines().skip(1).map(|line| &line[..22]).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older) && times.len() == 21, "{csv}");
}

#[test]
fn log_files_of_something_else_prove_nothing() {
    let program = Program::new();
    plain_logs(
        &program,
        "a.json",
        &[record(1, "2026-03-02T09:00:00Z", "CreateUser", "eu-west-1", &json!({}))],
    );
    let root = ["trail", "last-root-login", "--logs", "logs"];
    let told = program.json(&root, 4);
    assert!(told["missing"][0].as_str().unwrap().contains("us-east-1"), "{told}");
    assert_eq!((&told["complete"], &told["failed_attempts_since"]), (&json!(false), &Value::Null));
    let text = program.run(&root).expect(4).stdout;
    assert!(text.contains("not looked at") && !text.contains("No sign-in"), "{text}");

    plain_logs(
        &program,
        "b.json",
        &[record(2, "2026-03-02T09:00:00Z", "CreateUser", "us-east-1", &json!({}))],
    );
    assert_eq!(program.json(&root, 0)["missing"], json!([]));
    for command in [&root[..], &["trail", "history", "--logs", "logs"]] {
        let other = program.json(&[command, &["--account", "111111111111"]].concat(), 4);
        assert!(other["missing"][0].as_str().unwrap().contains("111111111111"), "{other}");
        assert_eq!((&other["from"], &other["complete"]), (&Value::Null, &json!(false)));
    }

    let report = "user,arn,password_enabled,password_last_used\n\
                  <root_account>,arn:aws:iam::999999999999:root,not_supported,2026-03-01T00:00:00+00:00\n";
    fs::write(program.folder().join("report.csv"), report).unwrap();
    let beside = [root.as_slice(), &["--credential-report", "report.csv"]].concat();
    let told = program.json(&beside, 4);
    assert_eq!(told["account"], "999999999999", "its own account's root stands beside a report: {told}");
    program.run(&[beside.as_slice(), &["--account", DEFAULT_ACCOUNT]].concat()).expect(64);
    let own = report.replace("999999999999", DEFAULT_ACCOUNT);
    fs::write(program.folder().join("report.csv"), own).unwrap();
    let csv = program.run(&[beside.as_slice(), &["--format", "csv"]].concat()).expect(0);
    assert_eq!(csv.stdout.lines().count(), 1);
    assert!(csv.stderr.contains("password last used 2026-03-01"), "{}", csv.stderr);
}

#[test]
fn a_session_of_the_day_before_has_its_starter() {
    let program = Program::new();
    let begun = json!({
        "eventSource": "sts.amazonaws.com", "responseElements": {"credentials": {"accessKeyId": "ASIA1"}},
    });
    let made =
        json!({"userIdentity": {"type": "AssumedRole", "principalId": "AROA:s", "accessKeyId": "ASIA1"}});
    let file = |day: &str| format!("AWSLogs/1/CloudTrail/us-east-1/2026/04/{day}/a.json");
    let begun = record(1, "2026-04-01T23:50:00Z", "AssumeRole", "us-east-1", &begun);
    plain_logs(&program, &file("01"), &[begun]);
    plain_logs(&program, &file("02"), &[record(2, "2026-04-02T00:10:00Z", "CreateUser", "us-east-1", &made)]);
    let told = program.json(&["trail", "history", "--logs", "logs", "--since", "2026-04-02"], 0);
    assert_eq!(names(&told["events"]), ["CreateUser"]);
    assert_eq!(starters(&told["events"][0]), ["mallory"]);
}
