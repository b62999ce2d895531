//! From a scenario and an account to a plan, and from a plan to the account.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::{Serialize, Serializer};

use crate::aws::Aws;
use handover::HandOver;

pub mod apply;
pub mod arn;
pub mod credentials;
pub mod diff;
pub mod export;
mod graph;
pub mod handover;
pub mod look;
pub mod note;
pub mod ownership;
pub(crate) mod package;
pub mod password;
pub mod plan;
mod principal;
pub mod render;
pub mod resources;
pub mod run;
mod runtimes;
pub mod verify;

/// The name of one resource of a scenario: its kind and its name, shown as `user.User1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The kind, singular: `user`.
    pub kind: &'static str,
    /// The resource's name in AWS and in the scenario.
    pub name: String,
}

impl Address {
    /// Makes an address.
    pub fn new(kind: &'static str, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }

    /// Parses `user.User1`; `None` when there is no such kind.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once('.')?;
        let kind = resources::SECTIONS.iter().find(|section| section.kind == kind)?.kind;
        Some(Self::new(kind, name))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind, self.name)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where a scenario lands: what an ARN needs besides a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The scenario's name, the ownership mark.
    pub scenario: String,
    /// The partition: `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// The 12-digit account id.
    pub account: String,
    /// The region of everything that has one.
    pub region: String,
}

impl Place {
    /// Returns the path that marks this scenario's groups, which AWS cannot tag.
    pub fn group_path(&self) -> String {
        format!("/iamlab/{}/", self.scenario)
    }
}

/// What the work of a plan acts with: the account, the place, and the way out for secrets.
#[derive(Debug)]
pub struct Session {
    /// The account.
    pub aws: Aws,
    /// Where the scenario lands.
    pub place: Place,
    /// Takes passwords, keys and seeds.
    pub handover: HandOver,
    /// Called with what a long operation has to tell while it runs.
    pub tell: fn(&Address, &str),
    present: Mutex<BTreeSet<Address>>,
    deleted: Mutex<BTreeSet<Address>>,
    deferred: Mutex<BTreeSet<Address>>,
}

impl Session {
    /// Opens a session.
    pub fn new(aws: Aws, place: Place, handover: HandOver, tell: fn(&Address, &str)) -> Self {
        Self {
            aws,
            place,
            handover,
            tell,
            present: Mutex::default(),
            deleted: Mutex::default(),
            deferred: Mutex::default(),
        }
    }

    /// Notes that a resource of the scenario is there.
    pub(crate) fn note_present(&self, address: &Address) {
        self.present.lock().unwrap_or_else(PoisonError::into_inner).insert(address.clone());
    }

    /// Notes that this run has deleted a resource.
    pub(crate) fn note_deleted(&self, address: &Address) {
        self.deleted.lock().unwrap_or_else(PoisonError::into_inner).insert(address.clone());
    }

    /// Tells whether this run has deleted a resource.
    pub(crate) fn is_deleted(&self, address: &Address) -> bool {
        self.deleted.lock().unwrap_or_else(PoisonError::into_inner).contains(address)
    }

    /// Notes that a resource was made for now, and the next pass completes it.
    pub(crate) fn note_deferred(&self, address: Address) {
        self.deferred.lock().unwrap_or_else(PoisonError::into_inner).insert(address);
    }

    /// Tells whether a resource was made for now only.
    pub(crate) fn is_deferred(&self, address: &Address) -> bool {
        self.deferred.lock().unwrap_or_else(PoisonError::into_inner).contains(address)
    }

    /// Tells whether a resource of the scenario is known to be there.
    pub(crate) fn is_present(&self, address: &Address) -> bool {
        self.present.lock().unwrap_or_else(PoisonError::into_inner).contains(address)
    }
}
