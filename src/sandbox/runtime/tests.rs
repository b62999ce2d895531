//! Functions that really run, each in its process.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::testing::{FakeHome, package};
use super::{Call, Outcome, RoleSession, RunError, Runtime};
use crate::clock::Clock;
use crate::secret::Secret;

const ID: &str = "8f507cfc-0000-4697-b07a-ac58fc914c95";

fn call(code: &str, event: &Value) -> Call {
    Call {
        name: "audit".into(),
        arn: "arn:aws:lambda:us-east-1:123456789012:function:audit".into(),
        region: "us-east-1".into(),
        runtime: "python3.9".into(),
        handler: "index.handler".into(),
        session: RoleSession {
            access_key_id: "ASIAEXAMPLE".into(),
            secret_access_key: Secret::new("secret".into()),
            session_token: Secret::new("token".into()),
        },
        memory: 128,
        storage: 512,
        timeout: Duration::from_secs(5),
        variables: BTreeMap::from([("TOPIC".to_owned(), "t".to_owned())]),
        log_group: "/aws/lambda/audit".into(),
        package: package(&[("index.py", code)]),
        event: event.to_string().into_bytes(),
        client_context: None,
        request_id: ID.into(),
    }
}

async fn run_at(home: FakeHome, call: Call) -> Result<Outcome, RunError> {
    let clock = Clock::fixed("2026-03-02T09:00:00Z".parse().unwrap());
    Runtime::new(home.shared(), clock).run(call).await
}

async fn run(code: &str) -> (bool, Value, Vec<String>) {
    run_call(call(code, &json!({}))).await
}

async fn run_call(call: Call) -> (bool, Value, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let outcome = run_at(FakeHome::below(folder.path()), call).await.unwrap();
    let payload = serde_json::from_slice(&outcome.payload).unwrap();
    (outcome.failed, payload, outcome.log.into_iter().map(|event| event.text).collect())
}

#[tokio::test]
async fn a_handler_gets_event_and_context_and_its_prints_are_the_log() {
    let code = "
import logging, os, subprocess, sys
logging.getLogger().setLevel(logging.INFO)
def handler(event, context):
    print('out')
    print('err', file=sys.stderr)
    subprocess.run(['echo', 'child'], check=True)
    logging.info('logged %d', 1)
    left = context.get_remaining_time_in_millis()
    return {'twice': event['n'] * 2, 'name': context.function_name, 'memory': context.memory_limit_in_mb,
            'id': context.aws_request_id, 'arn': context.invoked_function_arn, 'left': 4000 < left <= 5000,
            'stdin': sys.stdin.read(), 'stream': context.log_stream_name}
";
    let (failed, payload, log) = run_call(call(code, &json!({"n": 21}))).await;
    assert!(!failed, "{payload} {log:?}");
    assert_eq!(
        payload,
        json!({
            "twice": 42, "name": "audit", "memory": "128", "id": ID, "left": true, "stdin": "",
            "arn": "arn:aws:lambda:us-east-1:123456789012:function:audit",
            "stream": "2026/03/02/[$LATEST]8f507cfc00004697b07aac58fc914c95",
        })
    );
    assert_eq!(log[0], format!("START RequestId: {ID} Version: $LATEST"));
    assert_eq!(log[1..4], ["out", "err", "child"]);
    assert!(log[4].starts_with("[INFO]\t20") && log[4].ends_with(&format!("Z\t{ID}\tlogged 1")), "{log:?}");
    assert_eq!(log[5], format!("END RequestId: {ID}"));
    let report = &log[6];
    assert!(report.starts_with(&format!("REPORT RequestId: {ID}\tDuration: ")), "{report}");
    assert!(report.contains("\tMemory Size: 128 MB\tMax Memory Used: "), "{report}");
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
#[tokio::test]
async fn the_environment_is_lambdas_and_nothing_of_ours() {
    let code = "import os\ndef handler(event, context):\n    return dict(os.environ)\n";
    let (_, all, _) = run(code).await;
    for (name, value) in [
        ("AWS_REGION", "us-east-1"),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_python3.9"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/audit"),
        ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"),
        ("AWS_SESSION_TOKEN", "token"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("_HANDLER", "index.handler"),
        ("TZ", ":UTC"),
        ("TOPIC", "t"),
    ] {
        assert_eq!(all[name], value, "{name}");
    }
    assert_eq!(all["HOME"], all["TMPDIR"]);
    for ours in ["CARGO", "CARGO_MANIFEST_DIR", "USER", "RUST_LOG"] {
        assert!(all[ours].is_null(), "{ours}");
    }
}

/// The types and messages are those of Lambda's own runtime interface client for Python.
#[tokio::test]
async fn failures_are_described_as_lambda_does() {
    let (failed, error, log) =
        run("def handler(event, context):\n    raise ValueError('no ' + str(event))\n").await;
    assert!(failed);
    let trace =
        "  File \"/var/task/index.py\", line 2, in handler\n    raise ValueError('no ' + str(event))\n";
    let expected =
        json!({"errorMessage": "no {}", "errorType": "ValueError", "requestId": ID, "stackTrace": [trace]});
    assert_eq!(error, expected);
    assert!(log.contains(&"[ERROR] ValueError: no {}".to_owned()), "{log:?}");

    for (code, kind, message) in [
        (
            "import nothing",
            "Runtime.ImportModuleError",
            "Unable to import module 'index': No module named 'nothing'",
        ),
        ("x = 1", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'index'"),
        ("def handler(:", "Runtime.UserCodeSyntaxError", "Syntax error in module 'index': "),
        (
            "def handler(event, context): return {1, 2}",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type set is not JSON serializable",
        ),
        (
            "import sys\ndef handler(event, context): sys.exit(3)",
            "Runtime.ExitError",
            "RequestId: 8f507cfc-0000-4697-b07a-ac58fc914c95 Error: Runtime exited with error: exit status 3",
        ),
        (
            "import os\ndef handler(event, context): os._exit(0)",
            "Runtime.ExitError",
            "RequestId: 8f507cfc-0000-4697-b07a-ac58fc914c95 Error: Runtime exited without providing a reason",
        ),
        (
            "def handler(event, context): return 'x' * 7000000",
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        ),
    ] {
        let (failed, error, log) = run(code).await;
        assert!(failed, "{code}");
        assert_eq!(error["errorType"], kind, "{error} {log:?}");
        assert!(error["errorMessage"].as_str().unwrap().starts_with(message), "{error}");
    }
    let nowhere = Call { handler: "handler".into(), ..call("", &json!({})) };
    assert_eq!(run_call(nowhere).await.1["errorType"], "Runtime.MalformedHandlerName");
}

#[tokio::test]
async fn an_endless_loop_is_stopped_with_all_it_started() {
    let code = "
import os, subprocess, time
def handler(event, context):
    child = subprocess.Popen(['sleep', '600'])
    print(child.pid, flush=True)
    while True: pass
";
    let began = Instant::now();
    let endless = Call { timeout: Duration::from_secs(1), ..call(code, &json!({})) };
    let (failed, error, log) = run_call(endless).await;
    assert!(failed && began.elapsed() < Duration::from_secs(12));
    let message = format!("RequestId: {ID} Error: Task timed out after 1.00 seconds");
    assert_eq!(error, json!({"errorType": "Sandbox.Timedout", "errorMessage": message}));
    assert!(log[2].ends_with(&format!("Z {ID} Task timed out after 1.00 seconds")), "{log:?}");
    assert!(log[4].contains("\tDuration: 1000.00 ms\t") && log[4].ends_with("\tStatus: timeout"), "{log:?}");
    let child = format!("/proc/{}/cmdline", log[1]);
    assert!(!std::fs::read(child).is_ok_and(|line| line.starts_with(b"sleep")), "the child is alive");
}

#[tokio::test]
async fn memory_and_output_are_bounded() {
    for code in [
        "def handler(event, context):\n    return len(bytearray(4 << 30))\n",
        "def handler(event, context):\n    hog = []\n    while True: hog.append(bytearray(1 << 20))\n",
    ] {
        let (failed, error, log) = run(code).await;
        assert!(failed);
        let message = format!("RequestId: {ID} Error: Runtime exited with error: signal: killed");
        assert_eq!(error, json!({"errorType": "Runtime.ExitError", "errorMessage": message}), "{log:?}");
    }
    let code = "def handler(event, context):\n    for n in range(40): print('x' * 99999)\n    print('end')\n";
    let (_, _, log) = run(code).await;
    assert!(log[1].starts_with("[iamlab] ") && log[1].ends_with("bytes of output before this were not kept"));
    assert!(log.contains(&"end".to_owned()));
    let kept: usize = log.iter().map(String::len).sum();
    assert!((1 << 20..(1 << 20) + 1000).contains(&kept), "{kept}");
}

#[tokio::test]
async fn a_function_writes_to_its_own_tmp_which_goes_away() {
    let home = tempfile::tempdir().unwrap();
    let code = "
import os, pathlib, tempfile
def handler(event, context):
    with open('/tmp/report.csv', 'w') as file:
        file.write('a,b')
    pathlib.Path('/tmp/sub').mkdir()
    os.rename('/tmp/report.csv', '/tmp/sub/report.csv')
    try:
        open(os.path.join(os.environ['LAMBDA_TASK_ROOT'], 'x'), 'w')
        readonly = False
    except OSError:
        readonly = True
    return [os.listdir('/tmp/sub'), os.environ['TMPDIR'] == tempfile.gettempdir(), readonly]
";
    let outcome = run_at(FakeHome::below(home.path()), call(code, &json!({}))).await.unwrap();
    let (text, log) = (String::from_utf8(outcome.payload).unwrap(), outcome.log);
    assert_eq!(text, r#"[["report.csv"], true, true]"#, "{log:?}");
    assert!(!Path::new("/tmp/sub").exists());
    assert_eq!(std::fs::read_dir(home.path().join("run")).unwrap().count(), 0);
}

/// The state of every account is a file of the user who runs the sandbox, as the function's process is.
#[tokio::test]
async fn no_account_is_read_past_the_api() {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("accounts/210987654321/iam.json");
    std::fs::create_dir_all(state.parent().unwrap()).unwrap();
    std::fs::write(&state, "secret").unwrap();
    let code = "
import os, posix, socket, subprocess
def tried(step):
    try:
        return str(step())
    except OSError as error:
        return type(error).__name__
def handler(event, context):
    path = event['path']
    return [tried(lambda: posix.open(path, os.O_RDONLY)),
            tried(lambda: posix.listdir(os.path.dirname(path))),
            tried(lambda: posix.rename(path, path + '2')),
            tried(lambda: subprocess.run(['cat', path], capture_output=True).stdout),
            tried(lambda: open('/proc/%d/environ' % os.getppid()).read()),
            tried(lambda: os.kill(os.getppid(), 0)),
            tried(lambda: socket.create_connection(('127.0.0.1', event['port']), 1))]
";
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let event = json!({"path": state, "port": other.local_addr().unwrap().port()});
    let outcome = run_at(FakeHome::below(home.path()), call(code, &event)).await.unwrap();
    let refused = "PermissionError";
    let payload: Value = serde_json::from_slice(&outcome.payload).unwrap();
    assert_eq!(payload, json!([refused, refused, refused, "b''", refused, refused, refused]));
}

/// Where there is no Landlock, the interpreter refuses, and the log says that it is only the interpreter.
#[test]
fn without_the_kernel_the_interpreter_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let [sandbox, task, tmp] = ["", "run/task", "run/tmp"].map(|name| folder.path().join(name));
    for folder in [&task, &tmp] {
        std::fs::create_dir_all(folder).unwrap();
    }
    std::fs::write(sandbox.join("iam.json"), "secret").unwrap();
    let code = "
import os, posix, subprocess
def handler(event, context):
    said = []
    for step in (lambda: posix.open(event, os.O_RDONLY), lambda: subprocess.run(['cat', event]), lambda: open('/tmp/x', 'w')):
        try:
            step()
            said.append(None)
        except OSError as error:
            said.append(error.strerror)
    return said
";
    std::fs::write(task.join("index.py"), code).unwrap();
    let bootstrap = folder.path().join("run/bootstrap.py");
    std::fs::write(&bootstrap, super::BOOTSTRAP).unwrap();
    let settings = json!({
        "request_id": ID, "arn": "a", "handler": "index.handler", "timeout": 9, "alarm": 9, "limits": {},
        "task": task, "tmp": tmp, "fence": [sandbox],
    });
    let names = ["NAME", "VERSION", "MEMORY_SIZE"].map(|name| format!("AWS_LAMBDA_FUNCTION_{name}"));
    let streams = ["GROUP", "STREAM"].map(|name| format!("AWS_LAMBDA_LOG_{name}_NAME"));
    let mut child = std::process::Command::new("python3")
        .arg(bootstrap)
        .envs(names.iter().chain(&streams).map(|name| (name, "x")))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let event = json!(sandbox.join("iam.json"));
    write!(child.stdin.take().unwrap(), "{settings}\n{event}").unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let refused = |what| format!("the sandbox does not let this function {what}");
    assert_eq!(said, json!([refused("open it"), refused("start programs"), null]), "{text}");
}

#[tokio::test]
async fn what_cannot_run_says_why() {
    let code = "def handler(event, context): pass";
    let refused = |call| async { run_at(FakeHome::new(), call).await.unwrap_err().to_string() };
    let node = Call { runtime: "nodejs22.x".into(), ..call(code, &json!({})) };
    assert_eq!(refused(node).await, "the sandbox runs Python functions only, not nodejs22.x");
    let slip = Call { package: package(&[("../index.py", code)]), ..call(code, &json!({})) };
    let reason = "its entry `../index.py` is not a file inside of the package";
    assert_eq!(refused(slip).await, format!("the package of the function cannot be used: {reason}"));
}
