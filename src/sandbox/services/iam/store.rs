//! The state of one account's IAM: plain values, serialisable, in deterministic order.
//!
//! Users, groups and roles are keyed by their lower-case name, because AWS tells names apart without regard to
//! case; managed policies and MFA devices are keyed by ARN. What belongs to an entity lives inside it, so that
//! deleting it cannot leave orphans.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use super::credentials::{AccessKey, Certificate, Login, ServiceCredential, SshKey, VirtualMfa};
pub use super::federation::{OidcProvider, SamlProvider, ServerCertificate, TokenVersion};
pub use super::identity::Session;
pub use super::records::{AccessJob, Report, Reporting, ServiceUse};
use super::tracked::Tracked;
pub use super::tracked::{Table, Whole};

/// Everything IAM knows about one account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    /// When the account was opened.
    pub created: Timestamp,
    /// The root user.
    pub root: Whole<Root>,
    /// The account alias, if one was chosen.
    #[serde(default)]
    pub alias: Whole<Option<String>>,
    /// The account password policy; `None` until somebody sets one.
    #[serde(default)]
    pub password_policy: Whole<Option<PasswordPolicy>>,
    /// Users by lower-case name.
    #[serde(default)]
    pub users: Table<User>,
    /// Groups by lower-case name.
    #[serde(default)]
    pub groups: Table<Group>,
    /// Roles by lower-case name.
    #[serde(default)]
    pub roles: Table<Role>,
    /// Customer-managed policies by ARN.
    #[serde(default)]
    pub policies: Table<Policy>,
    /// Virtual MFA devices by serial number (an ARN).
    #[serde(default)]
    pub mfa: Table<VirtualMfa>,
    /// Temporary credentials by access key id.
    #[serde(default)]
    pub sessions: Table<Session>,
    /// Instance profiles by lower-case name.
    #[serde(default)]
    pub instance_profiles: Table<InstanceProfile>,
    /// Server certificates by lower-case name.
    #[serde(default)]
    pub server_certificates: Table<ServerCertificate>,
    /// SAML providers by ARN.
    #[serde(default)]
    pub saml_providers: Table<SamlProvider>,
    /// `OpenID` Connect providers by ARN.
    #[serde(default)]
    pub oidc_providers: Table<OidcProvider>,
    /// Deletions of service-linked roles by task id, with when they were asked for.
    #[serde(default)]
    pub role_deletions: Table<Timestamp>,
    /// Which version of token the global endpoint of STS gives.
    #[serde(default)]
    pub token_version: Whole<TokenVersion>,
    /// The last generated credential report.
    #[serde(default)]
    pub report: Whole<Option<Report>>,
    /// How credential reports are made.
    #[serde(default)]
    pub reporting: Whole<Reporting>,
    /// By the unique id of a user or role, which services it called last and when, by namespace.
    #[serde(default)]
    pub service_uses: Table<BTreeMap<String, ServiceUse>>,
    /// Reports on services last accessed that were asked for, by job id.
    #[serde(default)]
    pub access_jobs: Table<AccessJob>,
}

impl State {
    /// Opens an empty account whose administrator has this key.
    pub(super) fn new(created: Timestamp, administrator: AccessKey) -> Self {
        Self {
            created,
            root: Whole::new(Root { administrator, ..Root::default() }),
            alias: Whole::default(),
            password_policy: Whole::default(),
            users: Table::default(),
            groups: Table::default(),
            roles: Table::default(),
            policies: Table::default(),
            mfa: Table::default(),
            sessions: Table::default(),
            instance_profiles: Table::default(),
            server_certificates: Table::default(),
            saml_providers: Table::default(),
            oidc_providers: Table::default(),
            role_deletions: Table::default(),
            token_version: Whole::default(),
            report: Whole::default(),
            reporting: Whole::default(),
            service_uses: Table::default(),
            access_jobs: Table::default(),
        }
    }

    /// Every part that can change, by its name in the file.
    pub(super) fn parts(&mut self) -> [(&'static str, &mut dyn Tracked); 19] {
        [
            ("root", &mut self.root),
            ("alias", &mut self.alias),
            ("password_policy", &mut self.password_policy),
            ("users", &mut self.users),
            ("groups", &mut self.groups),
            ("roles", &mut self.roles),
            ("policies", &mut self.policies),
            ("mfa", &mut self.mfa),
            ("sessions", &mut self.sessions),
            ("instance_profiles", &mut self.instance_profiles),
            ("server_certificates", &mut self.server_certificates),
            ("saml_providers", &mut self.saml_providers),
            ("oidc_providers", &mut self.oidc_providers),
            ("role_deletions", &mut self.role_deletions),
            ("token_version", &mut self.token_version),
            ("report", &mut self.report),
            ("reporting", &mut self.reporting),
            ("service_uses", &mut self.service_uses),
            ("access_jobs", &mut self.access_jobs),
        ]
    }

    /// Returns what changed since the last call, by part; nothing when nothing did.
    pub(super) fn take_changes(
        &mut self,
    ) -> Result<BTreeMap<&'static str, Box<RawValue>>, serde_json::Error> {
        let parts = self.parts().into_iter();
        parts
            .filter_map(|(name, part)| part.take_change().transpose().map(|change| Ok((name, change?))))
            .collect()
    }

    /// Does again what [`State::take_changes`] told.
    pub(super) fn apply_changes(
        &mut self,
        changes: &BTreeMap<String, Box<RawValue>>,
    ) -> Result<(), serde_json::Error> {
        for (name, part) in self.parts() {
            if let Some(change) = changes.get(name) {
                part.apply_change(change)?;
            }
        }
        Ok(())
    }
}

/// The root user and the key the sandbox itself hands out to administer the account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Root {
    /// The administrator's access key. It stands for a root session, not for a root access key: no report
    /// and no summary counts it.
    pub administrator: AccessKey,
    /// Root access keys, which an audit must find.
    #[serde(default)]
    pub keys: Vec<AccessKey>,
    /// The MFA device of the root user.
    #[serde(default)]
    pub mfa: Option<RootMfa>,
    /// When the root password was last used to sign in.
    #[serde(default)]
    pub password_last_used: Option<Timestamp>,
}

/// The kind of MFA device the root user has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RootMfa {
    /// A virtual device, which `ListVirtualMFADevices` shows.
    Virtual,
    /// A hardware device, which no call of IAM shows.
    Hardware,
}

/// A tag. Keys are told apart without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// The key, as written.
    pub key: String,
    /// The value.
    pub value: String,
}

/// The tags of an entity, sorted by key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(Vec<Tag>);

impl Tags {
    /// Adds tags; one whose key exists in any case replaces it.
    pub fn merge(&mut self, tags: Vec<Tag>) {
        for tag in tags {
            self.0.retain(|have| !have.key.eq_ignore_ascii_case(&tag.key));
            self.0.push(tag);
        }
        self.0.sort_by(|a, b| a.key.cmp(&b.key));
    }

    /// Removes the tags with these keys; absent keys are ignored.
    pub fn remove(&mut self, keys: &[String]) {
        self.0.retain(|have| !keys.iter().any(|key| have.key.eq_ignore_ascii_case(key)));
    }

    /// The tags in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Tag> {
        self.0.iter()
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|tag| tag.key.eq_ignore_ascii_case(key)).map(|tag| tag.value.as_str())
    }

    /// How many tags there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Tags {
    type Item = &'a Tag;
    type IntoIter = std::slice::Iter<'a, Tag>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// What an entity may do: its inline policies, its attached policies and its boundary.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Grants {
    /// Inline policy documents by policy name.
    #[serde(default)]
    pub inline: BTreeMap<String, String>,
    /// ARNs of attached managed policies.
    #[serde(default)]
    pub attached: BTreeSet<String>,
    /// ARN of the policy that bounds the entity's permissions.
    #[serde(default)]
    pub boundary: Option<String>,
}

/// An IAM user with everything that belongs to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct User {
    /// The name as written.
    pub name: String,
    /// The unique id, `AIDA…`.
    pub id: String,
    /// The path, `/` or `/…/`.
    pub path: String,
    /// When it was created.
    pub created: Timestamp,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
    /// Its own permissions; those of its groups are in the groups.
    #[serde(default)]
    pub grants: Grants,
    /// Lower-case names of the groups it is in.
    #[serde(default)]
    pub groups: BTreeSet<String>,
    /// Its console password.
    #[serde(default)]
    pub login: Option<Login>,
    /// When it last signed in with a password, kept when the password goes.
    #[serde(default)]
    pub password_last_used: Option<Timestamp>,
    /// Its access keys, at most two.
    #[serde(default)]
    pub keys: Vec<AccessKey>,
    /// Its SSH public keys.
    #[serde(default)]
    pub ssh_keys: Vec<SshKey>,
    /// Its signing certificates, at most two.
    #[serde(default)]
    pub certificates: Vec<Certificate>,
    /// Its service-specific credentials.
    #[serde(default)]
    pub service_credentials: Vec<ServiceCredential>,
}

/// An IAM group. Its members are the users that name it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Group {
    /// The name as written.
    pub name: String,
    /// The unique id, `AGPA…`.
    pub id: String,
    /// The path.
    pub path: String,
    /// When it was created.
    pub created: Timestamp,
    /// Its permissions; a group has no boundary.
    #[serde(default)]
    pub grants: Grants,
}

/// An IAM role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Role {
    /// The name as written.
    pub name: String,
    /// The unique id, `AROA…`.
    pub id: String,
    /// The path.
    pub path: String,
    /// When it was created.
    pub created: Timestamp,
    /// The trust policy, with principals as AWS shows them.
    pub trust: String,
    /// Its description.
    #[serde(default)]
    pub description: Option<String>,
    /// The longest session in seconds.
    pub max_session: u32,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
    /// Its permissions.
    #[serde(default)]
    pub grants: Grants,
    /// When and in which Region it was last assumed.
    #[serde(default)]
    pub last_used: Option<(Timestamp, String)>,
}

/// A customer-managed policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Policy {
    /// The name as written.
    pub name: String,
    /// The unique id, `ANPA…`.
    pub id: String,
    /// The path.
    pub path: String,
    /// The ARN.
    pub arn: String,
    /// Its description, which cannot be changed.
    #[serde(default)]
    pub description: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// When a version was last added or made default.
    pub updated: Timestamp,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
    /// The number of the default version.
    pub default: u32,
    /// The number the last created version got; numbers are never used twice.
    pub latest: u32,
    /// The versions by number, at most five.
    pub versions: BTreeMap<u32, PolicyVersion>,
}

/// One version of a managed policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// The document as given.
    pub document: String,
    /// When it was created.
    pub created: Timestamp,
}

impl Policy {
    /// The document of the default version.
    pub fn document(&self) -> Option<&str> {
        self.versions.get(&self.default).map(|version| version.document.as_str())
    }
}

/// An instance profile: the one role that an EC2 instance may have.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InstanceProfile {
    /// The name as written.
    pub name: String,
    /// The unique id, `AIPA…`.
    pub id: String,
    /// The path.
    pub path: String,
    /// When it was created.
    pub created: Timestamp,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
    /// Lower-case name of its role.
    #[serde(default)]
    pub role: Option<String>,
}

/// The account password policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordPolicy {
    /// The shortest password, 6 to 128.
    pub minimum_length: u32,
    /// Whether a symbol is required.
    pub require_symbols: bool,
    /// Whether a digit is required.
    pub require_numbers: bool,
    /// Whether an upper-case letter is required.
    pub require_uppercase: bool,
    /// Whether a lower-case letter is required.
    pub require_lowercase: bool,
    /// Whether users may change their own password.
    pub allow_change: bool,
    /// Days after which a password expires.
    #[serde(default)]
    pub max_age: Option<u32>,
    /// How many former passwords may not be used again.
    #[serde(default)]
    pub reuse_prevention: Option<u32>,
    /// Whether an expired password needs an administrator.
    #[serde(default)]
    pub hard_expiry: Option<bool>,
}

/// Derives the key under which a named entity is kept.
pub fn key(name: &str) -> String {
    name.to_lowercase()
}

/// Builds an IAM ARN. `kind` is `user`, `group`, `role`, `policy` or `mfa`.
pub fn arn(partition: &str, account: &str, kind: &str, path: &str, name: &str) -> String {
    format!("arn:{partition}:iam::{account}:{kind}{path}{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_state_is_tracked() {
        let mut state = State::new(Timestamp::UNIX_EPOCH, AccessKey::default());
        let file = serde_json::to_value(&state).unwrap();
        let mut fields: Vec<_> = file.as_object().unwrap().keys().cloned().collect();
        fields.retain(|field| field != "created");
        let parts: Vec<_> = state.parts().into_iter().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(parts, fields);
    }

    #[test]
    fn a_tag_key_in_another_case_replaces_the_tag() {
        let tag = |key: &str, value: &str| Tag { key: key.into(), value: value.into() };
        let mut tags = Tags::default();
        tags.merge(vec![tag("Department", "finance"), tag("a", "1")]);
        tags.merge(vec![tag("department", "hr")]);
        assert_eq!(tags.len(), 2);
        assert_eq!(tags.get("DEPARTMENT"), Some("hr"));
        tags.remove(&["A".into()]);
        assert_eq!(tags.len(), 1);
    }
}
