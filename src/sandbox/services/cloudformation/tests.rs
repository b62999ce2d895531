//! What a user of the service sees, over other services that only take notes.

use std::sync::Arc;

use awsim_core::{AwsError, RequestContext, ServiceHandler as _};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::stub::Stub;
use super::{CloudFormation, Invoker};
use crate::clock::Clock;

const LAB: &str = "
Description: the lab
Parameters:
  Report: { Type: String, Default: daily }
Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt Role.Arn
      Runtime: python3.12
      Handler: index.main
      Code: { ZipFile: 'def main(event, context): return 1' }
      Environment: { Variables: { TOPIC: !Ref Topic } }
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: { Statement: [] }
      Policies: [ { PolicyName: publish, PolicyDocument: { Resource: !Ref Topic } } ]
  Topic:
    Type: AWS::SNS::Topic
    Properties: { DisplayName: !Ref Report }
Outputs:
  Arn: { Value: !GetAtt Function.Arn, Description: what to call }
";

struct Account {
    service: CloudFormation,
    stub: Arc<Stub>,
    ctx: RequestContext,
}

impl Account {
    fn new() -> Self {
        let stub = Arc::new(Stub::default());
        let invoker: Invoker = Arc::<Stub>::clone(&stub);
        let ctx = RequestContext {
            account_id: "123456789012".into(),
            region: "us-east-1".into(),
            ..RequestContext::default()
        };
        let service = CloudFormation::new(Clock::fixed(Timestamp::UNIX_EPOCH), invoker);
        Self { service, stub, ctx }
    }

    async fn try_call(&self, operation: &str, input: Value) -> Result<Value, AwsError> {
        self.service.handle(operation, input, &self.ctx).await
    }

    async fn call(&self, operation: &str, input: Value) -> Value {
        self.try_call(operation, input).await.unwrap()
    }

    async fn refusal(&self, operation: &str, input: Value) -> String {
        let error = self.try_call(operation, input).await.unwrap_err();
        format!("{}: {}", error.code, error.message)
    }

    async fn create(&self, body: &str) -> Value {
        self.call("CreateStack", create(body)).await
    }

    async fn stack(&self, name: &str) -> Value {
        self.call("DescribeStacks", json!({"StackName": name})).await["Stacks"]["member"][0].clone()
    }

    /// The events oldest first: logical id, status, reason.
    async fn events(&self, name: &str) -> Vec<String> {
        let answer = self.call("DescribeStackEvents", json!({"StackName": name})).await;
        let mut lines: Vec<String> = answer["StackEvents"]["member"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| {
                let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
                format!(
                    "{} {} {}",
                    text("LogicalResourceId"),
                    text("ResourceStatus"),
                    text("ResourceStatusReason")
                )
                .trim()
                .to_owned()
            })
            .collect();
        lines.reverse();
        lines
    }
}

fn create(body: &str) -> Value {
    json!({"StackName": "lab", "TemplateBody": body, "Capabilities": ["CAPABILITY_NAMED_IAM"]})
}

fn operations(calls: &[String]) -> Vec<&str> {
    calls.iter().map(|call| call.split(' ').next().unwrap()).collect()
}

fn denied() -> AwsError {
    AwsError::forbidden("AccessDenied", "User is not authorized")
}

#[tokio::test]
async fn resources_are_made_in_the_order_they_need_each_other() {
    let account = Account::new();
    let id = account.create(LAB).await["StackId"].as_str().unwrap().to_owned();
    assert!(id.starts_with("arn:aws:cloudformation:us-east-1:123456789012:stack/lab/"));
    let calls = account.stub.take();
    assert_eq!(operations(&calls), ["CreateTopic", "CreateRole", "PutRolePolicy", "CreateFunction"]);
    let name = calls[1].split(' ').nth(1).unwrap();
    let suffix = name.strip_prefix("lab-Role-").unwrap();
    assert!(suffix.len() == 12 && suffix.chars().all(|c| c.is_ascii_alphanumeric()));
    assert_eq!(
        account.events("lab").await,
        [
            "lab CREATE_IN_PROGRESS User Initiated",
            "Topic CREATE_IN_PROGRESS",
            "Topic CREATE_IN_PROGRESS Resource creation Initiated",
            "Topic CREATE_COMPLETE",
            "Role CREATE_IN_PROGRESS",
            "Role CREATE_IN_PROGRESS Resource creation Initiated",
            "Role CREATE_COMPLETE",
            "Function CREATE_IN_PROGRESS",
            "Function CREATE_IN_PROGRESS Resource creation Initiated",
            "Function CREATE_COMPLETE",
            "lab CREATE_COMPLETE",
        ]
    );
    let stack = account.stack("lab").await;
    assert_eq!(stack["StackStatus"], "CREATE_COMPLETE");
    assert_eq!(stack["Outputs"]["member"][0]["OutputKey"], "Arn");
    assert!(
        stack["Outputs"]["member"][0]["OutputValue"].as_str().unwrap().contains(":function:lab-Function-")
    );
}

#[tokio::test]
async fn a_resource_that_fails_takes_the_others_with_it() {
    let account = Account::new();
    account.stub.fail("CreateFunction", denied());
    account.create(LAB).await;
    assert_eq!(
        operations(&account.stub.take())[3..],
        ["CreateFunction", "DeleteRolePolicy", "DeleteRole", "DeleteTopic"]
    );
    let events = account.events("lab").await;
    assert!(events[8].starts_with(
        "Function CREATE_FAILED Resource handler returned message: \"User is not authorized (Service: Lambda, \
         Status Code: 403, Request ID: "
    ));
    assert!(events[8].ends_with("HandlerErrorCode: AccessDenied)"));
    assert_eq!(
        events[9..],
        [
            "lab ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Function]. Rollback requested by user.",
            "Function DELETE_COMPLETE",
            "Role DELETE_IN_PROGRESS",
            "Role DELETE_COMPLETE",
            "Topic DELETE_IN_PROGRESS",
            "Topic DELETE_COMPLETE",
            "lab ROLLBACK_COMPLETE",
        ]
    );
    let refusal = account.refusal("UpdateStack", create(LAB)).await;
    assert!(refusal.ends_with("is in ROLLBACK_COMPLETE state and can not be updated."), "{refusal}");
}

#[tokio::test]
async fn a_half_made_resource_is_deleted_too() {
    let account = Account::new();
    account.stub.fail("PutRolePolicy", denied());
    account.create(LAB).await;
    assert_eq!(
        operations(&account.stub.take()),
        ["CreateTopic", "CreateRole", "PutRolePolicy", "DeleteRolePolicy", "DeleteRole", "DeleteTopic"]
    );
}

#[tokio::test]
async fn on_failure_decides_what_remains() {
    for (on_failure, status) in [("DELETE", "DELETE_COMPLETE"), ("DO_NOTHING", "CREATE_FAILED")] {
        let account = Account::new();
        account.stub.fail("CreateFunction", denied());
        let mut input = create(LAB);
        input["OnFailure"] = on_failure.into();
        let id = account.call("CreateStack", input).await["StackId"].as_str().unwrap().to_owned();
        assert_eq!(account.stack(&id).await["StackStatus"], status);
    }
}

#[tokio::test]
async fn deleting_goes_backwards_and_can_be_repeated() {
    let account = Account::new();
    let id = account.create(LAB).await["StackId"].as_str().unwrap().to_owned();
    account.stub.take();
    account.call("DeleteStack", json!({"StackName": "lab"})).await;
    assert_eq!(
        operations(&account.stub.take()),
        ["DeleteFunction", "DeleteRolePolicy", "DeleteRole", "DeleteTopic"]
    );
    account.call("DeleteStack", json!({"StackName": "lab"})).await;
    account.call("DeleteStack", json!({"StackName": id})).await;
    assert_eq!(account.stub.take(), [""; 0]);
    assert_eq!(
        account.refusal("DescribeStacks", json!({"StackName": "lab"})).await,
        "ValidationError: Stack with id lab does not exist"
    );
    assert_eq!(account.stack(&id).await["StackStatus"], "DELETE_COMPLETE");
    let again = account.create(LAB).await;
    assert_ne!(again["StackId"], id.as_str());
}

#[tokio::test]
async fn what_cannot_be_deleted_stops_what_it_needs() {
    let account = Account::new();
    account.create(LAB).await;
    account.stub.fail("DeleteRole ", AwsError::conflict("DeleteConflict", "must detach all policies first"));
    account.stub.take();
    account.call("DeleteStack", json!({"StackName": "lab"})).await;
    assert_eq!(operations(&account.stub.take()), ["DeleteFunction", "DeleteRolePolicy", "DeleteRole"]);
    let stack = account.stack("lab").await;
    assert_eq!(stack["StackStatus"], "DELETE_FAILED");
    assert_eq!(stack["StackStatusReason"], "The following resource(s) failed to delete: [Role]. ");
    account.stub.recover();
    account.call("DeleteStack", json!({"StackName": "lab", "RetainResources": ["Role"]})).await;
    assert_eq!(operations(&account.stub.take()), ["DeleteTopic"]);
}

#[tokio::test]
async fn a_change_set_says_what_its_execution_does() {
    let account = Account::new();
    account.create(LAB).await;
    account.stub.take();
    let body =
        LAB.replace("DisplayName: !Ref Report", "TopicName: named").replace("python3.12", "python3.13")
            + "  Gone: { Value: !Ref Role }\n";
    let mut input = create(&body);
    input["ChangeSetName"] = "next".into();
    let id = account.call("CreateChangeSet", input).await["Id"].clone();
    let set = account.call("DescribeChangeSet", json!({"ChangeSetName": id})).await;
    assert_eq!((&set["Status"], &set["ExecutionStatus"]), (&json!("CREATE_COMPLETE"), &json!("AVAILABLE")));
    let changes: Vec<String> = set["Changes"]["member"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| {
            let change = &change["ResourceChange"];
            format!("{} {} {}", change["Action"], change["LogicalResourceId"], change["Replacement"])
                .replace('"', "")
        })
        .collect();
    assert_eq!(changes, ["Modify Topic True", "Modify Role False", "Modify Function False"]);
    let role = &set["Changes"]["member"][1]["ResourceChange"]["Details"]["member"][0];
    assert_eq!(
        *role,
        json!({
            "Target": {"Attribute": "Properties", "Name": "Policies", "RequiresRecreation": "Never"},
            "Evaluation": "Dynamic",
            "ChangeSource": "ResourceReference",
            "CausingEntity": "Topic",
        })
    );
    account.call("ExecuteChangeSet", json!({"ChangeSetName": id})).await;
    assert_eq!(
        account.stub.take()[..3],
        [
            "GetTopicAttributes arn:aws:sns:us-east-1:123456789012:named",
            "CreateTopic named",
            &format!("PutRolePolicy {}", physical(&account, "Role").await)
        ]
    );
    let stack = account.stack("lab").await;
    assert_eq!((&stack["StackStatus"], &stack["ChangeSetId"]), (&json!("UPDATE_COMPLETE"), &id));
    let set = account.call("DescribeChangeSet", json!({"ChangeSetName": id})).await;
    assert_eq!(set["ExecutionStatus"], "EXECUTE_COMPLETE");
    let events = account.events("lab").await;
    let tail = events.len() - 4;
    assert_eq!(
        events[tail..],
        [
            "lab UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            "Topic DELETE_IN_PROGRESS",
            "Topic DELETE_COMPLETE",
            "lab UPDATE_COMPLETE",
        ]
    );
    assert_eq!(
        account.refusal("ExecuteChangeSet", json!({"ChangeSetName": id})).await,
        format!(
            "InvalidChangeSetStatus: ChangeSet [{}] cannot be executed in its current execution status of [EXECUTE_COMPLETE]",
            id.as_str().unwrap()
        )
    );
}

async fn physical(account: &Account, id: &str) -> String {
    let answer =
        account.call("DescribeStackResources", json!({"StackName": "lab", "LogicalResourceId": id})).await;
    answer["StackResources"]["member"][0]["PhysicalResourceId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_parameter_that_changes_is_named_as_the_cause() {
    let account = Account::new();
    account.create(LAB).await;
    let mut input = create(LAB);
    input["ChangeSetName"] = "next".into();
    input["Parameters"] = json!([{"ParameterKey": "Report", "ParameterValue": "weekly"}]);
    account.call("CreateChangeSet", input).await;
    let set = account.call("DescribeChangeSet", json!({"ChangeSetName": "next", "StackName": "lab"})).await;
    let details = &set["Changes"]["member"][0]["ResourceChange"]["Details"]["member"];
    assert_eq!(details[0]["CausingEntity"], "Report");
    assert_eq!(details[0]["ChangeSource"], "ParameterReference");
    assert_eq!(set["Changes"]["member"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn nothing_to_change_is_said_in_both_ways() {
    let account = Account::new();
    account.create(LAB).await;
    assert_eq!(
        account.refusal("UpdateStack", create(LAB)).await,
        "ValidationError: No updates are to be performed."
    );
    let mut input = create(LAB);
    input["ChangeSetName"] = "same".into();
    let id = account.call("CreateChangeSet", input).await["Id"].as_str().unwrap().to_owned();
    let set = account.call("DescribeChangeSet", json!({"ChangeSetName": id})).await;
    assert_eq!((&set["Status"], &set["ExecutionStatus"]), (&json!("FAILED"), &json!("UNAVAILABLE")));
    assert!(
        set["StatusReason"]
            .as_str()
            .unwrap()
            .starts_with("The submitted information didn't contain changes.")
    );
    assert_eq!(
        account.refusal("ExecuteChangeSet", json!({"ChangeSetName": id})).await,
        format!(
            "InvalidChangeSetStatus: ChangeSet [{id}] cannot be executed in its current status of [FAILED]"
        )
    );
}

#[tokio::test]
async fn an_update_that_fails_goes_back_to_what_was() {
    let account = Account::new();
    account.create(LAB).await;
    account.stub.take();
    account.stub.fail("UpdateFunctionConfiguration", denied());
    let body = LAB
        .replace("PolicyName: publish", "PolicyName: speak")
        .replace("python3.12", "python3.13")
        .replace("  Function:\n", "  Extra: { Type: AWS::SNS::Topic }\n  Function:\n    DependsOn: Extra\n");
    account.call("UpdateStack", create(&body)).await;
    let stack = account.stack("lab").await;
    assert_eq!(stack["StackStatus"], "UPDATE_ROLLBACK_FAILED", "going back asks for the same call");

    let account = Account::new();
    account.create(LAB).await;
    account.stub.take();
    account.stub.fail("python3.13", denied());
    account.call("UpdateStack", create(&body)).await;
    let calls = account.stub.take();
    assert_eq!(
        operations(&calls),
        [
            "CreateTopic",
            "PutRolePolicy",
            "DeleteRolePolicy",
            "UpdateFunctionConfiguration",
            "UpdateFunctionConfiguration",
            "PutRolePolicy",
            "DeleteRolePolicy",
            "DeleteTopic",
        ]
    );
    let events = account.events("lab").await;
    assert!(events.contains(
        &"lab UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to update: [Function].".to_owned()
    ));
    assert_eq!(events.last().unwrap(), "lab UPDATE_ROLLBACK_COMPLETE");
    let resources = account.call("ListStackResources", json!({"StackName": "lab"})).await;
    assert_eq!(resources["StackResourceSummaries"]["member"].as_array().unwrap().len(), 3);
    account.stub.recover();
    account.call("UpdateStack", create(&body)).await;
    assert_eq!(account.stack("lab").await["StackStatus"], "UPDATE_COMPLETE");
}

#[tokio::test]
async fn a_custom_named_resource_cannot_be_replaced() {
    let account = Account::new();
    let body = |path: &str| {
        format!(
            "Resources: {{R: {{Type: AWS::IAM::Role, Properties: {{RoleName: fixed, Path: {path}, \
             AssumeRolePolicyDocument: {{}}}}}}}}"
        )
    };
    account.create(&body("/a/")).await;
    account.call("UpdateStack", create(&body("/b/"))).await;
    assert!(account.events("lab").await.contains(
        &"R UPDATE_FAILED CloudFormation cannot update a stack when a custom-named resource requires replacing. \
          Rename fixed and update the stack again."
            .to_owned()
    ));
    assert_eq!(account.stack("lab").await["StackStatus"], "UPDATE_ROLLBACK_COMPLETE");
    let resources = account.call("DescribeStackResources", json!({"StackName": "lab"})).await;
    assert_eq!(resources["StackResources"]["member"][0]["ResourceStatus"], "UPDATE_COMPLETE");
    assert_eq!(operations(&account.stub.take()), ["CreateRole"]);
}

#[tokio::test]
async fn what_leaves_the_template_leaves_the_account() {
    let account = Account::new();
    let body = "Resources: {A: {Type: AWS::SNS::Topic}, B: {Type: AWS::SNS::Topic, DependsOn: A}}";
    account.create(body).await;
    account.stub.take();
    account.call("UpdateStack", create("Resources: {C: {Type: AWS::SNS::Topic}}")).await;
    assert_eq!(operations(&account.stub.take()), ["CreateTopic", "DeleteTopic", "DeleteTopic"]);
    let resources = account.call("ListStackResources", json!({"StackName": "lab"})).await;
    let left = resources["StackResourceSummaries"]["member"].as_array().unwrap();
    assert_eq!((left.len(), &left[0]["LogicalResourceId"]), (1, &json!("C")));
}

#[tokio::test]
async fn iam_needs_the_callers_word() {
    let account = Account::new();
    let named = "Resources: {U: {Type: AWS::IAM::User, Properties: {UserName: eve}}}";
    let unnamed = "Resources: {U: {Type: AWS::IAM::User}}";
    let with = |body: &str, capability: &str| json!({"StackName": "lab", "TemplateBody": body, "Capabilities": [capability]});
    assert_eq!(
        account.refusal("CreateStack", with(named, "CAPABILITY_IAM")).await,
        "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_NAMED_IAM]"
    );
    assert_eq!(
        account.refusal("CreateStack", with(unnamed, "")).await,
        "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_IAM]"
    );
    assert!(account.try_call("CreateStack", with(unnamed, "CAPABILITY_IAM")).await.is_ok());
}

#[tokio::test]
async fn an_unknown_type_leaves_no_trace() {
    let account = Account::new();
    let body = "Resources: {V: {Type: 'AWS::EC2::VPC'}, T: {Type: 'AWS::SNS::Topic'}}";
    let expected = "ValidationError: Template format error: Unrecognized resource types: [AWS::EC2::VPC]";
    let mut set = create(body);
    set["ChangeSetName"] = "c".into();
    set["ChangeSetType"] = "CREATE".into();
    for (operation, input) in
        [("CreateStack", create(body)), ("CreateChangeSet", set), ("ValidateTemplate", create(body))]
    {
        assert_eq!(account.refusal(operation, input).await, expected);
    }
    assert_eq!(account.stub.take(), [""; 0]);
    assert_eq!(account.call("ListStacks", json!({})).await["StackSummaries"]["member"], json!([]));
}

#[tokio::test]
async fn a_new_stack_can_begin_as_a_change_set() {
    let account = Account::new();
    let mut input = create(LAB);
    input["ChangeSetName"] = "first".into();
    input["ChangeSetType"] = "CREATE".into();
    account.call("CreateChangeSet", input).await;
    assert_eq!(account.stack("lab").await["StackStatus"], "REVIEW_IN_PROGRESS");
    assert_eq!(account.stub.take(), [""; 0]);
    account.call("ExecuteChangeSet", json!({"ChangeSetName": "first", "StackName": "lab"})).await;
    assert_eq!(account.stack("lab").await["StackStatus"], "CREATE_COMPLETE");
    assert_eq!(
        account.refusal("CreateStack", create(LAB)).await,
        "AlreadyExistsException: Stack [lab] already exists"
    );
}

#[tokio::test]
async fn tags_reach_the_resources_that_take_them() {
    let account = Account::new();
    let mut input = create(LAB);
    input["Tags"] = json!([{"Key": "course", "Value": "c1"}]);
    let id = account.call("CreateStack", input.clone()).await["StackId"].as_str().unwrap().to_owned();
    let calls = account.stub.take_inputs();
    assert_eq!(calls[1].1["Tags"], json!([{"Key": "course", "Value": "c1"}]));
    assert_eq!(calls[3].1["Tags"]["aws:cloudformation:logical-id"], "Function");
    assert_eq!(account.service.tagged(), [(id, [("course".to_owned(), "c1".to_owned())].into())]);
    input["Tags"] = json!([{"Key": "course", "Value": "c2"}]);
    account.call("UpdateStack", input).await;
    assert_eq!(operations(&account.stub.take()), ["TagResource", "TagRole", "TagResource"]);
}

#[tokio::test]
async fn a_secret_parameter_is_never_shown() {
    let account = Account::new();
    let body = "
Parameters: { Password: { Type: String, NoEcho: true } }
Resources:
  U: { Type: AWS::IAM::User, Properties: { LoginProfile: { Password: !Ref Password } } }
";
    let mut input = create(body);
    input["Parameters"] = json!([{"ParameterKey": "Password", "ParameterValue": "correct horse"}]);
    account.call("CreateStack", input).await;
    assert!(account.stub.take_inputs().iter().any(|(_, input)| input["Password"] == "correct horse"));
    for operation in ["DescribeStacks", "DescribeStackEvents", "DescribeStackResources", "GetTemplate"] {
        let shown = account.call(operation, json!({"StackName": "lab"})).await.to_string();
        assert!(!shown.contains("correct horse"), "{operation}");
    }
    assert_eq!(account.stack("lab").await["Parameters"]["member"][0]["ParameterValue"], "****");
}

#[tokio::test]
async fn a_snapshot_is_the_whole_service() {
    let account = Account::new();
    account.create(LAB).await;
    let other = Account::new();
    other.service.restore(&account.service.snapshot().unwrap()).unwrap();
    assert_eq!(other.stack("lab").await, account.stack("lab").await);
    other.call("DeleteStack", json!({"StackName": "lab"})).await;
    assert_eq!(operations(&other.stub.take()).last(), Some(&"DeleteTopic"));
    assert!(other.service.restore(b"nonsense").is_err());
}

#[tokio::test]
async fn retained_resources_stay() {
    let account = Account::new();
    let body = "Resources: {T: {Type: AWS::SNS::Topic, DeletionPolicy: Retain}, U: {Type: AWS::SNS::Topic}}";
    let id = account.create(body).await["StackId"].as_str().unwrap().to_owned();
    account.stub.take();
    account.call("DeleteStack", json!({"StackName": "lab"})).await;
    assert_eq!(operations(&account.stub.take()), ["DeleteTopic"]);
    assert!(account.events(&id).await.contains(&"T DELETE_SKIPPED".to_owned()));
}

#[tokio::test]
async fn the_template_for_graders_deploys_and_grants_reading_only() {
    let body = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/grader-access.yaml"));
    let account = Account::new();
    let with = |arn: &str, external: &str| {
        let mut input = create(body);
        input["Parameters"] = json!([
            {"ParameterKey": "GraderRoleArn", "ParameterValue": arn},
            {"ParameterKey": "ExternalId", "ParameterValue": external},
        ]);
        input
    };
    let (arn, external) = ("arn:aws:iam::999999999999:role/grader", "0123456789abcdef");
    for (arn, external) in [("arn:aws:iam::999999999999:root", external), ("*", external), (arn, "short")] {
        assert!(
            account
                .refusal("CreateStack", with(arn, external))
                .await
                .starts_with("ValidationError: Parameter '")
        );
    }
    account.call("CreateStack", with(arn, external)).await;
    let stack = account.stack("lab").await;
    assert_eq!(stack["StackStatus"], "CREATE_COMPLETE");
    assert_eq!(stack["Outputs"]["member"][0]["OutputValue"], "arn:aws:iam::123456789012:role/iamlab-grader");
    let calls = account.stub.take_inputs();
    assert_eq!(calls[0].1["MaxSessionDuration"], "3600");
    let trust: Value =
        serde_json::from_str(calls[0].1["AssumeRolePolicyDocument"].as_str().unwrap()).unwrap();
    assert_eq!(trust["Statement"][0]["Principal"], json!({"AWS": arn}));
    assert_eq!(trust["Statement"][0]["Condition"], json!({"StringEquals": {"sts:ExternalId": external}}));
    let policy: Value = serde_json::from_str(calls[1].1["PolicyDocument"].as_str().unwrap()).unwrap();
    let actions = policy["Statement"][0]["Action"].as_array().unwrap();
    assert!(actions.len() > 10);
    for action in actions.iter().map(|action| action.as_str().unwrap()) {
        let verb = action.split(':').nth(1).unwrap();
        let reads = ["Get", "List", "Describe", "Lookup"].iter().any(|prefix| verb.starts_with(prefix));
        assert!(reads || action == "iam:GenerateCredentialReport", "{action}");
    }
}
