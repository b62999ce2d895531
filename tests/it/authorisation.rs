//! The authorisation suite: what AWS's documentation says is allowed or denied, decided by the policy engine.
//!
//! The cases are data, in `authorisation/*.yaml`. A group has a source (a page of AWS's documentation), a setting
//! and cases, each of which may change the setting. `expect` is `allowed`, `unknown`, or the end of AWS's message.

use std::path::Path;
use std::sync::Arc;

use iamlab::policy::evaluate::{Decision, Outcome, PolicySet, Source, evaluate};
use iamlab::policy::explain::remedy;
use iamlab::policy::request::{Context, Principal, PrincipalKind, Request};
use iamlab::policy::statement::Policy;
use iamlab::policy::trace::{Finding, Layer};
use serde_json::{Map, Value, json};

/// How many cases the suite has at least.
const CASES: usize = 120;
const ACCOUNT: &str = "123456789012";

/// One case: its group's setting with its own laid over it.
struct Case {
    file: String,
    setting: Map<String, Value>,
}

impl Case {
    fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/authorisation");
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
        files.sort();
        let mut cases = Vec::new();
        for path in files {
            let file = path.file_stem().unwrap().to_string_lossy().into_owned();
            let groups: Vec<Map<String, Value>> =
                serde_yaml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            for mut group in groups {
                let Some(Value::Array(own)) = group.remove("cases") else { panic!("{file}: no cases") };
                for case in own {
                    let mut setting = group.clone();
                    setting.extend(case.as_object().unwrap().clone());
                    let known = [
                        "source", "name", "as", "action", "resource", "keys", "partial", "identity", "group",
                        "boundary", "session", "policy", "expect", "reason",
                    ];
                    let strange = setting.keys().find(|key| !known.contains(&key.as_str()));
                    assert_eq!(strange, None, "{file}");
                    cases.push(Self { file: file.clone(), setting });
                }
            }
        }
        cases
    }

    fn text(&self, key: &str) -> &str {
        self.setting.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    fn policies(&self, key: &str, name: &str) -> Option<Source> {
        let written = self.setting.get(key).filter(|it| !it.is_null())?;
        let document = match written {
            Value::Array(statements) => json!({"Version": "2012-10-17", "Statement": statements}),
            document => document.clone(),
        };
        Some(source(name, &document))
    }

    fn set(&self) -> PolicySet {
        let own = self.policies("identity", "policy `Own` of user `alice`");
        let groups = self.policies("group", "policy `Groups` of group `everybody`");
        PolicySet {
            identity: own.into_iter().chain(groups).collect(),
            boundary: self.policies("boundary", "permissions boundary `Boundary`"),
            session: self.policies("session", "session policy").into_iter().collect(),
            resource: self.policies("policy", "policy of the resource"),
        }
    }

    fn request(&self) -> Request {
        let partial = self.setting.get("partial").is_some_and(|it| it == true);
        let mut context = if partial { Context::partial() } else { Context::complete() };
        for (key, value) in self.setting.get("keys").and_then(Value::as_object).into_iter().flatten() {
            let values = match value {
                Value::Array(values) => values.iter().map(|it| it.as_str().unwrap().to_owned()).collect(),
                value => vec![value.as_str().unwrap().to_owned()],
            };
            context.insert(key, values);
        }
        let caller = self.setting.get("as").map_or("user alice", |it| it.as_str().unwrap());
        Request {
            principal: principal(caller),
            action: self.text("action").to_owned(),
            resource: self.text("resource").to_owned(),
            context,
        }
    }

    fn place(&self, decision: &Decision) -> String {
        let trace: Vec<String> = decision.trace.iter().map(ToString::to_string).collect();
        format!("{}: {}\n  {}", self.file, self.text("name"), trace.join("\n  "))
    }
}

fn source(name: &str, document: &Value) -> Source {
    let policy = Policy::parse(&document.to_string()).unwrap();
    Source { name: name.to_owned(), arn: None, policy: Arc::new(policy) }
}

/// Reads `user NAME`, `role NAME SESSION`, `root`, `federated NAME`, `service NAME`, `provider ARN`, `anonymous`;
/// `@ACCOUNT` at the end names another account.
fn principal(text: &str) -> Principal {
    let (text, account) = text.split_once('@').unwrap_or((text, ACCOUNT));
    let words: Vec<&str> = text.split(' ').collect();
    let id = |kind: &str, name: &str| format!("{kind}{}", name.to_uppercase());
    let (arn, kind) = match words.as_slice() {
        ["user", name] => {
            (format!("arn:aws:iam::{account}:user/{name}"), PrincipalKind::User { id: id("AIDA", name) })
        }
        ["role", name, session] => (
            format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
            PrincipalKind::RoleSession {
                role_arn: format!("arn:aws:iam::{account}:role/{name}"),
                id: format!("{}:{session}", id("AROA", name)),
            },
        ),
        ["root"] => (format!("arn:aws:iam::{account}:root"), PrincipalKind::Root),
        ["federated", name] => (
            format!("arn:aws:sts::{account}:federated-user/{name}"),
            PrincipalKind::FederatedUser {
                user_arn: format!("arn:aws:iam::{account}:user/{name}"),
                id: format!("{account}:{name}"),
            },
        ),
        ["service", name] => ((*name).to_owned(), PrincipalKind::Service),
        ["provider", arn] => ((*arn).to_owned(), PrincipalKind::Federated),
        ["anonymous"] => (String::new(), PrincipalKind::Anonymous),
        other => panic!("no principal: {other:?}"),
    };
    let nobody = matches!(kind, PrincipalKind::Service | PrincipalKind::Federated | PrincipalKind::Anonymous);
    Principal { arn, account: if nobody { String::new() } else { account.to_owned() }, kind }
}

#[test]
fn every_case_is_decided_as_aws_documents_it() {
    let mut wrong = Vec::new();
    for case in Case::all() {
        let decision = evaluate(&case.set(), &case.request());
        let found = match &decision.outcome {
            Outcome::Allowed => "allowed".to_owned(),
            Outcome::Denied(denial) => denial.clause(),
            Outcome::Indeterminate(reasons) => {
                let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
                assert!(reasons.join("; ").contains(case.text("reason")), "{}", case.place(&decision));
                "unknown".to_owned()
            }
        };
        if found != case.text("expect") {
            wrong.push(format!("{}\n  => {found}", case.place(&decision)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn there_are_enough_cases_and_each_has_a_source_and_a_name() {
    let cases = Case::all();
    assert!(cases.len() >= CASES, "{} cases", cases.len());
    for case in &cases {
        let source = case.text("source");
        assert!(source.starts_with("https://docs.aws.amazon.com/"), "{}: `{source}`", case.file);
        assert!(!case.text("name").is_empty() && !case.text("expect").is_empty(), "{}", case.file);
    }
    let every_layer = [
        "an identity-based policy",
        "a permissions boundary",
        "a session policy",
        "a resource-based policy",
        "the role trust policy",
    ];
    for layer in every_layer {
        let explicit = format!("with an explicit deny in {layer}");
        assert!(cases.iter().any(|case| case.text("expect") == explicit), "{explicit}");
        let implicit = format!("because no {} allows", layer.split_once(' ').unwrap().1);
        assert!(cases.iter().any(|case| case.text("expect").starts_with(&implicit)), "{implicit}");
    }
}

/// What the remedy of an implicit denial proposes is enough; an explicit one has nothing to add.
#[test]
fn what_the_remedy_adds_makes_it_allowed() {
    let mut helped = 0;
    for case in Case::all() {
        let (mut set, request) = (case.set(), case.request());
        let decision = evaluate(&set, &request);
        let Some(remedy) = remedy(&request, &decision) else { continue };
        let Outcome::Denied(denial) = &decision.outcome else { panic!("{}", case.place(&decision)) };
        assert_eq!(remedy.add.is_empty(), denial.explicit, "{}", case.place(&decision));
        if denial.explicit {
            let step = &decision.trace[denial.step.unwrap()];
            assert_eq!((step.layer, &step.finding), (denial.layer, &Finding::Matched));
            assert!(remedy.sentence.contains(&step.source), "{}", remedy.sentence);
            continue;
        }
        for addition in &remedy.add {
            let document = json!({"Version": "2012-10-17", "Statement": [addition.statement]});
            let new = source("the remedy", &document);
            match addition.layer {
                Layer::Identity => set.identity.push(new),
                Layer::Session => set.session.push(new),
                Layer::Boundary => set.boundary = Some(new),
                Layer::Resource | Layer::Trust => set.resource = Some(new),
            }
        }
        let after = evaluate(&set, &request);
        // A `Deny` that nobody could tell about before comes to matter.
        let allowed = after.is_allowed() || matches!(after.outcome, Outcome::Indeterminate(_));
        assert!(allowed, "{}\n{}\n{remedy:?}", case.place(&decision), case.place(&after));
        helped += 1;
    }
    assert!(helped > 40, "{helped}");
}

#[test]
fn a_decision_tells_why_to_people_and_programs() {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Reports", "Effect": "Allow", "Action": ["iam:Get*", "iam:Generate*"], "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:AddUserToGroup", "Resource": "*",
         "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]});
    let name = "policy `IAM-Auditor-Policy` of group `IAM-Auditor-Group`";
    let set = PolicySet { identity: vec![source(name, &policy)], ..PolicySet::default() };
    let request = Request {
        principal: principal("user User3"),
        action: "iam:AddUserToGroup".to_owned(),
        resource: format!("arn:aws:iam::{ACCOUNT}:group/IAM-Auditor-Group"),
        context: Context::complete(),
    };
    let decision = evaluate(&set, &request);
    let lines: Vec<String> = decision.trace.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            format!(
                "statement 1 (`Reports`) of {name} does not apply: action `iam:AddUserToGroup` is not among \
                 `iam:Get*`, `iam:Generate*`"
            ),
            format!(
                "statement 2 of {name} does not apply: condition `Bool` on `aws:MultiFactorAuthPresent` wants \
                 `true`, the request has no such key"
            ),
        ]
    );
    let denial = json!({"explicit": false, "layer": "identity", "action": "iam:AddUserToGroup", "missing": ["identity"]});
    let step = json!({
        "layer": "identity", "source": name, "statement": 1, "effect": "Allow",
        "finding": {"result": "differs", "first": {
            "element": "condition", "operator": "Bool", "key": "aws:MultiFactorAuthPresent",
            "wanted": ["true"], "found": null}}});
    let shown = serde_json::to_value(&decision).unwrap();
    assert_eq!((&shown["outcome"]["denied"], &shown["trace"][1]), (&denial, &step));
    let remedy = remedy(&request, &decision).unwrap();
    let group = &request.resource;
    assert_eq!(
        remedy.sentence,
        format!("an identity-based policy of the caller must allow `iam:AddUserToGroup` on `{group}`")
    );
    let statement = json!({"Effect": "Allow", "Action": "iam:AddUserToGroup", "Resource": group});
    assert_eq!(
        serde_json::to_value(&remedy.add).unwrap(),
        json!([{"layer": "identity", "statement": statement}])
    );
    assert_eq!(remedy.near, [lines[1].clone()]);
}
