//! `iamlab grade selftest`

use std::path::PathBuf;

use clap::Args;

use crate::cli::Format;
use crate::commands::to_text;
use crate::error::{Error, Exit};
use crate::grade::selftest::{Options, Outcome, Report, Verdict, selftest};
use crate::report::escape::visible;
use crate::ui::{Tone, Ui};

/// Mutate the reference lab and see that the rubric catches every mutation
///
/// The rubric's scenario is brought up in accounts in memory. As it is, with what students do, it has to score full on
/// everything that no person judges; the empty account scores nothing. Then each of its properties is changed, one at a
/// time: what costs nothing is a hole in the rubric, unless `free:` says that it is left to the student, and then it must
/// cost nothing; a criterion that no change trips is dead.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab grade selftest scenarios/iam-auditing\n  \
    iamlab grade selftest scenarios/iam-auditing --only \"user.User1 *\"\n  \
    iamlab grade selftest scenarios/iam-auditing --format json > selftest.json\n\n\
    Exit code: 0 the rubric has no hole, no dead and no unfair criterion, 1 it could not be tested, 2 it has one")]
pub struct SelftestArgs {
    /// The rubric: a folder that holds `rubric.yaml`, or a YAML file
    #[arg(value_name = "RUBRIC")]
    rubric: PathBuf,
    /// Only mutations whose name holds this text; `*` stands for any characters
    #[arg(long, value_name = "PATTERN")]
    only: Option<String>,
    /// Accounts tried at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    parallelism: u16,
    /// Form of the output
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    format: Format,
}

pub(super) async fn run(ui: &Ui, args: &SelftestArgs) -> Result<Exit, Error> {
    let rubric = super::rubric(ui, &args.rubric)?;
    let options = Options { only: args.only.clone(), parallelism: usize::from(args.parallelism) };
    let tell = |count: usize, name: Option<&str>| match name {
        None => ui.begin_progress(count),
        Some(name) => {
            ui.progress_message(&visible(name));
            ui.advance();
        }
    };
    let report = selftest(rubric, &options, &tell).await;
    ui.end_progress();
    let report = report?;
    match args.format {
        Format::Json => ui.data(&to_text(&report)?),
        Format::Text => text(ui, &report),
    }
    Ok(if report.is_clean() { Exit::Ok } else { Exit::Differs })
}

fn text(ui: &Ui, report: &Report) {
    let names = report.mutations.iter().map(|outcome| visible(&outcome.mutation).chars().count());
    let width = names.max().unwrap_or_default().min(WIDEST);
    for outcome in &report.mutations {
        let name = visible(&outcome.mutation);
        ui.data(&format!("{name:width$}  {}", became(ui, outcome)));
    }
    if !report.mutations.is_empty() {
        ui.data("");
    }
    for short in &report.short {
        let (id, message) = (visible(&short.criterion), visible(&short.message));
        let what = format!("{id} gives the reference {} of {}: {message}", short.earned, short.points);
        ui.data(&ui.paint(Tone::Bad, &what));
    }
    for given in &report.empty {
        let (id, message) = (visible(&given.criterion), visible(&given.message));
        let what = format!("{id} gives the empty account {} of {}: {message}", given.earned, given.points);
        ui.data(&ui.paint(Tone::Bad, &what));
    }
    for dead in &report.dead {
        ui.data(&ui.paint(Tone::Bad, &format!("{} is dead: no mutation trips it", visible(dead))));
    }
    for idle in &report.idle {
        ui.data(
            &ui.paint(Tone::Change, &format!("free: `{}` is no property of the reference", visible(idle))),
        );
    }
    let summary = report.summary;
    ui.data(&format!(
        "the reference scores {} of {} without a person, the empty account {}; {} mutations: {} caught, {} free, \
         {}, {} unfair, {} dead, {} undecided; {} not counted",
        report.score,
        report.automatic,
        if report.empty.is_empty() { "nothing" } else { "points" },
        summary.mutations,
        summary.caught,
        summary.free,
        if summary.holes == 1 { "1 hole".to_owned() } else { format!("{} holes", summary.holes) },
        summary.unfair,
        summary.dead,
        summary.undecided,
        summary.not_counted,
    ));
    if report.partial {
        ui.data("dead criteria are told when all mutations are tried");
    }
}

/// The most characters that the names of mutations are padded to.
const WIDEST: usize = 90;

/// Says what became of a mutation.
fn became(ui: &Ui, outcome: &Outcome) -> String {
    let by =
        outcome.caught_by.iter().map(|caught| format!("{} -{}", visible(&caught.criterion), caught.points));
    let by = by.collect::<Vec<_>>().join(", ");
    let because = visible(outcome.because.as_deref().unwrap_or_default()).into_owned();
    let undecided = match outcome.undecided.as_slice() {
        [] => String::new(),
        some => ui.paint(Tone::Bad, &format!(" (UNDECIDED: {})", visible(&some.join(", ")))),
    };
    let said = match outcome.verdict {
        Verdict::Caught => by,
        Verdict::Hole => ui.paint(Tone::Bad, "HOLE: costs nothing"),
        Verdict::Free => ui.paint(Tone::Dim, &format!("free: {because}")),
        Verdict::Unfair => ui.paint(Tone::Bad, &format!("UNFAIR: {by}, though {because}")),
        Verdict::Unchanged => ui.paint(Tone::Change, "not counted: it makes no difference"),
        Verdict::Refused => {
            ui.paint(Tone::Dim, &format!("not counted: the account does not take it: {because}"))
        }
    };
    said + &undecided
}
