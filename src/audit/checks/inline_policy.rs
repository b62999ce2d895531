//! Permissions come from managed policies.

use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::held::{Holder, holders, is_service_linked};
use crate::audit::shell;
use crate::audit::verdict::{Subject, Verdict};

const DOCS: Docs = Docs {
    looks_at: "The policies that are written into users, groups and roles (`UserPolicyList`, `GroupPolicyList`, \
               `RolePolicyList`). Roles that a service of AWS made for itself are not counted.",
    why: "An inline policy has no versions to go back to, cannot be given to somebody else, and is in no list of \
          policies; it is changed where nobody looks.",
    fix: "Make a managed policy of it (`aws iam create-policy --policy-name NAME --policy-document file://FILE`), attach \
          that, and delete the inline one (`aws iam delete-user-policy`, `delete-group-policy`, \
          `delete-role-policy`).",
    sources: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html",
    ],
};

pub(super) const CHECK: Check = Check {
    id: "inline-policy",
    title: "no policy is written into a user, a group or a role",
    severity: Severity::Low,
    scope: Scope::Each,
    reads: &[Part::Identity],
    params: &[],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    Ok(holders(look.identity()?).map(judge).collect())
}

fn judge(holder: Holder<'_>) -> Verdict {
    let subject = Subject::new(holder.arn, holder.name);
    let inline = &holder.policies.inline;
    if is_service_linked(holder.arn) {
        return Verdict::not_applicable(subject, "is a service's own role, which nobody here can change");
    }
    if inline.is_empty() {
        return Verdict::pass(subject, "has no inline policy");
    }
    let kind = holder.kind;
    let from = shell::option(&format!("--{kind}-name"), holder.name);
    let delete: Vec<String> = inline
        .keys()
        .map(|name| format!("aws iam delete-{kind}-policy {from} {}", shell::option("--policy-name", name)))
        .collect();
    let names: Vec<&str> = inline.keys().map(String::as_str).collect();
    Verdict::fail(subject, format!("has inline policies ({})", inline.len()))
        .with("PolicyName", names.join(", "))
        .fix(format!("Attach a managed policy of the same content, then: `{}`.", delete.join("`, `")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::account::snapshot::{Identity, Policies};
    use crate::audit::testing::{aws, group, identified, inline, role, user, verdicts, without};
    use crate::audit::verdict::Status;

    #[test]
    fn every_kind_of_holder_is_looked_at() {
        let own = || inline("it's", &json!([]));
        let mut linked = role("linked", &json!([]), own());
        linked.1.arn = "arn:aws:iam::123456789012:role/aws-service-role/x.amazonaws.com/linked".into();
        let snapshot = identified(Identity {
            users: [user("ann", &[], own()), user("ben", &[], aws(&["ReadOnlyAccess"]))].into(),
            groups: [group("g", own()), group("h", Policies::default())].into(),
            roles: [linked, role("r", &json!([]), own())].into(),
            ..Identity::default()
        });
        let found = verdicts(&CHECK, &snapshot);
        let (fail, pass) = (Status::Fail, Status::Pass);
        let statuses: Vec<Status> = found.iter().map(|verdict| verdict.status).collect();
        assert_eq!(statuses, [fail, pass, fail, pass, Status::NotApplicable, fail]);
        let fix = found[5].fix.as_deref().unwrap();
        assert!(fix.contains(r"delete-role-policy --role-name r --policy-name 'it'\''s'"), "{fix}");
    }

    #[test]
    fn nobody_there_and_nothing_read() {
        assert!(verdicts(&CHECK, &identified(Identity::default())).is_empty());
        assert_eq!(without(&CHECK), Part::Identity);
    }
}
