//! [`Subject`]: what a criterion is about, as a rubric writes it.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Somebody or something in a student's account. Those with a name are found by it, exactly or nearly; the others are
/// found by what they do, because the assignment leaves their names to the student.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// `user/NAME`.
    User(String),
    /// `group/NAME`.
    Group(String),
    /// `role/NAME`.
    Role(String),
    /// `policy/NAME`, a customer-managed policy.
    Policy(String),
    /// `function`: the Lambda function that the student wrote for the assignment.
    Function,
    /// `function-role`: the execution role of that function.
    FunctionRole,
    /// `topic`: the topic that the function publishes to.
    Topic,
}

impl Subject {
    /// Reads what a rubric writes.
    ///
    /// # Errors
    ///
    /// It is nothing that a criterion can be about.
    pub fn parse(text: &str) -> Result<Self, String> {
        let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        let found = match text.split_once('/') {
            Some(("user", name)) => named(name).map(Self::User),
            Some(("group", name)) => named(name).map(Self::Group),
            Some(("role", name)) => named(name).map(Self::Role),
            Some(("policy", name)) => named(name).map(Self::Policy),
            None if text == "function" => Some(Self::Function),
            None if text == "function-role" => Some(Self::FunctionRole),
            None if text == "topic" => Some(Self::Topic),
            _ => None,
        };
        found.ok_or_else(|| {
            format!(
                "`{text}` is nothing that a criterion can be about: write `user/NAME`, `group/NAME`, `role/NAME`, \
                 `policy/NAME`, `function`, `function-role` or `topic`"
            )
        })
    }

    /// Returns the name it is found by, when it has one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::User(name) | Self::Group(name) | Self::Role(name) | Self::Policy(name) => Some(name),
            Self::Function | Self::FunctionRole | Self::Topic => None,
        }
    }

    /// Names it for people: ``user `User1` ``, `the function`.
    pub fn label(&self) -> String {
        match self {
            Self::User(name) => format!("user `{name}`"),
            Self::Group(name) => format!("group `{name}`"),
            Self::Role(name) => format!("role `{name}`"),
            Self::Policy(name) => format!("policy `{name}`"),
            Self::Function => "the function".to_owned(),
            Self::FunctionRole => "the function's role".to_owned(),
            Self::Topic => "the topic".to_owned(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "user/{name}"),
            Self::Group(name) => write!(f, "group/{name}"),
            Self::Role(name) => write!(f, "role/{name}"),
            Self::Policy(name) => write!(f, "policy/{name}"),
            Self::Function => f.write_str("function"),
            Self::FunctionRole => f.write_str("function-role"),
            Self::Topic => f.write_str("topic"),
        }
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

impl JsonSchema for Subject {
    fn schema_name() -> Cow<'static, str> {
        "Subject".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "user/NAME, group/NAME, role/NAME, policy/NAME, function, function-role or topic",
            "pattern": "^((user|group|role|policy)/.+|function|function-role|topic)$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_survives_its_text() {
        for text in [
            "user/User1",
            "group/A",
            "role/IAM-Auditor-role",
            "policy/P",
            "function",
            "function-role",
            "topic",
        ] {
            assert_eq!(Subject::parse(text).unwrap().to_string(), text);
        }
        for wrong in ["user/", "User1", "bucket/x", "function/x", ""] {
            assert!(Subject::parse(wrong).is_err(), "{wrong}");
        }
    }
}
