//! Policy documents as values, compared by meaning.
//!
//! Two documents are equal when AWS would decide every request alike for reasons that can be read off the
//! text: order, a single string against a list, the case of actions and condition keys, `Sid`, the ways to
//! write an account or everybody as principal, and actions that a wildcard beside them already covers do not
//! matter. Source: the IAM JSON policy elements reference
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html>).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::percent;

/// A policy document: the text as somebody wrote it, and its normal form.
#[derive(Debug, Clone)]
pub struct PolicyDocument {
    written: Value,
    normal: Value,
}

/// A text that is no policy document.
#[derive(Debug, thiserror::Error)]
#[error("not a policy document: {0}")]
pub struct NotAPolicy(String);

impl PolicyDocument {
    /// Takes a document that is already parsed.
    pub fn new(written: Value) -> Self {
        let normal = normal_form(&written);
        Self { written, normal }
    }

    /// Parses JSON text.
    pub fn parse(text: &str) -> Result<Self, NotAPolicy> {
        serde_json::from_str(text).map(Self::new).map_err(|error| NotAPolicy(error.to_string()))
    }

    /// Parses a document as IAM's `Get*` calls return it: percent-encoded (RFC 3986).
    pub fn parse_encoded(text: &str) -> Result<Self, NotAPolicy> {
        Self::parse(&percent::decode_text(text))
    }

    /// Returns the document as it was written.
    pub const fn written(&self) -> &Value {
        &self.written
    }

    /// Returns the normal form: equal for documents of equal meaning.
    pub const fn normal(&self) -> &Value {
        &self.normal
    }

    /// Returns the text to send to AWS, without white space.
    pub fn to_text(&self) -> String {
        self.written.to_string()
    }
}

impl PartialEq for PolicyDocument {
    fn eq(&self, other: &Self) -> bool {
        self.normal == other.normal
    }
}

impl Serialize for PolicyDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.normal.serialize(serializer)
    }
}

fn normal_form(document: &Value) -> Value {
    let Value::Object(fields) = document else { return document.clone() };
    let mut normal = Map::new();
    // Without `Version` AWS reads a document as the 2008 language, where variables mean nothing.
    normal.insert("Version".into(), fields.get("Version").cloned().unwrap_or_else(|| json!("2008-10-17")));
    let statements = match fields.get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        Some(statement) => vec![statement.clone()],
        None => vec![],
    };
    normal.insert("Statement".into(), Value::Array(merge_statements(&statements)));
    Value::Object(normal)
}

/// Normalises each statement, joins those that differ in nothing but their actions, and sorts.
fn merge_statements(statements: &[Value]) -> Vec<Value> {
    let mut merged: BTreeMap<String, (Map<String, Value>, BTreeSet<String>)> = BTreeMap::new();
    let mut whole = BTreeSet::new();
    for statement in statements {
        let Value::Object(mut normal) = normal_statement(statement) else {
            whole.insert(statement.to_string());
            continue;
        };
        match normal.remove("Action") {
            Some(Value::Array(actions)) => {
                let key = Value::Object(normal.clone()).to_string();
                let entry = merged.entry(key).or_insert_with(|| (normal, BTreeSet::new()));
                entry.1.extend(actions.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            _ => {
                whole.insert(Value::Object(normal).to_string());
            }
        }
    }
    let mut texts: BTreeSet<String> = whole;
    for (mut statement, actions) in merged.into_values() {
        statement.insert("Action".into(), json!(without_covered(&actions)));
        texts.insert(Value::Object(statement).to_string());
    }
    texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect()
}

fn normal_statement(statement: &Value) -> Value {
    let Value::Object(fields) = statement else { return statement.clone() };
    let mut normal = Map::new();
    for (key, value) in sorted(fields) {
        let value = match key.as_str() {
            "Sid" => continue,
            "Action" | "NotAction" => lowercase_list(value),
            "Resource" | "NotResource" => string_list(value),
            "Principal" | "NotPrincipal" => normal_principal(value),
            "Condition" => normal_condition(value),
            _ => value.clone(),
        };
        normal.insert(key.clone(), value);
    }
    Value::Object(normal)
}

fn strings(value: &Value) -> BTreeSet<String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        other => BTreeSet::from([text(other)]),
    }
}

fn string_list(value: &Value) -> Value {
    json!(strings(value))
}

fn lowercase_list(value: &Value) -> Value {
    json!(strings(value).iter().map(|text| text.to_lowercase()).collect::<BTreeSet<_>>())
}

/// JSON objects keep the order they were written in; equal ones must become equal text.
fn sorted(fields: &Map<String, Value>) -> BTreeMap<&String, &Value> {
    fields.iter().collect()
}

fn normal_principal(value: &Value) -> Value {
    let Value::Object(kinds) = value else {
        return json!({ "AWS": strings(value) });
    };
    let mut normal = Map::new();
    for (kind, names) in sorted(kinds) {
        let names = strings(names).into_iter().map(|name| {
            // A bare account id means the same as its root's ARN.
            let account = name.strip_prefix("arn:aws:iam::").and_then(|rest| rest.strip_suffix(":root"));
            account.map_or_else(|| name.clone(), str::to_owned)
        });
        normal.insert(kind.clone(), json!(names.collect::<BTreeSet<_>>()));
    }
    Value::Object(normal)
}

fn normal_condition(value: &Value) -> Value {
    let Value::Object(operators) = value else { return value.clone() };
    let mut normal: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (operator, keys) in operators {
        let Value::Object(keys) = keys else { return value.clone() };
        let entry = normal.entry(operator.to_lowercase()).or_default();
        for (key, values) in keys {
            entry.entry(key.to_lowercase()).or_default().extend(strings(values));
        }
    }
    json!(normal)
}

/// The most pairs of actions that are compared. A policy of IAM has a few hundred actions at most, few of them wide;
/// what needs more is somebody's joke, and keeps the rest of its actions as they are.
const PAIRS: usize = 100_000;

/// Drops every action that another, wider pattern of the same list covers.
fn without_covered(actions: &BTreeSet<String>) -> BTreeSet<&String> {
    let mut left: BTreeSet<&String> = actions.iter().collect();
    let mut pairs = 0;
    for wider in actions.iter().filter(|action| action.contains(['*', '?'])) {
        // One that is covered itself, maybe by one that means the same, covers nothing that the other does not.
        if !left.contains(wider) {
            continue;
        }
        // What it covers begins as it does.
        let begin = wider.split(['*', '?']).next().unwrap_or_default();
        let behind = (Bound::Included(begin), Bound::Unbounded);
        let alike = actions.range::<str, _>(behind).take_while(|action| action.starts_with(begin));
        for action in alike.filter(|action| *action != wider) {
            pairs += 1;
            if pairs > PAIRS {
                return left;
            }
            if wildcard_covers(wider, action) {
                left.remove(action);
            }
        }
    }
    left
}

/// Tells whether every text that `pattern` (with `*` and `?`) matches includes all that `text` matches. Takes no more
/// steps than the product of their lengths: both may be a stranger's.
pub(crate) fn wildcard_covers(pattern: &str, text: &str) -> bool {
    if !pattern.contains(['*', '?']) {
        return false;
    }
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut place, mut at) = (0, 0);
    // Behind the last star, and where in the text its match ends so far.
    let mut star: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(place), text.get(at)) {
            (None, None) => return true,
            (Some(b'*'), _) => {
                place += 1;
                star = Some((place, at));
            }
            (Some(b'?'), Some(byte)) if *byte != b'*' => (place, at) = (place + 1, at + 1),
            (Some(expected), Some(byte)) if expected == byte && *byte != b'?' => {
                (place, at) = (place + 1, at + 1);
            }
            (_, Some(_)) => {
                let Some((behind, end)) = star else { return false };
                star = Some((behind, end + 1));
                (place, at) = (behind, end + 1);
            }
            (Some(_), None) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doc(value: Value) -> PolicyDocument {
        PolicyDocument::new(value)
    }

    #[test]
    fn of_actions_that_cover_each_other_one_stays() {
        let actions = |list: &[&str]| doc(json!({"Statement": [{"Effect": "Allow", "Action": list}]}));
        assert_eq!(actions(&["iam:get**", "iam:get*", "iam:getuser"]), actions(&["iam:Get*"]));
        assert_eq!(actions(&["*", "iam:*", "s3:get?bject"]), actions(&["*"]));
        assert_ne!(actions(&["iam:get*", "iam:list*"]), actions(&["iam:get*"]));
    }

    #[test]
    fn a_pattern_covers_what_all_its_text_matches() {
        for (pattern, text, covers) in [
            ("iam:get*", "iam:getuser", true),
            ("iam:*user", "iam:get*user", true),
            ("iam:*user*", "iam:getuserpolicy", true),
            ("iam:get?ser", "iam:getuser", true),
            ("iam:get?ser", "iam:get?ser", true),
            ("iam:get?ser", "iam:get*ser", false),
            ("iam:getuser?", "iam:getuser", false),
            ("iam:getuser*", "iam:getuser", true),
            ("iam:get*r", "iam:getuserpolicy", false),
            ("iam:getuser", "iam:get?ser", false),
            ("iam:getuser", "iam:getuser", false),
            ("*", "", true),
        ] {
            assert_eq!(wildcard_covers(pattern, text), covers, "{pattern} {text}");
        }
        // Made to take for ever.
        let (pattern, text) = ("a*".repeat(60) + "b", "a".repeat(128));
        assert!((0..1000).all(|_| !wildcard_covers(&pattern, &text)));
    }

    #[test]
    fn order_lists_case_and_sid_do_not_matter() {
        let one = doc(json!({"Version": "2012-10-17", "Statement": [{
            "Sid": "a", "Effect": "Allow", "Action": ["iam:GetUser", "iam:ListUsers"], "Resource": "*"}]}));
        let two = doc(json!({"Statement": {
            "Resource": ["*"], "Action": ["IAM:listusers", "iam:getuser"], "Effect": "Allow"},
            "Version": "2012-10-17"}));
        let split = doc(json!({"Version": "2012-10-17", "Statement": [
            {"Resource": "*", "Action": "iam:ListUsers", "Effect": "Allow"},
            {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}]}));
        assert_eq!(one, two);
        assert_eq!(one, split);
    }

    #[test]
    fn a_wider_action_an_effect_and_a_version_do_matter() {
        let policy = |version: &str, effect: &str, action: &str| {
            doc(json!({"Version": version, "Statement": [
                {"Effect": effect, "Action": ["iam:GetUser", action], "Resource": "*"}]}))
        };
        let base = policy("2012-10-17", "Allow", "iam:Get*");
        assert_eq!(
            base,
            doc(json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "iam:Get*", "Resource": "*"}]}))
        );
        assert_ne!(base, policy("2012-10-17", "Allow", "iam:*"));
        assert_ne!(base, policy("2012-10-17", "Deny", "iam:Get*"));
        assert_ne!(base, policy("2008-10-17", "Allow", "iam:Get*"));
    }

    #[test]
    fn principals_and_conditions_have_one_form() {
        let one = doc(
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Condition": {"StringEquals": {"sts:ExternalId": "x"}}}]}),
        );
        let two = doc(
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole"],
            "Principal": {"AWS": ["123456789012"]},
            "Condition": {"stringequals": {"sts:externalid": ["x"]}}}]}),
        );
        assert_eq!(one, two);
        let everybody = |principal: Value| {
            doc(json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]}))
        };
        assert_eq!(everybody(json!("*")), everybody(json!({"AWS": "*"})));
        assert_ne!(everybody(json!("*")), one);
    }

    #[test]
    fn percent_encoding_is_undone() {
        let policy = PolicyDocument::parse_encoded(
            "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D",
        );
        assert_eq!(policy.unwrap().written()["Version"], "2012-10-17");
        assert!(PolicyDocument::parse("{").is_err());
    }
}
