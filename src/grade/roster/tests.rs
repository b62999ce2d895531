use super::*;

fn parse(text: &str) -> Result<Roster, Vec<Diagnostic>> {
    Roster::parse(&SourceFile::new("roster.csv", text))
}

fn ids(text: &str) -> Vec<(&'static str, Option<String>)> {
    parse(text).unwrap_err().iter().map(|found| (found.id, found.location())).collect()
}

#[test]
fn columns_are_found_by_name_whatever_separates_them() {
    let expected = Student {
        id: "s001".into(),
        name: Some("Müller, Zoë".into()),
        account: Some("012345678901".into()),
        role_arn: Some("arn:aws:iam::012345678901:role/path/iamlab-grader".into()),
        bundle: Some(PathBuf::from("bundles/s001.json")),
        extension_days: 3,
        ..Student::default()
    };
    let role = "arn:aws:iam::012345678901:role/path/iamlab-grader";
    for (start, separator) in [("", ","), ("\u{feff}", ";"), ("", "\t"), ("\u{feff}sep=;\r\n", ";")] {
        let header = ["Group", "NAME", "Account ID", "id", "extension", "role_arn", "bundle"].join(separator);
        let cells = ["7", "\"Müller, Zoë\"", "0123-4567-8901", " s001 ", "3", role, "bundles/s001.json"]
            .join(separator);
        let empty = separator.repeat(6);
        let text = format!("{start}{header}\r\n{empty}\r\n{cells}\r\n\r\n");
        assert_eq!(parse(&text).unwrap().students, std::slice::from_ref(&expected), "{text:?}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_with_their_places() {
    let text = "id,account_id,role_arn,extension,external_id\n\
                s1,123456789012,,,\n\
                S1,,,,\n\
                ,123456789012,,,\n\
                ../x,,,,\n\
                ..,,,,\n\
                con.x,,,,\n\
                s2,1.23457E+11,,,\n\
                s3,12345678901,,,\n\
                s4,12345678901x,,,\n\
                s5,,arn:aws:iam::123456789012:user/me,,\n\
                s6,,arn:aws:sts::123456789012:assumed-role/r/s,,\n\
                s7,210987654321,arn:aws:iam::123456789012:role/r,,\n\
                s8,,,-1,\n\
                s9,,,,half a key\n\
                s10,,,,,,more\n";
    assert_eq!(
        ids(text),
        [
            ("same-id", 3),
            ("no-id", 4),
            ("bad-id", 5),
            ("bad-id", 6),
            ("bad-id", 7),
            ("bad-account", 8),
            ("bad-account", 9),
            ("bad-account", 10),
            ("bad-role", 11),
            ("bad-role", 12),
            ("other-account", 13),
            ("bad-extension", 14),
            ("bad-external-id", 15),
            ("too-many-cells", 16),
        ]
        .map(|(id, line)| (
            id,
            Some(match id {
                "bad-account" => format!("roster.csv:{line}:4"),
                "bad-role" => format!("roster.csv:{line}:5"),
                "other-account" => format!("roster.csv:{line}:17"),
                "bad-extension" => format!("roster.csv:{line}:6"),
                "bad-external-id" => format!("roster.csv:{line}:7"),
                _ => format!("roster.csv:{line}:1"),
            })
        ))
    );
    let found = parse(text).unwrap_err();
    let help = |line: usize| {
        let at = format!("roster.csv:{line}:");
        let one = found.iter().find(|one| one.location().is_some_and(|place| place.starts_with(&at)));
        one.and_then(|one| one.help.clone()).unwrap_or_default()
    };
    assert!(help(8).contains("took it for a number"), "{}", help(8));
    assert!(help(9).contains("leading zero"), "{}", help(9));
    assert!(help(11).contains("only a role"), "{}", help(11));
    assert!(help(12).contains("session of a role"), "{}", help(12));
    let external = found.iter().find(|one| one.id == "bad-external-id").unwrap();
    assert!(!external.message.contains("half a key"));
}

#[test]
fn a_file_that_is_no_roster_is_refused_with_the_reason() {
    assert_eq!(ids("")[0].0, "empty-file");
    assert_eq!(ids("\u{feff}\r\n")[0].0, "empty-file");
    assert_eq!(ids("student,name\ns1,Ada\n")[0].0, "no-id-column");
    assert_eq!(ids("id,name,ID\ns1,Ada,s1\n")[0].0, "same-column");
    assert_eq!(ids("id,name\n")[0].0, "no-student");
    assert_eq!(ids("id,name\ns1,\"Ada\ns2,Bob\n")[0].0, "open-quote");
}

#[test]
fn a_name_may_be_anything_and_no_longer_than_a_name() {
    let hostile = "=cmd|' /C calc'!A0\u{1b}[2J\nx";
    let text = format!("id,name\ns1,\"{hostile}\"\ns2,{}\n", "é".repeat(5 << 20));
    let roster = parse(&text).unwrap();
    assert_eq!(roster.students[0].name.as_deref(), Some(hostile));
    assert_eq!(roster.students[1].name.as_deref().map(|name| name.chars().count()), Some(LONGEST_NAME));
    let long = format!("id,account_id\n{},{}\n", "x".repeat(5 << 20), "1".repeat(5 << 20));
    let told = parse(&long).unwrap_err();
    assert!(told.iter().all(|one| one.message.len() < 200), "{}", told.len());
    assert!(crate::source::render(&told, false).len() < 10_000);
}

#[test]
fn students_may_share_an_account() {
    let text = "id,account_id\na,123456789012\nb,123456789012\n";
    assert_eq!(parse(text).unwrap().students.len(), 2);
    assert_eq!(parse(text).unwrap().find("B").map(|student| student.id.as_str()), Some("b"));
}
