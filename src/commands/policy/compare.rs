//! `iamlab policy compare`

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::check::read;
use super::plain;
use crate::cli::Format;
use crate::commands::to_text;
use crate::error::{Error, Exit};
use crate::policy::document::PolicyDocument;
use crate::ui::{Tone, Ui};

/// Tell whether two policies mean the same; exit 2 when they do not
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlab policy compare policies/iam-auditor-policy.json theirs.json\n  \
                        iamlab policy compare before.json after.json --format json | jq .only_in_b\n\n\
                        Order, lists of one, the case of actions and `Sid` do not matter. Shown are the statements that only one\n\
                        of the two has, in one form for both.\n\n\
                        Exit codes: 0 they mean the same, 2 they do not, 1 one of them is no policy")]
pub struct CompareArgs {
    /// A file with one policy as JSON
    #[arg(value_name = "A")]
    first: PathBuf,
    /// A file with one policy as JSON
    #[arg(value_name = "B")]
    second: PathBuf,
    /// Form of the output
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    format: Format,
}

pub(super) fn run(ui: &Ui, args: &CompareArgs) -> Result<Exit, Error> {
    let (first, second) = (document(&args.first)?, document(&args.second)?);
    let equal = first == second;
    let versions = [version(&first), version(&second)];
    let (gone, new) = (only_in(&first, &second), only_in(&second, &first));
    match args.format {
        Format::Json => ui.data(&to_text(&json!({
            "format_version": 1,
            "equal": equal,
            "versions": versions,
            "only_in_a": gone,
            "only_in_b": new,
        }))?),
        Format::Text if equal => ui.data("they mean the same"),
        Format::Text => {
            ui.data("they do not mean the same");
            if let [Some(before), Some(after)] = versions
                && before != after
            {
                ui.data(&ui.paint(Tone::Change, &plain(&format!("~ Version: {before} -> {after}"))));
            }
            let sides = [("-", Tone::Bad, &gone), ("+", Tone::Good, &new)];
            for (symbol, tone, statements) in sides {
                for statement in statements {
                    ui.data(&ui.paint(tone, &plain(&format!("{symbol} {statement}"))));
                }
            }
        }
    }
    Ok(if equal { Exit::Ok } else { Exit::Differs })
}

fn document(path: &Path) -> Result<PolicyDocument, Error> {
    let document = PolicyDocument::parse(&read(path)?)
        .map_err(|error| Error::input(format!("`{}` is no policy", path.display())).caused_by(error))?;
    if document.written().get("Statement").is_none() {
        return Err(Error::input(format!("`{}` is no policy: it has no `Statement`", path.display())));
    }
    Ok(document)
}

fn version(document: &PolicyDocument) -> Option<&str> {
    document.normal().get("Version")?.as_str()
}

fn statements(document: &PolicyDocument) -> &[Value] {
    document.normal().get("Statement").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The statements that only `one` has.
fn only_in<'a>(one: &'a PolicyDocument, other: &PolicyDocument) -> Vec<&'a Value> {
    statements(one).iter().filter(|statement| !statements(other).contains(statement)).collect()
}
