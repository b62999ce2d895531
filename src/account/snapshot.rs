//! [`Snapshot`]: all that a plan, an audit or a grade may know of an account. Each part is either read or not read for a reason;
//! whoever needs a part that was not read answers "unknown", never "fine".

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::as_written;
use super::credential_report::CredentialReport;
use crate::policy::document::PolicyDocument;

/// A part of the picture: read, or not read for a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Facet<T> {
    /// What the account answered.
    Read(T),
    /// Why it could not be read, or that nobody asked.
    NotRead(String),
}

impl<T> Default for Facet<T> {
    fn default() -> Self {
        Self::NotRead("nobody asked for it".into())
    }
}

impl<T> Facet<T> {
    /// Returns what was read.
    pub const fn read(&self) -> Option<&T> {
        match self {
            Self::Read(value) => Some(value),
            Self::NotRead(_) => None,
        }
    }
}

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// The picture of one account in one region.
#[derive(Debug, Clone, Serialize)]
pub struct Snapshot {
    /// The account's 12-digit id.
    pub account: String,
    /// The partition, from the caller's ARN.
    pub partition: String,
    /// The region of everything that has one.
    pub region: String,
    /// When reading began.
    pub taken_at: Timestamp,
    /// Users, groups, roles and customer-managed policies.
    pub identity: Facet<Identity>,
    /// What hangs on the users asked for, by user name.
    pub credentials: BTreeMap<String, Facet<Credentials>>,
    /// All virtual MFA devices of the account.
    pub virtual_mfa: Facet<Vec<VirtualMfaDevice>>,
    /// The password policy; `None` inside when the account has none.
    pub password_policy: Facet<Option<PasswordPolicy>>,
    /// The functions asked for, by name; `None` inside when there is no such function.
    pub functions: BTreeMap<String, Facet<Option<Function>>>,
    /// The topics asked for, by name.
    pub topics: BTreeMap<String, Facet<Option<Topic>>>,
    /// The EventBridge rules (default bus) asked for, by name.
    pub rules: BTreeMap<String, Facet<Option<Rule>>>,
    /// The schedules of EventBridge Scheduler in the region.
    pub schedules: Facet<Vec<Schedule>>,
    /// The analyzers of the region.
    pub analyzers: Facet<Vec<Analyzer>>,
    /// The account's enabled regions.
    pub regions: Facet<BTreeSet<String>>,
    /// The analyzers of every enabled region, by region.
    pub analyzers_by_region: BTreeMap<String, Facet<Vec<Analyzer>>>,
    /// The credential report.
    pub credential_report: Facet<CredentialReport>,
    /// `GetAccountSummary`: counts and quotas by AWS's key.
    pub account_summary: Facet<BTreeMap<String, i64>>,
    /// The server certificates that IAM keeps.
    pub server_certificates: Facet<Vec<ServerCertificate>>,
    /// Who else may sign people in.
    pub identity_providers: Facet<IdentityProviders>,
    /// Whether the organization looks after the root users of its accounts.
    pub root_management: Facet<RootManagement>,
    /// The stacks asked for, by name.
    pub stacks: BTreeMap<String, Facet<Option<Stack>>>,
    /// Documents of the AWS-managed policies asked for, by ARN.
    pub aws_managed: BTreeMap<String, Facet<PolicyDocument>>,
    /// Policies of the resources asked for, by the resource's ARN; `None` inside when it has none.
    pub resource_policies: BTreeMap<String, Facet<Option<PolicyDocument>>>,
}

impl Snapshot {
    /// Returns a picture in which nothing has been read yet.
    pub fn empty(account: &str, partition: &str, region: &str, taken_at: Timestamp) -> Self {
        Self {
            account: account.into(),
            partition: partition.into(),
            region: region.into(),
            taken_at,
            identity: Facet::default(),
            credentials: BTreeMap::new(),
            virtual_mfa: Facet::default(),
            password_policy: Facet::default(),
            functions: BTreeMap::new(),
            topics: BTreeMap::new(),
            rules: BTreeMap::new(),
            schedules: Facet::default(),
            analyzers: Facet::default(),
            regions: Facet::default(),
            analyzers_by_region: BTreeMap::new(),
            credential_report: Facet::default(),
            account_summary: Facet::default(),
            server_certificates: Facet::default(),
            identity_providers: Facet::default(),
            root_management: Facet::default(),
            stacks: BTreeMap::new(),
            aws_managed: BTreeMap::new(),
            resource_policies: BTreeMap::new(),
        }
    }
}

/// What `GetAccountAuthorizationDetails` tells, by name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Identity {
    /// Users by name.
    pub users: BTreeMap<String, User>,
    /// Groups by name.
    pub groups: BTreeMap<String, Group>,
    /// Roles by name.
    pub roles: BTreeMap<String, Role>,
    /// Customer-managed policies by name.
    pub policies: BTreeMap<String, ManagedPolicy>,
}

impl Identity {
    /// Lists what hangs on every user, every group and every role, in this order.
    pub fn holdings(&self) -> impl Iterator<Item = &Policies> {
        let users = self.users.values().map(|user| &user.policies);
        let groups = self.groups.values().map(|group| &group.policies);
        users.chain(groups).chain(self.roles.values().map(|role| &role.policies))
    }
}

impl Policies {
    /// Lists the ARNs of the managed policies and of the boundary.
    pub fn managed(&self) -> impl Iterator<Item = &String> {
        self.attached.iter().chain(&self.boundary)
    }
}

/// Policies that hang on a principal.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Policies {
    /// ARNs of the attached managed policies.
    pub attached: BTreeSet<String>,
    /// Inline policies by name.
    #[serde(with = "as_written::by_name")]
    pub inline: BTreeMap<String, PolicyDocument>,
    /// ARN of the permissions boundary.
    pub boundary: Option<String>,
}

/// An IAM user without its credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct User {
    /// The user's ARN.
    pub arn: String,
    /// The user's unique id, `AIDA…`.
    pub id: String,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// The groups it is in, by name.
    pub groups: BTreeSet<String>,
    /// Its policies.
    pub policies: Policies,
    /// Its tags.
    pub tags: Tags,
}

/// An IAM group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Group {
    /// The group's ARN.
    pub arn: String,
    /// The group's path.
    pub path: String,
    /// Its policies; groups have no boundary.
    pub policies: Policies,
}

/// An IAM role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Role {
    /// The role's ARN.
    pub arn: String,
    /// The role's unique id, `AROA…`.
    pub id: String,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When a session of it last did something; `None` when not within the tracking period (400 days).
    pub last_used: Option<Timestamp>,
    /// The trust policy.
    #[serde(with = "as_written")]
    pub trust: PolicyDocument,
    /// Its policies.
    pub policies: Policies,
    /// Instance profiles that hold it, by name.
    pub instance_profiles: BTreeSet<String>,
    /// Its tags.
    pub tags: Tags,
    /// What `GetRole` adds to the account's authorization details, when it was asked.
    pub details: Option<RoleDetails>,
}

/// The fields of a role that only `GetRole` tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleDetails {
    /// The description.
    pub description: Option<String>,
    /// The longest session in seconds.
    pub max_session_seconds: i32,
}

/// A customer-managed policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ManagedPolicy {
    /// The policy's ARN.
    pub arn: String,
    /// The default version's document.
    #[serde(with = "as_written::if_any", default)]
    pub document: Option<PolicyDocument>,
    /// The description, when the call told it.
    pub description: Option<String>,
    /// All versions.
    pub versions: Vec<PolicyVersion>,
    /// Its tags, when they were asked for.
    pub tags: Tags,
}

/// One version of a managed policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// `v1`, `v2`, …
    pub id: String,
    /// Whether it is the one in force.
    pub is_default: bool,
    /// When it was made.
    pub created: Option<Timestamp>,
}

/// What hangs on a user besides policies and groups.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Credentials {
    /// Whether the user has a login profile.
    pub login_profile: bool,
    /// Access keys.
    pub access_keys: Vec<AccessKey>,
    /// Serial numbers of the enabled MFA devices of any kind, when they were asked for.
    pub mfa_devices: Option<Vec<String>>,
    /// Which of these could not be read, when others could.
    #[serde(default, skip_serializing_if = "CredentialsUnread::is_none")]
    pub unread: CredentialsUnread,
    /// The rarer children, read only before a user is deleted.
    pub others: Option<OtherCredentials>,
}

/// Why a part of what hangs on a user could not be read; what was read has no reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CredentialsUnread {
    /// The login profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_profile: Option<String>,
    /// The access keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_keys: Option<String>,
    /// The MFA devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa_devices: Option<String>,
}

impl CredentialsUnread {
    /// Tells whether all was read.
    pub const fn is_none(&self) -> bool {
        self.login_profile.is_none() && self.access_keys.is_none() && self.mfa_devices.is_none()
    }
}

/// An access key, without its secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessKey {
    /// `AKIA…`.
    pub id: String,
    /// Whether it may be used.
    pub active: bool,
    /// When it was made.
    pub created: Option<Timestamp>,
}

/// Children of a user that stand in the way of deleting it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct OtherCredentials {
    /// Serial numbers of the enabled MFA devices, virtual ones included.
    pub mfa_devices: Vec<String>,
    /// Ids of SSH public keys.
    pub ssh_keys: Vec<String>,
    /// Ids of signing certificates.
    pub certificates: Vec<String>,
    /// Ids of service-specific credentials.
    pub service_credentials: Vec<String>,
}

/// A virtual MFA device, without its seed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VirtualMfaDevice {
    /// The serial number, an ARN.
    pub serial: String,
    /// The user it is enabled for; `None` while it belongs to nobody, and for root.
    pub user: Option<String>,
    /// The ARN of whom it is enabled for; root's ends in `:root`.
    pub owner: Option<String>,
}

/// The account's password policy, as `GetAccountPasswordPolicy` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordPolicy {
    /// The shortest password.
    pub minimum_length: i32,
    /// An uppercase letter is asked for.
    pub require_uppercase: bool,
    /// A lowercase letter is asked for.
    pub require_lowercase: bool,
    /// A digit is asked for.
    pub require_numbers: bool,
    /// A symbol is asked for.
    pub require_symbols: bool,
    /// Days until a password expires.
    pub max_age_days: Option<i32>,
    /// How many former passwords are refused.
    pub reuse_prevention: Option<i32>,
    /// Users may change their own password.
    pub users_may_change: bool,
    /// An expired password needs an administrator.
    pub hard_expiry: bool,
}

/// A Lambda function.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Function {
    /// The function's ARN, without version.
    pub arn: String,
    /// Lambda's name of the runtime.
    pub runtime: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// `file.function`.
    pub handler: String,
    /// ARN of the execution role.
    pub role: String,
    /// Longest run in seconds.
    pub timeout: i32,
    /// Memory in MiB.
    pub memory: i32,
    /// The description, empty when there is none.
    pub description: String,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// SHA-256 of the package, in base64.
    pub code_sha256: String,
    /// Its tags.
    pub tags: Tags,
    /// `Pending`, `Active`, `Inactive` or `Failed`.
    pub state: String,
    /// Who may invoke it: the statements of its resource policy by `Sid`.
    pub permissions: BTreeMap<String, Permission>,
    /// Why its resource policy could not be read, when only that could not: then nobody knows who may invoke it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions_unread: Option<String>,
    /// When its code or configuration was changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<Timestamp>,
}

/// One statement of a function's resource policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// The service that may invoke, e.g. `events.amazonaws.com`; `None` for anything else.
    pub service: Option<String>,
    /// The ARN the call must come from, when the statement says one.
    pub source_arn: Option<String>,
    /// The whole statement, for people.
    pub statement: String,
}

impl Permission {
    /// Tells whether it lets EventBridge in, for whatever rule.
    pub fn is_from_eventbridge(&self) -> bool {
        self.service.as_deref() == Some("events.amazonaws.com")
    }
}

/// An SNS topic.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Topic {
    /// The topic's ARN.
    pub arn: String,
    /// Its tags.
    pub tags: Tags,
    /// Its subscriptions.
    pub subscriptions: Vec<Subscription>,
}

/// A subscription of a topic.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Subscription {
    /// `email`, `https`, `lambda`, …
    pub protocol: String,
    /// The address.
    pub endpoint: String,
    /// Its ARN; `None` while the recipient has not confirmed.
    pub arn: Option<String>,
}

/// An EventBridge rule on the default bus.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rule {
    /// The rule's ARN.
    pub arn: String,
    /// `rate(…)` or `cron(…)`; empty for a rule on events.
    pub expression: String,
    /// Whether it fires.
    pub enabled: bool,
    /// The description, empty when there is none.
    pub description: String,
    /// Its targets.
    pub targets: Vec<Target>,
    /// Its tags.
    pub tags: Tags,
}

/// A target of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    /// The ARN it calls.
    pub arn: String,
    /// Its id within the rule.
    pub id: String,
    /// The constant JSON it is given.
    pub input: Option<String>,
}

/// A schedule of EventBridge Scheduler.
/// Source: <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html>.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// The schedule's ARN.
    pub arn: String,
    /// Its name within its group.
    pub name: String,
    /// `rate(…)`, `cron(…)` or `at(…)`.
    pub expression: String,
    /// The time zone of a `cron` or `at`: `UTC`, `America/Vancouver`.
    pub timezone: String,
    /// Whether it fires.
    pub enabled: bool,
    /// The ARN it calls.
    pub target: String,
    /// The role it calls it with.
    pub role: String,
    /// What it calls it with, as JSON; of a call of `lambda:Invoke` only the function's name is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// When it begins, if it says so.
    pub starts: Option<Timestamp>,
    /// When it ends, if it says so.
    pub ends: Option<Timestamp>,
}

/// An analyzer of IAM Access Analyzer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Analyzer {
    /// The analyzer's ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// `ACCOUNT`, `ACCOUNT_UNUSED_ACCESS`, `ORGANIZATION`, …
    pub kind: String,
    /// `ACTIVE`, `CREATING`, `DISABLED` or `FAILED`.
    pub status: String,
    /// Its tags.
    pub tags: Tags,
}

/// A server certificate that IAM keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerCertificate {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// When it stops being valid.
    pub expires: Option<Timestamp>,
}

/// Who else may sign people in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityProviders {
    /// ARNs of the SAML providers.
    pub saml: BTreeSet<String>,
    /// ARNs of the `OpenID` Connect providers.
    pub oidc: BTreeSet<String>,
}

/// Whether the organization looks after the root users of its accounts (`ListOrganizationsFeatures`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RootManagement {
    /// The account is in no organization.
    NoOrganization,
    /// Only the management account and the delegated administrator are told.
    ToldToOthers,
    /// The features that are on: `RootCredentialsManagement`, `RootSessions`.
    Features(BTreeSet<String>),
}

/// A CloudFormation stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stack {
    /// The stack's id, an ARN.
    pub arn: String,
    /// CloudFormation's own status, e.g. `CREATE_COMPLETE`.
    pub status: String,
    /// The template as it was submitted.
    pub template: String,
    /// Parameter values; `NoEcho` ones read as `****`.
    pub parameters: BTreeMap<String, String>,
    /// What it was allowed to do.
    pub capabilities: BTreeSet<String>,
    /// What it has made: CloudFormation's type and physical id of each resource.
    pub resources: Vec<(String, String)>,
    /// Its tags.
    pub tags: Tags,
}
