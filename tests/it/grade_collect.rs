//! What grading reads of one account, what it costs, and what it leaves behind.

use std::collections::BTreeMap;

use aws_config::Region;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use iamlab::account::event::Event;
use iamlab::account::snapshot::Facet;
use iamlab::aws::Aws;
use iamlab::aws::connect::{connect_at, connect_through};
use iamlab::clock::Clock;
use iamlab::grade::collect::collect;
use iamlab::grade::evidence::{Access, Evidence, Way};
use iamlab::grade::rubric::Rubric;
use iamlab::sandbox::DEFAULT_ACCOUNT;
use serde_json::{Value, json};

use crate::inventory::Clients;
use crate::lab::{Account, REGION, UP, config_of, iam_auditing, package, root};
use crate::moto::Moto;
use crate::wire::{Fault, Wire, is_write};

const ELSEWHERE: &str = "us-west-2";

fn rubric() -> Rubric {
    Rubric::load(&root().join("scenarios/iam-auditing")).unwrap()
}

/// Reads what the rubric of the lab needs.
async fn read(aws: &Aws) -> Evidence {
    let access = Access {
        way: Way::Sandbox,
        target: "sandbox".into(),
        caller: aws.caller.arn.clone(),
        role: None,
        open_without_external_id: None,
        nonce: None,
    };
    collect(aws, &rubric(), "s001", access, &|_| {}).await
}

/// Reads with a hand on the wire.
async fn read_through(
    account: &Account,
    plan: impl Fn(&str) -> Fault + Send + Sync + 'static,
) -> (Evidence, Wire) {
    let wire = Wire::new(account.http(), move |call| plan(&call.action));
    let aws = account.connect(wire.client()).await.unwrap();
    (read(&aws).await, wire)
}

/// The account of a student who made everything.
async fn finished() -> Account {
    let account = Account::new();
    let folder = tempfile::tempdir().unwrap();
    account.complete(&iam_auditing(), UP, &folder.path().join("handover.csv")).await.unwrap();
    account
}

/// The package of a function that does something of what is asked for.
fn publishing() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("handler.py", zip::write::SimpleFileOptions::default()).unwrap();
    let code = b"import boto3\ndef main(event, context):\n    boto3.client('sns').publish(TopicArn='t', Message='m')\n";
    std::io::Write::write_all(&mut zip, code).unwrap();
    zip.finish().unwrap().into_inner()
}

/// The clients of an administrator in a region.
async fn clients_in(account: &Account, region: &'static str) -> Clients {
    let config = config_of(&account.sandbox).await;
    Clients::new(&config.into_builder().region(Region::from_static(region)).build())
}

/// Looks into the event history in a region, as the console's page does.
async fn look_up(account: &Account, region: &'static str, key: &str, value: &str) {
    let config = config_of(&account.sandbox).await.into_builder().region(Region::from_static(region)).build();
    let attribute = aws_sdk_cloudtrail::types::LookupAttribute::builder();
    let attribute = attribute.attribute_key(key.into()).attribute_value(value).build().unwrap();
    let trail = aws_sdk_cloudtrail::Client::new(&config);
    trail.lookup_events().lookup_attributes(attribute).send().await.unwrap();
}

/// The clients of whoever has these credentials.
async fn clients_as(account: &Account, id: &str, secret: &str) -> aws_sdk_iam::Client {
    let credentials = SharedCredentialsProvider::new(Credentials::new(id, secret, None, None, "test"));
    let config = config_of(&account.sandbox).await.into_builder().credentials_provider(credentials).build();
    aws_sdk_iam::Client::new(&config)
}

/// Why parts of the evidence were not read, by their place in the file.
fn unread(evidence: &Evidence) -> BTreeMap<String, String> {
    fn walk(value: &Value, place: &str, found: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(fields) => {
                for (key, field) in fields {
                    let is_part = key == "permissions_unread" || place.ends_with("/unread");
                    match field.as_str().filter(|_| key == "not_read" || is_part) {
                        Some(why) if is_part => drop(found.insert(format!("{place}/{key}"), why.to_owned())),
                        Some(why) => drop(found.insert(place.to_owned(), why.to_owned())),
                        None => walk(field, &format!("{place}/{key}"), found),
                    }
                }
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, item)| walk(item, &format!("{place}/{at}"), found));
            }
            _ => {}
        }
    }
    let mut found = BTreeMap::new();
    walk(&serde_json::from_slice(&evidence.to_json().unwrap()).unwrap(), "", &mut found);
    // No criterion asks for these.
    found.retain(|place, _| !["/facets/virtual_mfa", "/facets/password_policy"].contains(&place.as_str()));
    found
}

#[tokio::test]
async fn the_lab_is_read_whole_within_its_budget() {
    let account = finished().await;
    let (evidence, wire) = read_through(&account, |_| Fault::None).await;
    assert_eq!(unread(&evidence), BTreeMap::new());
    let cost = evidence.api_calls;
    assert!(cost.read <= 45, "{cost:?}: {:?}", wire.calls());
    assert_eq!((cost.write, cost.throttled), (0, 0));
    // Every request is on the list, with its id, but the one that asked who we are.
    assert_eq!(evidence.requests.len() + 1, wire.calls().len());
    assert!(evidence.requests.iter().all(|request| request.status == 200 && !request.id.is_empty()));
    let on_the_wire: Vec<String> = wire.calls().into_iter().map(|call| call.action).collect();
    assert!(evidence.requests.iter().all(|request| on_the_wire.contains(&request.operation)));

    let snapshot = &evidence.snapshot;
    assert_eq!((evidence.rubric.as_str(), evidence.student.as_str()), ("iam-auditing", "s001"));
    assert_eq!(evidence.functions, Facet::Read(["iam-auditor".to_owned()].into()));
    assert_eq!(evidence.topics, Facet::Read(["iam-audit-report".to_owned()].into()));
    assert_eq!(evidence.rules, Facet::Read(["iam-audit-daily".to_owned()].into()));
    assert_eq!(snapshot.schedules, Facet::Read(Vec::new()));
    let devices = |user: &str| {
        let credentials = snapshot.credentials[user].read().unwrap();
        (
            credentials.mfa_devices.as_ref().unwrap().len(),
            credentials.login_profile,
            credentials.access_keys.len(),
        )
    };
    assert_eq!((devices("User1"), devices("User2")), ((1, true, 0), (0, true, 1)));
    let package = evidence.packages["iam-auditor"].read().unwrap();
    let function = snapshot.functions["iam-auditor"].read().unwrap().as_ref().unwrap();
    assert_eq!(package.sha256, function.code_sha256);
    assert!(
        package.sources.keys().any(|path| path.ends_with("main.py") || path == "handler.py"),
        "{package:?}"
    );
    let policy = snapshot.resource_policies[&function.arn].read().unwrap().as_ref().unwrap();
    assert_eq!(policy.written()["Statement"][0]["Principal"]["Service"], "events.amazonaws.com");

    // The file tells the same.
    let file = evidence.to_json().unwrap();
    let again = Evidence::parse(&file).unwrap();
    assert_eq!(format!("{again:?}"), format!("{evidence:?}"));
    assert!(again.to_json().unwrap() == file);
}

#[tokio::test]
async fn reading_an_account_leaves_nothing_but_reads_in_its_history() {
    let account = finished().await;
    // Long enough for what was done before to lie apart.
    account.pass(3600);
    let (evidence, wire) = read_through(&account, |_| Fault::None).await;
    let writes: Vec<_> = wire.calls().into_iter().filter(|call| is_write(&call.action)).collect();
    assert_eq!(writes, []);
    // What the account itself recorded.
    let client = aws_sdk_cloudtrail::Client::new(&config_of(&account.sandbox).await);
    let since = aws_sdk_cloudtrail::primitives::DateTime::from_secs(evidence.started.as_second() - 60);
    let page = client.lookup_events().start_time(since).max_results(50).send().await.unwrap();
    let names: Vec<&str> = page.events().iter().filter_map(|event| event.event_name()).collect();
    assert!(names.len() > 20, "{names:?}");
    let writes: Vec<&&str> = names.iter().filter(|name| is_write(name)).collect();
    assert_eq!(writes, [&""; 0], "{names:?}");
}

#[tokio::test]
async fn the_history_tells_what_students_did_and_nothing_of_the_grader() {
    let account = finished().await;
    let iam = account.clients().await.iam;
    let made = iam.create_access_key().user_name("User3").send().await.unwrap();
    let key = made.access_key().unwrap();
    let student = clients_as(&account, key.access_key_id(), key.secret_access_key()).await;
    student.generate_credential_report().send().await.unwrap();
    student.get_credential_report().send().await.unwrap();
    let denied = student.add_user_to_group().user_name("User2").group_name("IAM-Auditor-Group").send().await;
    assert!(denied.is_err());
    let trail = aws_sdk_cloudtrail::Client::new(&config_of(&account.sandbox).await);
    trail.lookup_events().send().await.unwrap();
    account.pass(3600);

    let names = |evidence: &Evidence, value: &str| -> Vec<String> {
        let lookup = evidence.lookups.iter().find(|lookup| lookup.value == value).unwrap();
        assert!(lookup.complete && lookup.region == REGION, "{lookup:?}");
        let events = lookup.records.read().unwrap().iter().cloned().map(|record| Event::of(record).unwrap());
        events
            .map(|event| format!("{}{}", event.name, if event.failure.is_some() { "!" } else { "" }))
            .collect()
    };
    let aws = account.connect(account.http()).await.unwrap();
    let first = read(&aws).await;
    assert_eq!(
        names(&first, "User3"),
        ["AddUserToGroup!", "GetCredentialReport", "GenerateCredentialReport"]
    );
    // The look of a person is there; those of the grader are not, however often an account is graded.
    let again = read(&aws).await;
    assert_eq!(names(&first, "LookupEvents"), ["LookupEvents"]);
    assert_eq!(names(&again, "LookupEvents"), ["LookupEvents"]);
}

#[tokio::test]
async fn a_look_into_the_history_is_found_whichever_region_was_chosen() {
    let account = finished().await;
    look_up(&account, "eu-west-1", "Username", "root").await;
    account.pass(3600);
    let (evidence, _) = read_through(&account, |_| Fault::None).await;
    let result = iamlab::grade::mark::mark(&rubric(), &evidence, &BTreeMap::new());
    let task = result.tasks.iter().find(|task| task.id == "T13").unwrap();
    assert_eq!(task.score, task.max, "{task:?}");

    // Once it was found at home, nobody asks elsewhere.
    look_up(&account, REGION, "EventName", "ConsoleLogin").await;
    account.pass(3600);
    let (evidence, _) = read_through(&account, |_| Fault::None).await;
    let of_name = evidence.lookups.iter().filter(|lookup| lookup.value == "LookupEvents");
    assert_eq!(of_name.map(|lookup| lookup.region.as_str()).collect::<Vec<_>>(), [REGION]);
}

#[tokio::test]
async fn what_may_not_be_read_names_the_permission() {
    let account = finished().await;
    for (action, place) in [
        ("iam:GetAccountAuthorizationDetails", "/facets/identity"),
        ("iam:GenerateCredentialReport", "/facets/credential_report"),
        ("iam:ListMFADevices", "/facets/credentials/User1/read/unread/mfa_devices"),
        ("iam:ListAccessKeys", "/facets/credentials/User2/read/unread/access_keys"),
        ("iam:GetLoginProfile", "/facets/credentials/User1/read/unread/login_profile"),
        ("lambda:GetPolicy", "/facets/functions/iam-auditor/read/permissions_unread"),
        ("lambda:ListFunctions", "/facets/function_names"),
        ("lambda:GetFunction", "/packages/iam-auditor"),
        ("sns:ListTopics", "/facets/topic_names"),
        ("sns:ListSubscriptionsByTopic", "/facets/topics/iam-audit-report"),
        ("events:ListRules", "/facets/rule_names"),
        ("events:ListTargetsByRule", "/facets/rules/iam-audit-daily"),
        ("scheduler:ListSchedules", "/facets/schedules"),
        ("cloudtrail:LookupEvents", "/lookups/0/records"),
    ] {
        let deny = move |asked: &str| if asked == action { Fault::Denied } else { Fault::None };
        let (evidence, wire) = read_through(&account, deny).await;
        let unread = unread(&evidence);
        let why = unread.get(place).unwrap_or_else(|| panic!("{action}: {unread:?}"));
        assert!(why.contains(action), "{action}: {why}");
        assert!(unread.values().all(|why| why.contains(action)), "the rest was read: {unread:?}");
        // Nobody asks one region the same question again when it may not.
        let asked = wire.calls().into_iter().filter(|call| call.action == action).count();
        assert!(asked <= 9, "{action} was asked for {asked} times");
        assert_eq!(Evidence::parse(&evidence.to_json().unwrap()).unwrap().lookups, evidence.lookups);
    }
}

#[tokio::test]
async fn what_may_not_be_read_hides_nothing_else() {
    let account = finished().await;
    let open = |denied: &'static str| {
        let account = &account;
        async move {
            let deny = move |asked: &str| if asked == denied { Fault::Denied } else { Fault::None };
            let (evidence, _) = read_through(account, deny).await;
            let result = iamlab::grade::mark::mark(&rubric(), &evidence, &BTreeMap::new());
            let criteria = result.tasks.into_iter().flat_map(|task| task.criteria);
            let unknown = criteria.filter(|it| it.status == iamlab::grade::result::Status::Unknown);
            unknown.map(|it| it.id).collect::<Vec<String>>()
        }
    };
    assert_eq!(open("lambda:GetPolicy").await, ["T12.may-invoke"]);
    assert_eq!(open("sns:ListSubscriptionsByTopic").await, ["T11.subscription"]);
    let of_credentials = open("iam:ListMFADevices").await.len() + open("iam:ListAccessKeys").await.len();
    assert!(of_credentials <= 2, "{of_credentials}");
}

#[tokio::test]
async fn the_permissions_of_the_rubric_are_enough() {
    let account = finished().await;
    let iam = account.clients().await.iam;
    iam.create_user().user_name("grader").send().await.unwrap();
    let allowed = json!({"Version": "2012-10-17", "Statement":
        [{"Effect": "Allow", "Action": rubric().permissions(), "Resource": "*"}]});
    let policy = iam.put_user_policy().user_name("grader").policy_name("grade");
    policy.policy_document(allowed.to_string()).send().await.unwrap();
    let arn = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess";
    iam.attach_user_policy().user_name("User2").policy_arn(arn).send().await.unwrap();
    let made = iam.create_access_key().user_name("grader").send().await.unwrap();
    let key = made.access_key().unwrap();
    let key = Credentials::new(key.access_key_id(), key.secret_access_key(), None, None, "test");
    let credentials = SharedCredentialsProvider::new(key);
    let clock = Clock::fixed("2026-03-02T09:00:07Z".parse().unwrap());
    let aws = connect_through(account.http(), credentials, REGION, clock).await.unwrap();
    let evidence = read(&aws).await;
    assert_eq!(unread(&evidence), BTreeMap::new());
    assert!(evidence.requests.iter().all(|request| request.status != 403), "{:?}", evidence.requests);
}

#[tokio::test]
async fn whoever_works_elsewhere_is_found_there() {
    let account = finished().await;
    let home = clients_in(&account, REGION).await;
    home.lambda.delete_function().function_name("iam-auditor").send().await.unwrap();
    let role = format!("arn:aws:iam::{DEFAULT_ACCOUNT}:role/IAM-Auditor-Lambda-role");
    let there = clients_in(&account, ELSEWHERE).await;
    let code = aws_sdk_lambda::types::FunctionCode::builder().zip_file(publishing().into()).build();
    let made = there.lambda.create_function().function_name("my-audit").role(role).handler("handler.main");
    let made = made.runtime("python3.9".into()).code(code).send().await;
    made.unwrap();
    there.sns.create_topic().name("far-away").send().await.unwrap();
    look_up(&account, ELSEWHERE, "Username", "root").await;
    account.pass(3600);

    let (evidence, wire) = read_through(&account, |_| Fault::None).await;
    assert_eq!(evidence.snapshot.region, ELSEWHERE);
    assert_eq!(evidence.functions, Facet::Read(["my-audit".to_owned()].into()));
    assert_eq!(evidence.topics, Facet::Read(["far-away".to_owned()].into()));
    assert!(evidence.packages["my-audit"].read().is_some());
    // Sign-ins and IAM are recorded at home, functions where they are; a sign-in that is in neither may be elsewhere.
    let mut regions: Vec<&str> = evidence.lookups.iter().map(|lookup| lookup.region.as_str()).collect();
    regions.dedup();
    assert_eq!(regions, [REGION, ELSEWHERE, "us-east-2", "eu-north-1", "ap-southeast-2"]);
    let of = |region: &str| evidence.lookups.iter().filter(|lookup| lookup.region == region).count();
    assert_eq!((of(REGION), of(ELSEWHERE), of("us-east-2")), (3, 3, 1));
    assert!(wire.calls().len() <= 50, "{:?}", wire.calls());
    assert_eq!(unread(&evidence), BTreeMap::new());

    // A region that cannot be asked leaves it open whether there is a function.
    there.lambda.delete_function().function_name("my-audit").send().await.unwrap();
    let (evidence, _) = read_through(&account, |_| Fault::None).await;
    assert_eq!((evidence.snapshot.region.as_str(), evidence.functions), (REGION, Facet::Read([].into())));
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let once = move |action: &str| {
        let is_list = action == "lambda:ListFunctions";
        let is_second = is_list && asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 1;
        if is_second { Fault::Denied } else { Fault::None }
    };
    let (evidence, _) = read_through(&account, once).await;
    let Facet::NotRead(why) = evidence.functions else { panic!("{:?}", evidence.functions) };
    assert!(why.contains("lambda:ListFunctions") && why.starts_with("us-"), "{why}");
}

#[tokio::test]
async fn a_function_that_is_left_over_does_not_hide_the_students() {
    let account = finished().await;
    let home = clients_in(&account, REGION).await.lambda;
    let role = format!("arn:aws:iam::{DEFAULT_ACCOUNT}:role/IAM-Auditor-Lambda-role");
    home.delete_function().function_name("iam-auditor").send().await.unwrap();
    let make = |lambda: aws_sdk_lambda::Client, name: &'static str, handler: &'static str, code: Vec<u8>| {
        let code = aws_sdk_lambda::types::FunctionCode::builder().zip_file(code.into()).build();
        let made = lambda.create_function().function_name(name).role(&role).handler(handler);
        made.runtime("python3.9".into()).code(code).send()
    };
    make(home.clone(), "left-over", "handler.main", package()).await.unwrap();
    let there = clients_in(&account, ELSEWHERE).await.lambda;
    make(there.clone(), "my-audit", "handler.main", publishing()).await.unwrap();

    let (evidence, _) = read_through(&account, |_| Fault::None).await;
    assert_eq!(evidence.snapshot.region, ELSEWHERE);
    assert_eq!(evidence.functions, Facet::Read(["my-audit".to_owned()].into()));
    let place = evidence.place.as_deref().unwrap();
    assert!(place.contains(ELSEWHERE) && place.contains(REGION), "{place}");
    assert!(
        evidence.lookups.iter().any(|lookup| lookup.region == ELSEWHERE && lookup.value == "LookupEvents")
    );
    assert_eq!(Evidence::parse(&evidence.to_json().unwrap()).unwrap().place, evidence.place);

    // A region that cannot be listed leaves it open where the student's function is.
    there.delete_function().function_name("my-audit").send().await.unwrap();
    let (evidence, _) = read_through(&account, |_| Fault::None).await;
    assert_eq!(evidence.functions, Facet::Read(["left-over".to_owned()].into()));
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let third = move |action: &str| {
        let is_list = action == "lambda:ListFunctions";
        let is_third = is_list && asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 2;
        if is_third { Fault::Denied } else { Fault::None }
    };
    let (evidence, _) = read_through(&account, third).await;
    let Facet::NotRead(why) = evidence.functions else { panic!("{:?}", evidence.functions) };
    assert!(why.contains("lambda:ListFunctions"), "{why}");
}

#[tokio::test]
async fn documents_of_aws_are_read_and_known_without_the_permission() {
    let account = finished().await;
    let iam = account.clients().await.iam;
    let arn = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess";
    iam.attach_user_policy().user_name("User2").policy_arn(arn).send().await.unwrap();
    let read = |evidence: Evidence| evidence.snapshot.aws_managed[arn].read().unwrap().written().clone();
    let (asked, _) = read_through(&account, |_| Fault::None).await;
    let deny = |action: &str| if action.starts_with("iam:GetPolicy") { Fault::Denied } else { Fault::None };
    let (unasked, _) = read_through(&account, deny).await;
    assert_eq!(read(asked), read(unasked));
}

#[tokio::test]
async fn secrets_of_students_do_not_get_into_the_evidence() {
    let account = finished().await;
    let lambda = clients_in(&account, REGION).await.lambda;
    let environment = aws_sdk_lambda::types::Environment::builder()
        .variables("SLACK_TOKEN", "xoxb-very-secret")
        .variables("TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:iam-audit-report")
        .build();
    let update = lambda.update_function_configuration().function_name("iam-auditor").environment(environment);
    update.send().await.unwrap();
    let (evidence, _) = read_through(&account, |_| Fault::None).await;
    let text = String::from_utf8(evidence.to_json().unwrap()).unwrap();
    assert!(text.contains("SLACK_TOKEN") && !text.contains("xoxb-very-secret"));
    assert!(text.contains(r#""TOPIC_ARN":"arn:aws:sns:us-east-1:123456789012:iam-audit-report""#));
}

#[tokio::test]
async fn an_account_full_of_functions_does_not_hold_up_a_class() {
    let account = finished().await;
    let lambda = clients_in(&account, REGION).await.lambda;
    let role = format!("arn:aws:iam::{DEFAULT_ACCOUNT}:role/IAM-Auditor-Lambda-role");
    for number in 0..30 {
        let code = aws_sdk_lambda::types::FunctionCode::builder().zip_file(package().into()).build();
        let made =
            lambda.create_function().function_name(format!("a{number}")).role(&role).handler("handler.main");
        made.runtime("python3.9".into()).code(code).send().await.unwrap();
    }
    let (evidence, _) = read_through(&account, |_| Fault::None).await;
    assert_eq!(evidence.functions.read().unwrap().len(), 31);
    assert_eq!(evidence.packages.len(), 25);
    assert!(evidence.packages.contains_key("iam-auditor"), "the one named after the assignment comes first");
    let left = unread(&evidence);
    assert_eq!(left.len(), 6, "{left:?}");
    assert!(left.values().all(|why| why.contains("more than 25 functions")), "{left:?}");
}

#[tokio::test]
async fn what_moto_lacks_is_not_read() {
    let Some(moto) = Moto::start() else { return };
    let key = Credentials::new("testing", "testing", None, None, "test");
    let aws =
        connect_at(&moto.url(), SharedCredentialsProvider::new(key), REGION, Clock::System).await.unwrap();
    let evidence = read(&aws).await;
    assert!(evidence.snapshot.identity.read().is_some());
    assert_eq!(evidence.functions, Facet::Read([].into()));
    Evidence::parse(&evidence.to_json().unwrap()).unwrap();
}
