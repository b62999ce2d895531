//! Brings a stack from one template to another, and back again when that fails.

use std::collections::BTreeMap;

use super::blueprint::Blueprint;
use super::diff::changed;
use super::engine::Run;
use super::evaluation::{Evaluated, Present, evaluate, outputs};
use super::resources::{self, Change, Kind, Properties};
use super::state::{Deployed, Stack};
use super::template::Policy;

const REPLACING: &str =
    "Requested update requires the creation of a new physical resource; hence creating one.";

/// One step of an update, with what it takes to go back.
enum Step {
    Created(String),
    Updated { id: String, before: Box<Deployed> },
    Replaced { id: String, before: Box<Deployed> },
}

/// How an update is carried out.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct UpdateOptions {
    /// A failure leaves everything as it is.
    pub disable_rollback: bool,
    /// A rollback deletes new resources whatever their deletion policy.
    pub keep_nothing: bool,
}

impl Run {
    /// Updates every resource that differs; `settle` changes what else is new about the stack, once it worked.
    pub(super) async fn update(
        mut self,
        blueprint: Blueprint,
        options: UpdateOptions,
        settle: impl FnOnce(&mut Stack, Blueprint) + Send,
    ) -> Stack {
        self.stack.updated = Some(self.core.clock.now());
        self.stack_event("UPDATE_IN_PROGRESS", Some("User Initiated"));
        let mut journal = Vec::new();
        let mut failed = None;
        for id in &blueprint.order {
            if let Err(verb) = self.advance(&blueprint, id, &mut journal).await {
                failed = Some(format!("The following resource(s) failed to {verb}: [{id}]. "));
                break;
            }
        }
        let outputs = outputs(&blueprint, &self.stack.resources);
        match (failed, outputs) {
            (None, Ok(outputs)) => {
                self.clean_up(&blueprint, journal).await;
                self.stack.outputs = outputs;
                settle(&mut self.stack, blueprint);
                self.stack_event("UPDATE_COMPLETE", None);
            }
            (Some(reason), _) => self.give_up(&reason, journal, options).await,
            (None, Err(invalid)) => self.give_up(&invalid.to_string(), journal, options).await,
        }
        self.stack
    }

    /// Brings one resource to what the blueprint wants. On failure, says what failed.
    async fn advance(
        &mut self,
        blueprint: &Blueprint,
        id: &str,
        journal: &mut Vec<Step>,
    ) -> Result<(), &'static str> {
        let Some(before) = self.stack.resources.get(id).filter(|made| made.is_live()).cloned() else {
            journal.push(Step::Created(id.to_owned()));
            return self.make(blueprint, id, "CREATE", None).await.map_err(|()| "create");
        };
        if before.status == "CREATE_FAILED" {
            return self.repair(blueprint, id, before).await;
        }
        let evaluated = match evaluate(blueprint, id, &Present(&self.stack.resources)) {
            Ok(evaluated) => evaluated,
            Err(invalid) => return self.refuse(id, before, &invalid.to_string(), journal),
        };
        let names = changed(&before.properties, &evaluated.properties);
        let Some(kind) = resources::kind(&before.kind).filter(|_| !names.is_empty()) else {
            let mut same = self.deployed(blueprint, id, evaluated);
            (same.physical, same.status, same.reason, same.at) =
                (before.physical, before.status, before.reason, before.at);
            self.stack.resources.insert(id.to_owned(), same);
            return Ok(());
        };
        if names.iter().any(|name| resources::change(kind, name) == Change::Replaces) {
            if let Some(name) = fixed_name(kind, &before, &evaluated) {
                let reason = format!(
                    "CloudFormation cannot update a stack when a custom-named resource requires replacing. \
                     Rename {name} and update the stack again."
                );
                return self.refuse(id, before, &reason, journal);
            }
            journal.push(Step::Replaced { id: id.to_owned(), before: Box::new(before) });
            return self.make(blueprint, id, "UPDATE", Some(REPLACING)).await.map_err(|()| "update");
        }
        let mut wanted = self.deployed(blueprint, id, evaluated);
        wanted.physical = before.physical.clone();
        journal.push(Step::Updated { id: id.to_owned(), before: Box::new(before.clone()) });
        self.change(id, &before, wanted).await.map_err(|()| "update")
    }

    /// Makes a resource whose creation failed once more.
    async fn repair(
        &mut self,
        blueprint: &Blueprint,
        id: &str,
        mut before: Deployed,
    ) -> Result<(), &'static str> {
        if !before.physical.id.is_empty() && self.delete_one(id, &mut before).await.is_err() {
            self.stack.resources.insert(id.to_owned(), before);
            return Err("delete");
        }
        self.make(blueprint, id, "CREATE", None).await.map_err(|()| "create")
    }

    fn refuse(
        &mut self,
        id: &str,
        mut made: Deployed,
        reason: &str,
        journal: &mut Vec<Step>,
    ) -> Result<(), &'static str> {
        journal.push(Step::Updated { id: id.to_owned(), before: Box::new(made.clone()) });
        self.resource_event(id, &mut made, "UPDATE_FAILED", Some(reason));
        self.stack.resources.insert(id.to_owned(), made);
        Err("update")
    }

    /// Changes a resource in place.
    async fn change(&mut self, id: &str, before: &Deployed, mut wanted: Deployed) -> Result<(), ()> {
        self.resource_event(id, &mut wanted, "UPDATE_IN_PROGRESS", None);
        let properties = Properties::from(&wanted.properties);
        let kind = resources::kind(&wanted.kind);
        let checked = kind.map(|kind| resources::check(kind, id, &properties).map(|()| kind)).transpose();
        let result = match checked {
            Err(failure) => Err(failure),
            Ok(None) => Ok(()),
            Ok(Some(kind)) => {
                let mut physical = wanted.physical.clone();
                let call = self.call(&wanted);
                let old = Properties::from(&before.properties);
                let result = kind.update(&call, &old, &properties, &mut physical).await;
                wanted.physical = physical;
                result
            }
        };
        let outcome = self.conclude(id, &mut wanted, "UPDATE", result);
        self.stack.resources.insert(id.to_owned(), wanted);
        outcome
    }

    /// Deletes what the update left without a place in the stack.
    async fn clean_up(&mut self, blueprint: &Blueprint, journal: Vec<Step>) {
        self.stack_event("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", None);
        let mut doomed: BTreeMap<String, Deployed> = BTreeMap::new();
        for step in journal {
            if let Step::Replaced { id, mut before } = step {
                before.deletion_policy = before.update_replace_policy;
                doomed.insert(id, *before);
            }
        }
        let gone: Vec<String> =
            self.stack.resources.keys().filter(|id| blueprint.definition(id).is_none()).cloned().collect();
        for id in gone {
            if let Some(made) = self.stack.resources.remove(&id)
                && made.is_live()
            {
                doomed.insert(id, made);
            }
        }
        self.delete_all(doomed, |made| made.deletion_policy != Policy::Delete).await;
    }

    /// Goes back, unless the caller wants to see what went wrong.
    async fn give_up(&mut self, reason: &str, journal: Vec<Step>, options: UpdateOptions) {
        if options.disable_rollback {
            // The next update starts from what the resource was, so that it sees the same difference again.
            if let Some(Step::Updated { id, before }) = journal.last()
                && let Some(made) = self.stack.resources.get_mut(id)
            {
                made.properties.clone_from(&before.properties);
            }
            self.stack_event("UPDATE_FAILED", Some(reason));
            return;
        }
        self.stack_event("UPDATE_ROLLBACK_IN_PROGRESS", Some(reason));
        let mut doomed = BTreeMap::new();
        for step in journal.into_iter().rev() {
            match step {
                Step::Created(id) => {
                    if let Some(made) = self.stack.resources.remove(&id) {
                        doomed.insert(id, made);
                    }
                }
                Step::Replaced { id, before } => {
                    let mut before = *before;
                    self.resource_event(&id, &mut before, "UPDATE_COMPLETE", None);
                    if let Some(made) = self.stack.resources.insert(id.clone(), before) {
                        doomed.insert(id, made);
                    }
                }
                Step::Updated { id, before } => {
                    let Some(now) = self.stack.resources.get(&id).cloned() else { continue };
                    if self.change(&id, &now, *before).await.is_err() {
                        let reason = format!("The following resource(s) failed to update: [{id}]. ");
                        self.stack_event("UPDATE_ROLLBACK_FAILED", Some(&reason));
                        return;
                    }
                }
            }
        }
        self.stack_event("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", None);
        let keep_nothing = options.keep_nothing;
        self.delete_all(doomed, |made| made.deletion_policy == Policy::Retain && !keep_nothing).await;
        self.stack_event("UPDATE_ROLLBACK_COMPLETE", None);
    }
}

/// The name of the author's choice that the old and the new resource would share.
fn fixed_name(kind: &dyn Kind, before: &Deployed, wanted: &Evaluated) -> Option<String> {
    let property = kind.name_property()?;
    let name = Properties::from(&wanted.properties).text(property)?;
    (before.properties.get(property) == wanted.properties.get(property)).then_some(name)
}
