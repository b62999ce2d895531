//! Carries a plan out: walks the graph with bounded concurrency, tells what happens, and stops starting new work
//! when it is asked to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::stream::{FuturesUnordered, StreamExt as _};
use serde::Serialize;

use super::plan::{Action, Change, Plan, Step};
use super::{Address, Session};
use crate::aws::error::ApiError;

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// It was carried out.
    Done,
    /// An API call failed.
    Failed,
    /// Something it needs failed, or the run was interrupted.
    Skipped,
    /// There was nothing to do.
    Unchanged,
}

/// A change and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The change.
    #[serde(flatten)]
    pub change: Change,
    /// What became of it.
    #[serde(rename = "outcome")]
    pub fate: Fate,
    /// Why it failed or was skipped.
    #[serde(serialize_with = "as_text")]
    pub error: Option<ApiError>,
}

#[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
fn as_text<S: serde::Serializer>(error: &Option<ApiError>, serializer: S) -> Result<S::Ok, S::Error> {
    match error {
        Some(error) => serializer.collect_str(error),
        None => serializer.serialize_none(),
    }
}

/// What happens while a plan is carried out.
#[derive(Debug)]
pub enum Event<'a> {
    /// So many changes are about to be carried out.
    Begin(usize),
    /// Work on a change has begun.
    Started(&'a Change),
    /// A change has ended.
    Ended(&'a Outcome),
}

/// Receives [`Event`]s.
pub type Sink<'a> = dyn Fn(Event<'_>) + Send + Sync + 'a;

/// A request to start nothing new. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks.
    pub fn ask(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Tells whether it was asked for.
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Carries `plan` out with at most `parallelism` changes at once and returns what became of each, in the plan's
/// order.
pub async fn apply(
    plan: Plan,
    session: &Arc<Session>,
    parallelism: usize,
    stop: &Stop,
    sink: &Sink<'_>,
) -> Vec<Outcome> {
    let order: Vec<Address> = plan.changes().map(|change| change.address.clone()).collect();
    let mut fates: BTreeMap<Address, Outcome> = BTreeMap::new();
    let mut waiting: Vec<Step> = Vec::new();
    for step in plan.steps {
        if step.work.is_some() {
            waiting.push(step);
        } else {
            if step.change.action == Action::Noop {
                session.note_present(&step.change.address);
            }
            let outcome = Outcome { change: step.change, fate: Fate::Unchanged, error: None };
            fates.insert(outcome.change.address.clone(), outcome);
        }
    }
    for step in waiting.iter().filter(|step| matches!(step.change.action, Action::Update | Action::Replace)) {
        session.note_present(&step.change.address);
    }
    sink(Event::Begin(waiting.len()));

    let mut done: BTreeSet<Address> = BTreeSet::new();
    let mut running = FuturesUnordered::new();
    loop {
        if !stop.asked() {
            start_ready(&mut waiting, &done, running.len(), parallelism, |step| {
                sink(Event::Started(&step.change));
                running.push(work_on(step, session.clone()));
            });
        }
        let Some(outcome) = running.next().await else { break };
        if outcome.fate == Fate::Done {
            if outcome.change.action == Action::Delete {
                session.note_deleted(&outcome.change.address);
            } else {
                session.note_present(&outcome.change.address);
            }
            done.insert(outcome.change.address.clone());
        }
        sink(Event::Ended(&outcome));
        fates.insert(outcome.change.address.clone(), outcome);
    }
    for step in waiting {
        let outcome = Outcome { change: step.change, fate: Fate::Skipped, error: None };
        sink(Event::Ended(&outcome));
        fates.insert(outcome.change.address.clone(), outcome);
    }
    order.iter().filter_map(|address| fates.remove(address)).collect()
}

/// Starts every waiting step whose needs are done, as far as there is room.
fn start_ready(
    waiting: &mut Vec<Step>,
    done: &BTreeSet<Address>,
    running: usize,
    parallelism: usize,
    mut start: impl FnMut(Step),
) {
    let mut room = parallelism.saturating_sub(running);
    let mut index = 0;
    while room > 0 {
        let Some(step) = waiting.get(index) else { break };
        if step.needs.is_subset(done) {
            start(waiting.remove(index));
            room -= 1;
        } else {
            index += 1;
        }
    }
}

async fn work_on(step: Step, session: Arc<Session>) -> Outcome {
    let result = match step.work {
        Some(work) => work(session).await,
        None => Ok(()),
    };
    match result {
        Ok(()) => Outcome { change: step.change, fate: Fate::Done, error: None },
        Err(error) => Outcome { change: step.change, fate: Fate::Failed, error: Some(error) },
    }
}
