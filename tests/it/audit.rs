//! `audit run` as people and scripts meet it, and what of it depends on which part of the picture.

use std::collections::{BTreeMap, BTreeSet};

use iamlab::account::part::Part;
use iamlab::account::snapshot::{Facet, Snapshot};
use iamlab::audit::benchmark;
use iamlab::audit::engine::{Question, audit};
use iamlab::audit::finding::{Audit, Finding};
use iamlab::audit::gate::Gate;
use iamlab::audit::verdict::Status;
use iamlab::aws::collect::{Scope, collect};
use iamlab::error::Exit;
use serde_json::Value;

use crate::cases::{ensure, run_all, wait};
use crate::lab::{Account, LAB, UP, concluded, iam_auditing};
use crate::program::Program;
use crate::wire::{Fault, Wire};

fn texts<'a>(document: &'a Value, control: &str, status: &str) -> Vec<&'a str> {
    let findings = document["findings"].as_array().unwrap().iter();
    let those = findings.filter(|finding| finding["control"] == control && finding["status"] == status);
    those.map(|finding| finding["name"].as_str().unwrap()).collect()
}

#[test]
fn the_lab_is_judged_as_the_assignment_expects() {
    let program = Program::new();
    program.run(&["provision", "up", LAB, "--yes"]).expect(0);
    let document = program.json(&["audit", "run"], 2);
    assert_eq!(texts(&document, "1.2", "FAIL"), ["User2", "User3"]);
    assert_eq!(texts(&document, "1.2", "PASS"), ["User1"]);
    for root in ["1.1", "1.12", "1.13"] {
        let rows = document["findings"].as_array().unwrap().iter();
        let names: Vec<_> =
            rows.filter(|row| row["control"] == root).map(|row| row["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["<root_account>"], "{root}");
    }
    assert_eq!(texts(&document, "1.1", "PASS"), ["<root_account>"]);
    assert_eq!(texts(&document, "1.12", "PASS"), ["<root_account>"]);
    let calls = &document["api_calls"];
    assert!((7..=9).contains(&calls["read"].as_u64().unwrap()) && calls["write"] == 0, "{calls}");
    let also =
        &document["findings"].as_array().unwrap().iter().find(|row| row["control"] == "1.2").unwrap()["also"];
    assert_eq!(also["cis-aws-5.0.0"], "1.9");
}

#[test]
fn every_control_appears_once_per_subject() {
    let program = Program::new();
    program.run(&["provision", "up", LAB, "--yes"]).expect(0);
    for benchmark in benchmark::all() {
        let document = program.json(&["audit", "run", "--benchmark", &benchmark.id, "--exit-zero"], 0);
        let mut seen = BTreeMap::new();
        for row in document["findings"].as_array().unwrap() {
            let key = ["control", "resource", "name", "credential"].map(|key| row[key].to_string());
            *seen.entry(key).or_insert(0) += 1;
        }
        assert!(seen.values().all(|&count| count == 1), "{}: {seen:?}", benchmark.id);
        let told: BTreeSet<&str> = document["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["control"].as_str().unwrap())
            .collect();
        let asked: BTreeSet<&str> = benchmark.controls.iter().map(|control| control.id.as_str()).collect();
        assert_eq!(told, asked, "{}", benchmark.id);
    }
}

/// All that is known of the account of the lab, through a wire that may deny.
async fn lab(denied: Option<&'static str>) -> Snapshot {
    let account = Account::new();
    let folder = tempfile::tempdir().unwrap();
    let scenario = iam_auditing();
    let handover = folder.path().join("credentials.csv");
    concluded(account.run(account.http(), &scenario, UP, &handover).await).unwrap();
    let wire = Wire::new(account.http(), move |call| {
        if Some(call.action.as_str()) == denied { Fault::Denied } else { Fault::None }
    });
    let aws = account.connect(wire.client()).await.unwrap();
    collect(&aws, &Scope::audit(Part::ALL)).await.snapshot
}

fn judged(snapshot: &Snapshot) -> Audit {
    let question = Question {
        benchmarks: benchmark::all().iter().collect(),
        only: Vec::new(),
        as_of: snapshot.taken_at,
        exceptions: None,
        attestations: None,
        baseline: None,
    };
    audit(snapshot, &question, "sandbox", None)
}

fn verdicts(audit: &Audit) -> BTreeMap<(&'static str, &'static str, Option<&'static str>), Vec<&Finding>> {
    let mut verdicts: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for finding in &audit.findings {
        verdicts.entry((finding.benchmark, finding.control, finding.check)).or_default().push(finding);
    }
    verdicts
}

/// Each read in turn: what needs it says that it does not know, and why; the rest is as it was.
#[test]
fn what_could_not_be_read_is_unknown_and_nothing_else_changes() {
    let whole = wait(lab(None));
    assert!(Part::ALL.iter().all(|part| part.unread(&whole).is_none()));
    let all = judged(&whole);
    let all = verdicts(&all);
    let actions: BTreeSet<&'static str> =
        Part::ALL.iter().flat_map(|part| part.permissions()).copied().collect();
    let ran = std::sync::Mutex::new(BTreeSet::new());
    run_all(actions.into_iter().collect(), |action| {
        let snapshot = wait(lab(Some(action)));
        let audit = judged(&snapshot);
        let lost: Vec<Part> =
            Part::ALL.into_iter().filter(|part| part.permissions().contains(&action)).collect();
        for (control, findings) in verdicts(&audit) {
            let unknown = findings.iter().any(|finding| finding.status == Status::Unknown);
            let reads = iamlab::audit::checks::CHECKS.iter().find(|check| Some(check.id) == control.2);
            let may_need = reads.is_some_and(|check| lost.iter().any(|part| check.reads.contains(part)));
            ensure(!unknown || may_need, format!("{control:?} is unknown without {action}"))?;
            if unknown {
                ran.lock().unwrap().insert(control.2.unwrap());
                let told = findings.iter().all(|finding| {
                    finding.status != Status::Unknown || finding.message.contains(&format!("`{action}`"))
                });
                ensure(told, format!("{control:?} does not name {action}: {findings:?}"))?;
            } else {
                let status = |findings: &[&Finding]| {
                    findings.iter().map(|finding| (finding.name.clone(), finding.status)).collect::<Vec<_>>()
                };
                ensure(
                    status(&findings) == status(&all[&control]),
                    format!("{control:?} changed without {action}"),
                )?;
            }
        }
        let exit = Gate::default().exit(&audit);
        ensure(exit == Exit::Differs, "what is known still fails the run")
    });
    // Every check depends on something. What root has is told by two parts: see below.
    let ran = ran.into_inner().unwrap();
    let checks = iamlab::audit::checks::CHECKS.iter().map(|check| check.id);
    let idle: Vec<&str> = checks.filter(|id| !ran.contains(id)).collect();
    assert_eq!(idle, ROOT);
}

/// Both the account summary and the credential report tell of root's key and MFA device: either is enough.
const ROOT: [&str; 3] = ["root-access-key", "root-without-hardware-mfa", "root-without-mfa"];

#[test]
fn what_two_parts_tell_is_unknown_without_both() {
    let mut snapshot = wait(lab(None));
    snapshot.account_summary = Facet::NotRead("denied".into());
    snapshot.credential_report = Facet::NotRead("denied".into());
    let audit = judged(&snapshot);
    for id in ROOT {
        let mut rows = audit.findings.iter().filter(|finding| finding.check == Some(id));
        assert!(rows.all(|row| row.status == Status::Unknown && row.name == "<root_account>"), "{id}");
    }
}

#[test]
fn a_run_that_sees_nothing_wrong_and_not_all_exits_4() {
    let program = Program::new();
    let rule = "iam:GetAccountPasswordPolicy error AccessDenied status 403";
    program.run(&["sandbox", "faults", "add", rule]).expect(0);
    let document = program.json(&["audit", "run", "--control", "1.9"], 4);
    assert_eq!(texts(&document, "1.9", "UNKNOWN"), ["<account>"]);
    assert_eq!(document["summary"]["coverage"], 0.0);
    assert_eq!(document["unread"][0]["permissions"][0], "iam:GetAccountPasswordPolicy");
}

#[test]
fn several_formats_go_to_a_folder_and_one_to_a_file() {
    let program = Program::new();
    let formats = "text,json,csv,html,markdown,junit,sarif,ocsf,asff";
    program.run(&["audit", "run", "--format", formats]).expect(64);
    program.run(&["audit", "run", "--format", formats, "-o", "reports"]).expect(2);
    let entries = std::fs::read_dir(program.folder().join("reports")).unwrap();
    let names: BTreeSet<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let wanted = [
        "audit.asff.json",
        "audit.csv",
        "audit.html",
        "audit.json",
        "audit.junit.xml",
        "audit.md",
        "audit.ocsf.json",
        "audit.sarif",
        "audit.txt",
    ];
    assert_eq!(names, wanted.map(str::to_owned).into());
    let ended = program.run(&["audit", "run", "--format", "csv", "-o", "one.csv"]).expect(2);
    assert_eq!(ended.stdout, "");
    assert!(std::fs::read_to_string(program.folder().join("one.csv")).unwrap().lines().count() > 5);
}

#[test]
fn the_report_reaches_whoever_subscribed() {
    let program = Program::new();
    program.run(&["provision", "up", LAB, "--yes"]).expect(0);
    program.run(&["sandbox", "confirm", "auditor@example.com"]).expect(0);
    let topic = "arn:aws:sns:us-east-1:123456789012:iam-audit-report";
    program.run(&["audit", "run", "--notify", topic]).expect(2);
    let outbox = program.run(&["sandbox", "outbox"]).expect(0).stdout;
    assert!(
        outbox.contains("has a console password and no MFA device") && outbox.contains("User3"),
        "{outbox}"
    );
    let absent = program.run(&["audit", "run", "--notify", "arn:aws:sns:us-east-1:123456789012:nobody"]);
    assert!(absent.code == Some(1) && absent.stderr.contains("NotFound"), "{absent:?}");
}

#[test]
fn what_is_asked_wrongly_is_told() {
    let program = Program::new();
    let wrong = |args: &[&str], told: &str| {
        let ended = program.run(&[&["audit", "run"], args].concat()).expect(64);
        assert!(ended.stderr.contains(told), "{args:?}: {}", ended.stderr);
    };
    wrong(&["--benchmark", "cis-aws-9"], "cis-aws-1.2.0");
    wrong(&["--control", "user-console-without-mf"], "did you mean `user-console-without-mfa`?");
    wrong(&["--fail-on", "new"], "--baseline");
    wrong(&["--fail-on", "worst"], "critical");
    wrong(&["--as-of", "yesterday"], "2026-03-02");
    wrong(&["--dry-run"], "--exceptions");
    wrong(&["--notify", "arn:foo"], "arn:aws:sns:");
}

/// `also` is for programs that move between versions.
#[test]
fn several_benchmarks_stand_side_by_side() {
    let program = Program::new();
    let both =
        ["audit", "run", "--benchmark", "cis-aws-1.2.0", "--benchmark", "cis-aws-5.0.0", "--exit-zero"];
    let document = program.json(&both, 0);
    let ids: Vec<_> =
        document["benchmarks"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["cis-aws-1.2.0", "cis-aws-5.0.0"]);
    let rows = document["findings"].as_array().unwrap();
    let mfa = |benchmark: &str| {
        rows.iter()
            .find(|row| row["benchmark"] == benchmark && row["check"] == "root-without-mfa")
            .map(|row| (row["control"].clone(), row["status"].clone()))
            .unwrap()
    };
    assert_eq!(mfa("cis-aws-1.2.0").1, mfa("cis-aws-5.0.0").1);
    assert_eq!((mfa("cis-aws-1.2.0").0, mfa("cis-aws-5.0.0").0), ("1.13".into(), "1.4".into()));
}

/// A picture of which nothing was read: everything is unknown or waits for a person, and nothing passes.
#[test]
fn nothing_passes_unseen() {
    let empty = Snapshot::empty("123456789012", "aws", "us-east-1", "2026-03-02T09:00:00Z".parse().unwrap());
    assert!(matches!(empty.identity, Facet::NotRead(_)));
    let audit = judged(&empty);
    let settled: Vec<_> = audit
        .findings
        .iter()
        .filter(|finding| !matches!(finding.status, Status::Unknown | Status::Manual))
        .collect();
    assert!(settled.is_empty(), "{settled:?}");
    assert_eq!(Gate::default().exit(&audit), Exit::Unseen);
}

/// `collected.rs` compares the findings; here are the bytes.
#[test]
fn an_audit_of_a_file_writes_what_the_live_one_writes() {
    let program = Program::new();
    program.run(&["provision", "up", LAB, "--yes"]).expect(0);
    program.run(&["audit", "collect", "-o", "account.json.zst"]).expect(0);
    let run =
        |more: &[&str]| program.run(&[&["audit", "run", "--as-of", "2027-01-01"], more].concat()).expect(2);
    for format in ["csv", "junit"] {
        let offline = run(&["--snapshot", "account.json.zst", "--format", format]).stdout;
        assert_eq!(offline, run(&["--format", format]).stdout);
    }
    let formats = "text,json,csv,html,markdown,junit,sarif,ocsf,asff";
    let twice = ["one", "two"].map(|folder| {
        run(&["--snapshot", "account.json.zst", "--format", formats, "-o", folder]);
        let entries = std::fs::read_dir(program.folder().join(folder)).unwrap();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.iter().map(|path| std::fs::read(path).unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(twice[0].len(), 9);
    assert!(twice[0] == twice[1], "a report differs from itself");
}

#[test]
fn what_a_report_lacks_is_not_judged() {
    let program = Program::new();
    let report = "user,arn,user_creation_time,password_enabled,password_last_used,mfa_active\n\
                  User2,arn:aws:iam::123456789012:user/User2,2026-01-01T00:00:00+00:00,true,no_information,false\n";
    std::fs::write(program.folder().join("report.csv"), report).unwrap();
    let document = program.json(&["audit", "run", "--credential-report", "report.csv"], 2);
    assert_eq!((&document["account"], &document["api_calls"]), (&"123456789012".into(), &Value::Null));
    assert_eq!(texts(&document, "1.2", "FAIL"), ["User2"]);
    // Without a row for root, and without the columns of keys, nothing is said of them.
    assert_eq!(texts(&document, "1.1", "UNKNOWN"), ["<root_account>"]);
    assert_eq!(texts(&document, "1.16", "UNKNOWN"), ["<account>"]);
    for status in ["PASS", "FAIL"] {
        assert!(texts(&document, "1.4", status).is_empty(), "{document}");
        assert!(texts(&document, "1.12", status).is_empty(), "{document}");
    }
}

/// IAM hands out the same report for four hours.
#[test]
fn users_younger_than_the_report_are_unknown() {
    let program = Program::new();
    program.run(&["audit", "run", "--exit-zero"]).expect(0);
    program.run(&["provision", "up", LAB, "--yes"]).expect(0);
    let document = program.json(&["audit", "run"], 2);
    assert_eq!(texts(&document, "1.2", "UNKNOWN"), ["User1", "User2", "User3"]);
    program.run(&["sandbox", "clock", "advance", "5h"]).expect(0);
    let document = program.json(&["audit", "run"], 2);
    assert_eq!(texts(&document, "1.2", "FAIL"), ["User2", "User3"]);
}

#[test]
#[cfg(unix)]
fn a_report_goes_where_it_is_sent_and_nowhere_else() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let program = Program::new();
    let at = |name: &str| program.folder().join(name);
    let run = |output: &str| program.run(&["audit", "run", "--exit-zero", "-o", output]).expect(0);
    std::fs::write(at("real"), "old").unwrap();
    std::fs::set_permissions(at("real"), std::fs::Permissions::from_mode(0o600)).unwrap();
    symlink("real", at("link")).unwrap();
    run("link");
    assert!(std::fs::symlink_metadata(at("link")).unwrap().is_symlink());
    assert!(std::fs::read_to_string(at("real")).unwrap().starts_with("Audit of account"));
    assert_eq!(std::fs::metadata(at("real")).unwrap().permissions().mode() & 0o777, 0o600);
    run("/dev/null");
    run("folder/");
    assert!(at("folder/audit.txt").is_file());
    let left = std::fs::read_dir(program.folder()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_str().unwrap().contains(".part")));
    // A full disk is no success.
    if std::path::Path::new("/dev/full").exists() {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = program.command(&["audit", "controls"]);
        let output = command.stdout(full).spawn().unwrap().wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn a_file_of_another_account_than_the_one_meant_is_refused() {
    let program = Program::new();
    program.run(&["audit", "collect", "-o", "a.json"]).expect(0);
    let ended = program.run(&["audit", "run", "--snapshot", "a.json", "--account", "999999999999"]).expect(1);
    assert!(ended.stderr.contains("is of account 123456789012"), "{}", ended.stderr);
}
