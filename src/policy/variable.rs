//! Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'nobody'}`, and `${*}`, `${?}`, `${$}` for the
//! characters themselves.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>. What a variable
//! without a value stands in matches nothing; so negated operators and `NotResource` do match ("Policy variables
//! with no value").

use std::borrow::Cow;

use super::glob::Token;
use super::request::{Known, Request};

/// A pattern or text of a policy, with its variables.
#[derive(Debug, Clone)]
pub(super) struct Template {
    tokens: Vec<Token>,
    /// Variables and the tokens they stand before, in order.
    variables: Vec<(usize, Variable)>,
}

#[derive(Debug, Clone)]
struct Variable {
    /// In small letters.
    key: String,
    default: Option<String>,
}

/// How a text of a policy is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    /// Whether `*` and `?` are wildcards.
    pub(super) wildcards: bool,
    /// Whether variables are replaced.
    pub(super) variables: bool,
    /// Whether variables only mean something in the last part of an ARN, as in `Resource`.
    pub(super) only_last_part: bool,
}

/// Why a template has no text for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoText {
    /// This variable has no value.
    Unresolved(String),
    /// Nobody knows the value of this key.
    Unknown(String),
}

impl Template {
    /// Reads a text of a policy.
    pub(super) fn parse(text: &str, reading: Reading) -> Self {
        let mut template = Self { tokens: Vec::with_capacity(text.len()), variables: vec![] };
        let mut rest = text;
        let mut colons = 0;
        while let Some(c) = rest.chars().next() {
            let hole = rest.strip_prefix("${").filter(|_| reading.variables);
            if let Some((inside, after)) = hole.and_then(|hole| hole.split_once('}')) {
                rest = after;
                if reading.only_last_part && colons < 5 {
                    template.tokens.extend(format!("${{{inside}}}").chars().map(Token::Inserted));
                } else {
                    template.hole(inside);
                }
                continue;
            }
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            colons += usize::from(c == ':');
            template.tokens.push(if reading.wildcards { Token::of(c) } else { Token::Literal(c) });
        }
        template
    }

    /// Adds what stands between `${` and `}`. What is no variable stands for itself.
    fn hole(&mut self, inside: &str) {
        let (key, default) = match inside.split_once(',') {
            None => (inside.trim(), None),
            Some((key, default)) => {
                let default = default.trim();
                let quoted = default.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
                let Some(quoted) = quoted else {
                    self.tokens.extend(format!("${{{inside}}}").chars().map(Token::Inserted));
                    return;
                };
                (key.trim(), Some(quoted.to_owned()))
            }
        };
        match inside {
            "*" | "?" | "$" => self.tokens.extend(inside.chars().map(Token::Inserted)),
            _ => self.variables.push((self.tokens.len(), Variable { key: key.to_lowercase(), default })),
        }
    }

    /// Returns the pattern with the variables replaced by the values of a request.
    pub(super) fn fill(&self, request: &Request) -> Result<Cow<'_, [Token]>, NoText> {
        if self.variables.is_empty() {
            return Ok(Cow::Borrowed(&self.tokens));
        }
        let mut filled = Vec::with_capacity(self.tokens.len() + 32);
        let mut from = 0;
        for (at, variable) in &self.variables {
            filled.extend_from_slice(self.tokens.get(from..*at).unwrap_or_default());
            filled.extend(variable.value(request)?.chars().map(Token::Inserted));
            from = *at;
        }
        filled.extend_from_slice(self.tokens.get(from..).unwrap_or_default());
        Ok(Cow::Owned(filled))
    }
}

impl Variable {
    fn value(&self, request: &Request) -> Result<String, NoText> {
        match request.lookup(&self.key) {
            Known::Unknown => Err(NoText::Unknown(self.key.clone())),
            Known::Absent => self.default.clone().ok_or_else(|| NoText::Unresolved(self.key.clone())),
            // "You can't use a multivalued context key as a policy variable."
            Known::Values(values) => match values.as_ref() {
                [value] => Ok(value.clone()),
                _ => Err(NoText::Unresolved(self.key.clone())),
            },
        }
    }
}
