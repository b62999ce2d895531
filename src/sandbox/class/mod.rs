//! A class to practise grading on: many accounts, in each the assignment's lab as a student would have left it, most
//! with mistakes, and an answer key.
//!
//! ```text
//! seed ─► students (roll) ─► their work, call by call (work, through hand) ─► accounts in the folder
//!                       └──► answer key, roster (key)
//! ```
//!
//! The work is done by hand, not by `provision`: students have no ownership tags, sign in to the console, and make their
//! mistakes where the step is. So the answer key owes nothing to the code that a grader shares with `provision`.

mod code;
mod hand;
mod key;
mod mistake;
mod roll;
#[cfg(test)]
mod tests;
mod work;

use std::io;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

pub use hand::{Hand, Key};
pub use mistake::Mistake;
pub use roll::Student;

use super::{Sandbox, SandboxError};
use crate::clock::Clock;

/// How long before the moment it is looked at a class had to hand in.
const SINCE_DEADLINE: SignedDuration = SignedDuration::from_hours(4 * 24);

/// The most students of a class: their number has five digits of the account's id.
pub const MOST: u32 = 99_999;

/// What a class is made from.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How many students.
    pub students: u32,
    /// Another seed, another class; the same seed makes the same students, with other passwords and ids.
    pub seed: u64,
    /// The moment the class is looked at. All work was done in the two weeks before.
    pub now: Timestamp,
    /// Whether accounts that are there already are made anew.
    pub replace: bool,
}

impl Options {
    /// Returns when the work was due.
    pub(crate) fn deadline(&self) -> Timestamp {
        self.now.saturating_sub(SINCE_DEADLINE).unwrap_or(self.now)
    }
}

/// A class that was made, which is its own answer key.
#[derive(Debug)]
pub struct Class {
    /// The seed it was made from.
    pub seed: u64,
    /// The moment it is looked at.
    pub as_of: Timestamp,
    /// When the work was due.
    pub deadline: Timestamp,
    /// The students, in the order of their ids.
    pub students: Vec<Student>,
}

/// Why a class could not be made.
#[derive(Debug, Error)]
pub enum ClassError {
    /// There is an account with the id of a student's.
    #[error("account {account} is in the sandbox already")]
    Exists {
        /// The account.
        account: String,
    },
    /// More students than there are ids for.
    #[error("a class has at most {MOST} students")]
    TooMany,
    /// A call that students make was refused: the generator is wrong.
    #[error("{call} in account {account} was refused: {code}: {message}")]
    Refused {
        /// The account.
        account: String,
        /// The service and the operation.
        call: String,
        /// The error's code.
        code: String,
        /// The error's message.
        message: String,
    },
    /// The sign-in page let a student not in: the generator is wrong.
    #[error("{user} could not sign in to account {account}")]
    SignIn {
        /// The account.
        account: String,
        /// The user.
        user: String,
        /// Why.
        #[source]
        source: Box<crate::error::Error>,
    },
    /// The accounts could not be kept.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The answer key or a function's package could not be written.
    #[error("the class could not be written")]
    Write(#[from] io::Error),
}

/// Makes a class in the sandbox folder `dir`. `tell` hears of every student whose account is ready.
pub async fn generate(
    dir: &Path,
    options: Options,
    mut tell: impl FnMut(&Student),
) -> Result<Class, ClassError> {
    if options.students > MOST {
        return Err(ClassError::TooMany);
    }
    let students = roll::students(&options);
    let there = Sandbox::accounts(dir)?;
    for student in &students {
        if there.binary_search(&student.account).is_ok() {
            if !options.replace {
                return Err(ClassError::Exists { account: student.account.clone() });
            }
            Sandbox::reset(dir, &student.account)?;
        }
    }
    for student in &students {
        // One after the other: an account has its own clock, and its files are closed before the next is opened.
        let clock = Clock::fixed(student.began);
        let opened = super::Options {
            dir: Some(dir.to_owned()),
            account: student.account.clone(),
            clock: clock.clone(),
        };
        let sandbox = Sandbox::open(opened)?;
        work::do_all(&sandbox, &clock, student, options.now).await?;
        tell(student);
    }
    Ok(Class { seed: options.seed, as_of: options.now, deadline: options.deadline(), students })
}
