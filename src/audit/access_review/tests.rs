//! What is concluded from policies, seen from outside.

use std::collections::BTreeMap;

use proptest::prelude::Strategy;
use proptest::sample::select;
use serde_json::{Value, json};

use super::*;
use crate::account::effective::{Holder, effective};
use crate::account::snapshot::{
    Facet, Group, Identity, ManagedPolicy, Policies, PolicyVersion, Role, Snapshot, User,
};
use crate::account::testing::{arn, document, lab};
use crate::policy::actions::{Level, actions};
use crate::policy::document::wildcard_covers;
use crate::policy::evaluate::{Outcome, evaluate};
use crate::policy::request::Request;

/// An account that is put together by hand.
struct Account(Identity);

fn allow(action: &Value, resource: &Value) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn deny(action: &Value, resource: &Value) -> Value {
    json!({"Effect": "Deny", "Action": action, "Resource": resource})
}

fn inline(statements: &Value) -> Policies {
    Policies { inline: [("Own".to_owned(), document(statements))].into(), ..Policies::default() }
}

impl Account {
    fn new() -> Self {
        Self(Identity::default())
    }

    fn user(mut self, name: &str, statements: &Value) -> Self {
        let user = User {
            arn: arn(&format!("user/{name}")),
            id: format!("AIDA{name}"),
            created: None,
            groups: [].into(),
            policies: inline(statements),
            tags: BTreeMap::new(),
        };
        self.0.users.insert(name.into(), user);
        self
    }

    fn group(mut self, name: &str, members: &[&str], statements: &Value) -> Self {
        let group =
            Group { arn: arn(&format!("group/{name}")), path: "/".into(), policies: inline(statements) };
        self.0.groups.insert(name.into(), group);
        for member in members {
            self.0.users.get_mut(*member).unwrap().groups.insert(name.into());
        }
        self
    }

    fn role(mut self, name: &str, principal: &Value, statements: &Value) -> Self {
        let role = Role {
            arn: arn(&format!("role/{name}")),
            id: format!("AROA{name}"),
            created: None,
            last_used: None,
            trust: document(
                &json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]),
            ),
            policies: inline(statements),
            instance_profiles: [].into(),
            tags: BTreeMap::new(),
            details: None,
        };
        self.0.roles.insert(name.into(), role);
        self
    }

    fn policy(mut self, name: &str, versions: usize, statements: &Value) -> Self {
        let version =
            |at: usize| PolicyVersion { id: format!("v{at}"), is_default: at == versions, created: None };
        let policy = ManagedPolicy {
            arn: arn(&format!("policy/{name}")),
            document: Some(document(statements)),
            description: None,
            versions: (1..=versions).map(version).collect(),
            tags: BTreeMap::new(),
        };
        self.0.policies.insert(name.into(), policy);
        self
    }

    fn attached(mut self, user: &str, policy: &str) -> Self {
        self.0.users.get_mut(user).unwrap().policies.attached.insert(policy.into());
        self
    }

    fn bounded(mut self, user: &str, policy: &str) -> Self {
        self.0.users.get_mut(user).unwrap().policies.boundary = Some(arn(&format!("policy/{policy}")));
        self
    }

    fn review(self) -> Review {
        let mut snapshot = lab();
        snapshot.identity = Facet::Read(self.0);
        review(&snapshot, &LastUses::of(&snapshot)).unwrap()
    }
}

/// The only user of an account with these statements.
fn alone(statements: &Value) -> Reviewed {
    user(&Account::new().user("alice", statements).review(), "alice")
}

fn user(review: &Review, name: &str) -> Reviewed {
    review.users.iter().find(|one| one.name == name).unwrap().clone()
}

/// `service:Action`, with `?` when it depends on a condition, and the resources.
fn may(one: &Reviewed) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for grant in &one.grants {
        let mark = |place| if grant.conditional.contains(place) { "?" } else { "" };
        let on = grant.resources.join(" ");
        let known =
            grant.actions.iter().map(|place| format!("{}{} on {on}", actions().name(place), mark(place)));
        all.extend(known);
        let unknown = grant.patterns.iter().filter(|pattern| !pattern.is_known);
        all.extend(unknown.map(|pattern| format!("{} (unknown) on {on}", pattern.text)));
    }
    all.sort();
    all
}

fn ids(one: &Reviewed) -> Vec<&'static str> {
    one.paths.iter().map(|found| found.path.id).collect()
}

fn path<'a>(one: &'a Reviewed, id: &str) -> &'a Found {
    one.paths.iter().find(|found| found.path.id == id).unwrap_or_else(|| panic!("{id} in {:?}", ids(one)))
}

/// What the engine says to one request of the only user.
fn engine(snapshot: &Snapshot, action: &str, resource: &str) -> Outcome {
    let holder = Holder::User("alice".into());
    let held = effective(snapshot, &holder).unwrap();
    let context = crate::account::ask::known(snapshot, &held.tags);
    let request =
        Request { principal: held.principal, action: action.into(), resource: resource.into(), context };
    evaluate(&held.policies, &request).outcome
}

fn statement() -> impl Strategy<Value = Value> {
    let action = select(vec!["*", "s3:*", "s3:Get*", "s3:PutObject", "s3:GetObject", "iam:GetUser"]);
    let resource = select(vec![
        "*",
        "arn:aws:s3:::*",
        "arn:aws:s3:::a/*",
        "arn:aws:s3:::a/b",
        "arn:aws:s3:::?/b",
        "arn:aws:s3:::${aws:username}/*",
    ]);
    (0..8_u8, 0..4_u8, 0..4_u8, action, resource).prop_map(|(kind, negated, condition, action, resource)| {
        let mut statement = serde_json::Map::new();
        statement.insert("Effect".into(), json!(if kind < 5 { "Allow" } else { "Deny" }));
        statement.insert(if negated == 1 { "NotAction" } else { "Action" }.into(), json!([action]));
        statement.insert(if negated == 2 { "NotResource" } else { "Resource" }.into(), json!([resource]));
        if condition == 0 {
            statement.insert("Condition".into(), json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}));
        }
        Value::Object(statement)
    })
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(150))]
    /// Whatever the engine allows, or cannot rule out, is in the review; what the review calls free, it allows.
    #[test]
    fn the_review_agrees_with_the_engine(
        own in proptest::collection::vec(statement(), 1..5),
        limits in proptest::option::of(proptest::collection::vec(statement(), 1..4)),
    ) {
        let mut account = Account::new().user("alice", &json!(own));
        if let Some(limits) = &limits {
            account = account.policy("Limits", 1, &json!(limits)).bounded("alice", "Limits");
        }
        let mut snapshot = lab();
        snapshot.identity = Facet::Read(account.0);
        let review = review(&snapshot, &LastUses::of(&snapshot)).unwrap();
        let alice = user(&review, "alice");
        for action in ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "iam:GetUser"] {
            for resource in ["arn:aws:s3:::a/b", "arn:aws:s3:::a/c", "arn:aws:s3:::c/b", "arn:aws:s3:::alice/b"] {
                let outcome = engine(&snapshot, action, resource);
                let place = actions().find(action).unwrap();
                let is_about = |text: &String| match text.strip_prefix("all but ") {
                    Some(_) => true,
                    None => text.split(" within ").all(|text| {
                        let text = text.replace("${aws:username}", "alice");
                        text == resource || wildcard_covers(&text, resource)
                    }),
                };
                let grants = || alice.grants.iter().filter(|grant| {
                    grant.actions.contains(place) && grant.resources.iter().any(is_about)
                });
                let told = || format!("{action} on {resource}: {outcome:?}\n{own:?}\n{limits:?}\n{:?}", may(&alice).len());
                proptest::prop_assert!(
                    matches!(outcome, Outcome::Denied(_)) || grants().count() > 0, "missing: {}", told()
                );
                let is_plain = |text: &String| is_about(text) && !text.contains(" within ") && !text.starts_with("all but");
                let free = grants().any(|grant| {
                    !grant.conditional.contains(place) && grant.limits.is_empty() && grant.resources.iter().any(is_plain)
                });
                proptest::prop_assert!(!free || outcome == Outcome::Allowed, "too much: {}", told());
            }
        }
    }
}

#[test]
fn wildcards_are_expanded_and_counted_by_level() {
    let one = alone(&json!([allow(&json!(["iam:*AccessKey", "iam:listaccesskeys"]), &json!("*"))]));
    assert_eq!(
        may(&one),
        [
            "iam:CreateAccessKey on *",
            "iam:DeleteAccessKey on *",
            "iam:ListAccessKeys on *",
            "iam:UpdateAccessKey on *"
        ]
    );
    let summary = one.summary();
    let [iam] = summary.services.as_slice() else { panic!("{summary:?}") };
    assert_eq!(iam.levels, [(Level::List, 1), (Level::Write, 3)]);
    assert!(iam.sentence().starts_with("4 of 1") && iam.sentence().ends_with("actions (List 1, Write 3)"));
    let texts: Vec<_> = one.grants[0].patterns.iter().map(|it| (&*it.text, it.actions.len())).collect();
    assert_eq!(texts, [("iam:*AccessKey", 3), ("iam:listaccesskeys", 1)]);
}

#[test]
fn what_the_list_does_not_know_stays_as_it_is_written() {
    let statements = json!([allow(&json!(["codestar:*", "iam:FlyToTheMoon", "nosuch:Thing"]), &json!("*"))]);
    let one = alone(&statements);
    assert_eq!(
        may(&one),
        ["codestar:* (unknown) on *", "iam:FlyToTheMoon (unknown) on *", "nosuch:Thing (unknown) on *"]
    );
    let unknown: Vec<_> = one.summary().unknown.iter().map(ToString::to_string).collect();
    assert_eq!(unknown, ["codestar:*", "iam:FlyToTheMoon", "nosuch:Thing"]);
    // A denial takes it away, and so does a boundary that does not name it.
    let mut denied = statements.as_array().unwrap().clone();
    denied.push(deny(&json!("codestar:*"), &json!("*")));
    assert_eq!(
        may(&alone(&json!(denied))),
        ["iam:FlyToTheMoon (unknown) on *", "nosuch:Thing (unknown) on *"]
    );
    let bounded = Account::new().user("alice", &statements);
    let bounded = bounded.policy("Limits", 1, &json!([allow(&json!("nosuch:*"), &json!("*"))]));
    assert_eq!(
        may(&user(&bounded.bounded("alice", "Limits").review(), "alice")),
        ["nosuch:Thing (unknown) on *"]
    );
}

#[test]
fn denials_take_away_what_they_cover_and_are_told() {
    let one = alone(&json!([
        allow(&json!(["sns:Publish", "sns:DeleteTopic", "sns:Subscribe"]), &json!("*")),
        deny(&json!("sns:Delete*"), &json!("*")),
        {"Effect": "Deny", "Action": "sns:Subscribe", "Resource": "*",
         "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}},
        deny(&json!("sns:Publish"), &json!("arn:aws:sns:*:*:secret")),
    ]));
    assert_eq!(may(&one), ["sns:Publish on *", "sns:Subscribe? on *"]);
    let limits = one.grants[0].limits.join("\n");
    assert!(
        limits.contains("statement 2 of inline policy `Own` of user `alice` denies 1 of the actions"),
        "{limits}"
    );
    assert!(limits.contains("when Bool aws:MultiFactorAuthPresent: false"), "{limits}");
    assert!(limits.contains("on arn:aws:sns:*:*:secret"), "{limits}");
    // A denial of something else is no limit.
    let other = alone(&json!([
        allow(&json!("s3:GetObject"), &json!("arn:aws:s3:::a/*")),
        deny(&json!("s3:GetObject"), &json!("arn:aws:s3:::b/*")),
    ]));
    assert_eq!((may(&other).len(), other.grants[0].limits.len()), (1, 0));
}

#[test]
fn a_denial_with_exceptions_leaves_the_exceptions() {
    let one = alone(&json!([
        allow(&json!("s3:GetObject"), &json!("*")),
        {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::open/*"},
    ]));
    assert_eq!(may(&one), ["s3:GetObject on arn:aws:s3:::open/*"]);
    let all = alone(&json!([allow(&json!("s3:GetObject"), &json!("*")), deny(&json!("*"), &json!("*")),]));
    assert!(may(&all).is_empty());
    assert_eq!(
        all.without_effect,
        ["statement 1 of inline policy `Own` of user `alice` does not apply: other statements deny it"]
    );
}

#[test]
fn a_boundary_limits_actions_and_resources() {
    let account = Account::new()
        .user(
            "alice",
            &json!([allow(&json!(["s3:GetObject", "sqs:SendMessage", "iam:CreateUser"]), &json!("*"))]),
        )
        .policy(
            "Limits",
            1,
            &json!([
                allow(&json!("s3:*"), &json!("*")),
                allow(&json!("sqs:*"), &json!("arn:aws:sqs:*:*:mine"))
            ]),
        )
        .bounded("alice", "Limits");
    let one = user(&account.review(), "alice");
    assert_eq!(may(&one), ["s3:GetObject on *", "sqs:SendMessage on arn:aws:sqs:*:*:mine"]);
}

#[test]
fn long_lists_on_both_sides_end_and_hide_nothing() {
    let buckets =
        |letter: &str| (0..200).map(|at| format!("arn:aws:s3:::*{letter}{at}*")).collect::<Vec<_>>();
    let except = |letter: &str| json!({"Effect": "Deny", "Action": "*", "NotResource": buckets(letter)});
    let account = Account::new()
        .user(
            "alice",
            &json!([allow(&json!("s3:GetObject"), &json!(buckets("a"))), except("b"), except("c")]),
        )
        .policy("Limits", 1, &json!([allow(&json!("s3:*"), &json!(buckets("d")))]))
        .bounded("alice", "Limits");
    let one = user(&account.review(), "alice");
    assert!(may(&one).iter().any(|text| text.starts_with("s3:GetObject")), "{:?}", one.without_effect);
}

#[test]
fn not_action_is_everything_else() {
    let power =
        alone(&json!([{"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}]));
    let summary = power.summary();
    assert!(summary.whole.contains(&"s3") && !summary.whole.contains(&"iam"), "{:?}", summary.whole);
    assert!(!summary.services.iter().any(|one| one.service == "iam"));
    assert_eq!(&*power.grants[0].patterns[0].text, "all but iam:*, organizations:*");
    assert_eq!(power.administrator, Administrator::No);
    let most = alone(&json!([{"Effect": "Allow", "NotAction": "aws-portal:*", "Resource": "*"}]));
    assert!(matches!(most.administrator, Administrator::Yes { but: 1.. }), "{:?}", most.administrator);
}

#[test]
fn conditions_are_neither_dropped_nor_counted_as_free() {
    let mfa = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    let one = alone(&json!([{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": mfa}]));
    assert_eq!(one.administrator, Administrator::Conditional { but: 0 });
    assert_eq!(one.grants[0].conditions, ["Bool aws:MultiFactorAuthPresent: true"]);
    assert!(one.summary().whole.is_empty());
    assert_eq!(ids(&one), Vec::<&str>::new());
    // What never holds for this user grants nothing, and that is told.
    let other = json!({"StringEquals": {"aws:username": "bob"}});
    let one = alone(&json!([{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": other}]));
    assert_eq!((one.administrator, one.grants.len()), (Administrator::No, 0));
    assert!(
        one.without_effect[0].contains("condition `StringEquals` on `aws:username`"),
        "{:?}",
        one.without_effect
    );
}

#[test]
fn administrators_are_found_however_it_is_written() {
    for statements in [
        json!([allow(&json!("*"), &json!("*"))]),
        json!([allow(&json!("*:*"), &json!("*"))]),
        json!([{"Effect": "Allow", "NotAction": [], "Resource": "*"}]),
        json!([allow(&json!(["iam:*", "s3:*"]), &json!("*")), {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]),
    ] {
        assert_eq!(alone(&statements).administrator, Administrator::Yes { but: 0 }, "{statements}");
    }
    let but = alone(&json!([allow(&json!("*"), &json!("*")), deny(&json!("iam:DeleteUser"), &json!("*"))]));
    assert_eq!(but.administrator, Administrator::Yes { but: 1 });
    let bucket = alone(&json!([allow(&json!("*"), &json!("arn:aws:s3:::bucket/*"))]));
    assert_eq!(bucket.administrator, Administrator::No);
    let bounded = Account::new()
        .user("alice", &json!([allow(&json!("*"), &json!("*"))]))
        .policy("Limits", 1, &json!([allow(&json!("s3:*"), &json!("*"))]))
        .bounded("alice", "Limits");
    assert_eq!(user(&bounded.review(), "alice").administrator, Administrator::No);
}

#[test]
fn what_was_not_read_is_unknown_and_not_nothing() {
    let arn = "arn:aws:iam::aws:policy/SomethingOfAws";
    let account = Account::new().user("alice", &json!([])).attached("alice", arn);
    let one = user(&account.review(), "alice");
    assert_eq!(one.administrator, Administrator::Unknown);
    assert_eq!(one.unread, ["policy `SomethingOfAws` of user `alice` was not read: nobody asked for it"]);
    // A boundary that was not read limits nobody knows what.
    let bounded =
        Account::new().user("alice", &json!([allow(&json!("*"), &json!("*"))])).bounded("alice", "Lost");
    let one = user(&bounded.review(), "alice");
    assert_eq!((one.administrator, one.unread.len()), (Administrator::Unknown, 1));
    assert_eq!(one.grants[0].conditional, *one.grants[0].actions);
}

#[test]
fn permissions_come_through_groups() {
    let account = Account::new().user("alice", &json!([])).user("bob", &json!([])).group(
        "staff",
        &["alice"],
        &json!([allow(&json!("sns:Publish"), &json!("*"))]),
    );
    let review = account.review();
    let (alice, bob) = (user(&review, "alice"), user(&review, "bob"));
    assert_eq!(alice.grants[0].group.as_deref(), Some("staff"));
    assert_eq!((may(&alice), may(&bob)), (vec!["sns:Publish on *".to_owned()], vec![]));
    let staff = &review.groups[0];
    assert_eq!((may(staff), staff.together.clone()), (may(&alice), vec!["alice".to_owned()]));
}

/// The three policies that an auditor of many thousand stars passes.
#[test]
fn the_well_known_ways_are_found() {
    let lambda = json!(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]);
    let passing = alone(&json!([allow(&lambda, &json!("*"))]));
    assert_eq!(ids(&passing), ["pass-role-lambda"]);
    assert_eq!(path(&passing, "pass-role-lambda").leads, Leads::No, "there is no role that lets Lambda in");
    assert!(alone(&json!([allow(&json!("*"), &json!("*"))])).administrator.is());
    let rewriting = json!([allow(&json!("iam:CreatePolicyVersion"), &json!("*"))]);
    assert_eq!(ids(&alone(&rewriting)), ["create-policy-version"]);

    let account = Account::new()
        .user("alice", &json!([allow(&lambda, &json!("*"))]))
        .user("bob", &json!([]))
        .policy("Mine", 1, &rewriting)
        .attached("bob", &arn("policy/Mine"))
        .role(
            "Runner",
            &json!({"Service": "lambda.amazonaws.com"}),
            &json!([allow(&json!("*"), &json!("*"))]),
        )
        .role("Other", &json!({"Service": "ec2.amazonaws.com"}), &json!([allow(&json!("*"), &json!("*"))]));
    let review = account.review();
    let alice = user(&review, "alice");
    let found = path(&alice, "pass-role-lambda");
    assert_eq!((found.leads, &found.targets), (Leads::Yes, &vec!["role `Runner`".to_owned()]));
    let actions: Vec<_> = found.steps.iter().map(|step| step.action).collect();
    assert_eq!(actions, ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]);
    assert_eq!(found.steps[0].by, ["statement 1 of inline policy `Own` of user `alice`"]);
    let bob = user(&review, "bob");
    assert_eq!(path(&bob, "create-policy-version").leads, Leads::Yes);
}

/// Whoever writes a policy may know how patterns are compared.
#[test]
fn a_denial_of_made_up_things_hides_nothing() {
    for denied in ["?", "??", "????????????????", "zz*", "*zz*", "\u{FDD0}", "\u{FDD1}"] {
        let one = alone(&json!([
            allow(&json!("*"), &json!("*")),
            deny(&json!(format!("{denied}:*")), &json!("*")),
            deny(&json!("*"), &json!(format!("arn:aws:iam::123456789012:user/{denied}"))),
        ]));
        assert!(one.administrator.is(), "{denied}: {:?}", one.administrator);
        let key = alone(&json!([
            allow(&json!("iam:CreateAccessKey"), &json!("arn:aws:iam::123456789012:user/*")),
            deny(&json!("*"), &json!(format!("arn:aws:iam::123456789012:user/{denied}"))),
        ]));
        assert_eq!(ids(&key), ["create-access-key"], "{denied}");
    }
}

#[test]
fn half_a_way_and_the_wrong_service_lead_nowhere() {
    for actions in
        [json!(["iam:PassRole", "lambda:CreateFunction"]), json!("iam:PassRole"), json!("iam:Get*")]
    {
        assert_eq!(ids(&alone(&json!([allow(&actions, &json!("*"))]))), Vec::<&str>::new(), "{actions}");
    }
    let pass = json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
        "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}});
    let start =
        allow(&json!(["lambda:CreateFunction", "lambda:InvokeFunction", "ec2:RunInstances"]), &json!("*"));
    assert_eq!(ids(&alone(&json!([pass, start]))), ["pass-role-ec2"]);
    let denied = deny(&json!("lambda:Invoke*"), &json!("*"));
    let all = allow(&json!(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]), &json!("*"));
    assert_eq!(ids(&alone(&json!([all, denied]))), Vec::<&str>::new());
}

#[test]
fn what_one_may_do_to_oneself_alone_is_no_escalation() {
    let own = json!(["iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"]);
    for resource in [json!("arn:aws:iam::*:user/${aws:username}"), json!(arn("user/alice"))] {
        let account = Account::new()
            .user("alice", &json!([allow(&own, &resource)]))
            .user("bob", &json!([allow(&json!("*"), &json!("*"))]));
        assert_eq!(ids(&user(&account.review(), "alice")), Vec::<&str>::new(), "{resource}");
    }
    // The same through a denial of everything else.
    let except = json!([
        allow(&own, &json!("*")),
        {"Effect": "Deny", "Action": "iam:*", "NotResource": "arn:aws:iam::*:user/${aws:username}"},
    ]);
    let account = Account::new().user("alice", &except).user("bob", &json!([]));
    assert_eq!(ids(&user(&account.review(), "alice")), Vec::<&str>::new());
    // The policy of a group is no escalation for its members either.
    let account = Account::new().user("alice", &json!([])).group(
        "staff",
        &["alice"],
        &json!([allow(&own, &json!("arn:aws:iam::*:user/${aws:username}"))]),
    );
    let review = account.review();
    assert_eq!((ids(&user(&review, "alice")), ids(&review.groups[0])), (vec![], vec![]));
}

#[test]
fn somebody_elses_key_leads_as_far_as_they_do() {
    let key = |who: &str| json!([allow(&json!("iam:CreateAccessKey"), &json!(arn(&format!("user/{who}"))))]);
    let account = Account::new()
        .user("alice", &key("bob"))
        .user("bob", &key("carol"))
        .user("carol", &json!([allow(&json!("*"), &json!("*"))]))
        .user("dave", &key("erin"))
        .user("erin", &json!([]));
    let review = account.review();
    for (name, target, leads) in [
        ("bob", "user `carol`", Leads::Yes),
        ("alice", "user `bob`", Leads::Yes),
        ("dave", "user `erin`", Leads::No),
    ] {
        let one = user(&review, name);
        let found = path(&one, "create-access-key");
        assert_eq!(
            (found.targets.as_slice(), found.leads),
            ([target.to_owned()].as_slice(), leads),
            "{name}"
        );
    }
}

#[test]
fn roles_are_assumed_where_their_door_is_open() {
    let root = json!({"AWS": "arn:aws:iam::123456789012:root"});
    let all = json!([allow(&json!("*"), &json!("*"))]);
    let account = Account::new()
        .user("asks", &json!([allow(&json!("sts:AssumeRole"), &json!(arn("role/Admin")))]))
        .user("named", &json!([]))
        .user("nobody", &json!([]))
        .user("elsewhere", &json!([allow(&json!("sts:AssumeRole"), &json!(arn("role/Locked")))]))
        .role("Admin", &root, &all)
        .role("Named", &json!({"AWS": arn("user/named")}), &all)
        .role("Locked", &json!({"Service": "ec2.amazonaws.com"}), &all);
    let review = account.review();
    let targets = |name: &str| {
        let one = user(&review, name);
        one.paths.iter().map(|found| (found.path.id, found.targets.clone())).collect::<Vec<_>>()
    };
    assert_eq!(targets("asks"), [("assume-role", vec!["role `Admin`".to_owned()])]);
    assert_eq!(targets("named"), [("assume-role", vec!["role `Named`".to_owned()])]);
    assert!(targets("nobody").is_empty() && targets("elsewhere").is_empty());
    let admin = review.roles.iter().find(|role| role.name == "Admin").unwrap();
    assert_eq!(admin.trusted, ["arn:aws:iam::123456789012:root"]);
}

#[test]
fn a_boundary_is_no_way_around_itself_unless_it_can_be_taken_off() {
    let account = |more: &str| {
        Account::new()
            .user("alice", &json!([allow(&json!("*"), &json!("*"))]))
            .policy(
                "Limits",
                1,
                &json!([allow(&json!(["iam:PutUserPolicy", more]), &json!(arn("user/alice")))]),
            )
            .bounded("alice", "Limits")
    };
    let one = user(&account("iam:GetUser").review(), "alice");
    assert_eq!(path(&one, "put-user-policy").leads, Leads::No, "{:?}", one.paths);
    let one = user(&account("iam:DeleteUserPermissionsBoundary").review(), "alice");
    assert_eq!(path(&one, "delete-user-boundary").leads, Leads::Yes);
}

#[test]
fn a_way_under_a_condition_says_so() {
    let one = alone(&json!([{"Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": "*",
        "Condition": {"ArnEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/ReadOnlyAccess"}}}]));
    let found = path(&one, "attach-user-policy");
    assert!(found.under_condition);
    assert_eq!(found.targets, ["user `alice`"]);
}

#[test]
fn a_thousand_users_share_what_their_policies_come_to() {
    let mut account =
        Account::new().policy("Wide", 1, &json!([allow(&json!(["ec2:*", "s3:Get*"]), &json!("*"))]));
    for at in 0..1000 {
        let name = format!("user{at:04}");
        account = account.user(&name, &json!([])).attached(&name, &arn("policy/Wide"));
    }
    let review = account.review();
    let [first, .., last] = review.users.as_slice() else { panic!() };
    assert!(Arc::ptr_eq(&first.grants[0].actions, &last.grants[0].actions));
    assert!(Arc::ptr_eq(&first.grants[0].patterns, &last.grants[0].patterns));
}
