//! What the sandbox itself can fail with, apart from the errors its services answer as AWS would.

use std::io;
use std::path::PathBuf;

use crate::error::{Error, ErrorKind};

/// Why the sandbox could not be opened or could not keep its state.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The account id is not 12 digits.
    #[error("`{account}` is not an account id")]
    Account {
        /// What was given.
        account: String,
    },
    /// Another process holds the folder's lock.
    #[error("the sandbox `{}` is in use by {}", dir.display(), holder(*pid))]
    InUse {
        /// The sandbox folder.
        dir: PathBuf,
        /// The process that holds it, when it said so.
        pid: Option<u32>,
    },
    /// The account was written by another process after this one opened it empty.
    #[error("another process created account {account} in the sandbox `{}` meanwhile", dir.display())]
    Overtaken {
        /// The sandbox folder.
        dir: PathBuf,
        /// The account both processes wanted to create.
        account: String,
    },
    /// A file of the sandbox does not hold what it should.
    #[error("the sandbox file `{}` is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file of the sandbox has a format this program does not know.
    #[error("the sandbox file `{}` has format {found}, newer than this iamlab knows", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format version.
        found: u64,
    },
    /// A symbolic link stands where the sandbox keeps a file or folder of its own.
    #[error("the sandbox does not follow the symbolic link `{}`", path.display())]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// Something else stands where a folder or a file should be.
    #[error("`{}` is not a {expected}", path.display())]
    NotA {
        /// `folder` or `file`.
        expected: &'static str,
        /// What stands there.
        path: PathBuf,
    },
    /// A service's state cannot be written as JSON.
    #[error("a service's state cannot be written")]
    Unwritable {
        /// What the writer says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A service of the sandbox panicked while it answered.
    #[error("a service of the sandbox panicked")]
    Panicked,
    /// The operating system refused.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried: `read`, `write`, `create`, `lock`, …
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
}

/// Says who holds the lock.
fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

impl SandboxError {
    /// Returns the function that turns an [`io::Error`] at `path` into a [`SandboxError`].
    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

impl From<SandboxError> for Error {
    fn from(error: SandboxError) -> Self {
        let message = error.to_string();
        match error {
            SandboxError::Account { .. } => {
                Self::usage(message).hinted("an account id is 12 digits, such as 123456789012")
            }
            SandboxError::InUse { pid, .. } => Self::new(ErrorKind::Api, message)
                .hinted(pid.map_or_else(
                    || "wait until the other command has ended and run this one again".to_owned(),
                    |pid| format!("wait until process {pid} has ended, or end it, and run the command again"),
                ))
                .hinted("or use another folder with --sandbox-dir"),
            SandboxError::Overtaken { .. } => {
                Self::new(ErrorKind::Api, message).hinted("run the command again; nothing was changed")
            }
            SandboxError::Damaged { source, .. } => Self::input(message)
                .caused_by(source)
                .hinted("`iamlab sandbox reset` throws the account away and starts an empty one")
                .hinted("or put a copy of the file back"),
            SandboxError::Newer { .. } => Self::input(message)
                .hinted("use the newer iamlab, or start again with `iamlab sandbox reset`"),
            SandboxError::Symlink { .. } => Self::input(message)
                .hinted("remove the link, or name the folder it points at with --sandbox-dir"),
            SandboxError::NotA { .. } => {
                Self::input(message).hinted("move it away, or choose another folder with --sandbox-dir")
            }
            SandboxError::Unwritable { .. } | SandboxError::Panicked => {
                Self::new(ErrorKind::Internal, message)
                    .hinted("this is a fault of iamlab: please report it with the command that led here")
            }
            SandboxError::Io { source, .. } => {
                let denied = source.kind() == io::ErrorKind::PermissionDenied
                    || source.kind() == io::ErrorKind::ReadOnlyFilesystem;
                let error = Self::input(message).caused_by(source);
                if denied {
                    error.hinted("choose a folder you may write to with --sandbox-dir")
                } else {
                    error
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_names_itself_and_the_way_out() {
        let error = Error::from(SandboxError::Damaged {
            path: "box/accounts/123456789012/iam.json".into(),
            source: "it is empty".into(),
        });
        assert_eq!(error.to_string(), "the sandbox file `box/accounts/123456789012/iam.json` is damaged");
        assert!(error.hints()[0].contains("iamlab sandbox reset"), "{:?}", error.hints());
    }

    #[test]
    fn a_taken_folder_names_the_process() {
        let error = Error::from(SandboxError::InUse { dir: "box".into(), pid: Some(42) });
        assert_eq!(error.to_string(), "the sandbox `box` is in use by process 42");
        assert!(error.hints()[0].contains("process 42"), "{:?}", error.hints());
    }
}
