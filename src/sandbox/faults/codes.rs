//! The errors of AWS that rules ask for by name, each as the service itself words it.

use awsim_core::AwsError;
use http::StatusCode;
use serde_json::json;

use super::Call;

/// Returns the service's error for too many requests. Sources: the errors in the services' API references; services
/// of the query protocol without one of their own have the common `Throttling`
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>).
pub(super) fn throttled(service: &str) -> AwsError {
    match service {
        "lambda" => AwsError::too_many_requests("TooManyRequestsException", "Rate exceeded")
            .with_extra("Reason", json!("CallerRateLimitExceeded")),
        "account" => AwsError::too_many_requests("TooManyRequestsException", "Rate exceeded"),
        "access-analyzer" | "scheduler" => {
            AwsError::too_many_requests("ThrottlingException", "Rate exceeded")
        }
        "tagging" => AwsError::bad_request("ThrottledException", "Rate exceeded"),
        "events" | "cloudtrail" => AwsError::bad_request("ThrottlingException", "Rate exceeded"),
        _ => AwsError::bad_request("Throttling", "Rate exceeded"),
    }
}

/// An error by its code on the wire: the status, and how AWS words it.
struct Known {
    code: &'static str,
    status: StatusCode,
    message: &'static str,
}

/// The errors whose status and message are known.
const KNOWN: [Known; 8] = [
    Known {
        code: "ConcurrentModification",
        status: StatusCode::CONFLICT,
        message: "The request was rejected because multiple requests to change this object were submitted \
                  simultaneously. Wait a few minutes and submit your request again.",
    },
    Known {
        code: "ConcurrentModificationException",
        status: StatusCode::BAD_REQUEST,
        message: "There is concurrent modification on a rule, target, archive, or replay.",
    },
    Known {
        code: "ResourceConflictException",
        status: StatusCode::CONFLICT,
        message: "The operation cannot be performed at this time. An update is in progress for resource.",
    },
    Known {
        code: "InvalidClientTokenId",
        status: StatusCode::FORBIDDEN,
        message: "The security token included in the request is invalid.",
    },
    Known {
        code: "ExpiredToken",
        status: StatusCode::FORBIDDEN,
        message: "The security token included in the request is expired",
    },
    Known {
        code: "RequestLimitExceeded",
        status: StatusCode::SERVICE_UNAVAILABLE,
        message: "Request limit exceeded.",
    },
    Known {
        code: "ServiceUnavailable",
        status: StatusCode::SERVICE_UNAVAILABLE,
        message: "The request has failed due to a temporary failure of the server.",
    },
    Known {
        code: "LimitExceeded",
        status: StatusCode::CONFLICT,
        message: "The request was rejected because it attempted to create resources beyond the current account quota.",
    },
];

/// Returns the error that a rule asks for; its own status and message go before those that are known. A code that
/// nobody knows is a client's error, 400, unless it says otherwise.
pub(super) fn error(call: &Call<'_>, code: &str, status: Option<u16>, message: Option<&str>) -> AwsError {
    let (code, known, usual) = match code {
        "ServiceFailure" => {
            let message =
                "The request processing has failed because of an unknown error, exception or failure.";
            (failure(call.service), Some(StatusCode::INTERNAL_SERVER_ERROR), message.to_owned())
        }
        "EntityTemporarilyUnmodifiable" => (code, Some(StatusCode::CONFLICT), unmodifiable(call)),
        _ => match KNOWN.iter().find(|known| known.code == code) {
            Some(known) => (code, Some(known.status), known.message.to_owned()),
            None => (code, None, format!("The sandbox was asked to fail with {code}.")),
        },
    };
    let asked = status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = asked.or(known).unwrap_or(StatusCode::BAD_REQUEST);
    let message = message.map_or(usual, str::to_owned);
    let error = if status.is_server_error() {
        AwsError { code: code.to_owned(), ..AwsError::internal(message) }
    } else {
        AwsError::bad_request(code, message)
    };
    AwsError { status, ..error }
}

/// Returns the service's code for a failure of its own.
fn failure(service: &str) -> &'static str {
    match service {
        "iam" => "ServiceFailure",
        "lambda" => "ServiceException",
        "events" => "InternalException",
        "sns" => "InternalError",
        "tagging" => "InternalServiceException",
        "access-analyzer" | "account" | "scheduler" => "InternalServerException",
        _ => "InternalFailure",
    }
}

/// Words the error that IAM answers for a login profile right after it was made, as AWS has recorded it.
fn unmodifiable(call: &Call<'_>) -> String {
    let user = call.input.get("UserName").and_then(serde_json::Value::as_str).unwrap_or("unknown");
    format!("Login Profile for User {user} cannot be modified while login profile is being created.")
}
