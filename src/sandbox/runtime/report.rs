//! What an invocation tells afterwards: the lines of its log, and what its caller gets.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::cage::Held;
use super::process::{End, Run};
use super::{Call, Outcome};

/// The longest line that is one event; a longer one becomes several.
const LINE: usize = 8 << 10;

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sandbox) struct LogEvent {
    /// When it was written.
    pub(in crate::sandbox) time: Timestamp,
    /// The invocation that wrote it.
    pub(in crate::sandbox) request_id: String,
    /// The line, without its end.
    pub(in crate::sandbox) text: String,
}

/// Makes the outcome of a run that `began` and `ended` at these times.
pub(super) fn outcome(
    call: &Call,
    stream: String,
    run: Run,
    held: Held,
    began: Timestamp,
    ended: Timestamp,
) -> Outcome {
    let id = &call.request_id;
    let mut log = Vec::new();
    let mut line = |time: Timestamp, text: String| {
        log.push(LogEvent { time, request_id: id.clone(), text });
    };
    line(began, format!("START RequestId: {id} Version: $LATEST"));
    if held == Held::ByInterpreter {
        let what =
            "this system has no Landlock: only Python's own functions keep this function from other files";
        line(began, format!("[iamlab] {what}"));
    }
    if run.cut > 0 {
        line(began, format!("[iamlab] {} bytes of output before this were not kept", run.cut));
    }
    for text in lines(&String::from_utf8_lossy(&run.printed)) {
        line(began, text);
    }
    let took = if run.end == End::TimedOut { call.timeout } else { run.took };
    let failure = match &run.end {
        End::Answered { .. } => None,
        End::TimedOut => {
            let why = format!("Task timed out after {:.2} seconds", call.timeout.as_secs_f64());
            let time = ended.strftime("%Y-%m-%dT%H:%M:%S.%3fZ");
            line(ended, format!("{time} {id} {why}"));
            Some(("Sandbox.Timedout", why))
        }
        End::OutOfMemory => Some(("Runtime.ExitError", exit("signal: killed"))),
        End::Exited(status) => Some(("Runtime.ExitError", exit(status))),
    };
    if let Some(("Runtime.ExitError", why)) = &failure {
        line(ended, format!("RequestId: {id} Error: {why}"));
    }
    line(ended, format!("END RequestId: {id}"));
    line(ended, report(call, &run, took));
    let (payload, failed) = match (run.end, failure) {
        (End::Answered { ok, payload }, _) => (payload, !ok),
        (_, failure) => {
            let (kind, why) = failure.unwrap_or_default();
            let error = json!({"errorType": kind, "errorMessage": format!("RequestId: {id} Error: {why}")});
            (error.to_string().into_bytes(), true)
        }
    };
    Outcome { payload, failed, stream, log }
}

/// Says that the process ended without an answer.
fn exit(status: &str) -> String {
    if status == "exit status 0" {
        "Runtime exited without providing a reason".to_owned()
    } else {
        format!("Runtime exited with error: {status}")
    }
}

/// Writes the last line of an invocation's log.
/// <https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html>
fn report(call: &Call, run: &Run, took: Duration) -> String {
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let billed = (ms(took) + ms(run.init)).ceil();
    let used = (run.memory >> 20).clamp(1, call.memory);
    let mut report = format!(
        "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {billed:.0} ms\tMemory Size: {} MB\t\
         Max Memory Used: {used} MB\tInit Duration: {:.2} ms",
        call.request_id,
        ms(took),
        call.memory,
        ms(run.init),
    );
    match &run.end {
        End::TimedOut => report.push_str("\tStatus: timeout"),
        End::Exited(_) => report.push_str("\tStatus: error\tError Type: Runtime.ExitError"),
        End::OutOfMemory => report.push_str("\tStatus: error\tError Type: Runtime.OutOfMemory"),
        End::Answered { .. } => {}
    }
    report
}

/// Splits what was printed into lines of bounded length.
fn lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut rest = line;
        while rest.len() > LINE {
            let (part, more) = rest.split_at(rest.floor_char_boundary(LINE));
            lines.push(part.to_owned());
            rest = more;
        }
        lines.push(rest.to_owned());
    }
    lines
}
