//! `provision verify`: the expectations of a scenario, held against an account that is as it should be, and against
//! one that is not.

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use iamlab::account::ask::{Question, Verdict};
use iamlab::account::effective::Holder;
use iamlab::aws::collect::{Scope, collect};
use iamlab::provision::verify::live::second_opinion;
use iamlab::provision::verify::{Check, Judged, Status, judge};
use serde_json::{Value, json};

use crate::cases::wait;
use crate::inventory::Clients;
use crate::lab::{Account, LAB};
use crate::program::Program;
use crate::served::Served;
use crate::wire::Fault;

const VERIFY: [&str; 3] = ["provision", "verify", LAB];
const POLICY: &str = "arn:aws:iam::123456789012:policy/IAM-Auditor-Policy";
const GROUP: &str = "IAM-Auditor-Group";

/// The lab, brought up in an account of its own.
struct Up {
    account: Account,
    program: Program,
    clients: Clients,
}

impl Up {
    fn new() -> Self {
        let account = Account::live();
        let program = Program::new().at(&Served::new(&account, |_| Fault::None));
        program.run(&["provision", "up", LAB, "--yes"]).expect(0);
        let clients = wait(account.clients());
        Self { account, program, clients }
    }

    fn put_user_policy(&self, user: &str, name: &str, statement: &Value) {
        let document = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let put = self.clients.iam.put_user_policy().user_name(user).policy_name(name);
        wait(put.policy_document(document).send()).unwrap();
    }
}

fn row<'a>(document: &'a Value, text: &str) -> &'a Value {
    let rows = document["expectations"].as_array().unwrap();
    rows.iter().find(|row| row["text"] == text).unwrap_or_else(|| panic!("no {text}: {document}"))
}

#[test]
fn the_lab_is_as_expected() {
    let up = Up::new();
    let document = up.program.json(&VERIFY, 0);
    assert_eq!(document["format_version"], 1);
    assert_eq!(document["scenario"], "iam-auditing");
    assert_eq!(document["account"], "123456789012");
    assert_eq!(document["summary"], json!({ "pass": 5, "fail": 0, "unknown": 0, "disagree": 0 }));
    let can = row(&document, "User3 can iam:GetCredentialReport");
    assert_eq!((&can["status"], &can["decision"]), (&json!("PASS"), &json!("allowed")));
    assert_eq!(can["trace"][0]["sid"], "GenerateAndReadTheCredentialReport");
    assert_eq!(can["trace"][0]["arn"], POLICY);
    assert_eq!(can["live"], Value::Null);
    let cannot = row(&document, "User3 cannot iam:AddUserToGroup on group/IAM-Auditor-Group");
    assert_eq!((&cannot["status"], &cannot["decision"]), (&json!("PASS"), &json!("implicit_deny")));
    assert!(cannot["resource"].as_str().unwrap().ends_with(":group/iamlab/iam-auditing/IAM-Auditor-Group"));
    let text = up.program.run(&VERIFY).expect(0).stdout;
    assert_eq!(text.lines().count(), 6, "{text}");
    assert!(text.starts_with("✓ User3 can iam:GenerateCredentialReport\n"), "{text}");
    assert!(text.ends_with("5 of 5 expectations hold\n"), "{text}");
    let explained = up.program.run(&["provision", "verify", LAB, "--explain"]).expect(0).stdout;
    assert!(explained.contains("nearest: statement 1 (`GenerateAndReadTheCredentialReport`)"), "{explained}");
}

#[test]
fn the_simulator_of_the_account_agrees() {
    let document = Up::new().program.json(&["provision", "verify", LAB, "--live"], 0);
    for row in document["expectations"].as_array().unwrap() {
        assert_eq!(row["live"]["agrees"], true, "{row}");
        assert_eq!(row["live"]["decision"], row["decision"], "{row}");
    }
}

#[test]
fn a_policy_that_was_taken_away_is_missed() {
    let up = Up::new();
    let detach = up.clients.iam.detach_group_policy().group_name(GROUP).policy_arn(POLICY);
    wait(detach.send()).unwrap();
    let document = up.program.json(&VERIFY, 2);
    assert_eq!(document["summary"], json!({ "pass": 3, "fail": 2, "unknown": 0, "disagree": 0 }));
    let row = row(&document, "User3 can iam:GetCredentialReport");
    assert_eq!((&row["status"], &row["decision"]), (&json!("FAIL"), &json!("implicit_deny")));
    assert_eq!(row["reason"], "user `User3` holds no policy, and none of its groups does");
    assert!(row["next"].as_str().unwrap().contains("iamlab policy explain --as User3"), "{row}");
}

#[test]
fn a_deny_is_named() {
    let up = Up::new();
    let deny = json!({ "Sid": "NoReports", "Effect": "Deny", "Action": "iam:Get*", "Resource": "*" });
    up.put_user_policy("User3", "Stop", &deny);
    let document = up.program.json(&VERIFY, 2);
    let row = row(&document, "User3 can iam:GetCredentialReport");
    assert_eq!((&row["status"], &row["decision"]), (&json!("FAIL"), &json!("explicit_deny")));
    let told = "statement 1 (`NoReports`) of inline policy `Stop` of user `User3` denies it";
    assert_eq!(row["reason"], told);
    let text = up.program.run(&VERIFY).expect(2).stdout;
    assert!(text.contains("✗ User3 can iam:GetCredentialReport\n"), "{text}");
    assert!(text.contains(told) && text.contains("→ change or detach"), "{text}");
    assert!(text.ends_with("4 of 5 expectations hold, 1 does not\n"), "{text}");
}

#[test]
fn what_depends_on_the_unknown_does_not_pass() {
    let up = Up::new();
    let with_mfa = json!({ "Effect": "Allow", "Action": "iam:GetCredentialReport", "Resource": "*",
        "Condition": { "Bool": { "aws:MultiFactorAuthPresent": "true" } } });
    up.put_user_policy("User1", "WithMfa", &with_mfa);
    let document = up.program.json(&VERIFY, 4);
    let row = row(&document, "User1 cannot iam:GetCredentialReport");
    assert_eq!((&row["status"], &row["decision"]), (&json!("UNKNOWN"), &json!("unknown")));
    assert_eq!(row["reason"], "the value of `aws:MultiFactorAuthPresent` is not known");
    let with = |value: &str| {
        let key = format!("aws:MultiFactorAuthPresent={value}");
        up.program.run(&["provision", "verify", LAB, "--context", &key])
    };
    with("false").expect(0);
    with("true").expect(2);
}

#[test]
fn before_up_nothing_holds() {
    let program = Program::new();
    let document = program.json(&VERIFY, 2);
    assert_eq!(document["summary"]["fail"], 5);
    assert_eq!(document["expectations"][0]["reason"], "there is no user `User3` in the account");
}

#[test]
fn who_may_not_look_concludes_nothing() {
    let up = Up::new();
    let blind = Served::new(&up.account, |call| {
        if call.action == "iam:GetAccountAuthorizationDetails" { Fault::Denied } else { Fault::None }
    });
    let ended = Program::new().at(&blind).run(&VERIFY).expect(4);
    assert!(ended.stderr.contains("iam:GetAccountAuthorizationDetails"), "{ended:?}");
}

/// An account whose simulator answers what a test wants.
#[derive(Debug, Clone)]
struct Canned {
    inner: SharedHttpClient,
    answer: String,
}

#[derive(Debug)]
struct CannedConnector {
    inner: SharedHttpConnector,
    answer: String,
}

impl HttpClient for Canned {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(CannedConnector { inner, answer: self.answer.clone() })
    }
}

impl HttpConnector for CannedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        if !body.contains("Action=SimulatePrincipalPolicy") {
            return self.inner.call(request);
        }
        let mut response =
            HttpResponse::new(StatusCode::try_from(200).unwrap(), SdkBody::from(self.answer.clone()));
        response.headers_mut().insert("content-type", "text/xml");
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// An answer in the shape of the API reference's example of `SimulatePrincipalPolicy`.
fn simulated(decision: &str, missing: &str) -> String {
    let missing = if missing.is_empty() { String::new() } else { format!("<member>{missing}</member>") };
    format!(
        r#"<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
        <SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults><member>
        <MatchedStatements/><MissingContextValues>{missing}</MissingContextValues>
        <EvalResourceName>*</EvalResourceName><EvalDecision>{decision}</EvalDecision>
        <EvalActionName>iam:GetCredentialReport</EvalActionName>
        </member></EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"#
    )
}

fn opinion(up: &Up, who: &str, answer: &str) -> (iamlab::provision::verify::live::Live, Judged) {
    wait(async {
        let canned = Canned { inner: up.account.http(), answer: answer.to_owned() };
        let aws = up.account.connect(SharedHttpClient::new(canned)).await.unwrap();
        let snapshot = collect(&aws, &Scope { identity: true, ..Scope::default() }).await.snapshot;
        let check = Check {
            text: format!("{who} can iam:GetCredentialReport"),
            allowed: true,
            holder: Ok(Holder::User(who.to_owned())),
            question: Question {
                action: "iam:GetCredentialReport".to_owned(),
                resource: "*".to_owned(),
                context: vec![],
            },
        };
        let mut judged = judge(check, &snapshot);
        let live = second_opinion(&aws, &judged, &snapshot).await;
        live.weigh(&mut judged);
        (live, judged)
    })
}

#[test]
fn a_contradiction_is_a_finding_unless_one_does_not_know() {
    let up = Up::new();
    let (live, judged) = opinion(&up, "User3", &simulated("allowed", ""));
    assert_eq!((live.agrees, judged.status), (Some(true), Status::Pass));
    let (live, judged) = opinion(&up, "User3", &simulated("explicitDeny", ""));
    assert_eq!((live.decision, live.agrees), (Some(Verdict::ExplicitDeny), Some(false)));
    assert_eq!(judged.status, Status::Fail);
    assert!(judged.reason.contains("AWS's simulator says: denied by a statement"), "{}", judged.reason);
    let (live, judged) = opinion(&up, "User3", &simulated("implicitDeny", "aws:SourceIp"));
    assert_eq!((live.agrees, judged.status), (None, Status::Pass));
    assert_eq!(live.note.as_deref(), Some("the simulator was not told aws:SourceIp"));
    let (live, judged) = opinion(&up, "User3", "<SimulatePrincipalPolicyResponse/>");
    assert!(live.failed && live.agrees.is_none() && judged.status == Status::Pass, "{live:?}");
}

/// The acceptance of issue 3: the statement that is proposed, put where it is proposed, is what was missing.
#[test]
fn after_attaching_what_explain_proposes_adding_works() {
    let up = Up::new();
    let explain = ["policy", "explain", "--as", "User3", "iam:AddUserToGroup", "group/IAM-Auditor-Group"];
    let simulate = ["policy", "simulate", "--as", "User3", "iam:AddUserToGroup", "group/IAM-Auditor-Group"];
    let user3 = wait(async {
        let key = up.clients.iam.create_access_key().user_name("User3").send().await.unwrap();
        let key = key.access_key.unwrap();
        let credentials = Credentials::new(&key.access_key_id, &key.secret_access_key, None, None, "test");
        let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
            .http_client(up.account.http())
            .credentials_provider(credentials)
            .region(aws_config::Region::from_static("us-east-1"));
        aws_sdk_iam::Client::new(&config.load().await)
    });
    let add = || {
        let added = wait(user3.add_user_to_group().group_name(GROUP).user_name("User2").send());
        added.map(|_| ()).map_err(|error| error.into_service_error().meta().to_string())
    };
    let message = add().unwrap_err();
    let begin = "User: arn:aws:iam::123456789012:user/User3 is not authorized to perform: iam:AddUserToGroup";
    assert!(message.contains(begin), "{message}");
    up.program.run(&simulate).expect(2);

    let document = up.program.json(&explain, 2);
    let remedy = &document["remedy"];
    let to = &remedy["grant"]["to"];
    assert_eq!((&to["kind"], &to["arn"]), (&json!("managed_policy"), &json!(POLICY)));
    assert_eq!(remedy["grant"]["gainers"], json!(["role `IAM-Auditor-role`"]));
    assert_eq!(remedy["policy"]["Statement"][0], remedy["statements"][0]["statement"]);
    let text = remedy["grant"]["document"].to_string();
    let command = remedy["commands"][0].as_str().unwrap();
    assert!(command.starts_with("aws iam create-policy-version") && command.contains(&text), "{command}");
    let version = up.clients.iam.create_policy_version().policy_arn(POLICY).policy_document(text);
    wait(version.set_as_default(true).send()).unwrap();

    up.program.run(&simulate).expect(0);
    add().unwrap();
    let create = wait(user3.create_user().user_name("User4").send());
    assert!(create.is_err(), "the statement allows no more than was asked for");
    let verified = up.program.json(&VERIFY, 2);
    let row = row(&verified, "User3 cannot iam:AddUserToGroup on group/IAM-Auditor-Group");
    assert_eq!((&row["status"], &row["decision"]), (&json!("FAIL"), &json!("allowed")));
}
