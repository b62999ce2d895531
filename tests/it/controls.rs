//! `audit controls` and `audit explain`, as people type them. No account is asked.

use serde_json::{Value, json};

use crate::program::Program;

fn rows<'a>(document: &'a Value, key: &str) -> &'a [Value] {
    document[key].as_array().unwrap()
}

#[test]
fn the_list_names_every_control_and_who_answers_it() {
    let program = Program::new();
    let list = program.run(&["audit", "controls"]).expect(0);
    assert!(list.stderr.is_empty(), "{}", list.stderr);
    let line = |number: &str| {
        let start = format!("  {number} ");
        let found = list.stdout.lines().find(|line| line.starts_with(&start));
        found.unwrap_or_else(|| panic!("{number} is missing:\n{}", list.stdout))
    };
    assert!(line("1.2").contains("MFA device") && line("1.2").ends_with("user-console-without-mfa"));
    assert!(line("1.15").ends_with("level 1  manual"), "{}", line("1.15"));
    assert!(line("4.4").ends_with("level 2  manual"), "{}", line("4.4"));
    assert!(list.stdout.contains("49 controls: 18 answered by checks, 31 by a person"), "{}", list.stdout);
    assert!(!program.sandbox_dir().exists(), "a list needs no account");
}

#[test]
fn two_versions_tell_what_a_move_changes() {
    let program = Program::new();
    let both = ["audit", "controls", "--benchmark", "cis-aws-1.2.0", "--benchmark", "cis-aws-5.0.0"];
    let text = program.run(&both).expect(0).stdout;
    for line in [
        "cis-aws-1.2.0 -> cis-aws-5.0.0",
        "23 new, 8 dropped, 40 renumbered",
        "+ 1.12   no user has two active access keys",
        "- 1.15  security questions are registered",
        "~ 1.2 -> 1.9       every user with a console password has an MFA device",
        "~ 4.1, 4.2 -> 5.3  no security group opens the ports of administration to the IPv4 world",
    ] {
        assert!(text.lines().any(|found| found == line), "no line `{line}`:\n{text}");
    }
    assert!(text.contains("45 days is active  (max_idle_days 90 -> 45)"), "{text}");
    let document = program.json(&both, 0);
    assert_eq!(document["format_version"], 1);
    let changes = rows(&document, "changes");
    let of = |topic: &str| changes.iter().find(|change| change["topic"] == topic).unwrap();
    let mfa = of("user-console-without-mfa");
    assert_eq!(
        (&mfa["change"], &mfa["before"], &mfa["after"]),
        (&json!("renumbered"), &json!(["1.2"]), &json!(["1.9"]))
    );
    assert_eq!(of("security-group-admin-ports")["before"], json!(["4.1", "4.2"]));
    assert_eq!(of("password-policy-no-expiry")["change"], "dropped");
    let listed: usize = rows(&document, "benchmarks").iter().map(|one| rows(one, "controls").len()).sum();
    let told = |key: &str| changes.iter().map(|change| rows(change, key).len()).sum::<usize>();
    assert_eq!(told("before") + told("after"), listed, "no control is lost on the way");
}

#[test]
fn many_versions_stand_side_by_side() {
    let program = Program::new();
    let ids = ["cis-aws-1.2.0", "cis-aws-5.0.0", "cis-aws-7.0.0", "iam-best-practices"];
    let args: Vec<&str> = ids.iter().flat_map(|id| ["--benchmark", id]).collect();
    let text = program.run(&[&["audit", "controls"], args.as_slice()].concat()).expect(0).stdout;
    let cells = |title: &str| -> Vec<&str> {
        text.lines().find(|line| line.ends_with(title)).unwrap().split_whitespace().take(4).collect()
    };
    assert_eq!(text.lines().next().unwrap().split_whitespace().collect::<Vec<_>>(), ids);
    assert_eq!(cells("has an MFA device"), ["1.2", "1.9", "2.10", "2.2"]);
    assert_eq!(cells("IAM keeps no expired server certificate"), ["-", "1.18", "2.17", "-"]);
    let document = program.json(&[&["audit", "controls"], args.as_slice()].concat(), 0);
    assert_eq!(rows(&document, "benchmarks").len(), 4);
    assert!(document.get("changes").is_none());
}

#[test]
fn a_control_is_explained_by_number_topic_and_check() {
    let program = Program::new();
    let text = program.run(&["audit", "explain", "1.1"]).expect(0).stdout;
    for part in [
        "1.1 root is not used for day-to-day work",
        "severity critical",
        "root-used: root has not been used lately",
        "`password_last_used`",
        "recent_days = 90",
        "`iam:GenerateCredentialReport`",
        "1.6 in cis-aws-5.0.0",
        "https://docs.aws.amazon.com/",
    ] {
        assert!(text.contains(part), "no `{part}`:\n{text}");
    }
    let by = |args: &[&str]| program.json(&[&["audit", "explain"], args].concat(), 0);
    let page = by(&["1.9", "--benchmark", "cis-aws-5.0.0"]);
    assert_eq!((&page["format_version"], &page["topic"]), (&json!(1), &json!("user-console-without-mfa")));
    assert_eq!(page, by(&["user-console-without-mfa", "--benchmark", "cis-aws-5.0.0"]));
    assert_eq!(page["checks"][0]["reads"][0]["part"], "credential_report");
    assert_eq!(
        (&page["numbers"]["cis-aws-1.2.0"], &page["numbers"]["cis-aws-7.0.0"]),
        (&json!("1.2"), &json!("2.10"))
    );
    let manual = by(&["trail-everywhere"]);
    assert_eq!((&manual["control"], &manual["checks"]), (&json!("2.1"), &json!([])));
    assert!(manual["manual"]["fix"].as_str().unwrap().contains("aws cloudtrail create-trail"));
    // A topic that the benchmark has not is shown from one that has it.
    assert_eq!(by(&["imds-v2"])["benchmark"], "cis-aws-2.0.0");
}

#[test]
fn what_is_no_control_is_refused_with_a_suggestion() {
    let program = Program::new();
    let refused = |args: &[&str], hint: &str| {
        let ended = program.run(&[&["audit"], args].concat()).expect(64);
        assert!(ended.stdout.is_empty() && ended.stderr.contains(hint), "{args:?}: {}", ended.stderr);
    };
    refused(&["explain", "root-usd"], "did you mean `root-used`?");
    refused(&["explain", "6.8"], "--benchmark cis-aws-7.0.0");
    refused(&["explain", "quantum-safety"], "iamlab audit controls");
    refused(&["explain", "1.1", "--benchmark", "cis-aws-9"], "cis-aws-7.0.0");
    refused(&["controls", "--benchmark", "cis"], "iam-best-practices");
}
