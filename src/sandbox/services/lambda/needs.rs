//! What a caller must be allowed for each operation of Lambda.
//!
//! "Actions, resources, and condition keys for AWS Lambda" in the Service Authorization Reference: `Invoke` is
//! `lambda:InvokeFunction`; a function that is created or gets another role needs `iam:PassRole` on the role, and
//! one that is created with tags `lambda:TagResource`. `lambda:ListFunctions on resource: *` is a published denial.

use awsim_core::RequestContext;
use serde_json::Value;

use super::{Function, Lambda, Named};
use crate::sandbox::services::Need;
use crate::sandbox::services::need::{tags_in, texts_in};
use crate::sandbox::services::wire;

/// What the caller needs for a call.
pub(super) fn of(lambda: &Lambda, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<Need> {
    let action = if operation == "Invoke" { "InvokeFunction" } else { operation };
    let named = input["FunctionName"].as_str().or_else(|| input["Resource"].as_str());
    let Some(named) = named.filter(|_| operation != "ListFunctions") else {
        return vec![Need::new(format!("lambda:{action}"), "*")];
    };
    let function = Named::parse(named).name;
    let known = lambda.state.read(&ctx.region, |region| region.functions.get(function).cloned());
    let requested = tags_in(&input["Tags"]);
    let removed = if operation == "UntagResource" { wire::tag_keys(ctx, input) } else { Vec::new() };
    let own = Need::new(format!("lambda:{action}"), arn(lambda, input, ctx, named))
        .tagged(&known.as_ref().map(|function| function.tags.clone()).unwrap_or_default())
        .requesting(&requested)
        .removing(removed)
        .policy(known.as_ref().and_then(Function::policy_document));
    let own = keys(own, operation, input, known.as_ref());
    let role = input["Role"]
        .as_str()
        .filter(|_| ["CreateFunction", "UpdateFunctionConfiguration"].contains(&operation));
    let passing = role.map(|role| Need::pass_role(role, "lambda.amazonaws.com"));
    let tagging =
        (operation == "CreateFunction" && !requested.is_empty()).then(|| own.also("lambda:TagResource"));
    std::iter::once(own).chain(tagging).chain(passing).collect()
}

/// The ARN that the policies are asked about: of the function, or of the version or alias that the request asks for.
fn arn(lambda: &Lambda, input: &Value, ctx: &RequestContext, text: &str) -> String {
    let named = Named::parse(text);
    let function = match text.split_once(":function:") {
        Some((head, _)) if head.starts_with("arn:") => format!("{head}:function:{}", named.name),
        _ => lambda.arn(&ctx.region, named.name),
    };
    match input["Qualifier"].as_str().or(named.qualifier) {
        Some(qualifier) => format!("{function}:{qualifier}"),
        None => function,
    }
}

/// Adds the keys of Lambda's own.
fn keys(own: Need, operation: &str, input: &Value, known: Option<&Function>) -> Need {
    match operation {
        "CreateFunction" | "UpdateFunctionConfiguration" => {
            let network = &input["VpcConfig"];
            own.with_all("lambda:Layer", texts_in(&input["Layers"]))
                .with_all("lambda:SubnetIds", texts_in(&network["SubnetIds"]))
                .with_all("lambda:SecurityGroupIds", texts_in(&network["SecurityGroupIds"]))
                .with_some("lambda:CodeSigningConfigArn", input["CodeSigningConfigArn"].as_str())
        }
        "AddPermission" => own
            .with_some("lambda:Principal", input["Principal"].as_str())
            .with_some("lambda:FunctionUrlAuthType", input["FunctionUrlAuthType"].as_str()),
        "RemovePermission" => {
            let statements = known.map(|function| function.policy.as_slice()).unwrap_or_default();
            let statement = statements.iter().find(|one| one["Sid"] == input["StatementId"]);
            let principal = statement.map(|one| &one["Principal"]).and_then(|principal| {
                principal
                    .as_str()
                    .or_else(|| principal["AWS"].as_str())
                    .or_else(|| principal["Service"].as_str())
            });
            own.with_some("lambda:Principal", principal)
        }
        _ => own,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::clock::Clock;
    use crate::sandbox::services::Service as _;
    use crate::sandbox::services::iam::Iam;
    use crate::sandbox::services::logs::Logs;
    use crate::sandbox::services::need::testing::{caller, check, complete};

    fn lambda() -> (Lambda, RequestContext) {
        let clock = Clock::fixed("2026-01-01T00:00:00Z".parse().unwrap());
        let iam = Arc::new(Iam::new("123456789012", clock.clone()));
        let lambda = Lambda::new("123456789012", clock, iam, Arc::new(Logs::new("123456789012")));
        let function = Function {
            arn: "arn:aws:lambda:us-east-1:123456789012:function:f".into(),
            settings: serde_json::Map::new(),
            code: String::new(),
            code_sha256: String::new(),
            code_size: 0,
            last_modified: String::new(),
            revision: String::new(),
            tags: [("k".to_owned(), "v".to_owned())].into(),
            policy: Vec::new(),
            policy_revision: String::new(),
        };
        lambda.state.write("us-east-1", |region| region.functions.insert("f".into(), function));
        (lambda, caller("lambda", None))
    }

    #[test]
    fn functions_are_named_and_roles_are_passed() {
        let (lambda, ctx) = lambda();
        let role = "arn:aws:iam::123456789012:role/r";
        let pass = format!("iam:PassRole {role} iam:PassedToService=lambda.amazonaws.com");
        check(
            &lambda,
            &ctx,
            &[
                (
                    "CreateFunction",
                    json!({ "FunctionName": "g", "Role": role, "Tags": { "a": "b" } }),
                    &[
                        "lambda:CreateFunction arn:aws:lambda:us-east-1:123456789012:function:g \
                         aws:RequestTag/a=b aws:TagKeys=a",
                        "lambda:TagResource arn:aws:lambda:us-east-1:123456789012:function:g \
                         aws:RequestTag/a=b aws:TagKeys=a",
                        &pass,
                    ],
                ),
                (
                    "UpdateFunctionConfiguration",
                    json!({ "FunctionName": "f", "Role": role }),
                    &[
                        "lambda:UpdateFunctionConfiguration arn:aws:lambda:us-east-1:123456789012:function:f \
                         aws:ResourceTag/k=v",
                        &pass,
                    ],
                ),
                (
                    "UpdateFunctionConfiguration",
                    json!({ "FunctionName": "f", "Timeout": 3 }),
                    &["lambda:UpdateFunctionConfiguration arn:aws:lambda:us-east-1:123456789012:function:f \
                       aws:ResourceTag/k=v"],
                ),
                (
                    "Invoke",
                    json!({ "FunctionName": "f", "Qualifier": "$LATEST" }),
                    &["lambda:InvokeFunction arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST \
                       aws:ResourceTag/k=v"],
                ),
                (
                    "GetFunction",
                    json!({ "FunctionName": "arn:aws:lambda:eu-west-1:210987654321:function:h" }),
                    &["lambda:GetFunction arn:aws:lambda:eu-west-1:210987654321:function:h"],
                ),
                (
                    "AddPermission",
                    json!({ "FunctionName": "h", "Principal": "events.amazonaws.com" }),
                    &["lambda:AddPermission arn:aws:lambda:us-east-1:123456789012:function:h \
                       lambda:Principal=events.amazonaws.com"],
                ),
                ("ListFunctions", json!({}), &["lambda:ListFunctions *"]),
            ],
        );
        complete(&lambda, &ctx, &json!({ "FunctionName": "f" }), &[]);
    }

    #[test]
    fn the_resource_policy_comes_with_the_need() {
        let (lambda, ctx) = lambda();
        let policy = |name: &str| {
            lambda.needs("Invoke", &json!({ "FunctionName": name }), &ctx).remove(0).resource_policy
        };
        assert_eq!(policy("f"), None);
        lambda.state.write("us-east-1", |region| {
            region.functions.get_mut("f").unwrap().policy.push(json!({ "Sid": "s", "Principal": "*" }));
        });
        assert!(policy("f").unwrap().contains(r#""Sid":"s""#));
        let removed =
            lambda.needs("RemovePermission", &json!({ "FunctionName": "f", "StatementId": "s" }), &ctx);
        assert_eq!(removed[0].keys.last().unwrap(), &("lambda:Principal".to_owned(), vec!["*".to_owned()]));
    }
}
