//! IAM roles with their trust policy and policies.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DocumentSource, Extra};

/// An IAM role.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Who may assume the role.
    pub trust: Trust,
    /// Attached policies, by name or ARN.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// Inline policies, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inline_policies: BTreeMap<String, DocumentSource>,
    /// Shown in the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The longest session, in seconds (3600 to 43200); AWS's own default is 3600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 3600, max = 43200))]
    pub max_session_seconds: Option<i32>,
    /// The policy, by name or ARN, that bounds what the role may ever do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<String>,
    /// `allow` leaves policies alone that the scenario does not name.
    #[serde(default, skip_serializing_if = "Extra::is_default")]
    pub extra: Extra,
}

/// Who may assume a role: principals by kind, or a whole trust policy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Trust {
    /// AWS services, e.g. `lambda.amazonaws.com`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Roles, by name in this account or by ARN.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Users, by name in this account or by ARN.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// Whole accounts, by 12-digit id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
    /// The external id that callers must present.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// A whole trust policy in place of all of the above: a file, or the document itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentSource>,
}
