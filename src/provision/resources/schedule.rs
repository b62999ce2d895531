//! Scheduled runs of a function: an EventBridge rule, its target, and the permission to invoke.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A scheduled run of a function.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// `rate(1 day)` or `cron(0 6 * * ? *)`, in UTC.
    pub expression: String,
    /// The function to run, by name in this scenario.
    pub function: String,
    /// Whether the rule fires.
    #[serde(default = "enabled", skip_serializing_if = "is_true")]
    pub enabled: bool,
    /// Shown in the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON the function is given; without it, EventBridge's own event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<serde_json::Value>,
}

const fn enabled() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_true(value: &bool) -> bool {
    *value
}
