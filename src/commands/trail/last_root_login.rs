//! `iamlab trail last-root-login`

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;

use super::gather::{account, interrupted, progress, read_logs, unseen};
use super::{Form, OutputArgs, SourceArgs, exit, json_text, print_sql, unrendered};
use crate::account::credential_report::CredentialReport;
use crate::account::event::Event;
use crate::account::part::Part;
use crate::account::snapshot::Facet;
use crate::aws::collect::{Scope, collect};
use crate::aws::error::ApiError;
use crate::clock::Clock;
use crate::commands::offline;
use crate::error::{Error, Exit};
use crate::report::escape::plain;
use crate::report::trail::{Ended, Look, Row, root_login_json, root_login_text, sources_text, to_csv};
use crate::trail::filter::{Attribute, Filter, Pattern, Who};
use crate::trail::lookup::{Lookup, Stats, Stop};
use crate::trail::root_login::{ReportSays, RootLogin, account_of};
use crate::trail::sessions::Starts;
use crate::ui::Ui;

/// The event of a sign-in.
const SIGN_IN: &str = "ConsoleLogin";

/// Tell when the root user last signed in, with MFA or without, from where
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab trail last-root-login\n  \
    iamlab trail last-root-login --profile lab --format json\n  \
    iamlab trail last-root-login --logs trail-logs/ --credential-report status_reports.csv\n  \
    iamlab trail last-root-login --sql --bucket my-trail --account 123456789012 --start 2024-01-01\n\n\
    Root's sign-ins are recorded in us-east-1 (cn-north-1, us-gov-west-1), and looked up there. The credential report is read too: it knows the last use of root's password from before the 90 days.\n\n\
    Exit codes: 0 looked at both, 4 the history or the report could not be looked at (the other's answer is shown),\n\
    130 interrupted")]
pub struct LastRootLoginArgs {
    /// Take the credential report from this file
    #[arg(long, value_name = "FILE", help_heading = "Source")]
    credential_report: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    source: SourceArgs,
}

pub(super) async fn run(ui: &Ui, args: &LastRootLoginArgs) -> Result<Exit, Error> {
    args.source.place(true, None)?;
    if args.source.sql.sql {
        let table = args.source.table(true, &Filter::default())?;
        return print_sql(ui, &args.output, &[table.create(), table.last_root_login()]);
    }
    let given = args.credential_report.as_deref();
    let given = given.map(|path| offline::credential_report(path, &Clock::System)).transpose()?;
    let given = given.map(|snapshot| snapshot.credential_report);
    let (look, login) = match &args.source.logs {
        Some(folder) => {
            let none = "none was given; `--credential-report FILE` takes one".to_owned();
            let report = given.unwrap_or(Facet::NotRead(none));
            of_files(ui, args, folder, &report).await?
        }
        None => live(ui, args, given).await?,
    };
    let text = match args.output.format {
        Form::Text => root_login_text(&look, &login, &|tone, text| args.output.paint(ui, tone, text)),
        Form::Json => json_text(&root_login_json(&look, &login))?,
        Form::Csv => {
            super::told_apart(ui, &look);
            let starts = Starts::default();
            if let Some(sources) = sources_text(&look, &login) {
                ui.warn(&sources);
            }
            let all = login.failed.newest_first().chain(&login.last);
            to_csv(&all.map(|event| Row::new(event, &starts)).collect::<Vec<_>>()).map_err(unrendered)?
        }
    };
    args.output.hand_over(ui, &text)?;
    if args.output.format == Form::Text && look.files.is_none() {
        ui.hint("`iamlab trail history --user root` shows what else root did");
    }
    let report_missing = matches!(login.report, ReportSays::NotRead(_)) && look.files.is_none();
    Ok(match exit(&look) {
        Exit::Ok if report_missing => Exit::Unseen,
        other => other,
    })
}

/// Asks the account: its event history by the name of the event, because an alias changes root's name in it.
async fn live(
    ui: &Ui,
    args: &LastRootLoginArgs,
    given: Option<Facet<CredentialReport>>,
) -> Result<(Look, RootLogin), Error> {
    let account = account(&args.source, true).await?;
    let aws = &account.aws;
    if let Some(of_report) = given.as_ref().and_then(|report| account_of(report.read()?)) {
        same_account(&aws.caller.account, of_report)?;
    }
    ui.begin_progress(1);
    ui.progress_message("reading the credential report");
    let report = match given {
        Some(given) => given,
        None => collect(aws, &Scope::audit([Part::CredentialReport])).await.snapshot.credential_report,
    };
    let mut login = RootLogin::new(&report);
    let tell = |stats: &Stats| progress(ui, stats);
    let mut lookup = Lookup::new(aws, args.source.scan, &tell);
    let window = lookup.whole();
    let outcome = {
        let attribute = Attribute::EventName(SIGN_IN.to_owned());
        let login = &mut login;
        let lookup = &mut lookup;
        let search = async {
            let mut stop = Stop::End;
            for region in &account.regions {
                let mut visit = |event| {
                    if login.see_older(event) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                };
                stop = lookup.walk(region, Some(&attribute), window, &mut visit).await?;
            }
            Ok::<Stop, ApiError>(stop)
        };
        tokio::select! {
            outcome = Box::pin(search) => Some(outcome),
            () = interrupted() => None,
        }
    };
    ui.end_progress();
    let stats = lookup.stats();
    let ended = match outcome {
        None => Ended::Interrupted(stats.reached),
        // The last one is what was asked for: there is nothing more to find.
        Some(Ok(Stop::End | Stop::Enough)) => Ended::Whole,
        Some(Ok(Stop::Bound)) => Ended::Bound(stats.reached),
        Some(Err(error)) if stats.looked > 0 || report.read().is_some() => Ended::Failed(error.reason()),
        Some(Err(error)) => return Err(unseen(error)),
    };
    let look = Look {
        target: account.target,
        account: Some(aws.caller.account.clone()),
        regions: account.regions.clone(),
        window: Some(window),
        ended,
        looked: stats.looked,
        undecodable: stats.undecodable,
        for_sessions: 0,
        files: None,
        unread: Vec::new(),
        missing: Vec::new(),
        notes: Vec::new(),
        calls: Some(aws.meter.calls()),
    };
    Ok((look, login))
}

/// Reads log files. They may be of several accounts, each with a root of its own.
async fn of_files(
    ui: &Ui,
    args: &LastRootLoginArgs,
    folder: &std::path::Path,
    report: &Facet<CredentialReport>,
) -> Result<(Look, RootLogin), Error> {
    let target = &args.source.target;
    let of_report = report.read().and_then(account_of);
    if let (Some(named), Some(of_report)) = (target.account.as_deref(), of_report) {
        same_account(named, of_report)?;
    }
    let filter = Filter {
        who: Some(Who::Root),
        event: Some(Pattern::Name(SIGN_IN.to_owned())),
        // Beside a report stands what its account's root did.
        account: target.account.clone().or_else(|| of_report.map(str::to_owned)),
        region: target.region.clone(),
        ..Filter::default()
    };
    let mut login = RootLogin::new(report);
    let mut accounts = BTreeSet::new();
    let mut see = |event: Event| {
        if filter.fits(&event) {
            if accounts.len() < 2 {
                accounts.insert(event.account.clone());
            }
            login.see_newer(event);
        }
    };
    let mut look = read_logs(ui, folder, &filter, true, &mut see).await?;
    let named: Vec<_> = accounts.iter().map(|account| plain(account)).collect();
    if let [first, other] = named.as_slice() {
        return Err(Error::usage(format!(
            "the logs hold sign-ins of root in several accounts: {first}, {other}"
        ))
        .hinted("name the one that is meant with `--account ID`"));
    }
    look.account = look.account.or_else(|| accounts.pop_first());
    if login.is_full() {
        look.missing.push("There were too many failed attempts to count all.".to_owned());
    }
    Ok((look, login))
}

/// Fails when a credential report is of another account than the one that is asked about.
fn same_account(asked: &str, of_report: &str) -> Result<(), Error> {
    if asked == of_report {
        return Ok(());
    }
    Err(Error::usage(format!(
        "the credential report is of account {of_report}, and account {asked} is asked about"
    )))
}
