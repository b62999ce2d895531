//! What the formats of others want to know of a finding: a name that stays the same from run to run, the type of its
//! resource, and how much it weighs.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::audit::check::Severity;
use crate::audit::finding::Finding;
use crate::audit::verdict::Status;

/// Returns 64 hexadecimal digits that stand for a finding: its account, benchmark, control, check, resource and
/// credential, not how it came out. Each part is preceded by its length, so that no two run together.
pub(super) fn fingerprint(account: &str, finding: &Finding) -> String {
    let parts = [
        account,
        finding.benchmark,
        finding.control,
        finding.check.unwrap_or_default(),
        &finding.resource,
        // Findings on the account and on root share an ARN.
        &finding.name,
        finding.credential.unwrap_or_default(),
    ];
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// What kind of resource an ARN names, as far as AWS's formats have a word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResourceType {
    /// The account or its root user.
    Account,
    /// An IAM user.
    User,
    /// An IAM group.
    Group,
    /// An IAM role.
    Role,
    /// A managed policy.
    Policy,
    /// A server certificate.
    Certificate,
    /// Anything else.
    Other,
}

impl ResourceType {
    /// Tells it by the ARN.
    pub(super) fn of(arn: &str) -> Self {
        let mut parts = arn.splitn(6, ':').skip(2);
        let (service, resource) = (parts.next(), parts.nth(2).unwrap_or_default());
        if service != Some("iam") {
            return Self::Other;
        }
        match resource.split('/').next() {
            Some("root") => Self::Account,
            Some("user") => Self::User,
            Some("group") => Self::Group,
            Some("role") => Self::Role,
            Some("policy") => Self::Policy,
            Some("server-certificate") => Self::Certificate,
            _ => Self::Other,
        }
    }
}

/// Returns how much a finding weighs where a severity says what to do about it: nothing unless it fails, is exempt or
/// could not be looked at.
pub(super) const fn weight(finding: &Finding) -> Severity {
    match finding.status {
        Status::Fail | Status::Exempt | Status::Unknown => finding.severity,
        Status::Pass | Status::Manual | Status::NotApplicable => Severity::Informational,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arn_tells_the_type() {
        for (arn, kind) in [
            ("arn:aws:iam::123456789012:root", ResourceType::Account),
            ("arn:aws-cn:iam::123456789012:user/team/a:b", ResourceType::User),
            ("arn:aws:iam::123456789012:policy/x", ResourceType::Policy),
            ("arn:aws:access-analyzer:us-east-1:123456789012:analyzer/user", ResourceType::Other),
            ("user/x", ResourceType::Other),
        ] {
            assert_eq!(ResourceType::of(arn), kind, "{arn}");
        }
    }
}
