//! Hints that two students handed in the same work: with evidence, never a deduction.
//!
//! What everybody writes tells nothing: a policy counts when something in it was the student's own choice, as a `Sid`,
//! and when three students at most have it; a package, a source and an address count unless most of the class has
//! them, because then they were handed out. Everything is sorted, nobody is compared with everybody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::evidence::Evidence;
use crate::account::scan::hex;
use crate::account::snapshot::{Identity, Role};
use crate::policy::document::PolicyDocument;

/// What a student's work is compared by: hashes, ids and times, no names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fingerprint {
    /// The account's 12 digits; empty when they are not known.
    pub account: String,
    /// The role through which the account is read, hashed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Policies that hold something of the student's own choice, as they are written, hashed without the account's id.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub policies: BTreeSet<String>,
    /// Packages of functions, by Lambda's hash.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub packages: BTreeSet<String>,
    /// Python sources, hashed without comments, white space and the account's id.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub sources: BTreeSet<String>,
    /// Access key ids, hashed.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub keys: BTreeSet<String>,
    /// Serial numbers of MFA devices, hashed.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub devices: BTreeSet<String>,
    /// Addresses that topics mail to, hashed.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub addresses: BTreeSet<String>,
    /// When things were made, in seconds after the first of them, ascending.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<u32>,
}

/// What two students have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The account.
    Account,
    /// The role through which the account is read.
    Role,
    /// An access key.
    AccessKey,
    /// An MFA device.
    MfaDevice,
    /// The package of a function.
    Package,
    /// A source file.
    Source,
    /// The text of a policy.
    Policy,
    /// When things were made, one after the other.
    Timeline,
    /// The address that a topic mails to.
    Address,
}

impl Kind {
    /// Says it in a few words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Account => "the same account",
            Self::Role => "the same role",
            Self::AccessKey => "the same access key",
            Self::MfaDevice => "the same MFA device",
            Self::Package => "the same function package",
            Self::Source => "the same code",
            Self::Policy => "the same policy text",
            Self::Timeline => "the same steps at the same intervals",
            Self::Address => "the same e-mail address",
        }
    }
}

/// Students whose work is alike in something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// In what.
    pub kind: Kind,
    /// The ids of the students, in the class's order.
    pub students: Vec<String>,
    /// What shows it, a line each.
    pub evidence: Vec<String>,
}

/// The most students that share something unusual.
const FEW: usize = 3;

/// The shortest source that counts, in characters without white space: what Lambda's console starts everybody with is
/// shorter.
const SHORTEST: usize = 200;

/// The fewest things and the shortest time in seconds by which a course of work is known: a script makes everything at
/// once, for everybody.
const FEWEST_THINGS: usize = 8;
const SHORTEST_WORK: u32 = 300;

/// How far apart two students' steps may be, in seconds.
const APART: u32 = 2;

/// How many students with work of equal length one is compared with.
const NEIGHBOURS: usize = 32;

/// The most policies, sources or dates that one student's fingerprint holds.
const MOST: usize = 200;

impl Fingerprint {
    /// Takes it from evidence.
    pub fn of(evidence: &Evidence) -> Self {
        let snapshot = &evidence.snapshot;
        let account = snapshot.account.as_str();
        let mut print = Self {
            account: account.to_owned(),
            role: evidence.access.role.as_deref().map(hash),
            ..Self::default()
        };
        let mut made = Vec::new();
        if let Some(identity) = snapshot.identity.read() {
            let own = |role: &&Role| !is_given(role, evidence.access.role.as_deref());
            let documents = documents(identity, &own).filter(|document| is_telling(document));
            print.policies = documents.take(MOST).map(|document| hash(&written(document, account))).collect();
            made.extend(identity.users.values().filter_map(|user| user.created));
            made.extend(identity.roles.values().filter(own).filter_map(|role| role.created));
            let versions = identity.policies.values().flat_map(|policy| &policy.versions);
            made.extend(versions.filter_map(|version| version.created));
        }
        for credentials in snapshot.credentials.values().filter_map(|one| one.read()) {
            made.extend(credentials.access_keys.iter().filter_map(|key| key.created));
            print.keys.extend(credentials.access_keys.iter().map(|key| hash(&key.id)));
            print.devices.extend(credentials.mfa_devices.iter().flatten().map(|serial| hash(serial)));
        }
        for package in evidence.packages.values().filter_map(|one| one.read()) {
            if package.sources.values().any(|source| bare(source, account).len() >= SHORTEST) {
                print.packages.insert(package.sha256.clone());
            }
            let sources = package.sources.values().map(|source| bare(source, account));
            print.sources.extend(
                sources.filter(|source| source.len() >= SHORTEST).take(MOST).map(|source| hash(&source)),
            );
        }
        let topics = snapshot.topics.values().filter_map(|topic| topic.read()?.as_ref());
        let mails =
            topics.flat_map(|topic| &topic.subscriptions).filter(|one| one.protocol.starts_with("email"));
        print.addresses = mails.take(MOST).map(|one| hash(&one.endpoint.trim().to_lowercase())).collect();
        made.sort_unstable();
        made.truncate(MOST);
        let first = made.first().copied();
        let after = |at: jiff::Timestamp| Some(at.as_second().saturating_sub(first?.as_second()));
        print.made = made.into_iter().filter_map(|at| u32::try_from(after(at)?).ok()).collect();
        print
    }

    /// Takes what a row of the roster tells, for an account that could not be reached.
    pub fn of_row(account: Option<&str>, role: Option<&str>) -> Self {
        let of_role = role.and_then(|arn| arn.split(':').nth(4));
        let account = account.or(of_role).unwrap_or_default().to_owned();
        Self { account, role: role.map(hash), ..Self::default() }
    }
}

/// Lists the policies that a student may have written.
fn documents<'a>(
    identity: &'a Identity,
    own: &impl Fn(&&'a Role) -> bool,
) -> impl Iterator<Item = &'a PolicyDocument> {
    let managed = identity.policies.values().filter_map(|policy| policy.document.as_ref());
    let users = identity.users.values().map(|user| &user.policies);
    let groups = identity.groups.values().map(|group| &group.policies);
    let roles: Vec<&Role> = identity.roles.values().filter(own).collect();
    let trusts: Vec<&PolicyDocument> = roles.iter().map(|role| &role.trust).collect();
    let holders = users.chain(groups).chain(roles.into_iter().map(|role| &role.policies));
    managed.chain(holders.flat_map(|policies| policies.inline.values())).chain(trusts)
}

/// Tells whether a role was not the student's idea: the grader's way in, or a service's own.
fn is_given(role: &Role, way_in: Option<&str>) -> bool {
    way_in == Some(role.arn.as_str()) || role.arn.contains(":role/aws-service-role/")
}

/// Tells whether something in a policy was free to choose and was chosen, beyond what the task asks for.
fn is_telling(document: &PolicyDocument) -> bool {
    let listed = |value: Option<&Value>| match value {
        Some(Value::Array(items)) => items.len(),
        Some(_) => 1,
        None => 0,
    };
    let statements = statements(document.written());
    let chosen = |statement: &&Value| {
        let sid = statement.get("Sid").and_then(Value::as_str).unwrap_or_default();
        !is_usual(sid) || statement.get("NotAction").is_some()
    };
    let actions: usize = statements.iter().map(|statement| listed(statement.get("Action"))).sum();
    statements.iter().any(chosen) || actions > 4
}

/// Tells whether a `Sid` is the console's, or the reference's.
fn is_usual(sid: &str) -> bool {
    static REFERENCE: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        let texts = [
            include_str!("../../policies/iam-auditor-policy.json"),
            include_str!("../../policies/iam-auditor-lambda-policy.json"),
        ];
        let documents = texts.iter().filter_map(|text| serde_json::from_str::<Value>(text).ok());
        let sids = |document: Value| -> Vec<String> {
            let sid = |one: &&Value| one.get("Sid").and_then(Value::as_str).map(str::to_owned);
            statements(&document).iter().filter_map(sid).collect()
        };
        documents.flat_map(sids).collect()
    });
    let numbered = ["VisualEditor", "Statement", "Stmt", "statement"];
    let rest = numbered.iter().find_map(|start| sid.strip_prefix(start)).unwrap_or(sid);
    rest.bytes().all(|byte| byte.is_ascii_digit()) || REFERENCE.contains(sid)
}

fn statements(document: &Value) -> Vec<&Value> {
    match document.get("Statement") {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(one) => vec![one],
        None => vec![],
    }
}

/// Returns the text of a policy as it was written, without what differs between accounts by itself.
fn written(document: &PolicyDocument, account: &str) -> String {
    anywhere(document.to_text(), account)
}

/// Returns a source without comments, white space and the account's id. A `#` in a text cuts that line short, for
/// everybody alike.
fn bare(source: &str, account: &str) -> String {
    let code = source.lines().map(|line| line.split('#').next().unwrap_or_default());
    anywhere(code.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect(), account)
}

fn anywhere(text: String, account: &str) -> String {
    if account.is_empty() { text } else { text.replace(account, "ACCOUNT") }
}

/// Returns the first half of a text's SHA-256, in hexadecimal.
fn hash(text: &str) -> String {
    hex(Sha256::digest(text.as_bytes()).get(..16).unwrap_or_default())
}

/// Students by their place in the class, ascending.
type Group = Vec<usize>;

/// Finds what students have in common. The class's order is that of the answer.
pub fn hints(class: &[(String, Fingerprint)]) -> Vec<Hint> {
    let most = FEW.max(class.len() / 2);
    let mut found: BTreeMap<(Kind, Group), BTreeSet<String>> = BTreeMap::new();
    let mut look = |kind: Kind, most: usize, values: &dyn Fn(&Fingerprint) -> Vec<String>| {
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for (place, (_, print)) in class.iter().enumerate() {
            for value in values(print) {
                groups.entry(value).or_default().push(place);
            }
        }
        for (value, group) in groups {
            if (2..=most).contains(&group.len()) {
                found.entry((kind, group)).or_default().insert(evidence(kind, &value));
            }
        }
    };
    let all = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>();
    let known = |account: &String| !account.is_empty();
    look(Kind::Account, class.len(), &|print| {
        vec![print.account.clone()].into_iter().filter(known).collect()
    });
    look(Kind::Role, class.len(), &|print| print.role.iter().cloned().collect());
    look(Kind::AccessKey, class.len(), &|print| all(&print.keys));
    look(Kind::MfaDevice, class.len(), &|print| all(&print.devices));
    look(Kind::Package, most, &|print| all(&print.packages));
    look(Kind::Source, most, &|print| all(&print.sources));
    look(Kind::Policy, FEW, &|print| all(&print.policies));
    look(Kind::Address, most, &|print| all(&print.addresses));
    for (group, line) in timelines(class) {
        found.entry((Kind::Timeline, group)).or_default().insert(line);
    }
    without_repetition(class, found)
}

/// Leaves out what follows from something else: in one account everything is the same, and one package has one source.
fn without_repetition(
    class: &[(String, Fingerprint)],
    found: BTreeMap<(Kind, Group), BTreeSet<String>>,
) -> Vec<Hint> {
    let account =
        |place: &usize| class.get(*place).map(|(_, print)| print.account.as_str()).unwrap_or_default();
    let packages: BTreeSet<Group> =
        found.keys().filter(|(kind, _)| *kind == Kind::Package).map(|(_, group)| group.clone()).collect();
    let is_new = |kind: Kind, group: &Group| {
        let accounts: BTreeSet<&str> = group.iter().map(account).collect();
        let one_account = accounts.len() == 1 && !accounts.contains("");
        kind == Kind::Account || !(one_account || (kind == Kind::Source && packages.contains(group)))
    };
    let told = found.into_iter().filter(|((kind, group), _)| is_new(*kind, group));
    let hint = |((kind, group), lines): ((Kind, Group), BTreeSet<String>)| Hint {
        kind,
        students: group.iter().filter_map(|place| Some(class.get(*place)?.0.clone())).collect(),
        evidence: lines.into_iter().collect(),
    };
    told.map(hint).collect()
}

fn evidence(kind: Kind, value: &str) -> String {
    let short = value.get(..12).unwrap_or(value);
    match kind {
        Kind::Account => format!("account {value}"),
        Kind::Role => format!("the role's ARN, sha256 {short}…"),
        Kind::AccessKey => format!("the access key's id, sha256 {short}…"),
        Kind::MfaDevice => format!("the device's serial number, sha256 {short}…"),
        Kind::Package => format!("the package is byte for byte the same, sha256 {value}"),
        Kind::Source => format!("the code is the same but for comments and white space, sha256 {short}…"),
        Kind::Policy => format!("the text is the same, with its order and its Sids, sha256 {short}…"),
        Kind::Address => format!("the address, sha256 {short}…"),
        Kind::Timeline => value.to_owned(),
    }
}

/// Finds pairs whose steps have the same intervals. Sorted by number and length, what can be alike stands together.
fn timelines(class: &[(String, Fingerprint)]) -> Vec<(Group, String)> {
    let key = |made: &[u32]| (made.len(), made.last().copied().unwrap_or_default());
    let prints = class.iter().map(|(_, print)| print.made.as_slice()).enumerate();
    let mut long: Vec<(usize, &[u32])> =
        prints.filter(|(_, made)| made.len() >= FEWEST_THINGS && key(made).1 >= SHORTEST_WORK).collect();
    long.sort_by_key(|(place, made)| (key(made), *place));
    let mut found = Vec::new();
    for (at, (place, made)) in long.iter().enumerate() {
        for (other, theirs) in long.iter().skip(at + 1).take(NEIGHBOURS) {
            let ((things, seconds), (their_things, their_seconds)) = (key(made), key(theirs));
            if their_things != things || their_seconds.abs_diff(seconds) > APART {
                break;
            }
            if made.iter().zip(theirs.iter()).all(|(mine, its)| mine.abs_diff(*its) <= APART) {
                let line = format!(
                    "{things} things were made at the same intervals, each within {APART} s, over {} min",
                    seconds.min(their_seconds) / 60
                );
                found.push((vec![*place.min(other), *place.max(other)], line));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(account: &str) -> Fingerprint {
        Fingerprint { account: account.to_owned(), ..Fingerprint::default() }
    }

    fn class(prints: Vec<Fingerprint>) -> Vec<(String, Fingerprint)> {
        prints.into_iter().enumerate().map(|(at, print)| (format!("s{at}"), print)).collect()
    }

    fn told(prints: Vec<Fingerprint>) -> Vec<(Kind, String)> {
        hints(&class(prints)).iter().map(|hint| (hint.kind, hint.students.join(" "))).collect()
    }

    fn one(text: &str) -> BTreeSet<String> {
        BTreeSet::from([text.to_owned()])
    }

    #[test]
    fn one_account_is_one_hint_whatever_else_is_the_same() {
        let same = Fingerprint { role: Some("r".into()), keys: one("k"), policies: one("p"), ..print("1") };
        assert_eq!(told(vec![same.clone(), print("2"), same]), [(Kind::Account, "s0 s2".to_owned())]);
        // Accounts that are not known are not the same.
        assert_eq!(told(vec![print(""), print("")]), []);
    }

    #[test]
    fn what_most_of_a_class_has_was_handed_out() {
        let with = |account: usize, package: &str| Fingerprint {
            packages: one(package),
            sources: one(&format!("source of {package}")),
            ..print(&account.to_string())
        };
        let given: Vec<_> = (0..10).map(|at| with(at, if at < 8 { "given" } else { "own" })).collect();
        assert_eq!(told(given), [(Kind::Package, "s8 s9".to_owned())]);
    }

    #[test]
    fn a_policy_that_many_have_tells_nothing() {
        let with = |at: usize| Fingerprint { policies: one("text"), ..print(&at.to_string()) };
        assert_eq!(told((0..3).map(with).collect()), [(Kind::Policy, "s0 s1 s2".to_owned())]);
        assert_eq!(told((0..4).map(with).collect()), []);
    }

    #[test]
    fn intervals_are_alike_within_two_seconds_and_scripts_are_not_looked_at() {
        let steps = |account: &str, shift: u32, step: u32| Fingerprint {
            made: (0..9).map(|at| at * step + if at == 4 { shift } else { 0 }).collect(),
            ..print(account)
        };
        assert_eq!(
            told(vec![steps("1", 0, 100), steps("2", 3, 100), steps("3", 1, 100)]),
            [(Kind::Timeline, "s0 s2".to_owned()), (Kind::Timeline, "s1 s2".to_owned())]
        );
        assert_eq!(told(vec![steps("1", 0, 1), steps("2", 0, 1)]), []);
    }

    #[test]
    fn only_what_a_student_chose_makes_a_policy_telling() {
        let telling = |statement: Value| {
            is_telling(&PolicyDocument::new(
                serde_json::json!({"Version": "2012-10-17", "Statement": [statement]}),
            ))
        };
        let with = |sid: &str| serde_json::json!({"Sid": sid, "Effect": "Allow", "Action": ["iam:GetCredentialReport"], "Resource": "*"});
        for usual in ["", "VisualEditor0", "Statement1", "GenerateAndReadTheCredentialReport"] {
            assert!(!telling(with(usual)), "{usual}");
        }
        assert!(telling(with("BobsPolicy")));
    }

    #[test]
    fn comments_white_space_and_the_account_are_not_part_of_a_source() {
        let mine = "def f():\n    # mine\n    return 'arn:aws:iam::111111111111:role/R'\n";
        let yours = "def f():\n\treturn 'arn:aws:iam::222222222222:role/R' # yours";
        assert_eq!(bare(mine, "111111111111"), bare(yours, "222222222222"));
    }
}
