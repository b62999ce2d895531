//! `audit access-review`, as people type it, on accounts of the sandbox.

use serde_json::{Value, json};

use crate::cases::wait;
use crate::lab::{Account, LAB};
use crate::program::Program;
use crate::served::Served;
use crate::wire::Fault;

/// A program with the lab in its sandbox.
fn lab() -> Program {
    let program = Program::new();
    program.run(&["provision", "up", LAB, "--yes"]).expect(0);
    program
}

fn one<'a>(document: &'a Value, kind: &str, name: &str) -> &'a Value {
    let all = document["principals"].as_array().unwrap();
    let found = all.iter().find(|one| one["kind"] == kind && one["name"] == name);
    found.unwrap_or_else(|| panic!("{kind} {name} in {document:#}"))
}

#[test]
fn the_lab_is_reviewed_in_every_form() {
    let program = lab();
    let document = program.json(&["audit", "access-review", "--expand"], 0);
    assert_eq!((&document["format_version"], &document["target"]), (&json!(1), &json!("sandbox")));
    for name in ["User1", "User2"] {
        let user = one(&document, "user", name);
        assert_eq!(
            (&user["grants"], &user["administrator"], &user["known_actions"]),
            (&json!([]), &json!("no"), &json!(0))
        );
    }
    let user3 = one(&document, "user", "User3");
    let [grant] = user3["grants"].as_array().unwrap().as_slice() else { panic!("{user3:#}") };
    assert_eq!(
        (&grant["group"], &grant["policy"]),
        (&json!("IAM-Auditor-Group"), &json!("IAM-Auditor-Policy"))
    );
    assert_eq!(grant["expanded"], json!(["iam:GenerateCredentialReport", "iam:GetCredentialReport"]));
    assert_eq!(user3["escalation"], json!([]));
    assert_eq!(one(&document, "group", "IAM-Auditor-Group")["members"], json!(["User3"]));
    let role = one(&document, "role", "IAM-Auditor-Lambda-role");
    assert_eq!(role["trusted"], json!(["service lambda.amazonaws.com"]));
    let topic =
        &role["grants"].as_array().unwrap().iter().find(|grant| grant["sid"] == "PublishTheReport").unwrap()
            ["resources"];
    assert_eq!(topic, &json!(["arn:aws:sns:us-east-1:123456789012:iam-audit-report"]));
    // The policy of AWS that the role holds was read too.
    assert!(
        role["services"].as_array().unwrap().iter().any(|service| service["service"] == "logs"),
        "{role:#}"
    );
    assert_eq!(document["not_read"], json!([]));

    let text = program.run(&["audit", "access-review"]).expect(0).stdout;
    assert!(text.contains("User3  in IAM-Auditor-Group"), "{text}");
    assert!(text.contains("iam: 2 of") && text.contains("through group `IAM-Auditor-Group`"), "{text}");
    let table = program.run(&["audit", "access-review", "--format", "csv"]).expect(0).stdout;
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let of_user3: Vec<_> = rows.records().map(Result::unwrap).filter(|row| &row[1] == "User3").collect();
    assert_eq!(of_user3.len(), 2, "{table}");
    let written = program.run(&["audit", "access-review", "--format", "html", "-o", "review.html"]).expect(0);
    assert_eq!((written.stdout.as_str(), written.stderr.as_str()), ("", "written to review.html\n"));
    let page = std::fs::read_to_string(program.folder().join("review.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("<span class=\"name\">User3</span>"));
}

#[test]
fn administrators_and_those_who_can_become_one_are_marked() {
    let account = Account::live();
    let program = Program::new().at(&Served::new(&account, |_| Fault::None));
    let clients = wait(account.clients());
    wait(async {
        let iam = &clients.iam;
        for name in ["Boss", "Climber", "Careful"] {
            iam.create_user().user_name(name).send().await.unwrap();
        }
        let all = "arn:aws:iam::aws:policy/AdministratorAccess";
        iam.attach_user_policy().user_name("Boss").policy_arn(all).send().await.unwrap();
        for (name, resource) in [("Climber", "*"), ("Careful", "arn:aws:iam::*:user/${aws:username}")] {
            let document = json!({"Version": "2012-10-17", "Statement": {
                "Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": resource}});
            let put = iam.put_user_policy().user_name(name).policy_name("Keys");
            put.policy_document(document.to_string()).send().await.unwrap();
        }
    });
    let document = program.json(&["audit", "access-review"], 0);
    assert_eq!(one(&document, "user", "Boss")["administrator"], "yes");
    assert_eq!(one(&document, "user", "Boss")["whole_services"], json!(["*"]));
    let climber = &one(&document, "user", "Climber")["escalation"][0];
    assert_eq!((&climber["id"], &climber["to_administrator"]), (&json!("create-access-key"), &json!("yes")));
    assert_eq!(climber["targets"][0], "user `Boss`");
    assert_eq!(one(&document, "user", "Careful")["escalation"], json!([]));
    assert_eq!(document["summary"]["can_become_administrator"], 1);
}

#[test]
fn a_policy_that_cannot_be_read_is_unknown_and_named() {
    let account = Account::live();
    let clients = wait(account.clients());
    wait(async {
        clients.iam.create_user().user_name("Reader").send().await.unwrap();
        let all = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        clients.iam.attach_user_policy().user_name("Reader").policy_arn(all).send().await.unwrap();
    });
    let served = Served::new(&account, |call| match call.action.as_str() {
        "iam:GetPolicy" => Fault::Denied,
        _ => Fault::None,
    });
    let ended = Program::new().at(&served).run(&["audit", "access-review"]).expect(4);
    assert!(ended.stderr.contains("ReadOnlyAccess"), "{}", ended.stderr);
    assert!(ended.stdout.contains("Not read: 1"), "{}", ended.stdout);
    assert!(ended.stdout.contains("unknown: see what was not read"), "{}", ended.stdout);
}
