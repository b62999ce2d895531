//! `iamlab provision verify`

use clap::Args;
use serde::Serialize;

use super::{Met, ScenarioArgs, meet};
use crate::account::ask::{Line, Verdict};
use crate::aws::collect::{Scope, collect, policies};
use crate::cli::{Format, TargetArgs, key_value};
use crate::commands::answer::{plain, trace};
use crate::commands::to_text;
use crate::error::{Error, Exit};
use crate::provision::look::complete;
use crate::provision::verify::live::{Live, second_opinion};
use crate::provision::verify::{Judged, Status, checks, judge, to_read};
use crate::ui::{Tone, Ui};

/// Check what the scenario expects people to be able to do; exit 2 when something does not hold
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab provision verify scenarios/iam-auditing\n  \
                        iamlab provision verify scenarios/iam-auditing --profile lab --live\n  \
                        iamlab provision verify scenarios/iam-auditing --format json | jq '.expectations[].status'\n\n\
                        The policies of the account decide, as they are now: of users and roles, through groups, boundaries,\n\
                        trust policies, and those of topics and functions. Service control policies are not among them;\n\
                        `--live` asks AWS's simulator, which knows them.\n\n\
                        Exit codes: 0 all hold, 2 some do not, 4 of some nobody can tell, or the account could not be looked at")]
pub struct VerifyArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// Ask AWS's own simulator too, and tell where it disagrees
    #[arg(long)]
    live: bool,
    /// A condition key that every request has, as `aws:MultiFactorAuthPresent=true`; repeatable
    #[arg(long = "context", value_name = "KEY=VALUE", value_parser = key_value)]
    context: Vec<(String, String)>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    target: TargetArgs,
}

/// How results are written.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
struct Output {
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Tell every statement that was looked at, also where all is well
    #[arg(long)]
    explain: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    scenario: &'a str,
    account: &'a str,
    target: &'static str,
    expectations: Vec<Row<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Row<'a> {
    text: &'a str,
    status: Status,
    decision: Verdict,
    action: &'a str,
    resource: &'a str,
    reason: &'a str,
    next: Option<&'a str>,
    trace: Vec<Line>,
    live: Option<&'a Live>,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Summary {
    pass: usize,
    fail: usize,
    unknown: usize,
    disagree: usize,
}

pub(super) async fn run(ui: &Ui, args: &VerifyArgs) -> Result<Exit, Error> {
    let met = meet(ui, &args.scenario, &args.target).await?;
    let mut snapshot = complete(collect(&met.aws, &Scope { identity: true, ..Scope::default() }).await)?;
    let checks = checks(&met.scenario, &snapshot, &args.context);
    let (managed, resources) = to_read(&checks, &snapshot);
    for error in policies::add(&met.aws, &managed, &resources, &mut snapshot).await {
        ui.warn(&error.to_string());
    }
    let mut results: Vec<(Judged, Option<Live>)> = Vec::new();
    for check in checks {
        let mut judged = judge(check, &snapshot);
        let live = if args.live { Some(second_opinion(&met.aws, &judged, &snapshot).await) } else { None };
        if let Some(live) = &live {
            live.weigh(&mut judged);
        }
        results.push((judged, live));
    }
    let summary = summary(&results);
    match args.output.format {
        Format::Json => ui.data(&to_json(&met, &results, summary)?),
        Format::Text => write(ui, &results, summary, args.output.explain),
    }
    let unseen = summary.unknown > 0 || results.iter().flat_map(|(_, live)| live).any(|live| live.failed);
    Ok(match (summary.fail, unseen) {
        (1.., _) => Exit::Differs,
        (0, true) => Exit::Unseen,
        (0, false) => Exit::Ok,
    })
}

fn summary(results: &[(Judged, Option<Live>)]) -> Summary {
    let count = |status: Status| results.iter().filter(|(judged, _)| judged.status == status).count();
    Summary {
        pass: count(Status::Pass),
        fail: count(Status::Fail),
        unknown: count(Status::Unknown),
        disagree: results.iter().flat_map(|(_, live)| live).filter(|live| live.agrees == Some(false)).count(),
    }
}

fn to_json(met: &Met, results: &[(Judged, Option<Live>)], summary: Summary) -> Result<String, Error> {
    to_text(&Document {
        format_version: 1,
        scenario: &met.scenario.place.scenario,
        account: &met.aws.caller.account,
        target: met.target.name(),
        expectations: results.iter().map(|(judged, live)| to_row(judged, live.as_ref())).collect(),
        summary,
    })
}

fn to_row<'a>(judged: &'a Judged, live: Option<&'a Live>) -> Row<'a> {
    let check = &judged.check;
    Row {
        text: &check.text,
        status: judged.status,
        decision: judged.verdict(),
        action: &check.question.action,
        resource: &check.question.resource,
        reason: &judged.reason,
        next: judged.next.as_deref(),
        trace: judged.lines(),
        live,
    }
}

fn write(ui: &Ui, results: &[(Judged, Option<Live>)], summary: Summary, explain: bool) {
    for (judged, live) in results {
        let (symbol, tone) = match judged.status {
            Status::Pass => ("✓", Tone::Good),
            Status::Fail => ("✗", Tone::Bad),
            Status::Unknown => ("?", Tone::Change),
        };
        ui.data(&format!("{} {}", ui.paint(tone, symbol), plain(&judged.check.text)));
        let told = explain || judged.status != Status::Pass;
        if told {
            ui.data(&format!("    {}", plain(&judged.reason)));
            trace(ui, &judged.reason, &judged.lines(), explain);
        }
        if let Some(live) = live.as_ref().filter(|live| told || live.agrees != Some(true)) {
            let decision = live.told();
            let note = live.note.as_ref().map(|note| format!("({note})")).unwrap_or_default();
            ui.data(&ui.paint(Tone::Dim, plain(&format!("    simulator: {decision} {note}")).trim_end()));
        }
        if let Some(next) = &judged.next {
            ui.data(&format!("    {} {}", ui.paint(Tone::Strong, "→"), plain(next)));
        }
    }
    let Summary { pass, fail, unknown, disagree } = summary;
    if results.is_empty() {
        ui.data("The scenario expects nothing");
        ui.hint("sentences under `expect:` say what people can and cannot do");
        return;
    }
    let mut counts = vec![format!("{pass} of {} expectations hold", results.len())];
    let others = [
        (fail, if fail == 1 { "does not" } else { "do not" }),
        (unknown, "cannot be told"),
        (disagree, "decided otherwise by AWS's simulator"),
    ];
    counts
        .extend(others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    ui.data(&counts.join(", "));
}
