//! Managed policies: customer-managed ones with full life, AWS-managed ones to read and attach.

use awsim_core::AwsError;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::attach::{self, Usage};
use crate::policy::grammar::{self, PolicyKind};
use crate::sandbox::services::iam::call::{self, Call, members};
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::managed::{self, Managed};
use crate::sandbox::services::iam::store::{Grants, Policy, PolicyVersion};
use crate::sandbox::services::iam::{ids, names};

const QUOTA: usize = 1_500;

pub(super) fn create(call: &mut Call<'_>) -> Reply {
    let name = call.text("PolicyName")?;
    names::name("PolicyName", &name, 128)?;
    let path = call.path()?;
    let description = call.optional("Description");
    names::description(description.as_deref().unwrap_or_default())?;
    let tags = call.new_tags()?;
    let document = call.text("PolicyDocument")?;
    check_document(&document)?;
    if call.state.policies.values().any(|policy| policy.name.eq_ignore_ascii_case(&name)) {
        let message = format!("A policy called {name} already exists. Duplicate names are not allowed.");
        return Err(fault::already_exists(message));
    }
    if call.state.policies.len() >= QUOTA {
        return Err(fault::quota("PoliciesPerAccount", QUOTA));
    }
    let policy = Policy {
        id: ids::unique("ANPA")?,
        arn: call.arn("policy", &path, &name),
        path,
        description,
        created: call.now,
        updated: call.now,
        tags,
        default: 1,
        latest: 1,
        versions: [(1, PolicyVersion { document, created: call.now })].into(),
        name,
    };
    let mut shown = brief(&policy, Usage::default());
    call::put(&mut shown, "Tags", call::tags_if_any(&policy.tags));
    call.state.policies.insert(policy.arn.clone(), policy);
    Ok(json!({ "Policy": shown }))
}

pub(super) fn get(call: &mut Call<'_>) -> Reply {
    let arn = call.text("PolicyArn")?;
    let usage = attach::usage(call.state).get(arn.as_str()).copied().unwrap_or_default();
    let shown = match find(call, &arn)? {
        Found::Own(policy) => {
            let mut shown = brief(policy, usage);
            call::put(&mut shown, "Description", json!(policy.description));
            call::put(&mut shown, "Tags", call::tags(&policy.tags));
            shown
        }
        Found::Aws(policy) => brief_managed(call, policy, usage),
    };
    Ok(json!({ "Policy": shown }))
}

pub(super) fn delete(call: &mut Call<'_>) -> Reply {
    let arn = call.text("PolicyArn")?;
    let usage = attach::usage(call.state).get(arn.as_str()).copied().unwrap_or_default();
    let policy = own(call, &arn)?;
    if usage.attached + usage.bounds > 0 {
        return Err(fault::delete_conflict("Cannot delete a policy attached to entities."));
    }
    if policy.versions.len() > 1 {
        return Err(fault::delete_conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's \
             versions. The default version is deleted with the policy.",
        ));
    }
    call.state.policies.remove(&arn);
    Ok(json!({}))
}

pub(super) fn list(call: &mut Call<'_>) -> Reply {
    let scope = call.choice("Scope", &["All", "AWS", "Local"])?;
    let filter = call.choice("PolicyUsageFilter", &["PermissionsPolicy", "PermissionsBoundary"])?;
    let only_attached = call.flag("OnlyAttached")?.unwrap_or(false);
    let prefix = call.path_prefix();
    let usages = attach::usage(call.state);
    let usage = |arn: &str| usages.get(arn).copied().unwrap_or_default();
    let wanted = |path: &str, usage: Usage| {
        let counted = match filter.as_deref() {
            Some("PermissionsBoundary") => usage.bounds,
            Some(_) => usage.attached,
            None => usage.attached + usage.bounds,
        };
        path.starts_with(&prefix) && (counted > 0 || !(only_attached || filter.is_some()))
    };
    let mut found = Vec::new();
    if scope.as_deref() != Some("AWS") {
        for policy in call.state.policies.values().filter(|policy| wanted(&policy.path, usage(&policy.arn))) {
            found.push((format!("0{}", policy.arn), brief(policy, usage(&policy.arn))));
        }
    }
    if scope.as_deref() != Some("Local") {
        for policy in managed::all() {
            let arn = policy.arn(&call.ctx.partition);
            let usage = usage(&arn);
            if wanted(&policy.path(), usage) {
                found.push((format!("1{arn}"), brief_managed(call, policy, usage)));
            }
        }
    }
    call.listing("Policies", found)
}

/// `ListEntitiesForPolicy`: who has the policy attached or as boundary.
pub(super) fn entities(call: &mut Call<'_>) -> Reply {
    let arn = call.text("PolicyArn")?;
    find(call, &arn)?;
    let kinds = ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"];
    let kind = call.choice("EntityFilter", &kinds)?;
    let filter = call.choice("PolicyUsageFilter", &["PermissionsPolicy", "PermissionsBoundary"])?;
    let prefix = call.path_prefix();
    let uses = |grants: &Grants| match filter.as_deref() {
        Some("PermissionsBoundary") => grants.boundary.as_ref() == Some(&arn),
        Some(_) => grants.attached.contains(&arn),
        None => grants.boundary.as_ref() == Some(&arn) || grants.attached.contains(&arn),
    };
    let wanted = |what: &str, path: &str, grants: &Grants| {
        kind.as_deref().is_none_or(|kind| kind == what) && path.starts_with(&prefix) && uses(grants)
    };
    let mut found = Vec::new();
    for (key, group) in &call.state.groups {
        if wanted("Group", &group.path, &group.grants) {
            let shown = json!({ "GroupName": group.name, "GroupId": group.id });
            found.push((format!("g{key}"), ("PolicyGroups", shown)));
        }
    }
    for (key, user) in &call.state.users {
        if wanted("User", &user.path, &user.grants) {
            let shown = json!({ "UserName": user.name, "UserId": user.id });
            found.push((format!("u{key}"), ("PolicyUsers", shown)));
        }
    }
    for (key, role) in &call.state.roles {
        if wanted("Role", &role.path, &role.grants) {
            let shown = json!({ "RoleName": role.name, "RoleId": role.id });
            found.push((format!("r{key}"), ("PolicyRoles", shown)));
        }
    }
    let page = call.page(found)?;
    let mut answer = json!({ "IsTruncated": page.marker.is_some(), "Marker": page.marker });
    for list in ["PolicyGroups", "PolicyUsers", "PolicyRoles"] {
        let of_list = page.items.iter().filter(|(of, _)| *of == list);
        call::put(&mut answer, list, members(of_list.map(|(_, shown)| shown.clone())));
    }
    Ok(answer)
}

/// A managed policy of either owner.
pub(super) enum Found<'a> {
    Own(&'a Policy),
    Aws(Managed),
}

/// Finds a managed policy of the account or of AWS.
pub(super) fn find<'a>(call: &'a Call<'_>, arn: &str) -> Result<Found<'a>, AwsError> {
    match call.state.policies.get(arn) {
        Some(policy) => Ok(Found::Own(policy)),
        None => managed::find(arn).map(Found::Aws).ok_or_else(|| fault::no_policy(arn)),
    }
}

/// Finds a customer-managed policy.
pub(super) fn own<'a>(call: &'a mut Call<'_>, arn: &str) -> Result<&'a mut Policy, AwsError> {
    call.state.policies.get_mut(arn).ok_or_else(|| fault::no_policy(arn))
}

/// Refuses a document that is too long or no policy.
pub(super) fn check_document(document: &str) -> Result<(), AwsError> {
    if grammar::size(document) > grammar::MANAGED_LIMIT {
        return Err(fault::quota("PolicySize", grammar::MANAGED_LIMIT));
    }
    grammar::validate(document, PolicyKind::Identity).map_err(fault::malformed)
}

/// When AWS-managed policies are said to be from: the catalogue holds no dates.
pub(super) const MANAGED_SINCE: &str = "2015-02-06T18:39:46Z";

/// A customer-managed policy as lists show it.
pub(super) fn brief(policy: &Policy, usage: Usage) -> Value {
    json!({
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": format!("v{}", policy.default),
        "AttachmentCount": usage.attached,
        "PermissionsBoundaryUsageCount": usage.bounds,
        "IsAttachable": true,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    })
}

/// An AWS-managed policy as lists show it.
pub(super) fn brief_managed(call: &Call<'_>, policy: Managed, usage: Usage) -> Value {
    let arn = policy.arn(&call.ctx.partition);
    let since = MANAGED_SINCE.parse::<Timestamp>().unwrap_or(call.state.created);
    json!({
        "PolicyName": policy.name(),
        "PolicyId": ids::derived("ANPA", &arn),
        "Arn": arn,
        "Path": policy.path(),
        "DefaultVersionId": "v1",
        "AttachmentCount": usage.attached,
        "PermissionsBoundaryUsageCount": usage.bounds,
        "IsAttachable": true,
        "CreateDate": since,
        "UpdateDate": since,
    })
}

/// A customer-managed policy as the authorization details show it.
pub(super) fn detailed(policy: &Policy, usage: Usage) -> Value {
    let mut shown = brief(policy, usage);
    let versions =
        policy.versions.iter().rev().map(|(number, version)| {
            super::versions::shown(*number, version, policy.default == *number, true)
        });
    call::put(&mut shown, "Description", json!(policy.description));
    call::put(&mut shown, "PolicyVersionList", members(versions));
    shown
}

/// An AWS-managed policy as the authorization details show it.
pub(super) fn detailed_managed(call: &Call<'_>, policy: Managed, usage: Usage) -> Value {
    let mut shown = brief_managed(call, policy, usage);
    let version = super::versions::of_managed(policy);
    call::put(&mut shown, "PolicyVersionList", members([version]));
    shown
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ALLOW, Account};
    use super::*;

    const ARN: &str = "arn:aws:iam::123456789012:policy/p";

    #[test]
    fn a_policy_in_use_or_with_versions_cannot_be_deleted() {
        let account = Account::new();
        account.user("u");
        account.ok("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": ALLOW }));
        let taken = account.refused("CreatePolicy", json!({ "PolicyName": "P", "PolicyDocument": ALLOW }));
        assert_eq!((taken.0.as_str(), taken.1), ("EntityAlreadyExists", 409));
        account.ok("AttachUserPolicy", json!({ "UserName": "u", "PolicyArn": ARN }));
        let entities = account.ok("ListEntitiesForPolicy", json!({ "PolicyArn": ARN }));
        assert_eq!(entities["PolicyUsers"]["member"][0]["UserName"], "u");
        assert_eq!(account.refused("DeletePolicy", json!({ "PolicyArn": ARN })).0, "DeleteConflict");
        account.ok("DetachUserPolicy", json!({ "UserName": "u", "PolicyArn": ARN }));
        account.ok("CreatePolicyVersion", json!({ "PolicyArn": ARN, "PolicyDocument": ALLOW }));
        assert_eq!(account.refused("DeletePolicy", json!({ "PolicyArn": ARN })).0, "DeleteConflict");
        account.ok("DeletePolicyVersion", json!({ "PolicyArn": ARN, "VersionId": "v2" }));
        account.ok("DeletePolicy", json!({ "PolicyArn": ARN }));
        let (code, _, message) = account.refused("GetPolicy", json!({ "PolicyArn": ARN }));
        assert_eq!((code.as_str(), message), ("NoSuchEntity", format!("Policy {ARN} was not found.")));
    }

    #[test]
    fn documents_are_checked() {
        let account = Account::new();
        let create = |document: &str| {
            account.refused("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": document }))
        };
        assert_eq!(create("{").0, "MalformedPolicyDocument");
        let long = ALLOW.replace("GetObject", &"G".repeat(6_200));
        let (code, status, message) = create(&long);
        assert_eq!((code.as_str(), status), ("LimitExceeded", 409));
        assert_eq!(message, "Cannot exceed quota for PolicySize: 6144");
    }

    #[test]
    fn lists_tell_scopes_and_use_apart() {
        let account = Account::new();
        account.user("u");
        account.ok("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": ALLOW }));
        let aws = "arn:aws:iam::aws:policy/AdministratorAccess";
        account.ok("AttachUserPolicy", json!({ "UserName": "u", "PolicyArn": aws }));
        let names = |input: Value| {
            let listed = account.ok("ListPolicies", input);
            let members = listed["Policies"]["member"].as_array().unwrap().clone();
            members.iter().map(|policy| policy["PolicyName"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(json!({ "Scope": "Local" })), ["p"]);
        assert_eq!(names(json!({ "OnlyAttached": "true" })), ["AdministratorAccess"]);
        assert_eq!(names(json!({ "Scope": "AWS", "MaxItems": "1000" })).len(), 1_000);
        assert_eq!(account.ok("GetPolicy", json!({ "PolicyArn": aws }))["Policy"]["AttachmentCount"], 1);
    }
}
