//! The difference between two states of a resource, property by property.

use serde::Serialize;
use serde_json::Value;

/// One property that differs. `null` stands for "not there".
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// Dotted path of the property within the resource.
    pub path: String,
    /// The value in the account.
    pub before: Value,
    /// The value in the scenario.
    pub after: Value,
}

/// Compares two states as JSON. Mappings are compared key by key, everything else as a whole. A key that holds
/// `null` and a key that is not there mean the same, so what a mapping lists must never be `null`.
pub fn diff(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare("", before, after, &mut changes);
    changes
}

fn compare(path: &str, before: &Value, after: &Value, changes: &mut Vec<FieldChange>) {
    if before == after {
        return;
    }
    match (before, after) {
        // A policy document is one thing: its inside is shown as text.
        (Value::Object(old), Value::Object(new)) if !old.contains_key("Statement") => {
            let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(
                    &path,
                    old.get(key).unwrap_or(&Value::Null),
                    new.get(key).unwrap_or(&Value::Null),
                    changes,
                );
            }
        }
        _ => changes.push(FieldChange { path: path.into(), before: before.clone(), after: after.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn mappings_are_compared_by_key_and_lists_as_a_whole() {
        let before = json!({"timeout": 3, "environment": {"A": "1", "B": "2"}, "policies": ["p"]});
        let after = json!({"timeout": 3, "environment": {"A": "1", "C": "3"}, "policies": ["p", "q"]});
        let paths: Vec<_> = diff(&before, &after).into_iter().map(|change| change.path).collect();
        assert_eq!(paths, ["environment.B", "environment.C", "policies"]);
        assert_eq!(diff(&before, &before), []);
    }
}
