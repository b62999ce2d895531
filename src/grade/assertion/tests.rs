//! One change of a right lab, one criterion, what it comes to.

mod automation;
mod hostile;
mod meaning;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::testing::{
    empty, found, function, identity_of, lab, lookup, package, record, regional, report, shipped, topic,
};
use super::{Case, evaluate};
use crate::account::snapshot::{Facet, Policies, VirtualMfaDevice};
use crate::account::testing::{arn, attached, inline, managed};
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

/// Tells whether those who read code decide it, or a person.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "what `any` hands over")]
fn is_for_readers(leaf: &&Assertion) -> bool {
    matches!(leaf, Assertion::Code(_) | Assertion::Named(_) | Assertion::Manual(_))
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
        if !criterion.check.leaves().iter().any(is_for_readers) {
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
        (|lab| rename_user(lab, "User2", "user-2"), &["T2.user2-console"]),
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
            if criterion.check.leaves().iter().any(is_for_readers) {
                continue;
            }
            let found = evaluate(&criterion.check, &case);
            let is_met = found.outcome == Outcome::Met;
            assert_eq!(is_met, !costs.contains(&criterion.id.as_str()), "{}: {found:?}", criterion.id);
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

fn history(lab: &mut Evidence, user: &str, records: Vec<Value>) {
    lab.lookups.retain(|lookup| lookup.value != user);
    lab.lookups.push(lookup("Username", user, records));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of events")]
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
fn what_did_not_happen_is_told_with_where_it_was_looked_for() {
    let check = "{ event: { name: [LookupEvents], mentions: [root, ConsoleLogin] } }";
    let mut lab = lab();
    lab.lookups[2].records = Facet::Read(vec![]);
    let mut elsewhere = lookup("EventName", "LookupEvents", vec![]);
    elsewhere.region = "eu-west-1".to_owned();
    lab.lookups.push(elsewhere);
    let told = found(check, &lab).message;
    assert!(told.contains("`eu-west-1` and `us-east-1`"), "{told}");
    lab.lookups[2].records = Facet::Read(vec![record("e", "x", "LookupEvents", &json!({}))]);
    let told = found(check, &lab).message;
    assert!(told.contains("not about `root` or `ConsoleLogin`"), "{told}");
    // By its source, as the console lets one choose.
    let by_source = json!({"requestParameters": {"lookupAttributes": [
        {"attributeKey": "EventSource", "attributeValue": "signin.amazonaws.com"}]}});
    lab.lookups[2].records = Facet::Read(vec![record("e", "x", "LookupEvents", &by_source)]);
    let result = mark::mark(&shipped(), &lab, &BTreeMap::new());
    let task = result.tasks.iter().find(|task| task.id == "T13").unwrap();
    assert_eq!(task.score, task.max, "{task:?}");
}

#[test]
fn events_are_shown_with_time_name_who_and_id() {
    let found = found("{ event: { name: [ConsoleLogin], by: user/User1 } }", &lab());
    assert_eq!(found.evidence, ["2026-03-02T09:00:00Z ConsoleLogin by User1, event e1"]);
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
