//! `iamlab audit run`

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;

use super::{benchmarks, known_benchmark};
use crate::audit::attestation::Attestations;
use crate::audit::baseline::Baseline;
use crate::audit::benchmark::{Benchmark, Control};
use crate::audit::engine::{Question, audit};
use crate::audit::exception::Exceptions;
use crate::audit::finding::Audit;
use crate::audit::gate::{FailOn, Gate};
use crate::aws::Aws;
use crate::aws::publish::publish;
use crate::cli::moment;
use crate::commands::offline;
use crate::commands::output::{Output, fill};
use crate::commands::picture::{PictureArgs, take};
use crate::error::{Error, ErrorKind, Exit};
use crate::report::{self, Format, render, render_with};
use crate::scenario::suggest::closest;
use crate::source::Diagnostic;
use crate::ui::Ui;

/// Audit an account, or a file that was collected from one; exit 2 when something fails
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab audit run\n  \
    iamlab audit run --profile prod --benchmark cis-aws-5.0.0 --format html -o audit.html\n  \
    iamlab audit run --credential-report status_reports.csv\n  \
    iamlab audit run --format json --format sarif -o reports/ --fail-on high\n\n\
    Exit codes: 0 nothing fails, 2 something fails, 4 something could not be looked at")]
pub struct RunArgs {
    /// A benchmark to judge by; repeatable [default: cis-aws-1.2.0]
    #[arg(long, value_name = "ID", value_parser = known_benchmark)]
    benchmark: Vec<&'static Benchmark>,
    /// Only this control, by its number, topic or check; repeatable
    #[arg(long, value_name = "ID")]
    control: Vec<String>,
    /// Count ages as of this time (RFC 3339) or day [default: when the account was read]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    as_of: Option<Timestamp>,
    /// Failures that somebody answers for, a YAML file
    #[arg(long, value_name = "FILE")]
    exceptions: Option<PathBuf>,
    /// Only tell what each exception would hide
    #[arg(long, requires = "exceptions")]
    dry_run: bool,
    /// Answers to the controls that no check can answer, a YAML file
    #[arg(long, value_name = "FILE")]
    attestations: Option<PathBuf>,
    /// The JSON report of an earlier audit: tell what is new and what is gone
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Exit 2 only for failures at least this severe, or for `new` ones; repeatable, all must hold
    #[arg(long, value_name = "SEVERITY|new", help_heading = "Result")]
    fail_on: Vec<FailOn>,
    /// Exit 0 whatever is found
    #[arg(long, help_heading = "Result")]
    exit_zero: bool,
    /// Form of the report; repeatable, with `-o DIR`
    #[arg(long, value_enum, value_name = "FORMAT", value_delimiter = ',', help_heading = "Output")]
    format: Vec<Format>,
    /// Write to this file, or with several formats to this folder [default: stdout]
    #[arg(short, long, value_name = "PATH", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Publish the text report to this SNS topic too
    #[arg(long, value_name = "TOPIC_ARN", help_heading = "Output")]
    notify: Option<String>,
    #[command(flatten)]
    picture: PictureArgs,
}

pub(super) async fn run(ui: &Ui, args: &RunArgs) -> Result<Exit, Error> {
    let output = Output::of(&args.format, args.output.as_deref())?;
    if args.notify.is_some() && args.picture.is_offline() {
        return Err(Error::usage("`--notify` speaks to an account, and an offline audit contacts none"));
    }
    if let Some(topic) = &args.notify {
        is_topic(topic)?;
    }
    let gate = Gate { fail_on: args.fail_on.clone(), exit_zero: args.exit_zero };
    if gate.fail_on.contains(&FailOn::New) && args.baseline.is_none() {
        return Err(Error::usage("`--fail-on new` needs to know what is old")
            .hinted("name an earlier JSON report with `--baseline FILE`"));
    }
    let mut exceptions = read(ui, args.exceptions.as_deref(), Exceptions::load)?;
    if let Some(exceptions) = &mut exceptions {
        exceptions.dry_run = args.dry_run;
    }
    let attestations = read(ui, args.attestations.as_deref(), Attestations::load)?;
    let baseline = args.baseline.as_deref().map(earlier).transpose()?;
    let mut question = Question {
        benchmarks: benchmarks(&args.benchmark)?,
        only: args.control.clone(),
        as_of: args.as_of.unwrap_or(Timestamp::UNIX_EPOCH),
        exceptions: exceptions.as_ref(),
        attestations: attestations.as_ref(),
        baseline: baseline.as_ref(),
    };
    if let Some(stranger) = question.strangers().first() {
        return Err(stranger_error(stranger, &question));
    }
    let picture = take(ui, &args.picture, &question.parts()).await?;
    if args.as_of.is_none() {
        question.as_of = picture.as_of();
        if args.picture.is_report() {
            ui.hint("a report does not tell when it was made: ages are counted as of now, or as of `--as-of TIME`");
        }
    }
    if let Some(earlier) = baseline.as_ref().filter(|earlier| earlier.account != picture.snapshot.account) {
        let message =
            format!("the baseline is of account {}, this is {}", earlier.account, picture.snapshot.account);
        return Err(Error::input(message).hinted("name a report of the same account"));
    }
    let found = audit(&picture.snapshot, &question, picture.target, picture.calls);
    hand_out(ui, &output, &found)?;
    if let (Some(topic), Some(aws)) = (&args.notify, &picture.aws) {
        notify(ui, aws, topic, &found).await?;
    }
    Ok(gate.exit(&found))
}

fn hand_out(ui: &Ui, output: &Output, found: &Audit) -> Result<(), Error> {
    match output {
        Output::Stdout(Format::Text) => {
            ui.data(render_with(found, &|tone, text| ui.paint(tone, text)).trim_end_matches('\n'));
        }
        Output::Stdout(format) => ui.data(rendered(found, *format)?.trim_end_matches('\n')),
        Output::File(format, path) => fill(path, |out| report::write(out, found, *format))?,
        Output::Folder(formats, folder) => {
            for format in formats {
                fill(&folder.join(format.file_name()), |out| report::write(out, found, *format))?;
            }
        }
    }
    Ok(())
}

fn rendered(found: &Audit, format: Format) -> Result<String, Error> {
    render(found, format)
        .map_err(|error| Error::new(ErrorKind::Internal, "the report cannot be written").caused_by(error))
}

async fn notify(ui: &Ui, aws: &Aws, topic: &str, found: &Audit) -> Result<(), Error> {
    let failures = found.benchmarks.iter().map(|judged| judged.summary.fail).sum::<usize>();
    let subject = format!("iamlab audit of {}: {failures} failed", found.account);
    publish(aws, topic, &subject, &rendered(found, Format::Text)?).await.map_err(|error| {
        Error::from(error).hinted("the report is written; `aws sns list-topics` names the topics of a region")
    })?;
    ui.status(&format!("published to {topic}"));
    Ok(())
}

/// Refuses what is no topic that takes a plain message, before anything is read.
fn is_topic(arn: &str) -> Result<(), Error> {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        // The one ending that AWS gives a meaning.
        ["arn", _, "sns", _, _, name] if name.rsplit_once('.').is_some_and(|(_, end)| end == "fifo") => {
            Err(Error::usage("a FIFO topic has no e-mail subscriptions").hinted("name a standard topic"))
        }
        ["arn", _, "sns", region, account, name]
            if [region, account, name].iter().all(|part| !part.is_empty()) =>
        {
            Ok(())
        }
        _ => Err(Error::usage(format!("`{arn}` is not the ARN of a topic"))
            .hinted("it looks like arn:aws:sns:us-east-1:123456789012:NAME")),
    }
}

fn read<T>(
    ui: &Ui,
    path: Option<&Path>,
    load: impl Fn(&Path) -> Result<T, Vec<Diagnostic>>,
) -> Result<Option<T>, Error> {
    let Some(path) = path else { return Ok(None) };
    load(path).map(Some).map_err(|found| {
        ui.diagnostics(&found);
        let noun = if found.len() == 1 { "mistake" } else { "mistakes" };
        Error::input(format!("`{}` has {} {noun}", path.display(), found.len()))
    })
}

fn earlier(path: &Path) -> Result<Baseline, Error> {
    let hint = "`iamlab audit run --format json -o FILE` writes one";
    let bytes = offline::read(path).map_err(|error| error.hinted(hint))?;
    Baseline::parse(&String::from_utf8_lossy(&bytes))
        .map_err(|error| Error::input(format!("`{}` cannot be used: {error}", path.display())).hinted(hint))
}

fn stranger_error(stranger: &str, question: &Question<'_>) -> Error {
    let controls = question.benchmarks.iter().flat_map(|benchmark| &benchmark.controls);
    let known = controls.flat_map(Control::names);
    let hint = match closest(stranger, known) {
        Some(close) => format!("did you mean `{close}`? `iamlab audit controls` lists all"),
        None => "`iamlab audit controls` lists them".to_owned(),
    };
    Error::usage(format!("no benchmark that is asked for has a control `{stranger}`")).hinted(hint)
}
