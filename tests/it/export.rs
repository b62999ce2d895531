//! `provision export`: what is written loads, and plans to nothing; what is hostile stays a value.

use std::fs;
use std::path::Path;

use aws_sdk_iam::types::Tag;
use iamlab::aws::Aws;
use iamlab::provision::export::{ExportedScenario, Wanted, export};
use iamlab::provision::plan::{Action, Goal};
use iamlab::provision::resources::function::Source;
use iamlab::provision::run::plan_run;

use crate::lab::{Account, UP, WIDE, Written, load, root};
use crate::program::iamlab;

/// Runs a command that must end well; returns its stdout and stderr.
fn done(folder: &Path, args: &[&str]) -> (String, String) {
    let output = iamlab(folder, args);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{args:?}: {out}{err}");
    (out, err)
}

/// Exports the account both ways and makes sure that there is nothing to do.
fn round_trip(folder: &Path, mark: &str) {
    let (text, told) = done(folder, &["provision", "export"]);
    assert_eq!(told, "");
    assert!(text.contains(&format!("\nname: {mark}\n")), "{text}");
    fs::write(folder.join("exported.yaml"), text).unwrap();
    done(folder, &["provision", "plan", "exported.yaml", "--detailed-exitcode"]);
    done(folder, &["provision", "export", "-o", "copy"]);
    done(folder, &["provision", "plan", "copy", "--detailed-exitcode"]);
    // The same again says the same.
    done(folder, &["provision", "export", "-o", "again"]);
    let read = |name: &str| fs::read_to_string(folder.join(name).join("scenario.yaml")).unwrap();
    assert_eq!(read("copy"), read("again"));
}

#[test]
fn after_up_the_exported_lab_plans_to_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let lab = root().join("scenarios/iam-auditing");
    done(folder.path(), &["provision", "up", lab.to_str().unwrap()]);
    round_trip(folder.path(), "iam-auditing");
    for name in ["handler.py", "credential_report.py", "session.py"] {
        let original = fs::read(root().join("templates/auditor").join(name)).unwrap();
        let copy = fs::read(folder.path().join("copy/functions/iam-auditor").join(name)).unwrap();
        assert_eq!(original, copy, "{name}");
    }
    assert!(folder.path().join("copy/policies/IAM-Auditor-Policy.json").is_file());
    // It is the same lab: taken down and brought up from the copy it is there again.
    done(folder.path(), &["provision", "down", "copy"]);
    done(folder.path(), &["provision", "up", "copy"]);
    done(folder.path(), &["provision", "status", lab.to_str().unwrap()]);
}

#[test]
fn every_kind_and_every_option_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let written = Written::new(WIDE);
    done(folder.path(), &["provision", "up", written.path().to_str().unwrap()]);
    round_trip(folder.path(), "wide");
}

#[test]
fn a_part_of_a_lab_does_not_pass_for_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let lab = root().join("scenarios/iam-auditing");
    done(folder.path(), &["provision", "up", lab.to_str().unwrap()]);
    let part = ["provision", "export", "--name", "User3", "--name", "group.IAM-Auditor-Group"];
    let (text, told) = done(folder.path(), &part);
    // Under the lab's own name, `up` would delete whatever is not in it.
    assert!(text.contains("\nname: exported\n"), "{text}");
    assert!(told.contains("takes it over with `--adopt`"), "{told}");
    fs::write(folder.path().join("part.yaml"), text).unwrap();
    let (plan, _) = {
        let output = iamlab(folder.path(), &["provision", "plan", "part.yaml"]);
        (String::from_utf8(output.stdout).unwrap(), output.stderr)
    };
    assert!(plan.contains("2 refused"), "{plan}");
    let lost = iamlab(folder.path(), &["provision", "export", "--name", "Nobody"]);
    assert_eq!(lost.status.code(), Some(1));
    assert!(String::from_utf8(lost.stderr).unwrap().contains("nothing called `Nobody`"));
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("mine")).unwrap();
    fs::write(folder.path().join("mine/notes.txt"), "x").unwrap();
    let output = iamlab(folder.path(), &["provision", "export", "-o", "mine"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("not an empty folder"));
}

async fn export_to(aws: &Aws, folder: &Path) -> ExportedScenario {
    export(aws, &Wanted { names: &[], name: None, folder: Some(folder) }).await.unwrap()
}

const NOBODY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

#[tokio::test]
async fn hostile_values_stay_values() {
    let account = Account::new();
    let aws = account.connect(account.http()).await.unwrap();
    let description = "{{ account }} {{{ \"x\": y }} ${a}\n# - b: c\n---\n&d *e !f";
    aws.iam
        .create_role()
        .role_name("R")
        .assume_role_policy_document(NOBODY)
        .description(description)
        .send()
        .await
        .unwrap();
    let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"arn:aws:iam::123456789012:user/{{ x }}/${aws:username}"}}"#;
    for name in ["a=,.@+-_b", "yes", "0x10"] {
        aws.iam.create_policy().policy_name(name).policy_document(document).send().await.unwrap();
    }
    aws.iam.create_policy().policy_name("..").policy_document(document).send().await.unwrap();
    aws.iam
        .create_role()
        .role_name("svc")
        .path("/aws-service-role/x.amazonaws.com/")
        .assume_role_policy_document(NOBODY)
        .send()
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let exported = export_to(&aws, &out).await;
    assert!(
        exported.remarks.iter().any(|remark| remark.starts_with("policy... is left out")),
        "{exported:?}"
    );
    assert!(exported.text.contains("# - role.svc is left out: AWS made it"), "{}", exported.text);

    let scenario = load(&out);
    assert_eq!(scenario.resources.roles["R"].description.as_deref(), Some(description));
    assert_eq!(scenario.resources.policies.len(), 3);
    let mut files: Vec<_> =
        fs::read_dir(out.join("policies")).unwrap().map(|file| file.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["0x10.json", "a=,.@+-_b.json", "yes.json"]);
    // Nothing would change but whose they are.
    let plan = plan_run(&aws, &scenario, Goal::Up { adopt: true }).await.unwrap();
    let changed: Vec<_> = plan.changes().filter(|change| !change.fields.is_empty()).collect();
    assert!(changed.is_empty(), "{changed:?}");
}

#[tokio::test]
async fn what_a_stack_made_is_left_to_the_stack() {
    let account = Account::new();
    let aws = account.connect(account.http()).await.unwrap();
    let template = r"
Resources:
  Topic: { Type: AWS::SNS::Topic, Properties: { TopicName: stacked } }
  Group: { Type: AWS::IAM::Group, Properties: { GroupName: stacked-group } }
";
    let stack = aws.cloudformation.create_stack().stack_name("s").template_body(template);
    stack.capabilities("CAPABILITY_NAMED_IAM".into()).send().await.unwrap();
    aws.sns.create_topic().name("mine").send().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let exported = export_to(&aws, &folder.path().join("out")).await;
    let told = exported.remarks.join("\n");
    assert!(told.contains("topic.stacked is left out: it belongs to the stack `s`"), "{told}");
    assert!(told.contains("group.stacked-group is left out: it belongs to the stack `s`"), "{told}");
    assert!(told.contains("stack.s is left out"), "{told}");
    let scenario = load(&folder.path().join("out"));
    assert_eq!(scenario.resources.topics.keys().collect::<Vec<_>>(), ["mine"]);
    assert!(scenario.resources.groups.is_empty());
}

#[tokio::test]
async fn what_cannot_be_said_exactly_is_told() {
    let account = Account::new();
    let handover = tempfile::tempdir().unwrap();
    let written = Written::new(WIDE);
    account.complete(&written.load(), UP, &handover.path().join("c.csv")).await.unwrap();
    let aws = account.connect(account.http()).await.unwrap();
    // A permission that no schedule has, and a package that our packer did not make.
    let permission = aws.lambda.add_permission().function_name("work").statement_id("x");
    permission.action("lambda:InvokeFunction").principal("s3.amazonaws.com").send().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let exported = export_to(&aws, &folder.path().join("out")).await;
    assert!(
        exported.remarks.iter().any(|remark| remark.contains("function.work cannot be said exactly")
            && remark.contains("extra_permissions")),
        "{:?}",
        exported.remarks
    );
    let inline = export(&aws, &Wanted { names: &[], name: Some("other"), folder: None }).await.unwrap();
    assert!(inline.text.contains("\nname: other\n"));
    let path = folder.path().join("inline.yaml");
    fs::write(&path, &inline.text).unwrap();
    let scenario = load(&path);
    assert!(matches!(&scenario.resources.functions["work"].source, Source::Files(files) if files.len() == 1));
    // A user of somebody else is in none of the scenario's groups, and what is foreign is refused.
    aws.iam
        .create_user()
        .user_name("x")
        .tags(Tag::builder().key("a").value("b").build().unwrap())
        .send()
        .await
        .unwrap();
    let plan = plan_run(&aws, &scenario, UP).await.unwrap();
    assert!(plan.changes().all(|change| matches!(change.action, Action::Refuse | Action::Noop)));
}
