//! Marks in every format: what each says of the same results, and that what students wrote can do nothing in any.

mod fixture;

use std::collections::{BTreeMap, BTreeSet};

use iamlab::grade::points::Points;
use iamlab::grade::result::StudentResult;
use iamlab::grade::roster::{Roster, Student};
use iamlab::grade::rubric::Rubric;
use iamlab::grade::statistics::Statistics;
use iamlab::report::grade::{
    GradesJson, JunitXml, Member, Pseudonyms, grades_csv, gradescope, index_html, student_html,
    student_markdown, student_text,
};
use serde_json::Value;

use fixture::{ada, alike, class, hostile, members, page, shipped, small};

/// Whether a character must not reach a person's screen as it is.
fn acts(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn text(rubric: &Rubric, student: &Student, result: &StudentResult) -> String {
    student_text(rubric, student, result, &|_, text| text.to_owned())
}

fn grades_json(rubric: &Rubric, results: &[&StudentResult]) -> String {
    let mut writer = GradesJson::new(Vec::new(), rubric).unwrap();
    for result in results {
        writer.student(result).unwrap();
    }
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

fn junit(rubric: &Rubric, results: &[&StudentResult]) -> String {
    let mut writer = JunitXml::new(Vec::new(), rubric).unwrap();
    for result in results {
        writer.student(result).unwrap();
    }
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

/// The part of a page that is not style or script: those have files of their own and are looked at in a browser.
fn body(page: &str) -> &str {
    let end = page.find("<script>").unwrap_or(page.len());
    &page[page.find("<body").unwrap()..end]
}

#[test]
fn one_student_as_html() {
    let (student, result) = ada();
    insta::assert_snapshot!(body(&student_html(&small(), &student, &result)));
}

#[test]
fn one_student_as_markdown() {
    let (student, result) = ada();
    insta::assert_snapshot!(student_markdown(&small(), &student, &result));
}

#[test]
fn one_student_as_text() {
    let (student, result) = ada();
    insta::assert_snapshot!(text(&small(), &student, &result));
}

#[test]
fn one_student_for_gradescope() {
    let (_, result) = ada();
    insta::assert_snapshot!(gradescope(&small(), &result));
}

#[test]
fn one_student_as_junit() {
    let (_, result) = ada();
    insta::assert_snapshot!(junit(&small(), &[&result]));
}

#[test]
fn a_class_as_a_page() {
    let rubric = small();
    let (class, alike) = (class(&rubric, 5), alike());
    insta::assert_snapshot!(body(&index_html(&rubric, &page(&members(&class), &alike))));
}

#[test]
fn a_class_as_csv() {
    let rubric = small();
    let class = class(&rubric, 5);
    insta::assert_snapshot!(grades_csv(&rubric, &members(&class)).unwrap().replace("\r\n", "\n"));
}

#[test]
fn text_is_the_same_in_colour() {
    let (student, result) = ada();
    let coloured = student_text(&small(), &student, &result, &|tone, text| {
        format!("\x1b[{}m{text}\x1b[0m", tone as u8 + 30)
    });
    let bare: String = coloured
        .split('\x1b')
        .map(|piece| match piece.strip_prefix('[') {
            Some(rest) => rest.split_once('m').map_or("", |(_, text)| text),
            None => piece,
        })
        .collect();
    let bare: String = bare.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    assert_eq!(bare, text(&small(), &student, &result));
}

#[test]
fn a_marker_s_hint_reaches_no_student() {
    let rubric = small();
    let (student, result) = ada();
    for written in [
        student_html(&rubric, &student, &result),
        student_markdown(&rubric, &student, &result),
        text(&rubric, &student, &result),
        gradescope(&rubric, &result),
        junit(&rubric, &[&result]),
        grades_json(&rubric, &[&result]),
    ] {
        assert!(
            !written.contains("secret to markers") && !written.contains("one finding per user"),
            "{written}"
        );
    }
}

#[test]
fn somebody_out_of_reach_has_no_score_and_is_not_told_what_the_instructor_does() {
    let rubric = small();
    let (student, _) = ada();
    let problem =
        "there is no `w/bundles/ada.json` for arn:aws:iam::999988887777:user/prof; go on with `--resume`";
    let result = iamlab::grade::mark::unreachable(&rubric, "s001", "", problem, &BTreeMap::new());
    for written in [
        student_html(&rubric, &student, &result),
        student_markdown(&rubric, &student, &result),
        text(&rubric, &student, &result),
        gradescope(&rubric, &result),
    ] {
        for word in ["bundles", "999988887777", "prof", "resume"] {
            assert!(!written.contains(word), "{word} in {written}");
        }
        assert!(written.contains("the instructor knows why"), "{written}");
        assert!(written.contains('–') && !written.contains("0 of"), "{written}");
        assert!(!written.contains("<b>0</b>"), "{written}");
    }
    let row = result.row();
    let table = grades_csv(&rubric, &[Member { student: &student, row: &row }]).unwrap();
    let cells: Vec<&str> = table.lines().nth(1).unwrap().split(',').collect();
    assert_eq!(cells[4..9], ["unreachable", "", "10", "", ""], "{table}");
    assert_eq!(cells[11..14], ["", "", ""], "{table}");
    for written in [grades_json(&rubric, &[&result]), junit(&rubric, &[&result])] {
        assert!(written.contains("bundles/ada.json"), "the instructor is told: {written}");
    }
}

/// What a page's markup is made of: tags with their attributes, in order.
fn tags(page: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let mut found = Vec::new();
    for piece in page.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').unwrap();
        let mut parts = tag.split('"');
        let head = parts.next().unwrap();
        let mut words = head.split_whitespace();
        let name = words.next().unwrap().to_owned();
        let mut attributes: BTreeMap<String, String> = BTreeMap::new();
        let mut bare: Vec<&str> = words.collect();
        while let Some(value) = parts.next() {
            let key = bare.pop().unwrap().strip_suffix('=').unwrap();
            assert!(
                attributes.insert(key.to_owned(), value.to_owned()).is_none(),
                "<{tag}> says {key} twice"
            );
            attributes.extend(bare.drain(..).map(|word| (word.to_owned(), String::new())));
            bare = parts.next().unwrap_or_default().split_whitespace().collect();
        }
        attributes.extend(bare.iter().map(|word| ((*word).to_owned(), String::new())));
        found.push((name, attributes));
    }
    found
}

/// Looks at a page as a browser, a screen reader and an attacker would.
fn inspect(page: &str) {
    assert_eq!(page.chars().find(|c| acts(*c)), None);
    let policy = page.split("content=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let (head, rest) = page.split_once("<style>").unwrap();
    let (_, rest) = rest.split_once("</style>").unwrap();
    let bare = match rest.split_once("<script>") {
        Some((before, after)) => format!("{head}{before}{}", after.split_once("</script>").unwrap().1),
        None => format!("{head}{rest}"),
    };
    assert_eq!(page.contains("<script>"), policy.contains("script-src 'sha256-"), "no script runs unasked");
    let all = tags(&bare);
    let void = ["!doctype", "meta", "input", "br", "rect"];
    let ours: BTreeSet<&str> = "a article b badge body br button caption code dd details div dl dt form h1 h2 h3 head \
        header html input label li main meta nav ol option p rect section select span summary svg table tbody td text th \
        thead title tr ul !doctype"
        .split_whitespace()
        .collect();
    let mut open: Vec<&str> = Vec::new();
    let (mut ids, mut level) = (BTreeSet::new(), 0);
    for (at, (name, attributes)) in all.iter().enumerate() {
        if let Some(name) = name.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "tags are balanced");
            continue;
        }
        let name = name.trim_end_matches('/');
        assert!(ours.contains(name), "<{name}>");
        assert!(!attributes.keys().any(|key| key.starts_with("on") || key == "style"), "{attributes:?}");
        if let Some(id) = attributes.get("id") {
            assert!(ids.insert(id.clone()), "the id {id} is there twice");
        }
        for key in ["href", "src"] {
            let address = attributes.get(key).map_or("#", String::as_str);
            assert!(address.starts_with('#') || address.starts_with("students/"), "{address}");
            assert!(address.split('/').all(|part| part != ".."), "{address}");
        }
        match name {
            "table" => assert_eq!(all[at + 1].0, "caption", "a table has a caption"),
            "th" => assert!(attributes.contains_key("scope"), "a heading of a table says of what"),
            "input" | "select" => assert!(open.contains(&"label"), "a field has a label"),
            "svg" => {
                let is_told = attributes.contains_key("aria-label") || attributes.contains_key("aria-hidden");
                assert!(is_told, "a picture is described, or passed over");
            }
            "h1" | "h2" | "h3" => {
                let now: u8 = name[1..].parse().unwrap();
                assert!(now <= level + 1, "headings go down a step at a time");
                level = now;
            }
            "html" => assert_eq!(attributes["lang"], "en"),
            _ => {}
        }
        let is_drawn = attributes.contains_key("/") || name == "rect";
        if !void.contains(&name) && !is_drawn {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    for (_, attributes) in &all {
        for key in ["aria-labelledby", "href"] {
            let target = attributes.get(key).map(|target| target.trim_start_matches('#'));
            let is_here =
                key == "aria-labelledby" || attributes.get(key).is_some_and(|to| to.starts_with('#'));
            assert!(!is_here || target.is_none_or(|target| ids.contains(target)), "{target:?} is nowhere");
        }
    }
    assert_eq!(all.iter().filter(|(name, _)| name == "main").count(), 1);
    assert_eq!(all.iter().filter(|(name, _)| name == "h1").count(), 1);
}

#[test]
fn pages_are_well_formed_and_can_be_read_by_everybody() {
    let (student, result) = ada();
    inspect(&student_html(&small(), &student, &result));
    let rubric = shipped();
    let class = class(&rubric, 60);
    inspect(&index_html(&rubric, &page(&members(&class), &alike())));
    inspect(&index_html(&rubric, &page(&[], &[])));
}

#[test]
fn nothing_that_a_student_writes_acts_in_a_page() {
    let rubric = small();
    let (student, result) = hostile(&rubric);
    let written = student_html(&rubric, &student, &result);
    inspect(&written);
    assert!(written.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "it is shown");
    assert!(written.len() < 500_000, "a long text is cut: {}", written.len());
    let mut row = result.row();
    for id in ["h001", "../../etc", "a\" onclick=\"x", "javascript:alert(1)", ".."] {
        row.id = id.to_owned();
        let member = [Member { student: &student, row: &row }];
        let mut hint = alike();
        hint[0].students.push(id.to_owned());
        hint[0].evidence.push(result.access[0].clone());
        hint[0].what.clone_from(&result.access[0]);
        let written = index_html(&rubric, &page(&member, &hint));
        inspect(&written);
        assert!(written.len() < 100_000, "{}", written.len());
    }
}

#[test]
fn nothing_that_a_student_writes_acts_in_texts() {
    let rubric = small();
    let (student, result) = hostile(&rubric);
    let terminal = text(&rubric, &student, &result);
    assert_eq!(terminal.chars().find(|c| acts(*c)), None);
    assert!(terminal.len() < 100_000, "{}", terminal.len());
    assert!(terminal.contains(r"esc\u{1b}[2J"), "it is shown");

    let markdown = student_markdown(&rubric, &student, &result);
    assert_eq!(markdown.chars().find(|c| acts(*c)), None);
    assert!(markdown.len() < 500_000, "{}", markdown.len());
    let outside: String = markdown
        .lines()
        .map(|line| {
            let mut line = line.to_owned();
            while let Some(at) = line.find('\\') {
                let next = line[at + 1..].chars().next().map_or(1, char::len_utf8);
                line.replace_range(at..(at + 1 + next).min(line.len()), "");
            }
            line.split('`').step_by(2).collect::<String>() + "\n"
        })
        .collect();
    for live in ["<script", "<img", "](javascript", "https://", "@somebody", "\n# heading", "**b**"] {
        assert!(!outside.contains(live), "{live} in {outside}");
    }
    for line in outside.lines().filter(|line| line.starts_with('|')) {
        assert_eq!(line.matches('|').count(), 5, "{line}");
    }

    let table = grades_csv(&rubric, &[Member { student: &student, row: &result.row() }]).unwrap();
    assert!(!table.replace("\r\n", "").contains(|c| acts(c) || c == '\n'), "a row is a line");
    assert!(table.len() < 2_000, "{}", table.len());
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!((rows.len(), rows[0].len()), (1, 15));
    for cell in &rows[0] {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
    }
}

#[test]
fn nothing_that_a_student_writes_breaks_a_program() {
    use quick_xml::Reader;
    use quick_xml::events::Event;
    let rubric = small();
    let (_, result) = hostile(&rubric);
    let document = junit(&rubric, &[&result, &ada().1]);
    assert!(document.len() < 300_000, "{}", document.len());
    assert!(!document.contains(['\0', '\u{8}', '\u{fffe}']), "no character that XML cannot hold");
    let mut reader = Reader::from_str(&document);
    let (mut cases, mut elements) = (0, BTreeSet::new());
    loop {
        let element = match reader.read_event().unwrap() {
            Event::Start(element) | Event::Empty(element) => element,
            Event::Eof => break,
            _ => continue,
        };
        let name = String::from_utf8(element.name().as_ref().to_vec()).unwrap();
        for attribute in element.attributes() {
            _ = attribute.unwrap().unescape_value().unwrap();
        }
        cases += usize::from(name == "testcase");
        elements.insert(name);
    }
    let ours =
        ["failure", "properties", "property", "skipped", "system-err", "testcase", "testsuite", "testsuites"];
    assert_eq!(elements.into_iter().collect::<Vec<_>>(), ours);
    assert_eq!(cases, 10);

    for document in [grades_json(&rubric, &[&result]), gradescope(&rubric, &result)] {
        assert!(document.len() < 300_000, "{}", document.len());
        let _: Value = serde_json::from_str(&document).unwrap();
    }
    let shown = gradescope(&rubric, &result);
    assert!(
        !shown.contains("\\u001b") && !shown.contains('\u{202e}'),
        "an instructor's page shows no controls"
    );
}

#[test]
fn grades_json_is_the_contract_s() {
    let rubric = small();
    let (_, result) = ada();
    let document: Value = serde_json::from_str(&grades_json(&rubric, &[&result, &result])).unwrap();
    assert_eq!((&document["format_version"], &document["rubric"]), (&1.into(), &"small-lab".into()));
    let students = document["students"].as_array().unwrap();
    assert_eq!(students.len(), 2);
    let student = &students[0];
    for key in ["id", "account", "state", "score", "max", "tasks"] {
        assert!(!student[key].is_null(), "{key}");
    }
    assert_eq!(
        (&student["score"], &student["max"], &student["state"]),
        (&1.8.into(), &10.into(), &"pending".into())
    );
    assert!(student.get("fingerprint").is_none());
    for task in student["tasks"].as_array().unwrap() {
        assert!(task["id"].is_string() && task["score"].is_number() && task["max"].is_number(), "{task}");
        for criterion in task["criteria"].as_array().unwrap() {
            for key in ["id", "points", "earned", "status", "message", "evidence"] {
                assert!(!criterion[key].is_null(), "{key} of {criterion}");
            }
        }
    }
    let empty: Value = serde_json::from_str(&grades_json(&rubric, &[])).unwrap();
    assert_eq!(empty["students"], Value::Array(vec![]));
}

#[test]
fn gradescope_s_file_is_as_specified() {
    let (rubric, words) = (small(), ["hidden", "after_due_date", "after_published", "visible"]);
    let (_, mut result) = ada();
    for is_final in [false, true] {
        if is_final {
            (result.manual_open, result.unknown) = (Points::ZERO, Points::ZERO);
            result.state = iamlab::grade::result::State::Graded;
        }
        let file: Value = serde_json::from_str(&gradescope(&rubric, &result)).unwrap();
        assert_eq!(file["score"], 1.8, "being late counts");
        assert_eq!(file["visibility"], if is_final { "visible" } else { "after_published" });
        let known = [
            "score",
            "output",
            "output_format",
            "test_output_format",
            "test_name_format",
            "visibility",
            "stdout_visibility",
            "extra_data",
            "tests",
        ];
        assert!(file.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())));
        let tests = file["tests"].as_array().unwrap();
        assert_eq!(tests.len(), 5);
        for test in tests {
            assert!(words.contains(&test["visibility"].as_str().unwrap()));
            assert_eq!(test.get("score").is_some(), test.get("status").is_some(), "{test}");
            assert_eq!((&test["output_format"], &test["name_format"]), (&"text".into(), &"text".into()));
        }
        let of = |number: &str| tests.iter().find(|test| test["number"] == number).unwrap();
        assert_eq!((&of("1.1")["score"], &of("1.1")["status"]), (&0.5.into(), &"failed".into()));
        assert_eq!(of("2.1")["visibility"], "after_published", "the rubric hides it until then");
        assert_eq!((of("2.2").get("score"), of("3.1").get("score")), (None, None), "nobody has decided");
    }
}

#[test]
fn the_page_of_a_class_has_the_mean_that_the_command_tells() {
    let rubric = shipped();
    let class = class(&rubric, 60);
    let statistics = Statistics::of(class.iter().map(|(_, row)| row));
    assert!(statistics.counts.pending > 0, "a pending student would pull the mean");
    let page = index_html(&rubric, &page(&members(&class), &alike()));
    for (words, points) in [("mean", statistics.mean), ("median", statistics.median)] {
        let figure = format!("<dt>{words} of the graded</dt><dd>{}</dd>", points.unwrap());
        assert!(page.contains(&figure), "{figure}");
    }
}

#[test]
fn a_large_class_stays_small_and_is_written_at_once() {
    let rubric = shipped();
    let sizes: Vec<usize> = [300, 5000]
        .into_iter()
        .map(|size| {
            let class = class(&rubric, size);
            index_html(&rubric, &page(&members(&class), &alike())).len()
        })
        .collect();
    assert!(sizes[0] < 400_000, "{sizes:?}");
    assert!(sizes[1] < sizes[0] * 17, "the page grows with the class and no faster: {sizes:?}");
}

#[test]
fn a_pseudonymised_copy_names_nobody_in_any_format() {
    let rubric = small();
    let (student, mut result) = ada();
    result.tasks[0].criteria[1].evidence.push("key AKIAIOSFODNN7EXAMPLE of ada.lovelace, s001-role".into());
    let class = Roster { students: vec![student.clone()] };
    let codes = Pseudonyms::new(b"a key", &class, &rubric);
    let (masked, masked_student) = (codes.result(&student, &result), codes.student(&student));
    let row = codes.row(&student, &result.row());
    assert_eq!(masked.row(), row, "a row of the copy is the copy of the row");
    let code = codes.code("s001");
    let member = [Member { student: &masked_student, row: &row }];
    for written in [
        student_html(&rubric, &masked_student, &masked),
        student_markdown(&rubric, &masked_student, &masked),
        text(&rubric, &masked_student, &masked),
        grades_json(&rubric, &[&masked]),
        junit(&rubric, &[&masked]),
        grades_csv(&rubric, &member).unwrap(),
        index_html(&rubric, &page(&member, &[codes.alike(&alike()[0])])),
    ] {
        assert!(written.contains(&code));
        let lower = written.to_lowercase();
        for told in ["s001", "ada", "lovelace", "example.edu", "111122223333", "akiaiosfodnn7example"] {
            let words = lower.split(|c: char| !c.is_alphanumeric());
            let is_there =
                words.into_iter().any(|word| word == told) || (told.len() > 4 && lower.contains(told));
            assert!(!is_there, "{told} in {written}");
        }
    }
    assert_eq!(masked.score, result.score);
}
