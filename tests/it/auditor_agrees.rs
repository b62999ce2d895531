//! The function beside others that look at the same: its own code on another implementation of AWS, and the program's
//! own checks.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use iamlab::account::credential_report::CredentialReport;
use iamlab::account::snapshot::{Facet, Snapshot};
use iamlab::audit::check::Look;
use iamlab::audit::checks::CHECKS;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::auditor::Lab;
use crate::corpus;
use crate::lab::{iam_auditing, root};
use crate::moto::{Moto, python};
use crate::program::Program;

/// Runs the function's code in a process of its own; `None` where there is no Python with boto3.
fn python_says(args: &[&str], input: &Value) -> Option<Value> {
    let mut command = Command::new(python()?);
    command.arg(root().join("tests/conformance/auditor.py")).args(args).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("AWS_ACCESS_KEY_ID", "testing").env("AWS_SECRET_ACCESS_KEY", "testing");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut stdin = process.stdin.take().unwrap();
    let text = input.to_string();
    let feed = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = process.wait_with_output().unwrap();
    feed.join().unwrap().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// The report without what differs from run to run: the time of the credential report and the run's id.
fn same_for_all(report: &str) -> String {
    let run = report.split("Run:").nth(1).unwrap().lines().next().unwrap().trim();
    let made = report.split("Credential report:").nth(1).unwrap().split(" UTC").next().unwrap().trim();
    report.replace(run, "RUN").replace(made, "TIME")
}

/// The same code with boto3 against another implementation of AWS, where the program has made the same lab.
///
/// Moto's credential report has no row for root and is always of 2015. As it stands, the function does not know about
/// root, and says so; with the row and the time put in, the text is the same but for its time and the run's id.
#[test]
fn the_function_says_the_same_of_the_lab_on_moto() {
    let Some(moto) = Moto::start() else { return };
    let program = Program::new().on(&moto);
    program.run(&["provision", "up", crate::lab::LAB, "--yes"]).expect(0);
    let Some(answers) = python_says(&["--endpoint-url", &moto.url()], &Value::Null) else { return };
    let bare = answers[0]["report"].as_str().unwrap();
    assert_eq!(answers[0]["controls"], json!({"1.1": "UNKNOWN", "1.2": "FAIL", "1.12": "UNKNOWN"}));
    assert!(
        bare.starts_with(
            "IAM audit of 123456789012 INCOMPLETE: FAIL 1.2; UNKNOWN 1.1, 1.12
"
        ),
        "{bare}"
    );
    assert!(bare.contains("The credential report has no row for root"), "{bare}");

    let sandbox = crate::cases::wait(async {
        let lab = Lab::up(&iam_auditing()).await;
        lab.run(&json!({})).await.report().to_owned()
    });
    assert_eq!(same_for_all(answers[1]["report"].as_str().unwrap()), same_for_all(&sandbox));
}

/// The controls that both implementations have, and the checks of the program's.
const CONTROLS: [(&str, &str); 3] =
    [("1.1", "root-used"), ("1.2", "user-console-without-mfa"), ("1.12", "root-access-key")];

/// What `iamlab audit run` says of a report, in the form of `auditor.py --verdicts`.
fn program_says(csv: &str, generated: Option<Timestamp>, as_of: Timestamp) -> Value {
    let Ok(report) = CredentialReport::parse(csv, generated) else { return Value::Null };
    let mut snapshot = Snapshot::empty("123456789012", "aws", "us-east-1", as_of);
    snapshot.credential_report = Facet::Read(report);
    let params = BTreeMap::new();
    let said = CONTROLS.map(|(control, id)| {
        let check = CHECKS.iter().find(|check| check.id == id).unwrap();
        let verdicts = (check.run)(&Look { snapshot: &snapshot, params: &params, check, as_of }).unwrap();
        let verdicts =
            verdicts.into_iter().map(|it| (it.subject.name, serde_json::to_value(it.status).unwrap()));
        (control.to_owned(), verdicts.collect::<Value>())
    });
    said.into_iter().collect()
}

/// Two implementations, one truth: every row of the corpus, and some thousand rows of odd cells.
#[test]
fn the_function_and_the_program_agree_on_every_report() {
    let corpus = corpus::corpus();
    let as_of: Timestamp = corpus::text(&corpus["as_of"]).parse().unwrap();
    let mut reports: Vec<(String, String, Option<Timestamp>)> = Vec::new();
    for row in corpus["rows"].as_array().unwrap() {
        let generated = row.get("generated").unwrap_or(&corpus["generated"]);
        let generated = generated.as_str().map(|time| time.parse().unwrap());
        reports.push((row["why"].to_string(), corpus::report(&corpus, row), generated));
    }
    let of_corpus = reports.len();
    assert!(of_corpus > 150, "{of_corpus}");
    let made = Some(as_of);
    reports.extend((0..1_500).map(|seed| (format!("generated {seed}"), odd_report(&corpus, seed), made)));
    let given: Value = reports
        .iter()
        .map(|(_, csv, generated)| {
            let generated = generated.map(|time| time.to_string());
            json!({"csv": csv, "generated": generated, "as_of": as_of.to_string()})
        })
        .collect();
    let Some(said) = python_says(&["--verdicts"], &given) else { return };
    let (mut statuses, mut refused) = (BTreeSet::new(), 0);
    for ((why, csv, generated), of_function) in reports.iter().zip(said.as_array().unwrap()) {
        let of_program = program_says(csv, *generated, as_of);
        assert_eq!(&of_program, of_function, "{why}: program left, function right\n{csv}");
        refused += usize::from(of_program.is_null());
        for (control, _) in CONTROLS {
            for status in of_program[control].as_object().into_iter().flatten().map(|(_, status)| status) {
                statuses.insert(format!("{control} {}", status.as_str().unwrap()));
            }
        }
    }
    // Every verdict there is was met, or the agreement would say little.
    assert_eq!(statuses.len(), 3 + 4 + 3, "{statuses:?}");
    assert!(refused > 50, "{refused}");
}

/// Writes a report of odd rows, the same for the same seed.
fn odd_report(corpus: &Value, seed: u64) -> String {
    const CELLS: [&str; 39] = [
        "true",
        "false",
        "TRUE",
        "False",
        "N/A",
        "n/a",
        "not_supported",
        "no_information",
        "No_Information",
        "",
        " true",
        "maybe",
        "soon",
        "\"quoted, \"\"twice\"\"\"",
        "2026-02-20T12:00:00+00:00",
        "2025-01-01T00:00:00Z",
        "2025-12-02T09:00:00Z",
        "2026-03-02T11:10:00+02:00",
        "2026-04-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        // A quarter of an hour after the audit, and a second more.
        "2026-03-02T09:15:00Z",
        "2026-03-02T09:15:01Z",
        // Dates to one reader and none to another, if the two were not to agree on one form.
        "2026-02-20T12:00Z",
        "20260220T120000Z",
        "2026-02-20T12:00:60Z",
        "2026-02-20T12:00:00+00",
        "2026-02-20T12:00:00+0000",
        "2026-02-20T12:00:00+00:00:00",
        "2026-02-20T12:00:00Z[UTC]",
        "2026-02-20T12:00:00[UTC]",
        "2026-02-20t12:00:00z",
        "2026-02-20 12:00:00.123456789012Z",
        "2026-02-20T12:00:00",
        "2026-02-20T24:00:00Z",
        "2026-02-20T12:00:00+23:60",
        "2026-02-20T12:00:00-24:00",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59Z",
        "2026-W08-5T12:00:00Z",
    ];
    // Multiplying and adding by the constants of Knuth's MMIX.
    let mut state = seed;
    let mut roll = |sides: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % sides
    };
    let mut columns: Vec<&str> =
        corpus["defaults"].as_array().unwrap().iter().map(|column| corpus::text(&column[0])).collect();
    if roll(4) == 0 {
        columns.remove(roll(columns.len()));
    }
    if roll(30) == 0 {
        columns.push(columns[roll(columns.len())]);
    }
    let mut lines = vec![columns.join(",")];
    for user in ["<root_account>", "ann", "bob", "Ann", "<root_account>"] {
        // Root's row is missing, or there twice, now and then.
        if (user == "Ann" && roll(2) == 0)
            || (user.starts_with('<') && roll(12) == usize::from(lines.len() == 1))
        {
            continue;
        }
        if lines.len() > 2 && user.starts_with('<') && roll(12) > 0 {
            continue;
        }
        let default = |name: &str| {
            let all = corpus["defaults"].as_array().unwrap();
            corpus::text(&all.iter().find(|column| column[0] == name).unwrap()[1]).to_owned()
        };
        let odd = roll(6);
        let mut cells: Vec<String> = columns
            .iter()
            .map(|&name| match name {
                "user" => user.to_owned(),
                "arn" => "arn:aws:iam::123456789012:user/u".to_owned(),
                _ if roll(6) < odd => CELLS[roll(CELLS.len())].to_owned(),
                name => default(name),
            })
            .collect();
        match roll(25) {
            0 => cells.truncate(2 + roll(cells.len() - 2)),
            1 => cells.push(["", " ", "more"][roll(3)].to_owned()),
            _ => {}
        }
        lines.push(cells.join(","));
    }
    let end = ["\n", "\r\n"][roll(2)];
    lines.join(end)
}
