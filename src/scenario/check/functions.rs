//! Functions: runtime and handler, the source folder, the environment.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::Report;
use crate::provision::Address;
use crate::provision::package::is_left_out;
use crate::provision::resources::{Resources, function};
use crate::scenario::files::why;
use crate::scenario::scene::At;
use crate::scenario::suggest::did_you_mean;

/// The largest source folder: what Lambda takes with a request, before compression.
const SOURCE_LIMIT: u64 = 50 << 20;
/// The most files of a source folder, so that a wrong path is found out and not walked for minutes.
const ENTRY_LIMIT: usize = 10_000;
/// The most that all environment variables of a function hold together.
const ENVIRONMENT_LIMIT: usize = 4096;

pub(super) fn check(report: &mut Report<'_, '_>, resources: &Resources) {
    for (name, function) in &resources.functions {
        let at = report.scene.resource(&Address::new("function", name));
        report.length(at.key("description"), "description", function.description.as_deref(), 256);
        environment(report, at.key("environment"), function);
        execution_role(report, at.key("role"), function, resources);
        let language = language(&function.runtime);
        if language.is_none() {
            let help = did_you_mean(&function.runtime, "for instance", KNOWN.iter().copied());
            let message = format!("Lambda has no runtime `{}`", function.runtime);
            report.push("runtime", at.key("runtime"), message, help);
        }
        let handler = handler(report, at.key("handler"), &function.handler, language);
        source(report, at, function, handler.as_deref(), language);
    }
    for (name, stack) in &resources.stacks {
        let at = report.scene.resource(&Address::new("stack", name)).key("capabilities");
        report.twice(at, &stack.capabilities, |one| {
            serde_json::to_value(one)
                .ok()
                .and_then(|json| json.as_str().map(str::to_owned))
                .unwrap_or_default()
        });
    }
}

/// Lambda refuses a function whose role it cannot assume; a trust document is left to AWS to judge.
fn execution_role(report: &mut Report<'_, '_>, at: At<'_>, function: &function::Spec, resources: &Resources) {
    let Some(role) = resources.roles.get(&function.role) else { return };
    if role.trust.document.is_none() && !role.trust.services.iter().any(|one| one == "lambda.amazonaws.com") {
        let help = "add `lambda.amazonaws.com` to the `services` of the role's `trust`";
        report.push(
            "execution-role",
            at,
            format!("Lambda may not assume the role `{}`", function.role),
            help,
        );
    }
}

/// Runtimes to suggest; any of the same form is taken.
const KNOWN: &[&str] = &[
    "python3.9",
    "python3.12",
    "python3.13",
    "nodejs20.x",
    "nodejs22.x",
    "ruby3.3",
    "java21",
    "provided.al2023",
];

/// What decides where a handler is: the language of a runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Python,
    Node,
    Ruby,
    /// Compiled ones, and one's own.
    Other,
}

impl Language {
    const fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["py"],
            Self::Node => &["js", "mjs", "cjs"],
            Self::Ruby => &["rb"],
            Self::Other => &[],
        }
    }
}

fn language(runtime: &str) -> Option<Language> {
    let number = |text: &str| !text.is_empty() && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
    let version =
        |text: &str| text.split_once('.').is_some_and(|(major, minor)| number(major) && number(minor));
    if let Some(rest) = runtime.strip_prefix("python") {
        return version(rest).then_some(Language::Python);
    }
    if let Some(rest) = runtime.strip_prefix("nodejs") {
        return rest.strip_suffix(".x").is_some_and(number).then_some(Language::Node);
    }
    if let Some(rest) = runtime.strip_prefix("ruby") {
        return version(rest).then_some(Language::Ruby);
    }
    let other =
        runtime.strip_prefix("java").is_some_and(|rest| number(rest.strip_suffix(".al2").unwrap_or(rest)))
            || runtime.strip_prefix("dotnet").is_some_and(number)
            || ["provided", "provided.al2", "provided.al2023"].contains(&runtime);
    other.then_some(Language::Other)
}

/// Checks the form of a handler; returns the path of its file in the source folder, without ending.
fn handler(
    report: &mut Report<'_, '_>,
    at: At<'_>,
    text: &str,
    language: Option<Language>,
) -> Option<String> {
    let length = text.chars().count();
    if !(1..=128).contains(&length) || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        let message = format!("`{text}` cannot be a handler");
        report.push("handler", at, message, "write `file.function`, as `handler.main`");
        return None;
    }
    let endings = language?.endings();
    if endings.is_empty() {
        return None;
    }
    let name =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || "_-$".contains(c));
    match text.rsplit_once('.') {
        Some((file, function)) if name(function) && file.split(['.', '/']).all(name) => {
            Some(file.replace('.', "/"))
        }
        _ => {
            let message = format!("`{text}` does not name a function in a file");
            report.push("handler", at, message, "write `file.function`, as `handler.main`");
            None
        }
    }
}

fn source(
    report: &mut Report<'_, '_>,
    at: At<'_>,
    function: &function::Spec,
    handler: Option<&str>,
    language: Option<Language>,
) {
    let place = at.key("source");
    let written = match &function.source {
        function::Source::Folder(written) => written.as_str(),
        function::Source::Files(files) => {
            inline_source(report, at, files, &function.handler, handler.zip(language));
            return;
        }
    };
    let folder = match report.scene.folder.real(written) {
        Ok(folder) => folder,
        Err(mistake) => {
            let diagnostic = mistake.diagnostic(written, report.scene.file, place.span);
            report.diagnostics.push(diagnostic);
            return;
        }
    };
    if !folder.is_dir() {
        let help = "name the folder that holds the function's files";
        report.push("source-folder", place, format!("`{written}` is not a folder"), help);
        return;
    }
    match walk(&folder) {
        Ok(()) => {}
        Err(Unfit { message, help }) => {
            report.push("source-folder", place, format!("`{written}` {message}"), help);
            return;
        }
    }
    let (Some(handler), Some(language)) = (handler, language) else { return };
    let endings = language.endings();
    if !endings.iter().any(|ending| folder.join(format!("{handler}.{ending}")).is_file()) {
        let ending = endings.first().copied().unwrap_or_default();
        let message =
            format!("`{written}` holds no `{handler}.{ending}` for the handler `{}`", function.handler);
        let files = listing(&folder, endings);
        let what = format!("`.{ending}` files in it");
        let help = did_you_mean(handler, &what, files.iter().map(String::as_str));
        report.push("handler", at.key("handler"), message, help);
    }
}

/// Checks files that are written in the scenario itself.
fn inline_source(
    report: &mut Report<'_, '_>,
    at: At<'_>,
    files: &BTreeMap<String, String>,
    written: &str,
    handler: Option<(&str, Language)>,
) {
    let place = at.key("source");
    for path in files.keys() {
        let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
        if !path.split('/').all(plain) || path.contains('\\') || path.chars().any(char::is_control) {
            let help = "write the path inside the package, as `handler.py` or `lib/report.py`";
            report.push("source-file", place.key(path).name(), format!("`{path}` cannot be a file"), help);
        } else if is_left_out(Path::new(path)) {
            let help = "hidden files, compiled Python, backups and folders named `tests` are left out";
            report.push("source-file", place.key(path).name(), format!("`{path}` is not packed"), help);
        }
    }
    if files.is_empty() {
        report.push("source-folder", place, "the function has no files", "write them, or name a folder");
        return;
    }
    let Some((handler, language)) = handler else { return };
    let endings = language.endings();
    if !endings.iter().any(|ending| files.contains_key(&format!("{handler}.{ending}"))) {
        let ending = endings.first().copied().unwrap_or_default();
        let message = format!("there is no file `{handler}.{ending}` for the handler `{written}`");
        let stems = files.keys().filter_map(|path| path.rsplit_once('.')).map(|(stem, _)| stem);
        report.push(
            "handler",
            at.key("handler"),
            message,
            did_you_mean(handler, "handlers could be in", stems),
        );
    }
}

/// Why a folder cannot be a function's source.
struct Unfit {
    message: String,
    help: String,
}

/// Goes over a source folder: no link out of it, nothing but files and folders, and not too much of them.
fn walk(root: &Path) -> Result<(), Unfit> {
    let unread = |path: &Path, error: &std::io::Error| Unfit {
        message: format!("cannot be read: {}: {}", inside(root, path), why(error)),
        help: "see that everything in it can be read".to_owned(),
    };
    let (mut size, mut entries, mut folders) = (0_u64, 0_usize, vec![root.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| unread(&folder, &error))? {
            let path = entry.map_err(|error| unread(&folder, &error))?.path();
            let about = fs::symlink_metadata(&path).map_err(|error| unread(&path, &error))?;
            entries += 1;
            if about.is_symlink() {
                let target = path.canonicalize().map_err(|error| unread(&path, &error))?;
                if !target.starts_with(root) {
                    return Err(Unfit {
                        message: format!("holds a link that leads out of it: `{}`", inside(root, &path)),
                        help: "put the file itself there".to_owned(),
                    });
                }
            } else if about.is_dir() {
                folders.push(path);
            } else if about.is_file() {
                size += about.len();
            } else {
                return Err(Unfit {
                    message: format!("holds something that is not a file: `{}`", inside(root, &path)),
                    help: "take it out".to_owned(),
                });
            }
            if size > SOURCE_LIMIT || entries > ENTRY_LIMIT {
                return Err(Unfit {
                    message: format!(
                        "is too large: more than {} MB or {ENTRY_LIMIT} files",
                        SOURCE_LIMIT >> 20
                    ),
                    help: "name the folder with the function's files and nothing else".to_owned(),
                });
            }
        }
    }
    if entries == 0 {
        return Err(Unfit {
            message: "is empty".to_owned(),
            help: "put the function's files there".to_owned(),
        });
    }
    Ok(())
}

fn inside(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// Returns the files right in a folder that could hold a handler, without their endings, sorted.
fn listing(folder: &Path, endings: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension().and_then(|end| end.to_str()).is_some_and(|end| endings.contains(&end))
        })
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

fn environment(report: &mut Report<'_, '_>, at: At<'_>, function: &function::Spec) {
    let mut size = 0;
    for (name, value) in &function.environment {
        size += name.len() + value.len();
        let right = name.len() >= 2
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !right && !name.contains("{{") {
            let help = "AWS allows letters, digits and `_`, two or more, starting with a letter";
            let message = format!("`{name}` cannot name an environment variable");
            report.push("environment", at.key(name).name(), message, help);
        }
        if RESERVED.contains(&name.as_str()) || name.starts_with("AWS_LAMBDA_") {
            let help = "Lambda sets it itself; choose another name";
            report.push("environment", at.key(name).name(), format!("`{name}` is reserved by Lambda"), help);
        }
    }
    if size > ENVIRONMENT_LIMIT {
        let message = format!("the environment holds {size} bytes");
        report.push("too-long", at.name(), message, format!("Lambda allows {ENVIRONMENT_LIMIT}"));
    }
}

/// Source: "Defined runtime environment variables"
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>).
const RESERVED: &[&str] = &[
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
];
