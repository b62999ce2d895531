//! Other services that remember what they were asked and fail on request.

use std::sync::Mutex;

use async_trait::async_trait;
use awsim_core::{AwsError, RequestContext};
use serde_json::{Value, json};

use super::Invoke;

/// Answers like IAM, SNS, Lambda and `EventBridge`; keeps nothing but the calls.
#[derive(Default)]
pub(super) struct Stub {
    calls: Mutex<Vec<(String, Value)>>,
    failing: Mutex<Vec<(String, AwsError)>>,
}

impl Stub {
    /// Makes every call whose operation and input contain `pattern` fail from now on.
    pub(super) fn fail(&self, pattern: &str, error: AwsError) {
        self.failing.lock().unwrap().push((pattern.to_owned(), error));
    }

    /// Lets everything succeed again.
    pub(super) fn recover(&self) {
        self.failing.lock().unwrap().clear();
    }

    /// Takes the calls made since the last time: operations, with the name of what they are about.
    pub(super) fn take(&self) -> Vec<String> {
        let about = [
            "RoleName",
            "UserName",
            "GroupName",
            "PolicyName",
            "FunctionName",
            "Name",
            "Rule",
            "TopicArn",
            "PolicyArn",
        ];
        let name = |input: &Value| about.iter().find_map(|key| input[key].as_str().map(str::to_owned));
        self.take_inputs()
            .into_iter()
            .map(|(operation, input)| format!("{operation} {}", name(&input).unwrap_or_default()))
            .collect()
    }

    /// Takes the calls made since the last time, with their inputs.
    pub(super) fn take_inputs(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }
}

#[async_trait]
impl Invoke for Stub {
    async fn invoke(
        &self,
        _service: &str,
        operation: &str,
        input: Value,
        ctx: &RequestContext,
    ) -> Result<Value, AwsError> {
        self.calls.lock().unwrap().push((operation.to_owned(), input.clone()));
        let line = format!("{operation} {input}");
        for (pattern, error) in self.failing.lock().unwrap().iter() {
            if line.contains(pattern.as_str()) {
                return Err(error.clone());
            }
        }
        let name = |key: &str| input[key].as_str().unwrap_or_default().to_owned();
        let arn = |kind: &str, key: &str| format!("arn:aws:iam::{}:{kind}/{}", ctx.account_id, name(key));
        let regional = |rest: String| format!("arn:aws:{rest}");
        Ok(match operation {
            "CreateRole" => json!({"Role": {"Arn": arn("role", "RoleName"), "RoleId": "AROA1"}}),
            "CreateUser" => json!({"User": {"Arn": arn("user", "UserName")}}),
            "CreateGroup" => json!({"Group": {"Arn": arn("group", "GroupName")}}),
            "CreatePolicy" => json!({"Policy": {"Arn": arn("policy", "PolicyName"), "PolicyId": "ANPA1"}}),
            "CreatePolicyVersion" => json!({"PolicyVersion": {"VersionId": "v2"}}),
            "ListPolicyVersions" => {
                json!({"Versions": {"member": [{"VersionId": "v1", "IsDefaultVersion": true}]}})
            }
            "CreateTopic" => {
                json!({"TopicArn": regional(format!("sns:us-east-1:{}:{}", ctx.account_id, name("Name")))})
            }
            "Subscribe" => json!({"SubscriptionArn": format!("{}:0001", name("TopicArn"))}),
            "CreateFunction" => {
                json!({"FunctionArn": regional(format!("lambda:us-east-1:{}:function:{}", ctx.account_id, name("FunctionName")))})
            }
            "PutRule" => {
                json!({"RuleArn": regional(format!("events:us-east-1:{}:rule/{}", ctx.account_id, name("Name")))})
            }
            "GetTopicAttributes" | "DescribeRule" => return Err(AwsError::not_found("NotFound", "none")),
            _ => json!({}),
        })
    }
}
