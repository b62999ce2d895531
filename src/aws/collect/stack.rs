//! A CloudFormation stack: status, parameters, tags, the template as it was submitted, and what it has made.

use aws_sdk_cloudformation::types::TemplateStage;

use crate::account::snapshot::Stack;
use crate::aws::Aws;
use crate::aws::error::ApiError;

pub(super) async fn read(aws: &Aws, name: &str) -> Result<Option<Stack>, ApiError> {
    let resource = format!("stack.{name}");
    let answer = aws
        .find("cloudformation:DescribeStacks", &resource, || {
            aws.cloudformation.describe_stacks().stack_name(name).send()
        })
        .await?;
    let stack = answer.and_then(|answer| answer.stacks).and_then(|stacks| stacks.into_iter().next());
    let Some(stack) = stack else { return Ok(None) };
    let status = stack.stack_status().map(|status| status.as_str().to_owned()).unwrap_or_default();
    if status == "DELETE_COMPLETE" {
        return Ok(None);
    }
    let template = aws
        .find("cloudformation:GetTemplate", &resource, || {
            aws.cloudformation.get_template().stack_name(name).template_stage(TemplateStage::Original).send()
        })
        .await?;
    let resources = resources(aws, name, &resource).await?;
    Ok(Some(Stack {
        resources,
        arn: stack.stack_id().unwrap_or_default().into(),
        status,
        template: template.and_then(|answer| answer.template_body).unwrap_or_default(),
        parameters: stack
            .parameters()
            .iter()
            .filter_map(|parameter| {
                Some((parameter.parameter_key()?.to_owned(), parameter.parameter_value()?.to_owned()))
            })
            .collect(),
        capabilities: stack.capabilities().iter().map(|capability| capability.as_str().to_owned()).collect(),
        tags: stack
            .tags()
            .iter()
            .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())))
            .collect(),
    }))
}

/// Lists what a stack made: CloudFormation's type (`AWS::IAM::Role`) and the physical id of each resource.
pub(super) async fn resources(
    aws: &Aws,
    name: &str,
    resource: &str,
) -> Result<Vec<(String, String)>, ApiError> {
    let mut resources = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = aws
            .find("cloudformation:ListStackResources", resource, || {
                aws.cloudformation
                    .list_stack_resources()
                    .stack_name(name)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        let Some(page) = page else { return Ok(resources) };
        resources.extend(page.stack_resource_summaries().iter().filter_map(|summary| {
            Some((summary.resource_type()?.to_owned(), summary.physical_resource_id()?.to_owned()))
        }));
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(resources);
        }
    }
}
