//! What students write may be made to break a reader, or be very long: it is bounded, and the rest is marked as ever.

use std::collections::BTreeMap;
use std::time::Instant;

use iamlab::grade::mark;
use serde_json::json;

use super::student::{PROGRAM, Student, admin};
use super::{Account, GOOD, check, connected, read, rubric};

/// A formula, markup, a control sequence, another column, a link in Markdown.
const NASTY: &str = "=HYPERLINK(\"https://example.com/\"&A1) <img src=x onerror=alert(1)> \u{1b}[2J\u{1b}]0;x\u{7} |`[a](javascript:x)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_texts_cost_nothing() {
    check(vec![
        Account {
            name: "hostile descriptions",
            because: "descriptions and tags are nobody's business",
            points: GOOD,
            differs: |student| {
                let tags = json!([{"Key": "=1+1", "Value": "+1-1@x"}, {"Key": "-2", "Value": "=cmd"}]);
                student.set("user1", "Tags", tags.clone());
                student.set("role", "Tags", tags);
                student.set("rule", "Description", json!(NASTY));
                student.set("function", "Description", json!(NASTY));
                student.set("function", "Environment", json!({"Variables": {"NOTE": NASTY.repeat(20)}}));
                student.set("topic", "Attributes", json!({"DisplayName": "=1+1"}));
            },
        },
        Account {
            name: "hostile program",
            because: "comments and texts of a program are no work",
            points: GOOD,
            differs: |student| {
                let text = format!("\"\"\"{}\"\"\"\n# {NASTY}\n{PROGRAM}", NASTY.replace('\\', ""));
                student.program(&text);
                student.code.insert("=cmd|' /C calc'!A0.txt".to_owned(), NASTY.to_owned());
                student.code.insert("<b>.py".to_owned(), format!("# {NASTY}\n"));
            },
        },
    ])
    .await;
}

/// Marks a student and returns how long reading and marking took in seconds, how large the result is, and the score.
async fn measured(student: &Student) -> (u64, usize, String) {
    let rubric = rubric();
    let (sandbox, clock) = student.work().await;
    let aws = connected(&sandbox, None, clock).await;
    let begun = Instant::now();
    let evidence = read(&aws, &rubric).await;
    let result = mark(&rubric, &evidence, &BTreeMap::new());
    let took = begun.elapsed().as_secs();
    (took, serde_json::to_string(&result).unwrap().len(), result.score.to_string())
}

#[tokio::test]
async fn five_megabytes_of_anything_are_read_within_bounds() {
    let text = NASTY.repeat(5 << 20 >> 7);
    let mut beside = Student::good();
    beside.code.insert("notes.md".to_owned(), text.clone());
    beside.code.insert("data.json".to_owned(), format!("\"{}\"", "x".repeat(5 << 20)));
    let mut within = Student::good();
    within.program(&format!("{PROGRAM}\n# {}\n", "x".repeat(5 << 20)));
    let mut deep = Student::good();
    deep.code.insert("deep.py".to_owned(), format!("x = {}{}\n", "(".repeat(50_000), ")".repeat(50_000)));
    let mut many = Student::good();
    for number in 0..3_000 {
        many.code.insert(format!("{number}{}.py", "=".repeat(150)), "x = 1\n".to_owned());
    }
    for (name, student, score) in [
        ("beside", beside, Some("93")),
        ("within", within, None),
        ("deep", deep, Some("93")),
        ("many", many, None),
    ] {
        let (seconds, size, got) = measured(&student).await;
        assert!(seconds < 20, "{name}: {seconds} s");
        assert!(size < 100_000, "{name}: {size} bytes");
        assert!(score.is_none_or(|score| got == score), "{name}: {got}");
    }
}

#[tokio::test]
async fn a_policy_of_the_largest_size_is_read_within_bounds() {
    let mut student = Student::good();
    // The most that AWS takes: 6,144 characters of a managed policy, 10,240 of a role's inline ones.
    let actions: Vec<String> = (0..190).map(|number| format!("iam:*{number}*?*{}", "*a".repeat(8))).collect();
    let document = super::student::policy(&json!({"Effect": "Allow", "Action": actions, "Resource": "*"}));
    assert!(document.to_string().len() < 6_144, "{}", document.to_string().len());
    student.then("policy", vec![admin("iam", "CreatePolicyVersion", json!({
        "PolicyArn": "@iam:policy/IAM-Auditor-Policy", "PolicyDocument": document, "SetAsDefault": "true",
    }))]);
    let (seconds, size, _) = measured(&student).await;
    assert!(seconds < 20, "{seconds} s");
    assert!(size < 100_000, "{size} bytes");
}
