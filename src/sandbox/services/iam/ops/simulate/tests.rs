use serde_json::{Value, json};

use super::super::testing::Account;

fn member(value: &Value, place: usize) -> &Value {
    &value["member"][place]
}

#[test]
fn a_custom_policy_is_simulated_with_the_place_of_the_statement() {
    let account = Account::new();
    // The example of `simulate-custom-policy` in the AWS CLI reference.
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}]}"#;
    let ask = |time: Option<&str>| {
        let entries = time.map(|time| {
            json!([{ "ContextKeyName": "aws:CurrentTime", "ContextKeyValues": [time], "ContextKeyType": "date" }])
        });
        let input = json!({ "PolicyInputList": [policy], "ActionNames": ["dynamodb:CreateBackup"],
                            "ContextEntries": entries });
        account.ok("SimulateCustomPolicy", input)["EvaluationResults"]["member"][0].clone()
    };
    let result = ask(Some("2019-04-25T11:00:00Z"));
    assert_eq!((&result["EvalDecision"], &result["EvalResourceName"]), (&json!("allowed"), &json!("*")));
    let matched = member(&result["MatchedStatements"], 0);
    assert_eq!(matched["SourcePolicyId"], "PolicyInputList.1");
    assert_eq!(matched["StartPosition"], json!({ "Line": 1, "Column": 38 }));
    assert_eq!(matched["EndPosition"], json!({ "Line": 1, "Column": 167 }));
    assert_eq!(ask(Some("2014-04-25T11:00:00Z"))["EvalDecision"], "implicitDeny");
    let open = ask(None);
    assert_eq!(open["EvalDecision"], "implicitDeny");
    assert_eq!(member(&open["MissingContextValues"], 0), "aws:CurrentTime");
}

fn auditors() -> Account {
    let account = Account::new();
    let allow = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:Get*","iam:List*"],"Resource":"*"}]}"#;
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:GetRole","Resource":"arn:aws:iam::123456789012:role/secret"}]}"#;
    account.user("Ann");
    account.ok("CreateGroup", json!({ "GroupName": "G" }));
    account.ok("AddUserToGroup", json!({ "GroupName": "G", "UserName": "Ann" }));
    account.ok("CreatePolicy", json!({ "PolicyName": "Read", "PolicyDocument": allow }));
    let arn = "arn:aws:iam::123456789012:policy/Read";
    account.ok("AttachGroupPolicy", json!({ "GroupName": "G", "PolicyArn": arn }));
    account.ok("PutUserPolicy", json!({ "UserName": "Ann", "PolicyName": "No", "PolicyDocument": deny }));
    account
}

#[test]
fn a_user_s_policies_are_simulated_with_those_of_its_groups() {
    let account = auditors();
    let ask = |more: Value| {
        let mut input = json!({
            "PolicySourceArn": "arn:aws:iam::123456789012:user/Ann",
            "ActionNames": ["iam:GetRole"],
            "ResourceArns": ["arn:aws:iam::123456789012:role/open", "arn:aws:iam::123456789012:role/secret"],
        });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        account.ok("SimulatePrincipalPolicy", input)["EvaluationResults"]["member"][0].clone()
    };
    let result = ask(json!({}));
    assert_eq!(result["EvalDecision"], "explicitDeny");
    let each = |result: &Value| -> Vec<String> {
        let all = result["ResourceSpecificResults"]["member"].as_array().unwrap().clone();
        all.iter().map(|one| one["EvalResourceDecision"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(each(&result), ["allowed", "explicitDeny"]);
    let of = |place: usize| {
        let one = member(&result["ResourceSpecificResults"], place);
        member(&one["MatchedStatements"], 0)["SourcePolicyId"].clone()
    };
    assert_eq!((of(0), of(1)), (json!("Read"), json!("user_Ann_No")));

    let without = ask(json!({ "PolicyExclusionList": [{ "InlinePolicyIdentifier":
        { "PolicyName": "No", "AttachmentType": "user", "AttachmentName": "Ann" } }] }));
    assert_eq!(each(&without), ["allowed", "allowed"]);
    let nothing = ask(json!({ "PolicyExclusionList": [{ "PolicyType": "user-managed" }] }));
    assert_eq!(each(&nothing), ["implicitDeny", "explicitDeny"]);

    let bound = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    let bounded = ask(json!({ "PermissionsBoundaryPolicyInputList": [bound] }));
    assert_eq!(each(&bounded), ["implicitDeny", "explicitDeny"]);
    assert_eq!(bounded["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"], false);
}

#[test]
fn results_are_paged_and_wrong_input_is_refused() {
    let account = auditors();
    let source = "arn:aws:iam::123456789012:group/G";
    let input =
        json!({ "PolicySourceArn": source, "ActionNames": ["iam:GetUser", "s3:GetObject"], "MaxItems": "1" });
    let first = account.ok("SimulatePrincipalPolicy", input.clone());
    assert_eq!(member(&first["EvaluationResults"], 0)["EvalDecision"], "allowed");
    assert_eq!(first["IsTruncated"], true);
    let mut next = input;
    next["Marker"] = first["Marker"].clone();
    let second = account.ok("SimulatePrincipalPolicy", next);
    assert_eq!(member(&second["EvaluationResults"], 0)["EvalActionName"], "s3:GetObject");
    assert_eq!(second["IsTruncated"], false);
    for (input, code) in [
        (
            json!({ "PolicySourceArn": "arn:aws:iam::123456789012:user/Bob", "ActionNames": ["iam:GetUser"] }),
            "NoSuchEntity",
        ),
        (json!({ "PolicySourceArn": source, "ActionNames": ["GetUser"] }), "InvalidInput"),
        (
            json!({ "PolicySourceArn": source, "ActionNames": ["iam:GetUser"], "PolicyInputList": ["{}"] }),
            "InvalidInput",
        ),
    ] {
        assert_eq!(account.refused("SimulatePrincipalPolicy", input.clone()).0, code, "{input}");
    }
}

#[test]
fn the_keys_that_policies_ask_about_are_listed() {
    let account = Account::new();
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}/${*}/${aws:PrincipalTag/team, 'none'}","Condition":{"StringLike":{"s3:prefix":"${aws:username}/*"},"Bool":{"aws:MultiFactorAuthPresent":"true"}}}}"#;
    let keys =
        |operation: &str, input: Value| account.ok(operation, input)["ContextKeyNames"]["member"].clone();
    let found = keys("GetContextKeysForCustomPolicy", json!({ "PolicyInputList": [policy] }));
    let mut found: Vec<_> = found.as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, ["aws:MultiFactorAuthPresent", "aws:PrincipalTag/team", "aws:username", "s3:prefix"]);
    account.user("u");
    account.ok("PutUserPolicy", json!({ "UserName": "u", "PolicyName": "p", "PolicyDocument": policy }));
    let source = json!({ "PolicySourceArn": "arn:aws:iam::123456789012:user/u" });
    assert_eq!(keys("GetContextKeysForPrincipalPolicy", source).as_array().unwrap().len(), 4);
}
