//! The folder of one invocation: the package, a place to write, nothing else. It goes away with its value.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What the folders of invocations are called, below the sandbox's folder.
const RUNS: &str = "run";

/// A folder for the owner alone, with `task` (the package) and `tmp` (Lambda's `/tmp`) in it.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder `name` below the sandbox's folder, or below the system's temporary one when there is none.
    pub(super) fn create(home: Option<&Path>, name: &str) -> io::Result<Self> {
        let path = match home {
            Some(home) => {
                let runs = home.join(RUNS);
                private(&runs, true)?;
                runs.canonicalize()?.join(name)
            }
            None => std::env::temp_dir().canonicalize()?.join(format!("iamlab-{name}")),
        };
        private(&path, false)?;
        let folder = Self { path };
        private(&folder.task(), false)?;
        private(&folder.tmp(), false)?;
        Ok(folder)
    }

    /// Where the package is.
    pub(super) fn task(&self) -> PathBuf {
        self.path.join("task")
    }

    /// Where the function may write.
    pub(super) fn tmp(&self) -> PathBuf {
        self.path.join("tmp")
    }

    /// Where the program is that runs the function.
    pub(super) fn bootstrap(&self) -> PathBuf {
        self.path.join("bootstrap.py")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if remove(&self.path).is_err() {
            tracing::warn!(folder = %self.path.display(), "an invocation's folder could not be removed");
        }
    }
}

/// Removes what invocations left behind whose process was killed. Nobody else may use the sandbox meanwhile.
pub(super) fn sweep(home: &Path) {
    let Ok(entries) = fs::read_dir(home.join(RUNS)) else { return };
    for entry in entries.flatten() {
        let _ = remove(&entry.path());
    }
}

/// Makes a folder that only the owner may enter; `shared` ones may exist.
fn private(path: &Path, shared: bool) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(shared);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// Removes a folder, also when the function took the permission to.
fn remove(path: &Path) -> io::Result<()> {
    fs::remove_dir_all(path).or_else(|_| {
        open_up(path);
        fs::remove_dir_all(path)
    })
}

/// Gives the owner back the permission to enter every folder below `path`.
fn open_up(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o700));
    }
    let Ok(entries) = fs::read_dir(path) else { return };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_value_and_leftovers_with_the_next_start() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::create(Some(home.path()), "1").unwrap();
        fs::write(folder.tmp().join("x"), "x").unwrap();
        let path = folder.path.clone();
        drop(folder);
        assert!(!path.exists());
        std::mem::forget(Folder::create(Some(home.path()), "2").unwrap());
        sweep(home.path());
        assert_eq!(fs::read_dir(home.path().join(RUNS)).unwrap().count(), 0);
    }
}
