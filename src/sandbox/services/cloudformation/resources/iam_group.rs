//! `AWS::IAM::Group`: `CreateGroup`, then its inline and attached policies.

use async_trait::async_trait;
use serde_json::json;

use super::iam_principal::Principal;
use super::{Call, Failure, Input, Kind, Physical, Properties, Property, answer_text, in_place, replaces};

pub(super) struct IamGroup;

fn principal(name: &str) -> Principal {
    Principal { kind: "Group", name: name.to_owned() }
}

#[async_trait]
impl Kind for IamGroup {
    fn name(&self) -> &'static str {
        "AWS::IAM::Group"
    }

    fn properties(&self) -> &'static [Property] {
        const { &[replaces("GroupName"), in_place("ManagedPolicyArns"), in_place("Path"), in_place("Policies")] }
    }

    fn name_property(&self) -> Option<&'static str> {
        Some("GroupName")
    }

    fn name_limit(&self) -> usize {
        128
    }

    async fn create(&self, call: &Call<'_>, wanted: &Properties, made: &mut Physical) -> Result<(), Failure> {
        let name = call.name(wanted, "GroupName");
        let input = Input::default().with("GroupName", name.as_str()).maybe("Path", wanted.text("Path"));
        let answer = call.invoke("iam", "CreateGroup", input).await?;
        made.attribute("Arn", answer_text(&answer, "/Group/Arn"));
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
        if before.differs(wanted, "Path") {
            let path = wanted.text("Path").unwrap_or_else(|| "/".to_owned());
            let input = Input::default().with("GroupName", made.id.as_str()).with("NewPath", path);
            call.invoke("iam", "UpdateGroup", input).await?;
            let answer =
                call.invoke("iam", "GetGroup", Input::default().with("GroupName", made.id.as_str())).await?;
            made.attribute("Arn", answer_text(&answer, "/Group/Arn"));
        }
        principal(&made.id).policies(call, before, wanted).await
    }

    async fn delete(&self, call: &Call<'_>, before: &Properties, made: &Physical) -> Result<(), Failure> {
        principal(&made.id).strip(call, before).await?;
        call.remove("iam", "DeleteGroup", Input::default().with("GroupName", made.id.as_str())).await
    }
}
