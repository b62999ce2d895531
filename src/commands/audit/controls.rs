//! `iamlab audit controls`

use clap::Args;
use serde_json::{Map, Value, json};

use super::{benchmarks, known_benchmark};
use crate::audit::benchmark::{Benchmark, Control, elsewhere};
use crate::audit::bridge::{Line, Move, side_by_side};
use crate::cli::Format;
use crate::commands::to_text;
use crate::error::{Error, Exit};
use crate::ui::{Tone, Ui};

/// List the controls of a benchmark, or of several side by side
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab audit controls\n  \
    iamlab audit controls --benchmark cis-aws-1.2.0 --benchmark cis-aws-5.0.0     what a move changes\n  \
    iamlab audit controls --benchmark iam-best-practices --format json\n\n\
    Benchmarks: iam-best-practices, and cis-aws-VERSION of 1.2.0, 1.4.0, 1.5.0, 2.0.0, 3.0.0, 4.0.1, 5.0.0, 6.0.0, 7.0.0.\n\
    With two, the list tells what is new, dropped, renumbered or has another rule; with more, all numbers of each topic.")]
pub struct ControlsArgs {
    /// A benchmark; repeatable [default: cis-aws-1.2.0]
    #[arg(long, value_name = "ID", value_parser = known_benchmark)]
    benchmark: Vec<&'static Benchmark>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    format: Format,
}

pub(super) fn run(ui: &Ui, args: &ControlsArgs) -> Result<Exit, Error> {
    let chosen = benchmarks(&args.benchmark)?;
    match (args.format, chosen.as_slice()) {
        (Format::Json, _) => ui.data(&to_text(&document(&chosen))?),
        (Format::Text, [one]) => list(ui, one),
        (Format::Text, [before, after]) => bridge(ui, before, after),
        (Format::Text, _) => table(ui, &chosen),
    }
    Ok(Exit::Ok)
}

/// Says what answers a control: its checks, or `manual`.
fn answer(control: &Control) -> String {
    if control.checks.is_empty() { "manual".to_owned() } else { control.checks.join(", ") }
}

fn widest<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(str::len).max().unwrap_or_default()
}

fn list(ui: &Ui, benchmark: &'static Benchmark) {
    let controls = &benchmark.controls;
    let manual = controls.iter().filter(|control| control.checks.is_empty()).count();
    ui.data(&ui.paint(Tone::Strong, &format!("{} ({})", benchmark.title, benchmark.id)));
    ui.data(&format!(
        "{} controls: {} answered by checks, {manual} by a person",
        controls.len(),
        controls.len() - manual
    ));
    let number = widest(controls.iter().map(|control| control.id.as_str()));
    let title = widest(controls.iter().map(|control| control.title.as_str()));
    let mut section = "";
    for control in controls {
        if benchmark.section(control) != section {
            section = benchmark.section(control);
            let first = control.id.split('.').next().unwrap_or_default();
            ui.data(&format!("\n{}", ui.paint(Tone::Strong, &format!("{first} {section}"))));
        }
        ui.data(&format!(
            "  {:number$}  {:title$}  {}",
            control.id,
            control.title,
            ui.paint(Tone::Dim, &format!("level {}  {}", control.level, answer(control)))
        ));
    }
}

fn bridge(ui: &Ui, before: &'static Benchmark, after: &'static Benchmark) {
    let lines = side_by_side(&[before, after]);
    let of = |change: Move| lines.iter().filter(move |line| line.change() == change);
    let counts = Move::ALL.map(|change| (of(change).count(), change.word())).into_iter();
    let counts = counts.filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    ui.data(&ui.paint(Tone::Strong, &format!("{} -> {}", before.id, after.id)));
    ui.data(&counts.collect::<Vec<_>>().join(", "));
    for change in Move::ALL {
        let numbers = |line: &Line| match (change, line.numbers().collect::<Vec<_>>()) {
            (Move::Renumbered, numbers) => numbers.join(" -> "),
            (_, numbers) => numbers.into_iter().rfind(|number| !number.is_empty()).unwrap_or_default(),
        };
        let width = of(change).map(|line| numbers(line).len()).max().unwrap_or_default();
        if width == 0 {
            continue;
        }
        let heading = match change {
            Move::New => format!("New in {}", after.id),
            Move::Dropped => format!("Dropped after {}", before.id),
            Move::Renumbered => "Under another number".to_owned(),
            Move::Changed => "Under the same number, by another rule".to_owned(),
            Move::Same => "The same".to_owned(),
        };
        ui.data(&format!("\n{}", ui.paint(Tone::Strong, &heading)));
        for line in of(change) {
            let differences = line.differences();
            let also = if differences.is_empty() {
                String::new()
            } else {
                ui.paint(Tone::Change, &format!("  ({})", differences.join(", ")))
            };
            let row = format!("{} {:width$}  {}", change.symbol(), numbers(line), line.title());
            ui.data(&format!("{}{also}", ui.paint(tone(change), &row)));
        }
    }
}

const fn tone(change: Move) -> Tone {
    match change {
        Move::New => Tone::Good,
        Move::Dropped => Tone::Bad,
        Move::Renumbered | Move::Changed => Tone::Change,
        Move::Same => Tone::Dim,
    }
}

fn table(ui: &Ui, chosen: &[&'static Benchmark]) {
    let lines = side_by_side(chosen);
    let rows: Vec<Vec<String>> = lines.iter().map(|line| line.numbers().collect()).collect();
    let widths: Vec<usize> = chosen
        .iter()
        .enumerate()
        .map(|(at, benchmark)| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(String::as_str);
            widest(cells).max(benchmark.id.len())
        })
        .collect();
    let row = |cells: &mut dyn Iterator<Item = &str>, last: &str| {
        let cells = cells.zip(&widths).map(|(cell, width)| {
            let cell = if cell.is_empty() { "-" } else { cell };
            format!("{cell:width$}")
        });
        format!("{}  {last}", cells.collect::<Vec<_>>().join("  "))
    };
    let head = row(&mut chosen.iter().map(|benchmark| benchmark.id.as_str()), "");
    ui.data(&ui.paint(Tone::Strong, head.trim_end()));
    for (line, numbers) in lines.iter().zip(&rows) {
        ui.data(&row(&mut numbers.iter().map(String::as_str), line.title()));
    }
}

fn document(chosen: &[&'static Benchmark]) -> Map<String, Value> {
    let benchmarks: Vec<Value> = chosen
        .iter()
        .map(|benchmark| {
            let controls = benchmark.controls.iter().map(|control| of_control(benchmark, control));
            json!({
                "id": benchmark.id,
                "title": benchmark.title,
                "version": benchmark.version,
                "source": benchmark.source,
                "controls": controls.collect::<Vec<_>>(),
            })
        })
        .collect();
    let mut document = Map::new();
    document.insert("format_version".into(), json!(1));
    document.insert("benchmarks".into(), json!(benchmarks));
    if let [before, after] = chosen {
        document.insert("changes".into(), side_by_side(&[before, after]).iter().map(of_line).collect());
    }
    document
}

fn of_line(line: &Line) -> Value {
    let numbers = |controls: &Vec<&'static Control>| -> Value {
        controls.iter().map(|control| control.id.as_str()).collect()
    };
    json!({
        "topic": line.topic,
        "title": line.title(),
        "change": line.change(),
        "before": line.controls.first().map(numbers),
        "after": line.controls.last().map(numbers),
        "differences": line.differences(),
    })
}

fn of_control(benchmark: &'static Benchmark, control: &'static Control) -> Value {
    json!({
        "control": control.id,
        "title": control.title,
        "section": benchmark.section(control),
        "topic": control.topic,
        "level": control.level,
        "severity": control.severity(),
        "automated": !control.checks.is_empty(),
        "checks": control.checks,
        "params": control.params,
        "also": elsewhere(&control.topic, &benchmark.id),
    })
}
