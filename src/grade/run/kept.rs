//! [`Kept`]: the evidence of an earlier run, and what its journal says of those of whom there is none.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::account::Unseen;
use super::journal::{Journal, JournalError};
use super::{RunError, files};
use crate::account::scan::hex;
use crate::grade::evidence::Evidence;
use crate::grade::result::{State, StudentResult};
use crate::grade::roster::{Roster, Student};
use crate::grade::rubric::Rubric;

/// The evidence of an earlier run.
#[derive(Debug)]
pub struct Kept {
    folder: PathBuf,
    roster: Roster,
    deadline: Option<Timestamp>,
    rubric: Option<String>,
    /// Who could not be reached, and why.
    unreached: BTreeMap<String, Unseen>,
}

/// The largest evidence that is read, in bytes.
const LARGEST: u64 = 256 << 20;

impl Kept {
    /// Looks into the folder of a run, or into a folder with evidence in folders that are called as the students.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn open(folder: &Path) -> Result<Self, RunError> {
        let unread = |source: io::Error| RunError::Journal(JournalError::Io(source));
        let journal = Journal::look(folder)?;
        let header = journal.as_ref().and_then(Journal::header).cloned();
        #[expect(clippy::single_match_else, reason = "two sources of the same, side by side")]
        let students: Vec<Student> = match &header {
            Some(header) => header.students.iter().cloned().map(Student::from).collect(),
            None => {
                let mut ids = Vec::new();
                for entry in fs::read_dir(folder.join("students")).map_err(unread)? {
                    let entry = entry.map_err(unread)?;
                    if entry.path().join("evidence.json").is_file() {
                        ids.extend(entry.file_name().into_string());
                    }
                }
                ids.sort();
                ids.into_iter().map(|id| Student { id, ..Student::default() }).collect()
            }
        };
        let mut unreached = BTreeMap::new();
        if let Some(journal) = &journal {
            for student in &students {
                let is_unreached =
                    journal.place(&student.id).is_some_and(|place| place.state == State::Unreachable);
                if is_unreached && let Some(entry) = journal.entry(&student.id)? {
                    let StudentResult { account, problem, fingerprint, .. } = entry.result;
                    let (problem, print) = (problem.unwrap_or_default(), fingerprint.unwrap_or_default());
                    unreached.insert(entry.id, Unseen { account, problem, print });
                }
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            roster: Roster { students },
            deadline: header.as_ref().and_then(|header| header.deadline),
            rubric: header.map(|header| header.rubric),
            unreached,
        })
    }

    /// Tells which folder it is, hashed.
    pub fn place(&self) -> String {
        let path = fs::canonicalize(&self.folder).unwrap_or_else(|_| self.folder.clone());
        hex(&Sha256::digest(path.as_os_str().as_encoded_bytes()))
    }

    /// Returns the class, as far as the folder tells.
    pub const fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Returns when the work was due, if the run knew.
    pub const fn deadline(&self) -> Option<Timestamp> {
        self.deadline
    }

    /// Returns the name of the rubric, if the run told.
    pub fn rubric(&self) -> Option<&str> {
        self.rubric.as_deref()
    }

    /// Reads a student's evidence.
    pub(super) fn read(
        &self,
        rubric: &Rubric,
        student: &Student,
    ) -> Result<(Evidence, Vec<u8>), Box<Unseen>> {
        // Who could not be reached last has older evidence at most, and the run did not go by it.
        if let Some(unseen) = self.unreached.get(&student.id) {
            return Err(Box::new(unseen.clone()));
        }
        open(&self.folder, rubric, student).map_err(|why| Box::new(Unseen::of(student, why)))
    }
}

/// Reads the evidence of a student in a folder of results, as the file and as what it says.
pub(super) fn open(folder: &Path, rubric: &Rubric, student: &Student) -> Result<(Evidence, Vec<u8>), String> {
    let path = files::student(folder, &student.id).join("evidence.json");
    let size = match fs::metadata(&path) {
        Ok(about) => about.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err("there is no evidence of this student: `grade run` reads it".to_owned());
        }
        Err(error) => return Err(format!("the evidence cannot be read: {error}")),
    };
    if size > LARGEST {
        return Err(format!("the evidence has more than {} MiB", LARGEST >> 20));
    }
    let bytes = fs::read(&path).map_err(|error| format!("the evidence cannot be read: {error}"))?;
    let evidence = Evidence::parse(&bytes).map_err(|error| format!("the evidence is refused: {error}"))?;
    if evidence.rubric != rubric.name {
        return Err("the evidence is refused: it was read for another rubric".to_owned());
    }
    if !evidence.student.eq_ignore_ascii_case(&student.id) {
        return Err("the evidence is refused: it is another student's".to_owned());
    }
    Ok((evidence, bytes))
}
