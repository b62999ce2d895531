//! Service-linked roles: made for a service, changed by nobody else, deleted by a task.

use awsim_core::AwsError;
use serde_json::json;

use super::roles;
use crate::sandbox::services::iam::call::Call;
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::store::{self, Grants, Role, Tags};
use crate::sandbox::services::iam::{ids, linked, names};
use crate::sandbox::services::wire;

/// `CreateServiceLinkedRole`.
pub(super) fn create(call: &mut Call<'_>) -> Reply {
    let service = call.text("AWSServiceName")?;
    let description = call.optional("Description");
    names::description(description.as_deref().unwrap_or_default())?;
    let suffix = call.optional("CustomSuffix");
    let known = linked::find(&service);
    let known = known.ok_or_else(|| fault::invalid_input(format!("Service name {service} is not valid.")))?;
    if suffix.is_some() && !known.suffix {
        return Err(fault::invalid_input(format!("Custom suffix is not allowed for {service}")));
    }
    let name = linked::role_name(&service, suffix.as_deref());
    names::name("RoleName", &name, 64)?;
    if call.state.roles.contains_key(&store::key(&name)) {
        let message = format!(
            "Service role name {name} has been taken in this account, please try a different suffix."
        );
        return Err(fault::invalid_input(message));
    }
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Action": ["sts:AssumeRole"],
            "Effect": "Allow",
            "Principal": { "Service": [service] },
        }],
    });
    let policy = format!("arn:{}:iam::aws:policy/aws-service-role/{}", call.ctx.partition, known.policy);
    let role = Role {
        id: ids::unique("AROA")?,
        path: format!("/aws-service-role/{service}/"),
        created: call.now,
        trust: trust.to_string(),
        description,
        max_session: 3_600,
        tags: Tags::default(),
        grants: Grants { attached: [policy].into(), ..Grants::default() },
        last_used: None,
        name,
    };
    let answer = json!({ "Role": roles::full(call, &role) });
    call.state.roles.insert(store::key(&role.name), role);
    Ok(answer)
}

/// `DeleteServiceLinkedRole`: no service here uses its role, so it goes at once, and the task tells that it went.
pub(super) fn delete(call: &mut Call<'_>) -> Reply {
    let name = call.text("RoleName")?;
    let role = call.role_seen(&name)?.clone();
    if !linked::is_linked(&role.path) {
        return Err(fault::invalid_input(format!("The role {name} is not a service-linked role.")));
    }
    call.state.roles.remove(&store::key(&name));
    call.state.service_uses.remove(&role.id);
    let task = format!("task{}{}/{}", role.path, role.name, wire::uuid());
    call.state.role_deletions.insert(task.clone(), call.now);
    Ok(json!({ "DeletionTaskId": task }))
}

/// `GetServiceLinkedRoleDeletionStatus`.
pub(super) fn deletion_status(call: &mut Call<'_>) -> Reply {
    let task = call.text("DeletionTaskId")?;
    let known: Option<_> = call.state.role_deletions.get(&task);
    let absent = || -> AwsError { fault::no_such_entity(format!("Deletion task {task} cannot be found.")) };
    known.map(|_| json!({ "Status": "SUCCEEDED" })).ok_or_else(absent)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ALLOW, Account};
    use super::*;

    #[test]
    fn only_the_service_changes_its_role() {
        let account = Account::new();
        let service = json!({ "AWSServiceName": "access-analyzer.amazonaws.com" });
        let made = account.ok("CreateServiceLinkedRole", service.clone());
        let name = &made["Role"]["RoleName"];
        assert_eq!(name, "AWSServiceRoleForAccessAnalyzer");
        assert_eq!(
            made["Role"]["Arn"],
            "arn:aws:iam::123456789012:role/aws-service-role/access-analyzer.amazonaws.com/AWSServiceRoleForAccessAnalyzer"
        );
        let (code, status, message) = account.refused("CreateServiceLinkedRole", service);
        assert_eq!((code.as_str(), status), ("InvalidInput", 400));
        assert!(
            message.ends_with("has been taken in this account, please try a different suffix."),
            "{message}"
        );
        for (operation, input) in [
            ("DeleteRole", json!({ "RoleName": name })),
            ("PutRolePolicy", json!({ "RoleName": name, "PolicyName": "p", "PolicyDocument": ALLOW })),
            (
                "AttachRolePolicy",
                json!({ "RoleName": name, "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess" }),
            ),
        ] {
            assert_eq!(account.refused(operation, input).0, "UnmodifiableEntity", "{operation}");
        }
        let task = account.ok("DeleteServiceLinkedRole", json!({ "RoleName": name }));
        let id = task["DeletionTaskId"].as_str().unwrap();
        assert!(id.starts_with(
            "task/aws-service-role/access-analyzer.amazonaws.com/AWSServiceRoleForAccessAnalyzer/"
        ));
        assert_eq!(account.ok("GetServiceLinkedRoleDeletionStatus", task)["Status"], "SUCCEEDED");
        assert_eq!(account.refused("GetRole", json!({ "RoleName": name })).0, "NoSuchEntity");
    }

    #[test]
    fn the_policies_of_services_cannot_be_attached() {
        let account = Account::new();
        account.user("u");
        let arn = "arn:aws:iam::aws:policy/aws-service-role/AccessAnalyzerServiceRolePolicy";
        let (code, status, message) =
            account.refused("AttachUserPolicy", json!({ "UserName": "u", "PolicyArn": arn }));
        assert_eq!((code.as_str(), status), ("PolicyNotAttachable", 400));
        assert_eq!(message, "Cannot attach a Service Role Policy to a Customer User.");
    }
}
