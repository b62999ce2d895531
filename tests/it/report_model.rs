//! For any account the verdicts on its credential report are those that follow from the account itself. The report is
//! written here, by a writer of its own.

use std::collections::BTreeMap;

use iamlab::account::credential_report::CredentialReport;
use iamlab::account::snapshot::{Facet, Snapshot};
use iamlab::audit::check::Look;
use iamlab::audit::checks::CHECKS;
use iamlab::audit::verdict::Status;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const LIMIT: i64 = 90 * 86_400;
/// What a check says of whom: check, user, credential.
type Verdicts = BTreeMap<(&'static str, String, &'static str), Status>;

/// All times are seconds before the audit.
#[derive(Debug, Clone)]
struct Key {
    active: bool,
    made: i64,
    used: Option<i64>,
}

#[derive(Debug, Clone)]
struct Password {
    changed: i64,
    used: Option<i64>,
}

#[derive(Debug, Clone)]
struct User {
    created: i64,
    password: Option<Password>,
    mfa: bool,
    keys: [Option<Key>; 2],
    /// How the report writes dates and flags of this row.
    plus: bool,
    capitals: bool,
}

fn as_of() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn age() -> impl Strategy<Value = i64> {
    prop_oneof![0..2 * LIMIT, LIMIT - 1..=LIMIT + 1]
}

fn key() -> impl Strategy<Value = Key> {
    (any::<bool>(), age(), proptest::option::of(age())).prop_map(|(active, made, used)| Key {
        active,
        made,
        used,
    })
}

fn user() -> impl Strategy<Value = User> {
    let password =
        (age(), proptest::option::of(age())).prop_map(|(changed, used)| Password { changed, used });
    let keys = [proptest::option::of(key()), proptest::option::of(key())];
    // Some keys are made with their user, or about ten seconds later.
    let near = proptest::option::of(8_i64..=12);
    let rest = (any::<bool>(), any::<bool>(), any::<bool>());
    (age(), proptest::option::of(password), keys, near, rest).prop_map(
        |(created, password, mut keys, near, (mfa, plus, capitals))| {
            if let (Some(seconds), Some(key)) = (near, &mut keys[0]) {
                key.made = created - seconds;
            }
            User { created, password, mfa, keys, plus, capitals }
        },
    )
}

/// Names as IAM allows them, and worse.
fn users() -> impl Strategy<Value = BTreeMap<String, User>> {
    proptest::collection::btree_map("[a-zA-Z0-9+=,.@_\" -]{1,12}", user(), 0..8)
}

impl User {
    fn date(&self, ago: i64) -> String {
        let at = as_of().checked_sub(SignedDuration::from_secs(ago)).unwrap();
        let text = at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        format!("{text}{}", if self.plus { "+00:00" } else { "Z" })
    }

    fn flag(&self, on: bool) -> String {
        if self.capitals { on.to_string().to_uppercase() } else { on.to_string() }
    }

    /// The line of the report, in AWS's order of columns.
    fn line(&self, name: &str, arn: &str) -> String {
        let none = || "N/A".to_owned();
        let mut cells = vec![name.to_owned(), arn.to_owned(), self.date(self.created)];
        cells.push(self.flag(self.password.is_some()));
        match &self.password {
            Some(password) => {
                cells.push(password.used.map_or_else(|| "no_information".to_owned(), |ago| self.date(ago)));
                cells.extend([self.date(password.changed), none()]);
            }
            None => cells.extend([none(), none(), none()]),
        }
        cells.push(self.flag(self.mfa));
        for key in &self.keys {
            cells.push(self.flag(key.as_ref().is_some_and(|key| key.active)));
            cells.push(key.as_ref().map_or_else(none, |key| self.date(key.made)));
            cells.push(key.as_ref().and_then(|key| key.used).map_or_else(none, |ago| self.date(ago)));
            cells.extend([none(), none()]);
        }
        cells.extend([self.flag(false), none(), self.flag(false), none()]);
        let quoted = cells.iter().map(|cell| {
            if cell.contains(['"', ',']) {
                format!("\"{}\"", cell.replace('"', "\"\""))
            } else {
                cell.clone()
            }
        });
        quoted.collect::<Vec<_>>().join(",")
    }

    fn active(&self) -> impl Iterator<Item = (&'static str, &Key)> {
        let keys = ["access_key_1", "access_key_2"].into_iter().zip(&self.keys);
        keys.filter_map(|(name, key)| key.as_ref().filter(|key| key.active).map(|key| (name, key)))
    }

    /// The verdicts that follow from the user itself.
    fn verdicts(&self, name: &str, all: &mut Verdicts) {
        let mut say = |check: &'static str, credential: &'static str, status: Status| {
            all.insert((check, name.to_owned(), credential), status);
        };
        let young = |ago: i64| if ago <= LIMIT { Status::Pass } else { Status::Fail };
        let good = |good: bool| if good { Status::Pass } else { Status::Fail };
        let count = self.active().count();
        match &self.password {
            Some(password) => {
                say("user-console-without-mfa", "", good(self.mfa));
                say("password-old", "", young(password.changed));
                say("credential-unused", "password", young(password.used.unwrap_or(password.changed)));
                let handed_out =
                    self.active().any(|(_, key)| key.used.is_none() && (self.created - key.made).abs() <= 10);
                say("access-key-at-setup", "", good(!handed_out));
            }
            None => {
                for check in ["user-console-without-mfa", "password-old", "access-key-at-setup"] {
                    say(check, "", Status::NotApplicable);
                }
            }
        }
        for (credential, key) in self.active() {
            say("credential-unused", credential, young(key.used.unwrap_or(key.made)));
            say("access-key-old", credential, young(key.made));
        }
        if count == 0 {
            say("access-key-old", "", Status::NotApplicable);
            if self.password.is_none() {
                say("credential-unused", "", Status::NotApplicable);
            }
        }
        let two = [Status::NotApplicable, Status::Pass, Status::Fail];
        say("user-two-active-keys", "", two[count]);
        let of_password = self.password.iter().map(|password| password.used.unwrap_or(password.changed));
        let of_keys = self.keys.iter().flatten();
        let of_keys = of_keys.filter_map(|key| key.used.or_else(|| key.active.then_some(key.made)));
        say("user-stale", "", young(of_password.chain(of_keys).min().unwrap_or(self.created)));
    }

    /// The verdicts on the same, were it root.
    fn root_verdicts(&self, all: &mut Verdicts) {
        let mut say = |check: &'static str, status: Status| {
            all.insert((check, "<root_account>".to_owned(), ""), status);
        };
        let good = |good: bool| if good { Status::Pass } else { Status::Fail };
        let used = self.password.iter().filter_map(|password| password.used);
        let used = used.chain(self.keys.iter().flatten().filter_map(|key| key.used)).min();
        say("root-used", good(used.is_none_or(|ago| ago > LIMIT)));
        let has_key = self.keys.iter().any(Option::is_some);
        say("root-access-key", good(!has_key));
        let has_nothing = self.password.is_none() && !has_key;
        say("root-without-mfa", good(self.mfa || has_nothing));
        say(
            "root-without-hardware-mfa",
            match (self.mfa, has_nothing) {
                (true, _) => Status::Unknown,
                (false, true) => Status::NotApplicable,
                (false, false) => Status::Fail,
            },
        );
    }
}

fn report(root: Option<&User>, users: &BTreeMap<String, User>) -> String {
    let mut lines = vec![
        "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
         password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,\
         access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,\
         access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,\
         access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,\
         cert_2_active,cert_2_last_rotated"
            .to_owned(),
    ];
    lines.extend(root.map(|root| root.line("<root_account>", "arn:aws:iam::123456789012:root")));
    lines.extend(
        users.iter().map(|(name, user)| user.line(name, &format!("arn:aws:iam::123456789012:user/{name}"))),
    );
    lines.join("\n")
}

const CHECKED: [&str; 11] = [
    "access-key-at-setup",
    "access-key-old",
    "credential-unused",
    "password-old",
    "root-access-key",
    "root-used",
    "root-without-hardware-mfa",
    "root-without-mfa",
    "user-console-without-mfa",
    "user-stale",
    "user-two-active-keys",
];

/// What the library says; a part that was not read makes the check unknown for root, as the engine has it.
fn judged(report: &str) -> Verdicts {
    let mut snapshot = Snapshot::empty("123456789012", "aws", "us-east-1", as_of());
    let made = as_of().checked_sub(SignedDuration::from_hours(1)).unwrap();
    snapshot.credential_report = Facet::Read(CredentialReport::parse(report, Some(made)).unwrap());
    let mut all = Verdicts::new();
    for check in CHECKS.iter().filter(|check| CHECKED.contains(&check.id)) {
        let look = Look { snapshot: &snapshot, params: &BTreeMap::new(), check, as_of: as_of() };
        match (check.run)(&look) {
            Err(_) => {
                all.insert((check.id, "<root_account>".to_owned(), ""), Status::Unknown);
            }
            Ok(verdicts) => {
                for verdict in verdicts {
                    let key =
                        (check.id, verdict.subject.name, verdict.subject.credential.unwrap_or_default());
                    assert!(all.insert(key.clone(), verdict.status).is_none(), "{key:?} is judged twice");
                }
            }
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn the_verdicts_are_those_of_the_account(root in proptest::option::of(user()), users in users()) {
        let mut expected = Verdicts::new();
        for (name, user) in &users {
            user.verdicts(name, &mut expected);
        }
        let unknown = CHECKED.iter().filter(|id| id.starts_with("root-"));
        expected.extend(unknown.map(|id| ((*id, "<root_account>".to_owned(), ""), Status::Unknown)));
        if let Some(root) = &root {
            root.root_verdicts(&mut expected);
        }
        let report = report(root.as_ref(), &users);
        prop_assert_eq!(judged(&report), expected, "{}", report);
    }
}
