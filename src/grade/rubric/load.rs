//! Reads a rubric strictly, and checks what its shape cannot tell: that points add up and ids are unique.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value as Json;

use super::{Assertion, Criterion, Rubric, Task};
use crate::grade::points::Points;
use crate::grade::subject::Subject;
use crate::policy::actions::actions;
use crate::scenario::strict;
use crate::source::{Diagnostic, SourceFile, Span};

static SCHEMA: LazyLock<Json> = LazyLock::new(|| schemars::schema_for!(Rubric).to_value());

/// Returns the JSON Schema of the file.
pub fn schema() -> Json {
    SCHEMA.clone()
}

impl Rubric {
    /// Reads a rubric: a folder that holds `rubric.yaml`, or a YAML file.
    ///
    /// # Errors
    ///
    /// All mistakes of the file.
    pub fn load(path: &Path) -> Result<Self, Vec<Diagnostic>> {
        let path = if path.is_dir() { path.join("rubric.yaml") } else { path.to_path_buf() };
        let file = strict::text(&path)?;
        let mut rubric = Self::parse(&file)?;
        rubric.folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(rubric)
    }

    /// Reads a rubric's text.
    ///
    /// # Errors
    ///
    /// All mistakes of the text.
    pub fn parse(file: &SourceFile) -> Result<Self, Vec<Diagnostic>> {
        let rubric: Self = strict::parse(file, &SCHEMA)?;
        let mut checker = Checker { file, found: Vec::new() };
        checker.rubric(&rubric);
        if checker.found.is_empty() { Ok(rubric) } else { Err(checker.found) }
    }
}

struct Checker<'a> {
    file: &'a SourceFile,
    found: Vec<Diagnostic>,
}

impl Checker<'_> {
    /// Notes a mistake, at the first place where `word` stands in the file.
    fn wrong(&mut self, id: &'static str, word: &str, message: String, help: &str) {
        let at = self.file.text.find(word).unwrap_or_default();
        let span = Span { start: at, len: word.len() };
        self.found.push(Diagnostic::new(id, message).at(self.file, span).help(help));
    }

    fn rubric(&mut self, rubric: &Rubric) {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=40).contains(&rubric.name.len()) || !rubric.name.bytes().all(plain) {
            let message = format!("`{}` is no name of a rubric", rubric.name);
            self.wrong(
                "rubric-name",
                &rubric.name,
                message,
                "write small letters, digits and `-`, 40 at most",
            );
        }
        if rubric.regions.is_empty() {
            let message = "a rubric looks at one region at least".to_owned();
            self.wrong("no-region", "regions", message, "leave `regions` out for us-east-1");
        }
        let mut seen = BTreeSet::new();
        for task in &rubric.tasks {
            self.unique(&mut seen, &task.id);
            self.task(task);
            for criterion in &task.criteria {
                self.unique(&mut seen, &criterion.id);
                self.criterion(task, criterion);
            }
        }
        if rubric.tasks.is_empty() {
            self.wrong("no-task", "tasks", "a rubric has one task at least".to_owned(), "write its tasks");
        }
    }

    fn unique<'b>(&mut self, seen: &mut BTreeSet<&'b str>, id: &'b str) {
        if !seen.insert(id) {
            self.wrong("same-id", id, format!("the id `{id}` is there twice"), "give each its own");
        }
    }

    fn task(&mut self, task: &Task) {
        let sum: Points = task.criteria.iter().map(|criterion| criterion.points).sum();
        if sum != task.points {
            let message = format!(
                "task `{}` has {} points, and its criteria have {sum} together",
                task.id, task.points
            );
            self.wrong("points-differ", &task.id, message, "change one or the other");
        }
    }

    fn criterion(&mut self, task: &Task, criterion: &Criterion) {
        let id = criterion.id.as_str();
        let own = id.strip_prefix(task.id.as_str()).and_then(|rest| rest.strip_prefix('.'));
        if own.is_none_or(str::is_empty) {
            let message = format!("the criterion `{id}` is one of task `{}`", task.id);
            let help = format!("call it `{}.something`", task.id);
            self.wrong("criterion-id", id, message, &help);
        }
        if criterion.points == Points::ZERO {
            self.wrong("no-points", id, format!("the criterion `{id}` is worth nothing"), "give it points");
        }
        self.assertion(id, &criterion.check);
        if criterion.check.is_manual() && !matches!(criterion.check, Assertion::Manual(_)) {
            let message = format!("in `{id}` a person judges a part only");
            self.wrong("manual-part", id, message, "make it a criterion of its own");
        }
    }

    fn assertion(&mut self, id: &str, check: &Assertion) {
        match check {
            Assertion::All(parts) | Assertion::Any(parts) => {
                if parts.is_empty() {
                    let help = "write what has to hold";
                    self.wrong("nothing-to-check", id, format!("`{id}` checks nothing"), help);
                }
                for part in parts {
                    self.assertion(id, part);
                }
            }
            Assertion::Allows(allows) => self.actions(&allows.actions),
            Assertion::LeastPrivilege(least) => {
                self.actions(&least.needs);
                self.actions(&least.also_fine);
            }
            Assertion::Can(ability) | Assertion::Cannot(ability) => {
                self.actions(std::slice::from_ref(&ability.action));
            }
            Assertion::Event(event) if event.name.is_empty() => {
                self.wrong("no-event", id, format!("`{id}` names no event"), "name one: `ConsoleLogin`");
            }
            _ => {}
        }
        for (subject, kinds) in typed(check) {
            if !kinds.contains(&kind(subject)) {
                let message = format!("`{subject}` is not what this is about");
                let help = format!("name one of: {}", kinds.join(", "));
                self.wrong("wrong-subject", &subject.to_string(), message, &help);
            }
        }
    }

    fn actions(&mut self, named: &[String]) {
        for action in named {
            let known = action.contains(['*', '?']) || actions().find(action).is_some();
            if !known {
                let message = format!("there is no action `{action}`");
                self.wrong(
                    "unknown-action",
                    action,
                    message,
                    "write it as AWS does: `iam:GetCredentialReport`",
                );
            }
        }
    }
}

/// Lists the subjects of an assertion with the kinds that it is about.
fn typed(check: &Assertion) -> Vec<(&Subject, &'static [&'static str])> {
    const USER: &[&str] = &["user"];
    const GROUP: &[&str] = &["group"];
    const POLICY: &[&str] = &["policy"];
    const HOLDER: &[&str] = &["user", "group", "role", "function-role"];
    const ACTOR: &[&str] = &["user", "role", "function-role"];
    const ROLE: &[&str] = &["role", "function-role"];
    match check {
        Assertion::Console(one) | Assertion::Mfa(one) | Assertion::NoPolicies(one) => vec![(one, USER)],
        Assertion::AccessKeys(keys) => vec![(&keys.of, USER)],
        Assertion::Members(members) => {
            let not = members.not.iter().flatten();
            let users = members.has.iter().chain(not).map(|user| (user, USER));
            std::iter::once((&members.of, GROUP)).chain(users).collect()
        }
        Assertion::Attached(one) | Assertion::OnlyAttached(one) => {
            vec![(&one.policy, POLICY), (&one.to, HOLDER)]
        }
        Assertion::Allows(allows) => vec![(&allows.policy, POLICY)],
        Assertion::LeastPrivilege(least) => vec![(&least.policy, POLICY)],
        Assertion::Can(ability) | Assertion::Cannot(ability) => vec![(&ability.who, ACTOR)],
        Assertion::Named(one) => vec![(one, &["role", "function-role", "topic"])],
        Assertion::Trusts(trust) | Assertion::TrustsOnly(trust) => {
            vec![(&trust.role, ROLE), (&trust.by, ROLE)]
        }
        Assertion::Event(event) => event.by.iter().map(|by| (by, ACTOR)).collect(),
        _ => vec![],
    }
}

/// Returns the kind of a subject, as rubrics write it.
const fn kind(subject: &Subject) -> &'static str {
    match subject {
        Subject::User(_) => "user",
        Subject::Group(_) => "group",
        Subject::Role(_) => "role",
        Subject::Policy(_) => "policy",
        Subject::Function => "function",
        Subject::FunctionRole => "function-role",
        Subject::Topic => "topic",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/iam-auditing");

    fn mistakes(change: impl Fn(&str) -> String) -> Vec<&'static str> {
        let text = std::fs::read_to_string(format!("{SHIPPED}/rubric.yaml")).unwrap();
        let changed = change(&text);
        assert_ne!(changed, text);
        let file = SourceFile::new("rubric.yaml", changed.as_str());
        Rubric::parse(&file).unwrap_err().iter().map(|one| one.id).collect()
    }

    #[test]
    fn the_assignment_has_its_points() {
        let told = |found: Vec<Diagnostic>| -> Rubric { panic!("{}", crate::source::render(&found, false)) };
        let rubric = Rubric::load(Path::new(SHIPPED)).unwrap_or_else(told);
        let points: Vec<String> = rubric.tasks.iter().map(|task| task.points.to_string()).collect();
        assert_eq!(points.join(" "), "5 5 3 2 5 5 5 10 20 15 10 5 10");
        assert_eq!(rubric.max(), Points::whole(100));
    }

    #[test]
    fn mistakes_are_found_where_they_are() {
        let changed = |from: &'static str, to: &'static str| mistakes(move |text| text.replacen(from, to, 1));
        assert_eq!(changed("points: 5\n", "points: 6\n"), ["points-differ"]);
        assert_eq!(changed("id: T1.gets-report", "id: T1.policy-exists"), ["same-id"]);
        assert_eq!(changed("id: T1.gets-report", "id: T2.gets-report"), ["criterion-id"]);
        assert_eq!(
            changed("iam:GenerateCredentialReport, iam", "iam:MakeCredentialReport, iam"),
            ["unknown-action"]
        );
        assert_eq!(changed("console: user/User1", "console: group/User1"), ["wrong-subject"]);
        assert_eq!(changed("name: iam-auditing", "name: IAM auditing"), ["rubric-name"]);
        assert_eq!(changed("check: { exists: policy", "check: { exsts: policy"), ["unknown-key"]);
        assert_eq!(changed("feedback: create User1", "feed: create User1"), ["unknown-key", "missing-key"]);
    }
}
