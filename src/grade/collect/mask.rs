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

/// The same, as words of their own: within other words they mean something else.
const WORDS: [&str; 8] = ["pass", "pwd", "passphrase", "passcode", "cred", "creds", "auth", "salt"];

/// Parameters of records that are secrets, in lower case. CloudTrail leaves most of them out itself; the token of a
/// session it does not.
const SECRET: [&str; 6] =
    ["sessiontoken", "secretaccesskey", "password", "newpassword", "oldpassword", "secretstring"];

/// Masks the values of variables that look like secrets. ARNs, which tell what a function works with, and small numbers,
/// which are its settings, are none.
pub(super) fn environment(variables: &mut BTreeMap<String, String>) {
    for (name, value) in variables {
        if value.is_empty() || value.starts_with("arn:") {
            continue;
        }
        let shown = text(value);
        let is_all = shown != *value && shown.chars().all(|c| LETTER.starts_with(c));
        let is_setting = value.len() <= 3 && value.bytes().all(|c| c.is_ascii_digit())
            || ["true", "false"].contains(&value.to_ascii_lowercase().as_str());
        if !is_all && !is_setting && is_telling(name) {
            MASK.clone_into(value);
        } else {
            *value = shown;
        }
    }
}

/// Masks credentials that stand in a text: keys of AWS, and who and what comes before the host of an address.
pub(super) fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        keys(before, &mut shown);
        shown.push_str("://");
        let end = after.find(|c: char| c == '/' || c == '"' || c.is_whitespace()).unwrap_or(after.len());
        rest = match after.get(..end).and_then(|authority| authority.rsplit_once('@')) {
            Some((user, _)) if user.contains(':') => {
                shown.push_str(MASK);
                after.get(user.len()..).unwrap_or_default()
            }
            _ => after,
        };
    }
    keys(rest, &mut shown);
    shown
}

/// Writes a text, the credentials of AWS in it as letters.
fn keys(text: &str, shown: &mut String) {
    let is_of_run = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let mut rest = text;
    while let Some(begin) = rest.find(is_of_run) {
        let (before, from) = rest.split_at(begin);
        shown.push_str(before);
        let (run, after) = from.split_at(from.find(|c| !is_of_run(c)).unwrap_or(from.len()));
        rest = after;
        if run.len() >= 200 && is_credential(run) {
            shown.push_str(&LETTER.repeat(MOST_LETTERS));
            continue;
        }
        // A sign of equality ends a name; only in the long ones does it stand for nothing.
        for (at, word) in run.split('=').enumerate() {
            if at > 0 {
                shown.push('=');
            }
            if is_credential(word) {
                shown.push_str(&LETTER.repeat(word.len().min(MOST_LETTERS)));
            } else {
                shown.push_str(word);
            }
        }
    }
    shown.push_str(rest);
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
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let is_word = |word: &str| WORDS.iter().any(|telling| word.eq_ignore_ascii_case(telling));
    TELLING.iter().any(|word| plain.contains(word))
        || words.clone().any(is_word)
        // What ends in it is a key; what goes on, as `KEY_AGE`, is about keys.
        || words.next_back().is_some_and(|word| word.eq_ignore_ascii_case("key") && plain != "key")
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
    fn secrets_are_found_by_word_in_addresses_and_within_texts_and_settings_are_kept() {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let json = format!("{{\"id\":\"AKIAIOSFODNN7EXAMPLE\",\"k\":\"{secret}\"}}");
        for (name, value, shown) in [
            ("DB_PASS", "hunter2", MASK),
            ("PASSPHRASE", "correct horse", MASK),
            ("PWD_", "x1", MASK),
            ("SIGNING_KEY", "abc", MASK),
            ("DATABASE_URL", "postgres://u:p@w@db.example/x", "postgres://********@db.example/x"),
            ("CONFIG", &json, &format!("{{\"id\":\"{}\",\"k\":\"{}\"}}", "X".repeat(20), "X".repeat(40))),
            ("ARGS", &format!("secret={secret}"), &format!("secret={}", "X".repeat(40))),
            ("ACCESS_KEY_MAX_AGE", "90", "90"),
            ("PASSWORD_CHECK", "True", "True"),
            ("KEY_PREFIX", "reports/", "reports/"),
            ("COMPASS", "north", "north"),
            ("URL", "https://example.com/a@b", "https://example.com/a@b"),
        ] {
            let mut variables = BTreeMap::from([(name.to_owned(), value.to_owned())]);
            environment(&mut variables);
            assert_eq!(variables[name], shown, "{name}");
        }
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
