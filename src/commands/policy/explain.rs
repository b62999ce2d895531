//! `iamlab policy explain`

use std::collections::BTreeSet;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::ask::{AskArgs, Asked, Document, Ground, asked};
use super::plain;
use crate::account::advice::{Advice, Kind, Part, advise, advise_on_files};
use crate::account::grant::{Grant, Place, alone, ascii};
use crate::cli::Format;
use crate::commands::answer::{SHOWN, bounded, few};
use crate::commands::to_text;
use crate::error::{Error, Exit};
use crate::policy::trace::Layer;
use crate::ui::{Tone, Ui};

/// Tell why somebody may or may not do something, and which statement would allow it
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  iamlab policy explain --as User3 iam:AddUserToGroup group/IAM-Auditor-Group\n  \
                  iamlab policy explain --as User3 iam:CreateUser user/User4 --format json | jq .remedy.policy\n  \
                  iamlab policy explain --as User3 iam:ListUsers --snapshot account.json.gz\n  \
                  iamlab policy explain --policy own.json --boundary limit.json iam:ListUsers\n\n\
                  Proposed is the least that would allow it: the action, on the one resource, without a condition; `*`\n\
                  only where AWS has no resources for the action. It goes into the policy or group that gives it to the\n\
                  fewest others. Who else gains by it and what else becomes possible is told. Nothing is changed.\n\
                  What a service control policy denies is not known here.\n\n\
                  Exit codes: 0 allowed, 2 denied, 4 nobody can tell, or the account could not be looked at,\n\
                  1 an error, 64 wrong usage"
)]
pub struct ExplainArgs {
    #[command(flatten)]
    ask: AskArgs,
}

#[derive(Serialize)]
struct Explanation<'a> {
    #[serde(flatten)]
    answer: Document<'a>,
    remedy: Option<&'a Advice>,
}

pub(super) async fn run(ui: &Ui, args: &ExplainArgs) -> Result<Exit, Error> {
    let asked = asked(ui, &args.ask, true).await?;
    let advice = match &asked.ground {
        Ground::Account(snapshot) => advise(snapshot, &asked.holder, &asked.answer),
        Ground::Files(files) => advise_on_files(files, &asked.holder, &asked.answer),
    };
    match args.ask.format {
        Format::Json => {
            ui.data(&to_text(&Explanation { answer: asked.document(), remedy: advice.as_ref() })?);
        }
        Format::Text => {
            asked.write(ui);
            if let Some(advice) = &advice {
                write(ui, &asked, advice)?;
            }
        }
    }
    Ok(asked.exit())
}

fn write(ui: &Ui, asked: &Asked, advice: &Advice) -> Result<(), Error> {
    ui.data("");
    let count = advice.parts.len();
    if count > 1 {
        ui.data(&format!("{count} things have to be done; without any one of them it stays denied:"));
    } else {
        ui.data(&bounded(&advice.sentence));
    }
    if !advice.near.is_empty() {
        ui.data("Without any change it is allowed once the condition of this holds:");
        list(ui, &advice.near);
    }
    for (number, part) in (1..).zip(&advice.parts) {
        if count > 1 {
            let lead = heading(ui, &format!("Part {number} of {count}:"));
            ui.data(&format!("\n{lead} {}", bounded(&part.sentence)));
        } else if part.kind == Kind::StopDenying {
            ui.data(&bounded(&part.sentence));
        }
        write_part(ui, asked, part)?;
    }
    if !advice.unsure.is_empty() {
        ui.data(&format!("\n{}", heading(ui, "Whether that is enough is not known:")));
        list(ui, &advice.unsure);
    }
    if !advice.opens.is_empty() {
        ui.data(&format!("\n{}", heading(ui, "What it opens:")));
        list(ui, &advice.opens);
    }
    if asked.target == "sandbox" && !advice.commands.is_empty() {
        ui.hint("do that as root (`iamlab sandbox sign-in --root`), then ask again");
    }
    let scenarios = advice.parts.iter().filter_map(|part| part.grant.as_ref()?.scenario.as_deref());
    for scenario in scenarios.collect::<BTreeSet<_>>() {
        let scenario = plain(scenario);
        ui.hint(&format!(
            "scenario `{scenario}` made that; change it there too, or `provision status` shows drift"
        ));
    }
    Ok(())
}

fn write_part(ui: &Ui, asked: &Asked, part: &Part) -> Result<(), Error> {
    let Some(statement) = &part.statement else { return Ok(()) };
    let lead = match part.kind {
        Kind::Unseen => format!("Needed in the {} there", part.layer),
        Kind::Add | Kind::StopDenying => format!("Missing in the {}", part.layer),
    };
    ui.data(&format!("\n{}", heading(ui, &lead)));
    ui.data(&lines(&alone(statement))?);
    let Some(grant) = &part.grant else {
        if let Some(why) = &part.no_place {
            ui.data(&format!("\nThere is no place for it: {}", bounded(why)));
        }
        return Ok(());
    };
    ui.data(&format!(
        "\n{} {}",
        heading(ui, "Best placed in"),
        bounded(&place(asked, part.layer, &grant.to))
    ));
    for command in &grant.commands {
        ui.data(&format!("  {}", plain(command)));
    }
    write_gainers(ui, part.layer, grant);
    Ok(())
}

fn write_gainers(ui: &Ui, layer: Layer, grant: &Grant) {
    // What a file grants to others, and whom a trust policy names, is not hidden from anybody.
    if layer == Layer::Trust || matches!(grant.to, Place::File { .. }) {
        return;
    }
    let gainers = if grant.gainers.is_empty() { "nobody".to_owned() } else { few(&grant.gainers) };
    ui.data(&format!("\n{} {gainers}", heading(ui, "Who else gains it:")));
    if !grant.unaffected.is_empty() {
        let rest = few(&grant.unaffected);
        ui.data(&format!("  reached too, but they may already or stay denied: {rest}"));
    }
}

/// Writes a policy over several lines, without a character that acts.
fn lines(policy: &Value) -> Result<String, Error> {
    Ok(to_text(policy)?.lines().map(ascii).collect::<Vec<_>>().join("\n"))
}

/// Names where a statement goes.
fn place(asked: &Asked, layer: Layer, to: &Place) -> String {
    let holder = asked.holder.name();
    match to {
        Place::ManagedPolicy { name, .. } if layer == Layer::Boundary => {
            format!("policy `{name}`, which is the permissions boundary of {holder}")
        }
        Place::ManagedPolicy { name, group: Some(group), .. } => {
            format!("policy `{name}`, which {holder} holds through group `{group}`")
        }
        Place::ManagedPolicy { name, .. } => format!("policy `{name}`, which {holder} holds"),
        Place::GroupPolicy { group, name } => format!("a new inline policy `{name}` of group `{group}`"),
        Place::NewGroup { group, name } => format!("a new group `{group}`, with an inline policy `{name}`"),
        Place::RolePolicy { role, name } => format!("a new inline policy `{name}` of role `{role}`"),
        Place::TrustPolicy { role } => format!("the trust policy of role `{role}`"),
        Place::File { file: Some(file) } => format!("`{file}`"),
        Place::File { file: None } => match layer {
            Layer::Identity => "a policy of the caller: a new file for `--policy`".to_owned(),
            Layer::Trust => "the trust policy of the role: a file for `--resource-policy`".to_owned(),
            Layer::Resource => "the policy of the resource: a file for `--resource-policy`".to_owned(),
            Layer::Boundary | Layer::Session => format!("a new file: the {layer} has no room for it"),
        },
    }
}

fn list(ui: &Ui, sentences: &[String]) {
    for sentence in sentences.iter().take(SHOWN) {
        ui.data(&format!("  - {}", bounded(sentence)));
    }
    if let Some(more @ 1..) = sentences.len().checked_sub(SHOWN) {
        ui.data(&format!("  … and {more} more"));
    }
}

fn heading(ui: &Ui, text: &str) -> String {
    ui.paint(Tone::Strong, text)
}
