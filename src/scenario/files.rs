//! The files a scenario names: where they may be, and reading them with bounds.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use crate::source::{Diagnostic, SourceFile, Span};

/// The largest file that is read.
pub const FILE_LIMIT: u64 = 1 << 20;

/// The folder of a scenario and the folder that it must not reach out of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Where the scenario file is, as the user wrote it; paths in the scenario start here.
    pub here: PathBuf,
    /// The project: the folder that has the scenario under its `scenarios/`; without one, `here`. Real path.
    pub root: PathBuf,
    real: PathBuf,
}

impl Folder {
    /// Returns the folder of a scenario file.
    pub fn of(file: &Path) -> std::io::Result<Self> {
        let here = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
            _ => PathBuf::from("."),
        };
        let real = here.canonicalize()?;
        let project =
            real.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "scenarios"));
        let root = project.and_then(Path::parent).unwrap_or(&real).to_path_buf();
        Ok(Self { here, root, real })
    }

    /// Returns the path as shown to people: relative to where the user stands, `..` folded away.
    pub fn shown(&self, written: &str) -> PathBuf {
        let mut shown = PathBuf::new();
        for component in self.here.join(written).components() {
            match component {
                Component::CurDir => {}
                Component::ParentDir
                    if matches!(shown.components().next_back(), Some(Component::Normal(_))) =>
                {
                    shown.pop();
                }
                other => shown.push(other),
            }
        }
        shown
    }

    /// Returns the real path of a file or folder that a scenario names; it stays inside the project.
    pub fn real(&self, written: &str) -> Result<PathBuf, PathMistake> {
        if written.trim().is_empty() {
            return Err(PathMistake::Empty);
        }
        if written.chars().any(char::is_control) || written.contains('\\') {
            return Err(PathMistake::Characters);
        }
        if Path::new(written).is_absolute() || written.starts_with('~') {
            return Err(PathMistake::Absolute);
        }
        // Told from the words alone, so that nothing outside is even looked for.
        let mut lexical = self.real.clone();
        for component in Path::new(written).components() {
            match component {
                Component::ParentDir if !lexical.starts_with(&self.root) || !lexical.pop() => {
                    return Err(PathMistake::Outside);
                }
                Component::Normal(name) => lexical.push(name),
                _ => {}
            }
        }
        if !lexical.starts_with(&self.root) {
            return Err(PathMistake::Outside);
        }
        let real =
            self.real.join(written).canonicalize().map_err(|error| PathMistake::Unread(why(&error)))?;
        if real.starts_with(&self.root) { Ok(real) } else { Err(PathMistake::Outside) }
    }
}

/// Why a path is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathMistake {
    /// There is no path.
    Empty,
    /// Control characters or backslashes.
    Characters,
    /// It does not start at the scenario.
    Absolute,
    /// It leaves the project, by `..` or through a link.
    Outside,
    /// The system says why.
    Unread(String),
}

impl PathMistake {
    /// Returns the diagnostic for a path written at a place.
    pub fn diagnostic(self, written: &str, file: &SourceFile, span: Span) -> Diagnostic {
        let (id, message, help) = match self {
            Self::Empty => ("no-path", "the path is empty".to_owned(), "name a file beside the scenario"),
            Self::Characters => (
                "strange-path",
                format!("`{written}` has characters that no path should have"),
                "write the path with `/` and without control characters",
            ),
            Self::Absolute => (
                "absolute-path",
                format!("`{written}` does not start at the scenario"),
                "write the path relative to the scenario file, so that the lab works on every machine",
            ),
            Self::Outside => (
                "path-outside",
                format!("`{written}` leads out of the project"),
                "keep what the scenario names in its own folder, or in the folder that holds `scenarios/`",
            ),
            Self::Unread(why) => (
                "unreadable-file",
                format!("`{written}` cannot be read: {why}"),
                "see that the path is right; it starts at the scenario file",
            ),
        };
        Diagnostic::new(id, message).at(file, span).help(help)
    }
}

/// Says in a few words why the system refused, the same on every system.
pub fn why(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        std::io::ErrorKind::NotADirectory => "a part of the path is not a folder".to_owned(),
        _ => error.to_string(),
    }
}

/// Why a text file could not be read.
#[derive(Debug)]
pub enum TextMistake {
    /// A few words.
    Unread(String),
    /// The text, lossily decoded, and the offset of the first wrong byte in it.
    NotUtf8(SourceFile, usize),
}

/// Reads a UTF-8 text of at most [`FILE_LIMIT`] bytes; `shown` is its name in messages.
pub fn read_text(path: &Path, shown: &Path) -> Result<SourceFile, TextMistake> {
    let unread = |error: std::io::Error| TextMistake::Unread(why(&error));
    let about = fs::metadata(path).map_err(unread)?;
    if about.is_dir() {
        return Err(TextMistake::Unread("it is a folder".to_owned()));
    }
    if !about.is_file() {
        return Err(TextMistake::Unread("it is not an ordinary file".to_owned()));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(unread)?.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(unread)?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(TextMistake::Unread("it is larger than 1 MiB".to_owned()));
    }
    String::from_utf8(bytes).map(|text| SourceFile::new(shown, text)).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        TextMistake::NotUtf8(SourceFile::new(shown, text), at)
    })
}

/// Returns the diagnostic for bytes that are not UTF-8.
pub fn not_utf8(file: &SourceFile, at: usize) -> Diagnostic {
    Diagnostic::new("not-utf-8", "the file is not UTF-8 text")
        .at(file, Span { start: at, len: '\u{fffd}'.len_utf8() })
        .label("this byte")
        .help("save the file as UTF-8")
}
