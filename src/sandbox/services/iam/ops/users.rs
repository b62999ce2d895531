//! Users: create, get, update, delete, list.

use awsim_core::AwsError;
use serde_json::{Value, json};

use super::attach;
use crate::sandbox::services::iam::call::{self, Call, members};
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::store::{self, Grants, User};
use crate::sandbox::services::iam::{ids, names, trust};

const QUOTA: usize = 5_000;

pub(super) fn create(call: &mut Call<'_>) -> Reply {
    let name = call.text("UserName")?;
    names::name("UserName", &name, 64)?;
    let path = call.path()?;
    let tags = call.new_tags()?;
    let boundary = attach::boundary_parameter(call)?;
    free(call, &name)?;
    if call.state.users.len() >= QUOTA {
        return Err(fault::quota("UsersPerAccount", QUOTA));
    }
    let user = User {
        id: ids::unique("AIDA")?,
        path,
        created: call.now,
        tags,
        grants: Grants { boundary, ..Grants::default() },
        groups: std::collections::BTreeSet::new(),
        login: None,
        password_last_used: None,
        keys: Vec::new(),
        ssh_keys: Vec::new(),
        certificates: Vec::new(),
        service_credentials: Vec::new(),
        name,
    };
    let answer = json!({ "User": full(call, &user) });
    call.state.users.insert(store::key(&user.name), user);
    Ok(answer)
}

pub(super) fn get(call: &mut Call<'_>) -> Reply {
    use crate::sandbox::services::iam::identity::Identity;
    if call.optional("UserName").is_none() && call.caller() == Some(Identity::Root) {
        let (account, root) = (&call.ctx.account_id, &call.state.root);
        return Ok(json!({ "User": {
            "Path": "/",
            "UserId": account,
            "Arn": Identity::Root.arn(&call.ctx.partition, account),
            "CreateDate": call.state.created,
            "PasswordLastUsed": root.password_last_used,
        } }));
    }
    let name = call.user_name()?;
    let user = call.user_seen(&name)?.clone();
    Ok(json!({ "User": full(call, &user) }))
}

pub(super) fn update(call: &mut Call<'_>) -> Reply {
    let name = call.text("UserName")?;
    let (new_name, new_path) = (call.optional("NewUserName"), call.optional("NewPath"));
    let before = call.user_seen(&name)?.clone();
    if let Some(path) = &new_path {
        names::path("NewPath", path)?;
    }
    if let Some(new_name) = &new_name {
        names::name("NewUserName", new_name, 64)?;
        if *new_name != before.name {
            free(call, new_name)?;
        }
    }
    let mut user = before.clone();
    user.path = new_path.unwrap_or(user.path);
    user.name = new_name.unwrap_or(user.name);
    let (old_key, new_key) = (store::key(&before.name), store::key(&user.name));
    let old_arn = call.arn("user", &before.path, &before.name);
    let new_arn = call.arn("user", &user.path, &user.name);
    call.state.users.remove(&old_key);
    call.state.users.insert(new_key.clone(), user);
    for device in call.state.mfa.select(|device| device.user.as_deref() == Some(&old_key)) {
        device.user = Some(new_key.clone());
    }
    trust::rename(call.state, &old_arn, &new_arn);
    Ok(json!({}))
}

pub(super) fn delete(call: &mut Call<'_>) -> Reply {
    let name = call.text("UserName")?;
    let user = call.user_seen(&name)?.clone();
    let key = store::key(&name);
    let enabled = call.state.mfa.values().any(|device| device.user.as_deref() == Some(&key));
    let left = [
        (!user.groups.is_empty(), "remove users from group"),
        (user.login.is_some(), "delete login profile"),
        (!user.keys.is_empty(), "delete access keys"),
        (enabled, "delete MFA device"),
        (!user.grants.attached.is_empty(), "detach all policies"),
        (!user.grants.inline.is_empty(), "delete policies"),
        (!user.certificates.is_empty(), "delete signing certificates"),
        (!user.ssh_keys.is_empty() || !user.service_credentials.is_empty(), "remove referenced objects"),
    ];
    if let Some((_, what)) = left.iter().find(|(there, _)| *there) {
        return Err(fault::delete_conflict(format!("Cannot delete entity, must {what} first.")));
    }
    call.state.users.remove(&key);
    call.state.service_uses.remove(&user.id);
    let arn = call.arn("user", &user.path, &user.name);
    trust::rename(call.state, &arn, &user.id);
    Ok(json!({}))
}

pub(super) fn list(call: &mut Call<'_>) -> Reply {
    let prefix = call.path_prefix();
    let found = call.state.users.iter().filter(|(_, user)| user.path.starts_with(&prefix));
    let users = found.map(|(key, user)| (key.clone(), brief(call, user))).collect();
    call.listing("Users", users)
}

/// Refuses a name that is taken in any case.
fn free(call: &Call<'_>, name: &str) -> Result<(), AwsError> {
    if call.state.users.contains_key(&store::key(name)) {
        Err(fault::already_exists(format!("User with name {name} already exists.")))
    } else {
        Ok(())
    }
}

/// A user as lists show it: without tags and boundary.
pub(super) fn brief(call: &Call<'_>, user: &User) -> Value {
    json!({
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": call.arn("user", &user.path, &user.name),
        "CreateDate": user.created,
        "PasswordLastUsed": user.password_last_used,
    })
}

/// A user as `GetUser` shows it.
pub(super) fn full(call: &Call<'_>, user: &User) -> Value {
    let mut value = brief(call, user);
    call::put(&mut value, "PermissionsBoundary", call::boundary(&user.grants));
    call::put(&mut value, "Tags", call::tags_if_any(&user.tags));
    value
}

/// A user as the authorization details show it.
pub(super) fn detailed(call: &Call<'_>, user: &User) -> Value {
    let groups = call.state.groups.iter().filter(|(key, _)| user.groups.contains(*key));
    let groups = members(groups.map(|(_, group)| json!(group.name)));
    json!({
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": call.arn("user", &user.path, &user.name),
        "CreateDate": user.created,
        "UserPolicyList": super::inline::detailed(&user.grants),
        "GroupList": groups,
        "AttachedManagedPolicies": attach::detailed(&user.grants),
        "PermissionsBoundary": call::boundary(&user.grants),
        "Tags": call::tags(&user.tags),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ALLOW, Account, LAMBDA};
    use super::*;

    #[test]
    fn names_are_told_apart_without_regard_to_case() {
        let account = Account::new();
        account.user("Ann");
        let (code, status, message) = account.refused("CreateUser", json!({ "UserName": "ANN" }));
        assert_eq!((code.as_str(), status), ("EntityAlreadyExists", 409));
        assert_eq!(message, "User with name ANN already exists.");
        assert_eq!(account.ok("GetUser", json!({ "UserName": "ann" }))["User"]["UserName"], "Ann");
        let (code, status, message) = account.refused("GetUser", json!({ "UserName": "bob" }));
        assert_eq!((code.as_str(), status), ("NoSuchEntity", 404));
        assert_eq!(message, "The user with name bob cannot be found.");
    }

    #[test]
    fn a_user_with_children_cannot_be_deleted() {
        let account = Account::new();
        let user = json!({ "UserName": "u" });
        account.user("u");
        account.ok("CreateGroup", json!({ "GroupName": "g" }));
        let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        let steps = [
            ("AddUserToGroup", json!({ "UserName": "u", "GroupName": "g" }), "RemoveUserFromGroup"),
            ("CreateLoginProfile", json!({ "UserName": "u", "Password": "Abcdefg1!" }), "DeleteLoginProfile"),
            ("AttachUserPolicy", json!({ "UserName": "u", "PolicyArn": arn }), "DetachUserPolicy"),
            (
                "PutUserPolicy",
                json!({ "UserName": "u", "PolicyName": "p", "PolicyDocument": ALLOW }),
                "DeleteUserPolicy",
            ),
        ];
        for (create, input, delete) in steps {
            account.ok(create, input.clone());
            let (code, status, message) = account.refused("DeleteUser", user.clone());
            assert_eq!((code.as_str(), status), ("DeleteConflict", 409), "{create}");
            assert!(message.starts_with("Cannot delete entity, must "), "{message}");
            account.ok(delete, input);
        }
        account.ok("DeleteUser", user);
    }

    #[test]
    fn a_trust_policy_shows_the_id_of_a_deleted_user_and_the_new_name_of_a_renamed_one() {
        let account = Account::new();
        account.user("u");
        let id = account.ok("GetUser", json!({ "UserName": "u" }))["User"]["UserId"].clone();
        let trust = LAMBDA
            .replace(r#""Service":"lambda.amazonaws.com""#, r#""AWS":"arn:aws:iam::123456789012:user/u""#);
        account.ok("CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust }));
        account.ok("UpdateUser", json!({ "UserName": "u", "NewUserName": "v", "NewPath": "/x/" }));
        assert!(account.iam.role_trust("r").unwrap().contains("arn:aws:iam::123456789012:user/x/v"));
        account.ok("DeleteUser", json!({ "UserName": "v" }));
        let shown = account.iam.role_trust("r").unwrap();
        assert!(shown.contains(id.as_str().unwrap()) && !shown.contains("user/"), "{shown}");
    }

    #[test]
    fn lists_are_paged() {
        let account = Account::new();
        for n in 0..5 {
            account.user(&format!("u{n}"));
        }
        let first = account.ok("ListUsers", json!({ "MaxItems": "3" }));
        assert_eq!(first["Users"]["member"].as_array().unwrap().len(), 3);
        assert_eq!(first["IsTruncated"], true);
        let second = account.ok("ListUsers", json!({ "MaxItems": "3", "Marker": first["Marker"] }));
        assert_eq!(second["Users"]["member"][0]["UserName"], "u3");
        assert_eq!((second["IsTruncated"].as_bool(), second.get("Marker")), (Some(false), None));
    }
}
