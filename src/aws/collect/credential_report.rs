//! The credential report: asked for until it is made, then fetched. IAM makes a new one at most every four hours and
//! keeps one per account, so "there is none" can come at any moment, in three ways.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateCredentialReport.html>,
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetCredentialReport.html>.

use std::time::Duration;

use aws_sdk_iam::operation::get_credential_report::GetCredentialReportOutput;
use aws_sdk_iam::types::ReportStateType;

use super::timestamp;
use crate::account::credential_report::CredentialReport;
use crate::aws::Aws;
use crate::aws::error::{ApiError, ErrorClass};

const RESOURCE: &str = "the credential report";
const GENERATE: &str = "iam:GenerateCredentialReport";
const GET: &str = "iam:GetCredentialReport";

/// How long a report is waited for: those of the largest accounts take a minute.
const PATIENCE: Duration = Duration::from_mins(3);

pub(super) async fn read(aws: &Aws) -> Result<CredentialReport, ApiError> {
    let mut waits = Waits::default();
    let mut quota = make(aws, &mut waits).await?;
    let mut again = true;
    loop {
        let error = match aws.call(GET, RESOURCE, || aws.iam.get_credential_report().send()).await {
            Ok(answer) => return parse(answer),
            Err(error) => error,
        };
        match error.code.as_str() {
            "ReportInProgress" => waits.wait(aws).await?,
            // It expired, or somebody's new one is not there yet. Once is chance, twice is not.
            "ReportNotPresent" | "ReportExpired" => match quota.take() {
                Some(quota) => return Err(quota),
                None if again => {
                    again = false;
                    quota = make(aws, &mut waits).await?;
                }
                None => return Err(error),
            },
            _ => return Err(error),
        }
    }
}

/// Asks for a report until it is made. Returns the error when too many were asked for lately: the stored one may do.
async fn make(aws: &Aws, waits: &mut Waits) -> Result<Option<ApiError>, ApiError> {
    loop {
        match aws.call(GENERATE, RESOURCE, || aws.iam.generate_credential_report().send()).await {
            Ok(answer) if answer.state() == Some(&ReportStateType::Complete) => return Ok(None),
            Ok(_) => waits.wait(aws).await?,
            Err(error) if is_quota(&error) => return Ok(Some(error)),
            Err(error) => return Err(error),
        }
    }
}

fn is_quota(error: &ApiError) -> bool {
    matches!(error.code.as_str(), "LimitExceeded" | "LimitExceededException")
}

fn parse(answer: GetCredentialReportOutput) -> Result<CredentialReport, ApiError> {
    let broken = |what: String| ApiError::broken(GET, RESOURCE, what);
    let generated = timestamp(answer.generated_time());
    let content = answer.content.ok_or_else(|| broken("the answer has no content".into()))?;
    let text = String::from_utf8(content.into_inner()).map_err(|error| broken(error.to_string()))?;
    CredentialReport::parse(&text, generated).map_err(|error| broken(error.to_string()))
}

/// The waits of one reading: a short one, for small accounts have their report at once; then 1, 2, 4, 8, 10, 10 …
/// seconds.
#[derive(Default)]
struct Waits {
    count: u32,
    waited: Duration,
}

impl Waits {
    /// Waits; fails when that was often enough.
    async fn wait(&mut self, aws: &Aws) -> Result<(), ApiError> {
        let Some(pause) = self.next() else {
            return Err(ApiError {
                operation: GENERATE,
                resource: RESOURCE.into(),
                code: "ReportInProgress".into(),
                message: format!("IAM has not made it in {} seconds", self.waited.as_secs()),
                request_id: None,
                class: ErrorClass::Conflict,
            });
        };
        tracing::debug!(?pause, "waiting for the credential report");
        aws.clock.sleep(pause).await;
        Ok(())
    }

    fn next(&mut self) -> Option<Duration> {
        let pause = match self.count {
            0 => Duration::from_millis(250),
            // 2^4 is more than 10 already.
            count => Duration::from_secs(2_u64.pow((count - 1).min(4)).min(10)),
        };
        self.count += 1;
        self.waited += pause;
        (self.waited <= PATIENCE).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_ten_seconds_and_end() {
        let mut waits = Waits::default();
        let all: Vec<u128> = std::iter::from_fn(|| waits.next()).map(|pause| pause.as_millis()).collect();
        assert_eq!(all[..7], [250, 1000, 2000, 4000, 8000, 10_000, 10_000]);
        assert!((160_000..=180_000).contains(&all.iter().sum::<u128>()), "{all:?}");
    }
}
