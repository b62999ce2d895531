//! Policies that are read one by one, for those who ask what somebody may do: AWS-managed ones, which
//! `GetAccountAuthorizationDetails` would only tell all together, and those of functions and topics.

use std::collections::BTreeSet;

use super::{each, keep_each};
use crate::account::snapshot::Snapshot;
use crate::aws::Aws;
use crate::aws::error::ApiError;
use crate::policy::document::PolicyDocument;

/// Reads the AWS-managed policies and the policies of resources with these ARNs into a picture. Returns why some
/// could not be read; the picture says so too.
pub async fn add(
    aws: &Aws,
    managed: &BTreeSet<String>,
    resources: &BTreeSet<String>,
    snapshot: &mut Snapshot,
) -> Vec<ApiError> {
    let (managed, resources) = futures::join!(
        each(managed, |arn| async move { default_version(aws, &arn).await }),
        each(resources, |arn| async move { of_resource(aws, &arn).await }),
    );
    let mut errors = Vec::new();
    keep_each(managed, &mut snapshot.aws_managed, &mut errors);
    keep_each(resources, &mut snapshot.resource_policies, &mut errors);
    errors
}

/// Reads the version of a managed policy that is in force.
async fn default_version(aws: &Aws, arn: &str) -> Result<PolicyDocument, ApiError> {
    let operation = "iam:GetPolicyVersion";
    let lacks = |what: &str| ApiError::broken(operation, arn, format!("the answer has no {what}"));
    let policy = aws.call("iam:GetPolicy", arn, || aws.iam.get_policy().policy_arn(arn).send()).await?;
    let version = policy.policy().and_then(|policy| policy.default_version_id());
    let version = version.ok_or_else(|| lacks("default version"))?;
    let send = || aws.iam.get_policy_version().policy_arn(arn).version_id(version).send();
    let answer = aws.call(operation, arn, send).await?;
    let text = answer.policy_version().and_then(|version| version.document());
    PolicyDocument::parse_encoded(text.ok_or_else(|| lacks("document"))?)
        .map_err(|error| ApiError::broken(operation, arn, error.to_string()))
}

/// Reads the policy of a function or a topic; one that is not there has none.
async fn of_resource(aws: &Aws, arn: &str) -> Result<Option<PolicyDocument>, ApiError> {
    let (operation, text) = if arn.split(':').nth(2) == Some("lambda") {
        let operation = "lambda:GetPolicy";
        let answer = aws.find(operation, arn, || aws.lambda.get_policy().function_name(arn).send()).await?;
        (operation, answer.and_then(|answer| answer.policy))
    } else {
        let operation = "sns:GetTopicAttributes";
        let answer =
            aws.find(operation, arn, || aws.sns.get_topic_attributes().topic_arn(arn).send()).await?;
        (operation, answer.and_then(|answer| answer.attributes?.remove("Policy")))
    };
    text.map(|text| PolicyDocument::parse(&text))
        .transpose()
        .map_err(|error| ApiError::broken(operation, arn, error.to_string()))
}
