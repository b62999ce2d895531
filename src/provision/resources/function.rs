//! Lambda functions.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A Lambda function packaged from a folder.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Lambda's name of the runtime, e.g. `python3.9`.
    pub runtime: String,
    /// The processor architecture.
    #[serde(default)]
    pub architecture: Architecture,
    /// The folder with the source, relative to the scenario file; packed deterministically.
    pub source: String,
    /// `file.function`, e.g. `handler.main`.
    pub handler: String,
    /// The execution role, by name or ARN.
    pub role: String,
    /// The longest run in seconds, 1 to 900; Lambda's own default is 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 900))]
    pub timeout: Option<i32>,
    /// Memory in MiB, 128 to 10240; Lambda's own default is 128.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 128, max = 10240))]
    pub memory: Option<i32>,
    /// Shown in the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Environment variables; values may hold `{{ arn("topic.…") }}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
}

/// The processor architecture of a function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Architecture {
    /// 64-bit x86, Lambda's default.
    #[default]
    #[serde(rename = "x86_64")]
    X86_64,
    /// 64-bit Arm (Graviton).
    #[serde(rename = "arm64")]
    Arm64,
}
