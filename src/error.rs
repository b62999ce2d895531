//! What a command can fail with, and the exit codes. Library modules have their own `thiserror` enums;
//! they become one [`Error`] at the edge, with hints that say what to do next.

use std::fmt;
use std::process::{ExitCode, Termination};

/// The program's exit codes, an interface for scripts (CONTRACT section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done; nothing differs; everything asked for passed.
    Ok = 0,
    /// Error: nothing can be concluded.
    Failed = 1,
    /// Looked and found a difference or a failure.
    Differs = 2,
    /// Partly done: something was changed and something remains.
    Partial = 3,
    /// Could not look: access denied, throttled out, unreachable.
    Unseen = 4,
    /// The command line is wrong.
    Usage = 64,
    /// Interrupted; the same command again continues.
    Interrupted = 130,
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}

/// What kind of failure it is; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line or the environment asks for something impossible.
    Usage,
    /// A file of the user is wrong or cannot be read.
    Input,
    /// The account could not be looked at: denied, throttled out, unreachable.
    Access,
    /// AWS (or the sandbox) refused or failed an operation.
    Api,
    /// The user interrupted.
    Interrupted,
    /// A fault of this program.
    Internal,
}

/// The error every command returns: one message, and hints for the next step.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    hints: Vec<String>,
}

impl Error {
    /// Makes an error without a cause. `message` is lower-case and has no full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None, hints: Vec::new() }
    }

    /// Makes a [`ErrorKind::Usage`] error.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// Makes an [`ErrorKind::Input`] error.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Input, message)
    }

    /// Adds the cause, shown after the message.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds a hint: one sentence that says what to do next.
    #[must_use]
    pub fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Changes what kind of failure it is.
    #[must_use]
    pub const fn of_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// Returns what kind of failure it is.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns the hints, in the order they were added.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// Returns the exit code the program ends with.
    pub const fn exit(&self) -> Exit {
        match self.kind {
            ErrorKind::Usage => Exit::Usage,
            ErrorKind::Access => Exit::Unseen,
            ErrorKind::Interrupted => Exit::Interrupted,
            ErrorKind::Input | ErrorKind::Api | ErrorKind::Internal => Exit::Failed,
        }
    }
}

/// Writes an error and its causes in one line; a cause that is said already is not said again.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        source = error.source();
    }
    text
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
