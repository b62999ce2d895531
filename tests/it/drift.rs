//! Changes behind the program's back: `status` names the resource and the property, `up` repairs.
//!
//! The changes are those of `tests/conformance/drift.py`: made here in Rust on the sandbox, one at a time, and by the
//! Python program itself on moto, as many at a time as have different properties.

use std::fmt;
use std::fs;

use aws_sdk_eventbridge::types::{RuleState, Target};
use aws_sdk_iam::types::StatusType;
use aws_sdk_lambda::types::Environment;
use aws_smithy_types::Blob;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use iamlab::clock::Clock;
use iamlab::sandbox::{DEFAULT_ACCOUNT, Sandbox};
use serde_json::Value;

use crate::cases::{Verdict, ensure, run_all, wait};
use crate::inventory::Clients;
use crate::lab::{LAB, clients_of, package, root};
use crate::moto::Moto;
use crate::program::Program;

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const POLICY: &str = "arn:aws:iam::123456789012:policy/IAM-Auditor-Policy";
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:iam-audit-report";
const GROUP: &str = "IAM-Auditor-Group";
const ROLE: &str = "IAM-Auditor-role";
const LAMBDA_ROLE: &str = "IAM-Auditor-Lambda-role";
const FUNCTION: &str = "iam-auditor";
const RULE: &str = "iam-audit-daily";
const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// One change, and where `status` must see it.
struct Drift {
    name: &'static str,
    address: &'static str,
    property: &'static str,
    make: fn(&Clients) -> BoxFuture<'_, ()>,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! drifts {
    ($( $name:literal, $address:literal, $property:literal: |$clients:ident| $change:expr; )*) => {
        &[$( Drift {
            name: $name,
            address: $address,
            property: $property,
            make: |$clients| async move { $change }.boxed(),
        } ),*]
    };
}

/// The table, in the order of `drift.py`.
const DRIFTS: &[Drift] = drifts! {
    "extra-user-policy", "user.User1", "policies": |a| {
        a.iam.attach_user_policy().user_name("User1").policy_arn(ADMINISTRATOR).send().await.unwrap();
    };
    "inline-user-policy", "user.User3", "inline_policies": |a| {
        let put = a.iam.put_user_policy().user_name("User3").policy_name("Backdoor");
        put.policy_document(EVERYTHING).send().await.unwrap();
    };
    "second-access-key", "user.User2", "access_keys": |a| {
        a.iam.create_access_key().user_name("User2").send().await.unwrap();
    };
    "first-access-key", "user.User3", "access_keys": |a| {
        a.iam.create_access_key().user_name("User3").send().await.unwrap();
    };
    "inactive-access-key", "user.User2", "access_keys": |a| {
        for id in keys(a, "User2").await {
            let update = a.iam.update_access_key().user_name("User2").access_key_id(id);
            update.status(StatusType::Inactive).send().await.unwrap();
        }
    };
    "deleted-access-key", "user.User2", "access_keys": |a| {
        for id in keys(a, "User2").await {
            a.iam.delete_access_key().user_name("User2").access_key_id(id).send().await.unwrap();
        }
    };
    "removed-login", "user.User3", "console": |a| {
        a.iam.delete_login_profile().user_name("User3").send().await.unwrap();
    };
    "deactivated-mfa", "user.User1", "mfa": |a| {
        for device in a.iam.list_mfa_devices().user_name("User1").send().await.unwrap().mfa_devices {
            let deactivate = a.iam.deactivate_mfa_device().user_name("User1");
            deactivate.serial_number(device.serial_number).send().await.unwrap();
        }
    };
    "extra-group-member", "group.IAM-Auditor-Group", "members": |a| {
        a.iam.add_user_to_group().group_name(GROUP).user_name("User2").send().await.unwrap();
    };
    "removed-group-member", "group.IAM-Auditor-Group", "members": |a| {
        a.iam.remove_user_from_group().group_name(GROUP).user_name("User3").send().await.unwrap();
    };
    "extra-group-policy", "group.IAM-Auditor-Group", "policies": |a| {
        a.iam.attach_group_policy().group_name(GROUP).policy_arn(ADMINISTRATOR).send().await.unwrap();
    };
    "removed-group-policy", "group.IAM-Auditor-Group", "policies": |a| {
        a.iam.detach_group_policy().group_name(GROUP).policy_arn(POLICY).send().await.unwrap();
    };
    "inline-group-policy", "group.IAM-Auditor-Group", "inline_policies": |a| {
        let put = a.iam.put_group_policy().group_name(GROUP).policy_name("Backdoor");
        put.policy_document(EVERYTHING).send().await.unwrap();
    };
    "widened-trust", "role.IAM-Auditor-role", "trust": |a| {
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":
            {"AWS":["arn:aws:iam::123456789012:role/IAM-Auditor-Lambda-role","arn:aws:iam::123456789012:root"]}}]}"#;
        a.iam.update_assume_role_policy().role_name(ROLE).policy_document(trust).send().await.unwrap();
    };
    "extra-role-policy", "role.IAM-Auditor-role", "policies": |a| {
        a.iam.attach_role_policy().role_name(ROLE).policy_arn(ADMINISTRATOR).send().await.unwrap();
    };
    "removed-role-policy", "role.IAM-Auditor-role", "policies": |a| {
        a.iam.detach_role_policy().role_name(ROLE).policy_arn(POLICY).send().await.unwrap();
    };
    "inline-role-policy", "role.IAM-Auditor-Lambda-role", "inline_policies": |a| {
        let put = a.iam.put_role_policy().role_name(LAMBDA_ROLE).policy_name("Backdoor");
        put.policy_document(EVERYTHING).send().await.unwrap();
    };
    "new-default-policy-version", "policy.IAM-Auditor-Policy", "document": |a| {
        let create = a.iam.create_policy_version().policy_arn(POLICY).policy_document(EVERYTHING);
        create.set_as_default(true).send().await.unwrap();
    };
    "changed-code", "function.iam-auditor", "source": |a| {
        let update = a.lambda.update_function_code().function_name(FUNCTION);
        update.zip_file(Blob::new(package())).send().await.unwrap();
    };
    "changed-handler", "function.iam-auditor", "handler": |a| {
        let update = a.lambda.update_function_configuration().function_name(FUNCTION);
        update.handler("handler.other").send().await.unwrap();
    };
    "changed-timeout", "function.iam-auditor", "timeout": |a| {
        let update = a.lambda.update_function_configuration().function_name(FUNCTION);
        update.timeout(3).send().await.unwrap();
    };
    "changed-environment", "function.iam-auditor", "environment": |a| {
        let variables = Environment::builder().variables("DEBUG", "1").build();
        let update = a.lambda.update_function_configuration().function_name(FUNCTION);
        update.environment(variables).send().await.unwrap();
    };
    "changed-runtime", "function.iam-auditor", "runtime": |a| {
        let update = a.lambda.update_function_configuration().function_name(FUNCTION);
        update.runtime("python3.12".into()).send().await.unwrap();
    };
    "changed-expression", "schedule.iam-audit-daily", "expression": |a| {
        let put = a.events.put_rule().name(RULE).schedule_expression("cron(0 6 ? * MON *)");
        put.state(RuleState::Enabled).send().await.unwrap();
    };
    "disabled-rule", "schedule.iam-audit-daily", "enabled": |a| {
        a.events.disable_rule().name(RULE).send().await.unwrap();
    };
    "extra-target", "schedule.iam-audit-daily", "targets": |a| {
        let target = Target::builder().id("extra").arn(TOPIC).build().unwrap();
        a.events.put_targets().rule(RULE).targets(target).send().await.unwrap();
    };
    "missing-target", "schedule.iam-audit-daily", "targets": |a| {
        let targets = a.events.list_targets_by_rule().rule(RULE).send().await.unwrap();
        let ids = targets.targets().iter().map(|target| target.id().to_owned()).collect();
        a.events.remove_targets().rule(RULE).set_ids(Some(ids)).send().await.unwrap();
    };
    "missing-permission", "schedule.iam-audit-daily", "permission": |a| {
        let policy = a.lambda.get_policy().function_name(FUNCTION).send().await.unwrap().policy.unwrap();
        let policy: Value = serde_json::from_str(&policy).unwrap();
        for statement in policy["Statement"].as_array().unwrap() {
            let remove = a.lambda.remove_permission().function_name(FUNCTION);
            remove.statement_id(statement["Sid"].as_str().unwrap()).send().await.unwrap();
        }
    };
    "extra-permission", "schedule.iam-audit-daily", "permission": |a| {
        let add = a.lambda.add_permission().function_name(FUNCTION).statement_id("anybody");
        add.action("lambda:InvokeFunction").principal("events.amazonaws.com").send().await.unwrap();
    };
    "removed-subscription", "topic.iam-audit-report", "subscriptions": |a| {
        for found in a.sns.list_subscriptions_by_topic().topic_arn(TOPIC).send().await.unwrap().subscriptions() {
            // One that is pending is listed without its ARN; subscribing again hands it out.
            let again = a.sns.subscribe().topic_arn(TOPIC).protocol(found.protocol().unwrap());
            let again = again.endpoint(found.endpoint().unwrap()).return_subscription_arn(true);
            let arn = again.send().await.unwrap().subscription_arn.unwrap();
            a.sns.unsubscribe().subscription_arn(arn).send().await.unwrap();
        }
    };
    "extra-subscription", "topic.iam-audit-report", "subscriptions": |a| {
        let subscribe = a.sns.subscribe().topic_arn(TOPIC).protocol("email");
        subscribe.endpoint("somebody-else@example.com").send().await.unwrap();
    };
};

async fn keys(clients: &Clients, user: &str) -> Vec<String> {
    let answer = clients.iam.list_access_keys().user_name(user).send().await.unwrap();
    answer.access_key_metadata.into_iter().filter_map(|key| key.access_key_id).collect()
}

/// Changes that the sandbox, being true to AWS, shows as no difference, with the reason.
const INVISIBLE: &[(&str, &str)] = &[(
    "extra-subscription",
    "a subscription that its recipient has not confirmed gets nothing, and nobody but AWS can take it back",
)];

#[test]
fn the_table_is_that_of_the_python_program() {
    let text = fs::read_to_string(root().join("tests/conformance/drift.py")).unwrap();
    let mut lines = text.lines();
    let mut listed = Vec::new();
    while let Some(line) = lines.next() {
        let Some(place) = line.strip_prefix("@change(") else { continue };
        let words: Vec<&str> = place.split('"').collect();
        let address = [("{GROUP}", GROUP), ("{LAMBDA_ROLE}", LAMBDA_ROLE), ("{ROLE}", ROLE)]
            .into_iter()
            .chain([("{POLICY}", "IAM-Auditor-Policy"), ("{FUNCTION}", FUNCTION), ("{RULE}", RULE)])
            .chain([("{TOPIC}", "iam-audit-report")])
            .fold(words[1].to_owned(), |address, (hole, name)| address.replace(hole, name));
        let name = lines.next().unwrap().strip_prefix("def ").unwrap().split('(').next().unwrap();
        listed.push((name.replace('_', "-"), address, words[3].to_owned()));
    }
    let have: Vec<_> = DRIFTS
        .iter()
        .map(|drift| (drift.name.to_owned(), drift.address.to_owned(), drift.property.to_owned()))
        .collect();
    assert_eq!(have, listed);
}

#[test]
fn every_change_on_the_sandbox_is_named_and_repaired() {
    // As many programs as the machine can run, each with its share of the changes.
    let shares = (0..4).map(|share| Share { share, drifts: DRIFTS.iter().skip(share).step_by(4).collect() });
    run_all(shares.collect(), |share| {
        let program = Program::new();
        program.run(&["provision", "up", LAB]).expect(0);
        let failed: Vec<String> = share
            .drifts
            .iter()
            .filter_map(|drift| on_the_sandbox(&program, drift).err().map(|why| format!("{drift}: {why}")))
            .collect();
        ensure(failed.is_empty(), failed.join("\n"))
    });
}

struct Share<'a> {
    share: usize,
    drifts: Vec<&'a Drift>,
}

impl fmt::Display for Share<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "share {}", self.share)
    }
}

fn on_the_sandbox(program: &Program, drift: &Drift) -> Verdict {
    let options = iamlab::sandbox::Options {
        dir: Some(program.sandbox_dir()),
        account: DEFAULT_ACCOUNT.into(),
        clock: Clock::System,
    };
    let sandbox = Sandbox::open(options).unwrap();
    wait(async { (drift.make)(&clients_of(&sandbox).await).await });
    drop(sandbox);
    let found = program.run(&["provision", "status", LAB]).code;
    if INVISIBLE.iter().any(|(name, _)| *name == drift.name) {
        return ensure(found == Some(0), format!("exit {found:?}: the exception no longer holds"));
    }
    ensure(found == Some(2), format!("exit {found:?}"))?;
    let status = program.json(&["provision", "status", LAB], 2);
    named(&status, drift.address, drift.property)?;
    let count = status["changes"].as_array().unwrap().len();
    ensure(count == 1, format!("{count} resources differ: {status}"))?;
    program.run(&["provision", "up", LAB]).expect(0);
    program.run(&["provision", "status", LAB]).expect(0);
    Ok(())
}

/// Fails unless `status` names the property of the resource.
fn named(status: &Value, address: &str, property: &str) -> Verdict {
    let changes = status["changes"].as_array().unwrap().iter();
    let fields = changes
        .filter(|change| change["address"] == address)
        .flat_map(|change| change["fields"].as_array().unwrap())
        .filter_map(|field| field["path"].as_str());
    let found = fields.into_iter().any(|path| path.split('.').next() == Some(property));
    ensure(found, format!("{address} {property} is not named: {status}"))
}

#[test]
fn every_change_on_moto_is_named_and_repaired() {
    let Some(moto) = Moto::start() else { return };
    let program = Program::new().on(&moto);
    program.run(&["provision", "up", LAB, "--yes"]).expect(0);
    for round in rounds() {
        let names: Vec<&str> = round.iter().map(|drift| drift.name).collect();
        moto.conformance("drift.py", &names);
        let status = program.json(&["provision", "status", LAB], 2);
        for drift in &round {
            named(&status, drift.address, drift.property).unwrap();
        }
        let up = program.run(&["provision", "up", LAB, "--yes"]);
        assert_eq!(up.code, Some(0), "{names:?}: {up:?}");
        let status = program.run(&["provision", "status", LAB]);
        assert_eq!(status.code, Some(0), "{names:?}: {status:?}");
    }
}

/// Deals the changes into rounds in which no property is changed twice.
fn rounds() -> Vec<Vec<&'static Drift>> {
    let mut rounds: Vec<Vec<&Drift>> = Vec::new();
    for drift in DRIFTS {
        let place = |other: &&Drift| (other.address, other.property) == (drift.address, drift.property);
        match rounds.iter_mut().find(|round| !round.iter().any(place)) {
            Some(round) => round.push(drift),
            None => rounds.push(vec![drift]),
        }
    }
    rounds
}
