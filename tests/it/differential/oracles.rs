//! The engines that are compared: ours, and two by other people.

use std::collections::HashMap;
use std::sync::Arc;

use awsim_iam_policy as awsim;
use iamlab::policy::evaluate::{Outcome, PolicySet, Source, evaluate};
use iamlab::policy::request::{Context, Principal, PrincipalKind, Request};
use iamlab::policy::statement::Policy;

use super::generate::{ACCOUNT, Ask, Caller, Doc, Docs};

/// What an engine says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Said {
    Allowed,
    ExplicitlyDenied,
    ImplicitlyDenied,
    /// It does not know, or gives an error.
    Nothing,
}

/// A document of ours.
pub(super) fn source(doc: &Doc) -> Source {
    let policy = Policy::parse(&doc.json().to_string()).unwrap();
    Source { name: "generated".to_owned(), arn: None, policy: Arc::new(policy) }
}

/// Our policies of the documents.
pub(super) fn ours(docs: &Docs) -> PolicySet {
    PolicySet {
        identity: docs.identity.iter().map(source).collect(),
        boundary: docs.boundary.as_ref().map(source),
        session: docs.session.iter().map(source).collect(),
        resource: docs.resource.as_ref().map(source),
    }
}

/// Our request.
pub(super) fn request(ask: &Ask) -> Request {
    let kind = match ask.caller {
        Caller::User => PrincipalKind::User { id: "AIDAALICE".to_owned() },
        Caller::Session => PrincipalKind::RoleSession {
            role_arn: "arn:aws:iam::123456789012:role/app".to_owned(),
            id: "AROAAPP:run".to_owned(),
        },
    };
    let mut context = Context::complete();
    for (key, values) in &ask.keys {
        context.insert(key.name, values.iter().map(|it| (*it).to_owned()).collect());
    }
    Request {
        principal: Principal { arn: ask.arn().to_owned(), account: ACCOUNT.to_owned(), kind },
        action: ask.action.to_owned(),
        resource: ask.resource.to_owned(),
        context,
    }
}

/// What ours says.
pub(super) fn we_say(set: &PolicySet, request: &Request) -> Said {
    match evaluate(set, request).outcome {
        Outcome::Allowed => Said::Allowed,
        Outcome::Denied(denial) if denial.explicit => Said::ExplicitlyDenied,
        Outcome::Denied(_) => Said::ImplicitlyDenied,
        Outcome::Indeterminate(_) => Said::Nothing,
    }
}

/// The documents as `awsim-iam-policy` reads them.
pub(super) struct Awsim {
    identity: Vec<awsim::PolicyDocument>,
    boundary: Option<awsim::PolicyDocument>,
    session: Option<awsim::PolicyDocument>,
    resource: Option<awsim::PolicyDocument>,
}

impl Awsim {
    pub(super) fn read(docs: &Docs) -> Self {
        let read = |doc: &Doc| awsim::parse_value(&doc.json()).unwrap();
        Self {
            identity: docs.identity.iter().map(read).collect(),
            boundary: docs.boundary.as_ref().map(read),
            session: docs.session.as_ref().map(read),
            resource: docs.resource.as_ref().map(read),
        }
    }

    pub(super) fn says(&self, ask: &Ask) -> Said {
        let mut context = HashMap::new();
        for (key, values) in &ask.keys {
            let value = match values.as_slice() {
                [value] if !key.several => awsim::ContextValue::String((*value).to_owned()),
                values => awsim::ContextValue::StringList(values.iter().map(|it| (*it).to_owned()).collect()),
            };
            context.insert(key.name.to_owned(), value);
        }
        if ask.caller == Caller::User {
            context.insert("aws:username".to_owned(), awsim::ContextValue::String("alice".to_owned()));
        }
        let request = awsim::AuthzRequest {
            principal_arn: ask.arn(),
            principal_account: ACCOUNT,
            action: ask.action,
            resource_arn: ask.resource,
            context: &context,
        };
        let policies = awsim::EvalContext {
            identity_policies: &self.identity,
            permissions_boundary: self.boundary.as_ref(),
            resource_policy: self.resource.as_ref(),
            scps: &[],
            session_policy: self.session.as_ref(),
        };
        match awsim::evaluate(&request, &policies) {
            awsim::Decision::Allow => Said::Allowed,
            awsim::Decision::ExplicitDeny => Said::ExplicitlyDenied,
            awsim::Decision::ImplicitDeny => Said::ImplicitlyDenied,
        }
    }
}

/// Some documents of one layer as `iam-rs`, which knows no layers, reads them; `None` when it cannot.
pub(super) struct IamRs(Option<iam_rs::PolicyEvaluator>);

impl IamRs {
    pub(super) fn read(docs: &[Doc]) -> Self {
        let policies: Result<Vec<iam_rs::IAMPolicy>, _> =
            docs.iter().map(|doc| serde_json::from_value(doc.json())).collect();
        Self(policies.ok().map(iam_rs::PolicyEvaluator::with_policies))
    }

    pub(super) fn says(&self, ask: &Ask) -> Said {
        let Some(evaluator) = &self.0 else { return Said::Nothing };
        let mut context = iam_rs::Context::new();
        for (key, values) in &ask.keys {
            let value = match (key.name, values.as_slice()) {
                ("t:b", [value]) => iam_rs::ContextValue::Boolean(*value == "true"),
                (_, [value]) if !key.several => iam_rs::ContextValue::String((*value).to_owned()),
                (_, values) => {
                    iam_rs::ContextValue::StringList(values.iter().map(|it| (*it).to_owned()).collect())
                }
            };
            context.insert(key.name.to_owned(), value);
        }
        if ask.caller == Caller::User {
            context = context.with_string("aws:username", "alice");
        }
        context = context.with_string("aws:PrincipalAccount", ACCOUNT);
        let principal = iam_rs::Principal::Aws(iam_rs::PrincipalId::String(ask.arn().to_owned()));
        let resource = iam_rs::Arn::parse(ask.resource).unwrap();
        let request = iam_rs::IAMRequest::new_with_context(principal, ask.action, resource, context);
        match evaluator.evaluate(&request).map(|result| result.decision) {
            Ok(iam_rs::Decision::Allow) => Said::Allowed,
            Ok(iam_rs::Decision::Deny) => Said::ExplicitlyDenied,
            Ok(iam_rs::Decision::NotApplicable) => Said::ImplicitlyDenied,
            Err(_) => Said::Nothing,
        }
    }
}
