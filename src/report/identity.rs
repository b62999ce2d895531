//! Names for findings that stay the same from run to run, as the formats of others want them.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::audit::finding::Finding;

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
