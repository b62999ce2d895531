//! Generated policies and requests: small alphabets, so that things meet often.

use serde_json::{Map, Value, json};

pub(super) const ACCOUNT: &str = "123456789012";

/// A small random generator (splitmix64): seeded, cheap, the same everywhere.
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    /// True once in `times`.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn some<T: Copy>(&mut self, from: &[T]) -> Vec<T> {
        let count = self.pick(&[1, 1, 1, 2]);
        (0..count).map(|_| self.pick(from)).collect()
    }
}

/// A policy document.
#[derive(Debug)]
pub(super) struct Doc {
    pub(super) version: &'static str,
    pub(super) statements: Vec<Stmt>,
}

/// A statement.
#[derive(Debug)]
pub(super) struct Stmt {
    pub(super) effect: &'static str,
    pub(super) not_action: bool,
    pub(super) actions: Vec<&'static str>,
    pub(super) not_resource: bool,
    pub(super) resources: Vec<&'static str>,
    /// Kind and names; `*` as kind is everybody.
    pub(super) principal: Option<(bool, &'static str, Vec<&'static str>)>,
    pub(super) conditions: Vec<Cond>,
}

/// A condition.
#[derive(Debug)]
pub(super) struct Cond {
    pub(super) quantifier: &'static str,
    pub(super) test: &'static str,
    pub(super) if_exists: bool,
    pub(super) key: &'static Key,
    pub(super) capital_key: bool,
    pub(super) values: Vec<&'static str>,
}

impl Cond {
    pub(super) fn operator(&self) -> String {
        let if_exists = if self.if_exists { "IfExists" } else { "" };
        format!("{}{}{if_exists}", self.quantifier, self.test)
    }
}

/// A condition key with the operators and values that go with it.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) capital: &'static str,
    tests: &'static [&'static str],
    wanted: &'static [&'static str],
    pub(super) found: &'static [&'static str],
    pub(super) several: bool,
}

const STRING: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
];
const TEXTS: &[&str] =
    &["a", "b", "A", "a*", "?", "*", "", "${aws:username}", "${t:none}", "${t:none, 'a'}", "${*}"];
const FOUND: &[&str] = &["a", "b", "A", "alice", "ab", ""];

/// The keys of generated conditions.
pub(super) static KEYS: [Key; 9] = [
    Key { name: "t:s", capital: "T:S", tests: STRING, wanted: TEXTS, found: FOUND, several: false },
    Key { name: "t:set", capital: "T:Set", tests: STRING, wanted: TEXTS, found: FOUND, several: true },
    Key {
        name: "t:n",
        capital: "T:N",
        tests: &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ],
        wanted: &["1", "10", "10.0", "2.5", "-3"],
        found: &["1", "10", "2.5", "11", "many"],
        several: false,
    },
    Key {
        name: "t:d",
        capital: "T:D",
        tests: &[
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ],
        wanted: &["2020-01-01T00:00:00Z", "1577836800", "2021-06-01T12:00:00+02:00", "2020-01-01"],
        found: &["2020-01-01T00:00:00Z", "2021-06-01T10:00:00Z", "1577836801", "2019-01-01T00:00:00Z"],
        several: false,
    },
    Key {
        name: "t:b",
        capital: "T:B",
        tests: &["Bool"],
        wanted: &["true", "false"],
        found: &["true", "false"],
        several: false,
    },
    Key {
        name: "t:ip",
        capital: "T:Ip",
        tests: &["IpAddress", "NotIpAddress"],
        wanted: &["203.0.113.0/24", "203.0.113.7", "2001:DB8::/32", "0.0.0.0/0"],
        found: &["203.0.113.7", "203.0.113.8", "198.51.100.1", "2001:db8::1"],
        several: false,
    },
    Key {
        name: "t:arn",
        capital: "T:Arn",
        tests: &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
        wanted: &[
            "arn:aws:s3:::b/k",
            "arn:aws:s3:::b/*",
            "arn:aws:s*:*:*:b/k",
            "arn:aws:iam::*:user/${aws:username}",
            "arn:aws:iam::*:alice",
            "arn:aws:iam::123456789012:role/${t:none}",
        ],
        found: &[
            "arn:aws:s3:::b/k",
            "arn:aws:iam::123456789012:user/alice",
            "arn:aws:iam::123456789012:user:alice",
        ],
        several: false,
    },
    Key {
        name: "t:bin",
        capital: "T:Bin",
        tests: &["BinaryEquals"],
        wanted: &["QQ==", "qQ==", "QmluYXJ5"],
        found: &["QQ==", "QmluYXJ5", "qmluYXJ5"],
        several: false,
    },
    Key {
        name: "aws:username",
        capital: "AWS:UserName",
        tests: STRING,
        wanted: &["alice", "Alice", "al*", "bob", "${aws:username}"],
        found: &[],
        several: false,
    },
];

const ACTIONS: &[&str] = &[
    "*",
    "*",
    "s3:*",
    "s3:*",
    "s3:Get*",
    "S3:getobject",
    "s3:?etObject",
    "iam:GetUser",
    "s3:PutObject",
    "sqs:*",
];
const RESOURCES: &[&str] = &[
    "*",
    "*",
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::B/k",
    "arn:aws:s3:::b/?",
    "arn:aws:s3:::${aws:username}/*",
    "arn:aws:s3:::b/${t:s}",
    "arn:aws:iam::*:user/a*",
    "arn:aws:iam::*:user/${aws:username}",
    "arn:aws:sqs:*:123456789012:q",
];
const ODD_RESOURCES: &[&str] = &[
    "arn:aws:s3:*",
    "arn:aws:*:::b/k",
    "arn:aws:s3:::b/${t:none}",
    "arn:aws:s3:::b/${t:s, 'd'}",
    "arn:aws:s3:::b/${*}",
    "arn:aws:sqs:*:q",
    "arn:aws:sqs:us-east-1:${aws:PrincipalAccount}:q",
];
const PRINCIPALS: &[(&str, &str)] = &[
    ("*", "*"),
    ("AWS", "*"),
    ("AWS", "*"),
    ("AWS", "arn:aws:iam::123456789012:user/alice"),
    ("AWS", ACCOUNT),
    ("AWS", "arn:aws:iam::123456789012:root"),
    ("AWS", "arn:aws:iam::123456789012:user/alice"),
    ("AWS", "arn:aws:iam::123456789012:user/*"),
    ("AWS", "arn:aws:iam::123456789012:role/app"),
    ("AWS", "arn:aws:sts::123456789012:assumed-role/app/run"),
    ("AWS", "999999999999"),
    ("Service", "sns.amazonaws.com"),
];
const ASKED: &[(&str, &[&str])] = &[
    ("s3:GetObject", S3),
    ("s3:PutObject", S3),
    ("iam:GetUser", &["arn:aws:iam::123456789012:user/alice", "arn:aws:iam::123456789012:user/bob"]),
    (
        "sqs:SendMessage",
        &[
            "arn:aws:sqs:us-east-1:123456789012:q",
            "arn:aws:sqs:us-east-1:999999999999:q",
            "arn:aws:sqs:us-east-1:999999999999:q",
            "arn:aws:sqs:us-east-1:123456789012:Q",
        ],
    ),
];
const S3: &[&str] = &[
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::b/a",
    "arn:aws:s3:::b/d",
    "arn:aws:s3:::alice/x",
    "arn:aws:s3:::run/x",
    "arn:aws:s3:::b/",
];

impl Doc {
    pub(super) fn generate(random: &mut Random, with_principal: bool) -> Self {
        let version = if random.once_in(12) { "2008-10-17" } else { "2012-10-17" };
        let count = random.pick(&[1, 1, 2, 3]);
        Self { version, statements: (0..count).map(|_| Stmt::generate(random, with_principal)).collect() }
    }

    pub(super) fn json(&self) -> Value {
        let statements: Vec<Value> = self.statements.iter().map(Stmt::json).collect();
        json!({"Version": self.version, "Statement": statements})
    }
}

impl Stmt {
    fn generate(random: &mut Random, with_principal: bool) -> Self {
        let principal = with_principal.then(|| {
            let (kind, name) = random.pick(PRINCIPALS);
            (random.once_in(12), kind, vec![name])
        });
        let mut conditions: Vec<Cond> = Vec::new();
        for _ in 0..random.pick(&[0, 0, 1, 1, 2]) {
            let new = Cond::generate(random);
            let twice = |it: &Cond| it.operator() == new.operator() && it.key.name == new.key.name;
            if !conditions.iter().any(twice) {
                conditions.push(new);
            }
        }
        Self {
            effect: random.pick(&["Allow", "Allow", "Deny"]),
            not_action: random.once_in(8),
            actions: random.some(ACTIONS),
            not_resource: random.once_in(8),
            resources: if random.once_in(10) { random.some(ODD_RESOURCES) } else { random.some(RESOURCES) },
            principal,
            conditions,
        }
    }

    fn json(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("Effect".into(), json!(self.effect));
        if let Some((negated, kind, names)) = &self.principal {
            let field = if *negated { "NotPrincipal" } else { "Principal" };
            let value = if *kind == "*" { json!("*") } else { json!({*kind: names}) };
            fields.insert(field.into(), value);
        }
        fields.insert(if self.not_action { "NotAction" } else { "Action" }.into(), json!(self.actions));
        fields
            .insert(if self.not_resource { "NotResource" } else { "Resource" }.into(), json!(self.resources));
        let mut operators = Map::new();
        for condition in &self.conditions {
            let key = if condition.capital_key { condition.key.capital } else { condition.key.name };
            let keys = operators.entry(condition.operator()).or_insert_with(|| json!({}));
            keys[key] = json!(condition.values);
        }
        if !operators.is_empty() {
            fields.insert("Condition".into(), Value::Object(operators));
        }
        Value::Object(fields)
    }
}

impl Cond {
    fn generate(random: &mut Random) -> Self {
        let key = &KEYS[random.below(KEYS.len())];
        let null = random.once_in(12);
        let quantifier = if null {
            ""
        } else if key.several {
            random.pick(&["ForAllValues:", "ForAnyValue:", "ForAllValues:", "ForAnyValue:", ""])
        } else {
            random.pick(&[
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "ForAllValues:",
                "ForAnyValue:",
            ])
        };
        let if_exists = !null && random.once_in(if quantifier.is_empty() { 4 } else { 12 });
        Self {
            quantifier,
            test: if null { "Null" } else { random.pick(key.tests) },
            if_exists,
            key,
            capital_key: random.once_in(12),
            values: if null { vec![random.pick(&["true", "false"])] } else { random.some(key.wanted) },
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// User `alice`.
    User,
    /// Session `run` of role `app`.
    Session,
}

/// A request.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) caller: Caller,
    pub(super) action: &'static str,
    pub(super) resource: &'static str,
    pub(super) keys: Vec<(&'static Key, Vec<&'static str>)>,
}

impl Ask {
    pub(super) fn generate(random: &mut Random) -> Self {
        let (action, resources) = random.pick(ASKED);
        let mut keys = Vec::new();
        for key in KEYS.iter().filter(|key| !key.found.is_empty()) {
            if random.once_in(3) {
                continue;
            }
            let values = if key.several && random.once_in(8) { vec![] } else { random.some(key.found) };
            let count = if key.several { values.len() } else { 1 };
            keys.push((key, values.into_iter().take(count).collect()));
        }
        let caller = random.pick(&[Caller::User, Caller::User, Caller::Session]);
        Self { caller, action, resource: random.pick(resources), keys }
    }

    /// The values of a key; nothing when it is not there.
    pub(super) fn values(&self, name: &str) -> &[&'static str] {
        self.keys.iter().find(|(key, _)| key.name == name).map_or(&[], |(_, values)| values)
    }

    pub(super) const fn arn(&self) -> &'static str {
        match self.caller {
            Caller::User => "arn:aws:iam::123456789012:user/alice",
            Caller::Session => "arn:aws:sts::123456789012:assumed-role/app/run",
        }
    }

    pub(super) fn other_account(&self) -> bool {
        self.resource.contains(":999999999999:")
    }
}

/// Policies of every layer.
#[derive(Debug)]
pub(super) struct Docs {
    pub(super) identity: Vec<Doc>,
    pub(super) boundary: Option<Doc>,
    pub(super) session: Option<Doc>,
    pub(super) resource: Option<Doc>,
}

impl Docs {
    pub(super) fn generate(random: &mut Random) -> Self {
        let count = random.pick(&[0, 1, 1, 1, 2]);
        let identity = (0..count).map(|_| Doc::generate(random, false)).collect();
        let boundary = random.once_in(4).then(|| Doc::generate(random, false));
        let session = random.once_in(5).then(|| Doc::generate(random, false));
        let resource = random.once_in(3).then(|| Doc::generate(random, true));
        Self { identity, boundary, session, resource }
    }
}
