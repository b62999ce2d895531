//! `iamlab schema`

use clap::{Args, ValueEnum};

use crate::audit::{attestation, exception};
use crate::error::Exit;
use crate::grade::rubric;
use crate::scenario::model::schema;
use crate::ui::Ui;

/// Print the JSON Schema of a file format, for editors
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  iamlab schema scenario > scenario.schema.json")]
pub struct SchemaArgs {
    /// The format
    #[arg(value_enum)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// A scenario: what `iamlab provision` reads.
    Scenario,
    /// A rubric: what `iamlab grade` reads.
    Rubric,
    /// Failures that somebody answers for: what `iamlab audit run --exceptions` reads.
    Exceptions,
    /// Answers to manual controls: what `iamlab audit run --attestations` reads.
    Attestations,
}

pub(super) fn run(ui: &Ui, args: &SchemaArgs) -> Exit {
    let schema = match args.format {
        Format::Scenario => schema(),
        Format::Rubric => rubric::schema(),
        Format::Exceptions => exception::schema(),
        Format::Attestations => attestation::schema(),
    };
    ui.data(&format!("{schema:#}"));
    Exit::Ok
}
