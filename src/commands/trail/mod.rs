//! `iamlab trail`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::output::Destination;
use super::to_text;
use crate::cli::{TargetArgs, moment};
use crate::error::{Error, ErrorKind, Exit};
use crate::report::trail::{Ended, Look, look_text};
use crate::scenario::model::DEFAULT_REGION;
use crate::trail::filter::Filter;
use crate::trail::place::{RETENTION, home_region};
use crate::trail::resource::Resource;
use crate::trail::sql::{Place, Statement, Table};
use crate::ui::{Tone, Ui};

mod gather;
mod history;
mod last_root_login;
mod who;

/// Ask the event history who did what
#[derive(Debug, Subcommand)]
pub enum TrailCommand {
    /// Tell when the root user last signed in, with MFA or without, from where
    LastRootLogin(last_root_login::LastRootLoginArgs),
    /// List events: who did what, to what, from where, and whether it worked
    History(history::HistoryArgs),
    /// Tell who created, changed or deleted something, and when
    Who(who::WhoArgs),
}

pub(super) async fn run(ui: &Ui, command: TrailCommand) -> Result<Exit, Error> {
    match command {
        TrailCommand::LastRootLogin(args) => last_root_login::run(ui, &args).await,
        TrailCommand::History(args) => history::run(ui, &args).await,
        TrailCommand::Who(args) => who::run(ui, &args).await,
    }
}

/// The first day of a table, unless one is named.
const START: Date = Date::constant(2020, 1, 1);

/// Where the events are.
#[derive(Debug, Clone, Args)]
struct SourceArgs {
    /// Read the log files of a trail in this folder; no account is contacted
    #[arg(long, value_name = "DIR", conflicts_with = "sql", help_heading = "Source")]
    logs: Option<PathBuf>,
    /// Look at no more than N events [0: all]
    #[arg(long, value_name = "N", default_value_t = 20_000, help_heading = "Source")]
    scan: u64,
    #[command(flatten)]
    sql: SqlArgs,
    #[command(flatten)]
    target: TargetArgs,
}

/// The question as statements for Athena.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Athena")]
struct SqlArgs {
    /// Print the statements that ask Athena the same, over a trail's bucket; no account is contacted
    #[arg(long, requires = "bucket")]
    sql: bool,
    /// The bucket with the trail's log files
    #[arg(long, value_name = "NAME", requires = "sql")]
    bucket: Option<String>,
    /// What stands before `AWSLogs/` in the bucket
    #[arg(long, value_name = "PATH", requires = "sql")]
    prefix: Option<String>,
    /// The organization, for an organization's trail
    #[arg(long, value_name = "ID", requires = "sql")]
    organization: Option<String>,
    /// The regions of the table [default: that of IAM, and `--region`]
    #[arg(long, value_name = "REGION", value_delimiter = ',', requires = "sql")]
    regions: Vec<String>,
    /// The first day of the table [default: 2020-01-01, or that of `--since` when it is earlier]
    #[arg(long, value_name = "DAY", requires = "sql")]
    start: Option<Date>,
    /// The name of the table
    #[arg(long, value_name = "NAME", default_value = "cloudtrail_logs", requires = "sql")]
    table: String,
}

/// Where the answer goes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
struct OutputArgs {
    /// Form of the output
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Form,
    /// Write to this file; `-` is stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Forms of the output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people: a line per event.
    #[default]
    Text,
    /// For programs; versioned, with the records themselves.
    Json,
    /// For spreadsheets: a row per event.
    Csv,
}

/// A moment that people write: a time, a day, or how long ago it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// This time.
    At(Timestamp),
    /// So long ago.
    Ago(SignedDuration),
}

/// Reads a time, a day, `7d`, `24h` or `30m`.
fn when(text: &str) -> Result<Moment, String> {
    let ago = || {
        let (number, seconds) = match text.char_indices().last()? {
            (at, 'd') => (text.get(..at)?, 86_400),
            (at, 'h') => (text.get(..at)?, 3_600),
            (at, 'm') => (text.get(..at)?, 60),
            _ => return None,
        };
        let number: u32 = number.parse().ok()?;
        Some(Moment::Ago(SignedDuration::from_secs(i64::from(number).checked_mul(seconds)?)))
    };
    if let Some(ago) = ago() {
        return Ok(ago);
    }
    moment(text).map(Moment::At).map_err(|error| format!("{error}, or how long ago as `7d` or `24h`"))
}

/// Reads what [`when`] reads; a day is meant to its end, because events have whole seconds.
fn until(text: &str) -> Result<Moment, String> {
    let moment = when(text)?;
    Ok(match moment {
        Moment::At(at) if text.parse::<Date>().is_ok() && !text.contains(['T', 't', ' ']) => {
            Moment::At(at.saturating_add(SignedDuration::from_secs(86_399)).unwrap_or(Timestamp::MAX))
        }
        moment => moment,
    })
}

impl Moment {
    /// Returns the time, as of `now`.
    fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => now.saturating_sub(ago).unwrap_or(Timestamp::MIN),
        }
    }
}

impl OutputArgs {
    fn destination(&self) -> Destination<'_> {
        Destination::of(self.output.as_deref())
    }

    /// Hands the answer over.
    fn hand_over(&self, ui: &Ui, text: &str) -> Result<(), Error> {
        self.destination().hand_over(ui, text)
    }

    /// Colours what goes to the screen, and nothing that goes to a file.
    fn paint(&self, ui: &Ui, tone: Tone, text: &str) -> String {
        self.destination().paint(ui, tone, text)
    }
}

impl SourceArgs {
    /// Returns what is left of everybody's events: of log files, those of the account and the region that were named.
    fn filter(&self) -> Filter {
        if self.logs.is_none() {
            return Filter::default();
        }
        let TargetArgs { account, region, .. } = &self.target;
        Filter { account: account.clone(), region: region.clone(), ..Filter::default() }
    }

    /// Returns the region to look at, if it was named: by `--region`, or in the resource's ARN. `home_only` is whether
    /// what is asked for is recorded in the partition's home region and nowhere else.
    fn place<'a>(
        &'a self,
        home_only: bool,
        resource: Option<&'a Resource>,
    ) -> Result<Option<&'a str>, Error> {
        let named = self.target.region.as_deref();
        if let Some(region) = named.filter(|region| home_only && *region != home_region(region)) {
            let home = home_region(region);
            return Err(Error::usage(format!(
                "IAM's events and the sign-ins of root are recorded in {home} and never in `{region}`"
            ))
            .hinted("leave `--region` out"));
        }
        let of_arn = resource.and_then(Resource::region);
        match (named, of_arn, resource) {
            (Some(named), Some(other), Some(resource)) if named != other => {
                Err(Error::usage(format!("`{}` is in `{other}` and not in `{named}`", resource.label()))
                    .hinted("leave `--region` out"))
            }
            _ => Ok(named.or(of_arn)),
        }
    }

    /// Makes the table of a question for Athena.
    fn table(&self, home_only: bool, filter: &Filter) -> Result<Table, Error> {
        in_order(filter)?;
        let sql = &self.sql;
        let Some(account) = self.target.account.as_deref() else {
            return Err(Error::usage("the table is over the log files of one account")
                .hinted("name it with `--account ID`: the log files lie under `AWSLogs/ID/`"));
        };
        let region = self.place(home_only, filter.resource.as_ref())?;
        let named = region.unwrap_or(DEFAULT_REGION);
        let mut regions = sql.regions.clone();
        if regions.is_empty() {
            regions = gather::regions(named, region.is_some(), home_only);
        }
        let home = home_region(regions.first().map_or(named, String::as_str)).to_owned();
        if home_only && !regions.contains(&home) {
            regions.push(home);
        }
        let since = filter.since.map(|since| since.to_zoned(TimeZone::UTC).date());
        let start = match (sql.start, since) {
            (Some(start), Some(since)) if since < start => {
                return Err(Error::usage(format!("`--since` is before the table's first day, {start}"))
                    .hinted("name an earlier one with `--start`, or leave it out"));
            }
            (Some(start), _) => start,
            (None, since) => since.map_or(START, |since| since.min(START)),
        };
        let place = Place {
            bucket: sql.bucket.as_deref().unwrap_or_default(),
            prefix: sql.prefix.as_deref(),
            organization: sql.organization.as_deref(),
            account,
            regions: &regions,
            start,
            table: &sql.table,
        };
        Table::new(&place).map_err(Error::usage)
    }
}

/// Prints statements.
fn print_sql(ui: &Ui, output: &OutputArgs, statements: &[Statement]) -> Result<Exit, Error> {
    let text = match output.format {
        Form::Json => to_text(&json!({ "format_version": 1, "statements": statements }))? + "\n",
        Form::Csv => {
            return Err(Error::usage("statements are no table").hinted("leave `--format csv` out"));
        }
        Form::Text => {
            let each = statements.iter().map(|it| format!("-- {}\n{};\n", it.purpose, it.sql));
            each.collect::<Vec<_>>().join("\n")
        }
    };
    output.hand_over(ui, &text)?;
    Ok(Exit::Ok)
}

/// Tells how the command ends, by how far was looked.
fn exit(look: &Look) -> Exit {
    match look.ended {
        Ended::Interrupted(_) => Exit::Interrupted,
        _ if look.is_complete() => Exit::Ok,
        _ => Exit::Unseen,
    }
}

/// Fails when a question is about no time at all.
fn in_order(filter: &Filter) -> Result<(), Error> {
    match (filter.since, filter.until) {
        (Some(since), Some(until)) if since > until => Err(Error::usage("`--since` is after `--until`")),
        _ => Ok(()),
    }
}

/// Fails when `since` or `until` are no part of what the event history holds.
fn within_history(
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    begins: Timestamp,
) -> Result<(), Error> {
    if since.is_some_and(|since| since > begins.saturating_add(RETENTION).unwrap_or(Timestamp::MAX)) {
        return Err(Error::usage("`--since` is in the future"));
    }
    // A day that began 90 days ago is asked for as a whole; what it lacks is told by the window.
    let too_old = |at: Timestamp| at.saturating_add(SignedDuration::from_hours(24)).unwrap_or(at) < begins;
    if since.is_some_and(too_old) || until.is_some_and(|until| until < begins) {
        let begins = begins.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC");
        return Err(Error::usage(format!("the event history goes back 90 days, to {begins}"))
            .hinted("older events are in a trail's log files: `--logs DIR` reads a copy of them")
            .hinted("`--sql --bucket NAME` prints the statements that ask Athena"));
    }
    Ok(())
}

/// Tells on stderr what a table has no place for: what was looked at, and what was not.
fn told_apart(ui: &Ui, look: &Look) {
    if !look.is_complete() {
        ui.warn(look_text(look, 0).trim());
    }
}

/// Writes a document for programs, with a line's end.
fn json_text(document: &Value) -> Result<String, Error> {
    Ok(to_text(document)? + "\n")
}

/// Makes an error of ours of one while rendering.
fn unrendered(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Internal, "the answer cannot be written").caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_times_days_and_how_long_ago() {
        let now: Timestamp = "2026-03-08T12:00:00Z".parse().unwrap();
        for (text, at) in [
            ("7d", "2026-03-01T12:00:00Z"),
            ("24h", "2026-03-07T12:00:00Z"),
            ("30m", "2026-03-08T11:30:00Z"),
            ("2026-03-02", "2026-03-02T00:00:00Z"),
            ("2026-03-02T09:00:00+01:00", "2026-03-02T08:00:00Z"),
        ] {
            assert_eq!(when(text).unwrap().at(now).to_string(), at, "{text}");
        }
        for (text, at) in
            [("2026-03-02", "2026-03-02T23:59:59Z"), ("2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z")]
        {
            assert_eq!(until(text).unwrap().at(now).to_string(), at, "the end of a day");
        }
        for wrong in ["", "d", "-7d", "7w", "99999999999d", "soon", "７d"] {
            assert!(when(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_older_than_the_history_is_a_question_for_somebody_else() {
        let begins: Timestamp = "2026-01-01T09:00:00Z".parse().unwrap();
        let at = |text: &str| Some(text.parse().unwrap());
        assert!(within_history(at("2026-01-01T00:00:00Z"), None, begins).is_ok(), "the day it begins");
        let error = within_history(at("2025-12-01T00:00:00Z"), None, begins).unwrap_err();
        assert!(error.exit() == Exit::Usage && error.hints().iter().any(|hint| hint.contains("--sql")));
        assert!(within_history(None, at("2025-12-31T00:00:00Z"), begins).is_err());
        assert!(within_history(at("2030-01-01T00:00:00Z"), None, begins).unwrap_err().exit() == Exit::Usage);
        assert!(within_history(None, None, begins).is_ok());
    }
}
