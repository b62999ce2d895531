//! Access keys of users, and of the root user when it asks for its own.

use awsim_core::AwsError;
use serde_json::{Value, json};

use crate::sandbox::services::iam::call::Call;
use crate::sandbox::services::iam::credentials::{AccessKey, Kept};
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::identity::Identity;
use crate::sandbox::services::iam::ids;

const QUOTA: usize = 2;

pub(super) fn create(call: &mut Call<'_>) -> Reply {
    let (now, id) = (call.now, ids::access_key("AKIA", &call.ctx.account_id)?);
    let (name, keys) = keys(call)?;
    if keys.len() >= QUOTA {
        return Err(fault::quota("AccessKeysPerUser", QUOTA));
    }
    let key = AccessKey {
        id,
        secret: Kept::new(ids::secret()?),
        active: true,
        slot: if keys.iter().any(|key| key.slot == 1) { 2 } else { 1 },
        created: now,
        changed: now,
        last_used: None,
    };
    let answer = json!({ "AccessKey": {
        "UserName": name,
        "AccessKeyId": key.id,
        "Status": status(key.active),
        "SecretAccessKey": key.secret.reveal(),
        "CreateDate": key.created,
    } });
    keys.push(key);
    Ok(answer)
}

pub(super) fn list(call: &mut Call<'_>) -> Reply {
    let (name, keys) = keys(call)?;
    let shown = keys.iter().map(|key| {
        let at = format!("{:020}{}", key.created.as_second(), key.id);
        let value = json!({
            "UserName": name,
            "AccessKeyId": key.id,
            "Status": status(key.active),
            "CreateDate": key.created,
        });
        (at, value)
    });
    let shown: Vec<(String, Value)> = shown.collect();
    call.listing("AccessKeyMetadata", shown)
}

pub(super) fn update(call: &mut Call<'_>) -> Reply {
    let id = call.text("AccessKeyId")?;
    call.text("Status")?;
    let active = call.choice("Status", &["Active", "Inactive"])?.as_deref() == Some("Active");
    let now = call.now;
    let (_, keys) = keys(call)?;
    let key = keys.iter_mut().find(|key| key.id == id).ok_or_else(|| absent(&id))?;
    if key.active != active {
        key.active = active;
        key.changed = now;
    }
    Ok(json!({}))
}

pub(super) fn delete(call: &mut Call<'_>) -> Reply {
    let id = call.text("AccessKeyId")?;
    let (_, keys) = keys(call)?;
    let place = keys.iter().position(|key| key.id == id).ok_or_else(|| absent(&id))?;
    keys.remove(place);
    Ok(json!({}))
}

pub(super) fn last_used(call: &mut Call<'_>) -> Reply {
    let id = call.text("AccessKeyId")?;
    let of_users =
        call.state.users.values().flat_map(|user| user.keys.iter().map(move |key| (Some(user), key)));
    let of_root = call.state.root.keys.iter().map(|key| (None, key));
    let (user, key) = of_users.chain(of_root).find(|(_, key)| key.id == id).ok_or_else(|| absent(&id))?;
    let last = key.last_used.as_ref();
    Ok(json!({
        "UserName": user.map(|user| &user.name),
        "AccessKeyLastUsed": {
            "LastUsedDate": last.map(|last| last.at),
            "ServiceName": last.map_or("N/A", |last| &last.service),
            "Region": last.map_or("N/A", |last| &last.region),
        },
    }))
}

/// The keys the call is about: the named user's, the calling user's, or the root user's own.
fn keys<'a>(call: &'a mut Call<'_>) -> Result<(Value, &'a mut Vec<AccessKey>), AwsError> {
    if call.optional("UserName").is_none() && call.caller() == Some(Identity::Root) {
        return Ok((Value::Null, &mut call.state.root.keys));
    }
    let name = call.user_name()?;
    let user = call.user(&name)?;
    Ok((json!(user.name), &mut user.keys))
}

fn absent(id: &str) -> AwsError {
    fault::no_such_entity(format!("The Access Key with id {id} cannot be found."))
}

/// The word for a status.
pub(super) const fn status(active: bool) -> &'static str {
    if active { "Active" } else { "Inactive" }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Account;
    use super::*;

    #[test]
    fn a_user_has_two_keys_at_most_and_a_key_resolves_to_its_owner() {
        let account = Account::new();
        account.user("u");
        let made = account.ok("CreateAccessKey", json!({ "UserName": "u" }));
        let id = made["AccessKey"]["AccessKeyId"].as_str().unwrap().to_owned();
        account.ok("CreateAccessKey", json!({ "UserName": "u" }));
        let (code, status, message) = account.refused("CreateAccessKey", json!({ "UserName": "u" }));
        assert_eq!((code.as_str(), status), ("LimitExceeded", 409));
        assert_eq!(message, "Cannot exceed quota for AccessKeysPerUser: 2");
        let owner = account.iam.resolve_key(&id).unwrap();
        assert_eq!((owner.user_name(), owner.active), (Some("u"), true));
        assert_eq!(owner.secret.reveal(), made["AccessKey"]["SecretAccessKey"]);
        let off = json!({ "UserName": "u", "AccessKeyId": id, "Status": "Inactive" });
        account.ok("UpdateAccessKey", off);
        assert!(!account.iam.resolve_key(&id).unwrap().active);
        account.ok("DeleteAccessKey", json!({ "UserName": "u", "AccessKeyId": id }));
        assert!(account.iam.resolve_key(&id).is_none());
    }

    #[test]
    fn the_last_use_is_recorded_once_in_fifteen_minutes() {
        let account = Account::new();
        account.user("u");
        let made = account.ok("CreateAccessKey", json!({ "UserName": "u" }));
        let id = made["AccessKey"]["AccessKeyId"].as_str().unwrap();
        let used =
            || account.ok("GetAccessKeyLastUsed", json!({ "AccessKeyId": id }))["AccessKeyLastUsed"].clone();
        assert_eq!(used(), json!({ "ServiceName": "N/A", "Region": "N/A" }));
        account.iam.record_key_use(id, "s3", "eu-west-1");
        account.pass(60);
        account.iam.record_key_use(id, "iam", "us-east-1");
        assert_eq!(used()["ServiceName"], "s3");
        account.pass(15 * 60);
        account.iam.record_key_use(id, "iam", "us-east-1");
        assert_eq!(used()["ServiceName"], "iam");
        assert_eq!(used()["LastUsedDate"], "2026-01-01T00:16:00Z");
    }

    #[test]
    fn the_root_user_s_own_keys_are_apart_from_the_administrator_s() {
        let account = Account::new();
        let listed = account.ok("ListAccessKeys", json!({}));
        assert_eq!(listed["AccessKeyMetadata"]["member"], json!([]));
        let made = account.ok("CreateAccessKey", json!({}));
        let id = made["AccessKey"]["AccessKeyId"].as_str().unwrap();
        assert_eq!(account.iam.resolve_key(id).unwrap().identity, Identity::Root);
    }
}
