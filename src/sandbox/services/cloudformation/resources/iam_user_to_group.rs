//! `AWS::IAM::UserToGroupAddition`: memberships. The physical id is a generated name that IAM never sees.

use async_trait::async_trait;

use super::{Call, Failure, Input, Kind, Physical, Properties, Property, in_place, required};

pub(super) struct IamUserToGroup;

fn pairs(properties: &Properties) -> Vec<(String, String)> {
    let group = properties.text("GroupName").unwrap_or_default();
    properties.texts("Users").into_iter().map(|user| (group.clone(), user)).collect()
}

fn input((group, user): &(String, String)) -> Input {
    Input::default().with("GroupName", group.as_str()).with("UserName", user.as_str())
}

#[async_trait]
impl Kind for IamUserToGroup {
    fn name(&self) -> &'static str {
        "AWS::IAM::UserToGroupAddition"
    }

    fn properties(&self) -> &'static [Property] {
        const { &[required(in_place("GroupName")), required(in_place("Users"))] }
    }

    async fn create(&self, call: &Call<'_>, wanted: &Properties, made: &mut Physical) -> Result<(), Failure> {
        made.id.clone_from(&call.generated);
        made.attribute("Id", call.generated.as_str());
        for pair in pairs(wanted) {
            call.invoke("iam", "AddUserToGroup", input(&pair)).await?;
        }
        Ok(())
    }

    async fn update(
        &self,
        call: &Call<'_>,
        before: &Properties,
        wanted: &Properties,
        _made: &mut Physical,
    ) -> Result<(), Failure> {
        let (old, new) = (pairs(before), pairs(wanted));
        for pair in new.iter().filter(|pair| !old.contains(pair)) {
            call.invoke("iam", "AddUserToGroup", input(pair)).await?;
        }
        for pair in old.iter().filter(|pair| !new.contains(pair)) {
            call.remove("iam", "RemoveUserFromGroup", input(pair)).await?;
        }
        Ok(())
    }

    async fn delete(&self, call: &Call<'_>, before: &Properties, _made: &Physical) -> Result<(), Failure> {
        for pair in pairs(before) {
            call.remove("iam", "RemoveUserFromGroup", input(&pair)).await?;
        }
        Ok(())
    }
}
