//! What a caller must be allowed for each operation of `CloudFormation` itself; what the templates' resources need is
//! asked of the services that make them.
//!
//! "Actions, resources, and condition keys for AWS CloudFormation" in the Service Authorization Reference. Published
//! denials: `cloudformation:DescribeStacks on resource: arn:aws:cloudformation:…:stack/test-none/*` before there is a
//! stack, `…:stack/CDKToolkit/e113e990-61ef-11ed-8f55-02046e1c0861` (also for `ExecuteChangeSet`) once there is,
//! `cloudformation:ListStacks on resource: …:stack/*/*`; `cloudformation:ValidateTemplate because no identity-based
//! policy allows …` names none. Whoever gives a stack its service role needs `iam:PassRole` ("`CloudFormation`
//! service role" in the user guide).

use super::operations::Request;
use super::state::Stack;
use crate::sandbox::services::Need;
use crate::sandbox::services::need::tags_in;

impl Request<'_> {
    /// What the caller needs for the request.
    pub(super) fn needs(&self, operation: &str) -> Vec<Need> {
        let arn = self.resource(operation);
        let tags = self
            .core
            .state()
            .find(&self.ctx.region, &arn)
            .map(|stack| stack.tags.clone())
            .unwrap_or_default();
        let mut own = Need::new(format!("cloudformation:{operation}"), arn).tagged(&tags);
        if operation == "ValidateTemplate" {
            own = own.shown("");
        }
        if matches!(operation, "CreateStack" | "UpdateStack" | "CreateChangeSet") {
            own = own
                .requesting(&tags_in(&self.input["Tags"]))
                .with_some("cloudformation:StackPolicyUrl", self.text("StackPolicyURL"))
                .with_all("cloudformation:ResourceTypes", self.texts("ResourceTypes"));
        }
        own = own
            .with_some("cloudformation:TemplateUrl", self.text("TemplateURL"))
            .with_some("cloudformation:RoleArn", self.text("RoleARN"));
        if operation.ends_with("ChangeSet") {
            own = own.with_some("cloudformation:ChangeSetName", self.text("ChangeSetName"));
        }
        let passing = self.text("RoleARN").map(|role| Need::pass_role(role, "cloudformation.amazonaws.com"));
        std::iter::once(own).chain(passing).collect()
    }

    /// The stack the request is about, as an ARN.
    fn resource(&self, operation: &str) -> String {
        let set = self.text("ChangeSetName").filter(|name| name.starts_with("arn:"));
        let name = match (self.text("StackName"), set) {
            _ if operation == "ValidateTemplate" => return "*".to_owned(),
            (Some(name), _) if operation != "ListStacks" => name,
            (None, Some(set)) => {
                let owns = |stack: &&Stack| stack.change_sets.iter().any(|known| known.id == set);
                let state = self.core.state();
                return state
                    .stacks
                    .iter()
                    .find(owns)
                    .map_or_else(|| "*".to_owned(), |stack| stack.id.clone());
            }
            _ => return self.arn("stack/*/*"),
        };
        match self.core.state().find(&self.ctx.region, name) {
            Some(stack) => stack.id.clone(),
            None if name.starts_with("arn:") => name.to_owned(),
            None => self.arn(&format!("stack/{name}/*")),
        }
    }
}

#[cfg(test)]
mod tests {
    use awsim_core::ServiceHandler as _;
    use serde_json::json;

    use super::super::CloudFormation;
    use super::super::stub::Stub;
    use crate::clock::Clock;
    use crate::sandbox::services::Service as _;
    use crate::sandbox::services::need::testing::{caller, check, complete};

    #[tokio::test]
    async fn stacks_are_named_and_roles_are_passed() {
        let clock = Clock::fixed("2026-01-01T00:00:00Z".parse().unwrap());
        let service = CloudFormation::new(clock, std::sync::Arc::new(Stub::default()));
        let ctx = caller("cloudformation", None);
        let role = "arn:aws:iam::123456789012:role/r";
        let pass = format!("iam:PassRole {role} iam:PassedToService=cloudformation.amazonaws.com");
        let stack = "arn:aws:cloudformation:us-east-1:123456789012:stack";
        check(
            &service,
            &ctx,
            &[
                (
                    "CreateStack",
                    json!({ "StackName": "s", "RoleARN": role, "Tags": [{ "Key": "k", "Value": "v" }] }),
                    &[
                        &format!(
                            "cloudformation:CreateStack {stack}/s/* aws:RequestTag/k=v aws:TagKeys=k \
                                  cloudformation:RoleArn={role}"
                        ),
                        &pass,
                    ],
                ),
                ("ListStacks", json!({}), &[&format!("cloudformation:ListStacks {stack}/*/*")]),
                ("DescribeStacks", json!({}), &[&format!("cloudformation:DescribeStacks {stack}/*/*")]),
                ("ValidateTemplate", json!({}), &["cloudformation:ValidateTemplate * (as )"]),
                (
                    "DescribeChangeSet",
                    json!({ "StackName": "s", "ChangeSetName": "c" }),
                    &[&format!(
                        "cloudformation:DescribeChangeSet {stack}/s/* cloudformation:ChangeSetName=c"
                    )],
                ),
            ],
        );
        let body = r#"{"Resources":{"T":{"Type":"AWS::SNS::Topic"}}}"#;
        let create =
            json!({ "StackName": "s", "TemplateBody": body, "Tags": [{ "Key": "k", "Value": "v" }] });
        let answer = service.handle("CreateStack", create, &ctx).await.unwrap();
        let id = answer["StackId"].as_str().unwrap();
        for input in [json!({ "StackName": "s" }), json!({ "StackName": id })] {
            let line = format!("cloudformation:DeleteStack {id} aws:ResourceTag/k=v");
            check(&service, &ctx, &[("DeleteStack", input, &[&line])]);
        }
        let set = json!({ "StackName": "t", "ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": body });
        let set = service.handle("CreateChangeSet", set, &ctx).await.unwrap();
        let by_set = service.needs("ExecuteChangeSet", &json!({ "ChangeSetName": set["Id"] }), &ctx);
        assert_eq!(by_set[0].resource, set["StackId"]);
        complete(&service, &ctx, &json!({}), &[]);
    }
}
