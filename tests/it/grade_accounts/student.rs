//! The good student: the work, step by step, as calls at the console. An account of the tests is the good student's
//! with a difference.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iamlab::clock::Clock;
use iamlab::sandbox::class::{Hand, Key};
use iamlab::sandbox::{DEFAULT_ACCOUNT, Options, Sandbox};
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// When everybody begins to work.
const BEGAN: &str = "2026-03-09T16:00:00Z";
/// The password that everybody types.
const PASSWORD: &str = "Correct-Horse-7-Battery";

/// The program of the good student.
pub(super) const PROGRAM: &str = include_str!("programs/plain.py");

/// One thing that somebody does.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// `who` makes a call. Whether it is refused is nobody's business but the grader's.
    Call { who: &'static str, service: &'static str, operation: &'static str, input: Value },
    /// The administrator gives a user a virtual MFA device.
    Mfa(&'static str),
    /// Somebody signs in to the console.
    SignIn(&'static str),
    /// The student follows the link in the mail that a topic sent.
    Confirm(String),
}

/// A call of the administrator.
pub(super) fn admin(service: &'static str, operation: &'static str, input: Value) -> Act {
    Act::Call { who: "admin", service, operation, input }
}

/// A call of somebody else.
pub(super) fn by(who: &'static str, service: &'static str, operation: &'static str, input: Value) -> Act {
    Act::Call { who, service, operation, input }
}

/// The work of a student. In all texts `@iam` stands for `arn:aws:iam::ACCOUNT`, `@account` and `@region` for what they
/// say; a document that is an object is sent as text.
#[derive(Debug, Clone)]
pub(super) struct Student {
    /// Where the student works.
    pub(super) region: &'static str,
    /// The files of the function's package.
    pub(super) code: BTreeMap<String, String>,
    steps: Vec<(&'static str, Vec<Act>)>,
}

impl Student {
    /// The good student, who has names of their own for what the assignment does not name.
    #[expect(clippy::too_many_lines, reason = "a table of steps")]
    pub(super) fn good() -> Self {
        let allow = |action: Value, resource: Value| json!({"Effect": "Allow", "Action": action, "Resource": resource});
        let trust = |principal: Value| {
            policy(&json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}))
        };
        let steps = vec![
            (
                "policy",
                vec![admin(
                    "iam",
                    "CreatePolicy",
                    json!({
                        "PolicyName": "IAM-Auditor-Policy",
                        "PolicyDocument": policy(&allow(
                            json!(["iam:GenerateCredentialReport", "iam:GetCredentialReport"]),
                            json!("*"),
                        )),
                    }),
                )],
            ),
            ("user1", user("User1")),
            ("user1-mfa", vec![Act::Mfa("User1")]),
            ("user2", user("User2")),
            ("user2-key", vec![admin("iam", "CreateAccessKey", json!({"UserName": "User2"}))]),
            ("user3", user("User3")),
            ("group", vec![admin("iam", "CreateGroup", json!({"GroupName": "IAM-Auditor-Group"}))]),
            (
                "group-policy",
                vec![admin(
                    "iam",
                    "AttachGroupPolicy",
                    json!({
                        "GroupName": "IAM-Auditor-Group", "PolicyArn": "@iam:policy/IAM-Auditor-Policy",
                    }),
                )],
            ),
            (
                "member",
                vec![admin(
                    "iam",
                    "AddUserToGroup",
                    json!({
                        "GroupName": "IAM-Auditor-Group", "UserName": "User3",
                    }),
                )],
            ),
            ("user1-sign-in", vec![Act::SignIn("User1")]),
            (
                "report",
                vec![
                    by("User3", "iam", "GenerateCredentialReport", json!({})),
                    by("User3", "iam", "GenerateCredentialReport", json!({})),
                    by("User3", "iam", "GetCredentialReport", json!({})),
                ],
            ),
            (
                "addition",
                vec![by(
                    "User3",
                    "iam",
                    "AddUserToGroup",
                    json!({
                        "GroupName": "IAM-Auditor-Group", "UserName": "User2",
                    }),
                )],
            ),
            (
                "function-role",
                vec![admin(
                    "iam",
                    "CreateRole",
                    json!({
                        "RoleName": "CredentialAuditor-execution",
                        "AssumeRolePolicyDocument": trust(json!({"Service": "lambda.amazonaws.com"})),
                    }),
                )],
            ),
            (
                "function-policy",
                vec![admin(
                    "iam",
                    "PutRolePolicy",
                    json!({
                        "RoleName": "CredentialAuditor-execution",
                        "PolicyName": "audit",
                        "PolicyDocument": policy(&json!([
                            allow(json!("sts:AssumeRole"), json!("@iam:role/IAM-Auditor-role")),
                            allow(json!("sns:Publish"), json!("arn:aws:sns:@region:@account:AuditReports")),
                        ])),
                    }),
                )],
            ),
            (
                "function-logs",
                vec![admin(
                    "iam",
                    "AttachRolePolicy",
                    json!({
                        "RoleName": "CredentialAuditor-execution",
                        "PolicyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
                    }),
                )],
            ),
            (
                "role",
                vec![admin(
                    "iam",
                    "CreateRole",
                    json!({
                        "RoleName": "IAM-Auditor-role",
                        "AssumeRolePolicyDocument": trust(json!({"AWS": "@iam:role/CredentialAuditor-execution"})),
                    }),
                )],
            ),
            (
                "role-policy",
                vec![admin(
                    "iam",
                    "AttachRolePolicy",
                    json!({
                        "RoleName": "IAM-Auditor-role", "PolicyArn": "@iam:policy/IAM-Auditor-Policy",
                    }),
                )],
            ),
            ("topic", vec![admin("sns", "CreateTopic", json!({"Name": "AuditReports"}))]),
            (
                "subscription",
                vec![admin(
                    "sns",
                    "Subscribe",
                    json!({
                        "TopicArn": "arn:aws:sns:@region:@account:AuditReports",
                        "Protocol": "email",
                        "Endpoint": "student@example.edu",
                    }),
                )],
            ),
            ("confirmation", vec![Act::Confirm("arn:aws:sns:@region:@account:AuditReports".to_owned())]),
            (
                "function",
                vec![admin(
                    "lambda",
                    "CreateFunction",
                    json!({
                        "FunctionName": "CredentialAuditor",
                        "Runtime": "python3.9",
                        "Architectures": ["x86_64"],
                        "Handler": "lambda_function.lambda_handler",
                        "Role": "@iam:role/CredentialAuditor-execution",
                        "Timeout": 30,
                    }),
                )],
            ),
            (
                "rule",
                vec![admin(
                    "events",
                    "PutRule",
                    json!({
                        "Name": "EveryMorning", "ScheduleExpression": "cron(30 7 * * ? *)",
                    }),
                )],
            ),
            (
                "target",
                vec![admin(
                    "events",
                    "PutTargets",
                    json!({
                        "Rule": "EveryMorning",
                        "Targets": [{"Id": "Id1", "Arn": "arn:aws:lambda:@region:@account:function:CredentialAuditor"}],
                    }),
                )],
            ),
            (
                "permission",
                vec![admin(
                    "lambda",
                    "AddPermission",
                    json!({
                        "FunctionName": "CredentialAuditor",
                        "StatementId": "events",
                        "Action": "lambda:InvokeFunction",
                        "Principal": "events.amazonaws.com",
                        "SourceArn": "arn:aws:events:@region:@account:rule/EveryMorning",
                    }),
                )],
            ),
            ("history", vec![look("Username", "root"), look("EventName", "ConsoleLogin")]),
        ];
        let code = BTreeMap::from([("lambda_function.py".to_owned(), PROGRAM.to_owned())]);
        Self { region: "us-east-1", code, steps }
    }

    /// The steps under a name.
    fn step(&mut self, step: &str) -> &mut Vec<Act> {
        let found = self.steps.iter_mut().find(|(name, _)| *name == step);
        &mut found.unwrap_or_else(|| panic!("there is no step `{step}`")).1
    }

    /// Returns what is done in a step, to do it again.
    pub(super) fn acts(&mut self, step: &str) -> Vec<Act> {
        self.step(step).clone()
    }

    /// Sets a parameter of the first call of a step.
    pub(super) fn set(&mut self, step: &str, parameter: &str, value: Value) -> &mut Self {
        let Some(Act::Call { input, .. }) = self.step(step).first_mut() else {
            panic!("`{step}` is no call")
        };
        input.as_object_mut().unwrap().insert(parameter.to_owned(), value);
        self
    }

    /// Does something else in the place of a step.
    pub(super) fn instead(&mut self, step: &str, acts: Vec<Act>) -> &mut Self {
        *self.step(step) = acts;
        self
    }

    /// Leaves steps out.
    pub(super) fn without(&mut self, steps: &[&str]) -> &mut Self {
        for step in steps {
            self.step(step).clear();
        }
        self
    }

    /// Does nothing at all.
    pub(super) fn stop(&mut self) {
        self.steps.clear();
    }

    /// Does something more after a step.
    pub(super) fn then(&mut self, step: &str, acts: Vec<Act>) -> &mut Self {
        self.step(step).extend(acts);
        self
    }

    /// Does something more when everything is done.
    pub(super) fn finally(&mut self, acts: Vec<Act>) -> &mut Self {
        self.then("history", acts)
    }

    /// Calls something otherwise, everywhere.
    pub(super) fn renamed(&mut self, old: &str, new: &str) -> &mut Self {
        for (_, acts) in &mut self.steps {
            for act in acts {
                match act {
                    Act::Call { input, .. } => replace(input, &|text| text.replace(old, new)),
                    Act::Confirm(topic) => *topic = topic.replace(old, new),
                    Act::Mfa(_) | Act::SignIn(_) => {}
                }
            }
        }
        for text in self.code.values_mut() {
            *text = text.replace(old, new);
        }
        self
    }

    /// Has another program.
    pub(super) fn program(&mut self, text: &str) -> &mut Self {
        self.code = BTreeMap::from([("lambda_function.py".to_owned(), text.to_owned())]);
        self
    }

    /// Has the good program with a part of it otherwise.
    pub(super) fn edited(&mut self, part: &str, instead: &str) -> &mut Self {
        let text = PROGRAM.replace("\r\n", "\n");
        assert_eq!(text.matches(part).count(), 1, "`{part}` is not once in the program");
        self.program(&text.replace(part, instead))
    }

    /// Does the work, in an account in memory. Returns it, and its clock.
    pub(super) async fn work(&self) -> (Sandbox, Clock) {
        let clock = Clock::fixed(BEGAN.parse().unwrap());
        let options = Options { dir: None, account: DEFAULT_ACCOUNT.to_owned(), clock: clock.clone() };
        let sandbox = Sandbox::open(options).unwrap();
        let mut desk = Desk {
            hand: Hand::at_work(sandbox.clone(), clock.clone(), 1, self.region),
            sessions: BTreeMap::new(),
            package: packed(&self.code, |text| self.filled(text)),
        };
        desk.open().await;
        for (_, acts) in &self.steps {
            for act in acts {
                desk.act(self, act).await;
            }
        }
        (sandbox, clock)
    }

    /// Fills the holes of a text.
    fn filled(&self, text: &str) -> String {
        let iam = format!("arn:aws:iam::{DEFAULT_ACCOUNT}");
        text.replace("@iam", &iam).replace("@account", DEFAULT_ACCOUNT).replace("@region", self.region)
    }

    /// Returns the parameters of a call as they are sent.
    fn input(&self, input: &Value) -> Value {
        let mut sent = input.clone();
        if let Some(fields) = sent.as_object_mut() {
            for (name, value) in fields {
                if name.ends_with("Document") && value.is_object() {
                    *value = json!(value.to_string());
                }
            }
        }
        replace(&mut sent, &|text| self.filled(text));
        sent
    }
}

/// The student's place: who is signed in.
struct Desk<'a> {
    hand: Hand<'a>,
    sessions: BTreeMap<&'static str, Key>,
    package: String,
}

impl Desk<'_> {
    /// Opens the account: root makes an administrator, who signs in.
    async fn open(&mut self) {
        let root = self.hand.sign_in_root().await.unwrap();
        for (operation, input) in [
            ("CreateUser", json!({"UserName": "admin"})),
            ("CreateLoginProfile", json!({"UserName": "admin", "Password": PASSWORD})),
            (
                "AttachUserPolicy",
                json!({
                    "UserName": "admin", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
                }),
            ),
        ] {
            self.hand.call(&root, "iam", operation, input).await.unwrap();
        }
        self.sessions.insert("root", root);
    }

    /// Returns the session of somebody, who signs in first.
    async fn session(&mut self, who: &'static str) -> Key {
        if !self.sessions.contains_key(who) {
            let key = self.hand.sign_in(who, PASSWORD).await.unwrap();
            self.sessions.insert(who, key);
        }
        self.sessions[who].clone()
    }

    async fn act(&mut self, student: &Student, act: &Act) {
        match act {
            Act::Call { who, service, operation, input } => {
                let key = self.session(who).await;
                let mut input = student.input(input);
                if *operation == "CreateFunction" {
                    input["Code"] = json!({"ZipFile": self.package});
                }
                let done = self.hand.attempt(&key, service, operation, input).await;
                // What the administrator wants has to work: the account would not be the one that is meant.
                assert!(*who != "admin" || done.is_ok(), "{operation}: {:?}", done.err());
            }
            Act::Mfa(user) => {
                let key = self.session("admin").await;
                self.hand.enable_mfa(&key, user).await.unwrap();
            }
            Act::SignIn(who) => {
                let key = self.hand.sign_in(who, PASSWORD).await.unwrap();
                self.sessions.insert(*who, key);
            }
            Act::Confirm(topic) => {
                let key = self.session("admin").await;
                self.hand.confirm(&key, &student.filled(topic)).await.unwrap();
            }
        }
    }
}

/// Makes a policy of one statement or of several.
pub(super) fn policy(statement: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statement})
}

/// A user with a password.
pub(super) fn user(name: &str) -> Vec<Act> {
    let password = json!({"UserName": name, "Password": PASSWORD, "PasswordResetRequired": "false"});
    vec![admin("iam", "CreateUser", json!({"UserName": name})), admin("iam", "CreateLoginProfile", password)]
}

/// A look into the event history.
pub(super) fn look(attribute: &str, value: &str) -> Act {
    let input = json!({"LookupAttributes": [{"AttributeKey": attribute, "AttributeValue": value}]});
    admin("cloudtrail", "LookupEvents", input)
}

/// Changes every text in a value, keys too.
fn replace(value: &mut Value, change: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, change)),
        Value::Object(fields) => {
            let keys: BTreeSet<String> = fields.keys().cloned().collect();
            for key in keys {
                let mut value = fields.remove(&key).unwrap();
                replace(&mut value, change);
                fields.insert(change(&key), value);
            }
        }
        _ => {}
    }
}

/// Packs a program as the console does, in base64.
fn packed(files: &BTreeMap<String, String>, filled: impl Fn(&str) -> String) -> String {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, text) in files {
        zip.start_file(path, SimpleFileOptions::default()).unwrap();
        zip.write_all(filled(text).as_bytes()).unwrap();
    }
    STANDARD.encode(zip.finish().unwrap().into_inner())
}
