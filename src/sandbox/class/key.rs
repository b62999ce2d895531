//! The answer key: the class as JSON and CSV, and the roster that grading starts from.

use std::io;

use serde::Serialize;

use super::{Class, ClassError};

/// The answer key as a document.
#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    seed: u64,
    as_of: String,
    deadline: String,
    students: Vec<Entry<'a>>,
}

/// One student in the answer key.
#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    name: &'a str,
    email: &'a str,
    account: &'a str,
    extension: u8,
    began: String,
    same_as: Option<&'a str>,
    mistakes: Vec<Fault>,
}

/// One mistake in the answer key.
#[derive(Serialize)]
struct Fault {
    id: &'static str,
    tasks: &'static [&'static str],
    what: &'static str,
}

impl Class {
    /// Writes the answer key as JSON: for each student what is wrong, and which tasks that touches.
    pub fn to_json(&self) -> Result<String, ClassError> {
        let students = self.students.iter().map(|student| Entry {
            id: &student.id,
            name: &student.name,
            email: &student.email,
            account: &student.account,
            extension: student.extension,
            began: student.began.to_string(),
            same_as: student.same_as.as_deref(),
            mistakes: student
                .mistakes
                .iter()
                .map(|mistake| Fault { id: mistake.id(), tasks: mistake.tasks(), what: mistake.what() })
                .collect(),
        });
        let document = Document {
            format_version: 1,
            seed: self.seed,
            as_of: self.as_of.to_string(),
            deadline: self.deadline.to_string(),
            students: students.collect(),
        };
        Ok(serde_json::to_string_pretty(&document).map_err(io::Error::from)? + "\n")
    }

    /// Writes the answer key as a table, a line per student.
    pub fn to_csv(&self) -> Result<String, ClassError> {
        let header = ["id", "name", "email", "account_id", "extension", "same_as", "mistakes", "tasks"];
        table(
            header,
            self.students.iter().map(|student| {
                let mut tasks: Vec<&str> =
                    student.mistakes.iter().flat_map(|mistake| mistake.tasks()).copied().collect();
                tasks.sort_by_key(|task| (task.len(), *task));
                tasks.dedup();
                let mistakes: Vec<&str> = student.mistakes.iter().map(|mistake| mistake.id()).collect();
                [
                    student.id.clone(),
                    disarmed(&student.name),
                    student.email.clone(),
                    student.account.clone(),
                    student.extension.to_string(),
                    student.same_as.clone().unwrap_or_default(),
                    mistakes.join(" "),
                    tasks.join(" "),
                ]
            }),
        )
    }

    /// Writes the roster of the class, as grading reads it. Names are as the students gave them.
    pub fn to_roster(&self) -> Result<String, ClassError> {
        let header = [
            "id",
            "name",
            "email",
            "account_id",
            "role_arn",
            "external_id",
            "profile",
            "bundle",
            "extension",
        ];
        table(
            header,
            self.students.iter().map(|student| {
                let none = String::new;
                let extension = if student.extension == 0 { none() } else { student.extension.to_string() };
                let (id, name, email) = (student.id.clone(), student.name.clone(), student.email.clone());
                [id, name, email, student.account.clone(), none(), none(), none(), none(), extension]
            }),
        )
    }
}

/// Writes rows under a header.
fn table<const N: usize>(
    header: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Result<String, ClassError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).map_err(io::Error::from)?;
    for row in rows {
        writer.write_record(row).map_err(io::Error::from)?;
    }
    let text = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Keeps a spreadsheet from taking a text for a formula
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
fn disarmed(text: &str) -> String {
    let text: String = text.chars().filter(|letter| !letter.is_control()).collect();
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}
