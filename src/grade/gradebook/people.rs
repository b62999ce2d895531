//! [`People`]: who of the class stands in which row of a gradebook. Nobody is guessed: a student who fits two rows, or
//! a row that fits two students, is left.

use std::collections::{BTreeMap, BTreeSet};

use super::{Left, Marks};
use crate::grade::result::{Row, State};
use crate::grade::roster::{Roster, Student};
use crate::report::escape::{cut, plain};

/// The longest name that is shown.
const NAME: usize = 80;

/// What a row of a gradebook says of whose it is.
#[derive(Debug, Default)]
pub(super) struct Person {
    /// The row in the file.
    pub(super) row: usize,
    /// The name, to tell the instructor.
    pub(super) name: String,
    /// What may be the roster's id.
    pub(super) ids: Vec<String>,
    /// What may be the roster's e-mail address.
    pub(super) emails: Vec<String>,
}

/// Who of the class stands in which row.
#[derive(Debug, Default)]
pub(super) struct People<'a> {
    /// The marks that can be written, by the row of the file.
    pub(super) found: BTreeMap<usize, &'a Row>,
    /// Who is left, and why.
    pub(super) left: Vec<Left>,
}

impl<'a> People<'a> {
    /// Finds the class in a gradebook. Ids and addresses are compared without regard to case.
    pub(super) fn find(persons: &[Person], rows: &'a [Row], roster: &Roster, which: Marks) -> Self {
        let mut by_key: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for (at, person) in persons.iter().enumerate() {
            for key in
                person.ids.iter().map(|id| id_key(id)).chain(person.emails.iter().map(|one| email_key(one)))
            {
                by_key.entry(key).or_default().insert(at);
            }
        }
        let fits = |student: &Student| -> BTreeSet<usize> {
            let keys = std::iter::once(id_key(&student.id)).chain(student.email.as_deref().map(email_key));
            // Some classes have the address as their id.
            let keys = keys.chain(student.id.contains('@').then(|| email_key(&student.id)));
            keys.filter_map(|key| by_key.get(&key)).flatten().copied().collect()
        };
        let mut claimed: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        let places: Vec<(&Student, BTreeSet<usize>)> =
            roster.students.iter().map(|student| (student, fits(student))).collect();
        for (student, place) in &places {
            for at in place {
                claimed.entry(*at).or_default().push(&student.id);
            }
        }
        let marks: BTreeMap<&str, &Row> = rows.iter().map(|row| (row.id.as_str(), row)).collect();
        let mut people = Self::default();
        for (student, place) in &places {
            match placed(student, place, &claimed, persons, &marks, which) {
                Ok((row, mark)) => _ = people.found.insert(row, mark),
                Err(why) => people.left.push(Left { student: student.id.clone(), why }),
            }
        }
        let known: BTreeSet<&str> = roster.students.iter().map(|student| student.id.as_str()).collect();
        let strangers = rows.iter().filter(|row| !known.contains(row.id.as_str()));
        people.left.extend(
            strangers.map(|row| Left { student: row.id.clone(), why: "is not on the roster".to_owned() }),
        );
        let unclaimed = persons.iter().enumerate().filter(|(at, _)| !claimed.contains_key(at));
        people.left.extend(unclaimed.map(|(_, person)| Left {
            student: shown(&person.name),
            why: "is in the gradebook and not on the roster".to_owned(),
        }));
        people
    }
}

fn placed<'a>(
    student: &Student,
    place: &BTreeSet<usize>,
    claimed: &BTreeMap<usize, Vec<&str>>,
    persons: &[Person],
    marks: &BTreeMap<&str, &'a Row>,
    which: Marks,
) -> Result<(usize, &'a Row), String> {
    let mut fitting = place.iter();
    let (Some(at), None) = (fitting.next(), fitting.next()) else {
        return Err(match place.len() {
            0 => "is in no row of the gradebook, by id or e-mail address".to_owned(),
            many => format!("fits {many} rows of the gradebook"),
        });
    };
    let rivals = claimed.get(at).map(Vec::as_slice).unwrap_or_default();
    if let Some(rival) = rivals.iter().find(|rival| **rival != student.id) {
        return Err(format!("fits the same row of the gradebook as `{rival}`"));
    }
    let mark = marks.get(student.id.as_str()).ok_or("has not been marked")?;
    if let Some(why) = open(mark, which) {
        return Err(why);
    }
    Ok((persons.get(*at).map_or(0, |person| person.row), mark))
}

/// Tells why a mark is not written; nothing when it is.
fn open(row: &Row, which: Marks) -> Option<String> {
    match row.state {
        State::Unreachable => Some("the account could not be reached".to_owned()),
        State::Pending => Some(format!("is pending: {} points could not be looked at", row.unknown)),
        State::Graded if which == Marks::Final && !row.is_final() => {
            Some(format!("{} points wait for a person", row.manual_open))
        }
        State::Graded => None,
    }
}

/// Makes a name fit to be told.
pub(super) fn shown(name: &str) -> String {
    cut(&plain(name.trim()), NAME).into_owned()
}

fn id_key(id: &str) -> String {
    format!("id {}", id.trim().to_lowercase())
}

fn email_key(email: &str) -> String {
    format!("mail {}", email.trim().to_lowercase())
}
