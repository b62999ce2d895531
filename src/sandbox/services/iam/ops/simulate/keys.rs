//! Which condition keys policies ask about: `GetContextKeysForCustomPolicy` and `GetContextKeysForPrincipalPolicy`.

use serde_json::{Value, json};

use super::policies::{self, Known};
use crate::sandbox::services::iam::call::{Call, members};
use crate::sandbox::services::iam::fault::{self, Reply};

/// `GetContextKeysForCustomPolicy`.
pub(in super::super) fn of_custom(call: &mut Call<'_>) -> Reply {
    if call.list("PolicyInputList").is_empty() {
        return Err(fault::missing("PolicyInputList"));
    }
    let mut known = Known::default();
    known.add_given(call)?;
    Ok(answer(&known))
}

/// `GetContextKeysForPrincipalPolicy`.
pub(in super::super) fn of_principal(call: &mut Call<'_>) -> Reply {
    let arn = call.text("PolicySourceArn")?;
    let subject = policies::subject(call, &arn)?;
    let mut known = policies::attached(call, &subject, &[]);
    known.add_given(call)?;
    Ok(answer(&known))
}

fn answer(known: &Known) -> Value {
    let mut keys = Vec::new();
    for text in known.texts() {
        if let Ok(document) = serde_json::from_str::<Value>(text) {
            collect(&document, &mut keys);
        }
    }
    json!({ "ContextKeyNames": members(keys.into_iter().map(Value::from)) })
}

/// Collects, in order and once each, the keys of conditions and those of variables in any text.
fn collect(value: &Value, keys: &mut Vec<String>) {
    let mut add = |key: &str| {
        if !keys.iter().any(|have| have.eq_ignore_ascii_case(key)) {
            keys.push(key.to_owned());
        }
    };
    match value {
        Value::String(text) => variables(text).for_each(add),
        Value::Array(items) => items.iter().for_each(|item| collect(item, keys)),
        Value::Object(fields) => {
            for (name, field) in fields {
                if name == "Condition" {
                    let operators = field.as_object().into_iter().flat_map(|operators| operators.values());
                    operators
                        .filter_map(Value::as_object)
                        .flat_map(|tests| tests.keys())
                        .for_each(|key| add(key));
                }
            }
            fields.values().for_each(|field| collect(field, keys));
        }
        _ => {}
    }
}

/// The keys in `${…}`, without defaults; `${*}`, `${?}` and `${$}` are no keys.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    let inside = text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(inside, _)| inside);
    let keys = inside.map(|inside| inside.split(',').next().unwrap_or_default().trim());
    keys.filter(|key| !matches!(*key, "*" | "?" | "$" | ""))
}
