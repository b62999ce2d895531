//! Functions that run: the lab's own, as the role it assumes, and one that looks where it must not.

use std::io::{Cursor, Write as _};

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, LogType};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iamlab::clock::Clock;
use iamlab::sandbox::{DEFAULT_ACCOUNT, Options, Sandbox};
use serde_json::{Value, json};

use crate::lab::{Account, UP, clients_of, iam_auditing};

async fn invoke(lambda: &Client, name: &str, event: &Value) -> (InvokeOutput, Value, String) {
    let event = Blob::new(event.to_string());
    let invoke = lambda.invoke().function_name(name).log_type(LogType::Tail).payload(event);
    let answer = invoke.send().await.unwrap();
    let payload = serde_json::from_slice(answer.payload().unwrap().as_ref()).unwrap();
    let log = STANDARD.decode(answer.log_result().unwrap()).unwrap();
    (answer, payload, String::from_utf8(log).unwrap())
}

#[tokio::test]
async fn the_labs_function_reads_the_report_as_long_as_its_roles_may() {
    let account = Account::new();
    let folder = tempfile::tempdir().unwrap();
    account.complete(&iam_auditing(), UP, &folder.path().join("handover.csv")).await.unwrap();
    let clients = account.clients().await;
    let (answer, said, log) = invoke(&clients.lambda, "iam-auditor", &json!({})).await;
    assert_eq!(answer.function_error(), None, "{said} {log}");
    assert_eq!((&said["generated_time"], &said["users"]), (&json!("2026-03-02T09:00:07+00:00"), &json!(3)));
    assert!(log.contains("\treport on 3 users published as message "), "{log}");

    let policy = format!("arn:aws:iam::{DEFAULT_ACCOUNT}:policy/IAM-Auditor-Policy");
    let detach = clients.iam.detach_role_policy().role_name("IAM-Auditor-role").policy_arn(policy);
    detach.send().await.unwrap();
    let (answer, error, _) = invoke(&clients.lambda, "iam-auditor", &json!({})).await;
    assert_eq!(answer.function_error(), Some("Unhandled"));
    let message = error["errorMessage"].as_str().unwrap();
    let who = format!("arn:aws:sts::{DEFAULT_ACCOUNT}:assumed-role/IAM-Auditor-role/iam-auditor");
    let denied = format!("User: {who} is not authorized to perform: iam:GenerateCredentialReport");
    assert!(message.contains(&denied), "{message}");
}

/// Holds where the kernel has Landlock; elsewhere the interpreter refuses, which is what this then tests.
#[tokio::test]
async fn a_function_cannot_read_another_account_past_the_api() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("box");
    let options = Options { dir: Some(dir.clone()), account: DEFAULT_ACCOUNT.into(), clock: Clock::System };
    let sandbox = Sandbox::open(options).unwrap();
    sandbox.with_account("210987654321").unwrap().flush().unwrap();
    let clients = clients_of(&sandbox).await;
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let role = clients.iam.create_role().role_name("r").assume_role_policy_document(trust.to_string());
    let role = role.send().await.unwrap().role.unwrap().arn;
    let code = b"
import os, posix
def handler(event, context):
    said = []
    for account in event['accounts']:
        path = os.path.join(event['box'], 'accounts', account)
        for step in (posix.listdir, lambda path: posix.open(path + '/iam.json', os.O_RDONLY)):
            try:
                said.append(str(step(path)))
            except PermissionError:
                said.append('refused')
    return said
";
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("index.py", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(code).unwrap();
    let package = Blob::new(archive.finish().unwrap().into_inner());
    let create = clients.lambda.create_function().function_name("spy").runtime("python3.13".into());
    let code = FunctionCode::builder().zip_file(package).build();
    create.handler("index.handler").role(role).code(code).send().await.unwrap();
    let files = |account: &str| dir.join("accounts").join(account).join("iam.json");
    assert!(files(DEFAULT_ACCOUNT).exists() && files("210987654321").exists());
    let event = json!({"box": dir, "accounts": [DEFAULT_ACCOUNT, "210987654321"]});
    let (_, said, log) = invoke(&clients.lambda, "spy", &event).await;
    assert_eq!(said, json!(["refused", "refused", "refused", "refused"]), "{log}");
}
