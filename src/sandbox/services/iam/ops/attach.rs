//! Managed policies attached to users, groups and roles, and permissions boundaries.

use std::collections::BTreeMap;

use awsim_core::AwsError;
use serde_json::{Value, json};

use crate::sandbox::services::iam::call::{Call, Holder, members};
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::managed;
use crate::sandbox::services::iam::store::{Grants, State};

/// The most managed policies an entity may have.
pub(super) const QUOTA: usize = 10;

pub(super) fn attach(call: &mut Call<'_>, holder: Holder) -> Reply {
    let arn = call.text("PolicyArn")?;
    call.own_grants(holder)?;
    attachable(call, &arn)?;
    if arn.contains(":policy/aws-service-role/") {
        let message = format!("Cannot attach a Service Role Policy to a Customer {}.", holder.title());
        return Err(AwsError::bad_request("PolicyNotAttachable", message));
    }
    let (_, grants) = call.grants(holder)?;
    if !grants.attached.contains(&arn) && grants.attached.len() >= QUOTA {
        let of = match holder {
            Holder::User => "PoliciesPerUser",
            Holder::Group => "PoliciesPerGroup",
            Holder::Role => "PoliciesPerRole",
        };
        return Err(fault::quota(of, QUOTA));
    }
    grants.attached.insert(arn);
    Ok(json!({}))
}

pub(super) fn detach(call: &mut Call<'_>, holder: Holder) -> Reply {
    let arn = call.text("PolicyArn")?;
    check_arn(&arn)?;
    let (_, grants) = call.own_grants(holder)?;
    if !grants.attached.remove(&arn) {
        return Err(fault::no_policy(&arn));
    }
    Ok(json!({}))
}

pub(super) fn list(call: &mut Call<'_>, holder: Holder) -> Reply {
    let prefix = call.path_prefix();
    let (_, grants) = call.grants_seen(holder)?;
    let found = grants.attached.iter().filter(|arn| path_of(arn).starts_with(&prefix));
    let policies = found.map(|arn| (arn.clone(), reference(arn))).collect();
    call.listing("AttachedPolicies", policies)
}

pub(super) fn put_boundary(call: &mut Call<'_>, holder: Holder) -> Reply {
    let arn = call.text("PermissionsBoundary")?;
    call.own_grants(holder)?;
    attachable(call, &arn)?;
    call.grants(holder)?.1.boundary = Some(arn);
    Ok(json!({}))
}

pub(super) fn delete_boundary(call: &mut Call<'_>, holder: Holder) -> Reply {
    let (name, grants) = call.own_grants(holder)?;
    if grants.boundary.take().is_none() {
        let word = holder.word();
        let message = format!("The {word} with name {name} does not have a permissions boundary.");
        return Err(fault::no_such_entity(message));
    }
    Ok(json!({}))
}

/// The `PermissionsBoundary` parameter of an entity that is being created.
pub(super) fn boundary_parameter(call: &Call<'_>) -> Result<Option<String>, AwsError> {
    let arn = call.optional("PermissionsBoundary");
    if let Some(arn) = &arn {
        attachable(call, arn)?;
    }
    Ok(arn)
}

/// The attached policies as the authorization details show them.
pub(super) fn detailed(grants: &Grants) -> Value {
    members(grants.attached.iter().map(|arn| reference(arn)))
}

/// How many entities have a policy attached, and how many have it as their boundary.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    pub(super) attached: usize,
    pub(super) bounds: usize,
}

/// Counts the use of every policy in one walk over the account.
pub(super) fn usage(state: &State) -> BTreeMap<&str, Usage> {
    let users = state.users.values().map(|user| &user.grants);
    let groups = state.groups.values().map(|group| &group.grants);
    let roles = state.roles.values().map(|role| &role.grants);
    let mut found: BTreeMap<&str, Usage> = BTreeMap::new();
    for grants in users.chain(groups).chain(roles) {
        for arn in &grants.attached {
            found.entry(arn).or_default().attached += 1;
        }
        if let Some(arn) = &grants.boundary {
            found.entry(arn).or_default().bounds += 1;
        }
    }
    found
}

/// Refuses an ARN that names no managed policy of this account or of AWS.
fn attachable(call: &Call<'_>, arn: &str) -> Result<(), AwsError> {
    check_arn(arn)?;
    if call.state.policies.contains_key(arn) || managed::find(arn).is_some() {
        Ok(())
    } else {
        Err(fault::not_attachable(arn))
    }
}

fn check_arn(arn: &str) -> Result<(), AwsError> {
    if arn.chars().count() < 20 {
        return Err(fault::constraint(arn, "policyArn", "have length greater than or equal to 20"));
    }
    if !arn.starts_with("arn:") {
        return Err(fault::invalid_input(format!("ARN {arn} is not valid.")));
    }
    Ok(())
}

fn reference(arn: &str) -> Value {
    json!({ "PolicyName": arn.rsplit('/').next().unwrap_or(arn), "PolicyArn": arn })
}

/// The path inside a policy's ARN.
fn path_of(arn: &str) -> String {
    let full = arn.split_once(":policy").map_or("/", |(_, full)| full);
    full.rfind('/').and_then(|at| full.get(..=at)).unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Account;
    use super::*;

    #[test]
    fn only_policies_that_exist_can_be_attached() {
        let account = Account::new();
        account.user("u");
        let attach =
            |arn: &str| account.call("AttachUserPolicy", json!({ "UserName": "u", "PolicyArn": arn }));
        attach("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole").unwrap();
        let error = attach("arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole").unwrap_err();
        assert_eq!((error.code.as_str(), error.status.as_u16()), ("NoSuchEntity", 404));
        assert!(error.message.ends_with("does not exist or is not attachable."));
        let listed = account.ok("ListAttachedUserPolicies", json!({ "UserName": "u" }));
        assert_eq!(listed["AttachedPolicies"]["member"][0]["PolicyName"], "AWSLambdaBasicExecutionRole");
    }

    #[test]
    fn an_eleventh_policy_is_refused() {
        let account = Account::new();
        account.ok("CreateGroup", json!({ "GroupName": "g" }));
        for policy in managed::all().take(10) {
            let input = json!({ "GroupName": "g", "PolicyArn": policy.arn("aws") });
            account.ok("AttachGroupPolicy", input.clone());
            account.ok("AttachGroupPolicy", input);
        }
        let arn = managed::all().nth(10).unwrap().arn("aws");
        let (code, status, message) =
            account.refused("AttachGroupPolicy", json!({ "GroupName": "g", "PolicyArn": arn }));
        assert_eq!((code.as_str(), status), ("LimitExceeded", 409));
        assert_eq!(message, "Cannot exceed quota for PoliciesPerGroup: 10");
    }
}
