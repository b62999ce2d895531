//! `provision render`: the policy allows what the program sends and nothing else; the template holds together.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A scenario that uses every kind and every option that takes an action of its own.
const EVERYTHING: &str = r#"
name: everything
resources:
  policies:
    P: { document: { Version: "2012-10-17", Statement: [ { Effect: Allow, Action: "s3:GetObject", Resource: "*" } ] } }
  users:
    U:
      console: true
      mfa: virtual
      access_keys: 1
      policies: [P]
      permissions_boundary: P
      inline_policies: { i: { Version: "2012-10-17", Statement: [ { Effect: Allow, Action: "s3:GetObject", Resource: "*" } ] } }
  groups:
    G:
      policies: [P]
      members: [U]
      inline_policies: { i: { Version: "2012-10-17", Statement: [ { Effect: Allow, Action: "s3:GetObject", Resource: "*" } ] } }
  roles:
    R:
      trust: { services: [lambda.amazonaws.com] }
      description: runs the function
      policies: [P]
      permissions_boundary: P
      inline_policies: { i: { Version: "2012-10-17", Statement: [ { Effect: Allow, Action: "s3:GetObject", Resource: "*" } ] } }
  functions:
    f: { runtime: python3.9, source: code, handler: handler.main, role: R, environment: { TOPIC: '{{ arn("topic.t") }}' } }
  topics:
    t: { subscriptions: [ { email: a@example.com } ] }
  schedules:
    s: { expression: rate(1 day), function: f, input: { go: true } }
  password_policy: { minimum_length: 14 }
  analyzers:
    a: {}
  stacks:
    k: { template: stack.yaml, capabilities: [CAPABILITY_NAMED_IAM] }
"#;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Writes [`EVERYTHING`] into a folder.
fn everything(folder: &Path) -> PathBuf {
    fs::create_dir_all(folder.join("code")).unwrap();
    fs::write(folder.join("code/handler.py"), "def main(event, context):\n    return event\n").unwrap();
    fs::write(folder.join("stack.yaml"), "Resources:\n  T:\n    Type: AWS::SNS::Topic\n").unwrap();
    let path = folder.join("scenario.yaml");
    fs::write(&path, EVERYTHING).unwrap();
    path
}

fn iamlab(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_iamlab"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("IAMLAB_SANDBOX_DIR", folder.join("sandbox"))
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Returns the statements of the policy that a scenario needs.
fn statements(folder: &Path, scenario: &str) -> Vec<Value> {
    let text = stdout(&iamlab(folder, &["provision", "render", scenario, "--as", "permissions"]));
    let policy: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(policy["Version"], "2012-10-17");
    policy["Statement"].as_array().unwrap().clone()
}

fn actions<'a>(statements: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    let all = statements.into_iter().flat_map(|statement| statement["Action"].as_array().unwrap());
    all.map(|action| action.as_str().unwrap().to_owned()).collect()
}

/// Runs a command and returns the IAM actions of the requests it sent, as its own log tells them.
fn sent(folder: &Path, args: &[&str]) -> BTreeSet<String> {
    let output = iamlab(folder, &[&["-vv"], args].concat());
    let log = String::from_utf8(output.stderr).unwrap();
    let field = |line: &str, name: &str| {
        let rest = line.split_once(&format!("{name}=\"")).unwrap().1;
        rest.split('"').next().unwrap().to_owned()
    };
    let requests = log.lines().filter(|line| line.contains("meter: request "));
    let action = |line: &str| {
        let service = match field(line, "service").as_str() {
            "IAM" => "iam",
            "STS" => "sts",
            "Lambda" => "lambda",
            "SNS" => "sns",
            "EventBridge" => "events",
            "AccessAnalyzer" => "access-analyzer",
            "CloudFormation" => "cloudformation",
            "Resource Groups Tagging API" => "tag",
            other => panic!("what is {other}?"),
        };
        format!("{service}:{}", field(line, "operation"))
    };
    let sent: BTreeSet<String> = requests.map(action).collect();
    assert!(!sent.is_empty(), "{log}");
    sent
}

/// Everybody may call it; no policy can take it away.
const NEEDS_NO_PERMISSION: &str = "sts:GetCallerIdentity";

#[test]
fn the_policy_allows_whatever_the_commands_send() {
    let folder = tempfile::tempdir().unwrap();
    let labs = fs::read_dir(repository().join("scenarios")).unwrap().map(|entry| entry.unwrap().path());
    for path in labs.chain([everything(folder.path())]) {
        let home = tempfile::tempdir().unwrap();
        let scenario = path.to_str().unwrap();
        let allowed = actions(&statements(home.path(), scenario));
        for command in ["plan", "up", "status", "up", "down"] {
            let mut sent = sent(home.path(), &["provision", command, scenario]);
            sent.remove(NEEDS_NO_PERMISSION);
            let refused: Vec<_> = sent.difference(&allowed).collect();
            assert!(refused.is_empty(), "{scenario}: {command} sends {refused:?}");
        }
    }
}

/// Returns every `"service:Operation"` in the sources under `folder`, tests aside.
fn literals(folder: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![repository().join(folder)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for word in code.split('"').skip(1) {
            let Some((service, operation)) = word.split_once(':') else { continue };
            let is_operation = operation.starts_with(|c: char| c.is_ascii_uppercase())
                && operation.chars().all(|c| c.is_ascii_alphanumeric());
            if is_operation && CALLED.contains(&service) {
                found.insert(word.to_owned());
            }
        }
    }
    found
}

const CALLED: [&str; 8] =
    ["iam", "sts", "lambda", "sns", "events", "access-analyzer", "cloudformation", "tag"];

/// What no run of a scenario sends: who the caller is, `--adopt`, and words of policies.
const BESIDES: [&str; 6] = [
    NEEDS_NO_PERMISSION,
    "iam:UpdateGroup",
    "cloudformation:UpdateStack",
    "sts:AssumeRole",
    "sts:ExternalId",
    "lambda:InvokeFunction",
];

/// What AWS asks for besides the operation itself: roles that are passed on, tags that come with a creation.
const IMPLIED: [&str; 4] =
    ["iam:PassRole", "iam:CreateServiceLinkedRole", "iam:TagMFADevice", "cloudformation:TagResource"];

#[test]
fn the_policy_names_what_the_code_calls_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    everything(folder.path());
    let statements = statements(folder.path(), "scenario.yaml");
    let is_audit = |statement: &&Value| statement["Sid"] == "AuditTheAccount";
    let allowed = actions(statements.iter().filter(|statement| !is_audit(statement)));
    let mut called = literals("src/provision/resources");
    called.extend(literals("src/provision/principal.rs"));
    called.extend(literals("src/provision/credentials.rs"));
    called.extend(literals("src/aws/collect"));
    called.extend(literals("src/aws/connect.rs"));
    called.extend(literals("src/commands/provision/carry.rs"));
    called.retain(|action| !BESIDES.contains(&action.as_str()));
    let missing: Vec<_> = called.difference(&allowed).collect();
    assert!(missing.is_empty(), "the code calls what the policy does not allow: {missing:?}");
    called.extend(IMPLIED.map(str::to_owned));
    let unused: Vec<_> = allowed.difference(&called).collect();
    assert!(unused.is_empty(), "the policy allows what no code calls: {unused:?}");
    assert_eq!(statements.iter().filter(is_audit).count(), 1);
}

#[test]
fn resources_are_exact_and_only_what_has_none_is_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    everything(folder.path());
    let statements = statements(folder.path(), "scenario.yaml");
    let everywhere: Vec<&str> = statements
        .iter()
        .filter(|statement| statement["Resource"][0] == "*")
        .map(|statement| statement["Sid"].as_str().unwrap())
        .collect();
    assert_eq!(
        everywhere,
        [
            "ReadTheAccount",
            "ReadMfaDevices",
            "ReadThePasswordPolicy",
            "SetThePasswordPolicy",
            "Unsubscribe",
            "ReadAnalyzers",
            "AuditTheAccount"
        ]
    );
    let of = |sid: &str| statements.iter().find(|statement| statement["Sid"] == sid).unwrap();
    assert_eq!(of("Groups")["Resource"][0], "arn:aws:iam::123456789012:group/iamlab/everything/G");
    assert_eq!(of("MfaDevices")["Resource"][0], "arn:aws:iam::123456789012:mfa/U");
    assert_eq!(of("Stacks")["Resource"][0], "arn:aws:cloudformation:us-east-1:123456789012:stack/k/*");
    assert_eq!(
        of("PassRolesToLambda")["Condition"]["StringEquals"]["iam:PassedToService"],
        "lambda.amazonaws.com"
    );
    // One scenario needs no more than it uses.
    let baseline = repository().join("scenarios/account-baseline");
    let baseline = actions(&self::statements(folder.path(), baseline.to_str().unwrap()));
    assert!(!baseline.contains("iam:CreateUser") && baseline.contains("access-analyzer:CreateAnalyzer"));
}

#[test]
fn what_is_not_in_the_policy_is_said() {
    let folder = tempfile::tempdir().unwrap();
    everything(folder.path());
    let output = iamlab(folder.path(), &["provision", "render", "scenario.yaml", "--as", "permissions"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("warning: stack.k makes what its template names"), "{told}");
    let users: String = (0..60).map(|n| format!("    a-user-of-the-class-{n:02}: {{ console: true }}\n")).collect();
    fs::write(folder.path().join("many.yaml"), format!("name: many\nresources:\n  users:\n{users}")).unwrap();
    let output = iamlab(folder.path(), &["provision", "render", "many.yaml", "--as", "permissions"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("IAM takes 6144") && told.contains("split"), "{told}");
}
