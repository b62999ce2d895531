//! What `CloudTrail` calls things: sources, events, errors, regions; and what it takes for reading.

/// Writes the event source of a service.
pub(super) fn source(service: &str) -> String {
    format!("{service}.amazonaws.com")
}

/// Lambda's events carry the version of the API that has the operation, and some a `v2`.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html>. Operations of later versions
/// of the API are recorded by their plain name.
const LAMBDA: [(&str, &str); 15] = [
    ("AddPermission", "AddPermission20150331v2"),
    ("CreateFunction", "CreateFunction20150331"),
    ("DeleteFunction", "DeleteFunction20150331"),
    ("GetFunction", "GetFunction20150331v2"),
    ("GetFunctionConfiguration", "GetFunctionConfiguration20150331v2"),
    ("GetPolicy", "GetPolicy20150331v2"),
    ("ListAliases", "ListAliases20150331"),
    ("ListFunctions", "ListFunctions20150331"),
    ("ListTags", "ListTags20170331"),
    ("ListVersionsByFunction", "ListVersionsByFunction20150331"),
    ("RemovePermission", "RemovePermission20150331v2"),
    ("TagResource", "TagResource20170331v2"),
    ("UntagResource", "UntagResource20170331v2"),
    ("UpdateFunctionCode", "UpdateFunctionCode20150331v2"),
    ("UpdateFunctionConfiguration", "UpdateFunctionConfiguration20150331v2"),
];

/// Returns the name of the event that a call leaves.
pub(super) fn event<'a>(service: &str, operation: &'a str) -> &'a str {
    let versioned = LAMBDA.iter().find(|(plain, _)| service == "lambda" && *plain == operation);
    versioned.map_or(operation, |(_, name)| name)
}

/// Tells whether a call is a data event, of which the event history has none.
pub(super) fn is_data_event(service: &str, operation: &str) -> bool {
    match service {
        "sns" => matches!(operation, "Publish" | "PublishBatch"),
        "lambda" => operation.starts_with("Invoke"),
        "events" => operation == "PutEvents",
        _ => false,
    }
}

/// Tells whether `CloudTrail` takes an operation for one that only reads. Credentials are issued by reading.
pub(super) fn is_read_only(operation: &str) -> bool {
    const READING: [&str; 9] =
        ["Get", "List", "Describe", "Lookup", "Simulate", "Generate", "Validate", "Estimate", "AssumeRole"];
    READING.iter().any(|verb| operation.starts_with(verb))
}

/// Tells whether the answer is recorded although the operation only reads.
pub(super) fn issues_credentials(operation: &str) -> bool {
    operation.starts_with("AssumeRole") || matches!(operation, "GetSessionToken" | "GetFederationToken")
}

/// Returns the region an event is recorded in: IAM's is the home of its partition, whatever the request says.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events>.
pub(super) fn region<'a>(service: &str, region: &'a str, partition: &str) -> &'a str {
    match (service, partition) {
        ("iam", "aws-cn") => "cn-north-1",
        ("iam", "aws-us-gov") => "us-gov-west-1",
        ("iam", _) => "us-east-1",
        _ => region,
    }
}

/// Tells whether an error means that the credentials were not accepted: whose call it was is not known then, and
/// "`CloudTrail` logs all authenticated API requests"
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>).
pub(super) fn is_stranger(code: &str) -> bool {
    const CODES: [&str; 9] = [
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "ExpiredToken",
        "ExpiredTokenException",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
    ];
    CODES.contains(&code)
}

/// The exceptions of IAM whose name is not the code on the wire and `Exception`.
const EXCEPTIONS: [(&str, &str); 5] = [
    ("ReportExpired", "CredentialReportExpiredException"),
    ("ReportNotPresent", "CredentialReportNotPresentException"),
    ("ReportInProgress", "CredentialReportNotReadyException"),
    ("NotSupportedService", "ServiceNotSupportedException"),
    ("ValidationError", "ValidationException"),
];

/// Writes an error code as records have it: a denial is `AccessDenied` whatever the service calls it, and the
/// services of the query protocol show the exception's name (`NoSuchEntityException`), not its code on the wire.
pub(super) fn error(service: &str, code: &str) -> String {
    if matches!(code, "AccessDenied" | "AccessDeniedException" | "AuthorizationError") {
        return "AccessDenied".to_owned();
    }
    let is_query = matches!(service, "iam" | "sts" | "sns" | "cloudformation");
    match EXCEPTIONS.iter().find(|(wire, _)| is_query && *wire == code) {
        Some((_, name)) => (*name).to_owned(),
        None if is_query && !code.ends_with("Exception") && !code.contains('.') => format!("{code}Exception"),
        None => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Codes as in events that AWS recorded: DeleteLoginProfile of a user without one, and right after its making.
    #[test]
    fn errors_have_the_name_of_the_exception() {
        assert_eq!(error("iam", "NoSuchEntity"), "NoSuchEntityException");
        assert_eq!(error("iam", "EntityTemporarilyUnmodifiable"), "EntityTemporarilyUnmodifiableException");
        assert_eq!(error("iam", "ReportNotPresent"), "CredentialReportNotPresentException");
        assert_eq!(error("sts", "AccessDenied"), "AccessDenied");
        assert_eq!(error("lambda", "AccessDeniedException"), "AccessDenied");
        assert_eq!(error("lambda", "InvalidParameterValueException"), "InvalidParameterValueException");
    }

    #[test]
    fn lambda_alone_has_versions_in_its_names() {
        assert_eq!(event("lambda", "UpdateFunctionCode"), "UpdateFunctionCode20150331v2");
        assert_eq!(event("lambda", "GetFunctionCodeSigningConfig"), "GetFunctionCodeSigningConfig");
        assert_eq!(event("iam", "GetPolicy"), "GetPolicy");
    }
}
