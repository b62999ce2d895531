//! The Python that runs functions: the one that is named, the one on the path, or one made for the sandbox.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use crate::env;

/// The boto3 that is put beside an interpreter that has none. Lambda's own changes from week to week.
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html>
const BOTO3: &str = "boto3==1.40.0";
/// The folder of the prepared interpreter, below the sandbox's folder.
const PREPARED: &str = "python";
/// The file that says that the preparation came to its end.
const COMPLETE: &str = "complete";

/// Asks an interpreter where it is and what it brings.
const QUESTION: &str = "
import importlib.util, json, os, sys
prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
places = ['bin', 'include', 'lib', 'lib64', 'share', 'pyvenv.cfg']
roots = [os.path.join(prefix, place) for prefix in prefixes for place in places]
program = os.path.realpath(sys.executable)
roots += [path for path in sys.path if path] + [sys.executable, program, os.path.dirname(program)]
print(json.dumps({'program': sys.executable, 'version': list(sys.version_info[:3]),
                  'boto3': importlib.util.find_spec('boto3') is not None,
                  'roots': sorted(set(root for root in roots if os.path.exists(root)))}))
";

/// Held by whoever prepares an interpreter: the accounts of a sandbox share it.
static PREPARING: Mutex<()> = Mutex::new(());

/// An interpreter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Python {
    /// The program.
    pub(super) program: PathBuf,
    /// Major, minor and micro version.
    pub(super) version: (u8, u8, u8),
    /// Whether it has boto3.
    pub(super) boto3: bool,
    /// The files and folders it needs to read.
    pub(super) roots: Vec<PathBuf>,
}

/// Why no interpreter can be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum PythonError {
    /// The program did not run, or did not answer as Python does.
    #[error("`{}` is not a Python 3 that runs: {reason}", program.display())]
    NotPython {
        /// What was tried.
        program: PathBuf,
        /// What it said.
        reason: String,
    },
    /// A step of the preparation failed.
    #[error("{step} failed: {reason}")]
    Preparation {
        /// What was tried.
        step: &'static str,
        /// What it said.
        reason: String,
    },
}

/// Finds the interpreter. `home` is the sandbox's folder, in which one with boto3 is prepared when the machine's has
/// none; that takes a while, and a network, the first time. Blocks.
///
/// Without boto3 the machine's own interpreter is better than none: only functions that import it will fail.
pub(super) fn find(home: Option<&Path>) -> Result<Python, PythonError> {
    if let Some(named) = env::get(env::PYTHON) {
        return ask(Path::new(&named));
    }
    let found = ask(Path::new("python3"))?;
    let Some(home) = home.filter(|_| !found.boto3) else { return Ok(found) };
    match prepared(home, &found) {
        Ok(python) => Ok(python),
        Err(error) => {
            tracing::warn!(%error, "functions run without boto3: set {} to a Python that has it", env::PYTHON);
            Ok(found)
        }
    }
}

/// Returns the interpreter below `home`, made from `base` unless it is there and whole.
fn prepared(home: &Path, base: &Python) -> Result<Python, PythonError> {
    let _one_at_a_time = PREPARING.lock().unwrap_or_else(PoisonError::into_inner);
    let failed = |step| move |error: io::Error| PythonError::Preparation { step, reason: error.to_string() };
    let folder = home.join(PREPARED);
    let program = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if !folder.join(COMPLETE).exists() {
        tracing::info!(folder = %folder.display(), "preparing a Python with boto3, once");
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(failed("removing an unfinished preparation"))?;
        }
        fs::create_dir_all(home).map_err(failed("making the sandbox's folder"))?;
        let step = "making a virtual environment";
        run(Command::new(&base.program).args(["-m", "venv"]).arg(&folder), step)?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", BOTO3];
        run(Command::new(&program).args(pip), "installing boto3")?;
        fs::write(folder.join(COMPLETE), BOTO3).map_err(failed("finishing the preparation"))?;
    }
    ask(&program)
}

/// Runs one step of the preparation to its end.
fn run(command: &mut Command, step: &'static str) -> Result<(), PythonError> {
    let failed = |reason: String| PythonError::Preparation { step, reason };
    let output = command.stdin(Stdio::null()).output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() { Ok(()) } else { Err(failed(last_line(&output.stderr))) }
}

/// Asks the interpreter `program` about itself.
fn ask(program: &Path) -> Result<Python, PythonError> {
    let failed = |reason: String| PythonError::NotPython { program: program.to_owned(), reason };
    let asked = Command::new(program).args(["-s", "-c", QUESTION]).stdin(Stdio::null()).output();
    let output = asked.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(last_line(&output.stderr)));
    }
    let python: Python = serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))?;
    if python.version < (3, 8, 0) { Err(failed("it is older than 3.8".to_owned())) } else { Ok(python) }
}

/// Returns the last line of what a program printed, which says why it failed.
fn last_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interpreter_tells_what_it_needs_and_anything_else_is_named() {
        let python = ask(Path::new("python3")).unwrap();
        assert!(python.program.is_absolute() && !python.roots.is_empty(), "{python:?}");
        let error = ask(Path::new("/nonexistent/python")).unwrap_err().to_string();
        assert!(error.starts_with("`/nonexistent/python` is not a Python 3 that runs"), "{error}");
        assert!(ask(Path::new("true")).is_err());
    }

    #[test]
    fn an_unfinished_preparation_is_begun_again() {
        let home = tempfile::tempdir().unwrap();
        let rest = home.path().join(PREPARED).join("rest");
        fs::create_dir_all(&rest).unwrap();
        let base = Python { program: "false".into(), version: (3, 11, 0), boto3: false, roots: Vec::new() };
        let error = prepared(home.path(), &base).unwrap_err().to_string();
        assert!(error.starts_with("making a virtual environment failed"), "{error}");
        assert!(!rest.exists());
    }

    #[test]
    #[ignore = "downloads boto3"]
    fn an_interpreter_with_boto3_is_prepared_once() {
        let home = tempfile::tempdir().unwrap();
        let base = ask(Path::new("python3")).unwrap();
        let python = prepared(home.path(), &base).unwrap();
        assert!(python.boto3 && python.program.starts_with(home.path()), "{python:?}");
        let base = Python { program: "false".into(), ..base };
        assert_eq!(prepared(home.path(), &base).unwrap(), python);
    }
}
