//! Whether the policy of a resource lets an AWS service do something: a function's or a topic's policy an event source,
//! a role's trust policy Lambda. Services have no policies of their own, so this one decides.

use std::sync::Arc;

use crate::policy::evaluate::{PolicySet, Source, evaluate};
use crate::policy::request::{Context, Principal, PrincipalKind, Request};
use crate::policy::statement::Policy;

/// What a service wants to do.
#[derive(Debug, Clone, Copy)]
pub(in crate::sandbox) struct ServiceCall<'a> {
    /// `events.amazonaws.com`
    pub(in crate::sandbox) service: &'a str,
    /// `lambda:InvokeFunction`
    pub(in crate::sandbox) action: &'a str,
    /// The ARN of the resource.
    pub(in crate::sandbox) resource: &'a str,
    /// The ARN of what it acts for: `aws:SourceArn`.
    pub(in crate::sandbox) source_arn: &'a str,
    /// The account of that: `aws:SourceAccount`.
    pub(in crate::sandbox) source_account: &'a str,
}

impl ServiceCall<'_> {
    /// Tells whether `policy` allows it. What is no policy allows nothing.
    pub(in crate::sandbox) fn is_allowed_by(&self, policy: &str) -> bool {
        let Ok(policy) = Policy::parse(policy) else { return false };
        let source = Source { name: "the resource's policy".to_owned(), arn: None, policy: Arc::new(policy) };
        let policies =
            PolicySet { identity: Vec::new(), boundary: None, session: Vec::new(), resource: Some(source) };
        let context = Context::complete()
            .with("aws:SourceArn", self.source_arn)
            .with("aws:SourceAccount", self.source_account)
            .with("aws:SecureTransport", "true")
            .with("aws:PrincipalIsAWSService", "true")
            .with("aws:PrincipalServiceName", self.service);
        let request = Request {
            principal: Principal {
                arn: self.service.to_owned(),
                account: String::new(),
                kind: PrincipalKind::Service,
            },
            action: self.action.to_owned(),
            resource: self.resource.to_owned(),
            context,
        };
        evaluate(&policies, &request).is_allowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted(statement: &str) -> bool {
        let call = ServiceCall {
            service: "lambda.amazonaws.com",
            action: "sts:AssumeRole",
            resource: "arn:aws:iam::123456789012:role/r",
            source_arn: "arn:aws:lambda:us-east-1:123456789012:function:f",
            source_account: "123456789012",
        };
        call.is_allowed_by(&format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#))
    }

    #[test]
    fn a_service_is_let_in_by_its_name_and_the_conditions() {
        let lambda = r#"{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com"]},"Action":"sts:AssumeRole"}"#;
        let deny = r#"{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}"#;
        let condition = |condition: &str| lambda.replace(r#""Action""#, &format!(r#"{condition},"Action""#));
        assert!(trusted(lambda));
        assert!(!trusted(&format!("{lambda},{deny}")));
        assert!(!trusted(&lambda.replace("lambda.", "ec2.")));
        assert!(!trusted("not json"));
        assert!(!trusted(&condition(r#""Condition":{"StringEquals":{"sts:ExternalId":"x"}}"#)));
        assert!(trusted(&condition(r#""Condition":{"StringEquals":{"AWS:SourceAccount":"123456789012"}}"#)));
        assert!(!trusted(&condition(r#""Condition":{"StringEquals":{"AWS:SourceAccount":"210987654321"}}"#)));
    }
}
