//! Login profiles: the console password of a user.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::passwords;
use crate::sandbox::services::iam::call::Call;
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::identity::Identity;
use crate::sandbox::services::iam::ids;
use crate::sandbox::services::iam::store::{self, Login, State, User};

pub(super) fn create(call: &mut Call<'_>) -> Reply {
    let name = call.user_name()?;
    let password = call.text("Password")?;
    let reset = call.flag("PasswordResetRequired")?.unwrap_or(false);
    let now = call.now;
    let policy = call.state.password_policy.clone();
    let user = call.user(&name)?;
    if user.login.is_some() {
        return Err(fault::already_exists(format!("Login Profile for user {name} already exists.")));
    }
    passwords::check(policy.as_ref(), &password, None)?;
    user.login = Some(Login::new(&password, &ids::bytes::<16>()?, reset, now));
    Ok(json!({ "LoginProfile": shown(user) }))
}

pub(super) fn get(call: &mut Call<'_>) -> Reply {
    let name = call.user_name()?;
    let user = call.user_seen(&name)?;
    match user.login {
        Some(_) => Ok(json!({ "LoginProfile": shown(user) })),
        None => Err(absent(&name)),
    }
}

pub(super) fn update(call: &mut Call<'_>) -> Reply {
    let name = call.text("UserName")?;
    let password = call.optional("Password");
    let reset = call.flag("PasswordResetRequired")?;
    let now = call.now;
    let policy = call.state.password_policy.clone();
    let login = call.user(&name)?.login.as_mut().ok_or_else(|| absent(&name))?;
    if let Some(password) = password {
        passwords::check(policy.as_ref(), &password, Some(login))?;
        login.set(&password, &ids::bytes::<16>()?, now);
    }
    login.reset_required = reset.unwrap_or(login.reset_required);
    Ok(json!({}))
}

pub(super) fn delete(call: &mut Call<'_>) -> Reply {
    let name = call.user_name()?;
    call.user(&name)?.login.take().ok_or_else(|| absent(&name))?;
    Ok(json!({}))
}

/// `ChangePassword`: the calling user replaces their own password.
pub(super) fn change(call: &mut Call<'_>) -> Reply {
    let (old, new) = (call.text("OldPassword")?, call.text("NewPassword")?);
    let Some(Identity::User { name, .. }) = call.caller() else {
        return Err(awsim_core::AwsError::bad_request(
            "InvalidUserType",
            "Only IAM users can change their own password.",
        ));
    };
    let login = call.user(&name)?.login.as_ref().ok_or_else(|| absent(&name))?;
    if !login.matches(&old) {
        return Err(awsim_core::AwsError::forbidden("AccessDenied", "The old password was incorrect."));
    }
    choose(call.state, &name, &new, call.now)?;
    Ok(json!({}))
}

/// Gives a user the password it chose itself.
pub(in super::super) fn choose(
    state: &mut State,
    user: &str,
    password: &str,
    now: Timestamp,
) -> Result<(), awsim_core::AwsError> {
    let policy = state.password_policy.clone();
    let found = state.users.get_mut(&store::key(user));
    let login = found.and_then(|user| user.login.as_mut()).ok_or_else(|| absent(user))?;
    passwords::check(policy.as_ref(), password, Some(login))?;
    login.set(password, &ids::bytes::<16>()?, now);
    login.reset_required = false;
    Ok(())
}

fn absent(name: &str) -> awsim_core::AwsError {
    fault::no_such_entity(format!("Login Profile for User {name} cannot be found."))
}

fn shown(user: &User) -> Value {
    let login = user.login.as_ref();
    json!({
        "UserName": user.name,
        "CreateDate": login.map(|login| login.created),
        "PasswordResetRequired": login.is_some_and(|login| login.reset_required),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::Account;
    use super::*;

    #[test]
    fn the_password_policy_is_enforced_and_the_reset_flag_kept() {
        let account = Account::new();
        account.user("u");
        let create = |password: &str| {
            let input = json!({ "UserName": "u", "Password": password, "PasswordResetRequired": "true" });
            account.call("CreateLoginProfile", input)
        };
        assert_eq!(create("short1A").unwrap_err().code, "PasswordPolicyViolation");
        let strict = json!({ "MinimumPasswordLength": "14", "RequireSymbols": "true" });
        account.ok("UpdateAccountPasswordPolicy", strict);
        let error = create("Abcdefghijklmn").unwrap_err();
        assert_eq!((error.code.as_str(), error.status.as_u16()), ("PasswordPolicyViolation", 400));
        assert_eq!(error.message, "Password should have at least one symbol");
        assert_eq!(create("Abcdefghijklm!").unwrap()["LoginProfile"]["PasswordResetRequired"], true);
        account.ok("UpdateLoginProfile", json!({ "UserName": "u", "Password": "Another-good-1!" }));
        let got = account.ok("GetLoginProfile", json!({ "UserName": "u" }));
        assert_eq!(got["LoginProfile"]["PasswordResetRequired"], true);
        account.ok("DeleteLoginProfile", json!({ "UserName": "u" }));
        let (code, status, message) = account.refused("GetLoginProfile", json!({ "UserName": "u" }));
        assert_eq!((code.as_str(), status), ("NoSuchEntity", 404));
        assert_eq!(message, "Login Profile for User u cannot be found.");
    }

    #[test]
    fn a_former_password_is_refused_when_the_policy_says_so() {
        let account = Account::new();
        account.user("u");
        account.ok("UpdateAccountPasswordPolicy", json!({ "PasswordReusePrevention": "2" }));
        account.ok("CreateLoginProfile", json!({ "UserName": "u", "Password": "Passw0rd-1" }));
        account.ok("UpdateLoginProfile", json!({ "UserName": "u", "Password": "Passw0rd-2" }));
        let again = json!({ "UserName": "u", "Password": "Passw0rd-1" });
        assert_eq!(account.refused("UpdateLoginProfile", again).0, "PasswordPolicyViolation");
    }
}
