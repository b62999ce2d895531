//! Reports: what each format says of the same audit, and that names in it can do nothing.

mod fixture;

use std::collections::BTreeSet;

use clap::ValueEnum as _;
use iamlab::report::{Format, render, render_with};
use serde_json::Value;

use crate::moto::Moto;

use fixture::{TRICKS, hostile, large, small};

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
    let mut elements = BTreeSet::new();
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

#[test]
fn html() {
    // The style and the script have files of their own, and are looked at in a browser.
    let page = render(&small(), Format::Html).unwrap();
    let body = &page[page.find("<body>").unwrap()..page.find("<script>").unwrap()];
    insta::assert_snapshot!(body);
}

#[test]
fn every_format_is_the_same_twice_and_ends_its_last_line() {
    for format in Format::value_variants() {
        let text = render(&small(), *format).unwrap();
        assert_eq!(text, render(&small(), *format).unwrap(), "{format:?}");
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{format:?}");
    }
}

#[test]
fn the_files_of_a_folder_have_the_names_of_the_contract() {
    let names: Vec<&str> = Format::value_variants().iter().map(|format| format.file_name()).collect();
    let contract = [
        "audit.txt",
        "audit.json",
        "audit.csv",
        "audit.html",
        "audit.md",
        "audit.junit.xml",
        "audit.sarif",
        "audit.ocsf.json",
        "audit.asff.json",
    ];
    assert_eq!(names, contract);
}

#[test]
fn text_is_the_same_in_colour() {
    let audit = small();
    let coloured = render_with(&audit, &|tone, text| format!("\x1b[{}m{text}\x1b[0m", tone as u8 + 30));
    let bare = |text: &str| {
        let pieces = text.split('\x1b').map(|piece| match piece.strip_prefix('[') {
            Some(rest) => rest.split_once('m').map_or("", |(_, text)| text),
            None => piece,
        });
        // Colours may end after blanks that plain text does not end a line with.
        let joined: String = pieces.collect();
        joined.lines().map(|line| line.trim_end().to_owned() + "\n").collect::<String>()
    };
    assert_ne!(coloured, render(&audit, Format::Text).unwrap());
    assert_eq!(bare(&coloured), render(&audit, Format::Text).unwrap());
}

#[test]
fn names_are_inert_in_html() {
    let page = render(&hostile(), Format::Html).unwrap();
    assert_eq!(page.chars().find(|c| acts(*c)), None);
    let policy = page.split("content=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(policy.starts_with("default-src 'none'") && policy.contains("script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let (head, rest) = page.split_once("<style>").unwrap();
    let (_, rest) = rest.split_once("</style>").unwrap();
    let (body, rest) = rest.split_once("<script>").unwrap();
    let (_, tail) = rest.split_once("</script>").unwrap();
    let ours: BTreeSet<&str> = "a article b body button circle code dd details div dl dt fieldset form h1 h2 h3 head header \
        html input label legend li main meta ol optgroup option p pre rect section select span strong style summary svg \
        table tbody td text th thead title tr ul !doctype"
        .split_whitespace()
        .collect();
    let mut tags = 0;
    for piece in [head, body, tail] {
        for tag in piece.split('<').skip(1) {
            let (tag, _) = tag.split_once('>').unwrap();
            let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap();
            assert!(ours.contains(name), "<{tag}>");
            // Outside of quotes there is no handler, and no address but places on the page.
            let bare: String = tag.split('"').step_by(2).collect();
            assert!(!bare.contains(" on") && !bare.contains('\''), "<{tag}>");
            for address in tag.split("href=\"").skip(1).chain(tag.split("src=\"").skip(1)) {
                assert!(address.starts_with('#'), "<{tag}>");
            }
            tags += 1;
        }
    }
    assert!(tags > 1000, "{tags}");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn sarif_says_of_each_finding_what_it_is() {
    let audit = small();
    let log: Value = serde_json::from_str(&render(&audit, Format::Sarif).unwrap()).unwrap();
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), audit.findings.len());
    let mut prints = BTreeSet::new();
    for (result, finding) in results.iter().zip(&audit.findings) {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        let (kind, level) = match finding.status.word() {
            "FAIL" | "EXEMPT" => ("fail", rule["defaultConfiguration"]["level"].as_str().unwrap()),
            "PASS" => ("pass", "none"),
            "UNKNOWN" => ("open", "none"),
            "MANUAL" => ("review", "none"),
            _ => ("notApplicable", "none"),
        };
        assert_eq!((result["kind"].as_str(), result["level"].as_str()), (Some(kind), Some(level)));
        assert_eq!(result["suppressions"].is_array(), finding.exemption.is_some());
        assert_eq!(result["baselineState"].is_string(), finding.change.is_some());
        assert!(prints.insert(result["partialFingerprints"]["iamlab/v1"].to_string()), "{result}");
    }
    assert_eq!(run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap().len(), 1);
    // In a plain message of the standard, brackets would make a link and braces a place for an argument.
    let hostile: Value = serde_json::from_str(&render(&hostile(), Format::Sarif).unwrap()).unwrap();
    let messages = hostile["runs"][0]["results"].as_array().unwrap().iter();
    let texts: Vec<&str> = messages.map(|result| result["message"]["text"].as_str().unwrap()).collect();
    assert!(texts.iter().any(|text| text.contains(r"\[link\](javascript")), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("{{{{7*7}}}}")), "{texts:?}");
}

#[test]
fn ocsf_has_what_the_class_requires() {
    let audit = small();
    let events: Vec<Value> = serde_json::from_str(&render(&audit, Format::Ocsf).unwrap()).unwrap();
    assert_eq!(events.len(), audit.findings.len());
    for (event, finding) in events.iter().zip(&audit.findings) {
        for place in [
            "/activity_id",
            "/category_uid",
            "/class_uid",
            "/type_uid",
            "/time",
            "/severity_id",
            "/metadata/version",
            "/metadata/product/name",
            "/finding_info/uid",
            "/finding_info/analytic/type_id",
            "/compliance/status_id",
            "/cloud/provider",
            "/remediation/desc",
            "/resources/0/uid",
        ] {
            assert!(event.pointer(place).is_some(), "{place} of {event}");
        }
        assert_eq!((&event["class_uid"], &event["metadata"]["version"]), (&2003.into(), &"1.6.0".into()));
        assert_eq!(event["type_uid"], 200_300 + event["activity_id"].as_u64().unwrap());
        let (status, caption) = match finding.status.word() {
            "PASS" => (1, "Pass"),
            "UNKNOWN" => (2, "Warning"),
            "FAIL" | "EXEMPT" => (3, "Fail"),
            "MANUAL" => (99, "Manual"),
            _ => (99, "Not Applicable"),
        };
        assert_eq!(event["compliance"]["status_id"], status);
        assert_eq!(event["compliance"]["status"], caption);
        assert_eq!(event["status_id"] == 3, finding.exemption.is_some(), "only what is exempt is suppressed");
    }
}

#[test]
fn asff_fits_what_security_hub_takes() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (name, audit) in [("small", small()), ("hostile", hostile())] {
        let text = render(&audit, Format::Asff).unwrap();
        let findings: Vec<Value> = serde_json::from_str(&text).unwrap();
        assert_eq!(findings.len(), audit.findings.len());
        for (entry, finding) in findings.iter().zip(&audit.findings) {
            let (compliance, workflow) = match finding.status.word() {
                "PASS" => ("PASSED", "RESOLVED"),
                "FAIL" => ("FAILED", "NEW"),
                "EXEMPT" => ("FAILED", "SUPPRESSED"),
                "UNKNOWN" => ("WARNING", "NEW"),
                "MANUAL" => ("NOT_AVAILABLE", "NEW"),
                _ => ("NOT_AVAILABLE", "RESOLVED"),
            };
            assert_eq!(
                (&entry["Compliance"]["Status"], &entry["Workflow"]["Status"]),
                (&compliance.into(), &workflow.into())
            );
            for (field, limit) in [("Id", 512), ("Title", 256), ("Description", 1024)] {
                let length = entry[field].as_str().unwrap().chars().count();
                assert!((1..=limit).contains(&length), "{field} has {length}");
            }
        }
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        files.push(file.to_str().unwrap().to_owned());
    }
    // The rest of the format as boto3 and the other implementation know it.
    let Some(moto) = Moto::start() else { return };
    moto.conformance("findings.py", &files.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn a_thousand_users_stay_readable() {
    let audit = large(1000);
    let text = render(&audit, Format::Text).unwrap();
    assert!(text.lines().count() < 170, "{}", text.lines().count());
    assert!(text.contains("… and 140 more; `--format csv` lists all"));
    // GitHub takes comments of 65,536 characters.
    assert!(render(&audit, Format::Markdown).unwrap().len() < 65_536);
    let page = render(&audit, Format::Html).unwrap();
    assert!(page.len() < 2_000_000, "{}", page.len());
    assert!(page.contains("student-0999"), "everybody is on the page");
    let rows = render(&audit, Format::Csv).unwrap().lines().count();
    assert_eq!(rows, audit.findings.len() + 1);
}
