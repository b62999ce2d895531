//! A CloudFormation stack: status, parameters, tags, and the template as it was submitted.

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
    Ok(Some(Stack {
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
