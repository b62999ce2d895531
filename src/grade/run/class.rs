//! [`Class`]: what a run is about, and what has to be done for each student.

use std::path::PathBuf;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::journal::{Header, Journal, Listed};
use super::kept::Kept;
use crate::account::scan::hex;
use crate::grade::manual::Manual;
use crate::grade::reach::Instructor;
use crate::grade::result::State;
use crate::grade::roster::{Roster, Student};
use crate::grade::rubric::Rubric;

/// A class and what it is marked by.
#[derive(Debug)]
pub struct Class {
    /// The rubric.
    pub rubric: Rubric,
    /// SHA-256 of the rubric's file.
    pub digest: String,
    /// The class.
    pub roster: Roster,
    /// When the work is due.
    pub deadline: Option<Timestamp>,
    /// The deadline that was asked for on the command line, of this run or of the one that it goes on with.
    pub asked: Option<Timestamp>,
    /// Points that a person gave.
    pub manual: Manual,
    /// Where the evidence comes from.
    pub source: Source,
    /// The folder of the results.
    pub folder: PathBuf,
}

/// Where the evidence comes from.
#[derive(Debug)]
pub enum Source {
    /// The students' accounts, as the roster says.
    Accounts(Box<Instructor>),
    /// The folder of another run; no account is contacted.
    Kept(Kept),
}

/// What has to be done for a student.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Todo {
    /// Nothing: everything is there.
    Nothing,
    /// Marking again, from the evidence that is there.
    Mark,
    /// Reading the account, and marking.
    Read,
}

impl Class {
    /// Returns what the journal keeps of the class.
    pub(super) fn header(&self) -> Header {
        Header {
            format_version: 1,
            rubric: self.rubric.name.clone(),
            deadline: self.asked,
            from: match &self.source {
                Source::Accounts(_) => None,
                Source::Kept(kept) => Some(kept.place()),
            },
            students: self.roster.students.iter().map(Listed::from).collect(),
        }
    }

    /// Tells what has to be done for a student.
    pub fn todo(&self, journal: &Journal, student: &Student) -> Todo {
        match journal.place(&student.id) {
            // A finding about the way in goes away only by another look.
            Some(place)
                if place.state != State::Graded
                    || place.is_remarked
                    || place.read != self.way_in(student) =>
            {
                Todo::Read
            }
            Some(place) if place.marked != self.marked_by(student) => Todo::Mark,
            Some(_) => Todo::Nothing,
            None => Todo::Read,
        }
    }

    /// Hashes what a student's account is reached by, with what a collected file holds. The external id is a secret and
    /// in no journal.
    pub(super) fn way_in(&self, student: &Student) -> String {
        let mut hash = Fields::new();
        let bundle = student.bundle.as_ref().map(|path| path.display().to_string());
        let file = match &self.source {
            Source::Accounts(instructor) => instructor.handed_in(student),
            Source::Kept(_) => None,
        };
        for field in
            [&student.account, &student.role_arn, &student.external_id, &student.profile, &bundle, &file]
        {
            hash.add(field.as_deref().unwrap_or_default());
        }
        hash.end()
    }

    /// Hashes what a student's marks and reports depend on besides the evidence.
    pub(super) fn marked_by(&self, student: &Student) -> String {
        let mut hash = Fields::new();
        hash.add(env!("CARGO_PKG_VERSION"));
        hash.add(&self.digest);
        hash.add(&self.deadline.map(|at| at.to_string()).unwrap_or_default());
        hash.add(&student.extension_days.to_string());
        hash.add(student.name.as_deref().unwrap_or_default());
        hash.add(student.email.as_deref().unwrap_or_default());
        for (criterion, entered) in self.manual.of(&student.id) {
            hash.add(criterion);
            hash.add(&entered.points.to_string());
            hash.add(entered.comment.as_deref().unwrap_or_default());
        }
        hash.end()
    }
}

/// A hash of fields, none of which runs into the next.
struct Fields(Sha256);

impl Fields {
    fn new() -> Self {
        Self(Sha256::new())
    }

    fn add(&mut self, field: &str) {
        self.0.update(field.len().to_le_bytes());
        self.0.update(field.as_bytes());
    }

    fn end(self) -> String {
        hex(self.0.finalize().get(..16).unwrap_or_default())
    }
}
