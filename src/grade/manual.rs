//! Points that a person gives: for what only a person can judge, and to overrule what was found.
//!
//! They are kept in one file for the class, `student,criterion,points,comment`, which a spreadsheet may have written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::points::Points;
use super::rubric::Rubric;

/// What a person entered for one criterion of one student.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// The points.
    pub points: Points,
    /// What the student is told.
    pub comment: Option<String>,
}

/// What was entered for a class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manual {
    entered: BTreeMap<String, BTreeMap<String, Entered>>,
    rows: BTreeSet<(String, String)>,
    strangers: BTreeSet<String>,
}

/// Something wrong with the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// The columns.
const COLUMNS: [&str; 4] = ["student", "criterion", "points", "comment"];

/// The longest comment, in characters.
const LONGEST: usize = 2_000;

/// The largest file that is read, in bytes: three thousand students with long comments.
pub const LARGEST: u64 = 16 << 20;

static NOTHING: BTreeMap<String, Entered> = BTreeMap::new();

impl Manual {
    /// Reads the file. A byte-order mark, semicolons and decimal commas are taken, as spreadsheets write them.
    ///
    /// # Errors
    ///
    /// All its mistakes.
    pub fn parse(text: &str, rubric: &Rubric, students: &BTreeSet<&str>) -> Result<Self, Vec<Mistake>> {
        let criteria = rubric.by_id();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let delimiter = delimiter(text);
        let mut reader = csv::ReaderBuilder::new();
        let mut reader = reader.flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
        let columns = columns(&mut reader).map_err(|message| vec![Mistake { line: 1, message }])?;
        let (mut manual, mut wrong) = (Self::default(), Vec::new());
        for record in reader.records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    wrong.push(Mistake { line, message: "this is no CSV".to_owned() });
                    continue;
                }
            };
            let line = record.position().map_or(0, csv::Position::line);
            let cell = |column: usize| {
                let cell = columns.get(column).copied().flatten().and_then(|at| record.get(at));
                cell.unwrap_or_default().trim()
            };
            if record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            let [student, criterion] = [plain(cell(0)), cell(1)];
            let mut told = |message: String| wrong.push(Mistake { line, message });
            if !students.contains(student) {
                // Somebody who has left the class: the program wrote the row itself, or the points stay in the file.
                if !cell(2).is_empty() || !cell(3).is_empty() {
                    manual.strangers.insert(shown(student));
                }
                continue;
            }
            let Some(known) = criteria.get(criterion) else {
                told(format!("the rubric has no criterion `{}`", shown(criterion)));
                continue;
            };
            if !manual.rows.insert((student.to_owned(), criterion.to_owned())) {
                told(format!("`{criterion}` of `{student}` is there twice"));
                continue;
            }
            let comment = Some(cell(3)).filter(|text| !text.is_empty()).map(unquoted);
            match (cell(2), comment) {
                ("", None) => {}
                ("", Some(_)) => told(format!("`{criterion}` of `{student}` has a comment and no points")),
                (_, Some(long)) if long.chars().count() > LONGEST => {
                    told(format!("the comment has more than {LONGEST} characters"));
                }
                (points, comment) => match read_points(points, delimiter) {
                    Ok(points) if points > known.points => told(format!(
                        "{points} points are more than the {} that `{criterion}` has",
                        known.points
                    )),
                    Ok(points) => {
                        let of = manual.entered.entry(student.to_owned()).or_default();
                        of.insert(criterion.to_owned(), Entered { points, comment });
                    }
                    Err(message) => told(message),
                },
            }
        }
        if wrong.is_empty() { Ok(manual) } else { Err(wrong) }
    }

    /// Lists whoever points are given to, and who is nobody on the roster.
    pub fn strangers(&self) -> impl Iterator<Item = &str> {
        self.strangers.iter().map(String::as_str)
    }

    /// Returns what was entered for a student, by criterion.
    pub fn of(&self, student: &str) -> &BTreeMap<String, Entered> {
        self.entered.get(student).unwrap_or(&NOTHING)
    }

    /// Returns the file with a row for every criterion that a person judges of every student, and for those that a
    /// program could not judge (`open`): what is there stays as it is, what is missing comes at the end. `None` when
    /// nothing is missing.
    pub fn completed<'a>(
        &self,
        there: Option<&str>,
        rubric: &Rubric,
        students: impl Iterator<Item = &'a str>,
        open: &BTreeSet<(&str, &str)>,
    ) -> Option<String> {
        let delimiter = char::from(there.map_or(b',', delimiter));
        let mut text = there.filter(|text| !text.trim().is_empty()).map_or_else(
            || COLUMNS.join(&delimiter.to_string()) + "\n",
            |text| if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") },
        );
        let before = text.len();
        let columns = order(&text, delimiter);
        for student in students {
            for criterion in rubric.criteria() {
                let id = criterion.id.as_str();
                if !criterion.check.is_manual() && !open.contains(&(student, id))
                    || self.rows.contains(&(student.to_owned(), id.to_owned()))
                {
                    continue;
                }
                // A spreadsheet takes an id that begins so for a formula.
                let guard = if student.starts_with(['-', '@', '+', '=']) { "'" } else { "" };
                let mut cells = vec![String::new(); columns.len()];
                for (cell, column) in cells.iter_mut().zip(&columns) {
                    match column.as_str() {
                        "student" => *cell = format!("{guard}{student}"),
                        "criterion" => *cell = quoted(id, delimiter),
                        _ => {}
                    }
                }
                text.push_str(&cells.join(&delimiter.to_string()));
                text.push('\n');
            }
        }
        (there.is_none() || text.len() > before).then_some(text)
    }
}

/// Finds the columns by their names.
fn columns(reader: &mut csv::Reader<&[u8]>) -> Result<[Option<usize>; 4], String> {
    let header = reader.headers().map_err(|_| "this is no CSV".to_owned())?;
    let found = COLUMNS.map(|name| header.iter().position(|cell| cell.trim().eq_ignore_ascii_case(name)));
    match COLUMNS.iter().zip(found).take(3).find(|(_, at)| at.is_none()) {
        Some((name, _)) => {
            Err(format!("there is no column `{name}`; the columns are {}", COLUMNS.join(", ")))
        }
        None => Ok(found),
    }
}

/// Lists the columns of the header, in small letters.
fn order(text: &str, delimiter: char) -> Vec<String> {
    let header = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
    header.split(delimiter).map(|cell| cell.trim().trim_matches('"').to_lowercase()).collect()
}

fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    if header.contains(';') && !header.contains(',') { b';' } else { b',' }
}

/// Takes the apostrophe away that keeps a spreadsheet from taking a cell for a formula.
fn plain(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(['-', '@', '+', '='])).unwrap_or(cell)
}

fn unquoted(comment: &str) -> String {
    plain(comment).to_owned()
}

fn quoted(cell: &str, delimiter: char) -> String {
    if cell.contains([delimiter, '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

fn read_points(cell: &str, delimiter: u8) -> Result<Points, String> {
    if delimiter == b';' { Points::parse(&cell.replace(',', ".")) } else { Points::parse(&shown(cell)) }
}

/// Bounds and makes harmless what somebody wrote.
fn shown(text: &str) -> String {
    text.chars().take(64).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;

    fn rubric() -> Rubric {
        let text = "name: r\ntitle: R\ntasks:\n  - id: T1\n    title: one\n    points: 4\n    criteria:\n      \
                    - { id: T1.a, points: 1, what: a, check: { exists: user/A }, feedback: f }\n      \
                    - { id: T1.b, points: 3, what: b, check: { manual: { judge: j } }, feedback: f }\n";
        Rubric::parse(&SourceFile::new("rubric.yaml", text)).unwrap()
    }

    fn parse(text: &str) -> Result<Manual, Vec<String>> {
        let wrong = |all: Vec<Mistake>| all.iter().map(ToString::to_string).collect();
        Manual::parse(text, &rubric(), &BTreeSet::from(["s1", "-s2"])).map_err(wrong)
    }

    #[test]
    fn the_form_has_a_row_for_what_a_person_judges_and_reads_back_empty() {
        let form = Manual::default()
            .completed(None, &rubric(), ["s1", "-s2"].into_iter(), &BTreeSet::new())
            .unwrap();
        assert_eq!(form, "student,criterion,points,comment\ns1,T1.b,,\n'-s2,T1.b,,\n");
        let read = parse(&form).unwrap();
        assert!(read.of("s1").is_empty());
        assert_eq!(read.completed(Some(&form), &rubric(), ["s1", "-s2"].into_iter(), &BTreeSet::new()), None);
    }

    #[test]
    fn what_is_there_stays_and_what_is_missing_comes_behind() {
        let there = "criterion;student;points;comment\r\nT1.b;s1;2,5;\"good; but\"";
        let read = parse(there).unwrap();
        let entered = &read.of("s1")["T1.b"];
        assert_eq!(
            (entered.points, entered.comment.as_deref()),
            (Points::hundredths(250), Some("good; but"))
        );
        let completed =
            read.completed(Some(there), &rubric(), ["s1", "-s2"].into_iter(), &BTreeSet::new()).unwrap();
        assert_eq!(completed, format!("{there}\nT1.b;'-s2;;\n"));
    }

    #[test]
    fn every_mistake_is_told_with_its_line() {
        let wrong = "student,criterion,points,comment\nnobody,T1.b,1,\ns1,T1.x,1,\ns1,T1.b,4,\ns1,T1.b,1,\n\
                     s1,T1.a,0,\n-s2,T1.b,many,\n-s2,T1.a,,why\n";
        assert_eq!(
            parse(wrong).unwrap_err(),
            [
                "line 3: the rubric has no criterion `T1.x`",
                "line 4: 4 points are more than the 3 that `T1.b` has",
                "line 5: `T1.b` of `s1` is there twice",
                "line 7: `many` is no number of points: write `2`, `2.5` or `0.25`",
                "line 8: `T1.a` of `-s2` has a comment and no points",
            ]
        );
        assert_eq!(
            parse("student,points\n").unwrap_err(),
            ["line 1: there is no column `criterion`; the columns are student, criterion, points, comment"]
        );
        assert!(parse("student,criterion,points,comment\ns1,T1.a,0,copied\n").is_ok());
        let left = parse("student,criterion,points,comment\ns8,T1.b,,\ns9,T1.b,2,\ns1,T1.b,1,\n").unwrap();
        assert_eq!((left.strangers().collect::<Vec<_>>(), left.of("s1").len()), (vec!["s9"], 1));
    }
}
