//! The files of a run, each whole or not there.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::RunError;
use crate::report::RenderError;

/// The file of points that a person gives.
pub const MANUAL: &str = "manual.csv";

/// The folder of a student.
pub(super) fn student(folder: &Path, id: &str) -> PathBuf {
    folder.join("students").join(id)
}

/// Makes a folder and those above it.
pub(super) fn folder(path: &Path) -> Result<(), RunError> {
    fs::create_dir_all(path).map_err(|source| RunError::Write { path: path.to_owned(), source })
}

/// Makes a folder and those above it, for nobody but their owner.
pub(super) fn private_folder(path: &Path) -> Result<(), RunError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| RunError::Write { path: path.to_owned(), source })
}

/// Writes a file whole or not at all.
pub fn place(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    fill(path, |out| Ok(out.write_all(bytes)?))
}

/// Writes a file that only its owner may read, whole or not at all.
pub fn place_private(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let beside = path.with_file_name(name);
    let placed = || {
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside)?;
        file.write_all(bytes)?;
        // Before the journal says that it is there, it is.
        file.sync_data()?;
        fs::rename(&beside, path)
    };
    placed().map_err(|source| RunError::Write { path: path.to_owned(), source })
}

/// Has a file written, whole or not at all. What it is written to beside has one name: the journal lets no other run in,
/// and what a killed one left is written over.
pub(super) fn fill(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<(), RenderError>,
) -> Result<(), RunError> {
    let failed = |error: RenderError| match error {
        RenderError::Io(source) => RunError::Write { path: path.to_owned(), source },
        other => RunError::Report(other),
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let beside = path.with_file_name(name);
    let placed = || {
        let mut out = BufWriter::new(File::create(&beside)?);
        write(&mut out)?;
        out.flush()?;
        // Before the journal says that it is there, it is.
        out.get_ref().sync_data()?;
        Ok(fs::rename(&beside, path)?)
    };
    placed().map_err(failed)
}
