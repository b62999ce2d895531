//! [`Event`]: one `CloudTrail` record, and what can be known of it: who did what, to what, from where, and whether it
//! worked.
//!
//! A record is somebody else's text in a shape that AWS adds to: fields are found by name, what is missing is empty,
//! and what is walked through has a bounded size.
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.

use jiff::Timestamp;
use serde_json::Value;

use super::actor::Actor;

/// The deepest that a record's parameters are walked.
const DEEPEST: usize = 12;

/// The most texts that are taken from a record's parameters.
const MOST: usize = 2_000;

/// The longest text that can be a name, in bytes: ARNs have 2,048 characters at most.
const LONGEST: usize = 2_048;

/// A record that is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no CloudTrail event: {0}")]
pub struct NotAnEvent(String);

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The event's own id; empty in records of the oldest version.
    pub id: String,
    /// When it happened.
    pub time: Timestamp,
    /// What was called: `CreateUser`, `CreateFunction20150331`, `ConsoleLogin`.
    pub name: String,
    /// The service: `iam.amazonaws.com`.
    pub source: String,
    /// The region it was recorded in.
    pub region: String,
    /// The account whose history or log it is in; empty when the record does not tell.
    pub account: String,
    /// Who did it.
    pub actor: Actor,
    /// Where it came from: an address, or the name of an AWS service.
    pub address: String,
    /// The program it was made with.
    pub agent: String,
    /// Why it failed; `None` when it did not.
    pub failure: Option<Failure>,
    /// Whether it only read.
    pub read_only: bool,
    /// The record as it was written.
    pub record: Value,
    /// What the event history itself says that the event is about, besides what the record names.
    pub listed: Vec<Mention>,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// AWS's error code; sign-ins have none.
    pub code: Option<String>,
    /// AWS's message.
    pub message: Option<String>,
}

/// A resource that an event names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    /// What it is, as ARNs and people call it: `user`, `security-group`.
    pub kind: String,
    /// Its name, id or ARN, as the record has it.
    pub name: String,
}

impl Event {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// It has no time, no name or no source.
    pub fn of(record: Value) -> Result<Self, NotAnEvent> {
        let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let needed = |key: &str| match text(key) {
            found if found.is_empty() => Err(NotAnEvent(format!("it has no `{key}`"))),
            found => Ok(found),
        };
        let (name, source) = (needed("eventName")?, needed("eventSource")?);
        let time = needed("eventTime")?;
        let time = time.parse().map_err(|_| NotAnEvent("its `eventTime` is no time".to_owned()))?;
        let actor = Actor::of(&record);
        let account = match text("recipientAccountId") {
            none if none.is_empty() => actor.account.clone().unwrap_or_default(),
            account => account,
        };
        let read_only = match record.get("readOnly") {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(flag)) => flag == "true",
            _ => reads(&name),
        };
        Ok(Self {
            id: text("eventID"),
            time,
            region: text("awsRegion"),
            account,
            actor,
            address: text("sourceIPAddress"),
            agent: text("userAgent"),
            failure: failure(&record),
            read_only,
            name,
            source,
            record,
            listed: Vec::new(),
        })
    }

    /// Returns a text of the record by its place, as `/additionalEventData/MFAUsed`.
    pub fn text(&self, place: &str) -> Option<&str> {
        self.record.pointer(place).and_then(Value::as_str)
    }

    /// Returns the service's short name, as ARNs have it: `iam`.
    pub fn service(&self) -> &str {
        self.source.split('.').next().unwrap_or_default()
    }

    /// Returns the name without the version of the API that some services put behind it:
    /// `UpdateFunctionCode20150331v2` is `UpdateFunctionCode`.
    pub fn plain_name(&self) -> &str {
        let digits = |text: &str| text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let name = self.name.as_str();
        let unversioned = match name.rsplit_once('v') {
            Some((before, version))
                if !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                before
            }
            _ => name,
        };
        let cut = digits(unversioned);
        if unversioned.len() - cut == 8 { name.get(..cut).unwrap_or(name) } else { name }
    }

    /// Tells whether it is a sign-in to the console, one that failed too.
    pub fn is_sign_in(&self) -> bool {
        self.name == "ConsoleLogin" && self.service() == "signin"
    }

    /// Returns the key of the session that this event started: `AssumeRole` and its like.
    pub fn issued_key(&self) -> Option<&str> {
        let issues = ["AssumeRole", "AssumeRoot", "GetSessionToken", "GetFederationToken"];
        let key = self.text("/responseElements/credentials/accessKeyId");
        key.filter(|_| issues.iter().any(|start| self.name.starts_with(start)))
    }

    /// Lists the resources that the call was about: those that its parameters name, and those that it made.
    pub fn resources(&self) -> Vec<Mention> {
        let mut found = self.parameters();
        let made = self.walk("responseElements");
        // What the answer says of a thing that the call named already is its id and its ARN: the same thing.
        let new: Vec<Mention> =
            made.into_iter().filter(|made| !found.iter().any(|known| known.kind == made.kind)).collect();
        found.extend(new);
        dedup(found)
    }

    /// Lists every resource that the record names, in any of its forms.
    pub fn mentions(&self) -> Vec<Mention> {
        let mut found = self.parameters();
        found.extend(self.walk("responseElements"));
        for resource in
            self.record.get("resources").and_then(Value::as_array).into_iter().flatten().take(MOST)
        {
            if let Some(arn) = resource.get("ARN").or_else(|| resource.get("arn")).and_then(Value::as_str) {
                let kind = arn_kind(arn).unwrap_or_default();
                found.push(Mention { kind, name: arn.to_owned() });
            }
        }
        found.extend(self.listed.iter().cloned());
        dedup(found)
    }

    fn parameters(&self) -> Vec<Mention> {
        self.walk("requestParameters")
    }

    fn walk(&self, part: &str) -> Vec<Mention> {
        let mut found = Vec::new();
        if let Some(value) = self.record.get(part) {
            collect(self.service(), "", value, 0, &mut found);
        }
        found
    }
}

impl Failure {
    /// Writes it in a word: the code, or what a sign-in says in place of one.
    pub fn word(&self) -> &str {
        self.code.as_deref().or(self.message.as_deref()).unwrap_or("failed")
    }
}

/// Reads why a call failed. A sign-in that failed has a message and an outcome, but no code.
fn failure(record: &Value) -> Option<Failure> {
    let text = |key: &str| record.get(key).and_then(Value::as_str).map(str::to_owned);
    let (code, message) = (text("errorCode"), text("errorMessage"));
    let outcome = record.pointer("/responseElements/ConsoleLogin").and_then(Value::as_str);
    (code.is_some() || message.is_some() || outcome == Some("Failure")).then_some(Failure { code, message })
}

/// Tells whether an event that does not say so only read, by its name.
fn reads(name: &str) -> bool {
    ["Get", "List", "Describe", "Lookup", "Head", "Simulate", "AssumeRole"]
        .iter()
        .any(|verb| name.starts_with(verb))
}

fn collect(service: &str, key: &str, value: &Value, depth: usize, found: &mut Vec<Mention>) {
    if depth > DEEPEST || found.len() >= MOST {
        return;
    }
    match value {
        Value::Array(items) => {
            for item in items.iter().take(MOST) {
                collect(service, key, item, depth + 1, found);
            }
        }
        Value::Object(fields) => {
            for (key, value) in fields.iter().take(MOST) {
                collect(service, key, value, depth + 1, found);
            }
        }
        Value::String(name) if !name.is_empty() && name.len() <= LONGEST => {
            let kind = if name.starts_with("arn:") { arn_kind(name) } else { key_kind(service, key) };
            if let Some(kind) = kind {
                found.push(Mention { kind, name: name.clone() });
            }
        }
        _ => {}
    }
}

fn dedup(all: Vec<Mention>) -> Vec<Mention> {
    let mut seen = std::collections::BTreeSet::new();
    all.into_iter().filter(|mention| seen.insert(mention.clone())).collect()
}

/// Parameters whose name does not tell what they name, by service; the empty service is any.
const KEYS: [(&str, &str, &str); 25] = [
    ("iam", "newUserName", "user"),
    ("iam", "newGroupName", "group"),
    ("iam", "serialNumber", "mfa"),
    ("iam", "virtualMFADeviceName", "mfa"),
    ("iam", "permissionsBoundary", "policy"),
    ("sts", "roleSessionName", "session"),
    ("sts", "assumedRoleId", "session"),
    ("lambda", "resource", "function"),
    ("lambda", "role", "role"),
    ("sns", "name", "topic"),
    ("events", "name", "rule"),
    ("events", "rule", "rule"),
    ("scheduler", "name", "schedule"),
    ("ssm", "name", "parameter"),
    ("secretsmanager", "name", "secret"),
    ("cloudtrail", "name", "trail"),
    ("ec2", "groupId", "security-group"),
    ("ec2", "groupName", "security-group"),
    ("", "requestId", ""),
    ("", "ownerId", ""),
    ("", "accountId", ""),
    ("", "principalId", ""),
    ("", "statementId", ""),
    ("", "externalId", ""),
    ("", "versionId", ""),
];

/// Returns the kind of thing that a parameter names: `userName` a `user`, `instanceProfileName` an
/// `instance-profile`.
fn key_kind(service: &str, key: &str) -> Option<String> {
    let row = KEYS.iter().find(|(of, name, _)| (of.is_empty() || *of == service) && *name == key);
    if let Some((_, _, kind)) = row {
        return Some((*kind).to_owned()).filter(|kind| !kind.is_empty());
    }
    let stem = ["Name", "Id", "Identifier", "Arn", "ARN"].iter().find_map(|end| key.strip_suffix(end))?;
    Some(kebab(stem)).filter(|kind| !kind.is_empty())
}

/// Returns the kind of thing that an ARN names.
pub fn arn_kind(arn: &str) -> Option<String> {
    let mut parts = arn.splitn(6, ':');
    let service = parts.nth(2)?;
    let resource = parts.nth(2)?;
    let kind = match (service, resource.split_once(['/', ':'])) {
        ("sns", None) => "topic",
        ("sns", Some(_)) => "subscription",
        ("s3", _) => "bucket",
        ("iam", None) if resource == "root" => "root",
        ("sts", Some(("assumed-role", _))) => "session",
        (_, Some((kind, _))) => kind,
        _ => return None,
    };
    Some(kind.to_owned())
}

/// Returns the kind that a type of `CloudFormation` names, which the event history uses: `AWS::EC2::SecurityGroup` is a
/// `security-group`.
pub fn type_kind(name: &str) -> String {
    match name {
        "AWS::IAM::MFADevice" => "mfa".to_owned(),
        "AWS::STS::AssumedRole" => "session".to_owned(),
        _ => kebab(name.rsplit("::").next().unwrap_or(name)),
    }
}

/// Writes `SecurityGroup` and `securityGroup` as `security-group`.
fn kebab(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    let mut before_is_small = false;
    for c in text.chars() {
        if c.is_ascii_uppercase() && before_is_small {
            out.push('-');
        }
        before_is_small = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(more: &Value) -> Event {
        let mut record = json!({
            "eventTime": "2026-03-02T09:00:00Z", "eventName": "AddUserToGroup", "eventSource": "iam.amazonaws.com",
            "userIdentity": {"type": "IAMUser", "userName": "User3"},
        });
        for (key, value) in more.as_object().unwrap() {
            record[key] = value.clone();
        }
        Event::of(record).unwrap()
    }

    fn shown(mentions: &[Mention]) -> Vec<String> {
        mentions.iter().map(|mention| format!("{}/{}", mention.kind, mention.name)).collect()
    }

    #[test]
    fn what_is_no_event_says_what_it_lacks() {
        let error = Event::of(json!({"eventName": "X", "eventSource": "y"})).unwrap_err();
        assert_eq!(error.to_string(), "no CloudTrail event: it has no `eventTime`");
        assert!(Event::of(json!([1])).is_err());
        let strange = json!({"eventName": "X", "eventSource": "y", "eventTime": "soon"});
        assert!(Event::of(strange).is_err());
    }

    #[test]
    fn parameters_name_resources_by_their_keys_and_arns_by_themselves() {
        let added = event(&json!({"requestParameters": {"groupName": "G", "userName": "User2"}}));
        assert_eq!(shown(&added.resources()), ["group/G", "user/User2"]);
        let ran = event(&json!({
            "eventName": "RunInstances", "eventSource": "ec2.amazonaws.com",
            "requestParameters": {"instanceType": "t3.micro", "groupSet": {"items": [{"groupId": "sg-1"}]}},
            "responseElements": {"requestId": "r", "instancesSet": {"items": [{"instanceId": "i-1"}]}},
        }));
        assert_eq!(shown(&ran.resources()), ["security-group/sg-1", "instance/i-1"]);
        let subscribed = event(&json!({
            "eventSource": "sns.amazonaws.com", "eventName": "Subscribe",
            "requestParameters": {"topicArn": "arn:aws:sns:us-east-1:1:t"},
        }));
        assert_eq!(shown(&subscribed.resources()), ["topic/arn:aws:sns:us-east-1:1:t"]);
    }

    #[test]
    fn a_failed_sign_in_has_no_code_and_is_a_failure() {
        let failed = event(&json!({
            "eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com",
            "errorMessage": "Failed authentication", "responseElements": {"ConsoleLogin": "Failure"},
        }));
        assert_eq!(failed.failure.as_ref().unwrap().word(), "Failed authentication");
        assert!(failed.is_sign_in());
        let fine = event(&json!({"responseElements": {"ConsoleLogin": "Success"}}));
        assert_eq!(fine.failure, None);
    }

    #[test]
    fn versions_of_an_api_are_not_part_of_a_name() {
        for (name, plain) in [
            ("UpdateFunctionCode20150331v2", "UpdateFunctionCode"),
            ("CreateFunction20150331", "CreateFunction"),
            ("ListObjectsV2", "ListObjectsV2"),
            ("DescribeInstances", "DescribeInstances"),
        ] {
            assert_eq!(event(&json!({"eventName": name})).plain_name(), plain);
        }
    }

    #[test]
    fn a_record_that_nests_without_end_is_walked_to_a_depth() {
        let mut deep = json!({"userName": "hidden"});
        for _ in 0..100 {
            deep = json!({"a": deep});
        }
        assert!(event(&json!({"requestParameters": deep})).resources().is_empty());
    }

    #[test]
    fn kinds_are_words_of_people() {
        assert_eq!(type_kind("AWS::EC2::SecurityGroup"), "security-group");
        assert_eq!(key_kind("iam", "instanceProfileName").unwrap(), "instance-profile");
        assert_eq!(arn_kind("arn:aws:lambda:us-east-1:1:function:f").unwrap(), "function");
        assert_eq!(arn_kind("arn:aws:iam::1:user/path/u").unwrap(), "user");
        assert_eq!(key_kind("iam", "policyDocument"), None);
    }
}
