//! `iamlab grade access`

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::super::output::write;
use crate::env;
use crate::error::{Error, Exit};
use crate::grade::access::handout::Handout;
use crate::grade::access::secret::{CourseSecret, SecretError};
use crate::grade::access::template::template;
use crate::grade::roster::{Roster, role_arn};
use crate::grade::rubric::Rubric;
use crate::scenario::model::DEFAULT_REGION;
use crate::source::SourceFile;
use crate::ui::Ui;

/// The rubric of the assignment that comes with the program.
const SHIPPED: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/iam-auditing/rubric.yaml"));

/// Make read-only access for every student: external id, template, link
///
/// Writes to a folder: the CloudFormation template that lets one role read what the rubric needs; a table for a mail
/// merge with each student's external id and link; a page for each student; the roster with the roles that the stacks
/// will make. External ids are computed from the course's secret, which is made when its file does not exist. No
/// account is contacted.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  iamlab grade access --roster roster.csv -o access --secret-file course.secret \\\n    \
                  --grader-role-arn arn:aws:iam::123456789012:role/grader \\\n    \
                  --template-url https://my-bucket.s3.amazonaws.com/grader-access.yaml\n\n\
                  Exit code: 0 written, 1 the roster, the rubric or the secret cannot be used"
)]
pub struct AccessArgs {
    /// The class: a CSV file with a header; `id` is the only column it must have
    #[arg(long, value_name = "FILE")]
    roster: PathBuf,
    /// Folder for what is handed out
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// The secret of the course, which external ids are computed from; made when there is no such file
    #[arg(long, value_name = "FILE", env = env::COURSE_SECRET_FILE)]
    secret_file: PathBuf,
    /// The role that grades: the only one that the students' roles trust
    #[arg(long, value_name = "ARN", value_parser = role_arn)]
    grader_role_arn: String,
    /// The rubric: a folder that holds `rubric.yaml`, or a YAML file [default: that of iam-auditing]
    #[arg(long, value_name = "RUBRIC")]
    rubric: Option<PathBuf>,
    /// Where the template was put: a bucket that CloudFormation may read
    #[arg(long, value_name = "URL", value_parser = url)]
    template_url: Option<String>,
    /// The region whose console the links open [default: the rubric's first]
    #[arg(long, value_name = "NAME", value_parser = region)]
    region: Option<String>,
}

pub(super) fn run(ui: &Ui, args: &AccessArgs) -> Result<Exit, Error> {
    let rubric = match &args.rubric {
        Some(path) => super::rubric(ui, path)?,
        None => shipped()?,
    };
    let roster = roster(ui, &args.roster)?;
    let (secret, is_new) = CourseSecret::load_or_make(&args.secret_file).map_err(secret_error)?;
    if is_new {
        ui.status(&format!("made the secret of the course: {}", args.secret_file.display()));
        ui.hint("keep it: whoever has it can compute every external id, and without it nobody can");
    }
    let first = rubric.regions.first().map_or(DEFAULT_REGION, String::as_str);
    let handout = Handout {
        rubric: &rubric,
        secret: &secret,
        grader_role: &args.grader_role_arn,
        template_url: args.template_url.as_deref(),
        region: args.region.as_deref().unwrap_or(first),
    };
    let folder = args.roster.parent().unwrap_or(Path::new(""));
    let failed = |error: csv::Error| Error::input("the tables cannot be written").caused_by(error);
    let to = |name: &str| args.output.join(name);
    write(&to("grader-access.yaml"), template(&rubric).as_bytes())?;
    for student in &roster.students {
        let letter = handout.letter(student);
        write_for_owner(&to("students").join(format!("{}.md", student.id)), letter.reveal().as_bytes())?;
    }
    write_for_owner(&to("mail-merge.csv"), handout.mail_merge(&roster).map_err(failed)?.reveal())?;
    write_for_owner(&to("roster.csv"), &handout.roster(&roster, folder).map_err(failed)?)?;

    let students = roster.students.len();
    let word = if students == 1 { "student" } else { "students" };
    ui.status(&format!("access for {students} {word} of {} is in {}", rubric.name, args.output.display()));
    if args.template_url.is_none() {
        ui.warn("there are no links: CloudFormation opens a template from a bucket only");
        ui.hint(
            "put grader-access.yaml into a bucket that students may read and run the same with `--template-url URL`, or \
             send it along",
        );
    }
    let unknown = roster.students.iter().filter(|student| !has_way(student)).count();
    if unknown > 0 {
        ui.hint(&format!(
            "{unknown} of {students} have no account_id and no role_arn: write down what they hand in, in {}",
            to("roster.csv").display()
        ));
    }
    Ok(Exit::Ok)
}

fn has_way(student: &crate::grade::roster::Student) -> bool {
    student.account.is_some()
        || student.role_arn.is_some()
        || student.profile.is_some()
        || student.bundle.is_some()
}

/// Reads the rubric that comes with the program.
fn shipped() -> Result<Rubric, Error> {
    let file = SourceFile::new("scenarios/iam-auditing/rubric.yaml", SHIPPED);
    Rubric::parse(&file)
        .map_err(|_| Error::input("this build has a broken rubric").hinted("name one with `--rubric`"))
}

/// Reads a roster; its mistakes are shown with their places.
pub(super) fn roster(ui: &Ui, path: &Path) -> Result<Roster, Error> {
    Roster::load(path).map_err(|found| {
        ui.diagnostics(&found);
        Error::input(format!("the roster `{}` has mistakes", path.display()))
            .hinted("it is a CSV file with a header; `id` is the only column it must have")
    })
}

/// Says what is wrong with a secret, and what to do.
#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
pub(super) fn secret_error(error: SecretError) -> Error {
    let hint = error.hint();
    let message = error.to_string();
    match std::error::Error::source(&error).map(ToString::to_string) {
        Some(source) => Error::input(message).caused_by(source).hinted(hint),
        None => Error::input(message).hinted(hint),
    }
}

/// Writes a file that only its owner may read, whole or not at all.
fn write_for_owner(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    // A file keeps the rights it has when it is written anew: so they are right before anything is in it.
    let failed = |error| Error::input(format!("`{}` cannot be written", path.display())).caused_by(error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    reserve(path).map_err(failed)?;
    write(path, bytes)
}

#[cfg(unix)]
fn reserve(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let file = fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    if file.metadata()?.is_file() {
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn reserve(_: &Path) -> std::io::Result<()> {
    Ok(())
}

fn url(text: &str) -> Result<String, String> {
    let is_one = text.starts_with("https://") && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    if is_one {
        Ok(text.to_owned())
    } else {
        Err("expected the URL of an object in a bucket, as `https://BUCKET.s3.amazonaws.com/grader-access.yaml`".to_owned())
    }
}

fn region(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !text.is_empty() && text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("expected a region as `us-east-1`".to_owned())
    }
}
