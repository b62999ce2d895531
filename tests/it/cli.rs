//! The command line: its reference, its exit codes, its streams.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::process::Command as Process;
use std::time::{Duration, Instant};

use clap::{Command, CommandFactory as _};
use iamlab::cli::Cli;

use crate::lab::{LAB, root};
use crate::program::Program;

/// The environment's say over the reference document.
const WRITE: &str = "IAMLAB_WRITE_DOCS";

/// Every command with its path: `iamlab provision up`.
fn commands() -> Vec<(String, Command)> {
    fn walk(path: &str, command: &Command, found: &mut Vec<(String, Command)>) {
        found.push((path.to_owned(), command.clone()));
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            walk(&format!("{path} {}", inner.get_name()), inner, found);
        }
    }
    let mut whole = Cli::command().term_width(100);
    whole.build();
    let mut found = Vec::new();
    walk("iamlab", &whole, &mut found);
    found
}

#[test]
fn the_reference_is_what_the_commands_say() {
    let mut text = "# Commands\n\nWritten by `tests/it/cli.rs` from the program's own help; `IAMLAB_WRITE_DOCS=1 cargo test --test it cli` \
                    rewrites it.\n"
        .to_owned();
    for (path, mut command) in commands() {
        let help = command.render_long_help().to_string();
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        writeln!(text, "\n## {path}\n\n```text\n{}\n```", lines.join("\n").trim_end()).unwrap();
    }
    let file = root().join("docs/cli.md");
    if iamlab::env::get(WRITE).is_some() {
        fs::write(&file, &text).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(written == text, "docs/cli.md is stale: set {WRITE}=1 and run this test again");
}

#[test]
fn every_help_shows_an_example_and_says_every_option() {
    for (path, mut command) in commands() {
        let help = command.render_long_help().to_string();
        assert!(help.contains("Example"), "{path} --help has no example:\n{help}");
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            assert!(argument.get_help().is_some(), "{path}: {} is not explained", argument.get_id());
        }
    }
}

#[test]
fn a_wrong_command_line_exits_64_and_help_exits_0() {
    let program = Program::new();
    for args in [
        &[][..],
        &["provision"],
        &["nonsense"],
        &["provision", "up"],
        &["provision", "up", LAB, "--nonsense"],
        &["provision", "up", LAB, "--set", "no-equals-sign"],
        &["provision", "up", LAB, "--format", "pdf"],
        &["provision", "up", LAB, "--parallelism", "many"],
        &["provision", "status", LAB, "--account", "12"],
        &["provision", "status", LAB, "--target", "sandbox", "--profile", "lab"],
        &["schema"],
        &["completions", "dos"],
    ] {
        let ended = program.run(args);
        assert_eq!(ended.code, Some(64), "{args:?}: {ended:?}");
        assert!(ended.stdout.is_empty() && !ended.stderr.is_empty(), "{args:?}: {ended:?}");
    }
    for args in
        [&["--help"][..], &["help"], &["provision", "--help"], &["provision", "up", "-h"], &["--version"]]
    {
        let ended = program.run(args).expect(0);
        assert!(!ended.stdout.is_empty() && ended.stderr.is_empty(), "{args:?}: {ended:?}");
    }
}

#[test]
fn an_account_that_cannot_be_looked_at_exits_4() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let program = Program::new()
        .endpoint(format!("http://127.0.0.1:{port}"))
        .with("AWS_ACCESS_KEY_ID", "testing")
        .with("AWS_SECRET_ACCESS_KEY", "testing");
    let began = Instant::now();
    for verb in ["status", "plan"] {
        let ended = program.run(&["provision", verb, LAB]).expect(4);
        assert!(ended.stderr.contains("check the network"), "{}", ended.stderr);
    }
    // A command that was to change something has failed.
    program.run(&["provision", "up", LAB, "--yes"]).expect(1);
    assert!(began.elapsed() < Duration::from_mins(2), "it gives up in time: {:?}", began.elapsed());

    let nobody = Program::new().endpoint(format!("http://127.0.0.1:{port}"));
    let ended = nobody.with("AWS_EC2_METADATA_DISABLED", "true").run(&["provision", "status", LAB]).expect(4);
    assert!(ended.stderr.contains("credentials"), "{}", ended.stderr);
}

#[test]
fn a_real_account_is_asked_about_and_without_a_terminal_it_is_an_error() {
    let account = crate::lab::Account::live();
    let served = crate::served::Served::new(&account, |_| crate::wire::Fault::None);
    let program = Program::new().at(&served);
    let ended = program.run(&["provision", "up", LAB]).expect(64);
    assert!(ended.stderr.contains("123456789012") && ended.stderr.contains("--yes"), "{}", ended.stderr);
    assert!(served.calls().iter().all(|call| !crate::wire::is_write(&call.action)));
}

#[test]
fn without_a_terminal_there_are_plain_lines_and_no_colour() {
    let program = Program::new();
    let ended = program.run(&["provision", "up", LAB]).expect(0);
    for text in [&ended.stdout, &ended.stderr] {
        assert!(!text.contains('\u{1b}') && !text.contains('\r'), "{text:?}");
    }
    assert!(ended.stderr.lines().any(|line| line == "+ user.User1"), "{}", ended.stderr);
    let forced = Program::new().with("CLICOLOR_FORCE", "1");
    assert!(
        forced.run(&["provision", "plan", LAB]).expect(0).stdout.contains("\u{1b}[3"),
        "colour was asked for"
    );
    let both = Program::new().with("CLICOLOR_FORCE", "1").with("NO_COLOR", "1");
    let ended = both.run(&["provision", "plan", LAB]).expect(0);
    assert!(!ended.stdout.contains('\u{1b}'), "{:?}", ended.stdout);
    let always = both.run(&["--color", "always", "provision", "plan", LAB]).expect(0);
    assert!(always.stdout.contains("\u{1b}[3"), "a flag is stronger than the environment");
}

/// On a terminal there is colour, unless `NO_COLOR` is set. Python's `pty` makes the terminal.
#[cfg(unix)]
#[test]
fn on_a_terminal_colour_follows_no_color() {
    let on_a_terminal = |settings: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        let script = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
        let output = Process::new("python3")
            .args(["-c", script, env!("CARGO_BIN_EXE_iamlab"), "provision", "up", LAB])
            .env_clear()
            .env("PATH", iamlab::env::get("PATH").unwrap_or_default())
            .env("HOME", folder.path())
            .env("TERM", "xterm")
            .envs(settings.iter().copied())
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(on_a_terminal(&[]).contains("\u{1b}[3"));
    let plain = on_a_terminal(&[("NO_COLOR", "1")]);
    assert!(!plain.contains("\u{1b}[3"), "{plain:?}");
}
