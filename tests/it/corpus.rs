//! Rows of credential reports with what each check has to say of them: `corpus/credential_report.yaml`.

use std::collections::{BTreeMap, BTreeSet};

use iamlab::account::credential_report::CredentialReport;
use iamlab::account::snapshot::{Facet, Snapshot};
use iamlab::audit::check::{Check, Look};
use iamlab::audit::checks::CHECKS;
use iamlab::audit::verdict::Status;
use jiff::Timestamp;
use serde_json::Value;

const USERS: [&str; 7] = [
    "user-console-without-mfa",
    "credential-unused",
    "access-key-old",
    "user-two-active-keys",
    "access-key-at-setup",
    "password-old",
    "user-stale",
];
const ROOT: [&str; 4] = ["root-used", "root-access-key", "root-without-mfa", "root-without-hardware-mfa"];

pub(crate) fn corpus() -> Value {
    serde_yaml::from_str(include_str!("corpus/credential_report.yaml")).unwrap()
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

fn time(value: &Value) -> Timestamp {
    text(value).parse().unwrap()
}

/// A field of a CSV file.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// Writes a row as a report of its own.
pub(crate) fn report(corpus: &Value, row: &Value) -> String {
    let user = text(&row["user"]);
    let mut columns: Vec<(String, String)> = Vec::new();
    for column in corpus["defaults"].as_array().unwrap() {
        let name = text(&column[0]);
        let cell = match (row["cells"].get(name), name) {
            (Some(cell), _) => text(cell).to_owned(),
            (None, "user") => user.to_owned(),
            (None, "arn") if user == "<root_account>" => "arn:aws:iam::123456789012:root".to_owned(),
            (None, "arn") => format!("arn:aws:iam::123456789012:user/{user}"),
            (None, _) => text(&column[1]).to_owned(),
        };
        columns.push((name.to_owned(), cell));
    }
    let extra = row["extra"].as_object().into_iter().flatten();
    columns.extend(extra.map(|(name, cell)| (name.clone(), text(cell).to_owned())));
    let dropped: BTreeSet<&str> = row["drop"].as_array().into_iter().flatten().map(text).collect();
    columns.retain(|(name, _)| !dropped.contains(name.as_str()));
    if row["reversed"] == true {
        columns.reverse();
    }
    let header: Vec<String> = columns.iter().map(|(name, _)| field(name)).collect();
    if let Some(last) = row["cut"].as_str() {
        let end = columns.iter().position(|(name, _)| name == last).unwrap();
        columns.truncate(end + 1);
    }
    let cells: Vec<String> = columns.iter().map(|(_, cell)| field(cell)).collect();
    let (mark, end) = if row["windows"] == true { ("\u{feff}", "\r\n") } else { ("", "\n") };
    format!("{mark}{}{end}{}{end}", header.join(","), cells.join(","))
}

/// What a check says: status by credential, empty for the subject as a whole.
fn said(
    check: &'static Check,
    snapshot: &Snapshot,
    row: &Value,
    as_of: Timestamp,
) -> BTreeMap<String, Status> {
    let numbers = row["numbers"][check.id].as_object().into_iter().flatten();
    let params = numbers.map(|(name, number)| (name.clone(), number.as_i64().unwrap())).collect();
    let look = Look { snapshot, params: &params, check, as_of };
    let Ok(verdicts) = (check.run)(&look) else {
        // A part it cannot do without was not read, which the engine tells of the whole.
        return [(String::new(), Status::Unknown)].into();
    };
    let count = verdicts.len();
    let said: BTreeMap<String, Status> = verdicts
        .into_iter()
        .map(|verdict| (verdict.subject.credential.unwrap_or_default().to_owned(), verdict.status))
        .collect();
    assert_eq!(said.len(), count, "{}: one verdict for each credential", check.id);
    said
}

/// What the corpus expects of a check.
fn expected(row: &Value, check: &str) -> BTreeMap<String, Status> {
    let all = row["expect"].as_object().unwrap();
    let of_check = all.iter().filter_map(|(key, status)| {
        let (id, credential) = key.split_once('.').unwrap_or((key, ""));
        (id == check).then(|| (credential.to_owned(), serde_json::from_value(status.clone()).unwrap()))
    });
    let found: BTreeMap<String, Status> = of_check.collect();
    if found.is_empty() { [(String::new(), Status::NotApplicable)].into() } else { found }
}

#[test]
fn every_row_of_the_corpus_is_judged_as_it_says() {
    let corpus = corpus();
    let as_of = time(&corpus["as_of"]);
    let rows = corpus["rows"].as_array().unwrap();
    assert!(rows.len() >= 100, "only {} rows", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        let generated = match row.get("generated") {
            Some(Value::Null) => None,
            Some(own) => Some(time(own)),
            None => Some(time(&corpus["generated"])),
        };
        let report = CredentialReport::parse(&report(&corpus, row), generated).unwrap();
        let mut snapshot = Snapshot::empty("123456789012", "aws", "us-east-1", as_of);
        snapshot.credential_report = Facet::Read(report);
        let asked = if row["about"] == "root" { ROOT.as_slice() } else { USERS.as_slice() };
        for id in asked {
            let check = CHECKS.iter().find(|check| check.id == *id).unwrap();
            let (said, expected) = (said(check, &snapshot, row, as_of), expected(row, id));
            if said != expected {
                wrong.push(format!("{} ({}): {id} says {said:?}, not {expected:?}", row["user"], row["why"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A misspelt check, column or field would test nothing.
#[test]
fn the_corpus_names_nothing_that_is_not_there() {
    let corpus = corpus();
    let columns: BTreeSet<&str> =
        corpus["defaults"].as_array().unwrap().iter().map(|column| text(&column[0])).collect();
    assert_eq!(columns.len(), 22);
    let fields = [
        "user",
        "about",
        "why",
        "cells",
        "numbers",
        "drop",
        "extra",
        "cut",
        "reversed",
        "windows",
        "generated",
        "expect",
    ];
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for row in corpus["rows"].as_array().unwrap() {
        let asked = if row["about"] == "root" { ROOT.as_slice() } else { USERS.as_slice() };
        assert!(!text(&row["why"]).is_empty(), "{row}");
        for field in row.as_object().unwrap().keys() {
            assert!(fields.contains(&field.as_str()), "{row}");
        }
        for column in row["cells"].as_object().unwrap().keys() {
            assert!(columns.contains(column.as_str()), "{column} in {row}");
        }
        for id in row["expect"].as_object().unwrap().keys() {
            let id = id.split('.').next().unwrap();
            assert!(asked.contains(&id), "{id} in {row}");
            seen.insert(id);
        }
        for id in row["numbers"].as_object().into_iter().flatten().map(|(id, _)| id) {
            assert!(asked.contains(&id.as_str()), "{id} in {row}");
        }
    }
    assert_eq!(seen.len(), USERS.len() + ROOT.len());
}
