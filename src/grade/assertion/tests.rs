//! One change of a right lab, one criterion, what it comes to.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::testing::{
    empty, found, function, identity_of, lab, lookup, package, record, regional, report, rule, says, shipped,
    topic, trusts,
};
use super::{Case, evaluate};
use crate::account::snapshot::{Facet, Policies, Schedule, VirtualMfaDevice};
use crate::account::testing::{arn, attached, document, inline, managed, role};
use crate::grade::evidence::Evidence;
use crate::grade::found::Outcome;
use crate::grade::mark;
use crate::grade::points::{Points, Share};
use crate::grade::rubric::Assertion;

type Change = fn(&mut Evidence);

/// What a row expects.
#[derive(Debug, PartialEq, Eq)]
enum Is {
    Met,
    Nearly,
    /// Per cent.
    Part(u8),
    Missed,
    Unknown,
}
use Is::{Met, Missed, Nearly, Part, Unknown};

fn is(outcome: &Outcome) -> Is {
    match outcome {
        Outcome::Met => Met,
        Outcome::Nearly => Nearly,
        Outcome::Part(share) => Part(share.in_percent()),
        Outcome::Missed => Missed,
        Outcome::Unknown(_) => Unknown,
        Outcome::Manual => panic!("nobody judges this"),
    }
}

#[track_caller]
fn rows(check: &str, rows: &[(&str, Change, Is)]) {
    let right = found(check, &lab());
    assert_eq!(right.outcome, Outcome::Met, "{check} of the right lab: {right:?}");
    for (what, change, wanted) in rows {
        let mut evidence = lab();
        change(&mut evidence);
        let found = found(check, &evidence);
        assert_eq!(is(&found.outcome), *wanted, "{check}: {what}: {found:?}");
        assert!(!found.message.is_empty() && !found.message.ends_with('.'), "{found:?}");
    }
}

const UNREAD: Change = |lab| lab.snapshot.identity = Facet::NotRead("denied".to_owned());

fn keys(lab: &mut Evidence, user: &str, states: &[bool]) {
    let Some(Facet::Read(credentials)) = lab.snapshot.credentials.get_mut(user) else { panic!("{user}") };
    let key = |active: &bool| crate::account::snapshot::AccessKey {
        id: "AKIAEXAMPLE".to_owned(),
        active: *active,
        created: None,
    };
    credentials.access_keys = states.iter().map(key).collect();
}

fn rename_user(lab: &mut Evidence, from: &str, to: &str) {
    let identity = identity_of(lab);
    let mut user = identity.users.remove(from).unwrap();
    user.arn = arn(&format!("user/{to}"));
    identity.users.insert(to.to_owned(), user);
    if let Some(credentials) = lab.snapshot.credentials.remove(from) {
        lab.snapshot.credentials.insert(to.to_owned(), credentials);
    }
    for lookup in &mut lab.lookups {
        if lookup.value == from {
            lookup.value = to.to_owned();
        }
        let Facet::Read(records) = &mut lookup.records else { continue };
        for record in records {
            let text = record.to_string().replace(from, to);
            *record = serde_json::from_str(&text).unwrap();
        }
    }
}

fn rename_policy(lab: &mut Evidence, to: &str) {
    let identity = identity_of(lab);
    let (old, new) = (arn("policy/IAM-Auditor-Policy"), arn(&format!("policy/{to}")));
    let mut policy = identity.policies.remove("IAM-Auditor-Policy").unwrap();
    policy.arn.clone_from(&new);
    identity.policies.insert(to.to_owned(), policy);
    let groups = identity.groups.values_mut().map(|group| &mut group.policies);
    for policies in groups.chain(identity.roles.values_mut().map(|role| &mut role.policies)) {
        if policies.attached.remove(&old) {
            policies.attached.insert(new.clone());
        }
    }
}

#[test]
fn the_right_lab_meets_everything_and_the_empty_account_nothing() {
    let rubric = shipped();
    let (lab, empty) = (lab(), empty());
    let (right, nothing) = (Case::new(&rubric, &lab), Case::new(&rubric, &empty));
    for criterion in rubric.criteria() {
        if !criterion.check.is_manual() {
            let found = evaluate(&criterion.check, &nothing);
            assert_eq!(found.outcome, Outcome::Missed, "{}: {found:?}", criterion.id);
        }
        // What the code does is another module's to tell.
        if !matches!(criterion.check, Assertion::Code(_) | Assertion::Manual(_)) {
            let found = evaluate(&criterion.check, &right);
            assert_eq!(found.outcome, Outcome::Met, "{}: {found:?}", criterion.id);
        }
    }
    assert_eq!(mark(&rubric, &empty, &BTreeMap::new()).score, Points::ZERO);
}

#[test]
fn what_was_not_read_is_unknown_for_every_criterion() {
    let rubric = shipped();
    let mut lab = lab();
    let why = || "denied".to_owned();
    lab.snapshot.identity = Facet::NotRead(why());
    lab.snapshot.schedules = Facet::NotRead(why());
    lab.snapshot.virtual_mfa = Facet::NotRead(why());
    lab.snapshot.credentials.clear();
    lab.functions = Facet::NotRead(why());
    lab.topics = Facet::NotRead(why());
    lab.rules = Facet::NotRead(why());
    lab.packages.clear();
    for lookup in &mut lab.lookups {
        lookup.records = Facet::NotRead(why());
    }
    let case = Case::new(&rubric, &lab);
    for criterion in rubric.criteria().filter(|criterion| !criterion.check.is_manual()) {
        let found = evaluate(&criterion.check, &case);
        assert!(matches!(found.outcome, Outcome::Unknown(_)), "{}: {found:?}", criterion.id);
    }
}

#[test]
fn names() {
    rows(
        "{ exists: policy/IAM-Auditor-Policy }",
        &[
            ("written together", |lab| rename_policy(lab, "IAMAuditorPolicy"), Nearly),
            ("misspelt", |lab| rename_policy(lab, "IAM-Auditer-Policy"), Nearly),
            ("another", |lab| rename_policy(lab, "MyPolicy"), Missed),
            ("unread", UNREAD, Unknown),
        ],
    );
    rows(
        "{ exists: function }",
        &[
            ("none", |lab| lab.functions = Facet::Read([].into()), Missed),
            ("unread", |lab| lab.functions = Facet::NotRead("denied".into()), Unknown),
        ],
    );
    rows("{ exists: topic }", &[("none", |lab| lab.topics = Facet::Read([].into()), Missed)]);
}

/// A misspelt name costs where it is asked for, and nowhere else.
#[test]
fn a_misspelt_name_costs_once() {
    let rubric = shipped();
    let changes: [(Change, &[&str]); 4] = [
        (|lab| rename_policy(lab, "iam_auditor_policy"), &["T1.policy-exists"]),
        (|lab| rename_user(lab, "User2", "user-2"), &[]),
        (|lab| rename_user(lab, "User3", "USER3"), &[]),
        (
            |lab| {
                let identity = identity_of(lab);
                let mut role = identity.roles.remove("IAM-Auditor-role").unwrap();
                role.arn = arn("role/IAM-Auditor-Roles");
                identity.roles.insert("IAM-Auditor-Roles".to_owned(), role);
                let own = json!([
                    {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn("role/IAM-Auditor-Roles")},
                    {"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"},
                ]);
                identity.roles.get_mut("fn-role").unwrap().policies = inline("job", &own);
            },
            &["T8.exists"],
        ),
    ];
    for (change, costs) in changes {
        let mut lab = lab();
        change(&mut lab);
        let case = Case::new(&rubric, &lab);
        let mut remarked = 0;
        for criterion in rubric.criteria() {
            if matches!(criterion.check, Assertion::Code(_) | Assertion::Manual(_)) {
                continue;
            }
            let found = evaluate(&criterion.check, &case);
            let wanted = if costs.contains(&criterion.id.as_str()) { Outcome::Nearly } else { Outcome::Met };
            assert_eq!(found.outcome, wanted, "{}: {found:?}", criterion.id);
            remarked += usize::from(found.remark.is_some_and(|remark| remark.contains("found as")));
        }
        assert!(remarked > 1, "{costs:?}");
    }
}

#[test]
fn nobody_earns_for_somebody_else() {
    // User1 and User3 are there; User2 is not, and neither of them stands in.
    rows("{ console: user/User2 }", &[("gone", |lab| drop(identity_of(lab).users.remove("User2")), Missed)]);
}

#[test]
fn credentials() {
    rows(
        "{ console: user/User1 }",
        &[
            (
                "no password",
                |lab| {
                    let Some(Facet::Read(it)) = lab.snapshot.credentials.get_mut("User1") else { panic!() };
                    it.login_profile = false;
                },
                Missed,
            ),
            ("unread", |lab| drop(lab.snapshot.credentials.remove("User1")), Unknown),
            (
                "by the report",
                |lab| {
                    lab.snapshot.credentials.clear();
                    let csv = "user,arn,password_enabled\nUser1,arn:aws:iam::123456789012:user/User1,true\n";
                    let report =
                        crate::account::credential_report::CredentialReport::parse(csv, None).unwrap();
                    lab.snapshot.credential_report = Facet::Read(report);
                },
                Met,
            ),
            (
                "an old report does not tell what is missing",
                |lab| {
                    lab.snapshot.credentials.clear();
                    let csv = "user,arn,password_enabled\nUser1,arn:aws:iam::123456789012:user/User1,false\n";
                    let report =
                        crate::account::credential_report::CredentialReport::parse(csv, None).unwrap();
                    lab.snapshot.credential_report = Facet::Read(report);
                },
                Unknown,
            ),
        ],
    );
    rows(
        "{ mfa: user/User1 }",
        &[
            (
                "none",
                |lab| {
                    let Some(Facet::Read(it)) = lab.snapshot.credentials.get_mut("User1") else { panic!() };
                    it.mfa_devices = Some(vec![]);
                },
                Missed,
            ),
            (
                "a virtual one",
                |lab| {
                    lab.snapshot.credentials.clear();
                    let device =
                        VirtualMfaDevice { serial: "s".into(), user: Some("User1".into()), owner: None };
                    lab.snapshot.virtual_mfa = Facet::Read(vec![device]);
                },
                Met,
            ),
            (
                "somebody else's",
                |lab| {
                    lab.snapshot.credentials.clear();
                    let device =
                        VirtualMfaDevice { serial: "s".into(), user: Some("User2".into()), owner: None };
                    lab.snapshot.virtual_mfa = Facet::Read(vec![device]);
                },
                Unknown,
            ),
        ],
    );
    rows(
        "{ access_keys: { of: user/User2, active: 1 } }",
        &[
            ("two", |lab| keys(lab, "User2", &[true, true]), Nearly),
            ("one and an inactive one", |lab| keys(lab, "User2", &[true, false]), Met),
            ("an inactive one", |lab| keys(lab, "User2", &[false]), Nearly),
            ("none", |lab| keys(lab, "User2", &[]), Missed),
            ("unread", |lab| lab.snapshot.credentials.clear(), Unknown),
        ],
    );
    rows(
        "{ access_keys: { of: user/User3, active: 0 } }",
        &[
            ("one", |lab| keys(lab, "User3", &[true]), Missed),
            ("an inactive one", |lab| keys(lab, "User3", &[false]), Nearly),
            ("no such user", |lab| drop(identity_of(lab).users.remove("User3")), Missed),
        ],
    );
}

#[test]
fn policies_of_ones_own() {
    rows(
        "{ no_policies: user/User1 }",
        &[
            (
                "attached",
                |lab| identity_of(lab).users.get_mut("User1").unwrap().policies = attached(&["P"]),
                Missed,
            ),
            (
                "inline",
                |lab| identity_of(lab).users.get_mut("User1").unwrap().policies = inline("p", &report()),
                Missed,
            ),
            (
                "a boundary",
                |lab| {
                    let boundary = Some(arn("policy/P"));
                    identity_of(lab).users.get_mut("User1").unwrap().policies =
                        Policies { boundary, ..Policies::default() };
                },
                Met,
            ),
            (
                "through a group",
                |lab| {
                    identity_of(lab)
                        .users
                        .get_mut("User1")
                        .unwrap()
                        .groups
                        .insert("IAM-Auditor-Group".into());
                },
                Met,
            ),
            ("unread", UNREAD, Unknown),
        ],
    );
}

#[test]
fn members() {
    let join: Change = |lab| {
        identity_of(lab).users.get_mut("User1").unwrap().groups.insert("IAM-Auditor-Group".into());
    };
    let leave: Change = |lab| identity_of(lab).users.get_mut("User3").unwrap().groups.clear();
    let second: Change = |lab| {
        identity_of(lab).users.get_mut("User2").unwrap().groups.insert("IAM-Auditor-Group".into());
    };
    rows(
        "{ members: { of: group/IAM-Auditor-Group, has: [user/User3], not: [user/User1] } }",
        &[
            ("User1 too", join, Nearly),
            ("nobody", leave, Missed),
            ("User2 too", second, Met),
            ("unread", UNREAD, Unknown),
        ],
    );
    rows("{ members: { of: group/IAM-Auditor-Group, has: [user/User3] } }", &[("User2 too", second, Nearly)]);
    let mut lab = lab();
    leave(&mut lab);
    second(&mut lab);
    let both = "{ members: { of: group/IAM-Auditor-Group, has: [user/User2, user/User3], not: [] } }";
    assert_eq!(found(both, &lab).outcome, Outcome::Part(Share::percent(50)));
}

#[test]
fn attachments() {
    let holds = |lab: &mut Evidence, policies: Policies| {
        identity_of(lab).groups.get_mut("IAM-Auditor-Group").unwrap().policies = policies;
    };
    let same: Value = json!([{"Effect": "Allow", "Action": "iam:*CredentialReport", "Resource": "*"}]);
    let inline_same = inline("mine", &same);
    let more = attached(&["IAM-Auditor-Policy", "Other"]);
    for (what, policies, is_attached, is_only) in [
        ("inline", inline_same, Nearly, Met),
        ("another of the same meaning", attached(&["Copy"]), Nearly, Met),
        ("another", attached(&["Other"]), Missed, Missed),
        ("one more", more, Met, Missed),
        ("nothing", Policies::default(), Missed, Missed),
    ] {
        let mut lab = lab();
        holds(&mut lab, policies);
        let other = json!([{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]);
        identity_of(&mut lab).policies.extend([managed("Copy", 1, &same), managed("Other", 1, &other)]);
        let to = "{ policy: policy/IAM-Auditor-Policy, to: group/IAM-Auditor-Group }";
        assert_eq!(is(&found(&format!("{{ attached: {to} }}"), &lab).outcome), is_attached, "{what}");
        assert_eq!(is(&found(&format!("{{ only_attached: {to} }}"), &lab).outcome), is_only, "{what}");
    }
    rows(
        "{ all: [{ attached: { policy: policy/IAM-Auditor-Policy, to: role/IAM-Auditor-role } }, \
         { only_attached: { policy: policy/IAM-Auditor-Policy, to: role/IAM-Auditor-role } }] }",
        &[
            (
                "one more",
                |lab| {
                    let role = identity_of(lab).roles.get_mut("IAM-Auditor-role").unwrap();
                    role.policies.attached.insert("arn:aws:iam::aws:policy/AdministratorAccess".to_owned());
                },
                Part(50),
            ),
            ("unread", UNREAD, Unknown),
        ],
    );
}

const ALLOWS: &str = "{ allows: { policy: policy/IAM-Auditor-Policy, \
                      actions: [iam:GenerateCredentialReport, iam:GetCredentialReport] } }";
const LEAST: &str = "{ least_privilege: { policy: policy/IAM-Auditor-Policy, \
                     needs: [iam:GenerateCredentialReport, iam:GetCredentialReport], \
                     costs: { read: 25, many_reads: 50, write: 75, administration: 100 } } }";

/// The statements, whether they allow the job, and what is left for least privilege.
#[test]
fn meaning_of_a_policy() {
    let allow =
        |action: Value, resource: &str| json!([{"Effect": "Allow", "Action": action, "Resource": resource}]);
    let both = ["iam:GenerateCredentialReport", "iam:GetCredentialReport"];
    for (statements, allows, least) in [
        (allow(json!(["IAM:generatecredentialreport", "iam:GETcredentialreport"]), "*"), Met, Met),
        (allow(json!("iam:*CredentialReport"), "*"), Met, Met),
        (allow(json!(["iam:GenerateCredentialRepor?", "iam:GetCredentialRep*"]), "**"), Met, Met),
        (
            json!([{"Effect": "Allow", "Action": both[0], "Resource": "*"},
                {"Effect": "Allow", "Action": [both[1]], "Resource": ["*"]}]),
            Met,
            Met,
        ),
        (json!([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]), Missed, Missed),
        (
            json!([{"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
                {"Effect": "Deny", "NotAction": both, "Resource": "*"}]),
            Met,
            Met,
        ),
        (allow(json!("iam:GetCredentialReport"), "*"), Part(50), Met),
        (allow(json!(both), "arn:aws:iam::123456789012:user/*"), Missed, Missed),
        (
            json!([{"Effect": "Allow", "Action": both, "Resource": "*",
                "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]),
            Nearly,
            Met,
        ),
        (
            json!([{"Effect": "Allow", "Action": both, "Resource": "*"},
                {"Effect": "Deny", "Action": both[0], "Resource": "*"}]),
            Part(50),
            Met,
        ),
        (allow(json!([both[0], both[1], "iam:ListUsers"]), "*"), Met, Part(75)),
        (allow(json!([both[0], "iam:Get*"]), "*"), Met, Part(50)),
        (allow(json!([both[0], both[1], "s3:GetObject", "s3:PutObject"]), "*"), Met, Part(25)),
        (allow(json!([both[0], both[1], "s3:PutObject"]), "arn:aws:s3:::b/*"), Missed, Missed),
        (allow(json!([both[0], both[1], "iam:AttachUserPolicy"]), "*"), Met, Missed),
        (allow(json!("iam:*"), "*"), Met, Missed),
        (allow(json!("*"), "*"), Met, Missed),
        (json!([{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}]), Met, Missed),
        (allow(json!([both[0], both[1], "iam:NoSuchAction"]), "*"), Met, Met),
        (allow(json!("s3:GetObject"), "*"), Missed, Missed),
    ] {
        let mut lab = lab();
        says(&mut lab, &statements);
        let (may, beyond) = (found(ALLOWS, &lab), found(LEAST, &lab));
        assert_eq!(is(&may.outcome), allows, "{statements}: {may:?}");
        assert_eq!(is(&beyond.outcome), least, "{statements}: {beyond:?}");
    }
    for check in [ALLOWS, LEAST] {
        rows(
            check,
            &[
                ("unread", UNREAD, Unknown),
                (
                    "no document",
                    |lab| {
                        identity_of(lab).policies.get_mut("IAM-Auditor-Policy").unwrap().document = None;
                    },
                    Unknown,
                ),
                ("no policy", |lab| identity_of(lab).policies.clear(), Missed),
            ],
        );
    }
}

#[test]
fn what_is_beyond_is_listed() {
    let mut lab = lab();
    says(&mut lab, &json!([{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]));
    let found = found(LEAST, &lab);
    let line = found.evidence.iter().find(|line| line.starts_with("permissions management:")).unwrap();
    assert!(line.contains("`iam:AttachGroupPolicy`") && line.contains(" more"), "{line}");
    assert!(found.message.contains("every action of `iam`"), "{found:?}");
}

#[test]
fn abilities() {
    let gives = |lab: &mut Evidence, statements: &Value| {
        identity_of(lab).users.get_mut("User3").unwrap().policies = inline("p", statements);
    };
    let add =
        |resource: &str| json!([{"Effect": "Allow", "Action": "iam:AddUserToGroup", "Resource": resource}]);
    for (what, statements, wanted) in [
        ("every group", add("*"), Missed),
        ("every group by its kind", add("arn:aws:iam::123456789012:group/*"), Missed),
        ("any of any account", add("arn:aws:iam::*:group/*"), Missed),
        ("the one group", add(&arn("group/IAM-Auditor-Group")), Met),
        (
            "under a condition",
            json!([{"Effect": "Allow", "Action": "iam:*", "Resource": "*",
                "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}]),
            Nearly,
        ),
        (
            "denied",
            json!([{"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
                {"Effect": "Deny", "Action": "iam:Add*", "Resource": "*"}]),
            Met,
        ),
    ] {
        let mut lab = lab();
        gives(&mut lab, &statements);
        let found = found("{ cannot: { who: user/User3, action: iam:AddUserToGroup } }", &lab);
        assert_eq!(is(&found.outcome), wanted, "{what}: {found:?}");
    }
    rows(
        "{ cannot: { who: user/User3, action: iam:AddUserToGroup } }",
        &[
            ("no such user", |lab| drop(identity_of(lab).users.remove("User3")), Missed),
            ("unread", UNREAD, Unknown),
        ],
    );
    let own = |lab: &mut Evidence, policies: Policies| {
        identity_of(lab).roles.get_mut("fn-role").unwrap().policies = policies;
    };
    let _ = own;
    rows(
        "{ can: { who: function-role, action: sns:Publish, on: topic } }",
        &[
            ("the topic's policy was not read", |lab| lab.snapshot.resource_policies.clear(), Met),
            (
                "not allowed",
                |lab| {
                    identity_of(lab).roles.get_mut("fn-role").unwrap().policies = Policies::default();
                },
                Missed,
            ),
            (
                "by AWS's policy",
                |lab| {
                    let sns = "arn:aws:iam::aws:policy/AmazonSNSFullAccess".to_owned();
                    let policies = Policies { attached: [sns.clone()].into(), ..Policies::default() };
                    identity_of(lab).roles.get_mut("fn-role").unwrap().policies = policies;
                    let says = document(&json!([{"Effect": "Allow", "Action": "sns:*", "Resource": "*"}]));
                    lab.snapshot.aws_managed.insert(sns, Facet::Read(says));
                },
                Met,
            ),
            (
                "AWS's policy was not read",
                |lab| {
                    let sns = "arn:aws:iam::aws:policy/AmazonSNSFullAccess".to_owned();
                    let policies = Policies { attached: [sns].into(), ..Policies::default() };
                    identity_of(lab).roles.get_mut("fn-role").unwrap().policies = policies;
                },
                Unknown,
            ),
            (
                "another topic",
                |lab| {
                    let says = json!([{"Effect": "Allow", "Action": "sns:Publish", "Resource": regional("sns:other")}]);
                    identity_of(lab).roles.get_mut("fn-role").unwrap().policies = inline("p", &says);
                },
                Missed,
            ),
            (
                "under a condition",
                |lab| {
                    let says = json!([{"Effect": "Allow", "Action": "sns:Publish", "Resource": "*",
                    "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}]);
                    identity_of(lab).roles.get_mut("fn-role").unwrap().policies = inline("p", &says);
                },
                Nearly,
            ),
            ("no topic", |lab| lab.topics = Facet::Read([].into()), Missed),
            ("no function", |lab| lab.functions = Facet::Read([].into()), Missed),
        ],
    );
    rows(
        "{ can: { who: function-role, action: sts:AssumeRole, on: role/IAM-Auditor-role } }",
        &[
            // Whom the role trusts is another criterion's.
            (
                "the role trusts nobody of use",
                |lab| {
                    trusts(lab, &json!({"Service": "lambda.amazonaws.com"}), &Value::Null);
                },
                Met,
            ),
            (
                "allowed by the trust policy alone",
                |lab| {
                    identity_of(lab).roles.get_mut("fn-role").unwrap().policies = Policies::default();
                },
                Met,
            ),
            (
                "allowed by neither",
                |lab| {
                    identity_of(lab).roles.get_mut("fn-role").unwrap().policies = Policies::default();
                    trusts(lab, &json!({"AWS": arn("root")}), &Value::Null);
                },
                Missed,
            ),
            (
                "denied",
                |lab| {
                    let says = json!([{"Effect": "Deny", "Action": "sts:*", "Resource": "*"}]);
                    identity_of(lab).roles.get_mut("fn-role").unwrap().policies = inline("p", &says);
                },
                Missed,
            ),
        ],
    );
}

#[test]
fn trust_policies() {
    let id = json!({"StringEquals": {"sts:ExternalId": "x"}});
    let only_fn = json!({"ArnEquals": {"aws:PrincipalArn": arn("role/fn-role")}});
    let mfa = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    let session = "arn:aws:sts::123456789012:assumed-role/fn-role/fn";
    let mine = arn("role/fn-role");
    let none = Value::Null;
    for (principal, condition, lets, only) in [
        (json!({"AWS": [mine]}), &none, Met, Met),
        (json!({"AWS": session}), &none, Met, Met),
        (json!({"AWS": "AROAFN-ROLE"}), &none, Met, Met),
        (json!({"AWS": mine}), &id, Met, Met),
        (json!({"AWS": mine}), &mfa, Nearly, Met),
        (json!({"AWS": arn("root")}), &none, Met, Nearly),
        (json!({"AWS": "123456789012"}), &none, Met, Nearly),
        (json!({"AWS": arn("root")}), &only_fn, Met, Met),
        (json!({"AWS": [mine, arn("user/User1")]}), &none, Met, Nearly),
        (json!({"AWS": [mine], "Service": "lambda.amazonaws.com"}), &none, Met, Missed),
        (json!({"AWS": [mine, "arn:aws:iam::210987654321:root"]}), &none, Met, Missed),
        (json!("*"), &none, Met, Missed),
        (json!({"AWS": "*"}), &none, Met, Missed),
        (json!({"AWS": "*"}), &only_fn, Met, Met),
        (json!({"Service": "lambda.amazonaws.com"}), &none, Missed, Missed),
        (json!({"AWS": arn("role/other")}), &none, Missed, Missed),
        (json!({"AWS": "AROADELETED"}), &none, Missed, Met),
        (json!({"Federated": "accounts.google.com"}), &none, Missed, Missed),
    ] {
        let mut lab = lab();
        trusts(&mut lab, &principal, condition);
        let trust = "{ role: role/IAM-Auditor-role, by: function-role }";
        let found = |kind: &str| found(&format!("{{ {kind}: {trust} }}"), &lab);
        let (in_it, in_only) = (found("trusts"), found("trusts_only"));
        assert_eq!(is(&in_it.outcome), lets, "{principal} {condition}: {in_it:?}");
        assert_eq!(is(&in_only.outcome), only, "{principal} {condition}: {in_only:?}");
    }
    for kind in ["trusts", "trusts_only"] {
        rows(
            &format!("{{ {kind}: {{ role: role/IAM-Auditor-role, by: function-role }} }}"),
            &[
                ("unread", UNREAD, Unknown),
                ("the function was not read", |lab| lab.functions = Facet::NotRead("denied".into()), Unknown),
                ("no role", |lab| drop(identity_of(lab).roles.remove("IAM-Auditor-role")), Missed),
                ("no function", |lab| lab.functions = Facet::Read([].into()), Missed),
                (
                    "it trusts its own service and the function runs as it",
                    |lab| {
                        let Some(Facet::Read(Some(function))) = lab.snapshot.functions.get_mut("fn") else {
                            panic!()
                        };
                        function.role = arn("role/IAM-Auditor-role");
                        trusts(lab, &json!({"Service": "lambda.amazonaws.com"}), &Value::Null);
                    },
                    Missed,
                ),
            ],
        );
    }
}

fn history(lab: &mut Evidence, user: &str, records: Vec<Value>) {
    lab.lookups.retain(|lookup| lookup.value != user);
    lab.lookups.push(lookup("Username", user, records));
}

#[test]
fn events() {
    rows(
        "{ event: { name: [ConsoleLogin], by: user/User1, mfa: true } }",
        &[
            (
                "without MFA",
                |lab| {
                    let more = json!({"additionalEventData": {"MFAUsed": "No"}, "responseElements": {"ConsoleLogin": "Success"}});
                    history(lab, "User1", vec![record("e", "User1", "ConsoleLogin", &more)]);
                },
                Missed,
            ),
            (
                "failed",
                |lab| {
                    let more = json!({"additionalEventData": {"MFAUsed": "Yes"}, "responseElements": {"ConsoleLogin": "Failure"}});
                    history(lab, "User1", vec![record("e", "User1", "ConsoleLogin", &more)]);
                },
                Missed,
            ),
            ("nothing", |lab| history(lab, "User1", vec![]), Missed),
            (
                "nothing in the newest",
                |lab| {
                    history(lab, "User1", vec![]);
                    lab.lookups.last_mut().unwrap().complete = false;
                },
                Unknown,
            ),
            (
                "denied",
                |lab| {
                    lab.lookups
                        .iter_mut()
                        .for_each(|lookup| lookup.records = Facet::NotRead("denied".into()));
                },
                Unknown,
            ),
            ("not asked", |lab| lab.lookups.clear(), Unknown),
            (
                "beside what is no event",
                |lab| {
                    let Facet::Read(records) = &mut lab.lookups[0].records else { panic!() };
                    records.insert(0, json!({"eventName": "ConsoleLogin"}));
                    records.insert(0, json!(["ConsoleLogin"]));
                },
                Met,
            ),
        ],
    );
    rows(
        "{ event: { name: [GetCredentialReport], by: user/User3 } }",
        &[
            (
                "root did it",
                |lab| {
                    history(lab, "User3", vec![record("e", "root", "GetCredentialReport", &json!({}))]);
                },
                Missed,
            ),
            (
                "denied",
                |lab| {
                    let more = json!({"errorCode": "AccessDenied"});
                    history(lab, "User3", vec![record("e", "User3", "GetCredentialReport", &more)]);
                },
                Missed,
            ),
            ("users were not read", UNREAD, Met),
        ],
    );
    rows(
        "{ event: { name: [AddUserToGroup], by: user/User3, outcome: denied, mentions: [User2] } }",
        &[
            (
                "somebody else was added",
                |lab| {
                    let more =
                        json!({"errorCode": "AccessDenied", "requestParameters": {"userName": "User1"}});
                    history(lab, "User3", vec![record("e", "User3", "AddUserToGroup", &more)]);
                },
                Missed,
            ),
            (
                "no word begins so",
                |lab| {
                    let more =
                        json!({"errorCode": "AccessDenied", "requestParameters": {"userName": "User21"}});
                    history(lab, "User3", vec![record("e", "User3", "AddUserToGroup", &more)]);
                },
                Missed,
            ),
            (
                "parameters left out",
                |lab| {
                    let more = json!({"errorCode": "AccessDenied"});
                    history(lab, "User3", vec![record("e", "User3", "AddUserToGroup", &more)]);
                },
                Met,
            ),
            (
                "it worked",
                |lab| {
                    let more = json!({"requestParameters": {"userName": "User2"}});
                    history(lab, "User3", vec![record("e", "User3", "AddUserToGroup", &more)]);
                },
                Missed,
            ),
        ],
    );
    rows(
        "{ event: { name: [LookupEvents], mentions: [root, ConsoleLogin] } }",
        &[(
            "something else",
            |lab| {
                let more = json!({"requestParameters": {"lookupAttributes": [
                {"attributeKey": "ReadOnly", "attributeValue": "false"}], "nextToken": "root"}});
                lab.lookups[2] =
                    lookup("EventName", "LookupEvents", vec![record("e", "x", "LookupEvents", &more)]);
            },
            Missed,
        )],
    );
}

#[test]
fn events_are_shown_with_time_name_who_and_id() {
    let found = found("{ event: { name: [ConsoleLogin], by: user/User1 } }", &lab());
    assert_eq!(found.evidence, ["2026-03-02T09:00:00Z ConsoleLogin by User1, event e1"]);
}

fn only_rule(lab: &mut Evidence, expression: &str, target: &str, enabled: bool) {
    let mut daily = rule("daily", expression, target);
    daily.enabled = enabled;
    lab.snapshot.rules.insert("daily".to_owned(), Facet::Read(Some(daily)));
}

fn scheduler(lab: &mut Evidence, trusted: &str, actions: &str) {
    lab.rules = Facet::Read([].into());
    let schedule = Schedule {
        arn: regional("scheduler:schedule/default/s"),
        name: "s".to_owned(),
        expression: "cron(0 6 * * ? *)".to_owned(),
        timezone: "America/Vancouver".to_owned(),
        enabled: true,
        target: regional("lambda:function:fn:$LATEST"),
        role: arn("role/clock"),
        starts: None,
        ends: None,
    };
    lab.snapshot.schedules = Facet::Read(vec![schedule]);
    let trust = json!([{"Effect": "Allow", "Principal": {"Service": trusted}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}]);
    let says = json!([{"Effect": "Allow", "Action": actions, "Resource": [regional("lambda:function:fn"),
        regional("lambda:function:fn:*")]}]);
    identity_of(lab).roles.extend([role("clock", &trust, inline("invoke", &says))]);
}

const FN: &str = "arn:aws:lambda:us-east-1:123456789012:function:fn";
const SERVICE: &str = "scheduler.amazonaws.com";
const INVOKE: &str = "lambda:InvokeFunction";

#[test]
fn schedules() {
    rows(
        "{ schedule: daily }",
        &[
            ("switched off", |lab| only_rule(lab, "rate(1 day)", FN, false), Nearly),
            ("every hour", |lab| only_rule(lab, "rate(1 hour)", FN, true), Nearly),
            ("on weekdays", |lab| only_rule(lab, "cron(0 6 ? * MON-FRI *)", FN, true), Nearly),
            ("every week", |lab| only_rule(lab, "rate(7 days)", FN, true), Missed),
            (
                "of nothing",
                |lab| only_rule(lab, "rate(1 day)", "arn:aws:sns:us-east-1:123456789012:x", true),
                Met,
            ),
            ("a schedule", |lab| scheduler(lab, SERVICE, INVOKE), Met),
            ("nothing", |lab| lab.rules = Facet::Read([].into()), Missed),
            ("schedules were not read", |lab| lab.snapshot.schedules = Facet::NotRead("denied".into()), Met),
            ("rules were not read", |lab| lab.rules = Facet::NotRead("denied".into()), Unknown),
            (
                "the other of two targets the function",
                |lab| {
                    only_rule(lab, "rate(7 days)", FN, true);
                    lab.rules = Facet::Read(["daily".to_owned(), "other".to_owned()].into());
                    let other = rule("other", "rate(1 day)", "arn:aws:sns:us-east-1:123456789012:x");
                    lab.snapshot.rules.insert("other".to_owned(), Facet::Read(Some(other)));
                },
                Missed,
            ),
        ],
    );
    rows(
        "{ schedule: targets-function }",
        &[
            ("an alias", |lab| only_rule(lab, "rate(1 day)", &format!("{FN}:live"), true), Met),
            ("another function", |lab| only_rule(lab, "rate(1 day)", &format!("{FN}2"), true), Missed),
            ("a schedule", |lab| scheduler(lab, SERVICE, INVOKE), Met),
            ("nothing", |lab| lab.rules = Facet::Read([].into()), Missed),
            ("no function", |lab| lab.functions = Facet::Read([].into()), Missed),
            ("unread", |lab| lab.functions = Facet::NotRead("denied".into()), Unknown),
        ],
    );
    let permit = |lab: &mut Evidence, source: Option<&str>| {
        let Some(Facet::Read(Some(function))) = lab.snapshot.functions.get_mut("fn") else { panic!() };
        function.permissions.get_mut("daily").unwrap().source_arn = source.map(str::to_owned);
    };
    let _ = permit;
    rows(
        "{ schedule: may-invoke }",
        &[
            (
                "no permission",
                |lab| {
                    let Some(Facet::Read(Some(function))) = lab.snapshot.functions.get_mut("fn") else {
                        panic!()
                    };
                    function.permissions.clear();
                },
                Missed,
            ),
            (
                "for any rule",
                |lab| {
                    let Some(Facet::Read(Some(function))) = lab.snapshot.functions.get_mut("fn") else {
                        panic!()
                    };
                    function.permissions.get_mut("daily").unwrap().source_arn = None;
                },
                Met,
            ),
            (
                "for rules by a wildcard",
                |lab| {
                    let Some(Facet::Read(Some(function))) = lab.snapshot.functions.get_mut("fn") else {
                        panic!()
                    };
                    function.permissions.get_mut("daily").unwrap().source_arn =
                        Some(regional("events:rule/*"));
                },
                Met,
            ),
            (
                "for another rule",
                |lab| {
                    let Some(Facet::Read(Some(function))) = lab.snapshot.functions.get_mut("fn") else {
                        panic!()
                    };
                    function.permissions.get_mut("daily").unwrap().source_arn =
                        Some(regional("events:rule/x"));
                },
                Missed,
            ),
            ("a schedule", |lab| scheduler(lab, SERVICE, INVOKE), Met),
            (
                "a schedule whose role trusts Lambda",
                |lab| scheduler(lab, "lambda.amazonaws.com", INVOKE),
                Missed,
            ),
            ("a schedule whose role may not", |lab| scheduler(lab, SERVICE, "lambda:GetFunction"), Missed),
            (
                "a schedule without its role",
                |lab| {
                    scheduler(lab, SERVICE, INVOKE);
                    identity_of(lab).roles.remove("clock");
                },
                Missed,
            ),
            ("nothing", |lab| lab.rules = Facet::Read([].into()), Missed),
        ],
    );
}

#[test]
fn configuration() {
    let change = |lab: &mut Evidence, runtime: &str, architecture: &str| {
        let Some(Facet::Read(Some(function))) = lab.snapshot.functions.get_mut("fn") else { panic!() };
        runtime.clone_into(&mut function.runtime);
        architecture.clone_into(&mut function.architecture);
    };
    for (runtime, architecture, is_runtime, is_architecture) in [
        ("python3.12", "arm64", Nearly, Missed),
        ("nodejs22.x", "X86_64", Missed, Met),
        ("", "x86_64", Missed, Met),
    ] {
        let mut lab = lab();
        change(&mut lab, runtime, architecture);
        let wanted = "{ runtime: { is: python3.9, or_nearly: [python3.12] } }";
        assert_eq!(is(&found(wanted, &lab).outcome), is_runtime, "{runtime}");
        assert_eq!(is(&found("{ architecture: x86_64 }", &lab).outcome), is_architecture, "{architecture}");
    }
    let subscribed = |lab: &mut Evidence| {
        let Some(Facet::Read(Some(topic))) = lab.snapshot.topics.get_mut("report") else { panic!() };
        topic.subscriptions.clone()
    };
    let _ = subscribed;
    rows(
        "{ subscription: { protocol: email, confirmed: true } }",
        &[
            (
                "pending",
                |lab| {
                    let Some(Facet::Read(Some(topic))) = lab.snapshot.topics.get_mut("report") else {
                        panic!()
                    };
                    topic.subscriptions[0].arn = None;
                },
                Nearly,
            ),
            (
                "as JSON",
                |lab| {
                    let Some(Facet::Read(Some(topic))) = lab.snapshot.topics.get_mut("report") else {
                        panic!()
                    };
                    topic.subscriptions[0].protocol = "email-json".to_owned();
                },
                Met,
            ),
            (
                "by SMS",
                |lab| {
                    let Some(Facet::Read(Some(topic))) = lab.snapshot.topics.get_mut("report") else {
                        panic!()
                    };
                    topic.subscriptions[0].protocol = "sms".to_owned();
                },
                Missed,
            ),
            (
                "none",
                |lab| {
                    let Some(Facet::Read(Some(topic))) = lab.snapshot.topics.get_mut("report") else {
                        panic!()
                    };
                    topic.subscriptions.clear();
                },
                Missed,
            ),
            ("unread", |lab| lab.topics = Facet::NotRead("denied".into()), Unknown),
        ],
    );
}

#[test]
fn alternatives() {
    let any = |parts: &str| is(&found(&format!("{{ any: [{parts}] }}"), &lab()).outcome);
    let (yes, no) = ("{ console: user/User1 }", "{ mfa: user/User2 }");
    let unknown = "{ event: { name: [CreateUser] } }";
    assert_eq!(any(&format!("{no}, {yes}")), Met);
    assert_eq!(any(&format!("{unknown}, {yes}")), Met);
    assert_eq!(any(&format!("{unknown}, {no}")), Unknown);
    let all = |parts: &str| is(&found(&format!("{{ all: [{parts}] }}"), &lab()).outcome);
    assert_eq!(all(&format!("{yes}, {no}")), Part(50));
    assert_eq!(all(&format!("{yes}, {unknown}")), Unknown);
    assert_eq!(all(&format!("{no}, {no}")), Missed);
}

#[test]
fn the_function_and_the_topic_are_found_among_others() {
    let mut lab = lab();
    lab.functions = Facet::Read(["a".to_owned(), "iam-audit".to_owned()].into());
    lab.snapshot.functions =
        ["a", "iam-audit"].map(|name| (name.to_owned(), Facet::Read(Some(function(name))))).into();
    lab.packages = ["a", "iam-audit"].map(|name| (name.to_owned(), Facet::Read(package()))).into();
    lab.topics = Facet::Read(["a".to_owned(), "report".to_owned()].into());
    let mut quiet = topic("a");
    quiet.subscriptions.clear();
    lab.snapshot.topics.insert("a".to_owned(), Facet::Read(Some(quiet)));
    assert!(found("{ exists: function }", &lab).message.contains("`iam-audit`"));
    assert!(found("{ exists: topic }", &lab).message.contains("`report`"));
    // What the function names comes before who is subscribed.
    let Some(Facet::Read(Some(function))) = lab.snapshot.functions.get_mut("iam-audit") else { panic!() };
    function.environment.insert("TOPIC".to_owned(), regional("sns:a"));
    assert!(found("{ exists: topic }", &lab).message.contains("`a`"));
    function_renamed_to_nothing_known(&mut lab);
}

/// Several functions of which nobody read the code, and no name that tells.
fn function_renamed_to_nothing_known(lab: &mut Evidence) {
    lab.functions = Facet::Read(["a".to_owned(), "b".to_owned()].into());
    lab.packages = ["a", "b"].map(|name| (name.to_owned(), Facet::NotRead("denied".into()))).into();
    assert_eq!(is(&found("{ exists: function }", lab).outcome), Unknown);
}

#[test]
fn hostile_texts_stay_small() {
    let mut lab = lab();
    let long = "<b>\u{1b}[31m=x".repeat(400_000);
    rename_policy(&mut lab, "IAM-Auditor-Policy");
    identity_of(&mut lab).users.get_mut("User1").unwrap().policies = inline(&long, &report());
    identity_of(&mut lab).groups.get_mut("IAM-Auditor-Group").unwrap().policies.attached.insert(arn(&long));
    let Some(Facet::Read(Some(function))) = lab.snapshot.functions.get_mut("fn") else { panic!() };
    function.runtime.clone_from(&long);
    function.environment.insert("A".to_owned(), long.clone());
    trusts(&mut lab, &json!({"AWS": [arn("role/fn-role"), long]}), &Value::Null);
    says(
        &mut lab,
        &json!([{"Effect": "Allow", "Action": [long, "iam:GetCredentialReport"], "Resource": "*"}]),
    );
    let rubric = shipped();
    let case = Case::new(&rubric, &lab);
    for criterion in rubric.criteria() {
        let found = evaluate(&criterion.check, &case);
        let size = found.message.len() + found.evidence.iter().map(String::len).sum::<usize>();
        assert!(size < 40_000, "{}: {size}", criterion.id);
    }
}

/// Writes the same policy in another way.
fn rewritten(statements: &[Value], order: usize, cases: bool, lists: bool) -> Value {
    let mut all = statements.to_vec();
    let turn = order % all.len().max(1);
    all.rotate_left(turn);
    if order.is_multiple_of(2) {
        all.reverse();
    }
    for statement in &mut all {
        for key in ["Action", "Resource"] {
            let mut texts: Vec<String> = match &statement[key] {
                Value::Array(texts) => texts.iter().map(|text| text.as_str().unwrap().to_owned()).collect(),
                text => vec![text.as_str().unwrap().to_owned()],
            };
            texts.reverse();
            if cases && key == "Action" {
                texts = texts.iter().map(|text| text.to_uppercase()).collect();
            }
            statement[key] = if !lists && texts.len() == 1 { json!(texts[0]) } else { json!(texts) };
        }
    }
    json!(all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The order of statements and actions, capitals, and a text in place of a list of one change no criterion.
    #[test]
    fn how_a_policy_is_written_changes_nothing(
        picks in prop::collection::vec((0..7_usize, 0..3_usize, any::<bool>()), 1..5),
        order in 0..6_usize,
        cases: bool,
        lists: bool,
    ) {
        let actions = [
            json!("iam:GenerateCredentialReport"), json!(["iam:GetCredentialReport", "iam:ListUsers"]),
            json!("iam:*CredentialReport"), json!(["s3:Get*"]), json!("iam:*"), json!(["iam:Add*", "sns:Publish"]),
            json!("*"),
        ];
        let resources = ["*", "arn:aws:iam::123456789012:user/*", "arn:aws:s3:::b/*"];
        let statements: Vec<Value> = picks
            .iter()
            .map(|&(action, resource, denies)| json!({
                "Effect": if denies { "Deny" } else { "Allow" },
                "Action": actions[action], "Resource": resources[resource],
            }))
            .collect();
        let rubric = shipped();
        let (mut one, mut other) = (lab(), lab());
        says(&mut one, &json!(statements));
        says(&mut other, &rewritten(&statements, order, cases, lists));
        let (first, second) = (Case::new(&rubric, &one), Case::new(&rubric, &other));
        for criterion in rubric.criteria() {
            let (a, b) = (evaluate(&criterion.check, &first), evaluate(&criterion.check, &second));
            prop_assert_eq!(a.outcome, b.outcome, "{}: {} {}", &criterion.id, a.message, b.message);
        }
    }
}
