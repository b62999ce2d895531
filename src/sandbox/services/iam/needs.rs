//! What a caller must be allowed for each operation of IAM.
//!
//! Actions, resource types and condition keys: "Actions, resources, and condition keys for AWS Identity and Access
//! Management" in the Service Authorization Reference. How messages name the resource is written nowhere; it is
//! taken from denials people have published:
//!
//! - what exists, by its kind and name: `iam:AddUserToGroup on resource: group Admin`, `iam:CreateAccessKey on
//!   resource: user mella-admin`, `iam:AttachRolePolicy on resource: role RoleHeadNode`, `iam:GetInstanceProfile on
//!   resource: instance profile EMR_EC2_DefaultRole`, `iam:GetPolicy on resource: policy arn:aws:iam::…`;
//! - what is to be created, by its ARN: `iam:CreateUser`, `iam:CreateGroup`, `iam:CreateRole`,
//!   `iam:CreateInstanceProfile`, `iam:CreateVirtualMFADevice`, `iam:UploadServerCertificate`; but a policy by its
//!   name: `iam:CreatePolicy on resource: policy ch5`; so also the tags that come with it (`iam:TagRole on resource:
//!   arn:aws:iam::…:role/…`, `iam:TagPolicy on resource: policy …`);
//! - what is listed, by an ARN that ends after the path prefix: `iam:ListUsers on resource:
//!   arn:aws:iam::148761655307:user/`, as also `ListRoles`, `ListGroups`, `ListInstanceProfiles`,
//!   `ListVirtualMFADevices`. The reference gives these actions no resource type, so that only `*` is sure to match;
//!   the account decides by the ARN in the message, and that is what the policies are asked about here.
//!   `iam:ListPolicies on resource: policy path /`; `iam:ListOpenIDConnectProviders on resource: …:oidc-provider/*`;
//! - `iam:SimulatePrincipalPolicy` names the ARN it was given; `iam:GetAccountSummary`, `iam:ListAccountAliases` and
//!   `iam:GetAccountAuthorizationDetails` name `*`; `iam:GetAccountPasswordPolicy` names nothing.

use awsim_core::RequestContext;
use jiff::Timestamp;
use serde_json::Value;

use super::identity::{Identity, identify};
use super::store::{self, State};
use crate::sandbox::services::Need;
use crate::sandbox::services::need::{tags_in, texts_in};
use crate::sandbox::services::tags::Tags;

/// What the permission for an operation is about.
#[derive(Debug, Clone, Copy)]
enum About {
    /// The account: `*`, which messages leave out when told so.
    Account { named: bool },
    /// All of a kind under a path prefix.
    Listed(&'static str),
    /// Something of a kind that is to be created, named by a parameter, with `Path`.
    New(&'static str, &'static str),
    /// The user in `UserName`, or the caller.
    User,
    /// The group in `GroupName`.
    Group,
    /// The role in `RoleName`.
    Role,
    /// The instance profile in `InstanceProfileName`.
    Profile,
    /// The server certificate in `ServerCertificateName`.
    Certificate,
    /// The policy whose ARN is in `PolicyArn`.
    Policy,
    /// The ARN in a parameter.
    Arn(&'static str),
    /// The owner of the key in `AccessKeyId`.
    KeyOwner,
    /// The service-linked role that a parameter speaks of.
    Linked,
}

use About::{Account, Arn, Certificate, Group, KeyOwner, Linked, Listed, New, Policy, Profile, Role, User};

const ACCOUNT: About = Account { named: true };
const UNNAMED: About = Account { named: false };

/// Operations by what they are about.
#[rustfmt::skip]
const ABOUT: &[(About, &[&str])] = &[
    (ACCOUNT, &[
        "CreateAccountAlias", "DeleteAccountAlias", "ListAccountAliases", "GetAccountSummary",
        "GetAccountAuthorizationDetails", "GenerateCredentialReport", "GetCredentialReport",
        "DeleteAccountPasswordPolicy", "UpdateAccountPasswordPolicy", "ListPolicies", "ListSAMLProviders",
        "GetServiceLastAccessedDetails", "GetServiceLastAccessedDetailsWithEntities", "SimulateCustomPolicy",
        "GetContextKeysForCustomPolicy", "SetSecurityTokenServicePreferences", "ListOrganizationsFeatures",
    ]),
    (UNNAMED, &["GetAccountPasswordPolicy"]),
    (Listed("user"), &["ListUsers"]),
    (Listed("group"), &["ListGroups"]),
    (Listed("role"), &["ListRoles"]),
    (Listed("instance-profile"), &["ListInstanceProfiles"]),
    (Listed("server-certificate"), &["ListServerCertificates"]),
    (Listed("mfa"), &["ListVirtualMFADevices"]),
    (Listed("oidc-provider"), &["ListOpenIDConnectProviders"]),
    (New("user", "UserName"), &["CreateUser"]),
    (New("group", "GroupName"), &["CreateGroup"]),
    (New("role", "RoleName"), &["CreateRole"]),
    (New("policy", "PolicyName"), &["CreatePolicy"]),
    (New("instance-profile", "InstanceProfileName"), &["CreateInstanceProfile"]),
    (New("server-certificate", "ServerCertificateName"), &["UploadServerCertificate"]),
    (New("mfa", "VirtualMFADeviceName"), &["CreateVirtualMFADevice"]),
    (New("saml-provider", "Name"), &["CreateSAMLProvider"]),
    (New("oidc-provider", "Url"), &["CreateOpenIDConnectProvider"]),
    (User, &[
        "GetUser", "UpdateUser", "DeleteUser", "TagUser", "UntagUser", "ListUserTags", "ListGroupsForUser",
        "PutUserPolicy", "GetUserPolicy", "DeleteUserPolicy", "ListUserPolicies",
        "AttachUserPolicy", "DetachUserPolicy", "ListAttachedUserPolicies",
        "PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary",
        "CreateLoginProfile", "GetLoginProfile", "UpdateLoginProfile", "DeleteLoginProfile", "ChangePassword",
        "CreateAccessKey", "ListAccessKeys", "UpdateAccessKey", "DeleteAccessKey",
        "EnableMFADevice", "DeactivateMFADevice", "ResyncMFADevice", "ListMFADevices", "GetMFADevice",
        "UploadSSHPublicKey", "GetSSHPublicKey", "ListSSHPublicKeys", "UpdateSSHPublicKey", "DeleteSSHPublicKey",
        "UploadSigningCertificate", "ListSigningCertificates", "UpdateSigningCertificate",
        "DeleteSigningCertificate", "CreateServiceSpecificCredential", "ListServiceSpecificCredentials",
        "UpdateServiceSpecificCredential", "ResetServiceSpecificCredential", "DeleteServiceSpecificCredential",
    ]),
    (Group, &[
        "GetGroup", "UpdateGroup", "DeleteGroup", "AddUserToGroup", "RemoveUserFromGroup",
        "PutGroupPolicy", "GetGroupPolicy", "DeleteGroupPolicy", "ListGroupPolicies",
        "AttachGroupPolicy", "DetachGroupPolicy", "ListAttachedGroupPolicies",
    ]),
    (Role, &[
        "GetRole", "UpdateRole", "UpdateRoleDescription", "UpdateAssumeRolePolicy", "DeleteRole",
        "TagRole", "UntagRole", "ListRoleTags", "ListInstanceProfilesForRole",
        "PutRolePolicy", "GetRolePolicy", "DeleteRolePolicy", "ListRolePolicies",
        "AttachRolePolicy", "DetachRolePolicy", "ListAttachedRolePolicies",
        "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary", "DeleteServiceLinkedRole",
    ]),
    (Profile, &[
        "GetInstanceProfile", "DeleteInstanceProfile", "AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile",
        "TagInstanceProfile", "UntagInstanceProfile", "ListInstanceProfileTags",
    ]),
    (Certificate, &[
        "GetServerCertificate", "UpdateServerCertificate", "DeleteServerCertificate", "TagServerCertificate",
        "UntagServerCertificate", "ListServerCertificateTags",
    ]),
    (Policy, &[
        "GetPolicy", "DeletePolicy", "ListEntitiesForPolicy", "CreatePolicyVersion", "GetPolicyVersion",
        "ListPolicyVersions", "SetDefaultPolicyVersion", "DeletePolicyVersion", "TagPolicy", "UntagPolicy",
        "ListPolicyTags",
    ]),
    (Arn("SerialNumber"), &["DeleteVirtualMFADevice", "TagMFADevice", "UntagMFADevice", "ListMFADeviceTags"]),
    (Arn("SAMLProviderArn"), &[
        "GetSAMLProvider", "UpdateSAMLProvider", "DeleteSAMLProvider", "TagSAMLProvider", "UntagSAMLProvider",
        "ListSAMLProviderTags",
    ]),
    (Arn("OpenIDConnectProviderArn"), &[
        "GetOpenIDConnectProvider", "DeleteOpenIDConnectProvider", "AddClientIDToOpenIDConnectProvider",
        "RemoveClientIDFromOpenIDConnectProvider", "UpdateOpenIDConnectProviderThumbprint",
        "TagOpenIDConnectProvider", "UntagOpenIDConnectProvider", "ListOpenIDConnectProviderTags",
    ]),
    (Arn("Arn"), &["GenerateServiceLastAccessedDetails", "ListPoliciesGrantingServiceAccess"]),
    (Arn("PolicySourceArn"), &["SimulatePrincipalPolicy", "GetContextKeysForPrincipalPolicy"]),
    (KeyOwner, &["GetAccessKeyLastUsed"]),
    (Linked, &["CreateServiceLinkedRole", "GetServiceLinkedRoleDeletionStatus"]),
];

/// What is known of the resource of a call.
#[derive(Debug, Default)]
struct Resource {
    arn: String,
    /// How messages name it.
    shown: String,
    tags: Tags,
    /// Whether `iam:ResourceTag/…` speaks of its tags: only those of users and roles.
    principal: bool,
    boundary: Option<String>,
}

/// One call that is asked about.
struct Asked<'a> {
    state: &'a State,
    operation: &'a str,
    input: &'a Value,
    ctx: &'a RequestContext,
    now: Timestamp,
}

/// What the caller needs for a call. Nothing for a call that IAM refuses before it looks at permissions: one that
/// is about the calling user when no user calls.
pub(super) fn of(
    state: &State,
    operation: &str,
    input: &Value,
    ctx: &RequestContext,
    now: Timestamp,
) -> Vec<Need> {
    let about = ABOUT.iter().find(|(_, operations)| operations.contains(&operation));
    let asked = Asked { state, operation, input, ctx, now };
    about.and_then(|(about, _)| asked.resource(*about)).map_or_else(Vec::new, |found| asked.needs(&found))
}

impl Asked<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.input.get(name).and_then(Value::as_str)
    }

    fn arn(&self, kind: &str, path: &str, name: &str) -> String {
        store::arn(&self.ctx.partition, &self.ctx.account_id, kind, path, name)
    }

    fn resource(&self, about: About) -> Option<Resource> {
        let given = |parameter: &str| self.text(parameter).unwrap_or_default();
        Some(match about {
            Account { named } => {
                let shown = match self.operation {
                    "ListPolicies" => format!("policy path {}", self.text("PathPrefix").unwrap_or("/")),
                    _ if named => "*".to_owned(),
                    _ => String::new(),
                };
                Resource { arn: "*".to_owned(), shown, ..Resource::default() }
            }
            Listed("oidc-provider") => Resource::at(self.arn("oidc-provider", "/", "*")),
            Listed(kind) => Resource::at(self.arn(kind, self.text("PathPrefix").unwrap_or("/"), "")),
            New("oidc-provider", url) => {
                let name = given(url).trim_start_matches("https://").trim_end_matches('/');
                Resource::at(self.arn("oidc-provider", "/", name))
            }
            New(kind, name) => {
                let made = Resource::at(self.arn(kind, self.text("Path").unwrap_or("/"), given(name)));
                if kind == "policy" { made.shown(format!("policy {}", given(name))) } else { made }
            }
            User => self.user(self.text("UserName"))?,
            Group => self.group(given("GroupName")),
            Role => self.role(given("RoleName")),
            Profile => self.profile(given("InstanceProfileName")),
            Certificate => Resource::at(self.arn("server-certificate", "/", given("ServerCertificateName"))),
            Policy => {
                let arn = given("PolicyArn");
                let tags = self.state.policies.get(arn).map(|policy| plain(&policy.tags)).unwrap_or_default();
                Resource { tags, ..Resource::at(arn).shown(format!("policy {arn}")) }
            }
            Arn(parameter) => self.at(given(parameter)),
            KeyOwner => self.key_owner(given("AccessKeyId")),
            Linked => Resource::at(self.linked()),
        })
    }

    /// The user named, or the calling one.
    fn user(&self, name: Option<&str>) -> Option<Resource> {
        let own = || match identify(self.state, self.ctx.access_key.as_deref()?, self.now)?.identity {
            Identity::User { name, .. } => Some(name),
            Identity::Root | Identity::Role { .. } => None,
        };
        let name = name.map(str::to_owned).or_else(own)?;
        let known = self.state.users.get(&store::key(&name));
        let (path, spelt) = known.map_or(("/", name.as_str()), |user| (&user.path, &user.name));
        Some(Resource {
            tags: known.map(|user| plain(&user.tags)).unwrap_or_default(),
            boundary: known.and_then(|user| user.grants.boundary.clone()),
            principal: true,
            ..Resource::at(self.arn("user", path, spelt)).shown(format!("user {name}"))
        })
    }

    fn group(&self, name: &str) -> Resource {
        let known = self.state.groups.get(&store::key(name));
        let (path, spelt) = known.map_or(("/", name), |group| (&group.path, &group.name));
        Resource::at(self.arn("group", path, spelt)).shown(format!("group {name}"))
    }

    fn role(&self, name: &str) -> Resource {
        let known = self.state.roles.get(&store::key(name));
        let (path, spelt) = known.map_or(("/", name), |role| (&role.path, &role.name));
        Resource {
            tags: known.map(|role| plain(&role.tags)).unwrap_or_default(),
            boundary: known.and_then(|role| role.grants.boundary.clone()),
            principal: true,
            ..Resource::at(self.arn("role", path, spelt)).shown(format!("role {name}"))
        }
    }

    fn profile(&self, name: &str) -> Resource {
        Resource::at(self.arn("instance-profile", "/", name)).shown(format!("instance profile {name}"))
    }

    /// What an ARN names.
    fn at(&self, arn: &str) -> Resource {
        let name = arn.rsplit('/').next().unwrap_or_default();
        let found = match arn.split(':').nth(5).and_then(|rest| rest.split('/').next()) {
            Some("user") => self.user(Some(name)).unwrap_or_default(),
            Some("role") => self.role(name),
            Some("mfa") => {
                let tags = self.state.mfa.get(arn).map(|device| plain(&device.tags)).unwrap_or_default();
                Resource { tags, ..Resource::at(arn) }
            }
            _ => Resource::at(arn),
        };
        Resource { arn: arn.to_owned(), shown: arn.to_owned(), ..found }
    }

    fn key_owner(&self, key: &str) -> Resource {
        match identify(self.state, key, self.now).map(|owner| owner.identity) {
            Some(Identity::User { name, .. }) => self.user(Some(&name)).unwrap_or_default(),
            _ => Resource::at("*"),
        }
    }

    /// The ARN of the service-linked role to create, or whose deletion is asked about.
    fn linked(&self) -> String {
        if let Some(task) = self.text("DeletionTaskId") {
            // "task/aws-service-role/<service>/<role>/<uuid>"
            let role = task.strip_prefix("task/").and_then(|rest| rest.rsplit_once('/'));
            return self.arn("role", "/", role.map_or(task, |(role, _)| role));
        }
        let service = self.text("AWSServiceName").unwrap_or_default();
        self.arn("role", &format!("/aws-service-role/{service}/"), &super::linked::role_name(service, None))
    }

    /// The needs of the call, its own first.
    fn needs(&self, of: &Resource) -> Vec<Need> {
        let mut own =
            Need::new(format!("iam:{}", self.operation), &*of.arn).shown(&*of.shown).tagged(&of.tags);
        if of.principal {
            let tags =
                of.tags.iter().map(|(key, value)| (format!("iam:ResourceTag/{key}"), vec![value.clone()]));
            own.keys.extend(tags);
        }
        own = own.with_some("iam:PermissionsBoundary", self.boundary(of));
        let tags = tags_in(&self.input["Tags"]);
        own = own.requesting(&tags).removing(texts_in(&self.input["TagKeys"]));
        if self.operation.starts_with("Attach") || self.operation.starts_with("Detach") {
            own = own.with_some("iam:PolicyARN", self.text("PolicyArn"));
        }
        if self.operation == "CreateServiceLinkedRole" {
            own = own.with_some("iam:AWSServiceName", self.text("AWSServiceName"));
        }
        own = self.service_credential(own);
        // Messages about tags name a user or a role by its ARN.
        if matches!(self.operation, "TagUser" | "UntagUser" | "TagRole" | "UntagRole") {
            own.shown.clone_from(&own.resource);
        }
        let mut needs = Vec::new();
        if !tags.is_empty()
            && let Some(tagging) = tagging(self.operation)
        {
            needs.push(own.also(tagging));
        }
        needs.extend(self.renamed(&own));
        if self.operation == "AddRoleToInstanceProfile" {
            let role = self.role(self.text("RoleName").unwrap_or_default());
            needs.push(Need::pass_role(&role.arn, "ec2.amazonaws.com"));
        }
        needs.insert(0, own);
        needs
    }

    /// The value of `iam:PermissionsBoundary`: what the request sets, or else what the entity has.
    fn boundary(&self, of: &Resource) -> Option<String> {
        let sets = ["CreateUser", "CreateRole", "PutUserPermissionsBoundary", "PutRolePermissionsBoundary"];
        if sets.contains(&self.operation) {
            return self.text("PermissionsBoundary").map(str::to_owned);
        }
        let looked_at = [
            "AttachRolePolicy",
            "AttachUserPolicy",
            "DeleteRole",
            "DeleteRolePermissionsBoundary",
            "DeleteRolePolicy",
            "DeleteUserPermissionsBoundary",
            "DeleteUserPolicy",
            "DetachRolePolicy",
            "DetachUserPolicy",
            "GetRole",
            "PutRolePolicy",
            "PutUserPolicy",
            "UpdateAssumeRolePolicy",
            "UpdateRole",
            "UpdateRoleDescription",
        ];
        of.boundary.clone().filter(|_| looked_at.contains(&self.operation))
    }

    /// Adds the keys of service-specific credentials.
    fn service_credential(&self, own: Need) -> Need {
        if !self.operation.ends_with("ServiceSpecificCredential") {
            return own;
        }
        let id = self.text("ServiceSpecificCredentialId");
        let known = self.state.users.values().flat_map(|user| &user.service_credentials);
        let known =
            id.and_then(|id| known.into_iter().find(|one| one.id == id)).map(|one| one.service.clone());
        own.with_some(
            "iam:ServiceSpecificCredentialServiceName",
            self.text("ServiceName").map(str::to_owned).or(known),
        )
        .with_some("iam:ServiceSpecificCredentialAgeDays", self.text("CredentialAgeDays"))
    }

    /// The same permission on what a rename makes of the resource: "the requester must have appropriate permissions
    /// on both the source object and the target object" (`UpdateUser` in the API reference).
    fn renamed(&self, own: &Need) -> Option<Need> {
        let (kind, name) = match self.operation {
            "UpdateUser" => ("user", "UserName"),
            "UpdateGroup" => ("group", "GroupName"),
            "UpdateServerCertificate" => ("server-certificate", "ServerCertificateName"),
            _ => return None,
        };
        let full = own.resource.split_once(&format!(":{kind}")).map_or("/", |(_, full)| full);
        let (path, old) = full.rsplit_once('/').unwrap_or(("", full));
        let path = self.text("NewPath").map_or_else(|| format!("{path}/"), str::to_owned);
        let target = self.arn(kind, &path, self.text(&format!("New{name}")).unwrap_or(old));
        (target != own.resource).then(|| Need { resource: target.clone(), shown: target, ..own.clone() })
    }
}

impl Resource {
    /// A resource that messages name by its ARN.
    fn at(arn: impl Into<String>) -> Self {
        let arn = arn.into();
        Self { shown: arn.clone(), arn, ..Self::default() }
    }

    fn shown(self, shown: String) -> Self {
        Self { shown, ..self }
    }
}

/// The permission to tag that creating something with tags needs besides its own.
fn tagging(operation: &str) -> Option<&'static str> {
    Some(match operation {
        "CreateUser" => "iam:TagUser",
        "CreateRole" => "iam:TagRole",
        "CreatePolicy" => "iam:TagPolicy",
        "CreateVirtualMFADevice" => "iam:TagMFADevice",
        "CreateInstanceProfile" => "iam:TagInstanceProfile",
        "CreateSAMLProvider" => "iam:TagSAMLProvider",
        "CreateOpenIDConnectProvider" => "iam:TagOpenIDConnectProvider",
        "UploadServerCertificate" => "iam:TagServerCertificate",
        _ => return None,
    })
}

fn plain(tags: &store::Tags) -> Tags {
    tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
}

#[cfg(test)]
mod tests;
