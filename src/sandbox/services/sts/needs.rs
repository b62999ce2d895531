//! What a caller must be allowed for each operation of STS, in the caller's own account; what the role's trust policy
//! says is another question.
//!
//! "Actions, resources, and condition keys for AWS Security Token Service" in the Service Authorization Reference.
//! `GetCallerIdentity` needs nothing, not even when a policy denies it; `GetSessionToken` cannot be controlled by
//! policies (both in the STS API reference).

use awsim_core::RequestContext;
use awsim_core::arn::build_global;
use serde_json::Value;

use crate::sandbox::services::Need;
use crate::sandbox::services::iam::Iam;
use crate::sandbox::services::need::{tags_in, texts_in};
use crate::sandbox::services::tags::Tags;

/// The operations that need no permission. Those with a web identity or a SAML assertion are not signed at all.
pub(super) const FREE: [&str; 4] =
    ["GetCallerIdentity", "GetSessionToken", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"];

/// What the caller needs for a call.
pub(super) fn of(iam: &Iam, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<Need> {
    let text = |name: &str| input[name].as_str();
    let action = format!("sts:{operation}");
    match operation {
        "AssumeRole" => assume_role(iam, input, ctx),
        "GetFederationToken" => {
            let user = format!("federated-user/{}", text("Name").unwrap_or_default());
            // The ARNs of STS name no Region.
            let arn = build_global(ctx, "sts", user);
            with_tags(Need::new(action, arn), input)
        }
        _ if FREE.contains(&operation) => Vec::new(),
        // `GetAccessKeyInfo`, `DecodeAuthorizationMessage` and what else has no resource type.
        _ => vec![Need::new(action, "*")],
    }
}

fn assume_role(iam: &Iam, input: &Value, ctx: &RequestContext) -> Vec<Need> {
    let text = |name: &str| input[name].as_str();
    let arn = text("RoleArn").unwrap_or_default();
    let tags: Tags = iam
        .role(arn, &ctx.partition, &ctx.account_id)
        .map(|role| role.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect())
        .unwrap_or_default();
    let mut own = Need::new("sts:AssumeRole", arn).tagged(&tags);
    own.keys.extend(tags.iter().map(|(key, value)| (format!("iam:ResourceTag/{key}"), vec![value.clone()])));
    let own = own
        .with_some("sts:ExternalId", text("ExternalId"))
        .with_some("sts:RoleSessionName", text("RoleSessionName"))
        .with_some("sts:SourceIdentity", text("SourceIdentity"))
        .with_all("sts:TransitiveTagKeys", texts_in(&input["TransitiveTagKeys"]));
    let mut needs = with_tags(own, input);
    if text("SourceIdentity").is_some()
        && let Some(also) = needs.first().map(|own| own.also("sts:SetSourceIdentity"))
    {
        needs.push(also);
    }
    needs
}

/// Adds the tags of the session, which need a permission of their own.
fn with_tags(own: Need, input: &Value) -> Vec<Need> {
    let tags = tags_in(&input["Tags"]);
    let own = own.requesting(&tags);
    let tagging = (!tags.is_empty()).then(|| own.also("sts:TagSession"));
    std::iter::once(own).chain(tagging).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::super::Sts;
    use super::*;
    use crate::clock::Clock;
    use crate::sandbox::services::need::testing::{caller, check, complete};

    #[test]
    fn a_role_is_assumed_with_the_keys_of_the_session() {
        let clock = Clock::fixed("2026-01-01T00:00:00Z".parse().unwrap());
        let iam = Arc::new(Iam::new("123456789012", clock));
        let sts = Sts::new(iam.clone());
        let ctx = caller("sts", Some(iam.administrator_key().0));
        let role = "arn:aws:iam::210987654321:role/grader";
        let whole = json!({
            "RoleArn": role, "RoleSessionName": "me", "ExternalId": "x", "SourceIdentity": "ann",
            "Tags": [{ "Key": "k", "Value": "v" }], "TransitiveTagKeys": ["k"],
        });
        let keys = "sts:ExternalId=x sts:RoleSessionName=me sts:SourceIdentity=ann sts:TransitiveTagKeys=k \
                    aws:RequestTag/k=v aws:TagKeys=k";
        let lines =
            ["AssumeRole", "TagSession", "SetSourceIdentity"].map(|name| format!("sts:{name} {role} {keys}"));
        check(
            &sts,
            &ctx,
            &[
                ("AssumeRole", whole, &lines.each_ref().map(String::as_str)),
                (
                    "AssumeRole",
                    json!({ "RoleArn": role, "RoleSessionName": "me" }),
                    &["sts:AssumeRole arn:aws:iam::210987654321:role/grader sts:RoleSessionName=me"],
                ),
                ("GetAccessKeyInfo", json!({ "AccessKeyId": "AKIA" }), &["sts:GetAccessKeyInfo *"]),
                (
                    "GetFederationToken",
                    json!({ "Name": "bob" }),
                    &["sts:GetFederationToken arn:aws:sts::123456789012:federated-user/bob"],
                ),
            ],
        );
        let free: Vec<&str> = super::super::super::Service::operations(&sts)
            .into_iter()
            .filter(|name| FREE.contains(name))
            .collect();
        assert!(free.contains(&"GetCallerIdentity") && free.contains(&"GetSessionToken"));
        complete(&sts, &ctx, &json!({}), &free);
    }
}
