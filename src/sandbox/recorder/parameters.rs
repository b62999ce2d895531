//! The `requestParameters` of a record: the input with the keys and types `CloudTrail` writes, without secrets.

use serde_json::{Map, Number, Value, json};

use super::HIDDEN;

/// Parameters that are never recorded, by their name in the API: secrets and code. `CloudTrail` leaves them out too.
const LEFT_OUT: [&str; 19] = [
    "Password",
    "OldPassword",
    "NewPassword",
    "AuthenticationCode1",
    "AuthenticationCode2",
    "TokenCode",
    "SecretAccessKey",
    "Base32StringSeed",
    "QRCodePNG",
    "ServicePassword",
    "ServiceCredentialSecret",
    "PrivateKey",
    "ZipFile",
    "TemplateBody",
    "ParameterValue",
    "Message",
    "Token",
    "Input",
    "InputTransformer",
];

/// Fields whose place is kept, but not what is in it.
const EMPTIED: [&str; 1] = ["Environment"];

/// Fields whose text is replaced: a session's token, the address that a topic's messages go to.
const MASKED: [&str; 2] = ["SessionToken", "Endpoint"];

/// Fields with keys of the user's own, which stay as they are.
const MAPS: [&str; 4] = ["Tags", "tags", "Attributes", "Variables"];

/// The whole numbers of the query protocol, where all input is text.
const NUMBERS: [&str; 10] = [
    "DurationSeconds",
    "MaxItems",
    "MaxPasswordAge",
    "MaxResults",
    "MaxSessionDuration",
    "MinimumPasswordLength",
    "PasswordReusePrevention",
    "TimeoutInMinutes",
    "CredentialAgeDays",
    "StackMaxResults",
];

/// The booleans of the query protocol.
const FLAGS: [&str; 16] = [
    "AllowUsersToChangePassword",
    "DisableRollback",
    "EnableTerminationProtection",
    "HardExpiry",
    "IncludePropertyValues",
    "OnlyAttached",
    "PasswordResetRequired",
    "RequireLowercaseCharacters",
    "RequireNumbers",
    "RequireSymbols",
    "RequireUppercaseCharacters",
    "RetainExceptOnCreate",
    "ReturnSubscriptionArn",
    "SetAsDefault",
    "UsePreviousTemplate",
    "UsePreviousValue",
];

/// The most that is kept of the parameters, in bytes of JSON.
const LARGEST: usize = 100 << 10;

/// Writes the `requestParameters` of a call; `null` when there are none.
pub(super) fn of(service: &str, operation: &str, input: &Value) -> Value {
    // Both passwords are all it has besides the caller's own name, and AWS records nothing of it.
    if (service, operation) == ("iam", "ChangePassword") {
        return Value::Null;
    }
    limited(clean(input, true), "requestParameters")
}

/// Replaces an object that is empty by `null`, and one that is too large by a note.
pub(super) fn limited(value: Value, what: &str) -> Value {
    if value.as_object().is_none_or(Map::is_empty) {
        return Value::Null;
    }
    let size = value.to_string().len();
    if size > LARGEST {
        return json!({"omitted": true, "originalSize": size, "reason": format!("{what} too large")});
    }
    value
}

/// Rewrites a value: keys begin with a small letter, secrets go, texts become what the API means by them.
/// `typed` is whether texts may stand for numbers and booleans.
pub(super) fn clean(value: &Value, typed: bool) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| clean(item, typed)).collect(),
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(key, value)| !value.is_null() && is_kept(key));
            kept.map(|(key, value)| (lowered(key), field(key, value, typed))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// Rewrites the value of one field.
fn field(key: &str, value: &Value, typed: bool) -> Value {
    if EMPTIED.contains(&key) {
        return json!({});
    }
    if MAPS.contains(&key) && value.is_object() {
        return value.clone();
    }
    match value {
        Value::String(_) if MASKED.contains(&key) => json!(HIDDEN),
        Value::String(text) if typed && NUMBERS.contains(&key) => {
            text.parse::<i64>().map_or_else(|_| value.clone(), |number| Value::Number(Number::from(number)))
        }
        Value::String(text) if typed && FLAGS.contains(&key) => {
            text.parse::<bool>().map_or_else(|_| value.clone(), Value::Bool)
        }
        other => clean(other, typed),
    }
}

/// Tells whether a field is recorded: no secret, and nothing the protocol layer put there for itself.
fn is_kept(key: &str) -> bool {
    !LEFT_OUT.iter().any(|secret| secret.eq_ignore_ascii_case(key))
        && !key.starts_with("__")
        && !key.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("x-amz"))
}

/// Makes the first letter small: `UserName` is `userName`, `SSHPublicKeyId` is `sSHPublicKeyId`.
fn lowered(key: &str) -> String {
    let mut letters = key.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // As recorded by AWS for `CreateRole` and `CreateLoginProfile`.
    #[test]
    fn texts_become_numbers_and_keys_begin_small() {
        let input =
            json!({"RoleName": "r", "MaxSessionDuration": "3600", "Tags": [{"Key": "Team", "Value": "10"}]});
        let shown =
            json!({"roleName": "r", "maxSessionDuration": 3600, "tags": [{"key": "Team", "value": "10"}]});
        assert_eq!(of("iam", "CreateRole", &input), shown);
        let input = json!({"UserName": "u", "Password": "Secret-1", "PasswordResetRequired": "false"});
        let shown = json!({"userName": "u", "passwordResetRequired": false});
        assert_eq!(of("iam", "CreateLoginProfile", &input), shown);
        assert_eq!(of("iam", "ListUsers", &json!({})), Value::Null);
    }

    #[test]
    fn code_and_environment_are_not_recorded_and_tags_keep_their_case() {
        let input = json!({
            "FunctionName": "f",
            "Code": {"ZipFile": "UEsDBA=="},
            "Environment": {"Variables": {"TOKEN": "s3cret"}},
            "Tags": {"Course": "CMPT"},
        });
        let shown = json!({"functionName": "f", "code": {}, "environment": {}, "tags": {"Course": "CMPT"}});
        assert_eq!(of("lambda", "CreateFunction", &input), shown);
    }

    #[test]
    fn what_is_too_large_is_only_named() {
        let shown = of("iam", "CreatePolicy", &json!({"PolicyDocument": "x".repeat(200 << 10)}));
        assert_eq!(shown["omitted"], true);
    }
}
