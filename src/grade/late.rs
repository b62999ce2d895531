//! Whether work was late, by the dates in the account, and what that costs.

use serde::{Deserialize, Serialize};

use super::points::Points;

/// Whether, how much and by what work was late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lateness {
    /// What it costs.
    pub deduction: Points,
    /// Days begun after the deadline, grace and extension taken off.
    pub days: u32,
    /// What was done after the deadline, latest first: `2026-03-18T09:00:00Z user User3 was created`.
    pub evidence: Vec<String>,
}
