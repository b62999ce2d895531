//! Somebody can turn to AWS Support.

use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::held::holders;
use crate::audit::trust::doors;
use crate::audit::verdict::Verdict;

const DOCS: Docs = Docs {
    looks_at: "Roles with the policy `AWSSupportAccess` attached whose trust policy lets anybody in. A user or a group \
               with the policy is told but is no role; neither are administrators counted, who may ask for support \
               as well.",
    why: "In an incident the case with AWS Support has to be opened by somebody who may, and who need not be an \
          administrator for it.",
    fix: "`aws iam create-role --role-name Support --assume-role-policy-document file://FILE`, then `aws iam \
          attach-role-policy --role-name Support --policy-arn arn:aws:iam::aws:policy/AWSSupportAccess`.",
    sources: &["https://docs.aws.amazon.com/awssupport/latest/user/accessing-support.html"],
};

pub(super) const CHECK: Check = Check {
    id: "support-role-missing",
    title: "a role may manage cases with AWS Support",
    severity: Severity::Low,
    scope: Scope::Account,
    reads: &[Part::Identity],
    params: &[],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    let identity = look.identity()?;
    let policy = format!("arn:{}:iam::aws:policy/AWSSupportAccess", look.snapshot.partition);
    let (mut open, mut closed, mut odd) = (vec![], vec![], vec![]);
    for (name, role) in &identity.roles {
        if role.policies.attached.contains(&policy) {
            match doors(role) {
                Ok(doors) if doors.is_empty() => closed.push(name.as_str()),
                Ok(_) => open.push(name.as_str()),
                Err(_) => odd.push(name.as_str()),
            }
        }
    }
    let others: Vec<&str> = holders(identity)
        .filter(|holder| holder.kind != "role" && holder.policies.attached.contains(&policy))
        .map(|holder| holder.name)
        .collect();
    let subject = look.account();
    let verdict = if !open.is_empty() {
        Verdict::pass(subject, "has a role with AWSSupportAccess")
    } else if !odd.is_empty() {
        Verdict::unknown(subject, "has a role with AWSSupportAccess whose trust policy cannot be read")
    } else if !closed.is_empty() {
        Verdict::fail(subject, "has a role with AWSSupportAccess, which nobody may assume")
    } else if !others.is_empty() {
        Verdict::fail(subject, "has AWSSupportAccess attached to users or groups, and to no role")
    } else {
        Verdict::fail(subject, "has AWSSupportAccess attached to nobody")
    };
    let roles = [open, odd, closed].concat();
    Ok(vec![verdict.with("PolicyRoles", roles.join(", ")).with("PolicyUsers, PolicyGroups", others.join(", "))])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::account::snapshot::Identity;
    use crate::audit::testing::{aws, identified, only, role, user, without};
    use crate::audit::verdict::Status;

    fn with(trust: &Value) -> Status {
        let roles = [role("Support", trust, aws(&["AWSSupportAccess"]))].into();
        only(&CHECK, &identified(Identity { roles, ..Identity::default() })).status
    }

    #[test]
    fn a_role_that_somebody_may_assume_passes() {
        let door = json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "123456789012"}}]);
        assert_eq!(with(&door), Status::Pass);
        let shut = json!([{"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]);
        assert_eq!(with(&shut), Status::Fail);
        assert_eq!(with(&json!([{"Effect": "allow"}])), Status::Unknown);
    }

    #[test]
    fn users_are_told_and_do_not_count() {
        assert_eq!(only(&CHECK, &identified(Identity::default())).status, Status::Fail);
        let users = [user("ann", &[], aws(&["AWSSupportAccess"]))].into();
        let verdict = only(&CHECK, &identified(Identity { users, ..Identity::default() }));
        assert_eq!(verdict.status, Status::Fail);
        assert!(verdict.message.contains("no role"), "{}", verdict.message);
        assert_eq!(without(&CHECK), Part::Identity);
    }
}
