//! `iamlab policy`

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::account::ask::{Answer, Line, Question, Verdict, ask, has_readable_policy};
use crate::account::effective::{Holder, aws_managed, effective};
use crate::account::snapshot::Snapshot;
use crate::aws::Aws;
use crate::aws::collect::{Scope, collect, policies};
use crate::aws::connect::{Target, connect, region};
use crate::cli::{Format, TargetArgs, key_value};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Exit};
use crate::policy::evaluate::Outcome;
use crate::provision::look::complete;
use crate::provision::verify::unknown;
use crate::scenario::model::DEFAULT_REGION;
use crate::ui::{Tone, Ui};

use super::answer::{plain, trace};
use named::NoSuch;

mod check;
mod compare;
mod explain;
mod named;
mod simulate;

/// Ask what somebody may do in an account, why, and what would change it
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Tell whether a file is a policy that AWS accepts; exit 2 when it is none
    Check(check::CheckArgs),
    /// Tell whether two policies mean the same; exit 2 when they do not
    Compare(compare::CompareArgs),
    /// Tell whether somebody may do something, and which statement decides it
    Simulate(simulate::SimulateArgs),
    /// Tell why somebody may or may not do something, and which statement would allow it
    Explain(explain::ExplainArgs),
}

pub(super) async fn run(ui: &Ui, command: PolicyCommand) -> Result<Exit, Error> {
    match command {
        PolicyCommand::Check(args) => check::run(ui, &args),
        PolicyCommand::Compare(args) => compare::run(ui, &args),
        PolicyCommand::Simulate(args) => simulate::run(ui, &args).await,
        PolicyCommand::Explain(args) => explain::run(ui, &args).await,
    }
}

/// Who wants to do what.
#[derive(Debug, Clone, Args)]
struct AskArgs {
    /// Who: `User3`, `user/User3`, `role/Name`, or an ARN
    #[arg(long = "as", value_name = "PRINCIPAL")]
    principal: String,
    /// What: `service:Action`
    #[arg(value_name = "ACTION", value_parser = action)]
    action: String,
    /// On what: `group/Name`, `user/Name`, `role/Name`, `policy/Name`, `topic/Name`, `function/Name`, or an ARN
    #[arg(value_name = "RESOURCE", default_value = "*")]
    resource: String,
    /// A condition key of the request, as `aws:MultiFactorAuthPresent=true`; repeatable
    #[arg(long = "context", value_name = "KEY=VALUE", value_parser = key_value)]
    context: Vec<(String, String)>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    format: Format,
    #[command(flatten)]
    target: TargetArgs,
}

fn action(text: &str) -> Result<String, String> {
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    match text.split_once(':') {
        Some((service, name)) if plain(service) && plain(name) => Ok(text.to_owned()),
        _ => Err("name one action with its service, as `iam:GetCredentialReport`".to_owned()),
    }
}

/// A question that was answered.
struct Asked {
    aws: Aws,
    target: Target,
    snapshot: Snapshot,
    holder: Holder,
    answer: Answer,
}

/// Reads what is needed of the account, and asks.
async fn asked(ui: &Ui, args: &AskArgs) -> Result<Asked, Error> {
    let target = args.target.target()?;
    let region = region(&target, args.target.region.as_deref(), DEFAULT_REGION).await;
    let aws = connect(&target, &region, Clock::System).await?;
    let mut snapshot = complete(collect(&aws, &Scope { identity: true, ..Scope::default() }).await)?;
    let nobody = |error: NoSuch| Error::input(error.message).hinted(error.help);
    let (holder, resource, managed) = {
        let Some(identity) = snapshot.identity.read() else {
            return Err(Error::new(ErrorKind::Internal, "the account's identities were not read"));
        };
        let holder = named::holder(&snapshot, identity, &args.principal).map_err(nobody)?;
        let resource = named::resource(&snapshot, identity, &args.resource).map_err(nobody)?;
        let managed = aws_managed(identity, &holder);
        (holder, resource, managed)
    };
    let with_policy = Some(resource.clone()).filter(|arn| has_readable_policy(&snapshot, arn));
    let with_policy = with_policy.into_iter().collect();
    for error in policies::add(&aws, &managed, &with_policy, &mut snapshot).await {
        ui.warn(&error.to_string());
    }
    let who = effective(&snapshot, &holder).map_err(|error| Error::input(error.to_string()))?;
    let question = Question { action: args.action.clone(), resource, context: args.context.clone() };
    let answer = ask(&snapshot, &holder, &who, &question);
    Ok(Asked { aws, target, snapshot, holder, answer })
}

/// The part of the document that both commands write.
#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    account: &'a str,
    target: &'static str,
    principal: &'a str,
    action: &'a str,
    resource: &'a str,
    decision: Verdict,
    reason: &'a str,
    trace: Vec<Line>,
}

impl Asked {
    fn document(&self) -> Document<'_> {
        let request = &self.answer.request;
        Document {
            format_version: 1,
            account: &self.aws.caller.account,
            target: self.target.name(),
            principal: &request.principal.arn,
            action: &request.action,
            resource: &request.resource,
            decision: self.answer.verdict,
            reason: &self.answer.reason,
            trace: self.answer.lines(),
        }
    }

    /// Writes the answer for people: the verdict, the reason, the statements.
    fn write(&self, ui: &Ui, all: bool) {
        let (word, tone) = match self.answer.verdict {
            Verdict::Allowed => ("allowed", Tone::Good),
            Verdict::ExplicitDeny | Verdict::ImplicitDeny => ("denied", Tone::Bad),
            Verdict::Unknown => ("unknown", Tone::Change),
        };
        ui.data(&format!("{}: {}", ui.paint(tone, word), plain(&self.answer.reason)));
        trace(ui, &self.answer.reason, &self.answer.lines(), all);
        if self.answer.verdict == Verdict::Unknown {
            ui.hint(&plain(&self.hint()));
        }
    }

    fn hint(&self) -> String {
        match &self.answer.decision.outcome {
            Outcome::Indeterminate(reasons) => unknown(reasons),
            Outcome::Allowed | Outcome::Denied(_) => "name the resource".to_owned(),
        }
    }

    const fn exit(&self) -> Exit {
        match self.answer.verdict {
            Verdict::Allowed => Exit::Ok,
            Verdict::ExplicitDeny | Verdict::ImplicitDeny => Exit::Differs,
            Verdict::Unknown => Exit::Unseen,
        }
    }
}
