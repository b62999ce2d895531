//! For any scenario: after `up` the plan is empty, and after `down` the account is what it was.

use std::fmt::Write as _;

use iamlab::provision::run::plan_run;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::cases::wait;
use crate::inventory::difference;
use crate::lab::{Account, DOWN, UP, Written};

/// Which of three things of a kind something names.
type Chosen = [bool; 3];

#[derive(Debug, Clone)]
struct User {
    console: u8,
    mfa: bool,
    keys: u8,
    policies: Chosen,
    inline: bool,
    boundary: bool,
    allow: bool,
}

#[derive(Debug, Clone)]
struct Role {
    trusts_roles: Chosen,
    trusts_users: Chosen,
    service: bool,
    policies: Chosen,
    description: bool,
    longer: bool,
}

#[derive(Debug, Clone)]
struct Plan {
    users: Vec<User>,
    groups: Vec<(Chosen, Chosen)>,
    roles: Vec<Role>,
    topics: Vec<Chosen>,
    schedules: Vec<(u8, bool, bool)>,
    password_policy: Option<u8>,
}

fn user() -> impl Strategy<Value = User> {
    (0..3_u8, any::<bool>(), 0..3_u8, any::<Chosen>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(console, mfa, keys, policies, inline, boundary, allow)| User {
            console,
            mfa,
            keys,
            policies,
            inline,
            boundary,
            allow,
        },
    )
}

fn role() -> impl Strategy<Value = Role> {
    (any::<Chosen>(), any::<Chosen>(), any::<bool>(), any::<Chosen>(), any::<bool>(), any::<bool>()).prop_map(
        |(trusts_roles, trusts_users, service, policies, description, longer)| Role {
            trusts_roles,
            trusts_users,
            service,
            policies,
            description,
            longer,
        },
    )
}

fn plan() -> impl Strategy<Value = Plan> {
    let several = 0..4_usize;
    (
        prop::collection::vec(user(), several.clone()),
        prop::collection::vec(any::<(Chosen, Chosen)>(), several.clone()),
        prop::collection::vec(role(), several.clone()),
        prop::collection::vec(any::<Chosen>(), several.clone()),
        prop::collection::vec((1..60_u8, any::<bool>(), any::<bool>()), several),
        prop::option::of(6..60_u8),
    )
        .prop_map(|(users, groups, roles, topics, schedules, password_policy)| Plan {
            users,
            groups,
            roles,
            topics,
            schedules,
            password_policy,
        })
}

impl Plan {
    /// Writes the scenario.
    fn text(&self) -> String {
        let mut text = "name: generated\nregion: us-east-1\nresources:\n  policies:\n".to_owned();
        let statement = |n: usize| {
            format!(
                "{{ Version: \"2012-10-17\", Statement: [ {{ Effect: Allow, Action: [\"s3:Get*\", \"iam:List{n}*\"], Resource: \"*\" }} ] }}"
            )
        };
        for n in 0..3 {
            writeln!(text, "    p{n}: {{ document: {} }}", statement(n)).unwrap();
        }
        text.push_str("  users:\n    always: {}\n");
        for (n, user) in self.users.iter().enumerate() {
            let console = ["false", "true", "{ reset: true }"][usize::from(user.console)];
            write!(text, "    u{n}: {{ console: {console}, access_keys: {}, ", user.keys).unwrap();
            write!(text, "policies: [{}]", named("p", user.policies, 3)).unwrap();
            text.push_str(if user.mfa { ", mfa: virtual" } else { "" });
            text.push_str(if user.boundary { ", permissions_boundary: p0" } else { "" });
            text.push_str(if user.allow { ", extra: allow" } else { "" });
            if user.inline {
                write!(text, ", inline_policies: {{ own: {} }}", statement(n)).unwrap();
            }
            text.push_str(" }\n");
        }
        text.push_str("  groups:\n    always: {}\n");
        for (n, (policies, members)) in self.groups.iter().enumerate() {
            let (policies, members) = (named("p", *policies, 3), named("u", *members, self.users.len()));
            writeln!(text, "    g{n}: {{ policies: [{policies}], members: [{members}] }}").unwrap();
        }
        text.push_str("  roles:\n    runs: { trust: { services: [lambda.amazonaws.com] } }\n");
        for (n, role) in self.roles.iter().enumerate() {
            self.write_role(&mut text, n, role);
        }
        text.push_str("  functions:\n    work: { runtime: python3.12, source: source, handler: handler.main, role: runs }\n");
        text.push_str("  topics:\n    always: {}\n");
        for (n, subscriptions) in self.topics.iter().enumerate() {
            let to = [
                format!("{{ email: a{n}@example.com }}"),
                format!("{{ email-json: b{n}@example.com }}"),
                "{ https: \"https://example.com/\" }".to_owned(),
            ];
            let to: Vec<String> =
                to.into_iter().zip(subscriptions).filter(|(_, is)| **is).map(|(to, _)| to).collect();
            writeln!(text, "    t{n}: {{ subscriptions: [{}] }}", to.join(", ")).unwrap();
        }
        text.push_str("  schedules:\n    always: { expression: \"rate(1 day)\", function: work }\n");
        for (n, (minutes, enabled, input)) in self.schedules.iter().enumerate() {
            let unit = if *minutes == 1 { "minute" } else { "minutes" };
            let input = if *input { ", input: { n: 1, deep: [a, { b: null }] }" } else { "" };
            writeln!(text, "    s{n}: {{ expression: \"rate({minutes} {unit})\", function: work, enabled: {enabled}{input} }}").unwrap();
        }
        if let Some(length) = self.password_policy {
            writeln!(text, "  password_policy: {{ minimum_length: {length}, require_symbols: true, reuse_prevention: 3 }}").unwrap();
        }
        text
    }

    fn write_role(&self, text: &mut String, n: usize, role: &Role) {
        let roles: Vec<String> = (0..self.roles.len().min(3))
            .filter(|other| *other != n && role.trusts_roles[*other])
            .map(|other| format!("r{other}"))
            .collect();
        let users = named("u", role.trusts_users, self.users.len());
        let nobody = roles.is_empty() && users.is_empty();
        let services = if role.service || nobody { "lambda.amazonaws.com" } else { "" };
        write!(
            text,
            "    r{n}: {{ trust: {{ services: [{services}], roles: [{}], users: [{users}] }}",
            roles.join(", ")
        )
        .unwrap();
        write!(text, ", policies: [{}]", named("p", role.policies, 3)).unwrap();
        text.push_str(if role.description { ", description: says something" } else { "" });
        text.push_str(if role.longer { ", max_session_seconds: 7200" } else { "" });
        text.push_str(" }\n");
    }
}

/// Names the chosen ones of the first `count`.
fn named(letter: &str, chosen: Chosen, count: usize) -> String {
    let names: Vec<String> =
        (0..count.min(3)).filter(|n| chosen[*n]).map(|n| format!("{letter}{n}")).collect();
    names.join(", ")
}

#[test]
fn any_scenario_comes_up_and_goes_down_without_a_trace() {
    // The same scenarios every time; a failure is shrunk and its text shown.
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 32, failure_persistence: None, max_shrink_iters: 200, ..Config::default() },
        prop::test_runner::TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
    );
    runner.run(&plan(), |plan| wait(round_trip(&plan)).map_err(TestCaseError::fail)).unwrap();
}

async fn round_trip(plan: &Plan) -> Result<(), String> {
    let text = plan.text();
    let told = |why: String| format!("{why}\n{text}");
    let written = Written::new(&text);
    let scenario = written.load();
    let account = Account::new();
    let folder = tempfile::tempdir().unwrap();
    let handover = folder.path().join("credentials.csv");
    let clients = account.clients().await;
    let before = clients.inventory().await;
    account.complete(&scenario, UP, &handover).await.map_err(told)?;
    account.check_up(&scenario, &handover).await.map_err(told)?;
    account.complete(&scenario, DOWN, &handover).await.map_err(told)?;
    let changed = difference(&before, &clients.inventory().await);
    if !changed.is_empty() {
        return Err(told(changed));
    }
    let aws = account.connect(account.http()).await.map_err(|error| told(error.to_string()))?;
    let again = plan_run(&aws, &scenario, DOWN).await.map_err(|error| told(error.to_string()))?;
    if again.is_empty() { Ok(()) } else { Err(told(format!("a second down has work: {again:?}"))) }
}
