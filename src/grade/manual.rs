//! Points that a person gives: for what only a person can judge, and to overrule what was found.

use super::points::Points;

/// What a person entered for one criterion of one student.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// The points.
    pub points: Points,
    /// What the student is told.
    pub comment: Option<String>,
}
