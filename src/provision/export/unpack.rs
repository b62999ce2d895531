//! A function's package as files, none of which can land outside of its folder.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::path::Component;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

/// The most that a package unpacks to: as much as the source of a function in a scenario may hold.
const UNPACKED_LIMIT: u64 = 50 << 20;
/// The most files of a package.
const ENTRY_LIMIT: usize = 10_000;

/// The files of a package by their path with `/`, relative and without `..`.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// Why a package is not unpacked.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unpacked {
    /// It is not what Lambda says it is.
    #[error("its package does not have the hash that Lambda tells")]
    OtherHash,
    /// It is no zip file, or a damaged one.
    #[error("its package cannot be read: {0}")]
    Damaged(String),
    /// It is a bomb, or simply large.
    #[error("its package unpacks to more than {} MB or {ENTRY_LIMIT} files", UNPACKED_LIMIT >> 20)]
    TooLarge,
    /// An entry would leave the folder, is a link, or has a name that not every system can store.
    #[error("its package holds `{0}`, which is not written anywhere")]
    Strange(String),
}

/// Unpacks a package whose SHA-256, in base64, is `sha256`.
pub(super) fn unpack(bytes: &[u8], sha256: &str) -> Result<Files, Unpacked> {
    if STANDARD.encode(Sha256::digest(bytes)) != sha256 {
        return Err(Unpacked::OtherHash);
    }
    let damaged = |error: &dyn std::fmt::Display| Unpacked::Damaged(error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    if archive.len() > ENTRY_LIMIT {
        return Err(Unpacked::TooLarge);
    }
    let (mut files, mut left) = (Files::new(), UNPACKED_LIMIT);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| damaged(&error))?;
        let raw = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let shown = raw.escape_debug().to_string();
        if entry.is_dir() {
            continue;
        }
        let path = path(&raw).filter(|_| entry.is_file() && !entry.is_symlink());
        let Some(path) = path else { return Err(Unpacked::Strange(shown)) };
        let mut contents = Vec::new();
        // The size an entry declares is the packer's word; what comes out counts.
        let read =
            entry.by_ref().take(left + 1).read_to_end(&mut contents).map_err(|error| damaged(&error))?;
        left = left.checked_sub(read as u64).ok_or(Unpacked::TooLarge)?;
        if files.insert(path, contents).is_some() {
            return Err(Unpacked::Strange(shown));
        }
    }
    Ok(files)
}

/// Returns the path of an entry when it is plain: relative, forward, without what only one system understands.
fn path(name: &str) -> Option<String> {
    let strange = |c: char| c.is_control() || c == '\\' || c == ':' || c == '\u{fffd}';
    let mut parts = std::path::Path::new(name).components();
    let plain = parts.all(|part| matches!(part, Component::Normal(_)));
    let canonical = !name.is_empty() && name.split('/').all(|part| !matches!(part, "" | "." | ".."));
    (plain && canonical && !name.contains(strange)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn zip(entries: &[(&str, &[u8])]) -> (Vec<u8>, String) {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, contents) in entries {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(contents).unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        let sha256 = STANDARD.encode(Sha256::digest(&bytes));
        (bytes, sha256)
    }

    #[test]
    fn files_come_out_under_their_paths() {
        let (bytes, sha256) = zip(&[("handler.py", b"x"), ("lib/a.py", b"y")]);
        let files = unpack(&bytes, &sha256).unwrap();
        assert_eq!(files.keys().collect::<Vec<_>>(), ["handler.py", "lib/a.py"]);
        assert_eq!(unpack(&bytes, "other"), Err(Unpacked::OtherHash));
    }

    #[test]
    fn nothing_leaves_the_folder() {
        for name in ["../x", "a/../../x", "/etc/x", "a//x", "./x", "C:\\x", "a\\..\\x", "x\ny"] {
            let (bytes, sha256) = zip(&[(name, b"")]);
            assert!(matches!(unpack(&bytes, &sha256), Err(Unpacked::Strange(_))), "{name}");
        }
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        let bytes = zip.finish().unwrap().into_inner();
        let sha256 = STANDARD.encode(Sha256::digest(&bytes));
        assert!(matches!(unpack(&bytes, &sha256), Err(Unpacked::Strange(_))));
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let (bytes, sha256) = zip(&[("zeros", &vec![0; (50 << 20) + 1])]);
        assert!(bytes.len() < 1 << 20);
        assert_eq!(unpack(&bytes, &sha256), Err(Unpacked::TooLarge));
    }
}
