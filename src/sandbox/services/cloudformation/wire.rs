//! The same service through the real SDK: what it sends is understood, what it gets can be read.

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_sdk_cloudformation::config::{BehaviorVersion, Region};
use aws_sdk_cloudformation::error::ProvideErrorMetadata as _;
use aws_sdk_cloudformation::types::{
    Capability, ChangeSetType, ExecutionStatus, Parameter, Replacement, ResourceStatus, StackStatus, Tag,
};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use awsim_core::AppState;
use awsim_core::gateway::dispatch_request;
use http_body_util::BodyExt as _;
use jiff::Timestamp;

use super::CloudFormation;
use super::stub::Stub;
use crate::clock::Clock;

#[derive(Clone)]
struct Wire(Arc<AppState>);

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let state = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let mut headers = http::HeaderMap::new();
            for (name, value) in request.headers() {
                headers.insert(
                    http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                    http::HeaderValue::from_str(value).unwrap(),
                );
            }
            let uri = request.uri().parse().unwrap();
            let body = bytes::Bytes::copy_from_slice(request.body().bytes().unwrap_or_default());
            let (answer, _) = dispatch_request(&state, http::Method::POST, uri, headers, body).await;
            let (parts, body) = answer.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            Ok(HttpResponse::new(parts.status.as_u16().try_into().unwrap(), SdkBody::from(body)))
        })
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn client() -> aws_sdk_cloudformation::Client {
    let mut state = AppState::new("us-east-1".into(), "123456789012".into());
    let service = CloudFormation::new(Clock::fixed(Timestamp::UNIX_EPOCH), Arc::new(Stub::default()));
    state.register(Arc::new(service), Vec::new());
    let config = aws_sdk_cloudformation::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("AKIAEXAMPLE", "secret", None, None, "test"))
        .http_client(Wire(Arc::new(state)))
        .build();
    aws_sdk_cloudformation::Client::from_conf(config)
}

const TEMPLATE: &str = "
Description: one <topic> & one role
Parameters: { Name: { Type: String, Default: first }, Hidden: { Type: String, NoEcho: true, Default: hush } }
Resources:
  Topic: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref Name } }
  Role: { Type: AWS::IAM::Role, Properties: { AssumeRolePolicyDocument: { Statement: [] } } }
Outputs: { Arn: { Value: !Ref Topic } }
";

#[tokio::test]
async fn a_stack_lives_and_dies_through_the_sdk() {
    let client = client();
    let created = client
        .create_stack()
        .stack_name("lab")
        .template_body(TEMPLATE)
        .capabilities(Capability::CapabilityIam)
        .tags(Tag::builder().key("course").value("c1").build())
        .send()
        .await
        .unwrap();
    let described = client.describe_stacks().stack_name("lab").send().await.unwrap();
    let stack = &described.stacks()[0];
    assert_eq!(stack.stack_id(), created.stack_id());
    assert_eq!(stack.stack_status(), Some(&StackStatus::CreateComplete));
    assert_eq!(stack.description(), Some("one <topic> & one role"));
    assert_eq!(stack.creation_time().unwrap().secs(), 0);
    assert_eq!(stack.tags()[0].value(), Some("c1"));
    assert_eq!(stack.capabilities(), [Capability::CapabilityIam]);
    assert_eq!(stack.outputs()[0].output_value(), Some("arn:aws:sns:us-east-1:123456789012:first"));
    assert_eq!(stack.parameters()[0].parameter_value(), Some("****"));
    assert_eq!(stack.enable_termination_protection(), Some(false));

    let events = client.describe_stack_events().stack_name("lab").send().await.unwrap();
    assert_eq!(events.stack_events()[0].resource_status(), Some(&ResourceStatus::CreateComplete));
    assert_eq!(events.stack_events().last().unwrap().resource_status_reason(), Some("User Initiated"));
    let resources = client.describe_stack_resources().stack_name("lab").send().await.unwrap();
    assert_eq!(resources.stack_resources()[1].logical_resource_id(), Some("Topic"));
    let listed = client.list_stack_resources().stack_name("lab").send().await.unwrap();
    assert_eq!(listed.stack_resource_summaries().len(), 2);
    let template = client.get_template().stack_name("lab").send().await.unwrap();
    assert_eq!(template.template_body(), Some(TEMPLATE));
    let valid = client.validate_template().template_body(TEMPLATE).send().await.unwrap();
    assert_eq!(valid.capabilities(), [Capability::CapabilityIam]);

    client.delete_stack().stack_name("lab").send().await.unwrap();
    let error = client.describe_stacks().stack_name("lab").send().await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Some("ValidationError"), Some("Stack with id lab does not exist"))
    );
    let deleted = client.list_stacks().stack_status_filter(StackStatus::DeleteComplete).send().await.unwrap();
    assert_eq!(deleted.stack_summaries().len(), 1);
}

#[tokio::test]
async fn errors_arrive_as_the_types_the_sdk_has_for_them() {
    let client = client();
    let create = || client.create_stack().stack_name("lab").template_body(TEMPLATE);
    let error = create().send().await.unwrap_err().into_service_error();
    assert!(error.is_insufficient_capabilities_exception(), "{error:?}");
    create().capabilities(Capability::CapabilityIam).send().await.unwrap();
    let error =
        create().capabilities(Capability::CapabilityIam).send().await.unwrap_err().into_service_error();
    assert!(error.is_already_exists_exception(), "{error:?}");
    let error = client
        .describe_change_set()
        .stack_name("lab")
        .change_set_name("none")
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(error.is_change_set_not_found_exception(), "{error:?}");
    let empty = client
        .create_change_set()
        .stack_name("lab")
        .change_set_name("empty")
        .use_previous_template(true)
        .capabilities(Capability::CapabilityIam)
        .send()
        .await
        .unwrap();
    let error = client.execute_change_set().change_set_name(empty.id().unwrap()).send().await.unwrap_err();
    assert!(error.into_service_error().is_invalid_change_set_status_exception());
}

#[tokio::test]
async fn a_change_set_is_read_by_the_sdk() {
    let client = client();
    let begin = |name: &str, kind| {
        client
            .create_change_set()
            .stack_name("lab")
            .change_set_name(name)
            .change_set_type(kind)
            .template_body(TEMPLATE)
            .capabilities(Capability::CapabilityIam)
    };
    begin("first", ChangeSetType::Create).send().await.unwrap();
    let set = client.describe_change_set().stack_name("lab").change_set_name("first").send().await.unwrap();
    assert_eq!(set.changes().len(), 2);
    assert_eq!(set.execution_status(), Some(&ExecutionStatus::Available));
    client.execute_change_set().stack_name("lab").change_set_name("first").send().await.unwrap();
    let second = Parameter::builder().parameter_key("Name").parameter_value("second").build();
    begin("next", ChangeSetType::Update).parameters(second).send().await.unwrap();
    let set = client.describe_change_set().stack_name("lab").change_set_name("next").send().await.unwrap();
    let change = set.changes()[0].resource_change().unwrap();
    assert_eq!(change.replacement(), Some(&Replacement::True));
    assert_eq!(change.details()[0].causing_entity(), Some("Name"));
    let sets = client.list_change_sets().stack_name("lab").send().await.unwrap();
    assert_eq!(sets.summaries().len(), 2);
    client.delete_change_set().stack_name("lab").change_set_name("next").send().await.unwrap();
    let sets = client.list_change_sets().stack_name("lab").send().await.unwrap();
    assert_eq!(sets.summaries().len(), 1);
}
