use serde_json::{Value, json};

use super::super::Iam;
use crate::clock::Clock;
use crate::sandbox::services::Service as _;
use crate::sandbox::services::need::testing::{caller, check, complete, lines};
use awsim_core::{RequestContext, ServiceHandler as _};

struct Lab {
    iam: Iam,
    root: RequestContext,
    user: RequestContext,
    key: String,
}

fn lab() -> Lab {
    let iam = Iam::new("123456789012", Clock::fixed("2026-01-01T00:00:00Z".parse().unwrap()));
    let root = caller("iam", Some(iam.administrator_key().0));
    let call = |operation: &str, input: Value| {
        futures::executor::block_on(iam.handle(operation, input, &root)).unwrap()
    };
    let tags = json!([{ "Key": "team", "Value": "red" }]);
    let boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    call(
        "CreateUser",
        json!({ "UserName": "Ann", "Path": "/lab/", "Tags": tags, "PermissionsBoundary": boundary }),
    );
    call("CreateGroup", json!({ "GroupName": "Auditors", "Path": "/lab/" }));
    let key = call("CreateAccessKey", json!({ "UserName": "Ann" }))["AccessKey"]["AccessKeyId"].clone();
    let key = key.as_str().unwrap().to_owned();
    let user = caller("iam", Some(key.clone()));
    Lab { iam, root, user, key }
}

const ARN: &str = "arn:aws:iam::123456789012:";

fn check_as(ctx: &RequestContext, iam: &Iam, rows: &[(&str, Value, &str)]) {
    for (operation, input, expected) in rows {
        let found = lines(&iam.needs(operation, input, ctx)).join("\n").replace(ARN, ":");
        assert_eq!(found, *expected, "{operation} {input}");
    }
}

#[test]
fn resources_are_named_with_their_paths_and_shown_as_aws_shows_them() {
    let lab = lab();
    let tags = "aws:ResourceTag/team=red iam:ResourceTag/team=red";
    let rows = [
        ("AddUserToGroup", json!({ "GroupName": "auditors", "UserName": "Ann" }),
            "iam:AddUserToGroup :group/lab/Auditors (as group auditors)".to_owned()),
        ("RemoveUserFromGroup", json!({ "GroupName": "nobody", "UserName": "Ann" }),
            "iam:RemoveUserFromGroup :group/nobody (as group nobody)".to_owned()),
        ("GetUser", json!({ "UserName": "Ann" }), format!("iam:GetUser :user/lab/Ann (as user Ann) {tags}")),
        ("GetUser", json!({ "UserName": "Bob" }), "iam:GetUser :user/Bob (as user Bob)".to_owned()),
        ("CreateUser", json!({ "UserName": "Bob", "Path": "/x/" }), "iam:CreateUser :user/x/Bob".to_owned()),
        ("CreatePolicy", json!({ "PolicyName": "p" }), "iam:CreatePolicy :policy/p (as policy p)".to_owned()),
        ("GetPolicy", json!({ "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess" }),
            "iam:GetPolicy arn:aws:iam::aws:policy/ReadOnlyAccess (as policy arn:aws:iam::aws:policy/ReadOnlyAccess)"
                .to_owned()),
        ("ListUsers", json!({}), "iam:ListUsers :user/".to_owned()),
        ("ListUsers", json!({ "PathPrefix": "/lab/" }), "iam:ListUsers :user/lab/".to_owned()),
        ("ListPolicies", json!({}), "iam:ListPolicies * (as policy path /)".to_owned()),
        ("GetAccountSummary", json!({}), "iam:GetAccountSummary *".to_owned()),
        ("GetAccountPasswordPolicy", json!({}), "iam:GetAccountPasswordPolicy * (as )".to_owned()),
        ("GetAccessKeyLastUsed", json!({ "AccessKeyId": lab.key }),
            format!("iam:GetAccessKeyLastUsed :user/lab/Ann (as user Ann) {tags}")),
        ("SimulatePrincipalPolicy", json!({ "PolicySourceArn": "arn:aws:iam::123456789012:user/lab/Ann" }),
            format!("iam:SimulatePrincipalPolicy :user/lab/Ann {tags}")),
        ("CreateVirtualMFADevice", json!({ "VirtualMFADeviceName": "d" }), "iam:CreateVirtualMFADevice :mfa/d".to_owned()),
        ("CreateServiceLinkedRole", json!({ "AWSServiceName": "access-analyzer.amazonaws.com" }),
            "iam:CreateServiceLinkedRole \
             :role/aws-service-role/access-analyzer.amazonaws.com/AWSServiceRoleForAccessAnalyzer \
             iam:AWSServiceName=access-analyzer.amazonaws.com".to_owned()),
    ];
    let rows: Vec<_> = rows.iter().map(|(name, input, line)| (*name, input.clone(), line.as_str())).collect();
    check_as(&lab.root, &lab.iam, &rows);
}

#[test]
fn without_a_name_it_is_about_the_calling_user() {
    let lab = lab();
    for operation in ["GetUser", "ChangePassword", "CreateAccessKey", "ListMFADevices", "GetLoginProfile"] {
        let needs = lab.iam.needs(operation, &json!({}), &lab.user);
        assert_eq!(needs[0].resource, "arn:aws:iam::123456789012:user/lab/Ann", "{operation}");
        // Nobody to be about: IAM refuses the call before it asks for permissions.
        assert!(lab.iam.needs(operation, &json!({}), &lab.root).is_empty(), "{operation}");
    }
}

#[test]
fn condition_keys_and_further_permissions() {
    let lab = lab();
    let bound = "iam:PermissionsBoundary=arn:aws:iam::aws:policy/ReadOnlyAccess";
    let tags = "aws:ResourceTag/team=red iam:ResourceTag/team=red";
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    let rows = [
        (
            "AttachUserPolicy",
            json!({ "UserName": "Ann", "PolicyArn": admin }),
            format!("iam:AttachUserPolicy :user/lab/Ann (as user Ann) {tags} {bound} iam:PolicyARN={admin}"),
        ),
        (
            "PutUserPermissionsBoundary",
            json!({ "UserName": "Ann", "PermissionsBoundary": admin }),
            format!(
                "iam:PutUserPermissionsBoundary :user/lab/Ann (as user Ann) {tags} iam:PermissionsBoundary={admin}"
            ),
        ),
        (
            "CreateUser",
            json!({ "UserName": "b", "PermissionsBoundary": admin, "Tags": [{ "Key": "k", "Value": "v" }] }),
            format!(
                "iam:CreateUser :user/b iam:PermissionsBoundary={admin} aws:RequestTag/k=v aws:TagKeys=k\n\
                     iam:TagUser :user/b iam:PermissionsBoundary={admin} aws:RequestTag/k=v aws:TagKeys=k"
            ),
        ),
        (
            "CreatePolicy",
            json!({ "PolicyName": "p", "Tags": [{ "Key": "k", "Value": "v" }] }),
            "iam:CreatePolicy :policy/p (as policy p) aws:RequestTag/k=v aws:TagKeys=k\n\
             iam:TagPolicy :policy/p (as policy p) aws:RequestTag/k=v aws:TagKeys=k"
                .to_owned(),
        ),
        (
            "UntagUser",
            json!({ "UserName": "Ann", "TagKeys": ["team"] }),
            format!("iam:UntagUser :user/lab/Ann {tags} aws:TagKeys=team"),
        ),
        (
            "UpdateUser",
            json!({ "UserName": "Ann", "NewUserName": "Anna" }),
            format!(
                "iam:UpdateUser :user/lab/Ann (as user Ann) {tags}\niam:UpdateUser :user/lab/Anna {tags}"
            ),
        ),
        (
            "UpdateGroup",
            json!({ "GroupName": "Auditors", "NewPath": "/" }),
            "iam:UpdateGroup :group/lab/Auditors (as group Auditors)\niam:UpdateGroup :group/Auditors"
                .to_owned(),
        ),
        (
            "AddRoleToInstanceProfile",
            json!({ "InstanceProfileName": "p", "RoleName": "r" }),
            "iam:AddRoleToInstanceProfile :instance-profile/p (as instance profile p)\n\
             iam:PassRole :role/r iam:PassedToService=ec2.amazonaws.com"
                .to_owned(),
        ),
        (
            "CreateServiceSpecificCredential",
            json!({ "UserName": "b", "ServiceName": "codecommit.amazonaws.com" }),
            "iam:CreateServiceSpecificCredential :user/b (as user b) \
             iam:ServiceSpecificCredentialServiceName=codecommit.amazonaws.com"
                .to_owned(),
        ),
    ];
    let rows: Vec<_> = rows.iter().map(|(name, input, line)| (*name, input.clone(), line.as_str())).collect();
    check_as(&lab.root, &lab.iam, &rows);
}

#[test]
fn every_operation_needs_a_permission() {
    let lab = lab();
    complete(&lab.iam, &lab.user, &json!({}), &[]);
    check(&lab.iam, &lab.root, &[("NoSuchOperation", json!({}), &[])]);
}
