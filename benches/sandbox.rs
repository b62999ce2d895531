//! What the sandbox costs, in process and optimised: `cargo bench --bench sandbox`. The figures are in
//! `docs/performance.md`; nothing is asserted here.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement prints, and fails by panicking")]

use std::path::Path;
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_iam::Client;
use iamlab::clock::Clock;
use iamlab::sandbox::{DEFAULT_ACCOUNT, Options, Sandbox};

fn open(dir: Option<&Path>) -> Sandbox {
    let (dir, account) = (dir.map(Path::to_owned), DEFAULT_ACCOUNT.to_owned());
    Sandbox::open(Options { dir, account, clock: Clock::System }).unwrap()
}

async fn client(sandbox: &Sandbox) -> Client {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(sandbox.http_client())
        .credentials_provider(sandbox.credentials())
        .region(Region::from_static("us-east-1"))
        .load()
        .await;
    Client::new(&config)
}

/// Creates users and puts each into a group. Returns the time of the slowest call.
async fn fill(iam: &Client, users: usize) -> Duration {
    iam.create_group().group_name("class").send().await.unwrap();
    let mut slowest = Duration::ZERO;
    for number in 0..users {
        let (name, start) = (format!("student{number:04}"), Instant::now());
        iam.create_user().user_name(&name).send().await.unwrap();
        slowest = slowest.max(start.elapsed());
        iam.add_user_to_group().group_name("class").user_name(&name).send().await.unwrap();
    }
    slowest
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    for (place, dir) in [("in memory", None), ("on disk", Some(folder.path().join("thousand")))] {
        let sandbox = open(dir.as_deref());
        let iam = client(&sandbox).await;
        let start = Instant::now();
        let slowest = fill(&iam, 1_000).await;
        println!(
            "1,000 x (CreateUser + AddUserToGroup) {place}: {:?}, slowest call {slowest:?}",
            start.elapsed()
        );
        let start = Instant::now();
        iam.generate_credential_report().send().await.unwrap();
        println!("  GenerateCredentialReport of 1,000 users: {:?}", start.elapsed());
        let start = Instant::now();
        iam.get_credential_report().send().await.unwrap();
        println!("  GetCredentialReport: {:?}", start.elapsed());
        let start = Instant::now();
        let pages = iam.get_account_authorization_details().into_paginator().send();
        let pages = pages.collect::<Result<Vec<_>, _>>().await.unwrap().len();
        println!("  GetAccountAuthorizationDetails, {pages} pages: {:?}", start.elapsed());
    }
    let dir = folder.path().join("five-thousand");
    let sandbox = open(Some(&dir));
    let slowest = fill(&client(&sandbox).await, 4_990).await;
    println!("5,000 users on disk: slowest call, a save of everything included: {slowest:?}");
    drop(sandbox);
    let start = Instant::now();
    let sandbox = open(Some(&dir));
    println!("  opened again: {:?}", start.elapsed());
    let iam = client(&sandbox).await;
    let start = Instant::now();
    iam.create_user().user_name("one-more").send().await.unwrap();
    println!("  first change afterwards: {:?}", start.elapsed());
}
