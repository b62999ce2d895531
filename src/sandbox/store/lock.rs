//! One process at a time: an operating-system lock on `<dir>/lock`, which also holds the process id.
//! The system releases it when the process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use super::SandboxError;

/// How long to wait for another process to end.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// The lock, held until dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of `dir`, waiting up to `patience`, blocking, while another process holds it.
    pub(super) fn acquire(dir: &Path, patience: Duration) -> Result<Self, SandboxError> {
        let path = dir.join("lock");
        if path.is_symlink() {
            return Err(SandboxError::Symlink { path });
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(&path).map_err(SandboxError::io("lock", &path))?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(SandboxError::io("lock", &path)(error)),
                Err(TryLockError::WouldBlock) if start.elapsed() >= patience => {
                    return Err(SandboxError::InUse { dir: dir.to_owned(), pid: pid(&mut file) });
                }
                Err(TryLockError::WouldBlock) => {
                    #[expect(
                        clippy::disallowed_methods,
                        reason = "another process is waited for in real time, whatever the sandbox's clock says"
                    )]
                    std::thread::sleep(PAUSE);
                }
            }
        }
        sign(&mut file).map_err(SandboxError::io("lock", &path))?;
        Ok(Self { _file: file })
    }
}

/// Writes this process's id into the lock file.
fn sign(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

/// Reads the id of the process that holds the lock.
fn pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_with_the_pid_and_let_in_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let held = Lock::acquire(dir.path(), Duration::ZERO).unwrap();
        let refused = Lock::acquire(dir.path(), Duration::ZERO).unwrap_err();
        assert!(
            matches!(refused, SandboxError::InUse { pid: Some(pid), .. } if pid == std::process::id()),
            "{refused}"
        );
        drop(held);
        Lock::acquire(dir.path(), Duration::ZERO).unwrap();
    }
}
