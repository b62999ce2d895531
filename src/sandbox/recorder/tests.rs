//! Records against those that AWS shows in its documentation.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::sandbox::services::iam::Identity;

fn at() -> Timestamp {
    "2026-03-02T09:00:00.5Z".parse().unwrap()
}

fn user(name: &str) -> Identity {
    Identity::User { name: name.to_owned(), id: "AIDAEXAMPLE".to_owned(), path: "/".to_owned() }
}

fn key(identity: &Identity) -> Caller<'_> {
    Caller { identity: Some(identity), key: "AKIAEXAMPLE", session: None, alias: None, invoked_by: None }
}

fn finished<'a>(
    (service, operation): (&'a str, &'a str),
    caller: Caller<'a>,
    input: &'a Value,
    outcome: Result<&'a Value, &'a AwsError>,
) -> Finished<'a> {
    let (account, partition, region) = ("777788889999", "aws", "eu-west-1");
    let (source, agent, request_id) = ("192.0.2.1", "aws-cli/2", "request");
    let at = at();
    Finished {
        service,
        operation,
        account,
        partition,
        region,
        caller,
        source,
        agent,
        input,
        outcome,
        at,
        request_id,
    }
}

fn records(finished: &Finished<'_>) -> Vec<(String, Value)> {
    let each = record(finished).into_iter();
    each.map(|it| (it.account, serde_json::from_str(it.event.record()).unwrap())).collect()
}

#[test]
fn a_denied_call_has_the_shape_of_a_record() {
    let user3 = user("User3");
    let message = "User: arn:aws:iam::777788889999:user/User3 is not authorized to perform: iam:AddUserToGroup on \
                   resource: group IAM-Auditor-Group because no identity-based policy allows the iam:AddUserToGroup action";
    let error = AwsError::forbidden("AccessDenied", message);
    let input = json!({"GroupName": "IAM-Auditor-Group", "UserName": "User2"});
    let call = finished(("iam", "AddUserToGroup"), key(&user3), &input, Err(&error));
    let found = records(&call);
    let (account, mut record) = found.into_iter().next().unwrap();
    assert_eq!(account, "777788889999");
    record.as_object_mut().unwrap().shift_remove("eventID").unwrap();
    let shown = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLE",
            "arn": "arn:aws:iam::777788889999:user/User3",
            "accountId": "777788889999",
            "accessKeyId": "AKIAEXAMPLE",
            "userName": "User3",
        },
        "eventTime": "2026-03-02T09:00:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "AddUserToGroup",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "aws-cli/2",
        "errorCode": "AccessDenied",
        "errorMessage": message,
        "requestParameters": {"groupName": "IAM-Auditor-Group", "userName": "User2"},
        "responseElements": null,
        "requestID": "request",
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "777788889999",
        "eventCategory": "Management",
    });
    assert_eq!(
        serde_json::to_string(&record).unwrap(),
        serde_json::to_string(&shown).unwrap(),
        "in this order"
    );
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html#stscloudtrailexample
#[test]
fn an_assumed_role_of_another_account_is_in_both_histories() {
    let john = user("JohnDoe");
    let role = "arn:aws:iam::111122223333:role/EC2-dev";
    let input = json!({"RoleArn": role, "RoleSessionName": "JohnDoe-EC2-dev", "DurationSeconds": "900"});
    let output =
        json!({"Credentials": {"AccessKeyId": "ASIA1", "SecretAccessKey": "s", "SessionToken": "t"}});
    let call = finished(("sts", "AssumeRole"), key(&john), &input, Ok(&output));
    let found = records(&call);
    let [(mine, own), (theirs, other)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((mine.as_str(), theirs.as_str()), ("777788889999", "111122223333"));
    assert_eq!(own["userIdentity"]["userName"], "JohnDoe");
    let stranger = json!({"type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": "777788889999"});
    assert_eq!(other["userIdentity"], stranger);
    assert_eq!(other["recipientAccountId"], "111122223333");
    assert_eq!(own["sharedEventID"], other["sharedEventID"]);
    assert_ne!(own["eventID"], other["eventID"]);
    for record in [own, other] {
        assert_eq!(record["requestParameters"]["durationSeconds"], 900);
        assert_eq!(record["resources"][0]["ARN"], role);
        assert_eq!(record["responseElements"]["credentials"]["accessKeyId"], "ASIA1");
        assert_eq!(record["readOnly"], true);
    }
    let denied = AwsError::forbidden("AccessDenied", "no");
    let call = finished(("sts", "AssumeRole"), key(&john), &input, Err(&denied));
    let found = records(&call);
    assert_eq!(found.len(), 1, "only the caller's account hears of a denial");
    assert_eq!((found[0].0.as_str(), &found[0].1["sharedEventID"]), ("777788889999", &Value::Null));
}

// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
#[test]
fn a_role_session_names_its_issuer_and_a_console_session_itself() {
    let role = Identity::Role { name: "R".into(), id: "AROAEXAMPLE".into(), session: "me".into() };
    let session = |from_console| Session { issued: at(), mfa: true, from_console, role: None };
    let caller = Caller { session: Some(session(false)), ..key(&role) };
    let (input, output) = (json!({}), json!({"Users": []}));
    let call = finished(("iam", "ListUsers"), caller, &input, Ok(&output));
    let record = &records(&call)[0].1;
    assert_eq!(
        record["userIdentity"]["sessionContext"],
        json!({
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLE",
                "arn": "arn:aws:iam::777788889999:role/R",
                "accountId": "777788889999",
                "userName": "R",
            },
            "attributes": {"creationDate": "2026-03-02T09:00:00Z", "mfaAuthenticated": "true"},
        })
    );
    assert_eq!(record["responseElements"], Value::Null, "what is read is not recorded");
    assert_eq!(record.get("sessionCredentialFromConsole"), None);
    assert_eq!(super::record(&call)[0].event.user.as_deref(), Some("me"));

    let user = user("User1");
    let caller = Caller { session: Some(session(true)), ..key(&user) };
    let call = finished(("iam", "ListUsers"), caller, &input, Ok(&output));
    let record = &records(&call)[0].1;
    assert_eq!(record["sessionCredentialFromConsole"], "true");
    assert_eq!(record["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"], "true");
}

#[test]
fn data_events_are_not_in_the_history() {
    let root = Identity::Root;
    let (input, output) = (json!({"TopicArn": "arn", "Message": "m"}), json!({}));
    assert!(record(&finished(("sns", "Publish"), key(&root), &input, Ok(&output))).is_empty());
    assert!(record(&finished(("lambda", "Invoke"), key(&root), &input, Ok(&output))).is_empty());
    assert_eq!(record(&finished(("sts", "GetCallerIdentity"), key(&root), &input, Ok(&output))).len(), 1);
    let unknown =
        AwsError::forbidden("InvalidClientTokenId", "The security token included in the request is invalid.");
    let call = finished(("sts", "GetCallerIdentity"), key(&root), &input, Err(&unknown));
    assert!(record(&call).is_empty(), "a key that is not known yet is nobody's");
}

#[test]
fn an_event_is_found_by_what_it_names_and_by_what_it_made() {
    let root = Identity::Root;
    let input = json!({"UserName": "User1"});
    let arn = "arn:aws:iam::777788889999:user/User1";
    let output = json!({"User": {"UserName": "User1", "UserId": "AIDANEW", "Arn": arn}});
    let event = &record(&finished(("iam", "CreateUser"), key(&root), &input, Ok(&output)))[0].event;
    let names: Vec<&str> = event.resources.iter().map(|resource| resource.name.as_str()).collect();
    assert_eq!(names, ["User1", "AIDANEW", arn]);
    assert_eq!((event.user.as_deref(), event.key.as_deref()), (Some("root"), Some("AKIAEXAMPLE")));
    let same: Event = serde_json::from_str(&event.line()).unwrap();
    assert_eq!((same.record(), &same.resources, same.time), (event.record(), &event.resources, event.time));
    assert!(!event.line().contains('\n'));
}

// The user guide's examples of sign-in events.
#[test]
fn sign_ins_say_whether_a_code_was_used_and_hide_unknown_names() {
    let (root, user) = (Identity::Root, user("User1"));
    let attempt = |visitor, mfa, success| SignIn {
        door: Door {
            account: "777788889999",
            partition: "aws",
            region: "eu-west-1",
            source: "192.0.2.1",
            agent: "Mozilla/5.0",
            at: at(),
        },
        visitor,
        mfa,
        success,
    };
    let read = |event: Event| serde_json::from_str::<Value>(event.record()).unwrap();
    let serial = "arn:aws:iam::777788889999:mfa/User1";

    let event = console_login(&attempt(Visitor::Known(&user), Some(serial), true));
    assert_eq!((event.user.as_deref(), event.key.as_deref()), (Some("User1"), None));
    let record = read(event);
    assert_eq!(record["responseElements"], json!({"ConsoleLogin": "Success"}));
    assert_eq!(record["additionalEventData"]["MFAUsed"], "Yes");
    assert_eq!(record["additionalEventData"]["MFAIdentifier"], serial);
    assert_eq!(record["userIdentity"]["arn"], "arn:aws:iam::777788889999:user/User1");
    assert_eq!(
        (&record["awsRegion"], &record["eventType"]),
        (&json!("eu-west-1"), &json!("AwsConsoleSignIn"))
    );

    let record = read(console_login(&attempt(Visitor::Known(&user), None, false)));
    assert_eq!(record["errorMessage"], "Failed authentication");
    assert_eq!(
        (&record["userIdentity"]["accessKeyId"], &record["userIdentity"]["arn"]),
        (&json!(""), &Value::Null)
    );

    let record = read(console_login(&attempt(Visitor::Unknown, None, false)));
    assert_eq!(record["userIdentity"]["userName"], "HIDDEN_DUE_TO_SECURITY_REASONS");
    assert_eq!(record["errorMessage"], "No username found in supplied account");

    let event = console_login(&attempt(Visitor::Known(&root), None, true));
    assert_eq!((event.user.as_deref(), event.region.as_str()), (Some("root"), "us-east-1"));
    let record = read(mfa_check(&attempt(Visitor::Known(&user), Some(serial), true)));
    assert_eq!(record["additionalEventData"], json!({"MfaType": "Virtual MFA"}));
}
