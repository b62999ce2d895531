//! [`Package`]: what is in the package of a function, within bounds. What looks like a secret is masked before anything
//! is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

use super::secrets;
use crate::report::escape;

/// The most that is unpacked, in bytes, all files together.
const UNPACKED: u64 = 64 << 20;
/// The most entries that a package may have at all.
const ENTRIES: usize = 20_000;
/// The most files that are listed.
const LISTED: usize = 5_000;
/// The largest source, and the most of all sources together, in bytes.
const SOURCE: usize = 256 << 10;
const SOURCES: usize = 1 << 20;
/// The largest file beside the sources that is looked through for credentials.
const SETTINGS: usize = 64 << 10;
/// The most lines of what was not read, and of secrets.
const LINES: usize = 50;
/// The longest path, in characters.
const PATH: usize = 200;

/// Folders that come with a library or a machine, never from a student.
const LIBRARIES: [&str; 28] = [
    "__pycache__",
    "_distutils_hack",
    "aws_lambda_powertools",
    "bin",
    "boto3",
    "botocore",
    "certifi",
    "charset_normalizer",
    "dateutil",
    "dist-packages",
    "idna",
    "jmespath",
    "node_modules",
    "numpy",
    "numpy.libs",
    "pandas",
    "pandas.libs",
    "pip",
    "pkg_resources",
    "pytz",
    "requests",
    "s3transfer",
    "setuptools",
    "site-packages",
    "tzdata",
    "urllib3",
    "venv",
    "yaml",
];

/// A package, opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// SHA-256 of the package, in base64, as Lambda tells it.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
    /// The files in it, in the order of their paths; the first few thousand.
    pub files: Vec<PackageFile>,
    /// The Python sources among them, by path, secrets masked; libraries that came along are left out.
    pub sources: BTreeMap<String, String>,
    /// Where credentials stood in the sources, as `path:line: an access key id`.
    pub secrets: Vec<String>,
    /// What was not read, and why.
    pub left_out: Vec<String>,
}

/// A file of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageFile {
    /// Its path in the package.
    pub path: String,
    /// Its size in bytes, unpacked.
    pub size: u64,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
}

impl Package {
    /// Opens a package, a zip file that somebody else made: its size, the number of its files and what they unpack to
    /// are bounded.
    ///
    /// # Errors
    ///
    /// It is no zip file, or asks for too much; the text says which.
    pub fn open(bytes: &[u8]) -> Result<Self, String> {
        // Counted before the directory is read: reading it takes memory for every entry.
        if bytes.windows(4).filter(|window| window == b"PK\x01\x02").count() > ENTRIES {
            return Err(format!("the package has more than {ENTRIES} entries"));
        }
        let archive = ZipArchive::new(Cursor::new(bytes));
        let mut archive = archive
            .map_err(|error| format!("the package is no readable zip file: {}", shown(&error.to_string())))?;
        let mut opening = Opening::default();
        let entries = opening.entries(&mut archive);
        for entry in entries {
            opening.take(&mut archive, &entry);
        }
        Ok(opening.finish(bytes))
    }
}

/// An entry that is a file.
struct Entry {
    index: usize,
    path: String,
    kind: Kind,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum Kind {
    /// Python that the student wrote.
    Source,
    /// Everything else of the student's.
    File,
    /// What came with a library.
    Library,
}

/// A package that is being opened.
#[derive(Default)]
struct Opening {
    unpacked: u64,
    read: usize,
    files: BTreeMap<String, PackageFile>,
    sources: BTreeMap<String, String>,
    secrets: Vec<String>,
    libraries: BTreeSet<String>,
    left_out: Vec<String>,
    unlisted: usize,
}

impl Opening {
    /// Lists the files, the student's sources first: the bounds shall never cost them.
    fn entries(&mut self, archive: &mut ZipArchive<Cursor<&[u8]>>) -> Vec<Entry> {
        let mut found = Vec::new();
        let names: Vec<String> = (0..archive.len())
            .filter_map(|index| {
                let entry = archive.by_index_raw(index).ok()?;
                Some(String::from_utf8_lossy(entry.name_raw()).into_owned())
            })
            .collect();
        let known = installed(&names);
        for index in 0..archive.len() {
            let Ok(entry) = archive.by_index_raw(index) else {
                self.leave_out(format!("entry {index} of the package: it is damaged"));
                continue;
            };
            let raw = String::from_utf8_lossy(entry.name_raw()).into_owned();
            if entry.is_dir() {
                continue;
            }
            let path = shown(raw.trim_start_matches("./"));
            if entry.is_symlink() || !inside(&raw) {
                self.leave_out(format!("{path}: it is not a file inside of the package"));
                continue;
            }
            let kind = match library(&path, &known) {
                Some(name) => {
                    self.libraries.insert(name);
                    Kind::Library
                }
                None if is_python(&path) => Kind::Source,
                None => Kind::File,
            };
            found.push(Entry { index, path, kind });
        }
        found.sort_by_cached_key(|entry| (entry.kind, entry.path.matches('/').count(), entry.path.clone()));
        found
    }

    /// Unpacks one file as far as the bounds go.
    fn take(&mut self, archive: &mut ZipArchive<Cursor<&[u8]>>, entry: &Entry) {
        if self.files.len() >= LISTED || self.unpacked >= UNPACKED {
            self.unlisted += 1;
            return;
        }
        let content = match unpack(archive, entry.index, UNPACKED - self.unpacked) {
            Ok(content) => content,
            Err(why) => return self.leave_out(format!("{}: {why}", entry.path)),
        };
        let size = content.len() as u64;
        self.unpacked += size;
        let sha256 = hexadecimal(&Sha256::digest(&content));
        self.files.insert(entry.path.clone(), PackageFile { path: entry.path.clone(), size, sha256 });
        match entry.kind {
            Kind::Source => self.source(&entry.path, &content),
            Kind::File if content.len() <= SETTINGS && !content.contains(&0) => {
                let text = String::from_utf8_lossy(&content);
                self.note(&entry.path, &secrets::mask(&text).1);
            }
            Kind::File | Kind::Library => {}
        }
    }

    /// Keeps a source, masked.
    fn source(&mut self, path: &str, content: &[u8]) {
        if content.len() > SOURCE {
            return self.leave_out(format!("{path}: it is larger than {} KiB", SOURCE >> 10));
        }
        if self.read + content.len() > SOURCES {
            return self
                .leave_out(format!("{path}: the sources are larger than {} MiB together", SOURCES >> 20));
        }
        self.read += content.len();
        let text = String::from_utf8_lossy(content);
        let (text, found) = secrets::mask(text.strip_prefix('\u{feff}').unwrap_or(&text));
        self.note(path, &found);
        self.sources.insert(path.to_owned(), text);
    }

    fn note(&mut self, path: &str, found: &[secrets::Secret]) {
        let room = LINES.saturating_sub(self.secrets.len());
        let lines = found.iter().take(room);
        self.secrets.extend(lines.map(|secret| format!("{path}:{}: {}", secret.line, secret.kind.words())));
    }

    fn leave_out(&mut self, line: String) {
        if self.left_out.len() < LINES {
            self.left_out.push(line);
        }
    }

    fn finish(mut self, bytes: &[u8]) -> Package {
        let libraries: Vec<String> =
            self.libraries.iter().take(LINES).map(|name| format!("{name}: a library")).collect();
        self.left_out.extend(libraries);
        if self.unlisted > 0 {
            let bounds = format!("{LISTED} files and {} MiB", UNPACKED >> 20);
            self.left_out.push(format!("{} more files: no more than {bounds} are unpacked", self.unlisted));
        }
        self.secrets.sort_by_cached_key(|line| place(line));
        Package {
            sha256: STANDARD.encode(Sha256::digest(bytes)),
            size: bytes.len() as u64,
            files: self.files.into_values().collect(),
            sources: self.sources,
            secrets: self.secrets,
            left_out: self.left_out,
        }
    }
}

/// Returns path and line of a note, to sort by.
fn place(line: &str) -> (String, u32) {
    let mut parts = line.rsplitn(3, ':');
    let (_, number, path) = (parts.next(), parts.next(), parts.next());
    (path.unwrap_or_default().to_owned(), number.and_then(|number| number.parse().ok()).unwrap_or(0))
}

/// Unpacks an entry of at most `most` bytes. What it declares of its size is the packer's word; what comes out counts.
fn unpack(archive: &mut ZipArchive<Cursor<&[u8]>>, index: usize, most: u64) -> Result<Vec<u8>, String> {
    let damaged = || "it cannot be unpacked".to_owned();
    let entry = archive.by_index(index).map_err(|_| damaged())?;
    let mut content = Vec::new();
    entry.take(most.saturating_add(1)).read_to_end(&mut content).map_err(|_| damaged())?;
    if content.len() as u64 > most {
        return Err(format!("the package unpacks to more than {} MiB", UNPACKED >> 20));
    }
    Ok(content)
}

/// Tells whether a path stays below where it starts.
fn inside(path: &str) -> bool {
    !path.starts_with('/') && !path.contains(['\\', '\0']) && path.split('/').all(|part| part != "..")
}

fn is_python(path: &str) -> bool {
    path.strip_suffix(".py").is_some_and(|stem| !stem.ends_with('/'))
}

/// Returns the library a path belongs to.
fn library(path: &str, known: &BTreeSet<String>) -> Option<String> {
    let mut parts = path.split('/');
    let file = parts.next_back().unwrap_or_default();
    if ["six.py", "typing_extensions.py"].contains(&file) {
        return Some(file.to_owned());
    }
    let of_library = |part: &&str| {
        LIBRARIES.contains(part)
            || part.ends_with(".dist-info")
            || part.ends_with(".egg-info")
            || part.starts_with(".venv")
            || known.contains(*part)
    };
    parts.find(of_library).map(|part| format!("{part}/"))
}

/// Returns the packages that were installed with pip: each leaves `name-version.dist-info` beside itself.
fn installed(paths: &[String]) -> BTreeSet<String> {
    let parts = paths.iter().flat_map(|path| path.split('/'));
    let named = parts.filter_map(|part| part.strip_suffix(".dist-info"));
    named.filter_map(|name| Some(name.split_once('-')?.0.to_ascii_lowercase())).collect()
}

/// Makes a text of a package fit to be shown and kept.
fn shown(text: &str) -> String {
    let text: String = text.chars().take(PATH).collect();
    escape::visible(&text).into_owned()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write as _;

    use zip::write::SimpleFileOptions;

    use super::*;

    pub(in crate::grade::code) fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn sources_are_the_students_own() {
        let bytes = zipped(&[
            ("lambda_function.py", b"import boto3\n"),
            ("tools/mail.py", b"x = 1\n"),
            ("boto3/session.py", b"y = 1\n"),
            ("rich-13.0.dist-info/RECORD", b""),
            ("rich/text.py", b"z = 1\n"),
            ("notes.txt", b"hello"),
        ]);
        let package = Package::open(&bytes).unwrap();
        assert_eq!(package.sources.keys().collect::<Vec<_>>(), ["lambda_function.py", "tools/mail.py"]);
        assert_eq!(package.files.len(), 6);
        assert_eq!(
            package.left_out,
            ["boto3/: a library", "rich-13.0.dist-info/: a library", "rich/: a library"]
        );
        let note = package.files.iter().find(|file| file.path == "notes.txt").unwrap();
        assert_eq!((note.size, note.sha256.get(..8)), (5, Some("2cf24dba")));
        assert_eq!(package.sha256, STANDARD.encode(Sha256::digest(&bytes)));
    }

    #[test]
    fn paths_cannot_leave_the_package_nor_act_on_a_terminal() {
        let files: [(&str, &[u8]); 4] =
            [("../up.py", b""), ("a\\..\\b.py", b""), ("/etc/x.py", b""), ("\u{1b}[31m.py", b"x = 1")];
        let package = Package::open(&zipped(&files)).unwrap();
        assert_eq!(package.sources.keys().collect::<Vec<_>>(), ["\\u{1b}[31m.py"]);
        assert_eq!(package.left_out.len(), 3, "{:?}", package.left_out);
    }

    #[test]
    fn what_is_too_large_is_left_out_and_named() {
        let large = vec![b'#'; SOURCE + 1];
        let zeros = vec![0; 40 << 20];
        let files: [(&str, &[u8]); 4] =
            [("a.bin", &zeros), ("b.bin", &zeros), ("large.py", &large), ("small.py", b"x = 1\n")];
        let package = Package::open(&zipped(&files)).unwrap();
        assert_eq!(package.sources.len(), 1);
        assert_eq!(package.left_out.len(), 2, "{:?}", package.left_out);
        assert!(package.left_out.iter().any(|line| line == "large.py: it is larger than 256 KiB"));
        assert!(package.left_out.iter().any(|line| line.starts_with("b.bin: the package unpacks to more")));
        let halves: Vec<(String, Vec<u8>)> =
            (0..9).map(|number| (format!("{number}.py"), vec![b'#'; 200 << 10])).collect();
        let halves: Vec<(&str, &[u8])> =
            halves.iter().map(|(name, text)| (name.as_str(), &text[..])).collect();
        assert_eq!(Package::open(&zipped(&halves)).unwrap().sources.len(), 5);
    }

    #[test]
    fn too_many_entries_and_what_is_no_zip_are_refused() {
        let many: Vec<String> = (0..=ENTRIES).map(|number| number.to_string()).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
        assert!(Package::open(&zipped(&many)).unwrap_err().contains("20000 entries"));
        let some = Package::open(&zipped(&many[..LISTED + 2])).unwrap();
        assert_eq!((some.files.len(), some.left_out.len()), (LISTED, 1));
        assert!(Package::open(b"PK no zip").unwrap_err().contains("no readable zip file"));
        let mut broken = zipped(&[("a.py", &b"print(1)\n".repeat(500))]);
        broken[60] ^= 0xff;
        broken[61] ^= 0xff;
        let _ = Package::open(&broken);
    }

    #[test]
    fn secrets_are_masked_before_anything_is_kept() {
        let source = b"KEY = 'AKIAIOSFODNN7EXAMPLE'\nsecret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'\n";
        let bytes =
            zipped(&[("lambda_function.py", source), ("config.json", b"{\"id\": \"AKIAIOSFODNN7EXAMPLE\"}")]);
        let package = Package::open(&bytes).unwrap();
        assert_eq!(
            package.secrets,
            [
                "config.json:1: an access key id",
                "lambda_function.py:1: an access key id",
                "lambda_function.py:2: a secret access key"
            ]
        );
        let kept = serde_json::to_string(&package).unwrap();
        assert!(!kept.contains("AKIAIOSF") && !kept.contains("wJalr"), "{kept}");
        assert!(kept.contains("MPLE"), "the last four of an id may be shown");
    }
}
