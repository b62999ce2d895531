//! The event history as `LookupEvents` shows it to the SDK's own client.

use std::path::Path;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use iamlab::clock::Clock;
use iamlab::sandbox::{DEFAULT_ACCOUNT, Options, Sandbox};
use serde_json::Value;

use crate::lab::REGION;

/// The account that owns the role.
const OTHER: &str = "210987654321";

/// A sandbox whose clock moves when a test says so.
struct Place {
    sandbox: Sandbox,
    clock: Clock,
}

impl Place {
    fn new(dir: Option<&Path>) -> Self {
        let clock = Clock::fixed("2026-03-02T09:00:00Z".parse().unwrap());
        let (dir, account) = (dir.map(Path::to_owned), DEFAULT_ACCOUNT.to_owned());
        Self { sandbox: Sandbox::open(Options { dir, account, clock: clock.clone() }).unwrap(), clock }
    }

    async fn pass(&self, seconds: u64) {
        self.clock.sleep(Duration::from_secs(seconds)).await;
    }

    /// The configuration of whoever has these credentials.
    async fn config(&self, credentials: Credentials) -> SdkConfig {
        aws_config::defaults(BehaviorVersion::latest())
            .http_client(self.sandbox.http_client())
            .credentials_provider(credentials)
            .retry_config(RetryConfig::disabled())
            .region(Region::from_static(REGION))
            .load()
            .await
    }

    /// The administrator of an account.
    async fn administrator(&self, account: &str) -> SdkConfig {
        self.config(self.sandbox.with_account(account).unwrap().credentials()).await
    }

    /// Makes a user of the default account with an inline policy. Returns the user's configuration.
    async fn user(&self, name: &str, policy: Option<&str>) -> SdkConfig {
        let iam = aws_sdk_iam::Client::new(&self.administrator(DEFAULT_ACCOUNT).await);
        iam.create_user().user_name(name).send().await.unwrap();
        if let Some(policy) = policy {
            let put = iam.put_user_policy().user_name(name).policy_name("own").policy_document(policy);
            put.send().await.unwrap();
        }
        let made = iam.create_access_key().user_name(name).send().await.unwrap();
        let key = made.access_key().unwrap();
        self.config(Credentials::new(key.access_key_id(), key.secret_access_key(), None, None, "test")).await
    }

    /// Looks an account's events up by one attribute, newest first.
    async fn events(&self, account: &str, key: LookupAttributeKey, value: &str) -> Vec<Event> {
        self.pass(1).await;
        let client = Client::new(&self.administrator(account).await);
        let attribute = LookupAttribute::builder().attribute_key(key).attribute_value(value).build().unwrap();
        let answer = client.lookup_events().lookup_attributes(attribute).send().await.unwrap();
        answer.events().to_vec()
    }
}

fn record(event: &Event) -> Value {
    serde_json::from_str(event.cloud_trail_event().unwrap()).unwrap()
}

#[tokio::test]
async fn a_denied_call_of_a_user_is_found_by_the_users_name() {
    let place = Place::new(None);
    let user3 = place.user("User3", None).await;
    let iam = aws_sdk_iam::Client::new(&user3);
    let refused = iam.add_user_to_group().group_name("IAM-Auditor-Group").user_name("User2").send().await;
    assert_eq!(refused.unwrap_err().code(), Some("AccessDenied"));

    let found = place.events(DEFAULT_ACCOUNT, LookupAttributeKey::Username, "User3").await;
    let [event] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((event.event_name(), event.read_only()), (Some("AddUserToGroup"), Some("false")));
    assert_eq!(event.event_source(), Some("iam.amazonaws.com"));
    let record = record(event);
    assert_eq!(record["errorCode"], "AccessDenied");
    assert!(record["errorMessage"].as_str().unwrap().contains("iam:AddUserToGroup"), "{record}");
    assert_eq!(record["userIdentity"]["type"], "IAMUser");
    assert_eq!(record["userIdentity"]["accessKeyId"], event.access_key_id().unwrap());
    assert_eq!(record["sourceIPAddress"], "127.0.0.1");
    assert!(record["userAgent"].as_str().unwrap().contains("aws-sdk-rust"), "{record}");

    let found = place.events(DEFAULT_ACCOUNT, LookupAttributeKey::ResourceName, "User3").await;
    let names: Vec<_> = found.iter().filter_map(Event::event_name).collect();
    assert_eq!(names, ["CreateAccessKey", "CreateUser"]);
}

#[tokio::test]
async fn no_secret_is_in_the_history() {
    let place = Place::new(None);
    let administrator = place.administrator(DEFAULT_ACCOUNT).await;
    let iam = aws_sdk_iam::Client::new(&administrator);
    iam.create_user().user_name("u").send().await.unwrap();
    let login = iam.create_login_profile().user_name("u").password("Very-Secret-77!").send();
    login.await.unwrap();
    let made = iam.create_access_key().user_name("u").send().await.unwrap();
    let device = iam.create_virtual_mfa_device().virtual_mfa_device_name("u").send().await.unwrap();
    let sts = aws_sdk_sts::Client::new(&administrator);
    let session = sts.get_session_token().send().await.unwrap();
    let session = session.credentials().unwrap();
    let seed = device.virtual_mfa_device().unwrap().base32_string_seed().unwrap();
    let seed = String::from_utf8(seed.as_ref().to_vec()).unwrap();
    let secrets = [
        "Very-Secret-77!",
        made.access_key().unwrap().secret_access_key(),
        session.secret_access_key(),
        session.session_token(),
        &seed,
    ];
    let answer = Client::new(&administrator).lookup_events().send().await.unwrap();
    assert!(answer.events().len() >= 5);
    for event in answer.events() {
        for secret in secrets {
            assert!(!event.cloud_trail_event().unwrap().contains(secret), "{event:?}");
        }
    }
    let issued = place.events(DEFAULT_ACCOUNT, LookupAttributeKey::EventName, "GetSessionToken").await;
    assert_eq!(record(&issued[0])["responseElements"]["credentials"]["accessKeyId"], session.access_key_id());
}

#[tokio::test]
async fn both_accounts_hear_of_a_role_that_was_assumed_across_them() {
    let place = Place::new(None);
    let role = format!("arn:aws:iam::{OTHER}:role/grader");
    let caller = format!("arn:aws:iam::{DEFAULT_ACCOUNT}:user/teacher");
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"{role}"}}]}}"#
    );
    let teacher = place.user("teacher", Some(&policy)).await;
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{caller}"}},"Action":"sts:AssumeRole",
            "Condition":{{"StringEquals":{{"sts:ExternalId":"class-7"}}}}}}]}}"#
    );
    let iam = aws_sdk_iam::Client::new(&place.administrator(OTHER).await);
    iam.create_role().role_name("grader").assume_role_policy_document(trust).send().await.unwrap();

    let sts = aws_sdk_sts::Client::new(&teacher);
    let attempt = |id: Option<&str>| {
        let call = sts.assume_role().role_arn(&role).role_session_name("grading");
        call.set_external_id(id.map(str::to_owned)).send()
    };
    for wrong in [None, Some("class-8")] {
        assert_eq!(attempt(wrong).await.unwrap_err().code(), Some("AccessDenied"), "{wrong:?}");
    }
    let session = attempt(Some("class-7")).await.unwrap();

    let own = place.events(DEFAULT_ACCOUNT, LookupAttributeKey::EventName, "AssumeRole").await;
    let codes: Vec<Value> = own.iter().map(|event| record(event)["errorCode"].clone()).collect();
    assert_eq!(codes, [Value::Null, "AccessDenied".into(), "AccessDenied".into()]);
    let theirs = place.events(OTHER, LookupAttributeKey::EventName, "AssumeRole").await;
    let [theirs] = theirs.as_slice() else {
        panic!("the owner of a role hears of it when it is assumed: {theirs:?}")
    };
    let (mine, theirs) = (record(&own[0]), record(theirs));
    assert_eq!(mine["sharedEventID"], theirs["sharedEventID"]);
    assert_eq!(
        (&mine["recipientAccountId"], &theirs["recipientAccountId"]),
        (&DEFAULT_ACCOUNT.into(), &OTHER.into())
    );
    assert_eq!(theirs["userIdentity"]["type"], "AWSAccount");
    assert_eq!(theirs["userIdentity"]["accountId"], DEFAULT_ACCOUNT);
    assert_eq!(theirs["requestParameters"]["externalId"], "class-7");
    let key = session.credentials().unwrap().access_key_id();
    assert_eq!(theirs["responseElements"]["credentials"]["accessKeyId"], key);
}

#[tokio::test]
async fn looking_up_needs_permission_and_patience() {
    let place = Place::new(None);
    let nobody = place.user("nobody", None).await;
    let error = Client::new(&nobody).lookup_events().send().await.unwrap_err();
    assert_eq!(error.code(), Some("AccessDeniedException"));

    let hasty = Client::new(&place.administrator(DEFAULT_ACCOUNT).await);
    for _ in 0..2 {
        hasty.lookup_events().send().await.unwrap();
    }
    let error = hasty.lookup_events().send().await.unwrap_err().into_service_error();
    assert_eq!((error.code(), error.message()), (Some("ThrottlingException"), Some("Rate exceeded")));
    // The SDK's own patience is enough: it tries again.
    let config = place.administrator(DEFAULT_ACCOUNT).await.into_builder();
    let patient = Client::new(&config.retry_config(RetryConfig::standard()).build());
    let mut pages = patient.lookup_events().max_results(1).into_paginator().items().send();
    let mut seen = 0;
    while let Some(event) = pages.next().await {
        assert!(event.unwrap().event_id().is_some());
        seen += 1;
    }
    assert!(seen >= 5, "{seen}");
}

#[tokio::test]
async fn the_history_outlives_the_process_but_not_its_ninety_days() {
    let dir = tempfile::tempdir().unwrap();
    {
        let place = Place::new(Some(dir.path()));
        place.user("u", None).await;
    }
    let place = Place::new(Some(dir.path()));
    let made = place.events(DEFAULT_ACCOUNT, LookupAttributeKey::EventName, "CreateUser").await;
    assert_eq!(made.len(), 1);
    place.pass(91 * 86_400).await;
    assert!(place.events(DEFAULT_ACCOUNT, LookupAttributeKey::EventName, "CreateUser").await.is_empty());
}
