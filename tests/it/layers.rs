//! The shape of the sources: what may know what, what is in which table, and how large a file may grow.

use std::fs;
use std::path::{Path, PathBuf};

use crate::lab::root;

/// What decides, knows neither the SDK nor the runtime (DESIGN sections 2 and 3).
const PURE: [&str; 30] = [
    "audit",
    "policy",
    "account",
    "provision/diff.rs",
    "provision/plan.rs",
    "provision/graph.rs",
    "provision/arn.rs",
    "scenario",
    "trail/collector.rs",
    "trail/filter.rs",
    "trail/kept.rs",
    "trail/place.rs",
    "trail/resource.rs",
    "trail/root_login.rs",
    "trail/sessions.rs",
    "trail/sql.rs",
    "grade/assertion",
    "grade/cast.rs",
    "grade/code",
    "grade/found.rs",
    "grade/gradebook",
    "grade/late.rs",
    "grade/manual.rs",
    "grade/mark.rs",
    "grade/need.rs",
    "grade/result.rs",
    "grade/rubric",
    "grade/similar.rs",
    "grade/statistics.rs",
    "report/grade",
];

/// The longest file, without its tests (STYLE).
const LONGEST: usize = 600;

#[test]
fn what_decides_knows_no_sdk_and_no_runtime() {
    let mut looked = 0;
    for (path, text) in sources() {
        if !PURE.iter().any(|pure| path == *pure || path.starts_with(&format!("{pure}/"))) {
            continue;
        }
        looked += 1;
        for line in code(&text).lines().filter(|line| !line.trim_start().starts_with("//")) {
            for word in ["aws_sdk_", "aws_config", "aws_smithy", "tokio"] {
                assert!(!line.contains(word), "src/{path} knows {word}: {line}");
            }
        }
    }
    assert!(looked > 20, "{looked} files were found");
}

#[test]
fn every_kind_is_in_the_table_of_kinds() {
    let table = fs::read_to_string(root().join("src/provision/resources/mod.rs")).unwrap();
    for name in modules("provision/resources") {
        assert!(table.contains(&format!("=> {name},")), "{name} is no row of `kinds!`");
    }
}

#[test]
fn every_service_of_the_sandbox_is_opened() {
    let text = fs::read_to_string(root().join("src/sandbox/services/mod.rs")).unwrap();
    let table = &text[text.find("fn new(").unwrap()..];
    // What the services share, and is none.
    let shared = ["assumed", "grant", "need", "regional", "tags", "wire"];
    for name in modules("sandbox/services").into_iter().filter(|name| !shared.contains(&name.as_str())) {
        // As `sns::Sns::new`, or by a type that was imported from it.
        let imported = text.split(&format!("\nuse {name}::")).nth(1).and_then(|rest| rest.split(';').next());
        let types = imported.unwrap_or_default().split(|c: char| !c.is_alphanumeric());
        let mut ways = types.filter(|word| !word.is_empty()).map(|word| format!("{word}::new("));
        let is_opened = table.contains(&format!("{name}::")) || ways.any(|way| table.contains(&way));
        assert!(is_opened, "{name} is not opened");
    }
}

#[test]
fn every_check_is_in_the_table_of_checks() {
    let table = fs::read_to_string(root().join("src/audit/checks/mod.rs")).unwrap();
    let row = table.rsplit("checks![").next().unwrap().split(']').next().unwrap();
    let rows: Vec<&str> = row.split(',').map(str::trim).collect();
    let files = modules("audit/checks");
    assert!(files.len() > 1);
    for name in files {
        assert!(rows.contains(&name.as_str()), "{name} is no row of `checks!`");
    }
}

#[test]
fn every_benchmark_is_embedded() {
    let embedded: Vec<&str> =
        iamlab::audit::benchmark::all().iter().map(|benchmark| benchmark.id.as_str()).collect();
    for entry in fs::read_dir(root().join("src/audit/benchmarks")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let id = name.strip_suffix(".yaml").unwrap_or_else(|| panic!("{name} is no benchmark"));
        assert!(id == "topics" || embedded.contains(&id), "{name} is not embedded");
    }
}

#[test]
fn nothing_is_allowed_without_being_expected() {
    for (path, text) in sources().into_iter().chain(tests()) {
        // Split, so that this file is not its own finding.
        let mark = ["#[", "allow("].concat();
        let inner = ["#![", "allow("].concat();
        assert!(!text.contains(&mark) && !text.contains(&inner), "{path}: say `expect` with a reason");
    }
}

#[test]
fn only_one_file_prints() {
    for (path, text) in sources() {
        if path == "ui.rs" {
            continue;
        }
        for line in code(&text).lines().filter(|line| !line.trim_start().starts_with("//")) {
            for word in ["println!", "eprintln!", "print!(", "eprint!(", "stdout()", "dbg!"] {
                assert!(!line.contains(word), "src/{path} prints: {line}");
            }
        }
    }
}

#[test]
fn no_file_is_too_long() {
    for (path, text) in sources() {
        let lines = code(&text).lines().count();
        assert!(lines <= LONGEST, "src/{path} has {lines} lines");
    }
    for (path, text) in tests() {
        let lines = text.lines().count();
        assert!(lines <= LONGEST, "tests/it/{path} has {lines} lines");
    }
}

/// The part of a file before its tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap()
}

/// The names of a folder's modules, files and folders alike.
fn modules(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join("src").join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.map(|name| name.trim_end_matches(".rs").to_owned()).filter(|name| name != "mod").collect()
}

fn sources() -> Vec<(String, String)> {
    let all = read(&root().join("src"));
    all.into_iter().filter(|(path, _)| !path.ends_with("tests.rs") && !path.ends_with("testing.rs")).collect()
}

fn tests() -> Vec<(String, String)> {
    read(&root().join("tests/it"))
}

/// All Rust files under a folder, by their path in it.
fn read(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}
