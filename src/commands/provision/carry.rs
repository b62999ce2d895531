//! What `up` and `down` share: the question before a real account is touched, the stop on Ctrl-C, and the story of
//! a run.

use std::sync::OnceLock;

use tokio::sync::oneshot;

use super::{Format, FormatArgs, Met, document, notes, text};
use crate::aws::connect::Target;
use crate::commands::go_on;
use crate::error::{Error, ErrorKind, Exit};
use crate::provision::Address;
use crate::provision::apply::{Event, Fate, Outcome, Stop};
use crate::provision::handover::HandOver;
use crate::provision::note::Note;
use crate::provision::plan::{Action, Goal, Plan};
use crate::provision::run::{End, Options, Report, carry_out};
use crate::ui::{Tone, Ui};

/// Changes under way at once unless `--parallelism` says otherwise.
pub(super) const PARALLELISM: usize = 10;

/// Makes a failed look a failure: a command that was to change something and could not has failed.
pub(super) fn as_failure(error: Error) -> Error {
    if error.kind() == ErrorKind::Access { error.of_kind(ErrorKind::Api) } else { error }
}

/// What the user asks of a run that is under way.
pub(super) struct Interrupts {
    stop: Stop,
    again: oneshot::Receiver<()>,
}

/// Listens for Ctrl-C and SIGTERM. The first asks the run to stop; the second ends it at once.
pub(super) fn listen(ui: &Ui) -> Interrupts {
    let stop = Stop::default();
    let (insist, again) = oneshot::channel();
    let (ui, asked) = (ui.clone(), stop.clone());
    // Without a listener the system's own habit stays: the first ends the program.
    if let Ok(mut signals) = Signals::new() {
        tokio::spawn(async move {
            signals.next().await;
            asked.ask();
            ui.warn(
                "interrupted: nothing new is started; waiting for what is under way (again to stop at once)",
            );
            signals.next().await;
            // The run may have ended meanwhile.
            let _ = insist.send(());
        });
    }
    Interrupts { stop, again }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}

/// Asks before a real account is changed. Returns the notes that were told with the question.
pub(super) async fn confirm(
    ui: &Ui,
    met: &Met,
    plan: &Plan,
    yes: bool,
    verb: &str,
) -> Result<Vec<Note>, Error> {
    if yes || matches!(met.target, Target::Sandbox { .. }) || !plan.has_work() {
        return Ok(Vec::new());
    }
    // An alias is for the eye only; whoever may not read it still gets the question.
    let alias =
        met.aws.call("iam:ListAccountAliases", "the account", || met.aws.iam.list_account_aliases().send());
    let alias = alias
        .await
        .ok()
        .and_then(|answer| answer.account_aliases.into_iter().next())
        .unwrap_or_else(|| "no alias".into());
    let caller = &met.aws.caller;
    ui.status(&format!("Account {} ({alias}), region {}, as {}", caller.account, met.aws.region, caller.arn));
    ui.status(&format!("{verb}: {}", text::summary(plan.summary())));
    notes::show(ui, met, &plan.notes);
    go_on(ui, "nothing was changed")?;
    Ok(plan.notes.clone())
}

static TELLER: OnceLock<Ui> = OnceLock::new();

fn tell(address: &Address, text: &str) {
    if let Some(ui) = TELLER.get() {
        ui.status(&format!("  {address}: {text}"));
    }
}

/// Carries a plan out and tells the story on stderr.
pub(super) async fn carry(
    ui: &Ui,
    met: &Met,
    plan: Plan,
    goal: Goal,
    parallelism: usize,
    handover: HandOver,
    interrupts: Interrupts,
) -> Result<Report, Error> {
    // Long operations tell what happens from deep inside; there is one terminal.
    let _ = TELLER.set(ui.clone());
    let sink = |event: Event<'_>| match event {
        Event::Begin(count) => {
            ui.end_progress();
            ui.begin_progress(count);
        }
        Event::Started(change) => ui.progress_message(&change.address.to_string()),
        Event::Ended(outcome) => {
            let change = &outcome.change;
            let line = format!("{} {}", change.action.symbol(), change.address);
            match (outcome.fate, &outcome.error) {
                (Fate::Done | Fate::Unchanged, _) => ui.status(&line),
                (Fate::Failed, Some(error)) if error.may_pass() => {
                    ui.status(&format!("{line}: not yet: {error}"));
                }
                (Fate::Failed, Some(error)) => ui.status(&format!("{line}: failed: {error}")),
                (Fate::Failed, None) => ui.status(&format!("{line}: failed")),
                (Fate::Skipped, _) => ui.status(&format!("{line}: skipped")),
            }
            ui.advance();
        }
    };
    let Interrupts { stop, again } = interrupts;
    let insisted = async {
        if again.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let options = Options { goal, parallelism: parallelism.max(1), stop, sink: &sink, tell };
    let report = tokio::select! {
        report = carry_out(&met.aws, &met.scenario, handover, plan, &options) => report,
        () = insisted => Err(Error::new(ErrorKind::Interrupted, "what was under way is left to the next run")
            .hinted("run the same command again to continue")),
    };
    ui.end_progress();
    report
}

/// Writes the result and chooses the exit code.
pub(super) fn conclude(
    ui: &Ui,
    met: &Met,
    report: &Report,
    format: &FormatArgs,
    verb: &str,
) -> Result<Exit, Error> {
    if format.format == Format::Json {
        ui.data(&document::run(met, report, format)?);
    } else {
        tell_result(ui, met, report, format, verb);
    }
    for error in report.outcomes.iter().filter_map(|outcome| outcome.error.as_ref()).chain(&report.error) {
        ui.error(&Error::from(error.clone()));
    }
    let changed = report.outcomes.iter().any(|outcome| outcome.fate == Fate::Done);
    let is_held = report.leftovers.iter().any(|left| left.action == Action::Refuse);
    Ok(match report.end {
        End::Complete => Exit::Ok,
        End::Partial if changed || is_held || verb == "Down" => Exit::Partial,
        End::Partial | End::Refused => Exit::Failed,
        End::Interrupted => Exit::Interrupted,
    })
}

fn tell_result(ui: &Ui, met: &Met, report: &Report, format: &FormatArgs, verb: &str) {
    // What was done has been told as it happened.
    let told = |outcome: &Outcome| ui.is_one_screen() && outcome.fate == Fate::Done;
    let shown = |outcome: &&Outcome| (format.all || outcome.change.action != Action::Noop) && !told(outcome);
    for outcome in report.outcomes.iter().filter(shown) {
        let line = format!("{} {}", outcome.change.action.symbol(), outcome.change.address);
        let line = match outcome.fate {
            Fate::Done => ui.paint(Tone::Good, &line),
            Fate::Unchanged => ui.paint(Tone::Dim, &line),
            Fate::Failed => ui.paint(Tone::Bad, &format!("{line}: failed")),
            Fate::Skipped if outcome.change.action == Action::Refuse => {
                let reason = outcome.change.reason.as_deref().unwrap_or("not ours");
                ui.paint(Tone::Bad, &format!("{line}: refused: {reason}"))
            }
            Fate::Skipped => ui.paint(Tone::Change, &format!("{line}: skipped")),
        };
        ui.data(&line);
    }
    for left in &report.leftovers {
        let reason = left.reason.clone().unwrap_or_else(|| {
            let paths: Vec<&str> = left.fields.iter().map(|field| field.path.as_str()).collect();
            paths.join(", ")
        });
        ui.data(&ui.paint(Tone::Bad, &format!("left: {} ({reason})", left.address)));
    }
    let count = |fate: Fate| report.outcomes.iter().filter(|outcome| outcome.fate == fate).count();
    let calls = met.aws.meter.calls();
    ui.data(&format!(
        "{verb} in account {}: {} done, {} unchanged, {} failed, {} skipped; {} API calls ({} reads, {} writes, {} throttled)",
        met.aws.caller.account,
        count(Fate::Done),
        count(Fate::Unchanged),
        count(Fate::Failed),
        count(Fate::Skipped),
        calls.total(),
        calls.read,
        calls.write,
        calls.throttled,
    ));
    if report.end == End::Interrupted {
        ui.hint("run the same command again to continue");
    }
}
