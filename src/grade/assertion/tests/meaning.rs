//! What policies mean: of one policy, of all that count, of trust policies.

use serde_json::{Value, json};

use super::super::testing::{found, identity_of, lab, regional, says, trusts};
use super::{Met, Missed, Nearly, Part, UNREAD, Unknown, is, rows};
use crate::account::snapshot::{Facet, Policies};
use crate::account::testing::{arn, document, inline};
use crate::grade::evidence::Evidence;

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
            // That it is missing costs where the function is asked for; its role is there.
            ("no function", |lab| lab.functions = Facet::Read([].into()), Met),
            (
                "no function and no role of one",
                |lab| {
                    lab.functions = Facet::Read([].into());
                    identity_of(lab).roles.remove("fn-role");
                },
                Missed,
            ),
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
fn a_condition_that_keeps_the_right_role_out_is_named() {
    let trust = "{ trusts: { role: role/IAM-Auditor-role, by: function-role } }";
    let mut lab = lab();
    let condition = json!({"StringEquals": {"aws:SourceAccount": "123456789012"}});
    trusts(&mut lab, &json!({"AWS": arn("role/fn-role")}), &condition);
    let told = found(trust, &lab);
    assert_eq!(is(&told.outcome), Missed);
    assert!(told.message.contains("under the condition on `aws:SourceAccount`"), "{told:?}");
    trusts(&mut lab, &json!({"AWS": arn("role/other")}), &condition);
    let told = found(trust, &lab);
    assert!(!told.message.contains("condition"), "{told:?}");
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
                ("no function, and its role is there", |lab| lab.functions = Facet::Read([].into()), Met),
                (
                    "no function and no role of one",
                    |lab| {
                        lab.functions = Facet::Read([].into());
                        identity_of(lab).roles.remove("fn-role");
                    },
                    Missed,
                ),
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
