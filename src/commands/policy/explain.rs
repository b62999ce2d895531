//! `iamlab policy explain`

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use super::{AskArgs, Asked, Document, asked, plain};
use crate::account::advice::{Advice, advise};
use crate::account::grant::Place;
use crate::cli::Format;
use crate::commands::to_text;
use crate::error::{Error, Exit};
use crate::ui::{Tone, Ui};

/// Tell why somebody may or may not do something, and which statement would allow it
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  iamlab policy explain --as User3 iam:AddUserToGroup group/IAM-Auditor-Group\n  \
                        iamlab policy explain --as User3 iam:CreateUser user/User4 --format json | jq .remedy.policy\n\n\
                        Proposed is the least statement, in the policy or group that gives it to the fewest others. What else\n\
                        becomes possible through it is told; what a service control policy denies is not known here.\n\n\
                        Exit codes: 0 allowed, 2 denied, 4 nobody can tell, or the account could not be looked at"
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
    let asked = asked(ui, &args.ask).await?;
    let advice = advise(&asked.snapshot, &asked.holder, &asked.answer);
    match args.ask.format {
        Format::Json => {
            ui.data(&to_text(&Explanation { answer: asked.document(), remedy: advice.as_ref() })?);
        }
        Format::Text => {
            asked.write(ui, true);
            if let Some(advice) = &advice {
                write(ui, &asked, advice)?;
            }
        }
    }
    Ok(asked.exit())
}

fn write(ui: &Ui, asked: &Asked, advice: &Advice) -> Result<(), Error> {
    ui.data("");
    ui.data(&plain(&advice.sentence));
    for near in &advice.near {
        ui.data(&format!("  {}", plain(near)));
    }
    for addition in &advice.statements {
        let policy: Value = json!({"Version": "2012-10-17", "Statement": [addition.statement]});
        ui.data(&format!("\n{}", heading(ui, &format!("Missing in the {}", addition.layer))));
        ui.data(&to_text(&policy)?);
    }
    if let Some(grant) = &advice.grant {
        ui.data(&format!("\n{} {}", heading(ui, "Best placed in"), plain(&place(asked, &grant.to))));
    }
    for command in &advice.commands {
        ui.data(&format!("  {}", plain(command)));
    }
    if let Some(grant) = &advice.grant {
        let gainers = if grant.gainers.is_empty() { "nobody".to_owned() } else { grant.gainers.join(", ") };
        ui.data(&format!("\n{} {}", heading(ui, "Who else gains it:"), plain(&gainers)));
    }
    if !advice.opens.is_empty() {
        ui.data(&format!("\n{}", heading(ui, "What it opens:")));
        for sentence in &advice.opens {
            ui.data(&format!("  - {}", plain(sentence)));
        }
    }
    if let Some(scenario) = advice.grant.as_ref().and_then(|grant| grant.scenario.as_ref()) {
        let scenario = plain(scenario);
        ui.hint(&format!(
            "scenario `{scenario}` made that; change it there too, or `provision status` shows drift"
        ));
    }
    Ok(())
}

/// Names where a statement goes.
fn place(asked: &Asked, to: &Place) -> String {
    match to {
        Place::ManagedPolicy { name, group: Some(group), .. } => {
            format!("policy `{name}`, which {} holds through group `{group}`", asked.holder.name())
        }
        Place::ManagedPolicy { name, .. } => format!("policy `{name}`, which {} holds", asked.holder.name()),
        Place::GroupPolicy { group, name } => format!("a new inline policy `{name}` of group `{group}`"),
        Place::NewGroup { group, name } => format!("a new group `{group}`, with an inline policy `{name}`"),
        Place::RolePolicy { role, name } => format!("a new inline policy `{name}` of role `{role}`"),
    }
}

fn heading(ui: &Ui, text: &str) -> String {
    ui.paint(Tone::Strong, text)
}
