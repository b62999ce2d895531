//! The least that would allow a request, by the engine alone: for generated policies in every layer, within an account
//! and across two, what is proposed is enough, and none of it can be left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use iamlab::policy::evaluate::{Outcome, PolicySet, Source, evaluate};
use iamlab::policy::explain::{Addition, least, with, without_denials};
use iamlab::policy::request::{Context, Principal, PrincipalKind, Request};
use iamlab::policy::statement::Policy;
use iamlab::policy::trace::Layer;
use serde_json::{Value, json};

use crate::explain::Dice;

const CASES: usize = 4000;
const ACCOUNT: &str = "123456789012";
const ELSEWHERE: &str = "999999999999";

fn pick<'a, T>(dice: &mut Dice, all: &'a [T]) -> &'a T {
    &all[dice.below(all.len())]
}

fn principal(dice: &mut Dice) -> Principal {
    let (name, account) = ("someone", ACCOUNT.to_owned());
    let (arn, kind) = match dice.below(4) {
        0 | 1 => {
            (format!("arn:aws:iam::{ACCOUNT}:user/{name}"), PrincipalKind::User { id: "AIDASOMEONE".into() })
        }
        2 => {
            let role_arn = format!("arn:aws:iam::{ACCOUNT}:role/{name}");
            let kind = PrincipalKind::RoleSession { role_arn, id: "AROASOMEONE:s1".into() };
            (format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/s1"), kind)
        }
        _ => (format!("arn:aws:iam::{ACCOUNT}:root"), PrincipalKind::Root),
    };
    Principal { arn, account, kind }
}

fn request(dice: &mut Dice) -> Request {
    let principal = principal(dice);
    let account = *pick(dice, &[ACCOUNT, ACCOUNT, ELSEWHERE]);
    let on = |service: &str, rest: &str| format!("arn:aws:{service}:us-east-1:{account}:{rest}");
    let (action, resource) = match dice.below(6) {
        0 => ("sts:AssumeRole", format!("arn:aws:iam::{account}:role/target")),
        1 => ("iam:GetUser", format!("arn:aws:iam::{ACCOUNT}:user/x")),
        2 => ("iam:ListUsers", "*".to_owned()),
        3 => ("sns:Publish", on("sns", "news")),
        4 => ("lambda:InvokeFunction", on("lambda", "function:work")),
        _ => ("s3:GetObject", "arn:aws:s3:::bucket/odd ${aws:username} name".to_owned()),
    };
    let context = Context::complete().with("aws:MultiFactorAuthPresent", "true");
    Request { principal, action: action.into(), resource, context }
}

fn statement(dice: &mut Dice, request: &Request, names_principal: bool) -> Value {
    let effect = *pick(dice, &["Allow", "Allow", "Allow", "Deny"]);
    let mut statement = json!({"Effect": effect});
    let resource = request.resource.replace("${", "${$}{");
    let action = pick(dice, &[&*request.action, &*request.action, "ec2:*", "s3:Put*", "*"]).to_owned();
    match dice.below(6) {
        0 => statement["NotAction"] = json!("s3:*"),
        _ => statement["Action"] = json!(action),
    }
    let beside = "arn:aws:sns:us-east-1:123456789012:beside";
    match dice.below(6) {
        0 => statement["NotResource"] = json!(resource),
        1 => statement["NotResource"] = json!(beside),
        2 | 3 => statement["Resource"] = json!(beside),
        _ => statement["Resource"] = json!(*pick(dice, &["*", &resource])),
    }
    if effect == "Deny" && !dice.one_in(4) || dice.one_in(4) {
        let wanted = pick(dice, &["true", "false"]).to_string();
        statement["Condition"] = json!({"Bool": {"aws:MultiFactorAuthPresent": wanted}});
    }
    if names_principal {
        let arn = match &request.principal.kind {
            PrincipalKind::RoleSession { role_arn, .. } => role_arn.clone(),
            _ => request.principal.arn.clone(),
        };
        let other = format!("arn:aws:iam::{ACCOUNT}:user/other");
        let named = pick(dice, &[arn, ACCOUNT.to_owned(), other.clone(), other]).clone();
        statement["Principal"] = json!({"AWS": named});
    }
    statement
}

fn source(dice: &mut Dice, name: &str, request: &Request, names_principal: bool) -> Source {
    let statements: Vec<Value> =
        (0..dice.below(4)).map(|_| statement(dice, request, names_principal)).collect();
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    let policy = Policy::parse(&document.to_string()).unwrap();
    Source { name: name.to_owned(), arn: None, policy: Arc::new(policy) }
}

fn set(dice: &mut Dice, request: &Request) -> PolicySet {
    let identity = (0..dice.below(3)).map(|n| source(dice, &format!("policy {n}"), request, false)).collect();
    PolicySet {
        identity,
        boundary: dice.one_in(2).then(|| source(dice, "boundary", request, false)),
        session: if dice.one_in(3) { vec![source(dice, "session", request, false)] } else { vec![] },
        resource: dice.one_in(2).then(|| source(dice, "of the resource", request, true)),
    }
}

/// Ways to make an addition say less, or something else.
fn narrowed(addition: &Addition) -> Vec<Addition> {
    let mut ways = Vec::new();
    let mut other = |key: &str, value: Value| {
        let mut statement = addition.statement.clone();
        if statement.get(key).is_some() || key == "Condition" {
            statement[key] = value;
            ways.push(Addition { layer: addition.layer, statement });
        }
    };
    other("Action", json!("ec2:RebootInstances"));
    other("Resource", json!("arn:aws:sns:us-east-1:123456789012:elsewhere"));
    other("Principal", json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:user/another")}));
    other("Condition", json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}}));
    ways
}

#[test]
fn what_is_proposed_is_enough_and_nothing_of_it_can_be_left_out() {
    let (mut helped, mut several, mut denied) = (0, 0, 0);
    let mut layers: BTreeMap<Layer, usize> = BTreeMap::new();
    for seed in 0..CASES {
        let dice = &mut Dice::new(seed);
        let request = request(dice);
        let set = set(dice, &request);
        let decision = evaluate(&set, &request);
        let Outcome::Denied(denial) = &decision.outcome else { continue };
        let base = if denial.explicit { without_denials(&set, &decision) } else { set.clone() };
        let then = evaluate(&base, &request);
        if denial.explicit {
            denied += 1;
            // What denies has to go whatever is added.
            if let Some(remedy) = least(&base, &request, &then) {
                assert!(!evaluate(&with(&set, &remedy.add), &request).is_allowed(), "case {seed}");
            }
        }
        let Some(remedy) = least(&base, &request, &then) else {
            assert!(then.is_allowed(), "case {seed}: {:?}", then.outcome);
            continue;
        };
        let add = &remedy.add;
        let told = format!("case {seed}: {request:?}\n{:#?}\n{add:?}", then.trace);
        let allowed = |add: &[Addition]| evaluate(&with(&base, add), &request).is_allowed();
        assert!(!add.is_empty() && allowed(add), "not enough\n{told}");
        for at in 0..add.len() {
            let mut others = add.clone();
            let part = others.remove(at);
            assert!(!allowed(&others), "{at} is not needed\n{told}");
            *layers.entry(part.layer).or_default() += 1;
            for less in narrowed(&part) {
                let mut less_of_it = others.clone();
                less_of_it.push(less);
                assert!(!allowed(&less_of_it), "{at} can say less: {less_of_it:?}\n{told}");
            }
        }
        helped += 1;
        several += usize::from(add.len() > 1);
    }
    assert!(
        helped > 1000 && several > 300 && denied > 300,
        "{helped} helped, {several} in parts, {denied} denied"
    );
    let all = [Layer::Identity, Layer::Boundary, Layer::Session, Layer::Resource, Layer::Trust];
    assert!(all.iter().all(|layer| layers.get(layer).is_some_and(|count| *count > 20)), "{layers:?}");
}
