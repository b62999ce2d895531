//! What would let an identity do what it may not: the least statement and its place, or what stands in the way.

use serde::Serialize;
use serde_json::{Value, json};

use super::ask::Answer;
use super::effective::Holder;
use super::grant::{Grant, consequences, grant, trusting};
use super::snapshot::Snapshot;
use crate::policy::evaluate::Outcome;
use crate::policy::explain::{Addition, remedy};
use crate::policy::trace::Layer;

/// What would help somebody who was denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// Whether adding statements helps.
    pub possible: bool,
    /// What has to be done, or what stands in the way.
    pub sentence: String,
    /// The least statements that are missing, by layer.
    pub statements: Vec<Addition>,
    /// The statement for the identity as a policy, ready to paste.
    pub policy: Option<Value>,
    /// Where that statement best goes.
    pub grant: Option<Grant>,
    /// Commands of the AWS CLI that do all of it.
    pub commands: Vec<String>,
    /// What becomes possible besides, one sentence each.
    pub opens: Vec<String>,
    /// Statements that would allow it if one condition held.
    pub near: Vec<String>,
}

/// Advises on an answer; `None` unless it is a denial.
pub fn advise(snapshot: &Snapshot, holder: &Holder, answer: &Answer) -> Option<Advice> {
    let Outcome::Denied(denial) = &answer.decision.outcome else { return None };
    let remedy = remedy(&answer.request, &answer.decision)?;
    let in_the_way = |sentence: String| Advice {
        possible: false,
        sentence,
        statements: vec![],
        policy: None,
        grant: None,
        commands: vec![],
        opens: vec![],
        near: remedy.near.clone(),
    };
    if denial.explicit {
        return Some(in_the_way(remedy.sentence));
    }
    let limit = |layer: &Layer| matches!(layer, Layer::Boundary | Layer::Session);
    if let Some(layer) = denial.missing.iter().find(|layer| limit(layer)) {
        let limiting = answer.decision.trace.iter().find(|step| step.layer == *layer);
        let which = limiting
            .map_or_else(|| layer.name().to_owned(), |step| format!("{}, {}", layer.name(), step.source));
        let also =
            if denial.missing.contains(&Layer::Identity) { ", and a policy of the identity too" } else { "" };
        return Some(in_the_way(format!(
            "the {which}, limits {}: no statement added elsewhere can allow it; the limit itself must allow `{}` on \
             `{}`{also}",
            holder.name(),
            answer.request.action,
            answer.request.resource
        )));
    }
    let identity = snapshot.identity.read()?;
    let of = |layer: Layer| remedy.add.iter().find(|addition| addition.layer == layer);
    let own = of(Layer::Identity);
    let request = &answer.request;
    let grant = own.and_then(|own| grant(identity, holder, &request.action, &own.statement));
    let mut commands = grant.as_ref().map(|grant| grant.commands.clone()).unwrap_or_default();
    if let Some((_, command)) =
        of(Layer::Trust).and_then(|trust| trusting(identity, &request.resource, &trust.statement))
    {
        commands.push(command);
    }
    let mut sentence = remedy.sentence;
    if own.is_some() && request.resource == "*" {
        sentence.push_str("; name a resource, if the action has one, and the statement becomes narrower");
    }
    Some(Advice {
        possible: true,
        sentence,
        policy: own.map(|own| json!({"Version": "2012-10-17", "Statement": [own.statement]})),
        grant,
        commands,
        opens: consequences(snapshot, &request.action, &request.resource),
        near: remedy.near,
        statements: remedy.add,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::ask::{Question, Verdict, ask};
    use crate::account::effective::effective;
    use crate::account::snapshot::Facet;
    use crate::account::testing::{arn, document, lab};
    use crate::policy::document::PolicyDocument;

    fn answered(snapshot: &Snapshot, holder: &Holder, action: &str, resource: &str) -> Answer {
        let question = Question { action: action.into(), resource: resource.into(), context: vec![] };
        ask(snapshot, holder, &effective(snapshot, holder).unwrap(), &question)
    }

    #[test]
    fn what_is_proposed_helps_and_is_the_least() {
        let mut snapshot = lab();
        let user = Holder::User("User3".into());
        let group = arn("group/iamlab/iam-auditing/IAM-Auditor-Group");
        let denied = answered(&snapshot, &user, "iam:AddUserToGroup", &group);
        let advice = advise(&snapshot, &user, &denied).unwrap();
        assert!(advice.possible && advice.opens.len() == 2, "{advice:?}");
        let grant = advice.grant.unwrap();
        let Facet::Read(identity) = &mut snapshot.identity else { unreachable!() };
        let policy = identity.policies.get_mut("IAM-Auditor-Policy").unwrap();
        policy.document = Some(PolicyDocument::new(grant.document));
        let verdict = |action: &str, on: &str| answered(&snapshot, &user, action, on).verdict;
        assert_eq!(verdict("iam:AddUserToGroup", &group), Verdict::Allowed);
        assert_eq!(verdict("iam:AddUserToGroup", &arn("group/Admins")), Verdict::ImplicitDeny);
        assert_eq!(verdict("iam:RemoveUserFromGroup", &group), Verdict::ImplicitDeny);
        let allowed = answered(&snapshot, &user, "iam:AddUserToGroup", &group);
        assert_eq!(advise(&snapshot, &user, &allowed), None);
    }

    #[test]
    fn a_limit_or_a_deny_is_named_and_nothing_is_proposed() {
        let mut snapshot = lab();
        let bound = Holder::User("Bound".into());
        let denied = answered(&snapshot, &bound, "iam:GetUser", &arn("user/x"));
        let advice = advise(&snapshot, &bound, &denied).unwrap();
        assert!(!advice.possible && advice.statements.is_empty() && advice.grant.is_none());
        assert!(
            advice.sentence.starts_with("the permissions boundary, policy `Limits`, limits user `Bound`"),
            "{}",
            advice.sentence
        );
        let deny = json!([{"Effect": "Deny", "Action": "*", "Resource": "*"}]);
        let Facet::Read(identity) = &mut snapshot.identity else { unreachable!() };
        let user = identity.users.get_mut("User3").unwrap();
        user.policies.inline.insert("No".into(), document(&deny));
        let user = Holder::User("User3".into());
        let denied = answered(&snapshot, &user, "iam:GetUser", "*");
        let advice = advise(&snapshot, &user, &denied).unwrap();
        assert!(!advice.possible);
        assert!(
            advice.sentence.contains("inline policy `No` of user `User3` denies it"),
            "{}",
            advice.sentence
        );
    }

    #[test]
    fn a_role_has_to_let_somebody_in() {
        let snapshot = lab();
        let user = Holder::User("User1".into());
        let denied = answered(&snapshot, &user, "sts:AssumeRole", &arn("role/IAM-Auditor-role"));
        let advice = advise(&snapshot, &user, &denied).unwrap();
        let trust = advice.commands.last().unwrap();
        assert!(
            trust.starts_with("aws iam update-assume-role-policy --role-name IAM-Auditor-role"),
            "{trust}"
        );
        assert!(trust.contains(&arn("user/User1")) && trust.contains(&arn("user/User3")), "{trust}");
    }
}
