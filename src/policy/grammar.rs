//! The grammar of IAM policies: whether a text is a policy that AWS accepts, and in AWS's words why not.
//!
//! Pure. Sources: "Grammar of the IAM JSON policy language" and "IAM JSON policy element reference" in the IAM
//! user guide. Messages are those of `MalformedPolicyDocument`.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The most characters, white space aside, of a managed policy.
pub const MANAGED_LIMIT: usize = 6_144;
/// The most characters, white space aside, of a trust policy.
pub const TRUST_LIMIT: usize = 2_048;

/// What a policy is for; the rules differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyKind {
    /// A managed identity policy: `Version` is required and the size is limited.
    Identity,
    /// An identity policy inside a user, group or role. Its size counts with its siblings' and is not checked here.
    Inline,
    /// The trust policy of a role.
    Trust,
}

/// Counts the characters of a policy as AWS counts them: without white space.
pub fn size(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// Checks a policy. The error is AWS's message.
pub fn validate(text: &str, kind: PolicyKind) -> Result<(), String> {
    let (limit, quota) = match kind {
        PolicyKind::Identity => (MANAGED_LIMIT, "PolicySize"),
        PolicyKind::Inline => (usize::MAX, ""),
        PolicyKind::Trust => (TRUST_LIMIT, "ACLSizePerRole"),
    };
    if size(text) > limit {
        return Err(format!("Cannot exceed quota for {quota}: {limit}"));
    }
    if !text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}')) {
        return Err(
            "The specified value for policyDocument is invalid. It must contain only printable ASCII \
                    characters."
                .to_owned(),
        );
    }
    let invalid_json = if kind == PolicyKind::Trust { "This policy contains invalid Json" } else { SYNTAX };
    let Strict(policy) = serde_json::from_str(text).map_err(|_| invalid_json.to_owned())?;
    let policy = policy.as_object().ok_or_else(syntax)?;
    only(policy, &["Version", "Id", "Statement"])?;
    version(policy, kind)?;
    if policy.get("Id").is_some_and(|id| !id.is_string()) {
        return Err(syntax());
    }
    let statements = match policy.get("Statement") {
        Some(Value::Object(statement)) => vec![statement],
        Some(Value::Array(all)) if !all.is_empty() => {
            all.iter().map(Value::as_object).collect::<Option<Vec<_>>>().ok_or_else(syntax)?
        }
        _ => return Err(syntax()),
    };
    for statement in &statements {
        check_statement(statement, kind)?;
    }
    unique_sids(&statements)
}

const SYNTAX: &str = "Syntax errors in policy.";

fn syntax() -> String {
    SYNTAX.to_owned()
}

fn only(object: &Map<String, Value>, fields: &[&str]) -> Result<(), String> {
    if object.keys().all(|key| fields.contains(&key.as_str())) { Ok(()) } else { Err(syntax()) }
}

fn version(policy: &Map<String, Value>, kind: PolicyKind) -> Result<(), String> {
    match policy.get("Version").map(Value::as_str) {
        Some(Some("2012-10-17")) => Ok(()),
        None | Some(Some("2008-10-17")) if kind != PolicyKind::Identity => Ok(()),
        None | Some(Some("2008-10-17")) => {
            Err("Policy document must be version 2012-10-17 or greater.".to_owned())
        }
        Some(_) => Err(syntax()),
    }
}

fn check_statement(statement: &Map<String, Value>, kind: PolicyKind) -> Result<(), String> {
    only(
        statement,
        &[
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ],
    )?;
    if !matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
        return Err(syntax());
    }
    let actions = one_of(statement, "Action", "NotAction")?;
    let actions = actions.filter(|all| !all.is_empty());
    let actions = actions.ok_or("Policy statement must contain actions.")?;
    for action in &actions {
        check_action(action)?;
    }
    if let Some(condition) = statement.get("Condition") {
        check_condition(condition)?;
    }
    if kind == PolicyKind::Trust {
        return check_trust(statement, &actions);
    }
    if statement.contains_key("Principal") || statement.contains_key("NotPrincipal") {
        return Err("Policy document should not specify a principal.".to_owned());
    }
    let resources = one_of(statement, "Resource", "NotResource")?.filter(|all| !all.is_empty());
    for resource in resources.ok_or("Policy statement must contain resources.")? {
        check_resource(resource)?;
    }
    Ok(())
}

fn check_trust(statement: &Map<String, Value>, actions: &[&str]) -> Result<(), String> {
    for field in ["Resource", "NotResource"] {
        if statement.contains_key(field) {
            return Err(format!("Has prohibited field {field}"));
        }
    }
    let principal = statement.get("Principal").or_else(|| statement.get("NotPrincipal"));
    let kinds = match principal {
        None => return Err("Missing required field Principal".to_owned()),
        Some(Value::String(anyone)) if anyone == "*" => None,
        Some(Value::Object(kinds)) => Some(kinds),
        Some(_) => return Err("AssumeRolepolicy contained an invalid principal".to_owned()),
    };
    if let Some(kinds) = kinds {
        if kinds.is_empty() {
            return Err("Missing required field Principal cannot be empty!".to_owned());
        }
        for (name, value) in kinds {
            if !["AWS", "Service", "Federated", "CanonicalUser"].contains(&name.as_str()) {
                return Err(format!("AssumeRolepolicy contained an invalid principal: \"{name}\""));
            }
            if texts(value).is_none_or(|all| all.is_empty()) {
                return Err("Missing required field Principal cannot be empty!".to_owned());
            }
        }
    }
    if actions.iter().all(|action| action.to_lowercase().starts_with("sts:")) {
        return Ok(());
    }
    Err("AssumeRole policy may only specify STS AssumeRole actions.".to_owned())
}

fn check_action(action: &str) -> Result<(), String> {
    if action == "*" {
        return Ok(());
    }
    let Some((vendor, name)) = action.split_once(':') else {
        return Err("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.".to_owned());
    };
    if name.contains(':') {
        return Err("Actions/Condition can contain only one colon.".to_owned());
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if vendor != "*" && (vendor.is_empty() || !vendor.chars().all(plain)) {
        return Err(format!("Vendor {vendor} is not valid"));
    }
    let part = |c: char| c.is_ascii_alphanumeric() || "*?_-".contains(c);
    if name.is_empty() || !name.chars().all(part) { Err(syntax()) } else { Ok(()) }
}

fn check_resource(resource: &str) -> Result<(), String> {
    if resource == "*" {
        return Ok(());
    }
    let Some(rest) = resource.strip_prefix("arn:") else {
        return Err(format!("Resource {resource} must be in ARN format or \"*\"."));
    };
    let parts: Vec<&str> = rest.splitn(5, ':').collect();
    let partition = parts.first().copied().unwrap_or_default();
    let known =
        ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc", "*"];
    if !known.contains(&partition) && !partition.contains("${") {
        let at = |place: usize| parts.get(place).filter(|part| !part.is_empty()).copied().unwrap_or("*");
        return Err(format!(
            "Partition \"{partition}\" is not valid for resource \"arn:{partition}:{}:{}:{}:{}\".",
            at(1),
            at(2),
            at(3),
            at(4)
        ));
    }
    let service = parts.get(1).copied().unwrap_or_default();
    if service.is_empty() || (service.contains(['*', '?']) && service != "*") {
        return Err("Resource vendor must be fully qualified and cannot contain regexes.".to_owned());
    }
    if parts.len() < 5 && !rest.ends_with('*') {
        return Err("The policy failed legacy parsing".to_owned());
    }
    if service == "iam" { check_iam_resource(resource, &parts) } else { Ok(()) }
}

/// What an IAM resource may be after the account id.
const IAM_PATHS: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

fn check_iam_resource(resource: &str, parts: &[&str]) -> Result<(), String> {
    if parts.get(2).is_some_and(|region| !region.is_empty() && *region != "*") {
        return Err(format!("IAM resource {resource} cannot contain region information."));
    }
    let path = parts.get(4).copied().unwrap_or("*");
    let open = path == "root" || path.contains(['*', '?', '$']);
    if open || IAM_PATHS.iter().any(|start| path.starts_with(start)) {
        return Ok(());
    }
    Err(format!("IAM resource path must either be \"*\" or start with {}.", IAM_PATHS.join(", ")))
}

/// Checks `Condition`: operator → key → value or values.
fn check_condition(condition: &Value) -> Result<(), String> {
    for (operator, keys) in condition.as_object().ok_or_else(syntax)? {
        if !is_operator(operator) {
            return Err(syntax());
        }
        for (key, values) in keys.as_object().ok_or_else(syntax)? {
            let scalar = |value: &Value| value.is_string() || value.is_boolean() || value.is_number();
            let fits = scalar(values) || values.as_array().is_some_and(|all| all.iter().all(scalar));
            if !fits {
                return Err(syntax());
            }
            if !key.contains(':') {
                let message = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
                return Err(message.to_owned());
            }
        }
    }
    Ok(())
}

/// Whether a word is a condition operator, with its set prefix and `IfExists`.
fn is_operator(word: &str) -> bool {
    let word =
        word.strip_prefix("ForAllValues:").or_else(|| word.strip_prefix("ForAnyValue:")).unwrap_or(word);
    let bare = word.strip_suffix("IfExists").unwrap_or(word).to_ascii_lowercase();
    let word = word.to_ascii_lowercase();
    if word == "null" {
        return true;
    }
    let compared = ["equals", "notequals", "lessthan", "lessthanequals", "greaterthan", "greaterthanequals"];
    let of =
        |family: &str, tails: &[&str]| bare.strip_prefix(family).is_some_and(|tail| tails.contains(&tail));
    let strings = ["equals", "notequals", "equalsignorecase", "notequalsignorecase", "like", "notlike"];
    of("string", &strings)
        || of("numeric", &compared)
        || of("date", &compared)
        || of("arn", &["equals", "notequals", "like", "notlike"])
        || ["bool", "binaryequals", "ipaddress", "notipaddress"].contains(&bare.as_str())
}

fn unique_sids(statements: &[&Map<String, Value>]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for sid in statements.iter().filter_map(|statement| statement.get("Sid")) {
        let sid = sid.as_str().ok_or_else(syntax)?;
        if !sid.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular \
                        expression [0-9A-Za-z]*"
                    .to_owned(),
            );
        }
        if !sid.is_empty() && !seen.insert(sid) {
            return Err("Statement IDs (SID) in a single policy must be unique.".to_owned());
        }
    }
    Ok(())
}

/// The texts of one of two fields that exclude each other.
fn one_of<'a>(
    statement: &'a Map<String, Value>,
    field: &str,
    negated: &str,
) -> Result<Option<Vec<&'a str>>, String> {
    match (statement.get(field), statement.get(negated)) {
        (Some(_), Some(_)) => Err(syntax()),
        (Some(value), None) | (None, Some(value)) => texts(value).map(Some).ok_or_else(syntax),
        (None, None) => Ok(None),
    }
}

/// A text or a list of texts.
fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(all) => all.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// JSON in which no object names a key twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate keys")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, Strict(value))) = entries.next_entry::<String, _>()? {
            if map.insert(key, value).is_some() {
                return Err(de::Error::custom("duplicate key"));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(statement: &str) -> Result<(), String> {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        validate(&text, PolicyKind::Identity)
    }

    fn trust(statement: &str) -> Result<(), String> {
        validate(&format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#), PolicyKind::Trust)
    }

    #[test]
    fn ordinary_policies_are_accepted() {
        identity(
            r#"{"Sid":"A1","Effect":"Allow","Action":["s3:Get*","iam:*"],"Resource":"arn:aws:s3:::b/${aws:username}/*",
                "Condition":{"ForAnyValue:StringLikeIfExists":{"aws:RequestTag/a":["x","y"]},"Bool":{"aws:MultiFactorAuthPresent":true}}}"#,
        )
        .unwrap();
        identity(r#"{"Effect":"Deny","NotAction":"*","NotResource":["arn:aws:iam::*:user/*","*"]}"#).unwrap();
        trust(r#"{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":["sts:AssumeRole","sts:TagSession"]}"#)
            .unwrap();
        let old = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        validate(old, PolicyKind::Inline).unwrap();
        assert!(validate(old, PolicyKind::Identity).unwrap_err().contains("2012-10-17"));
    }

    #[test]
    fn every_mistake_has_aws_s_words() {
        let vendor = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
        for (statement, message) in [
            (r#"{"Effect":"allow","Action":"*","Resource":"*"}"#, SYNTAX),
            (r#"{"Action":"*","Resource":"*"}"#, SYNTAX),
            (r#"{"Effect":"Allow","Action":"*","Resource":"*","Foo":1}"#, SYNTAX),
            (r#"{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}"#, SYNTAX),
            (r#"{"Effect":"Allow","Resource":"*"}"#, "Policy statement must contain actions."),
            (r#"{"Effect":"Allow","Action":[],"Resource":"*"}"#, "Policy statement must contain actions."),
            (r#"{"Effect":"Allow","Action":"*"}"#, "Policy statement must contain resources."),
            (r#"{"Effect":"Allow","Action":"GetObject","Resource":"*"}"#, vendor),
            (
                r#"{"Effect":"Allow","Action":"s3:Get:x","Resource":"*"}"#,
                "Actions/Condition can contain only one colon.",
            ),
            (r#"{"Effect":"Allow","Action":"s_3:Get","Resource":"*"}"#, "Vendor s_3 is not valid"),
            (
                r#"{"Effect":"Allow","Action":"*","Resource":"bucket"}"#,
                "Resource bucket must be in ARN format or \"*\".",
            ),
            (
                r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3"}"#,
                "The policy failed legacy parsing",
            ),
            (
                r#"{"Effect":"Allow","Action":"*","Resource":"arn:was:s3:::b"}"#,
                "Partition \"was\" is not valid for resource \"arn:was:s3:*:*:b\".",
            ),
            (
                r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#,
                "Policy document should not specify a principal.",
            ),
        ] {
            assert_eq!(identity(statement).unwrap_err(), message, "{statement}");
        }
        let twice = r#"{"Sid":"A","Effect":"Allow","Action":"*","Resource":"*"}"#;
        assert!(identity(&format!("{twice},{twice}")).unwrap_err().contains("must be unique"));
        assert_eq!(validate("{", PolicyKind::Trust).unwrap_err(), "This policy contains invalid Json");
    }

    #[test]
    fn trust_policies_have_principals_and_no_resources() {
        for (statement, message) in [
            (r#"{"Effect":"Allow","Action":"sts:AssumeRole"}"#, "Missing required field Principal"),
            (
                r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Resource":"*"}"#,
                "Has prohibited field Resource",
            ),
            (
                r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:GetObject"}"#,
                "AssumeRole policy may only specify STS AssumeRole actions.",
            ),
        ] {
            assert_eq!(trust(statement).unwrap_err(), message, "{statement}");
        }
    }

    #[test]
    fn an_iam_resource_is_a_known_kind() {
        let with = |resource: &str| {
            identity(&format!(r#"{{"Effect":"Allow","Action":"iam:*","Resource":"{resource}"}}"#))
        };
        assert!(with("arn:aws:iam::123456789012:users/u").unwrap_err().starts_with("IAM resource path must"));
        for fine in [
            "arn:aws:iam::*:*",
            "arn:aws:iam::123456789012:user/${aws:username}",
            "arn:aws:iam::aws:policy/X",
        ] {
            with(fine).unwrap();
        }
    }

    #[test]
    fn white_space_does_not_count() {
        let text = format!(
            r#"{{"Version":"2012-10-17",{}"Statement":{{"Effect":"Allow","Action":"*","Resource":"*"}}}}"#,
            " ".repeat(10_000)
        );
        validate(&text, PolicyKind::Identity).unwrap();
        assert!(validate(&text.replace("2012-10-17\"", &"x".repeat(7_000)), PolicyKind::Identity).is_err());
    }
}
