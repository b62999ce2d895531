//! What the account trusts and shows outside of AWS: identity providers, server certificates, tokens.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::store::Tags;

/// A server certificate. Its private key is not kept: nothing here ever uses it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServerCertificate {
    /// The name as written.
    pub name: String,
    /// The unique id, `ASCA…`.
    pub id: String,
    /// The path.
    pub path: String,
    /// When it was uploaded.
    pub uploaded: Timestamp,
    /// The PEM text.
    pub body: String,
    /// The PEM texts of its issuers.
    #[serde(default)]
    pub chain: Option<String>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// A SAML identity provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SamlProvider {
    /// The ARN.
    pub arn: String,
    /// The unique id, `ASAML…`.
    pub id: String,
    /// The metadata document.
    pub metadata: String,
    /// When it was created.
    pub created: Timestamp,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// An `OpenID` Connect identity provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OidcProvider {
    /// The ARN.
    pub arn: String,
    /// The URL without its scheme.
    pub url: String,
    /// The client ids, in the order they came.
    #[serde(default)]
    pub clients: Vec<String>,
    /// The thumbprints of certificates.
    #[serde(default)]
    pub thumbprints: Vec<String>,
    /// When it was created.
    pub created: Timestamp,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// The versions of tokens of the global endpoint of STS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenVersion {
    /// Valid in the Regions that are on by default.
    #[default]
    V1,
    /// Valid in all Regions.
    V2,
}
