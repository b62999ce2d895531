//! What nobody may look at neither costs nor gives points.

use std::collections::BTreeMap;

use aws_credential_types::Credentials;
use iamlab::grade::mark;
use iamlab::grade::result::{State, Status, StudentResult};
use serde_json::json;

use super::student::{Student, admin, policy};
use super::{connected, read, rubric};

/// Marks the good student as somebody who may read everything but what is denied.
async fn denied(actions: &[&'static str]) -> StudentResult {
    let mut student = Student::good();
    let deny = policy(&json!({"Effect": "Deny", "Action": actions, "Resource": "*"}));
    student.finally(vec![
        admin("iam", "CreateUser", json!({"UserName": "grader"})),
        admin(
            "iam",
            "AttachUserPolicy",
            json!({
                "UserName": "grader", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
            }),
        ),
        admin(
            "iam",
            "PutUserPolicy",
            json!({
                "UserName": "grader", "PolicyName": "deny", "PolicyDocument": deny,
            }),
        ),
    ]);
    let (sandbox, clock) = student.work().await;
    let administrator = connected(&sandbox, None, clock.clone()).await;
    let key = administrator.iam.create_access_key().user_name("grader").send().await.unwrap();
    let key = key.access_key().unwrap();
    let key = Credentials::new(key.access_key_id(), key.secret_access_key(), None, None, "grader");
    let aws = connected(&sandbox, Some(key), clock).await;
    let rubric = rubric();
    mark(&rubric, &read(&aws, &rubric).await, &BTreeMap::new())
}

/// The criteria nobody could look at.
fn unknown(result: &StudentResult) -> Vec<&str> {
    let criteria = result.tasks.iter().flat_map(|task| &task.criteria);
    criteria.filter(|it| it.status == Status::Unknown).map(|it| it.id.as_str()).collect()
}

/// The criteria that were missed.
fn failed(result: &StudentResult) -> Vec<String> {
    let criteria = result.tasks.iter().flat_map(|task| &task.criteria);
    criteria.filter(|it| it.status == Status::Fail).map(|it| format!("{} {}", it.id, it.message)).collect()
}

#[tokio::test]
async fn a_grader_who_may_only_read_sees_all() {
    let result = denied(&["s3:*"]).await;
    assert_eq!(failed(&result), [""; 0]);
    assert_eq!((result.state, result.score.to_string()), (State::Graded, "93".to_owned()));
}

#[tokio::test]
async fn without_the_event_history_what_happened_is_unknown() {
    let result = denied(&["cloudtrail:LookupEvents"]).await;
    let events = ["T2.user1-signed-in", "T5.got-report", "T6.tried", "T13.looked-up", "T13.for-root"];
    assert_eq!((unknown(&result), failed(&result)), (events.to_vec(), Vec::new()));
    assert_eq!((result.state, result.unknown.to_string()), (State::Pending, "14.5".to_owned()));
    assert_eq!(result.score.to_string(), "78.5");
    let tried = result.tasks[5].criteria.iter().find(|criterion| criterion.id == "T6.tried").unwrap();
    assert!(tried.message.contains("cloudtrail:LookupEvents"), "{}", tried.message);
}

#[tokio::test]
async fn without_the_credential_report_every_task_can_be_marked() {
    let result = denied(&["iam:GenerateCredentialReport", "iam:GetCredentialReport"]).await;
    assert_eq!(failed(&result), [""; 0]);
    assert_eq!((unknown(&result), result.score.to_string()), (Vec::new(), "93".to_owned()));
}

#[tokio::test]
async fn without_identities_the_first_tasks_are_unknown_and_the_code_is_not() {
    let result = denied(&["iam:GetAccountAuthorizationDetails"]).await;
    assert_eq!((result.state, failed(&result)), (State::Pending, Vec::new()));
    for task in ["T1", "T3", "T4", "T8"] {
        let found = result.tasks.iter().find(|found| found.id == task).unwrap();
        let all = found.criteria.iter().all(|criterion| criterion.status == Status::Unknown);
        assert!(all, "{task}: {:?}", found.criteria);
    }
    assert_eq!(result.tasks[9].score.to_string(), "15");
    assert_eq!(result.tasks[12].score.to_string(), "10");
}

#[tokio::test]
async fn without_the_function_what_it_does_is_unknown() {
    let result = denied(&["lambda:ListFunctions", "lambda:GetFunction"]).await;
    assert_eq!((result.state, failed(&result)), (State::Pending, Vec::new()));
    let found = unknown(&result);
    for criterion in ["T7.exists", "T7.runtime", "T9.assumes", "T10.mfa", "T11.publishes"] {
        assert!(found.contains(&criterion), "{criterion}: {found:?}");
    }
    assert_eq!(result.tasks[0].score.to_string(), "5");
}

#[tokio::test]
async fn without_the_schedules_a_rule_is_enough() {
    let result = denied(&["scheduler:*"]).await;
    assert_eq!(failed(&result), [""; 0]);
    assert_eq!((unknown(&result), result.tasks[11].score.to_string()), (Vec::new(), "3".to_owned()));
}
