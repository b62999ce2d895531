//! `OpenID` Connect identity providers. Nobody signs in through them here, and their certificates are not fetched.

use awsim_core::AwsError;
use serde_json::json;

use crate::sandbox::services::iam::call::{self, Call, members};
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::names;
use crate::sandbox::services::iam::store::OidcProvider;

const QUOTA: usize = 100;
const CLIENTS: usize = 100;
const THUMBPRINTS: usize = 5;

pub(super) fn create(call: &mut Call<'_>) -> Reply {
    let url = call.text("Url")?;
    names::length("Url", &url, 1, 255)?;
    let host = url.strip_prefix("https://").map(|rest| rest.trim_end_matches('/'));
    let host = host.filter(|host| !host.is_empty() && !host.contains(['?', ' ']));
    let host = host.ok_or_else(|| fault::validation("Invalid Open ID Connect Provider URL"))?.to_owned();
    let (clients, thumbprints) = (call.list("ClientIDList"), thumbprints(call)?);
    if clients.len() > CLIENTS {
        return Err(fault::quota("ClientIdsPerOpenIdConnectProvider", CLIENTS));
    }
    let tags = call.new_tags()?;
    let arn = call.arn("oidc-provider", "/", &host);
    if call.state.oidc_providers.contains_key(&arn) {
        return Err(fault::already_exists(format!("Provider with url {url} already exists.")));
    }
    if call.state.oidc_providers.len() >= QUOTA {
        return Err(fault::quota("OpenIdConnectProvidersPerAccount", QUOTA));
    }
    let provider =
        OidcProvider { arn: arn.clone(), url: host, clients, thumbprints, created: call.now, tags };
    let answer = json!({ "OpenIDConnectProviderArn": arn, "Tags": call::tags_if_any(&provider.tags) });
    call.state.oidc_providers.insert(arn, provider);
    Ok(answer)
}

pub(super) fn get(call: &mut Call<'_>) -> Reply {
    let arn = call.text("OpenIDConnectProviderArn")?;
    let provider = find(call, &arn)?;
    Ok(json!({
        "Url": provider.url,
        "ClientIDList": members(provider.clients.iter().map(|id| json!(id))),
        "ThumbprintList": members(provider.thumbprints.iter().map(|print| json!(print))),
        "CreateDate": provider.created,
        "Tags": call::tags_if_any(&provider.tags),
    }))
}

/// `ListOpenIDConnectProviders`: all of them at once.
#[expect(clippy::unnecessary_wraps, reason = "every operation answers a Reply")]
pub(super) fn list(call: &mut Call<'_>) -> Reply {
    let shown = call.state.oidc_providers.keys().map(|arn| json!({ "Arn": arn }));
    Ok(json!({ "OpenIDConnectProviderList": members(shown) }))
}

/// `DeleteOpenIDConnectProvider`: what does not exist is already deleted, as the API reference says.
pub(super) fn delete(call: &mut Call<'_>) -> Reply {
    let arn = call.text("OpenIDConnectProviderArn")?;
    call.state.oidc_providers.remove(&arn);
    Ok(json!({}))
}

/// `AddClientIDToOpenIDConnectProvider`: adding it twice is no error.
pub(super) fn add_client(call: &mut Call<'_>) -> Reply {
    let (arn, id) = (call.text("OpenIDConnectProviderArn")?, call.text("ClientID")?);
    let provider = find(call, &arn)?;
    if !provider.clients.contains(&id) {
        if provider.clients.len() >= CLIENTS {
            return Err(fault::quota("ClientIdsPerOpenIdConnectProvider", CLIENTS));
        }
        provider.clients.push(id);
    }
    Ok(json!({}))
}

/// `RemoveClientIDFromOpenIDConnectProvider`: removing what is not there is no error.
pub(super) fn remove_client(call: &mut Call<'_>) -> Reply {
    let (arn, id) = (call.text("OpenIDConnectProviderArn")?, call.text("ClientID")?);
    find(call, &arn)?.clients.retain(|have| *have != id);
    Ok(json!({}))
}

pub(super) fn update_thumbprints(call: &mut Call<'_>) -> Reply {
    let arn = call.text("OpenIDConnectProviderArn")?;
    let thumbprints = thumbprints(call)?;
    find(call, &arn)?.thumbprints = thumbprints;
    Ok(json!({}))
}

/// Finds a provider.
pub(super) fn find<'a>(call: &'a mut Call<'_>, arn: &str) -> Result<&'a mut OidcProvider, AwsError> {
    call.state
        .oidc_providers
        .get_mut(arn)
        .ok_or_else(|| fault::no_such_entity(format!("OpenIDConnect Provider not found for arn {arn}")))
}

/// The `ThumbprintList` parameter: at most five SHA-1 hashes in hexadecimal.
fn thumbprints(call: &Call<'_>) -> Result<Vec<String>, AwsError> {
    let all = call.list("ThumbprintList");
    if all.len() > THUMBPRINTS {
        return Err(fault::invalid_input("Thumbprint list must contain fewer than 5 entries."));
    }
    for print in &all {
        names::length("thumbprintList.1.member", print, 40, 40)?;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Account;
    use super::*;

    #[test]
    fn a_provider_is_made_once_and_deleted_twice() {
        let account = Account::new();
        let url = "https://token.actions.githubusercontent.com";
        let create =
            json!({ "Url": url, "ClientIDList": ["sts.amazonaws.com"], "ThumbprintList": ["a".repeat(40)] });
        let made = account.ok("CreateOpenIDConnectProvider", create.clone());
        let arn = made["OpenIDConnectProviderArn"].clone();
        assert_eq!(arn, "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com");
        let (code, status, message) = account.refused("CreateOpenIDConnectProvider", create);
        assert_eq!((code.as_str(), status), ("EntityAlreadyExists", 409));
        assert_eq!(message, format!("Provider with url {url} already exists."));
        let with = |id: &str| json!({ "OpenIDConnectProviderArn": arn, "ClientID": id });
        account.ok("AddClientIDToOpenIDConnectProvider", with("app"));
        account.ok("RemoveClientIDFromOpenIDConnectProvider", with("sts.amazonaws.com"));
        let provider = json!({ "OpenIDConnectProviderArn": arn });
        let got = account.ok("GetOpenIDConnectProvider", provider.clone());
        assert_eq!(got["ClientIDList"]["member"], json!(["app"]));
        assert_eq!(got["Url"], "token.actions.githubusercontent.com");
        account.ok("DeleteOpenIDConnectProvider", provider.clone());
        account.ok("DeleteOpenIDConnectProvider", provider.clone());
        assert_eq!(account.refused("GetOpenIDConnectProvider", provider).0, "NoSuchEntity");
    }
}
