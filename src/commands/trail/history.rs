//! `iamlab trail history`

use clap::Args;
use jiff::Timestamp;

use super::gather::gather;
use super::{
    Form, Moment, OutputArgs, SourceArgs, exit, json_text, print_sql, unrendered, until, when, within_history,
};
use crate::error::{Error, Exit};
use crate::report::trail::{Row, history_json, history_text, to_csv};
use crate::trail::collector::Question;
use crate::trail::filter::{Filter, Pattern, Who};
use crate::trail::resource::Resource;
use crate::ui::Ui;

/// List events: who did what, to what, from where, and whether it worked
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab trail history --errors\n  \
    iamlab trail history --user User3 --since 24h\n  \
    iamlab trail history --event ConsoleLogin --format csv -o sign-ins.csv\n  \
    iamlab trail history --resource group/IAM-Auditor-Group --writes --profile lab\n  \
    iamlab trail history --user root --logs trail-logs/\n  \
    iamlab trail history --errors --since 2025-01-01 --sql --bucket my-trail --account 123456789012\n\n\
    The newest first. A role's session is shown with who started it; on AWS that takes lookups of its own, which\n\
    are counted (`--no-starters` leaves them out). AWS allows two lookups a second.\n\n\
    Exit codes: 0 looked, 4 something could not be looked at (what was found is shown), 130 interrupted (as well)")]
pub struct HistoryArgs {
    /// Who: `User3`, `root`, `role/Name`, the name of a role's session, an ARN, an access key
    #[arg(long, value_name = "WHO", value_parser = Who::parse, help_heading = "Filter")]
    user: Option<Who>,
    /// What was called: `ConsoleLogin`, or with `*` at the end how it begins
    #[arg(long, value_name = "NAME", value_parser = Pattern::parse, help_heading = "Filter")]
    event: Option<Pattern>,
    /// What it was about: `group/Name`, an ARN, or a bare name
    #[arg(long, value_name = "RESOURCE", value_parser = Resource::parse, help_heading = "Filter")]
    resource: Option<Resource>,
    /// The service: `iam`, or `iam.amazonaws.com`
    #[arg(long, value_name = "SERVICE", value_parser = source, help_heading = "Filter")]
    source: Option<String>,
    /// Not before this time or day, or how long ago: `7d`, `24h`
    #[arg(long, value_name = "TIME", value_parser = when, help_heading = "Filter")]
    since: Option<Moment>,
    /// Not after this time or day, or how long ago
    #[arg(long, value_name = "TIME", value_parser = until, help_heading = "Filter")]
    until: Option<Moment>,
    /// Only what failed
    #[arg(long, help_heading = "Filter")]
    errors: bool,
    /// Only what read
    #[arg(long, conflicts_with = "writes", help_heading = "Filter")]
    read_only: bool,
    /// Only what changed something
    #[arg(long, help_heading = "Filter")]
    writes: bool,
    /// Show the N newest [0: all]
    #[arg(long, value_name = "N", default_value_t = 50, help_heading = "Output")]
    limit: usize,
    /// Do not look for who started a role's session
    #[arg(long)]
    no_starters: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    source_args: SourceArgs,
}

/// Reads the name of a service.
fn source(text: &str) -> Result<String, String> {
    let fits = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
    };
    match fits(text) {
        true if text.contains('.') => Ok(text.to_owned()),
        true => Ok(format!("{text}.amazonaws.com")),
        false => Err("name a service, as `iam` or `iam.amazonaws.com`".to_owned()),
    }
}

impl HistoryArgs {
    fn filter(&self, now: Timestamp) -> Filter {
        Filter {
            who: self.user.clone(),
            event: self.event.clone(),
            resource: self.resource.clone(),
            source: self.source.clone(),
            since: self.since.map(|since| since.at(now)),
            until: self.until.map(|until| until.at(now)),
            errors: self.errors,
            read_only: match (self.read_only, self.writes) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            },
            ..self.source_args.filter()
        }
    }
}

pub(super) async fn run(ui: &Ui, args: &HistoryArgs) -> Result<Exit, Error> {
    let source = &args.source_args;
    if source.sql.sql {
        let filter = args.filter(crate::clock::Clock::System.now());
        let table = source.table(false, &filter)?;
        return print_sql(ui, &args.output, &[table.create(), table.history(&filter, args.limit)]);
    }
    let home_only = args.source.as_deref() == Some("iam.amazonaws.com");
    let question = |now| Question::History(args.filter(now));
    let check = |filter: &Filter, begins| within_history(filter.since, filter.until, begins);
    let (look, found) = gather(ui, source, args.limit, !args.no_starters, home_only, question, check).await?;
    let rows: Vec<Row<'_>> = found.kept.newest_first().map(|event| Row::new(event, &found.starts)).collect();
    let text = match args.output.format {
        Form::Text => history_text(&look, &rows, &|tone, text| args.output.paint(ui, tone, text)),
        Form::Json => json_text(&history_json(&look, &rows))?,
        Form::Csv => {
            super::told_apart(ui, &look);
            to_csv(&rows).map_err(unrendered)?
        }
    };
    args.output.hand_over(ui, &text)?;
    Ok(exit(&look))
}
