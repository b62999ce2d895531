//! The delays of AWS as data: which error of which call only means "not yet", and for how long. Throttling and
//! lost connections are the SDK's own (adaptive) business; every other error fails at once.

use std::time::Duration;

use super::error::{ApiError, ErrorClass};

/// One row: an error that time heals.
#[derive(Debug)]
pub struct Delay {
    /// `service:Operation`; a trailing `*` stands for any ending.
    pub operation: &'static str,
    /// AWS's error code.
    pub code: &'static str,
    /// What the message must contain; empty for any.
    pub says: &'static str,
    /// The longest time worth waiting.
    pub patience: Duration,
    /// Where it was seen or is documented.
    pub source: &'static str,
}

const EVENTUAL: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency";

/// The table.
pub const DELAYS: &[Delay] = &[
    Delay {
        operation: "lambda:*",
        code: "InvalidParameterValueException",
        says: "cannot be assumed by Lambda",
        patience: Duration::from_mins(1),
        source: "hashicorp/terraform-provider-aws#29828: a new role takes seconds, up to a minute",
    },
    Delay {
        operation: "iam:*",
        code: "MalformedPolicyDocument",
        says: "Invalid principal",
        patience: Duration::from_mins(1),
        source: "hashicorp/terraform-provider-aws PR 12436: a new principal takes about 30 s to be known",
    },
    Delay {
        operation: "lambda:*",
        code: "ResourceConflictException",
        says: "in progress",
        patience: Duration::from_mins(2),
        source: "https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html: an update locks the function",
    },
    Delay {
        operation: "iam:*",
        code: "EntityTemporarilyUnmodifiable",
        says: "",
        patience: Duration::from_mins(1),
        source: "rebuy-de/aws-nuke#750: just after a login profile was made",
    },
    Delay {
        operation: "iam:*",
        code: "ConcurrentModification",
        says: "",
        patience: Duration::from_secs(30),
        source: "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html#API_CreateRole_Errors",
    },
    Delay {
        operation: "sns:*",
        code: "ConcurrentAccess",
        says: "",
        patience: Duration::from_secs(30),
        source: "https://docs.aws.amazon.com/sns/latest/api/API_DeleteTopic.html#API_DeleteTopic_Errors",
    },
    Delay {
        operation: "events:*",
        code: "ConcurrentModificationException",
        says: "",
        patience: Duration::from_secs(30),
        source: "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html#API_PutRule_Errors",
    },
    Delay {
        operation: "iam:Attach*",
        code: "NoSuchEntity",
        says: "",
        patience: Duration::from_secs(10),
        source: EVENTUAL,
    },
    Delay {
        operation: "iam:Put*",
        code: "NoSuchEntity",
        says: "",
        patience: Duration::from_secs(10),
        source: EVENTUAL,
    },
    Delay {
        operation: "iam:Add*",
        code: "NoSuchEntity",
        says: "",
        patience: Duration::from_secs(10),
        source: EVENTUAL,
    },
    Delay {
        operation: "iam:Enable*",
        code: "NoSuchEntity",
        says: "",
        patience: Duration::from_secs(10),
        source: EVENTUAL,
    },
    Delay {
        operation: "iam:CreateLoginProfile",
        code: "NoSuchEntity",
        says: "",
        patience: Duration::from_secs(10),
        source: EVENTUAL,
    },
    Delay {
        operation: "iam:CreateAccessKey",
        code: "NoSuchEntity",
        says: "",
        patience: Duration::from_secs(10),
        source: EVENTUAL,
    },
    Delay {
        operation: "iam:TagUser",
        code: "NoSuchEntity",
        says: "",
        patience: Duration::from_secs(10),
        source: EVENTUAL,
    },
    Delay {
        operation: "events:PutTargets",
        code: "ResourceNotFoundException",
        says: "",
        patience: Duration::from_secs(10),
        source: EVENTUAL,
    },
    Delay {
        operation: "iam:Delete*",
        code: "DeleteConflict",
        says: "",
        patience: Duration::from_secs(10),
        source: "a child deleted a second ago may still be seen; see EVENTUAL",
    },
];

/// Returns how long to wait before the same call is worth another try; `None` when it is not. `waited` is what
/// the call has cost already.
pub fn pause(error: &ApiError, waited: Duration, attempt: u32) -> Option<Duration> {
    let patience =
        if matches!(error.class, ErrorClass::Unknown | ErrorClass::Throttled) && is_read(error.operation) {
            // No answer, or a broken one, to a question: ask again.
            Duration::from_secs(5)
        } else {
            DELAYS.iter().find(|delay| delay.heals(error))?.patience
        };
    let pause = Duration::from_millis(500) * 2_u32.saturating_pow(attempt.min(4));
    (waited + pause <= patience).then_some(pause)
}

impl Delay {
    fn heals(&self, error: &ApiError) -> bool {
        let operation = match self.operation.strip_suffix('*') {
            Some(start) => error.operation.starts_with(start),
            None => error.operation == self.operation,
        };
        operation && error.code == self.code && error.message.contains(self.says)
    }
}

/// Tells whether an operation (`service:Operation`) only reads. Making a credential report is reading too: AWS gives
/// it the access level "Read", and doing it twice is doing it once.
pub fn is_read(operation: &str) -> bool {
    let name = operation.split_once(':').map_or(operation, |(_, name)| name);
    ["Get", "List", "Describe", "Lookup"].iter().any(|verb| name.starts_with(verb))
        || name == "GenerateCredentialReport"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(operation: &'static str, code: &str, message: &str) -> ApiError {
        ApiError {
            operation,
            resource: "x".into(),
            code: code.into(),
            message: message.into(),
            request_id: None,
            class: ErrorClass::Refused,
        }
    }

    #[test]
    fn a_role_that_lambda_cannot_assume_yet_is_waited_for_up_to_a_minute() {
        let late = error(
            "lambda:CreateFunction",
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
        );
        assert_eq!(pause(&late, Duration::ZERO, 0), Some(Duration::from_millis(500)));
        assert_eq!(pause(&late, Duration::from_secs(55), 9), None);
    }

    #[test]
    fn everything_else_fails_at_once() {
        let wrong = error("lambda:CreateFunction", "InvalidParameterValueException", "Unknown runtime");
        assert_eq!(pause(&wrong, Duration::ZERO, 0), None);
        assert_eq!(pause(&error("iam:CreateUser", "AccessDenied", ""), Duration::ZERO, 0), None);
    }
}
