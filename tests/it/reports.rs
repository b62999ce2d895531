//! Reports: what each format says of the same audit, and that names in it can do nothing.

mod fixture;

use clap::ValueEnum as _;
use iamlab::report::{Format, render};
use serde_json::Value;

use fixture::{TRICKS, hostile, small};

/// Whether a character must not reach a person's screen as it is.
fn acts(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[test]
fn text() {
    insta::assert_snapshot!(render(&small(), Format::Text).unwrap());
}

#[test]
fn csv() {
    insta::assert_snapshot!(render(&small(), Format::Csv).unwrap().replace("\r\n", "\n"));
}

#[test]
fn markdown() {
    insta::assert_snapshot!(render(&small(), Format::Markdown).unwrap());
}

#[test]
fn junit() {
    insta::assert_snapshot!(render(&small(), Format::Junit).unwrap());
}

#[test]
fn json() {
    insta::assert_snapshot!(render(&small(), Format::Json).unwrap());
}

#[test]
fn names_do_nothing_on_a_terminal() {
    let text = render(&hostile(), Format::Text).unwrap();
    assert_eq!(text.chars().find(|c| acts(*c)), None);
    // A name is shown, not swallowed.
    assert!(
        text.contains(r"esc\u{1b}[2J\u{1b}]0;title\u{7}") && text.contains(r"bidi\u{202e}txt.exe"),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() < 2500), "a name is cut");
}

#[test]
fn names_are_no_formulas_in_a_spreadsheet() {
    let audit = hostile();
    let table = render(&audit, Format::Csv).unwrap();
    assert!(!table.replace("\r\n", "").contains(|c| acts(c) || c == '\n'), "a row is a line");
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), audit.findings.len());
    for cell in rows.iter().flatten() {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
    }
    let names: Vec<&str> = rows.iter().filter_map(|row| row.get(9)).collect();
    for name in ["'=cmd|' /C calc'!A0", "'@SUM(A1)", "pipe|cell", "<script>alert(1)</script>"] {
        assert!(names.contains(&name), "{name}");
    }
}

#[test]
fn names_are_no_markup_in_markdown() {
    let text = render(&hostile(), Format::Markdown).unwrap();
    assert_eq!(text.chars().find(|c| acts(*c)), None);
    // Outside of code, what could be a tag is one of ours, and nothing links or mentions.
    let outside = without_code(&text);
    for live in ["<script", "<img", "<!--\n", "](javascript", "[link", "https://", "www.example", "@somebody"]
    {
        assert!(!outside.contains(live), "{live}");
    }
    // Every row of a table has as many cells as the row above it.
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    for (above, below) in text.lines().zip(text.lines().skip(1)) {
        if above.starts_with('|') && below.starts_with('|') {
            assert_eq!(cells(above), cells(below), "{above}\n{below}");
        }
    }
}

/// Takes away what stands between backticks, line by line.
fn without_code(text: &str) -> String {
    let outside = |line: &str| -> String {
        // What a backslash stands before is itself.
        let mut line = line.to_owned();
        while let Some(at) = line.find('\\') {
            line.replace_range(at..(at + 2).min(line.len()), "");
        }
        line.split('`').step_by(2).collect()
    };
    text.lines().map(|line| outside(line) + "\n").collect()
}

#[test]
fn names_survive_in_json_as_they_are() {
    let document: Value = serde_json::from_str(&render(&hostile(), Format::Json).unwrap()).unwrap();
    let names: Vec<&str> =
        document["findings"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names[..TRICKS.len()], *TRICKS);
}

#[test]
fn names_are_text_in_xml() {
    use quick_xml::Reader;
    use quick_xml::events::Event;
    let audit = hostile();
    let document = render(&audit, Format::Junit).unwrap();
    assert_eq!(document.chars().find(|c| acts(*c)), None);
    let mut reader = Reader::from_str(&document);
    reader.config_mut().check_comments = true;
    let mut names = Vec::new();
    let mut elements = std::collections::BTreeSet::new();
    loop {
        let element = match reader.read_event().unwrap() {
            Event::Start(element) | Event::Empty(element) => element,
            Event::Eof => break,
            _ => continue,
        };
        let name = String::from_utf8(element.name().as_ref().to_vec()).unwrap();
        for attribute in element.attributes() {
            let attribute = attribute.unwrap();
            let value = attribute.unescape_value().unwrap().into_owned();
            if name == "testcase" && attribute.key.as_ref() == b"name" {
                names.push(value);
            }
        }
        elements.insert(name);
    }
    let ours = ["error", "failure", "skipped", "testcase", "testsuite", "testsuites"];
    assert_eq!(elements.into_iter().collect::<Vec<_>>(), ours);
    assert_eq!(names.len(), audit.findings.len());
    assert!(names.iter().any(|name| name == "<script>alert(1)</script>"));
    assert!(names.iter().any(|name| name == "line\nbreak\r\n# heading"));
    assert!(names.iter().any(|name| name == r"nul\u{0}end"));
}

#[test]
fn sarif() {
    insta::assert_snapshot!(render(&small(), Format::Sarif).unwrap());
}

#[test]
fn ocsf() {
    insta::assert_snapshot!(render(&small(), Format::Ocsf).unwrap());
}

#[test]
fn asff() {
    insta::assert_snapshot!(render(&small(), Format::Asff).unwrap());
}

/// Writes every report into the folder that `REPORTS` names, to be looked at.
#[test]
fn dump() {
    let Ok(folder) = std::env::var("REPORTS") else { return };
    for (name, audit) in [("small", small()), ("hostile", hostile()), ("large", fixture::large(1000))] {
        for format in Format::value_variants() {
            let folder = format!("{folder}/{name}");
            std::fs::create_dir_all(&folder).unwrap();
            let start = std::time::Instant::now();
            let text = render(&audit, *format).unwrap();
            eprintln!("{name} {format:?} {} bytes {:?}", text.len(), start.elapsed());
            std::fs::write(format!("{folder}/{}", format.file_name()), text).unwrap();
        }
    }
}
