//! What an event is about: the `resources` of a record, and the resources `LookupEvents` finds an event by.

use serde_json::{Value, json};

use super::event::Resource;
use super::{Finished, response};

/// The type of the resource that a parameter names, by service.
///
/// Source of the types: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html>,
/// whose names the event history uses.
const NAMED: [(&str, &str, &str); 24] = [
    ("iam", "UserName", "AWS::IAM::User"),
    ("iam", "GroupName", "AWS::IAM::Group"),
    ("iam", "RoleName", "AWS::IAM::Role"),
    ("iam", "PolicyArn", "AWS::IAM::Policy"),
    ("iam", "PolicyName", "AWS::IAM::Policy"),
    ("iam", "PermissionsBoundary", "AWS::IAM::Policy"),
    ("iam", "AccessKeyId", "AWS::IAM::AccessKey"),
    ("iam", "SerialNumber", "AWS::IAM::MFADevice"),
    ("iam", "VirtualMFADeviceName", "AWS::IAM::MFADevice"),
    ("iam", "NewUserName", "AWS::IAM::User"),
    ("iam", "NewGroupName", "AWS::IAM::Group"),
    ("sts", "RoleArn", "AWS::IAM::Role"),
    ("sts", "RoleSessionName", "AWS::STS::AssumedRole"),
    ("lambda", "FunctionName", "AWS::Lambda::Function"),
    ("lambda", "Resource", "AWS::Lambda::Function"),
    ("lambda", "Role", "AWS::IAM::Role"),
    ("sns", "TopicArn", "AWS::SNS::Topic"),
    ("sns", "Name", "AWS::SNS::Topic"),
    ("sns", "SubscriptionArn", "AWS::SNS::Subscription"),
    ("events", "Name", "AWS::Events::Rule"),
    ("events", "Rule", "AWS::Events::Rule"),
    ("cloudformation", "StackName", "AWS::CloudFormation::Stack"),
    ("access-analyzer", "analyzerName", "AWS::AccessAnalyzer::Analyzer"),
    ("cloudtrail", "Name", "AWS::CloudTrail::Trail"),
];

/// What a created thing is called besides the name it was asked for by: its id and its ARN in the answer.
const CREATED: [(&str, &str, &str); 13] = [
    ("user", "userId", "AWS::IAM::User"),
    ("user", "arn", "AWS::IAM::User"),
    ("group", "groupId", "AWS::IAM::Group"),
    ("group", "arn", "AWS::IAM::Group"),
    ("role", "roleId", "AWS::IAM::Role"),
    ("role", "arn", "AWS::IAM::Role"),
    ("policy", "policyId", "AWS::IAM::Policy"),
    ("policy", "arn", "AWS::IAM::Policy"),
    ("accessKey", "accessKeyId", "AWS::IAM::AccessKey"),
    ("virtualMFADevice", "serialNumber", "AWS::IAM::MFADevice"),
    ("credentials", "accessKeyId", "AWS::IAM::AccessKey"),
    ("assumedRoleUser", "arn", "AWS::STS::AssumedRole"),
    ("assumedRoleUser", "assumedRoleId", "AWS::STS::AssumedRole"),
];

/// Returns the resources that a call names, and those it made.
pub(super) fn of(finished: &Finished<'_>) -> Vec<Resource> {
    let mut found: Vec<Resource> = Vec::new();
    let mut add = |kind: &str, name: &str| {
        if !name.is_empty() && !found.iter().any(|have| have.kind == kind && have.name == name) {
            found.push(Resource { kind: kind.to_owned(), name: name.to_owned() });
        }
    };
    for (_, parameter, kind) in NAMED.iter().filter(|(service, ..)| *service == finished.service) {
        if let Some(name) = finished.input.get(parameter).and_then(Value::as_str) {
            add(kind, name);
        }
    }
    if let (Ok(output), "iam" | "sts") = (finished.outcome, finished.service) {
        let shown = response::of(finished.service, output);
        for (entity, field, kind) in CREATED {
            let name = shown.get(entity).and_then(|entity| entity.get(field)).and_then(Value::as_str);
            if let Some(name) = name {
                add(kind, name);
            }
        }
    }
    found
}

/// Writes the record's own `resources`, which among the calls served here only an assumed role has
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html#stscloudtrailexample>).
pub(super) fn assumed(finished: &Finished<'_>) -> Option<Value> {
    let is_assumed = finished.service == "sts" && finished.operation.starts_with("AssumeRole");
    let arn = finished.input.get("RoleArn").and_then(Value::as_str);
    let arn = arn.filter(|_| is_assumed && finished.outcome.is_ok())?;
    let owner = arn.split(':').nth(4).unwrap_or_default();
    Some(json!([{"accountId": owner, "type": "AWS::IAM::Role", "ARN": arn}]))
}
