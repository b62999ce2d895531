//! `iamlab audit access-review`

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::account::effective::all_aws_managed;
use crate::account::part::Part;
use crate::audit::access_review::{LastUses, review};
use crate::aws::collect::policies;
use crate::cli::TargetArgs;
use crate::commands::output::Destination;
use crate::commands::picture::live;
use crate::error::{Error, ErrorKind, Exit};
use crate::report::access_review::{About, to_csv, to_html, to_json, to_text};
use crate::ui::Ui;

/// Tell who may do what, by which group and policy, and who could give themselves more
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab audit access-review\n  \
                        iamlab audit access-review --format html -o review.html --profile lab\n  \
                        iamlab audit access-review --format csv --expand -o review.csv\n\n\
                        Groups, users and roles with what is left of their policies after denials and permissions\n\
                        boundaries. Service control policies and policies of resources are not looked at.\n\n\
                        Exit codes: 0 done, 4 something was not read; the report says what")]
pub struct AccessReviewArgs {
    /// Form of the report
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    format: Form,
    /// Write the report into this file; `-` is stdout
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Name every action that a wildcard stands for
    #[arg(long, help_heading = "Output")]
    expand: bool,
    #[command(flatten)]
    target: TargetArgs,
}

/// Forms of the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    #[default]
    Text,
    /// For spreadsheets: a row per holder, action and policy.
    Csv,
    /// A page for browsers and printers, complete in itself.
    Html,
    /// For programs; versioned.
    Json,
}

pub(super) async fn run(ui: &Ui, args: &AccessReviewArgs) -> Result<Exit, Error> {
    let mut picture = live(ui, &args.target, &[Part::Identity, Part::CredentialReport].into()).await?;
    if let Some(aws) = &picture.aws {
        let managed = picture.snapshot.identity.read().map(all_aws_managed).unwrap_or_default();
        for error in policies::add(aws, &managed, &BTreeSet::new(), &mut picture.snapshot).await {
            ui.warn(&error.to_string());
        }
    }
    let snapshot = &picture.snapshot;
    let review = review(snapshot, &LastUses::of(snapshot)).map_err(|error| {
        Error::new(ErrorKind::Access, error.to_string()).hinted("allow iam:GetAccountAuthorizationDetails")
    })?;
    let about = About { target: picture.target, expand: args.expand };
    let destination = Destination::of(args.output.as_deref());
    let internal = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(ErrorKind::Internal, "the review cannot be written").caused_by(error)
    };
    let text = match args.format {
        Form::Text => to_text(&review, about, &|tone, text| destination.paint(ui, tone, text)),
        Form::Csv => to_csv(&review, about).map_err(|error| internal(error.into()))?,
        Form::Html => to_html(&review, about),
        Form::Json => {
            to_json(&review, about, picture.aws.as_ref().map(|aws| aws.meter.calls()))
                .map_err(|error| internal(error.into()))?
                + "\n"
        }
    };
    destination.hand_over(ui, &text)?;
    let seen = review.unread().is_empty() && Part::CredentialReport.unread(snapshot).is_none();
    Ok(if seen { Exit::Ok } else { Exit::Unseen })
}
