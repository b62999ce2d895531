//! The account as a whole: what is kept, what is refused, what the wire carries.

use std::collections::BTreeSet;
use std::fs;
use std::time::Instant;

use aws_sdk_sns::types::Tag;
use futures::future::join_all;

use super::testing::{self, config, open, refusal};
use super::*;

/// The files under `dir`, with their lengths.
fn files(dir: &std::path::Path) -> BTreeSet<String> {
    let accounts = dir.join("accounts").join(DEFAULT_ACCOUNT);
    let Ok(entries) = fs::read_dir(accounts) else { return BTreeSet::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("sandbox");
    let sandbox = open(Some(&dir)).unwrap();
    let key = sandbox.credentials();
    let sdk = config(&sandbox).await;
    let (sns, events) = (aws_sdk_sns::Client::new(&sdk), aws_sdk_eventbridge::Client::new(&sdk));
    let tag = Tag::builder().key("lab").value("é & <b>").build().unwrap();
    sns.create_topic().name("reports").tags(tag.clone()).send().await.unwrap();
    events.put_rule().name("weekly").schedule_expression("rate(7 days)").send().await.unwrap();
    drop((sandbox, sdk, sns, events));

    let again = open(Some(&dir)).unwrap();
    let sdk = config(&again).await;
    let topics = aws_sdk_sns::Client::new(&sdk);
    let arn = topics.list_topics().send().await.unwrap().topics()[0].topic_arn().unwrap().to_owned();
    let tags = topics.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
    assert_eq!(tags.tags(), [tag]);
    aws_sdk_eventbridge::Client::new(&sdk).describe_rule().name("weekly").send().await.unwrap();
    assert_eq!(again.credentials(), key);
}

#[tokio::test]
async fn sessions_outlive_the_process() {
    let root = tempfile::tempdir().unwrap();
    let sandbox = open(Some(root.path())).unwrap();
    let sts = aws_sdk_sts::Client::new(&config(&sandbox).await);
    let session = sts.get_session_token().send().await;
    // The root user may have a session token, as on AWS.
    let session = session.unwrap().credentials.unwrap();
    drop((sandbox, sts));
    let again = open(Some(root.path())).unwrap();
    let key = Credentials::new(
        session.access_key_id,
        session.secret_access_key,
        Some(session.session_token),
        None,
        "session",
    );
    let sdk = config(&again).await.into_builder();
    let sdk =
        sdk.credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(key)).build();
    let caller = aws_sdk_sts::Client::new(&sdk).get_caller_identity().send().await.unwrap();
    assert_eq!(caller.account(), Some(DEFAULT_ACCOUNT));
}

#[tokio::test]
async fn reading_a_new_sandbox_leaves_no_trace() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("sandbox");
    let sns = aws_sdk_sns::Client::new(&config(&open(Some(&dir)).unwrap()).await);
    assert!(sns.list_topics().send().await.unwrap().topics().is_empty());
    refusal(sns.get_topic_attributes().topic_arn("arn:aws:sns:us-east-1:123456789012:x").send().await);
    assert!(!dir.exists());
}

#[tokio::test]
async fn only_what_changed_is_written_and_before_the_answer() {
    let root = tempfile::tempdir().unwrap();
    let sandbox = open(Some(root.path())).unwrap();
    let sns = aws_sdk_sns::Client::new(&config(&sandbox).await);
    sns.create_topic().name("reports").send().await.unwrap();
    // The account itself comes first, or its administrator key would change with every process.
    let path = root.path().join("accounts").join(DEFAULT_ACCOUNT);
    let text = fs::read_to_string(path.join("sns.json")).unwrap();
    assert!(text.contains("reports") && path.join("iam.json").exists(), "{text}");
    let journal = || fs::read_to_string(path.join("journal.jsonl")).unwrap_or_default();
    sns.list_topics().send().await.unwrap();
    assert_eq!(journal(), "", "what only reads changes nothing");
    sns.create_topic().name("more").send().await.unwrap();
    let line = journal();
    assert!(line.contains("more") && !line.contains("iam"), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_changes_are_all_kept() {
    let root = tempfile::tempdir().unwrap();
    let sandbox = open(Some(root.path())).unwrap();
    let sns = aws_sdk_sns::Client::new(&config(&sandbox).await);
    let create = |number: usize| {
        let sns = sns.clone();
        tokio::spawn(async move { sns.create_topic().name(format!("t{number}")).send().await.unwrap() })
    };
    join_all((0..50).map(create)).await;
    drop((sandbox, sns));
    let sns = aws_sdk_sns::Client::new(&config(&open(Some(root.path())).unwrap()).await);
    assert_eq!(sns.list_topics().send().await.unwrap().topics().len(), 50);
}

#[tokio::test]
async fn a_journal_that_grew_is_folded_into_the_files() {
    let root = tempfile::tempdir().unwrap();
    let sandbox = open(Some(root.path())).unwrap();
    let sns = aws_sdk_sns::Client::new(&config(&sandbox).await);
    let journal = root.path().join("accounts").join(DEFAULT_ACCOUNT).join("journal.jsonl");
    let (mut largest, mut folded) = (0, false);
    // Every change writes all topics of the region, so the journal grows with the square of their number.
    for number in 0..150 {
        sns.create_topic().name(format!("t{number}-{}", "x".repeat(200))).send().await.unwrap();
        let size = fs::metadata(&journal).map_or(0, |file| file.len());
        folded |= size < largest;
        largest = largest.max(size);
    }
    assert!(folded && largest > 1 << 20, "the largest journal had {largest} bytes");
    drop((sandbox, sns));
    let sns = aws_sdk_sns::Client::new(&config(&open(Some(root.path())).unwrap()).await);
    let topics = sns.list_topics().into_paginator().items().send().collect::<Result<Vec<_>, _>>();
    assert_eq!(topics.await.unwrap().len(), 150);
}

#[tokio::test]
async fn a_change_that_cannot_be_kept_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let sandbox = open(Some(root.path())).unwrap();
    let sns = aws_sdk_sns::Client::new(&config(&sandbox).await);
    // A file where the folder of the accounts should be.
    fs::write(root.path().join("accounts"), "").unwrap();
    let (status, code, message) = refusal(sns.create_topic().name("reports").send().await);
    assert_eq!((status, code.as_str()), (400, "SandboxNotSaved"));
    assert!(message.contains("accounts") && message.contains("is not a folder"), "{message}");
}

#[tokio::test]
async fn a_refused_first_call_leaves_no_trace() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("sandbox");
    let sdk = config(&open(Some(&dir)).unwrap()).await;
    refusal(aws_sdk_iam::Client::new(&sdk).delete_user().user_name("nobody").send().await);
    let sns = aws_sdk_sns::Client::new(&sdk);
    sns.delete_topic().topic_arn("arn:aws:sns:us-east-1:123456789012:x").send().await.unwrap();
    assert!(!dir.exists());
}

#[tokio::test]
async fn a_stack_is_kept_with_all_it_made() {
    const TEMPLATE: &str = r#"{"Resources": {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "reports"}},
        "Group": {"Type": "AWS::IAM::Group", "Properties": {"GroupName": "Auditors"}}}}"#;
    let root = tempfile::tempdir().unwrap();
    let sdk = config(&open(Some(root.path())).unwrap()).await;
    let stacks = aws_sdk_cloudformation::Client::new(&sdk);
    let tag = aws_sdk_cloudformation::types::Tag::builder().key("lab").value("a").build();
    let create = stacks.create_stack().stack_name("lab").template_body(TEMPLATE).tags(tag);
    create.capabilities("CAPABILITY_NAMED_IAM".into()).send().await.unwrap();
    drop((sdk, stacks));

    let files = files(root.path());
    assert!(["cloudformation.json", "iam.json", "sns.json"].iter().all(|file| files.contains(*file)));
    let sdk = config(&open(Some(root.path())).unwrap()).await;
    let stack = aws_sdk_cloudformation::Client::new(&sdk).describe_stacks().stack_name("lab").send().await;
    assert_eq!(stack.unwrap().stacks()[0].stack_status().unwrap().as_str(), "CREATE_COMPLETE");
    aws_sdk_iam::Client::new(&sdk).get_group().group_name("Auditors").send().await.unwrap();
    let tagging = aws_sdk_resourcegroupstagging::Client::new(&sdk);
    let stacks = tagging.get_resources().resource_type_filters("cloudformation:stack").send().await.unwrap();
    assert_eq!(stacks.resource_tag_mapping_list().len(), 1);
}

#[tokio::test]
async fn a_damaged_account_is_not_opened() {
    let root = tempfile::tempdir().unwrap();
    let sandbox = open(Some(root.path())).unwrap();
    let sns = aws_sdk_sns::Client::new(&config(&sandbox).await);
    sns.create_topic().name("reports").send().await.unwrap();
    drop((sandbox, sns));
    let path = root.path().join("accounts").join(DEFAULT_ACCOUNT).join("sns.json");
    let text = fs::read(&path).unwrap();
    for end in 0..text.len() {
        fs::write(&path, &text[..end]).unwrap();
        let error = open(Some(root.path())).unwrap_err();
        assert!(matches!(&error, SandboxError::Damaged { path: at, .. } if *at == path), "{error}");
    }
    // A state that is JSON, but not the service's.
    let state = r#"{"format_version":1,"account":"123456789012","service":"sns","state":[1,2]}"#;
    fs::write(&path, state).unwrap();
    assert!(matches!(open(Some(root.path())).unwrap_err(), SandboxError::Damaged { .. }));
}

#[test]
fn an_account_id_is_twelve_digits() {
    for account in ["", "12345678901", "1234567890123", "12345678901x", "../../../etc/"] {
        let options = Options { dir: None, account: account.to_owned(), clock: Clock::System };
        assert!(matches!(Sandbox::open(options).unwrap_err(), SandboxError::Account { .. }), "{account}");
    }
}

#[tokio::test]
async fn answers_carry_their_headers() {
    let client = aws_sdk_eventbridge::Client::new(&testing::memory().await);
    let error = client.describe_rule().name("none").send().await.unwrap_err();
    let headers = error.raw_response().unwrap().headers();
    assert_eq!(headers.get("content-type"), Some("application/x-amz-json-1.1"));
    assert_eq!(headers.get("date"), Some("Mon, 02 Mar 2026 09:00:00 GMT"));
    assert_eq!(headers.get("x-amzn-requestid").unwrap().len(), 36);
    let length = error.raw_response().unwrap().body().bytes().unwrap().len().to_string();
    assert_eq!(headers.get("content-length"), Some(length.as_str()));
}

#[tokio::test]
async fn accounts_and_regions_are_apart() {
    let (one, other) = (testing::memory().await, testing::memory().await);
    aws_sdk_sns::Client::new(&one).create_topic().name("reports").send().await.unwrap();
    let seen = aws_sdk_sns::Client::new(&other).list_topics().send().await.unwrap();
    assert!(seen.topics().is_empty());
    let elsewhere = one.into_builder().region(aws_config::Region::from_static("eu-west-1")).build();
    let seen = aws_sdk_sns::Client::new(&elsewhere).list_topics().send().await.unwrap();
    assert!(seen.topics().is_empty());
}

#[tokio::test]
async fn the_tagging_api_sees_every_service() {
    use aws_sdk_resourcegroupstagging::types::TagFilter;
    let sdk = testing::memory().await;
    let (sns, events) = (aws_sdk_sns::Client::new(&sdk), aws_sdk_eventbridge::Client::new(&sdk));
    let analyzer = aws_sdk_accessanalyzer::Client::new(&sdk);
    for number in 0..3 {
        let tag = Tag::builder().key("lab").value(number.to_string()).build().unwrap();
        sns.create_topic().name(format!("t{number}")).tags(tag).send().await.unwrap();
    }
    sns.create_topic().name("untagged").send().await.unwrap();
    let tag = aws_sdk_eventbridge::types::Tag::builder().key("lab").value("1").build().unwrap();
    events.put_rule().name("r").schedule_expression("rate(1 day)").tags(tag).send().await.unwrap();
    let create = analyzer.create_analyzer().analyzer_name("a").r#type("ACCOUNT".into()).tags("lab", "1");
    create.send().await.unwrap();

    let tagging = aws_sdk_resourcegroupstagging::Client::new(&sdk);
    let pages = tagging.get_resources().resources_per_page(2).into_paginator().send();
    let pages = pages.collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(
        pages.iter().map(|page| page.resource_tag_mapping_list().len()).collect::<Vec<_>>(),
        [2, 2, 1]
    );

    let filter = TagFilter::builder().key("lab").values("1").build();
    let found = tagging.get_resources().tag_filters(filter.clone()).send().await.unwrap();
    let arns: Vec<_> = found.resource_tag_mapping_list().iter().filter_map(|it| it.resource_arn()).collect();
    assert_eq!(
        arns,
        [
            "arn:aws:access-analyzer:us-east-1:123456789012:analyzer/a",
            "arn:aws:events:us-east-1:123456789012:rule/r",
            "arn:aws:sns:us-east-1:123456789012:t1",
        ]
    );
    let rules = tagging.get_resources().tag_filters(filter).resource_type_filters("events:rule");
    assert_eq!(rules.send().await.unwrap().resource_tag_mapping_list().len(), 1);
    let both = tagging.get_resources().resource_arn_list("arn:aws:sns:us-east-1:123456789012:t1");
    let both = refusal(both.resource_type_filters("sns").send().await);
    assert_eq!(both.1, "InvalidParameterException");
}

#[tokio::test]
async fn an_analyzer_is_alone_in_its_region() {
    let client = aws_sdk_accessanalyzer::Client::new(&testing::memory().await);
    let create = |name: &str| client.create_analyzer().analyzer_name(name).r#type("ACCOUNT".into()).send();
    let arn = create("one").await.unwrap().arn().unwrap().to_owned();
    let (again, second) = (create("one").await, create("two").await);
    assert!(again.as_ref().unwrap_err().as_service_error().unwrap().is_conflict_exception());
    assert!(second.as_ref().unwrap_err().as_service_error().unwrap().is_service_quota_exceeded_exception());
    assert_eq!((refusal(again).0, refusal(second).0), (409, 402));

    client.tag_resource().resource_arn(&arn).tags("lab", "a").tags("x", "y").send().await.unwrap();
    client.untag_resource().resource_arn(&arn).tag_keys("x").send().await.unwrap();
    let read = client.get_analyzer().analyzer_name("one").send().await.unwrap();
    let analyzer = read.analyzer().unwrap();
    assert_eq!((analyzer.status().as_str(), analyzer.created_at().secs()), ("ACTIVE", 1_772_442_000));
    assert_eq!(analyzer.tags().unwrap().len(), 1);
    assert_eq!(client.list_analyzers().r#type("ACCOUNT".into()).send().await.unwrap().analyzers().len(), 1);
    let findings = client.list_findings_v2().analyzer_arn(&arn).send().await.unwrap();
    assert!(findings.findings().is_empty());
    let bad = refusal(client.create_analyzer().analyzer_name("1").r#type("ACCOUNT".into()).send().await);
    assert_eq!(bad.1, "ValidationException");

    client.delete_analyzer().analyzer_name("one").send().await.unwrap();
    let gone = client.get_analyzer().analyzer_name("one").send().await;
    assert!(gone.as_ref().unwrap_err().as_service_error().unwrap().is_resource_not_found_exception());
    assert_eq!(refusal(gone).0, 404);
    let gone = refusal(client.list_findings().analyzer_arn(&arn).send().await);
    assert_eq!((gone.0, gone.1.as_str()), (404, "ResourceNotFoundException"));
}

#[tokio::test]
async fn what_is_not_there_says_so() {
    let sns = aws_sdk_sns::Client::new(&testing::memory().await);
    let (status, code, message) = refusal(sns.get_sms_attributes().send().await);
    assert_eq!((status, code.as_str()), (501, "NotImplemented"));
    assert_eq!(message, "the sandbox does not implement sns:GetSMSAttributes");
}

/// Creates topics in the folder `sandbox` until it is killed, and says each one after its call has answered.
#[tokio::test]
#[ignore = "run by the test below, in a process of its own"]
async fn victim() {
    let sns = aws_sdk_sns::Client::new(&config(&open(Some(std::path::Path::new("sandbox"))).unwrap()).await);
    for number in 0..100_000 {
        sns.create_topic().name(format!("t{number:05}")).send().await.unwrap();
        println!("done {number}");
    }
}

#[tokio::test]
async fn a_killed_process_loses_no_answered_call() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("sandbox");
    let mut answered = 0;
    for calls in [1, 7, 30] {
        let mut victim = Command::new(std::env::current_exe().unwrap());
        victim.args(["--exact", "sandbox::tests::victim", "--ignored", "--nocapture"]);
        let mut victim = victim.current_dir(root.path()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines().map_while(Result::ok);
        // Topics that are there already answer at once; the process dies among the new ones.
        let done = |line: &String| Some(line.split_once("done ")?.1.parse::<usize>().unwrap() + 1);
        lines.by_ref().filter_map(|line| done(&line)).find(|&done| done >= answered + calls).unwrap();
        victim.kill().unwrap();
        answered = lines.filter_map(|line| done(&line)).last().unwrap_or(answered + calls);
        victim.wait().unwrap();
        let sns = aws_sdk_sns::Client::new(&config(&open(Some(&dir)).unwrap()).await);
        let pages = sns.list_topics().into_paginator().items().send().collect::<Result<Vec<_>, _>>();
        let kept = pages.await.unwrap().len();
        assert!((answered..=answered + 1).contains(&kept), "{answered} answered, {kept} kept");
    }
}

/// Not a benchmark, a guard: opening and one call stay far from noticeable even unoptimised and on a busy machine.
#[tokio::test]
async fn opening_is_quick() {
    let root = tempfile::tempdir().unwrap();
    let sns = aws_sdk_sns::Client::new(&config(&open(Some(root.path())).unwrap()).await);
    sns.create_topic().name("reports").send().await.unwrap();
    drop(sns);
    let start = Instant::now();
    let sandbox = open(Some(root.path())).unwrap();
    let opened = start.elapsed();
    let iam = aws_sdk_iam::Client::new(&config(&sandbox).await);
    let start = Instant::now();
    iam.list_users().send().await.unwrap();
    let called = start.elapsed();
    println!("opened in {opened:?}, called in {called:?}");
    assert!((opened + called).as_millis() < 500, "opened in {opened:?}, called in {called:?}");
}
