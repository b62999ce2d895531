//! `iamlab trail who`

use std::cmp::Reverse;

use clap::Args;
use jiff::Timestamp;

use super::gather::gather;
use super::{
    Form, Moment, OutputArgs, SourceArgs, exit, json_text, print_sql, unrendered, until, when, within_history,
};
use crate::error::{Error, Exit};
use crate::report::trail::{Row, to_csv, who_json, who_text};
use crate::trail::collector::{Asked, Question};
use crate::trail::filter::Filter;
use crate::trail::resource::Resource;
use crate::ui::Ui;

/// Tell who created, changed or deleted something, and when
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab trail who created user/User2\n  \
    iamlab trail who changed group/IAM-Auditor-Group\n  \
    iamlab trail who changed security-group/sg-0123456789abcdef0 --region eu-central-1\n  \
    iamlab trail who deleted function/iam-auditor --logs trail-logs/\n  \
    iamlab trail who changed role/IAM-Auditor-role --sql --bucket my-trail --account 123456789012\n\n\
    What hangs on a thing belongs to it: who made a key of a user changed the user. Attempts that failed are told apart.\n\n\
    Exit codes: 0 looked, 4 something could not be looked at (what was found is shown), 130 interrupted (as well)")]
pub struct WhoArgs {
    /// What was done
    #[arg(value_enum, value_name = "created|changed|deleted", hide_possible_values = true)]
    asked: Asked,
    /// To what: `user/Name`, `group/Name`, `role/Name`, `policy/Name`, `function/Name`, `topic/Name`,
    /// `security-group/sg-…`, `instance/i-…`, an ARN, or a bare name
    #[arg(value_name = "RESOURCE", value_parser = Resource::parse)]
    resource: Resource,
    /// Not before this time or day, or how long ago: `7d`, `24h`
    #[arg(long, value_name = "TIME", value_parser = when, help_heading = "Filter")]
    since: Option<Moment>,
    /// Not after this time or day, or how long ago
    #[arg(long, value_name = "TIME", value_parser = until, help_heading = "Filter")]
    until: Option<Moment>,
    /// Show the N newest [0: all]
    #[arg(long, value_name = "N", default_value_t = 20, help_heading = "Output")]
    limit: usize,
    /// Do not look for who started a role's session
    #[arg(long)]
    no_starters: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    source_args: SourceArgs,
}

impl WhoArgs {
    fn question(&self, now: Timestamp) -> Question {
        let filter = Filter {
            resource: Some(self.resource.clone()),
            since: self.since.map(|since| since.at(now)),
            until: self.until.map(|until| until.at(now)),
            read_only: Some(false),
            ..self.source_args.filter()
        };
        Question::Deed(filter, self.resource.clone(), self.asked)
    }
}

pub(super) async fn run(ui: &Ui, args: &WhoArgs) -> Result<Exit, Error> {
    let (source, resource, asked) = (&args.source_args, &args.resource, args.asked);
    if source.sql.sql {
        let question = args.question(crate::clock::Clock::System.now());
        let table = source.table(resource.is_global(), question.filter())?;
        let who = table.who(asked.deed(), resource, question.filter(), args.limit).map_err(Error::usage)?;
        return print_sql(ui, &args.output, &[table.create(), who]);
    }
    let check = |filter: &Filter, begins| within_history(filter.since, filter.until, begins);
    let question = |now| args.question(now);
    let (look, found) =
        gather(ui, source, args.limit, !args.no_starters, resource.is_global(), question, check).await?;
    let row = |event| Row::new(event, &found.starts);
    let rows: Vec<Row<'_>> = found.kept.newest_first().map(row).collect();
    let attempts: Vec<Row<'_>> = found.attempts.newest_first().map(row).collect();
    let text = match args.output.format {
        Form::Text => {
            let paint = |tone, text: &str| args.output.paint(ui, tone, text);
            who_text(&look, asked, resource, &rows, (&attempts, found.attempts.total()), &paint)
        }
        Form::Json => {
            json_text(&who_json(&look, asked, resource, &rows, (&attempts, found.attempts.total())))?
        }
        Form::Csv => {
            super::told_apart(ui, &look);
            let mut all: Vec<_> = found.all().collect();
            all.sort_by_key(|event| Reverse(event.time));
            to_csv(&all.into_iter().map(row).collect::<Vec<_>>()).map_err(unrendered)?
        }
    };
    args.output.hand_over(ui, &text)?;
    Ok(exit(&look))
}
