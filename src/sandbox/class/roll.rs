//! Who is in the class, and who makes which mistakes: all of it follows from the seed.

use jiff::{SignedDuration, Timestamp};

use super::Options;
use super::mistake::Mistake;
use crate::sandbox::DEFAULT_ACCOUNT;
use crate::sandbox::dice::Dice;

/// A student of the class.
#[derive(Debug, Clone)]
pub struct Student {
    /// `s001`.
    pub id: String,
    /// The name on the roster.
    pub name: String,
    /// The e-mail address, which the reports go to.
    pub email: String,
    /// The 12 digits of the student's account.
    pub account: String,
    /// What the student gets wrong, in the order of the catalogue; empty for good work.
    pub mistakes: Vec<Mistake>,
    /// The id of the student whose work this one hands in.
    pub same_as: Option<String>,
    /// Days after the deadline that the student was granted.
    pub extension: u8,
    /// When the student began to work.
    pub began: Timestamp,
    /// What the student's choice of words follows from.
    pub(super) style: u64,
}

impl Student {
    /// Tells whether the student makes a mistake.
    pub fn makes(&self, mistake: Mistake) -> bool {
        self.mistakes.contains(&mistake)
    }
}

/// Names that people have, of many places.
const FIRST: [&str; 32] = [
    "Amir", "Ana", "Aroha", "Bao", "Chen", "Daniel", "Deepa", "Elif", "Emma", "Fatima", "Gabriel", "Hana",
    "Ines", "Ivan", "Jamal", "Jörg", "Keiko", "Lena", "Liam", "Mei", "Mohammed", "Nadia", "Noah", "Olga",
    "Priya", "Quinn", "Ravi", "Sofía", "Tomasz", "Uma", "Yara", "Zoë",
];
const LAST: [&str; 32] = [
    "Abdi",
    "Bakker",
    "Castillo",
    "Dubois",
    "Eriksson",
    "Fischer",
    "García",
    "Haddad",
    "Ito",
    "Jovanović",
    "Kim",
    "Lopez",
    "Müller",
    "Nguyen",
    "O'Brien",
    "Park",
    "Quiroga",
    "Rossi",
    "Singh",
    "Tanaka",
    "Usman",
    "Vargas",
    "Wong",
    "Xu",
    "Yılmaz",
    "Zhang",
    "Ahmed",
    "Brown",
    "Cohen",
    "Das",
    "Evans",
    "Fofanah",
];

/// Names that try to become a formula, a tag, a control sequence or another column.
const HOSTILE: [&str; 4] = [
    "=cmd|' /C calc'!A0",
    "<script>alert(document.cookie)</script>",
    "Robert\u{1b}[31m\"); DROP TABLE students;--",
    "@SUM(1+1)*cmd|' /C calc'!A0, \"Ada\"",
];

/// Of a hundred students, how many do everything right and how many do nothing at all.
const PERFECT: u64 = 15;
const ABSENT: u64 = 3;

/// Makes the class.
pub(super) fn students(options: &Options) -> Vec<Student> {
    let mut dice = Dice::new(options.seed);
    let prefix = 100 + dice.below(800);
    let mut first_mistakes = first_mistakes(&mut dice);
    let mut students: Vec<Student> = Vec::new();
    for number in 1..=options.students {
        let mut dice = Dice::new(dice.draw());
        let mut mistakes = mistakes(&mut dice, &mut first_mistakes);
        let mut model = mistakes.contains(&Mistake::SameWork).then(|| model(&mut dice, &students)).flatten();
        if model.is_none() {
            mistakes.retain(|mistake| *mistake != Mistake::SameWork);
        }
        let mut name = name(&mut dice);
        if mistakes.contains(&Mistake::HostileNames) {
            (*dice.pick(&HOSTILE).unwrap_or(&"")).clone_into(&mut name);
        }
        let is_late = mistakes.contains(&Mistake::Late);
        let extension = if is_late || dice.below(20) > 0 { 0 } else { 3 };
        let after = is_late || extension > 0;
        let id = format!("s{number:03}");
        students.push(Student {
            email: format!("{id}@students.example.edu"),
            account: account(prefix, number, &mut dice),
            began: began(&mut dice, options.deadline(), after),
            style: model.as_ref().map_or_else(|| dice.draw(), |(_, style)| *style),
            same_as: model.take().map(|(id, _)| id),
            id,
            name,
            mistakes,
            extension,
        });
    }
    students
}

/// Returns every mistake in some order, so that a class that is large enough has each of them.
fn first_mistakes(dice: &mut Dice) -> impl Iterator<Item = Mistake> + use<> {
    let mut order: Vec<Mistake> = Mistake::ALL.to_vec();
    order.retain(|mistake| *mistake != Mistake::NothingDone);
    dice.shuffle(&mut order);
    // Somebody must have been there to copy from.
    order.sort_by_key(|mistake| *mistake == Mistake::SameWork);
    order.into_iter().cycle()
}

/// Draws the mistakes of one student: mostly one to four that go together.
fn mistakes(dice: &mut Dice, first: &mut impl Iterator<Item = Mistake>) -> Vec<Mistake> {
    match dice.below(100) {
        draw if draw < PERFECT => return Vec::new(),
        draw if draw < PERFECT + ABSENT => return vec![Mistake::NothingDone],
        _ => {}
    }
    let mut made: Vec<Mistake> = first.next().into_iter().collect();
    for _ in 0..dice.below(4) {
        let more = dice.pick(Mistake::ALL).copied();
        made.extend(
            more.filter(|more| *more != Mistake::SameWork && made.iter().all(|have| have.goes_with(*more))),
        );
    }
    made.sort_unstable();
    made
}

/// Picks a student whose policy and code are without mistakes, to copy from.
fn model(dice: &mut Dice, students: &[Student]) -> Option<(String, u64)> {
    let is_good = |student: &&Student| {
        let spoilt = student.mistakes.iter().any(|mistake| !mistake.goes_with(Mistake::SameWork));
        !spoilt && !student.makes(Mistake::FunctionMissing)
    };
    let good: Vec<&Student> = students.iter().filter(is_good).collect();
    dice.pick(&good).map(|student| (student.id.clone(), student.style))
}

/// Draws a name.
fn name(dice: &mut Dice) -> String {
    let (first, last) = (dice.pick(&FIRST).unwrap_or(&""), dice.pick(&LAST).unwrap_or(&""));
    format!("{first} {last}")
}

/// Writes an account id: three digits of the class, four of chance, five of the student.
fn account(prefix: u64, number: u32, dice: &mut Dice) -> String {
    let id = format!("{prefix:03}{:04}{number:05}", dice.below(10_000));
    // The account everybody starts with stays out of it.
    if id == DEFAULT_ACCOUNT { format!("{prefix:03}0000{number:05}") } else { id }
}

/// Draws when a student begins: in the week before the deadline, or in the two days after it.
fn began(dice: &mut Dice, deadline: Timestamp, after: bool) -> Timestamp {
    let minutes = |most: u64, dice: &mut Dice| i64::try_from(dice.below(most)).unwrap_or(0);
    let offset = if after {
        SignedDuration::from_mins(60 + minutes(36 * 60, dice))
    } else {
        // The work takes an afternoon.
        -SignedDuration::from_mins(24 * 60 + minutes(7 * 24 * 60, dice))
    };
    deadline.saturating_add(offset).unwrap_or(deadline)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn class(students: u32, seed: u64) -> Vec<Student> {
        super::students(&Options {
            students,
            seed,
            now: "2026-03-20T12:00:00Z".parse().unwrap(),
            replace: false,
        })
    }

    #[test]
    fn a_class_of_some_size_has_every_mistake_and_some_good_work() {
        for seed in [1, 7, 42] {
            let class = class(120, seed);
            let made: BTreeSet<Mistake> = class.iter().flat_map(|student| student.mistakes.clone()).collect();
            let missing: Vec<_> = Mistake::ALL.iter().filter(|mistake| !made.contains(mistake)).collect();
            assert!(missing.is_empty(), "{seed}: {missing:?}");
            assert!(class.iter().filter(|student| student.mistakes.is_empty()).count() > 5);
            let accounts: BTreeSet<_> = class.iter().map(|student| &student.account).collect();
            assert_eq!(accounts.len(), class.len());
            assert!(accounts.iter().all(|id| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit())));
        }
    }

    #[test]
    fn the_same_seed_is_the_same_class_and_a_larger_one_begins_with_it() {
        let seen = |class: &[Student]| -> Vec<String> {
            class.iter().map(|student| format!("{student:?}")).collect()
        };
        assert_eq!(seen(&class(30, 5)), seen(&class(60, 5))[..30]);
        assert_ne!(seen(&class(30, 5)), seen(&class(30, 6)));
    }

    #[test]
    fn who_is_late_began_after_the_deadline() {
        let deadline =
            Options { students: 0, seed: 0, now: "2026-03-20T12:00:00Z".parse().unwrap(), replace: false }
                .deadline();
        for student in class(200, 3) {
            let after = student.began > deadline;
            assert_eq!(after, student.makes(Mistake::Late) || student.extension > 0, "{student:?}");
            assert_eq!(student.same_as.is_some(), student.makes(Mistake::SameWork), "{student:?}");
        }
    }
}
