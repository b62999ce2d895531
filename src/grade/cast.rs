//! [`Cast`]: who and what of an account plays the parts of a rubric: by name, exactly or nearly, or by what it does.
//!
//! Names are given out one to one: what is somebody's exact name is nobody else's misspelling.

mod alike;
mod automation;

use std::collections::{BTreeMap, BTreeSet};

use super::code::Code;
use super::evidence::Evidence;
use super::rubric::Rubric;
use super::subject::Subject;
use crate::account::snapshot::{Facet, Identity};

/// Who plays one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Player {
    /// There is one.
    Found {
        /// Its name in the account.
        name: String,
        /// What was passed over to find it.
        remark: Option<String>,
    },
    /// There is none, as a sentence.
    Absent(String),
    /// Nobody could look, for this reason.
    Unread(String),
}

/// Who and what plays the parts.
#[derive(Debug, Default)]
pub struct Cast {
    parts: BTreeMap<Subject, Player>,
    codes: BTreeMap<String, Result<Code, String>>,
}

impl Cast {
    /// Casts the parts.
    pub fn of(rubric: &Rubric, evidence: &Evidence) -> Self {
        let subjects: BTreeSet<&Subject> =
            rubric.criteria().flat_map(|criterion| criterion.check.subjects()).collect();
        let codes = automation::codes(evidence);
        let function = automation::function(evidence, &codes);
        let mut parts = BTreeMap::new();
        for kind in [users, groups, roles, policies] {
            parts.extend(named(&subjects, evidence, kind));
        }
        parts.insert(Subject::FunctionRole, automation::role(evidence, &function));
        parts.insert(Subject::Topic, automation::topic(evidence, &function));
        parts.insert(Subject::Function, function);
        Self { parts, codes }
    }

    /// Returns the users of an account that play a part, by the rubric's names: what hangs on them and what they did is
    /// looked for under their names there.
    pub fn users(rubric: &Rubric, identity: &Identity) -> BTreeMap<String, String> {
        let subjects: BTreeSet<&Subject> =
            rubric.criteria().flat_map(|criterion| criterion.check.subjects()).collect();
        let wanted: BTreeSet<&str> = subjects
            .into_iter()
            .filter(|subject| matches!(subject, Subject::User(_)))
            .filter_map(Subject::name)
            .collect();
        let there = identity.users.keys().map(String::as_str).collect();
        let given = alike::assign(&wanted, &there).into_iter();
        given.map(|(wanted, name)| (wanted.to_owned(), name.to_owned())).collect()
    }

    /// Tells who plays a part; `None` when the rubric never names it.
    pub fn player(&self, subject: &Subject) -> Option<&Player> {
        self.parts.get(subject)
    }

    /// Returns the code of a function, or why it was not read.
    pub fn code(&self, function: &str) -> Result<&Code, &str> {
        match self.codes.get(function) {
            Some(Ok(code)) => Ok(code),
            Some(Err(why)) => Err(why),
            None => Err("nobody asked for its package"),
        }
    }

    /// Lists the names in the account of what the rubric calls so, when they are others.
    pub fn also_called<'a>(&'a self, wanted: &str) -> Vec<&'a str> {
        let other = |(subject, player): (&Subject, &'a Player)| match player {
            Player::Found { name, .. } if subject.name() == Some(wanted) && name != wanted => {
                Some(name.as_str())
            }
            _ => None,
        };
        self.parts.iter().filter_map(other).collect()
    }
}

/// A kind of thing with a name: whether a subject is one, and the names of those in the account.
type Names<'a> = BTreeSet<&'a str>;

fn users<'a>(subject: &Subject, all: &'a Identity) -> Option<Names<'a>> {
    matches!(subject, Subject::User(_)).then(|| all.users.keys().map(String::as_str).collect())
}

fn groups<'a>(subject: &Subject, all: &'a Identity) -> Option<Names<'a>> {
    matches!(subject, Subject::Group(_)).then(|| all.groups.keys().map(String::as_str).collect())
}

fn roles<'a>(subject: &Subject, all: &'a Identity) -> Option<Names<'a>> {
    matches!(subject, Subject::Role(_)).then(|| all.roles.keys().map(String::as_str).collect())
}

fn policies<'a>(subject: &Subject, all: &'a Identity) -> Option<Names<'a>> {
    matches!(subject, Subject::Policy(_)).then(|| all.policies.keys().map(String::as_str).collect())
}

/// Casts everything of one kind.
fn named(
    subjects: &BTreeSet<&Subject>,
    evidence: &Evidence,
    kind: for<'a> fn(&Subject, &'a Identity) -> Option<Names<'a>>,
) -> Vec<(Subject, Player)> {
    let nobody = Identity::default();
    let wanted: Vec<&Subject> =
        subjects.iter().copied().filter(|subject| kind(subject, &nobody).is_some()).collect();
    let identity = match &evidence.snapshot.identity {
        Facet::Read(identity) => identity,
        Facet::NotRead(why) => {
            let unread = |subject: &Subject| (subject.clone(), Player::Unread(why.clone()));
            return wanted.into_iter().map(unread).collect();
        }
    };
    let there = wanted.first().and_then(|subject| kind(subject, identity)).unwrap_or_default();
    let names: BTreeSet<&str> = wanted.iter().filter_map(|subject| subject.name()).collect();
    let given = alike::assign(&names, &there);
    let player = |subject: &Subject| {
        let wanted = subject.name().unwrap_or_default();
        match given.get(wanted) {
            Some(&name) => {
                let remark = (name != wanted).then(|| format!("found as `{name}`"));
                Player::Found { name: name.to_owned(), remark }
            }
            None => Player::Absent(format!("there is no {}", subject.label())),
        }
    };
    wanted.into_iter().map(|subject| (subject.clone(), player(subject))).collect()
}
