//! `GetAccountSummary`: counts and quotas.

use serde_json::{Value, json};

use crate::policy::grammar;
use crate::sandbox::services::iam::call::Call;
use crate::sandbox::services::iam::fault::Reply;
use crate::sandbox::services::iam::store::TokenVersion;

#[expect(clippy::unnecessary_wraps, reason = "every operation answers a Reply")]
pub(super) fn get(call: &mut Call<'_>) -> Reply {
    let state = &call.state;
    let attached = super::attach::usage(state);
    let enabled = state.mfa.values().filter(|device| device.user.is_some()).count();
    let root_mfa = usize::from(state.root.mfa.is_some());
    let versions: usize = state.policies.values().map(|policy| policy.versions.len()).sum();
    let entries = [
        ("AccessKeysPerUserQuota", 2),
        ("AccountAccessKeysPresent", usize::from(!state.root.keys.is_empty())),
        ("AccountMFAEnabled", root_mfa),
        ("AccountPasswordPresent", 1),
        ("AccountSigningCertificatesPresent", 0),
        ("AssumeRolePolicySizeQuota", grammar::TRUST_LIMIT),
        ("AttachedPoliciesPerGroupQuota", super::attach::QUOTA),
        ("AttachedPoliciesPerRoleQuota", super::attach::QUOTA),
        ("AttachedPoliciesPerUserQuota", super::attach::QUOTA),
        ("GlobalEndpointTokenVersion", if *state.token_version == TokenVersion::V2 { 2 } else { 1 }),
        ("GroupPolicySizeQuota", 5_120),
        ("Groups", state.groups.len()),
        ("GroupsPerUserQuota", 10),
        ("GroupsQuota", 300),
        ("InstanceProfiles", state.instance_profiles.len()),
        ("InstanceProfilesQuota", 1_000),
        ("MFADevices", state.mfa.len() + root_mfa),
        ("MFADevicesInUse", enabled + root_mfa),
        ("Policies", state.policies.len()),
        ("PoliciesQuota", 1_500),
        ("PolicySizeQuota", grammar::MANAGED_LIMIT),
        (
            "PolicyVersionsInUse",
            versions + attached.keys().filter(|arn| arn.contains("::aws:policy/")).count(),
        ),
        ("PolicyVersionsInUseQuota", 10_000),
        ("Providers", state.saml_providers.len() + state.oidc_providers.len()),
        ("RolePolicySizeQuota", 10_240),
        ("Roles", state.roles.len()),
        ("RolesQuota", 1_000),
        ("ServerCertificates", state.server_certificates.len()),
        ("ServerCertificatesQuota", 20),
        ("SigningCertificatesPerUserQuota", 2),
        ("UserPolicySizeQuota", 2_048),
        ("Users", state.users.len()),
        ("UsersQuota", 5_000),
        ("VersionsPerPolicyQuota", 5),
    ];
    let entries: Vec<Value> =
        entries.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    Ok(json!({ "SummaryMap": { "entry": entries } }))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Account;
    use super::*;

    #[test]
    fn the_administrator_s_key_is_no_root_access_key() {
        let account = Account::new();
        let value = |key: &str| {
            let summary = account.ok("GetAccountSummary", json!({}));
            let entries = summary["SummaryMap"]["entry"].as_array().unwrap().clone();
            entries.iter().find(|entry| entry["key"] == key).unwrap()["value"].clone()
        };
        account.user("u");
        assert_eq!((value("Users"), value("AccountAccessKeysPresent")), (json!(1), json!(0)));
        account.ok("CreateAccessKey", json!({}));
        assert_eq!(value("AccountAccessKeysPresent"), 1);
    }
}
