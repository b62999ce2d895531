//! `AWS::IAM::Policy`: one inline policy put on users, groups and roles.

use async_trait::async_trait;

use super::iam_principal::named;
use super::{Call, Failure, Kind, Physical, Properties, Property, in_place, required};

pub(super) struct IamPolicy;

#[async_trait]
impl Kind for IamPolicy {
    fn name(&self) -> &'static str {
        "AWS::IAM::Policy"
    }

    fn properties(&self) -> &'static [Property] {
        const {
            &[
                in_place("Groups"),
                required(in_place("PolicyDocument")),
                required(in_place("PolicyName")),
                in_place("Roles"),
                in_place("Users"),
            ]
        }
    }

    async fn create(&self, call: &Call<'_>, wanted: &Properties, made: &mut Physical) -> Result<(), Failure> {
        let owners = named(wanted);
        if owners.is_empty() {
            return Err(Failure::Refused(
                "At least one of [Groups,Roles,Users] must be non-empty.".to_owned(),
            ));
        }
        made.id.clone_from(&call.generated);
        made.attribute("Id", call.generated.as_str());
        let (name, document) = content(wanted);
        for owner in owners {
            owner.put(call, &name, &document).await?;
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
        let (name, document) = content(wanted);
        let owners = named(wanted);
        for owner in &owners {
            owner.put(call, &name, &document).await?;
        }
        let (old_name, _) = content(before);
        for owner in named(before) {
            let kept = owners.iter().any(|new| new.kind == owner.kind && new.name == owner.name);
            if !kept || old_name != name {
                owner.unput(call, &old_name).await?;
            }
        }
        Ok(())
    }

    async fn delete(&self, call: &Call<'_>, before: &Properties, _made: &Physical) -> Result<(), Failure> {
        let (name, _) = content(before);
        for owner in named(before) {
            owner.unput(call, &name).await?;
        }
        Ok(())
    }
}

fn content(properties: &Properties) -> (String, String) {
    (
        properties.text("PolicyName").unwrap_or_default(),
        properties.document("PolicyDocument").unwrap_or_default(),
    )
}
