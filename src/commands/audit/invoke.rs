//! `iamlab audit invoke`

use std::time::Duration;

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use crate::aws::connect::Target;
use crate::aws::error::{ApiError, ErrorClass};
use crate::aws::invoke::{Deployed, Failure, Invocation, deployed, invoke};
use crate::cli::{Format, TargetArgs};
use crate::commands::provision::{Met, ScenarioArgs, meet};
use crate::commands::{go_on, to_text};
use crate::error::{Error, ErrorKind, Exit};
use crate::provision::ownership::Ownership;
use crate::report::escape::{plain, visible};
use crate::ui::Ui;

/// The most lines of a report that are shown; a report that SNS takes has fewer.
const LINES: usize = 20_000;

/// Run the scenario's function as its schedule would, and show its report
///
/// The function runs in the account, as the role it has there, and publishes its report as always. This waits for its
/// end and shows the report and the end of its log. A run is never repeated by itself: what was published twice, would
/// be read twice.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab audit invoke scenarios/iam-auditing\n  \
    iamlab audit invoke scenarios/iam-auditing --profile lab > report.txt\n  \
    iamlab audit invoke scenarios/iam-auditing --set remediation=deactivate-old-keys --approval-id CHG-123\n\n\
    The report is data, on stdout; the log is told on stderr.\n\
    Exit codes: 0 the function ran to its end, 1 it failed, or is not there, or is not this scenario's,\n\
    4 the account could not be asked (access denied, unreachable)")]
pub struct InvokeArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// Which function, when the scenario has several
    #[arg(long, value_name = "NAME")]
    function: Option<String>,
    /// Approve changes: the function may do what its scenario lets it mend, under this id
    #[arg(long, value_name = "ID", value_parser = approval)]
    approval_id: Option<String>,
    /// Do not ask before a real account may be changed
    #[arg(long)]
    yes: bool,
    /// Form of the output
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    format: Format,
    #[command(flatten)]
    target: TargetArgs,
}

/// Reads an approval id: something that can stand in a log.
fn approval(text: &str) -> Result<String, String> {
    let fits = !text.trim().is_empty() && text.chars().count() <= 128 && !text.contains(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err("expected 1 to 128 printable characters".to_owned()) }
}

pub(super) async fn run(ui: &Ui, args: &InvokeArgs) -> Result<Exit, Error> {
    let met = meet(ui, &args.scenario, &args.target).await?;
    let name = chosen(&met, args.function.as_deref())?;
    let function = ours(&met, name).await?;
    let event = match &args.approval_id {
        Some(id) => {
            confirm(ui, &met, name, id, args.yes)?;
            json!({ "approval_id": id })
        }
        None => json!({}),
    };
    if met.scenario.resources.functions.get(name).is_some_and(|spec| spec.environment != function.environment)
    {
        ui.warn(&format!(
            "function.{name} has another environment than this scenario with these values gives it"
        ));
        ui.hint("`iamlab provision plan` shows the difference, `up` ends it; what is in the account is run");
    }
    let limit = function.timeout.as_secs();
    ui.status(&format!("function.{name} runs in account {}, {limit} s at most", met.aws.caller.account));
    ui.begin_progress(1);
    ui.progress_message(&format!("waiting for function.{name}"));
    let ended = invoke(&met.aws, name, &event, function.timeout).await;
    ui.end_progress();
    let ended = ended.map_err(|error| unanswered(error, name, function.timeout))?;
    match args.format {
        Format::Json => ui.data(&document(&met, name, &ended)?),
        Format::Text => show(ui, &ended),
    }
    match &ended.result {
        Ok(_) => Ok(Exit::Ok),
        Err(failure) => Err(failed(name, failure)),
    }
}

/// Returns the function that is meant.
fn chosen<'a>(met: &'a Met, named: Option<&str>) -> Result<&'a str, Error> {
    let all: Vec<&str> = met.scenario.resources.functions.keys().map(String::as_str).collect();
    let list = all.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let mut left_out = met.scenario.left_out().filter(|address| address.kind == "function");
    let gone = match (named, all.as_slice()) {
        (Some(named), _) => left_out.find(|address| address.name == named),
        (None, []) => left_out.next(),
        (None, _) => None,
    };
    if let Some(address) = gone {
        let message =
            format!("function `{}` is left out of the scenario by its `when`", visible(&address.name));
        return Err(Error::usage(message).hinted("say what its `when` asks for with `--set NAME=VALUE`"));
    }
    match (named, all.as_slice()) {
        (_, []) => Err(Error::usage("the scenario declares no function")
            .hinted("a scenario's functions stand under `resources:`, `functions:`")),
        (None, [one]) => Ok(*one),
        (None, _) => Err(Error::usage(format!("the scenario declares several functions: {list}"))
            .hinted("say which with `--function NAME`")),
        (Some(named), _) => all.iter().copied().find(|name| *name == named).ok_or_else(|| {
            Error::usage(format!("the scenario declares no function `{}`", visible(named)))
                .hinted(format!("it declares {list}"))
        }),
    }
}

/// Looks the function up in the account, where it must be, and be this scenario's.
async fn ours(met: &Met, name: &str) -> Result<Deployed, Error> {
    let account = &met.aws.caller.account;
    let Some(function) = deployed(&met.aws, name).await? else {
        let message = format!("function.{name} is not in account {account}, region {}", met.aws.region);
        return Err(Error::new(ErrorKind::Api, message)
            .hinted("`iamlab provision up` with the same scenario and account makes it"));
    };
    match Ownership::of_tags(&function.tags, &met.scenario.place.scenario).objection() {
        None => Ok(function),
        Some(objection) => {
            let message = format!("function.{name} of account {account} is not run: {}", visible(&objection));
            Err(Error::new(ErrorKind::Api, message)
                .hinted("`iamlab provision up --adopt` takes it over, with everything in it"))
        }
    }
}

/// Asks before a function may change a real account.
fn confirm(ui: &Ui, met: &Met, name: &str, id: &str, yes: bool) -> Result<(), Error> {
    if yes || matches!(met.target, Target::Sandbox { .. }) {
        return Ok(());
    }
    let caller = &met.aws.caller;
    ui.status(&format!("Account {}, region {}, as {}", caller.account, met.aws.region, caller.arn));
    ui.status(&format!("Invoke: function.{name} may change the account, approved as `{}`", visible(id)));
    go_on(ui, "nothing was run")
}

/// Says what a missing answer means: the function may have run, and another run would do all of it again.
fn unanswered(error: ApiError, name: &str, timeout: Duration) -> Error {
    if error.class != ErrorClass::Unknown {
        return error.into();
    }
    let kind = ErrorKind::Api;
    Error::new(kind, error.to_string()).hinted(format!(
        "it may have run, and may still run for {} s: its log, `/aws/lambda/{name}`, tells; nothing was tried twice",
        timeout.as_secs()
    ))
}

fn failed(name: &str, failure: &Failure) -> Error {
    let what = failure.error_type.as_deref().unwrap_or(&failure.kind);
    let message = format!("function.{name} failed: {}: {}", plain(what), plain(&failure.message));
    Error::new(ErrorKind::Api, message)
        .hinted("its log is shown above; `iamlab provision status` tells whether its roles and policies are as they should be")
}

/// Shows the report as data, and tells the rest.
fn show(ui: &Ui, ended: &Invocation) {
    if let Ok(returned) = &ended.result {
        match returned.get("report").and_then(Value::as_str) {
            Some(report) => {
                let lines: Vec<String> = report.lines().map(shown).collect();
                for line in lines.iter().take(LINES) {
                    ui.data(line);
                }
                if let Some(more) = lines.len().checked_sub(LINES).filter(|more| *more > 0) {
                    ui.warn(&format!("{more} lines more; `--format json` shows all"));
                }
            }
            None => ui.data(&visible(&returned.to_string())),
        }
    }
    ui.status("The end of its log:");
    for line in ended.log.lines() {
        ui.status(&format!("  {}", shown(line)));
    }
    let Ok(returned) = &ended.result else { return };
    let text = |key: &str| returned.get(key).and_then(Value::as_str);
    match text("message_id") {
        Some(id) => ui.status(&format!("Published as message {}", visible(id))),
        None => ui.warn("the function does not say that it published its report"),
    }
}

/// Makes a line of the function's harmless. Lambda's own lines have tabs in them.
fn shown(line: &str) -> String {
    visible(&line.trim_end_matches('\r').replace('\t', "  ")).into_owned()
}

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    scenario: &'a str,
    account: &'a str,
    target: &'static str,
    function: &'a str,
    version: &'a str,
    request_id: Option<&'a str>,
    error: Option<Problem<'a>>,
    report: Option<&'a str>,
    generated_time: Option<&'a str>,
    message_id: Option<&'a str>,
    result: Option<&'a Value>,
    log: &'a str,
}

#[derive(Serialize)]
struct Problem<'a> {
    kind: &'a str,
    r#type: Option<&'a str>,
    message: &'a str,
    stack_trace: &'a [String],
}

fn document(met: &Met, name: &str, ended: &Invocation) -> Result<String, Error> {
    let result = ended.result.as_ref().ok();
    let text = |key: &str| result.and_then(|returned| returned.get(key)?.as_str());
    to_text(&Document {
        format_version: 1,
        scenario: &met.scenario.place.scenario,
        account: &met.aws.caller.account,
        target: met.target.name(),
        function: name,
        version: &ended.version,
        request_id: ended.request_id.as_deref(),
        error: ended.result.as_ref().err().map(|failure| Problem {
            kind: &failure.kind,
            r#type: failure.error_type.as_deref(),
            message: &failure.message,
            stack_trace: &failure.stack_trace,
        }),
        report: text("report"),
        generated_time: text("generated_time"),
        message_id: text("message_id"),
        result,
        log: &ended.log,
    })
}
