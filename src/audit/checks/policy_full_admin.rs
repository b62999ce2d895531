//! No policy of the account's own grants everything.

use serde_json::Value;

use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Param, Scope, Severity, Unread};
use crate::audit::held::{Standing, Written, written};
use crate::audit::verdict::{Status, Subject, Verdict};
use crate::policy::breadth::{Degree, Questions};
use crate::policy::document::PolicyDocument;
use crate::policy::statement::Policy;

const DOCS: Docs = Docs {
    looks_at: "The default version of every customer-managed policy, and every inline policy (those of one holder \
               together, as `Holder/inline Name`). It counts what the statements that allow mean, not how they are \
               written: a policy fails when without a condition it allows actions that nobody names on resources \
               that nobody names, and IAM's own among them, be it by `*`, `*:*`, `NotAction`, `NotResource` or \
               several statements together. When that takes a condition, or when the policy leaves IAM out, a person \
               must judge. Denials beside it are not counted. A policy that only serves as permissions boundary \
               grants nothing. Policies that AWS manages are not the account's. Older versions are not looked at, \
               though whoever may set the default version can bring them back.",
    why: "Whoever gets such a policy is an administrator, whatever its name says.",
    fix: "Find out what is needed (`aws iam generate-service-last-accessed-details --arn ARN`), write that into the \
          policy (`aws iam create-policy-version --policy-arn ARN --policy-document file://FILE --set-as-default`) and \
          delete the old version.",
    sources: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html",
    ],
};

pub(super) const CHECK: Check = Check {
    id: "policy-full-admin",
    title: "no policy of the account's own grants everything",
    severity: Severity::High,
    scope: Scope::Each,
    reads: &[Part::Identity],
    params: &[Param {
        name: "unattached",
        default: 1,
        about: "1: policies that nobody has fail too; 0: they are not counted",
    }],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    let questions = Questions::new(&look.snapshot.partition, &look.snapshot.account);
    let counts_unattached = look.param("unattached") != 0;
    let policies = written(look.identity()?);
    Ok(policies.into_iter().map(|policy| judge(&questions, policy, counts_unattached)).collect())
}

fn judge(questions: &Questions, policy: Written<'_>, counts_unattached: bool) -> Verdict {
    let standing = match policy.standing {
        Standing::Boundary => {
            return Verdict::not_applicable(policy.subject, "is used as a permissions boundary only");
        }
        Standing::Unattached if !counts_unattached => {
            return Verdict::not_applicable(policy.subject, "is attached to nobody");
        }
        Standing::Unattached => "; it is attached to nobody",
        Standing::Attached | Standing::Inline => "",
    };
    // The worst of a holder's inline policies speaks for all.
    let verdicts = policy.documents.iter().map(|document| grade(questions, &policy.subject, *document));
    let worst = verdicts.max_by_key(|verdict| verdict.status.gravity());
    let Some(mut verdict) = worst else { return Verdict::pass(policy.subject, "has no document") };
    if matches!(verdict.status, Status::Fail | Status::Manual) {
        verdict.message.push_str(standing);
    }
    verdict
}

fn grade(questions: &Questions, subject: &Subject, document: Option<&PolicyDocument>) -> Verdict {
    let subject = subject.clone();
    let Some(document) = document else {
        return Verdict::unknown(subject, "has a document that the listing left out");
    };
    let policy = match Policy::parse(&document.to_text()) {
        Ok(policy) => policy,
        Err(error) => return Verdict::unknown(subject, format!("has a document that cannot be read: {error}")),
    };
    let granted = questions.ask(&policy).allowed();
    if granted.rest == Degree::No {
        return Verdict::pass(subject, "does not allow everything");
    }
    let broad = Broad::of(document, &questions.broad(&policy));
    let verdict = match granted.everything() {
        Degree::Yes if broad.is_negated => {
            Verdict::fail(subject, "allows everything but what it names, IAM included")
        }
        Degree::Yes => Verdict::fail(subject, "allows every action on every resource"),
        Degree::Condition => {
            Verdict::manual(subject, "allows every action on every resource under a condition")
        }
        _ => Verdict::manual(subject, "allows every action on every resource, except in IAM"),
    };
    let verdict = verdict.with("Statement", broad.statements.join(", "));
    if broad.conditions.is_empty() { verdict } else { verdict.with("Condition", broad.conditions.join(", ")) }
}

/// The statements that allow what nobody names, as they are written.
struct Broad {
    statements: Vec<String>,
    conditions: Vec<String>,
    /// Whether none of them says `Action` and `Resource`.
    is_negated: bool,
}

impl Broad {
    fn of(document: &PolicyDocument, places: &[usize]) -> Self {
        let written = document.written().get("Statement");
        let find = |place: &usize| match written {
            Some(Value::Array(statements)) => statements.get(*place),
            single => single,
        };
        let statements: Vec<&Value> = places.iter().filter_map(find).collect();
        let negated = |it: &&Value| it.get("NotAction").is_some() || it.get("NotResource").is_some();
        let conditions = statements.iter().filter_map(|it| it.get("Condition"));
        Self {
            conditions: conditions.map(Value::to_string).collect(),
            is_negated: statements.iter().all(negated),
            statements: statements.iter().map(ToString::to_string).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::account::snapshot::{Identity, Policies};
    use crate::audit::testing::{
        ask, attached, document, identified, inline, managed, only, role, statuses, user, verdicts, without,
    };

    fn policy(statements: &Value) -> Verdict {
        let policies = [managed("P", 1, statements)].into();
        only(&CHECK, &identified(Identity { policies, ..Identity::default() }))
    }

    fn everything() -> Value {
        json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}])
    }

    #[test]
    fn the_meaning_decides() {
        let one = |action: &str, what: Value, resource: &str, where_: Value| {
            policy(&json!([{"Effect": "Allow", action: what, resource: where_}])).status
        };
        assert_eq!(one("Action", json!("*:*"), "Resource", json!(["*"])), Status::Fail);
        assert_eq!(one("NotAction", json!([]), "Resource", json!("*")), Status::Fail);
        assert_eq!(one("NotAction", json!("s3:DeleteBucket"), "Resource", json!("*")), Status::Fail);
        assert_eq!(one("Action", json!("*"), "NotResource", json!("arn:aws:s3:::b/*")), Status::Fail);
        assert_eq!(one("NotAction", json!("iam:*"), "Resource", json!("*")), Status::Manual);
        assert_eq!(one("Action", json!(["iam:*", "s3:*"]), "Resource", json!("*")), Status::Pass);
        assert_eq!(policy(&json!([{"Effect": "Deny", "Action": "*", "Resource": "*"}])).status, Status::Pass);
        let limited = json!([everything()[0], {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]);
        assert_eq!(policy(&limited).status, Status::Fail, "the control counts what is allowed");
    }

    #[test]
    fn a_condition_is_for_a_person_and_is_shown() {
        let verdict = policy(&json!([{"Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]));
        assert_eq!(verdict.status, Status::Manual);
        let (field, value) = verdict.evidence.last().unwrap();
        assert_eq!((*field, value.as_str()), ("Condition", r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#));
    }

    #[test]
    fn who_has_it_matters() {
        let boundary = Policies { boundary: Some(attached(&["Limit"]).attached.pop_first().unwrap()), ..Policies::default() };
        let mut two = inline("A", &json!([]));
        two.inline.extend(inline("B", &everything()).inline);
        let identity = Identity {
            users: [user("bound", &[], boundary), user("User2", &[], two)].into(),
            roles: [role("r", &json!([]), attached(&["Held"]))].into(),
            policies: ["Held", "Idle", "Limit"].map(|name| managed(name, 1, &everything())).into(),
            ..Identity::default()
        };
        let snapshot = identified(identity);
        let expected = [
            ("Held", Status::Fail),
            ("Idle", Status::Fail),
            ("Limit", Status::NotApplicable),
            ("User2/inline A, B", Status::Fail),
        ];
        assert_eq!(statuses(&CHECK, &snapshot), expected.map(|(name, status)| (name.to_owned(), status)));
        let found = ask(&CHECK, &snapshot, &[("unattached", 0)]).unwrap();
        assert_eq!(found[1].status, Status::NotApplicable);
        assert!(found[3].subject.resource.ends_with(":user/User2"));
    }

    #[test]
    fn what_cannot_be_read_is_unknown_never_fine() {
        let mut odd = managed("Odd", 1, &json!([]));
        odd.1.document = Some(crate::policy::document::PolicyDocument::new(json!({"Statement": [{"Effect": "allow"}]})));
        let mut absent = managed("Absent", 1, &json!([]));
        absent.1.document = None;
        let snapshot = identified(Identity { policies: [odd, absent].into(), ..Identity::default() });
        assert!(verdicts(&CHECK, &snapshot).iter().all(|verdict| verdict.status == Status::Unknown));
        assert_eq!(without(&CHECK), Part::Identity);
        assert!(verdicts(&CHECK, &identified(Identity::default())).is_empty());
        assert!(document(&json!([])).to_text().contains("Statement"));
    }
}
