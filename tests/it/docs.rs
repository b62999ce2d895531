//! Reference documents that are written here and never by hand. `IAMLAB_WRITE_DOCS=1 cargo test` rewrites them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use iamlab::audit::benchmark;
use iamlab::audit::bridge::side_by_side;
use iamlab::audit::checks::CHECKS;
use iamlab::audit::page::Answer;
use serde_json::Value;

/// Compares a document with what it should say, or rewrites it.
pub(crate) fn check(name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if iamlab::env::get("IAMLAB_WRITE_DOCS").is_some() {
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "docs/{name} is stale; rewrite it with IAMLAB_WRITE_DOCS=1 cargo test");
}

#[test]
fn kinds_are_documented() {
    let schema = iamlab::scenario::schema();
    let mut text = String::from(
        "# Kinds of resource\n\nWritten by a test from the types themselves. Under `resources:` a scenario has one section per kind.\n",
    );
    let resources = &schema["$defs"]["Resources"]["properties"];
    for row in iamlab::provision::resources::SECTIONS {
        let section = &resources[row.section];
        let spec = resolve(&schema, section.get("additionalProperties").unwrap_or(section));
        let about = section["description"].as_str().unwrap_or_default();
        write!(
            text,
            "\n## `{}:` (`{}.…`)\n\n{about}\n\n| key | value | |\n| --- | --- | --- |\n",
            row.section, row.kind
        )
        .unwrap();
        let required: Vec<&str> =
            spec["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (key, property) in spec["properties"].as_object().unwrap() {
            let about =
                property["description"].as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|");
            let must = if required.contains(&key.as_str()) { " (required)" } else { "" };
            writeln!(text, "| `{key}` | {}{must} | {about} |", form(&schema, property)).unwrap();
        }
    }
    check("kinds.md", &text);
}

#[test]
fn the_operations_of_the_sandbox_are_documented() {
    let options = iamlab::sandbox::Options {
        dir: None,
        account: iamlab::sandbox::DEFAULT_ACCOUNT.to_owned(),
        clock: iamlab::clock::Clock::System,
    };
    let served = iamlab::sandbox::Sandbox::open(options).unwrap().operations();
    let all: usize = served.values().map(Vec::len).sum();
    let mut table =
        format!("{all} operations, a list written by a test.\n\n| service | operations |\n| --- | --- |\n");
    for (service, mut operations) in served {
        operations.sort_unstable();
        writeln!(table, "| `{service}` ({}) | {} |", operations.len(), operations.join(", ")).unwrap();
    }
    rewrite("sandbox.md", "operations", &table);
}

#[test]
fn checks_are_documented() {
    let mut text = String::from(
        "# Checks\n\nWritten by a test from the checks and the benchmarks themselves. A check is named after what it \
         finds; which control of\nwhich benchmark it answers is data (`src/audit/benchmarks`). `iamlab audit explain ID` \
         shows the same for one control.\n",
    );
    let mut checks: Vec<_> = CHECKS.to_vec();
    checks.sort_by_key(|check| check.id);
    for one in checks {
        let answer = Answer::of(one, &BTreeMap::new());
        write!(
            text,
            "\n## {}\n\nPasses when: {}. Severity: {}.\n\n**Looks at.** {}\n\n**Why it matters.** {}\n\n**How to mend it.** \
             {}\n\n",
            answer.check,
            answer.title,
            answer.severity.word(),
            answer.looks_at,
            answer.why,
            answer.fix
        )
        .unwrap();
        for number in &answer.params {
            writeln!(
                text,
                "- `{}`: {}; {} unless a benchmark says another",
                number.name, number.about, number.default
            )
            .unwrap();
        }
        for read in &answer.reads {
            writeln!(text, "- reads {} (`{}`)", read.name, read.permissions.join("`, `")).unwrap();
        }
        let answers = benchmark::all().iter().flat_map(|benchmark| {
            let controls = benchmark.controls.iter().filter(|control| control.is_called(one.id));
            controls.map(|control| {
                let numbers: Vec<_> =
                    control.params.iter().map(|(name, value)| format!("`{name}` {value}")).collect();
                let with =
                    if numbers.is_empty() { String::new() } else { format!(" ({})", numbers.join(", ")) };
                format!("{} {}{with}", benchmark.id, control.id)
            })
        });
        writeln!(text, "- answers {}", answers.collect::<Vec<_>>().join(", ")).unwrap();
        for source in answer.sources {
            writeln!(text, "- <{source}>").unwrap();
        }
    }
    text.push_str("\n## Topics\n\nThe numbers of each topic in each benchmark; **bold** where a check answers.\n\n| topic |");
    let all: Vec<_> = benchmark::all().iter().collect();
    for benchmark in &all {
        write!(text, " {} |", benchmark.id.trim_start_matches("cis-aws-")).unwrap();
    }
    writeln!(text, "\n| --- |{}", " --- |".repeat(all.len())).unwrap();
    for line in side_by_side(&all) {
        write!(text, "| {} |", line.topic).unwrap();
        for (controls, numbers) in line.controls.iter().zip(line.numbers()) {
            let is_answered = controls.iter().any(|control| !control.checks.is_empty());
            let cell = if is_answered { format!("**{numbers}**") } else { numbers };
            write!(text, " {cell} |").unwrap();
        }
        text.push('\n');
    }
    check("checks.md", &text);
}

/// Compares the part of a document between two marks with what it should say, or rewrites it.
pub(crate) fn rewrite(name: &str, part: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    let document = fs::read_to_string(path).unwrap();
    let (begin, end) = (format!("<!-- {part} -->\n"), format!("<!-- end of {part} -->"));
    let (before, rest) = document.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    check(name, &format!("{before}{begin}{expected}{end}{after}"));
}

/// Follows a `$ref`, also inside `anyOf` with `null`.
fn resolve<'a>(schema: &'a Value, value: &'a Value) -> &'a Value {
    let inner =
        value["anyOf"].as_array().and_then(|forms| forms.iter().find(|form| form.get("$ref").is_some()));
    match inner.unwrap_or(value)["$ref"].as_str().and_then(|path| path.strip_prefix('#')) {
        Some(pointer) => schema.pointer(pointer).unwrap(),
        None => value,
    }
}

/// Says in a word or two what a value looks like.
fn form(schema: &Value, property: &Value) -> String {
    let target = resolve(schema, property);
    let words: Vec<&str> =
        target["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let consts: Vec<&str> =
        target["oneOf"].as_array().into_iter().flatten().filter_map(|form| form["const"].as_str()).collect();
    if !words.is_empty() || !consts.is_empty() {
        return words.iter().chain(&consts).map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    }
    if target["anyOf"].is_array() || target["oneOf"].is_array() {
        return "one of several forms".into();
    }
    let name = |kind: &str| match kind {
        "array" => format!("list of {}", form(schema, &target["items"])),
        "object" => "mapping".to_owned(),
        "boolean" => "`true`, `false`".to_owned(),
        "string" => "text".to_owned(),
        other => other.to_owned(),
    };
    match &target["type"] {
        Value::String(kind) => name(kind),
        Value::Array(kinds) => {
            let kinds = kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null");
            kinds.map(name).collect::<Vec<_>>().join(" or ")
        }
        _ => "any value".into(),
    }
}
