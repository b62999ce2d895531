//! Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'nobody'}`, and `${*}`, `${?}`, `${$}` for the
//! characters themselves.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>. What a variable
//! without a value stands in matches nothing; so negated operators and `NotResource` do match ("Policy variables
//! with no value").

use std::borrow::Cow;

use super::glob::Token;
use super::request::{Known, Request};

/// The longest text that variables make, in characters. No ARN, tag or name comes near it.
const LIMIT: usize = 64 * 1024;

/// A pattern or text of a policy, with its variables.
#[derive(Debug, Clone)]
pub(super) struct Template {
    tokens: Vec<Token>,
    /// Variables and the tokens they stand before, in order.
    variables: Vec<(usize, Variable)>,
}

#[derive(Debug, Clone)]
struct Variable {
    /// As written.
    name: String,
    /// The condition key, in small letters.
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
        let last_brace = text.rfind('}').unwrap_or(0);
        while let Some(c) = rest.chars().next() {
            let closed = reading.variables && text.len() - rest.len() < last_brace;
            let hole = rest.strip_prefix("${").filter(|_| closed);
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
            _ => {
                let (name, key) = (key.to_owned(), key.to_lowercase());
                self.variables.push((self.tokens.len(), Variable { name, key, default }));
            }
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
            if filled.len() > LIMIT {
                return Err(NoText::Unresolved(variable.name.clone()));
            }
            from = *at;
        }
        filled.extend_from_slice(self.tokens.get(from..).unwrap_or_default());
        Ok(Cow::Owned(filled))
    }
}

impl Variable {
    fn value(&self, request: &Request) -> Result<String, NoText> {
        match request.lookup(&self.key) {
            Known::Unknown => Err(NoText::Unknown(self.name.clone())),
            Known::Absent => self.default.clone().ok_or_else(|| NoText::Unresolved(self.name.clone())),
            // "You can't use a multivalued context key as a policy variable."
            Known::Values(values) => match values.as_ref() {
                [value] => Ok(value.clone()),
                _ => Err(NoText::Unresolved(self.name.clone())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::request::{Context, Principal, PrincipalKind};

    fn filled(text: &str, reading: Reading) -> Result<String, NoText> {
        let arn = "arn:aws:iam::123456789012:user/alice".to_owned();
        let kind = PrincipalKind::User { id: "AIDA".to_owned() };
        let request = Request {
            principal: Principal { arn, account: "123456789012".to_owned(), kind },
            action: String::new(),
            resource: String::new(),
            context: Context::complete().with("t:long", "x".repeat(1000)),
        };
        let template = Template::parse(text, reading);
        let tokens = template.fill(&request)?;
        Ok(tokens
            .iter()
            .map(|token| match token {
                Token::Literal(c) | Token::Inserted(c) => *c,
                Token::Many => '*',
                Token::One => '?',
            })
            .collect())
    }

    const ALL: Reading = Reading { wildcards: true, variables: true, only_last_part: false };

    #[test]
    fn what_is_no_variable_stands_for_itself() {
        for (text, expected) in [
            ("${aws:username}", "alice"),
            ("a${ AWS:UserName }b*", "aaliceb*"),
            ("${t:none,'d'}", "d"),
            ("${t:none, 'it, too'}", "it, too"),
            ("${t:none, bare}", "${t:none, bare}"),
            ("${aws:username", "${aws:username"),
            ("} ${", "} ${"),
            ("${$}{aws:username}", "${aws:username}"),
        ] {
            assert_eq!(filled(text, ALL).unwrap(), expected, "{text}");
        }
        assert_eq!(filled("${t:none}", ALL), Err(NoText::Unresolved("t:none".to_owned())));
        let old = Reading { variables: false, ..ALL };
        assert_eq!(filled("${aws:username}", old).unwrap(), "${aws:username}");
    }

    #[test]
    fn hostile_templates_end() {
        let open = "${".repeat(120_000);
        assert_eq!(filled(&open, ALL).unwrap(), open);
        assert!(filled(&"${t:long}".repeat(1000), ALL).is_err());
    }
}
