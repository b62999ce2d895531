//! Functions that run: one invocation is one Python process, made for it and ended after it.
//!
//! ```text
//! Call ─► package unpacked into a folder ─► role session ─► process in its cage ─► Outcome (payload, log)
//! ```
//!
//! The process sees the environment that Lambda documents and nothing of this program's. It gets the function's
//! timeout and memory, and what it may reach is in [`cage`]. Where no sandbox stands behind it (its [`Home`]), nothing
//! runs.

mod cage;
mod folder;
mod package;
mod process;
mod python;
mod report;
pub(in crate::sandbox) mod schedule;
#[cfg(test)]
pub(in crate::sandbox) mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{OnceCell, Semaphore};

use crate::clock::Clock;
use crate::secret::Secret;
use cage::{Cage, Held};
use folder::Folder;
pub(in crate::sandbox) use package::{LARGEST as LARGEST_PACKAGE, PackageError, is_too_large};
use process::{Limits, Run};
use python::Python;
pub(in crate::sandbox) use report::LogEvent;

/// The program that runs the handler inside of the process.
const BOOTSTRAP: &str = include_str!("bootstrap.py");
/// How long a function may take before its handler is called, besides its timeout.
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>
const INIT: Duration = Duration::from_secs(10);
/// Address space a process may have besides the function's memory: the interpreter's code, its threads' stacks and the
/// allocator's arenas are reserved, not used.
const HEAD_ROOM: u64 = 768 << 20;
/// How many functions may run at the same time: the quota of a new account.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const CONCURRENT: usize = 10;

/// What the runtime needs of the sandbox it is part of.
#[async_trait]
pub(in crate::sandbox) trait Home: Send + Sync {
    /// Returns the URL at which a process of this machine reaches this account.
    async fn endpoint(&self) -> Result<String, String>;

    /// Returns the sandbox's folder; `None` for one in memory.
    fn folder(&self) -> Option<PathBuf>;

    /// Has the state saved: it changed outside of any call that does so itself.
    fn changed(&self);

    /// Tells whether whoever has the session with this access key may do something, without doing it.
    fn may(&self, access_key_id: &str, region: &str, action: &str, resource: &str) -> bool;
}

/// Temporary credentials of a role.
pub(in crate::sandbox) struct RoleSession {
    /// `ASIA…`
    pub(in crate::sandbox) access_key_id: String,
    /// The secret key.
    pub(in crate::sandbox) secret_access_key: Secret<String>,
    /// The session's token.
    pub(in crate::sandbox) session_token: Secret<String>,
}

/// One invocation of a function, as it was configured then.
pub(in crate::sandbox) struct Call {
    /// The name of the function.
    pub(in crate::sandbox) name: String,
    /// The ARN as the caller wrote it, or the function's.
    pub(in crate::sandbox) arn: String,
    /// The region.
    pub(in crate::sandbox) region: String,
    /// `python3.9`, …
    pub(in crate::sandbox) runtime: String,
    /// `module.function`
    pub(in crate::sandbox) handler: String,
    /// A session of the execution role.
    pub(in crate::sandbox) session: RoleSession,
    /// Memory, in MB.
    pub(in crate::sandbox) memory: u64,
    /// Room in `/tmp`, in MB; what one file may have of it.
    pub(in crate::sandbox) storage: u64,
    /// For the handler.
    pub(in crate::sandbox) timeout: Duration,
    /// The function's own environment variables.
    pub(in crate::sandbox) variables: BTreeMap<String, String>,
    /// `/aws/lambda/NAME`
    pub(in crate::sandbox) log_group: String,
    /// The package, a zip archive.
    pub(in crate::sandbox) package: Vec<u8>,
    /// The event, JSON.
    pub(in crate::sandbox) event: Vec<u8>,
    /// What the caller says of itself.
    pub(in crate::sandbox) client_context: Option<Value>,
    /// The id of the invocation.
    pub(in crate::sandbox) request_id: String,
}

/// What came of an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct Outcome {
    /// What the handler returned, or a description of the error: JSON.
    pub(in crate::sandbox) payload: Vec<u8>,
    /// Whether it is an error.
    pub(in crate::sandbox) failed: bool,
    /// The stream its log belongs to.
    pub(in crate::sandbox) stream: String,
    /// The log, line by line.
    pub(in crate::sandbox) log: Vec<LogEvent>,
}

/// Why a function could not even be started.
#[derive(Debug, thiserror::Error)]
pub(in crate::sandbox) enum RunError {
    /// As many as may run already do.
    #[error("Rate Exceeded.")]
    TooMany,
    /// Only Python runs here.
    #[error("the sandbox runs Python functions only, not {0}")]
    Runtime(String),
    /// The role cannot be assumed.
    #[error("{0}")]
    Role(String),
    /// The package cannot be unpacked.
    #[error("the package of the function cannot be used: {0}")]
    Package(#[from] PackageError),
    /// The machine does not let it run.
    #[error("the sandbox cannot run functions here: {0}")]
    Machine(String),
}

/// Runs functions of one account.
pub(in crate::sandbox) struct Runtime {
    home: Arc<dyn Home>,
    clock: Clock,
    python: OnceCell<Python>,
    places: Semaphore,
    swept: AtomicBool,
}

impl Runtime {
    /// Makes the runtime of the account behind `home`.
    pub(in crate::sandbox) fn new(home: Arc<dyn Home>, clock: Clock) -> Self {
        Self {
            home,
            clock,
            python: OnceCell::new(),
            places: Semaphore::new(CONCURRENT),
            swept: AtomicBool::new(false),
        }
    }

    /// Has the sandbox save what changed outside of a call.
    pub(in crate::sandbox) fn changed(&self) {
        self.home.changed();
    }

    /// Tells whether a function, by the access key of its session, may do something.
    pub(in crate::sandbox) fn may(
        &self,
        access_key_id: &str,
        region: &str,
        action: &str,
        resource: &str,
    ) -> bool {
        self.home.may(access_key_id, region, action, resource)
    }

    /// Runs a function to its end.
    pub(in crate::sandbox) async fn run(&self, call: Call) -> Result<Outcome, RunError> {
        let _place = self.places.try_acquire().map_err(|_none_left| RunError::TooMany)?;
        if !call.runtime.starts_with("python3") {
            return Err(RunError::Runtime(call.runtime));
        }
        let machine = |error: &dyn std::fmt::Display| RunError::Machine(error.to_string());
        let home = self.home.folder().map(|folder| fs::create_dir_all(&folder).and(folder.canonicalize()));
        let home = home.transpose().map_err(|error| machine(&error))?;
        let python = self.python.get_or_try_init(|| async {
            let home = home.clone();
            let found = tokio::task::spawn_blocking(move || python::find(home.as_deref())).await;
            found.map_err(|error| machine(&error))?.map_err(|error| machine(&error))
        });
        let python = python.await?.clone();
        if !self.swept.swap(true, Ordering::Relaxed)
            && let Some(home) = &home
        {
            folder::sweep(home);
        }
        let endpoint = self.home.endpoint().await.map_err(RunError::Machine)?;
        let began = self.clock.now();
        // When nobody waits any more, because the program ends, the process must not be left behind.
        let unwanted = Arc::new(AtomicBool::new(false));
        let _until_here = Unwanted(unwanted.clone());
        let job = Job { call, python, endpoint, home, began, unwanted };
        let ran = tokio::task::spawn_blocking(move || job.run()).await;
        let (call, stream, run, held) = ran.map_err(|error| machine(&error))??;
        Ok(report::outcome(&call, stream, run, held, began, self.clock.now()))
    }
}

/// Everything a process needs, on the thread that waits for it.
struct Job {
    call: Call,
    python: Python,
    endpoint: String,
    home: Option<PathBuf>,
    began: Timestamp,
    unwanted: Arc<AtomicBool>,
}

/// Marks a job as unwanted when it is dropped.
struct Unwanted(Arc<AtomicBool>);

impl Drop for Unwanted {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Job {
    /// Makes the folder, runs the process in it and takes the folder away.
    fn run(self) -> Result<(Call, String, Run, Held), RunError> {
        let machine = |error: io::Error| RunError::Machine(error.to_string());
        let Self { call, python, endpoint, home, began, unwanted } = self;
        let folder = Folder::create(home.as_deref(), &call.request_id).map_err(machine)?;
        package::unpack(&call.package, &folder.task())?;
        fs::write(folder.bootstrap(), BOOTSTRAP).map_err(machine)?;
        let cage = Cage {
            read: [python.roots.as_slice(), &[folder.task(), folder.bootstrap()]].concat(),
            write: folder.tmp(),
            port: port(&endpoint),
            keep_out: home.clone(),
        };
        let held = cage.holds();
        let stream = stream(&call, began);
        let mut command = Command::new(&python.program);
        command.args(["-s", "-B"]).arg(folder.bootstrap()).current_dir(folder.task()).env_clear();
        command.envs(environment(&call, &folder, &endpoint, &stream));
        let memory = call.memory << 20;
        let limits = Limits { init: INIT + call.timeout, timeout: call.timeout, memory };
        let fence: Vec<_> = home.iter().filter(|_| held == Held::ByInterpreter).collect();
        let settings = json!({
            "request_id": call.request_id, "arn": call.arn, "handler": call.handler,
            "timeout": call.timeout.as_secs_f64(), "client_context": call.client_context,
            "task": folder.task(), "tmp": folder.tmp(), "fence": fence,
            // Should this program be killed, the process ends itself.
            "alarm": (limits.init + limits.timeout).as_secs() + 1,
            "limits": {
                "RLIMIT_AS": memory + HEAD_ROOM,
                "RLIMIT_FSIZE": call.storage << 20,
                "RLIMIT_CPU": (limits.init + limits.timeout).as_secs() + 1,
                "RLIMIT_NOFILE": 1024,
                "RLIMIT_NPROC": 4096,
                "RLIMIT_CORE": 0,
            },
        });
        let mut input = settings.to_string().into_bytes();
        input.push(b'\n');
        input.extend_from_slice(&call.event);
        let run = process::run(&mut command, &cage, input, limits, &unwanted).map_err(machine)?;
        Ok((call, stream, run, held))
    }
}

/// Returns the variables a function finds: those Lambda documents, its own, and where this sandbox is.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>
fn environment(call: &Call, folder: &Folder, endpoint: &str, stream: &str) -> BTreeMap<String, String> {
    let path = |path: PathBuf| path.to_string_lossy().into_owned();
    // A function may set these itself.
    let mut all = BTreeMap::from(
        [("LANG", "en_US.UTF-8"), ("PATH", "/usr/local/bin:/usr/bin:/bin"), ("PYTHONUTF8", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    all.extend(call.variables.clone());
    let fixed = [
        ("_HANDLER", call.handler.clone()),
        ("AWS_REGION", call.region.clone()),
        ("AWS_DEFAULT_REGION", call.region.clone()),
        ("AWS_EXECUTION_ENV", format!("AWS_Lambda_{}", call.runtime)),
        ("AWS_LAMBDA_FUNCTION_NAME", call.name.clone()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", call.memory.to_string()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", call.log_group.clone()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", stream.to_owned()),
        ("AWS_ACCESS_KEY_ID", call.session.access_key_id.clone()),
        ("AWS_SECRET_ACCESS_KEY", call.session.secret_access_key.reveal().clone()),
        ("AWS_SESSION_TOKEN", call.session.session_token.reveal().clone()),
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("LAMBDA_TASK_ROOT", path(folder.task())),
        ("TZ", ":UTC".to_owned()),
        // Not Lambda's: where it may write, and that it has no configuration files of its own.
        ("HOME", path(folder.tmp())),
        ("TMPDIR", path(folder.tmp())),
    ];
    all.extend(fixed.map(|(name, value)| (name.to_owned(), value)));
    all
}

/// Names the log stream of the environment an invocation runs in. Every invocation has a new one.
/// <https://docs.aws.amazon.com/lambda/latest/operatorguide/log-structure.html>
fn stream(call: &Call, began: Timestamp) -> String {
    format!("{}/[$LATEST]{}", began.strftime("%Y/%m/%d"), call.request_id.replace('-', ""))
}

/// Returns the port of a URL.
fn port(url: &str) -> u16 {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let authority = rest.split('/').next().unwrap_or_default();
    let named = authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    named.unwrap_or(if scheme == "https" { 443 } else { 80 })
}
