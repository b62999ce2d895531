//! Functions through the SDK's own client.

use std::io::{Cursor, Write as _};

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::create_function::builders::CreateFunctionFluentBuilder;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    Architecture, Environment, FunctionCode, InvocationType, LastUpdateStatus, LogType, Runtime, State,
};
use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use crate::clock::Clock;
use crate::sandbox::Sandbox;
use crate::sandbox::runtime::testing as running;
use crate::sandbox::testing::{self, refusal};

const ROLE: &str = "arn:aws:iam::123456789012:role/auditor";
const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:audit";

fn package(text: &str) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("index.py", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(text.as_bytes()).unwrap();
    archive.finish().unwrap().into_inner()
}

fn digest(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(Sha256::digest(bytes))
}

async fn client() -> Client {
    let config = testing::memory().await;
    testing::role(&config, "auditor", "lambda.amazonaws.com").await;
    Client::new(&config)
}

fn creation(client: &Client) -> CreateFunctionFluentBuilder {
    client
        .create_function()
        .function_name("audit")
        .runtime(Runtime::Python39)
        .handler("index.handler")
        .role(ROLE)
        .code(FunctionCode::builder().zip_file(Blob::new(package("v1"))).build())
        .tags("lab", "iam-auditing")
}

#[tokio::test]
async fn a_function_is_created_read_changed_and_deleted() {
    let client = client().await;
    let created = creation(&client).send().await.unwrap();
    assert_eq!(created.function_arn(), Some(ARN));
    assert_eq!(created.state(), Some(&State::Pending));
    assert_eq!(created.code_sha256(), Some(digest(&package("v1")).as_str()));

    let read = client.get_function().function_name("audit").send().await.unwrap();
    let configuration = read.configuration().unwrap();
    assert_eq!(configuration.state(), Some(&State::Active));
    assert_eq!((configuration.timeout(), configuration.memory_size()), (Some(3), Some(128)));
    assert_eq!(configuration.architectures(), [Architecture::X8664]);
    assert_eq!(configuration.last_modified(), Some("2026-03-02T09:00:00.000+0000"));
    assert!(configuration.environment().is_none());
    assert_eq!(read.tags().unwrap()["lab"], "iam-auditing");

    let variables = Environment::builder().variables("TOPIC", "t").build();
    let changed =
        client.update_function_configuration().function_name(ARN).timeout(60).environment(variables);
    let changed = changed.send().await.unwrap();
    assert_eq!(changed.last_update_status(), Some(&LastUpdateStatus::InProgress));
    assert_ne!(changed.revision_id(), configuration.revision_id());

    let code = Blob::new(package("v2"));
    let updated = client.update_function_code().function_name("audit").zip_file(code).send().await.unwrap();
    assert_eq!(updated.code_sha256(), Some(digest(&package("v2")).as_str()));

    let all = client.list_functions().send().await.unwrap();
    let [one] = all.functions() else { panic!("{all:?}") };
    assert_eq!((one.timeout(), one.code_sha256()), (Some(60), Some(digest(&package("v2")).as_str())));
    assert_eq!(one.environment().unwrap().variables().unwrap()["TOPIC"], "t");

    client.delete_function().function_name("audit").send().await.unwrap();
    let gone = refusal(client.get_function().function_name("audit").send().await);
    assert_eq!(gone, (404, "ResourceNotFoundException".into(), format!("Function not found: {ARN}")));
}

#[tokio::test]
async fn what_aws_refuses_is_refused() {
    let client = client().await;
    let invalid = |message: &str| (400, "InvalidParameterValueException".to_owned(), message.to_owned());

    let (_, code, message) = refusal(creation(&client).runtime(Runtime::Python27).send().await);
    assert_eq!(code, "InvalidParameterValueException");
    assert!(message.contains("python2.7 is no longer supported"), "{message}");
    let (_, _, message) = refusal(creation(&client).runtime("cobol74".into()).send().await);
    assert!(message.starts_with("Value cobol74 at 'runtime' failed"), "{message}");

    let unassumable = invalid("The role defined for the function cannot be assumed by Lambda.");
    let nobody = "arn:aws:iam::123456789012:role/nobody";
    assert_eq!(refusal(creation(&client).role(nobody).send().await), unassumable);

    let text = FunctionCode::builder().zip_file(Blob::new("not a zip")).build();
    let (_, code, message) = refusal(creation(&client).code(text).send().await);
    assert_eq!(code, "InvalidParameterValueException");
    assert!(message.starts_with("Could not unzip uploaded file"), "{message}");

    let (_, code, _) = refusal(creation(&client).function_name("a b").send().await);
    assert_eq!(code, "ValidationException");

    creation(&client).send().await.unwrap();
    let twice = refusal(creation(&client).send().await);
    assert_eq!(twice, (409, "ResourceConflictException".into(), "Function already exist: audit".into()));
}

#[tokio::test]
async fn a_resource_policy_is_kept_statement_by_statement() {
    let client = client().await;
    creation(&client).send().await.unwrap();
    let none = refusal(client.get_policy().function_name("audit").send().await);
    assert_eq!(
        none,
        (404, "ResourceNotFoundException".into(), "The resource you requested does not exist.".into())
    );

    let permission = || {
        client
            .add_permission()
            .function_name("audit")
            .statement_id("schedule")
            .action("lambda:InvokeFunction")
            .principal("events.amazonaws.com")
            .source_arn("arn:aws:events:us-east-1:123456789012:rule/weekly")
    };
    permission().send().await.unwrap();
    let (status, code, _) = refusal(permission().send().await);
    assert_eq!((status, code.as_str()), (409, "ResourceConflictException"));

    let policy = client.get_policy().function_name("audit").send().await.unwrap();
    let policy: serde_json::Value = serde_json::from_str(policy.policy().unwrap()).unwrap();
    assert_eq!(
        policy,
        serde_json::json!({
            "Version": "2012-10-17",
            "Id": "default",
            "Statement": [{
                "Sid": "schedule",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "lambda:InvokeFunction",
                "Resource": ARN,
                "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:events:us-east-1:123456789012:rule/weekly"}},
            }],
        })
    );

    let remove = || client.remove_permission().function_name("audit").statement_id("schedule");
    remove().send().await.unwrap();
    let (status, code, _) = refusal(remove().send().await);
    assert_eq!((status, code.as_str()), (404, "ResourceNotFoundException"));
}

#[tokio::test]
async fn tags_come_and_go() {
    let client = client().await;
    creation(&client).send().await.unwrap();
    client.tag_resource().resource(ARN).tags("née", "x y").tags("b", "2").send().await.unwrap();
    client.untag_resource().resource(ARN).tag_keys("née").tag_keys("lab").send().await.unwrap();
    let tags = client.list_tags().resource(ARN).send().await.unwrap();
    assert_eq!(tags.tags().unwrap().keys().collect::<Vec<_>>(), ["b"]);
    let reserved = client.tag_resource().resource(ARN).tags("aws:x", "").send().await;
    assert_eq!(refusal(reserved).1, "InvalidParameterValueException");
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let client = client().await;
    for number in 0..7 {
        creation(&client).function_name(format!("f{number}")).send().await.unwrap();
    }
    let pages = client.list_functions().max_items(3).into_paginator().send();
    let pages = pages.collect::<Result<Vec<_>, _>>().await.unwrap();
    let names: Vec<_> = pages
        .iter()
        .flat_map(aws_sdk_lambda::operation::list_functions::ListFunctionsOutput::functions)
        .filter_map(aws_sdk_lambda::types::FunctionConfiguration::function_name)
        .collect();
    assert_eq!((pages.len(), names), (3, vec!["f0", "f1", "f2", "f3", "f4", "f5", "f6"]));
}

/// A client of an account whose functions run, with the function `audit` made of `code`, and the account.
async fn with_function(code: &str) -> (Client, Sandbox) {
    let sandbox = testing::open(None).unwrap();
    let config = testing::config(&sandbox).await;
    testing::role(&config, "auditor", "lambda.amazonaws.com").await;
    let client = Client::new(&config);
    let package = Blob::new(running::package(&[("index.py", code)]));
    let code = FunctionCode::builder().zip_file(package).build();
    creation(&client).code(code).send().await.unwrap();
    (client, sandbox)
}

#[tokio::test]
async fn an_invocation_answers_what_the_handler_returned_and_its_log() {
    let code =
        "def handler(event, context):\n    print('x' * 5000)\n    print('seen', event)\n    return event\n";
    let (client, sandbox) = with_function(code).await;
    let invoke = |payload: &str| {
        client.invoke().function_name(ARN).payload(Blob::new(payload)).log_type(LogType::Tail).send()
    };
    let answer = invoke(r#"{"FunctionName":"other","b":[1,"ä"]}"#).await.unwrap();
    assert_eq!((answer.status_code(), answer.function_error()), (200, None));
    assert_eq!(answer.executed_version(), Some("$LATEST"));
    let payload: serde_json::Value = serde_json::from_slice(answer.payload().unwrap().as_ref()).unwrap();
    assert_eq!(payload, serde_json::json!({"FunctionName": "other", "b": [1, "ä"]}));
    let log = base64::engine::general_purpose::STANDARD.decode(answer.log_result().unwrap()).unwrap();
    assert_eq!(log.len(), 4096);
    let log = String::from_utf8(log).unwrap();
    assert!(log.contains("\nseen {'FunctionName': 'other'") && log.contains("\nREPORT RequestId: "), "{log}");
    assert_eq!(invoke("[1]").await.unwrap().payload().unwrap().as_ref(), b"[1]");

    let kept = sandbox.inner.account.services().lambda.logs("us-east-1", "audit");
    assert_eq!(kept.iter().filter(|event| event.text.starts_with("START RequestId: ")).count(), 2);

    let (status, code, _) = refusal(invoke("{").await);
    assert_eq!((status, code.as_str()), (400, "InvalidRequestContentException"));
    let large = refusal(invoke(&format!("\"{}\"", "x".repeat(6_291_455))).await);
    assert_eq!((large.0, large.1.as_str()), (413, "RequestEntityTooLargeException"));
    let version = refusal(client.invoke().function_name("audit").qualifier("7").send().await);
    assert_eq!(version.1, "ResourceNotFoundException");
}

#[tokio::test]
async fn an_invocation_may_fail_be_left_alone_or_only_be_tried() {
    let (client, sandbox) = with_function("def handler(event, context):\n    1 / 0\n").await;
    let invoke = |kind| client.invoke().function_name("audit").invocation_type(kind).send();
    let failed = invoke(InvocationType::RequestResponse).await.unwrap();
    assert_eq!((failed.status_code(), failed.function_error()), (200, Some("Unhandled")));
    let error: serde_json::Value = serde_json::from_slice(failed.payload().unwrap().as_ref()).unwrap();
    assert_eq!(error["errorType"], "ZeroDivisionError");

    let tried = invoke(InvocationType::DryRun).await.unwrap();
    assert_eq!((tried.status_code(), tried.payload().map_or(0, |body| body.as_ref().len())), (204, 0));
    let before = sandbox.inner.account.services().lambda.logs("us-east-1", "audit").len();
    assert_eq!(invoke(InvocationType::Event).await.unwrap().status_code(), 202);
    let log = || sandbox.inner.account.services().lambda.logs("us-east-1", "audit").len();
    for _ in 0..1000 {
        if log() > before {
            break;
        }
        Clock::System.sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(log(), 2 * before, "the function ran behind the caller's back, once");
}
