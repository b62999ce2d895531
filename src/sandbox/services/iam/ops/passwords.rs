//! The account password policy, and whether a password fits it.

use awsim_core::AwsError;
use serde_json::json;

use crate::sandbox::services::iam::call::Call;
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::store::{Login, PasswordPolicy};

/// The characters AWS counts as symbols.
const SYMBOLS: &str = "!@#$%^&*()_+-=[]{}|'";

pub(super) fn get(call: &mut Call<'_>) -> Reply {
    let policy = call.state.password_policy.as_ref().ok_or_else(|| absent(call))?;
    Ok(json!({ "PasswordPolicy": {
        "MinimumPasswordLength": policy.minimum_length,
        "RequireSymbols": policy.require_symbols,
        "RequireNumbers": policy.require_numbers,
        "RequireUppercaseCharacters": policy.require_uppercase,
        "RequireLowercaseCharacters": policy.require_lowercase,
        "AllowUsersToChangePassword": policy.allow_change,
        "ExpirePasswords": policy.max_age.is_some(),
        "MaxPasswordAge": policy.max_age,
        "PasswordReusePrevention": policy.reuse_prevention,
        "HardExpiry": policy.hard_expiry,
    } }))
}

/// `UpdateAccountPasswordPolicy` replaces the whole policy: what is not given falls back to its default.
pub(super) fn update(call: &mut Call<'_>) -> Reply {
    let flag = |name| call.flag(name).map(|flag| flag.unwrap_or(false));
    let policy = PasswordPolicy {
        minimum_length: call.number("MinimumPasswordLength", 6, 128)?.unwrap_or(6),
        require_symbols: flag("RequireSymbols")?,
        require_numbers: flag("RequireNumbers")?,
        require_uppercase: flag("RequireUppercaseCharacters")?,
        require_lowercase: flag("RequireLowercaseCharacters")?,
        allow_change: flag("AllowUsersToChangePassword")?,
        max_age: call.number("MaxPasswordAge", 1, 1095)?,
        reuse_prevention: call.number("PasswordReusePrevention", 1, 24)?,
        hard_expiry: call.flag("HardExpiry")?,
    };
    *call.state.password_policy = Some(policy);
    Ok(json!({}))
}

pub(super) fn delete(call: &mut Call<'_>) -> Reply {
    match call.state.password_policy.take() {
        Some(_) => Ok(json!({})),
        None => Err(absent(call)),
    }
}

fn absent(call: &Call<'_>) -> AwsError {
    let account = &call.ctx.account_id;
    fault::no_such_entity(format!("The Password Policy with domain name {account} cannot be found."))
}

/// Checks a new password against the policy, or against AWS's default when there is none: at least eight
/// characters and three of upper case, lower case, digits and symbols.
pub(super) fn check(
    policy: Option<&PasswordPolicy>,
    password: &str,
    login: Option<&Login>,
) -> Result<(), AwsError> {
    let length = password.chars().count();
    if length > 128 {
        return Err(fault::constraint("*****", "password", "have length less than or equal to 128"));
    }
    let least = policy.map_or(8, |policy| usize::try_from(policy.minimum_length).unwrap_or(8));
    if length < least {
        return Err(violation(format!("Password should have a minimum length of {least}")));
    }
    let upper = password.chars().any(|c| c.is_ascii_uppercase());
    let lower = password.chars().any(|c| c.is_ascii_lowercase());
    let digit = password.chars().any(|c| c.is_ascii_digit());
    let symbol = password.chars().any(|c| SYMBOLS.contains(c));
    let Some(policy) = policy else {
        let kinds = [upper, lower, digit, symbol].into_iter().filter(|there| *there).count();
        return if kinds >= 3 { Ok(()) } else { Err(violation(NOT_CONFORMING)) };
    };
    let wanted = [
        (policy.require_uppercase && !upper, "uppercase letter"),
        (policy.require_lowercase && !lower, "lowercase letter"),
        (policy.require_numbers && !digit, "number"),
        (policy.require_symbols && !symbol, "symbol"),
    ];
    if let Some((_, what)) = wanted.iter().find(|(lacks, _)| *lacks) {
        return Err(violation(format!("Password should have at least one {what}")));
    }
    let remembered = policy.reuse_prevention.and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    match login {
        Some(login) if login.used_before(password, remembered) => Err(violation(NOT_CONFORMING)),
        _ => Ok(()),
    }
}

const NOT_CONFORMING: &str = "Password does not conform to the account password policy.";

fn violation(message: impl Into<String>) -> AwsError {
    AwsError::bad_request("PasswordPolicyViolation", message)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Account;
    use super::*;

    #[test]
    fn there_is_no_policy_until_one_is_set() {
        let account = Account::new();
        let (code, status, message) = account.refused("GetAccountPasswordPolicy", json!({}));
        assert_eq!((code.as_str(), status), ("NoSuchEntity", 404));
        assert_eq!(message, "The Password Policy with domain name 123456789012 cannot be found.");
        account.ok("UpdateAccountPasswordPolicy", json!({ "MaxPasswordAge": "90" }));
        let policy = &account.ok("GetAccountPasswordPolicy", json!({}))["PasswordPolicy"];
        assert_eq!(
            (policy["MinimumPasswordLength"].as_u64(), policy["ExpirePasswords"].as_bool()),
            (Some(6), Some(true))
        );
        account.ok("UpdateAccountPasswordPolicy", json!({ "RequireNumbers": "true" }));
        let policy = &account.ok("GetAccountPasswordPolicy", json!({}))["PasswordPolicy"];
        assert_eq!((policy.get("MaxPasswordAge"), policy["RequireNumbers"].as_bool()), (None, Some(true)));
        let short = account.refused("UpdateAccountPasswordPolicy", json!({ "MinimumPasswordLength": "5" }));
        assert_eq!(short.0, "ValidationError");
    }
}
