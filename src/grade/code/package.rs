//! [`Package`]: what is in the package of a function, within bounds. What looks like a secret is masked before anything
//! is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    pub fn open(_bytes: &[u8]) -> Result<Self, String> {
        Err("not built yet".to_owned())
    }
}
