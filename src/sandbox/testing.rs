//! What the tests of the sandbox share: an account, the SDK's configuration for it, and error codes.

use std::path::Path;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{DEFAULT_ACCOUNT, Options, Sandbox, SandboxError};
use crate::clock::Clock;

/// Opens the default account, in `dir` or in memory.
pub(super) fn open(dir: Option<&Path>) -> Result<Sandbox, SandboxError> {
    let at = "2026-03-02T09:00:00Z".parse().unwrap();
    Sandbox::open(Options {
        dir: dir.map(Path::to_owned),
        account: DEFAULT_ACCOUNT.to_owned(),
        clock: Clock::fixed(at),
    })
}

/// Returns the SDK's configuration for a sandbox.
pub(super) async fn config(sandbox: &Sandbox) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(sandbox.http_client())
        .credentials_provider(sandbox.credentials())
        .region(Region::from_static("us-east-1"))
        .load()
        .await
}

/// Returns the configuration of a new account in memory.
pub(super) async fn memory() -> SdkConfig {
    config(&open(None).unwrap()).await
}

/// Returns status, code and message of a call that was refused.
pub(super) fn refusal<T: std::fmt::Debug, E>(
    outcome: Result<T, SdkError<E, HttpResponse>>,
) -> (u16, String, String)
where
    E: ProvideErrorMetadata + std::fmt::Debug + std::error::Error + 'static,
{
    let error = outcome.unwrap_err();
    let status = error.raw_response().unwrap_or_else(|| panic!("no response: {error:?}")).status().as_u16();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    (status, text(error.code()), text(error.message()))
}

/// Creates a role that `service` may assume; one of Lambda may write logs.
pub(super) async fn role(config: &SdkConfig, name: &str, service: &str) {
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
    );
    let client = aws_sdk_iam::Client::new(config);
    client.create_role().role_name(name).assume_role_policy_document(trust).send().await.unwrap();
    if service == "lambda.amazonaws.com" {
        let policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
        client.attach_role_policy().role_name(name).policy_arn(policy).send().await.unwrap();
    }
}
