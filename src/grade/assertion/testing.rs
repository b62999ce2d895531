//! The evidence of a lab in which everything is right, for tests to change one thing of.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::{Case, evaluate};
use crate::account::calls::ApiCalls;
use crate::account::snapshot::{
    AccessKey, Credentials, CredentialsUnread, Facet, Function, Identity, Permission, Policies, Rule,
    Snapshot, Subscription, Target, Topic,
};
use crate::account::testing::{arn, attached, document, group, inline, managed, role, user};
use crate::grade::code::package::Package;
use crate::grade::evidence::{Access, Evidence, Lookup, Way};
use crate::grade::found::Found;
use crate::grade::rubric::{Assertion, Rubric};
use crate::source::SourceFile;

pub(super) const ACCOUNT: &str = "123456789012";

/// The ARN of something in us-east-1.
pub(super) fn regional(rest: &str) -> String {
    let (service, name) = rest.split_once(':').unwrap();
    format!("arn:aws:{service}:us-east-1:{ACCOUNT}:{name}")
}

/// The rubric that is shipped.
pub(in crate::grade) fn shipped() -> Rubric {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/iam-auditing");
    Rubric::load(&folder).unwrap()
}

/// A rubric of one criterion.
pub(super) fn rubric(check: &str) -> Rubric {
    let text = format!(
        "name: r\ntitle: t\ntasks:\n  - id: T1\n    title: t\n    points: 1\n    criteria:\n      - id: T1.a\n        \
         points: 1\n        what: w\n        check: {check}\n        feedback: f\n"
    );
    let file = SourceFile::new("rubric.yaml", text.as_str());
    Rubric::parse(&file).unwrap_or_else(|found| panic!("{}", crate::source::render(&found, false)))
}

/// Decides one assertion, written as in a rubric, beside the shipped rubric's criteria: so that every part is cast.
pub(super) fn found(check: &str, evidence: &Evidence) -> Found {
    let mut rubric = rubric(check);
    let check: Assertion = rubric.criteria().next().unwrap().check.clone();
    rubric.tasks.extend(shipped().tasks);
    evaluate(&check, &Case::new(&rubric, evidence))
}

/// The statements of the policy of task 1.
pub(super) fn report() -> Value {
    json!([{"Effect": "Allow", "Action": ["iam:GenerateCredentialReport", "iam:GetCredentialReport"],
        "Resource": "*"}])
}

fn credentials(keys: usize, mfa: &[&str]) -> Facet<Credentials> {
    let key = |number: usize| AccessKey {
        id: format!("AKIAEXAMPLE0000000{number:02}"),
        active: true,
        created: None,
    };
    Facet::Read(Credentials {
        login_profile: true,
        access_keys: (0..keys).map(key).collect(),
        mfa_devices: Some(mfa.iter().map(|serial| (*serial).to_owned()).collect()),
        unread: CredentialsUnread::default(),
        others: None,
    })
}

/// A record of the event history.
pub(in crate::grade) fn record(id: &str, who: &str, name: &str, more: &Value) -> Value {
    let identity = if who == "root" {
        json!({"type": "Root", "arn": arn("root"), "accountId": ACCOUNT})
    } else {
        json!({"type": "IAMUser", "userName": who, "arn": arn(&format!("user/{who}")), "accountId": ACCOUNT})
    };
    let source = if name == "ConsoleLogin" { "signin.amazonaws.com" } else { "iam.amazonaws.com" };
    let mut record = json!({
        "eventVersion": "1.08", "userIdentity": identity, "eventTime": "2026-03-02T09:00:00Z",
        "eventSource": source, "eventName": name, "awsRegion": "us-east-1",
        "requestParameters": null, "responseElements": null, "eventID": id,
    });
    for (key, value) in more.as_object().unwrap() {
        record[key] = value.clone();
    }
    record
}

/// A look into the history that found these.
pub(in crate::grade) fn lookup(attribute: &str, value: &str, records: Vec<Value>) -> Lookup {
    Lookup {
        attribute: attribute.to_owned(),
        value: value.to_owned(),
        region: "us-east-1".to_owned(),
        records: Facet::Read(records),
        complete: true,
    }
}

pub(super) fn package() -> Package {
    Package {
        sha256: String::new(),
        size: 0,
        files: vec![],
        sources: BTreeMap::new(),
        secrets: vec![],
        left_out: vec![],
    }
}

fn identity() -> Identity {
    let lambda = json!([
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn("role/IAM-Auditor-role")},
        {"Effect": "Allow", "Action": "sns:Publish", "Resource": regional("sns:report")},
    ]);
    let service = json!([{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole"}]);
    let trust = json!([{"Effect": "Allow", "Principal": {"AWS": arn("role/fn-role")},
        "Action": "sts:AssumeRole"}]);
    Identity {
        users: [
            user("User1", &[], Policies::default()),
            user("User2", &[], Policies::default()),
            user("User3", &["IAM-Auditor-Group"], Policies::default()),
        ]
        .into(),
        groups: [group("IAM-Auditor-Group", attached(&["IAM-Auditor-Policy"]))].into(),
        roles: [
            role("IAM-Auditor-role", &trust, attached(&["IAM-Auditor-Policy"])),
            role("fn-role", &service, inline("job", &lambda)),
        ]
        .into(),
        policies: [managed("IAM-Auditor-Policy", 1, &report())].into(),
    }
}

pub(super) fn function(name: &str) -> Function {
    let permission = Permission {
        service: Some("events.amazonaws.com".to_owned()),
        source_arn: Some(regional("events:rule/daily")),
        statement: "{}".to_owned(),
    };
    Function {
        arn: regional(&format!("lambda:function:{name}")),
        runtime: "python3.9".to_owned(),
        architecture: "x86_64".to_owned(),
        handler: "lambda_function.lambda_handler".to_owned(),
        role: arn("role/fn-role"),
        timeout: 60,
        memory: 128,
        description: String::new(),
        environment: BTreeMap::new(),
        code_sha256: String::new(),
        tags: BTreeMap::new(),
        state: "Active".to_owned(),
        permissions: [("daily".to_owned(), permission)].into(),
        permissions_unread: None,
        last_modified: None,
    }
}

pub(super) fn topic(name: &str) -> Topic {
    let subscription = Subscription {
        protocol: "email".to_owned(),
        endpoint: "student@example.com".to_owned(),
        arn: Some(regional(&format!("sns:{name}:1"))),
    };
    Topic { arn: regional(&format!("sns:{name}")), tags: BTreeMap::new(), subscriptions: vec![subscription] }
}

pub(super) fn rule(name: &str, expression: &str, target: &str) -> Rule {
    Rule {
        arn: regional(&format!("events:rule/{name}")),
        expression: expression.to_owned(),
        enabled: true,
        description: String::new(),
        targets: vec![Target { arn: target.to_owned(), id: "1".to_owned(), input: None }],
        tags: BTreeMap::new(),
    }
}

/// Evidence of an account in which nothing was made.
pub(super) fn empty() -> Evidence {
    let now = "2026-03-02T10:00:00Z".parse().unwrap();
    let mut snapshot = Snapshot::empty(ACCOUNT, "aws", "us-east-1", now);
    snapshot.identity = Facet::Read(Identity::default());
    snapshot.virtual_mfa = Facet::Read(vec![]);
    snapshot.schedules = Facet::Read(vec![]);
    let lookups = [("Username", "User1"), ("Username", "User3"), ("EventName", "LookupEvents")]
        .map(|(attribute, value)| lookup(attribute, value, vec![]));
    Evidence {
        student: "s001".to_owned(),
        rubric: "iam-auditing".to_owned(),
        access: Access {
            way: Way::Sandbox,
            target: "sandbox".to_owned(),
            caller: arn("user/grader"),
            role: None,
            open_without_external_id: None,
            nonce: None,
        },
        started: now,
        finished: now,
        api_calls: ApiCalls::default(),
        snapshot,
        place: None,
        functions: Facet::Read([].into()),
        topics: Facet::Read([].into()),
        rules: Facet::Read([].into()),
        packages: BTreeMap::new(),
        lookups: lookups.into(),
        requests: vec![],
        seal: None,
    }
}

/// Evidence of a lab in which everything is right.
pub(in crate::grade) fn lab() -> Evidence {
    let mut lab = empty();
    lab.snapshot.identity = Facet::Read(identity());
    lab.snapshot.credentials = [
        ("User1".to_owned(), credentials(0, &["arn:aws:iam::123456789012:mfa/User1"])),
        ("User2".to_owned(), credentials(1, &[])),
        ("User3".to_owned(), credentials(0, &[])),
    ]
    .into();
    lab.functions = Facet::Read(["fn".to_owned()].into());
    lab.snapshot.functions = [("fn".to_owned(), Facet::Read(Some(function("fn"))))].into();
    lab.packages = [("fn".to_owned(), Facet::Read(package()))].into();
    lab.topics = Facet::Read(["report".to_owned()].into());
    lab.snapshot.topics = [("report".to_owned(), Facet::Read(Some(topic("report"))))].into();
    lab.snapshot.resource_policies = [(regional("sns:report"), Facet::Read(None))].into();
    lab.rules = Facet::Read(["daily".to_owned()].into());
    let daily = rule("daily", "rate(1 day)", &regional("lambda:function:fn"));
    lab.snapshot.rules = [("daily".to_owned(), Facet::Read(Some(daily)))].into();
    let signed_in = json!({"additionalEventData": {"MFAUsed": "Yes"},
        "responseElements": {"ConsoleLogin": "Success"}});
    let denied = json!({"errorCode": "AccessDenied", "errorMessage": "not authorized",
        "requestParameters": {"groupName": "IAM-Auditor-Group", "userName": "User2"}});
    let asked = json!({"eventSource": "cloudtrail.amazonaws.com", "requestParameters":
        {"lookupAttributes": [{"attributeKey": "Username", "attributeValue": "root"}]}});
    lab.lookups = vec![
        lookup("Username", "User1", vec![record("e1", "User1", "ConsoleLogin", &signed_in)]),
        lookup(
            "Username",
            "User3",
            vec![
                record("e2", "User3", "GetCredentialReport", &json!({})),
                record("e3", "User3", "AddUserToGroup", &denied),
            ],
        ),
        lookup("EventName", "LookupEvents", vec![record("e4", "root", "LookupEvents", &asked)]),
    ];
    lab
}

/// The identity of evidence, to change it.
pub(in crate::grade) fn identity_of(evidence: &mut Evidence) -> &mut Identity {
    let Facet::Read(identity) = &mut evidence.snapshot.identity else { panic!("it was not read") };
    identity
}

/// Gives the policy of task 1 other statements.
pub(super) fn says(evidence: &mut Evidence, statements: &Value) {
    let policy = identity_of(evidence).policies.get_mut("IAM-Auditor-Policy").unwrap();
    policy.document = Some(document(statements));
}

/// Gives the role of task 8 another trust policy.
pub(super) fn trusts(evidence: &mut Evidence, principal: &Value, condition: &Value) {
    let mut statement = json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
    if !condition.is_null() {
        statement["Condition"] = condition.clone();
    }
    identity_of(evidence).roles.get_mut("IAM-Auditor-role").unwrap().trust = document(&json!([statement]));
}
