//! What an instructor hands out: a table for a mail merge, a text for each student, and the roster completed.

use std::fmt::Write as _;
use std::path::Path;

use csv::{QuoteStyle, Terminator, WriterBuilder};

use super::secret::CourseSecret;
use super::{role, template};
use crate::grade::roster::{COLUMNS, Roster, Student};
use crate::grade::rubric::Rubric;
use crate::report::escape::{cell, markdown, markdown_code};
use crate::secret::Secret;

/// What access to a class is made from.
#[derive(Debug)]
pub struct Handout<'a> {
    /// The rubric: the assignment's name, and what it reads.
    pub rubric: &'a Rubric,
    /// What external ids are computed from.
    pub secret: &'a CourseSecret,
    /// The role that the students' roles trust.
    pub grader_role: &'a str,
    /// Where CloudFormation finds the template, when it was put somewhere.
    pub template_url: Option<&'a str>,
    /// The region whose console the links open.
    pub region: &'a str,
}

/// The columns of the mail merge.
const MERGED: [&str; 7] = ["id", "name", "email", "external_id", "nonce", "quick_create_url", "role_arn"];

impl Handout<'_> {
    /// Returns a student's external id: the roster's, or the computed one.
    fn external_id(&self, student: &Student) -> Secret<String> {
        let given = student.external_id.clone().map(Secret::new);
        given.unwrap_or_else(|| self.secret.external_id(&student.id, &self.rubric.name))
    }

    /// Returns the link for a student, when there is a template to link to.
    fn link(&self, student: &Student) -> Option<Secret<String>> {
        let id = self.external_id(student);
        let url = self.template_url?;
        Some(Secret::new(template::quick_create(self.region, url, self.grader_role, id.reveal())))
    }

    /// Returns the ARN that a student's role has, or will have, when the account is known.
    fn role(&self, student: &Student) -> Option<String> {
        let partition = self.grader_role.split(':').nth(1).unwrap_or("aws");
        let made = |account: &String| format!("arn:{partition}:iam::{account}:role/{}", role::NAME);
        student.role_arn.clone().or_else(|| student.account.as_ref().map(made))
    }

    /// Writes a row for each student, to be merged into letters. No cell is a formula.
    ///
    /// # Errors
    ///
    /// The table cannot be written.
    pub fn mail_merge(&self, roster: &Roster) -> Result<Secret<Vec<u8>>, csv::Error> {
        let rows = roster.students.iter().map(|student| {
            let text = |text: Option<&str>| cell(text.unwrap_or_default()).into_owned();
            let (external_id, link) = (self.external_id(student), self.link(student));
            let nonce = self.secret.nonce(&student.id, &self.rubric.name);
            [
                text(Some(&student.id)),
                text(student.name.as_deref()),
                text(student.email.as_deref()),
                text(Some(external_id.reveal())),
                nonce.reveal().clone(),
                link.map(|link| link.reveal().clone()).unwrap_or_default(),
                self.role(student).unwrap_or_default(),
            ]
        });
        table(&MERGED, rows).map(Secret::new)
    }

    /// Writes the roster with the roles where accounts are known. External ids that were computed are not in it: they
    /// are computed again. `folder` is that of the roster that was read.
    ///
    /// # Errors
    ///
    /// The table cannot be written.
    pub fn roster(&self, roster: &Roster, folder: &Path) -> Result<Vec<u8>, csv::Error> {
        let rows = roster.students.iter().map(|student| {
            let shown = |text: &Option<String>| cell(text.as_deref().unwrap_or_default()).into_owned();
            let plain = |text: &Option<String>| text.clone().unwrap_or_default();
            let bundle = student.bundle.as_ref().map(|file| {
                let path = folder.join(file);
                std::path::absolute(&path).unwrap_or(path).display().to_string()
            });
            // A live way in goes by its own column; who has a file or a profile keeps it.
            let role = if student.bundle.is_some() || student.profile.is_some() {
                student.role_arn.clone()
            } else {
                self.role(student)
            };
            let days = student.extension_days;
            [
                student.id.clone(),
                shown(&student.name),
                shown(&student.email),
                plain(&student.account),
                plain(&role),
                plain(&student.external_id),
                plain(&student.profile),
                plain(&bundle),
                if days == 0 { String::new() } else { days.to_string() },
            ]
        });
        table(&COLUMNS, rows)
    }

    /// Writes what one student gets, as Markdown.
    pub fn letter(&self, student: &Student) -> Secret<String> {
        let name = student.name.as_deref().unwrap_or(&student.id);
        let (external_id, link) = (self.external_id(student), self.link(student));
        let mut text = format!(
            "# Access for marking: {}\n\nFor {} ({}). This page is yours alone: do not pass it on.\n\n## What to do\n\n\
             1. Sign in to the AWS console of the account you did the assignment in, as somebody who may make roles.\n",
            markdown(&self.rubric.title),
            markdown(name),
            markdown_code(&student.id),
        );
        match &link {
            Some(link) => {
                _ = writeln!(text, "2. Open [this link to CloudFormation]({}).", link.reveal());
            }
            None => {
                _ = writeln!(
                    text,
                    "2. Open CloudFormation, choose *Create stack*, then *With new resources*, and upload \
                     `grader-access.yaml`, which came with this page."
                );
            }
        }
        _ = write!(
            text,
            "3. The parameters have to be these:\n   - `GraderRoleArn`: {}\n   - `ExternalId`: {}\n\
             4. Tick *I acknowledge that AWS CloudFormation might create IAM resources with custom names*, and create \
             the stack.\n5. When it is complete, hand in the value of its output `GraderRoleArn`.\n\n## What it \
             allows\n\nThe stack makes one role, `{}`. Through it the grader of the course can read {}. It cannot see \
             passwords or secret keys, and cannot change anything in the account. Every look is in the account's \
             CloudTrail event history, under the session {}.\n\n## How to end it\n\nDelete the stack. Nothing else was \
             made.\n",
            markdown_code(self.grader_role),
            markdown_code(external_id.reveal()),
            role::NAME,
            markdown(&template::reads(self.rubric)),
            markdown_code(&role::session_name(&student.id)),
        );
        let nonce = self.secret.nonce(&student.id, &self.rubric.name);
        _ = write!(
            text,
            "\n## Without access\n\nWhen your instructor takes a file of `iamlab grade collect` instead, seal it with \
             this nonce: {}\n",
            markdown_code(nonce.reveal())
        );
        Secret::new(text)
    }
}

/// Writes rows under a header; every cell is quoted, so that a program that takes `;` for the separator finds the same.
fn table<const N: usize>(
    header: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Result<Vec<u8>, csv::Error> {
    let mut writer = WriterBuilder::new()
        .quote_style(QuoteStyle::Always)
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(row)?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;

    #[test]
    fn what_students_named_is_no_formula_and_no_markup() {
        let rubric =
            Rubric::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/iam-auditing")).unwrap();
        let secret = CourseSecret::new(vec![7; 32]);
        let handout = Handout {
            rubric: &rubric,
            secret: &secret,
            grader_role: "arn:aws:iam::999999999999:role/grader",
            template_url: Some("https://b.s3.amazonaws.com/t.yaml"),
            region: "us-east-1",
        };
        let text = "id,name,email,account_id,role_arn,external_id,profile,bundle,extension\n\
                    s1,=cmd|' /C calc'!A0,@SUM(1),123456789012,,,,,\n\
                    s2,<script>[x](javascript:y),,,,given-by-hand,,,3\n\
                    s3,,,123456789013,,,,b/s3.json,\n";
        let roster = Roster::parse(&SourceFile::new("r.csv", text)).unwrap();
        let merged = String::from_utf8(handout.mail_merge(&roster).unwrap().reveal().clone()).unwrap();
        assert!(merged.contains("\"'=cmd|' /C calc'!A0\",\"'@SUM(1)\",\"iamlab-"), "{merged}");
        assert!(merged.contains("\"arn:aws:iam::123456789012:role/iamlab-grader\""));
        assert!(merged.contains("\"given-by-hand\""));
        assert!(merged.contains("param_ExternalId=given-by-hand"));

        let written = handout.roster(&roster, Path::new("/class")).unwrap();
        let written = String::from_utf8(written).unwrap();
        let ids = roster.students.iter().map(|one| secret.external_id(&one.id, &rubric.name));
        assert!(ids.into_iter().all(|id| !written.contains(id.reveal().as_str())));
        let again = Roster::parse(&SourceFile::new("r.csv", written)).unwrap();
        let [first, second, third] = again.students.as_slice() else { panic!("{again:?}") };
        assert_eq!(first.role_arn.as_deref(), Some("arn:aws:iam::123456789012:role/iamlab-grader"));
        assert_eq!(second.external_id.as_deref(), Some("given-by-hand"));
        assert_eq!((second.extension_days, second.role_arn.as_deref()), (3, None));
        assert_eq!(third.bundle.as_deref(), Some(Path::new("/class/b/s3.json")));
        assert_eq!(third.role_arn, None);

        let letter = handout.letter(&roster.students[1]);
        let letter = letter.reveal();
        assert!(letter.contains("&lt;script&gt;\\[x\\](javascript:y)"), "{letter}");
        assert!(letter.contains("`given-by-hand`") && letter.contains("`iamlab-grade-s2`"));
    }
}
