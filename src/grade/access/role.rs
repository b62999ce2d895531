//! A student's role: assumed with the student's external id, for the rubric's reads only, and tried without it.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_sts::types::Credentials as Issued;
use serde_json::json;

use crate::account::snapshot::Facet;
use crate::aws::Aws;
use crate::aws::error::{ApiError, ErrorClass};
use crate::clock::Clock;
use crate::error::Error;
use crate::grade::reach::Unreached;
use crate::grade::roster::Student;
use crate::grade::rubric::Rubric;
use crate::secret::Secret;

/// The name of the role that the template makes.
pub const NAME: &str = "iamlab-grader";
/// How long a session lasts, in seconds: AWS allows no longer one to somebody who is in a role already.
const SESSION: i32 = 3600;
/// The shortest session there is, for one that must not come about.
const SHORTEST: i32 = 900;
/// How long before its end a session of the grader's own role is replaced.
const USED: Duration = Duration::from_mins(50);
/// The most characters of a session policy
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>).
pub const POLICY_LIMIT: usize = 2048;
/// An external id that is nobody's.
const NOBODYS: &str = "iamlab-probe-with-an-external-id-of-nobody";

const OPERATION: &str = "sts:AssumeRole";

/// Returns what a session may do at most: the rubric's reads, whatever the student's role allows.
pub fn policy(rubric: &Rubric) -> String {
    policy_of(&rubric.permissions())
}

/// Allows these actions on everything.
pub(super) fn policy_of(actions: &BTreeSet<&str>) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }],
    })
    .to_string()
}

/// Returns the account that a role's ARN names.
pub fn account(role: &str) -> Option<&str> {
    role.split(':').nth(4).filter(|account| !account.is_empty())
}

/// Returns the name of a student's session, which the student's event history shows: 64 characters at most.
pub fn session_name(student: &str) -> String {
    format!("{}-{student}", crate::aws::connect::GRADER_APP).chars().take(64).collect()
}

/// A way into a student's account.
#[derive(Debug)]
pub(in crate::grade) struct Way<'a> {
    /// The role's ARN.
    pub(in crate::grade) role: &'a str,
    /// Whose it is said to be.
    pub(in crate::grade) student: &'a Student,
    /// The external id.
    pub(in crate::grade) external_id: &'a Secret<String>,
    /// What the session may do at most.
    pub(in crate::grade) policy: String,
}

impl Way<'_> {
    /// Assumes the role with the student's external id.
    pub(in crate::grade) async fn assume(&self, aws: &Aws) -> Result<SharedCredentialsProvider, Unreached> {
        match self.ask(aws, Some(self.external_id.reveal()), SESSION).await {
            // Without its end: the machine's clock need not be the account's, and no look takes an hour.
            Ok(issued) => Ok(SharedCredentialsProvider::new(credentials(&issued, None))),
            Err(error) => Err(self.closed(aws, &error)),
        }
    }

    /// Tells whether the role can be assumed without the student's external id: with none, or with anybody's.
    pub(in crate::grade) async fn is_open(&self, aws: &Aws) -> Facet<bool> {
        for other in [None, Some(NOBODYS)] {
            match self.ask(aws, other, SHORTEST).await {
                Ok(_) => return Facet::Read(true),
                Err(error) if error.class == ErrorClass::Denied => {}
                Err(error) => return Facet::NotRead(error.reason()),
            }
        }
        Facet::Read(false)
    }

    async fn ask(&self, aws: &Aws, external_id: Option<&str>, seconds: i32) -> Result<Issued, ApiError> {
        let name = session_name(&self.student.id);
        let send = || {
            aws.sts
                .assume_role()
                .role_arn(self.role)
                .role_session_name(&name)
                .set_external_id(external_id.map(str::to_owned))
                .duration_seconds(seconds)
                .policy(&self.policy)
                .send()
        };
        let answer = aws.call(OPERATION, self.role, send).await?;
        answer
            .credentials
            .ok_or_else(|| ApiError::broken(OPERATION, self.role, "the answer has no credentials"))
    }

    /// Says why the role stayed closed. STS denies a role that is not there, that does not trust the caller and that
    /// wants another external id in the same words.
    fn closed(&self, aws: &Aws, error: &ApiError) -> Unreached {
        let Self { role, student: Student { id, .. }, .. } = self;
        if error.class != ErrorClass::Denied {
            let next = error.hints().first().cloned();
            return Unreached {
                message: error.reason(),
                next: next.unwrap_or_else(|| "run the same command again with `--resume`".to_owned()),
                retryable: error.may_pass()
                    || matches!(error.class, ErrorClass::Unreachable | ErrorClass::Credentials),
            };
        }
        if aws.caller.arn.ends_with(":root") {
            return Unreached::new(
                format!("{} may assume no role: it is root", aws.caller.arn),
                "name the role that grades with `--grader-role-arn`",
            );
        }
        Unreached::new(
            format!(
                "`{role}` does not accept the external id of {id}: it may be somebody else's role, be made with another \
                 external id, not trust {caller}, or not be there; or {caller} may not `sts:AssumeRole` on it",
                caller = aws.caller.arn
            ),
            format!(
                "check that {id} made the stack with the link for {id} and handed in the role of their own account, then \
                 go on with `--resume`"
            ),
        )
    }
}

/// Assumes the role that the students' roles trust; the credentials are renewed before they end.
pub(in crate::grade) async fn grader(aws: &Aws, role: &str) -> Result<SharedCredentialsProvider, Error> {
    let own = Grader { sts: aws.sts.clone(), role: role.to_owned() };
    // Once by hand: its error says what is missing.
    aws.call(OPERATION, role, || own.ask()).await.map_err(|error| {
        Error::from(error).hinted(format!("the trust policy of `{role}` has to name {}", aws.caller.arn))
    })?;
    Ok(SharedCredentialsProvider::new(own))
}

/// The grader's own role.
#[derive(Debug)]
struct Grader {
    sts: aws_sdk_sts::Client,
    role: String,
}

impl Grader {
    fn ask(
        &self,
    ) -> impl Future<
        Output = crate::aws::Sent<
            aws_sdk_sts::operation::assume_role::AssumeRoleOutput,
            aws_sdk_sts::operation::assume_role::AssumeRoleError,
        >,
    > {
        let asked = self.sts.assume_role().role_arn(&self.role).duration_seconds(SESSION);
        asked.role_session_name(crate::aws::connect::GRADER_APP).send()
    }
}

impl ProvideCredentials for Grader {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            let answer = self.ask().await.map_err(CredentialsError::provider_error)?;
            let issued = answer.credentials.ok_or_else(|| CredentialsError::not_loaded("no credentials"))?;
            // By the machine's clock, as whoever keeps them looks at it.
            let until = SystemTime::from(Clock::System.now()).checked_add(USED);
            Ok(credentials(&issued, until))
        })
    }
}

fn credentials(issued: &Issued, until: Option<SystemTime>) -> Credentials {
    Credentials::new(
        &issued.access_key_id,
        &issued.secret_access_key,
        Some(issued.session_token.clone()),
        until,
        "assumed-role",
    )
}
