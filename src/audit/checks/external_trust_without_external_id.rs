//! Roles let other accounts in only by an external ID.

use crate::account::part::Part;
use crate::account::snapshot::Role;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::held::is_service_linked;
use crate::audit::trust::{Door, Who, doors, is_denied_in_part};
use crate::audit::verdict::{Status, Subject, Verdict};

const DOCS: Docs = Docs {
    looks_at: "The statements of each role's trust policy that allow `sts:AssumeRole` to another account, to somebody \
               in one, or to everybody (`*`, `NotPrincipal`). Such a statement needs a condition that \
               `sts:ExternalId` equals something; operators that also hold without it (`…IfExists`, `ForAllValues:`, \
               negated ones) and values of wildcards only do not count. A condition on the organization \
               (`aws:PrincipalOrgID`, `aws:PrincipalOrgPaths`) passes: nobody outside can be made to act for \
               somebody else. Everybody, limited to this account (`aws:PrincipalAccount`, `aws:PrincipalArn`), is \
               nobody from outside. Everybody with no more than an external ID fails, for that is no secret. Any \
               other condition is for a person to judge. Services and identity providers are no accounts.",
    why: "A provider who works for many customers can be talked into using the role of another one; the external ID, \
          different for each, is how the role can tell. A role that trusts everybody is open to every account there \
          is.",
    fix: "Add a condition to the trust policy, `\"Condition\": {\"StringEquals\": {\"sts:ExternalId\": \"…\"}}` with \
          the value that the provider names, or `aws:PrincipalOrgID` for accounts of your own organization: `aws iam \
          update-assume-role-policy --role-name NAME --policy-document file://FILE`.",
    sources: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html",
    ],
};

pub(super) const CHECK: Check = Check {
    id: "external-trust-without-external-id",
    title: "every role that lets another account in asks for an external ID",
    severity: Severity::High,
    scope: Scope::Each,
    reads: &[Part::Identity],
    params: &[],
    docs: DOCS,
    run,
};

/// What the conditions of a statement come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Guard {
    None,
    Other,
    ExternalId,
    Organization,
    ThisAccount,
}

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    let account = &look.snapshot.account;
    Ok(look.identity()?.roles.iter().map(|(name, role)| judge(account, name, role)).collect())
}

fn judge(account: &str, name: &str, role: &Role) -> Verdict {
    let subject = Subject::new(&role.arn, name);
    if is_service_linked(&role.arn) {
        return Verdict::not_applicable(subject, "is a service's own role, which nobody here can change");
    }
    let doors = match doors(role) {
        Ok(doors) => doors,
        Err(why) => {
            return Verdict::unknown(subject, format!("has a trust policy that cannot be read: {why}"));
        }
    };
    let verdicts = doors.iter().filter_map(|door| judge_door(account, &subject, door));
    let worst = verdicts.max_by_key(|verdict| verdict.status.gravity());
    match worst {
        Some(verdict) if verdict.status == Status::Fail && is_denied_in_part(role) => Verdict {
            status: Status::Manual,
            message: format!("{}, unless it is one that another statement denies", verdict.message),
            ..verdict
        },
        Some(verdict) => verdict,
        None => Verdict::not_applicable(subject, "lets nobody from another account in"),
    }
}

/// Judges one statement; `None` when it lets nobody from outside in.
fn judge_door(account: &str, subject: &Subject, door: &Door<'_>) -> Option<Verdict> {
    if !door.is_for_principals() {
        return None;
    }
    let guard = guard(account, door);
    let mut texts = Vec::new();
    let mut is_for_all = false;
    for who in door.who() {
        match who {
            Who::Anybody if guard < Guard::ThisAccount => {
                is_for_all = true;
                texts.push("*");
            }
            Who::Account(other, text) if other != account && guard < Guard::ThisAccount => texts.push(text),
            Who::Anybody | Who::Account(..) | Who::Service(_) | Who::Federated(_) | Who::Nobody(_) => {}
        }
    }
    if texts.is_empty() {
        return None;
    }
    let subject = subject.clone();
    let verdict = match (guard, is_for_all) {
        (Guard::None, true) => {
            Verdict::fail(subject, "lets everybody in: any account in the world can assume it")
        }
        (Guard::ExternalId, true) => {
            Verdict::fail(subject, "lets everybody in who knows its external ID, which is no secret")
        }
        (Guard::None, false) => Verdict::fail(subject, "lets another account in without an external ID"),
        (Guard::Other, true) => Verdict::manual(subject, "lets everybody in whom its conditions fit"),
        (Guard::Other, false) => {
            Verdict::manual(subject, "lets another account in without an external ID, under another condition")
        }
        (Guard::ExternalId, false) => Verdict::pass(subject, "lets another account in with an external ID"),
        (Guard::Organization | Guard::ThisAccount, _) => {
            Verdict::pass(subject, "lets in only accounts of an organization that it names")
        }
    };
    Some(verdict.with("Principal", texts.join(", ")).with("Condition", door.condition_text()))
}

/// Finds the best guard among conditions, all of which have to hold.
fn guard(account: &str, door: &Door<'_>) -> Guard {
    let conditions = door.conditions();
    let guards = conditions.into_iter().map(|(operator, key, values)| {
        let operator = operator.strip_prefix("foranyvalue:").unwrap_or(operator);
        let is_like = matches!(operator, "stringlike" | "arnlike" | "arnequals");
        if !is_like && !matches!(operator, "stringequals" | "stringequalsignorecase") {
            return Guard::Other;
        }
        // A value that anything equals asks for nothing.
        let is_open = |value: &&str| is_like && value.chars().all(|c| matches!(c, '*' | '?'));
        if values.is_empty() || values.iter().any(is_open) {
            return Guard::None;
        }
        // The ids of all organizations begin alike.
        let is_any = |value: &&str| is_like && value.split('/').next().is_some_and(|id| id.contains(['*', '?']));
        let is_own = |value: &&str| *value == account || value.split(':').nth(4) == Some(account);
        match key {
            "sts:externalid" => Guard::ExternalId,
            "aws:principalorgid" | "aws:principalorgpaths" if values.iter().any(is_any) => Guard::None,
            "aws:principalorgid" | "aws:principalorgpaths" => Guard::Organization,
            "aws:principalaccount" | "aws:principalarn" if values.iter().all(is_own) => Guard::ThisAccount,
            _ => Guard::Other,
        }
    });
    guards.max().unwrap_or(Guard::None)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::account::snapshot::{Identity, Policies};
    use crate::audit::testing::{identified, only, role, verdicts, without};
    use crate::audit::verdict::Status;

    fn verdict(principal: &Value, condition: &Value) -> Verdict {
        let trust = json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal,
            "Condition": condition}]);
        let roles = [role("r", &trust, Policies::default())].into();
        only(&CHECK, &identified(Identity { roles, ..Identity::default() }))
    }

    fn status(principal: &Value, condition: &Value) -> Status {
        verdict(principal, condition).status
    }

    #[test]
    fn another_account_needs_an_external_id() {
        let other = json!({"AWS": "arn:aws:iam::999999999999:root"});
        for principal in [other.clone(), json!({"AWS": ["999999999999"]}), json!({"AWS": "arn:aws:iam::999999999999:role/r"})] {
            assert_eq!(status(&principal, &json!({})), Status::Fail, "{principal}");
        }
        assert_eq!(status(&other, &json!({"StringEquals": {"sts:externalid": "x"}})), Status::Pass);
        for loose in [
            json!({"StringLike": {"sts:ExternalId": "*"}}),
            json!({"StringLike": {"sts:ExternalId": ["x", "**"]}}),
            json!({"ArnLike": {"aws:PrincipalArn": "*"}}),
        ] {
            assert_eq!(status(&other, &loose), Status::Fail, "{loose}");
        }
        for odd in [
            json!({"StringEqualsIfExists": {"sts:ExternalId": "x"}}),
            json!({"StringNotEquals": {"sts:ExternalId": "x"}}),
            json!({"ForAllValues:StringEquals": {"sts:ExternalId": "x"}}),
            json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        ] {
            assert_eq!(status(&other, &odd), Status::Manual, "{odd}");
        }
        assert_eq!(status(&other, &json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})), Status::Pass);
    }

    #[test]
    fn everybody_is_worse_than_somebody() {
        for principal in [json!("*"), json!({"AWS": "*"})] {
            let open = verdict(&principal, &json!({}));
            assert_eq!(open.status, Status::Fail);
            assert!(open.message.contains("any account in the world"), "{}", open.message);
        }
        let all = json!("*");
        assert_eq!(status(&all, &json!({"StringEquals": {"sts:ExternalId": "x"}})), Status::Fail);
        assert_eq!(status(&all, &json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})), Status::Pass);
        let own = json!({"StringEquals": {"aws:PrincipalAccount": "123456789012"}});
        assert_eq!(status(&all, &own), Status::NotApplicable);
        let arn = json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/*"}});
        assert_eq!(status(&all, &arn), Status::NotApplicable);
        assert_eq!(status(&all, &json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})), Status::Manual);
    }

    #[test]
    fn services_providers_and_the_own_account_are_not_outside() {
        for principal in [
            json!({"Service": "lambda.amazonaws.com"}),
            json!({"Federated": "arn:aws:iam::123456789012:saml-provider/x"}),
            json!({"AWS": ["123456789012", "arn:aws:iam::123456789012:user/ann", "AIDAGONE"]}),
        ] {
            assert_eq!(status(&principal, &json!({})), Status::NotApplicable, "{principal}");
        }
    }

    #[test]
    fn the_worst_statement_decides_and_an_odd_policy_is_unknown() {
        let with = |trust: &Value| {
            let roles = [role("r", trust, Policies::default())].into();
            only(&CHECK, &identified(Identity { roles, ..Identity::default() })).status
        };
        let guarded = json!({"Effect": "Allow", "Action": "sts:*", "Principal": {"AWS": "999999999999"},
            "Condition": {"StringEquals": {"sts:ExternalId": "x"}}});
        let open = json!({"Effect": "Allow", "NotAction": "sts:TagSession", "NotPrincipal": {"AWS": "123456789012"}});
        assert_eq!(with(&json!([guarded, open])), Status::Fail);
        let tagging = json!({"Effect": "Allow", "Action": "sts:TagSession", "Principal": {"AWS": "999999999999"}});
        assert_eq!(with(&json!([guarded, tagging])), Status::Pass);
        assert_eq!(with(&json!([{"Effect": "Maybe"}])), Status::Unknown);
        assert!(verdicts(&CHECK, &identified(Identity::default())).is_empty());
        assert_eq!(without(&CHECK), Part::Identity);
    }

    #[test]
    fn any_organization_is_no_organization() {
        let everybody = json!({"AWS": "*"});
        for condition in [
            json!({"StringLike": {"aws:PrincipalOrgID": "o-*"}}),
            json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-*/*"}}),
        ] {
            assert_eq!(verdict(&everybody, &condition).status, Status::Fail, "{condition}");
        }
        let ours = json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abc/*"}});
        assert_eq!(verdict(&everybody, &ours).status, Status::Pass);
    }
}
