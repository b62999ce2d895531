//! `iamlab sandbox serve` as a process of its own, and the programs of `tests/conformance` that talk to it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::moto::python;
use crate::program::Program;

/// How long a server may take to say where it is. A release build needs a tenth of a second.
const PATIENCE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 5 } else { 1 });

/// A server. It ends, by a signal that leaves it no time, with the value.
pub(crate) struct Serving {
    process: Child,
    told: Value,
    began: Duration,
}

impl Serving {
    /// Serves the sandbox folder of `program`.
    pub(crate) fn of(program: &Program) -> Self {
        let mut command = program.command(&["sandbox", "serve", "--format", "json"]);
        if let Some(python) = python() {
            command.env("IAMLAB_PYTHON", python);
        }
        let began = Instant::now();
        let mut process = command.stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        let reads = BufReader::new(process.stdout.take().unwrap()).read_line(&mut line);
        let began = began.elapsed();
        reads.unwrap();
        let told = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        assert!(began < PATIENCE, "the first line took {began:?}");
        Self { process, told, began }
    }

    /// How long it took to print its first line.
    pub(crate) const fn started_in(&self) -> Duration {
        self.began
    }

    pub(crate) fn url(&self) -> &str {
        self.told["endpoint_url"].as_str().unwrap()
    }

    /// Id and secret of the administrator's key.
    pub(crate) fn key(&self) -> (&str, &str) {
        let text = |name: &str| self.told[name].as_str().unwrap();
        (text("access_key_id"), text("secret_access_key"))
    }

    /// Ends the process by a signal that it cannot hear.
    pub(crate) fn kill(&self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-KILL", &id]).status().unwrap().success());
    }

    /// Runs a program of `tests/conformance` in the folder of `program` with the administrator's key; `None`, with
    /// a word why, where there is no Python for it.
    pub(crate) fn conformance(&self, program: &Program, script: &str, args: &[&str]) -> Option<Cases> {
        let (id, secret) = self.key();
        let output = Command::new(python()?)
            .arg(crate::lab::root().join("tests/conformance").join(script))
            .args(["--endpoint-url", self.url()])
            .args(args)
            .current_dir(program.folder())
            .envs([
                ("HOME", program.folder().to_str().unwrap()),
                ("AWS_ACCESS_KEY_ID", id),
                ("AWS_SECRET_ACCESS_KEY", secret),
                ("AWS_EC2_METADATA_DISABLED", "true"),
                ("PYTHONDONTWRITEBYTECODE", "1"),
            ])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script} {args:?}: {told}");
        Some(Cases::of(&told))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The cases that a program of `tests/conformance` says it looked at, by their first word.
pub(crate) struct Cases(BTreeMap<String, usize>);

impl Cases {
    fn of(told: &str) -> Self {
        let mut counts = BTreeMap::new();
        for word in told.lines().filter_map(|line| line.split_whitespace().next()) {
            *counts.entry(word.to_owned()).or_default() += 1;
        }
        Self(counts)
    }

    /// Fails unless exactly so many lines begin with a word: a case that is not reached is not a case that passed.
    pub(crate) fn expect(&self, word: &str, count: usize) {
        assert_eq!(self.0.get(word).copied().unwrap_or_default(), count, "lines that begin with `{word}`");
    }
}
