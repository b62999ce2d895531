//! [`ApiCalls`]: what reading or changing an account has cost.

use serde::{Deserialize, Serialize};

/// Requests that were made of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiCalls {
    /// Requests that only read; the generation of a credential report is among them.
    pub read: u32,
    /// Requests that may change something.
    pub write: u32,
    /// Answers that asked for patience; they are among the other two.
    pub throttled: u32,
}

impl ApiCalls {
    /// Returns the number of requests.
    pub const fn total(self) -> u32 {
        self.read + self.write
    }
}

/// An answer of an account, as it concerns disputes and AWS's support.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// What was asked, as policies write it: `iam:ListUsers`.
    pub operation: String,
    /// The id that AWS gave the request; empty when the answer told none.
    pub id: String,
    /// The HTTP status.
    pub status: u16,
}
