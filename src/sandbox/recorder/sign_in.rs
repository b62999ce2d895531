//! The events of the console's sign-in page.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html>

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::event::Event;
use super::{HIDDEN, VERSION, seconds};
use crate::sandbox::services::iam::Identity;
use crate::sandbox::services::wire;

/// One attempt to sign in to the console.
#[derive(Debug, Clone)]
pub struct SignIn<'a> {
    /// Where and when it was made.
    pub door: Door<'a>,
    /// Who tried.
    pub visitor: Visitor<'a>,
    /// The serial number of the MFA device whose code was asked for, if one was.
    pub mfa: Option<&'a str>,
    /// Whether it succeeded.
    pub success: bool,
}

/// Where and when somebody came to the sign-in page.
#[derive(Debug, Clone)]
pub struct Door<'a> {
    /// The account that was named.
    pub account: &'a str,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: &'a str,
    /// The region of the sign-in endpoint: `us-east-1` for the global one. Root always signs in at the global one.
    pub region: &'a str,
    /// The address of the browser.
    pub source: &'a str,
    /// The browser's `User-Agent`.
    pub agent: &'a str,
    /// When.
    pub at: Timestamp,
}

/// Who came to the sign-in page.
#[derive(Debug, Clone, Copy)]
pub enum Visitor<'a> {
    /// The root user or a user of the account.
    Known(&'a Identity),
    /// Somebody who named no user of the account. What was typed is not recorded: it may be a password.
    Unknown,
}

/// Makes the `ConsoleLogin` event of an attempt.
pub fn console_login(attempt: &SignIn<'_>) -> Event {
    let mut more = Map::new();
    let page = "https://console.aws.amazon.com/console/home?hashArgs=%23&isauthcode=true&state=hashArgsFromTB_us-east-1";
    more.insert("LoginTo".to_owned(), json!(page));
    more.insert("MobileVersion".to_owned(), json!("No"));
    if let Some(serial) = attempt.mfa.filter(|_| attempt.success) {
        more.insert("MFAIdentifier".to_owned(), json!(serial));
    }
    more.insert("MFAUsed".to_owned(), json!(if attempt.mfa.is_some() { "Yes" } else { "No" }));
    let failure = match (attempt.success, attempt.visitor) {
        (true, _) => None,
        (false, Visitor::Known(_)) => Some("Failed authentication"),
        (false, Visitor::Unknown) => Some("No username found in supplied account"),
    };
    let outcome = if attempt.success { "Success" } else { "Failure" };
    let who = visitor(attempt, attempt.success);
    record(attempt, "ConsoleLogin", who, failure, json!({"ConsoleLogin": outcome}), more)
}

/// Makes the `CheckMfa` event that comes before the `ConsoleLogin` of a user with an MFA device: the password was
/// right, and the page asks for a code.
pub fn mfa_check(attempt: &SignIn<'_>) -> Event {
    let more = Map::from_iter([("MfaType".to_owned(), json!("Virtual MFA"))]);
    let who = visitor(attempt, false);
    record(attempt, "CheckMfa", who, None, json!({"CheckMfa": "Success"}), more)
}

/// Writes the `userIdentity`. Before somebody is in, it has no ARN but an empty key.
fn visitor(attempt: &SignIn<'_>, is_in: bool) -> Value {
    let Door { account, partition, .. } = attempt.door;
    let mut shown = Map::new();
    let mut put = |key: &str, value: Value| drop(shown.insert(key.to_owned(), value));
    match attempt.visitor {
        Visitor::Known(identity) => {
            let is_root = *identity == Identity::Root;
            put("type", json!(if is_root { "Root" } else { "IAMUser" }));
            put("principalId", json!(identity.user_id(account)));
            if is_in || is_root {
                put("arn", json!(identity.arn(partition, account)));
            }
            put("accountId", json!(account));
            if !is_in || is_root {
                put("accessKeyId", json!(""));
            }
            if let Identity::User { name, .. } = identity {
                put("userName", json!(name));
            }
        }
        Visitor::Unknown => {
            put("type", json!("IAMUser"));
            put("accountId", json!(account));
            put("accessKeyId", json!(""));
            put("userName", json!(HIDDEN));
        }
    }
    Value::Object(shown)
}

/// Writes the record of a sign-in event.
fn record(
    attempt: &SignIn<'_>,
    name: &str,
    who: Value,
    failure: Option<&str>,
    outcome: Value,
    more: Map<String, Value>,
) -> Event {
    let door = &attempt.door;
    let region =
        if matches!(attempt.visitor, Visitor::Known(Identity::Root)) { "us-east-1" } else { door.region };
    let mut record = Map::new();
    let mut put = |key: &str, value: Value| drop(record.insert(key.to_owned(), value));
    put("eventVersion", json!(VERSION));
    put("userIdentity", who);
    put("eventTime", json!(seconds(door.at)));
    put("eventSource", json!("signin.amazonaws.com"));
    put("eventName", json!(name));
    put("awsRegion", json!(region));
    put("sourceIPAddress", json!(door.source));
    put("userAgent", json!(door.agent));
    if let Some(message) = failure {
        put("errorMessage", json!(message));
    }
    put("requestParameters", Value::Null);
    put("responseElements", outcome);
    put("additionalEventData", Value::Object(more));
    put("eventID", json!(wire::uuid()));
    put("readOnly", json!(false));
    put("eventType", json!("AwsConsoleSignIn"));
    put("managementEvent", json!(true));
    put("recipientAccountId", json!(door.account));
    put("eventCategory", json!("Management"));
    Event::of(&Value::Object(record), Vec::new())
}
