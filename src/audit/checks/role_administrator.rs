//! No role is an administrator.

use crate::account::part::Part;
use crate::account::snapshot::Role;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::held::is_service_linked;
use crate::audit::privilege::Privileges;
use crate::audit::trust::{Who, doors};
use crate::audit::verdict::{Subject, Verdict};
use crate::policy::breadth::Degree;

const DOCS: Docs = Docs {
    looks_at: "What the managed and inline policies of each role allow together, within its boundary. A role fails \
               that may do everything on everything without a condition, in whatever way that is written, and one \
               with `AdministratorAccess`. When it takes a condition, a person must judge. A role that only services \
               may assume fails all the same: whoever may hand it to a service (`iam:PassRole`) works with it. Roles \
               that a service of AWS made for itself are not counted, since nobody can change them. Other policies \
               that AWS manages are not read and not counted.",
    why: "A role of administrators is as strong as the weakest of those who may assume it or hand it on.",
    fix: "Give the role the permissions that its work takes, or a permissions boundary (`aws iam \
          put-role-permissions-boundary --role-name NAME --permissions-boundary ARN`). Keep one named role for \
          administrators, as an exception with its reason.",
    sources: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
    ],
};

pub(super) const CHECK: Check = Check {
    id: "role-administrator",
    title: "no role is an administrator",
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
    Ok(identity.roles.iter().map(|(name, role)| judge(&privileges, name, role)).collect())
}

fn judge(privileges: &Privileges<'_>, name: &str, role: &Role) -> Verdict {
    let subject = Subject::new(&role.arn, name);
    if is_service_linked(&role.arn) {
        return Verdict::not_applicable(subject, "is a service's own role, which nobody here can change");
    }
    let privilege = privileges.role(name, role);
    let verdict = match privilege.granted.everything() {
        Degree::Yes if is_for_services(role) => {
            Verdict::fail(subject, "is an administrator for services, and so for whoever may pass it to one")
        }
        Degree::Yes => Verdict::fail(subject, "is an administrator"),
        Degree::Condition => Verdict::manual(subject, "is an administrator under a condition"),
        Degree::Unknown => Verdict::unknown(subject, "has a policy or boundary whose document was not read"),
        Degree::No => return Verdict::pass(subject, "is no administrator"),
    };
    verdict.with("PolicyArn, PolicyName", privilege.by.join(", "))
}

fn is_for_services(role: &Role) -> bool {
    let who = doors(role).unwrap_or_default().iter().flat_map(crate::audit::trust::Door::who).collect::<Vec<_>>();
    !who.is_empty() && who.iter().all(|who| matches!(who, Who::Service(_)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::account::snapshot::{Identity, Policies};
    use crate::audit::testing::{aws, identified, only, role, verdicts, without};
    use crate::audit::verdict::Status;

    fn verdict(trust: &Value, policies: Policies, path: &str) -> Verdict {
        let (name, mut role) = role("r", trust, policies);
        role.arn = format!("arn:aws:iam::123456789012:role/{path}r");
        only(&CHECK, &identified(Identity { roles: [(name, role)].into(), ..Identity::default() }))
    }

    #[test]
    fn administrators_fail_whoever_assumes_them() {
        let service = json!([{"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": "lambda.amazonaws.com"}}]);
        let admin = || aws(&["AdministratorAccess"]);
        let found = verdict(&service, admin(), "");
        assert_eq!(found.status, Status::Fail);
        assert!(found.message.contains("services"), "{}", found.message);
        assert!(!verdict(&json!([]), admin(), "").message.contains("services"));
        assert_eq!(verdict(&service, aws(&["PowerUserAccess"]), "").status, Status::Pass);
        let path = "aws-service-role/x.amazonaws.com/";
        assert_eq!(verdict(&service, admin(), path).status, Status::NotApplicable);
    }

    #[test]
    fn a_boundary_counts_and_an_unread_one_is_unknown() {
        let bounded = |name: &str| {
            let boundary = Some(format!("arn:aws:iam::aws:policy/{name}"));
            verdict(&json!([]), Policies { boundary, ..aws(&["AdministratorAccess"]) }, "").status
        };
        assert_eq!(bounded("PowerUserAccess"), Status::Pass);
        assert_eq!(bounded("Other"), Status::Unknown);
    }

    #[test]
    fn no_roles_and_nothing_read() {
        assert!(verdicts(&CHECK, &identified(Identity::default())).is_empty());
        assert_eq!(without(&CHECK), Part::Identity);
    }
}
