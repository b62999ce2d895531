//! Why a decision came out as it did: what was looked at, and the first thing that did not match.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::statement::Effect;
use crate::source::Span;

/// How many values a sentence names.
const SHOWN: usize = 3;

/// The layers of policies, in the order in which AWS's messages name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Policies of the user, its groups or the role.
    Identity,
    /// The permissions boundary of the user or role.
    Boundary,
    /// Policies handed in when the session was made.
    Session,
    /// The policy of the resource.
    Resource,
    /// The trust policy of the role that is to be assumed.
    Trust,
}

/// One statement that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The layer of its policy.
    pub layer: Layer,
    /// The name of its policy, for people.
    pub source: String,
    /// The ARN of its policy, when it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// Which statement of the policy, from 0.
    pub statement: usize,
    /// Its `Sid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Where it is in the policy's text.
    #[serde(skip)]
    pub span: Span,
    /// What it does when it matches.
    pub effect: Effect,
    /// Whether it matches.
    pub finding: Finding,
}

/// Whether a statement matches a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Finding {
    /// Everything matches.
    Matched,
    /// Something does not match.
    Differs {
        /// The first thing that does not.
        first: Mismatch,
    },
    /// Nobody can tell.
    Unknown {
        /// Why.
        reasons: Vec<Reason>,
    },
}

/// The first thing of a statement that does not match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "element", rename_all = "snake_case")]
pub enum Mismatch {
    /// `Action` does not list what is asked, or `NotAction` does.
    Action {
        /// The action of the request.
        asked: String,
        /// What the statement lists.
        listed: Written,
        /// Whether it is `NotAction`.
        negated: bool,
    },
    /// `Resource` does not list what is asked, or `NotResource` does.
    Resource {
        /// The resource of the request.
        asked: String,
        /// What the statement lists.
        listed: Written,
        /// Whether it is `NotResource`.
        negated: bool,
        /// A policy variable that has no value.
        #[serde(skip_serializing_if = "Option::is_none")]
        unresolved: Option<String>,
    },
    /// `Principal` does not name who asks, `NotPrincipal` does, or there is neither.
    Principal {
        /// The principal of the request.
        asked: String,
        /// What the statement lists.
        listed: Written,
        /// Whether it is `NotPrincipal`.
        negated: bool,
    },
    /// A condition does not hold.
    Condition {
        /// The operator as written.
        operator: String,
        /// The key as written.
        key: String,
        /// The values of the policy.
        wanted: Written,
        /// The values of the request; nothing when it has no such key.
        found: Option<Vec<String>>,
        /// A policy variable that has no value.
        #[serde(skip_serializing_if = "Option::is_none")]
        unresolved: Option<String>,
    },
}

/// Why nobody can tell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// The value of a condition key is not known.
    KeyNotKnown {
        /// The key.
        key: String,
    },
    /// A condition operator that this engine does not know.
    OperatorNotKnown {
        /// The operator as written.
        operator: String,
    },
    /// A key with several values under an operator without `ForAllValues:` or `ForAnyValue:`. AWS asks for one
    /// of them and does not say what happens without.
    SeveralValues {
        /// The operator as written.
        operator: String,
        /// The key.
        key: String,
    },
    /// A principal named by canonical user id, which only S3 knows.
    CanonicalUser,
    /// A policy that could not be read.
    NotRead {
        /// Which.
        policy: String,
        /// Why.
        why: String,
    },
}

/// Texts as a policy has them. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written(pub(super) Arc<[String]>);

impl Written {
    /// Returns the texts.
    pub fn texts(&self) -> &[String] {
        &self.0
    }
}

impl From<Vec<String>> for Written {
    fn from(texts: Vec<String>) -> Self {
        Self(texts.into())
    }
}

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().serialize(serializer)
    }
}

impl Layer {
    /// Returns the layer in a sentence: `the identity-based policies`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::Resource => "resource-based policy",
            Self::Trust => "role trust policy",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Step {
    /// Names the statement for people: ``statement 2 (`DenyReports`) of policy `P` ``.
    pub fn place(&self) -> String {
        let sid = self.sid.as_ref().map_or_else(String::new, |sid| format!(" (`{sid}`)"));
        format!("statement {}{sid} of {}", self.statement + 1, self.source)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let does = match self.effect {
            Effect::Allow => "allows",
            Effect::Deny => "denies",
        };
        match &self.finding {
            Finding::Matched => write!(f, "{} {does} it", self.place()),
            Finding::Differs { first } => write!(f, "{} does not apply: {first}", self.place()),
            Finding::Unknown { reasons } => {
                let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
                write!(f, "{} may apply: {}", self.place(), reasons.join("; "))
            }
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let among = |negated: &bool| if *negated { "is excepted" } else { "is not among" };
        match self {
            Self::Action { asked, listed, negated } => {
                write!(f, "action `{asked}` {} {}", among(negated), list(listed.texts()))
            }
            Self::Resource { asked, listed, negated, unresolved } => {
                write!(f, "resource `{asked}` {} {}", among(negated), list(listed.texts()))?;
                no_value(f, unresolved.as_deref())
            }
            Self::Principal { asked, listed, .. } if listed.texts().is_empty() => {
                write!(f, "no principal is named, so `{asked}` is none of them")
            }
            Self::Principal { asked, listed, negated } => {
                let asked = if asked.is_empty() { "anonymous" } else { asked };
                write!(f, "principal `{asked}` {} {}", among(negated), list(listed.texts()))
            }
            Self::Condition { operator, key, wanted, found, unresolved } => {
                write!(f, "condition `{operator}` on `{key}` wants {}, ", list(wanted.texts()))?;
                match found {
                    Some(values) => write!(f, "the request has {}", list(values))?,
                    None => f.write_str("the request has no such key")?,
                }
                no_value(f, unresolved.as_deref())
            }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyNotKnown { key } => write!(f, "the value of `{key}` is not known"),
            Self::OperatorNotKnown { operator } => write!(f, "condition operator `{operator}` is not known"),
            Self::SeveralValues { operator, key } => {
                write!(
                    f,
                    "`{key}` has several values, which `{operator}` cannot compare without `ForAnyValue:` or `ForAllValues:`"
                )
            }
            Self::CanonicalUser => f.write_str("canonical user ids of principals are not known"),
            Self::NotRead { policy, why } => write!(f, "{policy} was not read: {why}"),
        }
    }
}

fn no_value(f: &mut fmt::Formatter<'_>, variable: Option<&str>) -> fmt::Result {
    variable.map_or(Ok(()), |name| write!(f, " (`${{{name}}}` has no value)"))
}

/// Names values for people.
fn list(values: &[String]) -> String {
    let mut named: Vec<String> = values.iter().take(SHOWN).map(|value| format!("`{value}`")).collect();
    if let Some(more @ 1..) = values.len().checked_sub(SHOWN) {
        named.push(format!("{more} more"));
    }
    if named.is_empty() { "nothing".to_owned() } else { named.join(", ") }
}
