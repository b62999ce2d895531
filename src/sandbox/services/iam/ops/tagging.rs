//! Tags of everything in IAM that has them.

use awsim_core::AwsError;
use serde_json::{Value, json};

use crate::sandbox::services::iam::call::Call;
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::store::Tags;

/// What can be tagged.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tagged {
    User,
    Role,
    Policy,
    Mfa,
    Profile,
    Certificate,
    Saml,
    Oidc,
}
pub(super) use Tagged::{Certificate, Mfa, Oidc, Policy, Profile, Role, Saml, User};

pub(super) fn tag(call: &mut Call<'_>, what: Tagged) -> Reply {
    let have = tags_of(call, what)?.clone();
    let new = call.tags(&have)?;
    tags_of(call, what)?.merge(new);
    Ok(json!({}))
}

pub(super) fn untag(call: &mut Call<'_>, what: Tagged) -> Reply {
    let keys = call.list("TagKeys");
    tags_of(call, what)?.remove(&keys);
    Ok(json!({}))
}

pub(super) fn list(call: &mut Call<'_>, what: Tagged) -> Reply {
    let tags = tags_of(call, what)?.clone();
    let items: Vec<(String, Value)> =
        tags.iter().map(|tag| (tag.key.clone(), json!({ "Key": tag.key, "Value": tag.value }))).collect();
    call.listing("Tags", items)
}

fn tags_of<'a>(call: &'a mut Call<'_>, what: Tagged) -> Result<&'a mut Tags, AwsError> {
    match what {
        User => {
            let name = call.text("UserName")?;
            Ok(&mut call.user(&name)?.tags)
        }
        Role => {
            let name = call.text("RoleName")?;
            Ok(&mut call.role(&name)?.tags)
        }
        Policy => {
            let arn = call.text("PolicyArn")?;
            let policy = call.state.policies.get_mut(&arn).ok_or_else(|| fault::no_policy(&arn))?;
            Ok(&mut policy.tags)
        }
        Mfa => {
            let serial = call.text("SerialNumber")?;
            Ok(&mut super::mfa::device(call.state, &serial)?.tags)
        }
        Profile => {
            let name = call.text("InstanceProfileName")?;
            Ok(&mut super::instance_profiles::find(call, &name)?.tags)
        }
        Certificate => {
            let name = call.text("ServerCertificateName")?;
            Ok(&mut super::server_certificates::find(call, &name)?.tags)
        }
        Saml => {
            let arn = call.text("SAMLProviderArn")?;
            Ok(&mut super::saml::find(call, &arn)?.tags)
        }
        Oidc => {
            let arn = call.text("OpenIDConnectProviderArn")?;
            Ok(&mut super::oidc::find(call, &arn)?.tags)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Account;
    use super::*;

    #[test]
    fn tags_are_kept_and_removed() {
        let account = Account::new();
        let tags = json!([{ "Key": "team", "Value": "a" }, { "Key": "b", "Value": "" }]);
        let made = account.ok("CreateUser", json!({ "UserName": "u", "Tags": tags }));
        assert_eq!(made["User"]["Tags"]["member"][1], json!({ "Key": "team", "Value": "a" }));
        account.ok("UntagUser", json!({ "UserName": "u", "TagKeys": ["TEAM"] }));
        account.ok("TagUser", json!({ "UserName": "u", "Tags": [{ "Key": "c", "Value": "1" }] }));
        let tags = account.ok("ListUserTags", json!({ "UserName": "u" }));
        let keys: Vec<_> = tags["Tags"]["member"].as_array().unwrap().iter().map(|tag| &tag["Key"]).collect();
        assert_eq!(keys, ["b", "c"]);
        let twice =
            json!({ "UserName": "u", "Tags": [{ "Key": "X", "Value": "" }, { "Key": "x", "Value": "" }] });
        assert_eq!(account.refused("TagUser", twice).0, "InvalidInput");
    }
}
