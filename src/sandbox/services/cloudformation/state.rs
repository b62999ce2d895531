//! What the service remembers: stacks, what each has deployed, its events and its change sets.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::parameters::Parameters;
use super::resources::Physical;
use super::template::Policy;

/// Tags by key.
pub(super) type Tags = BTreeMap<String, String>;

/// Everything the service keeps for one account.
///
/// Deliberately without `Debug`, like all that holds parameter values: they may be secrets.
#[derive(Default, Clone, Serialize, Deserialize)]
pub(super) struct State {
    /// Counts every id ever made, so that none repeats.
    serial: u64,
    /// Stacks in the order of creation, deleted ones included.
    pub stacks: Vec<Stack>,
}

/// One stack.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Stack {
    /// The ARN.
    pub id: String,
    /// The name; another stack may have had it before.
    pub name: String,
    /// The Region it lives in.
    pub region: String,
    /// The status, such as `CREATE_COMPLETE`.
    pub status: String,
    /// Why it has this status.
    pub reason: Option<String>,
    /// The template's description.
    pub description: Option<String>,
    /// The template as it was given.
    pub body: String,
    /// The values of its parameters.
    pub parameters: Parameters,
    /// Its tags.
    pub tags: Tags,
    /// What the caller acknowledged.
    pub capabilities: Vec<String>,
    /// Topics to be told about events.
    pub notification_arns: Vec<String>,
    /// The service role named by the caller; recorded, not assumed.
    pub role_arn: Option<String>,
    /// Whether a failure leaves everything as it is.
    pub disable_rollback: bool,
    /// Whether it refuses to be deleted.
    pub termination_protection: bool,
    /// When it was created.
    pub created: Timestamp,
    /// When the last update started.
    pub updated: Option<Timestamp>,
    /// When the last deletion or rollback started.
    pub deleted: Option<Timestamp>,
    /// The change set it was last deployed with.
    pub change_set: Option<String>,
    /// Its outputs.
    pub outputs: Vec<Output>,
    /// Its resources by logical id.
    pub resources: BTreeMap<String, Deployed>,
    /// Its events, oldest first.
    pub events: Vec<Event>,
    /// Its change sets, oldest first.
    pub change_sets: Vec<ChangeSet>,
}

impl Stack {
    /// Says whether it is gone.
    pub(super) fn is_deleted(&self) -> bool {
        self.status == "DELETE_COMPLETE"
    }

    /// Says whether an operation is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS") && self.status != "REVIEW_IN_PROGRESS"
    }
}

/// One evaluated output.
#[derive(Clone, Serialize, Deserialize, PartialEq, Eq)]
pub(super) struct Output {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Its description.
    pub description: Option<String>,
    /// The name it is exported under.
    pub export: Option<String>,
}

/// A resource as it was last deployed.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Deployed {
    /// The resource type.
    pub kind: String,
    /// The physical id and the attributes.
    pub physical: Physical,
    /// Evaluated properties, stack tags merged in.
    pub properties: Map<String, Value>,
    /// Evaluated properties as they may be shown: `NoEcho` values masked, without stack tags.
    pub shown: Map<String, Value>,
    /// The properties as the template has them.
    pub raw: Value,
    /// The metadata as the template has it.
    pub metadata: Value,
    /// Logical ids it needs.
    pub depends_on: BTreeSet<String>,
    /// What happens when it leaves the stack.
    pub deletion_policy: Policy,
    /// What happens to the old one when it is replaced.
    pub update_replace_policy: Policy,
    /// The status, such as `CREATE_COMPLETE`.
    pub status: String,
    /// Why it has this status.
    pub reason: Option<String>,
    /// When the status was reached.
    pub at: Timestamp,
}

impl Deployed {
    /// Says whether the stack still answers for it.
    pub(super) fn is_live(&self) -> bool {
        !matches!(self.status.as_str(), "DELETE_COMPLETE" | "DELETE_SKIPPED")
    }
}

/// One line of a stack's history.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Event {
    /// A unique id.
    pub id: String,
    /// When it happened.
    pub at: Timestamp,
    /// The logical id, or the stack's name.
    pub logical_id: String,
    /// The physical id, empty before there is one.
    pub physical_id: String,
    /// The resource type.
    pub kind: String,
    /// The status it reached.
    pub status: String,
    /// Why.
    pub reason: Option<String>,
    /// The evaluated properties as JSON text.
    pub properties: Option<String>,
    /// The caller's token.
    pub token: Option<String>,
}

/// One change set.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ChangeSet {
    /// The ARN.
    pub id: String,
    /// The name.
    pub name: String,
    /// `CREATE_COMPLETE` or `FAILED`.
    pub status: String,
    /// Why it has this status.
    pub reason: Option<String>,
    /// `AVAILABLE`, `UNAVAILABLE`, `OBSOLETE`, `EXECUTE_IN_PROGRESS`, `EXECUTE_COMPLETE` or `EXECUTE_FAILED`.
    pub execution_status: String,
    /// When it was created.
    pub created: Timestamp,
    /// What the caller says about it.
    pub description: Option<String>,
    /// The template.
    pub body: String,
    /// The values of the parameters.
    pub parameters: Parameters,
    /// The stack's tags after it.
    pub tags: Tags,
    /// What the caller acknowledged.
    pub capabilities: Vec<String>,
    /// Topics to be told about events.
    pub notification_arns: Vec<String>,
    /// What to do when its execution fails.
    pub on_failure: Option<String>,
    /// Its changes, in the shape of `DescribeChangeSet`.
    pub changes: Vec<Value>,
}

impl State {
    /// Finds a stack by ARN (deleted ones too) or by name (only one that exists).
    pub(super) fn find(&self, region: &str, name: &str) -> Option<&Stack> {
        self.stacks.iter().rev().find(|stack| {
            stack.id == name || (stack.name == name && stack.region == region && !stack.is_deleted())
        })
    }

    /// Writes a stack back, or adds it.
    pub(super) fn put(&mut self, stack: &Stack) {
        match self.stacks.iter_mut().find(|known| known.id == stack.id) {
            Some(known) => known.clone_from(stack),
            None => self.stacks.push(stack.clone()),
        }
    }

    /// Makes an id that no other call returns: 32 bytes that follow from how many were made before, from
    /// the time and from `seed`, so that a fixed clock gives a fixed history.
    pub(super) fn fresh(&mut self, seed: &str, now: Timestamp) -> Fresh {
        self.serial += 1;
        let text = format!("{}\n{}\n{seed}", self.serial, now.as_nanosecond());
        Fresh(Sha256::digest(text.as_bytes()).into())
    }
}

/// Bytes that ids are written from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fresh([u8; 32]);

impl Fresh {
    /// Writes them as a UUID.
    pub(super) fn uuid(&self) -> String {
        let mut text = String::new();
        for (at, byte) in self.0.iter().take(16).enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            text.extend(
                [byte >> 4, byte & 15].iter().filter_map(|half| char::from_digit((*half).into(), 16)),
            );
        }
        text
    }

    /// Writes them as the twelve characters that end a physical name.
    pub(super) fn suffix(&self) -> String {
        const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        self.0
            .iter()
            .take(12)
            .filter_map(|byte| LETTERS.get(usize::from(*byte) % LETTERS.len()))
            .map(|letter| char::from(*letter))
            .collect()
    }
}

/// Writes an instant as `CloudFormation` does, with milliseconds.
pub(super) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
