//! The function of the lab, from its schedule to the mail: what it does as whom, what it says when something is wrong,
//! what it may do and what it needs, and that another implementation of its controls agrees with it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_sdk_lambda::primitives::Blob;
use iamlab::account::ask::{Question, Verdict, ask};
use iamlab::account::credential_report::CredentialReport;
use iamlab::account::effective::{Holder, effective};
use iamlab::account::part::Part;
use iamlab::account::snapshot::{Facet, Snapshot};
use iamlab::audit::check::Look;
use iamlab::audit::checks::CHECKS;
use iamlab::aws::collect::{Scope, collect};
use iamlab::policy::actions::actions;
use iamlab::policy::document::PolicyDocument;
use iamlab::sandbox::DEFAULT_ACCOUNT;
use iamlab::sandbox::control::{Order, SignIn, Tick, Trouble};
use iamlab::scenario::Resolved;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::corpus;
use crate::inventory::Clients;
use crate::lab::{Account, REGION, UP, iam_auditing, load, root};
use crate::moto::{Moto, python};
use crate::program::Program;

const FUNCTION: &str = "iam-auditor";
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:iam-audit-report";
const LAMBDA_POLICY: &str = "arn:aws:iam::123456789012:policy/IAM-Auditor-Lambda-Policy";
const AUDITOR_POLICY: &str = "arn:aws:iam::123456789012:policy/IAM-Auditor-Policy";
/// The function's own session, which Lambda names after it.
const OF_FUNCTION: &str = "arn:aws:sts::123456789012:assumed-role/IAM-Auditor-Lambda-role/iam-auditor";
/// The session that reads the report.
const OF_AUDITOR: &str = "arn:aws:sts::123456789012:assumed-role/IAM-Auditor-role/iam-auditor";

/// An account with a lab in it, whose mails are wanted. Its clock stands still until it is moved.
struct Lab {
    account: Account,
    clients: Clients,
    _folder: tempfile::TempDir,
}

/// How an invocation ended.
#[derive(Debug)]
struct Run {
    failed: bool,
    answer: Value,
}

impl Run {
    fn report(&self) -> &str {
        assert!(!self.failed, "{self:?}");
        self.answer["report"].as_str().unwrap()
    }

    /// Fails unless the run failed at a step, for a reason.
    fn expect_failure(&self, step: &str, why: &str) {
        let message = self.answer["errorMessage"].as_str().unwrap_or_default();
        assert!(self.failed && message.starts_with(&format!("step `{step}` failed: ")), "{self:?}");
        assert!(message.contains(why), "{message}");
        assert_eq!(self.answer["errorType"], "StepFailed");
        assert!(!self.answer.to_string().contains("PASS"), "{self:?}");
    }
}

impl Lab {
    async fn up(scenario: &Resolved) -> Self {
        let account = Account::new();
        let folder = tempfile::tempdir().unwrap();
        account.complete(scenario, UP, &folder.path().join("handover.csv")).await.unwrap();
        let lab = Self { clients: account.clients().await, account, _folder: folder };
        let endpoint = "auditor@example.com".to_owned();
        let confirm = Order::Confirm { account: DEFAULT_ACCOUNT.into(), topic: None, endpoint };
        assert_eq!(lab.order(confirm).await["confirmed"].as_array().unwrap().len(), 1);
        lab
    }

    async fn order(&self, order: Order) -> Value {
        self.account.sandbox.obey(order).await.unwrap()
    }

    async fn forward(&self, seconds: i64) {
        self.order(Order::Clock { change: Some(Tick::Advance(seconds)) }).await;
    }

    async fn run(&self, event: &Value) -> Run {
        let invoke = self.clients.lambda.invoke().function_name(FUNCTION);
        let answer = invoke.payload(Blob::new(event.to_string())).send().await.unwrap();
        Run {
            failed: answer.function_error().is_some(),
            answer: serde_json::from_slice(answer.payload().unwrap().as_ref()).unwrap(),
        }
    }

    /// What was published and arrived, oldest first.
    async fn mails(&self) -> Vec<Value> {
        let all = self.order(Order::Outbox { account: DEFAULT_ACCOUNT.into() }).await;
        let all = all["messages"].as_array().unwrap().iter();
        all.filter(|mail| mail["kind"]["is"] == "notification").cloned().collect()
    }

    /// What is in the function's log group.
    async fn log(&self) -> Vec<String> {
        let (account, region) = (DEFAULT_ACCOUNT.into(), REGION.into());
        let order = Order::Logs { account, region, function: Some(FUNCTION.into()) };
        let events = self.order(order).await;
        let text = |event: &Value| event["text"].as_str().unwrap().to_owned();
        events["events"].as_array().unwrap().iter().map(text).collect()
    }

    /// The events of one name in the history, oldest first.
    async fn history(&self, name: &str) -> Vec<Value> {
        // The history answers twice a second.
        self.forward(1).await;
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(self.account.http())
            .credentials_provider(self.account.sandbox.credentials())
            .region(Region::from_static(REGION))
            .load()
            .await;
        let by_name =
            LookupAttribute::builder().attribute_key(LookupAttributeKey::EventName).attribute_value(name);
        let lookup = aws_sdk_cloudtrail::Client::new(&config).lookup_events();
        let answer = lookup.lookup_attributes(by_name.build().unwrap()).send().await.unwrap();
        let record = |event: &aws_sdk_cloudtrail::types::Event| {
            serde_json::from_str(event.cloud_trail_event().unwrap()).unwrap()
        };
        answer.events().iter().rev().map(record).collect()
    }

    async fn sign_in_as_root(&self) -> Value {
        let (account, source) = (DEFAULT_ACCOUNT.into(), "203.0.113.7".into());
        let password = String::new();
        let page = SignIn { account, user: None, password, mfa_code: None, new_password: None, source };
        self.order(Order::SignIn(page)).await
    }
}

#[tokio::test]
async fn the_report_is_read_as_the_auditor_and_mailed_by_the_function() {
    let lab = Lab::up(&iam_auditing()).await;
    lab.sign_in_as_root().await;
    lab.forward(60).await;
    let run = lab.run(&json!({})).await;
    let id = run.answer["run"].as_str().unwrap();
    let expected = format!(
        "IAM audit of 123456789012: FAIL 1.1, 1.2; PASS 1.12

Account:            123456789012
Credential report:  2026-03-02 09:01:07 UTC, 3 users and root
Run:                {id}

[FAIL] CIS 1.1: root is not used for day-to-day work
  Root was last used at 2026-03-02 09:00:07 UTC, with the password: within the last 90 days.

[FAIL] CIS 1.2: every user with a console password has an MFA device
  2 of 3 users with a console password have no MFA device.
    - User2
    - User3

[PASS] CIS 1.12: root has no access key
  Root has no access key, neither an active nor an inactive one.

What this rests on
  The credential report, which AWS makes at most every four hours: what changed since then is not in it.
  Recognise a report that came twice by its run: {id}.
"
    );
    assert_eq!(run.report(), expected);
    assert_eq!(run.answer["controls"], json!({"1.1": "FAIL", "1.2": "FAIL", "1.12": "PASS"}));
    assert_eq!((&run.answer["users"], &run.answer["complete"]), (&json!(3), &json!(true)));
    assert_eq!(run.answer["generated_time"], "2026-03-02T09:01:07+00:00");
    assert_eq!(run.answer["remediation"], json!([]));

    let mails = lab.mails().await;
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!((&mail["message"], &mail["endpoint"]), (&json!(expected), &json!("auditor@example.com")));
    assert_eq!(mail["subject"], "IAM audit of 123456789012: FAIL 1.1, 1.2; PASS 1.12");
    assert_eq!((&mail["publisher"], &mail["message_id"]), (&json!(OF_FUNCTION), &run.answer["message_id"]));

    let assumed = lab.history("AssumeRole").await;
    let [assumed] = assumed.as_slice() else { panic!("{assumed:?}") };
    assert_eq!(assumed["userIdentity"]["arn"], OF_FUNCTION);
    assert_eq!(assumed["requestParameters"]["roleArn"], "arn:aws:iam::123456789012:role/IAM-Auditor-role");
    for name in ["GenerateCredentialReport", "GetCredentialReport"] {
        let events = lab.history(name).await;
        assert!(!events.is_empty(), "{name}");
        for event in events {
            assert_eq!(
                (&event["userIdentity"]["arn"], &event["errorCode"]),
                (&json!(OF_AUDITOR), &Value::Null)
            );
        }
    }
    let log = lab.log().await;
    assert!(log.iter().any(|line| line.contains("\treport on 3 users published as message ")), "{log:?}");
}

/// Every way to fail: the step is named, the mail says that nothing is concluded, and nothing claims a pass.
#[tokio::test]
async fn a_step_that_fails_is_named_and_nothing_claims_a_pass() {
    let lab = Lab::up(&iam_auditing()).await;
    let (iam, lambda) = (&lab.clients.iam, &lab.clients.lambda);
    let mailed = async |step: &str, count: usize| {
        let mails = lab.mails().await;
        assert_eq!(mails.len(), count, "{mails:?}");
        let last = mails.last().unwrap();
        let (subject, message) = (last["subject"].as_str().unwrap(), last["message"].as_str().unwrap());
        assert_eq!(subject, format!("IAM audit of 123456789012 FAILED at step: {step}"));
        assert!(
            message.starts_with(&format!("AUDIT FAILED at step `{step}`: nothing is concluded")),
            "{message}"
        );
        assert!(!message.contains("PASS"), "{message}");
        let log = lab.log().await.join("\n");
        assert!(log.contains(&format!("AUDIT FAILED, nothing is concluded: step `{step}` failed")), "{log}");
    };

    // The role trusts somebody else.
    let trust = |principal: &str| {
        let principal = json!({"AWS": format!("arn:aws:iam::123456789012:role/{principal}")});
        let statement = json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
        let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        iam.update_assume_role_policy().role_name("IAM-Auditor-role").policy_document(document).send()
    };
    trust("IAM-Auditor-role").await.unwrap();
    let step = "assume the auditor role";
    lab.run(&json!({})).await.expect_failure(step, "is not authorized to perform: sts:AssumeRole");
    mailed(step, 1).await;
    trust("IAM-Auditor-Lambda-role").await.unwrap();

    // The report is denied.
    let step = "get the credential report";
    iam.detach_role_policy().role_name("IAM-Auditor-role").policy_arn(AUDITOR_POLICY).send().await.unwrap();
    let denied = format!("User: {OF_AUDITOR} is not authorized to perform: iam:GenerateCredentialReport");
    lab.run(&json!({})).await.expect_failure(step, &denied);
    mailed(step, 2).await;
    iam.attach_role_policy().role_name("IAM-Auditor-role").policy_arn(AUDITOR_POLICY).send().await.unwrap();

    // The report is never ready, or always too old, in the time that the function has.
    lambda.update_function_configuration().function_name(FUNCTION).timeout(11).send().await.unwrap();
    let account = || DEFAULT_ACCOUNT.to_owned();
    let slow = Order::Reports { account: account(), additional_column: None, preparation: Some(86_400) };
    lab.order(slow).await;
    lab.run(&json!({}))
        .await
        .expect_failure(step, "ReportNotReady: the credential report was not ready after");
    mailed(step, 3).await;
    let fast = Order::Reports { account: account(), additional_column: None, preparation: Some(0) };
    lab.order(fast).await;
    lab.forward(86_400).await;
    let rule = "iam:GetCredentialReport error ReportExpired".to_owned();
    lab.order(Order::Faults { account: account(), change: Some(Trouble::Add(rule)) }).await;
    lab.run(&json!({})).await.expect_failure(step, "the last answer was ReportExpired");
    mailed(step, 4).await;
    lab.order(Order::Faults { account: account(), change: Some(Trouble::Clear) }).await;

    // All is well again, so it was that.
    assert!(lab.run(&json!({})).await.report().contains("FAIL 1.2"));
    assert_eq!(lab.mails().await.len(), 5);

    // The topic is gone: nobody can be told, so the failure is all there is.
    lab.clients.sns.delete_topic().topic_arn(TOPIC).send().await.unwrap();
    lab.run(&json!({})).await.expect_failure("publish the report", "NotFound");
    assert_eq!(lab.mails().await.len(), 5);
    assert!(lab.log().await.join("\n").contains("step `publish the report` failed"));
}

#[tokio::test]
async fn ten_days_make_ten_reports() {
    let lab = Lab::up(&iam_auditing()).await;
    let due = async |at: &str| {
        let order = Order::RunDue { account: DEFAULT_ACCOUNT.into(), at: Some(at.parse().unwrap()) };
        let ran = lab.order(order).await;
        let ran = ran["ran"].as_array().unwrap().clone();
        assert!(ran.iter().all(|one| one["outcome"] == "done"), "{ran:?}");
        ran.len()
    };
    lab.forward(86_400).await;
    assert_eq!(due("2026-03-03T09:00:07Z").await, 1);
    assert_eq!(due("2026-03-03T09:00:07Z").await, 0, "a day has one report, however often somebody looks");
    assert_eq!(due("2026-03-12T06:00:00Z").await, 9);
    let mails = lab.mails().await;
    let days: Vec<&str> =
        mails.iter().map(|mail| mail["time"].as_str().unwrap().split('T').next().unwrap()).collect();
    let expected: Vec<String> = (3..=12).map(|day| format!("2026-03-{day:02}")).collect();
    assert_eq!(days, expected);
    let runs: BTreeSet<&str> =
        mails.iter().map(|mail| mail["message"].as_str().unwrap().split("Run: ").nth(1).unwrap()).collect();
    assert_eq!(runs.len(), 10);
}

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
fn actions_of(policy: &Value) -> Vec<String> {
    statements(policy).iter().flat_map(|statement| texts(&statement["Action"])).collect()
}

/// The policy without one of its actions.
fn without(policy: &Value, action: &str) -> Value {
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
    // What a topic's own policy allows is not the role's.
    let own =
        [may.as_slice(), &others].concat().into_iter().filter(|(_, resource)| resource.contains(":sns:"));
    snapshot.resource_policies.extend(own.map(|(_, topic)| (topic.to_owned(), Facet::Read(None))));
    let asked = may.iter().map(|it| (it, Verdict::Allowed));
    let asked = asked.chain(others.iter().map(|it| (it, Verdict::ImplicitDeny)));
    for ((action, resource), expected) in asked {
        let said = verdict(&snapshot, "IAM-Auditor-Lambda-role", action, resource);
        assert_eq!(said, expected, "{action} {resource}");
    }
}

async fn snapshot(lab: &Lab) -> Snapshot {
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
fn check(snapshot: &Snapshot, role: &str, expected: &[(&str, &[&str])]) {
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

/// The lab with the second role.
const REMEDIATING: &str = r#"
name: remediating
region: us-east-1
resources:
  policies:
    IAM-Auditor-Policy: { document: ../../policies/iam-auditor-policy.json }
    IAM-Auditor-Lambda-Policy: { document: ../../policies/iam-auditor-lambda-policy.json }
    IAM-Remediator-Policy: { document: ../../policies/iam-remediator-policy.json }
    IAM-Remediator-Lambda-Policy: { document: ../../policies/iam-remediator-lambda-policy.json }
  users:
    User2: { access_keys: 1 }
    User4: { access_keys: 1 }
  roles:
    IAM-Auditor-Lambda-role:
      trust: { services: [lambda.amazonaws.com] }
      policies: [IAM-Auditor-Lambda-Policy, IAM-Remediator-Lambda-Policy]
    IAM-Auditor-role: { trust: { roles: [IAM-Auditor-Lambda-role] }, policies: [IAM-Auditor-Policy] }
    IAM-Remediator-role: { trust: { roles: [IAM-Auditor-Lambda-role] }, policies: [IAM-Remediator-Policy] }
  functions:
    iam-auditor:
      runtime: python3.9
      source: ../../templates/auditor
      handler: handler.main
      timeout: 60
      role: IAM-Auditor-Lambda-role
      environment:
        AUDITOR_ROLE_ARN: '{{ arn("role.IAM-Auditor-role") }}'
        REPORT_TOPIC_ARN: '{{ arn("topic.iam-audit-report") }}'
        REMEDIATE: deactivate-old-keys
        REMEDIATOR_ROLE_ARN: '{{ arn("role.IAM-Remediator-role") }}'
  topics:
    iam-audit-report: { subscriptions: [ { email: auditor@example.com } ] }
"#;

/// Writes the scenario where it finds the policies and the function.
fn remediating() -> (tempfile::TempDir, Resolved) {
    let folder = tempfile::tempdir().unwrap();
    for part in ["policies", "templates/auditor"] {
        std::fs::create_dir_all(folder.path().join(part)).unwrap();
        for file in std::fs::read_dir(root().join(part)).unwrap().map(Result::unwrap) {
            if file.file_type().unwrap().is_file() {
                std::fs::copy(file.path(), folder.path().join(part).join(file.file_name())).unwrap();
            }
        }
    }
    let place = folder.path().join("scenarios/remediating");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("scenario.yaml"), REMEDIATING).unwrap();
    let scenario = load(&place.join("scenario.yaml"));
    (folder, scenario)
}

#[tokio::test]
async fn an_approved_remediation_deactivates_the_planned_keys_and_no_other() {
    let (_folder, scenario) = remediating();
    let lab = Lab::up(&scenario).await;
    // Root has a key, too, as old as User2's.
    let session = lab.sign_in_as_root().await;
    let text = |name: &str| session[name].as_str().unwrap().to_owned();
    let (id, secret, token) = (text("AccessKeyId"), text("SecretAccessKey"), text("SessionToken"));
    let credentials = aws_credential_types::Credentials::new(id, secret, Some(token), None, "root");
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(lab.account.http())
        .credentials_provider(credentials)
        .region(Region::from_static(REGION))
        .load()
        .await;
    let of_root = aws_sdk_iam::Client::new(&config).create_access_key().send().await.unwrap();
    let of_root = of_root.access_key().unwrap().access_key_id().to_owned();
    let keys = async |user: &str| {
        let keys = lab.clients.iam.list_access_keys().user_name(user).send().await.unwrap();
        let mut keys = keys.access_key_metadata().to_vec();
        keys.sort_by_key(|key| key.create_date().copied());
        let shown = keys
            .iter()
            .map(|key| (key.access_key_id().unwrap().to_owned(), key.status().unwrap().to_string()));
        shown.collect::<Vec<_>>()
    };
    let old = keys("User2").await.remove(0).0;
    lab.forward(60 * 86_400).await;
    for user in ["User2", "User4"] {
        lab.clients.iam.create_access_key().user_name(user).send().await.unwrap();
    }
    // User4's old key was switched off and on again lately: its owner has just said that it is needed.
    let needed = keys("User4").await.remove(0).0;
    for status in ["Inactive", "Active"] {
        let update = lab.clients.iam.update_access_key().user_name("User4").access_key_id(&needed);
        update.status(status.into()).send().await.unwrap();
    }
    lab.forward(40 * 86_400).await;
    let statuses = async || {
        let (two, four) = (keys("User2").await, keys("User4").await);
        let of_root_is_active =
            lab.account.sandbox.iam().read(|state| state.root.keys.iter().all(|key| key.active));
        assert!(of_root_is_active);
        [two, four].concat().into_iter().map(|(_, status)| status).collect::<Vec<_>>()
    };

    let plan = lab.run(&json!({})).await;
    let told = plan.report();
    assert!(told.contains("Remediation deactivate-old-keys: 1 planned, none done"), "{told}");
    assert!(told.contains("would be deactivated: access key 1 of User2: older than 90 days"), "{told}");
    assert!(!told.contains("User4") && !told.contains(&of_root), "{told}");
    assert_eq!(statuses().await, ["Active"; 4]);
    assert!(
        lab.history("AssumeRole")
            .await
            .iter()
            .all(|event| { !event["requestParameters"]["roleArn"].as_str().unwrap().contains("Remediator") })
    );

    let refused = lab.run(&json!({"approval_id": "CHG 123; all"})).await;
    refused.expect_failure("read the settings", "`approval_id`");
    assert_eq!(statuses().await, ["Active"; 4]);

    let done = lab.run(&json!({"approval_id": "CHG-123"})).await;
    let told = done.report();
    for text in [
        "; 1 key deactivated
",
        "Approval CHG-123. The event holds its id only: who approved is not known to this function.",
        &format!("DEACTIVATED: access key {old} of User2: older than 90 days"),
        &format!("aws iam update-access-key --user-name User2 --access-key-id {old} --status Active"),
    ] {
        assert!(told.contains(text), "{told}");
    }
    assert_eq!(statuses().await, ["Inactive", "Active", "Active", "Active"]);
    let session = "arn:aws:sts::123456789012:assumed-role/IAM-Remediator-role/iam-remediator-CHG-123";
    let events = lab.history("UpdateAccessKey").await;
    let by_it: Vec<_> = events.iter().filter(|event| event["userIdentity"]["arn"] == session).collect();
    let [event] = by_it.as_slice() else { panic!("{events:?}") };
    let expected = json!({"userName": "User2", "accessKeyId": old, "status": "Inactive"});
    assert_eq!((&event["requestParameters"], &event["errorCode"]), (&expected, &Value::Null));

    // The same approval again finds nothing to do, also by a credential report that is older than what was done.
    let again = lab.run(&json!({"approval_id": "CHG-123"})).await;
    assert!(again.report().contains("NOTHING TO DO: access key"), "{}", again.report());
    assert!(again.report().contains("it is inactive already"), "{}", again.report());
    assert_eq!(lab.history("UpdateAccessKey").await.len(), events.len());

    // What the second role may do, and that it is all.
    let snapshot = snapshot(&lab).await;
    let users: &[&str] = &["arn:aws:iam::123456789012:user/*"];
    check(&snapshot, "IAM-Remediator-role", &[("iam:ListAccessKeys", users), ("iam:UpdateAccessKey", users)]);
}

/// Runs the function's code in a process of its own; `None` where there is no Python with boto3.
fn python_says(args: &[&str], input: &Value) -> Option<Value> {
    let mut command = Command::new(python()?);
    command.arg(root().join("tests/conformance/auditor.py")).args(args).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("AWS_ACCESS_KEY_ID", "testing").env("AWS_SECRET_ACCESS_KEY", "testing");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut stdin = process.stdin.take().unwrap();
    let text = input.to_string();
    let feed = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = process.wait_with_output().unwrap();
    feed.join().unwrap().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// The report without what differs from run to run: the time of the credential report and the run's id.
fn same_for_all(report: &str) -> String {
    let run = report.split("Run:").nth(1).unwrap().lines().next().unwrap().trim();
    let made = report.split("Credential report:").nth(1).unwrap().split(" UTC").next().unwrap().trim();
    report.replace(run, "RUN").replace(made, "TIME")
}

/// The same code with boto3 against another implementation of AWS, where the program has made the same lab.
///
/// Moto's credential report has no row for root and is always of 2015. As it stands, the function does not know about
/// root, and says so; with the row and the time put in, the text is the same but for its time and the run's id.
#[test]
fn the_function_says_the_same_of_the_lab_on_moto() {
    let Some(moto) = Moto::start() else { return };
    let program = Program::new().on(&moto);
    program.run(&["provision", "up", crate::lab::LAB, "--yes"]).expect(0);
    let Some(answers) = python_says(&["--endpoint-url", &moto.url()], &Value::Null) else { return };
    let bare = answers[0]["report"].as_str().unwrap();
    assert_eq!(answers[0]["controls"], json!({"1.1": "UNKNOWN", "1.2": "FAIL", "1.12": "UNKNOWN"}));
    assert!(
        bare.starts_with(
            "IAM audit of 123456789012 INCOMPLETE: FAIL 1.2; UNKNOWN 1.1, 1.12
"
        ),
        "{bare}"
    );
    assert!(bare.contains("The credential report has no row for root"), "{bare}");

    let sandbox = crate::cases::wait(async {
        let lab = Lab::up(&iam_auditing()).await;
        lab.run(&json!({})).await.report().to_owned()
    });
    assert_eq!(same_for_all(answers[1]["report"].as_str().unwrap()), same_for_all(&sandbox));
}

/// The controls that both implementations have, and the checks of the program's.
const CONTROLS: [(&str, &str); 3] =
    [("1.1", "root-used"), ("1.2", "user-console-without-mfa"), ("1.12", "root-access-key")];

/// What `iamlab audit run` says of a report, in the form of `auditor.py --verdicts`.
fn program_says(csv: &str, generated: Option<Timestamp>, as_of: Timestamp) -> Value {
    let Ok(report) = CredentialReport::parse(csv, generated) else { return Value::Null };
    let mut snapshot = Snapshot::empty("123456789012", "aws", "us-east-1", as_of);
    snapshot.credential_report = Facet::Read(report);
    let params = BTreeMap::new();
    let said = CONTROLS.map(|(control, id)| {
        let check = CHECKS.iter().find(|check| check.id == id).unwrap();
        let verdicts = (check.run)(&Look { snapshot: &snapshot, params: &params, check, as_of }).unwrap();
        let verdicts =
            verdicts.into_iter().map(|it| (it.subject.name, serde_json::to_value(it.status).unwrap()));
        (control.to_owned(), verdicts.collect::<Value>())
    });
    said.into_iter().collect()
}

/// Two implementations, one truth: every row of the corpus, and some thousand rows of odd cells.
#[test]
fn the_function_and_the_program_agree_on_every_report() {
    let corpus = corpus::corpus();
    let as_of: Timestamp = corpus::text(&corpus["as_of"]).parse().unwrap();
    let mut reports: Vec<(String, String, Option<Timestamp>)> = Vec::new();
    for row in corpus["rows"].as_array().unwrap() {
        let generated = row.get("generated").unwrap_or(&corpus["generated"]);
        let generated = generated.as_str().map(|time| time.parse().unwrap());
        reports.push((row["why"].to_string(), corpus::report(&corpus, row), generated));
    }
    let of_corpus = reports.len();
    assert!(of_corpus > 150, "{of_corpus}");
    let made = Some(as_of);
    reports.extend((0..1_500).map(|seed| (format!("generated {seed}"), odd_report(&corpus, seed), made)));
    let given: Value = reports
        .iter()
        .map(|(_, csv, generated)| {
            let generated = generated.map(|time| time.to_string());
            json!({"csv": csv, "generated": generated, "as_of": as_of.to_string()})
        })
        .collect();
    let Some(said) = python_says(&["--verdicts"], &given) else { return };
    let (mut statuses, mut refused) = (BTreeSet::new(), 0);
    for ((why, csv, generated), of_function) in reports.iter().zip(said.as_array().unwrap()) {
        let of_program = program_says(csv, *generated, as_of);
        assert_eq!(&of_program, of_function, "{why}: program left, function right\n{csv}");
        refused += usize::from(of_program.is_null());
        for (control, _) in CONTROLS {
            for status in of_program[control].as_object().into_iter().flatten().map(|(_, status)| status) {
                statuses.insert(format!("{control} {}", status.as_str().unwrap()));
            }
        }
    }
    // Every verdict there is was met, or the agreement would say little.
    assert_eq!(statuses.len(), 3 + 4 + 3, "{statuses:?}");
    assert!(refused > 50, "{refused}");
}

/// Writes a report of odd rows, the same for the same seed.
fn odd_report(corpus: &Value, seed: u64) -> String {
    const CELLS: [&str; 20] = [
        "true",
        "false",
        "TRUE",
        "False",
        "N/A",
        "n/a",
        "not_supported",
        "no_information",
        "No_Information",
        "",
        " true",
        "maybe",
        "soon",
        "\"quoted, \"\"twice\"\"\"",
        "2026-02-20T12:00:00+00:00",
        "2025-01-01T00:00:00Z",
        "2025-12-02T09:00:00Z",
        "2026-03-02T11:10:00+02:00",
        "2026-04-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
    ];
    // Multiplying and adding by the constants of Knuth's MMIX.
    let mut state = seed;
    let mut roll = |sides: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % sides
    };
    let mut columns: Vec<&str> =
        corpus["defaults"].as_array().unwrap().iter().map(|column| corpus::text(&column[0])).collect();
    if roll(4) == 0 {
        columns.remove(roll(columns.len()));
    }
    if roll(30) == 0 {
        columns.push(columns[roll(columns.len())]);
    }
    let mut lines = vec![columns.join(",")];
    for user in ["<root_account>", "ann", "bob", "Ann", "<root_account>"] {
        // Root's row is missing, or there twice, now and then.
        if (user == "Ann" && roll(2) == 0)
            || (user.starts_with('<') && roll(12) == usize::from(lines.len() == 1))
        {
            continue;
        }
        if lines.len() > 2 && user.starts_with('<') && roll(12) > 0 {
            continue;
        }
        let default = |name: &str| {
            let all = corpus["defaults"].as_array().unwrap();
            corpus::text(&all.iter().find(|column| column[0] == name).unwrap()[1]).to_owned()
        };
        let odd = roll(6);
        let mut cells: Vec<String> = columns
            .iter()
            .map(|&name| match name {
                "user" => user.to_owned(),
                "arn" => "arn:aws:iam::123456789012:user/u".to_owned(),
                _ if roll(6) < odd => CELLS[roll(CELLS.len())].to_owned(),
                name => default(name),
            })
            .collect();
        match roll(25) {
            0 => cells.truncate(2 + roll(cells.len() - 2)),
            1 => cells.push(["", " ", "more"][roll(3)].to_owned()),
            _ => {}
        }
        lines.push(cells.join(","));
    }
    let end = ["\n", "\r\n"][roll(2)];
    lines.join(end)
}
