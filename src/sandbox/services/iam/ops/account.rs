//! The account: its alias, its tokens, its organization.

use serde_json::{Value, json};

use crate::sandbox::services::iam::call::Call;
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::names;
use crate::sandbox::services::iam::store::TokenVersion;

/// `CreateAccountAlias`: an account has one alias; a new one replaces it.
pub(super) fn create_alias(call: &mut Call<'_>) -> Reply {
    let alias = checked(call)?;
    if call.state.alias.as_ref() == Some(&alias) {
        return Err(fault::already_exists(format!("The account alias {alias} already exists.")));
    }
    *call.state.alias = Some(alias);
    Ok(json!({}))
}

pub(super) fn delete_alias(call: &mut Call<'_>) -> Reply {
    let alias = checked(call)?;
    if call.state.alias.as_ref() != Some(&alias) {
        return Err(fault::no_such_entity(format!("The account alias {alias} cannot be found.")));
    }
    *call.state.alias = None;
    Ok(json!({}))
}

pub(super) fn list_aliases(call: &mut Call<'_>) -> Reply {
    let aliases: Vec<(String, Value)> =
        call.state.alias.iter().map(|alias| (alias.clone(), json!(alias))).collect();
    call.listing("AccountAliases", aliases)
}

/// `SetSecurityTokenServicePreferences`.
pub(super) fn set_token_version(call: &mut Call<'_>) -> Reply {
    let version = call.choice("GlobalEndpointTokenVersion", &["v1Token", "v2Token"])?;
    let version = version.ok_or_else(|| fault::missing("GlobalEndpointTokenVersion"))?;
    *call.state.token_version = if version == "v2Token" { TokenVersion::V2 } else { TokenVersion::V1 };
    Ok(json!({}))
}

/// `ListOrganizationsFeatures`: the account is in no organization.
pub(super) fn organizations_features(_: &mut Call<'_>) -> Reply {
    let message = "The request was rejected because your account is not part of an organization.";
    Err(awsim_core::AwsError::bad_request("OrganizationNotFoundException", message))
}

/// The `AccountAlias` parameter: 3 to 63 lower-case letters, digits and single hyphens.
fn checked(call: &Call<'_>) -> Result<String, awsim_core::AwsError> {
    let alias = call.text("AccountAlias")?;
    names::length("AccountAlias", &alias, 3, 63)?;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if alias.chars().all(fits) && !alias.starts_with('-') && !alias.ends_with('-') && !alias.contains("--") {
        return Ok(alias);
    }
    let must = "satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$";
    Err(fault::constraint(&alias, "accountAlias", must))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Account;
    use super::*;

    #[test]
    fn a_new_alias_replaces_the_old_one() {
        let account = Account::new();
        account.ok("CreateAccountAlias", json!({ "AccountAlias": "first" }));
        account.ok("CreateAccountAlias", json!({ "AccountAlias": "second" }));
        assert_eq!(
            account.ok("ListAccountAliases", json!({}))["AccountAliases"]["member"],
            json!(["second"])
        );
        assert_eq!(
            account.refused("DeleteAccountAlias", json!({ "AccountAlias": "first" })).0,
            "NoSuchEntity"
        );
        assert_eq!(
            account.refused("CreateAccountAlias", json!({ "AccountAlias": "A--b" })).0,
            "ValidationError"
        );
    }
}
