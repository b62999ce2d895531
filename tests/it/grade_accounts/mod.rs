//! Accounts made by hand, each the good student's with a difference, and what a fair marker gives for every task.
//!
//! The points are those of the criteria that are looked for; what a person judges (the written parts of tasks 5, 6 and 12,
//! 7 points) is open in all of them.

mod class;
mod different;
mod hostile;
mod student;
mod unseen;
mod wrong;

use std::fmt::Write as _;
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use futures::stream::{self, StreamExt as _};
use iamlab::aws::Aws;
use iamlab::aws::connect::connect_through;
use iamlab::clock::Clock;
use iamlab::grade::evidence::{Access, Evidence, Way};
use iamlab::grade::result::{State, Status, StudentResult, TaskResult};
use iamlab::grade::rubric::Rubric;
use iamlab::grade::{collect, mark};
use iamlab::sandbox::Sandbox;
use iamlab::source::render;

use crate::lab::LAB;
use student::Student;

/// What the good student gets, by task.
const GOOD: [&str; 13] = ["5", "5", "3", "2", "2", "3", "5", "10", "20", "15", "10", "3", "10"];

/// An account, and what it is worth.
struct Account {
    name: &'static str,
    /// Why a fair marker gives these points.
    because: &'static str,
    points: [&'static str; 13],
    /// What the student does otherwise.
    differs: fn(&mut Student),
}

/// The good student's points but for some tasks.
fn but(tasks: &[(usize, &'static str)]) -> [&'static str; 13] {
    let mut points = GOOD;
    for (task, given) in tasks {
        points[task - 1] = given;
    }
    points
}

fn rubric() -> Arc<Rubric> {
    Arc::new(Rubric::load(LAB.as_ref()).unwrap_or_else(|found| panic!("{}", render(&found, false))))
}

/// Connects to the account in front of a sandbox, as its administrator or with an access key of somebody's.
async fn connected(sandbox: &Sandbox, key: Option<Credentials>, clock: Clock) -> Aws {
    let credentials = SharedCredentialsProvider::new(key.unwrap_or_else(|| sandbox.credentials()));
    connect_through(sandbox.http_client(), credentials, "us-east-1", clock).await.unwrap()
}

/// Reads what the rubric needs of an account.
async fn read(aws: &Aws, rubric: &Rubric) -> Evidence {
    let access = Access {
        way: Way::Sandbox,
        target: "sandbox".to_owned(),
        caller: aws.caller.arn.clone(),
        role: None,
        open_without_external_id: None,
        nonce: None,
    };
    collect::collect(aws, rubric, "s001", access, &|_| {}).await
}

/// Has a student work and marks it.
async fn marked(rubric: &Rubric, student: &Student) -> StudentResult {
    let (sandbox, clock) = student.work().await;
    let aws = connected(&sandbox, None, clock).await;
    mark(rubric, &read(&aws, rubric).await, &std::collections::BTreeMap::new())
}

/// Writes how the criteria of a task came out.
fn explained(task: &TaskResult) -> String {
    let mut text = String::new();
    for criterion in &task.criteria {
        if !matches!(criterion.status, Status::Pass | Status::Manual) {
            let (id, earned, points) = (&criterion.id, criterion.earned, criterion.points);
            let _ =
                writeln!(text, "      {id} {earned}/{points} {:?}: {}", criterion.status, criterion.message);
            for line in &criterion.evidence {
                let _ = writeln!(text, "        {line}");
            }
        }
    }
    text
}

/// Does work on a thread of its own.
fn apart<T, F>(work: impl FnOnce() -> F + Send + 'static) -> tokio::task::JoinHandle<T>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || runtime.block_on(work()))
}

/// Marks every account and compares all points, so that one run tells of all that differ.
async fn check(accounts: Vec<Account>) {
    let rubric = rubric();
    let wrong: Vec<String> = stream::iter(accounts)
        .map(|account| {
            let rubric = rubric.clone();
            let marking = apart(async move || {
                let mut student = Student::good();
                (account.differs)(&mut student);
                compared(&account, &marked(&rubric, &student).await)
            });
            async { marking.await.unwrap() }
        })
        .buffered(2)
        .filter_map(std::future::ready)
        .collect()
        .await;
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Tells where points differ from those that are fair.
fn compared(account: &Account, result: &StudentResult) -> Option<String> {
    let mut text = String::new();
    for (task, fair) in result.tasks.iter().zip(account.points) {
        if task.score.to_string() != fair {
            let _ = writeln!(text, "    {} got {}, fair is {fair}", task.id, task.score);
            text += &explained(task);
        }
    }
    if result.state != State::Graded {
        let _ = writeln!(text, "    it is {:?}", result.state);
    }
    (!text.is_empty()).then(|| format!("  {} ({})\n{text}", account.name, account.because))
}
