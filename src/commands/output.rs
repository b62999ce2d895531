//! Where reports go: a file, a folder of several, or stdout.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::report::{Format, RenderError};
use crate::ui::{Tone, Ui};

/// Where the reports go.
#[derive(Debug)]
pub(super) enum Output {
    /// One format, to stdout.
    Stdout(Format),
    /// One format, to a file.
    File(Format, PathBuf),
    /// Several formats, to a folder, each under its own name.
    Folder(Vec<Format>, PathBuf),
}

impl Output {
    /// Reads `--format` and `-o`.
    ///
    /// # Errors
    ///
    /// Several formats and no folder.
    pub(super) fn of(formats: &[Format], path: Option<&Path>) -> Result<Self, Error> {
        let mut formats = formats.to_vec();
        formats.sort_unstable();
        formats.dedup();
        let Destination(path) = Destination::of(path);
        match (formats.as_slice(), path) {
            ([], None) => Ok(Self::Stdout(Format::Text)),
            ([], Some(path)) => Ok(Self::File(Format::Text, named(path, Format::Text))),
            ([one], None) => Ok(Self::Stdout(*one)),
            ([one], Some(path)) => Ok(Self::File(*one, named(path, *one))),
            (_, Some(path)) => Ok(Self::Folder(formats, path.to_owned())),
            (_, None) => Err(Error::usage("several formats go to a folder")
                .hinted("name it with `-o DIR`; each format gets a file of its own in it")),
        }
    }
}

/// Where one report goes: the file of `-o FILE`, or stdout without one or for `-`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Destination<'a>(Option<&'a Path>);

impl<'a> Destination<'a> {
    /// Reads `-o`.
    pub(super) fn of(path: Option<&'a Path>) -> Self {
        Self(path.filter(|path| *path != Path::new("-")))
    }

    /// Colours what goes to the screen, and nothing that goes to a file.
    pub(super) fn paint(self, ui: &Ui, tone: Tone, text: &str) -> String {
        if self.0.is_some() { text.to_owned() } else { ui.paint(tone, text) }
    }

    /// Hands a report over as it is.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(super) fn hand_over(self, ui: &Ui, text: &str) -> Result<(), Error> {
        let Some(path) = self.0 else {
            ui.exact(text.as_bytes());
            return Ok(());
        };
        write(path, text.as_bytes())?;
        ui.status(&format!("written to {}", path.display()));
        Ok(())
    }
}

/// Writes a file whole or not at all.
///
/// # Errors
///
/// The folder cannot be made or the file cannot be written.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    fill(path, |file| Ok(file.write_all(bytes)?))
}

/// Has a report written to a file, whole or not at all.
///
/// # Errors
///
/// The folder cannot be made or the file cannot be written.
pub(super) fn fill(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), RenderError>,
) -> Result<(), Error> {
    let failed =
        |error: RenderError| Error::input(format!("`{}` cannot be written", path.display())).caused_by(error);
    // A link leads to what is written; what is no ordinary file (`/dev/null`, a pipe) is written to, not replaced.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(path).is_ok_and(|about| !about.is_file()) {
        let into = || {
            let mut file = BufWriter::new(File::options().write(true).open(path)?);
            write(&mut file)?;
            Ok(file.flush()?)
        };
        return into().map_err(failed);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| failed(error.into()))?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let beside = path.with_file_name(name);
    let file = File::create_new(&beside).map_err(|error| failed(error.into()))?;
    let placed = (|| {
        if let Ok(old) = fs::metadata(path) {
            file.set_permissions(old.permissions())?;
        }
        let mut file = BufWriter::new(file);
        write(&mut file)?;
        file.flush()?;
        Ok(fs::rename(&beside, path)?)
    })();
    if placed.is_err() {
        // What is left of the attempt is nobody's; the error tells what went wrong.
        let _ = fs::remove_file(&beside);
    }
    placed.map_err(failed)
}

/// Returns the file that a path means: in a folder, the one that the format is called by.
fn named(path: &Path, format: Format) -> PathBuf {
    let is_folder = path.is_dir() || path.as_os_str().to_string_lossy().ends_with('/');
    if is_folder { path.join(format.file_name()) } else { path.to_owned() }
}
