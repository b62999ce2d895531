//! What a caller must be allowed for each operation of Access Analyzer.
//!
//! "Actions, resources, and condition keys for AWS IAM Access Analyzer" in the Service Authorization Reference.
//! `access-analyzer:ListAnalyzers on resource: arn:aws:access-analyzer:us-east-1:852948644505:*` is a published denial.

use awsim_core::RequestContext;
use awsim_core::arn::{build, build_global};
use serde_json::Value;

use super::AccessAnalyzer;
use crate::sandbox::services::Need;
use crate::sandbox::services::need::tags_in;
use crate::sandbox::services::tags::Tags;
use crate::sandbox::services::wire;

/// What the caller needs for a call.
pub(super) fn of(
    service: &AccessAnalyzer,
    operation: &str,
    input: &Value,
    ctx: &RequestContext,
) -> Vec<Need> {
    // Both lists of findings are one permission.
    let action = format!("access-analyzer:{}", operation.trim_end_matches("V2"));
    let named = input["analyzerName"].as_str().map(|name| service.arn(&ctx.region, name));
    let given = || ["analyzerArn", "resourceArn"].iter().find_map(|key| input[*key].as_str());
    let arn = match operation {
        "ListAnalyzers" => build(ctx, "access-analyzer", "*"),
        _ => named.or_else(|| given().map(str::to_owned)).unwrap_or_else(|| "*".to_owned()),
    };
    let (tags, alone) = service.state.read(&ctx.region, |region| {
        let found = region.analyzers.values().find(|analyzer| analyzer.arn == arn);
        (found.map(|analyzer| analyzer.tags.clone()).unwrap_or_default(), region.analyzers.is_empty())
    });
    let requested = tags_in(&input["tags"]);
    let removed = if operation == "UntagResource" { wire::tag_keys(ctx, input) } else { Vec::new() };
    let own = Need::new(action, arn).tagged(&tags).requesting(&requested).removing(removed);
    let mut needs = vec![own];
    if operation == "CreateAnalyzer" {
        needs.extend(besides(needs.first(), &requested, alone, ctx));
    }
    needs
}

/// What creating an analyzer needs besides its own permission: to tag it, and for the first one to create the role
/// that it works with ("Using service-linked roles for AWS IAM Access Analyzer" in the IAM user guide).
fn besides(own: Option<&Need>, tags: &Tags, first: bool, ctx: &RequestContext) -> Vec<Need> {
    const SERVICE: &str = "access-analyzer.amazonaws.com";
    let role = || {
        let path = format!("role/aws-service-role/{SERVICE}/AWSServiceRoleForAccessAnalyzer");
        Need::new("iam:CreateServiceLinkedRole", build_global(ctx, "iam", path))
            .with("iam:AWSServiceName", SERVICE)
    };
    let tagging = own.filter(|_| !tags.is_empty()).map(|own| own.also("access-analyzer:TagResource"));
    tagging.into_iter().chain(first.then(role)).collect()
}

#[cfg(test)]
mod tests {
    use awsim_core::ServiceHandler as _;
    use serde_json::json;

    use super::*;
    use crate::clock::Clock;
    use crate::sandbox::services::need::testing::{caller, check, complete};

    #[test]
    fn the_first_analyzer_needs_its_role() {
        let service =
            AccessAnalyzer::new("123456789012", Clock::fixed("2026-01-01T00:00:00Z".parse().unwrap()));
        let ctx = caller("access-analyzer", None);
        let create = json!({ "analyzerName": "a", "type": "ACCOUNT", "tags": { "k": "v" } });
        let arn = "arn:aws:access-analyzer:us-east-1:123456789012:analyzer/a";
        let own = format!("access-analyzer:CreateAnalyzer {arn} aws:RequestTag/k=v aws:TagKeys=k");
        let tagging = format!("access-analyzer:TagResource {arn} aws:RequestTag/k=v aws:TagKeys=k");
        let role = "iam:CreateServiceLinkedRole arn:aws:iam::123456789012:role/aws-service-role/\
                    access-analyzer.amazonaws.com/AWSServiceRoleForAccessAnalyzer \
                    iam:AWSServiceName=access-analyzer.amazonaws.com";
        check(&service, &ctx, &[("CreateAnalyzer", create.clone(), &[&own, &tagging, role])]);
        futures::executor::block_on(service.handle("CreateAnalyzer", create.clone(), &ctx)).unwrap();
        let kept = format!(
            "access-analyzer:CreateAnalyzer {arn} aws:ResourceTag/k=v aws:RequestTag/k=v aws:TagKeys=k"
        );
        let tagging = kept.replace("CreateAnalyzer", "TagResource");
        check(
            &service,
            &ctx,
            &[
                ("CreateAnalyzer", create, &[&kept, &tagging]),
                (
                    "ListAnalyzers",
                    json!({}),
                    &["access-analyzer:ListAnalyzers arn:aws:access-analyzer:us-east-1:123456789012:*"],
                ),
                (
                    "ListFindingsV2",
                    json!({ "analyzerArn": arn }),
                    &[&format!("access-analyzer:ListFindings {arn} aws:ResourceTag/k=v")],
                ),
            ],
        );
        complete(&service, &ctx, &json!({ "analyzerName": "b", "type": "ACCOUNT" }), &[]);
    }
}
