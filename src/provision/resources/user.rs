//! IAM users with their login profile, access keys and virtual MFA device.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DocumentSource, Extra};

/// An IAM user.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// Whether the user signs in to the console: `true`, `false`, or `{ reset: true }` to ask for a new
    /// password at the first sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub console: Option<Console>,
    /// The kind of MFA device to enable; `virtual` is the one that can be made by a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa: Option<Mfa>,
    /// How many active access keys the user has: 0, 1 or 2.
    #[schemars(range(max = 2))]
    #[serde(skip_serializing_if = "is_zero")]
    pub access_keys: u8,
    /// Policies attached to the user itself, by name or ARN. (Groups are the better place.)
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// Inline policies, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub inline_policies: BTreeMap<String, DocumentSource>,
    /// The policy, by name or ARN, that bounds what the user may ever do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<String>,
    /// `allow` leaves policies and keys alone that the scenario does not name.
    #[serde(skip_serializing_if = "Extra::is_default")]
    pub extra: Extra,
}

/// How a user signs in to the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Console {
    /// `true`: with a generated password; `false`: not at all.
    Enabled(bool),
    /// With a generated password and options.
    Options(ConsoleOptions),
}

/// Options of a console sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsoleOptions {
    /// Whether AWS asks for a new password at the first sign-in.
    pub reset: bool,
}

/// A kind of MFA device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mfa {
    /// A virtual device: a seed that an authenticator app turns into codes.
    Virtual,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_zero(n: &u8) -> bool {
    *n == 0
}
