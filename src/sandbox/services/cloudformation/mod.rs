//! `CloudFormation` that really creates: it calls the other services of the account, keeps stacks, events and
//! change sets, and rolls back what fails.
//!
//! A request comes in as JSON (the protocol layer has already taken awsQuery apart) and leaves as JSON. What
//! flows through: a template becomes a `blueprint` (everything decided that needs no resource), the
//! `engine` makes, changes and deletes resources one after another in dependency order through the
//! [`Invoke`] it was given, and `describe` writes what happened in the shapes of the API.
//!
//! The work is done inside the call that starts it; what remains afterwards reads as if it had taken its time:
//! `CreateStack` answers with the stack's id whether or not a resource failed, and the events tell the rest.
//!
//! `NoEcho` values are masked in everything that is shown. They are in the snapshot, as the stack needs them
//! for `UsePreviousValue`.

mod blueprint;
mod capability;
mod change_set;
mod describe;
mod diff;
mod engine;
mod evaluation;
mod graph;
mod intrinsics;
mod needs;
mod operations;
mod parameters;
mod pattern;
mod resources;
mod state;
mod template;
mod update;

#[cfg(test)]
mod neighbours;
#[cfg(test)]
mod stub;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use awsim_core::{AwsError, Protocol, RequestContext, ServiceHandler};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::clock::Clock;
use state::State;

/// How the service reaches the other services of the same account.
///
/// `input` has the shape the protocol layer gives a handler: for awsQuery services (IAM, SNS) every scalar is
/// a text, lists are plain arrays (`Tags: [{Key, Value}]`) and maps plain objects (`Attributes: {…}`).
#[async_trait]
pub trait Invoke: Send + Sync {
    /// Calls `operation` of `service` (its signing name: `iam`, `sns`, `lambda`, `events`) on behalf of the
    /// caller in `ctx`.
    async fn invoke(
        &self,
        service: &str,
        operation: &str,
        input: Value,
        ctx: &RequestContext,
    ) -> Result<Value, AwsError>;
}

/// A shared [`Invoke`].
pub type Invoker = Arc<dyn Invoke>;

/// The `CloudFormation` service of one account.
#[derive(Clone)]
pub struct CloudFormation {
    core: Arc<Core>,
}

impl fmt::Debug for CloudFormation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudFormation").finish_non_exhaustive()
    }
}

impl CloudFormation {
    /// Makes a service without stacks.
    pub fn new(clock: Clock, invoker: Invoker) -> Self {
        Self {
            core: Arc::new(Core { clock, invoker, state: Mutex::default(), touched: AtomicBool::default() }),
        }
    }

    /// Returns the ARN and the tags of every stack that exists and has tags.
    pub fn tagged(&self) -> Vec<(String, BTreeMap<String, String>)> {
        let state = self.core.state();
        let exists = |stack: &&state::Stack| !stack.is_deleted() && !stack.tags.is_empty();
        state.stacks.iter().filter(exists).map(|stack| (stack.id.clone(), stack.tags.clone())).collect()
    }
}

/// What every part of the service shares.
struct Core {
    clock: Clock,
    invoker: Invoker,
    state: Mutex<State>,
    /// Whether a call that may change something has ended since the state was last saved.
    touched: AtomicBool,
}

impl Core {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request or a template that asks for what cannot be: `CloudFormation`'s `ValidationError`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
struct Invalid(String);

impl Invalid {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl From<Invalid> for AwsError {
    fn from(invalid: Invalid) -> Self {
        Self::bad_request("ValidationError", invalid.0)
    }
}

/// The operations it answers; `handle` has an arm for each.
const OPERATIONS: &[&str] = &[
    "CreateStack",
    "UpdateStack",
    "DeleteStack",
    "ValidateTemplate",
    "CreateChangeSet",
    "DescribeChangeSet",
    "ExecuteChangeSet",
    "DeleteChangeSet",
    "ListChangeSets",
    "DescribeStacks",
    "DescribeStackEvents",
    "DescribeStackResources",
    "ListStackResources",
    "ListStacks",
    "GetTemplate",
    "UpdateTerminationProtection",
];

#[async_trait]
impl ServiceHandler for CloudFormation {
    fn service_name(&self) -> &'static str {
        "cloudformation"
    }

    fn protocol(&self) -> Protocol {
        Protocol::AwsQuery
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let request = operations::Request { core: &self.core, input: &input, ctx };
        let answer = match operation {
            "CreateStack" => request.create_stack().await,
            "UpdateStack" => request.update_stack().await,
            "DeleteStack" => request.delete_stack().await,
            "ValidateTemplate" => request.validate_template(),
            "CreateChangeSet" => request.create_change_set(),
            "DescribeChangeSet" => request.describe_change_set(),
            "ExecuteChangeSet" => request.execute_change_set().await,
            "DeleteChangeSet" => request.delete_change_set(),
            "ListChangeSets" => request.list_change_sets(),
            "DescribeStacks" => request.describe_stacks(),
            "DescribeStackEvents" => request.describe_stack_events(),
            "DescribeStackResources" => request.describe_stack_resources(),
            "ListStackResources" => request.list_stack_resources(),
            "ListStacks" => request.list_stacks(),
            "GetTemplate" => request.get_template(),
            "UpdateTerminationProtection" => request.update_termination_protection(),
            other => Err(AwsError::bad_request(
                "InvalidAction",
                format!("Could not find operation {other} for version 2010-05-15"),
            )),
        };
        if !["Describe", "Get", "List", "Validate"].iter().any(|verb| operation.starts_with(verb)) {
            self.core.touched.store(true, Ordering::Release);
        }
        answer
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(&*self.core.state()).ok()
    }

    fn restore(&self, data: &[u8]) -> Result<(), String> {
        *self.core.state() = serde_json::from_slice(data).map_err(|error| error.to_string())?;
        Ok(())
    }
}

impl super::Service for CloudFormation {
    fn operations(&self) -> Vec<&'static str> {
        OPERATIONS.to_vec()
    }

    fn needs(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<super::Need> {
        operations::Request { core: &self.core, input, ctx }.needs(operation)
    }

    fn take_change(&self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        let state = self.core.state();
        self.core.touched.swap(false, Ordering::AcqRel).then(|| to_raw_value(&*state)).transpose()
    }
}
