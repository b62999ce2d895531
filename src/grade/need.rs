//! [`Need`]: what a rubric has to read of an account, and the permissions that takes.

use std::collections::BTreeSet;

use super::rubric::{Assertion, Event, Rubric};
use super::subject::Subject;

/// Something that has to be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Users, groups, roles and customer-managed policies, and the AWS-managed ones that somebody holds.
    Identity,
    /// The credential report: when passwords and keys were made.
    CredentialReport,
    /// Login profile, access keys and MFA devices of a user.
    Credentials(String),
    /// The functions of the region, with who may invoke them.
    Functions,
    /// The packages of the functions.
    Packages,
    /// The topics of the region, with their subscriptions.
    Topics,
    /// What is scheduled: rules of EventBridge and schedules of EventBridge Scheduler.
    Schedules,
    /// A part of the event history.
    Events(Query),
}

/// One look into the event history.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Query {
    /// What a user did.
    Username(String),
    /// Who called it.
    EventName(String),
}

impl Need {
    /// Returns the actions that reading it takes.
    pub const fn permissions(&self) -> &'static [&'static str] {
        match self {
            Self::Identity => {
                &["iam:GetAccountAuthorizationDetails", "iam:GetPolicy", "iam:GetPolicyVersion"]
            }
            Self::CredentialReport => &["iam:GenerateCredentialReport", "iam:GetCredentialReport"],
            Self::Credentials(_) => &["iam:GetLoginProfile", "iam:ListAccessKeys", "iam:ListMFADevices"],
            Self::Functions => &["lambda:GetFunction", "lambda:GetPolicy", "lambda:ListFunctions"],
            Self::Packages => &["lambda:GetFunction"],
            Self::Topics => &["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:ListTopics"],
            Self::Schedules => &[
                "events:DescribeRule",
                "events:ListRules",
                "events:ListTargetsByRule",
                "scheduler:GetSchedule",
                "scheduler:ListSchedules",
            ],
            Self::Events(_) => &["cloudtrail:LookupEvents"],
        }
    }
}

impl Query {
    /// Returns the attribute that `LookupEvents` takes.
    pub const fn attribute(&self) -> &'static str {
        match self {
            Self::Username(_) => "Username",
            Self::EventName(_) => "EventName",
        }
    }

    /// Returns the attribute's value.
    pub fn value(&self) -> &str {
        match self {
            Self::Username(value) | Self::EventName(value) => value,
        }
    }
}

/// Returns the look into the event history that finds an event, if it is there: by the user who did it, or by its
/// names. A user's own events are read once for all criteria.
pub fn queries(event: &Event) -> Vec<Query> {
    match &event.by {
        Some(Subject::User(name)) => vec![Query::Username(name.clone())],
        _ => event.name.iter().cloned().map(Query::EventName).collect(),
    }
}

impl Rubric {
    /// Returns what it has to read, `Need::CredentialReport` only when lateness or somebody asks for it.
    pub fn needs(&self) -> BTreeSet<Need> {
        let leaves = self.criteria().flat_map(|criterion| criterion.check.leaves());
        let mut needs: BTreeSet<Need> = leaves.flat_map(needs).collect();
        if !needs.is_empty() {
            // Lateness goes by dates that only these tell.
            needs.extend([Need::Identity, Need::CredentialReport]);
        }
        needs
    }

    /// Returns the IAM actions that marking by it takes.
    pub fn permissions(&self) -> BTreeSet<&'static str> {
        self.needs().iter().flat_map(Need::permissions).copied().collect()
    }
}

fn needs(check: &Assertion) -> Vec<Need> {
    let mut found = Vec::new();
    for subject in check.subjects() {
        match subject {
            Subject::User(_) | Subject::Group(_) | Subject::Role(_) | Subject::Policy(_) => {
                found.push(Need::Identity);
            }
            Subject::Function => found.push(Need::Functions),
            Subject::FunctionRole => found.extend([Need::Identity, Need::Functions]),
            Subject::Topic => found.push(Need::Topics),
        }
    }
    match check {
        Assertion::Console(Subject::User(name)) | Assertion::Mfa(Subject::User(name)) => {
            found.push(Need::Credentials(name.clone()));
        }
        Assertion::AccessKeys(keys) => {
            found.extend(keys.of.name().map(|name| Need::Credentials(name.to_owned())));
        }
        Assertion::Event(event) => found.extend(queries(event).into_iter().map(Need::Events)),
        Assertion::Schedule(_) => found.push(Need::Schedules),
        _ => {}
    }
    // Which of several functions and topics is the student's, the code tells.
    if found.iter().any(|need| matches!(need, Need::Functions | Need::Topics)) {
        found.extend([Need::Functions, Need::Packages]);
    }
    found
}
