//! `iamlab provision render`

use clap::{Args, ValueEnum};

use super::{ScenarioArgs, meet};
use crate::cli::TargetArgs;
use crate::error::{Error, ErrorKind, Exit};
use crate::provision::render::cloudformation::template;
use crate::provision::render::permissions::permissions;
use crate::ui::Ui;

/// Write the scenario as something else: a CloudFormation template, the IAM policy it needs
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  iamlab provision render scenarios/iam-auditing --as cloudformation > template.yaml\n  \
                        iamlab provision render scenarios/iam-auditing --as permissions --account 111122223333 > policy.json\n\n\
                        The policy is the least that `up`, `down`, `plan`, `status` and `audit run` need. Two flags need more:\n\
                        `--adopt` needs iam:UpdateGroup on a group it takes over and cloudformation:UpdateStack on a stack,\n\
                        `--detach-foreign` needs iam:DetachUserPolicy, iam:DetachGroupPolicy and iam:DetachRolePolicy on\n\
                        whatever holds the scenario's policies."
)]
pub struct RenderArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// What to write
    #[arg(long = "as", value_enum, value_name = "FORM")]
    form: Form,
    #[command(flatten)]
    target: TargetArgs,
}

/// What a scenario can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A CloudFormation template of everything that CloudFormation can express, as YAML.
    Cloudformation,
    /// The least IAM policy that running the scenario needs, as JSON.
    Permissions,
}

pub(super) async fn run(ui: &Ui, args: &RenderArgs) -> Result<Exit, Error> {
    let met = meet(ui, &args.scenario, &args.target).await?;
    match args.form {
        Form::Cloudformation => {
            let text = template(&met.scenario).map_err(|error| {
                Error::new(ErrorKind::Internal, "the template cannot be written as YAML").caused_by(error)
            })?;
            ui.data(text.trim_end());
        }
        Form::Permissions => {
            let rendered = permissions(&met.scenario).map_err(|error| {
                Error::new(ErrorKind::Internal, "the policy cannot be written as JSON").caused_by(error)
            })?;
            ui.data(&rendered.text);
            for remark in &rendered.remarks {
                ui.warn(remark);
            }
        }
    }
    Ok(Exit::Ok)
}
