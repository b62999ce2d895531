//! Whether the organization looks after the root users of its accounts: `ListOrganizationsFeatures`. It is one of the
//! calls whose errors are answers.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOrganizationsFeatures.html>, which writes the
//! codes without the ending `Exception` that the SDKs have.

use std::collections::BTreeSet;

use crate::account::snapshot::RootManagement;
use crate::aws::Aws;
use crate::aws::error::ApiError;

pub(super) async fn read(aws: &Aws) -> Result<RootManagement, ApiError> {
    let answer = aws
        .call("iam:ListOrganizationsFeatures", "the organization", || {
            aws.iam.list_organizations_features().send()
        })
        .await;
    match answer {
        Ok(answer) => {
            let features = answer.enabled_features().iter();
            Ok(RootManagement::Features(features.map(|feature| feature.as_str().to_owned()).collect()))
        }
        Err(error) => told_by(&error.code).ok_or(error),
    }
}

/// Returns what an error code tells; `None` when it tells nothing.
fn told_by(code: &str) -> Option<RootManagement> {
    match code.trim_end_matches("Exception") {
        "OrganizationNotFound" => Some(RootManagement::NoOrganization),
        "AccountNotManagementOrDelegatedAdministrator" => Some(RootManagement::ToldToOthers),
        // Without either of these no feature can be on.
        "ServiceAccessNotEnabled" | "OrganizationNotInAllFeaturesMode" => {
            Some(RootManagement::Features(BTreeSet::new()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_are_answers() {
        assert_eq!(told_by("OrganizationNotFound"), told_by("OrganizationNotFoundException"));
        assert_eq!(told_by("OrganizationNotFoundException"), Some(RootManagement::NoOrganization));
        let others = told_by("AccountNotManagementOrDelegatedAdministratorException");
        assert_eq!(others, Some(RootManagement::ToldToOthers));
        let off = Some(RootManagement::Features(BTreeSet::new()));
        assert_eq!(told_by("ServiceAccessNotEnabledException"), off);
        assert_eq!(told_by("OrganizationNotInAllFeaturesMode"), off);
        assert_eq!(told_by("AccessDenied"), None);
    }
}
