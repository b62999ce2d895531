//! `audit users`: the credential report for people, with whose rights it was taken, and what else was asked: nothing.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use iamlab::account::report_only::of_report;
use iamlab::audit::users::Users;
use iamlab::clock::Clock;
use iamlab::report::users::{About, to_csv, to_html, to_json, to_text};
use iamlab::sandbox::{DEFAULT_ACCOUNT, Options, Sandbox};
use serde_json::{Value, json};

use crate::cases::wait;
use crate::lab::{Account, LAB, clients_of, config_of};
use crate::moto::Moto;
use crate::program::{Ended, Program};
use crate::served::Served;
use crate::serving::Serving;
use crate::wire::Fault;

/// A report of people that every part of a block has something to say of.
const REPORT: &str = include_str!("users/report.csv");

/// Names that act: formulas, tags, terminal sequences, text that turns around.
const TRICKS: [&str; 5] = [
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "esc\u{1b}[2J\u{1b}]0;title\u{7}",
    "bidi\u{202e}txt.exe",
    "$(reboot)`id`",
];

/// A program with the lab in its sandbox.
fn lab() -> Program {
    let program = Program::new();
    program.run(&["provision", "up", LAB, "--yes"]).expect(0);
    program
}

/// The program's sandbox, opened by the test.
fn sandbox(program: &Program) -> Sandbox {
    let (dir, account) = (Some(program.sandbox_dir()), DEFAULT_ACCOUNT.to_owned());
    Sandbox::open(Options { dir, account, clock: Clock::System }).unwrap()
}

/// What a user did, by the event history.
fn history(sandbox: &Sandbox, user: &str) -> Vec<Event> {
    wait(async {
        let own = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::Username)
            .attribute_value(user)
            .build()
            .unwrap();
        let client = aws_sdk_cloudtrail::Client::new(&config_of(sandbox).await);
        client.lookup_events().lookup_attributes(own).send().await.unwrap().events.unwrap_or_default()
    })
}

fn names(events: &[Event]) -> BTreeSet<&str> {
    events.iter().filter_map(Event::event_name).collect()
}

fn block<'a>(document: &'a Value, user: &str) -> &'a Value {
    let all = document["users"].as_array().unwrap();
    all.iter().find(|one| one["user"] == user).unwrap_or_else(|| panic!("{user} in {document:#}"))
}

fn checks(block: &Value) -> Vec<&str> {
    let findings = block["findings"].as_array().unwrap().iter();
    findings.map(|finding| finding["check"].as_str().unwrap()).collect()
}

#[test]
fn user3_takes_the_report_with_its_own_rights_and_asks_nothing_else() {
    let program = lab();
    let document = program.json(&["audit", "users", "--as", "User3"], 0);
    assert_eq!(document["taken_by"], "arn:aws:iam::123456789012:user/User3");
    let users: Vec<_> = document["users"].as_array().unwrap().iter().map(|one| &one["user"]).collect();
    assert_eq!(users, ["<root_account>", "User1", "User2", "User3"]);
    let first = block(&document, "User1");
    assert_eq!((&first["status"], &first["mfa_active"], checks(first)), (&json!("ok"), &json!(true), vec![]));
    for name in ["User2", "User3"] {
        let user = block(&document, name);
        assert!(checks(user).contains(&"user-console-without-mfa"), "{user:#}");
        assert_eq!(
            (&user["marks"]["mfa_active"], &user["marks"]["password_enabled"]),
            (&json!("wrong"), &json!("wrong"))
        );
    }
    assert_eq!(block(&document, "User2")["access_keys"][0]["state"], "active");
    assert_eq!(block(&document, "User3")["password"]["last_used"]["told"], "date", "it has just signed in");
    assert_eq!(checks(block(&document, "<root_account>")), ["root-without-mfa"]);
    assert_eq!(
        (&document["summary"]["without_mfa"], &document["summary"]["active_keys"]),
        (&json!(2), &json!(1))
    );

    let sandbox = sandbox(&program);
    let events = history(&sandbox, "User3");
    let asked = ["ConsoleLogin", "GenerateCredentialReport", "GetCallerIdentity", "GetCredentialReport"];
    assert_eq!(names(&events), asked.into());
    let login = events.iter().find(|event| event.event_name() == Some("ConsoleLogin")).unwrap();
    assert!(login.cloud_trail_event().unwrap().contains(r#""ConsoleLogin":"Success""#), "{login:?}");
}

/// One truth: whatever `audit run` fails by the same checks, and nothing else.
#[test]
fn what_is_wrong_is_what_the_audit_says() {
    let program = lab();
    let mut told = BTreeSet::new();
    let document = program.json(&["audit", "users"], 0);
    for user in document["users"].as_array().unwrap() {
        for finding in user["findings"].as_array().unwrap() {
            let key = ["control", "check", "message"].map(|key| finding[key].to_string());
            told.insert((user["user"].to_string(), key));
        }
    }
    assert!(told.len() >= 4, "{told:?}");
    program.run(&["audit", "users", "--raw", "-o", "report.csv"]).expect(0);
    let audit = program.json(&["audit", "run", "--credential-report", "report.csv"], 2);
    let judged = audit["findings"].as_array().unwrap().iter().filter(|row| {
        // Whether root's device is hardware no report tells; that there is none is said already.
        row["status"] == "FAIL" && row["check"] != "root-without-hardware-mfa"
    });
    let judged: BTreeSet<_> = judged
        .map(|row| (row["name"].to_string(), ["control", "check", "message"].map(|key| row[key].to_string())))
        .collect();
    assert_eq!(told, judged);
}

#[test]
fn user2_is_denied_and_told_what_is_missing() {
    let program = lab();
    let Ended { stdout, stderr, .. } = program.run(&["audit", "users", "--as", "User2"]).expect(4);
    assert_eq!(stdout, "");
    for part in [
        "AccessDenied: User: arn:aws:iam::123456789012:user/User2 is not authorized to perform: iam:GenerateCredentialReport",
        r#"{"Effect":"Allow","Action":"iam:GenerateCredentialReport","Resource":"*"}"#,
        "`iamlab policy explain --as User2 iam:GenerateCredentialReport '*'`",
    ] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    let why = ["policy", "explain", "--as", "User2", "iam:GenerateCredentialReport", "*"];
    program.run(&why).expect(2);
    assert!(!names(&history(&sandbox(&program), "User2")).contains("GetCredentialReport"));
}

#[test]
fn raw_is_what_aws_gave_to_the_byte() {
    let program = lab();
    let printed = program.command(&["audit", "users", "--raw"]).output().unwrap().stdout;
    let ended = program.run(&["audit", "users", "--raw", "-o", "report.csv"]).expect(0);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", "written to report.csv\n"));
    let sandbox = sandbox(&program);
    let report = wait(async {
        clients_of(&sandbox).await.iam.get_credential_report().send().await.unwrap().content.unwrap()
    });
    assert_eq!(printed, report.as_ref());
    assert_eq!(fs::read(program.folder().join("report.csv")).unwrap(), report.as_ref());
    assert!(!report.as_ref().ends_with(b"\n"), "nothing would be noticed");

    // A file is given on as it is, whoever wrote it.
    let odd = "\u{feff}user;arn;mfa_active\r\n\"a,b\";arn:aws:iam::123456789012:user/a,b;TRUE\r\n\r\n";
    fs::write(program.folder().join("odd.csv"), odd).unwrap();
    assert_eq!(
        program.run(&["audit", "users", "--raw", "--credential-report", "odd.csv"]).expect(0).stdout,
        odd
    );
    program.run(&["audit", "users", "--raw", "--format", "csv"]).expect(64);
}

#[test]
fn somebody_signs_in_with_a_code_a_password_or_not_at_all() {
    let program = lab();
    // User1 may sign in, with the code of its device, and may do nothing.
    let denied = program.run(&["audit", "users", "--as", "User1"]).expect(4);
    assert!(denied.stderr.contains("user/User1 is not authorized"), "{}", denied.stderr);
    let given = |password: &str| {
        let mut command = program.command(&["audit", "users", "--as", "User3", "--password-stdin"]);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
        Ended::of(child.wait_with_output().unwrap())
    };
    let refused = given("wrong\n").expect(1);
    assert!(refused.stderr.contains("user name or password is incorrect"), "{}", refused.stderr);
    let handover = program.folder().join("iam-auditing-credentials.csv");
    let rows = crate::lab::read_handover(&handover).unwrap();
    given(&format!("{}\n", rows["User3"].password)).expect(0);

    fs::copy(&handover, program.folder().join("second-credentials.csv")).unwrap();
    let several = program.run(&["audit", "users", "--as", "User3"]).expect(64);
    assert!(
        several.stderr.contains("several files") && several.stderr.contains("no terminal"),
        "{}",
        several.stderr
    );
    let named = ["audit", "users", "--as", "User3", "--credentials", "second-credentials.csv"];
    program.run(&named).expect(0);
    program.run(&["audit", "users", "--mfa-code", "123456"]).expect(64);
    program.run(&["audit", "users", "--as", "User3", "--credential-report", "x.csv"]).expect(64);
}

#[test]
fn a_served_sandbox_is_asked_by_the_same_words() {
    let program = lab();
    let serving = Serving::of(&program);
    let document = program.json(&["audit", "users", "--as", "User3", "--only-flagged"], 0);
    assert_eq!(document["taken_by"], "arn:aws:iam::123456789012:user/User3");
    let users: Vec<_> = document["users"].as_array().unwrap().iter().map(|one| &one["user"]).collect();
    assert_eq!(users, ["<root_account>", "User2", "User3"]);
    assert_eq!(document["summary"]["users"], 3, "figures are of the whole report");
    drop(serving);
}

#[test]
fn a_snapshot_is_as_good_as_the_account_if_it_has_the_report() {
    let program = lab();
    program.run(&["audit", "collect", "-o", "whole.json.gz"]).expect(0);
    let live = program.json(&["audit", "users"], 0);
    let kept = program.json(&["audit", "users", "--snapshot", "whole.json.gz"], 0);
    assert_eq!((&kept["target"], &kept["taken_by"]), (&json!("file"), &Value::Null));
    assert_eq!((&kept["users"], &kept["summary"]), (&live["users"], &live["summary"]));
    assert_eq!(kept["report"]["generated_at"], live["report"]["generated_at"]);

    let served = Served::new(&Account::live(), |call| match call.action.as_str() {
        "iam:GenerateCredentialReport" => Fault::Denied,
        _ => Fault::None,
    });
    let aws = Program::new().at(&served);
    aws.run(&["audit", "collect", "-o", "without.json"]).expect(4);
    fs::copy(aws.folder().join("without.json"), program.folder().join("without.json")).unwrap();
    for raw in [&[][..], &["--raw"]] {
        let args = [&["audit", "users", "--snapshot", "without.json"][..], raw].concat();
        let told = program.run(&args).expect(4).stderr;
        assert!(told.contains("there is no credential report: the permission"), "{told}");
    }
}

/// With AWS it is the profile of that name, and whose keys it holds is asked first.
#[test]
fn a_profile_must_be_the_users_own() {
    let account = Account::live();
    let served = Served::new(&account, |_| Fault::None);
    let clients = wait(account.clients());
    let policy = fs::read_to_string(crate::lab::root().join("policies/iam-auditor-policy.json")).unwrap();
    let keys = wait(async {
        let mut keys = Vec::new();
        for name in ["User2", "User3"] {
            clients.iam.create_user().user_name(name).path("/lab/").send().await.unwrap();
            let put = clients.iam.put_user_policy().user_name(name).policy_name("own");
            put.policy_document(&policy).send().await.unwrap();
            let key =
                clients.iam.create_access_key().user_name(name).send().await.unwrap().access_key.unwrap();
            keys.push((key.access_key_id, key.secret_access_key));
        }
        keys
    });
    let program = Program::new().endpoint(served.url());
    fs::create_dir(program.folder().join(".aws")).unwrap();
    let profile = |name: &str, (id, secret): &(String, String)| {
        format!("[{name}]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n")
    };
    let text = format!("{}{}", profile("User3", &keys[1]), profile("other", &keys[0]));
    fs::write(program.folder().join(".aws/credentials"), text).unwrap();

    let before = served.calls().len();
    let document = program.json(&["audit", "users", "--as", "User3"], 0);
    assert_eq!(document["taken_by"], "arn:aws:iam::123456789012:user/lab/User3");
    let asked: BTreeSet<String> = served.calls().drain(before..).map(|call| call.action).collect();
    let allowed = ["sts:GetCallerIdentity", "iam:GenerateCredentialReport", "iam:GetCredentialReport"];
    assert_eq!(asked, allowed.map(str::to_owned).into());

    let before = served.calls().len();
    let refused = program.run(&["audit", "users", "--as", "User3", "--profile", "other"]).expect(64);
    for arn in ["`arn:aws:iam::123456789012:user/lab/User2`", "`arn:aws:iam::123456789012:user/User3`"] {
        assert!(refused.stderr.contains(arn), "{}", refused.stderr);
    }
    assert_eq!(served.calls().len(), before + 1, "nothing is asked in somebody else's name");
    let missing = program.run(&["audit", "users", "--as", "User1"]).expect(4);
    assert!(missing.stderr.contains("takes the profile `User1`"), "{}", missing.stderr);
    program.run(&["audit", "users", "--as", "User3", "--mfa-code", "123456"]).expect(64);
}

/// As with the AWS CLI: a profile that is named goes before the keys of the environment, `AWS_PROFILE` does not.
#[test]
fn a_named_profile_goes_before_the_environment() {
    let account = Account::live();
    let served = Served::new(&account, |_| Fault::None);
    let clients = wait(account.clients());
    let keys = wait(async {
        clients.iam.create_user().user_name("named").send().await.unwrap();
        clients.iam.create_access_key().user_name("named").send().await.unwrap().access_key.unwrap()
    });
    // The environment has the administrator's keys.
    let program = Program::new().at(&served);
    let home = program.folder().join(".aws");
    fs::create_dir(&home).unwrap();
    let process = json!({
        "Version": 1, "AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key,
    });
    fs::write(home.join("process.json"), process.to_string()).unwrap();
    let credentials = format!(
        "[named]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        keys.access_key_id, keys.secret_access_key
    );
    fs::write(home.join("credentials"), credentials).unwrap();
    let config =
        format!("[profile started]\ncredential_process = /bin/cat {}/process.json\n", home.display());
    fs::write(home.join("config"), config).unwrap();

    let own = "arn:aws:iam::123456789012:user/named";
    for profile in ["named", "started"] {
        let denied = program.run(&["audit", "users", "--profile", profile]).expect(4);
        assert!(denied.stderr.contains(own), "{profile}: {}", denied.stderr);
    }
    let mut command = program.command(&["audit", "users", "--format", "json"]);
    let ended = Ended::of(command.env("AWS_PROFILE", "named").output().unwrap()).expect(0);
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_ne!(document["taken_by"], own);
    // A profile that is not there is no reason to take somebody else's keys.
    let gone = program.run(&["audit", "users", "--profile", "nobodys"]).expect(4);
    assert!(gone.stderr.contains("there is no profile `nobodys`"), "{}", gone.stderr);
}

/// The sandbox's clock is behind the machine's: what is new by it is not old.
#[test]
fn ages_are_counted_by_the_accounts_clock() {
    let program = Program::new();
    program.run(&["sandbox", "clock", "advance", "-265d"]).expect(0);
    program.run(&["provision", "up", LAB, "--yes"]).expect(0);
    let document = program.json(&["audit", "users"], 0);
    assert!(document["report"]["age_seconds"].as_i64().unwrap() < 3600, "{document:#}");
    assert_eq!(block(&document, "User2")["access_keys"][0]["last_rotated"]["days_ago"], 0);
    assert_eq!(document["summary"]["old_keys"], 0);
    let audit = program.json(&["audit", "run"], 2);
    let old = |row: &&Value| row["check"] == "access-key-old" && row["status"] == "FAIL";
    assert_eq!(audit["findings"].as_array().unwrap().iter().find(old), None);

    program.run(&["sandbox", "clock", "advance", "3h"]).expect(0);
    let document = program.json(&["audit", "users", "--as", "User3"], 0);
    let age = document["report"]["age_seconds"].as_i64().unwrap();
    assert!((3 * 3600..4 * 3600).contains(&age), "{age}");
}

#[test]
fn a_file_that_is_not_what_is_asked_for_is_told_so() {
    let program = lab();
    let gone = program.run(&["audit", "users", "--as", "User3", "--credentials", "gone.csv"]).expect(1);
    assert!(gone.stderr.contains("`gone.csv` does not exist"), "{}", gone.stderr);
    let gone = program.run(&["sandbox", "sign-in", "User3", "--credentials", "gone.csv"]).expect(1);
    assert!(gone.stderr.contains("`gone.csv` does not exist"), "{}", gone.stderr);
    // Its own table is not what it was made from.
    program.run(&["audit", "users", "--format", "csv", "-o", "own.csv"]).expect(0);
    let own = program.run(&["audit", "users", "--credential-report", "own.csv"]).expect(1);
    assert!(own.stderr.contains("not a credential report"), "{}", own.stderr);
}

#[test]
fn another_implementation_gives_a_report_too() {
    let Some(moto) = Moto::start() else { return };
    let program = Program::new().on(&moto);
    wait(async {
        let iam = moto.clients().await.iam;
        iam.create_user().user_name("ann").send().await.unwrap();
        iam.create_login_profile().user_name("ann").password("Passw0rd-1!").send().await.unwrap();
    });
    let document = program.json(&["audit", "users", "--user", "ann"], 0);
    assert!(checks(block(&document, "ann")).contains(&"user-console-without-mfa"), "{document:#}");
}

/// The report of the tests, read at a fixed time.
fn fixed() -> Users {
    let mut snapshot = of_report(REPORT.as_bytes(), "2026-03-02T09:30:00Z".parse().unwrap()).unwrap();
    let iamlab::account::snapshot::Facet::Read(report) = &mut snapshot.credential_report else { panic!() };
    report.generated = Some("2026-03-02T07:15:00Z".parse().unwrap());
    Users::of(&snapshot, "2026-03-02T09:30:00Z".parse().unwrap()).unwrap()
}

const ABOUT: About<'_> =
    About { target: "aws", taken_by: Some("arn:aws:iam::123456789012:user/User3"), calls: None };

#[test]
fn text() {
    insta::assert_snapshot!(to_text(&fixed(), ABOUT, &|_, text| text.to_owned()));
}

#[test]
fn table() {
    insta::assert_snapshot!(to_csv(&fixed()).unwrap().replace("\r\n", "\n"));
}

#[test]
fn colours_add_nothing_to_the_text() {
    let plain = to_text(&fixed(), ABOUT, &|_, text| text.to_owned());
    let painted = to_text(&fixed(), ABOUT, &|_, text| format!("\u{1}{text}\u{2}"));
    assert!(painted.contains("\u{1}! no\u{2}"), "{painted}");
    assert_eq!(painted.replace(['\u{1}', '\u{2}'], ""), plain);
}

#[test]
fn offline_the_same_file_and_time_give_the_same_bytes() {
    let program = Program::new();
    fs::write(program.folder().join("r.csv"), REPORT).unwrap();
    let args =
        ["audit", "users", "--credential-report", "r.csv", "--as-of", "2026-03-02T09:30:00Z", "--format"];
    for form in ["text", "csv", "html", "json"] {
        let once = program.run(&[&args[..], &[form]].concat()).expect(0);
        assert_eq!(once.stderr, "");
        assert_eq!(program.run(&[&args[..], &[form]].concat()).expect(0).stdout, once.stdout, "{form}");
    }
    let some =
        ["audit", "users", "--credential-report", "r.csv", "--user", "bob", "--user", "<root_account>"];
    let document = program.json(&some, 0);
    let users: Vec<_> = document["users"].as_array().unwrap().iter().map(|one| one["user"].clone()).collect();
    assert_eq!(users, ["<root_account>", "bob"]);
    let stranger = ["audit", "users", "--credential-report", "r.csv", "--user", "bobb"];
    let told = program.run(&stranger).expect(1).stderr;
    assert!(told.contains("no user `bobb`") && told.contains("`bob`"), "{told}");
}

#[test]
fn a_hostile_report_of_thousands_does_nothing_anywhere() {
    let program = Program::new();
    let mut writer = csv::Writer::from_path(program.folder().join("r.csv")).unwrap();
    let header: Vec<&str> = REPORT.lines().next().unwrap().split(',').collect();
    writer.write_record(&header).unwrap();
    for number in 0..5000_usize {
        let name = format!("{}{number}", TRICKS[number % TRICKS.len()]);
        let arn = format!("arn:aws:iam::123456789012:user/{name}");
        // Whatever is no name is hostile too.
        let cells = header.iter().map(|column| match *column {
            "user" => name.as_str(),
            "arn" => &arn,
            "password_enabled" | "access_key_1_active" => "true",
            "access_key_1_last_used_service" | "additional_credentials_info" => &name,
            "access_key_1_last_used_date" => "2020-01-01T00:00:00Z",
            column if column.ends_with("_rotated") && number % 2 == 0 => &name,
            _ => "N/A",
        });
        writer.write_record(cells).unwrap();
    }
    writer.flush().unwrap();
    drop(writer);
    let acts = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\r'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{200b}'..='\u{200f}')
    };
    let began = Instant::now();
    for form in ["text", "csv", "html"] {
        let args =
            ["audit", "users", "--credential-report", "r.csv", "--as-of", "2026-03-02", "--format", form];
        let text = program.run(&args).expect(0).stdout;
        assert_eq!(text.chars().find(|c| acts(*c)), None, "{form}");
        match form {
            "text" => {
                assert!(text.contains(r"esc\u{1b}[2J") && text.contains("--user-name '$(reboot)`id`4999'"));
            }
            "csv" => {
                let mut reader = csv::Reader::from_reader(text.as_bytes());
                let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
                // Root, who has no row in the report, has one that says so.
                assert_eq!(rows.len(), 5001);
                for cell in rows.iter().flatten() {
                    assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
                }
            }
            _ => {
                assert_eq!(text.matches("<script").count(), 1);
                assert!(text.contains("&lt;script&gt;alert(1)") && !text.contains("<script>alert"));
            }
        }
    }
    // Several seconds of a build without optimisation on a busy machine; a quadratic loop takes minutes.
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
}

#[test]
fn the_page_needs_nothing_and_runs_only_its_own() {
    let page = to_html(&fixed(), ABOUT);
    for word in ["http://", "https://", "src=", "@import", "url(", "style=\"", " onclick"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("Content-Security-Policy") && page.contains("default-src 'none'"));
    assert!(page.contains("<span class=\"wrong\" title=\"password_last_changed\">! changed"), "{page}");
    assert!(page.contains("class=\"person ok\" data-name=\"alice\""));
    let document: Value = serde_json::from_str(&to_json(&fixed(), ABOUT).unwrap()).unwrap();
    assert_eq!(document["report"]["age_seconds"], 8100);
    let alice = block(&document, "alice");
    assert_eq!(alice["password"]["expires"]["days_ago"], Value::Null, "it is still to come");
    assert_eq!(block(&document, "carol")["password"]["enabled"], Value::Null);
}
