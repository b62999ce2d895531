//! [`Verdict`]: what a check says of one subject, and what decided it.

use serde::{Deserialize, Serialize};

use crate::account::credential_report::ROOT;

/// The name of findings about the account as a whole.
pub const ACCOUNT: &str = "<account>";

/// How a subject stands to a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// It is as it should be.
    Pass,
    /// It is not.
    Fail,
    /// It could not be looked at.
    Unknown,
    /// A person must judge.
    Manual,
    /// The control says nothing about it.
    NotApplicable,
    /// It is not as it should be, and somebody has taken responsibility for that until a date.
    Exempt,
}

impl Status {
    /// All of them, in the order reports count them.
    pub const ALL: [Self; 6] =
        [Self::Pass, Self::Fail, Self::Unknown, Self::Manual, Self::NotApplicable, Self::Exempt];

    /// Returns how much it weighs beside others of the same control: the heaviest stands for the control.
    pub const fn gravity(self) -> u8 {
        match self {
            Self::NotApplicable => 0,
            Self::Pass => 1,
            Self::Exempt => 2,
            Self::Manual => 3,
            Self::Unknown => 4,
            Self::Fail => 5,
        }
    }

    /// Returns the word of the machine formats: `PASS`, `NOT_APPLICABLE`, ….
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Unknown => "UNKNOWN",
            Self::Manual => "MANUAL",
            Self::NotApplicable => "NOT_APPLICABLE",
            Self::Exempt => "EXEMPT",
        }
    }
}

/// Whom or what a verdict is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Its ARN.
    pub resource: String,
    /// Its name; [`ACCOUNT`] for the account, [`ROOT`] for root.
    pub name: String,
    /// The one credential of a user that it is about: `password`, `access_key_1`, `access_key_2`.
    pub credential: Option<&'static str>,
}

impl Subject {
    /// Stands for something that has a name and an ARN.
    pub fn new(resource: impl Into<String>, name: impl Into<String>) -> Self {
        Self { resource: resource.into(), name: name.into(), credential: None }
    }

    /// Narrows it to one credential.
    #[must_use]
    pub const fn credential(mut self, credential: &'static str) -> Self {
        self.credential = Some(credential);
        self
    }

    /// Stands for the account as a whole.
    pub fn account(partition: &str, account: &str) -> Self {
        Self::new(format!("arn:{partition}:iam::{account}:root"), ACCOUNT)
    }

    /// Stands for the root user.
    pub fn root(partition: &str, account: &str) -> Self {
        Self::new(format!("arn:{partition}:iam::{account}:root"), ROOT)
    }
}

/// What a check says of one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whom it is about.
    pub subject: Subject,
    /// How the subject stands; never [`Status::Exempt`], which is not for a check to say.
    pub status: Status,
    /// One sentence, lower-case, without a full stop.
    pub message: String,
    /// The raw fields that decided it, by AWS's names, in the order they were looked at.
    pub evidence: Vec<(&'static str, String)>,
    /// What to do about this one, when it is more than the check's general advice.
    pub fix: Option<String>,
}

impl Verdict {
    fn new(subject: Subject, status: Status, message: impl Into<String>) -> Self {
        Self { subject, status, message: message.into(), evidence: Vec::new(), fix: None }
    }

    /// The subject is as it should be.
    pub fn pass(subject: Subject, message: impl Into<String>) -> Self {
        Self::new(subject, Status::Pass, message)
    }

    /// The subject is not as it should be.
    pub fn fail(subject: Subject, message: impl Into<String>) -> Self {
        Self::new(subject, Status::Fail, message)
    }

    /// Passes when `good`; the sentence says either way what is.
    pub fn decide(subject: Subject, good: bool, message: impl Into<String>) -> Self {
        Self::new(subject, if good { Status::Pass } else { Status::Fail }, message)
    }

    /// It cannot be told.
    pub fn unknown(subject: Subject, message: impl Into<String>) -> Self {
        Self::new(subject, Status::Unknown, message)
    }

    /// A person must judge.
    pub fn manual(subject: Subject, message: impl Into<String>) -> Self {
        Self::new(subject, Status::Manual, message)
    }

    /// The check says nothing about this subject.
    pub fn not_applicable(subject: Subject, message: impl Into<String>) -> Self {
        Self::new(subject, Status::NotApplicable, message)
    }

    /// Adds a field that decided it.
    #[must_use]
    pub fn with(mut self, field: &'static str, value: impl Into<String>) -> Self {
        self.evidence.push((field, value.into()));
        self
    }

    /// Says what to do about this one.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}
