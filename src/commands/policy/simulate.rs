//! `iamlab policy simulate`

use clap::Args;

use super::{AskArgs, asked};
use crate::cli::Format;
use crate::commands::to_text;
use crate::error::{Error, Exit};
use crate::ui::Ui;

/// Tell whether somebody may do something, and which statement decides it
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab policy simulate --as User3 iam:GetCredentialReport\n  \
                        iamlab policy simulate --as role/IAM-Auditor-Lambda-role sns:Publish topic/iam-audit-report\n  \
                        iamlab policy simulate --as User3 iam:CreateUser --context aws:MultiFactorAuthPresent=true\n\n\
                        The account's policies decide; service control policies are not among them.\n\n\
                        Exit codes: 0 allowed, 2 denied, 4 nobody can tell, or the account could not be looked at")]
pub struct SimulateArgs {
    #[command(flatten)]
    ask: AskArgs,
}

pub(super) async fn run(ui: &Ui, args: &SimulateArgs) -> Result<Exit, Error> {
    let asked = asked(ui, &args.ask).await?;
    match args.ask.format {
        Format::Json => ui.data(&to_text(&asked.document())?),
        Format::Text => asked.write(ui, false),
    }
    Ok(asked.exit())
}
