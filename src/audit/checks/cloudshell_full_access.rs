//! Nobody has all of `CloudShell` by the policy AWS makes for it.

use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::held::holders;
use crate::audit::shell;
use crate::audit::verdict::{Subject, Verdict};

const DOCS: Docs = Docs {
    looks_at: "Users, groups and roles with the policy `AWSCloudShellFullAccess` attached. Each is a failure of its \
               own; when there is none, the account passes. Administrators may use CloudShell as well and are not \
               counted here.",
    why: "The policy also allows files to be sent out of and into the shell, a way for data to leave that no bucket \
          policy sees.",
    fix: "Detach it and attach a policy of your own that leaves out `cloudshell:GetFileDownloadUrls` and \
          `cloudshell:GetFileUploadUrls`.",
    sources: &["https://docs.aws.amazon.com/cloudshell/latest/userguide/sec-auth-with-identities.html"],
};

pub(super) const CHECK: Check = Check {
    id: "cloudshell-full-access",
    title: "nobody has AWSCloudShellFullAccess attached",
    severity: Severity::Medium,
    scope: Scope::Account,
    reads: &[Part::Identity],
    params: &[],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    let identity = look.identity()?;
    let policy = format!("arn:{}:iam::aws:policy/AWSCloudShellFullAccess", look.snapshot.partition);
    let verdicts: Vec<Verdict> = holders(identity)
        .filter(|holder| holder.policies.attached.contains(&policy))
        .map(|holder| {
            let kind = holder.kind;
            let from = shell::option(&format!("--{kind}-name"), holder.name);
            Verdict::fail(Subject::new(holder.arn, holder.name), "has AWSCloudShellFullAccess attached")
                .with("AttachedManagedPolicies", policy.clone())
                .fix(format!("`aws iam detach-{kind}-policy {from} --policy-arn {policy}`"))
        })
        .collect();
    if verdicts.is_empty() {
        let message = "has AWSCloudShellFullAccess attached to no user, group or role";
        return Ok(vec![Verdict::pass(look.account(), message)]);
    }
    Ok(verdicts)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::account::snapshot::Identity;
    use crate::audit::testing::{aws, group, identified, only, role, statuses, user, without};
    use crate::audit::verdict::{ACCOUNT, Status};

    #[test]
    fn every_holder_is_named() {
        let shell = || aws(&["AWSCloudShellFullAccess"]);
        let snapshot = identified(Identity {
            users: [user("ann", &[], shell()), user("ben", &[], aws(&["AdministratorAccess"]))].into(),
            groups: [group("g", shell())].into(),
            roles: [role("r", &json!([]), shell())].into(),
            ..Identity::default()
        });
        let names = ["ann", "g", "r"].map(|name| (name.to_owned(), Status::Fail));
        assert_eq!(statuses(&CHECK, &snapshot), names);
    }

    #[test]
    fn an_account_without_holders_passes() {
        let verdict = only(&CHECK, &identified(Identity::default()));
        assert_eq!((verdict.subject.name.as_str(), verdict.status), (ACCOUNT, Status::Pass));
        assert_eq!(without(&CHECK), Part::Identity);
    }
}
