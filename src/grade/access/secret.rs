//! [`CourseSecret`]: what the external ids and the seals of a class are computed from.
//!
//! Whoever makes the external ids has to be the grader, and nobody may guess one: a student who hands in somebody
//! else's role then has it refused, because the role wants another id
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>). HMAC (RFC 2104) with SHA-256 gives each
//! student an id of their own from one secret, and nothing has to be kept.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::account::scan::hex;
use crate::secret::Secret;

/// The fewest bytes of a secret: those of the hash (RFC 2104, section 3).
const FEWEST: usize = 32;
/// The most bytes of a file that is taken for a secret.
const MOST: u64 = 4096;

/// The secret of a course. It stays in its file: no argument, no variable and no report holds it.
#[derive(Debug, Clone)]
pub struct CourseSecret(Secret<Vec<u8>>);

/// A file that is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It cannot be read or made.
    #[error("the secret file `{}` cannot be used", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error("the secret file `{}` is open to others than its owner", path.display())]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// It is too short or too long.
    #[error("`{}` holds no secret: it takes {FEWEST} to {MOST} bytes", path.display())]
    Size {
        /// The file.
        path: PathBuf,
    },
}

impl SecretError {
    /// Says what to do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => "`iamlab grade access --secret-file FILE` makes one",
            Self::Open { .. } => {
                "`chmod 600` it; when somebody may have read it, take a new one and hand out new ids"
            }
            Self::Size { .. } => "let `iamlab grade access` make it: name a file that does not exist",
        }
    }
}

impl CourseSecret {
    /// Reads a secret; white space at its end is the editor's.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is open to others or holds too little.
    pub fn load(path: &Path) -> Result<Self, SecretError> {
        let failed = |source| SecretError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        // The open file is asked, not the path: nothing can be put in its place between.
        if is_open(&file).map_err(failed)? {
            return Err(SecretError::Open { path: path.to_owned() });
        }
        let mut bytes = Vec::new();
        file.take(MOST + 1).read_to_end(&mut bytes).map_err(failed)?;
        let secret = Secret::new(bytes);
        let key = secret.reveal().trim_ascii_end();
        if key.len() < FEWEST || key.len() as u64 > MOST {
            return Err(SecretError::Size { path: path.to_owned() });
        }
        Ok(Self(Secret::new(key.to_vec())))
    }

    /// Reads a secret, or makes one of 32 random bytes, for its owner alone, when there is no such file. Also tells
    /// whether it was made.
    ///
    /// # Errors
    ///
    /// As [`CourseSecret::load`], or the file cannot be made.
    pub fn load_or_make(path: &Path) -> Result<(Self, bool), SecretError> {
        let failed = |source| SecretError::Io { path: path.to_owned(), source };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        for_owner(&mut options);
        let mut file = match options.open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Ok((Self::load(path)?, false));
            }
            Err(source) => return Err(failed(source)),
        };
        let mut random = Secret::new(vec![0; FEWEST]);
        let written = fill(&mut random).and_then(|()| {
            let text = Secret::new(format!("{}\n", hex(random.reveal())));
            file.write_all(text.reveal().as_bytes())?;
            file.sync_all()
        });
        if let Err(source) = written {
            // Half a secret is none.
            let _ = fs::remove_file(path);
            return Err(failed(source));
        }
        Ok((Self::load(path)?, true))
    }

    /// Takes bytes for a secret.
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(Secret::new(bytes))
    }

    /// Returns the external id of a student's role for an assignment: 71 characters that STS takes.
    pub fn external_id(&self, student: &str, assignment: &str) -> Secret<String> {
        Secret::new(format!("iamlab-{}", self.code("iamlab external id 1", student, assignment)))
    }

    /// Returns what a student's collected file is sealed with, for an assignment.
    pub fn nonce(&self, student: &str, assignment: &str) -> Secret<String> {
        Secret::new(format!("nonce-{}", self.code("iamlab bundle nonce 1", student, assignment)))
    }

    /// Codes what is about one student and one assignment. Each part goes after its length, in four bytes, so that no
    /// two students share a text; ids that differ in capital letters only are one id.
    fn code(&self, purpose: &str, student: &str, assignment: &str) -> String {
        let student = student.to_ascii_lowercase();
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.reveal()) else { return String::new() };
        for part in [purpose, &student, assignment] {
            mac.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            mac.update(part.as_bytes());
        }
        hex(&mac.finalize().into_bytes())
    }
}

fn fill(random: &mut Secret<Vec<u8>>) -> io::Result<()> {
    let mut bytes = [0; FEWEST];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    *random = Secret::new(bytes.to_vec());
    Ok(())
}

/// Tells whether others than the owner may read or write a file.
#[cfg(unix)]
fn is_open(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

/// Elsewhere the folder's rights decide.
#[cfg(not(unix))]
fn is_open(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// Has a file made for its owner alone.
#[cfg(unix)]
pub(super) fn for_owner(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600);
}

/// Elsewhere the folder's rights decide.
#[cfg(not(unix))]
pub(super) fn for_owner(_: &mut OpenOptions) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> CourseSecret {
        CourseSecret::new((0..32).collect())
    }

    /// By Python: `hmac.new(bytes(range(32)), b"".join(struct.pack(">I", len(p)) + p for p in parts), "sha256")`.
    #[test]
    fn codes_are_those_that_another_implementation_computes() {
        let id = secret().external_id("s001", "iam-auditing");
        assert_eq!(id.reveal(), "iamlab-243dd50f00a24871344eaac2af42ad73f84b5bf673a43c1b6702bfaf3eebb321");
        let nonce = secret().nonce("s001", "iam-auditing");
        assert_eq!(nonce.reveal(), "nonce-ea55bd465fab00d4edb061054cfa96e09c214a319590534be685bff79e8f723c");
    }

    #[test]
    fn every_student_and_assignment_has_its_own() {
        let of = |student, assignment| secret().external_id(student, assignment).reveal().clone();
        assert_ne!(of("s1", "a"), of("s2", "a"));
        assert_ne!(of("s1", "a"), of("s1", "b"));
        // The same letters, parted elsewhere.
        assert_ne!(of("s1a", "b"), of("s1", "ab"));
        assert_eq!(of("S1", "a"), of("s1", "a"));
        assert_ne!(of("s1", "a"), CourseSecret::new(vec![7; 32]).external_id("s1", "a").reveal().clone());
        let longest = of(&"x".repeat(64), "iam-auditing");
        assert!((16..=1224).contains(&longest.len()));
        assert!(longest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@:/-_".contains(&byte)));
    }

    #[test]
    fn a_secret_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("course/secret");
        let (made, new) = CourseSecret::load_or_make(&path).unwrap();
        assert!(new);
        let (again, new) = CourseSecret::load_or_make(&path).unwrap();
        assert!(!new);
        let of = |secret: &CourseSecret| secret.external_id("s1", "a").reveal().clone();
        assert_eq!(of(&made), of(&again));
        assert_eq!(fs::read(&path).unwrap().trim_ascii_end().len(), 64);
        assert!(!format!("{made:?}").contains(&fs::read_to_string(&path).unwrap()[..8]));
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_that_others_may_read_or_that_is_short_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let with = |bytes: &[u8], mode| {
            fs::write(&path, bytes).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            CourseSecret::load(&path)
        };
        assert!(with(&[b'x'; 32], 0o600).is_ok());
        assert!(matches!(with(&[b'x'; 32], 0o640), Err(SecretError::Open { .. })));
        assert!(matches!(with(&[b'x'; 32], 0o604), Err(SecretError::Open { .. })));
        assert!(matches!(
            with(b"too short                                  \n", 0o600),
            Err(SecretError::Size { .. })
        ));
        assert!(matches!(with(&[b'x'; 5000], 0o600), Err(SecretError::Size { .. })));
        assert!(matches!(CourseSecret::load(&folder.path().join("none")), Err(SecretError::Io { .. })));
    }
}
