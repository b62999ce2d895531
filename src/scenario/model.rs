//! The scenario file as types; its JSON Schema is derived from them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use super::when;
use crate::provision::resources::Resources;

/// The region of a scenario that names none.
pub const DEFAULT_REGION: &str = "us-east-1";

/// A lab, declared: what one scenario file says.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "iamlab scenario")]
pub struct ScenarioFile {
    /// The scenario's name, 1 to 40 characters of `a-z`, `0-9` and `-`. It marks what `up` creates as owned.
    #[schemars(regex(pattern = "^[a-z0-9-]{1,40}$"))]
    pub name: String,
    /// Pins the 12-digit account id: in any other account nothing is done.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "account")]
    #[schemars(schema_with = "account_schema")]
    pub account: Option<String>,
    /// The region of everything that has one; `us-east-1` when left out.
    #[serde(default = "default_region")]
    pub region: String,
    /// What the lab is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Values that `--set` can change, filled in where the scenario says `{{ name }}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Parameter>,
    /// What is in the account, one section per kind.
    #[serde(default)]
    pub resources: Resources,
    /// What must hold afterwards, one sentence each: `User3 cannot iam:AddUserToGroup on group/Admins`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<String>,
}

/// A parameter of a scenario.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Parameter {
    /// What the value is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The value without `--set`; a parameter without default must be set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// The values allowed; empty: any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
}

fn default_region() -> String {
    DEFAULT_REGION.to_owned()
}

/// Reads an account id that was written as text or, being all digits, as a number.
fn account<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        Number(u64),
    }
    Ok(Option::<Written>::deserialize(deserializer)?.map(|written| match written {
        Written::Text(text) => text,
        Written::Number(number) => number.to_string(),
    }))
}

fn account_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": ["string", "integer", "null"],
        "pattern": "^[0-9]{12}$",
        "minimum": 0,
        "maximum": 999_999_999_999_u64
    })
}

/// Returns the JSON Schema of a scenario file, for editors and for reading.
pub fn schema() -> Json {
    SCHEMA.clone()
}

/// The schema, derived once.
pub(super) static SCHEMA: LazyLock<Json> = LazyLock::new(|| {
    let mut schema = schemars::schema_for!(ScenarioFile).to_value();
    when::declare(&mut schema);
    schema
});
