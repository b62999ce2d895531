//! The `responseElements` of a record: what a changing call answered, as `CloudTrail` writes it, without secrets.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::parameters::{clean, limited};

/// Writes the `responseElements` of an answer; `null` when it has none.
pub(super) fn of(service: &str, output: &Value) -> Value {
    let mut shown = clean(&unwrapped(output), false);
    match service {
        "iam" => dates(&mut shown, "%b %-d, %Y %-I:%M:%S %p"),
        "sts" => dates(&mut shown, "%b %-d, %Y, %-I:%M:%S %p"),
        _ => {}
    }
    limited(shown, "responseElements")
}

/// Takes away the wrappers that lists and maps have in the query protocol.
fn unwrapped(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(unwrapped).collect(),
        Value::Object(fields) => match (fields.len(), fields.iter().next()) {
            (1, Some((key, Value::Array(items)))) if key == "member" => items.iter().map(unwrapped).collect(),
            (1, Some((key, Value::Array(items)))) if key == "entry" => {
                let pair =
                    |item: &Value| Some((item.get("key")?.as_str()?.to_owned(), item.get("value")?.clone()));
                items.iter().filter_map(pair).collect::<Map<_, _>>().into()
            }
            _ => fields
                .iter()
                .map(|(key, value)| (key.clone(), unwrapped(value)))
                .collect::<Map<_, _>>()
                .into(),
        },
        other => other.clone(),
    }
}

/// Writes moments as the services' own servers print them: `Jul 10, 2023 12:09:21 PM`.
fn dates(value: &mut Value, style: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| dates(item, style)),
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                let is_moment = key.ends_with("Date") || key == "expiration" || key.ends_with("Time");
                match value.as_str().filter(|_| is_moment).and_then(|text| text.parse::<Timestamp>().ok()) {
                    Some(at) => *value = json!(at.strftime(style).to_string()),
                    None => dates(value, style),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // As recorded by AWS for `CreateAccessKey` on 2023-07-10.
    #[test]
    fn a_new_key_is_shown_without_its_secret() {
        let output = json!({"AccessKey": {
            "AccessKeyId": "AKIATFQR7NSC3ZO6PKAZ",
            "SecretAccessKey": "secret",
            "Status": "Active",
            "UserName": "u",
            "CreateDate": "2023-07-10T12:24:29Z",
        }});
        let shown = json!({"accessKey": {
            "accessKeyId": "AKIATFQR7NSC3ZO6PKAZ",
            "status": "Active",
            "userName": "u",
            "createDate": "Jul 10, 2023 12:24:29 PM",
        }});
        assert_eq!(of("iam", &output), shown);
        assert_eq!(of("iam", &json!({})), Value::Null);
    }

    #[test]
    fn temporary_credentials_are_shown_without_secret_and_token() {
        let output = json!({"Credentials": {
            "AccessKeyId": "ASIA1", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "2023-07-10T12:31:14Z",
        }});
        let shown = json!({"credentials": {
            "accessKeyId": "ASIA1",
            "sessionToken": "HIDDEN_DUE_TO_SECURITY_REASONS",
            "expiration": "Jul 10, 2023, 12:31:14 PM",
        }});
        assert_eq!(of("sts", &output), shown);
    }
}
