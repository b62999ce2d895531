//! What the process of a function may reach, held by the kernel where it can be: Landlock, without any privilege.
//!
//! The rules are laid on the thread that starts the process, and the process inherits them: it reads the
//! interpreter, the system's libraries and its own package, writes into its own `tmp`, and connects to this
//! sandbox. So the state files of the accounts, which belong to the same user, are out of its reach.
//! <https://docs.kernel.org/userspace-api/landlock.html>

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// The system's files that programs need: libraries, certificates, names, time zones.
const SYSTEM: [&str; 25] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/group",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/pki",
    "/etc/ssl",
    "/dev/random",
    "/dev/urandom",
    "/dev/zero",
    "/sys/devices/system/cpu",
];

/// What one process may reach.
#[derive(Debug)]
pub(super) struct Cage {
    /// Files and folders it may read and execute, besides the system's.
    pub(super) read: Vec<PathBuf>,
    /// The folder it may write to.
    pub(super) write: PathBuf,
    /// The port of this machine it may connect to.
    pub(super) port: u16,
    /// The folder of the sandbox, which it must not reach.
    pub(super) keep_out: Option<PathBuf>,
}

/// How well a process is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// The kernel refuses what is outside of the cage.
    ByKernel,
    /// Only the interpreter's own functions refuse the sandbox's folder.
    ByInterpreter,
}

impl Cage {
    /// Tells how a process in this cage will be held.
    pub(super) fn holds(&self) -> Held {
        if kernel::is_there() && !self.is_open() { Held::ByKernel } else { Held::ByInterpreter }
    }

    /// Starts `command` in the cage.
    pub(super) fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        let start = || {
            if kernel::is_there() {
                kernel::lock(self)?;
            }
            command.spawn()
        };
        // A thread of its own: what is laid on a thread cannot be taken off again.
        let started = std::thread::scope(|scope| scope.spawn(start).join());
        started.unwrap_or_else(|_panic| Err(io::Error::other("the thread that starts the function panicked")))
    }

    /// Tells whether something it may read contains the sandbox's folder.
    fn is_open(&self) -> bool {
        let Some(kept) = &self.keep_out else { return false };
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let kept = real(kept);
        let all = SYSTEM.iter().map(Path::new).chain(self.read.iter().map(PathBuf::as_path));
        all.into_iter().any(|path| kept.starts_with(real(path)))
    }
}

#[cfg(target_os = "linux")]
mod kernel {
    use std::io;

    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, NetPort, Ruleset,
        RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetStatus, Scope, path_beneath_rules,
    };

    use super::{Cage, SYSTEM};

    /// The newest kernel interface whose rights are asked for; an older kernel gives those it has.
    const WANTED: ABI = ABI::V6;

    /// Tells whether this kernel has Landlock and has it switched on.
    pub(super) fn is_there() -> bool {
        let probe = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        probe.handle_access(AccessFs::from_all(ABI::V1)).and_then(Ruleset::create).is_ok()
    }

    /// Locks the calling thread in, for ever.
    pub(super) fn lock(cage: &Cage) -> io::Result<()> {
        let read = AccessFs::from_read(WANTED);
        let ruleset = Ruleset::default()
            .handle_access(AccessFs::from_all(WANTED))
            .and_then(|it| it.handle_access(AccessNet::ConnectTcp))
            .and_then(|it| it.scope(Scope::AbstractUnixSocket | Scope::Signal))
            .and_then(Ruleset::create)
            .and_then(|it| it.add_rules(path_beneath_rules(SYSTEM, read)))
            .and_then(|it| it.add_rules(path_beneath_rules(&cage.read, read)))
            .and_then(|it| it.add_rules(path_beneath_rules(["/dev/null"], AccessFs::from_file(WANTED))))
            .and_then(|it| it.add_rules(path_beneath_rules([&cage.write], AccessFs::from_all(WANTED))))
            .and_then(|it| it.add_rule(NetPort::new(cage.port, AccessNet::ConnectTcp)));
        let status = ruleset.and_then(RulesetCreated::restrict_self).map_err(io::Error::other)?;
        match status.ruleset {
            RulesetStatus::NotEnforced => Err(io::Error::other("the kernel did not take the rules")),
            _ => Ok(()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod kernel {
    use std::io;

    use super::Cage;

    /// Landlock is Linux's.
    pub(super) const fn is_there() -> bool {
        false
    }

    /// Does nothing.
    pub(super) fn lock(_: &Cage) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cage_with_the_sandbox_in_it_does_not_count_as_one() {
        let folder = tempfile::tempdir().unwrap();
        let cage = |read: &Path| Cage {
            read: vec![read.to_owned()],
            write: folder.path().join("tmp"),
            port: 1,
            keep_out: Some(folder.path().join("box")),
        };
        std::fs::create_dir(folder.path().join("box")).unwrap();
        std::fs::create_dir(folder.path().join("python")).unwrap();
        assert!(cage(folder.path()).is_open());
        assert!(!cage(&folder.path().join("python")).is_open());
        assert_eq!(cage(folder.path()).holds(), Held::ByInterpreter);
    }
}
