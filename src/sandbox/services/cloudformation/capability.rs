//! What a caller has to acknowledge before a template may touch IAM.

use awsim_core::AwsError;

use super::resources;
use super::template::Template;

/// The IAM types of a template.
pub(super) fn iam_kinds(template: &Template) -> impl Iterator<Item = &str> {
    template
        .resources
        .values()
        .map(|definition| definition.kind.as_str())
        .filter(|kind| kind.starts_with("AWS::IAM::"))
}

/// The capability a template needs.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html>
pub(super) fn needed_capability(template: &Template) -> Option<&'static str> {
    iam_kinds(template).next()?;
    let named = template.resources.values().any(|definition| {
        definition.kind.starts_with("AWS::IAM::")
            && resources::kind(&definition.kind)
                .and_then(resources::Kind::name_property)
                .is_some_and(|name| definition.properties.get(name).is_some())
    });
    Some(if named { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" })
}

/// Refuses a template whose capability the caller did not acknowledge.
pub(super) fn check_capabilities(template: &Template, given: &[String]) -> Result<(), AwsError> {
    let given = |capability: &str| given.iter().any(|given| given == capability);
    match needed_capability(template) {
        Some(needed) if !given(needed) && !given("CAPABILITY_NAMED_IAM") => Err(AwsError::bad_request(
            "InsufficientCapabilitiesException",
            format!("Requires capabilities : [{needed}]"),
        )),
        _ => Ok(()),
    }
}
