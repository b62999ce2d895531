//! A function's source as a zip file whose bytes depend on nothing but the files' names and contents:
//! sorted, stored without compression, with one fixed time and mode. So equal sources have equal hashes on every
//! machine and with every version of every library.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Cursor, Write as _};
use std::path::{Component, Path, PathBuf};

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
    pack_each(files, |file| fs::read(folder.join(file)).map(Cow::Owned))
}

/// Packs files by path, as a folder that holds them.
pub(crate) fn pack_files(files: &BTreeMap<String, String>) -> io::Result<Package> {
    let by_path: BTreeMap<&Path, &str> =
        files.iter().map(|(path, text)| (Path::new(path), &**text)).collect();
    let paths = by_path.keys().filter(|path| !is_left_out(path)).map(|path| path.to_path_buf()).collect();
    pack_each(paths, |file| Ok(Cow::Borrowed(by_path.get(file).map_or(&b""[..], |text| text.as_bytes()))))
}

/// Packs `files`, in the order of their paths, with the contents that `read` gives.
fn pack_each<'a>(
    mut files: Vec<PathBuf>,
    read: impl Fn(&Path) -> io::Result<Cow<'a, [u8]>>,
) -> io::Result<Package> {
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
        zip.write_all(&read(&file)?)?;
    }
    let bytes = zip.finish().map_err(io::Error::other)?.into_inner();
    let sha256 = STANDARD.encode(Sha256::digest(&bytes));
    Ok(Package { bytes, sha256 })
}

fn walk(folder: &Path, inside: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder.join(inside))? {
        let entry = entry?;
        let name = entry.file_name();
        let path = inside.join(&name);
        if is_left_out(&path) {
            continue;
        }
        // Symbolic links are not followed: the scenario's check has refused them.
        let kind = entry.file_type()?;
        if kind.is_dir() && name != "tests" {
            walk(folder, &path, files)?;
        } else if kind.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// Tells whether a file of a source, by its path inside, is not packed.
pub(crate) fn is_left_out(path: &Path) -> bool {
    let left_out = |part: Component<'_>| {
        let text = part.as_os_str().to_string_lossy();
        text.starts_with('.') || text == "__pycache__" || text.ends_with(".pyc")
    };
    let folders = path.parent().into_iter().flat_map(Path::components);
    path.components().any(left_out) || folders.into_iter().any(|part| part.as_os_str() == "tests")
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

    #[test]
    fn files_in_a_scenario_pack_as_a_folder_that_holds_them() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = BTreeMap::new();
        for name in ["handler.py", "a/b.py", "a.py", ".hidden", "tests/t.py", "a/__pycache__/b.py"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
            files.insert(name.to_owned(), name.to_owned());
        }
        assert_eq!(pack_files(&files).unwrap(), pack(folder.path()).unwrap());
    }
}
