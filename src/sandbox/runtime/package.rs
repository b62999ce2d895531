//! A function's package as files in a folder, none of which can land outside of it.

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Write as _};
use std::path::{Component, Path};

use zip::ZipArchive;

/// The most a package may unpack to, in bytes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub(in crate::sandbox) const LARGEST: u64 = 262_144_000;
/// The most entries a package may have. AWS names no limit; this one keeps a disk's inodes.
const MOST: usize = 20_000;

/// Why a package is not unpacked.
#[derive(Debug, thiserror::Error)]
pub(in crate::sandbox) enum PackageError {
    /// It is no zip file, or a damaged one.
    #[error("it is not a readable zip archive: {0}")]
    Damaged(String),
    /// It is a bomb, or simply large.
    #[error("it unpacks to more than {LARGEST} bytes or {MOST} files")]
    TooLarge,
    /// An entry would leave the folder, or is neither a file nor a folder.
    #[error("its entry `{}` is not a file inside of the package", .0.escape_debug())]
    Strange(String),
    /// The operating system refused.
    #[error("cannot unpack it: {0}")]
    Io(#[from] io::Error),
}

/// Unpacks `bytes` into the folder `into`, which exists and is empty.
pub(in crate::sandbox) fn unpack(bytes: &[u8], into: &Path) -> Result<(), PackageError> {
    unpack_at_most(LARGEST, bytes, into)
}

/// Unpacks no more than `left` bytes.
fn unpack_at_most(mut left: u64, bytes: &[u8], into: &Path) -> Result<(), PackageError> {
    let mut archive = open(bytes)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| PackageError::Damaged(error.to_string()))?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let path = into.join(inside(&name).ok_or_else(|| PackageError::Strange(name.clone()))?);
        if entry.is_dir() {
            fs::create_dir_all(&path)?;
            continue;
        }
        if entry.is_symlink() || !entry.is_file() {
            return Err(PackageError::Strange(name));
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let executable = entry.unix_mode().is_some_and(|mode| mode & 0o100 != 0);
        // The size an entry declares is the packer's word; what comes out counts.
        let mut file = File::create(&path)?;
        let written = copy(&mut entry.by_ref().take(left + 1), &mut file)?;
        left = left.checked_sub(written).ok_or(PackageError::TooLarge)?;
        if executable {
            allow_execution(&path)?;
        }
    }
    Ok(())
}

/// Tells whether a package says of itself that it is larger than Lambda takes.
pub(in crate::sandbox) fn is_too_large(bytes: &[u8]) -> bool {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return false };
    if archive.len() > MOST {
        return true;
    }
    let mut size = 0_u64;
    for index in 0..archive.len() {
        size = size.saturating_add(archive.by_index_raw(index).map_or(0, |entry| entry.size()));
    }
    size > LARGEST
}

/// Opens the archive, unless it has too many entries.
fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, PackageError> {
    let archive = ZipArchive::new(Cursor::new(bytes));
    let archive = archive.map_err(|error| PackageError::Damaged(error.to_string()))?;
    if archive.len() > MOST { Err(PackageError::TooLarge) } else { Ok(archive) }
}

/// Returns the path of an entry when it stays below where it starts.
fn inside(name: &str) -> Option<&Path> {
    let path = Path::new(name.trim_end_matches('/'));
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    let fits = !name.contains(['\\', '\0']) && !path.as_os_str().is_empty();
    (fits && path.components().all(plain)).then_some(path)
}

/// Copies what a damaged archive may break off.
fn copy(from: &mut impl Read, to: &mut File) -> Result<u64, PackageError> {
    let mut buffer = vec![0; 64 << 10];
    let mut written = 0;
    loop {
        let read = from.read(&mut buffer).map_err(|error| PackageError::Damaged(error.to_string()))?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { return Ok(written) };
        to.write_all(part)?;
        written += read as u64;
    }
}

/// Lets the owner run a file.
fn allow_execution(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests {
    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in entries {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn unpacked(bytes: &[u8]) -> (tempfile::TempDir, Result<(), PackageError>) {
        let folder = tempfile::tempdir().unwrap();
        let into = folder.path().join("task");
        fs::create_dir(&into).unwrap();
        let outcome = unpack(bytes, &into);
        (folder, outcome)
    }

    #[test]
    fn files_and_folders_come_out() {
        let (folder, outcome) = unpacked(&archive(&[("index.py", b"1"), ("lib/a/b.py", b"2")]));
        outcome.unwrap();
        assert_eq!(fs::read(folder.path().join("task/lib/a/b.py")).unwrap(), b"2");
    }

    #[test]
    fn nothing_lands_outside_of_the_folder() {
        for name in ["../evil.py", "lib/../../evil.py", "/evil.py", "a\\..\\..\\evil.py"] {
            let (folder, outcome) = unpacked(&archive(&[(name, b"x")]));
            assert!(matches!(outcome, Err(PackageError::Strange(_))), "{name}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{name}");
        }
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.add_symlink("link", "/etc", SimpleFileOptions::default()).unwrap();
        zip.start_file("link/passwd", SimpleFileOptions::default()).unwrap();
        let (_folder, outcome) = unpacked(&zip.finish().unwrap().into_inner());
        assert!(matches!(outcome, Err(PackageError::Strange(_))));
    }

    #[test]
    fn a_bomb_is_left_alone() {
        let zeros = vec![0; 100_000];
        let bomb = archive(&[("zeros", &zeros), ("more", &zeros)]);
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(unpack_at_most(199_999, &bomb, folder.path()), Err(PackageError::TooLarge)));
        assert!(unpack_at_most(200_000, &bomb, folder.path()).is_ok());
        let many: Vec<String> = (0..=MOST).map(|number| number.to_string()).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
        assert!(is_too_large(&archive(&many)));
        assert!(matches!(unpacked(&archive(&many)).1, Err(PackageError::TooLarge)));
    }
}
