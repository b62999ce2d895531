//! `iamlab policy simulate`

use clap::Args;

use super::ask::{AskArgs, asked};
use crate::cli::Format;
use crate::commands::to_text;
use crate::error::{Error, Exit};
use crate::ui::Ui;

/// Tell whether somebody may do something, and which statement decides it
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab policy simulate --as User3 iam:GetCredentialReport\n  \
                  iamlab policy simulate --as role/IAM-Auditor-Lambda-role sns:Publish topic/iam-audit-report\n  \
                  iamlab policy simulate --as User3 iam:CreateUser --context aws:MultiFactorAuthPresent=true\n  \
                  iamlab policy simulate --as User3 iam:GetCredentialReport --snapshot account.json.gz\n  \
                  iamlab policy simulate --policy policies/iam-auditor-policy.json iam:GetCredentialReport\n\n\
                  Asked is the account, a file of `iamlab audit collect`, or policies in files, which then are all there\n\
                  are. Service control policies are not among them. A snapshot holds no policies of AWS, of topics and of\n\
                  functions: what depends on one is unknown.\n\n\
                  Exit codes: 0 allowed, 2 denied, 4 nobody can tell, or the account could not be looked at,\n\
                  1 an error, 64 wrong usage")]
pub struct SimulateArgs {
    #[command(flatten)]
    ask: AskArgs,
}

pub(super) async fn run(ui: &Ui, args: &SimulateArgs) -> Result<Exit, Error> {
    let asked = asked(ui, &args.ask, false).await?;
    match args.ask.format {
        Format::Json => ui.data(&to_text(&asked.document())?),
        Format::Text => {
            asked.write(ui);
            if asked.exit() == Exit::Differs {
                ui.hint("`policy explain` with the same words tells what would allow it");
            }
        }
    }
    Ok(asked.exit())
}
