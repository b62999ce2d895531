//! The independent implementation: a moto server of the test's own, when `IAMLAB_TEST_MOTO` says where it is.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;

use crate::inventory::Clients;
use crate::lab::REGION;
use crate::served::pause;

const VARIABLE: &str = "IAMLAB_TEST_MOTO";

/// A running server. It ends with the value.
pub(crate) struct Moto {
    process: Child,
    port: u16,
}

impl Moto {
    /// Starts a server; `None`, with a word why, when the variable is not set.
    pub(crate) fn start() -> Option<Self> {
        let Some(program) = server() else {
            left_out();
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let moto = Self { process, port };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_mins(2), "the moto server does not answer");
            pause(Duration::from_millis(50));
        }
        Some(moto)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Runs a program of `tests/conformance` against the server.
    pub(crate) fn conformance(&self, script: &str, args: &[&str]) {
        conformance(script, &self.url(), ("testing", "testing"), args);
    }

    /// Clients for a test's own looks.
    pub(crate) async fn clients(&self) -> Clients {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .endpoint_url(self.url())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .credentials_provider(Credentials::new("testing", "testing", None, None, "test"))
            .region(Region::from_static(REGION))
            .load()
            .await;
        Clients::new(&config)
    }
}

/// Runs a program of `tests/conformance` against an endpoint, with the Python beside the moto server; leaves it out
/// where there is none.
pub(crate) fn conformance(script: &str, url: &str, (id, secret): (&str, &str), args: &[&str]) {
    let Some(python) = python() else { return };
    let output = Command::new(python)
        .arg(crate::lab::root().join("tests/conformance").join(script))
        .args(["--endpoint-url", url])
        .args(args)
        .envs([
            ("AWS_ACCESS_KEY_ID", id),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("PYTHONDONTWRITEBYTECODE", "1"),
        ])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} {args:?}: {told}");
}

#[expect(clippy::print_stderr, reason = "whoever reads the test's output wants to know")]
fn left_out() {
    eprintln!("left out: {VARIABLE} does not name a moto_server");
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The Python beside the moto server; `None`, with a word why, where there is none.
pub(crate) fn python() -> Option<PathBuf> {
    beside("python")
}

/// A program of the moto server's environment; `None`, with a word why, where there is none.
pub(crate) fn beside(program: &str) -> Option<PathBuf> {
    let Some(server) = server() else {
        left_out();
        return None;
    };
    Some(server.with_file_name(program))
}

fn server() -> Option<PathBuf> {
    iamlab::env::get(VARIABLE).map(PathBuf::from)
}
