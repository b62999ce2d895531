//! Roles and their trust policies.

use awsim_core::AwsError;
use serde_json::{Value, json};

use super::{attach, inline};
use crate::percent;
use crate::policy::grammar::{self, PolicyKind};
use crate::sandbox::services::iam::call::{self, Call};
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::store::{self, Grants, Role};
use crate::sandbox::services::iam::{ids, names, trust};

const QUOTA: usize = 1_000;

pub(super) fn create(call: &mut Call<'_>) -> Reply {
    let name = call.text("RoleName")?;
    names::name("RoleName", &name, 64)?;
    let path = call.path()?;
    let description = call.optional("Description");
    names::description(description.as_deref().unwrap_or_default())?;
    let max_session = call.number("MaxSessionDuration", 3_600, 43_200)?.unwrap_or(3_600);
    let tags = call.new_tags()?;
    let boundary = attach::boundary_parameter(call)?;
    let document = call.text("AssumeRolePolicyDocument")?;
    if call.state.roles.contains_key(&store::key(&name)) {
        return Err(fault::already_exists(format!("Role with name {name} already exists.")));
    }
    if call.state.roles.len() >= QUOTA {
        return Err(fault::quota("RolesPerAccount", QUOTA));
    }
    let role = Role {
        id: ids::unique("AROA")?,
        path,
        created: call.now,
        trust: checked_trust(call, &document)?,
        description,
        max_session,
        tags,
        grants: Grants { boundary, ..Grants::default() },
        last_used: None,
        name,
    };
    let answer = json!({ "Role": full(call, &role) });
    call.state.roles.insert(store::key(&role.name), role);
    Ok(answer)
}

pub(super) fn get(call: &mut Call<'_>) -> Reply {
    let name = call.text("RoleName")?;
    let role = call.role_seen(&name)?.clone();
    let mut shown = full(call, &role);
    call::put(&mut shown, "RoleLastUsed", last_used(&role));
    Ok(json!({ "Role": shown }))
}

pub(super) fn update(call: &mut Call<'_>) -> Reply {
    let name = call.text("RoleName")?;
    let description = call.optional("Description");
    names::description(description.as_deref().unwrap_or_default())?;
    let max_session = call.number("MaxSessionDuration", 3_600, 43_200)?;
    let role = call.role(&name)?;
    role.description = description.or(role.description.take());
    role.max_session = max_session.unwrap_or(role.max_session);
    Ok(json!({}))
}

pub(super) fn update_description(call: &mut Call<'_>) -> Reply {
    let (name, description) = (call.text("RoleName")?, call.text("Description")?);
    names::description(&description)?;
    let role = call.role(&name)?;
    role.description = Some(description);
    let role = role.clone();
    Ok(json!({ "Role": full(call, &role) }))
}

pub(super) fn update_trust(call: &mut Call<'_>) -> Reply {
    let (name, document) = (call.text("RoleName")?, call.text("PolicyDocument")?);
    call.own_role(&name)?;
    let document = checked_trust(call, &document)?;
    call.role(&name)?.trust = document;
    Ok(json!({}))
}

pub(super) fn delete(call: &mut Call<'_>) -> Reply {
    let name = call.text("RoleName")?;
    let role = call.own_role(&name)?.clone();
    let key = store::key(&name);
    let profiled = call.state.instance_profiles.values().any(|profile| profile.role.as_ref() == Some(&key));
    let left = [
        (profiled, "remove roles from instance profile"),
        (!role.grants.attached.is_empty(), "detach all policies"),
        (!role.grants.inline.is_empty(), "delete policies"),
    ];
    if let Some((_, what)) = left.iter().find(|(there, _)| *there) {
        return Err(fault::delete_conflict(format!("Cannot delete entity, must {what} first.")));
    }
    call.state.roles.remove(&store::key(&name));
    call.state.service_uses.remove(&role.id);
    let arn = call.arn("role", &role.path, &role.name);
    trust::rename(call.state, &arn, &role.id);
    Ok(json!({}))
}

pub(super) fn list(call: &mut Call<'_>) -> Reply {
    let prefix = call.path_prefix();
    let found = call.state.roles.iter().filter(|(_, role)| role.path.starts_with(&prefix));
    let roles = found.map(|(key, role)| (key.clone(), brief(call, role))).collect();
    call.listing("Roles", roles)
}

/// Checks a trust policy and returns it with its principals as AWS keeps them.
fn checked_trust(call: &Call<'_>, document: &str) -> Result<String, AwsError> {
    if grammar::size(document) > grammar::TRUST_LIMIT {
        return Err(fault::quota("ACLSizePerRole", grammar::TRUST_LIMIT));
    }
    grammar::validate(document, PolicyKind::Trust).map_err(fault::malformed)?;
    trust::settle(call.state, &call.ctx.partition, &call.ctx.account_id, document)
}

/// A role as lists show it: without tags, boundary and last use.
pub(super) fn brief(call: &Call<'_>, role: &Role) -> Value {
    json!({
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": call.arn("role", &role.path, &role.name),
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": percent::encode(&role.trust),
        "Description": role.description,
        "MaxSessionDuration": role.max_session,
    })
}

/// A role as `GetRole` shows it, but for its last use.
pub(super) fn full(call: &Call<'_>, role: &Role) -> Value {
    let mut shown = brief(call, role);
    call::put(&mut shown, "PermissionsBoundary", call::boundary(&role.grants));
    call::put(&mut shown, "Tags", call::tags_if_any(&role.tags));
    shown
}

fn last_used(role: &Role) -> Value {
    match &role.last_used {
        Some((at, region)) => json!({ "LastUsedDate": at, "Region": region }),
        None => json!({}),
    }
}

/// A role as the authorization details show it.
pub(super) fn detailed(call: &Call<'_>, role: &Role) -> Value {
    json!({
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": call.arn("role", &role.path, &role.name),
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": percent::encode(&role.trust),
        "InstanceProfileList": super::instance_profiles::of_role(call, role),
        "RolePolicyList": inline::detailed(&role.grants),
        "AttachedManagedPolicies": attach::detailed(&role.grants),
        "PermissionsBoundary": call::boundary(&role.grants),
        "Tags": call::tags(&role.tags),
        "RoleLastUsed": last_used(role),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ALLOW, Account, LAMBDA};
    use super::*;

    #[test]
    fn a_role_is_deleted_only_when_it_holds_no_policies() {
        let account = Account::new();
        let create =
            json!({ "RoleName": "r", "AssumeRolePolicyDocument": LAMBDA, "MaxSessionDuration": "7200" });
        let made = account.ok("CreateRole", create);
        assert_eq!(made["Role"]["MaxSessionDuration"], 7_200);
        assert!(account.iam.role_exists("arn:aws:iam::123456789012:role/r"));
        account.ok("PutRolePolicy", json!({ "RoleName": "r", "PolicyName": "p", "PolicyDocument": ALLOW }));
        let (code, status, message) = account.refused("DeleteRole", json!({ "RoleName": "r" }));
        assert_eq!((code.as_str(), status), ("DeleteConflict", 409));
        assert_eq!(message, "Cannot delete entity, must delete policies first.");
        account.ok("DeleteRolePolicy", json!({ "RoleName": "r", "PolicyName": "p" }));
        account.ok("DeleteRole", json!({ "RoleName": "r" }));
        assert_eq!(account.refused("GetRole", json!({ "RoleName": "r" })).0, "NoSuchEntity");
    }

    #[test]
    fn trust_in_somebody_who_does_not_exist_is_refused() {
        let account = Account::new();
        let nobody = "arn:aws:iam::123456789012:user/nobody";
        let trust = LAMBDA.replace(r#""Service":"lambda.amazonaws.com""#, &format!(r#""AWS":"{nobody}""#));
        let (code, status, message) =
            account.refused("CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust }));
        assert_eq!((code.as_str(), status), ("MalformedPolicyDocument", 400));
        assert_eq!(message, format!(r#"Invalid principal in policy: "AWS":"{nobody}""#));
        let resource = LAMBDA.replace(r#""Action""#, r#""Resource":"*","Action""#);
        let (code, _, message) =
            account.refused("CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": resource }));
        assert_eq!(
            (code.as_str(), message.as_str()),
            ("MalformedPolicyDocument", "Has prohibited field Resource")
        );
    }
}
