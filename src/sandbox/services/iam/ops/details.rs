//! `GetAccountAuthorizationDetails`: users, groups, roles and policies with all their documents, in pages.

use serde_json::json;

use super::{attach, groups, policies, roles, users};
use crate::sandbox::services::iam::call::{Call, members, put};
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::managed;

const KINDS: [&str; 5] = ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"];

/// One entity of the account, before it is rendered.
enum Entity {
    User(String),
    Group(String),
    Role(String),
    Policy(String),
}

pub(super) fn get(call: &mut Call<'_>) -> Reply {
    let filter = call.list("Filter");
    if let Some(unknown) = filter.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
        let must = format!("satisfy enum value set: [{}]", KINDS.join(", "));
        return Err(fault::constraint(&format!("[{unknown}]"), "filter", &must));
    }
    let wanted = |kind: &str| filter.is_empty() || filter.iter().any(|one| one == kind);
    let usage = attach::usage(call.state);
    let state = &call.state;
    let mut found: Vec<(String, Entity)> = Vec::new();
    if wanted("User") {
        found.extend(state.users.keys().map(|key| (format!("0{key}"), Entity::User(key.clone()))));
    }
    if wanted("Group") {
        found.extend(state.groups.keys().map(|key| (format!("1{key}"), Entity::Group(key.clone()))));
    }
    if wanted("Role") {
        found.extend(state.roles.keys().map(|key| (format!("2{key}"), Entity::Role(key.clone()))));
    }
    if wanted("LocalManagedPolicy") {
        let own = state.policies.keys();
        found.extend(own.map(|arn| (format!("3{arn}"), Entity::Policy(arn.clone()))));
    }
    if wanted("AWSManagedPolicy") {
        // Only those in use, as AWS answers.
        let used = usage.keys().filter(|arn| managed::find(arn).is_some());
        found.extend(used.map(|arn| (format!("4{arn}"), Entity::Policy((*arn).to_owned()))));
    }
    let page = call.page(found)?;
    let (mut of_users, mut of_groups, mut of_roles, mut of_policies) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for entity in &page.items {
        match entity {
            Entity::User(key) => {
                of_users.extend(state.users.get(key).map(|user| users::detailed(call, user)));
            }
            Entity::Group(key) => {
                of_groups.extend(state.groups.get(key).map(|group| groups::detailed(call, group)));
            }
            Entity::Role(key) => {
                of_roles.extend(state.roles.get(key).map(|role| roles::detailed(call, role)));
            }
            Entity::Policy(arn) => {
                let usage = usage.get(arn.as_str()).copied().unwrap_or_default();
                let own = state.policies.get(arn).map(|policy| policies::detailed(policy, usage));
                let aws = || Some(policies::detailed_managed(call, managed::find(arn)?, usage));
                of_policies.extend(own.or_else(aws));
            }
        }
    }
    let mut answer = json!({ "IsTruncated": page.marker.is_some(), "Marker": page.marker });
    put(&mut answer, "UserDetailList", members(of_users));
    put(&mut answer, "GroupDetailList", members(of_groups));
    put(&mut answer, "RoleDetailList", members(of_roles));
    put(&mut answer, "Policies", members(of_policies));
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ALLOW, Account, LAMBDA};
    use super::*;

    fn account() -> Account {
        let account = Account::new();
        account.ok("CreateUser", json!({ "UserName": "u", "Tags": [{ "Key": "k", "Value": "v" }] }));
        account.ok("CreateGroup", json!({ "GroupName": "Group" }));
        account.ok("AddUserToGroup", json!({ "GroupName": "Group", "UserName": "u" }));
        account.ok(
            "PutGroupPolicy",
            json!({ "GroupName": "Group", "PolicyName": "i", "PolicyDocument": ALLOW }),
        );
        account.ok("CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": LAMBDA }));
        account.ok("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": ALLOW }));
        let aws = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
        account.ok("AttachRolePolicy", json!({ "RoleName": "r", "PolicyArn": aws }));
        account
    }

    #[test]
    fn everything_is_in_the_details() {
        let account = account();
        let all = account.ok("GetAccountAuthorizationDetails", json!({}));
        let user = &all["UserDetailList"]["member"][0];
        assert_eq!(user["GroupList"]["member"], json!(["Group"]));
        assert_eq!(user["Tags"]["member"], json!([{ "Key": "k", "Value": "v" }]));
        let group = &all["GroupDetailList"]["member"][0];
        assert!(group["GroupPolicyList"]["member"][0]["PolicyDocument"].as_str().unwrap().starts_with("%7B"));
        let role = &all["RoleDetailList"]["member"][0];
        assert_eq!(role["AttachedManagedPolicies"]["member"][0]["PolicyName"], "AWSLambdaBasicExecutionRole");
        let policies = all["Policies"]["member"].as_array().unwrap();
        assert_eq!(policies.len(), 2);
        assert_eq!(policies[0]["PolicyVersionList"]["member"][0]["VersionId"], "v1");
        assert_eq!(policies[1]["AttachmentCount"], 1);
    }

    #[test]
    fn pages_run_through_all_kinds_and_filters_hold() {
        let account = account();
        let (mut marker, mut pages) = (json!(null), 0);
        loop {
            let page =
                account.ok("GetAccountAuthorizationDetails", json!({ "MaxItems": "2", "Marker": marker }));
            pages += 1;
            marker = page["Marker"].clone();
            if page["IsTruncated"] == false {
                break;
            }
        }
        assert_eq!(pages, 3);
        let roles = account.ok("GetAccountAuthorizationDetails", json!({ "Filter": ["Role"] }));
        assert_eq!(roles["UserDetailList"]["member"], json!([]));
        assert_eq!(roles["RoleDetailList"]["member"].as_array().unwrap().len(), 1);
    }
}
