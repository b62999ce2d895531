//! Users get their permissions through groups.

use crate::account::part::Part;
use crate::account::snapshot::User;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::shell;
use crate::audit::verdict::{Subject, Verdict};

const DOCS: Docs = Docs {
    looks_at: "The policies that are attached to each user, and those written into it (`AttachedManagedPolicies`, \
               `UserPolicyList`). A permissions boundary grants nothing and is not counted.",
    why: "Permissions that hang on single users are seen by nobody who reviews groups, and stay when the user's work \
          changes.",
    fix: "Attach the policy to a group (`aws iam attach-group-policy`), put the user into it (`aws iam \
          add-user-to-group`), then take it from the user: `aws iam detach-user-policy --user-name NAME --policy-arn \
          ARN` or `aws iam delete-user-policy --user-name NAME --policy-name POLICY`.",
    sources: &["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_users_change-permissions.html"],
};

pub(super) const CHECK: Check = Check {
    id: "user-direct-policy",
    title: "users get their permissions through groups only",
    severity: Severity::Low,
    scope: Scope::Each,
    reads: &[Part::Identity],
    params: &[],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    Ok(look.identity()?.users.iter().map(|(name, user)| judge(name, user)).collect())
}

fn judge(name: &str, user: &User) -> Verdict {
    let subject = Subject::new(&user.arn, name);
    let (attached, inline) = (&user.policies.attached, &user.policies.inline);
    if attached.is_empty() && inline.is_empty() {
        return Verdict::pass(subject, "has no policy of its own")
            .with("AttachedManagedPolicies", "[]")
            .with("UserPolicyList", "[]");
    }
    let user = shell::option("--user-name", name);
    let detach = attached.iter().map(|arn| {
        format!("aws iam detach-user-policy {user} {}", shell::option("--policy-arn", arn))
    });
    let delete = inline.keys().map(|policy| {
        format!("aws iam delete-user-policy {user} {}", shell::option("--policy-name", policy))
    });
    let commands: Vec<String> = detach.chain(delete).collect();
    let message = match (attached.len(), inline.len()) {
        (managed, 0) => format!("has managed policies attached to itself ({managed})"),
        (0, inline) => format!("has inline policies ({inline})"),
        (managed, inline) => {
            format!("has managed policies attached to itself ({managed}) and inline policies ({inline})")
        }
    };
    let attached: Vec<&str> = attached.iter().map(String::as_str).collect();
    let inline: Vec<&str> = inline.keys().map(String::as_str).collect();
    Verdict::fail(subject, message)
        .with("AttachedManagedPolicies", attached.join(", "))
        .with("UserPolicyList", inline.join(", "))
        .fix(format!(
            "Give a group of the user's the same policies, then take them from the user: `{}`.",
            commands.join("`, `")
        ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::account::snapshot::{Identity, Policies};
    use crate::audit::testing::{aws, identified, inline, statuses, user, verdicts, without};
    use crate::audit::verdict::Status;

    #[test]
    fn a_policy_of_its_own_fails_and_a_boundary_is_none() {
        let boundary = Policies { boundary: Some("arn:aws:iam::aws:policy/X".into()), ..Policies::default() };
        let users = [
            user("attached", &["g"], aws(&["ReadOnlyAccess"])),
            user("bound", &["g"], boundary),
            user("inline", &[], inline("Own", &json!([]))),
        ];
        let snapshot = identified(Identity { users: users.into(), ..Identity::default() });
        let found = statuses(&CHECK, &snapshot).into_iter().map(|(_, status)| status);
        assert_eq!(found.collect::<Vec<_>>(), [Status::Fail, Status::Pass, Status::Fail]);
        let found = verdicts(&CHECK, &snapshot);
        assert!(found[2].fix.as_deref().unwrap().contains("delete-user-policy --user-name inline --policy-name Own"));
    }

    #[test]
    fn no_users_and_nothing_read() {
        assert!(verdicts(&CHECK, &identified(Identity::default())).is_empty());
        assert_eq!(without(&CHECK), Part::Identity);
    }
}
