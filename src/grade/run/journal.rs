//! [`Journal`]: what became of every student, a line each, on disk before the next is begun. What a killed run leaves is
//! a journal whose last line may be torn: such a line is as if it were not there, and nothing is ever taken out.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::grade::result::{State, StudentResult};
use crate::grade::roster::Student;

/// The file's name in the folder of a run.
pub const NAME: &str = "journal.jsonl";

/// What a run was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of this form.
    pub format_version: u32,
    /// The rubric's name.
    pub rubric: String,
    /// When the work was due, when it was the command line that said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// Which evidence was marked again, hashed; accounts were read when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The class, in the roster's order.
    pub students: Vec<Listed>,
}

/// What a journal keeps of a row of the roster: enough to mark the class again without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// The id.
    pub id: String,
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Days that were granted.
    #[serde(default)]
    pub extension_days: u32,
}

impl From<&Student> for Listed {
    fn from(student: &Student) -> Self {
        let Student { id, name, email, account, extension_days, .. } = student.clone();
        Self { id, name, email, account, extension_days }
    }
}

impl From<Listed> for Student {
    fn from(listed: Listed) -> Self {
        let Listed { id, name, email, account, extension_days } = listed;
        Self { id, name, email, account, extension_days, ..Self::default() }
    }
}

/// What became of one student.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The id on the roster.
    pub id: String,
    /// What the account was reached by, hashed: another way in is read again.
    pub read: String,
    /// What the marks depend on besides the evidence, hashed: rubric, deadline, points that a person gave.
    pub marked: String,
    /// The marks.
    pub result: StudentResult,
}

/// Where a student's line is, and what it says in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    offset: u64,
    length: u64,
    /// See [`Entry::read`].
    pub read: String,
    /// See [`Entry::marked`].
    pub marked: String,
    /// How far it got.
    pub state: State,
    /// Whether there was something to say about the way in.
    pub is_remarked: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line<H, E> {
    Run(H),
    Student(E),
}

/// An entry without what takes room.
#[derive(Deserialize)]
struct Short {
    id: String,
    read: String,
    marked: String,
    result: ShortResult,
}

#[derive(Deserialize)]
struct ShortResult {
    state: State,
    #[serde(default)]
    access: Vec<serde::de::IgnoredAny>,
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It cannot be read or written.
    #[error("the journal cannot be read or written")]
    Io(#[from] io::Error),
    /// Another process writes it.
    #[error("another run is at work in this folder")]
    InUse,
    /// A line cannot be written.
    #[error("the journal cannot hold a line")]
    Json(#[from] serde_json::Error),
    /// It was changed while it was open.
    #[error("the journal has changed under this run")]
    Changed,
}

/// A journal.
#[derive(Debug)]
pub struct Journal {
    file: File,
    end: u64,
    header: Option<Header>,
    places: BTreeMap<String, Place>,
}

impl Journal {
    /// Opens the journal of a folder for a run, and makes it when there is none. No other run can have it meanwhile.
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        let mut options = File::options();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(folder.join(NAME))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let (mut journal, is_torn) = Self::scan(file)?;
        if is_torn {
            // The torn line ends here, and is none; what follows is whole.
            journal.write(b"\n")?;
        }
        Ok(journal)
    }

    /// Opens the journal of a folder to look things up; `None` when there is none.
    pub fn look(folder: &Path) -> Result<Option<Self>, JournalError> {
        match File::open(folder.join(NAME)) {
            Ok(file) => Ok(Some(Self::scan(file)?.0)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads where everything is; also tells whether the last line has no end.
    fn scan(file: File) -> Result<(Self, bool), JournalError> {
        let mut journal = Self { file, end: 0, header: None, places: BTreeMap::new() };
        let mut reader = BufReader::new(&journal.file);
        let (mut line, mut offset, mut is_torn) = (Vec::new(), 0_u64, false);
        let (mut header, mut places) = (None, BTreeMap::new());
        loop {
            line.clear();
            let length = u64::try_from(reader.read_until(b'\n', &mut line)?).unwrap_or(u64::MAX);
            if length == 0 {
                break;
            }
            is_torn = line.last() != Some(&b'\n');
            // A whole line without its end may be a part of a number: only what was ended counts.
            match serde_json::from_slice::<Line<Header, Short>>(&line) {
                _ if is_torn => {}
                Ok(Line::Run(found)) => header = Some(found),
                Ok(Line::Student(Short { id, read, marked, result })) => {
                    places.insert(
                        id,
                        Place {
                            offset,
                            length,
                            read,
                            marked,
                            state: result.state,
                            is_remarked: !result.access.is_empty(),
                        },
                    );
                }
                Err(_) => {}
            }
            offset += length;
        }
        (journal.end, journal.header, journal.places) = (offset, header, places);
        Ok((journal, is_torn))
    }

    /// Returns what the last run was about.
    pub const fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Returns what is known of a student.
    pub fn place(&self, id: &str) -> Option<&Place> {
        self.places.get(id)
    }

    /// Begins a run.
    pub fn begin(&mut self, header: Header) -> Result<(), JournalError> {
        if self.header.as_ref() != Some(&header) {
            self.line(&Line::<&Header, ()>::Run(&header))?;
            self.header = Some(header);
        }
        Ok(())
    }

    /// Adds what became of a student; it is on disk when this returns.
    pub fn add(&mut self, entry: &Entry) -> Result<(), JournalError> {
        let (offset, length) = self.line(&Line::<(), &Entry>::Student(entry))?;
        let (read, marked, state) = (entry.read.clone(), entry.marked.clone(), entry.result.state);
        let is_remarked = !entry.result.access.is_empty();
        self.places.insert(entry.id.clone(), Place { offset, length, read, marked, state, is_remarked });
        Ok(())
    }

    /// Reads a student's line.
    pub fn entry(&self, id: &str) -> Result<Option<Entry>, JournalError> {
        let Some(place) = self.places.get(id) else { return Ok(None) };
        let mut file = &self.file;
        file.seek(SeekFrom::Start(place.offset))?;
        let mut line = Vec::new();
        file.take(place.length).read_to_end(&mut line)?;
        match serde_json::from_slice::<Line<Header, Entry>>(&line)? {
            Line::Student(entry) if entry.id == id => Ok(Some(entry)),
            _ => Err(JournalError::Changed),
        }
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(u64, u64), JournalError> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let offset = self.end;
        self.write(&text)?;
        Ok((offset, self.end - offset))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        self.file.write_all(bytes)?;
        self.file.sync_data()?;
        self.end += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grade::points::Points;

    fn entry(id: &str, state: State) -> Entry {
        let result = StudentResult {
            id: id.to_owned(),
            account: String::new(),
            state,
            problem: None,
            score: Points::whole(1),
            max: Points::whole(2),
            manual_open: Points::ZERO,
            unknown: Points::ZERO,
            late: None,
            access: Vec::new(),
            tasks: Vec::new(),
            fingerprint: None,
        };
        Entry { id: id.to_owned(), read: "r".to_owned(), marked: "m".to_owned(), result }
    }

    #[test]
    fn a_line_that_was_torn_anywhere_is_as_if_it_were_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (entry("s1", State::Graded), entry("s2", State::Pending));
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.add(&one).unwrap();
        let before = usize::try_from(journal.end).unwrap();
        journal.add(&two).unwrap();
        drop(journal);
        let whole = std::fs::read(folder.path().join(NAME)).unwrap();
        for cut in before..whole.len() {
            std::fs::write(folder.path().join(NAME), &whole[..cut]).unwrap();
            let mut journal = Journal::open(folder.path()).unwrap();
            assert_eq!(journal.place("s2"), None, "{cut}");
            journal.add(&two).unwrap();
            drop(journal);
            let journal = Journal::open(folder.path()).unwrap();
            assert_eq!(journal.entry("s1").unwrap(), Some(one.clone()), "{cut}");
            assert_eq!(journal.entry("s2").unwrap(), Some(two.clone()), "{cut}");
        }
    }

    #[test]
    fn the_last_line_of_a_student_counts() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.add(&entry("s1", State::Pending)).unwrap();
        journal.add(&entry("s1", State::Graded)).unwrap();
        assert!(matches!(Journal::open(folder.path()), Err(JournalError::InUse)));
        drop(journal);
        let journal = Journal::look(folder.path()).unwrap().unwrap();
        assert_eq!(journal.place("s1").unwrap().state, State::Graded);
        assert_eq!(journal.entry("s1").unwrap().unwrap().result.state, State::Graded);
        assert_eq!(journal.entry("s2").unwrap(), None);
    }
}
