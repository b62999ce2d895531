//! A snapshot as a file: what an audit reads of an account, as one JSON document, and back. Same account and time, same
//! bytes. No secret is in it: nothing that an audit reads is one.
//!
//! ```json
//! {"digest":"sha256:…","format_version":1,"kind":"iamlab-snapshot","account":"123456789012","partition":"aws",
//!  "region":"us-east-1","target":"aws","collected_at":"…","api_calls":{"read":8,"write":0,"throttled":0},
//!  "facets":{"identity":{"read":{…}},"credential_report":{"not_read":"the permission `…` is missing"},…}}
//! ```
//!
//! The digest is the SHA-256 of all that follows its comma, white space between the parts aside. It finds accidents and
//! careless edits; whoever means to forge a file can compute it anew.
//!
//! Files come from strangers: their size, depth and number of values are bounded before anything is built of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::calls::ApiCalls;
use super::credential_report::CredentialReport;
use super::scan::{Scanned, scan};
use super::snapshot::{
    Analyzer, Facet, Identity, IdentityProviders, PasswordPolicy, RootManagement, ServerCertificate,
    Snapshot, VirtualMfaDevice,
};

/// The version that this program writes, and the newest it reads.
const FORMAT_VERSION: u32 = 1;

const KIND: &str = "iamlab-snapshot";

/// What a file holds.
#[derive(Debug, Clone)]
pub struct SnapshotFile {
    /// The picture; only what an audit reads is kept.
    pub snapshot: Snapshot,
    /// What it was taken of: `sandbox` or `aws`.
    pub target: String,
    /// What taking it cost.
    pub api_calls: ApiCalls,
}

/// Why a file is no snapshot that this program takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotASnapshot {
    /// It is something else.
    #[error("it is no snapshot of an account")]
    SomethingElse,
    /// It ends before its end.
    #[error("it is cut off")]
    CutOff,
    /// It is too large, too deep or has too many values.
    #[error("it is no snapshot of an account: {0}")]
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

/// What stands before the facets.
#[derive(Serialize, Deserialize)]
struct Head {
    format_version: u32,
    kind: String,
}

/// All but the digest, on the way out.
#[derive(Serialize)]
struct Written<'a> {
    format_version: u32,
    kind: &'static str,
    account: &'a str,
    partition: &'a str,
    region: &'a str,
    target: &'a str,
    collected_at: Timestamp,
    api_calls: ApiCalls,
    facets: WrittenFacets<'a>,
}

#[derive(Serialize)]
struct WrittenFacets<'a> {
    identity: &'a Facet<Identity>,
    credential_report: &'a Facet<CredentialReport>,
    account_summary: &'a Facet<BTreeMap<String, i64>>,
    password_policy: &'a Facet<Option<PasswordPolicy>>,
    virtual_mfa: &'a Facet<Vec<VirtualMfaDevice>>,
    server_certificates: &'a Facet<Vec<ServerCertificate>>,
    regions: &'a Facet<BTreeSet<String>>,
    analyzers: &'a BTreeMap<String, Facet<Vec<Analyzer>>>,
    identity_providers: &'a Facet<IdentityProviders>,
    root_management: &'a Facet<RootManagement>,
}

/// All but the digest, on the way in.
#[derive(Deserialize)]
struct Read {
    account: String,
    partition: String,
    region: String,
    target: String,
    collected_at: Timestamp,
    api_calls: ApiCalls,
    facets: ReadFacets,
}

/// A facet that the file does not have was not read.
#[derive(Deserialize)]
#[serde(default)]
struct ReadFacets {
    identity: Facet<Identity>,
    credential_report: Facet<CredentialReport>,
    account_summary: Facet<BTreeMap<String, i64>>,
    password_policy: Facet<Option<PasswordPolicy>>,
    virtual_mfa: Facet<Vec<VirtualMfaDevice>>,
    server_certificates: Facet<Vec<ServerCertificate>>,
    regions: Facet<BTreeSet<String>>,
    analyzers: BTreeMap<String, Facet<Vec<Analyzer>>>,
    identity_providers: Facet<IdentityProviders>,
    root_management: Facet<RootManagement>,
}

impl Default for ReadFacets {
    fn default() -> Self {
        fn absent<T>() -> Facet<T> {
            Facet::NotRead("the snapshot file does not have it".into())
        }
        Self {
            identity: absent(),
            credential_report: absent(),
            account_summary: absent(),
            password_policy: absent(),
            virtual_mfa: absent(),
            server_certificates: absent(),
            regions: absent(),
            analyzers: BTreeMap::new(),
            identity_providers: absent(),
            root_management: absent(),
        }
    }
}

impl SnapshotFile {
    /// Writes the file, ended by a line feed.
    ///
    /// # Errors
    ///
    /// A fault of this program: a value that JSON cannot hold.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let Self { snapshot, target, api_calls } = self;
        let body = Written {
            format_version: FORMAT_VERSION,
            kind: KIND,
            account: &snapshot.account,
            partition: &snapshot.partition,
            region: &snapshot.region,
            target,
            collected_at: snapshot.taken_at,
            api_calls: *api_calls,
            facets: WrittenFacets {
                identity: &snapshot.identity,
                credential_report: &snapshot.credential_report,
                account_summary: &snapshot.account_summary,
                password_policy: &snapshot.password_policy,
                virtual_mfa: &snapshot.virtual_mfa,
                server_certificates: &snapshot.server_certificates,
                regions: &snapshot.regions,
                analyzers: &snapshot.analyzers_by_region,
                identity_providers: &snapshot.identity_providers,
                root_management: &snapshot.root_management,
            },
        };
        let body = serde_json::to_vec(&body)?;
        // Without the brace that opens it: the digest comes first.
        let rest = body.get(1..).unwrap_or_default();
        let mut text = super::scan::opening(rest).into_bytes();
        text.extend_from_slice(rest);
        text.push(b'\n');
        Ok(text)
    }

    /// Reads a file that is not packed.
    ///
    /// # Errors
    ///
    /// It is no snapshot, was changed, or asks for too much.
    pub fn parse(text: &[u8]) -> Result<Self, NotASnapshot> {
        let Scanned { told, found, seal: None } = scan(text)? else {
            return Err(NotASnapshot::SomethingElse);
        };
        if told != found {
            return Err(NotASnapshot::Changed);
        }
        let unreadable = |error: serde_json::Error| NotASnapshot::Unreadable(error.to_string());
        let head: Head = serde_json::from_slice(text).map_err(|_| NotASnapshot::SomethingElse)?;
        if head.kind != KIND {
            return Err(NotASnapshot::SomethingElse);
        }
        if head.format_version > FORMAT_VERSION {
            return Err(NotASnapshot::TooNew(head.format_version));
        }
        let read: Read = serde_json::from_slice(text).map_err(unreadable)?;
        read.checked()
    }
}

impl Read {
    /// Refuses names that no account has: they reach reports.
    fn checked(self) -> Result<SnapshotFile, NotASnapshot> {
        let is_plain = |text: &str| {
            (1..=40).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        let is_account = self.account.len() == 12 && self.account.bytes().all(|byte| byte.is_ascii_digit());
        let wrong = [
            ("account", is_account),
            ("partition", is_plain(&self.partition)),
            ("region", is_plain(&self.region)),
            ("target", is_plain(&self.target)),
        ];
        if let Some((field, _)) = wrong.iter().find(|(_, fits)| !fits) {
            return Err(NotASnapshot::Unreadable(format!("its `{field}` is none")));
        }
        let mut snapshot = Snapshot::empty(&self.account, &self.partition, &self.region, self.collected_at);
        let facets = self.facets;
        snapshot.identity = facets.identity;
        snapshot.credential_report = facets.credential_report;
        snapshot.account_summary = facets.account_summary;
        snapshot.password_policy = facets.password_policy;
        snapshot.virtual_mfa = facets.virtual_mfa;
        snapshot.server_certificates = facets.server_certificates;
        snapshot.regions = facets.regions;
        snapshot.analyzers_by_region = facets.analyzers;
        snapshot.identity_providers = facets.identity_providers;
        snapshot.root_management = facets.root_management;
        Ok(SnapshotFile { snapshot, target: self.target, api_calls: self.api_calls })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::account::snapshot::{Policies, Role, User};
    use crate::account::testing::lab;
    use crate::policy::document::PolicyDocument;

    fn file(snapshot: Snapshot) -> SnapshotFile {
        let api_calls = ApiCalls { read: 8, write: 0, throttled: 1 };
        SnapshotFile { snapshot, target: "sandbox".into(), api_calls }
    }

    fn whole() -> SnapshotFile {
        let mut snapshot = lab();
        let report = "user,arn\n<root_account>,arn:aws:iam::123456789012:root";
        let at = "2026-03-02T09:00:00.123456789Z".parse().unwrap();
        snapshot.taken_at = at;
        snapshot.credential_report = Facet::Read(CredentialReport::parse(report, Some(at)).unwrap());
        snapshot.password_policy = Facet::Read(None);
        snapshot.regions = Facet::Read(["us-east-1".to_owned()].into());
        snapshot.analyzers_by_region = [("us-east-1".to_owned(), Facet::NotRead("denied".into()))].into();
        snapshot.root_management = Facet::Read(RootManagement::ToldToOthers);
        snapshot.account_summary = Facet::NotRead("the permission `iam:GetAccountSummary` is missing".into());
        file(snapshot)
    }

    fn bytes(file: &SnapshotFile) -> Vec<u8> {
        file.to_json().unwrap()
    }

    /// The error of a file with another body, and the digest that belongs to it.
    fn forged(change: impl FnOnce(&mut Value)) -> NotASnapshot {
        let mut value: Value = serde_json::from_slice(&bytes(&whole())).unwrap();
        value.as_object_mut().unwrap().shift_remove("digest");
        change(&mut value);
        let text = value.to_string();
        let whole = format!("{}{}", super::super::scan::opening(&text.as_bytes()[1..]), &text[1..]);
        SnapshotFile::parse(whole.as_bytes()).map(|_| ()).unwrap_err()
    }

    #[test]
    fn a_snapshot_survives_its_file() {
        let written = bytes(&whole());
        let read = SnapshotFile::parse(&written).unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", whole()));
        assert_eq!(bytes(&read), written);
        // Whoever indents it changes nothing.
        let value: Value = serde_json::from_slice(&written).unwrap();
        let pretty = serde_json::to_vec_pretty(&value).unwrap();
        assert_eq!(bytes(&SnapshotFile::parse(&pretty).unwrap()), written);
    }

    #[test]
    fn a_document_is_kept_as_it_was_written() {
        let text = r#"{"Statement":{"Sid":"B","Action":"S3:Get*","Effect":"Allow","Resource":["*"]},"Version":"2012-10-17"}"#;
        let mut snapshot = lab();
        let Facet::Read(identity) = &mut snapshot.identity else { panic!() };
        let role = identity.roles.get_mut("IAM-Auditor-role").unwrap();
        role.trust = PolicyDocument::parse(text).unwrap();
        let written = String::from_utf8(bytes(&file(snapshot))).unwrap();
        assert!(written.contains(text), "{written}");
    }

    #[test]
    fn a_change_anywhere_is_noticed() {
        let written = bytes(&whole());
        for place in (0..written.len() - 1).step_by(3) {
            for byte in [b'x', b'"', b' '] {
                if written[place] == byte {
                    continue;
                }
                let mut changed = written.clone();
                changed[place] = byte;
                assert!(SnapshotFile::parse(&changed).is_err(), "{place}: {}", char::from(byte));
            }
        }
        for length in (0..written.len() - 1).step_by(7) {
            assert!(SnapshotFile::parse(&written[..length]).is_err(), "{length}");
        }
        let text = String::from_utf8(written).unwrap().replace("User1", "User9");
        assert_eq!(SnapshotFile::parse(text.as_bytes()).unwrap_err(), NotASnapshot::Changed);
    }

    #[test]
    fn what_is_no_snapshot_is_told() {
        let parse = |text: &str| SnapshotFile::parse(text.as_bytes()).unwrap_err();
        for text in ["", "{}", "[]", "user,arn\n", "{\"digest\":\"sha256:00\"}", "}"] {
            assert_eq!(parse(text), NotASnapshot::SomethingElse, "{text}");
        }
        assert!(parse(&"[".repeat(100_000)).to_string().contains("levels"));
        let many = format!("[{}", "0,".repeat(4_000_001));
        assert!(parse(&many).to_string().contains("values"));
        assert_eq!(forged(|value| value["kind"] = json!("other")), NotASnapshot::SomethingElse);
        assert_eq!(forged(|value| value["format_version"] = json!(2)), NotASnapshot::TooNew(2));
        let unreadable = |change: fn(&mut Value)| forged(change).to_string();
        assert!(unreadable(|value| value["account"] = json!("1\u{1b}")).contains("`account`"));
        assert!(unreadable(|value| value["region"] = json!("<b>")).contains("`region`"));
        assert!(
            unreadable(|value| value["facets"]["identity"] = json!({"read": 1})).contains("cannot be read")
        );
        let many: Vec<String> = (0..3000).map(|number| format!("s3:a{number}")).collect();
        let large = json!({"Statement": {"Effect": "Allow", "Action": many}});
        let told = forged(|value| {
            value["facets"]["identity"]["read"]["roles"]["IAM-Auditor-role"]["trust"] = large;
        });
        assert!(told.to_string().contains("a policy document has more than"), "{told}");
        assert!(unreadable(|value| value["collected_at"] = json!("yesterday")).contains("cannot be read"));
    }

    #[test]
    fn a_facet_that_is_missing_was_not_read_and_a_strange_one_does_no_harm() {
        let mut value: Value = serde_json::from_slice(&bytes(&whole())).unwrap();
        value.as_object_mut().unwrap().shift_remove("digest");
        value["facets"].as_object_mut().unwrap().shift_remove("identity");
        value["facets"]["trails"] = json!({"read": []});
        let text = value.to_string();
        let text = format!("{}{}", super::super::scan::opening(&text.as_bytes()[1..]), &text[1..]);
        let read = SnapshotFile::parse(text.as_bytes()).unwrap().snapshot;
        assert!(matches!(read.identity, Facet::NotRead(why) if why.contains("does not have it")));
        assert!(read.credential_report.read().is_some());
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((".{0,6}", inner), 0..4)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    prop_compose! {
        fn identity()(
            users in prop::collection::btree_map(".{0,12}", (".{0,12}", json_value(), prop::option::of(0_i64..4_000_000_000)), 0..4),
            roles in prop::collection::btree_map(".{0,12}", (".{0,12}", json_value(), prop::option::of(".{0,9}")), 0..4),
        ) -> Identity {
            let time = |seconds: Option<i64>| seconds.map(|seconds| Timestamp::from_second(seconds).unwrap());
            let user = |(text, document, created): (String, Value, Option<i64>)| User {
                arn: text.clone(),
                id: text.clone(),
                created: time(created),
                groups: [text.clone()].into(),
                policies: Policies {
                    inline: [(text.clone(), PolicyDocument::new(document))].into(),
                    ..Policies::default()
                },
                tags: [(text.clone(), text)].into(),
            };
            let role = |(text, document, boundary): (String, Value, Option<String>)| Role {
                arn: text.clone(),
                id: text,
                created: None,
                last_used: None,
                trust: PolicyDocument::new(document),
                policies: Policies { boundary, ..Policies::default() },
                instance_profiles: BTreeSet::new(),
                tags: BTreeMap::new(),
                details: None,
            };
            Identity {
                users: users.into_iter().map(|(name, made)| (name, user(made))).collect(),
                roles: roles.into_iter().map(|(name, made)| (name, role(made))).collect(),
                ..Identity::default()
            }
        }
    }

    proptest! {
        #[test]
        fn any_identity_survives(identity in identity(), why in ".{0,40}") {
            let mut snapshot = lab();
            snapshot.identity = Facet::Read(identity);
            snapshot.virtual_mfa = Facet::NotRead(why);
            let file = file(snapshot);
            let read = SnapshotFile::parse(&bytes(&file)).unwrap();
            prop_assert_eq!(format!("{:?}", read), format!("{:?}", file));
        }

        #[test]
        fn nothing_breaks_the_reader(text in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(SnapshotFile::parse(&text).is_err());
        }
    }
}
