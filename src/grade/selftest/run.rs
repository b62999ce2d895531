//! The self-test from the first account to the last.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::outcome::{self, Outcome, Report, Verdict};
use super::stage::{Difference, Stage, Tried};
use super::{Mutation, action, code, free, property, touch};
use crate::error::{Error, ErrorKind};
use crate::grade::points::Points;
use crate::grade::result::StudentResult;
use crate::grade::rubric::Rubric;

/// How a self-test is run.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only mutations whose name holds this text; `*` stands for any characters.
    pub only: Option<String>,
    /// Accounts under way at once.
    pub parallelism: usize,
}

/// Tests a rubric. `tell` hears how many mutations there are, and the name of each when it has been tried.
pub async fn selftest(
    rubric: Rubric,
    options: &Options,
    tell: &(dyn Fn(usize, Option<&str>) + Send + Sync),
) -> Result<Report, Error> {
    let stage = Arc::new(Stage::set(rubric).await?);
    let reference = Arc::new(stage.reference().await?);
    let empty = stage.empty().await?;
    let all = mutations(&stage);
    let wanted = |mutation: &Mutation| {
        let only = options.only.as_deref();
        only.is_none_or(|only| free::matches(&format!("*{only}*"), &mutation.id()))
    };
    let chosen: Vec<Mutation> = all.iter().filter(|mutation| wanted(mutation)).cloned().collect();
    let partial = chosen.len() < all.len();
    let count = chosen.len();
    if count == 0 && partial {
        let only = options.only.as_deref().unwrap_or_default();
        return Err(Error::usage(format!("no mutation is called `{only}`"))
            .hinted("without `--only` all mutations are tried, and listed"));
    }
    tell(count, None);
    let tried = stream::iter(chosen).map(|mutation| {
        let (stage, reference) = (stage.clone(), reference.clone());
        let name = mutation.id();
        let runtime = tokio::runtime::Handle::current();
        // A thread each: there is nothing to wait for in an account in memory, only work.
        let work = move || runtime.block_on(judged(&stage, &reference, &mutation));
        let task = tokio::task::spawn_blocking(work);
        async move {
            let outcome = task.await.map_err(|error| {
                Error::new(ErrorKind::Internal, format!("`{name}` could not be tried")).caused_by(error)
            })?;
            tell(count, Some(&name));
            outcome
        }
    });
    let outcomes: Vec<Outcome> = tried.buffered(options.parallelism.max(1)).try_collect().await?;
    Ok(report(&stage, &reference, &empty, outcomes, (partial, &all)))
}

/// Lists all mutations, in a fixed order: what the scenario says, what calls change, what students do.
fn mutations(stage: &Stage) -> Vec<Mutation> {
    let mut all = property::mutations(&stage.lab, &stage.rubric);
    all.extend(code::mutations(&stage.lab));
    all.extend(touch::mutations(&stage.lab));
    all.extend(action::mutations(&stage.actions, &stage.lab));
    all
}

/// Tries a mutation and judges what became of it.
async fn judged(stage: &Stage, reference: &StudentResult, mutation: &Mutation) -> Result<Outcome, Error> {
    let cost = |result: &StudentResult| !outcome::lost(reference, result).0.is_empty();
    let row = free::row(&stage.rubric.free, mutation).and_then(|index| stage.rubric.free.get(index));
    let because = row.map(|row| row.because.clone());
    let (verdict, caught_by, undecided, because) = match stage.tried(mutation, cost).await? {
        Tried::Refused(why) => (Verdict::Refused, Vec::new(), Vec::new(), Some(why)),
        Tried::Marked(result, difference) => {
            let (caught, undecided) = outcome::lost(reference, &result);
            let verdict = match (row.is_some(), caught.is_empty(), difference) {
                (_, true, Difference::None) => Verdict::Unchanged,
                (true, true, _) => Verdict::Free,
                (true, false, _) => Verdict::Unfair,
                (false, true, _) => Verdict::Hole,
                (false, false, _) => Verdict::Caught,
            };
            (verdict, caught, undecided, because)
        }
    };
    Ok(Outcome { mutation: mutation.id(), verdict, caught_by, undecided, because })
}

/// Sums up.
fn report(
    stage: &Stage,
    reference: &StudentResult,
    empty: &StudentResult,
    outcomes: Vec<Outcome>,
    (partial, all): (bool, &[Mutation]),
) -> Report {
    let rubric = &stage.rubric;
    let tripped: BTreeSet<&str> = outcomes
        .iter()
        .filter(|outcome| outcome.verdict == Verdict::Caught)
        .flat_map(|outcome| &outcome.caught_by)
        .map(|caught| caught.criterion.as_str())
        .collect();
    let automatic = || rubric.criteria().filter(|criterion| !criterion.check.is_manual());
    let dead = automatic().map(|criterion| criterion.id.as_str()).filter(|id| !tripped.contains(id));
    let dead: Vec<String> = if partial { Vec::new() } else { dead.map(str::to_owned).collect() };
    let used: BTreeSet<usize> = all.iter().filter_map(|mutation| free::row(&rubric.free, mutation)).collect();
    let idle = rubric.free.iter().enumerate().filter(|(index, _)| !partial && !used.contains(index));
    let automatic: Points = automatic().map(|criterion| criterion.points).sum();
    Report {
        format_version: 1,
        rubric: rubric.name.clone(),
        score: reference.score,
        automatic,
        manual: rubric.max().less(automatic),
        short: outcome::criteria(reference, |earned, points| earned < points).collect(),
        empty: outcome::criteria(empty, |earned, _| earned > Points::ZERO).collect(),
        summary: Report::count(&outcomes, dead.len()),
        mutations: outcomes,
        dead,
        idle: idle.map(|(_, row)| row.what.clone()).collect(),
        partial,
    }
}
