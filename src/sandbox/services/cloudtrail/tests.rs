//! `LookupEvents` over a history of sign-ins.

use std::time::Duration;

use futures::executor::block_on;

use super::*;
use crate::sandbox::recorder::{Door, SignIn, Visitor, console_login};
use crate::sandbox::services::iam::Identity;

struct Account {
    trail: CloudTrail,
    clock: Clock,
    log: Log,
}

impl Account {
    fn new() -> Self {
        let clock = Clock::fixed("2026-03-02T09:00:00Z".parse().unwrap());
        let log = Log::default();
        Self { trail: CloudTrail::new(clock.clone(), log.clone()), clock, log }
    }

    /// Signs `name` in, or root.
    fn sign_in(&self, name: &str, region: &str) {
        let user = Identity::User { name: name.into(), id: "AIDA".into(), path: "/".into() };
        let identity = if name == "root" { Identity::Root } else { user };
        let (account, source, agent, partition) = ("123456789012", "127.0.0.1", "Mozilla/5.0", "aws");
        let door = Door { account, partition, region, source, agent, at: self.clock.now() };
        let visitor = Visitor::Known(&identity);
        self.log.lock().append(console_login(&SignIn { door, visitor, mfa: None, success: true }));
    }

    fn pass(&self, seconds: u64) {
        block_on(self.clock.sleep(Duration::from_secs(seconds)));
    }

    fn ask(&self, operation: &str, input: Value) -> Result<Value, AwsError> {
        let mut ctx = RequestContext::new("cloudtrail", "us-east-1");
        ctx.account_id = "123456789012".into();
        block_on(self.trail.handle(operation, input, &ctx))
    }

    fn lookup(&self, input: Value) -> Result<Value, AwsError> {
        self.pass(1);
        self.ask("LookupEvents", input)
    }

    fn users(&self, input: Value) -> Vec<String> {
        names(&self.lookup(input).unwrap())
    }
}

fn names(answer: &Value) -> Vec<String> {
    let events = answer["Events"].as_array().unwrap();
    events.iter().map(|event| event["Username"].as_str().unwrap().to_owned()).collect()
}

fn code(outcome: Result<Value, AwsError>) -> String {
    outcome.unwrap_err().code
}

#[test]
fn events_come_newest_first_from_their_own_region_and_the_last_ninety_days() {
    let account = Account::new();
    account.sign_in("old", "us-east-1");
    account.pass(90 * 86_400);
    account.sign_in("a", "us-east-1");
    account.sign_in("elsewhere", "eu-west-1");
    account.pass(10);
    account.sign_in("root", "eu-west-1");
    assert_eq!(account.users(json!({})), ["root", "a"]);
    let event = account.lookup(json!({"MaxResults": 1})).unwrap()["Events"][0].clone();
    assert_eq!(
        (&event["ReadOnly"], &event["EventSource"]),
        (&json!("false"), &json!("signin.amazonaws.com"))
    );
    assert!(event["EventTime"].is_i64() && event.get("AccessKeyId").is_none());
    let record: Value = serde_json::from_str(event["CloudTrailEvent"].as_str().unwrap()).unwrap();
    assert_eq!(record["userIdentity"]["type"], "Root");
    let (then, now) = (event["EventTime"].as_i64().unwrap(), account.clock.now().as_second());
    assert_eq!(account.users(json!({"StartTime": then, "EndTime": now})), ["root"]);
    assert_eq!(account.users(json!({"EndTime": then - 1})), ["a"]);
    assert_eq!(code(account.lookup(json!({"StartTime": now, "EndTime": then}))), "InvalidTimeRangeException");
    assert_eq!(account.users(json!({"EventCategory": "insight"})), [""; 0]);
}

#[test]
fn one_attribute_narrows_a_lookup() {
    let account = Account::new();
    account.sign_in("root", "us-east-1");
    account.sign_in("User1", "us-east-1");
    let by = |key: &str, value: &str| json!({"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]});
    assert_eq!(account.users(by("Username", "root")), ["root"]);
    assert_eq!(account.users(by("EventName", "ConsoleLogin")), ["User1", "root"]);
    assert_eq!(account.users(by("ReadOnly", "true")), [""; 0]);
    assert_eq!(code(account.lookup(by("Colour", "red"))), "InvalidLookupAttributesException");
    let two = json!({"LookupAttributes": [
        {"AttributeKey": "Username", "AttributeValue": "root"},
        {"AttributeKey": "ReadOnly", "AttributeValue": "true"},
    ]});
    assert_eq!(code(account.lookup(two)), "InvalidLookupAttributesException");
}

#[test]
fn pages_go_on_where_the_last_one_ended_also_within_a_second() {
    let account = Account::new();
    for name in ["a", "b", "c", "d", "e"] {
        account.sign_in(name, "us-east-1");
    }
    let first = account.lookup(json!({"MaxResults": 2})).unwrap();
    assert_eq!(names(&first), ["e", "d"]);
    account.sign_in("late", "us-east-1");
    let token = first["NextToken"].clone();
    let second = account.lookup(json!({"MaxResults": 2, "NextToken": token})).unwrap();
    assert_eq!(names(&second), ["c", "b"]);
    let third = account.lookup(json!({"MaxResults": 2, "NextToken": second["NextToken"]})).unwrap();
    assert_eq!((names(&third), third.get("NextToken")), (vec!["a".to_owned()], None));
    let other = json!({"NextToken": token, "EndTime": 1});
    assert_eq!(code(account.lookup(other)), "InvalidNextTokenException");
    for size in [0, 51] {
        assert_eq!(code(account.lookup(json!({"MaxResults": size}))), "InvalidMaxResultsException");
    }
}

#[test]
fn the_third_lookup_of_a_second_is_too_many() {
    let account = Account::new();
    assert!(account.ask("LookupEvents", json!({})).is_ok());
    assert!(account.ask("LookupEvents", json!({})).is_ok());
    let error = account.ask("LookupEvents", json!({})).unwrap_err();
    assert_eq!((error.code.as_str(), error.message.as_str()), ("ThrottlingException", "Rate exceeded"));
    assert!(account.lookup(json!({})).is_ok());
}

// The message is that of an event which AWS recorded.
#[test]
fn there_are_no_trails() {
    let account = Account::new();
    assert_eq!(account.ask("DescribeTrails", json!({})).unwrap(), json!({"trailList": []}));
    let error = account.ask("GetTrailStatus", json!({"Name": "t"})).unwrap_err();
    assert_eq!(error.code, "TrailNotFoundException");
    assert_eq!(
        error.message,
        "Unknown trail: arn:aws:cloudtrail:us-east-1:123456789012:trail/t for the user: 123456789012"
    );
    assert!(account.ask("CreateTrail", json!({})).is_err());
}
