//! The only I/O against an account. [`connect`] decides what the SDK's clients speak to, [`collect`] reads,
//! [`retry`] knows AWS's delays, [`meter`] counts.

use std::fmt::Debug;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;

use crate::clock::Clock;

mod alike;
mod answer;
pub mod archive;
pub mod collect;
pub mod connect;
pub mod error;
pub mod invoke;
pub mod meter;
pub mod publish;
pub mod retry;
pub mod simulate;

use error::{ApiError, ErrorClass};
use meter::Meter;

/// The clients of one account in one region, and who is asking. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Aws {
    /// IAM.
    pub iam: aws_sdk_iam::Client,
    /// STS.
    pub sts: aws_sdk_sts::Client,
    /// Lambda.
    pub lambda: aws_sdk_lambda::Client,
    /// SNS.
    pub sns: aws_sdk_sns::Client,
    /// EventBridge.
    pub events: aws_sdk_eventbridge::Client,
    /// EventBridge Scheduler.
    pub scheduler: aws_sdk_scheduler::Client,
    /// CloudFormation.
    pub cloudformation: aws_sdk_cloudformation::Client,
    /// CloudTrail.
    pub cloudtrail: aws_sdk_cloudtrail::Client,
    /// AWS Account Management.
    pub account_management: aws_sdk_account::Client,
    /// IAM Access Analyzer.
    pub access_analyzer: aws_sdk_accessanalyzer::Client,
    /// Resource Groups Tagging.
    pub tagging: aws_sdk_resourcegroupstagging::Client,
    /// Counts every request.
    pub meter: Meter,
    /// Time.
    pub clock: Clock,
    /// The region of everything that has one.
    pub region: String,
    /// Who the account says we are.
    pub caller: Caller,
}

/// Who the account says we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The 12-digit account id.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
    /// The partition: `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
}

/// The result type of the SDK's `send()`.
pub type Sent<T, E> = Result<T, SdkError<E, HttpResponse>>;

impl Aws {
    /// Returns the time by the clock of who answered last: the sandbox's may have been moved, and the machine's may be
    /// wrong. Before any answer it is the machine's.
    pub fn now(&self) -> Timestamp {
        self.meter.date().unwrap_or_else(|| self.clock.now())
    }

    /// Makes one API call: `send` builds and sends it, again if the table of delays says that AWS only needs
    /// time. `resource` names what it is about, for people.
    pub async fn call<T, E, F>(
        &self,
        operation: &'static str,
        resource: &str,
        send: impl Fn() -> F,
    ) -> Result<T, ApiError>
    where
        F: Future<Output = Sent<T, E>>,
        E: ProvideErrorMetadata + Debug + std::error::Error + Send + Sync + 'static,
    {
        call(&self.clock, operation, resource, send).await
    }

    /// As [`Aws::call`], with "there is no such thing" as `None`.
    pub async fn find<T, E, F>(
        &self,
        operation: &'static str,
        resource: &str,
        send: impl Fn() -> F,
    ) -> Result<Option<T>, ApiError>
    where
        F: Future<Output = Sent<T, E>>,
        E: ProvideErrorMetadata + Debug + std::error::Error + Send + Sync + 'static,
    {
        match self.call(operation, resource, send).await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.class == ErrorClass::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Makes one API call, as [`Aws::call`].
async fn call<T, E, F>(
    clock: &Clock,
    operation: &'static str,
    resource: &str,
    send: impl Fn() -> F,
) -> Result<T, ApiError>
where
    F: Future<Output = Sent<T, E>>,
    E: ProvideErrorMetadata + Debug + std::error::Error + Send + Sync + 'static,
{
    let mut waited = Duration::ZERO;
    let mut attempt = 0;
    loop {
        // The SDK's futures are large, and a look holds dozens of them at once: on the heap they leave the stack to
        // those who call.
        let error = match Box::pin(send()).await {
            Ok(answer) => return Ok(answer),
            Err(error) => ApiError::new(operation, resource, &error),
        };
        let Some(pause) = retry::pause(&error, waited, attempt) else { return Err(error) };
        tracing::debug!(operation, resource, code = error.code, ?pause, "waiting for AWS");
        clock.sleep(pause).await;
        waited += pause;
        attempt += 1;
    }
}
