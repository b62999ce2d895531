//! What AWS answered when it did not do what was asked.

use std::fmt::Debug;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::answer::is_html;
use crate::error::{Error, ErrorKind, chain};

/// A failed API call: what was asked, of what, and what came back.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{operation} on {resource} failed: {code}: {message}{}", request(request_id.as_deref()))]
pub struct ApiError {
    /// `service:Operation`, e.g. `iam:CreateUser`.
    pub operation: &'static str,
    /// What it was about, for people: `user.User1`.
    pub resource: String,
    /// AWS's error code, or a word of ours when there was no answer.
    pub code: String,
    /// AWS's message.
    pub message: String,
    /// AWS's id of the request.
    pub request_id: Option<String>,
    /// What follows from it.
    pub class: ErrorClass,
}

fn request(id: Option<&str>) -> String {
    id.map(|id| format!(" (request {id})")).unwrap_or_default()
}

/// What follows from an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// The caller lacks a permission.
    Denied,
    /// The credentials are missing, wrong or expired.
    Credentials,
    /// There is no such thing.
    NotFound,
    /// There is one already.
    AlreadyExists,
    /// Something else stands in the way, now.
    Conflict,
    /// Too many requests.
    Throttled,
    /// The request may or may not have been carried out: the answer got lost or was broken.
    Unknown,
    /// Nobody answered.
    Unreachable,
    /// The endpoint does not know the operation: it is not AWS.
    NotImplemented,
    /// The request itself was refused.
    Refused,
}

/// Error codes by what follows from them. Source: the common errors of the services' API references; the
/// list of throttling codes is the SDKs' own.
const CLASSES: &[(ErrorClass, &[&str])] = &[
    (
        ErrorClass::Denied,
        &[
            "AccessDenied",
            "AccessDeniedException",
            "UnauthorizedOperation",
            "AuthorizationError",
            "AuthorizationErrorException",
        ],
    ),
    (
        ErrorClass::Credentials,
        &[
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "ExpiredToken",
            "ExpiredTokenException",
            "SignatureDoesNotMatch",
            "MissingAuthenticationToken",
            "IncompleteSignature",
            "InvalidSignatureException",
        ],
    ),
    (
        ErrorClass::NotFound,
        &["NoSuchEntity", "ResourceNotFoundException", "ResourceNotFound", "NotFound", "NotFoundException"],
    ),
    (
        ErrorClass::AlreadyExists,
        &[
            "EntityAlreadyExists",
            "EntityAlreadyExistsException",
            "ResourceConflictException",
            "AlreadyExistsException",
            "ConflictException",
        ],
    ),
    (
        ErrorClass::Conflict,
        &[
            "DeleteConflict",
            "EntityTemporarilyUnmodifiable",
            "ConcurrentModification",
            "ConcurrentModificationException",
            "OperationInProgressException",
        ],
    ),
    (
        ErrorClass::Throttled,
        &[
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestThrottledException",
            "TooManyRequestsException",
            "RequestLimitExceeded",
            "Throttled",
            "SlowDown",
        ],
    ),
    (
        ErrorClass::Unknown,
        &[
            "InternalFailure",
            "InternalServiceError",
            "InternalError",
            "ServiceFailure",
            "ServiceUnavailable",
            "ServiceException",
            "InternalException",
            "InternalServerException",
        ],
    ),
];

impl ApiError {
    /// Reads an SDK error.
    pub fn new<E>(operation: &'static str, resource: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Debug + std::error::Error + Send + Sync + 'static,
    {
        let request_id = error
            .raw_response()
            .and_then(|response| {
                response
                    .headers()
                    .get("x-amzn-requestid")
                    .or_else(|| response.headers().get("x-amz-request-id"))
            })
            .map(str::to_owned);
        let (code, message, class) = match error {
            SdkError::ServiceError(service) => {
                let meta = service.err();
                let status = service.raw().status().as_u16();
                match meta.code() {
                    Some(code) => {
                        let message = meta.message().unwrap_or("no message").to_owned();
                        (code.to_owned(), message, class_of(code, meta.message().unwrap_or_default(), status))
                    }
                    None if status < 300 => (
                        "BrokenAnswer".into(),
                        format!("the answer could not be read: {}", chain(meta)),
                        ErrorClass::Unknown,
                    ),
                    None if is_html(service.raw()) => (
                        "NotImplemented".into(),
                        "the endpoint does not know this operation".into(),
                        ErrorClass::NotImplemented,
                    ),
                    None => (format!("Http{status}"), "no message".into(), class_of("", "", status)),
                }
            }
            SdkError::ResponseError(_) => {
                ("BrokenAnswer".into(), "the answer could not be read".into(), ErrorClass::Unknown)
            }
            SdkError::TimeoutError(_) => ("Timeout".into(), "no answer in time".into(), ErrorClass::Unknown),
            SdkError::DispatchFailure(failure) => {
                let cause = failure.as_connector_error().map_or_else(String::new, |error| chain(error));
                let about_credentials =
                    ["loading credentials", "credentials provider", "no credentials found"];
                if about_credentials.iter().any(|words| cause.contains(words)) {
                    ("NoCredentials".into(), cause, ErrorClass::Credentials)
                } else if failure
                    .as_connector_error()
                    .is_some_and(|error| error.is_io() || error.is_timeout())
                {
                    ("Unreachable".into(), cause, ErrorClass::Unreachable)
                } else {
                    ("NoConnection".into(), cause, ErrorClass::Unknown)
                }
            }
            SdkError::ConstructionFailure(failure) => (
                "Refused".into(),
                format!("the request could not be built: {failure:?}"),
                ErrorClass::Credentials,
            ),
            _ => ("Unknown".into(), chain(error), ErrorClass::Unknown),
        };
        Self { operation, resource: resource.into(), code, message, request_id, class }
    }

    /// Makes an error of our own about what an answer lacks.
    pub fn broken(operation: &'static str, resource: &str, message: impl Into<String>) -> Self {
        Self {
            operation,
            resource: resource.into(),
            code: "BrokenAnswer".into(),
            message: message.into(),
            request_id: None,
            class: ErrorClass::Unknown,
        }
    }

    /// Tells whether another try, after looking again, may go better.
    pub const fn may_pass(&self) -> bool {
        matches!(
            self.class,
            ErrorClass::AlreadyExists
                | ErrorClass::NotFound
                | ErrorClass::Conflict
                | ErrorClass::Throttled
                | ErrorClass::Unknown
        )
    }

    /// Returns why something could not be read, in one line that names a missing permission; without the request's id,
    /// so that the same failure is the same text.
    pub fn reason(&self) -> String {
        let Self { operation, resource, code, message, .. } = self;
        let action = self.missing_action();
        let text = match self.class {
            ErrorClass::Denied if self.is_forbidden() => {
                format!("a policy denies `{action}` for {resource}: {code}: {message}")
            }
            ErrorClass::Denied => {
                format!("the permission `{action}` is missing for {resource}: {code}: {message}")
            }
            _ => format!("{operation} on {resource} failed: {code}: {message}"),
        };
        // What answers may be anybody's endpoint.
        text.split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Tells whether a policy says no, where otherwise none says yes.
    fn is_forbidden(&self) -> bool {
        self.message.contains("explicit deny")
    }

    /// Returns what a denial says after naming the caller.
    fn told(&self) -> Option<&str> {
        self.message.split_once("is not authorized to perform: ").map(|(_, rest)| rest)
    }

    /// Returns the action that a denial is about.
    fn missing_action(&self) -> &str {
        let told = self.told().and_then(|rest| rest.split_whitespace().next());
        let action = told.filter(|word| word.contains(':')).unwrap_or(self.operation);
        action.trim_end_matches(['.', ','])
    }

    /// Returns what to do about a denial. AWS's message names the action that was missing, which is not always the
    /// one that was asked for: who creates a function must also be allowed `iam:PassRole`.
    fn missing_permission(&self) -> String {
        let (told, action) = (self.told(), self.missing_action());
        if self.is_forbidden() {
            return format!(
                "a policy denies `{action}` to the caller, and no other policy can allow it again"
            );
        }
        let resource = told
            .and_then(|rest| rest.split_once("on resource: "))
            .and_then(|(_, rest)| rest.split_whitespace().next())
            .filter(|word| word.starts_with("arn:"));
        let statement = serde_json::json!({
            "Effect": "Allow", "Action": action, "Resource": resource.unwrap_or("*"),
        });
        format!("add this statement to the caller's policy: {statement}")
    }

    /// Returns what to do about it, for the common causes.
    pub fn hints(&self) -> Vec<String> {
        match self.class {
            ErrorClass::Denied => vec![self.missing_permission()],
            ErrorClass::Credentials => {
                vec![
                    "check the credentials: `aws sts get-caller-identity` with the same profile must work"
                        .into(),
                ]
            }
            ErrorClass::AlreadyExists => {
                vec!["somebody made it meanwhile; run the same command again".into()]
            }
            ErrorClass::Conflict => {
                vec![
                    "something still hangs on it, or AWS is still working on it; run the same command again"
                        .into(),
                ]
            }
            ErrorClass::Throttled => {
                vec!["AWS asks for patience; run the same command again in a minute".into()]
            }
            ErrorClass::Unknown => {
                vec![
                    "it is not known whether AWS carried it out; run the same command again to find out"
                        .into(),
                ]
            }
            ErrorClass::Unreachable => vec!["check the network, the region and `--endpoint-url`".into()],
            ErrorClass::Refused if self.code.contains("LimitExceeded") => {
                vec!["a quota of the account is reached; see Service Quotas in the AWS console".into()]
            }
            ErrorClass::NotFound | ErrorClass::NotImplemented | ErrorClass::Refused => vec![],
        }
    }
}

fn class_of(code: &str, message: &str, status: u16) -> ErrorClass {
    // CloudFormation has no code of its own for a stack that is not there.
    if code == "ValidationError" && message.contains("does not exist") {
        return ErrorClass::NotFound;
    }
    CLASSES.iter().find(|(_, codes)| codes.contains(&code)).map_or_else(
        || match status {
            403 => ErrorClass::Denied,
            404 => ErrorClass::NotFound,
            429 => ErrorClass::Throttled,
            500.. => ErrorClass::Unknown,
            _ => ErrorClass::Refused,
        },
        |(class, _)| *class,
    )
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        let kind = match error.class {
            ErrorClass::Denied
            | ErrorClass::Credentials
            | ErrorClass::Unreachable
            | ErrorClass::Throttled => ErrorKind::Access,
            _ => ErrorKind::Api,
        };
        error.hints().into_iter().fold(Self::new(kind, error.to_string()), Self::hinted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(message: &str) -> Vec<String> {
        let error = ApiError {
            operation: "lambda:CreateFunction",
            resource: "function.f".into(),
            code: "AccessDeniedException".into(),
            message: message.into(),
            request_id: None,
            class: ErrorClass::Denied,
        };
        error.hints()
    }

    #[test]
    fn the_statement_is_about_what_was_missing() {
        let pass_role = "User: arn:aws:iam::123456789012:user/me is not authorized to perform: iam:PassRole on \
                         resource: arn:aws:iam::123456789012:role/r because no identity-based policy allows it";
        let statement =
            r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::123456789012:role/r"}"#;
        assert!(denied(pass_role)[0].ends_with(statement), "{:?}", denied(pass_role));
        let unsaid = r#"{"Effect":"Allow","Action":"lambda:CreateFunction","Resource":"*"}"#;
        assert!(denied("Access Denied")[0].ends_with(unsaid));
        let explicit = format!("{pass_role} with an explicit deny in a service control policy");
        assert!(denied(&explicit)[0].contains("denies `iam:PassRole`"));
    }

    #[test]
    fn a_reason_is_one_line() {
        let mut error = ApiError::broken("iam:GetCredentialReport", "the report", "a\r\nb\u{1b}[2J");
        error.request_id = Some("id".into());
        assert_eq!(error.reason(), "iam:GetCredentialReport on the report failed: BrokenAnswer: a b [2J");
        error.class = ErrorClass::Denied;
        assert!(
            error
                .reason()
                .starts_with("the permission `iam:GetCredentialReport` is missing for the report: ")
        );
        error.message = "not authorized, with an explicit deny in a service control policy".into();
        assert!(error.reason().starts_with("a policy denies `iam:GetCredentialReport` for the report: "));
    }
}
