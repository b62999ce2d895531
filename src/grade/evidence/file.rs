//! A student's evidence as a file: one JSON document, and back. What is marked by it is marked as by the account.
//!
//! ```json
//! {"seal":"hmac-sha256:…","digest":"sha256:…","format_version":1,"kind":"iamlab-evidence","rubric":"iam-auditing",
//!  "student":"s001","access":{"way":"own",…},"account":"123456789012","partition":"aws","region":"us-east-1",
//!  "taken_at":"…","started":"…","finished":"…","api_calls":{"read":34,"write":0,"throttled":0},
//!  "facets":{"identity":{"read":{…}},"functions":{"iam-auditor":{"read":{…}}},…},
//!  "packages":{"iam-auditor":{"read":{…}}},"lookups":[{…}],"requests":[{…}]}
//! ```
//!
//! The digest is the SHA-256 of all that follows its comma, white space between the parts aside. It finds accidents and
//! careless edits; whoever means to forge a file can compute it anew. The seal, which not every file has, stands before
//! it ([`Seal`]).
//!
//! Files come from students: their size, depth and number of values are bounded before anything is built of them, names
//! and lists after that.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Access, Evidence, Lookup, Request, Seal};
use crate::account::as_written::{Bounded, OfAws};
use crate::account::calls::ApiCalls;
use crate::account::credential_report::CredentialReport;
use crate::account::file::NotASnapshot;
use crate::account::packing::{LARGEST, unpack};
use crate::account::scan::{begun, digest, scan};
use crate::account::snapshot::{
    Credentials, Facet, Function, Identity, PasswordPolicy, Rule, Schedule, Snapshot, Topic, VirtualMfaDevice,
};
use crate::grade::code::package::Package;
use crate::policy::document::PolicyDocument;

/// The version that this program writes, and the newest it reads.
const FORMAT_VERSION: u32 = 1;

const KIND: &str = "iamlab-evidence";

/// The longest name of anything, in bytes: ARNs have 2,048 at most.
const LONGEST_NAME: usize = 2_048;

/// The longest id of a student, in bytes.
const LONGEST_ID: usize = 256;

/// The most lookups of one file, records of one lookup, and requests.
const MOST: (usize, usize, usize) = (200, 1_000, 2_000);

/// The most functions, topics and rules, and the most packages.
const MOST_NAMES: usize = 20_000;

/// Why a file is no evidence that this program takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotEvidence {
    /// It is something else.
    #[error("it is no collected evidence")]
    SomethingElse,
    /// It ends before its end.
    #[error("it is cut off")]
    CutOff,
    /// It is too large, too deep or has too many values.
    #[error("it is no collected evidence: {0}")]
    TooMuch(String),
    /// Its content is not the one that was written.
    #[error("it was changed after it was written: its digest is not that of its content")]
    Changed,
    /// A later program wrote it.
    #[error("it has format version {0}, and this program reads up to {FORMAT_VERSION}")]
    TooNew(u32),
    /// A value makes no sense.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// It cannot be unpacked.
    #[error("it cannot be unpacked: {0}")]
    Packed(String),
}

impl From<NotASnapshot> for NotEvidence {
    fn from(error: NotASnapshot) -> Self {
        match error {
            NotASnapshot::SomethingElse => Self::SomethingElse,
            NotASnapshot::CutOff => Self::CutOff,
            NotASnapshot::TooMuch(what) => Self::TooMuch(what),
            NotASnapshot::Changed => Self::Changed,
            NotASnapshot::TooNew(version) => Self::TooNew(version),
            NotASnapshot::Unreadable(what) => Self::Unreadable(what),
            NotASnapshot::Packed(what) => Self::Packed(what),
        }
    }
}

/// What stands before everything else.
#[derive(Deserialize)]
struct Head {
    format_version: u32,
    kind: String,
}

/// All but the digest, on the way out.
#[derive(Serialize)]
struct Written<'a> {
    format_version: u32,
    kind: &'static str,
    rubric: &'a str,
    student: &'a str,
    access: &'a Access,
    account: &'a str,
    partition: &'a str,
    region: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a str>,
    taken_at: Timestamp,
    started: Timestamp,
    finished: Timestamp,
    api_calls: ApiCalls,
    facets: WrittenFacets<'a>,
    packages: &'a BTreeMap<String, Facet<Package>>,
    lookups: &'a [Lookup],
    requests: &'a [Request],
}

#[derive(Serialize)]
struct WrittenFacets<'a> {
    identity: &'a Facet<Identity>,
    aws_managed: BTreeMap<&'a str, Facet<&'a Value>>,
    credentials: &'a BTreeMap<String, Facet<Credentials>>,
    credential_report: &'a Facet<CredentialReport>,
    virtual_mfa: &'a Facet<Vec<VirtualMfaDevice>>,
    password_policy: &'a Facet<Option<PasswordPolicy>>,
    function_names: &'a Facet<BTreeSet<String>>,
    functions: &'a BTreeMap<String, Facet<Option<Function>>>,
    topic_names: &'a Facet<BTreeSet<String>>,
    topics: &'a BTreeMap<String, Facet<Option<Topic>>>,
    rule_names: &'a Facet<BTreeSet<String>>,
    rules: &'a BTreeMap<String, Facet<Option<Rule>>>,
    schedules: &'a Facet<Vec<Schedule>>,
    resource_policies: BTreeMap<&'a str, Facet<Option<&'a Value>>>,
}

/// All but the digest, on the way in.
#[derive(Deserialize)]
struct Read {
    rubric: String,
    student: String,
    access: Access,
    account: String,
    partition: String,
    region: String,
    #[serde(default)]
    place: Option<String>,
    taken_at: Timestamp,
    started: Timestamp,
    finished: Timestamp,
    api_calls: ApiCalls,
    facets: ReadFacets,
    packages: BTreeMap<String, Facet<Package>>,
    lookups: Vec<Lookup>,
    requests: Vec<Request>,
}

/// A facet that the file does not have was not read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ReadFacets {
    identity: Facet<Identity>,
    aws_managed: BTreeMap<String, Facet<OfAws>>,
    credentials: BTreeMap<String, Facet<Credentials>>,
    credential_report: Facet<CredentialReport>,
    virtual_mfa: Facet<Vec<VirtualMfaDevice>>,
    password_policy: Facet<Option<PasswordPolicy>>,
    function_names: Facet<BTreeSet<String>>,
    functions: BTreeMap<String, Facet<Option<Function>>>,
    topic_names: Facet<BTreeSet<String>>,
    topics: BTreeMap<String, Facet<Option<Topic>>>,
    rule_names: Facet<BTreeSet<String>>,
    rules: BTreeMap<String, Facet<Option<Rule>>>,
    schedules: Facet<Vec<Schedule>>,
    resource_policies: BTreeMap<String, Facet<Option<Bounded>>>,
}

impl Evidence {
    /// Writes the file, ended by a line feed. A seal that is not of this content is left out.
    ///
    /// # Errors
    ///
    /// A fault of this program: a value that JSON cannot hold.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let body = self.body()?;
        // Without the brace that opens it: the digest comes first.
        let rest = body.get(1..).unwrap_or_default();
        let digest = digest(rest);
        let seal = self.seal.as_ref().filter(|seal| seal.digest == digest).map(|seal| seal.code.as_str());
        let mut text = begun(&digest, seal).into_bytes();
        text.extend_from_slice(rest);
        text.push(b'\n');
        Ok(text)
    }

    /// Returns the digest that its file has.
    pub(super) fn digest(&self) -> Result<String, serde_json::Error> {
        Ok(digest(self.body()?.get(1..).unwrap_or_default()))
    }

    /// Writes all but the digest and the seal.
    fn body(&self) -> Result<Vec<u8>, serde_json::Error> {
        let snapshot = &self.snapshot;
        let aws_managed = snapshot.aws_managed.iter();
        let resource_policies = snapshot.resource_policies.iter();
        let written = Written {
            format_version: FORMAT_VERSION,
            kind: KIND,
            rubric: &self.rubric,
            student: &self.student,
            access: &self.access,
            account: &snapshot.account,
            partition: &snapshot.partition,
            region: &snapshot.region,
            place: self.place.as_deref(),
            taken_at: snapshot.taken_at,
            started: self.started,
            finished: self.finished,
            api_calls: self.api_calls,
            facets: WrittenFacets {
                identity: &snapshot.identity,
                aws_managed: aws_managed
                    .map(|(arn, facet)| (arn.as_str(), written(facet, PolicyDocument::written)))
                    .collect(),
                credentials: &snapshot.credentials,
                credential_report: &snapshot.credential_report,
                virtual_mfa: &snapshot.virtual_mfa,
                password_policy: &snapshot.password_policy,
                function_names: &self.functions,
                functions: &snapshot.functions,
                topic_names: &self.topics,
                topics: &snapshot.topics,
                rule_names: &self.rules,
                rules: &snapshot.rules,
                schedules: &snapshot.schedules,
                resource_policies: resource_policies
                    .map(|(arn, facet)| {
                        (arn.as_str(), written(facet, |policy| policy.as_ref().map(PolicyDocument::written)))
                    })
                    .collect(),
            },
            packages: &self.packages,
            lookups: &self.lookups,
            requests: &self.requests,
        };
        serde_json::to_vec(&written)
    }

    /// Reads a file, packed or not.
    ///
    /// # Errors
    ///
    /// As [`Evidence::parse`], or it cannot be unpacked.
    pub fn open(bytes: Vec<u8>) -> Result<Self, NotEvidence> {
        Self::parse(&unpack(bytes)?)
    }

    /// Reads a file that is not packed.
    ///
    /// # Errors
    ///
    /// It is no evidence, was changed, or asks for too much.
    pub fn parse(text: &[u8]) -> Result<Self, NotEvidence> {
        if u64::try_from(text.len()).unwrap_or(u64::MAX) > LARGEST {
            return Err(NotEvidence::TooMuch(format!("it has more than {} MiB", LARGEST >> 20)));
        }
        let scanned = scan(text)?;
        if scanned.told != scanned.found {
            return Err(NotEvidence::Changed);
        }
        let head: Head = serde_json::from_slice(text).map_err(|_| NotEvidence::SomethingElse)?;
        if head.kind != KIND {
            return Err(NotEvidence::SomethingElse);
        }
        if head.format_version > FORMAT_VERSION {
            return Err(NotEvidence::TooNew(head.format_version));
        }
        let read: Read =
            serde_json::from_slice(text).map_err(|error| NotEvidence::Unreadable(error.to_string()))?;
        read.check()?;
        let digest = scanned.found;
        Ok(read.evidence(scanned.seal.map(|code| Seal { digest, code })))
    }
}

impl Read {
    /// Refuses what no account has: names reach reports, and lists are gone through.
    fn check(&self) -> Result<(), NotEvidence> {
        let is_plain = |text: &str| {
            (1..=40).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        let is_short = |text: &str| text.len() <= LONGEST_NAME;
        let is_account = self.account.len() == 12 && self.account.bytes().all(|byte| byte.is_ascii_digit());
        let is_student = self.student.len() <= LONGEST_ID && !self.student.chars().any(char::is_control);
        let access = [&self.access.role, &self.access.nonce].into_iter().flatten();
        let lookups = self.lookups.iter();
        let told = |lookup: &Lookup| {
            is_short(&lookup.attribute)
                && is_short(&lookup.value)
                && is_plain(&lookup.region)
                && lookup.records.read().is_none_or(|records| records.len() <= MOST.1)
        };
        let requests = self.requests.iter();
        let wrong = [
            ("rubric", is_plain(&self.rubric)),
            ("student", is_student),
            (
                "access",
                access.chain([&self.access.caller]).all(|text| is_short(text))
                    && is_plain(&self.access.target),
            ),
            ("account", is_account),
            ("partition", is_plain(&self.partition)),
            ("region", is_plain(&self.region)),
            ("place", self.place.as_deref().is_none_or(is_short)),
            ("facets", self.facets.names().all(|name| is_short(name)) && self.facets.fit()),
            (
                "packages",
                self.packages.len() <= MOST_NAMES && self.packages.keys().all(|name| is_short(name)),
            ),
            ("lookups", self.lookups.len() <= MOST.0 && lookups.clone().all(told)),
            (
                "requests",
                requests.len() <= MOST.2
                    && requests.clone().all(|request| is_short(&request.id) && is_short(&request.operation)),
            ),
        ];
        match wrong.iter().find(|(_, fits)| !fits) {
            Some((field, _)) => Err(NotEvidence::Unreadable(format!("its `{field}` is none"))),
            None => Ok(()),
        }
    }

    fn evidence(self, seal: Option<Seal>) -> Evidence {
        let mut snapshot = Snapshot::empty(&self.account, &self.partition, &self.region, self.taken_at);
        let facets = self.facets;
        let aws_managed = facets.aws_managed.into_iter();
        let resource_policies = facets.resource_policies.into_iter();
        snapshot.identity = facets.identity;
        snapshot.aws_managed =
            aws_managed.map(|(arn, facet)| (arn, read(facet, |OfAws(document)| document))).collect();
        snapshot.credentials = facets.credentials;
        snapshot.credential_report = facets.credential_report;
        snapshot.virtual_mfa = facets.virtual_mfa;
        snapshot.password_policy = facets.password_policy;
        snapshot.functions = facets.functions;
        snapshot.topics = facets.topics;
        snapshot.rules = facets.rules;
        snapshot.schedules = facets.schedules;
        snapshot.resource_policies = resource_policies
            .map(|(arn, facet)| (arn, read(facet, |policy| policy.map(|Bounded(document)| document))))
            .collect();
        Evidence {
            student: self.student,
            rubric: self.rubric,
            access: self.access,
            started: self.started,
            finished: self.finished,
            api_calls: self.api_calls,
            snapshot,
            place: self.place,
            functions: facets.function_names,
            topics: facets.topic_names,
            rules: facets.rule_names,
            packages: self.packages,
            lookups: self.lookups,
            requests: self.requests,
            seal,
        }
    }
}

impl ReadFacets {
    /// Lists the names that it has, of everything.
    fn names(&self) -> impl Iterator<Item = &String> {
        let identity = self.identity.read().into_iter().flat_map(|identity| {
            let (users, groups) = (identity.users.keys(), identity.groups.keys());
            users.chain(groups).chain(identity.roles.keys()).chain(identity.policies.keys())
        });
        let listed = [&self.function_names, &self.topic_names, &self.rule_names].into_iter();
        let listed = listed.filter_map(Facet::read).flatten();
        let read = self.functions.keys().chain(self.topics.keys()).chain(self.rules.keys());
        let arns = self.aws_managed.keys().chain(self.resource_policies.keys());
        identity.chain(listed).chain(read).chain(self.credentials.keys()).chain(arns)
    }

    /// Tells whether there are not more functions, topics and rules than an account has.
    fn fit(&self) -> bool {
        let listed = [&self.function_names, &self.topic_names, &self.rule_names].into_iter();
        let read = [self.functions.len(), self.topics.len(), self.rules.len(), self.resource_policies.len()];
        let schedules = self.schedules.read().map_or(0, Vec::len);
        listed
            .filter_map(Facet::read)
            .map(BTreeSet::len)
            .chain(read)
            .chain([schedules])
            .all(|count| count <= MOST_NAMES)
    }
}

/// Writes what was read in another way.
fn written<'a, T, U>(facet: &'a Facet<T>, write: impl FnOnce(&'a T) -> U) -> Facet<U> {
    match facet {
        Facet::Read(value) => Facet::Read(write(value)),
        Facet::NotRead(why) => Facet::NotRead(why.clone()),
    }
}

/// Takes what was read out of its wrapper.
fn read<T, U>(facet: Facet<T>, take: impl FnOnce(T) -> U) -> Facet<U> {
    match facet {
        Facet::Read(value) => Facet::Read(take(value)),
        Facet::NotRead(why) => Facet::NotRead(why),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::account::scan::opening;
    use crate::account::snapshot::{AccessKey, CredentialsUnread, Permission, Subscription, Target};
    use crate::account::testing::lab;
    use crate::grade::code::package::PackageFile;
    use crate::grade::evidence::Way;

    const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:t";

    fn document(text: &str) -> PolicyDocument {
        PolicyDocument::parse(text).unwrap()
    }

    /// A document that is not in its normal form.
    const ODD: &str = r#"{"Statement":{"Sid":"B","Action":"S3:Get*","Effect":"Allow","Resource":["*"]},"Version":"2012-10-17"}"#;

    fn snapshot() -> Snapshot {
        let mut snapshot = lab();
        let report = "user,arn\n<root_account>,arn:aws:iam::123456789012:root";
        snapshot.credential_report =
            Facet::Read(CredentialReport::parse(report, Some(snapshot.taken_at)).unwrap());
        let key = AccessKey { id: "AKIA1".into(), active: true, created: Some(snapshot.taken_at) };
        let credentials = Credentials {
            login_profile: true,
            access_keys: vec![key],
            mfa_devices: Some(vec!["arn:aws:iam::123456789012:mfa/User1".into()]),
            unread: CredentialsUnread { access_keys: Some("denied".into()), ..Default::default() },
            others: None,
        };
        snapshot.credentials =
            [("User1".into(), Facet::Read(credentials)), ("User2".into(), Facet::NotRead("denied".into()))]
                .into();
        let function = Function {
            arn: "arn:aws:lambda:us-east-1:123456789012:function:f".into(),
            runtime: "python3.9".into(),
            architecture: "x86_64".into(),
            handler: "handler.main".into(),
            role: "arn:aws:iam::123456789012:role/r".into(),
            timeout: 3,
            memory: 128,
            description: "=cmd|'/c'!A1 <script>\u{1b}[31m".into(),
            environment: [("TOPIC".into(), TOPIC.into())].into(),
            code_sha256: "x".into(),
            tags: BTreeMap::new(),
            state: "Active".into(),
            permissions: [(
                "s".to_owned(),
                Permission { service: None, source_arn: None, statement: "{}".into() },
            )]
            .into(),
            permissions_unread: None,
            last_modified: Some("2026-03-01T09:00:00Z".parse().unwrap()),
        };
        snapshot.functions =
            [("f".into(), Facet::Read(Some(function))), ("g".into(), Facet::Read(None))].into();
        let subscription =
            Subscription { protocol: "email".into(), endpoint: "a@example.com".into(), arn: None };
        let topic = Topic { arn: TOPIC.into(), tags: BTreeMap::new(), subscriptions: vec![subscription] };
        snapshot.topics = [("t".into(), Facet::Read(Some(topic)))].into();
        let rule = Rule {
            arn: "arn:aws:events:us-east-1:123456789012:rule/r".into(),
            expression: "rate(1 day)".into(),
            enabled: true,
            description: String::new(),
            targets: vec![Target { arn: TOPIC.into(), id: "1".into(), input: None }],
            tags: BTreeMap::new(),
        };
        snapshot.rules = [("r".into(), Facet::Read(Some(rule)))].into();
        snapshot.schedules = Facet::Read(vec![Schedule {
            arn: "arn:aws:scheduler:us-east-1:123456789012:schedule/default/s".into(),
            name: "s".into(),
            expression: "cron(0 6 * * ? *)".into(),
            timezone: "America/Vancouver".into(),
            enabled: true,
            target: TOPIC.into(),
            role: "arn:aws:iam::123456789012:role/r".into(),
            input: Some("{}".into()),
            starts: Some(snapshot.taken_at),
            ends: None,
        }]);
        snapshot.aws_managed = [
            ("arn:aws:iam::aws:policy/A".into(), Facet::Read(document(ODD))),
            ("arn:aws:iam::aws:policy/B".into(), Facet::NotRead("denied".into())),
        ]
        .into();
        snapshot.resource_policies =
            [(TOPIC.into(), Facet::Read(Some(document(ODD)))), ("f".into(), Facet::Read(None))].into();
        snapshot
    }

    fn whole() -> Evidence {
        let snapshot = snapshot();
        let package = Package {
            sha256: "x".into(),
            size: 7,
            files: vec![PackageFile { path: "handler.py".into(), size: 7, sha256: "00".into() }],
            sources: [("handler.py".into(), "import os\n".into())].into(),
            secrets: vec!["handler.py:1: an access key id".into()],
            left_out: Vec::new(),
        };
        let record =
            json!({"eventName": "ConsoleLogin", "eventTime": "2026-03-02T09:00:00Z", "n": [1, 2.5, null]});
        let lookup = |region: &str, records| Lookup {
            attribute: "Username".into(),
            value: "User1".into(),
            region: region.into(),
            records,
            complete: true,
        };
        Evidence {
            student: "s 001 / Ünï".into(),
            rubric: "iam-auditing".into(),
            access: Access {
                way: Way::Role,
                target: "sandbox".into(),
                caller: "arn:aws:iam::123456789012:root".into(),
                role: Some("arn:aws:iam::123456789012:role/grader".into()),
                open_without_external_id: Some(Facet::NotRead("nobody tried".into())),
                nonce: None,
            },
            started: snapshot.taken_at,
            finished: "2026-03-02T09:00:09.123456789Z".parse().unwrap(),
            api_calls: ApiCalls { read: 34, write: 0, throttled: 2 },
            place: Some("looked at in us-west-2".into()),
            functions: Facet::Read(["f".to_owned(), "g".to_owned()].into()),
            topics: Facet::Read(["t".to_owned()].into()),
            rules: Facet::NotRead("denied".into()),
            packages: [
                ("f".into(), Facet::Read(package)),
                ("g".into(), Facet::NotRead("no zip file".into())),
            ]
            .into(),
            lookups: vec![
                lookup("us-east-1", Facet::Read(vec![record])),
                lookup("us-west-2", Facet::NotRead("denied".into())),
            ],
            requests: vec![Request { operation: "iam:GetUser".into(), id: "1-2".into(), status: 200 }],
            snapshot,
            seal: None,
        }
    }

    fn bytes(evidence: &Evidence) -> Vec<u8> {
        evidence.to_json().unwrap()
    }

    /// The error of a file with another body, and the digest that belongs to it.
    fn forged(change: impl FnOnce(&mut Value)) -> NotEvidence {
        let mut value: Value = serde_json::from_slice(&bytes(&whole())).unwrap();
        value.as_object_mut().unwrap().shift_remove("digest");
        change(&mut value);
        let text = value.to_string();
        let whole = format!("{}{}", opening(&text.as_bytes()[1..]), &text[1..]);
        Evidence::parse(whole.as_bytes()).map(|_| ()).unwrap_err()
    }

    #[test]
    fn evidence_survives_its_file() {
        let written = bytes(&whole());
        let read = Evidence::parse(&written).unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", whole()));
        assert!(bytes(&read) == written);
        let text = String::from_utf8(written.clone()).unwrap();
        assert_eq!(text.matches(ODD).count(), 2, "documents are kept as they were written");
        // Whoever indents it changes nothing.
        let value: Value = serde_json::from_slice(&written).unwrap();
        let pretty = serde_json::to_vec_pretty(&value).unwrap();
        assert!(bytes(&Evidence::parse(&pretty).unwrap()) == written);
        for name in ["a.json.gz", "a.zst", "a.json"] {
            let packing = crate::account::packing::Packing::named(std::path::Path::new(name));
            assert!(
                bytes(&Evidence::open(packing.pack(written.clone()).unwrap()).unwrap()) == written,
                "{name}"
            );
        }
    }

    #[test]
    fn a_seal_is_of_one_student_and_one_content() {
        let mut evidence = whole();
        evidence.access.nonce = Some("nonce-1".into());
        assert!(!evidence.is_sealed_by("nonce-1"), "nobody sealed it");
        evidence.seal("nonce-1");
        let written = bytes(&evidence);
        assert!(
            !String::from_utf8(written.clone()).unwrap().contains("nonce-1"),
            "the file does not tell it"
        );
        let mut read = Evidence::parse(&written).unwrap();
        assert!(bytes(&read) == written);
        assert!(read.is_sealed_by("nonce-1"));
        assert!(!read.is_sealed_by("nonce-2") && !read.is_sealed_by(""));
        // Who takes it in notes how it came; the seal tells that it was good then, and does not go on to another file.
        read.access.way = Way::Bundle;
        assert!(read.is_sealed_by("nonce-1"));
        assert!(!Evidence::parse(&bytes(&read)).unwrap().is_sealed_by("nonce-1"));
        // Nor does it fit under somebody else's name.
        let text = String::from_utf8(written).unwrap();
        let body = text.find("\"format_version\"").unwrap();
        let other = text[body..].replace("s 001", "s 002");
        let seal = &text[SEAL_AT.0..SEAL_AT.1];
        let forged = format!("{}{other}", begun(&digest(other.trim_end().as_bytes()), Some(seal)));
        let forged = Evidence::parse(forged.as_bytes()).unwrap();
        assert_eq!(forged.student, "s 002 / Ünï");
        assert!(!forged.is_sealed_by("nonce-1"));
    }

    /// Where the seal's digits are.
    const SEAL_AT: (usize, usize) = (21, 21 + 64);

    #[test]
    fn a_change_anywhere_is_noticed() {
        let mut evidence = whole();
        for sealed in [false, true] {
            if sealed {
                evidence.seal("nonce");
            }
            let written = bytes(&evidence);
            let mut noticed = 0;
            // All of what stands before the content, and some of that.
            let places = (0..260).chain((260..written.len() - 1).step_by(13));
            for place in places {
                for byte in [b'x', b'"', b'0'].into_iter().filter(|byte| *byte != written[place]) {
                    let mut changed = written.clone();
                    changed[place] = byte;
                    let read = Evidence::parse(&changed);
                    // Of a seal, whoever knows the nonce notices.
                    let is_seal = sealed && (SEAL_AT.0..SEAL_AT.1).contains(&place);
                    assert!(
                        read.as_ref().map_or(true, |read| is_seal && !read.is_sealed_by("nonce")),
                        "{place}: {}",
                        char::from(byte)
                    );
                    noticed += usize::from(read.is_err());
                }
            }
            assert!(noticed > written.len() / 7);
            for length in (0..written.len() - 1).step_by(17) {
                assert!(Evidence::parse(&written[..length]).is_err(), "{length}");
            }
            let text = String::from_utf8(written).unwrap().replace("User1", "User9");
            assert_eq!(Evidence::parse(text.as_bytes()).unwrap_err(), NotEvidence::Changed);
        }
    }

    #[test]
    fn what_is_no_evidence_is_told() {
        let parse = |text: &str| Evidence::parse(text.as_bytes()).map(|_| ()).unwrap_err();
        for text in
            ["", "{}", "[]", "user,arn\n", "{\"digest\":\"sha256:00\"}", "}", "{\"seal\":\"hmac-sha256:\"}"]
        {
            assert_eq!(parse(text), NotEvidence::SomethingElse, "{text}");
        }
        assert!(parse(&"[".repeat(100_000)).to_string().contains("levels"));
        assert!(parse(&format!("[{}", "0,".repeat(4_000_001))).to_string().contains("values"));
        let snapshot = crate::account::file::SnapshotFile {
            snapshot: lab(),
            target: "sandbox".into(),
            api_calls: ApiCalls::default(),
        };
        let other = Evidence::parse(&snapshot.to_json().unwrap()).map(|_| ()).unwrap_err();
        assert_eq!(other, NotEvidence::SomethingElse);
        let told = crate::account::file::SnapshotFile::parse(&bytes(&whole())).unwrap_err();
        assert_eq!(told, NotASnapshot::SomethingElse);
        assert_eq!(forged(|value| value["kind"] = json!("other")), NotEvidence::SomethingElse);
        assert_eq!(forged(|value| value["format_version"] = json!(2)), NotEvidence::TooNew(2));
    }

    #[test]
    fn hostile_values_are_refused() {
        let told = |change: fn(&mut Value)| forged(change).to_string();
        let long = || "x".repeat(5 << 20);
        assert!(told(|value| value["account"] = json!("1\u{1b}")).contains("`account`"));
        assert!(told(|value| value["region"] = json!("<b>")).contains("`region`"));
        assert!(told(|value| value["student"] = json!("s\u{1b}[2J")).contains("`student`"));
        assert!(told(|value| value["rubric"] = json!("../x")).contains("`rubric`"));
        assert!(forged(|value| value["access"]["caller"] = json!(long())).to_string().contains("`access`"));
        assert!(
            forged(|value| value["lookups"][0]["value"] = json!(long())).to_string().contains("`lookups`")
        );
        let users = |value: &mut Value, name: &str| {
            let users = &mut value["facets"]["identity"]["read"]["users"];
            users[name] = users["User1"].clone();
        };
        assert!(forged(|value| users(value, &long())).to_string().contains("`facets`"));
        assert!(
            told(|value| value["lookups"][0]["records"]["read"] = json!(vec![0; 1_001]))
                .contains("`lookups`")
        );
        let requests = |value: &mut Value| {
            let one = value["requests"][0].clone();
            value["requests"] = json!(vec![one; 2_001]);
        };
        assert!(forged(requests).to_string().contains("`requests`"));
        for wrong in [
            |value: &mut Value| value["facets"]["identity"] = json!({"read": 1}),
            |value: &mut Value| value["started"] = json!("yesterday"),
            |value: &mut Value| value["lookups"] = json!({}),
            |value: &mut Value| value["packages"]["f"] = json!({"read": {"sha256": 1}}),
            |value: &mut Value| value["requests"][0]["status"] = json!(70_000),
            |value: &mut Value| value["access"]["way"] = json!("magic"),
            |value: &mut Value| drop(value.as_object_mut().unwrap().shift_remove("packages")),
        ] {
            assert!(matches!(forged(wrong), NotEvidence::Unreadable(_)));
        }
        let many: Vec<String> = (0..3000).map(|number| format!("s3:a{number}")).collect();
        let large = json!({"Statement": {"Effect": "Allow", "Action": many}});
        let told = forged(|value| value["facets"]["resource_policies"][TOPIC] = json!({"read": large}));
        assert!(told.to_string().contains("a policy document has more than"), "{told}");
    }

    #[test]
    fn documents_of_aws_may_be_longer_than_those_of_students() {
        let actions: Vec<String> = (0..5_000).map(|number| format!("s3:a{number}")).collect();
        let large = PolicyDocument::new(json!({"Statement": [{"Effect": "Allow", "Action": actions}]}));
        let mut evidence = whole();
        evidence.snapshot.aws_managed.insert("arn:aws:iam::aws:policy/C".into(), Facet::Read(large));
        let read = Evidence::parse(&bytes(&evidence)).unwrap();
        assert!(bytes(&read) == bytes(&evidence));
    }

    #[test]
    fn a_facet_that_is_missing_was_not_read() {
        let mut value: Value = serde_json::from_slice(&bytes(&whole())).unwrap();
        value.as_object_mut().unwrap().shift_remove("digest");
        value["facets"].as_object_mut().unwrap().shift_remove("identity");
        value["facets"]["trails"] = json!({"read": []});
        let text = value.to_string();
        let text = format!("{}{}", opening(&text.as_bytes()[1..]), &text[1..]);
        let read = Evidence::parse(text.as_bytes()).unwrap();
        assert!(read.snapshot.identity.read().is_none() && read.snapshot.topics.len() == 1);
    }
}
