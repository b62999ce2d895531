//! Policies as typed statements, and whether a statement matches a request.

use super::condition::Condition;
use super::glob::{self, Case, Token};
use super::principal::{Grip, Principals, Spoken};
use super::request::Request;
use super::trace::{Finding, Mismatch, Reason, Written};
use super::variable::{NoText, Template};
use crate::source::Span;

pub use super::parse::ParseError;

/// A policy, read and ready to be asked. Share it in an `Arc`: asking does not change it.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Its statements, in order.
    pub statements: Vec<Statement>,
    /// Why nobody knows what it says, when nobody does: then it may allow and deny anything.
    pub unread: Option<String>,
}

/// One statement of a policy.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Which it is, from 0.
    pub index: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// Where it is in the policy's text.
    pub span: Span,
    /// What it does when it matches.
    pub effect: Effect,
    pub(super) actions: Actions,
    pub(super) resources: Option<Resources>,
    pub(super) principals: Option<Principals>,
    pub(super) conditions: Vec<Condition>,
}

/// What a matching statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, whatever else allows.
    Deny,
}

/// `Action` or `NotAction`.
#[derive(Debug, Clone)]
pub(super) struct Actions {
    pub(super) patterns: Vec<Vec<Token>>,
    pub(super) negated: bool,
    pub(super) written: Written,
}

/// `Resource` or `NotResource`.
#[derive(Debug, Clone)]
pub(super) struct Resources {
    pub(super) patterns: Vec<Template>,
    pub(super) negated: bool,
    pub(super) written: Written,
}

/// Whether a policy belongs to who asks or to what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// It is attached to the principal, which it need not name.
    Principal,
    /// It is attached to the resource.
    Resource,
}

/// How one element answers.
pub(super) enum Answer {
    Yes,
    No(Mismatch),
    Unknown(Reason),
}

impl Policy {
    /// Reads the text of a policy. `grammar::validate` is stricter and has AWS's messages; this reads whatever
    /// means something.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        super::parse::policy(text)
    }

    /// Stands for a policy that is there and could not be read.
    pub fn unread(why: impl Into<String>) -> Self {
        Self { statements: vec![], unread: Some(why.into()) }
    }
}

impl Statement {
    /// Tells whether the statement matches a request, and how directly it speaks of the principal.
    pub(super) fn look(&self, request: &Request, side: Side) -> (Finding, Grip) {
        let mut reasons = Vec::new();
        let mut grip = Grip::Direct;
        let first = self.first_mismatch(request, side, &mut grip, &mut reasons);
        let finding = match first {
            Some(first) => Finding::Differs { first },
            None if reasons.is_empty() => Finding::Matched,
            None => Finding::Unknown { reasons },
        };
        (finding, grip)
    }

    fn first_mismatch(
        &self,
        request: &Request,
        side: Side,
        grip: &mut Grip,
        reasons: &mut Vec<Reason>,
    ) -> Option<Mismatch> {
        let mut differs = |answer: Answer| match answer {
            Answer::Yes => None,
            Answer::No(first) => Some(first),
            Answer::Unknown(reason) => {
                reasons.push(reason);
                None
            }
        };
        if let Some(first) = differs(self.actions.answer(&request.action)) {
            return Some(first);
        }
        if let Some(first) = self.resources.as_ref().and_then(|it| differs(it.answer(request))) {
            return Some(first);
        }
        if side == Side::Resource
            && let Some(first) = differs(self.principal(request, grip))
        {
            return Some(first);
        }
        self.conditions.iter().find_map(|condition| differs(condition.answer(request)))
    }

    /// Takes out the first condition that does not hold for a request.
    pub(super) fn drop_failing_condition(&mut self, request: &Request) {
        let fails = |condition: &Condition| matches!(condition.answer(request), Answer::No(_));
        if let Some(at) = self.conditions.iter().position(fails) {
            self.conditions.remove(at);
        }
    }

    fn principal(&self, request: &Request, grip: &mut Grip) -> Answer {
        let no = |listed: Written, negated| {
            Answer::No(Mismatch::Principal { asked: request.principal.arn.clone(), listed, negated })
        };
        let Some(principals) = &self.principals else { return no(Written::from(vec![]), false) };
        match principals.speak_of(&request.principal) {
            Spoken::Of(how) => {
                *grip = how;
                Answer::Yes
            }
            Spoken::Not => no(principals.written.clone(), principals.negated),
            Spoken::Unknown => {
                *grip = Grip::Account;
                Answer::Unknown(Reason::CanonicalUser)
            }
        }
    }
}

impl Actions {
    fn answer(&self, action: &str) -> Answer {
        let listed = self.patterns.iter().any(|pattern| glob::matches(pattern, action, Case::Ignored));
        if listed == self.negated {
            let (asked, listed) = (action.to_owned(), self.written.clone());
            Answer::No(Mismatch::Action { asked, listed, negated: self.negated })
        } else {
            Answer::Yes
        }
    }
}

impl Resources {
    pub(super) fn answer(&self, request: &Request) -> Answer {
        let mut unresolved = None;
        let mut unknown = None;
        for pattern in &self.patterns {
            match pattern.fill(request) {
                Ok(pattern) if glob::matches_arn(&pattern, &request.resource) => {
                    return if self.negated { self.no(request, None) } else { Answer::Yes };
                }
                Ok(_) => {}
                Err(NoText::Unresolved(name)) => unresolved = Some(name),
                Err(NoText::Unknown(key)) => unknown = Some(key),
            }
        }
        match unknown {
            Some(key) => Answer::Unknown(Reason::KeyNotKnown { key }),
            None if self.negated => Answer::Yes,
            None => self.no(request, unresolved),
        }
    }

    fn no(&self, request: &Request, unresolved: Option<String>) -> Answer {
        let (asked, listed) = (request.resource.clone(), self.written.clone());
        Answer::No(Mismatch::Resource { asked, listed, negated: self.negated, unresolved })
    }
}
