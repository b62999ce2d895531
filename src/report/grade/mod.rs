//! What a class and its students get to see of their marks: one file per format, all from the same results.
//!
//! Names, messages and evidence hold what students chose: every format escapes or neutralises them in its own way.
//! What the rubric's `hint` says is for whoever marks and stands in nothing that a student gets.

mod anonymous;
mod grades_csv;
mod grades_json;
mod gradescope;
mod index;
mod junit;
mod markdown;
mod student;
mod text;
mod view;

use jiff::Timestamp;

use crate::grade::result::Row;
use crate::grade::roster::Student;

pub use anonymous::Pseudonyms;
pub use grades_csv::grades_csv;
pub use grades_json::GradesJson;
pub use gradescope::gradescope;
pub use index::index_html;
pub use junit::JunitXml;
pub use markdown::student_markdown;
pub use student::student_html;
pub use text::student_text;
pub(crate) use view::{days, points};

/// A student of the class, with what the class page keeps of the result.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Who it is.
    pub student: &'a Student,
    /// What marking came to.
    pub row: &'a Row,
}

/// A hint that students handed in the same work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    /// What is the same, in a few words.
    pub what: String,
    /// The ids of the students.
    pub students: Vec<String>,
    /// What shows it.
    pub evidence: Vec<String>,
}

/// All that the class page shows.
#[derive(Debug, Clone, Copy)]
pub struct ClassPage<'a> {
    /// The class, in the order in which it is shown.
    pub members: &'a [Member<'a>],
    /// Who may have handed in the same work.
    pub alike: &'a [Alike],
    /// When the work was due.
    pub deadline: Option<Timestamp>,
}
