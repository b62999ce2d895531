//! AWS Account Management: which regions the account may use. Nobody has opted in to anything: the 17 regions that
//! every account has are on, the others off.
//!
//! <https://docs.aws.amazon.com/accounts/latest/reference/API_ListRegions.html>

use async_trait::async_trait;
use awsim_core::arn::build_global;
use awsim_core::{AwsError, Protocol, RequestContext, RouteDefinition, ServiceHandler};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Need, wire};

/// The regions of the partition `aws` that are on by default: all that are older than 20 March 2019.
///
/// Source: <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>.
const DEFAULT: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The regions that an account has to opt in to.
const OPT_IN: [&str; 17] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
];

/// What a region can be.
const STATES: [&str; 5] = ["ENABLED", "ENABLING", "DISABLING", "DISABLED", "ENABLED_BY_DEFAULT"];

/// The service; it keeps nothing.
#[derive(Debug, Default)]
pub(crate) struct AccountManagement;

/// The input of `ListRegions`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListRegions {
    account_id: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
    #[serde(default)]
    region_opt_status_contains: Vec<String>,
}

/// The input of `GetRegionOptStatus`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetRegionOptStatus {
    account_id: Option<String>,
    region_name: String,
}

/// The paths of the operations.
const ROUTES: [(&str, &str, &str); 2] =
    [("POST", "/listRegions", "ListRegions"), ("POST", "/getRegionOptStatus", "GetRegionOptStatus")];

/// The operations it answers; `handle` has an arm for each.
const OPERATIONS: &[&str] = &["ListRegions", "GetRegionOptStatus"];

/// Answers `ListRegions`.
fn list(input: ListRegions) -> Result<Value, AwsError> {
    for state in &input.region_opt_status_contains {
        if !STATES.contains(&state.as_str()) {
            return Err(validation("regionOptStatusContains", state));
        }
    }
    let size = input.max_results.unwrap_or(50);
    if !(1..=50).contains(&size) {
        return Err(validation("maxResults", &size.to_string()));
    }
    let wanted = input.region_opt_status_contains;
    let mut regions: Vec<(&str, &str)> =
        DEFAULT.iter().chain(&OPT_IN).map(|name| (*name, status(name))).collect();
    regions.retain(|(_, state)| wanted.is_empty() || wanted.iter().any(|one| one == state));
    regions.sort_unstable();
    let token = input.next_token.as_deref().filter(|token| !token.is_empty());
    let invalid = || validation("nextToken", token.unwrap_or_default());
    let (page, next) = wire::page(regions, size, token, |(name, _)| (*name).to_owned(), invalid)?;
    let page: Vec<Value> =
        page.iter().map(|(name, state)| json!({"RegionName": name, "RegionOptStatus": state})).collect();
    Ok(wire::with_next(json!({"Regions": page}), "NextToken", next))
}

/// Answers `GetRegionOptStatus`.
fn get(input: &GetRegionOptStatus) -> Result<Value, AwsError> {
    let name = input.region_name.as_str();
    if !DEFAULT.contains(&name) && !OPT_IN.contains(&name) {
        return Err(validation("regionName", name));
    }
    Ok(json!({"RegionName": name, "RegionOptStatus": status(name)}))
}

fn status(region: &str) -> &'static str {
    if DEFAULT.contains(&region) { "ENABLED_BY_DEFAULT" } else { "DISABLED" }
}

/// Another account can be asked about only from an organization's management account, and there is no organization.
fn only_own(account: Option<&str>, ctx: &RequestContext) -> Result<(), AwsError> {
    match account {
        Some(other) if other != ctx.account_id => Err(AwsError::forbidden(
            "AccessDeniedException",
            "The account is not in an organization, so it can be asked about itself only.",
        )),
        _ => Ok(()),
    }
}

fn validation(field: &str, value: &str) -> AwsError {
    AwsError::validation(format!("Value '{value}' at '{field}' failed to satisfy constraint"))
        .with_extra("reason", json!("fieldValidationFailed"))
}

#[async_trait]
impl ServiceHandler for AccountManagement {
    fn service_name(&self) -> &'static str {
        "account"
    }

    fn protocol(&self) -> Protocol {
        Protocol::RestJson1
    }

    fn routes(&self) -> Vec<RouteDefinition> {
        super::routes(&ROUTES)
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        match operation {
            "ListRegions" => {
                let input: ListRegions = wire::input(input)?;
                only_own(input.account_id.as_deref(), ctx)?;
                list(input)
            }
            "GetRegionOptStatus" => {
                let input: GetRegionOptStatus = wire::input(input)?;
                only_own(input.account_id.as_deref(), ctx)?;
                get(&input)
            }
            _ => Err(super::unsupported("account", operation)),
        }
    }
}

impl super::Service for AccountManagement {
    fn operations(&self) -> Vec<&'static str> {
        OPERATIONS.to_vec()
    }

    /// "Actions, resources, and condition keys for AWS Account Management" in the Service Authorization Reference.
    fn needs(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<Need> {
        let need = Need::new(format!("account:{operation}"), build_global(ctx, "account", "account"));
        vec![need.with_some("account:TargetRegion", wire::text(input, "RegionName"))]
    }
}

#[cfg(test)]
mod tests {
    use super::super::need::testing::{caller, check, complete};
    use super::*;

    fn ask(operation: &str, input: Value) -> Result<Value, AwsError> {
        futures::executor::block_on(AccountManagement.handle(operation, input, &caller("account", None)))
    }

    #[test]
    fn seventeen_regions_are_on() {
        let on = json!({"RegionOptStatusContains": ["ENABLED", "ENABLED_BY_DEFAULT"]});
        let regions = ask("ListRegions", on).unwrap()["Regions"].as_array().unwrap().clone();
        assert_eq!(regions.len(), 17);
        assert!(
            regions.contains(&json!({"RegionName": "eu-west-1", "RegionOptStatus": "ENABLED_BY_DEFAULT"}))
        );
        let status = ask("GetRegionOptStatus", json!({"RegionName": "me-south-1"})).unwrap();
        assert_eq!(status["RegionOptStatus"], "DISABLED");
    }

    #[test]
    fn the_list_has_pages() {
        let (mut token, mut names) = (json!(null), Vec::new());
        loop {
            let page = ask("ListRegions", json!({"MaxResults": 20, "NextToken": token})).unwrap();
            names.extend(page["Regions"].as_array().unwrap().iter().map(|one| one["RegionName"].to_string()));
            token = page["NextToken"].clone();
            if token.is_null() {
                break;
            }
        }
        assert!(names.is_sorted() && names.len() == 34, "{names:?}");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (operation, input, code) in [
            ("ListRegions", json!({"RegionOptStatusContains": ["ON"]}), "ValidationException"),
            ("ListRegions", json!({"MaxResults": 51}), "ValidationException"),
            ("ListRegions", json!({"NextToken": "x"}), "ValidationException"),
            ("ListRegions", json!({"AccountId": "210987654321"}), "AccessDeniedException"),
            ("GetRegionOptStatus", json!({"RegionName": "moon-east-1"}), "ValidationException"),
        ] {
            assert_eq!(ask(operation, input).unwrap_err().code, code, "{operation}");
        }
    }

    #[test]
    fn every_call_needs_its_permission() {
        let ctx = caller("account", None);
        let resource = "arn:aws:account::123456789012:account";
        let list = format!("account:ListRegions {resource}");
        let get = format!("account:GetRegionOptStatus {resource} account:TargetRegion=af-south-1");
        check(
            &AccountManagement,
            &ctx,
            &[
                ("ListRegions", json!({}), &[&list]),
                ("GetRegionOptStatus", json!({"RegionName": "af-south-1"}), &[&get]),
            ],
        );
        complete(&AccountManagement, &ctx, &json!({"RegionName": "af-south-1"}), &[]);
    }
}
