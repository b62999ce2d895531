//! Passwords, key secrets and MFA seeds are in the hand-over file, for its owner alone, and nowhere else.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::lab::{Account, LAB, read_handover};
use crate::program::{Ended, Program};
use crate::served::{Served, pause};
use crate::wire::Fault;

const CREDENTIALS: &str = "iam-auditing-credentials.csv";

#[test]
fn no_output_and_no_other_file_holds_a_secret() {
    let mut seen = Vec::new();
    // The filter of the log lines as `-vv` sets it, and at its widest.
    for filter in [None, Some("trace")] {
        let program = match filter {
            None => Program::new(),
            Some(filter) => Program::new().with("IAMLAB_LOG", filter),
        };
        for verb in ["up", "status", "plan", "up"] {
            for format in ["json", "text"] {
                let ended = program.run(&["-vv", "provision", verb, LAB, "--format", format, "--all"]);
                seen.push((format!("{verb} {format} {filter:?}"), ended.expect(0)));
            }
        }
        let secrets = secrets(&program.folder().join(CREDENTIALS));
        seen.push(("down".to_owned(), program.run(&["-vv", "provision", "down", LAB, "--all"]).expect(0)));
        for (run, Ended { stdout, stderr, .. }) in seen.drain(..) {
            holds_none(&secrets, &format!("stdout of {run}"), stdout.as_bytes());
            holds_none(&secrets, &format!("stderr of {run}"), stderr.as_bytes());
            assert!(stderr.contains("request"), "{run} logs its requests: {stderr}");
        }
        for (file, content) in files(program.folder()) {
            if file != CREDENTIALS && !file.starts_with(".iamlab/sandbox/") {
                holds_none(&secrets, &file, &content);
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn the_hand_over_is_its_owners_alone_whatever_was_there() {
    use std::os::unix::fs::PermissionsExt as _;
    let program = Program::new();
    let file = program.folder().join(CREDENTIALS);
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    program.run(&["provision", "up", LAB]).expect(0);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(files(program.folder()).keys().filter(|name| name.contains("credentials")).count(), 1);
}

/// Others can see a process's command line, its owner its environment.
#[cfg(target_os = "linux")]
#[test]
fn the_process_list_holds_no_secret() {
    let account = Account::live();
    let served = Served::slow(&account, Duration::from_millis(20), |_| Fault::None);
    let program = Program::new().at(&served);
    let mut command = program.command(&["provision", "up", LAB, "--yes"]);
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut seen = Vec::new();
    while process.try_wait().unwrap().is_none() {
        for file in ["cmdline", "environ"] {
            // The process may end between the two.
            seen.extend(fs::read(format!("/proc/{}/{file}", process.id())).unwrap_or_default());
        }
        pause(Duration::from_millis(10));
    }
    assert!(process.wait().unwrap().success());
    assert!(String::from_utf8_lossy(&seen).contains("--endpoint-url"), "something was seen");
    holds_none(&secrets(&program.folder().join(CREDENTIALS)), "the process list", &seen);
}

/// Reads every secret of a hand-over file, each as it is written in forms, JSON and XML too.
fn secrets(path: &Path) -> Vec<String> {
    let rows = read_handover(path).unwrap();
    let plain = rows.values().flat_map(|row| {
        let seed = row.uri.split("secret=").nth(1).and_then(|rest| rest.split('&').next());
        [row.password.clone(), row.key_secrets.clone(), seed.unwrap_or_default().to_owned()]
    });
    let plain: Vec<String> = plain.filter(|secret| !secret.is_empty()).collect();
    assert_eq!(plain.len(), 5, "three passwords, a key and a seed");
    plain
        .iter()
        .flat_map(|secret| [secret.clone(), in_a_form(secret), secret.replace('&', "&amp;")])
        .collect()
}

fn in_a_form(text: &str) -> String {
    text.bytes().fold(String::new(), |mut form, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            form.push(char::from(byte));
        } else {
            write!(form, "%{byte:02X}").unwrap();
        }
        form
    })
}

fn holds_none(secrets: &[String], place: &str, content: &[u8]) {
    let content = String::from_utf8_lossy(content);
    for secret in secrets {
        let at = content.find(secret.as_str());
        let before = at.map(|at| content[..at].chars().rev().take(120).collect::<Vec<_>>());
        let before = before.map(|chars| chars.into_iter().rev().collect::<String>());
        assert_eq!(before, None, "{place} holds a secret after this");
    }
}

/// All files under a folder, by their path in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}
