//! Filter policies: which messages a subscription wants, by their attributes or by their body.
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html>

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The attributes of a message, each with the values it stands for.
pub(super) type Attributes = BTreeMap<String, Vec<Value>>;

/// Tells whether a filter policy on the attributes lets a message through.
pub(super) fn admits_attributes(policy: &Value, attributes: &Attributes) -> bool {
    let Some(policy) = policy.as_object() else { return true };
    let wanted = |(key, rule): (&String, &Value)| {
        if key == "$or" {
            return any_of(rule, |policy| admits_attributes(policy, attributes));
        }
        matches(rule, attributes.get(key).map(Vec::as_slice))
    };
    policy.iter().all(wanted)
}

/// Tells whether a filter policy on the body lets a message through. A body that is no object is none of its business.
pub(super) fn admits_body(policy: &Value, body: &str) -> bool {
    let Ok(Value::Object(body)) = serde_json::from_str(body) else { return false };
    admits_object(policy, &body)
}

fn admits_object(policy: &Value, body: &Map<String, Value>) -> bool {
    let Some(policy) = policy.as_object() else { return true };
    let wanted = |(key, rule): (&String, &Value)| match (rule, body.get(key)) {
        _ if key == "$or" => any_of(rule, |policy| admits_object(policy, body)),
        (Value::Object(_), Some(Value::Object(inner))) => admits_object(rule, inner),
        (Value::Object(_), _) => false,
        (_, Some(Value::Array(values))) => matches(rule, Some(values)),
        (_, value) => matches(rule, value.map(std::slice::from_ref)),
    };
    policy.iter().all(wanted)
}

/// Tells whether one of several policies admits.
fn any_of(policies: &Value, admits: impl Fn(&Value) -> bool) -> bool {
    policies.as_array().is_some_and(|policies| policies.iter().any(admits))
}

/// Tells whether one of the conditions of a rule holds for one of the values. No value at all is `exists: false`.
fn matches(rule: &Value, values: Option<&[Value]>) -> bool {
    let Some(conditions) = rule.as_array() else { return false };
    conditions.iter().any(|condition| {
        if let Some(exists) = condition.get("exists") {
            return exists == &Value::Bool(values.is_some());
        }
        values.unwrap_or_default().iter().any(|value| holds(condition, value))
    })
}

/// Tells whether a condition holds for a value.
fn holds(condition: &Value, value: &Value) -> bool {
    let text = value.as_str();
    let both = |key: &str| Some((condition.get(key)?.as_str()?, text?));
    if let Some((wanted, text)) = both("prefix") {
        return text.starts_with(wanted);
    }
    if let Some((wanted, text)) = both("suffix") {
        return text.ends_with(wanted);
    }
    if let Some((wanted, text)) = both("equals-ignore-case") {
        return text.to_lowercase() == wanted.to_lowercase();
    }
    if let Some(but) = condition.get("anything-but") {
        return match but {
            Value::Array(these) => !these.iter().any(|one| same(one, value)),
            Value::Object(_) => !holds(but, value),
            one => !same(one, value),
        };
    }
    match condition.get("numeric").and_then(Value::as_array) {
        Some(limits) => numeric(limits, value),
        None => same(condition, value),
    }
}

/// Tells whether a number is within limits: pairs of an operator and a number.
fn numeric(limits: &[Value], value: &Value) -> bool {
    let Some(number) = value.as_f64() else { return false };
    let fits = |pair: &[Value]| {
        let [operator, limit] = pair else { return false };
        let Some(limit) = limit.as_f64() else { return false };
        match operator.as_str() {
            Some("=") => (number - limit).abs() < 1e-9,
            Some("<") => number < limit,
            Some("<=") => number <= limit,
            Some(">") => number > limit,
            Some(">=") => number >= limit,
            _ => false,
        }
    };
    !limits.is_empty() && limits.chunks(2).all(fits)
}

/// Tells whether two values are the same; `1` and `1.0` are.
fn same(one: &Value, other: &Value) -> bool {
    one == other || one.as_f64().zip(other.as_f64()).is_some_and(|(one, other)| (one - other).abs() < 1e-9)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The operators of "String value matching" and "Numeric value matching" in the SNS developer guide.
    #[test]
    fn messages_are_filtered_by_their_attributes() {
        let attributes = Attributes::from([
            ("store".to_owned(), vec![json!("example_corp")]),
            ("price".to_owned(), vec![json!(210.75)]),
            ("sports".to_owned(), vec![json!("rugby"), json!("tennis")]),
        ]);
        for (policy, admitted) in [
            (json!({}), true),
            (json!({"store": ["example_corp"], "sports": ["tennis", "golf"]}), true),
            (json!({"store": ["other"]}), false),
            (json!({"absent": ["x"]}), false),
            (json!({"store": [{"prefix": "example"}]}), true),
            (json!({"store": [{"suffix": "inc"}]}), false),
            (json!({"store": [{"anything-but": ["other", "third"]}]}), true),
            (json!({"store": [{"anything-but": {"prefix": "example"}}]}), false),
            (json!({"store": [{"equals-ignore-case": "EXAMPLE_corp"}]}), true),
            (json!({"price": [{"numeric": [">", 200, "<=", 300]}]}), true),
            (json!({"price": [{"numeric": ["=", 300]}]}), false),
            (json!({"store": [{"exists": true}], "absent": [{"exists": false}]}), true),
            (json!({"$or": [{"store": ["other"]}, {"price": [210.75]}]}), true),
        ] {
            assert_eq!(admits_attributes(&policy, &attributes), admitted, "{policy}");
        }
    }

    #[test]
    fn messages_are_filtered_by_their_body() {
        let body = r#"{"store":{"name":"example_corp"},"sports":["rugby"]}"#;
        assert!(admits_body(&json!({"store": {"name": ["example_corp"]}, "sports": ["rugby"]}), body));
        assert!(!admits_body(&json!({"store": {"name": ["other"]}}), body));
        assert!(!admits_body(&json!({"store": {"name": ["other"]}}), "plain text"));
    }
}
