//! The runs: what `plan`, `status`, `up` and `down` do from the first look to the last.
//!
//! `up` and `down` are loops: look, plan, carry out, look back. Work whose outcome is not known (a lost answer, a
//! conflict, a role that could not trust another one yet) is settled by the next pass, so that a run converges
//! wherever the one before it stopped.

use std::sync::Arc;
use std::time::Duration;

use super::apply::{Event, Fate, Outcome, Sink, Stop, apply};
use super::handover::HandOver;
use super::look::{look, look_back};
use super::note::Note;
use super::plan::{Action, Goal, Picture, Plan, plan};
use super::{Address, Session};
use crate::aws::Aws;
use crate::aws::error::ApiError;
use crate::error::{Error, ErrorKind};
use crate::scenario::Resolved;

/// Looks at the account and plans.
pub async fn plan_run(aws: &Aws, scenario: &Resolved, goal: Goal) -> Result<Plan, Error> {
    let snapshot = look(aws, scenario, goal).await?;
    plan(Picture { scenario, snapshot: &snapshot }, goal).map_err(|error| unknown(&error))
}

/// How a run is carried out.
pub struct Options<'a> {
    /// The goal.
    pub goal: Goal,
    /// Changes under way at once.
    pub parallelism: usize,
    /// Asks to stop.
    pub stop: Stop,
    /// Receives events.
    pub sink: &'a Sink<'a>,
    /// Receives what long operations tell while they run.
    pub tell: fn(&Address, &str),
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("goal", &self.goal)
            .field("parallelism", &self.parallelism)
            .finish_non_exhaustive()
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The account was looked at again and is as it should be.
    Complete,
    /// Something is not ours to touch; nothing was written.
    Refused,
    /// Something failed or remains.
    Partial,
    /// The user interrupted.
    Interrupted,
}

/// What a run did.
#[derive(Debug)]
pub struct Report {
    /// How it ended.
    pub end: End,
    /// Every resource and what became of it.
    pub outcomes: Vec<Outcome>,
    /// What still differs after the last look; empty unless the run ended [`End::Partial`].
    pub leftovers: Vec<super::plan::Change>,
    /// What still wants somebody.
    pub notes: Vec<Note>,
    /// What went wrong besides the outcomes: the look back that failed.
    pub error: Option<ApiError>,
}

impl Report {
    const fn new(end: End, outcomes: Vec<Outcome>, notes: Vec<Note>) -> Self {
        Self { end, outcomes, leftovers: Vec::new(), notes, error: None }
    }
}

/// Passes before a run gives up. One settles lost answers, one more settles what the second ran into.
const PASSES: usize = 4;

/// Carries `first` out, and whatever the look back still finds.
pub async fn carry_out(
    aws: &Aws,
    scenario: &Resolved,
    handover: HandOver,
    first: Plan,
    options: &Options<'_>,
) -> Result<Report, Error> {
    // What was known before anything was done; the look back knows better.
    let known = first.notes.clone();
    if matches!(options.goal, Goal::Up { .. }) && first.refuses() {
        return Ok(Report::new(End::Refused, untouched(first), known));
    }
    if first.hands_over() {
        handover.prepare()?;
    }
    let session = Arc::new(Session::new(aws.clone(), scenario.place.clone(), handover, options.tell));
    let mut all: Vec<Outcome> = Vec::new();
    let mut next = first;
    for pass in 1..=PASSES {
        if !next.has_work() {
            // INVARIANT: only the first pass can have nothing to do; later ones return below.
            let leftovers =
                next.changes().filter(|change| change.action == Action::Refuse).cloned().collect::<Vec<_>>();
            let end = if leftovers.is_empty() { End::Complete } else { End::Partial };
            let notes = next.notes.clone();
            return Ok(Report { leftovers, ..Report::new(end, untouched(next), notes) });
        }
        let outcomes = apply(next, &session, options.parallelism, &options.stop, options.sink).await;
        let is_final = |outcome: &Outcome| outcome.error.as_ref().is_some_and(|error| !error.may_pass());
        let failed_for_good = outcomes.iter().any(is_final);
        let failed = outcomes.iter().any(|outcome| outcome.fate == Fate::Failed);
        merge(&mut all, outcomes);
        if options.stop.asked() {
            return Ok(Report::new(End::Interrupted, all, known));
        }
        if failed_for_good && matches!(options.goal, Goal::Up { .. }) {
            return Ok(Report::new(End::Partial, all, known));
        }
        let seen = match settled(&session, scenario, options.goal, &all).await {
            Ok(seen) => seen.map_err(|error| unknown(&error))?,
            Err(error) => {
                return Ok(Report { error: Some(error), ..Report::new(End::Partial, all, known) });
            }
        };
        let leftovers: Vec<_> =
            seen.changes().filter(|change| change.action != Action::Noop).cloned().collect();
        if leftovers.is_empty() {
            settle(&mut all);
            return Ok(Report::new(End::Complete, all, seen.notes));
        }
        let gave_up = pass == PASSES || failed_for_good || !seen.has_work();
        if gave_up {
            return Ok(Report { leftovers, ..Report::new(End::Partial, all, seen.notes) });
        }
        tracing::debug!(pass, failed, left = leftovers.len(), "another pass");
        next = seen;
    }
    Err(Error::new(ErrorKind::Internal, "a run ended without an end"))
}

/// How long a look back is repeated while it contradicts what was just done: IAM shows a change late
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>).
const PATIENCE: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// Looks back until the account shows what was done, or patience ends, and plans what then still differs.
async fn settled(
    session: &Session,
    scenario: &Resolved,
    goal: Goal,
    outcomes: &[Outcome],
) -> Result<Result<Plan, super::plan::Unknown>, ApiError> {
    let mut pauses = PATIENCE.iter();
    loop {
        let snapshot = look_back(&session.aws, scenario, goal, outcomes).await?;
        let seen = plan(Picture { scenario, snapshot: &snapshot }, goal);
        let contradicted = |change: &super::plan::Change| {
            change.action != Action::Noop
                && !session.is_deferred(&change.address)
                && outcomes
                    .iter()
                    .any(|outcome| outcome.fate == Fate::Done && outcome.change.address == change.address)
        };
        let late = seen.as_ref().is_ok_and(|plan| plan.changes().any(contradicted));
        match pauses.next() {
            Some(pause) if late => session.aws.clock.sleep(*pause).await,
            _ => return Ok(seen),
        }
    }
}

fn untouched(plan: Plan) -> Vec<Outcome> {
    let outcome = |step: super::plan::Step| {
        let fate = if step.change.action == Action::Noop { Fate::Unchanged } else { Fate::Skipped };
        Outcome { change: step.change, fate, error: None }
    };
    plan.steps.into_iter().map(outcome).collect()
}

/// Puts a pass's outcomes over those of the passes before it; what a later pass finds unchanged keeps the story of
/// the earlier one.
fn merge(all: &mut Vec<Outcome>, outcomes: Vec<Outcome>) {
    for outcome in outcomes {
        match all.iter_mut().find(|known| known.change.address == outcome.change.address) {
            Some(known) if outcome.fate == Fate::Unchanged => {
                if known.fate != Fate::Unchanged {
                    known.fate = Fate::Done;
                    known.error = None;
                }
            }
            Some(known) => {
                known.fate = outcome.fate;
                known.error = outcome.error;
            }
            None => all.push(outcome),
        }
    }
}

/// The last look found everything as it should be: what failed on the way was carried out after all.
fn settle(all: &mut [Outcome]) {
    for outcome in all.iter_mut().filter(|outcome| outcome.fate != Fate::Unchanged) {
        outcome.fate = Fate::Done;
        outcome.error = None;
    }
}

fn unknown(error: &super::plan::Unknown) -> Error {
    Error::new(ErrorKind::Access, error.to_string())
}

/// An event sink that hears nothing.
pub fn silence(_: Event<'_>) {}
