//! From a scenario and an account to a plan, and from a plan to the account.

use std::fmt;

use serde::{Serialize, Serializer};

pub mod arn;
pub mod resources;

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
