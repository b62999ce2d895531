//! `AWS::IAM::User`: `CreateUser`, then its password, policies and groups. Access keys and MFA devices are
//! none of its business: a user who has some cannot be deleted with the stack, as in AWS.

use async_trait::async_trait;
use serde_json::json;

use super::iam_principal::Principal;
use super::{Call, Failure, Input, Kind, Physical, Properties, Property, answer_text, in_place, replaces};

pub(super) struct IamUser;

fn principal(name: &str) -> Principal {
    Principal { kind: "User", name: name.to_owned() }
}

fn input(name: &str) -> Input {
    Input::default().with("UserName", name)
}

fn profile(name: &str, wanted: &Properties) -> Input {
    let reset = wanted.text("PasswordResetRequired").unwrap_or_else(|| "false".to_owned());
    input(name).maybe("Password", wanted.text("Password")).with("PasswordResetRequired", reset)
}

#[async_trait]
impl Kind for IamUser {
    fn name(&self) -> &'static str {
        "AWS::IAM::User"
    }

    fn properties(&self) -> &'static [Property] {
        const {
            &[
                in_place("Groups"),
                in_place("LoginProfile"),
                in_place("ManagedPolicyArns"),
                in_place("Path"),
                in_place("PermissionsBoundary"),
                in_place("Policies"),
                in_place("Tags"),
                replaces("UserName"),
            ]
        }
    }

    fn name_property(&self) -> Option<&'static str> {
        Some("UserName")
    }

    fn is_taggable(&self) -> bool {
        true
    }

    async fn create(&self, call: &Call<'_>, wanted: &Properties, made: &mut Physical) -> Result<(), Failure> {
        let name = call.name(wanted, "UserName");
        let create = input(&name)
            .maybe("Path", wanted.text("Path"))
            .maybe("PermissionsBoundary", wanted.text("PermissionsBoundary"))
            .tags(&wanted.tags());
        let answer = call.invoke("iam", "CreateUser", create).await?;
        made.attribute("Arn", answer_text(&answer, "/User/Arn"));
        made.id = name;
        let nothing = Properties::from(&json!({}));
        login(call, &made.id, &nothing, wanted).await?;
        principal(&made.id).policies(call, &nothing, wanted).await?;
        groups(call, &made.id, &nothing, wanted).await
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
            call.invoke("iam", "UpdateUser", input(&made.id).with("NewPath", path)).await?;
            let answer = call.invoke("iam", "GetUser", input(&made.id)).await?;
            made.attribute("Arn", answer_text(&answer, "/User/Arn"));
        }
        login(call, &made.id, before, wanted).await?;
        let user = principal(&made.id);
        user.boundary(call, before, wanted).await?;
        user.policies(call, before, wanted).await?;
        user.tags(call, before, wanted).await?;
        groups(call, &made.id, before, wanted).await
    }

    async fn delete(&self, call: &Call<'_>, before: &Properties, made: &Physical) -> Result<(), Failure> {
        for group in before.texts("Groups") {
            call.remove("iam", "RemoveUserFromGroup", input(&made.id).with("GroupName", group)).await?;
        }
        principal(&made.id).strip(call, before).await?;
        if before.object("LoginProfile").is_some() {
            call.remove("iam", "DeleteLoginProfile", input(&made.id)).await?;
        }
        call.remove("iam", "DeleteUser", input(&made.id)).await
    }
}

async fn login(call: &Call<'_>, name: &str, before: &Properties, wanted: &Properties) -> Result<(), Failure> {
    match (before.object("LoginProfile"), wanted.object("LoginProfile")) {
        (None, Some(new)) => call.invoke("iam", "CreateLoginProfile", profile(name, &new)).await.map(drop),
        (Some(_), Some(new)) if before.differs(wanted, "LoginProfile") => {
            call.invoke("iam", "UpdateLoginProfile", profile(name, &new)).await.map(drop)
        }
        (Some(_), None) => call.remove("iam", "DeleteLoginProfile", input(name)).await,
        _ => Ok(()),
    }
}

async fn groups(
    call: &Call<'_>,
    name: &str,
    before: &Properties,
    wanted: &Properties,
) -> Result<(), Failure> {
    let (old, new) = (before.texts("Groups"), wanted.texts("Groups"));
    for group in new.iter().filter(|group| !old.contains(group)) {
        call.invoke("iam", "AddUserToGroup", input(name).with("GroupName", group.as_str())).await?;
    }
    for group in old.iter().filter(|group| !new.contains(group)) {
        call.remove("iam", "RemoveUserFromGroup", input(name).with("GroupName", group.as_str())).await?;
    }
    Ok(())
}
