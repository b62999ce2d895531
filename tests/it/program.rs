//! The program as users run it: a process with its own home, folder and environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::moto::Moto;
use crate::served::Served;

/// The program in a folder of its own.
pub(crate) struct Program {
    folder: TempDir,
    endpoint: Option<String>,
    settings: Vec<(String, String)>,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None`: by a signal.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    /// The program and the embedded sandbox.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), endpoint: None, settings: Vec::new() }
    }

    /// Points the program at an account behind a port.
    pub(crate) fn at(self, served: &Served) -> Self {
        let (id, secret) = served.key();
        self.endpoint(served.url()).with("AWS_ACCESS_KEY_ID", &id).with("AWS_SECRET_ACCESS_KEY", &secret)
    }

    /// Points the program at the same account behind another port.
    pub(crate) fn again_at(mut self, served: &Served) -> Self {
        self.endpoint = Some(served.url());
        self
    }

    /// Points the program at a moto server.
    pub(crate) fn on(self, moto: &Moto) -> Self {
        let testing = "testing";
        self.endpoint(moto.url()).with("AWS_ACCESS_KEY_ID", testing).with("AWS_SECRET_ACCESS_KEY", testing)
    }

    /// Points the program at an endpoint.
    pub(crate) fn endpoint(mut self, url: String) -> Self {
        self.endpoint = Some(url);
        self
    }

    /// Sets a variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// The working directory.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the sandbox keeps its accounts.
    pub(crate) fn sandbox_dir(&self) -> PathBuf {
        self.folder().join(".iamlab/sandbox")
    }

    /// A command that can still be changed.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iamlab"));
        command.env_clear().env("HOME", self.folder()).current_dir(self.folder());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.args(args);
        if let Some(url) = &self.endpoint {
            command.args(["--endpoint-url", url]);
        }
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        Ended::of(self.command(args).output().unwrap())
    }

    /// Runs a command that must exit with `code`, and returns the JSON it prints.
    pub(crate) fn json(&self, args: &[&str], code: i32) -> Value {
        let ended = self.run(&[args, &["--format", "json"]].concat());
        assert_eq!(ended.code, Some(code), "{args:?}: {ended:?}");
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}: {ended:?}"))
    }
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Fails unless the process ended with `code`.
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }
}

/// Runs the program in a folder of the test's, with a sandbox in it and nothing else of an environment.
pub(crate) fn iamlab(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_iamlab"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("IAMLAB_SANDBOX_DIR", folder.join("sandbox"))
        .output()
        .unwrap()
}
