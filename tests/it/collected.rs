//! `audit collect` and what is made of its files: the same findings as the account itself, and no secret.

use std::fs;
use std::io::Read as _;

use iamlab::account::calls::ApiCalls;
use iamlab::account::file::SnapshotFile;
use iamlab::account::part::Part;
use iamlab::aws::collect::{Scope, collect};
use serde_json::Value;

use crate::cases::wait;
use crate::lab::{Account, LAB, UP, concluded, iam_auditing, read_handover};
use crate::program::Program;
use crate::served::Served;
use crate::wire::Fault;

/// The lab, in a sandbox of the program's own.
fn lab() -> Program {
    let program = Program::new();
    program.run(&["provision", "up", LAB, "--yes"]).expect(0);
    program
}

/// A report without what tells where and when it was read.
fn findings(program: &Program, args: &[&str]) -> Value {
    let args = [&["audit", "run", "--as-of", "2027-01-01", "--exit-zero"], args].concat();
    let mut report = program.json(&args, 0);
    for key in ["target", "api_calls", "collected_at"] {
        assert!(report.as_object_mut().unwrap().shift_remove(key).is_some(), "{key}");
    }
    report
}

#[test]
fn a_file_is_judged_like_the_account() {
    let program = lab();
    for benchmark in ["cis-aws-1.2.0", "iam-best-practices", "cis-aws-7.0.0"] {
        let live = findings(&program, &["--benchmark", benchmark]);
        for name in ["a.json", "a.json.gz", "a.json.zst"] {
            program.run(&["audit", "collect", "-o", name]).expect(0);
            // It is known by its content, not by its name.
            fs::rename(program.folder().join(name), program.folder().join("b")).unwrap();
            assert_eq!(findings(&program, &["--benchmark", benchmark, "--snapshot", "b"]), live, "{name}");
        }
    }
    let left = fs::read_dir(program.folder()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_str().unwrap().contains("part")));
}

#[test]
fn packed_files_are_smaller_and_hold_the_same() {
    let program = lab();
    let plain = program.run(&["audit", "collect", "-o", "-"]).expect(0).stdout;
    let value: Value = serde_json::from_str(&plain).unwrap();
    assert_eq!(value["account"], "123456789012");
    assert_eq!(
        (value["format_version"].as_u64(), value["kind"].as_str()),
        (Some(1), Some("iamlab-snapshot"))
    );
    program.run(&["audit", "collect", "-o", "a.json.gz"]).expect(0);
    let packed = fs::read(program.folder().join("a.json.gz")).unwrap();
    assert!(packed.len() < plain.len() / 2);
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
    let facets = |text: &str| serde_json::from_str::<Value>(text).unwrap()["facets"].clone();
    assert_eq!(facets(&text), facets(&plain));
}

#[test]
fn no_secret_is_in_the_file() {
    let program = lab();
    let text = program.run(&["audit", "collect", "-o", "-"]).expect(0).stdout;
    let rows = read_handover(&program.folder().join("iam-auditing-credentials.csv")).unwrap();
    let seed = |uri: &str| uri.split("secret=").nth(1).map(|rest| rest.split('&').next().unwrap().to_owned());
    let mut secrets: Vec<String> = Vec::new();
    for row in rows.values() {
        secrets.extend([row.password.clone()]);
        secrets.extend(row.key_secrets.split_whitespace().map(str::to_owned));
        secrets.extend(seed(&row.uri));
    }
    secrets.retain(|secret| !secret.is_empty());
    assert!(secrets.len() >= 5, "{} secrets", secrets.len());
    assert!(secrets.iter().all(|secret| !text.contains(secret)));
    assert!(text.contains("User1"));
}

#[tokio::test]
async fn the_same_account_at_the_same_time_is_the_same_file() {
    let account = Account::new();
    let folder = tempfile::tempdir().unwrap();
    let handover = folder.path().join("credentials.csv");
    concluded(account.run(account.http(), &iam_auditing(), UP, &handover).await).unwrap();
    let mut files = Vec::new();
    for _ in 0..3 {
        let aws = account.connect(account.http()).await.unwrap();
        let snapshot = collect(&aws, &Scope::audit(Part::ALL)).await.snapshot;
        let calls = aws.meter.calls();
        let api_calls = ApiCalls { read: calls.read, write: calls.write, throttled: calls.throttled };
        files.push(SnapshotFile { snapshot, target: "sandbox".into(), api_calls }.to_json().unwrap());
    }
    // The first had to wait for the credential report.
    assert!(files[0] != files[1] && files[1] == files[2]);
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_kept() {
    let account = Account::live();
    let served = Served::new(&account, |call| {
        let denied =
            ["iam:GetAccountSummary", "access-analyzer:ListAnalyzers"].contains(&call.action.as_str());
        if denied { Fault::Denied } else { Fault::None }
    });
    let program = Program::new().at(&served);
    let ended = program.run(&["audit", "collect", "-o", "a.json"]).expect(4);
    for told in [
        "the account summary could not be read: the permission `iam:GetAccountSummary` is missing",
        "the analyzers of every region could not be read: the permission `access-analyzer:ListAnalyzers` is missing",
    ] {
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
    }
    assert_eq!(ended.stderr.matches("warning:").count(), 2, "{}", ended.stderr);
    let text = fs::read_to_string(program.folder().join("a.json")).unwrap();
    let facets = &serde_json::from_str::<Value>(&text).unwrap()["facets"];
    assert!(facets["account_summary"]["not_read"].as_str().unwrap().contains("iam:GetAccountSummary"));
    assert_eq!(facets["regions"]["read"].as_array().unwrap().len(), 17);
    assert!(facets["analyzers"].as_object().unwrap().values().all(|one| one["not_read"].is_string()));
    assert!(facets["identity"]["read"].is_object() && facets["credential_report"]["read"].is_object());
}

#[test]
fn every_region_is_asked_through_an_endpoint_too() {
    let account = Account::live();
    wait(async {
        let clients = account.clients().await;
        let ireland = clients.analyzer.config().to_builder();
        let ireland = ireland.region(aws_config::Region::from_static("eu-west-1")).build();
        let ireland = aws_sdk_accessanalyzer::Client::from_conf(ireland);
        ireland.create_analyzer().analyzer_name("outside").r#type("ACCOUNT".into()).send().await.unwrap();
    });
    let served = Served::new(&account, |_| Fault::None);
    let text = Program::new().at(&served).run(&["audit", "collect", "-o", "-"]).expect(0).stdout;
    let analyzers = serde_json::from_str::<Value>(&text).unwrap()["facets"]["analyzers"].clone();
    assert_eq!(analyzers["eu-west-1"]["read"][0]["name"], "outside");
    assert_eq!(analyzers["us-east-1"]["read"], serde_json::json!([]));
}

#[test]
fn a_changed_file_is_refused() {
    let program = lab();
    program.run(&["audit", "collect", "-o", "a.json"]).expect(0);
    let path = program.folder().join("a.json");
    let text = fs::read_to_string(&path).unwrap();
    for (content, told) in [
        (text.replace("User2", "User1"), "was changed after it was written"),
        (text[..text.len() / 2].to_owned(), "is cut off"),
        ("{}".to_owned(), "is no snapshot"),
        ("[".repeat(1000), "more than 64 levels"),
    ] {
        fs::write(&path, content).unwrap();
        let ended = program.run(&["audit", "run", "--snapshot", "a.json"]).expect(1);
        assert!(ended.stderr.contains("`a.json`") && ended.stderr.contains(told), "{}", ended.stderr);
        assert!(ended.stdout.is_empty());
    }
    let ended = program.run(&["audit", "run", "--snapshot", "none.json"]).expect(1);
    assert!(ended.stderr.contains("`none.json`"), "{}", ended.stderr);
}

#[test]
fn a_downloaded_report_is_enough_for_its_controls() {
    let program = lab();
    let text = program.run(&["audit", "collect", "-o", "-"]).expect(0).stdout;
    let value: Value = serde_json::from_str(&text).unwrap();
    let csv = value["facets"]["credential_report"]["read"]["csv"].as_str().unwrap();
    fs::write(program.folder().join("report.csv"), csv).unwrap();
    // Whoever has only the report needs neither account nor sandbox.
    let away = Program::new();
    fs::copy(program.folder().join("report.csv"), away.folder().join("report.csv")).unwrap();
    let report = findings(&away, &["--credential-report", "report.csv"]);
    assert_eq!(report["account"], "123456789012");
    let rows = report["findings"].as_array().unwrap();
    let of = |control: &str| -> Vec<(&str, &str)> {
        let those = rows.iter().filter(|row| row["control"] == control);
        those.map(|row| (row["name"].as_str().unwrap(), row["status"].as_str().unwrap())).collect()
    };
    assert_eq!(of("1.2"), [("User1", "PASS"), ("User2", "FAIL"), ("User3", "FAIL")]);
    let unknown = rows.iter().filter(|row| row["status"] == "UNKNOWN");
    for why in unknown.map(|row| row["message"].as_str().unwrap()) {
        assert!(why.contains("only a credential report was given"), "{why}");
    }
    assert!(!away.sandbox_dir().exists());

    fs::write(away.folder().join("report.csv"), "user,arn\nu,u\n").unwrap();
    let ended = away.run(&["audit", "run", "--credential-report", "report.csv"]).expect(1);
    assert!(ended.stderr.contains("`report.csv`") && ended.stderr.contains("not a credential report"));
}
