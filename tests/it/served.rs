//! An account in memory behind a loopback port, for the program as it is, with a test's hand on the wire.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector as _, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use tokio::runtime::Runtime;

use crate::lab::{Account, REGION};
use crate::wire::{Call, Fault, Wire};

/// An account behind a port.
pub(crate) struct Served {
    address: SocketAddr,
    account: Account,
    wire: Wire,
}

impl Served {
    /// Serves `account`; `plan` decides what happens to each request.
    pub(crate) fn new(account: &Account, plan: impl Fn(&Call) -> Fault + Send + Sync + 'static) -> Self {
        Self::slow(account, Duration::ZERO, plan)
    }

    /// Serves `account` with so much time before each answer.
    pub(crate) fn slow(
        account: &Account,
        delay: Duration,
        plan: impl Fn(&Call) -> Fault + Send + Sync + 'static,
    ) -> Self {
        let wire = Wire::new(account.http(), plan);
        let runtime = Arc::new(
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap(),
        );
        let connector = runtime.block_on(connector(account, &wire));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // The threads end with the test's process: nobody asks them anything after the test.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, connector, runtime) = (stream.unwrap(), connector.clone(), runtime.clone());
                thread::spawn(move || answer(&stream, &connector, &runtime, delay));
            }
        });
        Self { address, account: account.clone(), wire }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Id and secret of the administrator's key.
    pub(crate) fn key(&self) -> (String, String) {
        let credentials = self.account.sandbox.credentials();
        (credentials.access_key_id().into(), credentials.secret_access_key().into())
    }

    /// What was asked so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.wire.calls()
    }
}

/// Waits in real time: for another process, which no test's clock moves.
#[expect(clippy::disallowed_methods, reason = "another process is waited for in real time")]
pub(crate) fn pause(time: Duration) {
    thread::sleep(time);
}

/// Reads one request, has it answered, and closes the connection.
fn answer(stream: &TcpStream, connector: &SharedHttpConnector, runtime: &Runtime, delay: Duration) {
    let Some(request) = read(stream) else { return };
    let answer = runtime.block_on(connector.call(request));
    pause(delay);
    // A connection that drops is a fault the test asked for; a client that is gone needs no answer.
    if let Ok(response) = answer {
        let _ = write(stream, &response);
    }
}

fn read(stream: &TcpStream) -> Option<HttpRequest> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?, words.next()?);
    let mut request = http::Request::builder().method(method).uri(format!("http://127.0.0.1{target}"));
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
        request = request.header(name, value.trim());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    HttpRequest::try_from(request.body(SdkBody::from(body)).ok()?).ok()
}

fn write(mut stream: &TcpStream, response: &HttpResponse) -> std::io::Result<()> {
    use std::fmt::Write as _;
    let body = response.body().bytes().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} .\r\nconnection: close\r\n", response.status().as_u16());
    for (name, value) in response.headers() {
        if !name.eq_ignore_ascii_case("content-length") && !name.eq_ignore_ascii_case("connection") {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
    }
    write!(head, "content-length: {}\r\n\r\n", body.len()).unwrap();
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    stream.flush()
}

/// Gets hold of the connector behind an SDK's HTTP client: the SDK asks for it when it makes its first call.
async fn connector(account: &Account, wire: &Wire) -> SharedHttpConnector {
    let catch = Catch { inner: wire.client(), caught: Arc::default() };
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(catch.clone())
        .credentials_provider(account.sandbox.credentials())
        .region(Region::from_static(REGION))
        .load()
        .await;
    // The call only has to be tried.
    let _ = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
    wire.forget();
    catch.caught.lock().unwrap().clone().unwrap()
}

#[derive(Debug, Clone)]
struct Catch {
    inner: SharedHttpClient,
    caught: Arc<Mutex<Option<SharedHttpConnector>>>,
}

impl HttpClient for Catch {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let connector = self.inner.http_connector(settings, components);
        *self.caught.lock().unwrap() = Some(connector.clone());
        connector
    }
}
