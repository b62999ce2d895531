//! `policy simulate` and `explain` without an account: on a snapshot, and on policies in files.

use std::collections::BTreeMap;
use std::fs;

use iamlab::account::calls::ApiCalls;
use iamlab::account::file::SnapshotFile;
use iamlab::account::snapshot::{Facet, Group, Identity, ManagedPolicy, Policies, Role, Snapshot, User};
use iamlab::policy::document::PolicyDocument;
use serde_json::{Value, json};

use crate::cases::wait;
use crate::lab::{Account, LAB};
use crate::program::Program;
use crate::served::Served;
use crate::wire::Fault;

const GROUP: &str = "group/IAM-Auditor-Group";

fn statements(statements: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn write(program: &Program, name: &str, document: &Value) {
    fs::write(program.folder().join(name), document.to_string()).unwrap();
}

/// The parts of an explanation: kind, layer, and the file or policy it goes to.
fn parts(explained: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let parts = explained["remedy"]["parts"].as_array().unwrap().iter();
    let part = |part: &Value| {
        let to = &part["grant"]["to"];
        (
            text(&part["kind"]),
            text(&part["layer"]),
            text(if to["file"].is_null() { &to["name"] } else { &to["file"] }),
        )
    };
    parts.map(part).collect()
}

fn part(kind: &str, layer: &str, to: &str) -> (String, String, String) {
    (kind.to_owned(), layer.to_owned(), to.to_owned())
}

#[test]
fn a_snapshot_is_answered_like_the_account() {
    let program = Program::new();
    program.run(&["provision", "up", LAB, "--yes"]).expect(0);
    program.run(&["audit", "collect", "-o", "account.json.gz"]).expect(0);
    let add = ["--as", "User3", "iam:AddUserToGroup", GROUP];
    let cases: [(&[&str], i32); 4] = [
        (&add, 2),
        (&["--as", "User3", "iam:GetCredentialReport"], 0),
        (&["--as", "User1", "sts:AssumeRole", "role/IAM-Auditor-role"], 2),
        // By the trust policy, and by a policy of the caller's.
        (&["--as", "role/IAM-Auditor-Lambda-role", "sts:AssumeRole", "role/IAM-Auditor-role"], 0),
    ];
    for (question, code) in cases {
        for command in ["simulate", "explain"] {
            let ask = |more: &[&str]| {
                let mut answer = program.json(&[&["policy", command], question, more].concat(), code);
                assert_eq!(answer["account"], "123456789012");
                let target = answer.as_object_mut().unwrap().shift_remove("target").unwrap();
                assert_eq!(target, if more.is_empty() { "sandbox" } else { "file" });
                answer
            };
            assert_eq!(ask(&["--snapshot", "account.json.gz"]), ask(&[]), "{command} {question:?}");
        }
    }
    // What a snapshot does not hold is not guessed.
    let publish = ["--as", "role/IAM-Auditor-Lambda-role", "sns:Publish", "topic/iam-audit-report"];
    program.run(&[&["policy", "simulate"], publish.as_slice()].concat()).expect(0);
    let unknown = program
        .run(&[&["policy", "simulate"], publish.as_slice(), &["--snapshot", "account.json.gz"]].concat());
    let unknown = unknown.expect(4);
    assert!(unknown.stdout.contains("a snapshot holds no policies of topics and functions"), "{unknown:?}");
    assert!(unknown.stderr.contains("without `--snapshot`"), "{unknown:?}");
    let elsewhere = [&["policy", "simulate"], add.as_slice(), &["--snapshot", "account.json.gz"]].concat();
    program.run(&[elsewhere.as_slice(), &["--account", "999999999999"]].concat()).expect(1);
}

#[test]
fn a_snapshot_of_aws_does_not_know_what_aws_changes() {
    let account = Account::live();
    let program = Program::new().at(&Served::new(&account, |_| Fault::None));
    program.run(&["provision", "up", LAB, "--yes"]).expect(0);
    let iam = wait(account.clients()).iam;
    let arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    let attach = iam.attach_role_policy().role_name("IAM-Auditor-Lambda-role").policy_arn(arn);
    wait(attach.send()).unwrap();
    program.run(&["audit", "collect", "-o", "aws.json"]).expect(0);
    let offline = Program::new();
    fs::copy(program.folder().join("aws.json"), offline.folder().join("aws.json")).unwrap();
    let ask = |action: &str| {
        offline.run(&[
            "policy",
            "simulate",
            "--snapshot",
            "aws.json",
            "--as",
            "role/IAM-Auditor-Lambda-role",
            action,
        ])
    };
    let unknown = ask("logs:CreateLogGroup").expect(4);
    assert!(unknown.stdout.contains("a snapshot holds no policies that AWS manages"), "{unknown:?}");

    let refused = Served::new(&account, |call| {
        if call.action == "iam:GetAccountAuthorizationDetails" { Fault::Denied } else { Fault::None }
    });
    let collecting = Program::new().at(&refused);
    collecting.run(&["audit", "collect", "-o", "less.json"]).expect(4);
    fs::copy(collecting.folder().join("less.json"), offline.folder().join("less.json")).unwrap();
    let asked = ["policy", "explain", "--snapshot", "less.json", "--as", "User3", "iam:GetUser"];
    let ended = offline.run(&asked).expect(4).stderr;
    assert!(ended.contains("does not hold users, groups, roles and policies"), "{ended}");
    assert!(ended.contains("`iam:GetAccountAuthorizationDetails` is missing"), "{ended}");
}

#[test]
fn files_are_all_there_is() {
    let program = Program::new();
    let all =
        |effect: &str, action: &str| json!({"Sid": "S", "Effect": effect, "Action": action, "Resource": "*"});
    write(&program, "own.json", &statements(&json!([all("Allow", "iam:Get*")])));
    write(&program, "deny.json", &statements(&json!([all("Deny", "iam:List*")])));
    write(&program, "limit.json", &statements(&json!([all("Allow", "s3:*")])));
    let mfa = json!({"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}});
    write(&program, "mfa.json", &statements(&json!([mfa])));
    let lambda = json!({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"});
    write(&program, "trust.json", &statements(&json!([lambda])));
    let ask =
        |command: &str, args: &[&str], code: i32| program.json(&[&["policy", command], args].concat(), code);

    let allowed = ask("simulate", &["--policy", "own.json", "iam:GetCredentialReport"], 0);
    assert_eq!((&allowed["target"], &allowed["decision"]), (&json!("file"), &json!("allowed")));
    assert_eq!(allowed["reason"], "statement 1 (`S`) of policy `own.json` allows it");
    let limited = ["--policy", "own.json", "--boundary", "limit.json", "iam:GetCredentialReport"];
    assert_eq!(parts(&ask("explain", &limited, 2)), [part("add", "boundary", "limit.json")]);
    let session =
        ["--policy", "own.json", "--session-policy", "limit.json", "--as", "role/R", "iam:ListUsers"];
    let explained = ask("explain", &session, 2);
    assert_eq!(
        parts(&explained),
        [part("add", "identity", "own.json"), part("add", "session", "limit.json")]
    );
    let text = program.run(&[&["policy", "explain"], session.as_slice()].concat()).expect(2).stdout;
    for told in [
        "looked at policy `own.json` (1 statement), session policy `limit.json` (1 statement)",
        "2 things have to be done; without any one of them it stays denied:",
        "Part 1 of 2: an identity-based policy of role `R` must allow `iam:ListUsers` on `*`",
        "Best placed in `own.json`",
        "Part 2 of 2: the session policy, a limit of this session, must allow `iam:ListUsers` on `*`",
        "Best placed in `limit.json`",
    ] {
        assert!(text.contains(told), "no {told}:\n{text}");
    }
    let own = &explained["remedy"]["grant"]["document"]["Statement"];
    assert_eq!((own[0]["Sid"].as_str(), own[1]["Action"].as_str()), (Some("S"), Some("iam:ListUsers")));

    let denied = ["--policy", "deny.json", "--policy", "own.json", "iam:ListUsers"];
    let expected = [part("stop_denying", "identity", ""), part("add", "identity", "own.json")];
    assert_eq!(parts(&ask("explain", &denied, 2)), expected, "what denies is no place to allow");

    // A context decides what nobody knows.
    let mfa = |more: &[&str], code| {
        ask("simulate", &[&["--policy", "mfa.json", "iam:ListUsers"], more].concat(), code)
    };
    mfa(&[], 4);
    mfa(&["--context", "aws:MultiFactorAuthPresent=true"], 0);
    mfa(&["--context", "aws:MultiFactorAuthPresent=false"], 2);

    // Who is to be let in: within an account the trust policy is enough, across two it is not.
    let assume = |who: &str| {
        let role = "arn:aws:iam::999999999999:role/R";
        ask("explain", &["--as", who, "--resource-policy", "trust.json", "sts:AssumeRole", role], 2)
    };
    let here = assume("arn:aws:iam::999999999999:user/ann");
    assert_eq!(parts(&here), [part("add", "trust", "trust.json")]);
    let there = assume("arn:aws:iam::111111111111:user/ann");
    assert_eq!(parts(&there), [part("add", "trust", "trust.json"), part("add", "identity", "")]);
    assert_eq!(there["remedy"]["policy"]["Statement"][0]["Action"], "sts:AssumeRole");
    let trust = &there["remedy"]["parts"][0]["statement"];
    assert_eq!(trust["Principal"]["AWS"], "arn:aws:iam::111111111111:user/ann");
}

#[test]
fn what_files_cannot_be_is_told() {
    let program = Program::new();
    write(
        &program,
        "own.json",
        &statements(&json!([{"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}])),
    );
    write(&program, "list.json", &json!([1]));
    write(&program, "none.json", &json!({"Version": "2012-10-17"}));
    let odd = json!([{"Sid": "a b", "Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}]);
    write(&program, "odd.json", &statements(&odd));
    fs::write(program.folder().join("large.json"), " ".repeat((1 << 20) + 1)).unwrap();
    fs::write(program.folder().join("deep.json"), "[".repeat(100_000)).unwrap();
    let run = |args: &[&str]| program.run(&[&["policy", "simulate"], args, &["iam:GetUser"]].concat());
    for file in ["list.json", "none.json", "large.json", "deep.json", "missing.json"] {
        let ended = run(&["--policy", file]).expect(1);
        assert!(ended.stderr.contains(file), "{ended:?}");
    }
    let odd = run(&["--policy", "odd.json"]).expect(2);
    assert!(odd.stderr.contains("AWS would refuse `odd.json`"), "{odd:?}");
    run(&["--policy", "own.json", "--snapshot", "s.json"]).expect(64);
    run(&["--policy", "own.json", "--as", "group/G"]).expect(1);
    run(&["--snapshot", "own.json", "--as", "User3"]).expect(1);
    let misspelt = program.run(&["policy", "simulate", "--policy", "own.json", "iam:GetUsr"]).expect(2);
    assert!(misspelt.stderr.contains("did you mean `iam:GetUser`?"), "{misspelt:?}");
    let on_all = program.run(&[
        "policy",
        "explain",
        "--policy",
        "own.json",
        "iam:ListUsers",
        "user/x",
        "--format",
        "json",
    ]);
    let on_all = on_all.expect(2);
    assert!(on_all.stderr.contains("AWS has no resources for `iam:ListUsers`"), "{on_all:?}");
    let on_all: Value = serde_json::from_str(&on_all.stdout).unwrap();
    assert_eq!(on_all["remedy"]["policy"]["Statement"][0]["Resource"], "*");
}

/// 5,000 users and 1,000 roles that all hold one policy, with names and texts that would act on a terminal.
fn crowd() -> Snapshot {
    let account = "123456789012";
    let mut snapshot = Snapshot::empty(account, "aws", "us-east-1", "2026-03-02T09:00:00Z".parse().unwrap());
    let arn = |rest: String| format!("arn:aws:iam::{account}:{rest}");
    let held =
        |name: &str| Policies { attached: [arn(format!("policy/{name}"))].into(), ..Policies::default() };
    let hostile = "arn:aws:s3:::\u{1b}[2J\u{202e}*";
    let policy = |name: &str, actions: Value| {
        let document =
            statements(&json!([{"Effect": "Allow", "Action": actions, "Resource": [hostile, "*"]}]));
        let policy = ManagedPolicy {
            arn: arn(format!("policy/{name}")),
            document: Some(PolicyDocument::new(document)),
            description: None,
            versions: vec![],
            tags: [].into(),
        };
        (name.to_owned(), policy)
    };
    let user = |number: usize| {
        let name = format!("user-{number}");
        let user = User {
            arn: arn(format!("user/{name}")),
            id: format!("AIDA{number}"),
            created: None,
            groups: [format!("group-{}", number % 50), "all".into()].into(),
            policies: Policies::default(),
            tags: [].into(),
        };
        (name, user)
    };
    let role = |number: usize| {
        let name = format!("role-{number}");
        let trust = json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": account}}]);
        let role = Role {
            arn: arn(format!("role/{name}")),
            id: format!("AROA{number}"),
            created: None,
            last_used: None,
            trust: PolicyDocument::new(statements(&trust)),
            policies: held(if number.is_multiple_of(2) { "shared" } else { "everything" }),
            instance_profiles: [].into(),
            tags: [].into(),
            details: None,
        };
        (name, role)
    };
    let group = |name: String| {
        let (arn, policies) = (arn(format!("group/{name}")), held("shared"));
        (name, Group { arn, path: "/".into(), policies })
    };
    let mut users: BTreeMap<String, User> = (0..5000).map(user).collect();
    users.insert("\u{1b}[2Jeve".into(), users["user-0"].clone());
    snapshot.identity = Facet::Read(Identity {
        users,
        groups: (0..50).map(|n| group(format!("group-{n}"))).chain([group("all".into())]).collect(),
        roles: (0..1000).map(role).collect(),
        policies: [policy("shared", json!("s3:Get*")), policy("everything", json!("*"))].into(),
    });
    snapshot
}

#[test]
fn a_crowd_is_counted_and_a_few_are_named() {
    let program = Program::new();
    let file = SnapshotFile { snapshot: crowd(), target: "aws".into(), api_calls: ApiCalls::default() };
    fs::write(program.folder().join("crowd.json"), file.to_json().unwrap()).unwrap();
    let ask = ["policy", "explain", "--snapshot", "crowd.json", "--as", "user-7", "iam:ListUsers"];
    let text = program.run(&ask).expect(2).stdout;
    let gainers = text.lines().find(|line| line.starts_with("Who else gains it:")).unwrap();
    assert!(gainers.ends_with("and 5488 more (`--format json` names all)"), "{gainers}");
    assert!(text.len() < 8_000 && !text.contains(['\u{1b}', '\u{202e}']), "{text}");
    let explained = program.json(&ask, 2);
    let grant = &explained["remedy"]["grant"];
    // All users but the caller, and the roles that could not do it before.
    assert_eq!(grant["gainers"].as_array().unwrap().len(), 5000 + 500);
    assert_eq!(grant["to"]["name"], "shared");
    let command = grant["commands"][0].as_str().unwrap();
    assert!(command.contains("\\u202e") && command.is_ascii(), "{command}");
    let nobody = ["policy", "simulate", "--snapshot", "crowd.json", "--as", "[2Jevf", "s3:GetObject"];
    let nobody = program.run(&nobody).expect(1).stderr;
    assert!(nobody.contains("\\u{1b}[2Jeve") && !nobody.contains('\u{1b}'), "{nobody}");
    let simulate = ["policy", "simulate", "--snapshot", "crowd.json", "--as", "user-7", "s3:GetObject"];
    program.run(&simulate).expect(0);
}
