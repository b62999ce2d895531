//! Policies name their actions.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::held::{Standing, Written, written};
use crate::audit::verdict::Verdict;
use crate::policy::document::PolicyDocument;
use crate::policy::statement::Policy;

const DOCS: Docs = Docs {
    looks_at: "The statements that allow, in the default version of every customer-managed policy and in every inline \
               policy (those of one holder together). A policy fails that allows all actions of a service or more: \
               `s3:*`, `*`, `iam*`, whatever the resource and the condition, or `NotAction`, which allows all that \
               it does not name. `s3:Get*` names a kind of actions and passes. A policy that only serves as \
               permissions boundary is not counted.",
    why: "A service gets new actions every month. A wildcard allows them before anybody has read what they do.",
    fix: "See what is used (`aws iam generate-service-last-accessed-details --arn ARN --granularity ACTION_LEVEL`) and \
          name those actions in the policy.",
    sources: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html",
    ],
};

pub(super) const CHECK: Check = Check {
    id: "policy-wildcard-action",
    title: "no policy of the account's own allows all actions of a service",
    severity: Severity::Low,
    scope: Scope::Each,
    reads: &[Part::Identity],
    params: &[],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    Ok(written(look.identity()?).into_iter().map(judge).collect())
}

fn judge(policy: Written<'_>) -> Verdict {
    if policy.standing == Standing::Boundary {
        return Verdict::not_applicable(policy.subject, "is used as a permissions boundary only");
    }
    let mut found = BTreeSet::new();
    let mut unreadable = None;
    for document in policy.documents {
        match wildcards(document) {
            Ok(wildcards) => found.extend(wildcards),
            Err(why) => unreadable = Some(why),
        }
    }
    let list: Vec<&str> = found.iter().map(String::as_str).collect();
    match unreadable {
        _ if !found.is_empty() => Verdict::fail(policy.subject, "allows all actions of a service")
            .with("Action", list.join(", ")),
        Some(why) => Verdict::unknown(policy.subject, why),
        None => Verdict::pass(policy.subject, "names its actions"),
    }
}

/// Lists what allows all actions of a service, as the policy writes it but in small letters.
fn wildcards(document: Option<&PolicyDocument>) -> Result<Vec<String>, String> {
    let document = document.ok_or("has a document that the listing left out")?;
    Policy::parse(&document.to_text()).map_err(|error| format!("has a document that cannot be read: {error}"))?;
    let statements = document.normal().get("Statement").and_then(Value::as_array);
    let mut found = Vec::new();
    for statement in statements.into_iter().flatten() {
        if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
            continue;
        }
        if let Some(not) = statement.get("NotAction") {
            found.push(format!("NotAction {not}"));
        }
        let actions = statement.get("Action").and_then(Value::as_array).into_iter().flatten();
        let wide = actions.filter_map(Value::as_str).filter(|action| is_wide(action));
        found.extend(wide.map(str::to_owned));
    }
    Ok(found)
}

/// Tells whether a pattern covers all actions of some service.
fn is_wide(pattern: &str) -> bool {
    let is_open = |text: &str| text.contains('*') && text.chars().all(|c| matches!(c, '*' | '?'));
    match pattern.split_once(':') {
        Some((_, action)) => is_open(action),
        // No colon: the wildcard reaches from the service's name over it.
        None => pattern.ends_with('*'),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::account::snapshot::Identity;
    use crate::audit::testing::{identified, managed, only, verdicts, without};
    use crate::audit::verdict::Status;

    fn status(statement: &Value) -> Status {
        let policies = [managed("P", 1, &json!([statement]))].into();
        only(&CHECK, &identified(Identity { policies, ..Identity::default() })).status
    }

    #[test]
    fn a_whole_service_fails_and_a_kind_of_actions_passes() {
        for wide in ["*", "s3:*", "S3:**", "iam*", "*:*", "ec2:?*"] {
            let statement = json!({"Effect": "Allow", "Action": ["s3:GetObject", wide], "Resource": "arn:aws:s3:::b"});
            assert_eq!(status(&statement), Status::Fail, "{wide}");
        }
        for narrow in ["s3:Get*", "s3:*Object", "iam:GetUser", "*:Get*"] {
            let statement = json!({"Effect": "Allow", "Action": narrow, "Resource": "*"});
            assert_eq!(status(&statement), Status::Pass, "{narrow}");
        }
        assert_eq!(status(&json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})), Status::Fail);
        assert_eq!(status(&json!({"Effect": "Deny", "Action": "*", "Resource": "*"})), Status::Pass);
        assert_eq!(status(&json!({"Effect": "Allow"})), Status::Unknown);
    }

    #[test]
    fn no_policies_and_nothing_read() {
        assert!(verdicts(&CHECK, &identified(Identity::default())).is_empty());
        assert_eq!(without(&CHECK), Part::Identity);
    }
}
