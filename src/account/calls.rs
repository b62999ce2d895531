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
