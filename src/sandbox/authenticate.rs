//! Who sent a request: AWS Signature Version 4, checked.
//!
//! Source: "AWS Signature Version 4 for API requests" in the IAM user guide. The errors are the common errors of
//! the two families of protocols. The date of a signature is not compared with a clock: a sandbox's clock may
//! be moved while its clients' clocks stay.

use std::time::{Duration, SystemTime};

use awsim_core::sigv4_verify::{AuthHeader, VerifyOutcome, parse_authorization_header, verify};
use awsim_core::{AwsError, Protocol};
use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;

use super::services::iam::KeyOwner;
use super::services::iam::credentials::Kept;
use crate::percent;

/// What a request says of its sender, not yet believed.
pub(super) struct Signed<'a> {
    header: AuthHeader<'a>,
    date: &'a str,
    token: Option<&'a str>,
}

/// Why a request is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no signature.
    Missing,
    /// The signature lacks a part.
    Incomplete,
    /// Nobody has this key, or it is inactive, or its session token is another.
    UnknownKey,
    /// The temporary credentials have ended.
    Expired,
    /// The signature was made with another secret, or of another request.
    Mismatch,
}

impl<'a> Signed<'a> {
    /// Reads the signature of a request.
    pub(super) fn read(parts: &'a Parts) -> Result<Self, Refusal> {
        let value = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let header = value(AUTHORIZATION.as_str()).ok_or(Refusal::Missing)?;
        let header = parse_authorization_header(header).ok_or(Refusal::Incomplete)?;
        let date = value("x-amz-date").ok_or(Refusal::Incomplete)?;
        Ok(Self { header, date, token: value("x-amz-security-token") })
    }

    /// The access key id.
    pub(super) const fn key(&self) -> &'a str {
        self.header.access_key
    }

    /// The Region the request is for.
    pub(super) const fn region(&self) -> &'a str {
        self.header.region
    }

    /// The service the request is for, by its signing name.
    pub(super) const fn service(&self) -> &'a str {
        self.header.service
    }

    /// Checks that `owner` signed this request.
    pub(super) fn verify(&self, owner: &KeyOwner, parts: &Parts, body: &[u8]) -> Result<(), Refusal> {
        if self.token != owner.session_token.as_ref().map(Kept::reveal) {
            return Err(Refusal::UnknownKey);
        }
        if !owner.active {
            return Err(if owner.expires.is_some() { Refusal::Expired } else { Refusal::UnknownKey });
        }
        let headers: Vec<_> = self.header.signed_headers.iter().map(|name| value_of(parts, name)).collect();
        let declared = parts.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
        let outcome = verify(
            &self.header,
            owner.secret.reveal(),
            parts.method.as_str(),
            &canonical_path(parts.uri.path()),
            &canonical_query(parts.uri.query().unwrap_or_default()),
            &headers,
            self.date,
            body,
            declared,
            SystemTime::UNIX_EPOCH,
            Duration::MAX,
        );
        match outcome {
            VerifyOutcome::Ok => Ok(()),
            VerifyOutcome::SignatureMismatch => Err(Refusal::Mismatch),
            VerifyOutcome::IncompleteSignature => Err(Refusal::Incomplete),
        }
    }
}

impl Refusal {
    /// The error as services of `protocol` word it.
    pub(super) fn error(self, protocol: Protocol) -> AwsError {
        let json = protocol.is_json();
        let invalid = "The security token included in the request is invalid.";
        let mismatch = "The request signature we calculated does not match the signature you provided. Check your \
                        AWS Secret Access Key and signing method. Consult the service documentation for details.";
        let (code, message) = match (self, json) {
            (Self::Missing, false) => {
                ("MissingAuthenticationToken", "Request is missing Authentication Token")
            }
            (Self::Missing, true) => ("MissingAuthenticationTokenException", "Missing Authentication Token"),
            (Self::Incomplete, false) => ("IncompleteSignature", "Authorization header is incomplete"),
            (Self::Incomplete, true) => {
                ("IncompleteSignatureException", "Authorization header is incomplete")
            }
            (Self::UnknownKey, false) => ("InvalidClientTokenId", invalid),
            (Self::UnknownKey, true) => ("UnrecognizedClientException", invalid),
            (Self::Expired, false) => {
                ("ExpiredToken", "The security token included in the request is expired")
            }
            (Self::Expired, true) => {
                ("ExpiredTokenException", "The security token included in the request is expired")
            }
            (Self::Mismatch, false) => ("SignatureDoesNotMatch", mismatch),
            (Self::Mismatch, true) => ("InvalidSignatureException", mismatch),
        };
        // The awsJson services answer 400 throughout, the others 403 (and 400 for what is incomplete).
        match (self, protocol) {
            (Self::Incomplete, _) | (_, Protocol::AwsJson1_0 | Protocol::AwsJson1_1) => {
                AwsError::bad_request(code, message)
            }
            _ => AwsError::forbidden(code, message),
        }
    }
}

/// A signed header with its values as they are signed: trimmed, runs of spaces folded, several joined by commas.
fn value_of(parts: &Parts, name: &str) -> (String, String) {
    let mut values: Vec<String> = parts
        .headers
        .get_all(name)
        .iter()
        .map(|value| {
            String::from_utf8_lossy(value.as_bytes()).split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect();
    if values.is_empty() && name.eq_ignore_ascii_case(HOST.as_str()) {
        values.extend(parts.uri.authority().map(ToString::to_string));
    }
    (name.to_owned(), values.join(","))
}

/// The path as it is signed: every byte but the unreserved ones and `/` encoded once more.
fn canonical_path(path: &str) -> String {
    if path.is_empty() { "/".to_owned() } else { percent::encode_path(path) }
}

/// The query string as it is signed: decoded, encoded in the one way, sorted.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent::encode(percent::decode(name)), percent::encode(percent::decode(value)))
        })
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_and_paths_are_canonical() {
        assert_eq!(canonical_query("b=2&a=x%20y&a=%2f&c"), "a=%2F&a=x%20y&b=2&c=");
        assert_eq!(canonical_path("/2015-03-31/functions/a%3Ab"), "/2015-03-31/functions/a%253Ab");
        assert_eq!(canonical_path(""), "/");
    }
}
