//! Hints that two students handed in the same work: with evidence, never a deduction.

use serde::{Deserialize, Serialize};

use super::evidence::Evidence;

/// What a student's work is compared by: hashes, ids and times, no names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {}

impl Fingerprint {
    /// Takes it from evidence.
    pub fn of(_evidence: &Evidence) -> Self {
        Self {}
    }
}
