//! What happens to each check when a part of the picture could not be read, and what the table of checks promises.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::benchmark;
use super::check::{Check, Look, Scope};
use super::checks::CHECKS;
use super::engine::{self, Question};
use super::testing::{
    as_of, attached, aws, document, group, identified, inline, managed, report, role, strong_policy, user,
};
use super::verdict::{Status, Subject, Verdict};
use crate::account::part::Part;
use crate::account::snapshot::{
    Analyzer, Facet, Identity, IdentityProviders, Policies, RootManagement, ServerCertificate, Snapshot,
    VirtualMfaDevice,
};

/// The parts that each check cannot do without in the account of this test.
const NEEDS: &[(&str, &[Part])] = &[
    ("access-key-at-setup", &[Part::CredentialReport]),
    ("access-key-old", &[Part::CredentialReport]),
    ("analyzer-missing", &[Part::Analyzers]),
    ("cloudshell-full-access", &[Part::Identity]),
    ("console-users-without-federation", &[Part::CredentialReport, Part::IdentityProviders]),
    ("credential-unused", &[Part::CredentialReport]),
    ("external-trust-without-external-id", &[Part::Identity]),
    ("group-administrator", &[Part::Identity]),
    ("group-without-members", &[Part::Identity]),
    ("group-without-policies", &[Part::Identity]),
    ("inline-policy", &[Part::Identity]),
    ("password-old", &[Part::CredentialReport]),
    ("password-policy-no-expiry", &[Part::PasswordPolicy]),
    ("password-policy-reuse", &[Part::PasswordPolicy]),
    ("password-policy-short", &[Part::PasswordPolicy]),
    ("password-policy-users-may-not-change", &[Part::PasswordPolicy]),
    ("password-policy-without-lowercase", &[Part::PasswordPolicy]),
    ("password-policy-without-numbers", &[Part::PasswordPolicy]),
    ("password-policy-without-symbols", &[Part::PasswordPolicy]),
    ("password-policy-without-uppercase", &[Part::PasswordPolicy]),
    ("policy-full-admin", &[Part::Identity]),
    ("policy-wildcard-action", &[Part::Identity]),
    ("privileged-user-without-mfa", &[Part::Identity, Part::CredentialReport]),
    ("role-administrator", &[Part::Identity]),
    // Either of summary and report tells of root's keys and devices.
    ("root-access-key", &[]),
    ("root-not-managed-centrally", &[Part::RootManagement]),
    ("root-used", &[Part::CredentialReport]),
    ("root-without-hardware-mfa", &[Part::VirtualMfa]),
    ("root-without-mfa", &[]),
    ("server-certificate-expired", &[Part::ServerCertificates]),
    ("support-role-missing", &[Part::Identity]),
    ("user-console-without-mfa", &[Part::CredentialReport]),
    ("user-direct-policy", &[Part::Identity]),
    ("user-stale", &[Part::CredentialReport]),
    ("user-two-active-keys", &[Part::CredentialReport]),
];

/// An account of which everything was read, with something for every check to speak of.
fn account() -> Snapshot {
    let trust =
        json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "999999999999"}}]);
    let wide = json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]);
    let mut snapshot = identified(Identity {
        users: [
            user("ann", &["admins"], Policies::default()),
            user("ben", &[], inline("Own", &json!([]))),
            user("cat", &["admins"], attached(&["Wide"])),
        ]
        .into(),
        groups: [group("admins", aws(&["AdministratorAccess"])), group("empty", Policies::default())].into(),
        roles: [role("support", &trust, aws(&["AWSSupportAccess"]))].into(),
        policies: [managed("Wide", 1, &wide)].into(),
    });
    let password = ("password_enabled", "true");
    let changed = ("password_last_changed", "2026-02-01T00:00:00Z");
    let root = [password, ("mfa_active", "true"), ("password_last_used", "no_information")];
    snapshot.credential_report = Facet::Read(report(&[
        ("<root_account>", &root),
        ("ann", &[password, changed]),
        ("ben", &[("access_key_1_active", "true"), ("access_key_1_last_rotated", "2025-01-01T00:00:00Z")]),
        ("cat", &[password, changed, ("mfa_active", "true")]),
    ]));
    let summary = [("AccountMFAEnabled", 1), ("AccountAccessKeysPresent", 0)];
    snapshot.account_summary = Facet::Read(summary.map(|(key, number)| (key.to_owned(), number)).into());
    snapshot.password_policy = Facet::Read(Some(strong_policy()));
    snapshot.virtual_mfa = Facet::Read(vec![VirtualMfaDevice {
        serial: "arn:aws:iam::123456789012:mfa/cat".into(),
        user: Some("cat".into()),
        owner: Some("arn:aws:iam::123456789012:user/cat".into()),
    }]);
    snapshot.server_certificates = Facet::Read(vec![ServerCertificate {
        name: "old".into(),
        arn: "arn:aws:iam::123456789012:server-certificate/old".into(),
        expires: "2025-01-01T00:00:00Z".parse().ok(),
    }]);
    snapshot.regions = Facet::Read(["us-east-1".to_owned()].into());
    let analyzer = Analyzer {
        arn: "arn:aws:access-analyzer:us-east-1:123456789012:analyzer/a".into(),
        name: "a".into(),
        kind: "ACCOUNT".into(),
        status: "ACTIVE".into(),
        tags: BTreeMap::new(),
    };
    snapshot.analyzers_by_region = [("us-east-1".to_owned(), Facet::Read(vec![analyzer]))].into();
    snapshot.identity_providers = Facet::Read(IdentityProviders::default());
    snapshot.root_management = Facet::Read(RootManagement::NoOrganization);
    snapshot
}

/// Takes a part away.
fn deny(snapshot: &mut Snapshot, part: Part) {
    fn gone<T>() -> Facet<T> {
        Facet::NotRead("access denied".into())
    }
    match part {
        Part::Identity => snapshot.identity = gone(),
        Part::CredentialReport => snapshot.credential_report = gone(),
        Part::AccountSummary => snapshot.account_summary = gone(),
        Part::PasswordPolicy => snapshot.password_policy = gone(),
        Part::VirtualMfa => snapshot.virtual_mfa = gone(),
        Part::ServerCertificates => snapshot.server_certificates = gone(),
        Part::Analyzers => {
            snapshot.regions = gone();
            snapshot.analyzers_by_region.clear();
        }
        Part::IdentityProviders => snapshot.identity_providers = gone(),
        Part::RootManagement => snapshot.root_management = gone(),
    }
}

/// What a check says of each subject; the part that it misses when it cannot look.
fn said(check: &'static Check, snapshot: &Snapshot) -> Result<Vec<(Subject, Status)>, Part> {
    let look = Look { snapshot, params: &BTreeMap::new(), check, as_of: as_of() };
    let verdicts = (check.run)(&look).map_err(|unread| unread.part)?;
    Ok(verdicts.into_iter().map(|verdict| (verdict.subject, verdict.status)).collect())
}

#[test]
fn denying_a_part_makes_unknown_what_needs_it_and_changes_nothing_else() {
    let whole = account();
    for part in Part::ALL {
        let mut denied = whole.clone();
        deny(&mut denied, part);
        assert!(part.unread(&denied).is_some(), "{part:?}");
        for check in CHECKS.iter().copied() {
            let (_, needs) = NEEDS.iter().find(|(id, _)| *id == check.id).unwrap();
            let (before, after) = (said(check, &whole).unwrap(), said(check, &denied));
            assert!(!before.is_empty(), "{} has nothing to speak of here", check.id);
            if needs.contains(&part) {
                assert_eq!(after, Err(part), "{} without {part:?}", check.id);
            } else {
                assert_eq!(after, Ok(before), "{} without {part:?}", check.id);
            }
        }
    }
}

/// `Look` panics here when a check reads a part that it does not name; this finds the names that nothing reads.
#[test]
fn a_check_names_no_part_that_it_never_needs() {
    for check in CHECKS.iter().copied() {
        let (_, needs) = NEEDS.iter().find(|(id, _)| *id == check.id).unwrap();
        assert!(needs.iter().all(|part| check.reads.contains(part)), "{}", check.id);
        for part in check.reads {
            // It makes a difference with none of the other parts, or with all of them.
            let alone =
                check.reads.iter().copied().filter(|other| other != part).fold(account(), |mut it, other| {
                    deny(&mut it, other);
                    it
                });
            let mut nothing = alone.clone();
            deny(&mut nothing, *part);
            let differs = said(check, &alone) != said(check, &nothing);
            assert!(needs.contains(part) || differs, "{} does not need {part:?}", check.id);
        }
    }
}

#[test]
fn nobody_is_judged_twice_and_root_is_no_user() {
    let whole = account();
    for check in CHECKS.iter().copied() {
        let verdicts = said(check, &whole).unwrap();
        let mut subjects: Vec<_> =
            verdicts.iter().map(|(subject, _)| (&subject.resource, subject.credential)).collect();
        subjects.sort();
        subjects.dedup();
        assert_eq!(subjects.len(), verdicts.len(), "{}", check.id);
        let is_root = |subject: &Subject| subject.name == crate::account::credential_report::ROOT;
        let roots = verdicts.iter().filter(|(subject, _)| is_root(subject)).count();
        assert_eq!(roots, usize::from(check.scope == Scope::Root), "{}", check.id);
    }
}

/// What the reports show: every control speaks of a subject once, in every benchmark.
#[test]
fn every_control_speaks_of_a_subject_once() {
    let question = Question {
        benchmarks: benchmark::all().iter().collect(),
        only: vec![],
        as_of: as_of(),
        exceptions: None,
        attestations: None,
        baseline: None,
    };
    let audit = engine::audit(&account(), &question, "test", None);
    let mut seen = BTreeSet::new();
    for finding in &audit.findings {
        let key = (finding.benchmark, finding.control, &finding.resource, finding.credential);
        assert!(seen.insert(key), "{key:?} twice");
    }
    let asked: BTreeSet<&str> = audit.findings.iter().filter_map(|finding| finding.check).collect();
    let all: BTreeSet<&str> = CHECKS.iter().map(|check| check.id).collect();
    assert_eq!(asked, all, "a check that no benchmark asks for");
}

#[test]
fn the_table_is_the_folder_and_its_pages_are_whole() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/audit/checks");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| {
            name.strip_suffix(".rs").filter(|name| *name != "mod").map(|it| it.replace('_', "-"))
        })
        .collect();
    files.sort();
    let ids: Vec<&str> = CHECKS.iter().map(|check| check.id).collect();
    assert_eq!(ids, files);
    for check in CHECKS {
        let docs = check.docs;
        for text in [docs.looks_at, docs.why, docs.fix] {
            assert!(text.len() > 40 && !text.contains("  "), "{}: {text}", check.id);
        }
        assert!(
            docs.sources.iter().all(|source| source.starts_with("https://docs.aws.amazon.com/")),
            "{}",
            check.id
        );
        assert!(!docs.sources.is_empty() && !check.reads.is_empty(), "{}", check.id);
        assert!(!check.title.ends_with('.'), "{}", check.id);
    }
}

#[test]
fn messages_are_sentences_about_the_subject_with_evidence_and_advice() {
    let whole = account();
    for check in CHECKS.iter().copied() {
        let look = Look { snapshot: &whole, params: &BTreeMap::new(), check, as_of: as_of() };
        let verdicts: Vec<Verdict> = (check.run)(&look).unwrap();
        for verdict in verdicts {
            let Verdict { message, subject, .. } = &verdict;
            assert!(message.starts_with(|c: char| c.is_lowercase()), "{}: {message}", check.id);
            assert!(!message.ends_with('.') && !message.contains("  "), "{}: {message}", check.id);
            assert!(!message.contains(&format!("`{}`", subject.name)), "{}: {message}", check.id);
            if verdict.status == Status::Fail {
                assert!(!verdict.evidence.is_empty(), "{}: {message}", check.id);
            }
        }
    }
}

/// A document that nobody can read is unknown in every check that reads documents, whatever it may look like.
#[test]
fn a_document_that_cannot_be_read_never_passes() {
    let mut snapshot = account();
    let odd = document(&json!([{"Effect": "Allow", "Action": "*", "Resource": "*", "Surprise": 1}]));
    let Facet::Read(identity) = &mut snapshot.identity else { unreachable!() };
    identity.policies.get_mut("Wide").unwrap().document = Some(odd.clone());
    identity.roles.get_mut("support").unwrap().trust = odd.clone();
    identity.roles.get_mut("support").unwrap().policies.inline = [("x".to_owned(), odd)].into();
    for (id, name) in [
        ("policy-full-admin", "Wide"),
        ("policy-full-admin", "support/inline x"),
        ("policy-wildcard-action", "Wide"),
        ("role-administrator", "support"),
        ("external-trust-without-external-id", "support"),
        ("support-role-missing", "<account>"),
    ] {
        let check = CHECKS.iter().copied().find(|check| check.id == id).unwrap();
        let verdicts = said(check, &snapshot).unwrap();
        let found = verdicts.iter().find(|(subject, _)| subject.name == name).unwrap();
        assert_eq!(found.1, Status::Unknown, "{id} of {name}");
    }
}
