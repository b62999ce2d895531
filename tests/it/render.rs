//! `provision render`: the policy allows what the program sends and nothing else; the template holds together.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use aws_credential_types::provider::SharedCredentialsProvider;
use iamlab::account::part::Part;
use iamlab::aws::connect::connect_through;
use iamlab::clock::Clock;
use iamlab::sandbox::{Options, Sandbox};
use serde_json::Value;

use crate::program::iamlab;

/// What the header of a template says, and its contents.
fn template(folder: &Path, scenario: &str) -> (String, serde_yaml::Value) {
    let text = stdout(&iamlab(folder, &["provision", "render", scenario, "--as", "cloudformation"]));
    let value = serde_yaml::from_str(&text).unwrap();
    (text, value)
}

/// Collects what `Ref`, `Fn::GetAtt` and `Fn::Sub` name.
fn named(value: &serde_yaml::Value, found: &mut BTreeSet<String>) {
    match value {
        serde_yaml::Value::Sequence(items) => items.iter().for_each(|item| named(item, found)),
        serde_yaml::Value::Mapping(entries) => {
            for (key, value) in entries {
                match (key.as_str().unwrap(), value) {
                    ("Ref", value) => drop(found.insert(value.as_str().unwrap().to_owned())),
                    ("Fn::GetAtt", value) => drop(found.insert(value[0].as_str().unwrap().to_owned())),
                    ("Fn::Sub", value) => {
                        let holes = value.as_str().unwrap().split("${").skip(1);
                        let holes = holes.filter(|hole| !hole.starts_with('!'));
                        let id = |hole: &str| hole.split(['}', '.']).next().unwrap().to_owned();
                        found.extend(holes.map(id));
                    }
                    (_, value) => named(value, found),
                }
            }
        }
        _ => {}
    }
}

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
expect:
  - U can sns:Publish on topic/t
  - U can lambda:InvokeFunction on function/f
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

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Returns the statements of the policy that a scenario needs.
fn statements(folder: &Path, scenario: &[&str]) -> Vec<Value> {
    let text = stdout(&iamlab(folder, &[&["provision", "render", "--as", "permissions"], scenario].concat()));
    let policy: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(policy.get("Version").unwrap(), "2012-10-17");
    policy.get("Statement").unwrap().as_array().unwrap().clone()
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
        // What a student is given has no default.
        let given: &[&str] = if path.ends_with("grader-access") {
            &[
                "--set",
                "grader_role_arn=arn:aws:iam::999999999999:role/g",
                "--set",
                "external_id=iamlab-an-example",
            ]
        } else {
            &[]
        };
        let allowed = actions(&statements(home.path(), &[&[scenario], given].concat()));
        for command in ["plan", "up", "status", "up", "down"] {
            let mut sent = sent(home.path(), &[&["provision", command, scenario], given].concat());
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

const CALLED: [&str; 9] =
    ["account", "iam", "sts", "lambda", "sns", "events", "access-analyzer", "cloudformation", "tag"];

/// What no run of a scenario sends: who the caller is, `--adopt`, the listings of an export, and words of policies.
const BESIDES: [&str; 9] = [
    "events:ListRules",
    "lambda:ListFunctions",
    "sns:ListTopics",
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
    let statements = statements(folder.path(), &["scenario.yaml"]);
    let is_audit = |statement: &&Value| statement["Sid"] == "AuditTheAccount";
    let allowed = actions(statements.iter().filter(|statement| !is_audit(statement)));
    let mut called = literals("src/provision/resources");
    called.extend(literals("src/provision/principal.rs"));
    called.extend(literals("src/provision/credentials.rs"));
    called.extend(literals("src/aws/collect"));
    called.extend(literals("src/aws/connect.rs"));
    called.extend(literals("src/aws/simulate.rs"));
    called.extend(literals("src/commands/provision/carry.rs"));
    called.retain(|action| !BESIDES.contains(&action.as_str()));
    let audit = actions(statements.iter().filter(is_audit));
    let parts: BTreeSet<String> =
        Part::ALL.iter().flat_map(|part| part.permissions()).map(|&action| action.to_owned()).collect();
    assert_eq!(audit, parts, "an audit is allowed what its parts take");
    assert!(audit.is_subset(&called), "an audit is allowed what no code calls: {audit:?}");
    let missing: Vec<_> = called.difference(&allowed).filter(|action| !audit.contains(*action)).collect();
    assert!(missing.is_empty(), "the code calls what the policy does not allow: {missing:?}");
    called.retain(|action| allowed.contains(action));
    called.extend(IMPLIED.map(str::to_owned));
    let unused: Vec<_> = allowed.difference(&called).collect();
    assert!(unused.is_empty(), "the policy allows what no code calls: {unused:?}");
    assert_eq!(statements.iter().filter(is_audit).count(), 1);
}

#[test]
fn resources_are_exact_and_only_what_has_none_is_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    everything(folder.path());
    let statements = statements(folder.path(), &["scenario.yaml"]);
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
    let baseline = actions(&self::statements(folder.path(), &[baseline.to_str().unwrap()]));
    assert!(!baseline.contains("iam:CreateUser") && baseline.contains("access-analyzer:CreateAnalyzer"));
}

#[test]
fn what_is_not_in_the_policy_is_said() {
    let folder = tempfile::tempdir().unwrap();
    everything(folder.path());
    let output = iamlab(folder.path(), &["provision", "render", "scenario.yaml", "--as", "permissions"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("warning: stack.k makes what its template names"), "{told}");
    let mut users = String::new();
    for number in 0..60 {
        users += "    a-user-of-the-class-NUMBER: { console: true }\n"
            .replace("NUMBER", &number.to_string())
            .as_str();
    }
    fs::write(folder.path().join("many.yaml"), format!("name: many\nresources:\n  users:\n{users}")).unwrap();
    let output = iamlab(folder.path(), &["provision", "render", "many.yaml", "--as", "permissions"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("IAM takes 6144") && told.contains("split"), "{told}");
}

#[test]
fn every_reference_of_a_template_leads_somewhere() {
    let folder = tempfile::tempdir().unwrap();
    everything(folder.path());
    let lab = repository().join("scenarios/iam-auditing");
    for scenario in [lab.to_str().unwrap(), "scenario.yaml"] {
        let (_, template) = template(folder.path(), scenario);
        let keys = |section: &str| -> BTreeSet<String> {
            let entries = template[section].as_mapping().unwrap();
            entries.keys().map(|key| key.as_str().unwrap().to_owned()).collect()
        };
        let mut known = keys("Resources");
        assert!(known.iter().all(|id| id.chars().all(|c| c.is_ascii_alphanumeric())), "{known:?}");
        known.extend(keys("Parameters"));
        known.extend(["AWS::Partition", "AWS::Region", "AWS::AccountId"].map(str::to_owned));
        let mut used = BTreeSet::new();
        named(&template["Resources"], &mut used);
        let lost: Vec<_> = used.difference(&known).collect();
        assert!(lost.is_empty(), "{lost:?}");
        assert!(used.contains("CodeBucket") && used.contains("CodeKey"));
    }
}

#[test]
fn the_lab_as_a_template() {
    let folder = tempfile::tempdir().unwrap();
    let lab = repository().join("scenarios/iam-auditing");
    let (text, _) = template(folder.path(), lab.to_str().unwrap());
    insta::assert_snapshot!(text);
}

#[test]
fn what_a_template_cannot_express_is_named() {
    let folder = tempfile::tempdir().unwrap();
    everything(folder.path());
    let (text, _) = template(folder.path(), "scenario.yaml");
    let header: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
    for part in [
        "- user.U: its console password",
        "- user.U: its MFA device",
        "- user.U: its access key",
        "- password_policy: ",
        "- stack.k: ",
        "- policies: the mark",
    ] {
        assert!(header.iter().any(|line| line.contains(part)), "{part}: {header:#?}");
    }
    assert!(!text.contains("AWS::IAM::AccessKey") && !text.contains("LoginProfile:"));
}

#[test]
fn circles_and_variables_survive() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = r#"
name: circles
resources:
  policies:
    P:
      document:
        Version: "2012-10-17"
        Statement:
          - { Effect: Allow, Action: "iam:*", Resource: ["arn:aws:iam::123456789012:user/${aws:username}", "arn:aws:iam::123456789012:role/A"] }
  roles:
    A: { trust: { roles: [B] }, policies: [P] }
    B: { trust: { roles: [A] } }
    A-: { trust: { services: [lambda.amazonaws.com] } }
"#;
    fs::write(folder.path().join("scenario.yaml"), scenario).unwrap();
    let (text, template) = template(folder.path(), "scenario.yaml");
    let resources = &template["Resources"];
    let statement = &resources["PolicyP"]["Properties"]["PolicyDocument"]["Statement"][0];
    assert_eq!(
        statement["Resource"][0]["Fn::Sub"],
        "arn:${AWS::Partition}:iam::${AWS::AccountId}:user/${!aws:username}"
    );
    // A needs P, so P names A without waiting for it.
    assert_eq!(statement["Resource"][1]["Fn::Sub"], "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/A");
    let trusted = |role: &str| {
        resources[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"][0]
            .clone()
    };
    assert_eq!(trusted("RoleA")["Fn::GetAtt"][0], "RoleB");
    assert!(trusted("RoleB")["Fn::Sub"].as_str().unwrap().ends_with(":role/A"));
    assert!(resources["RoleAN2"].is_mapping(), "{text}");
    assert!(text.contains("# - role.A and role.B trust each other"), "{text}");
}

/// The sandbox deploys what it can make: all but the function, which needs a bucket, and what hangs on it.
#[tokio::test]
async fn the_sandbox_deploys_the_template() {
    let folder = tempfile::tempdir().unwrap();
    let lab = repository().join("scenarios/iam-auditing");
    let (_, mut template) = template(folder.path(), lab.to_str().unwrap());
    let template = template.as_mapping_mut().unwrap();
    template.remove("Parameters");
    let resources = template["Resources"].as_mapping_mut().unwrap();
    resources.retain(|_, resource| {
        let kind = resource["Type"].as_str().unwrap();
        !kind.starts_with("AWS::Lambda::") && kind != "AWS::Events::Rule"
    });
    let sandbox =
        Sandbox::open(Options { dir: None, account: "111122223333".into(), clock: Clock::System }).unwrap();
    let credentials = SharedCredentialsProvider::new(sandbox.credentials());
    let aws = connect_through(sandbox.http_client(), credentials, "us-east-1", Clock::System).await.unwrap();
    aws.cloudformation
        .create_stack()
        .stack_name("lab")
        .template_body(serde_yaml::to_string(&template).unwrap())
        .capabilities("CAPABILITY_NAMED_IAM".into())
        .send()
        .await
        .unwrap();
    let stacks = aws.cloudformation.describe_stacks().stack_name("lab").send().await.unwrap();
    let stack = &stacks.stacks()[0];
    assert_eq!(
        stack.stack_status().unwrap().as_str(),
        "CREATE_COMPLETE",
        "{:?}",
        stack.stack_status_reason()
    );
    let group = aws.iam.get_group().group_name("IAM-Auditor-Group").send().await.unwrap();
    assert_eq!(group.users()[0].user_name(), "User3");
    let role = aws.iam.get_role().role_name("IAM-Auditor-role").send().await.unwrap();
    let role = role.role().unwrap();
    assert!(role.assume_role_policy_document().unwrap().contains("111122223333"));
    assert_eq!(role.tags()[0].value(), "iam-auditing");
}
