//! [`Pseudonyms`]: results that can be handed on without saying whose they are.
//!
//! A code is an HMAC of a key and the id: the same in every file of a class, another with another key, and nobody's
//! without the key. In texts it stands in place of everybody's ids and addresses and of what the roster reaches one
//! account by; names of the class become `[name]`, also without their accents and inside a word (`ChenGarciaPolicy`).
//! Numbers of accounts, key ids, ids of events, other addresses of e-mail and of machines are masked wherever they
//! stand. What the rubric names (`User3`) is nobody's name, whatever address a student has.

mod fold;
mod names;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use hmac::digest::{Key, KeyInit};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

use super::Alike;
use super::view::bounded;
use crate::grade::result::{CriterionResult, Row, StudentResult, TaskResult};
use crate::grade::roster::{Roster, Student};
use crate::grade::rubric::Rubric;

use fold::fold;
use names::{Names, Vocabulary};
use tokens::{JOINTS, UUID, in_word, is_account, is_key_end, is_uuid, tokens};

/// Codes in place of who somebody is.
pub struct Pseudonyms {
    key: Hmac<Sha256>,
    /// The code of every id and address of the class and of what leads to one student only, in lower case.
    codes: BTreeMap<String, String>,
    /// What stands before the `@` of addresses and tells whose it is, in lower case.
    locals: BTreeSet<String>,
    /// What is nobody's name.
    vocabulary: Vocabulary,
    /// The names of the class.
    class: Names,
    /// The name of each id.
    people: BTreeMap<String, String>,
    /// How many parts the longest of the words has.
    longest: usize,
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pseudonyms").field("students", &self.people.len()).finish_non_exhaustive()
    }
}

/// The letters of codes.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

impl Pseudonyms {
    /// Makes the codes of a class. Whoever has the key can tell whose a code is: keep it.
    pub fn new(key: &[u8], roster: &Roster, rubric: &Rubric) -> Self {
        // A key of any length, as the fixed number of bytes that HMAC takes without refusing.
        let mut block = Key::<Hmac<Sha256>>::default();
        block.iter_mut().zip(Sha256::digest(key)).for_each(|(to, from)| *to = from);
        let mut codes = Self {
            key: <Hmac<Sha256> as KeyInit>::new(&block),
            codes: BTreeMap::new(),
            locals: BTreeSet::new(),
            vocabulary: Vocabulary::of(rubric),
            class: Names::default(),
            people: BTreeMap::new(),
            longest: 1,
        };
        let only = only(roster);
        for student in &roster.students {
            codes.add(student, &only);
        }
        let words = codes.codes.keys().chain(&codes.locals);
        codes.longest = words.map(|word| tokens(word).len()).max().unwrap_or(1).clamp(4, LONGEST);
        codes
    }

    /// Adds what tells of a student. What texts say anyway (`user3`, `audit`) is left out: in its place, a code would
    /// say of one student what is said of another.
    fn add(&mut self, student: &Student, only: &BTreeMap<String, Option<&str>>) {
        let code = self.code(&student.id);
        let name = student.name.as_deref().unwrap_or_default();
        let is_own = |word: &&String| only.get(*word) == Some(&Some(student.id.as_str()));
        let ways = ways_in(student);
        let ways = ways.iter().filter(is_own).filter(|word| !self.vocabulary.is_all(word));
        let words = [Some(student.id.to_lowercase()), student.email.as_deref().map(str::to_lowercase)];
        let words: Vec<String> = words.into_iter().flatten().chain(ways.cloned()).collect();
        for word in words.into_iter().filter(|word| tells(word) && !self.vocabulary.is_ordinary(word)) {
            _ = self.codes.insert(word, code.clone());
        }
        let local =
            student.email.as_deref().and_then(|email| email.split_once('@')).map(|(local, _)| fold(local));
        let parts: Vec<String> = name
            .split(|c: char| !c.is_alphanumeric())
            .map(fold)
            .filter(|part| part.chars().count() >= 3)
            .collect();
        // A word like any other is told from an address by nothing.
        let leads = |local: &String| {
            let has_joint = local.contains(|c: char| c.is_ascii_digit() || JOINTS.contains(&c));
            has_joint || parts.iter().any(|part| local.contains(part))
        };
        let is_free = |local: &String| {
            tells(local) && !self.vocabulary.is_all(local) && !self.vocabulary.is_fixed(local)
        };
        self.locals.extend(local.filter(|local| leads(local) && is_free(local)));
        self.class.add_of_class(name);
        _ = self.people.insert(student.id.clone(), name.to_owned());
    }

    /// Tells whether a text has the form of a code.
    pub fn is_code(text: &str) -> bool {
        let letters = text.strip_prefix("p-").map(str::as_bytes);
        letters.is_some_and(|letters| letters.len() == 8 && letters.iter().all(|one| LETTERS.contains(one)))
    }

    /// Returns the code of a student's id: `p-` and eight letters, an id that a roster takes.
    pub fn code(&self, id: &str) -> String {
        format!("p-{}", self.letters("student", id))
    }

    /// Returns a student with a code in place of id, name and everything that leads to the person.
    #[must_use]
    pub fn student(&self, student: &Student) -> Student {
        Student {
            id: self.code(&student.id),
            account: student.account.as_deref().map(|account| self.account(account)),
            extension_days: student.extension_days,
            ..Student::default()
        }
    }

    /// Returns a result whose texts tell neither person nor account nor key; what work is compared by is left out.
    #[must_use]
    pub fn result(&self, student: &Student, result: &StudentResult) -> StudentResult {
        let own = Names::of(student);
        let mask = |text: &String| self.mask(text, &own);
        let criterion = |one: &CriterionResult| CriterionResult {
            message: mask(&one.message),
            evidence: one.evidence.iter().map(mask).collect(),
            remark: one.remark.as_ref().map(mask),
            comment: one.comment.as_ref().map(mask),
            ..one.clone()
        };
        let task = |task: &TaskResult| TaskResult {
            criteria: task.criteria.iter().map(criterion).collect(),
            ..task.clone()
        };
        let late = result.late.clone().map(|mut late| {
            late.evidence = late.evidence.iter().map(mask).collect();
            late
        });
        StudentResult {
            id: self.code(&result.id),
            account: self.account(&result.account),
            problem: result.problem.as_ref().map(mask),
            access: result.access.iter().map(mask).collect(),
            tasks: result.tasks.iter().map(task).collect(),
            late,
            fingerprint: None,
            ..result.clone()
        }
    }

    /// Returns a row whose texts tell neither person nor account nor key.
    #[must_use]
    pub fn row(&self, student: &Student, row: &Row) -> Row {
        let own = Names::of(student);
        Row {
            id: self.code(&row.id),
            account: self.account(&row.account),
            problem: row.problem.as_ref().map(|text| self.mask(text, &own)),
            access: row.access.iter().map(|text| self.mask(text, &own)).collect(),
            ..row.clone()
        }
    }

    /// Returns a hint whose texts tell neither person nor account nor key.
    #[must_use]
    pub fn alike(&self, alike: &Alike) -> Alike {
        let mut own = Names::default();
        alike.students.iter().filter_map(|id| self.people.get(id)).for_each(|name| own.add(name));
        Alike {
            what: self.mask(&alike.what, &own),
            students: alike.students.iter().map(|id| self.code(id)).collect(),
            evidence: alike.evidence.iter().map(|line| self.mask(line, &own)).collect(),
        }
    }

    fn account(&self, account: &str) -> String {
        if account.is_empty() { String::new() } else { format!("acct-{}", self.letters("account", account)) }
    }

    fn letters(&self, what: &str, text: &str) -> String {
        let mut mac = self.key.clone();
        mac.update(what.as_bytes());
        mac.update(b"\0");
        mac.update(text.as_bytes());
        let bytes = mac.finalize().into_bytes();
        let bits = bytes.iter().take(5).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        let letter = |at: u32| LETTERS.get(usize::try_from((bits >> (at * 5)) & 31).unwrap_or(0));
        (0..8).filter_map(letter).map(|letter| char::from(*letter)).collect()
    }

    /// Masks a text, a word at a time.
    fn mask(&self, text: &str, own: &Names) -> String {
        let text = bounded(text);
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_ref();
        let mut before = None;
        while let Some(c) = rest.chars().next() {
            let end =
                if in_word(c) { rest.find(|c| !in_word(c)).unwrap_or(rest.len()) } else { c.len_utf8() };
            let (word, after) = rest.split_at(end);
            if !in_word(c) {
                out.push_str(word);
            } else if before == Some('…') && is_key_end(word) {
                out.push_str("[key]");
            } else {
                self.word(&mut out, word, own);
            }
            (rest, before) = (after, Some(c));
        }
        out
    }

    fn word(&self, out: &mut String, word: &str, own: &Names) {
        let bare = word.trim_end_matches(['.', '-']);
        let tail = word.get(bare.len()..).unwrap_or_default();
        if let Some(code) = self.codes.get(&bare.to_lowercase()) {
            out.push_str(code);
        } else if is_account(&bare.replace('-', "")) {
            out.push_str(&self.account(&bare.replace('-', "")));
        } else if bare
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
        {
            out.push_str("[e-mail]");
        } else if bare.split('.').count() == 4 && bare.split('.').all(|part| part.parse::<u8>().is_ok()) {
            out.push_str("[address]");
        } else {
            self.parts(out, bare, own);
        }
        out.push_str(tail);
    }

    /// Masks parts of a word: `ada` of `ada.lovelace`, `AdaLovelace` of `AdaLovelacePolicy`.
    fn parts(&self, out: &mut String, word: &str, own: &Names) {
        let tokens = tokens(word);
        let mut done = 0;
        for (at, token) in tokens.iter().enumerate() {
            // What was masked may reach over several parts.
            if token.start < done {
                continue;
            }
            let found = tokens.get(at..).and_then(|rest| self.find(word, rest, own, tokens.len() > 1));
            if let Some((place, mask)) = found {
                out.push_str(word.get(done..place.start).unwrap_or_default());
                out.push_str(&mask);
                done = place.end;
            }
        }
        out.push_str(word.get(done..).unwrap_or_default());
    }

    /// Finds what is to be masked at the first of a word's parts, and what stands for it.
    fn find(
        &self,
        word: &str,
        tokens: &[Range<usize>],
        own: &Names,
        is_joined: bool,
    ) -> Option<(Range<usize>, String)> {
        let first = tokens.first()?;
        let start = first.start;
        let rest = word.get(start..)?;
        if is_uuid(rest) {
            return Some((start..start + UUID, "[id]".to_owned()));
        }
        if let Some((number, length)) = tokens::account(rest) {
            return Some((start..start + length, self.account(&number)));
        }
        if let Some((prefix, length)) = tokens::key(rest) {
            return Some((start..start + length, format!("{prefix}…")));
        }
        for last in tokens.iter().take(self.longest).rev() {
            let run = word.get(start..last.end)?;
            if let Some(code) = self.codes.get(&run.to_lowercase()) {
                return Some((start..last.end, code.clone()));
            }
            let plain = fold(run);
            let squeezed = plain.replace(JOINTS, "");
            let is_name = own.is_run(&squeezed) || self.class.is_run(&squeezed);
            if self.locals.contains(&plain) || (is_name && !self.vocabulary.is_ordinary(&squeezed)) {
                return Some((start..last.end, "[name]".to_owned()));
            }
        }
        let token = word.get(first.clone())?;
        let (lower, words) = (fold(token), &self.vocabulary);
        if words.is_fixed(&lower) {
            return None;
        }
        let is_name = own.is_own(token, &lower, is_joined, words)
            || self.class.is_of_class(token, &lower, is_joined, words);
        let place = if is_name {
            Some(0..token.len())
        } else {
            // Elsewhere a place in what is folded is none in the text.
            let lower = Some(lower).filter(|_| token.is_ascii());
            lower.and_then(|lower| own.inside(&lower, words).or_else(|| self.class.inside(&lower, words)))
        };
        place.map(|place| (start + place.start..start + place.end, "[name]".to_owned()))
    }
}

/// The most parts of a word that are looked up together.
const LONGEST: usize = 12;

/// Lists what a student's account is reached by, in lower case.
fn ways_in(student: &Student) -> Vec<String> {
    let role = student.role_arn.as_deref().and_then(|role| role.rsplit('/').next());
    let bundle = student.bundle.as_deref();
    let bundle = [bundle.and_then(std::path::Path::file_name), bundle.and_then(std::path::Path::file_stem)];
    let bundle = bundle.into_iter().flatten().filter_map(std::ffi::OsStr::to_str);
    let all = [role, student.profile.as_deref(), student.external_id.as_deref()]
        .into_iter()
        .flatten()
        .chain(bundle);
    let words = all.flat_map(|text| text.split(|c| !in_word(c)));
    words.map(|word| word.trim_end_matches(['.', '-']).to_lowercase()).filter(|word| tells(word)).collect()
}

/// Lists what accounts are reached by, with whose it is; nobody's is what several have.
fn only(roster: &Roster) -> BTreeMap<String, Option<&str>> {
    let mut only: BTreeMap<String, Option<&str>> = BTreeMap::new();
    for student in &roster.students {
        for word in ways_in(student) {
            let whose = only.entry(word).or_insert(Some(&student.id));
            *whose = whose.filter(|id| *id == student.id);
        }
    }
    only
}

/// Tells whether a word leads to a person: `7` and `12` are numbers before they are ids.
fn tells(word: &str) -> bool {
    let length = word.chars().count();
    length >= 5 || (length >= 3 && word.chars().any(|c| !c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rubric() -> Rubric {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/iam-auditing");
        Rubric::load(&path).unwrap()
    }

    fn student(id: &str, name: &str, email: &str) -> Student {
        Student { id: id.into(), name: Some(name.into()), email: Some(email.into()), ..Student::default() }
    }

    #[test]
    fn texts_tell_neither_person_nor_account_nor_key() {
        let ada = student("s001", "Ada May Lovelace", "ada@example.edu");
        let class =
            Roster { students: vec![ada.clone(), student("s002", "Alan", "alan.turing@example.edu")] };
        let codes = Pseudonyms::new(b"key", &class, &rubric());
        let (own, other) = (codes.code("s001"), codes.code("s002"));
        let account = codes.account("123456789012");
        for (text, masked) in [
            ("arn:aws:iam::123456789012:user/User1", format!("arn:aws:iam::{account}:user/User1")),
            ("account 1234-5678-9012.", format!("account {account}.")),
            ("key AKIAIOSFODNN7EXAMPLE of s002", format!("key AKIA… of {other}")),
            ("topic s001-report to ada@example.edu", format!("topic {own}-report to {own}")),
            ("sent to someone@example.org from 192.0.2.1", "sent to [e-mail] from [address]".to_owned()),
            ("role ADA_LOVELACE-role by Ada May", "role [name]-role by [name] [name]".to_owned()),
            ("policy alovelace, adalovelace", "policy [name], [name]".to_owned()),
            ("User3 may not iam:AddUserToGroup", "User3 may not iam:AddUserToGroup".to_owned()),
            ("1.5 of 2 points, python3.9", "1.5 of 2 points, python3.9".to_owned()),
            ("alan.turing and ALAN.TURING@example.edu", format!("[name] and {other}")),
        ] {
            assert_eq!(codes.mask(text, &Names::of(&ada)), masked);
        }
    }

    #[test]
    fn names_and_numbers_are_found_inside_words() {
        let chen = student("s001", "Chen García", "s001@students.example.edu");
        let others = [
            student("s002", "Tomasz Usman", "s002@students.example.edu"),
            student("s003", "Jörg Müller", "jm@students.example.edu"),
            student("s004", "Policy Role", "cgarcia7@students.example.edu"),
            student("s005", "DROP TABLE credentials;--", "s005@students.example.edu"),
        ];
        let class = Roster { students: [chen.clone()].into_iter().chain(others).collect() };
        let codes = Pseudonyms::new(b"key", &class, &rubric());
        let account = codes.account("187478700006");
        let own = Names::of(&chen);
        for (text, masked) in [
            ("ChenGarcia", "[name]".to_owned()),
            ("ChenGarciaPolicy187478700006", format!("[name]Policy{account}")),
            ("mychengarciapolicy garciapolicy", "my[name]policy [name]policy".to_owned()),
            ("acct187478700006x", format!("acct{account}x")),
            ("acct-1874-7870-0006-x", format!("acct-{account}-x")),
            ("1874787000061 18747870000", "1874787000061 18747870000".to_owned()),
            ("Tomasz-Usman-policy", "[name]-policy".to_owned()),
            ("JoergMueller jorg_muller Mu\u{308}ller", "[name] [name] [name]".to_owned()),
            ("cgarcia7-role of S003Role", format!("[name]-role of {}Role", codes.code("s003"))),
            ("access key …MPLE, Active", "access key …[key], Active".to_owned()),
            ("cut… here, …more", "cut… here, …more".to_owned()),
            ("event 7e4b6c1e-3a7f-4a2b-9c0d-0123456789ab.", "event [id].".to_owned()),
            (
                "no credentials in the table of policy role",
                "no credentials in the table of policy role".to_owned(),
            ),
            (
                "IAM-Auditor-Policy, generate_credential_report",
                "IAM-Auditor-Policy, generate_credential_report".to_owned(),
            ),
        ] {
            assert_eq!(codes.mask(text, &own), masked);
        }
        let hint = Alike {
            what: "policies of Das Ito".into(),
            students: vec!["s001".into(), "s002".into()],
            evidence: vec!["chen-tomasz-187478700006".into()],
        };
        assert_eq!(codes.alike(&hint).evidence, [format!("[name]-[name]-{account}")]);
    }

    #[test]
    fn what_the_rubric_names_is_nobody() {
        let class = Roster {
            students: vec![
                student("s001", "Ada Lovelace", "audit@students.example.edu"),
                student("s002", "Mark May", "user3@students.example.edu"),
                student("User1", "Root Admin", "admin@students.example.edu"),
                student("s004", "Grace Hopper", "events@students.example.edu"),
            ],
        };
        let codes = Pseudonyms::new(b"key", &class, &rubric());
        let own = Names::of(&class.students[0]);
        for same in [
            "`User3` is not in the group `IAM-Auditor-Group`; `user3` is",
            "user `User1` has a virtual MFA device; root and admin have none",
            "an audit of events by the administrator may mark it",
        ] {
            assert_eq!(codes.mask(same, &own), same);
        }
        assert_eq!(codes.mask("to user3@students.example.edu", &own), format!("to {}", codes.code("s002")));
    }

    #[test]
    fn what_leads_to_one_account_is_masked_and_what_leads_to_all_is_not() {
        let with = |id: &str, profile: &str, bundle: &str| Student {
            id: id.into(),
            profile: Some(profile.into()),
            bundle: Some(bundle.into()),
            role_arn: Some("arn:aws:iam::187478700006:role/lab/TheGrader".into()),
            ..Student::default()
        };
        let class = Roster {
            students: vec![with("s001", "wombat", "work/quokka.json"), with("s002", "default", "b.json")],
        };
        let codes = Pseudonyms::new(b"key", &class, &rubric());
        let own = codes.code("s001");
        assert_eq!(
            codes.mask(
                "profile `wombat`, work/quokka.json; TheGrader, the default version",
                &Names::default()
            ),
            format!("profile `{own}`, work/{own}; TheGrader, the default version")
        );
    }

    #[test]
    fn a_code_is_the_same_for_the_same_key_only() {
        let class = Roster::default();
        let (one, two) =
            (Pseudonyms::new(b"one", &class, &rubric()), Pseudonyms::new(b"two", &class, &rubric()));
        assert_eq!(one.code("s001"), Pseudonyms::new(b"one", &class, &rubric()).code("s001"));
        assert_ne!(one.code("s001"), two.code("s001"));
        assert_ne!(one.code("s001"), one.code("s002"));
        assert!(!format!("{one:?}").contains("key"));
        let bare = one.student(&student("s001", "Ada", "ada@example.edu"));
        assert_eq!((bare.name, bare.email, bare.id), (None, None, one.code("s001")));
    }
}
