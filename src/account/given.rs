//! Policies that somebody gives as files, in place of an account: they are all there is.

use std::sync::Arc;

use jiff::Timestamp;

use super::ask::{Answer, Question, decide, of_call, say};
use super::effective::{Holder, SESSION};
use super::grant::{Grant, alone, with};
use crate::policy::document::PolicyDocument;
use crate::policy::evaluate::{PolicySet, Source};
use crate::policy::grammar::{MANAGED_LIMIT, size};
use crate::policy::request::{Principal, PrincipalKind, Request};
use crate::policy::statement::{Effect, Policy};
use crate::policy::trace::Layer;

/// The ids of a user and a role that exist nowhere, as AWS's documentation writes them.
const USER_ID: &str = "AIDACKCEVSQ6C2EXAMPLE";
const ROLE_ID: &str = "AROACKCEVSQ6C2EXAMPLE";

/// A policy in a file.
#[derive(Debug, Clone)]
pub struct Given {
    /// The file, as it was named.
    pub file: String,
    /// What it says, as JSON.
    pub document: PolicyDocument,
    /// What it means.
    pub policy: Arc<Policy>,
}

/// All policies there are.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// Of the identity, its groups' among them.
    pub identity: Vec<Given>,
    /// The permissions boundary.
    pub boundary: Option<Given>,
    /// Those handed in when the session was made.
    pub session: Vec<Given>,
    /// Of the resource; of a role that is to be assumed, its trust policy.
    pub resource: Option<Given>,
}

/// Whose files they are.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who, for people.
    pub holder: Holder,
    /// The ARN of the user or the role; of the root user, its own.
    pub arn: String,
    /// The account.
    pub account: String,
    /// The partition.
    pub partition: String,
}

impl Caller {
    fn principal(&self) -> Principal {
        let Self { holder, arn, account, partition } = self;
        let (arn, kind) = match holder {
            Holder::Root => (arn.clone(), PrincipalKind::Root),
            Holder::User(_) => (arn.clone(), PrincipalKind::User { id: USER_ID.to_owned() }),
            Holder::Role { name, session } => {
                let session = if session.is_empty() { SESSION } else { session };
                let id = format!("{ROLE_ID}:{session}");
                let kind = PrincipalKind::RoleSession { role_arn: arn.clone(), id };
                (format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}"), kind)
            }
        };
        Principal { arn, account: account.clone(), kind }
    }
}

impl Files {
    fn set(&self) -> PolicySet {
        let named = |kind: &str, given: &Given| Source {
            name: format!("{kind} `{}`", given.file),
            arn: None,
            policy: Arc::clone(&given.policy),
        };
        PolicySet {
            identity: self.identity.iter().map(|given| named("policy", given)).collect(),
            boundary: self.boundary.as_ref().map(|given| named("boundary", given)),
            session: self.session.iter().map(|given| named("session policy", given)).collect(),
            resource: self.resource.as_ref().map(|given| named("resource policy", given)),
        }
    }

    /// Asks whether the caller may do something by these files. Nothing is known of tags.
    pub fn ask(&self, caller: &Caller, question: &Question, now: Timestamp) -> Answer {
        let mut context = of_call(now);
        if let Some(account) = question.resource.split(':').nth(4).filter(|part| !part.is_empty()) {
            context.insert("aws:ResourceAccount", vec![account.to_owned()]);
        }
        say(&mut context, &question.context);
        let request = Request {
            principal: caller.principal(),
            action: question.action.clone(),
            resource: question.resource.clone(),
            context,
        };
        decide(&caller.holder, request, self.set())
    }

    /// Finds the file where a statement best goes: of the identity's one that allows something of the action's service already and
    /// has room.
    pub(super) fn place(&self, layer: Layer, action: &str, statement: &serde_json::Value) -> Grant {
        let of_layer: Vec<&Given> = match layer {
            Layer::Identity => self.identity.iter().collect(),
            Layer::Boundary => self.boundary.iter().collect(),
            Layer::Session => self.session.iter().collect(),
            Layer::Resource | Layer::Trust => self.resource.iter().collect(),
        };
        let service = action.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let speaks = |given: &Given| {
            let allowing = given.policy.statements.iter().filter(|it| it.effect == Effect::Allow);
            let texts = allowing.flat_map(|statement| statement.actions().0);
            texts
                .into_iter()
                .any(|text| text.split(':').next().is_some_and(|it| it.eq_ignore_ascii_case(&service)))
        };
        let changed = of_layer.into_iter().filter_map(|given| {
            let document = with(&given.document, statement)?;
            (size(&document.to_string()) <= MANAGED_LIMIT).then_some((given, document))
        });
        // Of equals the first.
        let best = changed.min_by_key(|(given, _)| !speaks(given));
        match best {
            Some((given, document)) => Grant::of_file(Some(given.file.clone()), document),
            None => Grant::of_file(None, alone(statement)),
        }
    }
}
