//! SAML identity providers. Nobody signs in through them here; their metadata is kept as it came. How long it is valid
//! is written in it and not read: answers leave `ValidUntil` out.

use awsim_core::AwsError;
use serde_json::{Value, json};

use crate::sandbox::services::iam::call::{self, Call, members};
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::store::SamlProvider;
use crate::sandbox::services::iam::{ids, names};

const QUOTA: usize = 100;

pub(super) fn create(call: &mut Call<'_>) -> Reply {
    let name = call.text("Name")?;
    names::length("Name", &name, 1, 128)?;
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)) {
        return Err(fault::constraint(&name, "Name", r"satisfy regular expression pattern: [\w._-]+"));
    }
    let metadata = metadata(call)?.ok_or_else(|| fault::missing("SAMLMetadataDocument"))?;
    let tags = call.new_tags()?;
    let arn = call.arn("saml-provider", "/", &name);
    if call.state.saml_providers.contains_key(&arn) {
        return Err(fault::already_exists(format!("SAMLProvider {name} already exists.")));
    }
    if call.state.saml_providers.len() >= QUOTA {
        return Err(fault::quota("SAMLProvidersPerAccount", QUOTA));
    }
    let provider =
        SamlProvider { arn: arn.clone(), id: ids::unique("ASAML")?, metadata, created: call.now, tags };
    let answer = json!({ "SAMLProviderArn": arn, "Tags": call::tags_if_any(&provider.tags) });
    call.state.saml_providers.insert(arn, provider);
    Ok(answer)
}

pub(super) fn get(call: &mut Call<'_>) -> Reply {
    let arn = call.text("SAMLProviderArn")?;
    let provider = find(call, &arn)?;
    Ok(json!({
        "SAMLProviderUUID": provider.id,
        "SAMLMetadataDocument": provider.metadata,
        "CreateDate": provider.created,
        "Tags": call::tags_if_any(&provider.tags),
    }))
}

/// `ListSAMLProviders`: all of them at once.
#[expect(clippy::unnecessary_wraps, reason = "every operation answers a Reply")]
pub(super) fn list(call: &mut Call<'_>) -> Reply {
    let shown =
        |provider: &SamlProvider| -> Value { json!({ "Arn": provider.arn, "CreateDate": provider.created }) };
    Ok(json!({ "SAMLProviderList": members(call.state.saml_providers.values().map(shown)) }))
}

pub(super) fn update(call: &mut Call<'_>) -> Reply {
    let arn = call.text("SAMLProviderArn")?;
    let metadata = metadata(call)?;
    let provider = find(call, &arn)?;
    provider.metadata = metadata.unwrap_or_else(|| std::mem::take(&mut provider.metadata));
    Ok(json!({ "SAMLProviderArn": arn }))
}

pub(super) fn delete(call: &mut Call<'_>) -> Reply {
    let arn = call.text("SAMLProviderArn")?;
    find(call, &arn)?;
    call.state.saml_providers.remove(&arn);
    Ok(json!({}))
}

/// Finds a provider.
pub(super) fn find<'a>(call: &'a mut Call<'_>, arn: &str) -> Result<&'a mut SamlProvider, AwsError> {
    call.state
        .saml_providers
        .get_mut(arn)
        .ok_or_else(|| fault::no_such_entity(format!("Manifest not found for arn {arn}")))
}

/// The metadata of the request: XML of an entity descriptor.
fn metadata(call: &Call<'_>) -> Result<Option<String>, AwsError> {
    let Some(text) = call.optional("SAMLMetadataDocument") else { return Ok(None) };
    let length = text.chars().count();
    if length < 1_000 {
        let must = "have length greater than or equal to 1000";
        return Err(fault::constraint("*****", "sAMLMetadataDocument", must));
    }
    if length > 10_000_000 || !text.contains("EntityDescriptor") {
        return Err(fault::invalid_input("Could not parse metadata"));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Account;
    use super::*;

    #[test]
    fn a_provider_keeps_its_metadata() {
        let account = Account::new();
        let metadata = format!("<EntityDescriptor>{}</EntityDescriptor>", " ".repeat(1_000));
        let made =
            account.ok("CreateSAMLProvider", json!({ "Name": "idp", "SAMLMetadataDocument": metadata }));
        let arn = &made["SAMLProviderArn"];
        assert_eq!(arn, "arn:aws:iam::123456789012:saml-provider/idp");
        assert_eq!(account.ok("ListSAMLProviders", json!({}))["SAMLProviderList"]["member"][0]["Arn"], *arn);
        let got = account.ok("GetSAMLProvider", json!({ "SAMLProviderArn": arn }));
        assert_eq!(got["SAMLMetadataDocument"], metadata);
        let wrong = " ".repeat(1_000);
        let refused = account
            .refused("UpdateSAMLProvider", json!({ "SAMLProviderArn": arn, "SAMLMetadataDocument": wrong }));
        assert_eq!(refused.0, "InvalidInput");
        account.ok("DeleteSAMLProvider", json!({ "SAMLProviderArn": arn }));
        assert_eq!(account.refused("GetSAMLProvider", json!({ "SAMLProviderArn": arn })).0, "NoSuchEntity");
    }
}
