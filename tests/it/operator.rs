//! The commands under exactly the permissions that `render --as permissions` names, in an account that enforces them.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_iam::Client;
use iamlab::aws::Aws;
use iamlab::aws::connect::connect_through;
use iamlab::clock::Clock;
use iamlab::provision::apply::Stop;
use iamlab::provision::handover::HandOver;
use iamlab::provision::plan::Goal;
use iamlab::provision::render::permissions::permissions;
use iamlab::provision::run::{Options, carry_out, plan_run, silence};
use iamlab::scenario::Resolved;

use crate::lab::{Account, DOWN, REGION, UP, WIDE, Written, concluded, iam_auditing};
use crate::when::{SWITCHED, switched};

/// A principal with nothing but those permissions. They may be too long for one policy: each statement is a policy.
async fn operator(account: &Account, scenario: &Resolved) -> Aws {
    let rendered = permissions(scenario).unwrap();
    let iam = account.clients().await.iam;
    iam.create_user().user_name("Operator").send().await.unwrap();
    let document: serde_json::Value = serde_json::from_str(&rendered.text).unwrap();
    for (index, statement) in document["Statement"].as_array().unwrap().iter().enumerate() {
        grant(&iam, index, statement).await;
    }
    let key = iam.create_access_key().user_name("Operator").send().await.unwrap().access_key.unwrap();
    let key = Credentials::new(key.access_key_id, key.secret_access_key, None, None, "operator");
    let at = Clock::fixed("2026-03-02T09:00:07Z".parse().unwrap());
    connect_through(account.http(), SharedCredentialsProvider::new(key), REGION, at).await.unwrap()
}

/// Attaches one statement, through a group for every ten: that many policies a group takes.
async fn grant(iam: &Client, index: usize, statement: &serde_json::Value) {
    let (policy, group) = (format!("operator-{index}"), format!("operators-{}", index / 10));
    if index.is_multiple_of(10) {
        iam.create_group().group_name(&group).send().await.unwrap();
        iam.add_user_to_group().group_name(&group).user_name("Operator").send().await.unwrap();
    }
    let document = serde_json::json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let made = iam.create_policy().policy_name(policy).policy_document(document).send().await.unwrap();
    let arn = made.policy.unwrap().arn.unwrap();
    iam.attach_group_policy().group_name(&group).policy_arn(arn).send().await.unwrap();
}

async fn run(aws: &Aws, scenario: &Resolved, goal: Goal, handover: &std::path::Path) {
    let plan = plan_run(aws, scenario, goal).await.unwrap();
    let options = Options { goal, parallelism: 10, stop: Stop::default(), sink: &silence, tell: |_, _| {} };
    let report = carry_out(aws, scenario, HandOver::new(handover), plan, &options).await;
    concluded(report).unwrap();
}

/// Up, up again with nothing to do, and down.
async fn live(scenario: Resolved) {
    let account = Account::new();
    let folder = tempfile::tempdir().unwrap();
    let handover = folder.path().join("credentials.csv");
    let aws = operator(&account, &scenario).await;
    run(&aws, &scenario, UP, &handover).await;
    account.check_up(&scenario, &handover).await.unwrap();
    let plan = plan_run(&aws, &scenario, UP).await.unwrap();
    assert!(plan.is_empty(), "{:?}", plan.changes().map(|change| &change.address).collect::<Vec<_>>());
    run(&aws, &scenario, DOWN, &handover).await;
}

#[tokio::test]
async fn the_lab_goes_up_and_down_with_the_rendered_permissions() {
    live(iam_auditing()).await;
}

#[tokio::test]
async fn every_kind_but_stacks_goes_up_and_down_with_the_rendered_permissions() {
    live(Written::new(WIDE).load()).await;
}

/// Who holds the permissions of a scenario can take away what an earlier run made with other values, and not make it.
#[tokio::test]
async fn what_is_switched_off_is_taken_away_with_the_rendered_permissions() {
    let (account, written) = (Account::new(), Written::new(SWITCHED));
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let (on, off) = (switched(&written, [true; 5]), switched(&written, [false; 5]));
    let aws = operator(&account, &off).await;
    for (number, goal) in [UP, DOWN].into_iter().enumerate() {
        account.complete(&on, UP, &file(&format!("on-{number}.csv"))).await.unwrap();
        run(&aws, &off, goal, &file(&format!("off-{number}.csv"))).await;
    }
    let left: Vec<String> = account.clients().await.inventory().await.into_iter().collect();
    assert!(left.iter().all(|line| line.to_lowercase().contains("operator")), "{left:?}");

    let document: serde_json::Value = serde_json::from_str(&permissions(&off).unwrap().text).unwrap();
    let on_bob = document["Statement"].as_array().unwrap().iter().filter(|statement| {
        let arns = statement["Resource"].as_array().unwrap();
        arns.iter().any(|arn| arn.as_str().unwrap().ends_with(":user/bob"))
    });
    let actions = on_bob.flat_map(|statement| statement["Action"].as_array().unwrap());
    let actions: Vec<_> = actions.filter_map(serde_json::Value::as_str).collect();
    assert!(actions.contains(&"iam:DeleteUser"), "{actions:?}");
    let makes =
        |action: &&str| ["Create", "Attach", "Put", "Add", "Tag"].iter().any(|verb| action.contains(verb));
    assert!(!actions.iter().any(makes), "{actions:?}");
}

/// The permissions are not granted from elsewhere.
#[tokio::test]
async fn nothing_goes_up_without_permissions() {
    let account = Account::new();
    let iam = account.clients().await.iam;
    iam.create_user().user_name("Operator").send().await.unwrap();
    let key = iam.create_access_key().user_name("Operator").send().await.unwrap().access_key.unwrap();
    let key = Credentials::new(key.access_key_id, key.secret_access_key, None, None, "operator");
    let at = Clock::fixed("2026-03-02T09:00:07Z".parse().unwrap());
    let aws = connect_through(account.http(), SharedCredentialsProvider::new(key), REGION, at).await.unwrap();
    let plan = plan_run(&aws, &iam_auditing(), UP).await;
    let error = plan.expect_err("nobody may look").to_string();
    assert!(error.contains("iam:GetAccountAuthorizationDetails"), "{error}");
}
