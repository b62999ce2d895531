//! Versions of managed policies.

use awsim_core::AwsError;
use serde_json::{Value, json};

use super::policies::{self, Found};
use crate::percent;
use crate::sandbox::services::iam::call::{self, Call};
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::managed::Managed;
use crate::sandbox::services::iam::store::PolicyVersion;

const QUOTA: usize = 5;

pub(super) fn create(call: &mut Call<'_>) -> Reply {
    let arn = call.text("PolicyArn")?;
    let document = call.text("PolicyDocument")?;
    let make_default = call.flag("SetAsDefault")?.unwrap_or(false);
    let now = call.now;
    let policy = policies::own(call, &arn)?;
    policies::check_document(&document)?;
    if policy.versions.len() >= QUOTA {
        return Err(fault::limit_exceeded(
            "A managed policy can have up to 5 versions. Before you create a new version, you must delete an \
             existing version.",
        ));
    }
    policy.latest = policy.latest.saturating_add(1);
    policy.updated = now;
    if make_default {
        policy.default = policy.latest;
    }
    let version = PolicyVersion { document, created: now };
    let answer = json!({ "PolicyVersion": shown(policy.latest, &version, make_default, false) });
    policy.versions.insert(policy.latest, version);
    Ok(answer)
}

pub(super) fn get(call: &mut Call<'_>) -> Reply {
    let (arn, id) = (call.text("PolicyArn")?, call.text("VersionId")?);
    let version = match policies::find(call, &arn)? {
        Found::Own(policy) => {
            let number = number(&arn, &id)?;
            let version = policy.versions.get(&number).ok_or_else(|| absent(&arn, &id))?;
            shown(number, version, policy.default == number, true)
        }
        Found::Aws(policy) => {
            if id != "v1" {
                return Err(absent(&arn, &id));
            }
            if policy.document().is_none() {
                let message = format!("The sandbox does not hold the document of {arn}.");
                return Err(AwsError::bad_request("NotImplemented", message));
            }
            of_managed(policy)
        }
    };
    Ok(json!({ "PolicyVersion": version }))
}

pub(super) fn list(call: &mut Call<'_>) -> Reply {
    let arn = call.text("PolicyArn")?;
    let versions = match policies::find(call, &arn)? {
        Found::Own(policy) => policy
            .versions
            .iter()
            .map(|(number, version)| {
                // Newest first.
                let at = format!("{:010}", u32::MAX.saturating_sub(*number));
                (at, shown(*number, version, policy.default == *number, false))
            })
            .collect(),
        Found::Aws(policy) => {
            let mut version = of_managed(policy);
            call::put(&mut version, "Document", Value::Null);
            vec![(String::new(), version)]
        }
    };
    call.listing("Versions", versions)
}

pub(super) fn set_default(call: &mut Call<'_>) -> Reply {
    let (arn, id) = (call.text("PolicyArn")?, call.text("VersionId")?);
    let now = call.now;
    let policy = policies::own(call, &arn)?;
    let number = number(&arn, &id)?;
    if !policy.versions.contains_key(&number) {
        return Err(absent(&arn, &id));
    }
    policy.default = number;
    policy.updated = now;
    Ok(json!({}))
}

pub(super) fn delete(call: &mut Call<'_>) -> Reply {
    let (arn, id) = (call.text("PolicyArn")?, call.text("VersionId")?);
    let policy = policies::own(call, &arn)?;
    let number = number(&arn, &id)?;
    if policy.default == number {
        return Err(fault::delete_conflict("Cannot delete the default version of a policy."));
    }
    policy.versions.remove(&number).ok_or_else(|| absent(&arn, &id))?;
    Ok(json!({}))
}

/// Reads a version id such as `v2`.
fn number(arn: &str, id: &str) -> Result<u32, AwsError> {
    let digits = id.strip_prefix('v').filter(|digits| !digits.starts_with(['0', '+']));
    match digits.map(str::parse) {
        None => Err(fault::constraint(
            id,
            "versionId",
            "satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?",
        )),
        Some(parsed) => parsed.map_err(|_| absent(arn, id)),
    }
}

fn absent(arn: &str, id: &str) -> AwsError {
    fault::no_such_entity(format!("Policy {arn} version {id} does not exist or is not attachable."))
}

/// A version, with its document where the answer has one.
pub(super) fn shown(number: u32, version: &PolicyVersion, default: bool, document: bool) -> Value {
    json!({
        "Document": document.then(|| percent::encode(&version.document)),
        "VersionId": format!("v{number}"),
        "IsDefaultVersion": default,
        "CreateDate": version.created,
    })
}

/// The one version an AWS-managed policy has here.
pub(super) fn of_managed(policy: Managed) -> Value {
    json!({
        "Document": policy.document().map(percent::encode),
        "VersionId": "v1",
        "IsDefaultVersion": true,
        "CreateDate": policies::MANAGED_SINCE,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ALLOW, Account};
    use super::*;

    #[test]
    fn a_policy_has_five_versions_and_never_reuses_a_number() {
        let account = Account::new();
        let arn = "arn:aws:iam::123456789012:policy/p";
        account.ok("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": ALLOW }));
        let add = || {
            let input = json!({ "PolicyArn": arn, "PolicyDocument": ALLOW, "SetAsDefault": "true" });
            account.call("CreatePolicyVersion", input)
        };
        for _ in 0..4 {
            add().unwrap();
        }
        let error = add().unwrap_err();
        assert_eq!((error.code.as_str(), error.status.as_u16()), ("LimitExceeded", 409));
        let default = json!({ "PolicyArn": arn, "VersionId": "v5" });
        assert_eq!(account.refused("DeletePolicyVersion", default).0, "DeleteConflict");
        account.ok("SetDefaultPolicyVersion", json!({ "PolicyArn": arn, "VersionId": "v1" }));
        account.ok("DeletePolicyVersion", json!({ "PolicyArn": arn, "VersionId": "v5" }));
        assert_eq!(add().unwrap()["PolicyVersion"]["VersionId"], "v6");
        let listed = account.ok("ListPolicyVersions", json!({ "PolicyArn": arn }));
        assert_eq!(listed["Versions"]["member"][0]["VersionId"], "v6");
        assert_eq!(
            account.refused("GetPolicyVersion", json!({ "PolicyArn": arn, "VersionId": "v9" })).0,
            "NoSuchEntity"
        );
    }
}
