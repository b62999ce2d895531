//! Canvas's gradebook: the instructor exports it, one assignment's column is filled, the file is imported again.
//!
//! The form, as Canvas writes it in its [`lib/gradebook_exporter.rb`][export], reads it in its
//! [`lib/gradebook_importer.rb`][import] and describes it in the instructor guide, "How do I import grades in the
//! Gradebook?":
//!
//! - The header is `Student` (or `LastName,FirstName`), `ID`, `SIS User ID`, `SIS Login ID`, perhaps `Integration ID`
//!   and `Root Account`, `Section`, columns of the course's own, then `NAME (ID)` for each assignment. A name without
//!   its number would make a new assignment.
//! - Perhaps a row of `Manual Posting`; then a row that begins with `    Points Possible` and marks what cannot be
//!   imported with `(read only)`.
//! - A score overwrites what is there. `EX` is excused and `N/A` not assigned: both are left. The test student,
//!   `Student, Test`, is nobody's.
//! - Commas or, by the instructor's language, semicolons; the import takes a decimal point with both.
//!
//! [export]: https://github.com/instructure/canvas-lms/blob/master/lib/gradebook_exporter.rb
//! [import]: https://github.com/instructure/canvas-lms/blob/master/lib/gradebook_importer.rb

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::cells::Table;
use super::people::{People, Person, shown};
use super::{FillError, Filled, Left, Marks, number, provisional};
use crate::grade::points::Points;
use crate::grade::result::Row;
use crate::grade::roster::Roster;
use crate::grade::rubric::Rubric;

/// Fills one assignment's column of an exported gradebook; every other byte stays. `column` is the assignment's name,
/// its number or both as the header has it; without it, the assignment of the rubric's title or the only one.
///
/// # Errors
///
/// The file is no export of Canvas's, or which column is meant cannot be told.
pub fn fill(
    exported: &[u8],
    column: Option<&str>,
    rubric: &Rubric,
    rows: &[Row],
    roster: &Roster,
    marks: Marks,
) -> Result<Filled, Vec<FillError>> {
    let table = Table::scan(exported).map_err(|error| vec![error])?;
    let form = Form::of(&table)?;
    let assignment = form.assignment(column, rubric)?;
    let persons = form.persons(roster);
    let People { found, mut left } = People::find(&persons, rows, roster, marks);
    let mut texts = BTreeMap::new();
    let mut waiting = 0;
    for (at, mark) in found {
        let why = match table.text(at, assignment.column).as_deref().map(str::trim) {
            None => "the row ends before the assignment's column",
            Some(cell) if cell.eq_ignore_ascii_case("EX") => "is excused from the assignment",
            Some(cell) if cell.eq_ignore_ascii_case("N/A") => "is not assigned to it",
            Some(_) => {
                _ = texts.insert((at, assignment.column), mark.score.to_string());
                waiting += usize::from(!mark.is_final());
                continue;
            }
        };
        left.push(Left { student: mark.id.clone(), why: why.to_owned() });
    }
    let warnings = assignment.worth.filter(|worth| *worth != rubric.max()).map(|worth| {
        format!(
            "`{}` is worth {worth} points in Canvas and {} in the rubric",
            shown(&assignment.header),
            rubric.max()
        )
    });
    Ok(Filled {
        bytes: table.replaced(&texts),
        filled: texts.len(),
        left,
        warnings: warnings.into_iter().chain(provisional(waiting)).collect(),
    })
}

/// What the file's columns and first rows are.
struct Form<'t, 'a> {
    table: &'t Table<'a>,
    header: Vec<Cow<'a, str>>,
    /// The row that begins with `Points Possible`.
    worth: Option<usize>,
}

/// An assignment's column.
struct Assignment {
    column: usize,
    header: String,
    worth: Option<Points>,
}

/// Columns that Canvas computes, at the end of their names or before a grading period.
const COMPUTED: [&str; 9] = [
    "Current Score",
    "Current Points",
    "Current Grade",
    "Final Score",
    "Final Points",
    "Final Grade",
    "Override Score",
    "Override Grade",
    "Override Status",
];

impl<'t, 'a> Form<'t, 'a> {
    fn of(table: &'t Table<'a>) -> Result<Self, Vec<FillError>> {
        let header = table.texts(0);
        let has = |name: &str| header.iter().any(|cell| cell.trim() == name);
        if !(has("Student") || has("LastName")) || !has("ID") || !has("Section") {
            let why = "it is no gradebook of Canvas: its first line has no `Student`, `ID` and `Section`; export it \
                       under Grades, Export, Export Entire Gradebook, in English";
            return Err(vec![FillError::NotExported(why.to_owned())]);
        }
        let worth = (1..table.len().min(4))
            .find(|row| table.text(*row, 0).is_some_and(|cell| cell.trim() == "Points Possible"));
        Ok(Self { table, header, worth })
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|cell| cell.trim() == name)
    }

    /// Finds the column that is to be filled.
    fn assignment(&self, wanted: Option<&str>, rubric: &Rubric) -> Result<Assignment, Vec<FillError>> {
        let after = self.column("Section").unwrap_or_default();
        let columns = self.header.iter().enumerate().skip(after + 1);
        let all: Vec<(usize, &str, &str)> =
            columns.filter_map(|(at, cell)| titled(cell).map(|(name, id)| (at, name, id))).collect();
        let by = |text: &str| -> Vec<usize> {
            let text = text.trim();
            let exact = |header: &str, name: &str, id: &str| header == text || name == text || id == text;
            let loose = |name: &str| name.to_lowercase() == text.to_lowercase();
            let found = |fits: &dyn Fn(&str, &str, &str) -> bool| -> Vec<usize> {
                let header = |at: usize| self.header.get(at).map_or("", |cell| cell.trim());
                all.iter().filter(|(at, name, id)| fits(header(*at), name, id)).map(|(at, ..)| *at).collect()
            };
            let exactly = found(&exact);
            if exactly.is_empty() { found(&|_, name, _| loose(name)) } else { exactly }
        };
        let found = match wanted {
            Some(text) => by(text),
            None => match by(&rubric.title) {
                none if none.is_empty() => all.iter().map(|(at, ..)| *at).collect(),
                some => some,
            },
        };
        let refuse = |why: String| Err(vec![FillError::Column(why)]);
        let named = |columns: &mut dyn Iterator<Item = usize>| -> String {
            let names = columns.take(12).filter_map(|at| self.header.get(at));
            names.map(|name| format!("`{}`", shown(name))).collect::<Vec<_>>().join(", ")
        };
        let column = match (found.as_slice(), wanted) {
            ([one], _) => *one,
            ([], Some(text)) => {
                let all = named(&mut all.iter().map(|(at, ..)| *at));
                return refuse(format!("no assignment of the gradebook is `{}`; it has {all}", shown(text)));
            }
            ([], None) => {
                return refuse("the gradebook has no assignment; make it in Canvas first".to_owned());
            }
            (many, _) => {
                let many = named(&mut many.iter().copied());
                return refuse(format!("which assignment is meant cannot be told: name one of {many}"));
            }
        };
        let worth = self.worth.and_then(|row| self.table.text(row, column));
        if worth.as_deref().is_some_and(|cell| cell.contains("read only")) {
            return refuse(format!("Canvas marks {} as read only", named(&mut std::iter::once(column))));
        }
        let header = self.header.get(column).map(|cell| cell.trim().to_owned()).unwrap_or_default();
        Ok(Assignment { column, header, worth: worth.as_deref().and_then(number) })
    }

    /// Lists the rows of students.
    fn persons(&self, roster: &Roster) -> Vec<Person> {
        let sis = [self.column("SIS User ID"), self.column("SIS Login ID"), self.column("Integration ID")];
        let sis: Vec<usize> = sis.into_iter().flatten().collect();
        let rows: Vec<usize> = (1..self.table.len()).filter(|row| self.is_student(*row)).collect();
        let known: std::collections::BTreeSet<String> =
            roster.students.iter().map(|student| student.id.to_lowercase()).collect();
        let cell = |row: usize, column: usize| {
            self.table.text(row, column).map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty())
        };
        // Canvas's own numbers are somebody else's registration numbers; they count only where no other id does.
        let is_known = |row: &usize| {
            sis.iter().filter_map(|at| cell(*row, *at)).any(|id| known.contains(&id.to_lowercase()))
        };
        let own_number = if rows.iter().any(is_known) { None } else { self.column("ID") };
        let person = |row: usize| Person {
            row,
            name: cell(row, 0).unwrap_or_default(),
            ids: sis.iter().copied().chain(own_number).filter_map(|at| cell(row, at)).collect(),
            emails: sis.iter().filter_map(|at| cell(row, *at)).filter(|id| id.contains('@')).collect(),
        };
        rows.into_iter().map(person).collect()
    }

    fn is_student(&self, row: usize) -> bool {
        let posting = |cell: &str| {
            let cell = cell.trim();
            cell.is_empty() || cell == "Muted" || cell.starts_with("Manual Posting")
        };
        let cells = self.table.texts(row);
        let name = cells.first().map_or("", |cell| cell.trim());
        let second = cells.get(1).map_or("", |cell| cell.trim());
        let is_test = match self.column("LastName") {
            Some(_) => name == "Student" && second == "Test",
            None => name == "Student, Test",
        };
        Some(row) != self.worth && !is_test && !cells.iter().all(|cell| posting(cell))
    }
}

/// Takes an assignment's header apart: `Lab 1 (123)`; nothing for other columns.
fn titled(header: &str) -> Option<(&str, &str)> {
    let (name, id) = header.trim().strip_suffix(')')?.rsplit_once('(')?;
    let is_number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    let name = name.trim();
    let is_computed = COMPUTED.iter().any(|computed| name.ends_with(computed));
    (is_number && !is_computed).then_some((name, id))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Mark, roster, rows, rubric};
    use super::*;

    const EXPORT: &str = "\u{feff}Student,ID,SIS User ID,SIS Login ID,Section,Notes,Lab 1 (11),IAM Lab (12),Assignments Current Score,Final Score\r\n\
        ,,,,,,,Manual Posting,,\r\n\
        \"    Points Possible\",,,,,,10.00,100.00,(read only),(read only)\r\n\
        \"Lovelace, Ada\",501,s001,ada@example.edu,D1,\"a, b\",9,,90.0,90.0\r\n\
        \"Turing, Alan\",502,s002,alan,D1,,9,\"12\",90.0,90.0\r\n\
        \"Hopper, Grace\",503,s003,grace,D1,,9,EX,90.0,90.0\r\n\
        \"Student, Test\",599,,0ab,D1,,,,,\r\n";

    #[test]
    fn one_column_is_filled_and_the_rest_stays() {
        let marks =
            rows(&[("s001", Mark::Final(8750)), ("s002", Mark::Final(6000)), ("s003", Mark::Final(1))]);
        let class = roster(&[("s001", ""), ("s002", ""), ("s003", "")]);
        let filled =
            fill(EXPORT.as_bytes(), Some("IAM Lab"), &rubric(100), &marks, &class, Marks::Final).unwrap();
        let text = String::from_utf8(filled.bytes).unwrap();
        let expected = EXPORT.replace("9,,90.0", "9,87.5,90.0").replace("\"12\"", "\"60\"");
        assert_eq!(text, expected);
        assert_eq!(filled.filled, 2);
        assert_eq!(
            filled.left,
            [Left { student: "s003".into(), why: "is excused from the assignment".into() }]
        );
        assert!(filled.warnings.is_empty());
    }

    #[test]
    fn the_column_is_never_guessed() {
        let marks = rows(&[("s001", Mark::Final(100))]);
        let class = roster(&[("s001", "")]);
        let why = |wanted: Option<&str>| match fill(
            EXPORT.as_bytes(),
            wanted,
            &rubric(100),
            &marks,
            &class,
            Marks::Final,
        ) {
            Ok(_) => "filled".to_owned(),
            Err(errors) => errors[0].to_string(),
        };
        assert_eq!(why(Some("12")), "filled");
        assert_eq!(why(Some("iam lab")), "filled");
        assert_eq!(why(Some("IAM Lab (12)")), "filled");
        assert_eq!(
            why(None),
            "which assignment is meant cannot be told: name one of `Lab 1 (11)`, `IAM Lab (12)`"
        );
        assert_eq!(
            why(Some("Lab 2")),
            "no assignment of the gradebook is `Lab 2`; it has `Lab 1 (11)`, `IAM Lab (12)`"
        );
        assert!(
            why(Some("Final Score")).starts_with("no assignment"),
            "what Canvas computes is no assignment"
        );
        let one = EXPORT.replace("Lab 1 (11)", "Theme (1)").replace("IAM Lab (12)", "A rubric (3)");
        assert!(
            fill(one.as_bytes(), None, &rubric(100), &marks, &class, Marks::Final).is_ok(),
            "by the rubric's title"
        );
        let twice = EXPORT.replace("Lab 1 (11)", "IAM Lab (11)");
        assert!(fill(twice.as_bytes(), Some("IAM Lab"), &rubric(100), &marks, &class, Marks::Final).is_err());
        let locked = EXPORT.replace("100.00", "100.00 (read only)");
        assert!(fill(locked.as_bytes(), Some("12"), &rubric(100), &marks, &class, Marks::Final).is_err());
        assert!(fill(b"a,b\n1,2\n", None, &rubric(100), &marks, &class, Marks::Final).is_err());
    }

    #[test]
    fn students_are_never_guessed() {
        let marks = rows(&[
            ("s001", Mark::Final(100)),
            ("s002", Mark::Manual),
            ("s009", Mark::Final(100)),
            ("ada", Mark::Final(100)),
            ("grace", Mark::Pending),
        ]);
        // Ada is on the roster twice; Alan's id and address are two people's.
        let class = roster(&[
            ("s001", ""),
            ("ada", "ada@example.edu"),
            ("s002", ""),
            ("s008", ""),
            ("s009", ""),
            ("grace", ""),
        ]);
        let filled = fill(EXPORT.as_bytes(), Some("12"), &rubric(50), &marks, &class, Marks::Final).unwrap();
        assert_eq!(filled.bytes, EXPORT.as_bytes());
        let left: Vec<String> =
            filled.left.iter().map(|left| format!("{} {}", left.student, left.why)).collect();
        assert_eq!(
            left,
            [
                "s001 fits the same row of the gradebook as `ada`",
                "ada fits the same row of the gradebook as `s001`",
                "s002 5 points wait for a person",
                "s008 is in no row of the gradebook, by id or e-mail address",
                "s009 is in no row of the gradebook, by id or e-mail address",
                "grace is pending: 3 points could not be looked at",
            ]
        );
        assert_eq!(filled.warnings, ["`IAM Lab (12)` is worth 100 points in Canvas and 50 in the rubric"]);
        let two = roster(&[("s001", "alan")]);
        let filled = fill(
            EXPORT.replace("alan", "alan@x.y").as_bytes(),
            Some("12"),
            &rubric(100),
            &marks,
            &two,
            Marks::Final,
        );
        assert!(filled.unwrap().left.iter().any(|left| left.why.contains("is in the gradebook and not")));
    }

    #[test]
    fn a_canvas_number_is_no_registration_number() {
        // 501 is Ada's number in Canvas and somebody else's registration number.
        let marks = rows(&[("501", Mark::Final(100)), ("s002", Mark::Final(200))]);
        let class = roster(&[("501", ""), ("s002", "")]);
        let filled = fill(EXPORT.as_bytes(), Some("12"), &rubric(100), &marks, &class, Marks::Final).unwrap();
        assert_eq!(filled.filled, 1);
        let only = rows(&[("501", Mark::Final(100))]);
        let filled =
            fill(EXPORT.as_bytes(), Some("12"), &rubric(100), &only, &roster(&[("501", "")]), Marks::Final)
                .unwrap();
        assert!(String::from_utf8(filled.bytes).unwrap().contains("9,1,90.0"));
    }

    proptest::proptest! {
        #[test]
        fn nothing_but_the_column_changes(
            cells in proptest::collection::vec((proptest::sample::select(&CELLS[..]), proptest::sample::select(&CELLS[..])), 0..8),
            semicolons: bool, end in proptest::sample::select(&["\n", "\r\n"][..]), last: bool, mark: bool,
        ) {
            let sep = if semicolons { ";" } else { "," };
            let mut text = String::from(if mark { "\u{feff}" } else { "" });
            text += &["Student", "ID", "SIS Login ID", "Section", "Lab (7)", "Notes"].join(sep);
            text += end;
            text += &["    Points Possible", "", "", "", "100", ""].join(sep);
            let quoted = |cell: &str| if cell.contains([',', ';', '"', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() };
            for (at, (old, note)) in cells.iter().enumerate() {
                text += end;
                text += &[quoted(&format!("N, {note}")), format!("9{at}"), format!("s{at}"), quoted(note), quoted(old), quoted(note)].join(sep);
            }
            if last { text += end; }
            let ids: Vec<String> = (0..cells.len()).map(|at| format!("s{at}")).collect();
            let marks: Vec<Row> = ids.iter().flat_map(|id| rows(&[(id, Mark::Final(7777))])).collect();
            let class = roster(&ids.iter().map(|id| (id.as_str(), "")).collect::<Vec<_>>());
            let filled = fill(text.as_bytes(), Some("7"), &rubric(100), &marks, &class, Marks::Final).unwrap();
            let (before, after) = (Table::scan(text.as_bytes()).unwrap(), Table::scan(&filled.bytes).unwrap());
            proptest::prop_assert_eq!(before.len(), after.len());
            // The bytes between the column's cells are the same, one after the other.
            let blank = |table: &Table<'_>| {
                let all = (2..table.len()).map(|row| ((row, 4), "@".repeat(9)));
                table.replaced(&all.collect())
            };
            let bare = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace("\"@@@@@@@@@\"", "@@@@@@@@@");
            proptest::prop_assert_eq!(bare(blank(&before)), bare(blank(&after)));
            for row in 2..after.len() {
                proptest::prop_assert_eq!(after.text(row, 4).unwrap(), "77.77");
            }
            proptest::prop_assert_eq!(filled.filled, cells.len());
        }
    }

    const CELLS: [&str; 9] = ["", "1", "a,b", "x;y", "say \"hi\"", "two\nlines", "=1+1", "Zoë", " "];
}
