//! IAM Access Analyzer analyzers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An analyzer.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// What it looks for.
    #[serde(rename = "type")]
    pub analyzer_type: AnalyzerType,
}

/// What an analyzer looks for, with Access Analyzer's own names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AnalyzerType {
    /// Resources of the account that somebody outside can reach; free of charge.
    #[default]
    Account,
    /// Access in the account that nobody uses; charged per role and user.
    AccountUnusedAccess,
}
