//! Gets the events that answer a question: of the account's event history, or of log files.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::{SignedDuration, Timestamp};

use super::{SourceArgs, in_order};
use crate::account::event::Event;
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
use crate::trail::place::{Listing, Window, home_region, listing, plain_arn};
use crate::trail::resource::Resource;
use crate::ui::Ui;

/// An account whose event history is asked.
pub(super) struct Account {
    pub(super) aws: Aws,
    pub(super) regions: Vec<String>,
    pub(super) target: &'static str,
}

/// What else to say of an answer.
#[derive(Debug, Default)]
struct Told {
    missing: Vec<String>,
    notes: Vec<String>,
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
    let mut told = Told::default();
    let names = root_names(&account.aws, found.question().filter()).await;
    let (names, unnamed) = names.map_or_else(|why| (Vec::new(), Some(why)), |names| (names, None));
    if account.target != "sandbox" {
        told.notes.extend(found.question().filter().sign_ins_elsewhere(&account.regions));
    }
    ui.begin_progress(1);
    let tell = |stats: &Stats| progress(ui, stats);
    let mut lookup = Lookup::new(&account.aws, source.scan, &tell);
    let outcome = {
        let search = search(&mut lookup, account, found, &names, chains, &mut told);
        tokio::select! {
            outcome = Box::pin(search) => Some(outcome),
            () = interrupted() => None,
        }
    };
    ui.end_progress();
    let stats = lookup.stats();
    let has_dropped = found.kept.has_dropped() || found.attempts.has_dropped();
    let ended = match outcome {
        None => Ended::Interrupted(stats.reached),
        Some(Ok(Stop::End | Stop::Enough)) if unnamed.is_some() => Ended::Failed(unnamed.unwrap_or_default()),
        Some(Ok(Stop::End)) if has_dropped => Ended::Limit,
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
        window: Some(found.question().filter().window(lookup.whole())),
        ended,
        looked: stats.looked,
        undecodable: stats.undecodable,
        for_sessions: stats.for_sessions,
        files: None,
        unread: Vec::new(),
        missing: told.missing,
        notes: told.notes,
        calls: Some(account.aws.meter.calls()),
    })
}

/// Looks by the best attributes; for a resource, by all the names it is listed under, and where these do not tell all,
/// through the events that may name it.
async fn search(
    lookup: &mut Lookup<'_>,
    account: &Account,
    found: &mut Collector,
    names: &[String],
    chains: bool,
    told: &mut Told,
) -> Result<Stop, ApiError> {
    let filter = found.question().filter().clone();
    let window = filter.window(lookup.whole());
    let attributes = filter.attributes(names);
    let mut stop = lookup.gather(&account.regions, &attributes, window, found).await?;
    let by_name = attributes.iter().any(|attribute| matches!(attribute, Attribute::ResourceName(_)));
    if let Some(resource) = filter.resource.as_ref().filter(|_| by_name) {
        stop = search_resource(lookup, account, &filter, resource, found, stop, told).await?;
    }
    if chains {
        let unasked = lookup.find_starts(&account.regions, found).await?;
        if unasked > 0 {
            told.missing.push(format!(
                "Sessions whose start was not looked for to the end: {unasked}. It is looked for of 100 at most, each in \
                 2,000 events."
            ));
        }
    }
    Ok(stop)
}

/// Looks for what names a resource in another way than by its bare name: by its ARNs, and where these do not tell all,
/// through the events that may name it.
async fn search_resource(
    lookup: &mut Lookup<'_>,
    account: &Account,
    filter: &Filter,
    resource: &Resource,
    found: &mut Collector,
    first: Stop,
    told: &mut Told,
) -> Result<Stop, ApiError> {
    let (regions, caller) = (&account.regions, &account.aws.caller);
    let window = filter.window(lookup.whole());
    let mut asked: BTreeSet<String> = resource.arn.iter().cloned().collect();
    let mut open = BTreeSet::new();
    if let Some(kind) = resource.kind.as_deref().filter(|_| resource.arn.is_none()) {
        open.extend(
            regions
                .iter()
                .filter_map(|it| plain_arn(kind, &resource.name, &caller.partition, &caller.account, it)),
        );
    }
    let mut stop = first;
    let mut walked = false;
    loop {
        // An event that was found by one name may tell another.
        open.extend(found.arns.iter().cloned());
        open.retain(|arn| !asked.contains(arn));
        let attributes = if let Some(arn) = open.pop_first() {
            asked.insert(arn.clone());
            vec![Attribute::ResourceName(arn)]
        } else if walked || stop == Stop::Bound || is_listed(resource, found, &caller.account) {
            break;
        } else {
            walked = true;
            let (through, note) = walk(filter, resource);
            told.notes.push(note);
            through.attributes(&[])
        };
        match lookup.gather(regions, &attributes, window, found).await? {
            Stop::Bound => return Ok(Stop::Bound),
            Stop::Enough => stop = Stop::Enough,
            Stop::End => {}
        }
    }
    // Only roles are named by other services' events, of those that have a path.
    let by_others = resource.kind.as_deref() == Some("role") && resource.arn.is_none();
    if by_others && !knows_path(found, &caller.account) && matches!(found.question(), Question::History(_)) {
        told.missing.push(format!(
            "No event tells the path of {}. Events of other services that name it by an ARN with a path were \
             not looked up: name its ARN.",
            resource.label()
        ));
    }
    Ok(stop)
}

/// Tells whether an event told an ARN of the account's own.
fn knows_path(found: &Collector, account: &str) -> bool {
    found.arns.iter().any(|arn| arn.split(':').nth(4) == Some(account))
}

/// Tells whether something was found, and all events that name a resource are listed under the names that are known.
fn is_listed(resource: &Resource, found: &Collector, account: &str) -> bool {
    let by_names = resource.arn.is_some()
        || match listing(resource.kind.as_deref()) {
            Listing::Told => true,
            Listing::Path => knows_path(found, account),
            Listing::Unknown => false,
        };
    by_names && !(found.kept.is_empty() && found.attempts.is_empty())
}

/// Returns how to look through all events that may name a resource, and the note that says so.
fn walk(filter: &Filter, resource: &Resource) -> (Filter, String) {
    let owner = resource.owner().map(|service| format!("{service}.amazonaws.com"));
    let source = filter.source.clone().or(owner);
    let through = source.as_deref().map_or_else(String::new, |source| format!(" of {source}"));
    let note = format!(
        "Not all that names {} is listed under its name: the other events{through} were looked through, too.",
        resource.label()
    );
    (Filter { resource: None, source, ..filter.clone() }, note)
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

/// Reads the log files of a folder for a question.
async fn of_logs(ui: &Ui, folder: &Path, found: &mut Collector) -> Result<Look, Error> {
    let filter = found.question().filter().clone();
    let mut look = read_logs(ui, folder, &filter, false, &mut |event| found.see_newer(event)).await?;
    if look.ended == Ended::Whole && (found.kept.has_dropped() || found.attempts.has_dropped()) {
        look.ended = Ended::Limit;
    }
    if found.starts.is_full() {
        look.missing.push(
            "There were too many sessions to keep all in mind; some starters may be missing.".to_owned(),
        );
    }
    Ok(look)
}

/// Reads the log files of a folder. An interrupt is heard within a file, too. The time that was looked at is that of the
/// events of the account and the region that `filter` names; with `home_only`, of the region where root signs in.
pub(super) async fn read_logs(
    ui: &Ui,
    folder: &Path,
    filter: &Filter,
    home_only: bool,
    see: &mut (dyn FnMut(Event) + Send),
) -> Result<Look, Error> {
    if !folder.is_dir() {
        return Err(Error::input(format!("`{}` is no folder", folder.display()))
            .hinted("`aws s3 sync s3://BUCKET/AWSLogs logs/` copies a trail's log files"));
    }
    let mut reading = Reading::default();
    let mut all = files(folder, &mut reading.unread);
    let is_without = all.is_empty() && reading.unread.is_empty();
    // A session lasts up to twelve hours: what was done in it may be a day after its start.
    let since =
        filter.since.map(|since| since.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(since));
    let of_all_days = all.len();
    if let Some(since) = since {
        all.retain(|path| !is_before(path, since));
    }
    let mut span: Option<(Timestamp, Timestamp)> = None;
    ui.begin_progress(all.len());
    let mut visit = |event: Event| {
        let is_home = !home_only || event.region == home_region(&event.region);
        let fits = |asked: &Option<String>, found: &str| asked.as_ref().is_none_or(|asked| asked == found);
        if is_home && fits(&filter.account, &event.account) && fits(&filter.region, &event.region) {
            let (from, to) = span.unwrap_or((event.time, event.time));
            span = Some((from.min(event.time), to.max(event.time)));
        }
        see(event);
    };
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
        tokio::task::block_in_place(|| reading.file(path, &is_stopped, &mut visit));
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
    let window = span.map(|(from, to)| filter.window(Window { from, to })).filter(|it| it.from <= it.to);
    let is_asked_for = home_only || reading.looked > 0 || all.len() < of_all_days;
    Ok(Look {
        target: "logs",
        account: filter.account.clone(),
        regions: Vec::new(),
        window,
        missing: (window.is_none() && is_asked_for && ended == Ended::Whole)
            .then(|| nothing_of(filter, home_only))
            .into_iter()
            .collect(),
        ended,
        looked: reading.looked,
        undecodable: reading.undecodable,
        for_sessions: 0,
        files: Some(reading.files),
        unread: reading.unread.into_iter().map(|(path, why)| (path.display().to_string(), why)).collect(),
        notes: Vec::new(),
        calls: None,
    })
}

/// Says that the log files hold nothing of what was asked for.
fn nothing_of(filter: &Filter, home_only: bool) -> String {
    let account = filter.account.as_ref().map(|account| format!(" of account {account}")).unwrap_or_default();
    let region = match (&filter.region, home_only) {
        (region, true) => {
            let home = home_region(region.as_deref().unwrap_or_default());
            format!(" of {home}, where the sign-ins of root are recorded")
        }
        (Some(region), false) => format!(" of {region}"),
        (None, false) => String::new(),
    };
    let time = if filter.since.is_some() || filter.until.is_some() { " of that time" } else { "" };
    format!("Not looked at: there is no event{account}{region}{time} in the log files.")
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
    let whole = Window::of_history(account.aws.now());
    let mut found = Collector::new(question(whole.to), limit);
    check(found.question().filter(), whole.from)?;
    let look = of_account(ui, &account, source, &mut found, chains).await?;
    Ok((look, found))
}
