//! `iamlab grade collect`

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::class::unread;
use super::own;
use crate::cli::TargetArgs;
use crate::error::{Error, ErrorKind, Exit};
use crate::grade::evidence::{Evidence, Way};
use crate::grade::run::place_private;
use crate::secret::Secret;
use crate::ui::Ui;

/// Write one's own evidence to a file, for a class without live access
///
/// Reads with one's own credentials what the rubric needs, and writes it to a file that the instructor marks. The file
/// holds no password, no secret access key and no MFA seed; what looks like one in the function's code or environment is
/// masked. A nonce that the instructor gave out ties the file to the student.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  iamlab grade collect scenarios/iam-auditing -o s001.json --student s001 --nonce-file nonce.txt\n  \
                  iamlab grade collect scenarios/iam-auditing -o s001.json --profile lab\n\n\
                  Exit code: 0 written, 1 nothing can be concluded, 4 written, but something could not be looked at"
)]
pub struct CollectArgs {
    /// The rubric: a folder that holds `rubric.yaml`, or a YAML file
    #[arg(value_name = "RUBRIC")]
    rubric: PathBuf,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// One's id on the roster
    #[arg(long, value_name = "ID", default_value = "self")]
    student: String,
    /// What the instructor gave to this student alone
    #[arg(long, value_name = "TEXT", conflicts_with = "nonce_file")]
    nonce: Option<String>,
    /// A file that holds it
    #[arg(long, value_name = "FILE")]
    nonce_file: Option<PathBuf>,
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn run(ui: &Ui, args: &CollectArgs) -> Result<Exit, Error> {
    let rubric = super::rubric(ui, &args.rubric)?;
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte);
    if !(1..=64).contains(&args.student.len()) || !args.student.bytes().all(is_id) {
        return Err(Error::usage("an id has letters, digits and `._@-`, 64 at most")
            .hinted("take the one on the instructor's roster"));
    }
    let nonce = match (&args.nonce, &args.nonce_file) {
        (Some(text), _) => Some(Secret::new(text.trim().to_owned())),
        (None, Some(path)) => Some(Secret::new(text(path)?.trim().to_owned())),
        (None, None) => None,
    };
    let mut evidence = own::read(ui, &args.target, &rubric, &args.student, Way::Bundle).await?;
    if let Some(nonce) = &nonce {
        evidence.seal(nonce.reveal());
    }
    let bytes = evidence.to_json().map_err(|error| {
        Error::new(ErrorKind::Internal, "the evidence cannot be written as JSON").caused_by(error)
    })?;
    place_private(&args.output, &bytes)?;
    tell(ui, &evidence, &args.output, nonce.is_some());
    let unread = unseen(&evidence);
    for what in &unread {
        ui.warn(&format!("not in it: {what}"));
    }
    Ok(if unread.is_empty() { Exit::Ok } else { Exit::Unseen })
}

fn text(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| unread(path, error))
}

fn tell(ui: &Ui, evidence: &Evidence, path: &Path, is_sealed: bool) {
    let count =
        |there: Option<usize>| there.map_or("an unknown number of".to_owned(), |count| count.to_string());
    let identity = evidence.snapshot.identity.read();
    ui.data(&format!("written to {}, for student `{}`", path.display(), evidence.student));
    ui.data(&format!(
        "it holds account {}: users: {}, roles: {}, functions, with their code: {}, looks into the event history: {}",
        evidence.snapshot.account,
        count(identity.map(|identity| identity.users.len())),
        count(identity.map(|identity| identity.roles.len())),
        count(evidence.functions.read().map(std::collections::BTreeSet::len)),
        evidence.lookups.len(),
    ));
    ui.data(
        "it does not hold passwords, secret access keys or MFA seeds; what looks like one in code is masked",
    );
    if is_sealed {
        ui.data("it is sealed with the nonce: editing it breaks the seal");
    } else {
        ui.hint("`--nonce-file` seals it, when the instructor gave out a nonce");
    }
}

/// Lists what could not be read.
fn unseen(evidence: &Evidence) -> Vec<String> {
    use crate::account::snapshot::Facet;

    fn why<T>(what: &str, facet: &Facet<T>) -> Option<String> {
        match facet {
            Facet::NotRead(why) if why != "nobody asked for it" => Some(format!("{what}: {why}")),
            _ => None,
        }
    }
    let snapshot = &evidence.snapshot;
    let parts = [
        why("users, groups, roles and policies", &snapshot.identity),
        why("the credential report", &snapshot.credential_report),
        why("functions", &evidence.functions),
        why("topics", &evidence.topics),
        why("rules", &evidence.rules),
        why("schedules", &snapshot.schedules),
    ];
    let packages =
        evidence.packages.iter().filter_map(|(name, one)| why(&format!("the code of {name}"), one));
    let lookups = evidence.lookups.iter().filter_map(|one| {
        why(&format!("the event history of {} {}", one.attribute, one.value), &one.records)
    });
    parts.into_iter().flatten().chain(packages).chain(lookups).collect()
}
