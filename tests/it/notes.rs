//! What is as the scenario says and still wants somebody: told by `plan`, `up` and `status`, with what to do.

use std::path::Path;

use iamlab::provision::note::NoteId;
use iamlab::provision::run::plan_run;
use serde_json::Value;

use crate::lab::{Account, LAB, UP, Written};
use crate::program::Program;
use crate::served::Served;
use crate::when::resolved;
use crate::wire::Fault;

fn pending(document: &Value) -> Vec<&Value> {
    let notes = document["notes"].as_array().map(Vec::as_slice).unwrap_or_default();
    notes.iter().filter(|note| note["id"] == "pending-confirmation").collect()
}

/// The command that a note names works as it stands, also for another account in another folder.
#[test]
fn the_recipient_confirms_by_the_command_that_the_note_names() {
    for more in [&[][..], &["--account", "210987654321", "--sandbox-dir", "some where"]] {
        let program = Program::new();
        let run = |verb, code| program.json(&[&["provision", verb, LAB], more].concat(), code);
        let up = run("up", 0);
        let [note] = pending(&up)[..] else { panic!("{up}") };
        assert_eq!(note["address"], "topic.iam-audit-report");
        let next = note["next"].as_str().unwrap();
        assert!(next.contains("48 hours"), "{next}");
        assert_eq!(pending(&run("status", 0)), [note], "it waits, and that is no drift");

        let command = next.split('`').nth(1).unwrap().replace("'some where'", "some\u{a0}where");
        let words: Vec<String> = command.split(' ').map(|word| word.replace('\u{a0}', " ")).collect();
        assert_eq!(words[0], "iamlab");
        let words: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        program.run(&words).expect(0);
        assert!(pending(&run("status", 0)).is_empty() && pending(&run("up", 0)).is_empty());
        let told = program.run(&[&["provision", "status", LAB], more].concat()).expect(0);
        assert!(!told.stderr.contains("pending"), "{}", told.stderr);
    }
}

#[test]
fn the_notes_are_hints_on_stderr() {
    let program = Program::new();
    let plan = program.run(&["provision", "plan", LAB]).expect(0);
    let runtime = "hint: function.iam-auditor: the runtime python3.9 is deprecated at AWS since 2025-12-15";
    assert!(plan.stderr.contains(runtime) && !plan.stderr.contains("pending"), "{}", plan.stderr);
    for verb in ["up", "status"] {
        let told = program.run(&["provision", verb, LAB]).expect(0);
        assert!(told.stderr.contains(runtime) && !told.stdout.contains("deprecated"), "{told:?}");
        let pending = "hint: email:auditor@example.com is pending confirmation at topic.iam-audit-report";
        assert!(told.stderr.contains(pending), "{}", told.stderr);
        assert_eq!(told.stderr.matches(runtime).count(), 1, "{}", told.stderr);
    }
    let down = program.run(&["provision", "down", LAB]).expect(0);
    assert!(!down.stderr.contains("hint: function"), "{}", down.stderr);
}

/// Who is asked whether a real account shall be changed knows what will be said afterwards.
#[test]
fn the_notes_are_told_before_the_question() {
    let account = Account::live();
    let program = Program::new().at(&Served::new(&account, |_| Fault::None));
    let asked = program.run(&["provision", "up", LAB]).expect(64);
    let note = asked.stderr.find("hint: function.iam-auditor: the runtime python3.9 is deprecated");
    let question = asked.stderr.find("there is no terminal to ask");
    assert!(note.is_some() && note < question, "{}", asked.stderr);
    let done = program.run(&["provision", "up", LAB, "--yes"]).expect(0);
    assert_eq!(done.stderr.matches("the runtime python3.9 is deprecated").count(), 1, "{}", done.stderr);
}

/// As of the account's clock, which stands in March 2026.
#[tokio::test]
async fn a_deprecated_runtime_is_told_with_the_one_thing_that_changes_it() {
    let account = Account::new();
    let aws = account.connect(account.http()).await.unwrap();
    let told = async |path: &Path, sets: &[(&str, &str)]| {
        let plan = plan_run(&aws, &resolved(path, sets), UP).await.unwrap();
        let notes = plan.notes.into_iter().filter(|note| note.id == NoteId::DeprecatedRuntime);
        notes.map(|note| note.to_string()).collect::<Vec<_>>()
    };
    let lab = Path::new(LAB);
    let [note] = &told(lab, &[]).await[..] else { panic!("no note") };
    assert!(
        note.contains("to update them from 2027-03-03 on; `--set runtime=python3.13` changes it"),
        "{note}"
    );
    assert!(told(lab, &[("runtime", "python3.13")]).await.is_empty());
    assert!(told(lab, &[("runtime", "python3.10")]).await.is_empty(), "that follows in October");

    let written = Written::new(
        "
name: written-out
resources:
  roles:
    R: { trust: { services: [lambda.amazonaws.com] } }
  functions:
    old: { runtime: python3.8, source: source, handler: handler.main, role: R }
",
    );
    let [note] = &told(&written.path(), &[]).await[..] else { panic!("no note") };
    assert!(
        note.starts_with("function.old: ")
            && note.ends_with("write `runtime: python3.13` in the scenario file to change it"),
        "{note}"
    );
}
