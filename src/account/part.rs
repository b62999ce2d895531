//! [`Part`]: the parts of a [`Snapshot`] that an audit reads, what people call them, and the permissions they take.

use serde::Serialize;

use super::snapshot::{Facet, Snapshot};

/// A part of the picture that an audit can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Users, groups, roles and customer-managed policies.
    Identity,
    /// The credential report.
    CredentialReport,
    /// Counts and quotas, among them what root has.
    AccountSummary,
    /// The password policy.
    PasswordPolicy,
    /// The virtual MFA devices that somebody uses.
    VirtualMfa,
    /// The server certificates that IAM keeps.
    ServerCertificates,
    /// The enabled regions and the analyzers in each.
    Analyzers,
    /// SAML and `OpenID` Connect providers.
    IdentityProviders,
    /// Whether the organization looks after root users.
    RootManagement,
}

impl Part {
    /// All parts, in the order reports name them.
    pub const ALL: [Self; 9] = [
        Self::Identity,
        Self::CredentialReport,
        Self::AccountSummary,
        Self::PasswordPolicy,
        Self::VirtualMfa,
        Self::ServerCertificates,
        Self::Analyzers,
        Self::IdentityProviders,
        Self::RootManagement,
    ];

    /// Names it for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "users, groups, roles and policies",
            Self::CredentialReport => "the credential report",
            Self::AccountSummary => "the account summary",
            Self::PasswordPolicy => "the password policy",
            Self::VirtualMfa => "the virtual MFA devices",
            Self::ServerCertificates => "the server certificates",
            Self::Analyzers => "the analyzers of every region",
            Self::IdentityProviders => "the identity providers",
            Self::RootManagement => "the organization's root management",
        }
    }

    /// Returns the IAM actions that reading it takes.
    pub const fn permissions(self) -> &'static [&'static str] {
        match self {
            Self::Identity => &["iam:GetAccountAuthorizationDetails"],
            Self::CredentialReport => &["iam:GenerateCredentialReport", "iam:GetCredentialReport"],
            Self::AccountSummary => &["iam:GetAccountSummary"],
            Self::PasswordPolicy => &["iam:GetAccountPasswordPolicy"],
            Self::VirtualMfa => &["iam:ListVirtualMFADevices"],
            Self::ServerCertificates => &["iam:ListServerCertificates"],
            Self::Analyzers => &["account:ListRegions", "access-analyzer:ListAnalyzers"],
            Self::IdentityProviders => &["iam:ListSAMLProviders", "iam:ListOpenIDConnectProviders"],
            Self::RootManagement => &["iam:ListOrganizationsFeatures"],
        }
    }

    /// Tells why it was not read; `None` when it was.
    pub fn unread(self, snapshot: &Snapshot) -> Option<&str> {
        fn why<T>(facet: &Facet<T>) -> Option<&str> {
            match facet {
                Facet::Read(_) => None,
                Facet::NotRead(why) => Some(why),
            }
        }
        match self {
            Self::Identity => why(&snapshot.identity),
            Self::CredentialReport => why(&snapshot.credential_report),
            Self::AccountSummary => why(&snapshot.account_summary),
            Self::PasswordPolicy => why(&snapshot.password_policy),
            Self::VirtualMfa => why(&snapshot.virtual_mfa),
            Self::ServerCertificates => why(&snapshot.server_certificates),
            Self::Analyzers => {
                why(&snapshot.regions).or_else(|| snapshot.analyzers_by_region.values().find_map(why))
            }
            Self::IdentityProviders => why(&snapshot.identity_providers),
            Self::RootManagement => why(&snapshot.root_management),
        }
    }
}
