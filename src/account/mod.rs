//! The picture of an account, and what can be known from it. Pure: no SDK, no runtime.

pub mod actor;
pub mod advice;
pub(crate) mod as_written;
pub mod ask;
pub mod calls;
pub mod credential_report;
pub mod effective;
pub mod event;
pub mod file;
pub mod given;
pub mod grant;
pub mod opens;
pub mod packing;
pub mod part;
pub mod report_only;
pub(crate) mod scan;
pub mod snapshot;
#[cfg(test)]
pub(crate) mod testing;
pub mod timing;

/// Tells whether a policy with this ARN is one of AWS's own, which every account has.
pub fn is_aws_managed(arn: &str) -> bool {
    arn.split(':').nth(4) == Some("aws")
}

/// Returns what follows the last `/` or `:` of an ARN: the resource's bare name.
pub fn bare_name(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or(arn)
}
