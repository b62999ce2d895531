//! What an audit reads: how many requests it takes, what it does without a permission, and what it leaves in the
//! account.

use std::collections::BTreeSet;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use iamlab::account::calls::ApiCalls;
use iamlab::account::file::SnapshotFile;
use iamlab::account::packing::LARGEST;
use iamlab::account::part::Part;
use iamlab::account::snapshot::{RootManagement, Snapshot};
use iamlab::aws::Aws;
use iamlab::aws::collect::{Scope, collect};
use iamlab::aws::connect::{connect_at, connect_through};
use iamlab::clock::Clock;
use iamlab::provision::render::permissions::permissions;
use iamlab::sandbox::DEFAULT_ACCOUNT;
use iamlab::sandbox::control::{Order, Trouble};
use iamlab::sandbox::services::iam::store::RootMfa;
use serde_json::json;

use crate::cases::{ensure, run_all, wait};
use crate::lab::{Account, REGION, iam_auditing};
use crate::moto::Moto;
use crate::wire::{Fault, Wire};

/// The parts that IAM's own controls need.
const CORE: [Part; 5] =
    [Part::Identity, Part::CredentialReport, Part::AccountSummary, Part::PasswordPolicy, Part::VirtualMfa];

/// Puts so many users and roles into an account, behind its API.
async fn fill(account: &Account, users: usize, roles: usize) {
    let iam = account.clients().await.iam;
    iam.create_user().user_name("first").send().await.unwrap();
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com"}}]});
    iam.create_role().role_name("first").assume_role_policy_document(trust.to_string()).send().await.unwrap();
    account.sandbox.iam().edit(|state| {
        let user = state.users.get("first").unwrap().clone();
        for number in 1..users {
            let (name, id) = (format!("user{number:04}"), format!("AIDA{number:017}"));
            state.users.insert(
                name.clone(),
                iamlab::sandbox::services::iam::store::User { name, id, ..user.clone() },
            );
        }
        let role = state.roles.get("first").unwrap().clone();
        for number in 1..roles {
            let (name, id) = (format!("role{number:04}"), format!("AROA{number:017}"));
            state.roles.insert(
                name.clone(),
                iamlab::sandbox::services::iam::store::Role { name, id, ..role.clone() },
            );
        }
    });
}

async fn look(account: &Account, http: SharedHttpClient, parts: &[Part]) -> (Snapshot, Aws) {
    let aws = account.connect(http).await.unwrap();
    let snapshot = collect(&aws, &Scope::audit(parts.iter().copied())).await.snapshot;
    (snapshot, aws)
}

/// Which parts were not read, and why.
fn unread(snapshot: &Snapshot) -> Vec<(Part, String)> {
    Part::ALL.into_iter().filter_map(|part| Some((part, part.unread(snapshot)?.to_owned()))).collect()
}

#[tokio::test]
async fn the_core_of_a_thousand_users_takes_eight_requests() {
    for users in [10, 1_000] {
        let account = Account::new();
        // The role and the administrator's group of entities stay below a page of 1,000 with them.
        fill(&account, users - 1, 1).await;
        let (snapshot, aws) = look(&account, account.http(), &CORE).await;
        let calls = aws.meter.calls();
        assert_eq!((calls.read, calls.write, calls.throttled), (8, 0, 0));
        assert!(CORE.iter().all(|part| part.unread(&snapshot).is_none()), "{:?}", unread(&snapshot));
        assert_eq!(snapshot.identity.read().unwrap().users.len(), users - 1);
        assert_eq!(snapshot.credential_report.read().unwrap().rows().len(), users);
        // The next one finds the report ready.
        let (_, again) = look(&account, account.http(), &CORE).await;
        assert_eq!(again.meter.calls().total(), 7);
    }
}

#[tokio::test]
async fn the_largest_account_takes_sixteen_requests_at_most() {
    let account = Account::new();
    fill(&account, 5_000, 1_000).await;
    let (snapshot, aws) = look(&account, account.http(), &CORE).await;
    assert!(aws.meter.calls().total() <= 16, "{:?}", aws.meter.calls());
    let identity = snapshot.identity.read().unwrap();
    assert_eq!((identity.users.len(), identity.roles.len()), (5_000, 1_000));
    // It goes through a file, too.
    let file = SnapshotFile { snapshot, target: "sandbox".into(), api_calls: ApiCalls::default() };
    let text = file.to_json().unwrap();
    assert!(u64::try_from(text.len()).unwrap() < LARGEST / 10, "{} bytes", text.len());
    let read = SnapshotFile::parse(&text).unwrap();
    assert!(read.to_json().unwrap() == text);
}

#[tokio::test]
async fn the_core_takes_eight_requests_on_moto_too() {
    for users in [10, 1_000] {
        let Some(moto) = Moto::start() else { return };
        let iam = moto.clients().await.iam;
        for number in 0..users {
            iam.create_user().user_name(format!("user{number:04}")).send().await.unwrap();
        }
        let aws = connect_to(&moto).await;
        let snapshot = collect(&aws, &Scope::audit(CORE)).await.snapshot;
        assert_eq!(aws.meter.calls().total(), 8);
        assert!(CORE.iter().all(|part| part.unread(&snapshot).is_none()), "{:?}", unread(&snapshot));
        assert_eq!(snapshot.identity.read().unwrap().users.len(), users);
    }
}

/// moto has no list of regions and no organization features (`no-list-of-regions`, `no-organizations-features` of
/// `deviations.py`): what cannot be read says so, the rest is read.
#[tokio::test]
async fn what_an_endpoint_lacks_is_not_read() {
    let Some(moto) = Moto::start() else { return };
    let aws = connect_to(&moto).await;
    let snapshot = collect(&aws, &Scope::audit(Part::ALL)).await.snapshot;
    let unread = unread(&snapshot);
    let parts: Vec<Part> = unread.iter().map(|(part, _)| *part).collect();
    assert_eq!(parts, [Part::Analyzers, Part::RootManagement], "{unread:?}");
    assert!(unread.iter().all(|(_, why)| !why.contains('\n') && !why.contains('<')), "{unread:?}");
}

/// Connects as the program does to what answers at an endpoint.
async fn connect_to(moto: &Moto) -> Aws {
    let key = Credentials::new("testing", "testing", None, None, "test");
    connect_at(&moto.url(), SharedCredentialsProvider::new(key), REGION, Clock::System).await.unwrap()
}

#[tokio::test]
async fn every_part_of_the_sandbox_is_read() {
    let account = Account::new();
    let clients = account.clients().await;
    let everywhere = clients.analyzer.config().to_builder();
    let ireland = everywhere.region(aws_config::Region::from_static("eu-west-1")).build();
    let ireland = aws_sdk_accessanalyzer::Client::from_conf(ireland);
    ireland.create_analyzer().analyzer_name("outside").r#type("ACCOUNT".into()).send().await.unwrap();
    account.sandbox.iam().edit(|state| state.root.mfa = Some(RootMfa::Virtual));
    let (snapshot, aws) = look(&account, account.http(), &Part::ALL).await;
    assert_eq!(unread(&snapshot), []);
    // The core's eight, the certificates, two kinds of providers, the organization, the regions and one call in each.
    assert_eq!(aws.meter.calls().total(), 8 + 1 + 2 + 1 + 1 + 17);

    let regions = snapshot.regions.read().unwrap();
    assert_eq!(regions.len(), 17);
    let analyzers = |region: &str| snapshot.analyzers_by_region[region].read().unwrap();
    assert_eq!(analyzers("eu-west-1")[0].name, "outside");
    assert!(analyzers("us-east-1").is_empty());
    assert_eq!(snapshot.root_management.read(), Some(&RootManagement::NoOrganization));
    // Root's device, though there is no user at all.
    let devices = snapshot.virtual_mfa.read().unwrap();
    assert_eq!(devices[0].owner.as_deref(), Some("arn:aws:iam::123456789012:root"));
    let report = snapshot.credential_report.read().unwrap();
    assert_eq!(report.root().unwrap().arn(), "arn:aws:iam::123456789012:root");
    assert!(report.generated.is_some());
    assert_eq!(snapshot.account_summary.read().unwrap()["AccountMFAEnabled"], 1);
}

#[tokio::test]
async fn a_role_that_was_used_says_when() {
    let account = Account::new();
    fill(&account, 1, 2).await;
    account.sandbox.iam().record_role_use("role0001", REGION);
    let (snapshot, _) = look(&account, account.http(), &[Part::Identity]).await;
    let roles = &snapshot.identity.read().unwrap().roles;
    assert!(roles["role0001"].last_used.is_some() && roles["first"].last_used.is_none());
}

/// Each permission in turn.
#[test]
fn a_permission_that_is_missing_costs_its_part_and_is_named() {
    let actions: BTreeSet<&str> = Part::ALL.iter().flat_map(|part| part.permissions()).copied().collect();
    run_all(actions.into_iter().collect(), |action| {
        wait(async {
            let account = Account::new();
            let wire =
                Wire::new(
                    account.http(),
                    move |call| {
                        if call.action == action { Fault::Denied } else { Fault::None }
                    },
                );
            let (snapshot, _) = look(&account, wire.client(), &Part::ALL).await;
            let lost = unread(&snapshot);
            let wanted: Vec<Part> =
                Part::ALL.into_iter().filter(|part| part.permissions().contains(&action)).collect();
            let parts: Vec<Part> = lost.iter().map(|(part, _)| *part).collect();
            ensure(parts == wanted, format!("{lost:?}"))?;
            ensure(lost.iter().all(|(_, why)| why.contains(&format!("`{action}`"))), format!("{lost:?}"))
        })
    });
}

/// Under the rendered permissions all is read, and the history has nobody writing.
#[tokio::test]
async fn the_rendered_permissions_are_enough_and_nothing_is_written() {
    let account = Account::new();
    let aws = auditor(&account).await;
    let snapshot = collect(&aws, &Scope::audit(Part::ALL)).await.snapshot;
    assert_eq!(unread(&snapshot), []);
    let events = auditors_events(&account).await;
    assert!(events.iter().any(|(name, _)| name == "GenerateCredentialReport"));
    let writes: Vec<_> =
        events.iter().filter(|(name, writes)| *writes && name != "GenerateCredentialReport").collect();
    assert!(writes.is_empty(), "{writes:?}");
}

/// An IAM user with the policy that `render --as permissions` prints for an audit.
async fn auditor(account: &Account) -> Aws {
    let rendered: serde_json::Value =
        serde_json::from_str(&permissions(&iam_auditing()).unwrap().text).unwrap();
    let statements = rendered["Statement"].as_array().unwrap().iter();
    let own: Vec<_> = statements.filter(|statement| statement["Sid"] == "AuditTheAccount").collect();
    assert_eq!(own.len(), 1);
    let document = json!({"Version": "2012-10-17", "Statement": own}).to_string();
    let iam = account.clients().await.iam;
    iam.create_user().user_name("Auditor").send().await.unwrap();
    let put = iam.put_user_policy().user_name("Auditor").policy_name("audit").policy_document(document);
    put.send().await.unwrap();
    let key = iam.create_access_key().user_name("Auditor").send().await.unwrap().access_key.unwrap();
    let key = Credentials::new(key.access_key_id, key.secret_access_key, None, None, "auditor");
    let clock = Clock::fixed("2026-03-02T09:00:07Z".parse().unwrap());
    connect_through(account.http(), SharedCredentialsProvider::new(key), REGION, clock).await.unwrap()
}

/// The names of the auditor's events in every region, and whether each may have written.
async fn auditors_events(account: &Account) -> Vec<(String, bool)> {
    use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
    let mut found = Vec::new();
    let (snapshot, _) = look(account, account.http(), &[Part::Analyzers]).await;
    for region in snapshot.regions.read().unwrap() {
        let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
            .http_client(account.http())
            .credentials_provider(account.sandbox.credentials())
            .region(aws_config::Region::new(region.clone()))
            .load()
            .await;
        let by = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::Username)
            .attribute_value("Auditor")
            .build()
            .unwrap();
        let trail = aws_sdk_cloudtrail::Client::new(&config);
        let events = trail.lookup_events().lookup_attributes(by).send().await.unwrap();
        assert!(events.next_token().is_none() && !events.events().is_empty(), "{region}");
        found.extend(
            events
                .events()
                .iter()
                .map(|event| (event.event_name().unwrap().to_owned(), event.read_only() != Some("true"))),
        );
    }
    found
}

#[tokio::test]
async fn throttling_is_survived() {
    let account = Account::new();
    fill(&account, 2, 1).await;
    rule(&account, "* throttle 0.3 seed 7").await;
    let (snapshot, aws) = look(&account, account.http(), &Part::ALL).await;
    assert_eq!(unread(&snapshot), []);
    assert!(aws.meter.calls().throttled > 0);
}

#[tokio::test]
async fn a_report_that_is_not_there_is_asked_for_again() {
    for (fault, total) in [
        // Generate, Generate, Get; then again Generate (the report is there), Get.
        ("iam:GetCredentialReport error ReportNotPresent status 410 first 1", 6),
        ("iam:GetCredentialReport error ReportExpired status 410 first 1", 6),
        ("iam:GetCredentialReport error ReportInProgress status 404 first 2", 6),
    ] {
        let account = Account::new();
        rule(&account, fault).await;
        let (snapshot, aws) = look(&account, account.http(), &[Part::CredentialReport]).await;
        assert_eq!(unread_report(&snapshot), None, "{fault}");
        assert_eq!(aws.meter.calls().total(), total, "{fault}");
    }
}

#[tokio::test]
async fn a_report_that_never_comes_is_given_up() {
    for (fault, told) in [
        ("iam:GetCredentialReport error ReportExpired status 410", "ReportExpired"),
        ("iam:GetCredentialReport error ReportInProgress status 404", "IAM has not made it in"),
    ] {
        let account = Account::new();
        rule(&account, fault).await;
        let (snapshot, aws) = look(&account, account.http(), &[Part::CredentialReport]).await;
        assert!(unread_report(&snapshot).unwrap().contains(told), "{:?}", unread_report(&snapshot));
        assert!(aws.meter.calls().total() < 30, "{:?}", aws.meter.calls());
    }
}

#[tokio::test]
async fn a_slow_report_is_waited_for() {
    let account = Account::new();
    let slow =
        Order::Reports { account: DEFAULT_ACCOUNT.into(), additional_column: None, preparation: Some(20) };
    account.sandbox.obey(slow).await.unwrap();
    let (snapshot, aws) = look(&account, account.http(), &[Part::CredentialReport]).await;
    assert_eq!(unread_report(&snapshot), None);
    // Who is called, the start, polls after 0.25, 1, 2, 4, 8 and 10 seconds, the report.
    assert_eq!(aws.meter.calls().total(), 9);
}

#[tokio::test]
async fn at_the_limit_the_stored_report_does() {
    let account = Account::new();
    let limit = "iam:GenerateCredentialReport error LimitExceeded";
    rule(&account, limit).await;
    let (snapshot, _) = look(&account, account.http(), &[Part::CredentialReport]).await;
    assert!(unread_report(&snapshot).unwrap().contains("LimitExceeded"));
    let account = Account::new();
    look(&account, account.http(), &[Part::CredentialReport]).await;
    rule(&account, limit).await;
    let (snapshot, _) = look(&account, account.http(), &[Part::CredentialReport]).await;
    assert_eq!(unread_report(&snapshot), None);
}

fn unread_report(snapshot: &Snapshot) -> Option<&str> {
    Part::CredentialReport.unread(snapshot)
}

async fn rule(account: &Account, rule: &str) {
    let change = Some(Trouble::Add(rule.to_owned()));
    account.sandbox.obey(Order::Faults { account: DEFAULT_ACCOUNT.into(), change }).await.unwrap();
}
