//! What a class gets when everybody is done: from the journal, a student at a time, in the roster's order.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;

use super::class::Class;
use super::journal::{Journal, JournalError};
use super::{RunError, files};
use crate::grade::points::Points;
use crate::grade::result::{Row, State, Status, StudentResult};
use crate::grade::roster::Student;
use crate::grade::similar::{Fingerprint, Hint, hints};
use crate::report::RenderError;
use crate::report::grade::{
    Alike, ClassPage, GradesJson, JunitXml, Member, Pseudonyms, grades_csv, index_html, student_html,
    student_markdown,
};

/// A class that is done.
#[derive(Debug)]
pub struct Ended {
    /// The rows, in the roster's order.
    pub rows: Vec<Row>,
    /// Who may have handed in the same work.
    pub hints: Vec<Hint>,
    /// Who is not graded, and why.
    pub open: Vec<Open>,
}

/// A student who is not graded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Open {
    /// The id.
    pub id: String,
    /// How far it got.
    pub state: State,
    /// Why.
    pub why: String,
}

/// `similarity.json`.
#[derive(Serialize)]
struct Similarity<'a> {
    format_version: u32,
    rubric: &'a str,
    hints: &'a [Hint],
}

/// Writes what the class gets.
///
/// # Errors
///
/// A file cannot be written, or the journal has changed.
pub fn finish(class: &Class, journal: &Journal) -> Result<Ended, RunError> {
    let mut prints: Vec<(String, Fingerprint)> = Vec::new();
    let (mut rows, mut open) = (Vec::new(), Vec::new());
    let students = &class.roster.students;
    files::fill(&class.folder.join("grades.json"), |out| {
        let mut grades = GradesJson::new(out, &class.rubric)?;
        for student in students {
            let mut result = result(journal, student)?;
            prints.extend(result.fingerprint.take().map(|print| (student.id.clone(), print)));
            open.extend(why_open(&result));
            rows.push(result.row());
            grades.student(&result)?;
        }
        grades.finish().map(|_| ())
    })?;
    files::fill(&class.folder.join("grades.junit.xml"), |out| {
        let mut junit = JunitXml::new(out, &class.rubric)?;
        for student in students {
            junit.student(&result(journal, student)?)?;
        }
        junit.finish().map(|_| ())
    })?;
    let hints = hints(&prints);
    files::fill(&class.folder.join("similarity.json"), |out| {
        let document = Similarity { format_version: 1, rubric: &class.rubric.name, hints: &hints };
        serde_json::to_writer_pretty(&mut *out, &document)?;
        Ok(out.write_all(b"\n")?)
    })?;
    let ended = Ended { rows, hints, open };
    let members: Vec<Member<'_>> =
        students.iter().zip(&ended.rows).map(|(student, row)| Member { student, row }).collect();
    let csv = grades_csv(&class.rubric, &members)?;
    files::place(&class.folder.join("grades.csv"), csv.as_bytes())?;
    let alike: Vec<Alike> = ended.hints.iter().map(alike).collect();
    let page = ClassPage { members: &members, alike: &alike, deadline: class.deadline };
    files::place(&class.folder.join("index.html"), index_html(&class.rubric, &page).as_bytes())?;
    Ok(ended)
}

/// Writes copies that do not tell whose they are into the folder `anonymous`, in the order of the codes. Copies that
/// another key or another roster left there go first: beside the new ones they would tell who is who.
///
/// # Errors
///
/// A file cannot be written, or the journal has changed.
pub fn pseudonymous(
    class: &Class,
    journal: &Journal,
    ended: &Ended,
    names: &Pseudonyms,
) -> Result<(), RunError> {
    let folder = class.folder.join("anonymous");
    files::folder(&folder)?;
    let rows = class.roster.students.iter().zip(&ended.rows);
    let mut coded: Vec<(Student, Row, &Student)> =
        rows.map(|(student, row)| (names.student(student), names.row(student, row), student)).collect();
    coded.sort_by(|one, other| one.0.id.cmp(&other.0.id));
    clear(&folder, &coded.iter().map(|(student, ..)| student.id.as_str()).collect())?;
    files::fill(&folder.join("grades.json"), |out| {
        let mut grades = GradesJson::new(out, &class.rubric)?;
        for (_, _, student) in &coded {
            let mut result = names.result(student, &result(journal, student)?);
            result.fingerprint = None;
            grades.student(&result)?;
        }
        grades.finish().map(|_| ())
    })?;
    for (code, _, student) in &coded {
        let result = names.result(student, &result(journal, student)?);
        let own = files::student(&folder, &code.id);
        files::folder(&own)?;
        files::place(&own.join("report.html"), student_html(&class.rubric, code, &result).as_bytes())?;
        files::place(&own.join("report.md"), student_markdown(&class.rubric, code, &result).as_bytes())?;
    }
    let members: Vec<Member<'_>> = coded.iter().map(|(student, row, _)| Member { student, row }).collect();
    files::place(&folder.join("grades.csv"), grades_csv(&class.rubric, &members)?.as_bytes())?;
    let alike: Vec<Alike> = ended.hints.iter().map(|hint| names.alike(&alike(hint))).collect();
    let page = ClassPage { members: &members, alike: &alike, deadline: class.deadline };
    files::place(&folder.join("index.html"), index_html(&class.rubric, &page).as_bytes())
}

/// Takes the copies away whose code is nobody's any more; what else is there is left.
fn clear(folder: &Path, codes: &BTreeSet<&str>) -> Result<(), RunError> {
    let folder = folder.join("students");
    let failed = |source| RunError::Write { path: folder.clone(), source };
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let is_old = name.to_str().is_some_and(|name| Pseudonyms::is_code(name) && !codes.contains(name));
        // A link is no folder: what it leads to is not ours.
        if is_old && entry.file_type().map_err(failed)?.is_dir() {
            let path = entry.path();
            fs::remove_dir_all(&path).map_err(|source| RunError::Write { path, source })?;
        }
    }
    Ok(())
}

fn result(journal: &Journal, student: &Student) -> Result<StudentResult, RenderError> {
    let entry = journal.entry(&student.id).and_then(|entry| entry.ok_or(JournalError::Changed));
    entry.map(|entry| entry.result).map_err(|error| io::Error::other(error).into())
}

fn alike(hint: &Hint) -> Alike {
    Alike {
        what: hint.kind.words().to_owned(),
        students: hint.students.clone(),
        evidence: hint.evidence.clone(),
    }
}

/// Tells why a student is not graded.
fn why_open(result: &StudentResult) -> Option<Open> {
    let (id, state) = (result.id.clone(), result.state);
    let why = match state {
        State::Graded => return None,
        State::Unreachable => result.problem.clone().unwrap_or_default(),
        State::Pending => {
            let criteria = result.tasks.iter().flat_map(|task| &task.criteria);
            let unknown: Vec<_> = criteria.filter(|one| one.status == Status::Unknown).collect();
            let points: Points = unknown.iter().map(|one| one.points).sum();
            let first = unknown.first().map(|one| format!("{}: {}", one.id, one.message)).unwrap_or_default();
            format!("{points} points could not be looked at, as {first}")
        }
    };
    Some(Open { id, state, why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_another_key_are_taken_away_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, old, other) = ("p-aaaaaaaa", "p-bbbbbbbb", "p-notes");
        for name in [kept, old, other] {
            let student = files::student(folder.path(), name);
            fs::create_dir_all(&student).unwrap();
            fs::write(student.join("report.md"), "x").unwrap();
        }
        clear(folder.path(), &BTreeSet::from([kept])).unwrap();
        let there = |name: &str| files::student(folder.path(), name).join("report.md").exists();
        assert_eq!([kept, old, other].map(there), [true, false, true]);
        clear(&folder.path().join("none"), &BTreeSet::new()).unwrap();
    }
}
