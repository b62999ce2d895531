//! The operations, one file per area, and the table that names them.

mod access_keys;
mod account;
mod attach;
mod details;
mod groups;
mod inline;
mod instance_profiles;
mod last_accessed;
mod linked_roles;
pub(super) mod login;
pub(super) mod mfa;
mod oidc;
mod passwords;
mod policies;
mod report;
mod roles;
mod saml;
mod server_certificates;
mod simulate;
mod summary;
mod tagging;
mod user_credentials;
mod users;
mod versions;

use super::call::{Call, Holder};
use super::fault::Reply;

/// An operation.
pub(super) type Operation = fn(&mut Call<'_>) -> Reply;

/// Every operation by its name in the API.
#[rustfmt::skip]
pub(super) const OPS: &[(&str, Operation)] = &[
    ("CreateUser", users::create),
    ("GetUser", users::get),
    ("UpdateUser", users::update),
    ("DeleteUser", users::delete),
    ("ListUsers", users::list),
    ("TagUser", |call| tagging::tag(call, tagging::User)),
    ("UntagUser", |call| tagging::untag(call, tagging::User)),
    ("ListUserTags", |call| tagging::list(call, tagging::User)),
    ("PutUserPolicy", |call| inline::put_policy(call, Holder::User)),
    ("GetUserPolicy", |call| inline::get(call, Holder::User)),
    ("DeleteUserPolicy", |call| inline::delete(call, Holder::User)),
    ("ListUserPolicies", |call| inline::list(call, Holder::User)),
    ("AttachUserPolicy", |call| attach::attach(call, Holder::User)),
    ("DetachUserPolicy", |call| attach::detach(call, Holder::User)),
    ("ListAttachedUserPolicies", |call| attach::list(call, Holder::User)),
    ("PutUserPermissionsBoundary", |call| attach::put_boundary(call, Holder::User)),
    ("DeleteUserPermissionsBoundary", |call| attach::delete_boundary(call, Holder::User)),

    ("CreateLoginProfile", login::create),
    ("GetLoginProfile", login::get),
    ("UpdateLoginProfile", login::update),
    ("DeleteLoginProfile", login::delete),
    ("ChangePassword", login::change),

    ("CreateAccessKey", access_keys::create),
    ("ListAccessKeys", access_keys::list),
    ("UpdateAccessKey", access_keys::update),
    ("DeleteAccessKey", access_keys::delete),
    ("GetAccessKeyLastUsed", access_keys::last_used),

    ("CreateVirtualMFADevice", mfa::create),
    ("DeleteVirtualMFADevice", mfa::delete),
    ("EnableMFADevice", mfa::enable),
    ("DeactivateMFADevice", mfa::deactivate),
    ("ResyncMFADevice", mfa::resync),
    ("ListMFADevices", mfa::list_for_user),
    ("ListVirtualMFADevices", mfa::list_virtual),
    ("GetMFADevice", mfa::get),
    ("TagMFADevice", |call| tagging::tag(call, tagging::Mfa)),
    ("UntagMFADevice", |call| tagging::untag(call, tagging::Mfa)),
    ("ListMFADeviceTags", |call| tagging::list(call, tagging::Mfa)),

    ("UploadSSHPublicKey", user_credentials::upload_ssh_key),
    ("GetSSHPublicKey", user_credentials::get_ssh_key),
    ("ListSSHPublicKeys", user_credentials::list_ssh_keys),
    ("UpdateSSHPublicKey", user_credentials::update_ssh_key),
    ("DeleteSSHPublicKey", user_credentials::delete_ssh_key),
    ("UploadSigningCertificate", user_credentials::upload_certificate),
    ("ListSigningCertificates", user_credentials::list_certificates),
    ("UpdateSigningCertificate", user_credentials::update_certificate),
    ("DeleteSigningCertificate", user_credentials::delete_certificate),
    ("CreateServiceSpecificCredential", user_credentials::create_service_credential),
    ("ListServiceSpecificCredentials", user_credentials::list_service_credentials),
    ("UpdateServiceSpecificCredential", user_credentials::update_service_credential),
    ("ResetServiceSpecificCredential", user_credentials::reset_service_credential),
    ("DeleteServiceSpecificCredential", user_credentials::delete_service_credential),

    ("CreateGroup", groups::create),
    ("GetGroup", groups::get),
    ("UpdateGroup", groups::update),
    ("DeleteGroup", groups::delete),
    ("ListGroups", groups::list),
    ("AddUserToGroup", groups::add_user),
    ("RemoveUserFromGroup", groups::remove_user),
    ("ListGroupsForUser", groups::list_for_user),
    ("PutGroupPolicy", |call| inline::put_policy(call, Holder::Group)),
    ("GetGroupPolicy", |call| inline::get(call, Holder::Group)),
    ("DeleteGroupPolicy", |call| inline::delete(call, Holder::Group)),
    ("ListGroupPolicies", |call| inline::list(call, Holder::Group)),
    ("AttachGroupPolicy", |call| attach::attach(call, Holder::Group)),
    ("DetachGroupPolicy", |call| attach::detach(call, Holder::Group)),
    ("ListAttachedGroupPolicies", |call| attach::list(call, Holder::Group)),

    ("CreatePolicy", policies::create),
    ("GetPolicy", policies::get),
    ("DeletePolicy", policies::delete),
    ("ListPolicies", policies::list),
    ("ListEntitiesForPolicy", policies::entities),
    ("CreatePolicyVersion", versions::create),
    ("GetPolicyVersion", versions::get),
    ("ListPolicyVersions", versions::list),
    ("SetDefaultPolicyVersion", versions::set_default),
    ("DeletePolicyVersion", versions::delete),
    ("TagPolicy", |call| tagging::tag(call, tagging::Policy)),
    ("UntagPolicy", |call| tagging::untag(call, tagging::Policy)),
    ("ListPolicyTags", |call| tagging::list(call, tagging::Policy)),

    ("CreateRole", roles::create),
    ("GetRole", roles::get),
    ("UpdateRole", roles::update),
    ("UpdateRoleDescription", roles::update_description),
    ("UpdateAssumeRolePolicy", roles::update_trust),
    ("DeleteRole", roles::delete),
    ("ListRoles", roles::list),
    ("TagRole", |call| tagging::tag(call, tagging::Role)),
    ("UntagRole", |call| tagging::untag(call, tagging::Role)),
    ("ListRoleTags", |call| tagging::list(call, tagging::Role)),
    ("PutRolePolicy", |call| inline::put_policy(call, Holder::Role)),
    ("GetRolePolicy", |call| inline::get(call, Holder::Role)),
    ("DeleteRolePolicy", |call| inline::delete(call, Holder::Role)),
    ("ListRolePolicies", |call| inline::list(call, Holder::Role)),
    ("AttachRolePolicy", |call| attach::attach(call, Holder::Role)),
    ("DetachRolePolicy", |call| attach::detach(call, Holder::Role)),
    ("ListAttachedRolePolicies", |call| attach::list(call, Holder::Role)),
    ("PutRolePermissionsBoundary", |call| attach::put_boundary(call, Holder::Role)),
    ("DeleteRolePermissionsBoundary", |call| attach::delete_boundary(call, Holder::Role)),

    ("CreateServiceLinkedRole", linked_roles::create),
    ("DeleteServiceLinkedRole", linked_roles::delete),
    ("GetServiceLinkedRoleDeletionStatus", linked_roles::deletion_status),

    ("CreateInstanceProfile", instance_profiles::create),
    ("GetInstanceProfile", instance_profiles::get),
    ("DeleteInstanceProfile", instance_profiles::delete),
    ("ListInstanceProfiles", instance_profiles::list),
    ("ListInstanceProfilesForRole", instance_profiles::list_for_role),
    ("AddRoleToInstanceProfile", instance_profiles::add_role),
    ("RemoveRoleFromInstanceProfile", instance_profiles::remove_role),
    ("TagInstanceProfile", |call| tagging::tag(call, tagging::Profile)),
    ("UntagInstanceProfile", |call| tagging::untag(call, tagging::Profile)),
    ("ListInstanceProfileTags", |call| tagging::list(call, tagging::Profile)),

    ("UploadServerCertificate", server_certificates::upload),
    ("GetServerCertificate", server_certificates::get),
    ("ListServerCertificates", server_certificates::list),
    ("UpdateServerCertificate", server_certificates::update),
    ("DeleteServerCertificate", server_certificates::delete),
    ("TagServerCertificate", |call| tagging::tag(call, tagging::Certificate)),
    ("UntagServerCertificate", |call| tagging::untag(call, tagging::Certificate)),
    ("ListServerCertificateTags", |call| tagging::list(call, tagging::Certificate)),

    ("CreateSAMLProvider", saml::create),
    ("GetSAMLProvider", saml::get),
    ("ListSAMLProviders", saml::list),
    ("UpdateSAMLProvider", saml::update),
    ("DeleteSAMLProvider", saml::delete),
    ("TagSAMLProvider", |call| tagging::tag(call, tagging::Saml)),
    ("UntagSAMLProvider", |call| tagging::untag(call, tagging::Saml)),
    ("ListSAMLProviderTags", |call| tagging::list(call, tagging::Saml)),

    ("CreateOpenIDConnectProvider", oidc::create),
    ("GetOpenIDConnectProvider", oidc::get),
    ("ListOpenIDConnectProviders", oidc::list),
    ("DeleteOpenIDConnectProvider", oidc::delete),
    ("AddClientIDToOpenIDConnectProvider", oidc::add_client),
    ("RemoveClientIDFromOpenIDConnectProvider", oidc::remove_client),
    ("UpdateOpenIDConnectProviderThumbprint", oidc::update_thumbprints),
    ("TagOpenIDConnectProvider", |call| tagging::tag(call, tagging::Oidc)),
    ("UntagOpenIDConnectProvider", |call| tagging::untag(call, tagging::Oidc)),
    ("ListOpenIDConnectProviderTags", |call| tagging::list(call, tagging::Oidc)),

    ("GetAccountPasswordPolicy", passwords::get),
    ("UpdateAccountPasswordPolicy", passwords::update),
    ("DeleteAccountPasswordPolicy", passwords::delete),
    ("CreateAccountAlias", account::create_alias),
    ("DeleteAccountAlias", account::delete_alias),
    ("ListAccountAliases", account::list_aliases),
    ("SetSecurityTokenServicePreferences", account::set_token_version),
    ("ListOrganizationsFeatures", account::organizations_features),
    ("GetAccountSummary", summary::get),
    ("GetAccountAuthorizationDetails", details::get),
    ("GenerateServiceLastAccessedDetails", last_accessed::generate),
    ("GetServiceLastAccessedDetails", last_accessed::get),
    ("GetServiceLastAccessedDetailsWithEntities", last_accessed::get_with_entities),
    ("ListPoliciesGrantingServiceAccess", last_accessed::granting),
    ("SimulatePrincipalPolicy", simulate::principal),
    ("SimulateCustomPolicy", simulate::custom),
    ("GetContextKeysForPrincipalPolicy", simulate::keys_of_principal),
    ("GetContextKeysForCustomPolicy", simulate::keys_of_custom),
    ("GenerateCredentialReport", report::generate),
    ("GetCredentialReport", report::get),
];

#[cfg(test)]
pub(super) mod testing {
    //! A small harness: call operations by name and look at the JSON.

    use awsim_core::{AwsError, RequestContext, ServiceHandler as _};
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use crate::clock::Clock;
    use crate::sandbox::services::iam::Iam;

    /// An account whose clock stands still.
    pub(crate) struct Account {
        pub(crate) iam: Iam,
        pub(crate) clock: Clock,
        pub(crate) ctx: RequestContext,
    }

    impl Account {
        pub(crate) fn new() -> Self {
            let clock = Clock::fixed("2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap());
            let iam = Iam::new("123456789012", clock.clone());
            let mut ctx = RequestContext::new("iam", "us-east-1");
            ctx.account_id = "123456789012".into();
            ctx.access_key = Some(iam.administrator_key().0);
            Self { iam, clock, ctx }
        }

        pub(crate) fn call(&self, operation: &str, input: Value) -> Result<Value, AwsError> {
            futures::executor::block_on(self.iam.handle(operation, input, &self.ctx))
        }

        pub(crate) fn ok(&self, operation: &str, input: Value) -> Value {
            self.call(operation, input).unwrap_or_else(|error| panic!("{operation}: {error}"))
        }

        /// The code, status and message of the refusal.
        pub(crate) fn refused(&self, operation: &str, input: Value) -> (String, u16, String) {
            let error = self.call(operation, input).expect_err(operation);
            (error.code, error.status.as_u16(), error.message)
        }

        pub(crate) fn user(&self, name: &str) {
            self.ok("CreateUser", json!({ "UserName": name }));
        }

        pub(crate) fn pass(&self, seconds: u64) {
            futures::executor::block_on(self.clock.sleep(std::time::Duration::from_secs(seconds)));
        }

        pub(crate) fn go_back(&self, seconds: i64) {
            let before = self.clock.now().checked_sub(jiff::SignedDuration::from_secs(seconds));
            self.clock.set(before.unwrap());
        }
    }

    /// A policy that allows one action.
    pub(crate) const ALLOW: &str =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

    /// A trust policy for Lambda.
    pub(crate) const LAMBDA: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
}
