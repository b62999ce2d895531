//! `AWS::Lambda::Permission`: `AddPermission` under a generated statement id. Every change replaces it.

use async_trait::async_trait;

use super::{Call, Failure, Input, Kind, Physical, Properties, Property, replaces, required};

pub(super) struct LambdaPermission;

/// Properties that Lambda takes under the same name.
const PASSED: [&str; 8] = [
    "Action",
    "EventSourceToken",
    "FunctionName",
    "FunctionUrlAuthType",
    "Principal",
    "PrincipalOrgID",
    "SourceAccount",
    "SourceArn",
];

#[async_trait]
impl Kind for LambdaPermission {
    fn name(&self) -> &'static str {
        "AWS::Lambda::Permission"
    }

    fn properties(&self) -> &'static [Property] {
        const {
            &[
                required(replaces("Action")),
                replaces("EventSourceToken"),
                required(replaces("FunctionName")),
                replaces("FunctionUrlAuthType"),
                required(replaces("Principal")),
                replaces("PrincipalOrgID"),
                replaces("SourceAccount"),
                replaces("SourceArn"),
            ]
        }
    }

    fn name_limit(&self) -> usize {
        100
    }

    async fn create(&self, call: &Call<'_>, wanted: &Properties, made: &mut Physical) -> Result<(), Failure> {
        let input = PASSED
            .iter()
            .fold(Input::default().with("StatementId", call.generated.as_str()), |input, property| {
                input.maybe(property, wanted.text(property))
            });
        call.invoke("lambda", "AddPermission", input).await?;
        made.id.clone_from(&call.generated);
        made.attribute("Id", call.generated.as_str());
        Ok(())
    }

    async fn update(
        &self,
        _call: &Call<'_>,
        _before: &Properties,
        _wanted: &Properties,
        _made: &mut Physical,
    ) -> Result<(), Failure> {
        // INVARIANT: every property replaces, so there is nothing to change in place.
        Ok(())
    }

    async fn delete(&self, call: &Call<'_>, before: &Properties, made: &Physical) -> Result<(), Failure> {
        let input = Input::default()
            .maybe("FunctionName", before.text("FunctionName"))
            .with("StatementId", made.id.as_str());
        call.remove("lambda", "RemovePermission", input).await
    }
}
