//! What the function's roles may do: nothing that it does not need, and nothing less.

use std::collections::{BTreeMap, BTreeSet};

use iamlab::account::ask::{Question, Verdict, ask};
use iamlab::account::effective::{Holder, effective};
use iamlab::account::part::Part;
use iamlab::account::snapshot::{Facet, Snapshot};
use iamlab::aws::collect::{Scope, collect};
use iamlab::policy::actions::actions;
use iamlab::policy::document::PolicyDocument;
use serde_json::{Value, json};

use crate::auditor::{AUDITOR_POLICY, Lab, TOPIC};
use crate::lab::iam_auditing;

const LAMBDA_POLICY: &str = "arn:aws:iam::123456789012:policy/IAM-Auditor-Lambda-Policy";

/// Least privilege from below: without any one permission of the two roles the run fails, or its log is lost.
#[tokio::test]
async fn no_permission_can_be_left_out() {
    let lab = Lab::up(&iam_auditing()).await;
    let iam = &lab.clients.iam;
    let mut permissions = Vec::new();
    for arn in [LAMBDA_POLICY, AUDITOR_POLICY] {
        let version = iam.get_policy_version().policy_arn(arn).version_id("v1").send().await.unwrap();
        let document = version.policy_version().unwrap().document().unwrap();
        let policy = PolicyDocument::parse_encoded(document).unwrap().written().clone();
        permissions.extend(actions_of(&policy).into_iter().map(|action| (arn, policy.clone(), action)));
    }
    assert_eq!(permissions.len(), 7);
    // In one account a trust policy that names the role itself is enough: "you can do either", says the reference of
    // AssumeRole. So that it is the function's own permission that decides, the role trusts the account here.
    let principal = json!({"AWS": "arn:aws:iam::123456789012:root"});
    let statement = json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
    let trust = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    iam.update_assume_role_policy()
        .role_name("IAM-Auditor-role")
        .policy_document(trust)
        .send()
        .await
        .unwrap();
    // What makes the log group has to go before there is one.
    permissions.sort_by_key(|(.., action)| action != "logs:CreateLogGroup");
    for (arn, policy, action) in permissions {
        let without = without(&policy, &action).to_string();
        let put = iam.create_policy_version().policy_arn(arn).policy_document(without).set_as_default(true);
        let version = put.send().await.unwrap().policy_version.unwrap().version_id.unwrap();
        let before = lab.log().await.len();
        let run = lab.run(&json!({})).await;
        let is_logged = lab.log().await.len() > before;
        let of_log = action.starts_with("logs:");
        assert!(run.failed != of_log && is_logged != of_log, "without {action}: {run:?}, log: {is_logged}");
        iam.set_default_policy_version().policy_arn(arn).version_id("v1").send().await.unwrap();
        iam.delete_policy_version().policy_arn(arn).version_id(version).send().await.unwrap();
    }
    let before = lab.log().await.len();
    assert!(!lab.run(&json!({})).await.failed && lab.log().await.len() > before);
}

/// The statements of a policy.
fn statements(policy: &Value) -> &Vec<Value> {
    policy["Statement"].as_array().unwrap()
}

/// A text, or a list of texts.
fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    value.as_array().map_or_else(|| vec![text(value)], |all| all.iter().map(text).collect())
}

/// The actions of a policy, one by one.
pub(crate) fn actions_of(policy: &Value) -> Vec<String> {
    statements(policy).iter().flat_map(|statement| texts(&statement["Action"])).collect()
}

/// The policy without one of its actions.
pub(crate) fn without(policy: &Value, action: &str) -> Value {
    let kept = statements(policy).iter().filter_map(|statement| {
        let mut actions = texts(&statement["Action"]);
        actions.retain(|one| one != action);
        let mut statement = statement.clone();
        statement["Action"] = json!(actions);
        (!actions.is_empty()).then_some(statement)
    });
    json!({"Version": "2012-10-17", "Statement": kept.collect::<Vec<_>>()})
}

/// Least privilege from above: of all the actions that AWS has, the roles may do these, on these resources.
#[tokio::test]
async fn nothing_more_is_permitted() {
    let lab = Lab::up(&iam_auditing()).await;
    let mut snapshot = snapshot(&lab).await;
    let log = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/iam-auditor";
    let logs = format!("{log}:*");
    let auditor = "arn:aws:iam::123456789012:role/IAM-Auditor-role";
    check(
        &snapshot,
        "IAM-Auditor-Lambda-role",
        &[
            ("logs:CreateLogGroup", &[log, &logs]),
            ("logs:CreateLogStream", &[&logs]),
            ("logs:PutLogEvents", &[&logs]),
            ("sns:Publish", &[TOPIC]),
            ("sts:AssumeRole", &[auditor]),
        ],
    );
    check(
        &snapshot,
        "IAM-Auditor-role",
        &[("iam:GenerateCredentialReport", &["*"]), ("iam:GetCredentialReport", &["*"])],
    );
    // The same, asked one by one.
    let stream = format!("{log}:log-stream:2026/03/02/[$LATEST]0");
    let may = [("sts:AssumeRole", auditor), ("sns:Publish", TOPIC), ("logs:PutLogEvents", &stream)];
    let others = [
        ("sts:AssumeRole", "arn:aws:iam::123456789012:role/IAM-Auditor-role2"),
        ("sns:Publish", "arn:aws:sns:us-east-1:123456789012:iam-audit-report2"),
        ("sns:Publish", "arn:aws:sns:eu-west-1:123456789012:iam-audit-report"),
        (
            "logs:PutLogEvents",
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/iam-auditor2:log-stream:s",
        ),
        (
            "logs:CreateLogGroup",
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/other:log-stream:",
        ),
        ("iam:GetCredentialReport", "*"),
    ];
    // What the own policy of a topic or a log group allows is not the role's.
    let own = [may.as_slice(), &others].concat().into_iter();
    let own =
        own.filter(|(_, resource)| [":sns:", ":logs:"].iter().any(|service| resource.contains(service)));
    snapshot.resource_policies.extend(own.map(|(_, arn)| (arn.to_owned(), Facet::Read(None))));
    let asked = may.iter().map(|it| (it, Verdict::Allowed));
    let asked = asked.chain(others.iter().map(|it| (it, Verdict::ImplicitDeny)));
    for ((action, resource), expected) in asked {
        let said = verdict(&snapshot, "IAM-Auditor-Lambda-role", action, resource);
        assert_eq!(said, expected, "{action} {resource}");
    }
}

pub(crate) async fn snapshot(lab: &Lab) -> Snapshot {
    let aws = lab.account.connect(lab.account.http()).await.unwrap();
    collect(&aws, &Scope::audit([Part::Identity])).await.snapshot
}

fn verdict(snapshot: &Snapshot, role: &str, action: &str, resource: &str) -> Verdict {
    let holder = Holder::role(role);
    let who = effective(snapshot, &holder).unwrap();
    let question = Question { action: action.to_owned(), resource: resource.to_owned(), context: Vec::new() };
    ask(snapshot, &holder, &who, &question).verdict
}

/// Fails unless a role is allowed exactly these actions of all that there are, each on exactly these resources.
pub(crate) fn check(snapshot: &Snapshot, role: &str, expected: &[(&str, &[&str])]) {
    let held = effective(snapshot, &Holder::role(role)).unwrap();
    let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for statement in held.policies.identity.iter().flat_map(|source| &source.policy.statements) {
        for action in (0..actions().len()).map(|place| actions().name(place)) {
            if statement.names(action) {
                let (resources, negated) = statement.resources().unwrap();
                assert!(!negated, "{role}: {action}");
                found.entry(action).or_default().extend(resources.iter().cloned());
            }
        }
    }
    assert!(held.policies.identity.iter().all(|source| source.policy.unread.is_none()));
    let resources = |all: &&[&str]| all.iter().map(|&one| one.to_owned()).collect();
    let expected: BTreeMap<_, BTreeSet<String>> =
        expected.iter().map(|(action, all)| (*action, resources(all))).collect();
    assert_eq!(found, expected, "{role}");
}
