//! [`Found`]: what one assertion came to in one account.

use super::points::Share;

/// How far an assertion holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Met,
    /// It holds but for something small, as a name that is misspelt; the criterion says what that is worth.
    Nearly,
    /// A part of it holds.
    Part(Share),
    /// It does not hold.
    Missed,
    /// Nobody could look, for this reason. It neither costs nor gives points.
    Unknown(String),
    /// A person has to judge.
    Manual,
}

/// What one assertion came to, in words.
///
/// INVARIANT: nothing in it depends on when the account was read, so that the same account always gives the same
/// words. It may hold names that a student chose: whoever shows it escapes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// How far it holds.
    pub outcome: Outcome,
    /// What was found, in one sentence without a full stop.
    pub message: String,
    /// What shows it: ARNs, statements, event ids, lines of code, each in one line.
    pub evidence: Vec<String>,
    /// What was passed over, as a name that was nearly right.
    pub remark: Option<String>,
}

impl Found {
    /// Makes a finding without evidence.
    pub fn new(outcome: Outcome, message: impl Into<String>) -> Self {
        Self { outcome, message: message.into(), evidence: Vec::new(), remark: None }
    }

    /// Makes one that holds.
    pub fn met(message: impl Into<String>) -> Self {
        Self::new(Outcome::Met, message)
    }

    /// Makes one that does not hold.
    pub fn missed(message: impl Into<String>) -> Self {
        Self::new(Outcome::Missed, message)
    }

    /// Makes one that nobody could look at.
    pub fn unknown(why: impl Into<String>) -> Self {
        let why = why.into();
        let message = format!("nobody could look: {why}");
        Self::new(Outcome::Unknown(why), message)
    }

    /// Adds what shows it.
    #[must_use]
    pub fn shown(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    /// Adds what was passed over.
    #[must_use]
    pub fn remarked(mut self, remark: Option<String>) -> Self {
        self.remark = self.remark.or(remark);
        self
    }
}
