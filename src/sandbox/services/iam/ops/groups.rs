//! Groups and who is in them.

use awsim_core::AwsError;
use serde_json::{Value, json};

use super::{attach, inline, users};
use crate::sandbox::services::iam::call::{Call, members};
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::store::{self, Grants, Group};
use crate::sandbox::services::iam::{ids, names};

const QUOTA: usize = 300;
const GROUPS_PER_USER: usize = 10;

pub(super) fn create(call: &mut Call<'_>) -> Reply {
    let name = call.text("GroupName")?;
    names::name("GroupName", &name, 128)?;
    let path = call.path()?;
    free(call, &name)?;
    if call.state.groups.len() >= QUOTA {
        return Err(fault::quota("GroupsPerAccount", QUOTA));
    }
    let group = Group { id: ids::unique("AGPA")?, path, created: call.now, grants: Grants::default(), name };
    let answer = json!({ "Group": shown(call, &group) });
    call.state.groups.insert(store::key(&group.name), group);
    Ok(answer)
}

pub(super) fn get(call: &mut Call<'_>) -> Reply {
    let name = call.text("GroupName")?;
    let group = call.group_seen(&name)?.clone();
    let key = store::key(&name);
    let inside = call.state.users.iter().filter(|(_, user)| user.groups.contains(&key));
    let page = call.page(inside.map(|(key, user)| (key.clone(), users::brief(call, user))).collect())?;
    Ok(json!({
        "Group": shown(call, &group),
        "Users": members(page.items),
        "IsTruncated": page.marker.is_some(),
        "Marker": page.marker,
    }))
}

pub(super) fn update(call: &mut Call<'_>) -> Reply {
    let name = call.text("GroupName")?;
    let (new_name, new_path) = (call.optional("NewGroupName"), call.optional("NewPath"));
    let mut group = call.group_seen(&name)?.clone();
    if let Some(path) = new_path {
        names::path("NewPath", &path)?;
        group.path = path;
    }
    if let Some(new_name) = new_name {
        names::name("NewGroupName", &new_name, 128)?;
        if new_name != group.name {
            free(call, &new_name)?;
        }
        group.name = new_name;
    }
    let (old, new) = (store::key(&name), store::key(&group.name));
    call.state.groups.remove(&old);
    call.state.groups.insert(new.clone(), group);
    for user in call.state.users.select(|user| user.groups.contains(&old)) {
        if user.groups.remove(&old) {
            user.groups.insert(new.clone());
        }
    }
    Ok(json!({}))
}

pub(super) fn delete(call: &mut Call<'_>) -> Reply {
    let name = call.text("GroupName")?;
    let key = store::key(&name);
    let group = call.group_seen(&name)?.clone();
    let left = [
        (call.state.users.values().any(|user| user.groups.contains(&key)), "remove users from group"),
        (!group.grants.attached.is_empty(), "detach all policies"),
        (!group.grants.inline.is_empty(), "delete policies"),
    ];
    if let Some((_, what)) = left.iter().find(|(there, _)| *there) {
        return Err(fault::delete_conflict(format!("Cannot delete entity, must {what} first.")));
    }
    call.state.groups.remove(&key);
    Ok(json!({}))
}

pub(super) fn list(call: &mut Call<'_>) -> Reply {
    let prefix = call.path_prefix();
    let found = call.state.groups.iter().filter(|(_, group)| group.path.starts_with(&prefix));
    let groups = found.map(|(key, group)| (key.clone(), shown(call, group))).collect();
    call.listing("Groups", groups)
}

/// `AddUserToGroup`: doing it twice is no error.
pub(super) fn add_user(call: &mut Call<'_>) -> Reply {
    let (group, user) = (call.text("GroupName")?, call.text("UserName")?);
    call.group_seen(&group)?;
    let groups = &mut call.user(&user)?.groups;
    let key = store::key(&group);
    if !groups.contains(&key) && groups.len() >= GROUPS_PER_USER {
        return Err(fault::quota("GroupsPerUser", GROUPS_PER_USER));
    }
    groups.insert(key);
    Ok(json!({}))
}

pub(super) fn remove_user(call: &mut Call<'_>) -> Reply {
    let (group, user) = (call.text("GroupName")?, call.text("UserName")?);
    call.group_seen(&group)?;
    if call.user(&user)?.groups.remove(&store::key(&group)) {
        Ok(json!({}))
    } else {
        Err(fault::no_such_entity(format!("User {user} is not in group {group}.")))
    }
}

pub(super) fn list_for_user(call: &mut Call<'_>) -> Reply {
    let name = call.text("UserName")?;
    let inside = call.user_seen(&name)?.groups.clone();
    let found = call.state.groups.iter().filter(|(key, _)| inside.contains(*key));
    let groups = found.map(|(key, group)| (key.clone(), shown(call, group))).collect();
    call.listing("Groups", groups)
}

fn free(call: &Call<'_>, name: &str) -> Result<(), AwsError> {
    if call.state.groups.contains_key(&store::key(name)) {
        Err(fault::already_exists(format!("Group with name {name} already exists.")))
    } else {
        Ok(())
    }
}

fn shown(call: &Call<'_>, group: &Group) -> Value {
    json!({
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": call.arn("group", &group.path, &group.name),
        "CreateDate": group.created,
    })
}

/// A group as the authorization details show it.
pub(super) fn detailed(call: &Call<'_>, group: &Group) -> Value {
    json!({
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": call.arn("group", &group.path, &group.name),
        "CreateDate": group.created,
        "GroupPolicyList": inline::detailed(&group.grants),
        "AttachedManagedPolicies": attach::detailed(&group.grants),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::Account;
    use super::*;

    #[test]
    fn a_renamed_group_keeps_its_members() {
        let account = Account::new();
        account.user("u");
        account.ok("CreateGroup", json!({ "GroupName": "g" }));
        let pair = json!({ "GroupName": "G", "UserName": "U" });
        account.ok("AddUserToGroup", pair.clone());
        account.ok("AddUserToGroup", pair);
        account.ok("UpdateGroup", json!({ "GroupName": "g", "NewGroupName": "h", "NewPath": "/p/" }));
        let got = account.ok("GetGroup", json!({ "GroupName": "h" }));
        assert_eq!(got["Group"]["Arn"], "arn:aws:iam::123456789012:group/p/h");
        assert_eq!(got["Users"]["member"][0]["UserName"], "u");
        let (code, _, message) = account.refused("DeleteGroup", json!({ "GroupName": "h" }));
        assert_eq!(code, "DeleteConflict");
        assert_eq!(message, "Cannot delete entity, must remove users from group first.");
    }
}
