//! No group makes administrators.

use crate::account::part::Part;
use crate::account::snapshot::Group;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::privilege::Privileges;
use crate::audit::verdict::{Subject, Verdict};
use crate::policy::breadth::Degree;

const DOCS: Docs = Docs {
    looks_at: "What the managed and inline policies of each group allow together. A group fails that may do \
               everything on everything without a condition, in whatever way that is written, and one with \
               `AdministratorAccess`. When it takes a condition, a person must judge. Boundaries of members are \
               their own and are not counted. Other policies that AWS manages are not read and not counted.",
    why: "Whoever is put into the group is an administrator from then on, and a group is where people are put.",
    fix: "Give the group the permissions that its work takes, and keep one small, named group or role for \
          administrators, as an exception with its reason.",
    sources: &["https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html"],
};

pub(super) const CHECK: Check = Check {
    id: "group-administrator",
    title: "no group makes its members administrators",
    severity: Severity::Medium,
    scope: Scope::Each,
    reads: &[Part::Identity],
    params: &[],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    let identity = look.identity()?;
    let privileges = Privileges::of(look, identity);
    Ok(identity.groups.iter().map(|(name, group)| judge(&privileges, name, group)).collect())
}

fn judge(privileges: &Privileges<'_>, name: &str, group: &Group) -> Verdict {
    let subject = Subject::new(&group.arn, name);
    let privilege = privileges.group(name, group);
    let verdict = match privilege.granted.everything() {
        Degree::Yes => Verdict::fail(subject, "makes its members administrators"),
        Degree::Condition => Verdict::manual(subject, "makes its members administrators under a condition"),
        Degree::Unknown => Verdict::unknown(subject, "has a policy whose document cannot be read"),
        Degree::No => return Verdict::pass(subject, "does not make administrators"),
    };
    verdict.with("PolicyArn, PolicyName", privilege.by.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::account::snapshot::Identity;
    use crate::audit::testing::{attached, aws, group, identified, inline, statuses, verdicts, without};
    use crate::audit::verdict::Status;

    #[test]
    fn what_the_policies_allow_together_decides() {
        let under = json!([{"Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}]);
        let groups = [
            group("a-admin", aws(&["AdministratorAccess"])),
            group("b-both", aws(&["PowerUserAccess", "IAMFullAccess"])),
            group("c-power", aws(&["PowerUserAccess"])),
            group("d-under", inline("X", &under)),
            group("e-gone", attached(&["Gone"])),
        ];
        let snapshot = identified(Identity { groups: groups.into(), ..Identity::default() });
        let found: Vec<Status> = statuses(&CHECK, &snapshot).into_iter().map(|(_, status)| status).collect();
        assert_eq!(found, [Status::Fail, Status::Fail, Status::Pass, Status::Manual, Status::Unknown]);
        assert!(verdicts(&CHECK, &snapshot)[0].evidence[0].1.contains("AdministratorAccess"));
    }

    #[test]
    fn no_groups_and_nothing_read() {
        assert!(verdicts(&CHECK, &identified(Identity::default())).is_empty());
        assert_eq!(without(&CHECK), Part::Identity);
    }
}
