//! Every group has members.

use std::collections::BTreeMap;

use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::shell;
use crate::audit::verdict::{Subject, Verdict};

const DOCS: Docs = Docs {
    looks_at: "How many users are in each group, by the groups that the users name (`GroupList`).",
    why: "Nobody reviews a group that nobody is in, and what it grants waits for whoever is put into it.",
    fix: "Delete the group once its policies are off: `aws iam detach-group-policy --group-name NAME --policy-arn \
          ARN`, `aws iam delete-group --group-name NAME`.",
    sources: &["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_groups.html"],
};

pub(super) const CHECK: Check = Check {
    id: "group-without-members",
    title: "every group has members",
    severity: Severity::Low,
    scope: Scope::Each,
    reads: &[Part::Identity],
    params: &[],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    let identity = look.identity()?;
    let mut members: BTreeMap<&str, usize> = BTreeMap::new();
    for group in identity.users.values().flat_map(|user| &user.groups) {
        *members.entry(group.as_str()).or_default() += 1;
    }
    let judge = identity.groups.iter().map(|(name, group)| {
        let subject = Subject::new(&group.arn, name);
        let count = members.get(name.as_str()).copied().unwrap_or_default();
        let verdict = if count == 0 {
            let group = shell::option("--group-name", name);
            Verdict::fail(subject, "has no members")
                .fix(format!("Take its policies off and delete it: `aws iam delete-group {group}`."))
        } else {
            Verdict::pass(subject, format!("has members ({count})"))
        };
        verdict.with("Users", count.to_string())
    });
    Ok(judge.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::snapshot::{Identity, Policies};
    use crate::audit::testing::{group, identified, statuses, user, verdicts, without};
    use crate::audit::verdict::Status;

    #[test]
    fn one_member_is_enough() {
        let snapshot = identified(Identity {
            users: [user("ann", &["full"], Policies::default())].into(),
            groups: [group("empty", Policies::default()), group("full", Policies::default())].into(),
            ..Identity::default()
        });
        let expected = [("empty", Status::Fail), ("full", Status::Pass)];
        assert_eq!(statuses(&CHECK, &snapshot), expected.map(|(name, status)| (name.to_owned(), status)));
        assert!(verdicts(&CHECK, &identified(Identity::default())).is_empty());
        assert_eq!(without(&CHECK), Part::Identity);
    }
}
