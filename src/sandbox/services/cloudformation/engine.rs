//! Makes and deletes resources, one after another, and writes down what happened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use awsim_core::RequestContext;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::Core;
use super::blueprint::Blueprint;
use super::evaluation::{Evaluated, Present, evaluate, outputs};
use super::graph::{self, Dependencies};
use super::resources::{self, Call, Failure, Kind, Physical, Properties};
use super::state::{Deployed, Event, Stack, Tags, instant};
use super::template::Policy;

/// The type of a stack in its own events.
const STACK: &str = "AWS::CloudFormation::Stack";

/// One operation on one stack.
pub(super) struct Run {
    /// Clock, other services, memory.
    pub core: Arc<Core>,
    /// On whose behalf.
    pub ctx: RequestContext,
    /// The stack; written back with every event of its own.
    pub stack: Stack,
    /// The caller's token, shown in events.
    pub token: Option<String>,
}

/// What a failed creation does to the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnFailure {
    /// Deletes what was made; the stack stays as `ROLLBACK_COMPLETE`.
    Rollback,
    /// Deletes what was made, and the stack.
    Delete,
    /// Leaves everything as it is.
    Nothing,
}

impl Run {
    /// Creates every resource of a new stack.
    pub(super) async fn create(
        mut self,
        blueprint: Blueprint,
        on_failure: OnFailure,
        keep_nothing: bool,
    ) -> Stack {
        self.stack_event("CREATE_IN_PROGRESS", Some("User Initiated"));
        let mut failed = None;
        for id in &blueprint.order {
            if self.make(&blueprint, id, "CREATE", None).await.is_err() {
                failed = Some(format!("The following resource(s) failed to create: [{id}]. "));
                break;
            }
        }
        if failed.is_none() {
            match outputs(&blueprint, &self.stack.resources) {
                Ok(outputs) => self.stack.outputs = outputs,
                Err(invalid) => failed = Some(format!("{invalid}. ")),
            }
        }
        match (failed, on_failure) {
            (None, _) => self.stack_event("CREATE_COMPLETE", None),
            (Some(reason), OnFailure::Nothing) => self.stack_event("CREATE_FAILED", Some(&reason)),
            (Some(reason), OnFailure::Rollback) => {
                let reason = format!("{reason}Rollback requested by user.");
                self.take_down("ROLLBACK", &reason, |made| {
                    made.deletion_policy == Policy::Retain && !keep_nothing
                })
                .await;
            }
            (Some(reason), OnFailure::Delete) => {
                let reason = format!("{reason}Delete requested by user.");
                self.take_down("DELETE", &reason, |made| {
                    made.deletion_policy == Policy::Retain && !keep_nothing
                })
                .await;
            }
        }
        self.stack
    }

    /// Deletes every resource, and the stack.
    pub(super) async fn delete(mut self, retain: BTreeSet<String>) -> Stack {
        for id in &retain {
            if let Some(kept) = self.stack.resources.get_mut(id) {
                kept.deletion_policy = Policy::Retain;
            }
        }
        self.take_down("DELETE", "User Initiated", |made| made.deletion_policy != Policy::Delete).await;
        self.stack
    }

    /// Deletes what is there; `verb` is what the stack's status says about it.
    async fn take_down(&mut self, verb: &str, reason: &str, keep: impl Fn(&Deployed) -> bool + Send) {
        self.stack.deleted = Some(self.core.clock.now());
        self.stack_event(&format!("{verb}_IN_PROGRESS"), Some(reason));
        let doomed: BTreeMap<String, Deployed> = self
            .stack
            .resources
            .iter()
            .filter(|(_, made)| made.is_live())
            .map(|(id, made)| (id.clone(), made.clone()))
            .collect();
        let (after, failed) = self.delete_all(doomed, keep).await;
        self.stack.resources.extend(after);
        if failed.is_empty() {
            self.stack.outputs.clear();
            self.stack_event(&format!("{verb}_COMPLETE"), None);
        } else {
            let reason = format!("The following resource(s) failed to delete: [{}]. ", failed.join(", "));
            self.stack_event(&format!("{verb}_FAILED"), Some(&reason));
        }
    }

    /// Makes one resource and puts it into the stack, whatever comes of it.
    pub(super) async fn make(
        &mut self,
        blueprint: &Blueprint,
        id: &str,
        verb: &str,
        reason: Option<&str>,
    ) -> Result<(), ()> {
        let evaluated = evaluate(blueprint, id, &Present(&self.stack.resources));
        let (evaluated, mistake) = match evaluated {
            Ok(evaluated) => (evaluated, None),
            Err(invalid) => {
                (Evaluated { properties: Map::new(), shown: Map::new() }, Some(invalid.to_string()))
            }
        };
        let mut made = self.deployed(blueprint, id, evaluated);
        self.resource_event(id, &mut made, &format!("{verb}_IN_PROGRESS"), reason);
        let result = match (mistake, resources::kind(&made.kind)) {
            (Some(reason), _) => Err(Failure::Refused(reason)),
            (None, None) => Err(Failure::Refused(format!("Unrecognized resource types: [{}]", made.kind))),
            (None, Some(kind)) => {
                let wanted = Properties::from(&made.properties);
                let generated = self.physical_name(id, kind);
                let call = Call {
                    invoker: &self.core.invoker,
                    ctx: &self.ctx,
                    generated,
                    system_tags: self.system_tags(id),
                };
                match resources::check(kind, id, &wanted) {
                    Ok(()) => kind.create(&call, &wanted, &mut made.physical).await,
                    Err(failure) => Err(failure),
                }
            }
        };
        if !made.physical.id.is_empty() {
            self.resource_event(
                id,
                &mut made,
                &format!("{verb}_IN_PROGRESS"),
                Some("Resource creation Initiated"),
            );
        }
        let outcome = self.conclude(id, &mut made, verb, result);
        self.stack.resources.insert(id.to_owned(), made);
        outcome
    }

    /// Writes the last event of a resource's turn.
    pub(super) fn conclude(
        &mut self,
        id: &str,
        made: &mut Deployed,
        verb: &str,
        result: Result<(), Failure>,
    ) -> Result<(), ()> {
        match result {
            Ok(()) => {
                self.resource_event(id, made, &format!("{verb}_COMPLETE"), None);
                Ok(())
            }
            Err(failure) => {
                let token = self.fresh(id).uuid();
                let reason = failure.reason(&self.ctx.request_id, &token);
                self.resource_event(id, made, &format!("{verb}_FAILED"), Some(&reason));
                Err(())
            }
        }
    }

    /// Deletes resources, those that need others first. What needs a resource that could not be deleted is
    /// not tried. Returns them as they are afterwards, and the logical ids that failed.
    pub(super) async fn delete_all(
        &mut self,
        doomed: BTreeMap<String, Deployed>,
        keep: impl Fn(&Deployed) -> bool + Send,
    ) -> (BTreeMap<String, Deployed>, Vec<String>) {
        let dependencies: Dependencies =
            doomed.iter().map(|(id, made)| (id.clone(), made.depends_on.clone())).collect();
        // INVARIANT: what is deployed came from templates without cycles; if two of them together make one,
        // any order will do.
        let order = graph::order(&dependencies).unwrap_or_else(|_| doomed.keys().cloned().collect());
        let (mut after, mut failed) = (doomed, Vec::new());
        for id in order.iter().rev() {
            let blocked =
                after.iter().any(|(other, made)| failed.contains(other) && made.depends_on.contains(id));
            if blocked {
                failed.push(id.clone());
                continue;
            }
            let Some(made) = after.get_mut(id) else { continue };
            let mut made_now = made.clone();
            if keep(made) {
                self.resource_event(id, &mut made_now, "DELETE_SKIPPED", None);
            } else if made.physical.id.is_empty() {
                self.resource_event(id, &mut made_now, "DELETE_COMPLETE", None);
            } else if self.delete_one(id, &mut made_now).await.is_err() {
                failed.push(id.clone());
            }
            *made = made_now;
        }
        let tried: Vec<String> = failed
            .into_iter()
            .filter(|id| after.get(id).is_some_and(|made| made.status == "DELETE_FAILED"))
            .collect();
        (after, tried)
    }

    pub(super) async fn delete_one(&mut self, id: &str, made: &mut Deployed) -> Result<(), ()> {
        self.resource_event(id, made, "DELETE_IN_PROGRESS", None);
        let result = match resources::kind(&made.kind) {
            None => Ok(()),
            Some(kind) => {
                let call = self.call(made);
                kind.delete(&call, &Properties::from(&made.properties), &made.physical).await
            }
        };
        self.conclude(id, made, "DELETE", result)
    }

    /// What a resource that already has its names needs to call other services.
    pub(super) fn call(&self, made: &Deployed) -> Call<'_> {
        Call {
            invoker: &self.core.invoker,
            ctx: &self.ctx,
            generated: made.physical.id.clone(),
            system_tags: Tags::new(),
        }
    }

    /// A resource as the blueprint wants it, before anything is made.
    pub(super) fn deployed(&self, blueprint: &Blueprint, id: &str, evaluated: Evaluated) -> Deployed {
        let definition = blueprint.definition(id).cloned().unwrap_or_default();
        Deployed {
            kind: definition.kind,
            physical: Physical::default(),
            properties: evaluated.properties,
            shown: evaluated.shown,
            raw: definition.properties,
            metadata: definition.metadata,
            depends_on: blueprint.dependencies.get(id).cloned().unwrap_or_default(),
            deletion_policy: definition.deletion_policy,
            update_replace_policy: definition.update_replace_policy,
            status: String::new(),
            reason: None,
            at: self.core.clock.now(),
        }
    }

    /// Gives the stack a status and writes everything back.
    pub(super) fn stack_event(&mut self, status: &str, reason: Option<&str>) {
        status.clone_into(&mut self.stack.status);
        self.stack.reason = reason.map(str::to_owned);
        let (name, id) = (self.stack.name.clone(), self.stack.id.clone());
        let event = self.fresh("event").uuid();
        self.push(event, &name, &id, STACK, status, reason, None);
        self.core.state().put(&self.stack);
    }

    /// Gives a resource a status.
    pub(super) fn resource_event(
        &mut self,
        id: &str,
        made: &mut Deployed,
        status: &str,
        reason: Option<&str>,
    ) {
        let now = self.next_instant();
        status.clone_into(&mut made.status);
        made.reason = reason.map(str::to_owned);
        made.at = now;
        let event = format!("{id}-{status}-{}", instant(now));
        let shown = Value::Object(made.shown.clone()).to_string();
        let physical = made.physical.id.clone();
        self.push(event, id, &physical, &made.kind, status, reason, Some(shown));
    }

    #[expect(clippy::too_many_arguments, reason = "these are the columns of an event")]
    fn push(
        &mut self,
        id: String,
        logical_id: &str,
        physical_id: &str,
        kind: &str,
        status: &str,
        reason: Option<&str>,
        properties: Option<String>,
    ) {
        self.stack.events.push(Event {
            id,
            at: self.next_instant(),
            logical_id: logical_id.to_owned(),
            physical_id: physical_id.to_owned(),
            kind: kind.to_owned(),
            status: status.to_owned(),
            reason: reason.map(str::to_owned),
            properties,
            token: self.token.clone(),
        });
    }

    /// Now, but at least a millisecond after the last event: their ids and their order come from it.
    fn next_instant(&self) -> Timestamp {
        let now = self.core.clock.now();
        let after =
            |event: &Event| event.at.saturating_add(SignedDuration::from_millis(1)).unwrap_or(Timestamp::MAX);
        self.stack.events.last().map_or(now, |event| after(event).max(now))
    }

    fn fresh(&self, seed: &str) -> super::state::Fresh {
        let seed = format!("{}\n{seed}", self.stack.id);
        self.core.state().fresh(&seed, self.core.clock.now())
    }

    /// `<stack>-<logical id>-<12 characters>`, shortened in the middle where the type allows less.
    fn physical_name(&self, id: &str, kind: &dyn Kind) -> String {
        let suffix = self.fresh(id).suffix();
        let each = kind.name_limit().saturating_sub(suffix.len() + 2) / 2;
        let (mut stack, mut logical) = (self.stack.name.as_str(), id);
        if stack.len() + logical.len() > each * 2 {
            stack = stack.get(..each).unwrap_or(stack);
            logical = logical.get(..each).unwrap_or(logical);
        }
        format!("{stack}-{logical}-{suffix}")
    }

    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html>
    fn system_tags(&self, id: &str) -> Tags {
        [("stack-name", self.stack.name.as_str()), ("stack-id", self.stack.id.as_str()), ("logical-id", id)]
            .into_iter()
            .map(|(key, value)| (format!("aws:cloudformation:{key}"), value.to_owned()))
            .collect()
    }
}
