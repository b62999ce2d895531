//! The sandbox's own services understand what is sent to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use awsim_core::{AwsError, RequestContext, ServiceHandler};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::events::Events;
use super::super::iam::Iam;
use super::super::lambda::Lambda;
use super::super::logs::Logs;
use super::super::sns::Sns;
use super::{CloudFormation, Invoke};
use crate::clock::Clock;

/// The services of one account.
struct Neighbours(BTreeMap<&'static str, Arc<dyn ServiceHandler>>);

#[async_trait]
impl Invoke for Neighbours {
    async fn invoke(
        &self,
        service: &str,
        operation: &str,
        input: Value,
        ctx: &RequestContext,
    ) -> Result<Value, AwsError> {
        self.0[service].handle(operation, input, ctx).await
    }
}

const LAB: &str = "
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: reports
      Subscription: [ { Protocol: email, Endpoint: a@example.com } ]
  Mail:
    Type: AWS::SNS::Subscription
    Properties: { TopicArn: !Ref Topic, Protocol: email, Endpoint: b@example.com }
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [ { Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: 'sts:AssumeRole' } ]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: auditor
      Role: !GetAtt Role.Arn
      Runtime: python3.12
      Handler: index.main
      Timeout: '30'
      Code: { ZipFile: 'def main(event, context): return 1' }
      Environment: { Variables: { TOPIC: !Ref Topic } }
  Daily:
    Type: AWS::Events::Rule
    Properties:
      ScheduleExpression: rate(1 day)
      Targets: [ { Id: auditor, Arn: !GetAtt Function.Arn } ]
  Allow:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref Function
      Action: lambda:InvokeFunction
      Principal: events.amazonaws.com
      SourceArn: !GetAtt Daily.Arn
";

#[tokio::test]
async fn a_lab_is_built_changed_and_taken_down() {
    let (account, clock) = ("123456789012", Clock::fixed(Timestamp::UNIX_EPOCH));
    let iam = Arc::new(Iam::new("123456789012", clock.clone()));
    let neighbours = Arc::new(Neighbours(BTreeMap::from([
        ("sns", Arc::new(Sns::new(account, clock.clone())) as Arc<dyn ServiceHandler>),
        ("lambda", Arc::new(Lambda::new(account, clock.clone(), iam.clone(), Arc::new(Logs::new(account))))),
        ("events", Arc::new(Events::new(account, clock.clone()))),
        ("iam", iam),
    ])));
    let ctx = RequestContext {
        account_id: "123456789012".into(),
        region: "us-east-1".into(),
        internal_bypass: true,
        ..RequestContext::default()
    };
    let service = CloudFormation::new(clock, Arc::<Neighbours>::clone(&neighbours) as _);
    let reasons = async |operation: &str, body: &str| {
        let input = json!({"StackName": "lab", "TemplateBody": body, "Capabilities": ["CAPABILITY_IAM"]});
        service.handle(operation, input, &ctx).await.unwrap();
        let state = service.core.state();
        let stack = state.stacks.last().unwrap();
        let failures = stack.events.iter().filter(|event| event.status.ends_with("FAILED"));
        (stack.status.clone(), failures.filter_map(|event| event.reason.clone()).collect::<Vec<_>>())
    };
    let ask = async |service: &str, operation: &str, input: Value| {
        neighbours.invoke(service, operation, input, &ctx).await.map(|answer| answer.to_string())
    };
    assert_eq!(reasons("CreateStack", LAB).await, ("CREATE_COMPLETE".to_owned(), Vec::new()));
    let function = ask("lambda", "GetFunction", json!({"FunctionName": "auditor"})).await.unwrap();
    assert!(function.contains("\"Timeout\":30") && function.contains(":sns:us-east-1:123456789012:reports"));
    let policy = ask("lambda", "GetPolicy", json!({"FunctionName": "auditor"})).await.unwrap();
    assert!(policy.contains("events.amazonaws.com"));

    let next = LAB
        .replace("rate(1 day)", "rate(2 days)")
        .replace("Timeout: '30'", "MemorySize: 256")
        .replace("return 1", "return 2")
        .replace("      Targets: [ { Id: auditor, Arn: !GetAtt Function.Arn } ]\n", "");
    assert_eq!(reasons("UpdateStack", &next).await, ("UPDATE_COMPLETE".to_owned(), Vec::new()));
    let function = ask("lambda", "GetFunction", json!({"FunctionName": "auditor"})).await.unwrap();
    assert!(function.contains("\"Timeout\":3,") && function.contains("\"MemorySize\":256"), "{function}");

    assert_eq!(reasons("DeleteStack", "").await, ("DELETE_COMPLETE".to_owned(), Vec::new()));
    assert!(ask("lambda", "GetFunction", json!({"FunctionName": "auditor"})).await.is_err());
    let topics = ask("sns", "ListTopics", json!({})).await.unwrap();
    assert!(!topics.contains("reports"));

    ask("sns", "CreateTopic", json!({"Name": "reports"})).await.unwrap();
    let (status, failures) = reasons("CreateStack", LAB).await;
    assert_eq!(status, "ROLLBACK_COMPLETE");
    assert!(
        failures[0].contains("Resource of type 'AWS::SNS::Topic' with identifier 'reports' already exists.")
    );
    assert!(ask("sns", "ListTopics", json!({})).await.unwrap().contains("reports"), "it is not the stack's");
}
