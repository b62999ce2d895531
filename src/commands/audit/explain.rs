//! `iamlab audit explain`

use clap::Args;
use serde::Serialize;

use super::known_benchmark;
use crate::audit::benchmark::{self, Benchmark};
use crate::audit::page::{Answer, Page, names};
use crate::cli::Format;
use crate::commands::to_text;
use crate::error::{Error, Exit};
use crate::report::wrap::wrap;
use crate::scenario::suggest::closest;
use crate::ui::{Tone, Ui};

/// Where lines of text are broken.
const WIDTH: usize = 100;

/// Explain a control: what looks at it, why it matters, how to mend it, its numbers elsewhere
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  iamlab audit explain 1.2\n  iamlab audit explain 2.10 --benchmark cis-aws-7.0.0\n  \
                        iamlab audit explain access-key-old --format json"
)]
pub struct ExplainArgs {
    /// A control's number, a topic, or a check
    #[arg(value_name = "ID")]
    id: String,
    /// The benchmark whose number it is
    #[arg(long, value_name = "ID", value_parser = known_benchmark, default_value = benchmark::DEFAULT)]
    benchmark: &'static Benchmark,
    /// Form of the output
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    format: Format,
}

/// What programs read.
#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    #[serde(flatten)]
    page: &'a Page,
}

pub(super) fn run(ui: &Ui, args: &ExplainArgs) -> Result<Exit, Error> {
    let page = Page::find(&args.id, args.benchmark).ok_or_else(|| stranger(&args.id, args.benchmark))?;
    match args.format {
        Format::Json => ui.data(&to_text(&Document { format_version: 1, page: &page })?),
        Format::Text => text(ui, &page),
    }
    Ok(Exit::Ok)
}

fn stranger(id: &str, benchmark: &'static Benchmark) -> Error {
    let message = format!("`{id}` is no control of {}, no topic and no check", benchmark.id);
    let owner = benchmark::all().iter().find(|other| other.controls.iter().any(|control| control.id == id));
    let hint = match (owner, closest(id, names(benchmark))) {
        (Some(owner), _) => format!("{} has one; name it with `--benchmark {}`", owner.id, owner.id),
        (None, Some(close)) => format!("did you mean `{close}`?"),
        (None, None) => format!("`iamlab audit controls --benchmark {}` lists them", benchmark.id),
    };
    Error::usage(message).hinted(hint)
}

fn text(ui: &Ui, page: &Page) {
    ui.data(&ui.paint(Tone::Strong, &format!("{} {}", page.control, page.title)));
    let severity = page.severity.map_or("", |severity| severity.word());
    ui.data(&ui.paint(
        Tone::Dim,
        &format!("{}, {}, level {}, severity {severity}", page.benchmark, page.section, page.level),
    ));
    for answer in &page.checks {
        part(ui, "Check", &format!("{}: {}", answer.check, answer.title));
        of_check(ui, answer);
    }
    if let Some(manual) = page.manual {
        part(ui, "By a person", &manual.manual);
        part(ui, "Looks at", &manual.looks_at);
        part(ui, "Why it matters", &manual.why);
        part(ui, "How to mend it", &manual.fix);
    }
    list(ui, "Elsewhere", elsewhere(page).into_iter());
    part(ui, "Topic", page.topic);
}

/// Returns the numbers in the other benchmarks, the same ones together: `1.7 in cis-aws-1.4.0, cis-aws-1.5.0`.
fn elsewhere(page: &Page) -> Vec<String> {
    let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
    for (benchmark, number) in page.numbers.iter().filter(|(benchmark, _)| **benchmark != page.benchmark) {
        match found.iter_mut().find(|(known, _)| known == number) {
            Some((_, benchmarks)) => benchmarks.push(benchmark),
            None => found.push((number, vec![benchmark])),
        }
    }
    found.iter().map(|(number, benchmarks)| format!("{number} in {}", benchmarks.join(", "))).collect()
}

fn of_check(ui: &Ui, answer: &Answer) {
    part(ui, "Looks at", answer.looks_at);
    part(ui, "Why it matters", answer.why);
    part(ui, "How to mend it", answer.fix);
    let numbers = answer.params.iter().map(|number| {
        let default = if number.value == number.default {
            String::new()
        } else {
            format!(" (unless a benchmark says so: {})", number.default)
        };
        format!("{} = {}{default}: {}", number.name, number.value, number.about)
    });
    list(ui, "Numbers", numbers);
    let reads = answer.reads.iter();
    list(ui, "Reads", reads.map(|read| format!("{} (`{}`)", read.name, read.permissions.join("`, `"))));
    list(ui, "Sources", answer.sources.iter().map(|source| (*source).to_owned()));
}

/// Writes a heading and a paragraph.
fn part(ui: &Ui, heading: &str, text: &str) {
    ui.data(&format!("\n{}", ui.paint(Tone::Strong, heading)));
    for line in wrap(text, WIDTH - 2) {
        ui.data(&format!("  {line}"));
    }
}

/// Writes a heading and one line for each item, or nothing.
fn list(ui: &Ui, heading: &str, items: impl Iterator<Item = String>) {
    for (at, item) in items.enumerate() {
        if at == 0 {
            ui.data(&format!("\n{}", ui.paint(Tone::Strong, heading)));
        }
        ui.data(&format!("  {item}"));
    }
}
