//! How far a statement reaches, without a particular request: what it names, in words and as examples.

use super::condition::Condition;
use super::glob::{self, Case, Token};
use super::principal::Kind;
use super::request::Request;
use super::statement::{Answer, Resources, Statement};
use super::trace::Mismatch;
use super::variable::NoText;

/// Stands for any number of characters in an example; nothing but a `*` matches it.
pub const ANYTHING: &str = "\u{FDD0}";

/// Returns an example of the actions that a text of `Action` stands for.
pub fn example_of(action: &str) -> String {
    action
        .chars()
        .map(|c| match c {
            '*' => glob::ANYTHING,
            '?' => glob::ANYONE,
            c => c,
        })
        .collect()
}

/// How the conditions of a statement stand to a principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// There is none, or they all hold whatever is asked.
    Holds,
    /// They depend on the request.
    Depends,
    /// One never holds for this principal.
    Never(Mismatch),
}

/// Whom a statement of a trust policy or a resource's policy names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// Everybody.
    Anybody,
    /// Everybody but somebody: `NotPrincipal`, with its texts.
    AnybodyBut(String),
    /// A service: `lambda.amazonaws.com`.
    Service(String),
    /// Whoever this identity provider vouches for.
    Provider(String),
    /// An account, or a user, role or session: as the policy has it.
    Identity(String),
    /// A canonical user id.
    Canonical(String),
}

/// One text of `Resource` or `NotResource`, and an example of what it stands for.
#[derive(Debug, Clone)]
pub struct Instance {
    /// As the policy has it.
    pub written: String,
    /// Stands for all that it matches: a statement that matches it matches them all. With [`ANYTHING`] for every `*`;
    /// `*` for a lone `*`.
    pub example: String,
    /// Whether it stands for this one ARN only.
    pub is_literal: bool,
    pattern: Vec<Token>,
}

impl Statement {
    /// Returns the texts of `Action`, or of `NotAction` with `true`.
    pub fn actions(&self) -> (&[String], bool) {
        (self.actions.written.texts(), self.actions.negated)
    }

    /// Tells whether the statement speaks of an action.
    pub fn names(&self, action: &str) -> bool {
        let listed =
            self.actions.patterns.iter().any(|pattern| glob::matches(pattern, action, Case::Ignored));
        listed != self.actions.negated
    }

    /// Returns the texts of `Resource`, or of `NotResource` with `true`. A statement without either speaks of all.
    pub fn resources(&self) -> Option<(&[String], bool)> {
        self.resources.as_ref().map(|it| (it.written.texts(), it.negated))
    }

    /// Tells whether it speaks of the request's resource; `None` when that hangs on a variable nobody knows.
    pub fn is_about(&self, request: &Request) -> Option<bool> {
        match self.resources.as_ref().map(|it| it.answer(request)) {
            None | Some(Answer::Yes) => Some(true),
            Some(Answer::No(_)) => Some(false),
            Some(Answer::Unknown(_)) => None,
        }
    }

    /// Writes every condition: `Bool aws:MultiFactorAuthPresent: true`.
    pub fn conditions(&self) -> Vec<String> {
        self.conditions.iter().map(Condition::text).collect()
    }

    /// Lists whom it names; a policy of an identity names nobody.
    pub fn principals(&self) -> Vec<Named> {
        let Some(principals) = &self.principals else { return vec![] };
        if principals.negated {
            return vec![Named::AnybodyBut(principals.written.texts().join(", "))];
        }
        let named = |(kind, name): (Kind, &str)| match kind {
            Kind::Anyone => Named::Anybody,
            Kind::Aws if name == "*" => Named::Anybody,
            Kind::Aws => Named::Identity(name.to_owned()),
            Kind::Service => Named::Service(name.to_owned()),
            Kind::Federated => Named::Provider(name.to_owned()),
            Kind::CanonicalUser => Named::Canonical(name.to_owned()),
        };
        principals.entries().map(named).collect()
    }

    /// Tells how the conditions stand to the principal and the keys of a request.
    pub fn standing(&self, request: &Request) -> Standing {
        let mut standing = Standing::Holds;
        for condition in &self.conditions {
            match condition.answer(request) {
                Answer::Yes => {}
                Answer::No(first) => return Standing::Never(first),
                Answer::Unknown(_) => standing = Standing::Depends,
            }
        }
        standing
    }

    /// Gives an example of each text of `Resource` or `NotResource`, its variables filled in for the principal. A text with a variable that has no value stands for nothing and is left out; one whose
    /// value is not known stands for everything.
    pub fn instances(&self, request: &Request) -> Vec<Instance> {
        let Some(resources) = &self.resources else { return vec![Instance::everything()] };
        let texts = resources.patterns.iter().zip(resources.written.texts());
        texts
            .filter_map(|(template, written)| match template.fill(request) {
                Ok(pattern) => Some(Instance::new(written, pattern.into_owned())),
                Err(NoText::Unknown(_)) => Some(Instance::new(written, vec![Token::Many])),
                Err(NoText::Unresolved(_)) => None,
            })
            .collect()
    }

    /// Tells whether the statement may speak of something that an instance also stands for.
    pub fn overlaps(&self, instance: &Instance, request: &Request) -> bool {
        let Some(Resources { patterns, negated, .. }) = &self.resources else { return true };
        *negated
            || patterns.iter().any(|template| match template.fill(request) {
                Ok(pattern) => glob::overlap(&pattern, &instance.pattern),
                Err(NoText::Unknown(_)) => true,
                Err(NoText::Unresolved(_)) => false,
            })
    }
}

impl Instance {
    /// Stands for every resource.
    pub fn everything() -> Self {
        Self::new("*", vec![Token::Many])
    }

    /// Tells whether it stands for an ARN.
    pub fn covers(&self, arn: &str) -> bool {
        glob::matches_arn(&self.pattern, arn)
    }

    /// Tells whether there may be something that both stand for.
    pub fn overlaps(&self, other: &Self) -> bool {
        glob::overlap(&self.pattern, &other.pattern)
    }

    fn new(written: &str, pattern: Vec<Token>) -> Self {
        let wild = |token: &Token| matches!(token, Token::Many | Token::One);
        let example = if pattern.as_slice() == [Token::Many] {
            "*".to_owned()
        } else {
            let mut text = String::new();
            for token in &pattern {
                match token {
                    Token::Literal(c) | Token::Inserted(c) => text.push(*c),
                    Token::Many => text.push(glob::ANYTHING),
                    Token::One => text.push(glob::ANYONE),
                }
            }
            text
        };
        Self { written: written.to_owned(), example, is_literal: !pattern.iter().any(wild), pattern }
    }
}
