//! [`Names`]: what the names of students look like in texts; [`Vocabulary`]: the words that are no one's name.

use std::collections::BTreeSet;
use std::ops::Range;

use super::fold::{fold, is_mark, spelt};
use super::tokens::tokens;
use crate::grade::roster::Student;
use crate::grade::rubric::Rubric;
use crate::report::grade::view;

/// How many parts a name of a person has at most.
const PARTS: usize = 6;
/// The shortest names that are found inside a word that is written in one.
const INSIDE: usize = 6;
/// The letters by which names that may stand inside a word are looked for.
const START: usize = 4;

/// What the names of one or more students look like.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The parts that begin with a capital: `May` is a name, `may` is none.
    capital: BTreeSet<String>,
    /// The parts.
    parts: BTreeSet<String>,
    /// What parts are when run together.
    joined: BTreeSet<String>,
    /// First and last name run together, which stand nowhere by chance.
    full: BTreeSet<String>,
    /// How those begin.
    starts: BTreeSet<String>,
}

impl Names {
    pub(super) fn of(student: &Student) -> Self {
        let mut names = Self::default();
        names.add(student.name.as_deref().unwrap_or_default());
        names
    }

    /// Adds the name of one of a class, unless it is rather an attempt at something: its parts would be masked in
    /// everybody's texts.
    pub(super) fn add_of_class(&mut self, name: &str) {
        let is_name = |c: char| c.is_alphabetic() || is_mark(c) || c.is_whitespace() || "'’-.,".contains(c);
        if name.chars().all(is_name) && name.split_whitespace().count() <= PARTS {
            self.add(name);
        }
    }

    pub(super) fn add(&mut self, name: &str) {
        let name: String = name.chars().take(view::NAME).collect();
        let in_part = |c: char| c.is_alphanumeric() || is_mark(c);
        let parts: Vec<&str> = name.split(|c| !in_part(c)).filter(|part| !part.is_empty()).collect();
        for write in [fold, spelt] {
            for part in &parts {
                let word = write(part);
                // Two letters are too often a word, or a part of one.
                if word.chars().count() < 3 {
                    continue;
                }
                if part.chars().next().is_some_and(|c| !c.is_lowercase()) {
                    _ = self.capital.insert(word.clone());
                }
                _ = self.parts.insert(word);
            }
            // `O'Brien` and `Jean-Luc` are written in one.
            for word in name.split_whitespace().filter(|word| word.contains(|c| !in_part(c))) {
                self.join(write(&word.chars().filter(|c| in_part(*c)).collect::<String>()), false);
            }
            let words: Vec<String> = parts.iter().map(|part| write(part)).collect();
            if let [first, .., last] = words.as_slice() {
                let initial: String = first.chars().take(1).collect();
                self.join(words.concat(), true);
                self.join(format!("{first}{last}"), true);
                self.join(format!("{last}{first}"), true);
                self.join(format!("{initial}{last}"), false);
            }
        }
    }

    fn join(&mut self, word: String, is_full: bool) {
        let length = word.chars().count();
        if length >= INSIDE && is_full {
            _ = self.starts.insert(word.chars().take(START).collect());
            _ = self.full.insert(word.clone());
        }
        if length >= START {
            _ = self.joined.insert(word);
        }
    }

    /// Tells whether the parts of a word are, run together, a name.
    pub(super) fn is_run(&self, run: &str) -> bool {
        self.joined.contains(run) || (run.len() > START && self.parts.contains(run))
    }

    /// Tells whether a part is one of these students' names: alone, it is told from a word by its case.
    pub(super) fn is_own(&self, token: &str, lower: &str, is_joined: bool, words: &Vocabulary) -> bool {
        (is_capital(token) && self.capital.contains(lower))
            || (!words.is_ordinary(lower)
                && self.parts.contains(lower)
                && (is_joined || lower.chars().count() > START))
    }

    /// Tells whether a part is a name of one of a class: with more names more words would be some.
    pub(super) fn is_of_class(&self, token: &str, lower: &str, is_joined: bool, words: &Vocabulary) -> bool {
        let length = lower.chars().count();
        !words.is_ordinary(lower)
            && ((is_capital(token) && self.capital.contains(lower))
                || (self.parts.contains(lower) && (length > START || (is_joined && length == START))))
    }

    /// Finds a name in a word that is written in one: a full name anywhere, a part of one at the beginning.
    pub(super) fn inside(&self, lower: &str, words: &Vocabulary) -> Option<Range<usize>> {
        if !lower.is_ascii() || words.is_ordinary(lower) {
            return None;
        }
        let begin = (INSIDE..lower.len()).rev().find(|end| {
            lower.get(..*end).is_some_and(|part| self.parts.contains(part) && !words.is_ordinary(part))
        });
        if let Some(end) = begin {
            return Some(0..end);
        }
        (0..lower.len()).find_map(|start| {
            let rest = lower.get(start..)?;
            if !self.starts.contains(rest.get(..START)?) {
                return None;
            }
            let end = (INSIDE..=rest.len())
                .rev()
                .find(|end| rest.get(..*end).is_some_and(|one| self.full.contains(one)))?;
            Some(start..start + end)
        })
    }
}

/// Tells whether a word begins large. What is in capitals throughout is short for something when it is short.
fn is_capital(token: &str) -> bool {
    let begins = token.chars().next().is_some_and(|c| !c.is_lowercase());
    begins && (token.chars().count() >= START || token.chars().skip(1).any(|c| !c.is_uppercase()))
}

/// Words that lead to nobody, though an address or an id may be one.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    /// What the rubric names in an account, and what everybody has there.
    fixed: BTreeSet<String>,
    /// Words of texts.
    ordinary: BTreeSet<String>,
}

/// What everybody has in an account.
const FIXED: &str = "account admin administrator arn audit auditor aws console default function grader grading group \
    guest handler iam iamlab instructor key lab lambda policy python report role root rule scheduler sns student sts \
    teacher test topic user";
/// Words that are names of people too, or of what texts are about.
const ORDINARY: &str = "bill bundle case chance code course dean dev evidence field grace grant json july june long \
    main march mark max may min page pass price profile prod ray read rose sam sandbox will write young zip";

impl Vocabulary {
    pub(super) fn of(rubric: &Rubric) -> Self {
        let mut words = Self::default();
        words.fixed.extend(FIXED.split_whitespace().map(str::to_owned));
        words.ordinary.extend(ORDINARY.split_whitespace().map(str::to_owned));
        let subjects = rubric.criteria().flat_map(|criterion| criterion.check.subjects());
        for name in subjects.filter_map(|subject| subject.name()) {
            _ = words.fixed.insert(name.to_lowercase());
            words.fixed.extend(parts(name));
        }
        let tasks = rubric.tasks.iter().map(|task| task.title.as_str());
        let criteria = rubric.criteria().flat_map(|one| [one.what.as_str(), one.feedback.as_str()]);
        words
            .ordinary
            .extend(std::iter::once(rubric.title.as_str()).chain(tasks).chain(criteria).flat_map(parts));
        words
    }

    /// Tells whether a word, in lower case, is fixed: never anybody's name.
    pub(super) fn is_fixed(&self, lower: &str) -> bool {
        self.fixed.contains(lower)
    }

    /// Tells whether a word, in lower case, stands in texts anyway.
    pub(super) fn is_ordinary(&self, lower: &str) -> bool {
        self.fixed.contains(lower) || self.ordinary.contains(lower)
    }

    /// Tells whether nothing but such words and numbers are in a word.
    pub(super) fn is_all(&self, word: &str) -> bool {
        parts(word).all(|part| self.is_ordinary(&part) || part.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

/// Lists the parts of a text's words, in lower case.
fn parts(text: &str) -> impl Iterator<Item = String> {
    tokens(text).into_iter().filter_map(|at| text.get(at)).map(str::to_lowercase)
}
