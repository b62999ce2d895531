//! The kinds of resource a scenario can declare, one file each, and the table of them.
//!
//! To add a kind: a file that implements `Resource`, its `mod` line, and its row in [`kinds!`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub mod access_analyzer;
pub mod cloudformation_stack;
pub mod function;
pub mod group;
pub mod managed_policy;
pub mod password_policy;
pub mod role;
pub mod schedule;
pub mod topic;
pub mod user;

/// A row of the table of kinds: the kind's name in addresses and its section in a scenario.
#[derive(Debug, Clone, Copy)]
pub struct SectionRow {
    /// Singular, in addresses: `user`.
    pub kind: &'static str,
    /// In a scenario's `resources:` block: `users`.
    pub section: &'static str,
}

/// Declares the sections of `resources:` in a scenario and the table of kinds.
macro_rules! kinds {
    ($( $(#[$doc:meta])* $section:ident ($kind:literal) : $container:ident => $module:ident, )*) => {
        /// All kinds, in the order of a scenario's sections.
        pub const SECTIONS: &[SectionRow] = &[$( SectionRow { kind: $kind, section: stringify!($section) }, )*];

        /// The `resources:` block of a scenario: one section per kind, by name.
        #[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct Resources {
            $( $(#[$doc])* #[serde(skip_serializing_if = "Section::is_empty")] pub $section: $container<$module::Spec>, )*
        }
    };
}

kinds! {
    /// Customer-managed policies, by name.
    policies ("policy"): Named => managed_policy,
    /// IAM users, by user name.
    users ("user"): Named => user,
    /// IAM groups, by group name.
    groups ("group"): Named => group,
    /// IAM roles, by role name.
    roles ("role"): Named => role,
    /// Lambda functions, by function name.
    functions ("function"): Named => function,
    /// SNS topics, by topic name.
    topics ("topic"): Named => topic,
    /// Daily, hourly… runs of a function through an EventBridge rule, by rule name.
    schedules ("schedule"): Named => schedule,
    /// The account's password policy; there is one.
    password_policy ("password_policy"): Single => password_policy,
    /// IAM Access Analyzer analyzers, by name.
    analyzers ("analyzer"): Named => access_analyzer,
    /// CloudFormation stacks, by stack name.
    stacks ("stack"): Named => cloudformation_stack,
}

/// A section that holds any number of resources, by name.
pub type Named<S> = BTreeMap<String, S>;
/// A section that holds the account's one resource of its kind.
pub type Single<S> = Option<S>;

/// Something that can be left out of a written scenario when it holds nothing.
trait Section {
    fn is_empty(&self) -> bool;
}

impl<S> Section for Named<S> {
    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }
}

impl<S> Section for Single<S> {
    fn is_empty(&self) -> bool {
        self.is_none()
    }
}

/// A policy document: a JSON file beside the scenario, or the document itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DocumentSource {
    /// Path of a JSON file, relative to the scenario file.
    File(String),
    /// The policy document itself, as a mapping.
    Inline(serde_json::Map<String, serde_json::Value>),
}

/// What to do about policies, members, keys and subscriptions that the scenario does not name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Extra {
    /// They are drift, and `up` removes them.
    #[default]
    Remove,
    /// They are left alone.
    Allow,
}

impl Extra {
    const fn is_default(&self) -> bool {
        matches!(self, Self::Remove)
    }
}
