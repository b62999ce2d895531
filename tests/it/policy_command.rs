//! `policy simulate` and `policy explain`, as people type them.

use serde_json::{Value, json};

use crate::cases::wait;
use crate::lab::{Account, LAB};
use crate::program::{Ended, Program};
use crate::served::Served;
use crate::wire::Fault;

struct Asked {
    program: Program,
    account: Account,
}

impl Asked {
    /// The lab in an account of its own.
    fn new() -> Self {
        let account = Account::live();
        let program = Program::new().at(&Served::new(&account, |_| Fault::None));
        program.run(&["provision", "up", LAB, "--yes"]).expect(0);
        Self { program, account }
    }

    /// Gives the role of the function a policy that AWS manages.
    fn attach_basic_execution(&self) {
        let iam = wait(self.account.clients()).iam;
        let arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
        let attach = iam.attach_role_policy().role_name("IAM-Auditor-Lambda-role").policy_arn(arn);
        wait(attach.send()).unwrap();
    }

    fn simulate(&self, who: &str, rest: &[&str]) -> Ended {
        self.program.run(&[&["policy", "simulate", "--as", who], rest].concat())
    }

    fn explain(&self, who: &str, rest: &[&str]) -> Ended {
        self.program.run(&[&["policy", "explain", "--as", who], rest].concat())
    }
}

#[test]
fn simulate_names_the_statement_or_its_lack() {
    let asked = Asked::new();
    asked.attach_basic_execution();
    let report = asked.simulate("User3", &["iam:GetCredentialReport"]).expect(0).stdout;
    let statement = "statement 1 (`GenerateAndReadTheCredentialReport`) of policy `IAM-Auditor-Policy` of group \
                     `IAM-Auditor-Group`";
    assert_eq!(report, format!("allowed: {statement} allows it\n"));
    let denied = asked.simulate("user/User1", &["iam:GetCredentialReport"]).expect(2).stdout;
    assert_eq!(denied, "denied: user `User1` holds no policy, and none of its groups does\n");
    let arn = "arn:aws:iam::123456789012:role/IAM-Auditor-Lambda-role";
    for who in ["role/IAM-Auditor-Lambda-role", arn] {
        // Through the policy of the role, and through one of AWS's own.
        asked.simulate(who, &["sns:Publish", "topic/iam-audit-report"]).expect(0);
        asked.simulate(who, &["logs:CreateLogGroup"]).expect(0);
        asked.simulate(who, &["sns:DeleteTopic", "topic/iam-audit-report"]).expect(2);
        asked.simulate(who, &["sts:AssumeRole", "role/IAM-Auditor-role"]).expect(0);
    }
    asked.simulate("arn:aws:iam::123456789012:root", &["iam:DeleteUser", "user/User1"]).expect(0);
    asked.simulate("User3", &["s3:GetObject", "arn:aws:s3:::bucket/key"]).expect(4);
    let document = asked.program.json(&["policy", "simulate", "--as", "User3", "iam:GetCredentialReport"], 0);
    assert_eq!(document["format_version"], 1);
    assert_eq!((&document["decision"], &document["resource"]), (&json!("allowed"), &json!("*")));
    assert_eq!(document["principal"], "arn:aws:iam::123456789012:user/User3");
}

#[test]
fn what_stands_for_nothing_is_refused_with_a_suggestion() {
    let asked = Asked::new();
    let who = asked.simulate("Usr3", &["iam:GetUser"]).expect(1).stderr;
    assert!(who.contains("there is no user `Usr3`") && who.contains("did you mean `User3`?"), "{who}");
    let group = asked.simulate("User3", &["iam:AddUserToGroup", "group/Auditors"]).expect(1).stderr;
    assert!(group.contains("there is no group `Auditors`"), "{group}");
    asked.simulate("User3", &["GetUser"]).expect(64);
    asked.program.run(&["policy", "simulate", "iam:GetUser"]).expect(64);
}

#[test]
fn explain_is_ready_to_paste_and_warns() {
    let asked = Asked::new();
    asked.attach_basic_execution();
    let text = asked.explain("User3", &["iam:AddUserToGroup", "group/IAM-Auditor-Group"]).expect(2).stdout;
    let arn = "arn:aws:iam::123456789012:policy/IAM-Auditor-Policy";
    for told in [
        "denied: no policy of user `User3` allows `iam:AddUserToGroup`",
        "\"Action\": \"iam:AddUserToGroup\"",
        "Best placed in policy `IAM-Auditor-Policy`, which user `User3` holds through group `IAM-Auditor-Group`",
        &format!("aws iam create-policy-version --policy-arn {arn} --set-as-default --policy-document '"),
        "Who else gains it: role `IAM-Auditor-role`",
        "whoever may add members to `IAM-Auditor-Group` hands out everything that it holds",
        "group `IAM-Auditor-Group` holds policy `IAM-Auditor-Policy`: iam:GenerateCredentialReport",
    ] {
        assert!(text.contains(told), "no {told}:\n{text}");
    }
    // What is handed out is read, also when AWS manages it.
    let role = asked
        .explain("User3", &["iam:UpdateAssumeRolePolicy", "role/IAM-Auditor-Lambda-role"])
        .expect(2)
        .stdout;
    assert!(role.contains("holds policy `AWSLambdaBasicExecutionRole`: logs:CreateLogGroup"), "{role}");
    let user1 = asked.explain("User1", &["iam:GetCredentialReport"]).expect(2).stdout;
    assert!(user1.contains("aws iam create-group --group-name User1-Group\n"), "{user1}");
    asked.explain("User3", &["iam:GetCredentialReport"]).expect(0);
}

#[test]
fn what_denies_and_what_limits_has_to_change() {
    let asked = Asked::new();
    let iam = wait(asked.account.clients()).iam;
    let document = |effect: &str| {
        json!({ "Version": "2012-10-17",
            "Statement": [{ "Sid": "Fence", "Effect": effect, "Action": "s3:*", "Resource": "*" }] })
        .to_string()
    };
    let remedy = |who: &str, action: &str| -> Value {
        asked.program.json(&["policy", "explain", "--as", who, action], 2)["remedy"].clone()
    };
    let put = iam.put_user_policy().user_name("User1").policy_name("Stop").policy_document(document("Deny"));
    wait(put.send()).unwrap();
    let denied = remedy("User1", "s3:ListAllMyBuckets");
    assert_eq!((&denied["possible"], &denied["grant"]), (&json!(false), &Value::Null));
    // Once that is gone, nothing allows it yet.
    let kinds: Vec<&Value> = denied["parts"].as_array().unwrap().iter().map(|part| &part["kind"]).collect();
    assert_eq!(kinds, [&json!("stop_denying"), &json!("add")]);
    let sentence = denied["sentence"].as_str().unwrap();
    assert!(sentence.contains("statement 1 (`Fence`) of inline policy `Stop` of user `User1`"), "{sentence}");

    let boundary = iam.create_policy().policy_name("Limits").policy_document(document("Allow"));
    let boundary = wait(boundary.send()).unwrap().policy.unwrap().arn.unwrap();
    let put = iam.put_user_permissions_boundary().user_name("User3").permissions_boundary(boundary);
    wait(put.send()).unwrap();
    let limited = remedy("User3", "iam:GetCredentialReport");
    assert_eq!(
        (&limited["possible"], &limited["grant"], &limited["parts"][1]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    let part = &limited["parts"][0];
    assert_eq!((&part["layer"], &part["grant"]["to"]["name"]), (&json!("boundary"), &json!("Limits")));
    let sentence = limited["sentence"].as_str().unwrap();
    assert!(
        sentence.contains("the permissions boundary, policy `Limits`, limits user `User3`"),
        "{sentence}"
    );
}

#[test]
fn files_are_checked_and_compared() {
    let program = Program::new();
    let write = |name: &str, text: &str| std::fs::write(program.folder().join(name), text).unwrap();
    let policy = |action: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["{action}"],"Resource":"*"}}]}}"#
        )
    };
    write("one.json", &policy("iam:GetUser"));
    write("same.json", &policy("IAM:getuser").replace("[\"IAM:getuser\"]", "\"IAM:getuser\""));
    write("wider.json", &policy("iam:Get*"));
    write("broken.json", &policy("iam:GetUser").replace("2012-10-17", "2012-10-18"));
    let check = |file: &str, code: i32| program.run(&["policy", "check", file]).expect(code).stdout;
    assert!(check("one.json", 0).starts_with("valid, "));
    assert_eq!(check("broken.json", 2), "refused: Syntax errors in policy.\n");
    assert_eq!(program.json(&["policy", "check", "one.json", "--kind", "trust"], 2)["valid"], false);
    program.run(&["policy", "check", "none.json"]).expect(1);
    program.run(&["policy", "compare", "one.json", "same.json"]).expect(0);
    let differs = program.json(&["policy", "compare", "one.json", "wider.json"], 2);
    assert_eq!(differs["only_in_a"][0]["Action"], json!(["iam:getuser"]));
    assert_eq!(differs["only_in_b"][0]["Action"], json!(["iam:get*"]));
    write("list.json", "[]");
    program.run(&["policy", "compare", "one.json", "list.json"]).expect(1);
}

/// The commands that a help text gives as examples, as words.
fn examples(help: &str) -> Vec<Vec<String>> {
    let lines = help.lines().filter_map(|line| line.strip_prefix("  iamlab "));
    let words =
        lines.map(|line| line.split(" | ").next().unwrap().split_whitespace().map(str::to_owned).collect());
    words.collect()
}

#[test]
fn every_example_of_the_help_runs() {
    let program = Program::new();
    program.run(&["provision", "up", LAB, "--yes"]).expect(0);
    program.run(&["audit", "collect", "-o", "account.json.gz"]).expect(0);
    let policy = |service: &str| {
        json!({"Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": format!("{service}:*"), "Resource": "*"}]})
        .to_string()
    };
    let folder = program.folder();
    std::fs::create_dir_all(folder.join("policies")).unwrap();
    for (name, service) in
        [("own.json", "iam"), ("limit.json", "s3"), ("policies/iam-auditor-policy.json", "iam")]
    {
        std::fs::write(folder.join(name), policy(service)).unwrap();
    }
    for command in ["simulate", "explain"] {
        let help = program.run(&["policy", command, "--help"]).expect(0).stdout;
        let examples = examples(&help);
        assert!(examples.len() >= 4, "{help}");
        for words in examples {
            let ended = program.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
            assert!(matches!(ended.code, Some(0 | 2 | 4)), "{words:?}: {ended:?}");
        }
    }
}

#[test]
fn what_is_named_wrongly_gets_no_proposal() {
    let program = Program::new();
    program.run(&["provision", "up", LAB, "--yes"]).expect(0);
    let run = |command: &str, who: &str, rest: &[&str]| {
        program.run(&[&["policy", command, "--as", who], rest].concat())
    };
    let arn = |rest: &str| format!("arn:aws:iam::123456789012:{rest}");
    // Without the path that it has.
    let short = arn("group/IAM-Auditor-Group");
    let real = arn("group/iamlab/iam-auditing/IAM-Auditor-Group");
    let refused = run("explain", "User3", &["iam:AddUserToGroup", &short]).expect(1).stderr;
    assert!(refused.contains(&format!("did you mean `{real}`?")), "{refused}");
    // Nothing of the name.
    let gone = run("explain", "User3", &["sts:AssumeRole", &arn("role/Gone")]).expect(2);
    assert!(gone.stderr.contains("there is no role"), "{gone:?}");
    assert!(
        gone.stdout.contains("There is no place for it: there is no such role in the account"),
        "{gone:?}"
    );
    // Another kind of thing.
    let kind = run("explain", "User3", &["iam:AddUserToGroup", "user/User2"]).expect(2);
    assert!(kind.stderr.contains("`group/*`") && !kind.stdout.contains("aws iam"), "{kind:?}");
    // Not there yet.
    let new = run("explain", "User3", &["iam:CreateUser", "user/User4"]).expect(2);
    assert!(new.stderr.contains("with the path `/`") && new.stdout.contains(&arn("user/User4")), "{new:?}");
    // The root user, and what needs no permission.
    let root = run("explain", &arn("root"), &["sts:AssumeRole", "role/IAM-Auditor-role"]).expect(2).stdout;
    assert!(
        root.contains("no role lets the root user in") && !root.contains("update-assume-role-policy"),
        "{root}"
    );
    let free = run("simulate", "User1", &["sts:GetCallerIdentity"]).expect(0).stdout;
    assert!(free.contains("needs no permission"), "{free}");
    // A policy and a role of the scenario's.
    let held = run("explain", "role/IAM-Auditor-role", &["iam:ListUsers"]).expect(2);
    assert!(held.stdout.contains("Best placed in policy `IAM-Auditor-Policy`"), "{held:?}");
    assert!(held.stderr.contains("scenario `iam-auditing` made that"), "{held:?}");
    let trust = run("explain", "User1", &["sts:AssumeRole", "role/IAM-Auditor-role"]).expect(2);
    assert!(trust.stderr.contains("scenario `iam-auditing` made that"), "{trust:?}");
}
