//! `sandbox serve` under load: killed at any moment it has kept what it acknowledged, and its clients read their writes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;

use iamlab::sandbox::DEFAULT_ACCOUNT;
use serde_json::Value;

use crate::cases::wait;
use crate::lab::REGION;
use crate::program::Program;
use crate::served::pause;
use crate::serving::Serving;

const CLIENTS: usize = 4;

/// After so many acknowledged users the server is killed: at once, and in full run.
const DEATHS: [usize; 4] = [1, 23, 60, 300];

/// Settings of a client that sends nothing twice. Connections belong to the runtime they were made on.
async fn config(serving: &Serving) -> SdkConfig {
    let (id, secret) = serving.key();
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(serving.url())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(Credentials::new(id, secret, None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .region(Region::from_static(REGION))
        .load()
        .await
}

/// What one client was told, and what it had asked when it was told no more.
#[derive(Debug, Default)]
struct Told {
    users: Vec<String>,
    topics: Vec<String>,
    in_flight: Option<String>,
}

/// Makes users and topics until the server is gone.
async fn work(client: usize, serving: &Serving, acknowledged: &AtomicUsize) -> Told {
    let sdk = config(serving).await;
    let (iam, sns) = (aws_sdk_iam::Client::new(&sdk), aws_sdk_sns::Client::new(&sdk));
    let mut told = Told::default();
    for number in 0.. {
        let name = format!("client{client}-{number}");
        told.in_flight = Some(name.clone());
        if iam.create_user().user_name(&name).send().await.is_err() {
            break;
        }
        told.users.push(name.clone());
        acknowledged.fetch_add(1, Ordering::SeqCst);
        // Read your writes, whatever the others do meanwhile. Only the server's end is a reason not to be answered.
        match iam.get_user().user_name(&name).send().await {
            Ok(found) => assert_eq!(found.user().unwrap().user_name(), name),
            Err(error) => assert!(error.raw_response().is_none(), "{name} was made: {error:?}"),
        }
        if sns.create_topic().name(&name).send().await.is_err() {
            break;
        }
        told.topics.push(name);
        told.in_flight = None;
    }
    told
}

/// The names of all users and of all topics.
async fn names(serving: &Serving) -> [(&'static str, BTreeSet<String>); 2] {
    let sdk = config(serving).await;
    let users = aws_sdk_iam::Client::new(&sdk).list_users().into_paginator().items().send();
    let users = users.collect::<Result<Vec<_>, _>>().await.unwrap();
    let topics = aws_sdk_sns::Client::new(&sdk).list_topics().into_paginator().items().send();
    let topics = topics.collect::<Result<Vec<_>, _>>().await.unwrap();
    let topic = |arn: &str| arn.rsplit(':').next().unwrap().to_owned();
    [
        ("users", users.into_iter().map(|user| user.user_name).collect()),
        ("topics", topics.iter().map(|it| topic(it.topic_arn().unwrap())).collect()),
    ]
}

/// The users whose making is in the event history, as the folder keeps it.
fn recorded(program: &Program) -> BTreeSet<String> {
    let file = program.sandbox_dir().join("accounts").join(DEFAULT_ACCOUNT).join("events.jsonl");
    let text = std::fs::read_to_string(file).unwrap();
    let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap().to_string());
    let made = events.filter(|event| event.contains("CreateUser"));
    let name = |event: String| {
        let from = event.find("client")?;
        Some(event[from..].chars().take_while(|c| c.is_alphanumeric() || *c == '-').collect())
    };
    made.filter_map(name).collect()
}

#[test]
fn a_kill_under_load_loses_nothing_that_was_acknowledged() {
    let program = Program::new();
    let mut before: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (round, death) in DEATHS.into_iter().enumerate() {
        let serving = Serving::of(&program);
        let key = serving.key().0.to_owned();
        let acknowledged = AtomicUsize::new(0);
        let told: Vec<Told> = thread::scope(|scope| {
            let (server, acknowledged) = (&serving, &acknowledged);
            let client =
                |number| scope.spawn(move || wait(work(round * CLIENTS + number, server, acknowledged)));
            let clients: Vec<_> = (0..CLIENTS).map(client).collect();
            while acknowledged.load(Ordering::SeqCst) < death {
                assert!(!clients.iter().any(thread::ScopedJoinHandle::is_finished), "a client has given up");
                pause(Duration::from_millis(1));
            }
            serving.kill();
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });

        let again = Serving::of(&program);
        assert_eq!(again.key().0, key, "the administrator has another key");
        for (kind, found) in wait(names(&again)) {
            let of = |told: &Told| if kind == "users" { told.users.clone() } else { told.topics.clone() };
            let kept = before.entry(kind).or_default();
            kept.extend(told.iter().flat_map(of));
            let lost: Vec<_> = kept.difference(&found).collect();
            assert!(lost.is_empty(), "round {round}: {kind} that were acknowledged are gone: {lost:?}");
            let in_flight: BTreeSet<_> = told.iter().filter_map(|told| told.in_flight.clone()).collect();
            let invented: Vec<_> = found.difference(kept).filter(|name| !in_flight.contains(*name)).collect();
            assert!(invented.is_empty(), "round {round}: {kind} that nobody asked for: {invented:?}");
            *kept = found;
        }
        let (made, recorded) = (told.iter().flat_map(|told| &told.users), recorded(&program));
        let silent: Vec<_> = made.filter(|name| !recorded.contains(*name)).collect();
        assert!(silent.is_empty(), "round {round}: made without an event: {silent:?}");
    }
}

#[test]
fn the_first_line_comes_at_once() {
    let program = Program::new();
    // The first start of a folder makes an account, the second reads it.
    for _ in 0..2 {
        let took = Serving::of(&program).started_in();
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
}
