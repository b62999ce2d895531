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
