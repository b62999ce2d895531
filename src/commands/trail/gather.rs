//! Gets the events that answer a question: of the account's event history, or of log files.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use super::{SourceArgs, in_order};
use crate::aws::Aws;
use crate::aws::connect::{connect, region};
use crate::aws::error::{ApiError, ErrorClass};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind};
use crate::report::trail::{Ended, Look};
use crate::scenario::model::DEFAULT_REGION;
use crate::trail::collector::{Collector, Question};
use crate::trail::filter::{Attribute, Filter};
use crate::trail::logs::{Reading, files, is_before};
use crate::trail::lookup::{Lookup, Stats, Stop};
use crate::trail::place::{Window, home_region};
use crate::ui::Ui;

/// An account whose event history is asked.
pub(super) struct Account {
    pub(super) aws: Aws,
    pub(super) regions: Vec<String>,
    pub(super) target: &'static str,
}

/// Returns the regions to look at: the one that was named; else, beside the one that people work in, the one where
/// what has no region is recorded.
pub(super) fn regions(told: &str, is_named: bool, home_only: bool) -> Vec<String> {
    let home = home_region(told);
    if is_named || told == home {
        return vec![told.to_owned()];
    }
    if home_only { vec![home.to_owned()] } else { vec![told.to_owned(), home.to_owned()] }
}

/// Connects to the account.
pub(super) async fn account(source: &SourceArgs, home_only: bool) -> Result<Account, Error> {
    let target = source.target.target()?;
    let named = source.target.region.as_deref();
    let told = region(&target, named, DEFAULT_REGION).await;
    let regions = regions(&told, named.is_some(), home_only);
    let first = regions.first().map_or(DEFAULT_REGION, String::as_str);
    let aws = connect(&target, first, Clock::System).await?;
    Ok(Account { aws, target: target.name(), regions })
}

/// Returns what the event history holds now, by the clock of who answers: the sandbox's may have been moved.
pub(super) fn whole(aws: &Aws) -> Window {
    Window::of_history(aws.meter.date().unwrap_or_else(|| aws.clock.now()))
}

/// Turns an error of the event history into one that says what else can be asked.
pub(super) fn unseen(error: ApiError) -> Error {
    let class = error.class;
    let error = Error::from(error);
    if class == ErrorClass::NotImplemented {
        return error
            .of_kind(ErrorKind::Access)
            .hinted("who answers there has no event history; `--logs DIR` reads the log files of a trail");
    }
    if class == ErrorClass::Unknown { error.of_kind(ErrorKind::Access) } else { error }
}

/// Waits until somebody interrupts.
pub(super) async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // There is no way to be told: then nobody interrupts.
        std::future::pending::<()>().await;
    }
}

/// Tells how far a lookup got, on a terminal.
pub(super) fn progress(ui: &Ui, stats: &Stats) {
    let back = stats.reached.map(|at| format!(", back to {}", at.strftime("%Y-%m-%d"))).unwrap_or_default();
    ui.progress_message(&format!("{} events looked at{back}", stats.looked));
}

/// Looks at the event history of an account. `chains` is whether who started a session is looked for.
pub(super) async fn of_account(
    ui: &Ui,
    account: &Account,
    source: &SourceArgs,
    found: &mut Collector,
    chains: bool,
) -> Result<Look, Error> {
    let mut notes = Vec::new();
    let names = root_names(&account.aws, found.question().filter()).await;
    let (names, unnamed) = names.map_or_else(|why| (Vec::new(), Some(why)), |names| (names, None));
    if account.target != "sandbox" {
        notes.extend(found.question().filter().sign_ins_elsewhere(&account.regions));
    }
    ui.begin_progress(1);
    let tell = |stats: &Stats| progress(ui, stats);
    let mut lookup = Lookup::new(&account.aws, source.scan, &tell);
    let outcome = {
        let search = search(&mut lookup, &account.regions, found, &names, chains, &mut notes);
        tokio::select! {
            outcome = Box::pin(search) => Some(outcome),
            () = interrupted() => None,
        }
    };
    ui.end_progress();
    let stats = lookup.stats();
    let ended = match outcome {
        None => Ended::Interrupted(stats.reached),
        Some(Ok(Stop::End | Stop::Enough)) if unnamed.is_some() => Ended::Failed(unnamed.unwrap_or_default()),
        Some(Ok(Stop::End)) => Ended::Whole,
        Some(Ok(Stop::Enough)) => Ended::Limit,
        Some(Ok(Stop::Bound)) => Ended::Bound(stats.reached),
        Some(Err(error)) if stats.looked > 0 => Ended::Failed(error.reason()),
        Some(Err(error)) => return Err(unseen(error)),
    };
    Ok(Look {
        target: account.target,
        account: Some(account.aws.caller.account.clone()),
        regions: account.regions.clone(),
        window: Some(found.question().filter().window(whole(&account.aws))),
        ended,
        looked: stats.looked,
        undecodable: stats.undecodable,
        for_sessions: stats.for_sessions,
        files: None,
        unread: Vec::new(),
        notes,
        calls: Some(account.aws.meter.calls()),
    })
}

/// Looks by the best attributes; when the event history knows no such resource, through all that may name it.
async fn search(
    lookup: &mut Lookup<'_>,
    regions: &[String],
    found: &mut Collector,
    names: &[String],
    chains: bool,
    notes: &mut Vec<String>,
) -> Result<Stop, ApiError> {
    let filter = found.question().filter().clone();
    let window = filter.window(lookup.whole());
    let mut stop = lookup.gather(regions, &filter.attributes(names), window, found).await?;
    if let Some(resource) = filter.resource.as_ref().filter(|_| found.is_empty() && stop == Stop::End) {
        let owner = resource.owner().map(|service| format!("{service}.amazonaws.com"));
        let source = filter.source.clone().or(owner);
        let without = Filter { resource: None, source, ..filter.clone() };
        notes.push(format!(
            "The event history lists nothing under the name {}; the parameters of other events were looked through.",
            resource.name
        ));
        stop = lookup.gather(regions, &without.attributes(names), window, found).await?;
    }
    if chains {
        lookup.find_starts(regions, found).await?;
    }
    Ok(stop)
}

/// Returns what the event history may call root besides `root`: the account's alias.
async fn root_names(aws: &Aws, filter: &Filter) -> Result<Vec<String>, String> {
    let by_name = |attribute: &Attribute| matches!(attribute, Attribute::Username(_));
    if !filter.is_of_root() || !filter.attributes(&[]).iter().any(by_name) {
        return Ok(Vec::new());
    }
    let call = aws.call("iam:ListAccountAliases", "the account", || aws.iam.list_account_aliases().send());
    match call.await {
        Ok(answer) => Ok(answer.account_aliases),
        Err(error) => {
            Err(format!("events that name root by the account's alias may be missing: {}", error.reason()))
        }
    }
}

/// Reads the log files of a folder. An interrupt is heard within a file, too.
pub(super) async fn of_logs(ui: &Ui, folder: &Path, found: &mut Collector) -> Result<Look, Error> {
    if !folder.is_dir() {
        return Err(Error::input(format!("`{}` is no folder", folder.display()))
            .hinted("`aws s3 sync s3://BUCKET/AWSLogs logs/` copies a trail's log files"));
    }
    let mut reading = Reading::default();
    let mut all = files(folder, &mut reading.unread);
    let is_without = all.is_empty() && reading.unread.is_empty();
    if let Some(since) = found.question().filter().since {
        all.retain(|path| !is_before(path, since));
    }
    ui.begin_progress(all.len());
    let stop = Arc::new(AtomicBool::new(false));
    let watch = tokio::spawn({
        let stop = Arc::clone(&stop);
        async move {
            interrupted().await;
            stop.store(true, Ordering::Relaxed);
        }
    });
    let is_stopped = || stop.load(Ordering::Relaxed);
    for path in all.iter().take_while(|_| !is_stopped()) {
        // Reading holds a thread up: whoever hears the interrupt needs another.
        tokio::task::block_in_place(|| reading.file(path, &is_stopped, &mut |event| found.see_newer(event)));
        ui.advance();
        tokio::task::yield_now().await;
    }
    watch.abort();
    let ended = if is_stopped() { Ended::Interrupted(None) } else { Ended::Whole };
    ui.end_progress();
    if is_without && ended == Ended::Whole {
        return Err(Error::input(format!("`{}` holds no log file", folder.display()))
            .hinted("log files are called `….json` or `….json.gz`; folders in it are looked into"));
    }
    let ended = if ended == Ended::Whole && found.kept.has_dropped() { Ended::Limit } else { ended };
    let mut notes = Vec::new();
    if found.starts.is_full() {
        notes.push(
            "There were too many sessions to keep all in mind; some starters may be missing.".to_owned(),
        );
    }
    let filter = found.question().filter();
    Ok(Look {
        target: "logs",
        account: filter.account.clone(),
        regions: Vec::new(),
        window: reading.span.map(|(from, to)| filter.window(Window { from, to })),
        ended,
        looked: reading.looked,
        undecodable: reading.undecodable,
        for_sessions: 0,
        files: Some(reading.files),
        unread: reading.unread.into_iter().map(|(path, why)| (path.display().to_string(), why)).collect(),
        notes,
        calls: None,
    })
}

/// Answers a question from wherever the events are.
pub(super) async fn gather(
    ui: &Ui,
    source: &SourceArgs,
    limit: usize,
    chains: bool,
    home_only: bool,
    question: impl Fn(Timestamp) -> Question,
    check: impl FnOnce(&Filter, Timestamp) -> Result<(), Error>,
) -> Result<(Look, Collector), Error> {
    let asked = question(Clock::System.now());
    let resource = asked.filter().resource.as_ref();
    let region = source.place(home_only, resource)?.map(str::to_owned);
    in_order(asked.filter())?;
    if let Some(folder) = &source.logs {
        let mut found = Collector::new(asked, limit);
        return Ok((of_logs(ui, folder, &mut found).await?, found));
    }
    let mut source = source.clone();
    source.target.region = region;
    let source = &source;
    let account = account(source, home_only).await?;
    let here = &account.aws.caller.account;
    if let (Question::Deed(..), Some(resource)) = (&asked, resource)
        && let Some(other) = resource.account().filter(|of| of != here)
    {
        return Err(Error::usage(format!("`{}` is in account `{other}`", resource.label()))
            .hinted(format!("the event history that was reached is that of {here}")));
    }
    let whole = whole(&account.aws);
    let mut found = Collector::new(question(whole.to), limit);
    check(found.question().filter(), whole.from)?;
    let look = of_account(ui, &account, source, &mut found, chains).await?;
    Ok((look, found))
}
