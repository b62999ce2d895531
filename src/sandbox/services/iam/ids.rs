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

/// Draws an access key id: the prefix and 16 characters, of which the first nine hold the account as in AWS's own
/// key ids: read as base32, the 40 bits after the first one are its number.
pub(crate) fn access_key(prefix: &str, account: &str) -> Result<String, AwsError> {
    let account: u64 = account.parse().map_err(|_| AwsError::internal("the account is no number"))?;
    // 80 bits: one that is set, 40 of the account, 39 of chance.
    let chance = bytes::<8>()?.iter().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let bits = 1_u128 << 79 | u128::from(account) << 39 | chance & ((1 << 39) - 1);
    let digits = (0..16).rev().map(|place| u8::try_from(bits >> (5 * place) & 31).unwrap_or(0));
    Ok(prefix.chars().chain(digits.map(|digit| letter(BASE32, digit))).collect())
}

/// Returns the account an access key id belongs to: what [`access_key`] put in.
pub(crate) fn account_of_key(id: &str) -> Option<String> {
    let digits = id.get(4..).filter(|rest| rest.len() == 16)?;
    let value =
        |byte: u8| BASE32.iter().position(|have| *have == byte).and_then(|at| u128::try_from(at).ok());
    let bits = digits.bytes().try_fold(0_u128, |bits, byte| Some(bits << 5 | value(byte)?))?;
    let account = bits >> 39 & ((1 << 40) - 1);
    Some(format!("{account:012}")).filter(|account| account.len() == 12)
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
        let key = access_key("AKIA", "098765432109").unwrap();
        assert_eq!((key.len(), account_of_key(&key)), (20, Some("098765432109".into())));
        assert_ne!(key, access_key("AKIA", "098765432109").unwrap());
        // The account of this key is published: "A short note on AWS KEY ID", T. Be'ery, 2023.
        assert_eq!(account_of_key("ASIAQNZGKIQY56JQ7WML").as_deref(), Some("029608264753"));
        assert_eq!(account_of_key("AKIA"), None);
        assert_eq!(secret().unwrap().len(), 40);
        assert_eq!(derived("ANPA", "x"), derived("ANPA", "x"));
        assert_eq!(seed().unwrap().len(), 64);
    }
}
