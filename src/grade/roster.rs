//! [`Roster`]: who is in the class and how each account is reached (CONTRACT section 6). A CSV file that somebody else
//! may have written: names are hostile, sizes are bounded.
//!
//! Columns are found by their names, whatever their case and order; columns nobody knows are passed over. Spreadsheets
//! separate by `,`, `;` or tabs as the country has it: the header tells. All mistakes are told in one go.

mod cell;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use csv::{ReaderBuilder, StringRecord};

use crate::scenario::strict;
use crate::source::{Diagnostic, SourceFile, Span};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 << 20;
/// How much of a name or an address is kept, in characters: more is nobody's name.
const LONGEST_NAME: usize = 256;

/// The class.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    /// The students, in the file's order; ids are unique.
    pub students: Vec<Student>,
}

/// One student.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Student {
    /// The id: a file name too, so `[A-Za-z0-9._@-]{1,64}` and no lone dots.
    pub id: String,
    /// The name, as the student gave it.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The account's 12 digits.
    pub account: Option<String>,
    /// The role to assume.
    pub role_arn: Option<String>,
    /// The external id to assume it with; computed from the course secret when it is left out.
    pub external_id: Option<String>,
    /// A profile of the AWS configuration files.
    pub profile: Option<String>,
    /// A file of `grade collect`, relative to the roster's folder.
    pub bundle: Option<PathBuf>,
    /// Days after the deadline that were granted.
    pub extension_days: u32,
}

/// The columns that have a meaning.
pub const COLUMNS: [&str; 9] =
    ["id", "name", "email", "account_id", "role_arn", "external_id", "profile", "bundle", "extension"];

impl Roster {
    /// Reads a roster.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or all mistakes that are in it.
    pub fn load(path: &Path) -> Result<Self, Vec<Diagnostic>> {
        if fs::metadata(path).is_ok_and(|about| about.len() > LARGEST) {
            let message = format!("`{}` is too large for a roster", path.display());
            let help = format!("a roster has {} MiB at most", LARGEST >> 20);
            return Err(vec![Diagnostic::new("large-file", message).help(help)]);
        }
        let told = |mut found: Vec<Diagnostic>| {
            for one in &mut found {
                if one.help.is_none() && one.id == "not-utf8" {
                    one.help = Some("save it as `CSV UTF-8`".to_owned());
                }
            }
            found
        };
        Self::parse(&strict::text(path).map_err(told)?)
    }

    /// Reads a roster's text.
    ///
    /// # Errors
    ///
    /// All mistakes of the text.
    pub fn parse(file: &SourceFile) -> Result<Self, Vec<Diagnostic>> {
        let mut reading = Reading { file, columns: [None; COLUMNS.len()], width: 0, found: Vec::new() };
        let students = reading.students();
        if reading.found.is_empty() { Ok(Self { students }) } else { Err(reading.found) }
    }

    /// Returns the student of an id, whatever its case.
    pub fn find(&self, id: &str) -> Option<&Student> {
        self.students.iter().find(|student| student.id.eq_ignore_ascii_case(id))
    }
}

/// Reads the ARN of a role.
///
/// # Errors
///
/// It is none; says what one looks like.
pub fn role_arn(text: &str) -> Result<String, String> {
    cell::role(text).map_err(|wrong| format!("{}; {}", wrong.message, wrong.help))
}

/// Where each column of [`COLUMNS`] stands.
type Columns = [Option<usize>; COLUMNS.len()];

struct Reading<'a> {
    file: &'a SourceFile,
    columns: Columns,
    width: usize,
    found: Vec<Diagnostic>,
}

/// A row and where it is written.
struct Row<'a> {
    cells: &'a StringRecord,
    place: Span,
}

impl Reading<'_> {
    fn students(&mut self) -> Vec<Student> {
        // Excel puts a mark before the text, and some programs a line that names the separator.
        let text: &str = &self.file.text;
        let mut start = text.len() - text.trim_start_matches('\u{feff}').len();
        let mut separator = None;
        if let Some(("sep=" | "SEP=", rest)) = text.get(start..).and_then(|text| text.split_at_checked(4)) {
            separator = rest.bytes().next().filter(u8::is_ascii);
            start += 4 + rest.find('\n').map_or(rest.len(), |end| end + 1);
        }
        let body = text.get(start..).unwrap_or_default();
        let header = body.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let separator = separator.unwrap_or_else(|| separator_of(header));
        let mut reader = ReaderBuilder::new()
            .delimiter(separator)
            .flexible(true)
            .has_headers(false)
            .from_reader(body.as_bytes());
        let mut rows: Vec<(usize, StringRecord)> = Vec::new();
        for record in reader.records() {
            match record {
                Ok(cells) => {
                    let at = cells.position().and_then(|place| usize::try_from(place.byte()).ok());
                    rows.push((start + at.unwrap_or_default(), cells));
                }
                Err(error) => self.found.push(
                    Diagnostic::new("not-csv", format!("this is no CSV file: {error}")).in_file(self.file),
                ),
            }
        }
        let ends = rows.iter().skip(1).map(|(at, _)| *at).chain([text.len()]).collect::<Vec<_>>();
        let mut rows = rows
            .iter()
            .zip(ends)
            .map(|((start, cells), end)| Row { cells, place: Span::between(*start, end) })
            .filter(|row| row.cells.iter().any(|cell| !cell.trim().is_empty()));
        let Some(header) = rows.next() else {
            let empty = Diagnostic::new("empty-file", "the roster holds nothing").in_file(self.file);
            self.found.push(empty.help("write a header, `id,name,email,account_id`, and a line per student"));
            return Vec::new();
        };
        if !self.header(&header) {
            return Vec::new();
        }
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        let students: Vec<Student> =
            rows.filter_map(|row| self.student(&row, separator, &mut seen)).collect();
        if students.is_empty() && self.found.is_empty() {
            let nobody = Diagnostic::new("no-student", "the roster names no student").in_file(self.file);
            self.found.push(nobody.help("write a line for each student under the header"));
        }
        students
    }

    /// Finds the columns; tells whether there is one of ids.
    fn header(&mut self, row: &Row<'_>) -> bool {
        self.width = row.cells.len();
        for (at, cell) in row.cells.iter().enumerate() {
            let name = cell.trim().to_lowercase().replace([' ', '-'], "_");
            let Some(column) = COLUMNS.iter().position(|known| *known == name) else { continue };
            if let Some(place @ None) = self.columns.get_mut(column) {
                *place = Some(at);
            } else {
                let message = format!("there are two columns `{name}`");
                let twice = Diagnostic::new("same-column", message).at(self.file, self.place(row, cell));
                self.found.push(twice.help("leave one of them out: nobody can tell which one counts"));
            }
        }
        let has_ids = self.columns.first().is_some_and(Option::is_some);
        if !has_ids {
            let known = COLUMNS.map(|column| format!("`{column}`")).join(", ");
            let missing = Diagnostic::new("no-id-column", "the roster has no column `id`");
            let place = line(self.file, row.place);
            self.found.push(missing.at(self.file, place).help(format!("the columns are {known}")));
        }
        has_ids
    }

    fn student(
        &mut self,
        row: &Row<'_>,
        separator: u8,
        seen: &mut BTreeMap<String, Span>,
    ) -> Option<Student> {
        self.whole(row, separator);
        let id = self.read(row, "id", cell::id);
        let Some(id) = id else {
            if self.cell(row, "id").is_empty() {
                let nameless = Diagnostic::new("no-id", "a student has no id");
                let place = line(self.file, row.place);
                self.found.push(nameless.at(self.file, place).help("every student needs an id of their own"));
            }
            return None;
        };
        let place = self.place(row, self.cell(row, "id"));
        if let Some(first) = seen.insert(id.to_ascii_lowercase(), place) {
            let message = format!("two students have the id `{id}`");
            let same = Diagnostic::new("same-id", message).at(self.file, place).label("again here");
            let help = "ids differ in more than capital letters: they are file names, too";
            self.found.push(same.also(first, "first here").help(help));
        }
        let account = self.read(row, "account_id", cell::account);
        let role_arn = self.read(row, "role_arn", cell::role);
        if let (Some(account), Some(role)) = (&account, &role_arn)
            && !role.contains(&format!("::{account}:"))
        {
            let message = format!("the role of `{id}` is not in account {account}");
            let strange = Diagnostic::new("other-account", message);
            let place = self.place(row, self.cell(row, "role_arn"));
            self.found.push(strange.at(self.file, place).help("one of `account_id` and `role_arn` is wrong"));
        }
        let short = |text: &str| -> Option<String> {
            (!text.is_empty()).then(|| text.chars().take(LONGEST_NAME).collect())
        };
        Some(Student {
            name: short(self.cell(row, "name")),
            email: short(self.cell(row, "email")),
            account,
            role_arn,
            external_id: self.read(row, "external_id", cell::external_id),
            profile: self.read(row, "profile", cell::profile),
            bundle: self.read(row, "bundle", cell::bundle),
            extension_days: self.read(row, "extension", cell::extension).unwrap_or_default(),
            id,
        })
    }

    /// Notes a row that the quotes or the separators of another one fell into.
    fn whole(&mut self, row: &Row<'_>, separator: u8) {
        let too_many = row.cells.iter().skip(self.width).any(|cell| !cell.trim().is_empty());
        let swallowed = |cell: &str| {
            let mut others = cell.lines().skip(1);
            self.width > 1
                && others.any(|line| line.bytes().filter(|byte| *byte == separator).count() + 1 >= self.width)
        };
        let (id, message, help) = if row.cells.iter().any(swallowed) {
            ("open-quote", "a cell holds whole lines of the file", "a `\"` is not closed")
        } else if too_many {
            let help = "put a cell that holds the separator between `\"`";
            ("too-many-cells", "the row has more cells than the header", help)
        } else {
            return;
        };
        let place = line(self.file, row.place);
        self.found.push(Diagnostic::new(id, message).at(self.file, place).help(help));
    }

    /// Returns a cell without the white space around it; empty when there is none.
    fn cell<'r>(&self, row: &Row<'r>, column: &str) -> &'r str {
        let at = COLUMNS.iter().position(|known| *known == column);
        let at = at.and_then(|at| self.columns.get(at).copied().flatten());
        at.and_then(|at| row.cells.get(at)).unwrap_or_default().trim()
    }

    /// Reads a cell that is not empty; what it cannot be is noted.
    fn read<T>(
        &mut self,
        row: &Row<'_>,
        column: &str,
        read: impl FnOnce(&str) -> Result<T, cell::Wrong>,
    ) -> Option<T> {
        let text = self.cell(row, column);
        if text.is_empty() {
            return None;
        }
        match read(text) {
            Ok(value) => Some(value),
            Err(cell::Wrong { id, message, help }) => {
                let place = self.place(row, text);
                self.found.push(Diagnostic::new(id, message).at(self.file, place).help(help));
                None
            }
        }
    }

    /// Returns where a cell's text is written: at its first place in the row.
    fn place(&self, row: &Row<'_>, text: &str) -> Span {
        let written = self.file.slice(row.place);
        match written.find(text).filter(|_| !text.is_empty()) {
            Some(at) => Span { start: row.place.start + at, len: text.len() },
            None => line(self.file, row.place),
        }
    }
}

/// Returns the first line of a place.
fn line(file: &SourceFile, place: Span) -> Span {
    Span { start: place.start, len: file.slice(place).lines().next().map_or(0, str::len) }
}

/// Tells what a header is separated by: what stands in it most often outside of quotes.
fn separator_of(header: &str) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    for byte in header.bytes() {
        quoted ^= byte == b'"';
        for (separator, count) in &mut counts {
            *count += usize::from(!quoted && byte == *separator);
        }
    }
    let most = counts.iter().rev().max_by_key(|(_, count)| *count);
    most.map_or(b',', |(separator, _)| *separator)
}

#[cfg(test)]
mod tests;
