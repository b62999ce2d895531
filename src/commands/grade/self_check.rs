//! `iamlab grade self`

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::own;
use crate::cli::TargetArgs;
use crate::commands::output::Destination;
use crate::commands::to_text;
use crate::error::{Error, Exit};
use crate::grade::mark::mark;
use crate::grade::points::Points;
use crate::grade::result::{CriterionResult, State, Status, StudentResult, TaskResult};
use crate::grade::roster::Student;
use crate::grade::rubric::Rubric;
use crate::grade::run::visible;
use crate::report::grade::{student_html, student_markdown, student_text};
use crate::ui::Ui;

/// Check one's own account by the rubric, as a student: what is missing, and the next step
///
/// Looks at the account with one's own credentials, at what the instructor looks at but for what the rubric hides until
/// it is marked. Nothing is changed and nothing is sent anywhere.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab grade self scenarios/iam-auditing\n  \
                  iamlab grade self scenarios/iam-auditing --profile lab --format html -o check.html\n\n\
                  Exit code: 0 everything that can be checked is right, 2 something is missing, 4 something could not\n\
                  be looked at and nothing else is missing")]
pub struct SelfArgs {
    /// The rubric: a folder that holds `rubric.yaml`, or a YAML file
    #[arg(value_name = "RUBRIC")]
    rubric: PathBuf,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    /// File for the output, in place of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    target: TargetArgs,
}

/// Forms that a student's own result has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// For people.
    #[default]
    Text,
    /// For programs; versioned.
    Json,
    /// One page that needs nothing else, for the browser.
    Html,
    /// For wikis and pull requests.
    Markdown,
}

/// The result, each criterion with what was looked for and what to do.
#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    rubric: &'a str,
    id: &'a str,
    account: &'a str,
    state: State,
    score: Points,
    max: Points,
    manual_open: Points,
    unknown: Points,
    tasks: Vec<Part<'a>>,
}

#[derive(Serialize)]
struct Part<'a> {
    id: &'a str,
    score: Points,
    max: Points,
    criteria: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    result: &'a CriterionResult,
    what: &'a str,
    /// Of what is missed.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
}

impl<'a> Document<'a> {
    fn of(rubric: &'a Rubric, result: &'a StudentResult) -> Self {
        let criteria = rubric.by_id();
        let told = |result: &'a CriterionResult| {
            let criterion = criteria.get(result.id.as_str()).copied();
            Told {
                result,
                what: criterion.map_or("", |criterion| &criterion.what),
                next: criterion
                    .filter(|_| result.status == Status::Fail)
                    .map(|criterion| criterion.feedback.as_str()),
            }
        };
        let part = |task: &'a TaskResult| Part {
            id: &task.id,
            score: task.score,
            max: task.max,
            criteria: task.criteria.iter().map(told).collect(),
        };
        Self {
            format_version: 1,
            rubric: &rubric.name,
            id: &result.id,
            account: &result.account,
            state: result.state,
            score: result.score,
            max: result.max,
            manual_open: result.manual_open,
            unknown: result.unknown,
            tasks: result.tasks.iter().map(part).collect(),
        }
    }
}

pub(super) async fn run(ui: &Ui, args: &SelfArgs) -> Result<Exit, Error> {
    let rubric = visible(&super::rubric(ui, &args.rubric)?);
    let evidence = own::read(ui, &args.target, &rubric, "self", crate::grade::evidence::Way::Own).await?;
    let mut result = mark(&rubric, &evidence, &std::collections::BTreeMap::new());
    result.fingerprint = None;
    let student =
        Student { id: result.id.clone(), account: Some(result.account.clone()), ..Student::default() };
    let destination = Destination::of(args.output.as_deref());
    let text = match args.format {
        Form::Text => {
            student_text(&rubric, &student, &result, &|tone, text| destination.paint(ui, tone, text))
        }
        Form::Json => to_text(&Document::of(&rubric, &result))? + "\n",
        Form::Html => student_html(&rubric, &student, &result),
        Form::Markdown => student_markdown(&rubric, &student, &result),
    };
    destination.hand_over(ui, &text)?;
    Ok(exit(&result))
}

/// What is missing weighs more than what could not be looked at; what a person judges weighs nothing here.
fn exit(result: &StudentResult) -> Exit {
    let has = |status: Status| {
        result.tasks.iter().flat_map(|task| &task.criteria).any(|criterion| criterion.status == status)
    };
    match (has(Status::Fail), has(Status::Unknown)) {
        (true, _) => Exit::Differs,
        (false, true) => Exit::Unseen,
        (false, false) => Exit::Ok,
    }
}
