//! `AWS::IAM::ManagedPolicy`: `CreatePolicy` and its attachments. A new document is a new default version;
//! the oldest version goes when there are already five.

use async_trait::async_trait;
use serde_json::Value;

use super::iam_principal::named;
use super::{
    Call, Failure, Input, Kind, Physical, Properties, Property, answer_text, in_place, members, replaces,
    required,
};

pub(super) struct IamManagedPolicy;

/// The most versions IAM keeps.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const MAX_VERSIONS: usize = 5;

#[async_trait]
impl Kind for IamManagedPolicy {
    fn name(&self) -> &'static str {
        "AWS::IAM::ManagedPolicy"
    }

    fn properties(&self) -> &'static [Property] {
        const {
            &[
                replaces("Description"),
                in_place("Groups"),
                replaces("ManagedPolicyName"),
                replaces("Path"),
                required(in_place("PolicyDocument")),
                in_place("Roles"),
                in_place("Users"),
            ]
        }
    }

    fn name_property(&self) -> Option<&'static str> {
        Some("ManagedPolicyName")
    }

    fn name_limit(&self) -> usize {
        128
    }

    async fn create(&self, call: &Call<'_>, wanted: &Properties, made: &mut Physical) -> Result<(), Failure> {
        let input = Input::default()
            .with("PolicyName", call.name(wanted, "ManagedPolicyName"))
            .maybe("PolicyDocument", wanted.document("PolicyDocument"))
            .maybe("Path", wanted.text("Path"))
            .maybe("Description", wanted.text("Description"));
        let answer = call.invoke("iam", "CreatePolicy", input).await?;
        made.id = answer_text(&answer, "/Policy/Arn");
        made.attribute("PolicyArn", made.id.clone());
        made.attribute("PolicyId", answer_text(&answer, "/Policy/PolicyId"));
        made.attribute("DefaultVersionId", "v1");
        for owner in named(wanted) {
            owner.attach(call, &made.id).await?;
        }
        Ok(())
    }

    async fn update(
        &self,
        call: &Call<'_>,
        before: &Properties,
        wanted: &Properties,
        made: &mut Physical,
    ) -> Result<(), Failure> {
        if before.differs(wanted, "PolicyDocument") {
            let versions = versions(call, &made.id).await?;
            if versions.len() >= MAX_VERSIONS
                && let Some((oldest, _)) = versions.iter().rev().find(|(_, default)| !default)
            {
                call.remove("iam", "DeletePolicyVersion", input(&made.id).with("VersionId", oldest.as_str()))
                    .await?;
            }
            let input = input(&made.id)
                .maybe("PolicyDocument", wanted.document("PolicyDocument"))
                .with("SetAsDefault", "true");
            let answer = call.invoke("iam", "CreatePolicyVersion", input).await?;
            made.attribute("DefaultVersionId", answer_text(&answer, "/PolicyVersion/VersionId"));
        }
        let (old, new) = (named(before), named(wanted));
        for owner in &new {
            if !old.iter().any(|old| old.kind == owner.kind && old.name == owner.name) {
                owner.attach(call, &made.id).await?;
            }
        }
        for owner in &old {
            if !new.iter().any(|new| new.kind == owner.kind && new.name == owner.name) {
                owner.detach(call, &made.id).await?;
            }
        }
        Ok(())
    }

    async fn delete(&self, call: &Call<'_>, before: &Properties, made: &Physical) -> Result<(), Failure> {
        for owner in named(before) {
            owner.detach(call, &made.id).await?;
        }
        for (version, default) in versions(call, &made.id).await? {
            if !default {
                call.remove("iam", "DeletePolicyVersion", input(&made.id).with("VersionId", version)).await?;
            }
        }
        call.remove("iam", "DeletePolicy", input(&made.id)).await
    }
}

fn input(arn: &str) -> Input {
    Input::default().with("PolicyArn", arn)
}

/// The versions, newest first, and which of them is the default.
async fn versions(call: &Call<'_>, arn: &str) -> Result<Vec<(String, bool)>, Failure> {
    let answer = match call.invoke("iam", "ListPolicyVersions", input(arn)).await {
        Err(failure) if failure.is_absence() => return Ok(Vec::new()),
        other => other?,
    };
    let mut versions: Vec<(String, bool)> = members(&answer, "Versions")
        .iter()
        .map(|version| {
            let default = version.get("IsDefaultVersion");
            let default =
                default == Some(&Value::Bool(true)) || default.and_then(Value::as_str) == Some("true");
            (answer_text(version, "/VersionId"), default)
        })
        .collect();
    versions.sort_by_key(|(id, _)| {
        std::cmp::Reverse(id.trim_start_matches('v').parse::<u64>().unwrap_or_default())
    });
    Ok(versions)
}
