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

/// Packs `folder`. Left out: hidden files, `__pycache__`, compiled Python, what editors leave behind, and a folder
/// named `tests`.
pub(crate) fn pack(folder: &Path) -> io::Result<Package> {
    let mut files = Vec::new();
    walk(folder, Path::new(""), &mut files)?;
    pack_each(files, |file| fs::read(folder.join(file)).map(Cow::Owned))
}

/// Reads what [`pack`] packs, by path.
#[cfg(feature = "sandbox")]
pub(crate) fn sources(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut files = Vec::new();
    walk(folder, Path::new(""), &mut files)?;
    let read = |file: PathBuf| {
        let text = fs::read_to_string(folder.join(&file))?;
        let parts: Vec<_> = file.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        Ok((parts.join("/"), text))
    };
    files.into_iter().map(read).collect()
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

/// Endings of what Python and editors leave beside a source: compiled modules, backups, swap files, lock files.
const LEFT_BEHIND: &[&str] = &[".pyc", ".pyo", "~", ".swp", ".swo", ".bak", ".orig", ".rej", "#"];

/// Tells whether a file of a source, by its path inside, is not packed.
pub(crate) fn is_left_out(path: &Path) -> bool {
    let left_out = |part: Component<'_>| {
        let text = part.as_os_str().to_string_lossy();
        text.starts_with('.') || text == "__pycache__" || LEFT_BEHIND.iter().any(|end| text.ends_with(end))
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

    /// The hash is a value, so that it is the same wherever this runs: whatever the machine, its file system and its
    /// zip library think of, is in none of it.
    #[test]
    fn the_hash_is_the_same_on_every_machine() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("lib")).unwrap();
        for (name, text) in [("handler.py", "import lib\n"), ("lib/b.py", "# ü\n"), ("lib/a.py", "")] {
            fs::write(path(name), text).unwrap();
        }
        let hash = || pack(folder.path()).unwrap().sha256;
        let first = hash();
        assert_eq!(first, "jaljinw8MAFXKwZf59jd7L5jh9alD64yZyWqc2qG1l0=");

        // Times, modes, and what tools leave behind.
        let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        fs::File::options().write(true).open(path("handler.py")).unwrap().set_modified(long_ago).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(path("lib/a.py"), fs::Permissions::from_mode(0o700)).unwrap();
        }
        for name in
            ["handler.py~", ".handler.py.swp", "handler.py.orig", "#handler.py#", "old.bak", "lib/a.pyc"]
        {
            fs::write(path(name), "left behind").unwrap();
        }
        fs::create_dir(path("lib/__pycache__")).unwrap();
        fs::write(path("lib/__pycache__/a.cpython-313.pyc"), "compiled").unwrap();
        fs::create_dir(path("empty")).unwrap();
        assert_eq!(hash(), first);

        // One byte, or another name, is another package.
        fs::write(path("lib/a.py"), "\n").unwrap();
        let other = hash();
        assert_ne!(other, first);
        fs::rename(path("lib/a.py"), path("lib/c.py")).unwrap();
        assert!(![first, other].contains(&hash()));
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
