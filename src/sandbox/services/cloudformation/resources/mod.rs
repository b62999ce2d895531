//! The resource types the service can make, one file each, and what they have in common.

mod events_rule;
mod iam_group;
mod iam_managed_policy;
mod iam_policy;
mod iam_principal;
mod iam_role;
mod iam_user;
mod iam_user_to_group;
mod lambda_function;
mod lambda_permission;
mod properties;
mod sns_subscription;
mod sns_topic;

use std::collections::BTreeMap;

use async_trait::async_trait;
use awsim_core::{AwsError, RequestContext};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Invoker;
use super::state::Tags;
use properties::Input;
pub(super) use properties::{Properties, tag_list};

/// What is known of a resource once it exists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Physical {
    /// What `Ref` gives; empty as long as nothing was made.
    pub id: String,
    /// What `Fn::GetAtt` gives.
    pub attributes: BTreeMap<String, String>,
}

impl Physical {
    /// Records an attribute.
    fn attribute(&mut self, name: &str, value: impl Into<String>) {
        self.attributes.insert(name.to_owned(), value.into());
    }
}

/// What changing a property costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// It is changed in place.
    InPlace,
    /// A new resource takes its place.
    Replaces,
}

/// One property of a resource type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Property {
    /// Its name.
    pub name: &'static str,
    /// What changing it costs.
    pub change: Change,
    /// Whether it must be there.
    pub required: bool,
}

const fn in_place(name: &'static str) -> Property {
    Property { name, change: Change::InPlace, required: false }
}

const fn replaces(name: &'static str) -> Property {
    Property { name, change: Change::Replaces, required: false }
}

const fn required(property: Property) -> Property {
    Property { required: true, ..property }
}

/// A resource type: its properties as AWS's registry has them, and how it is made, changed and deleted.
#[async_trait]
pub(super) trait Kind: Send + Sync {
    /// The type's name, such as `AWS::IAM::Role`.
    fn name(&self) -> &'static str;

    /// Its properties.
    fn properties(&self) -> &'static [Property];

    /// The property that holds a name of the author's choice.
    fn name_property(&self) -> Option<&'static str> {
        None
    }

    /// The longest physical name.
    fn name_limit(&self) -> usize {
        64
    }

    /// Whether the stack's tags are put on it.
    fn is_taggable(&self) -> bool {
        false
    }

    /// Makes the resource. `made.id` is set as soon as there is something to delete.
    async fn create(&self, call: &Call<'_>, wanted: &Properties, made: &mut Physical) -> Result<(), Failure>;

    /// Brings an existing resource from `before` to `wanted`.
    async fn update(
        &self,
        call: &Call<'_>,
        before: &Properties,
        wanted: &Properties,
        made: &mut Physical,
    ) -> Result<(), Failure>;

    /// Deletes the resource; what is already gone is no error.
    async fn delete(&self, call: &Call<'_>, before: &Properties, made: &Physical) -> Result<(), Failure>;
}

/// Every type the service can make, by name.
const KINDS: &[&dyn Kind] = &[
    &events_rule::EventsRule,
    &iam_group::IamGroup,
    &iam_managed_policy::IamManagedPolicy,
    &iam_policy::IamPolicy,
    &iam_role::IamRole,
    &iam_user::IamUser,
    &iam_user_to_group::IamUserToGroup,
    &lambda_function::LambdaFunction,
    &lambda_permission::LambdaPermission,
    &sns_subscription::SnsSubscription,
    &sns_topic::SnsTopic,
];

/// Finds a type by name.
pub(super) fn kind(name: &str) -> Option<&'static dyn Kind> {
    KINDS.iter().copied().find(|kind| kind.name() == name)
}

/// What changing a property of a type costs.
pub(super) fn change(kind: &dyn Kind, property: &str) -> Change {
    kind.properties()
        .iter()
        .find(|known| known.name == property)
        .map_or(Change::InPlace, |known| known.change)
}

/// Refuses properties the type does not have, and asks for those it must have.
pub(super) fn check(kind: &dyn Kind, id: &str, properties: &Properties) -> Result<(), Failure> {
    let known = kind.properties();
    let mut mistakes: Vec<String> = known
        .iter()
        .filter(|property| property.required && properties.value(property.name).is_none())
        .map(|property| format!("#: required key [{}] not found", property.name))
        .collect();
    mistakes.extend(
        properties
            .names()
            .filter(|name| known.iter().all(|property| property.name != *name))
            .map(|name| format!("#: extraneous key [{name}] is not permitted")),
    );
    if mistakes.is_empty() {
        return Ok(());
    }
    Err(Failure::Refused(format!(
        "Properties validation failed for resource {id} with message:\n{}",
        mistakes.join("\n")
    )))
}

/// Why a resource could not be made, changed or deleted.
#[derive(Debug)]
pub(super) enum Failure {
    /// The template asks for what cannot be.
    Refused(String),
    /// There already is one under this name, and it is not the stack's.
    Exists {
        /// The resource type.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// The service behind the resource refused.
    Api {
        /// The service.
        service: String,
        /// Its answer.
        error: AwsError,
    },
}

impl Failure {
    fn is_absence(&self) -> bool {
        let Self::Api { error, .. } = self else { return false };
        matches!(
            error.code.as_str(),
            "NoSuchEntity" | "NotFound" | "ResourceNotFoundException" | "NotFoundException"
        )
    }

    /// Says the failure as a stack event does.
    ///
    /// <https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html>
    pub(super) fn reason(&self, request_id: &str, token: &str) -> String {
        match self {
            Self::Refused(reason) => reason.clone(),
            Self::Exists { kind, name } => format!(
                "Resource handler returned message: \"Resource of type '{kind}' with identifier '{name}' already \
                 exists.\" (RequestToken: {token}, HandlerErrorCode: AlreadyExists)"
            ),
            Self::Api { service, error } => {
                let mut name: Vec<char> = service.chars().collect();
                if let Some(first) = name.first_mut() {
                    first.make_ascii_uppercase();
                }
                format!(
                    "Resource handler returned message: \"{} (Service: {}, Status Code: {}, Request ID: \
                     {request_id})\" (RequestToken: {token}, HandlerErrorCode: {})",
                    error.message,
                    name.into_iter().collect::<String>(),
                    error.status.as_u16(),
                    handler_code(&error.code),
                )
            }
        }
    }
}

fn handler_code(code: &str) -> &'static str {
    match code {
        "EntityAlreadyExists" | "ResourceConflictException" | "ResourceAlreadyExistsException" => {
            "AlreadyExists"
        }
        "NoSuchEntity" | "NotFound" | "ResourceNotFoundException" | "NotFoundException" => "NotFound",
        "AccessDenied" | "AccessDeniedException" | "AuthorizationError" => "AccessDenied",
        "LimitExceeded" | "LimitExceededException" => "ServiceLimitExceeded",
        "Throttling" | "ThrottlingException" | "TooManyRequestsException" => "Throttling",
        code if code.starts_with("Internal") || code == "ServiceFailure" => "ServiceInternalError",
        _ => "InvalidRequest",
    }
}

/// What a resource has at hand while it is made, changed or deleted.
pub(super) struct Call<'a> {
    /// Reaches the other services of the account.
    pub invoker: &'a Invoker,
    /// On whose behalf.
    pub ctx: &'a RequestContext,
    /// A physical name nobody else has, for a resource without a name of its own.
    pub generated: String,
    /// The tags `CloudFormation` itself puts on a resource that takes them.
    pub system_tags: Tags,
}

impl Call<'_> {
    /// Calls another service.
    async fn invoke(
        &self,
        service: &str,
        operation: &str,
        input: impl Into<Value> + Send,
    ) -> Result<Value, Failure> {
        self.invoker
            .invoke(service, operation, input.into(), self.ctx)
            .await
            .map_err(|error| Failure::Api { service: service.to_owned(), error })
    }

    /// Calls another service to take something away; what is already gone is no error.
    async fn remove(
        &self,
        service: &str,
        operation: &str,
        input: impl Into<Value> + Send,
    ) -> Result<(), Failure> {
        match self.invoke(service, operation, input).await {
            Err(failure) if !failure.is_absence() => Err(failure),
            _ => Ok(()),
        }
    }

    /// Asks that a call for something by its name finds nothing, where making it again would adopt it.
    async fn expect_absent(
        &self,
        kind: &dyn Kind,
        name: &str,
        (service, operation): (&str, &str),
        input: impl Into<Value> + Send,
    ) -> Result<(), Failure> {
        match self.invoke(service, operation, input).await {
            Ok(_) => Err(Failure::Exists { kind: kind.name(), name: name.to_owned() }),
            Err(failure) if failure.is_absence() => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// The name the author chose, or a generated one.
    fn name(&self, wanted: &Properties, property: &str) -> String {
        wanted.text(property).unwrap_or_else(|| self.generated.clone())
    }
}

/// The items of a list in a service's answer, whether it is wrapped for XML or not.
fn members<'a>(answer: &'a Value, list: &str) -> &'a [Value] {
    let list = answer.get(list);
    list.and_then(Value::as_array)
        .or_else(|| list.and_then(|list| list.get("member")).and_then(Value::as_array))
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// A text in a service's answer.
fn answer_text(answer: &Value, path: &str) -> String {
    answer.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_failure_reads_like_a_stack_event() {
        let error = AwsError::conflict("EntityAlreadyExists", "Role with name R already exists.");
        let failure = Failure::Api { service: "iam".into(), error };
        assert_eq!(
            failure.reason("q", "t"),
            "Resource handler returned message: \"Role with name R already exists. (Service: Iam, Status Code: 409, \
             Request ID: q)\" (RequestToken: t, HandlerErrorCode: AlreadyExists)"
        );
    }

    #[test]
    fn properties_are_checked_against_the_type() {
        let properties = Properties::from(&json!({"Colour": "red"}));
        let failure = check(kind("AWS::IAM::Role").unwrap(), "R", &properties).unwrap_err();
        assert_eq!(
            failure.reason("", ""),
            "Properties validation failed for resource R with message:\n#: required key [AssumeRolePolicyDocument] \
             not found\n#: extraneous key [Colour] is not permitted"
        );
    }

    #[test]
    fn every_type_is_found_by_its_name() {
        for known in KINDS {
            assert_eq!(kind(known.name()).map(Kind::name), Some(known.name()));
        }
    }
}
