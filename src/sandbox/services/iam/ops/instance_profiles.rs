//! Instance profiles: what gives a role to EC2 instances. There are no instances here; audits and `Terraform` look at
//! the profiles all the same.

use awsim_core::AwsError;
use serde_json::{Value, json};

use super::roles;
use crate::sandbox::services::iam::call::{self, Call, members};
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::store::{self, InstanceProfile, Role};
use crate::sandbox::services::iam::{ids, names};

const QUOTA: usize = 1_000;

pub(super) fn create(call: &mut Call<'_>) -> Reply {
    let name = call.text("InstanceProfileName")?;
    names::name("InstanceProfileName", &name, 128)?;
    let path = call.path()?;
    let tags = call.new_tags()?;
    if call.state.instance_profiles.contains_key(&store::key(&name)) {
        return Err(fault::already_exists(format!("Instance Profile {name} already exists.")));
    }
    if call.state.instance_profiles.len() >= QUOTA {
        return Err(fault::quota("InstanceProfilesPerAccount", QUOTA));
    }
    let profile =
        InstanceProfile { id: ids::unique("AIPA")?, path, created: call.now, tags, role: None, name };
    let answer = json!({ "InstanceProfile": full(call, &profile) });
    call.state.instance_profiles.insert(store::key(&profile.name), profile);
    Ok(answer)
}

pub(super) fn get(call: &mut Call<'_>) -> Reply {
    let name = call.text("InstanceProfileName")?;
    let profile = find(call, &name)?.clone();
    Ok(json!({ "InstanceProfile": full(call, &profile) }))
}

pub(super) fn delete(call: &mut Call<'_>) -> Reply {
    let name = call.text("InstanceProfileName")?;
    if find(call, &name)?.role.is_some() {
        let message = "Cannot delete entity, must remove roles from instance profile first.";
        return Err(fault::delete_conflict(message));
    }
    call.state.instance_profiles.remove(&store::key(&name));
    Ok(json!({}))
}

pub(super) fn list(call: &mut Call<'_>) -> Reply {
    let prefix = call.path_prefix();
    let found = call.state.instance_profiles.iter().filter(|(_, profile)| profile.path.starts_with(&prefix));
    let shown = found.map(|(key, profile)| (key.clone(), brief(call, profile))).collect();
    call.listing("InstanceProfiles", shown)
}

pub(super) fn list_for_role(call: &mut Call<'_>) -> Reply {
    let name = call.text("RoleName")?;
    call.role_seen(&name)?;
    let key = store::key(&name);
    let shown = with_role(call, &key).map(|(key, profile)| (key.clone(), brief(call, profile))).collect();
    call.listing("InstanceProfiles", shown)
}

/// `AddRoleToInstanceProfile`: a profile has room for one.
pub(super) fn add_role(call: &mut Call<'_>) -> Reply {
    let (name, role) = (call.text("InstanceProfileName")?, call.text("RoleName")?);
    find(call, &name)?;
    call.own_role(&role)?;
    let profile = find(call, &name)?;
    if profile.role.is_some() {
        return Err(fault::quota("InstanceSessionsPerInstanceProfile", 1));
    }
    profile.role = Some(store::key(&role));
    Ok(json!({}))
}

pub(super) fn remove_role(call: &mut Call<'_>) -> Reply {
    let (name, role) = (call.text("InstanceProfileName")?, call.text("RoleName")?);
    let profile = find(call, &name)?;
    if profile.role.as_ref() != Some(&store::key(&role)) {
        return Err(fault::no_role(&role));
    }
    profile.role = None;
    Ok(json!({}))
}

/// The profiles of a role, as the authorization details show them.
pub(super) fn of_role(call: &Call<'_>, role: &Role) -> Value {
    let key = store::key(&role.name);
    members(with_role(call, &key).map(|(_, profile)| brief(call, profile)))
}

/// Finds a profile.
pub(super) fn find<'a>(call: &'a mut Call<'_>, name: &str) -> Result<&'a mut InstanceProfile, AwsError> {
    call.state
        .instance_profiles
        .get_mut(&store::key(name))
        .ok_or_else(|| fault::no_such_entity(format!("Instance Profile {name} cannot be found.")))
}

fn with_role<'a>(
    call: &'a Call<'_>,
    role: &'a str,
) -> impl Iterator<Item = (&'a String, &'a InstanceProfile)> {
    call.state.instance_profiles.iter().filter(move |(_, profile)| profile.role.as_deref() == Some(role))
}

/// A profile as lists show it: without its tags.
fn brief(call: &Call<'_>, profile: &InstanceProfile) -> Value {
    let role = profile.role.as_ref().and_then(|key| call.state.roles.get(key));
    json!({
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": call.arn("instance-profile", &profile.path, &profile.name),
        "CreateDate": profile.created,
        "Roles": members(role.map(|role| roles::brief(call, role))),
    })
}

fn full(call: &Call<'_>, profile: &InstanceProfile) -> Value {
    let mut shown = brief(call, profile);
    call::put(&mut shown, "Tags", call::tags(&profile.tags));
    shown
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Account, LAMBDA};
    use super::*;

    #[test]
    fn a_profile_holds_one_role_which_then_cannot_be_deleted() {
        let account = Account::new();
        for name in ["r", "s"] {
            account.ok("CreateRole", json!({ "RoleName": name, "AssumeRolePolicyDocument": LAMBDA }));
        }
        let profile = json!({ "InstanceProfileName": "p" });
        account.ok("CreateInstanceProfile", profile.clone());
        assert_eq!(
            account.refused("CreateInstanceProfile", json!({ "InstanceProfileName": "P" })).0,
            "EntityAlreadyExists"
        );
        let with = |role: &str| json!({ "InstanceProfileName": "p", "RoleName": role });
        account.ok("AddRoleToInstanceProfile", with("r"));
        let (code, status, message) = account.refused("AddRoleToInstanceProfile", with("s"));
        assert_eq!((code.as_str(), status), ("LimitExceeded", 409));
        assert_eq!(message, "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
        for (operation, input) in
            [("DeleteRole", json!({ "RoleName": "r" })), ("DeleteInstanceProfile", profile.clone())]
        {
            let (code, _, message) = account.refused(operation, input);
            assert_eq!(code, "DeleteConflict");
            assert_eq!(message, "Cannot delete entity, must remove roles from instance profile first.");
        }
        let of_role = account.ok("ListInstanceProfilesForRole", json!({ "RoleName": "r" }));
        assert_eq!(of_role["InstanceProfiles"]["member"][0]["Roles"]["member"][0]["RoleName"], "r");
        let details = account.ok("GetAccountAuthorizationDetails", json!({ "Filter": ["Role"] }));
        let profiles = &details["RoleDetailList"]["member"][0]["InstanceProfileList"]["member"];
        assert_eq!(profiles[0]["InstanceProfileName"], "p");
        account.ok("RemoveRoleFromInstanceProfile", with("r"));
        account.ok("DeleteInstanceProfile", profile);
        account.ok("DeleteRole", json!({ "RoleName": "r" }));
    }
}
