//! Hostile texts, and the same policy written in other ways.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::testing::{identity_of, lab, report, says, shipped, trusts};
use super::super::{Case, evaluate};
use super::rename_policy;
use crate::account::snapshot::Facet;
use crate::account::testing::{arn, inline};

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
