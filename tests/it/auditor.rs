//! The function of the lab, from its schedule to the mail: what it does as whom, what it says when something is wrong,
//! and what it changes when somebody has approved it.

use std::collections::BTreeSet;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_sdk_lambda::primitives::Blob;
use iamlab::policy::document::PolicyDocument;
use iamlab::sandbox::DEFAULT_ACCOUNT;
use iamlab::sandbox::control::{Order, RootPage, SignIn, Tick, Trouble};
use iamlab::scenario::Resolved;
use serde_json::{Value, json};

use crate::auditor_rights::{actions_of, check, snapshot, without};
use crate::inventory::Clients;
use crate::lab::{Account, REGION, UP, iam_auditing, load, root};

const FUNCTION: &str = "iam-auditor";
pub(crate) const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:iam-audit-report";
pub(crate) const AUDITOR_POLICY: &str = "arn:aws:iam::123456789012:policy/IAM-Auditor-Policy";
/// The function's own session, which Lambda names after it.
const OF_FUNCTION: &str = "arn:aws:sts::123456789012:assumed-role/IAM-Auditor-Lambda-role/iam-auditor";
/// The session that reads the report.
const OF_AUDITOR: &str = "arn:aws:sts::123456789012:assumed-role/IAM-Auditor-role/iam-auditor";

/// An account with a lab in it, whose mails are wanted. Its clock stands still until it is moved.
pub(crate) struct Lab {
    pub(crate) account: Account,
    pub(crate) clients: Clients,
    _folder: tempfile::TempDir,
}

/// How an invocation ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) failed: bool,
    answer: Value,
}

impl Run {
    pub(crate) fn report(&self) -> &str {
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
    pub(crate) async fn up(scenario: &Resolved) -> Self {
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

    pub(crate) async fn run(&self, event: &Value) -> Run {
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
    pub(crate) async fn log(&self) -> Vec<String> {
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
        let page = SignIn {
            account,
            user: None,
            password,
            mfa_code: None,
            new_password: None,
            source,
            root: RootPage::AsItIs,
        };
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

    // Two events of one second, in no order: Lambda took the function's role, and the function the auditor's.
    let (by_lambda, assumed): (Vec<_>, Vec<_>) = (lab.history("AssumeRole").await.into_iter())
        .partition(|event| event["userIdentity"]["invokedBy"] == "lambda.amazonaws.com");
    let ([_], [assumed]) = (by_lambda.as_slice(), assumed.as_slice()) else {
        panic!("{by_lambda:?} {assumed:?}")
    };
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
        "What is undone holds against other approved runs after 2026-06-10 13:00:07 UTC",
        &format!("aws iam update-access-key --user-name=User2 --access-key-id {old} --status Active"),
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
    let may = ["iam:GetAccessKeyLastUsed", "iam:ListAccessKeys", "iam:UpdateAccessKey"];
    check(&snapshot, "IAM-Remediator-role", &may.map(|action| (action, users)));
}

/// Least privilege from below: without any one permission of the second role the key stays, and the run says so.
#[tokio::test]
async fn the_remediator_needs_all_that_it_may() {
    let (_folder, scenario) = remediating();
    let lab = Lab::up(&scenario).await;
    lab.forward(100 * 86_400).await;
    let (iam, arn) = (&lab.clients.iam, "arn:aws:iam::123456789012:policy/IAM-Remediator-Policy");
    let version = iam.get_policy_version().policy_arn(arn).version_id("v1").send().await.unwrap();
    let document = version.policy_version().unwrap().document().unwrap();
    let policy = PolicyDocument::parse_encoded(document).unwrap().written().clone();
    let actions = actions_of(&policy);
    assert_eq!(actions.len(), 3);
    let approved = json!({"approval_id": "CHG-1"});
    for action in actions {
        let without = without(&policy, &action).to_string();
        let put = iam.create_policy_version().policy_arn(arn).policy_document(without).set_as_default(true);
        let version = put.send().await.unwrap().policy_version.unwrap().version_id.unwrap();
        lab.run(&approved).await.expect_failure("remediate", &format!("not authorized to perform: {action}"));
        iam.set_default_policy_version().policy_arn(arn).version_id("v1").send().await.unwrap();
        iam.delete_policy_version().policy_arn(arn).version_id(version).send().await.unwrap();
    }
    assert!(lab.run(&approved).await.report().contains("; 2 keys deactivated\n"));
}
