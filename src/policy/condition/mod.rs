//! Conditions: one operator, one key, the values to compare with.
//!
//! Sources: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
//! and, for sets,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>.

mod address;
mod compare;
mod moment;
mod operator;

use compare::Wanted;
use operator::{Operator, Quantifier, Test};

use super::request::{Known, Request};
use super::statement::Answer;
use super::trace::{Mismatch, Reason, Written};
use super::variable::NoText;

/// One condition of a statement.
#[derive(Debug, Clone)]
pub struct Condition {
    /// As the policy writes it.
    operator_text: String,
    operator: Option<Operator>,
    /// As the policy writes it.
    key_text: String,
    /// In small letters.
    key: String,
    written: Written,
    wanted: Vec<Wanted>,
}

/// What a comparison tells.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Yes,
    No,
    /// A variable among the values has no value, which made it a no.
    Unresolved(String),
    /// Nobody knows the value of this key.
    Unknown(String),
}

impl Condition {
    /// Reads a condition; `variables` says whether the policy's version knows variables.
    pub(super) fn new(operator_text: &str, key: &str, values: Vec<String>, variables: bool) -> Self {
        let operator = Operator::parse(operator_text);
        let wanted = operator.map_or_else(Vec::new, |operator| {
            values.iter().map(|value| Wanted::read(operator.test, value, variables)).collect()
        });
        Self {
            operator_text: operator_text.to_owned(),
            operator,
            key_text: key.to_owned(),
            key: key.to_lowercase(),
            written: Written::from(values),
            wanted,
        }
    }

    /// Writes the condition in one line: operator, key, values.
    pub(super) fn text(&self) -> String {
        format!("{} {}: {}", self.operator_text, self.key_text, self.written.texts().join(", "))
    }

    /// Tells whether the condition holds for a request.
    pub(super) fn answer(&self, request: &Request) -> Answer {
        let Some(operator) = self.operator else {
            return Answer::Unknown(Reason::OperatorNotKnown { operator: self.operator_text.clone() });
        };
        let known = request.lookup(&self.key);
        let found: Option<&[String]> = match &known {
            Known::Unknown => return Answer::Unknown(Reason::KeyNotKnown { key: self.key_text.clone() }),
            Known::Absent => None,
            Known::Values(values) => Some(values),
        };
        let told = match (operator.test, operator.quantifier) {
            (Test::Null, _) => Some(self.presence(found.is_some())),
            (_, Quantifier::None) => self.single(operator, found, request),
            (_, Quantifier::All) => Some(self.all(operator, found, request)),
            (_, Quantifier::Any) => Some(self.any(operator, found, request)),
        };
        match told {
            Some(Told::Yes) => Answer::Yes,
            Some(Told::No) => self.no(found, None),
            Some(Told::Unresolved(name)) => self.no(found, Some(name)),
            Some(Told::Unknown(key)) => Answer::Unknown(Reason::KeyNotKnown { key }),
            None => Answer::Unknown(Reason::SeveralValues {
                operator: self.operator_text.clone(),
                key: self.key_text.clone(),
            }),
        }
    }

    fn no(&self, found: Option<&[String]>, unresolved: Option<String>) -> Answer {
        Answer::No(Mismatch::Condition {
            operator: self.operator_text.clone(),
            key: self.key_text.clone(),
            wanted: self.written.clone(),
            found: found.map(<[String]>::to_vec),
            unresolved,
        })
    }

    /// `Null`: `true` wants the key absent, `false` wants it there.
    fn presence(&self, present: bool) -> Told {
        let wanted = if present { "false" } else { "true" };
        told(self.written.texts().iter().any(|text| text.eq_ignore_ascii_case(wanted)))
    }

    /// No set operator: the key has one value at most. `None` when it has several.
    fn single(&self, operator: Operator, found: Option<&[String]>, request: &Request) -> Option<Told> {
        Some(match found {
            // "If the key that you specify in a policy condition is not present in the request context, the
            // values do not match"; for negated matching "the condition is true".
            None => told(operator.if_exists || operator.negated),
            Some([value]) => self.holds(operator, value, request),
            Some(_) => return None,
        })
    }

    /// `ForAllValues`: also true without the key, and for a key of nothing but empty texts.
    fn all(&self, operator: Operator, found: Option<&[String]>, request: &Request) -> Told {
        let mut told = Told::Yes;
        for value in members(found) {
            match self.holds(operator, value, request) {
                Told::Yes => {}
                unknown @ Told::Unknown(_) => told = unknown,
                no => return no,
            }
        }
        told
    }

    /// `ForAnyValue`: false without the key, whether or not `IfExists` is added.
    fn any(&self, operator: Operator, found: Option<&[String]>, request: &Request) -> Told {
        let mut told = Told::No;
        for value in members(found) {
            match (self.holds(operator, value, request), &told) {
                (Told::Yes, _) => return Told::Yes,
                (unknown @ Told::Unknown(_), _) => told = unknown,
                (unresolved @ Told::Unresolved(_), Told::No) => told = unresolved,
                _ => {}
            }
        }
        told
    }

    /// Compares one value of the request: any of the policy's values has to match, or, negated, none. Values that
    /// cannot be compared, and those with a variable that has no value, do not match.
    fn holds(&self, operator: Operator, found: &str, request: &Request) -> Told {
        let mut unresolved = None;
        let mut unknown = None;
        for wanted in &self.wanted {
            match wanted.matches(operator.test, found, request) {
                Ok(true) => return told(!operator.negated),
                Ok(false) => {}
                Err(NoText::Unresolved(name)) => unresolved = Some(name),
                Err(NoText::Unknown(key)) => unknown = Some(key),
            }
        }
        match (unknown, unresolved) {
            (Some(key), _) => Told::Unknown(key),
            (None, Some(name)) if !operator.negated => Told::Unresolved(name),
            (None, _) => told(operator.negated),
        }
    }
}

const fn told(yes: bool) -> Told {
    if yes { Told::Yes } else { Told::No }
}

/// The values of a set: none when all are empty texts.
fn members(found: Option<&[String]>) -> &[String] {
    found.filter(|values| values.iter().any(|value| !value.is_empty())).unwrap_or_default()
}
