//! Every group grants something.

use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::shell;
use crate::audit::verdict::{Subject, Verdict};

const DOCS: Docs = Docs {
    looks_at: "Whether each group has a managed policy attached or an inline policy.",
    why: "A group that grants nothing is forgotten, or is meant to grant something it does not. The policy that \
          somebody attaches one day takes effect for everybody who was put into it before.",
    fix: "Attach the policy that the group is for (`aws iam attach-group-policy --group-name NAME --policy-arn ARN`), \
          or delete the group (`aws iam delete-group --group-name NAME`, when it has no members).",
    sources: &["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_groups.html"],
};

pub(super) const CHECK: Check = Check {
    id: "group-without-policies",
    title: "every group has a policy",
    severity: Severity::Low,
    scope: Scope::Each,
    reads: &[Part::Identity],
    params: &[],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    let groups = look.identity()?.groups.iter();
    let judge = groups.map(|(name, group)| {
        let (attached, inline) = (group.policies.attached.len(), group.policies.inline.len());
        let subject = Subject::new(&group.arn, name);
        let verdict = if attached + inline == 0 {
            let group = shell::option("--group-name", name);
            Verdict::fail(subject, "has no policy").fix(format!(
                "Attach a policy (`aws iam attach-group-policy {group} --policy-arn ARN`) or delete the group (`aws \
                 iam delete-group {group}`)."
            ))
        } else {
            Verdict::pass(subject, "has a policy")
        };
        verdict
            .with("AttachedManagedPolicies", attached.to_string())
            .with("GroupPolicyList", inline.to_string())
    });
    Ok(judge.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::account::snapshot::{Identity, Policies};
    use crate::audit::testing::{aws, group, identified, inline, statuses, verdicts, without};
    use crate::audit::verdict::Status;

    #[test]
    fn any_policy_is_enough() {
        let groups = [
            group("a", aws(&["ReadOnlyAccess"])),
            group("b", inline("x", &json!([]))),
            group("c", Policies::default()),
        ];
        let snapshot = identified(Identity { groups: groups.into(), ..Identity::default() });
        let found: Vec<Status> = statuses(&CHECK, &snapshot).into_iter().map(|(_, status)| status).collect();
        assert_eq!(found, [Status::Pass, Status::Pass, Status::Fail]);
        assert!(verdicts(&CHECK, &identified(Identity::default())).is_empty());
        assert_eq!(without(&CHECK), Part::Identity);
    }
}
