//! Secrets that students leave where everybody may read them do not go into the evidence.

use std::collections::BTreeMap;

use serde_json::Value;

/// What stands in place of a secret.
const MASK: &str = "********";

/// What stands in place of each letter of a credential of AWS, as in the sources of a package: that there was one is
/// something that a criterion may ask for.
const LETTER: &str = "X";

/// The most letters of a credential that are shown so.
const MOST_LETTERS: usize = 200;

/// What the name of a variable has in it that holds a secret.
const TELLING: [&str; 9] =
    ["secret", "password", "passwd", "token", "credential", "private", "apikey", "accesskey", "webhook"];

/// Parameters of records that are secrets, in lower case. CloudTrail leaves most of them out itself; the token of a
/// session it does not.
const SECRET: [&str; 6] =
    ["sessiontoken", "secretaccesskey", "password", "newpassword", "oldpassword", "secretstring"];

/// Masks the values of variables that look like secrets. ARNs, which tell what a function works with, are none.
pub(super) fn environment(variables: &mut BTreeMap<String, String>) {
    for (name, value) in variables {
        if value.is_empty() || value.starts_with("arn:") {
            continue;
        }
        if is_credential(value) {
            *value = LETTER.repeat(value.len().min(MOST_LETTERS));
        } else if is_telling(name) {
            MASK.clone_into(value);
        }
    }
}

/// Masks what is secret in a record of the event history.
pub(super) fn record(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let is_hidden = SECRET.contains(&key.to_ascii_lowercase().as_str());
                if is_hidden && value.is_string() { *value = Value::from(MASK) } else { record(value) }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(record),
        _ => {}
    }
}

fn is_telling(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    TELLING.iter().any(|word| plain.contains(word))
}

/// Tells whether a text looks like an access key's id, its secret, or the token of a session.
fn is_credential(text: &str) -> bool {
    let is_id = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| word.len() == 20 && (word.starts_with("AKIA") || word.starts_with("ASIA")));
    let of_base64 = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'=');
    let is_mixed = text.bytes().any(|c| c.is_ascii_lowercase())
        && text.bytes().any(|c| c.is_ascii_uppercase())
        && text.bytes().any(|c| c.is_ascii_digit());
    is_id || ((text.len() == 40 || text.len() >= 200) && text.bytes().all(of_base64) && is_mixed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_that_hold_secrets_are_masked_and_arns_are_kept() {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let mut variables: BTreeMap<String, String> = [
            ("TOPIC", "arn:aws:sns:us-east-1:123456789012:report"),
            ("SECRET_ARN", "arn:aws:secretsmanager:us-east-1:123456789012:secret:x"),
            ("REGION", "us-east-1"),
            ("DB_PASSWORD", "hunter2"),
            ("Key", "AKIAIOSFODNN7EXAMPLE"),
            ("other", secret),
            ("LONG", &"role/".repeat(8)),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
        environment(&mut variables);
        let masked: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            masked,
            [
                ("DB_PASSWORD", MASK),
                ("Key", "XXXXXXXXXXXXXXXXXXXX"),
                ("LONG", "role/role/role/role/role/role/role/role/"),
                ("REGION", "us-east-1"),
                ("SECRET_ARN", "arn:aws:secretsmanager:us-east-1:123456789012:secret:x"),
                ("TOPIC", "arn:aws:sns:us-east-1:123456789012:report"),
                ("other", "X".repeat(40).as_str()),
            ]
        );
    }

    #[test]
    fn the_token_of_a_session_is_masked_wherever_it_stands() {
        let mut assumed = json!({"responseElements": {"credentials": {"sessionToken": "IQoJ", "accessKeyId": "ASIA1",
            "secretAccessKey": "x"}, "list": [{"SessionToken": "y"}]}});
        record(&mut assumed);
        assert_eq!(
            assumed,
            json!({"responseElements": {"credentials": {"sessionToken": MASK, "accessKeyId": "ASIA1",
            "secretAccessKey": MASK}, "list": [{"SessionToken": MASK}]}})
        );
    }
}
