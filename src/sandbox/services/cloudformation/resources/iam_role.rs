//! `AWS::IAM::Role`: `CreateRole`, then its inline and attached policies.

use async_trait::async_trait;
use serde_json::json;

use super::iam_principal::Principal;
use super::{
    Call, Failure, Input, Kind, Physical, Properties, Property, answer_text, in_place, replaces, required,
};

pub(super) struct IamRole;

fn principal(name: &str) -> Principal {
    Principal { kind: "Role", name: name.to_owned() }
}

#[async_trait]
impl Kind for IamRole {
    fn name(&self) -> &'static str {
        "AWS::IAM::Role"
    }

    fn properties(&self) -> &'static [Property] {
        const {
            &[
                required(in_place("AssumeRolePolicyDocument")),
                in_place("Description"),
                in_place("ManagedPolicyArns"),
                in_place("MaxSessionDuration"),
                replaces("Path"),
                in_place("PermissionsBoundary"),
                in_place("Policies"),
                replaces("RoleName"),
                in_place("Tags"),
            ]
        }
    }

    fn name_property(&self) -> Option<&'static str> {
        Some("RoleName")
    }

    fn is_taggable(&self) -> bool {
        true
    }

    async fn create(&self, call: &Call<'_>, wanted: &Properties, made: &mut Physical) -> Result<(), Failure> {
        let name = call.name(wanted, "RoleName");
        let input = Input::default()
            .with("RoleName", name.as_str())
            .maybe("AssumeRolePolicyDocument", wanted.document("AssumeRolePolicyDocument"))
            .maybe("Path", wanted.text("Path"))
            .maybe("Description", wanted.text("Description"))
            .maybe("MaxSessionDuration", wanted.text("MaxSessionDuration"))
            .maybe("PermissionsBoundary", wanted.text("PermissionsBoundary"))
            .tags(&wanted.tags());
        let answer = call.invoke("iam", "CreateRole", input).await?;
        made.attribute("Arn", answer_text(&answer, "/Role/Arn"));
        made.attribute("RoleId", answer_text(&answer, "/Role/RoleId"));
        made.id = name;
        principal(&made.id).policies(call, &Properties::from(&json!({})), wanted).await
    }

    async fn update(
        &self,
        call: &Call<'_>,
        before: &Properties,
        wanted: &Properties,
        made: &mut Physical,
    ) -> Result<(), Failure> {
        let input = || Input::default().with("RoleName", made.id.as_str());
        if before.differs(wanted, "AssumeRolePolicyDocument") {
            let input = input().maybe("PolicyDocument", wanted.document("AssumeRolePolicyDocument"));
            call.invoke("iam", "UpdateAssumeRolePolicy", input).await?;
        }
        if before.differs(wanted, "Description") || before.differs(wanted, "MaxSessionDuration") {
            let input = input().with("Description", wanted.text("Description").unwrap_or_default()).with(
                "MaxSessionDuration",
                wanted.text("MaxSessionDuration").unwrap_or_else(|| "3600".to_owned()),
            );
            call.invoke("iam", "UpdateRole", input).await?;
        }
        let role = principal(&made.id);
        role.boundary(call, before, wanted).await?;
        role.policies(call, before, wanted).await?;
        role.tags(call, before, wanted).await
    }

    async fn delete(&self, call: &Call<'_>, before: &Properties, made: &Physical) -> Result<(), Failure> {
        principal(&made.id).strip(call, before).await?;
        call.remove("iam", "DeleteRole", Input::default().with("RoleName", made.id.as_str())).await
    }
}
