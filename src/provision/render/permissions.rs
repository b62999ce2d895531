//! The least IAM policy under which `up`, `down`, `plan`, `status` and `verify` of one scenario pass, and `audit run`.
//!
//! The table below says what each purpose needs and on what; a purpose is granted on the ARNs of the resources
//! that have it and left out when there are none. What a `when` leaves out of the scenario may be taken away only.
//! Source: the action and resource tables of the Service Authorization Reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/>). `*` stands where an action knows no
//! resource. Not in it: what `--adopt` and `--detach-foreign` add, what others hung on
//! the lab under names that nobody can foresee (a foreign group with a user of ours), and what a stack's template
//! makes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::json;

use crate::policy::grammar::{MANAGED_LIMIT, size};
use crate::provision::resources::{Resources, group, role, user};
use crate::provision::{Address, Place, arn};
use crate::scenario::Resolved;
use crate::scenario::expect::Party;

/// Something that must be done, and the actions it takes.
#[derive(Debug)]
struct Purpose {
    sid: &'static str,
    actions: &'static [&'static str],
}

/// Declares the purposes and the order of their statements.
macro_rules! purposes {
    ($( $name:ident [$($action:literal),* $(,)?] )*) => {
        /// The names of the purposes, which are the `Sid`s.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        enum For { $($name,)* }

        impl For {
            const fn purpose(self) -> Purpose {
                match self { $(Self::$name => Purpose { sid: stringify!($name), actions: &[$($action),*] },)* }
            }
        }
    };
}

purposes! {
    ReadTheAccount ["iam:GetAccountAuthorizationDetails", "iam:ListAccountAliases", "tag:GetResources"]
    ReadPolicyTags ["iam:ListPolicyTags"]
    ReadMfaDevices ["iam:ListVirtualMFADevices"]
    ReadThePasswordPolicy ["iam:GetAccountPasswordPolicy"]
    SetThePasswordPolicy ["iam:DeleteAccountPasswordPolicy", "iam:UpdateAccountPasswordPolicy"]
    Policies [
        "iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion",
        "iam:TagPolicy",
    ]
    Users [
        "iam:CreateUser", "iam:DeactivateMFADevice", "iam:DeleteAccessKey", "iam:DeleteLoginProfile",
        "iam:DeleteSSHPublicKey", "iam:DeleteServiceSpecificCredential", "iam:DeleteSigningCertificate",
        "iam:DeleteUser", "iam:DeleteUserPermissionsBoundary", "iam:DeleteUserPolicy", "iam:DetachUserPolicy",
        "iam:GetLoginProfile", "iam:ListAccessKeys", "iam:ListMFADevices", "iam:ListSSHPublicKeys",
        "iam:ListServiceSpecificCredentials", "iam:ListSigningCertificates", "iam:TagUser",
    ]
    UserLogins ["iam:CreateLoginProfile", "iam:UpdateLoginProfile"]
    UserAccessKeys ["iam:CreateAccessKey", "iam:UpdateAccessKey"]
    UserMfa ["iam:EnableMFADevice"]
    UserPolicies ["iam:AttachUserPolicy"]
    UserInlinePolicies ["iam:PutUserPolicy"]
    UserBoundaries ["iam:PutUserPermissionsBoundary"]
    MfaDevices ["iam:CreateVirtualMFADevice", "iam:ListMFADeviceTags", "iam:TagMFADevice"]
    DeleteMfaDevices ["iam:DeleteVirtualMFADevice"]
    Groups [
        "iam:CreateGroup", "iam:DeleteGroup", "iam:DeleteGroupPolicy", "iam:DetachGroupPolicy",
        "iam:RemoveUserFromGroup",
    ]
    GroupMembers ["iam:AddUserToGroup"]
    GroupPolicies ["iam:AttachGroupPolicy"]
    GroupInlinePolicies ["iam:PutGroupPolicy"]
    Roles [
        "iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePermissionsBoundary", "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy", "iam:TagRole", "iam:UpdateAssumeRolePolicy",
    ]
    RoleDetails ["iam:GetRole", "iam:UpdateRole"]
    RolePolicies ["iam:AttachRolePolicy"]
    RoleInlinePolicies ["iam:PutRolePolicy"]
    RoleBoundaries ["iam:PutRolePermissionsBoundary"]
    RoleInstanceProfiles ["iam:RemoveRoleFromInstanceProfile"]
    PassRolesToLambda ["iam:PassRole"]
    Functions [
        "lambda:CreateFunction", "lambda:DeleteFunction", "lambda:GetFunction", "lambda:GetPolicy",
        "lambda:RemovePermission", "lambda:TagResource", "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
    ]
    FunctionPermissions ["lambda:AddPermission"]
    Topics [
        "sns:CreateTopic", "sns:DeleteTopic", "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource",
        "sns:TagResource",
    ]
    Subscribe ["sns:Subscribe"]
    Unsubscribe ["sns:Unsubscribe"]
    Schedules [
        "events:DeleteRule", "events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule",
        "events:PutRule", "events:PutTargets", "events:RemoveTargets", "events:TagResource",
    ]
    ReadAnalyzers ["access-analyzer:ListAnalyzers"]
    Analyzers ["access-analyzer:CreateAnalyzer", "access-analyzer:DeleteAnalyzer", "access-analyzer:TagResource"]
    AnalyzersOwnRole ["iam:CreateServiceLinkedRole"]
    Stacks [
        "cloudformation:CreateChangeSet", "cloudformation:CreateStack", "cloudformation:DeleteChangeSet",
        "cloudformation:DeleteStack", "cloudformation:DescribeChangeSet", "cloudformation:DescribeStackEvents",
        "cloudformation:DescribeStacks", "cloudformation:ExecuteChangeSet", "cloudformation:GetTemplate",
        "cloudformation:ListStackResources", "cloudformation:TagResource",
    ]
    LeftOutPolicies ["iam:DeletePolicy", "iam:DeletePolicyVersion"]
    LeftOutUsers [
        "iam:DeactivateMFADevice", "iam:DeleteAccessKey", "iam:DeleteLoginProfile", "iam:DeleteSSHPublicKey",
        "iam:DeleteServiceSpecificCredential", "iam:DeleteSigningCertificate", "iam:DeleteUser",
        "iam:DeleteUserPermissionsBoundary", "iam:DeleteUserPolicy", "iam:DetachUserPolicy",
        "iam:GetLoginProfile", "iam:ListAccessKeys", "iam:ListMFADevices", "iam:ListSSHPublicKeys",
        "iam:ListServiceSpecificCredentials", "iam:ListSigningCertificates",
    ]
    LeftOutMfaDevices ["iam:DeleteVirtualMFADevice", "iam:ListMFADeviceTags"]
    LeftOutGroups [
        "iam:DeleteGroup", "iam:DeleteGroupPolicy", "iam:DetachGroupPolicy", "iam:RemoveUserFromGroup",
    ]
    LeftOutRoles [
        "iam:DeleteRole", "iam:DeleteRolePermissionsBoundary", "iam:DeleteRolePolicy", "iam:DetachRolePolicy",
    ]
    LeftOutFunctions [
        "lambda:DeleteFunction", "lambda:GetFunction", "lambda:GetPolicy", "lambda:RemovePermission",
    ]
    LeftOutTopics ["sns:DeleteTopic", "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource"]
    LeftOutSchedules [
        "events:DeleteRule", "events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule",
        "events:RemoveTargets",
    ]
    LeftOutAnalyzers ["access-analyzer:DeleteAnalyzer"]
    LeftOutStacks [
        "cloudformation:DeleteStack", "cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks",
        "cloudformation:GetTemplate", "cloudformation:ListStackResources",
    ]
    VerifyManagedPolicies ["iam:GetPolicy", "iam:GetPolicyVersion"]
    VerifyWithTheSimulator ["iam:SimulatePrincipalPolicy"]
    VerifyFunctions ["lambda:GetPolicy"]
    VerifyTopics ["sns:GetTopicAttributes"]
    AuditTheAccount [
        "access-analyzer:ListAnalyzers", "account:ListRegions", "iam:GenerateCredentialReport",
        "iam:GetAccountAuthorizationDetails", "iam:GetAccountPasswordPolicy", "iam:GetAccountSummary",
        "iam:GetCredentialReport", "iam:ListOpenIDConnectProviders", "iam:ListOrganizationsFeatures",
        "iam:ListSAMLProviders", "iam:ListServerCertificates", "iam:ListVirtualMFADevices",
    ]
}

/// A rendered policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// The document, as indented JSON.
    pub text: String,
    /// What the reader should know besides.
    pub remarks: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: &'static str,
    effect: &'static str,
    action: &'static [&'static str],
    resource: BTreeSet<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<serde_json::Value>,
}

/// The purposes that were met, and the ARNs they are met on.
struct Grants<'a> {
    place: &'a Place,
    on: BTreeMap<For, BTreeSet<String>>,
}

/// Renders the policy that `scenario` needs, for the account it was resolved for.
pub fn permissions(scenario: &Resolved) -> Result<Permissions, serde_json::Error> {
    let mut grants = Grants { place: &scenario.place, on: BTreeMap::new() };
    grants.everywhere(For::ReadTheAccount);
    // Policies that left the scenario are known by their tags only.
    grants.grant(&grants.iam("policy/*"), &[(For::ReadPolicyTags, true)]);
    grants.identities(&scenario.resources);
    grants.services(&scenario.resources);
    grants.left_out(scenario);
    grants.expectations(scenario);
    grants.everywhere(For::AuditTheAccount);
    let statement = grants.on.into_iter().map(|(name, resource)| {
        let Purpose { sid, actions: action } = name.purpose();
        Statement { sid, effect: "Allow", action, resource, condition: condition(name) }
    });
    let document = Document { version: "2012-10-17", statement: statement.collect() };
    let text = serde_json::to_string_pretty(&document)?;
    let remarks = remarks(&scenario.resources, size(&text));
    Ok(Permissions { text, remarks })
}

fn condition(name: For) -> Option<serde_json::Value> {
    let equals = |key: &str, service: &str| Some(json!({"StringEquals": {key: service}}));
    match name {
        For::PassRolesToLambda => equals("iam:PassedToService", "lambda.amazonaws.com"),
        For::AnalyzersOwnRole => equals("iam:AWSServiceName", "access-analyzer.amazonaws.com"),
        _ => None,
    }
}

fn remarks(resources: &Resources, size: usize) -> Vec<String> {
    let mut remarks = Vec::new();
    if size > MANAGED_LIMIT {
        remarks.push(format!(
            "the policy has {size} characters and IAM takes {MANAGED_LIMIT} in a managed policy: \
             split its statements over two policies"
        ));
    }
    remarks.extend(resources.stacks.keys().map(|name| {
        format!(
            "stack.{name} makes what its template names with the caller's own permissions; those are not \
             in the policy"
        )
    }));
    remarks
}

impl Grants<'_> {
    fn everywhere(&mut self, purpose: For) {
        self.grant("*", &[(purpose, true)]);
    }

    /// Grants on `arn` the purposes that are `true`.
    fn grant(&mut self, arn: &str, purposes: &[(For, bool)]) {
        for (purpose, _) in purposes.iter().filter(|(_, met)| *met) {
            self.on.entry(*purpose).or_default().insert(arn.to_owned());
        }
    }

    fn arn(&self, kind: &'static str, name: &str) -> String {
        arn::arn(&Address::new(kind, name), self.place).unwrap_or_default()
    }

    /// Returns the ARN of something of IAM that is no kind of a scenario.
    fn iam(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.place.partition, self.place.account)
    }

    fn identities(&mut self, resources: &Resources) {
        for name in resources.policies.keys() {
            self.grant(&self.arn("policy", name), &[(For::Policies, true)]);
        }
        for (name, spec) in &resources.users {
            self.user(name, spec);
        }
        for (name, spec) in &resources.groups {
            let group::Spec { policies, inline_policies, members, .. } = spec;
            self.grant(
                &self.arn("group", name),
                &[
                    (For::Groups, true),
                    (For::GroupMembers, !members.is_empty()),
                    (For::GroupPolicies, !policies.is_empty()),
                    (For::GroupInlinePolicies, !inline_policies.is_empty()),
                ],
            );
        }
        for (name, spec) in &resources.roles {
            let role::Spec { policies, inline_policies, permissions_boundary, .. } = spec;
            let details = spec.description.is_some() || spec.max_session_seconds.is_some();
            self.grant(
                &self.arn("role", name),
                &[
                    (For::Roles, true),
                    (For::RoleDetails, details),
                    (For::RolePolicies, !policies.is_empty()),
                    (For::RoleInlinePolicies, !inline_policies.is_empty()),
                    (For::RoleBoundaries, permissions_boundary.is_some()),
                ],
            );
            // The console gives a role's instance profile the role's name.
            let profile = self.iam(&format!("instance-profile/{name}"));
            self.grant(&profile, &[(For::RoleInstanceProfiles, true)]);
        }
        if resources.password_policy.is_some() {
            self.everywhere(For::ReadThePasswordPolicy);
            self.everywhere(For::SetThePasswordPolicy);
        }
    }

    fn user(&mut self, name: &str, spec: &user::Spec) {
        let console = !matches!(spec.console, None | Some(user::Console::Enabled(false)));
        let user::Spec { mfa, access_keys, policies, inline_policies, permissions_boundary, .. } = spec;
        self.grant(
            &self.arn("user", name),
            &[
                (For::Users, true),
                (For::UserLogins, console),
                (For::UserAccessKeys, *access_keys > 0),
                (For::UserMfa, mfa.is_some()),
                (For::UserPolicies, !policies.is_empty()),
                (For::UserInlinePolicies, !inline_policies.is_empty()),
                (For::UserBoundaries, permissions_boundary.is_some()),
            ],
        );
        let device = self.iam(&format!("mfa/{name}"));
        self.grant(&device, &[(For::MfaDevices, mfa.is_some()), (For::DeleteMfaDevices, true)]);
        self.everywhere(For::ReadMfaDevices);
        if console {
            // A password that the account's policy refuses is made again to its measure.
            self.everywhere(For::ReadThePasswordPolicy);
        }
    }

    /// What `provision verify` asks besides the picture of the account that every command reads.
    fn expectations(&mut self, scenario: &Resolved) {
        for expectation in &scenario.expect {
            let managed = format!("arn:{}:iam::aws:policy/*", self.place.partition);
            self.grant(&managed, &[(For::VerifyManagedPolicies, true)]);
            let principal = self.party(&expectation.principal);
            self.grant(&principal, &[(For::VerifyWithTheSimulator, true)]);
            let Some(resource) = expectation.resource.as_ref().map(|party| self.party(party)) else {
                continue;
            };
            let service = resource.split(':').nth(2).unwrap_or_default();
            let purposes =
                [(For::VerifyFunctions, service == "lambda"), (For::VerifyTopics, service == "sns")];
            self.grant(&resource, &purposes);
        }
    }

    /// What a `when` leaves out may be there from a run with other values: it may be taken away, and not be made.
    fn left_out(&mut self, scenario: &Resolved) {
        for Address { kind, name } in scenario.left_out() {
            let mut arn = self.arn(kind, name);
            let purpose = match *kind {
                "policy" => For::LeftOutPolicies,
                "user" => {
                    self.everywhere(For::ReadMfaDevices);
                    self.grant(&self.iam(&format!("mfa/{name}")), &[(For::LeftOutMfaDevices, true)]);
                    For::LeftOutUsers
                }
                "group" => For::LeftOutGroups,
                "role" => {
                    let profile = self.iam(&format!("instance-profile/{name}"));
                    self.grant(&profile, &[(For::RoleInstanceProfiles, true)]);
                    For::LeftOutRoles
                }
                "function" => For::LeftOutFunctions,
                "topic" => {
                    self.everywhere(For::Unsubscribe);
                    For::LeftOutTopics
                }
                "schedule" => For::LeftOutSchedules,
                "analyzer" => {
                    self.everywhere(For::ReadAnalyzers);
                    For::LeftOutAnalyzers
                }
                "stack" => {
                    arn = self.stack(name);
                    For::LeftOutStacks
                }
                _ => continue,
            };
            self.grant(&arn, &[(purpose, true)]);
        }
    }

    /// Returns the ARN of a stack, which CloudFormation ends with an id of its own.
    fn stack(&self, name: &str) -> String {
        let Place { partition, region, account, .. } = self.place;
        format!("arn:{partition}:cloudformation:{region}:{account}:stack/{name}/*")
    }

    fn party(&self, party: &Party) -> String {
        match party {
            Party::Declared(address) => self.arn(address.kind, &address.name),
            Party::Arn(arn) => arn.clone(),
        }
    }

    fn services(&mut self, resources: &Resources) {
        for (name, spec) in &resources.functions {
            let role =
                if spec.role.starts_with("arn:") { spec.role.clone() } else { self.arn("role", &spec.role) };
            self.grant(&role, &[(For::PassRolesToLambda, true)]);
            self.grant(&self.arn("function", name), &[(For::Functions, true)]);
        }
        for (name, spec) in &resources.topics {
            let subscribes = !spec.subscriptions.is_empty();
            self.grant(&self.arn("topic", name), &[(For::Topics, true), (For::Subscribe, subscribes)]);
            self.everywhere(For::Unsubscribe);
        }
        for (name, spec) in &resources.schedules {
            self.grant(&self.arn("schedule", name), &[(For::Schedules, true)]);
            self.grant(&self.arn("function", &spec.function), &[(For::FunctionPermissions, true)]);
        }
        for name in resources.analyzers.keys() {
            self.grant(&self.arn("analyzer", name), &[(For::Analyzers, true)]);
            self.everywhere(For::ReadAnalyzers);
            let role = "role/aws-service-role/access-analyzer.amazonaws.com/AWSServiceRoleForAccessAnalyzer";
            self.grant(&self.iam(role), &[(For::AnalyzersOwnRole, true)]);
        }
        for name in resources.stacks.keys() {
            self.grant(&self.stack(name), &[(For::Stacks, true)]);
        }
    }
}
