//! A run that is asked to stop, ordered to stop, or killed.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cases::wait;
use crate::lab::{Account, LAB};
use crate::program::{Ended, Program};
use crate::served::{Served, pause};
use crate::wire::{Call, Fault, is_write};

#[test]
fn ctrl_c_starts_nothing_new_and_the_next_run_continues() {
    stops_on("INT");
}

#[test]
fn a_termination_starts_nothing_new_and_the_next_run_continues() {
    stops_on("TERM");
}

fn stops_on(name: &str) {
    let account = Account::live();
    let served = Served::slow(&account, Duration::from_millis(40), |_| Fault::None);
    let program = Program::new().at(&served);
    let up = ["provision", "up", LAB, "--yes"];
    let process =
        program.command(&[&up[..], &["--format", "json", "--parallelism", "2"]].concat()).spawn().unwrap();
    when(&served, |call| is_write(&call.action));
    signal(&process, name);
    let asked = served.calls().len();
    let ended = Ended::of(process.wait_with_output().unwrap()).expect(130);
    assert!(ended.stderr.contains("waiting for what is under way"), "{}", ended.stderr);

    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    let outcomes = |wanted: &str| -> Vec<String> {
        let changes = document["changes"].as_array().unwrap().iter();
        let of = changes.filter(|change| change["outcome"] == wanted);
        of.map(|change| change["address"].as_str().unwrap().to_owned()).collect()
    };
    let (done, skipped) = (outcomes("done"), outcomes("skipped"));
    // Two were under way, and a third may have begun before the signal arrived.
    assert!((1..=3).contains(&done.len()), "{document}");
    assert_eq!(done.len() + skipped.len(), 11, "{document}");
    assert!(served.calls().len() <= asked + 12, "{:?}", &served.calls()[asked..]);
    // What was under way was finished, and nothing else was begun.
    let plan = program.json(&["provision", "plan", LAB], 0);
    let missing: Vec<&str> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["address"].as_str().unwrap())
        .collect();
    assert_eq!(missing, skipped);

    program.run(&up).expect(0);
    program.run(&["provision", "status", LAB]).expect(0);
    program.run(&["provision", "down", LAB, "--yes"]).expect(0);
}

#[test]
fn a_second_ctrl_c_ends_the_run_at_once() {
    let account = Account::live();
    // Every answer takes so long that waiting for what is under way would be seen.
    let served = Served::slow(&account, Duration::from_millis(800), |_| Fault::None);
    let program = Program::new().at(&served);
    let process = program.command(&["provision", "up", LAB, "--yes"]).spawn().unwrap();
    when(&served, |call| is_write(&call.action));
    signal(&process, "INT");
    pause(Duration::from_millis(150));
    signal(&process, "INT");
    let began = Instant::now();
    let ended = Ended::of(process.wait_with_output().unwrap()).expect(130);
    assert!(began.elapsed() < Duration::from_millis(700), "{:?}: {}", began.elapsed(), ended.stderr);
    assert!(ended.stderr.contains("run the same command again"), "{}", ended.stderr);

    // The next run meets a quick server.
    let served = Served::new(&account, |_| Fault::None);
    let program = program.again_at(&served);
    program.run(&["provision", "up", LAB, "--yes"]).expect(0);
    program.run(&["provision", "status", LAB]).expect(0);
}

#[test]
fn down_stops_too() {
    let account = Account::live();
    let program = Program::new();
    let handover = program.folder().join("credentials.csv");
    wait(account.complete(&crate::lab::iam_auditing(), crate::lab::UP, &handover)).unwrap();
    let served = Served::slow(&account, Duration::from_millis(40), |_| Fault::None);
    let program = program.at(&served);
    let down = ["provision", "down", LAB, "--yes"];
    let process = program.command(&[&down[..], &["--parallelism", "1"]].concat()).spawn().unwrap();
    when(&served, |call| is_write(&call.action));
    signal(&process, "INT");
    Ended::of(process.wait_with_output().unwrap()).expect(130);
    program.run(&down).expect(0);
    let plan = program.json(&["provision", "plan", LAB], 0);
    assert_eq!(plan["summary"]["create"], 11);
}

/// The process is killed while it writes its sandbox: what the next one finds is readable, and finished by it.
#[test]
fn a_killed_process_leaves_a_sandbox_that_the_next_one_finishes() {
    let program = Program::new();
    let began = Instant::now();
    program.run(&["provision", "up", LAB]).expect(0);
    let whole = began.elapsed();
    for moment in 0..10_u32 {
        program.run(&["provision", "down", LAB]).expect(0);
        let mut process = program.command(&["provision", "up", LAB]).spawn().unwrap();
        // Moments all over the run, none of them the same twice.
        pause(whole * (2 * moment + 1) / 20);
        process.kill().unwrap();
        process.wait().unwrap();
        program.run(&["provision", "up", LAB]).expect(0);
        program.run(&["provision", "status", LAB]).expect(0);
    }
}

/// Waits until a request was made.
fn when(served: &Served, made: impl Fn(&Call) -> bool) {
    let began = Instant::now();
    while !served.calls().iter().any(&made) {
        assert!(began.elapsed() < Duration::from_mins(1), "{:?}", served.calls());
        pause(Duration::from_millis(5));
    }
}

/// Sends a signal, by the system's own program: Rust has none for it.
fn signal(process: &Child, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &process.id().to_string()]).status();
    assert!(status.unwrap().success());
}
