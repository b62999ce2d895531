//! Files and folders for the owner alone, written in one step, links not followed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::SandboxError;

/// What the name of a file that is being written ends with.
const TEMPORARY: &str = ".tmp";

/// Tells whether `path` is a folder; links and other things in the way are errors.
pub(super) fn is_folder(path: &Path) -> Result<bool, SandboxError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => Err(SandboxError::Symlink { path: path.to_owned() }),
        Ok(found) if !found.is_dir() => Err(SandboxError::NotA { expected: "folder", path: path.to_owned() }),
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(SandboxError::io("open", path)(error)),
    }
}

/// Makes a folder and its parents, for the owner alone.
pub(super) fn make_folder(path: &Path) -> Result<(), SandboxError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path).map_err(SandboxError::io("create", path))
}

/// Reads a file of ours; `None` when there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, SandboxError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => Err(SandboxError::Symlink { path: path.to_owned() }),
        Ok(found) if !found.is_file() => Err(SandboxError::NotA { expected: "file", path: path.to_owned() }),
        Ok(_) => fs::read(path).map(Some).map_err(SandboxError::io("read", path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SandboxError::io("read", path)(error)),
    }
}

/// Replaces a file of ours in one step by the parts, one after another. A link at `path` is replaced, not followed.
pub(super) fn write(path: &Path, parts: &[&[u8]]) -> Result<(), SandboxError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(TEMPORARY);
    let temporary = PathBuf::from(temporary);
    remove(&temporary)?;
    let mut file = create_private(&temporary).map_err(SandboxError::io("create", &temporary))?;
    for part in parts {
        file.write_all(part).map_err(SandboxError::io("write", &temporary))?;
    }
    drop(file);
    fs::rename(&temporary, path).map_err(SandboxError::io("write", path))
}

/// Opens a file of ours to append to, and makes it if it is not there. A link is an error.
pub(super) fn append(path: &Path) -> Result<File, SandboxError> {
    if path.is_symlink() {
        return Err(SandboxError::Symlink { path: path.to_owned() });
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).map_err(SandboxError::io("open", path))
}

/// Cuts a file of ours to its first `length` bytes.
pub(super) fn truncate(path: &Path, length: u64) -> Result<(), SandboxError> {
    let file = OpenOptions::new().write(true).open(path).map_err(SandboxError::io("open", path))?;
    file.set_len(length).map_err(SandboxError::io("write", path))
}

/// Makes a new file for the owner alone; fails when something of that name exists, even a link.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), SandboxError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(SandboxError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Removes a folder in one step: what a killed process leaves of it has another name.
pub(super) fn remove_folder(path: &Path) -> Result<(), SandboxError> {
    let mut doomed = path.as_os_str().to_owned();
    doomed.push(TEMPORARY);
    let doomed = PathBuf::from(doomed);
    if is_folder(&doomed)? {
        fs::remove_dir_all(&doomed).map_err(SandboxError::io("remove", &doomed))?;
    }
    fs::rename(path, &doomed).map_err(SandboxError::io("remove", path))?;
    fs::remove_dir_all(&doomed).map_err(SandboxError::io("remove", &doomed))
}

/// Returns the names of what is in `folder`.
pub(super) fn names(folder: &Path) -> Result<Vec<String>, SandboxError> {
    let entries = fs::read_dir(folder).map_err(SandboxError::io("read", folder))?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect::<io::Result<_>>().map_err(SandboxError::io("read", folder))
}

/// Removes what a killed process left half written in `folder`.
pub(super) fn sweep(folder: &Path) -> Result<(), SandboxError> {
    let names = names(folder)?.into_iter().filter(|name| name.ends_with(TEMPORARY));
    names.map(|name| folder.join(name)).try_for_each(|path| remove(&path))
}
