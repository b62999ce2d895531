//! CloudFormation stacks from a template file.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A CloudFormation stack.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The template file, YAML or JSON, relative to the scenario file.
    pub template: String,
    /// Values of the template's parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// What the template may do, e.g. `CAPABILITY_NAMED_IAM`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Capability>,
}

/// What a template must be allowed explicitly, with CloudFormation's own names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Capability {
    /// IAM resources with generated names.
    CapabilityIam,
    /// IAM resources with names of their own.
    CapabilityNamedIam,
    /// Macros.
    CapabilityAutoExpand,
}
