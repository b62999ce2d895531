//! What is in the region, by name: functions, topics, rules, and the stacks with the resources they made. Only an
//! export asks; a run knows the names it looks for.

use super::stack::resources;
use crate::account::snapshot::Tags;
use crate::aws::Aws;
use crate::aws::error::{ApiError, ErrorClass};

/// The names in a region.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Functions.
    pub functions: Vec<String>,
    /// Topics.
    pub topics: Vec<String>,
    /// Rules of the default event bus.
    pub rules: Vec<ListedRule>,
    /// CloudFormation stacks.
    pub stacks: Vec<ListedStack>,
}

/// A rule of the default event bus.
#[derive(Debug, Clone)]
pub struct ListedRule {
    /// The rule's name.
    pub name: String,
    /// The AWS service that made it and looks after it.
    pub managed_by: Option<String>,
    /// Whether it goes by the clock.
    pub is_scheduled: bool,
}

/// A CloudFormation stack.
#[derive(Debug, Clone)]
pub struct ListedStack {
    /// The stack's name.
    pub name: String,
    /// The stack's tags.
    pub tags: Tags,
    /// The resources it made: CloudFormation's type (`AWS::IAM::Role`) and the physical id.
    pub resources: Vec<(String, String)>,
}

/// Lists the region.
pub async fn list(aws: &Aws) -> Result<Listing, ApiError> {
    let (functions, topics, rules, stacks) =
        futures::join!(functions(aws), topics(aws), rules(aws), stacks(aws));
    Ok(Listing { functions: functions?, topics: topics?, rules: rules?, stacks: stacks? })
}

/// Lists the names of the region's functions.
pub async fn functions(aws: &Aws) -> Result<Vec<String>, ApiError> {
    let mut names = Vec::new();
    let mut marker = None;
    loop {
        let page = aws
            .call("lambda:ListFunctions", "the region", || {
                aws.lambda.list_functions().set_marker(marker.clone()).send()
            })
            .await?;
        names.extend(
            page.functions().iter().filter_map(|function| function.function_name()).map(str::to_owned),
        );
        marker = next(page.next_marker());
        if marker.is_none() {
            return Ok(names);
        }
    }
}

/// Lists the names of the region's topics.
pub async fn topics(aws: &Aws) -> Result<Vec<String>, ApiError> {
    let mut names = Vec::new();
    let mut token = None;
    loop {
        let page = aws
            .call("sns:ListTopics", "the region", || {
                aws.sns.list_topics().set_next_token(token.clone()).send()
            })
            .await?;
        let arns = page.topics().iter().filter_map(|topic| topic.topic_arn());
        names.extend(arns.filter_map(|arn| arn.rsplit(':').next()).map(str::to_owned));
        token = next(page.next_token());
        if token.is_none() {
            return Ok(names);
        }
    }
}

/// Lists the rules of the region's default event bus.
pub async fn rules(aws: &Aws) -> Result<Vec<ListedRule>, ApiError> {
    let mut rules = Vec::new();
    let mut token = None;
    loop {
        let page = aws
            .call("events:ListRules", "the region", || {
                aws.events.list_rules().set_next_token(token.clone()).send()
            })
            .await?;
        rules.extend(page.rules().iter().filter_map(|rule| {
            Some(ListedRule {
                name: rule.name()?.to_owned(),
                managed_by: rule.managed_by().map(str::to_owned),
                is_scheduled: rule.schedule_expression().is_some_and(|expression| !expression.is_empty()),
            })
        }));
        token = next(page.next_token());
        if token.is_none() {
            return Ok(rules);
        }
    }
}

async fn stacks(aws: &Aws) -> Result<Vec<ListedStack>, ApiError> {
    let mut stacks = Vec::new();
    let mut token = None;
    loop {
        let page = aws
            .call("cloudformation:DescribeStacks", "the region", || {
                aws.cloudformation.describe_stacks().set_next_token(token.clone()).send()
            })
            .await;
        let page = match page {
            // An endpoint without CloudFormation has no stacks.
            Err(error) if error.class == ErrorClass::NotImplemented => return Ok(stacks),
            other => other?,
        };
        for stack in page.stacks() {
            let name = stack.stack_name().unwrap_or_default().to_owned();
            let resources = resources(aws, &name, &format!("stack.{name}")).await?;
            let tags = stack.tags().iter();
            let tags = tags.filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
            stacks.push(ListedStack { tags: tags.collect(), name, resources });
        }
        token = next(page.next_token());
        if token.is_none() {
            return Ok(stacks);
        }
    }
}

fn next(token: Option<&str>) -> Option<String> {
    token.filter(|token| !token.is_empty()).map(str::to_owned)
}
