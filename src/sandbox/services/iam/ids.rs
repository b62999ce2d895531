//! Unique ids, access keys, secrets and seeds in AWS's shapes.
//! Source: "IAM identifiers" in the IAM user guide (prefixes `AIDA`, `AGPA`, `AROA`, `ANPA`, `AKIA`, `ASIA`).

use awsim_core::AwsError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Draws random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], AwsError> {
    let mut out = [0; N];
    getrandom::fill(&mut out).map_err(|error| AwsError::internal(format!("no randomness: {error}")))?;
    Ok(out)
}

/// Draws a unique id of an entity: the prefix and 17 characters.
pub(crate) fn unique(prefix: &str) -> Result<String, AwsError> {
    Ok(spell(prefix, &bytes::<17>()?))
}

/// Draws an access key id: the prefix and 16 characters.
pub(crate) fn access_key(prefix: &str) -> Result<String, AwsError> {
    Ok(spell(prefix, &bytes::<16>()?))
}

/// Draws a secret access key of 40 characters.
pub(crate) fn secret() -> Result<String, AwsError> {
    Ok(bytes::<40>()?.iter().map(|byte| letter(LETTERS, *byte)).collect())
}

/// Draws a session token.
pub(crate) fn token() -> Result<String, AwsError> {
    Ok(format!("IQoJ{}", STANDARD.encode(bytes::<120>()?)))
}

/// Draws the base32 seed of a virtual MFA device: 64 characters, as AWS hands out.
pub(crate) fn seed() -> Result<String, AwsError> {
    Ok(spell("", &bytes::<64>()?))
}

/// Derives the unique id of an AWS-managed policy, which must be the same in every account and at every start.
pub(crate) fn derived(prefix: &str, from: &str) -> String {
    use sha2::Digest as _;
    let hash = sha2::Sha256::digest(from);
    spell(prefix, hash.get(..17).unwrap_or_default())
}

fn spell(prefix: &str, bytes: &[u8]) -> String {
    prefix.chars().chain(bytes.iter().map(|byte| letter(BASE32, *byte))).collect()
}

fn letter(alphabet: &[u8], byte: u8) -> char {
    alphabet.get(usize::from(byte) % alphabet.len()).copied().map_or('A', char::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_shape_of_aws_ids() {
        let id = unique("AIDA").unwrap();
        assert_eq!(id.len(), 21);
        assert!(id.starts_with("AIDA") && id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()));
        assert_eq!(access_key("AKIA").unwrap().len(), 20);
        assert_eq!(secret().unwrap().len(), 40);
        assert_eq!(derived("ANPA", "x"), derived("ANPA", "x"));
        assert_eq!(seed().unwrap().len(), 64);
    }
}
