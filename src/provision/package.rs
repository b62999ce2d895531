//! A function's source folder as a zip file whose bytes depend on nothing but the files' names and contents:
//! sorted, stored without compression, with one fixed time and mode. So equal sources have equal hashes on every
//! machine and with every version of every library.

use std::fs;
use std::io::{self, Cursor, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A packed function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    /// The zip file.
    pub(crate) bytes: Vec<u8>,
    /// SHA-256 of `bytes` in base64, as Lambda shows it.
    pub(crate) sha256: String,
}

/// Packs `folder`. Left out: hidden files, `__pycache__`, compiled Python, and a folder named `tests`.
pub(crate) fn pack(folder: &Path) -> io::Result<Package> {
    let mut files = Vec::new();
    walk(folder, Path::new(""), &mut files)?;
    files.sort();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644);
    for file in files {
        // Zip names have forward slashes everywhere.
        let name: Vec<_> = file.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        zip.start_file(name.join("/"), options).map_err(io::Error::other)?;
        zip.write_all(&fs::read(folder.join(&file))?)?;
    }
    let bytes = zip.finish().map_err(io::Error::other)?.into_inner();
    let sha256 = STANDARD.encode(Sha256::digest(&bytes));
    Ok(Package { bytes, sha256 })
}

fn walk(folder: &Path, inside: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder.join(inside))? {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        let path = inside.join(&name);
        if text.starts_with('.') || text == "__pycache__" || text.ends_with(".pyc") {
            continue;
        }
        // Symbolic links are not followed: the scenario's check has refused them.
        let kind = entry.file_type()?;
        if kind.is_dir() && text != "tests" {
            walk(folder, &path, files)?;
        } else if kind.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_depend_on_names_and_contents_only() {
        let make = |order: [&str; 2]| {
            let folder = tempfile::tempdir().unwrap();
            for name in order {
                fs::write(folder.path().join(name), name).unwrap();
            }
            fs::create_dir(folder.path().join("__pycache__")).unwrap();
            fs::write(folder.path().join("__pycache__/x.pyc"), "x").unwrap();
            pack(folder.path()).unwrap()
        };
        let package = make(["handler.py", "report.py"]);
        assert_eq!(package, make(["report.py", "handler.py"]));
        let names: Vec<String> = {
            let zip = zip::ZipArchive::new(Cursor::new(&package.bytes)).unwrap();
            zip.file_names().map(|name| name.unwrap().into_owned()).collect()
        };
        assert_eq!(names, ["handler.py", "report.py"]);
    }
}
