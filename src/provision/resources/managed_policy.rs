//! Customer-managed policies.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DocumentSource;

/// A customer-managed policy.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The policy document: a file, or the document itself.
    pub document: DocumentSource,
    /// Shown in the console; AWS lets nobody change it later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}
