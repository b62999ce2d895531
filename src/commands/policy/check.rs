//! `iamlab policy check`

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::Format;
use crate::commands::to_text;
use crate::error::{Error, Exit};
use crate::policy::grammar::{MANAGED_LIMIT, PolicyKind, TRUST_LIMIT, size, validate};
use crate::policy::statement::Policy;
use crate::source::{Diagnostic, SourceFile};
use crate::ui::Ui;

/// Tell whether a file is a policy that AWS accepts; exit 2 when it is none
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab policy check policies/iam-auditor-policy.json\n  \
                        iamlab policy check trust.json --kind trust\n\n\
                        The message is the one AWS gives to whoever sends such a document.\n\n\
                        Exit codes: 0 AWS accepts it, 2 AWS refuses it, 1 the file cannot be read")]
pub struct CheckArgs {
    /// A file with one policy as JSON
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the policy is for
    #[arg(long, value_enum, default_value_t)]
    kind: Kind,
    /// Form of the output
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    format: Format,
}

/// What a policy can be for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A managed policy.
    #[default]
    Managed,
    /// A policy inside a user, a group or a role.
    Inline,
    /// The trust policy of a role.
    Trust,
}

pub(super) fn run(ui: &Ui, args: &CheckArgs) -> Result<Exit, Error> {
    let text = read(&args.file)?;
    let (kind, limit) = match args.kind {
        Kind::Managed => (PolicyKind::Identity, Some(MANAGED_LIMIT)),
        Kind::Inline => (PolicyKind::Inline, None),
        Kind::Trust => (PolicyKind::Trust, Some(TRUST_LIMIT)),
    };
    let refused = validate(&text, kind).err();
    match (args.format, &refused) {
        (Format::Json, _) => ui.data(&to_text(&json!({
            "format_version": 1,
            "file": args.file,
            "valid": refused.is_none(),
            "message": refused,
            "size": size(&text),
            "limit": limit,
        }))?),
        (Format::Text, None) => {
            let of = limit.map(|limit| format!(" of {limit}")).unwrap_or_default();
            ui.data(&format!("valid, {}{of} characters", size(&text)));
        }
        (Format::Text, Some(message)) => {
            ui.data(&format!("refused: {message}"));
            let file = SourceFile::new(args.file.clone(), text.as_str());
            // AWS names no place; where the text stops being a policy is one.
            if let Err(error) = Policy::parse(&text) {
                let place = Diagnostic::new("malformed-policy", error.to_string()).at(&file, error.span);
                ui.diagnostics(&[place]);
            }
        }
    }
    Ok(if refused.is_none() { Exit::Ok } else { Exit::Differs })
}

/// Reads a file of the user.
pub(super) fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path)
        .map_err(|error| Error::input(format!("`{}` cannot be read", path.display())).caused_by(error))
}
