//! `iamlab audit users`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use crate::account::credential_report::ROOT;
use crate::account::part::Part;
use crate::account::snapshot::Facet;
use crate::audit::users::Users;
use crate::aws::Aws;
use crate::aws::collect::Scope;
use crate::aws::error::{ApiError, ErrorClass};
use crate::cli::moment;
use crate::commands::output::Destination;
use crate::commands::picture::{Picture, PictureArgs, collected, connected, take};
use crate::error::{Error, ErrorKind, Exit};
use crate::report::RenderError;
use crate::report::users::{About, to_csv, to_html, to_json, to_text};
use crate::scenario::suggest::did_you_mean;
use crate::ui::Ui;

mod acting;

use acting::{SignInArgs, connect_as};

/// Read the credential report for people: one block per user, what is wrong, what to do
///
/// What is wrong is what `iamlab audit run` says is wrong, by the checks that need nothing but the report. Nothing
/// else is read of the account, so whoever may have the report may run it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab audit users\n  \
                        iamlab audit users --as User3                       with that user's own rights\n  \
                        iamlab audit users --only-flagged --format html -o users.html\n  \
                        iamlab audit users --raw -o status_reports.csv      the CSV as AWS gives it\n  \
                        iamlab audit users --credential-report status_reports.csv\n\n\
                        Exit codes: 0 the report was read, whatever it says, 1 sign-in or file refused, 4 the report \
                        could not be read,\n64 with AWS, the keys are not that user's")]
pub struct UsersArgs {
    /// Take the report with this user's own rights: signs in to the sandbox; with AWS, the profile of that name
    #[arg(
        long = "as",
        id = "as",
        value_name = "USER",
        conflicts_with_all = ["snapshot", "credential_report"],
        help_heading = "Who asks"
    )]
    user: Option<String>,
    #[command(flatten)]
    sign_in: SignInArgs,
    /// Show only those with something wrong, and those of whom the report leaves something open
    #[arg(long, help_heading = "What is shown")]
    only_flagged: bool,
    /// Show only this user; repeatable; `<root_account>` is root
    #[arg(long = "user", value_name = "NAME", help_heading = "What is shown")]
    names: Vec<String>,
    /// Count ages as of this time [default: when the report was read]
    #[arg(long, value_name = "TIME", value_parser = moment, help_heading = "What is shown")]
    as_of: Option<Timestamp>,
    /// Form of the report
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    format: Form,
    /// Write the CSV exactly as AWS gives it, and nothing else
    #[arg(long, conflicts_with_all = ["format", "only_flagged", "names", "as_of"], help_heading = "Output")]
    raw: bool,
    /// Write the report into this file; `-` is stdout
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    #[command(flatten)]
    picture: PictureArgs,
}

/// Forms of the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    #[default]
    Text,
    /// For spreadsheets: a row per user.
    Csv,
    /// A page for browsers and printers, complete in itself.
    Html,
    /// For programs; versioned.
    Json,
}

pub(super) async fn run(ui: &Ui, args: &UsersArgs) -> Result<Exit, Error> {
    let picture = read(ui, args).await?;
    let destination = Destination::of(args.output.as_deref());
    if args.raw {
        let csv = match &picture.snapshot.credential_report {
            Facet::Read(report) => report.csv(),
            Facet::NotRead(why) => return Err(unread(why)),
        };
        destination.hand_over(ui, csv)?;
        return Ok(Exit::Ok);
    }
    if args.as_of.is_none() && args.picture.is_report() {
        ui.hint(
            "a report does not tell when it was made: ages are counted as of now, or as of `--as-of TIME`",
        );
    }
    let as_of = args.as_of.unwrap_or_else(|| picture.as_of());
    let mut users = Users::of(&picture.snapshot, as_of).map_err(|error| unread(&error.why))?;
    known(&users, &args.names)?;
    users.keep(|person| {
        (!args.only_flagged || !person.findings.is_empty())
            && (args.names.is_empty() || args.names.contains(&person.name))
    });
    if !args.names.is_empty() && !args.names.iter().any(|name| name == ROOT) {
        // What is open of a root without a row was not asked for.
        users.unplaced.clear();
    }
    let about = About {
        target: picture.target,
        taken_by: picture.aws.as_ref().map(|aws| aws.caller.arn.as_str()),
        calls: picture.calls,
    };
    let internal =
        |error: RenderError| Error::new(ErrorKind::Internal, "the report cannot be written").caused_by(error);
    let text = match args.format {
        Form::Text => to_text(&users, about, &|tone, text| destination.paint(ui, tone, text)),
        Form::Csv => to_csv(&users).map_err(internal)?,
        Form::Html => to_html(&users, about),
        Form::Json => to_json(&users, about).map_err(internal)?,
    };
    destination.hand_over(ui, &text)?;
    Ok(Exit::Ok)
}

/// Takes the report: of a file, or of an account, of which nothing else is asked.
async fn read(ui: &Ui, args: &UsersArgs) -> Result<Picture, Error> {
    if args.picture.is_offline() {
        return take(ui, &args.picture, &[Part::CredentialReport].into()).await;
    }
    let account = args.picture.target();
    let (aws, target) = if let Some(user) = &args.user {
        connect_as(ui, user, &args.sign_in, account).await?
    } else {
        connected(account).await?
    };
    ui.begin_progress(1);
    ui.progress_message("waiting for the credential report");
    let collected = collected(&aws, &Scope::audit([Part::CredentialReport])).await;
    ui.end_progress();
    if let Some(error) = collected.errors.into_iter().next() {
        return Err(refused(error, args.user.as_deref(), &aws));
    }
    let calls = Some(aws.meter.calls());
    Ok(Picture { snapshot: collected.snapshot, target, calls, aws: Some(aws) })
}

/// Returns the error for a report that the account did not hand out.
fn refused(error: ApiError, user: Option<&str>, aws: &Aws) -> Error {
    let (class, operation) = (error.class, error.operation);
    let told = Error::from(error);
    if class != ErrorClass::Denied {
        return told;
    }
    let who = user.unwrap_or(&aws.caller.arn);
    told.hinted(format!("the report takes `{}`", Part::CredentialReport.permissions().join("` and `")))
        .hinted(format!(
            "`iamlab policy explain --as {who} {operation} '*'`, asked by an administrator, tells why"
        ))
}

fn unread(why: &str) -> Error {
    Error::new(ErrorKind::Access, format!("there is no credential report: {why}"))
        .hinted("`iamlab audit collect` and `iamlab audit users --raw -o FILE` keep one")
}

/// Refuses names that the report does not have.
fn known(users: &Users, names: &[String]) -> Result<(), Error> {
    let has = |name: &&String| !users.people.iter().any(|person| person.name == **name);
    let Some(stranger) = names.iter().find(has) else { return Ok(()) };
    let all = users.people.iter().map(|person| person.name.as_str());
    let error = Error::input(format!("the report has no user `{stranger}`"));
    Err(error
        .hinted(did_you_mean(stranger, "users", all))
        .hinted("a user who is younger than the report is in the next one: IAM makes it after four hours"))
}
