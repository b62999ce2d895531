//! The plan: what a run would do to each resource, and why. Pure: from a resolved scenario and a snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;

use super::diff::{FieldChange, diff};
use super::note::{Note, notes};
use super::resources::{self, Found, Resource};
use super::{Address, Session};
use crate::account::snapshot::{Facet, Snapshot};
use crate::aws::error::ApiError;
use crate::scenario::Resolved;

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// It is deleted and made again.
    Replace,
    /// It is deleted.
    Delete,
    /// It is as it should be.
    Noop,
    /// It is not ours to touch, or ours and in the hands of others.
    Refuse,
}

impl Action {
    /// Returns the symbol plans show: `+ ~ ± -`.
    pub const fn symbol(self) -> char {
        match self {
            Self::Create => '+',
            Self::Update => '~',
            Self::Replace => '±',
            Self::Delete => '-',
            Self::Noop => ' ',
            Self::Refuse => '!',
        }
    }
}

/// What happens to one resource, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// Kind and name.
    pub address: Address,
    /// The kind.
    pub kind: &'static str,
    /// The name.
    pub name: String,
    /// What happens.
    pub action: Action,
    /// Why, where the fields do not say it.
    pub reason: Option<String>,
    /// The properties that differ; for a deletion, what hangs on the resource and goes with it.
    pub fields: Vec<FieldChange>,
}

/// The work behind a change.
pub(crate) type Work = Arc<dyn Fn(Arc<Session>) -> BoxFuture<'static, Result<(), ApiError>> + Send + Sync>;

/// A change, its work, and what must be done before it.
pub(crate) struct Step {
    pub(crate) change: Change,
    pub(crate) needs: BTreeSet<Address>,
    /// Whether it makes a password, key or seed that must be handed over.
    pub(crate) hands_over: bool,
    /// Whether something that is not ours is where ours should be: then `up` writes nothing at all.
    pub(crate) in_the_way: bool,
    pub(crate) work: Option<Work>,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Step")
            .field("change", &self.change)
            .field("needs", &self.needs)
            .finish_non_exhaustive()
    }
}

/// What a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// The account becomes what the scenario says.
    Up {
        /// Whether things of the same name that are not ours are taken over.
        adopt: bool,
    },
    /// What the scenario owns is removed.
    Down {
        /// Whether our policies are also detached from principals that are not ours.
        detach_foreign: bool,
    },
}

/// What a run would do.
#[derive(Debug)]
pub struct Plan {
    pub(crate) steps: Vec<Step>,
    /// What is as it should be and still wants somebody.
    pub notes: Vec<Note>,
}

/// How many resources each action befalls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// To be made.
    pub create: usize,
    /// To be changed.
    pub update: usize,
    /// To be deleted and made again.
    pub replace: usize,
    /// To be deleted.
    pub delete: usize,
    /// As they should be.
    pub noop: usize,
    /// Not ours to touch, or ours and in the hands of others.
    pub refuse: usize,
}

impl Summary {
    /// Counts changes by action.
    pub fn of<'a>(changes: impl Iterator<Item = &'a Change>) -> Self {
        let mut summary = Self::default();
        for change in changes {
            *match change.action {
                Action::Create => &mut summary.create,
                Action::Update => &mut summary.update,
                Action::Replace => &mut summary.replace,
                Action::Delete => &mut summary.delete,
                Action::Noop => &mut summary.noop,
                Action::Refuse => &mut summary.refuse,
            } += 1;
        }
        summary
    }
}

impl Plan {
    /// Returns the changes, in the order of kinds and names.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.steps.iter().map(|step| &step.change)
    }

    /// Counts the changes by action.
    pub fn summary(&self) -> Summary {
        Summary::of(self.changes())
    }

    /// Tells whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.changes().all(|change| change.action == Action::Noop)
    }

    /// Tells whether something that is not ours is where ours should be.
    pub fn refuses(&self) -> bool {
        self.steps.iter().any(|step| step.in_the_way)
    }

    /// Tells whether there is anything to carry out.
    pub fn has_work(&self) -> bool {
        self.steps.iter().any(|step| step.work.is_some())
    }

    /// Tells whether carrying it out makes passwords, keys or seeds.
    pub fn hands_over(&self) -> bool {
        self.steps.iter().any(|step| step.hands_over)
    }
}

/// A part of the account that the plan needs was not read.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{address} cannot be judged: {reason}")]
pub struct Unknown {
    /// What cannot be judged.
    pub address: Address,
    /// Why.
    pub reason: String,
}

/// Everything a kind may look at while it plans.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// The scenario, all holes filled.
    pub scenario: &'a Resolved,
    /// The account.
    pub snapshot: &'a Snapshot,
}

/// Plans every kind.
pub fn plan(picture: Picture<'_>, goal: Goal) -> Result<Plan, Unknown> {
    let mut steps = Vec::new();
    resources::plan_all(picture, goal, &mut steps)?;
    super::graph::order(&mut steps, picture, goal);
    Ok(Plan { steps, notes: notes(picture, goal) })
}

/// Plans one kind: compares what the scenario declares with what the account has.
pub(crate) fn plan_kind<R: Resource>(
    declared: &BTreeMap<String, &R::Spec>,
    picture: Picture<'_>,
    goal: Goal,
    steps: &mut Vec<Step>,
) -> Result<(), Unknown> {
    let found = |name: &str, desired: Option<&R::State>| match R::observed(picture, name, desired) {
        Facet::Read(found) => Ok(found),
        Facet::NotRead(reason) => Err(Unknown { address: Address::new(R::KIND, name), reason }),
    };
    // A stack's tags are passed on to what it makes; that is the stack's to delete.
    let stacked = resources::cloudformation_stack::made_by_stacks(picture.snapshot, R::KIND);
    let mut names: BTreeSet<String> =
        R::owned(picture).into_iter().filter(|name| !stacked.contains(name)).collect();
    for (name, spec) in declared {
        names.remove(name);
        let unknown = |reason| Unknown { address: Address::new(R::KIND, name), reason };
        let desired = R::desired(name, spec, picture.scenario).map_err(unknown)?;
        let actual = found(name, Some(&desired))?;
        steps.push(match goal {
            Goal::Up { adopt } => raise::<R>(name, desired, actual, adopt),
            Goal::Down { .. } => match actual {
                Some(found) => remove::<R>(name, found, picture, goal),
                None => step::<R>(name, Action::Noop, Some("it is not there".into()), vec![]),
            },
        });
    }
    // What carries our mark but has left the scenario.
    for name in names {
        if let Some(found) = found(&name, None)? {
            steps.push(remove::<R>(&name, found, picture, goal));
        }
    }
    Ok(())
}

fn step<R: Resource>(name: &str, action: Action, reason: Option<String>, fields: Vec<FieldChange>) -> Step {
    let change = Change {
        address: Address::new(R::KIND, name),
        kind: R::KIND,
        name: name.into(),
        action,
        reason,
        fields,
    };
    Step { change, needs: BTreeSet::new(), hands_over: false, in_the_way: false, work: None }
}

/// Brings one declared resource up.
fn raise<R: Resource>(name: &str, desired: R::State, actual: Option<Found<R::State>>, adopt: bool) -> Step {
    let to = Arc::new(desired);
    let owned_name: Arc<str> = name.into();
    let Some(found) = actual else {
        let mut step = step::<R>(
            name,
            Action::Create,
            None,
            diff(&Value::Object(serde_json::Map::default()), &json(&*to)),
        );
        step.hands_over = R::hands_over(None, &to);
        step.work = Some(Arc::new(move |session| {
            let (name, to) = (owned_name.clone(), to.clone());
            Box::pin(async move { R::create(&session, &name, &to).await })
        }));
        return step;
    };
    let adopting = match found.ownership.objection() {
        Some(objection) if !adopt => {
            let reason = format!("{objection}; `--adopt` takes it over");
            return Step { in_the_way: true, ..step::<R>(name, Action::Refuse, Some(reason), vec![]) };
        }
        objection => objection.is_some(),
    };
    let from = Arc::new(found.state);
    let fields = diff(&json(&*from), &json(&*to));
    let replace = fields.iter().any(|field| R::REPLACE_ON.contains(&field.path.as_str()));
    let action = match (replace, fields.is_empty() && !adopting) {
        (true, _) => Action::Replace,
        (false, true) => return step::<R>(name, Action::Noop, None, vec![]),
        (false, false) => Action::Update,
    };
    let reason = adopting.then(|| "it is taken over".to_owned());
    let hands_over = R::hands_over(Some(&from), &to);
    let mut step = step::<R>(name, action, reason, fields);
    step.hands_over = hands_over;
    step.work = Some(Arc::new(move |session| {
        let (name, from, to) = (owned_name.clone(), from.clone(), to.clone());
        Box::pin(async move {
            if replace {
                R::delete(&session, &name, &from).await?;
                return R::create(&session, &name, &to).await;
            }
            if adopting {
                R::adopt(&session, &name, &from).await?;
            }
            R::update(&session, &name, &from, &to).await
        })
    }));
    step
}

/// Takes one resource away, if it is ours.
fn remove<R: Resource>(name: &str, found: Found<R::State>, picture: Picture<'_>, goal: Goal) -> Step {
    if let Some(objection) = found.ownership.objection() {
        return step::<R>(name, Action::Noop, Some(format!("{objection}; left alone")), vec![]);
    }
    match (goal, R::held_by_others(picture, name)) {
        (Goal::Down { detach_foreign: false }, Some(reason)) => {
            let reason = format!("{reason}; `--detach-foreign` takes it away from them");
            return step::<R>(name, Action::Refuse, Some(reason), vec![]);
        }
        (Goal::Up { .. }, Some(reason)) => {
            let reason =
                format!("it has left the scenario, but {reason}; `down --detach-foreign` removes it");
            return step::<R>(name, Action::Refuse, Some(reason), vec![]);
        }
        _ => {}
    }
    let fields = R::children(&found.state)
        .into_iter()
        .map(|child| FieldChange { path: child.what, before: child.origin.into(), after: Value::Null })
        .collect();
    let from = Arc::new(found.state);
    let owned_name: Arc<str> = name.into();
    let left_out = picture.scenario.is_left_out(&Address::new(R::KIND, name));
    let reason = left_out.then(|| "its `when` leaves it out of the scenario".to_owned());
    let mut step = step::<R>(name, Action::Delete, reason, fields);
    step.work = Some(Arc::new(move |session| {
        let (name, from) = (owned_name.clone(), from.clone());
        Box::pin(async move { R::delete(&session, &name, &from).await })
    }));
    step
}

fn json<T: Serialize>(state: &T) -> Value {
    serde_json::to_value(state).unwrap_or(Value::Null)
}
