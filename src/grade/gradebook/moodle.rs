//! Moodle: the offline grading worksheet of an assignment.
//!
//! The worksheet ([Assignment settings, Offline grading worksheet][offline]; written and read by Moodle's
//! `mod/assign/gradingtable.php` and `mod/assign/feedback/offline`) has `Identifier`, `Full name`, what identifies users
//! on that site (`Email address`, `ID number`, `Username`), `Status`, `Grade`, `Maximum grade`, `Grade can be changed`,
//! `Last modified (submission)`, `Last modified (grade)` and `Feedback comments`. Moodle finds users by `Identifier` and
//! refuses grades that were changed since by `Last modified (grade)`: both stay as they are. Comments are HTML.
//!
//! [offline]: https://docs.moodle.org/401/en/Assignment_settings

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::cells::Table;
use super::people::{People, Person};
use super::{FillError, Filled, Left, Marks, number, provisional};
use crate::grade::points::Points;
use crate::grade::result::Row;
use crate::grade::roster::Roster;
use crate::grade::rubric::Rubric;
use crate::report::escape;
use crate::report::grade::{days, points};

/// Fills grade and feedback comments of an offline grading worksheet; every other byte stays. A comment that somebody
/// wrote stays too.
///
/// # Errors
///
/// The file is no such worksheet.
pub fn fill(
    exported: &[u8],
    rubric: &Rubric,
    rows: &[Row],
    roster: &Roster,
    marks: Marks,
) -> Result<Filled, Vec<FillError>> {
    let table = Table::scan(exported).map_err(|error| vec![error])?;
    let form = Form::of(&table.texts(0))?;
    let persons: Vec<Person> = (1..table.len()).filter_map(|row| form.person(&table, row)).collect();
    let People { found, mut left } = People::find(&persons, rows, roster, marks);
    let mut texts = BTreeMap::new();
    let mut warnings = Vec::new();
    let (mut filled, mut kept, mut waiting) = (0_usize, 0_usize, 0_usize);
    for (at, mark) in found {
        let cell = |column: Option<usize>| column.and_then(|column| table.text(at, column));
        if cell(form.can_change).is_some_and(|cell| cell.trim() == "No") {
            let why = "Moodle says that the grade cannot be changed".to_owned();
            left.push(Left { student: mark.id.clone(), why });
            continue;
        }
        if cell(Some(form.grade)).is_none() {
            left.push(Left { student: mark.id.clone(), why: "the row ends before the grade".to_owned() });
            continue;
        }
        if let Some(most) = cell(form.most).as_deref().and_then(number).filter(|most| *most != rubric.max()) {
            let warning = format!("the worksheet's maximum grade is {most}, the rubric's {}", rubric.max());
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        filled += 1;
        waiting += usize::from(!mark.is_final());
        _ = texts.insert((at, form.grade), mark.score.to_string());
        match (form.feedback, cell(form.feedback)) {
            (Some(column), Some(old)) if old.trim().is_empty() || is_ours(&old, rubric) => {
                _ = texts.insert((at, column), html(&feedback(rubric, mark)));
            }
            (Some(_), Some(_)) => kept += 1,
            _ => {}
        }
    }
    if kept > 0 {
        warnings.push(format!("{kept} feedback comments that somebody wrote were kept"));
    }
    warnings.extend(provisional(waiting));
    Ok(Filled { bytes: table.replaced(&texts), filled, left, warnings })
}

/// Where the worksheet's columns are.
struct Form {
    identity: Vec<usize>,
    emails: Vec<usize>,
    name: Option<usize>,
    grade: usize,
    most: Option<usize>,
    can_change: Option<usize>,
    feedback: Option<usize>,
}

impl Form {
    fn of(header: &[Cow<'_, str>]) -> Result<Self, Vec<FillError>> {
        let at = |name: &str| header.iter().position(|cell| cell.trim().eq_ignore_ascii_case(name));
        let refuse = |why: &str| Err(vec![FillError::NotExported(why.to_owned())]);
        let (Some(_), Some(grade), Some(_)) = (at("Identifier"), at("Grade"), at("Last modified (grade)"))
        else {
            return refuse(
                "it is no offline grading worksheet of Moodle: its first line has no `Identifier`, `Grade` and `Last \
                 modified (grade)`; download it in English under Submissions, Download grading worksheet",
            );
        };
        let identity: Vec<usize> = [at("ID number"), at("Username")].into_iter().flatten().collect();
        let emails: Vec<usize> = at("Email address").into_iter().collect();
        if identity.is_empty() && emails.is_empty() {
            return refuse(
                "the worksheet tells neither e-mail address nor id number, as with anonymous submissions: reveal the \
                 identities, then download it again",
            );
        }
        Ok(Self {
            identity,
            emails,
            name: at("Full name"),
            grade,
            most: at("Maximum grade"),
            can_change: at("Grade can be changed"),
            feedback: at("Feedback comments"),
        })
    }

    fn person(&self, table: &Table<'_>, row: usize) -> Option<Person> {
        let cell = |at: usize| table.text(row, at).map(|cell| cell.trim().to_owned());
        let cells = |all: &[usize]| -> Vec<String> {
            all.iter().filter_map(|at| cell(*at)).filter(|cell| !cell.is_empty()).collect()
        };
        let is_blank = table.texts(row).iter().all(|cell| cell.trim().is_empty());
        (!is_blank).then(|| Person {
            row,
            name: self.name.and_then(cell).unwrap_or_default(),
            ids: cells(&self.identity),
            emails: cells(&self.emails),
        })
    }
}

/// Tells in one line what the mark is made of.
fn feedback(rubric: &Rubric, mark: &Row) -> String {
    let tasks = rubric.tasks.iter().zip(&mark.tasks);
    let tasks: Vec<String> =
        tasks.map(|(task, earned)| format!("{} {earned}/{}", task.id, task.points)).collect();
    let late = if mark.deduction > Points::ZERO {
        format!(" Late by {}: less {}.", days(mark.late_days), points(mark.deduction))
    } else {
        String::new()
    };
    let open = if mark.is_final() {
        String::new()
    } else {
        let verb = if mark.manual_open == Points::whole(1) { "waits" } else { "wait" };
        format!(" Provisional: {} {verb} for a person.", points(mark.manual_open))
    };
    let all = points(rubric.max());
    format!("{} {} of {all}. {}.{late}{open}", lead(rubric), mark.score, tasks.join(", "))
}

fn lead(rubric: &Rubric) -> String {
    format!("{}:", rubric.title.trim())
}

fn is_ours(comment: &str, rubric: &Rubric) -> bool {
    comment.trim().starts_with(&html(&lead(rubric)))
}

fn html(text: &str) -> String {
    let mut out = String::new();
    escape::html(&mut out, text);
    out
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Mark, roster, rows, rubric};
    use super::*;

    const EXPORT: &str = "Identifier,\"Full name\",\"ID number\",\"Email address\",Status,Grade,\"Maximum grade\",\"Grade can be changed\",\"Last modified (submission)\",\"Last modified (grade)\",\"Feedback comments\"\n\
        \"Participant 11\",\"Ada Lovelace\",s001,ada@example.edu,\"Submitted for grading\",,100.00,Yes,\"Monday, 2 March 2026, 9:00 AM\",-,\n\
        \"Participant 12\",\"Alan Turing\",s002,alan@example.edu,\"No submission\",\"40.00\",100.00,Yes,-,\"Monday, 2 March 2026, 9:00 AM\",\"well, done\"\n\
        \"Participant 13\",\"Grace Hopper\",s003,grace@example.edu,\"No submission\",,100.00,No,-,-,\n";

    #[test]
    fn grade_and_comments_are_filled_and_the_rest_stays() {
        let marks =
            rows(&[("s001", Mark::Final(8750)), ("alan", Mark::Final(6000)), ("s003", Mark::Final(100))]);
        let class = roster(&[("s001", ""), ("alan", "ALAN@example.edu"), ("s003", "")]);
        let filled = fill(EXPORT.as_bytes(), &rubric(100), &marks, &class, Marks::Final).unwrap();
        let comment = "A rubric: 87.5 of 100 points. T1 87.5/100.";
        let expected = EXPORT
            .replace("\"Submitted for grading\",,", "\"Submitted for grading\",87.5,")
            .replace("9:00 AM\",-,\n", &format!("9:00 AM\",-,{comment}\n"))
            .replace("\"40.00\"", "\"60\"");
        assert_eq!(String::from_utf8(filled.bytes.clone()).unwrap(), expected);
        assert_eq!(filled.filled, 2);
        assert_eq!(filled.left[0].why, "Moodle says that the grade cannot be changed");
        assert_eq!(filled.warnings, ["1 feedback comments that somebody wrote were kept"]);
        // A second run replaces what the first one wrote.
        let again =
            rows(&[("s001", Mark::Final(9000)), ("alan", Mark::Final(6000)), ("s003", Mark::Final(100))]);
        let filled = fill(&filled.bytes, &rubric(100), &again, &class, Marks::Final).unwrap();
        assert!(String::from_utf8(filled.bytes).unwrap().contains("A rubric: 90 of 100 points"));
    }

    #[test]
    fn a_provisional_mark_is_told_as_one() {
        let mut marks = rows(&[("s001", Mark::Manual), ("s002", Mark::Pending)]);
        (marks[0].late_days, marks[0].deduction) = (1, Points::whole(1));
        let class = roster(&[("s001", ""), ("s002", "")]);
        let fill = |which| fill(EXPORT.as_bytes(), &rubric(100), &marks, &class, which).unwrap();
        assert_eq!(fill(Marks::Final).bytes, EXPORT.as_bytes());
        let filled = fill(Marks::Provisional);
        let text = String::from_utf8(filled.bytes).unwrap();
        let comment = "1 of 100 points. T1 1/100. Late by 1 day: less 1 point. Provisional: 5 points wait for a person.";
        assert!(text.contains(comment), "{text}");
        assert_eq!(filled.filled, 1, "who is pending has no mark yet");
        assert!(
            filled.warnings.contains(&"1 of the marks is provisional".to_owned()),
            "{:?}",
            filled.warnings
        );
    }

    #[test]
    fn another_file_is_refused_and_says_what_to_do() {
        let why = |text: &str| {
            fill(text.as_bytes(), &rubric(100), &[], &roster(&[]), Marks::Final)
                .unwrap_err()
                .remove(0)
                .to_string()
        };
        assert!(why("a,b\n").contains("Download grading worksheet"));
        assert!(why("Identifier,Grade,Last modified (grade)\n").contains("anonymous"));
        let filled = fill(
            EXPORT.as_bytes(),
            &rubric(50),
            &rows(&[("s001", Mark::Final(100))]),
            &roster(&[("s001", "")]),
            Marks::Final,
        );
        assert_eq!(filled.unwrap().warnings, ["the worksheet's maximum grade is 100, the rubric's 50"]);
    }
}
