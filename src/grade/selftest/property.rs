//! Mutations of the properties that a scenario can say: each resource away or under another name, each switch the other
//! way, each entry of a list away and others in it, each value another one.

use serde_json::{Value, json};

use super::lab::{self, Lab};
use super::{Mutation, Trial, document};
use crate::grade::rubric::{Assertion, Rubric};
use crate::provision::Address;

/// Policies of AWS's that a student might take: one that reads, one that may do everything.
const OF_AWS: [&str; 2] = ["ReadOnlyAccess", "AdministratorAccess"];

/// Properties that only an account made anew shows: descriptions and how documents are written are no drift, and a
/// subscription that waits for its recipient cannot be taken back.
const AFRESH: [&str; 4] = ["description", "document writing", "max_session_seconds", "subscriptions"];

/// An account that is nobody's here.
const ELSEWHERE: &str = "999988887777";

/// The name of what is added.
const ANOTHER: &str = "another-one";

/// Lists the mutations of all properties.
pub(super) fn mutations(lab: &Lab, rubric: &Rubric) -> Vec<Mutation> {
    let mut found = Vec::new();
    for (address, spec) in lab.all() {
        let mut edits = Edits { lab, rubric, address, spec, found: Vec::new() };
        edits.existence();
        match edits.address.kind {
            "policy" => edits.managed_policy(),
            "user" => edits.user(),
            "group" => edits.group(),
            "role" => edits.role(),
            "function" => edits.function(),
            "topic" => edits.topic(),
            "schedule" => edits.schedule(),
            _ => edits.scalars(),
        }
        found.extend(edits.found);
    }
    found.extend(besides(lab));
    found
}

/// The mutations of one resource.
struct Edits<'a> {
    lab: &'a Lab,
    rubric: &'a Rubric,
    address: Address,
    spec: &'a Value,
    found: Vec<Mutation>,
}

impl Edits<'_> {
    /// Adds a mutation with another specification.
    fn spec(&mut self, property: &str, change: impl Into<String>, spec: Value) {
        if spec == *self.spec {
            return;
        }
        let mut trial = Trial::of_resources(self.lab.with(&self.address, spec));
        trial.afresh = AFRESH.contains(&property);
        self.found.push(Mutation::new(&self.address, property, change, trial));
    }

    /// Adds a mutation with another value, or none, at a path.
    fn set(&mut self, path: &[&str], change: impl Into<String>, to: Option<Value>) {
        let mut spec = self.spec.clone();
        lab::set(&mut spec, path, to);
        lab::fill_trust(&mut spec);
        // Who is trusted is a property each; of variables and inline policies the names are the student's.
        let property = match path {
            ["trust", ..] => path.join("."),
            _ => path.first().map(ToString::to_string).unwrap_or_default(),
        };
        self.spec(&property, change, spec);
    }

    /// Returns a list.
    fn list(&self, path: &[&str]) -> Vec<Value> {
        lab::get(self.spec, path).and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// Takes each entry of a list away, and puts others into it.
    fn entries(&mut self, path: &[&str], others: impl IntoIterator<Item = Value>) {
        let there = self.list(path);
        for (index, entry) in there.iter().enumerate() {
            let mut fewer = there.clone();
            fewer.remove(index);
            self.set(path, format!("without `{}`", shown(entry)), Some(Value::Array(fewer)));
        }
        for other in others {
            if !there.contains(&other) {
                let change = format!("with `{}`", shown(&other));
                let more = there.iter().cloned().chain([other]).collect();
                self.set(path, change, Some(Value::Array(more)));
            }
        }
    }

    /// Away; under a name that is nearly right; under another one.
    fn existence(&mut self) {
        let (without, gone) = self.lab.without(&self.address);
        let others: Vec<String> = gone.iter().skip(1).map(ToString::to_string).collect();
        let change = if others.is_empty() {
            "removed".to_owned()
        } else {
            format!("removed, and {} with it", others.join(", "))
        };
        self.found.push(Mutation::new(&self.address, "existence", change, Trial::of_resources(without)));
        for name in [misspelt(&self.address.name), format!("my-{}-of-the-lab", self.address.kind)] {
            let mut trial = Trial::of_resources(self.lab.renamed(&self.address, &name));
            trial.renamed.insert(self.address.clone(), name.clone());
            self.found.push(Mutation::new(&self.address, "name", format!("`{name}`"), trial));
        }
    }

    fn managed_policy(&mut self) {
        self.set(&["description"], "another", Some(json!("what it is for, in other words")));
        for (property, change, document) in document::mutations(self.spec.get("document")) {
            let mut spec = self.spec.clone();
            lab::set(&mut spec, &["document"], Some(document));
            self.spec(property, change, spec);
        }
    }

    fn user(&mut self) {
        let console = self.spec.get("console").and_then(Value::as_bool).unwrap_or(false);
        self.set(&["console"], if console { "none" } else { "added" }, Some(json!(!console)));
        match self.spec.get("mfa") {
            Some(_) => self.set(&["mfa"], "removed", None),
            None => self.set(&["mfa"], "added", Some(json!("virtual"))),
        }
        let keys = self.spec.get("access_keys").and_then(Value::as_u64).unwrap_or(0);
        for other in (0..=2_u64).filter(|other| *other != keys) {
            self.set(&["access_keys"], format!("{other} instead of {keys}"), Some(json!(other)));
        }
        self.policies();
        self.set(&["permissions_boundary"], "added", Some(json!("AdministratorAccess")));
    }

    fn group(&mut self) {
        self.policies();
        let users = self.lab.names("user").into_iter().map(Value::String);
        self.entries(&["members"], users);
    }

    /// What is attached, and what is written inline.
    fn policies(&mut self) {
        let others = OF_AWS.iter().map(ToString::to_string).chain(self.lab.names("policy"));
        self.entries(&["policies"], others.map(Value::String).collect::<Vec<_>>());
        let own = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
        ]});
        self.set(&["inline_policies", "of-its-own"], "added", Some(own));
        for (index, attached) in self.list(&["policies"]).into_iter().enumerate() {
            let policy = Address::new("policy", attached.as_str().unwrap_or_default());
            let Some(document) = self.lab.spec(&policy).and_then(|spec| spec.get("document")) else {
                continue;
            };
            let mut spec = self.spec.clone();
            if let Some(list) = spec.get_mut("policies").and_then(Value::as_array_mut) {
                list.remove(index);
            }
            lab::set(&mut spec, &["inline_policies", &policy.name], Some(document.clone()));
            self.spec("policies", format!("`{}` inline instead of attached", policy.name), spec);
        }
    }

    fn role(&mut self) {
        self.policies();
        let service = |name: &str| json!(name);
        self.entries(&["trust", "services"], [service("ec2.amazonaws.com"), service("lambda.amazonaws.com")]);
        let others = self.lab.names("role").into_iter().filter(|name| *name != self.address.name);
        let others: Vec<Value> = others.map(Value::String).collect();
        self.entries(&["trust", "roles"], others);
        let user = self.lab.names("user").into_iter().take(1).map(Value::String);
        self.entries(&["trust", "users"], user);
        self.entries(&["trust", "accounts"], [json!(self.lab.place().account), json!(ELSEWHERE)]);
        self.set(&["trust", "external_id"], "asked for", Some(json!("a-secret-of-two")));
        for (who, principal) in [
            ("everybody", json!("*")),
            ("the service of Lambda", json!({"Service": "lambda.amazonaws.com"})),
            ("the whole account", json!({"AWS": format!("arn:aws:iam::{}:root", self.lab.place().account)})),
        ] {
            let statement = json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
            let document = json!({"Version": "2012-10-17", "Statement": [statement]});
            self.set(&["trust"], format!("{who} instead"), Some(json!({"document": document})));
        }
        self.set(&["description"], "another", Some(json!("what it is for, in other words")));
        self.set(&["max_session_seconds"], "two hours", Some(json!(7200)));
    }

    fn function(&mut self) {
        let nearly = self.rubric.criteria().flat_map(|criterion| criterion.check.leaves());
        let nearly: Vec<String> = nearly
            .filter_map(|leaf| match leaf {
                Assertion::Runtime(runtime) => runtime.or_nearly.first().cloned(),
                _ => None,
            })
            .collect();
        for runtime in nearly.into_iter().chain(["nodejs22.x".to_owned()]) {
            self.set(&["runtime"], format!("`{runtime}`"), Some(json!(runtime)));
        }
        let arm = self.spec.get("architecture").is_some_and(|architecture| architecture == "arm64");
        let other = if arm { "x86_64" } else { "arm64" };
        self.set(&["architecture"], format!("`{other}`"), Some(json!(other)));
        self.set(&["timeout"], "two minutes", Some(json!(120)));
        self.set(&["memory"], "512 MiB", Some(json!(512)));
        self.set(&["description"], "another", Some(json!("what it is for, in other words")));
        self.set(&["environment", "SOMETHING_MORE"], "added", Some(json!("yes")));
        self.role_without_permissions();
    }

    /// Lets the function run as a role that may do nothing.
    fn role_without_permissions(&mut self) {
        let role = Address::new("role", ANOTHER);
        let mut resources = self.lab.with(&role, json!({"trust": {"services": ["lambda.amazonaws.com"]}}));
        lab::set(&mut resources, &["functions", &self.address.name, "role"], Some(json!(ANOTHER)));
        let trial = Trial::of_resources(resources);
        self.found.push(Mutation::new(&self.address, "role", "another, without permissions", trial));
    }

    fn topic(&mut self) {
        let there = self.list(&["subscriptions"]);
        self.entries(&["subscriptions"], [json!({"email": "colleague@example.com"})]);
        for (index, entry) in there.iter().enumerate() {
            let Some(address) = entry.get("email").and_then(Value::as_str) else { continue };
            let url = format!("https://example.com/{}", address.replace('@', "-at-"));
            for (change, other) in [
                ("another address", json!({"email": "somebody-else@example.com"})),
                ("as JSON", json!({"email-json": address})),
                ("by HTTPS instead", json!({"https": url})),
            ] {
                let mut others = there.clone();
                if let Some(entry) = others.get_mut(index) {
                    *entry = other;
                }
                self.set(&["subscriptions"], change, Some(Value::Array(others)));
            }
        }
    }

    fn schedule(&mut self) {
        for (change, expression) in [
            ("at another time of day", "cron(37 17 * * ? *)"),
            ("as a rate of one day", "rate(1 day)"),
            ("as a rate of 24 hours", "rate(24 hours)"),
            ("every week", "rate(7 days)"),
            ("on one day of the week", "cron(0 6 ? * MON *)"),
            ("on the first of the month", "cron(0 6 1 * ? *)"),
            ("every minute", "rate(1 minute)"),
        ] {
            self.set(&["expression"], change, Some(json!(expression)));
        }
        let enabled = self.spec.get("enabled").and_then(Value::as_bool).unwrap_or(true);
        let change = if enabled { "disabled" } else { "enabled" };
        self.set(&["enabled"], change, Some(json!(!enabled)));
        self.set(&["description"], "another", Some(json!("what it is for, in other words")));
        self.set(&["input"], "another", Some(json!({"told": "by the schedule"})));
    }

    /// For kinds that nothing more is known of: every switch the other way, every number another one.
    fn scalars(&mut self) {
        let fields = self.spec.as_object().into_iter().flatten();
        let fields: Vec<(String, Value)> = fields.map(|(key, value)| (key.clone(), value.clone())).collect();
        for (key, value) in fields {
            match value {
                Value::Bool(is) => self.set(&[&key], if is { "off" } else { "on" }, Some(json!(!is))),
                Value::Number(number) => {
                    let more = number.as_i64().unwrap_or_default() + 1;
                    self.set(&[&key], format!("{more} instead of {number}"), Some(json!(more)));
                }
                _ => {}
            }
        }
    }
}

/// What else may be in an account: it is the student's.
fn besides(lab: &Lab) -> Vec<Mutation> {
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    ]});
    let hello = "def main(event, context):\n    return \"hello\"\n";
    let things = [
        ("user", json!({"console": true})),
        ("group", json!({"policies": ["ReadOnlyAccess"]})),
        ("policy", json!({"document": document})),
        ("role", json!({"trust": {"services": ["ec2.amazonaws.com"]}})),
        ("topic", json!({"subscriptions": [{"email": "news@example.com"}]})),
    ];
    let with = |kind: &'static str, spec: Value| {
        let resources = lab.with(&Address::new(kind, ANOTHER), spec);
        Mutation::new("account", "besides", format!("another {kind}"), Trial::of_resources(resources))
    };
    let mut found: Vec<Mutation> = things.into_iter().map(|(kind, spec)| with(kind, spec)).collect();
    let function = lab.all().find(|(address, _)| address.kind == "function");
    if let Some(role) = function.and_then(|(_, spec)| spec.get("role")).cloned() {
        let source = json!({"hello.py": hello});
        let runtime = "python3.12";
        let spec = json!({"runtime": runtime, "source": source, "handler": "hello.main", "role": role});
        found.push(with("function", spec));
    }
    found
}

/// Misspells a name, as people do.
fn misspelt(name: &str) -> String {
    if name.contains('-') {
        return name.replace('-', "_");
    }
    let digit = name.find(|c: char| c.is_ascii_digit()).unwrap_or(name.len());
    let (letters, rest) = name.split_at_checked(digit).unwrap_or((name, ""));
    format!("{letters}-{rest}")
}

/// Shows an entry of a list.
fn shown(entry: &Value) -> String {
    match entry {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| format!("{key} {}", shown(value)));
            fields.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}
