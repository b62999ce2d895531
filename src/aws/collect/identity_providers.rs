//! Who else may sign people in: the SAML and `OpenID` Connect providers. Neither list has pages.

use std::collections::BTreeSet;

use crate::account::snapshot::IdentityProviders;
use crate::aws::Aws;
use crate::aws::error::ApiError;

pub(super) async fn read(aws: &Aws) -> Result<IdentityProviders, ApiError> {
    let (saml, oidc) = futures::join!(
        aws.call("iam:ListSAMLProviders", "the account", || aws.iam.list_saml_providers().send()),
        aws.call("iam:ListOpenIDConnectProviders", "the account", || {
            aws.iam.list_open_id_connect_providers().send()
        }),
    );
    let (saml, oidc) = (saml?, oidc?);
    Ok(IdentityProviders {
        saml: arns(saml.saml_provider_list().iter().map(|one| one.arn())),
        oidc: arns(oidc.open_id_connect_provider_list().iter().map(|one| one.arn())),
    })
}

fn arns<'a>(found: impl Iterator<Item = Option<&'a str>>) -> BTreeSet<String> {
    found.flatten().map(str::to_owned).collect()
}
