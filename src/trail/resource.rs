//! [`Resource`]: a thing as people name it, and what an event did to it.

use crate::account::bare_name;
use crate::account::event::{Event, Mention, arn_kind};

/// A thing as people name it: `user/User2`, an ARN, or a bare name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// What it is, when that was said: `user`.
    pub kind: Option<String>,
    /// The name or id.
    pub name: String,
    /// The ARN, when one was named.
    pub arn: Option<String>,
}

/// What an event did to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It made it.
    Created,
    /// It made it or changed it: some calls do either.
    Put,
    /// It changed it, or something that hangs on it.
    Changed,
    /// It took it away.
    Deleted,
}

/// Other words for kinds.
const SAME: [(&str, &str); 8] = [
    ("sg", "security-group"),
    ("securitygroup", "security-group"),
    ("schedule", "rule"),
    ("lambda", "function"),
    ("access_key", "access-key"),
    ("key", "access-key"),
    ("mfa-device", "mfa"),
    ("managed-policy", "policy"),
];

/// The service that alone changes things of a kind; others only mention them.
const OWNERS: [(&str, &str); 12] = [
    ("user", "iam"),
    ("group", "iam"),
    ("role", "iam"),
    ("policy", "iam"),
    ("access-key", "iam"),
    ("mfa", "iam"),
    ("function", "lambda"),
    ("topic", "sns"),
    ("rule", "events"),
    ("stack", "cloudformation"),
    ("security-group", "ec2"),
    ("instance", "ec2"),
];

/// Ids that tell what they are the id of.
const IDS: [(&str, &str); 5] = [
    ("sg-", "security-group"),
    ("i-", "instance"),
    ("vpc-", "vpc"),
    ("subnet-", "subnet"),
    ("vol-", "volume"),
];

impl Resource {
    /// Reads what people write.
    ///
    /// # Errors
    ///
    /// There is no name in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = "name it as `user/User2`, `security-group/sg-0123`, by its ARN, or by its bare name";
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            return Err(form.to_owned());
        }
        if text.starts_with("arn:") {
            let name = bare_name(text).to_owned();
            let kind = arn_kind(text).filter(|_| !name.is_empty());
            // What follows a function's name is its version.
            let name = match (kind.as_deref(), text.split(':').nth(6)) {
                (Some("function"), Some(function)) => function.to_owned(),
                _ => name,
            };
            if name.is_empty() {
                return Err(form.to_owned());
            }
            return Ok(Self { kind, name, arn: Some(text.to_owned()) });
        }
        let id = |name: &str| {
            let row = IDS.iter().find(|(start, _)| name.starts_with(start));
            row.map(|(_, kind)| (*kind).to_owned())
        };
        match text.split_once('/') {
            None => Ok(Self { kind: id(text), name: text.to_owned(), arn: None }),
            Some((kind, name)) => {
                let name = bare_name(name);
                if kind.is_empty() || name.is_empty() {
                    return Err(form.to_owned());
                }
                let kind = kind.to_lowercase();
                let known = SAME.iter().find(|(other, _)| *other == kind);
                let kind = known.map_or(kind.as_str(), |(_, kind)| kind);
                Ok(Self { kind: Some(kind.to_owned()), name: name.to_owned(), arn: None })
            }
        }
    }

    /// Returns the service that owns things of its kind.
    pub fn owner(&self) -> Option<&str> {
        let by_kind = || {
            let kind = self.kind.as_deref()?;
            OWNERS.iter().find(|(of, _)| *of == kind).map(|(_, service)| *service)
        };
        self.arn.as_deref().and_then(|arn| arn.split(':').nth(2)).or_else(by_kind)
    }

    /// Tells whether it has no region.
    pub fn is_global(&self) -> bool {
        self.owner() == Some("iam")
    }

    /// Writes it for people.
    pub fn label(&self) -> String {
        match (&self.arn, &self.kind) {
            (Some(arn), _) => arn.clone(),
            (None, Some(kind)) => format!("{kind}/{}", self.name),
            (None, None) => self.name.clone(),
        }
    }

    /// Tells whether a mention is of this thing.
    pub fn is(&self, mention: &Mention) -> bool {
        let is_arn = mention.name.starts_with("arn:");
        let named = match (&self.arn, is_arn) {
            (Some(arn), true) => *arn == mention.name || without_version(&mention.name) == *arn,
            (_, true) => bare_name(&without_version(&mention.name)) == self.name,
            (_, false) => mention.name == self.name,
        };
        named && self.kind.as_ref().is_none_or(|kind| mention.kind.is_empty() || *kind == mention.kind)
    }

    /// Returns what an event did to it, had it worked; `None` for what only read, or did something to something else.
    pub fn deed(&self, event: &Event) -> Option<Deed> {
        if event.read_only {
            return None;
        }
        let mentions = event.mentions();
        let mention = mentions.iter().find(|mention| self.is(mention))?;
        let kind = self.kind.as_deref().unwrap_or(&mention.kind);
        let by_kind = OWNERS.iter().find(|(of, _)| *of == kind).map(|(_, service)| *service);
        if by_kind.is_some_and(|owner| owner != event.service()) {
            return None;
        }
        let (verb, noun) = verb(event.plain_name());
        let of_itself = noun == kind.replace('-', "");
        let known = !kind.is_empty();
        Some(match verb {
            "create" | "import" | "register" | "allocate" if of_itself || !known => Deed::Created,
            "run" if kind == "instance" => Deed::Created,
            "put" if of_itself => Deed::Put,
            "delete" | "deregister" | "release" if of_itself || !known => Deed::Deleted,
            "terminate" => Deed::Deleted,
            _ => Deed::Changed,
        })
    }
}

/// Takes a function's version or alias off its ARN.
fn without_version(arn: &str) -> String {
    if arn.contains(":function:") && arn.split(':').count() > 7 {
        return arn.split(':').take(7).collect::<Vec<_>>().join(":");
    }
    arn.to_owned()
}

/// Takes a name apart: `CreateSecurityGroup` is `create` and `securitygroup`; more than one (`RunInstances`) is one.
fn verb(name: &str) -> (&'static str, String) {
    const VERBS: [&str; 10] = [
        "create",
        "import",
        "register",
        "allocate",
        "run",
        "put",
        "delete",
        "deregister",
        "release",
        "terminate",
    ];
    let name = name.to_ascii_lowercase();
    let found = VERBS.iter().find(|verb| name.starts_with(**verb));
    let verb = found.copied().unwrap_or_default();
    let noun = name.get(verb.len()..).unwrap_or_default();
    (verb, noun.strip_suffix('s').filter(|_| noun.ends_with("instances")).unwrap_or(noun).to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(service: &str, name: &str, parameters: &Value, response: &Value) -> Event {
        Event::of(json!({
            "eventTime": "2026-03-02T09:00:00Z", "eventName": name, "eventSource": format!("{service}.amazonaws.com"),
            "requestParameters": parameters, "responseElements": response, "readOnly": false,
        }))
        .unwrap()
    }

    fn deed(resource: &str, event: &Event) -> Option<Deed> {
        Resource::parse(resource).unwrap().deed(event)
    }

    #[test]
    fn names_are_read_as_people_write_them() {
        let parse = |text: &str| Resource::parse(text).unwrap();
        assert_eq!(
            (parse("user/User2").kind.as_deref(), parse("user/User2").name.as_str()),
            (Some("user"), "User2")
        );
        assert_eq!(parse("sg/sg-1").kind.as_deref(), Some("security-group"));
        assert_eq!(parse("i-0abc").kind.as_deref(), Some("instance"));
        assert_eq!(parse("User2").kind, None);
        let function = parse("arn:aws:lambda:us-east-1:1:function:f:live");
        assert_eq!((function.kind.as_deref(), function.name.as_str()), (Some("function"), "f"));
        assert_eq!(parse("arn:aws:iam::1:user/path/u").name, "u");
        for wrong in ["", "user/", "/x", "a\nb", "arn:aws:iam::1:user/"] {
            assert!(Resource::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn making_a_users_key_changes_the_user() {
        let user = json!({"userName": "User2"});
        let named = |name: &str| event("iam", name, &user, &Value::Null);
        assert_eq!(deed("user/User2", &named("CreateUser")), Some(Deed::Created));
        assert_eq!(deed("User2", &named("CreateUser")), Some(Deed::Created));
        assert_eq!(deed("user/User2", &named("CreateAccessKey")), Some(Deed::Changed));
        assert_eq!(deed("user/User2", &named("DeleteLoginProfile")), Some(Deed::Changed));
        assert_eq!(deed("user/User2", &named("DeleteUser")), Some(Deed::Deleted));
        assert_eq!(deed("group/User2", &named("CreateUser")), None);
        assert_eq!(deed("user/User", &named("CreateUser")), None);
        let joined =
            event("iam", "AddUserToGroup", &json!({"userName": "User2", "groupName": "G"}), &Value::Null);
        assert_eq!(
            (deed("user/User2", &joined), deed("group/G", &joined)),
            (Some(Deed::Changed), Some(Deed::Changed))
        );
    }

    #[test]
    fn a_thing_that_others_use_is_not_changed_by_that() {
        let made = event(
            "lambda",
            "CreateFunction20150331",
            &json!({"functionName": "f", "role": "arn:aws:iam::1:role/R"}),
            &Value::Null,
        );
        assert_eq!(deed("function/f", &made), Some(Deed::Created));
        assert_eq!(deed("role/R", &made), None);
    }

    #[test]
    fn what_aws_numbers_is_found_in_the_answer() {
        let ran = event(
            "ec2",
            "RunInstances",
            &json!({"instanceType": "t3.micro"}),
            &json!({"instancesSet": {
                "items": [{"instanceId": "i-1"}],
            }}),
        );
        assert_eq!(deed("i-1", &ran), Some(Deed::Created));
        let opened = event("ec2", "AuthorizeSecurityGroupIngress", &json!({"groupId": "sg-1"}), &Value::Null);
        assert_eq!(deed("security-group/sg-1", &opened), Some(Deed::Changed));
        let ended = event(
            "ec2",
            "TerminateInstances",
            &json!({"instancesSet": {"items": [{"instanceId": "i-1"}]}}),
            &Value::Null,
        );
        assert_eq!(deed("instance/i-1", &ended), Some(Deed::Deleted));
        let ruled = event("events", "PutRule", &json!({"name": "daily"}), &Value::Null);
        assert_eq!(deed("schedule/daily", &ruled), Some(Deed::Put));
    }
}
