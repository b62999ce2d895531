//! `iamlab provision verify`

use clap::Args;
use serde::Serialize;

use super::{Met, ScenarioArgs, document, meet};
use crate::account::ask::{Line, Verdict};
use crate::account::effective::{Holder, effective};
use crate::account::snapshot::{Facet, Snapshot};
use crate::aws::collect::{Scope, collect, policies};
use crate::aws::simulate::{Decided, Simulation, simulate};
use crate::cli::{Format, TargetArgs, key_value};
use crate::commands::answer::{plain, trace};
use crate::error::{Error, Exit};
use crate::provision::look::complete;
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

/// What AWS's simulator says.
#[derive(Debug, Default, Serialize)]
struct Live {
    decision: Option<Verdict>,
    /// Whether both decided alike; `None` when they cannot be compared.
    agrees: Option<bool>,
    policies: Vec<String>,
    note: Option<String>,
    #[serde(skip)]
    failed: bool,
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
        let live = if args.live { Some(second_opinion(&met, &judged, &snapshot).await) } else { None };
        if let Some(live) = live.as_ref().filter(|live| live.agrees == Some(false)) {
            judged.status = Status::Fail;
            judged.next = Some(
                "find out which is right before trusting either; it may be a service control policy".into(),
            );
            let simulated = live.decision.map_or("nothing", decided);
            judged.reason = format!("{}, but AWS's simulator says: {simulated}", judged.reason);
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

/// Asks AWS's simulator what was asked here, as far as it can know the answer.
async fn second_opinion(met: &Met, judged: &Judged, snapshot: &Snapshot) -> Live {
    let note = |note: &str| Live { note: Some(note.to_owned()), ..Live::default() };
    let question = &judged.check.question;
    let Some(answer) = &judged.answer else { return note("nobody to ask about") };
    let Ok(holder) = &judged.check.holder else { return note("nobody to ask about") };
    let Ok(who) = effective(snapshot, holder) else { return note("nobody to ask about") };
    let is_user = matches!(holder, Holder::User(_));
    let principal = match (holder, snapshot.identity.read()) {
        (Holder::User(_), _) => &who.principal.arn,
        (Holder::Role { name, .. }, Some(identity)) => match identity.roles.get(name) {
            Some(role) => &role.arn,
            None => return note("nobody to ask about"),
        },
        _ => return note("the simulator knows users and roles only"),
    };
    if question.action.to_ascii_lowercase().starts_with("sts:") && question.resource.contains(":role/") {
        return note("the simulator does not look at trust policies");
    }
    let policy = match snapshot.resource_policies.get(&question.resource) {
        Some(Facet::Read(Some(policy))) => Some(policy.to_text()),
        _ => None,
    };
    let mut context: Vec<(String, Vec<String>)> = who
        .tags
        .iter()
        .map(|(key, value)| (format!("aws:PrincipalTag/{key}"), vec![value.clone()]))
        .collect();
    for (key, _) in &question.context {
        let values = answer.request.context.get(key).unwrap_or_default().to_vec();
        if !context.iter().any(|(other, _)| other.eq_ignore_ascii_case(key)) {
            context.push((key.clone(), values));
        }
    }
    let asked = Simulation {
        principal,
        action: &question.action,
        resource: &question.resource,
        resource_policy: policy.as_deref().filter(|_| is_user),
        context: &context,
    };
    let simulated = match simulate(&met.aws, &asked).await {
        Ok(simulated) => simulated,
        Err(error) => return Live { failed: true, ..note(&error.to_string()) },
    };
    let decision = match simulated.decided {
        Decided::Allowed => Verdict::Allowed,
        Decided::ExplicitDeny => Verdict::ExplicitDeny,
        Decided::ImplicitDeny => Verdict::ImplicitDeny,
    };
    let comparable = if policy.is_some() && !is_user {
        Err("the simulator takes the policy of a resource for users only".to_owned())
    } else if !simulated.missing.is_empty() {
        Err(format!("the simulator was not told {}", simulated.missing.join(", ")))
    } else if answer.verdict == Verdict::Unknown {
        Err("there is nothing to compare it with".to_owned())
    } else {
        Ok(decision == answer.verdict)
    };
    Live {
        decision: Some(decision),
        agrees: comparable.as_ref().ok().copied(),
        policies: simulated.policies,
        note: comparable.err(),
        failed: false,
    }
}

const fn decided(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "allowed",
        Verdict::ExplicitDeny => "denied by a statement",
        Verdict::ImplicitDeny => "allowed by no statement",
        Verdict::Unknown => "unknown",
    }
}

fn to_json(met: &Met, results: &[(Judged, Option<Live>)], summary: Summary) -> Result<String, Error> {
    document::to_text(&Document {
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
            trace(ui, &judged.lines(), explain);
        }
        if let Some(live) = live.as_ref().filter(|live| told || live.agrees != Some(true)) {
            let decision = live.decision.map(decided).unwrap_or_default();
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
        (fail, "do not"),
        (unknown, "cannot be told"),
        (disagree, "are decided otherwise by AWS's simulator"),
    ];
    counts
        .extend(others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    ui.data(&counts.join(", "));
}
