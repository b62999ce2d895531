//! The account's password policy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The account's password policy. What is left out has AWS's own default.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// The shortest password, 6 to 128 characters.
    #[schemars(range(min = 6, max = 128))]
    pub minimum_length: i32,
    /// At least one uppercase letter (A–Z).
    pub require_uppercase: bool,
    /// At least one lowercase letter (a–z).
    pub require_lowercase: bool,
    /// At least one digit.
    pub require_numbers: bool,
    /// At least one of `! @ # $ % ^ & * ( ) _ + - = [ ] { } | '`.
    pub require_symbols: bool,
    /// Days after which a password expires, 1 to 1095; left out: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1095))]
    pub max_age_days: Option<i32>,
    /// How many former passwords cannot be used again, 1 to 24; left out: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 24))]
    pub reuse_prevention: Option<i32>,
    /// Whether users may change their own password.
    pub users_may_change: bool,
    /// Whether a user whose password expired needs an administrator.
    pub hard_expiry: bool,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            minimum_length: 6,
            require_uppercase: false,
            require_lowercase: false,
            require_numbers: false,
            require_symbols: false,
            max_age_days: None,
            reuse_prevention: None,
            users_may_change: false,
            hard_expiry: false,
        }
    }
}
