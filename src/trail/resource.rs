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

/// The services that alone change things of a kind; others only mention them.
const OWNERS: [(&str, &str); 13] = [
    ("user", "iam"),
    ("group", "iam"),
    ("role", "iam"),
    ("policy", "iam"),
    ("access-key", "iam"),
    ("mfa", "iam"),
    ("function", "lambda"),
    ("topic", "sns"),
    ("rule", "events"),
    ("rule", "scheduler"),
    ("stack", "cloudformation"),
    ("security-group", "ec2"),
    ("instance", "ec2"),
];

/// What events call things otherwise than people and ARNs do.
const NOUNS: [(&str, &str); 3] =
    [("servicelinkedrole", "role"), ("virtualmfadevice", "mfa"), ("schedule", "rule")];

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
            let name = short_name(text);
            if name.is_empty() {
                return Err(form.to_owned());
            }
            return Ok(Self { kind: arn_kind(text), name, arn: Some(text.to_owned()) });
        }
        let id = |name: &str| {
            let row = IDS.iter().find(|(start, _)| name.starts_with(start));
            row.map(|(_, kind)| (*kind).to_owned())
        };
        match text.split_once('/') {
            None => Ok(Self { kind: id(text), name: text.to_owned(), arn: None }),
            Some((kind, name)) => {
                let kind = kind.to_lowercase();
                let known = SAME.iter().find(|(other, _)| *other == kind);
                let kind = known.map_or(kind.as_str(), |(_, kind)| kind);
                let name = name_of(kind, name).unwrap_or_else(|| name.to_owned());
                if kind.is_empty() || name.is_empty() {
                    return Err(form.to_owned());
                }
                Ok(Self { kind: Some(kind.to_owned()), name, arn: None })
            }
        }
    }

    /// Returns the service that owns things of its kind; `None` when it is not known, or one of several.
    pub fn owner(&self) -> Option<&str> {
        match self.owners().as_slice() {
            [service] => Some(service),
            _ => self.part(2).map(source_of),
        }
    }

    /// Returns the region that its ARN names.
    pub fn region(&self) -> Option<&str> {
        self.part(3)
    }

    /// Returns the account that its ARN names; AWS's own policies are in none.
    pub fn account(&self) -> Option<&str> {
        self.part(4).filter(|account| *account != "aws")
    }

    fn part(&self, index: usize) -> Option<&str> {
        self.arn.as_deref()?.split(':').nth(index).filter(|part| !part.is_empty())
    }

    /// Lists the services that things of its kind are changed by; none when its kind does not tell.
    pub(super) fn owners(&self) -> Vec<&str> {
        let Some(kind) = self.kind.as_deref() else { return Vec::new() };
        let of_kind = OWNERS.iter().filter(|(of, _)| *of == kind).map(|(_, service)| *service);
        match self.part(2) {
            // Other services have groups and policies, too.
            Some(service) if of_kind.clone().next().is_some() => vec![service],
            _ => of_kind.collect(),
        }
    }

    /// Lists the words that events have for things of its kind; none when the kind is not known.
    pub(super) fn nouns(&self) -> Vec<String> {
        let Some(kind) = self.kind.as_deref() else { return Vec::new() };
        let others = NOUNS.iter().filter(|(_, of)| *of == kind).map(|(noun, _)| (*noun).to_owned());
        std::iter::once(kind.replace('-', "")).chain(others).collect()
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

    /// Tells whether an event names it.
    pub fn is_in(&self, event: &Event) -> bool {
        self.mention(event).is_some()
    }

    /// Returns how an event names it.
    fn mention(&self, event: &Event) -> Option<Mention> {
        let all = event.mentions();
        // A bare name is one in the account and the region of the event. What the event says of the ARN goes before it.
        let agrees =
            |mine: Option<&str>, theirs: &str| mine.is_none_or(|mine| theirs.is_empty() || mine == theirs);
        let is_here = agrees(self.account(), &event.account) && agrees(self.region(), &event.region);
        let is_another = |it: &Mention| {
            is_arn(&it.name)
                && self.is_of_kind(it)
                && short_name(&it.name) == self.name
                && !self.is_arn(&it.name)
        };
        let bare_names_fit = self.arn.is_none() || (is_here && !all.iter().any(is_another));
        let is_it = |it: &Mention| match (&self.arn, is_arn(&it.name)) {
            (Some(_), true) => self.is_arn(&it.name),
            (None, true) => short_name(&it.name) == self.name,
            (_, false) => bare_names_fit && it.name == self.name && !is_inline_policy(event, it),
        };
        all.into_iter().find(|it| self.is_of_kind(it) && is_it(it))
    }

    /// Lists the ARNs by which an event names what was asked for by its name and its kind.
    pub fn arns_in(&self, event: &Event) -> Vec<String> {
        if self.arn.is_some() || self.kind.is_none() {
            return Vec::new();
        }
        let each = event.mentions().into_iter().filter(|it| is_arn(&it.name) && self.is_of_kind(it));
        each.map(|it| it.name).filter(|arn| short_name(arn) == self.name).collect()
    }

    fn is_arn(&self, arn: &str) -> bool {
        self.arn.as_deref().is_some_and(|mine| without_version(mine) == without_version(arn))
    }

    fn is_of_kind(&self, mention: &Mention) -> bool {
        let Some(kind) = self.kind.as_deref() else { return true };
        let known = NOUNS.iter().find(|(noun, _)| *noun == mention.kind).map(|(_, kind)| *kind);
        mention.kind.is_empty() || kind == mention.kind || known == Some(kind)
    }

    /// Returns what an event did to it, had it worked; `None` for what only read, or did something to something else.
    pub fn deed(&self, event: &Event) -> Option<Deed> {
        if event.read_only {
            return None;
        }
        let mention = self.mention(event)?;
        let kind = self.kind.as_deref().unwrap_or(&mention.kind);
        let own = Self { kind: Some(kind.to_owned()), ..self.clone() };
        let owners = own.owners();
        if !owners.is_empty() && !owners.contains(&event.service()) {
            return None;
        }
        if ["newUserName", "newGroupName"]
            .iter()
            .any(|key| event.text(&format!("/requestParameters/{key}")) == Some(&self.name))
        {
            // Under this name it is there since then.
            return Some(Deed::Put);
        }
        let (verb, noun) = verb(event.plain_name());
        let word = kind.replace('-', "");
        let renamed = NOUNS.iter().any(|(other, of)| *other == noun && *of == kind);
        let of_itself = noun == word || renamed;
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

/// Returns the bare name in what follows the kind in an ARN, or in what people write; `None` for a kind of which is not
/// known where its names end.
fn name_of(kind: &str, rest: &str) -> Option<String> {
    let name = match kind {
        "user" | "group" | "role" | "policy" | "mfa" | "access-key" | "instance-profile" | "rule"
        | "schedule" => bare_name(rest),
        // Behind it are the version, the streams, the number that CloudFormation gave, the key of the object.
        "function" | "log-group" => rest.split(':').next()?,
        "stack" | "bucket" => rest.split('/').next()?,
        // Names that are paths begin with a `/`, of which the ARN has one only.
        "parameter" if rest.contains('/') && !rest.starts_with('/') => return Some(format!("/{rest}")),
        "parameter" | "repository" | "topic" | "secret" => rest,
        _ => return None,
    };
    Some(name.to_owned())
}

/// Returns the bare name of what an ARN names.
fn short_name(arn: &str) -> String {
    let Some(resource) = arn.splitn(6, ':').nth(5) else { return bare_name(arn).to_owned() };
    let kind = arn_kind(arn);
    let rest = match kind.as_deref() {
        Some("topic" | "bucket") => resource,
        _ => resource.split_once(['/', ':']).map_or(resource, |(_, rest)| rest),
    };
    match kind.as_deref() {
        // Secrets Manager puts six characters behind the name.
        Some("secret") => rest.rsplit_once('-').map_or(rest, |(name, _)| name).to_owned(),
        Some(kind) => name_of(kind, rest).unwrap_or_else(|| bare_name(rest).to_owned()),
        None => bare_name(rest).to_owned(),
    }
}

/// Returns the name that events have for a service of an ARN.
fn source_of(service: &str) -> &str {
    if service == "cloudwatch" { "monitoring" } else { service }
}

fn is_arn(name: &str) -> bool {
    name.starts_with("arn:")
}

/// Tells whether a mention is of a policy that is part of a user, a group or a role, and has no more than its name in common
/// with managed policies.
fn is_inline_policy(event: &Event, mention: &Mention) -> bool {
    let of = ["UserPolicy", "GroupPolicy", "RolePolicy"];
    let verbs = ["Put", "Delete", "Get"];
    mention.kind == "policy"
        && event.service() == "iam"
        && verbs.iter().any(|verb| event.name.strip_prefix(verb).is_some_and(|noun| of.contains(&noun)))
}

/// Takes a function's version or alias off its ARN, and what stands for the streams off a log group's.
fn without_version(arn: &str) -> String {
    if (arn.contains(":function:") || arn.contains(":log-group:")) && arn.split(':').count() > 7 {
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

    #[test]
    fn an_arn_is_of_one_account_one_region_and_one_path() {
        let answer = json!({"user": {"userName": "User2", "arn": "arn:aws:iam::123456789012:user/User2"}});
        let mut made = event("iam", "CreateUser", &json!({"userName": "User2"}), &answer);
        made.account = "123456789012".into();
        assert_eq!(deed("arn:aws:iam::123456789012:user/User2", &made), Some(Deed::Created));
        assert_eq!(deed("arn:aws:iam::123456789012:user/some/other/path/User2", &made), None);
        let mut keyed = event("iam", "CreateAccessKey", &json!({"userName": "User2"}), &Value::Null);
        keyed.account = "123456789012".into();
        assert_eq!(deed("arn:aws:iam::123456789012:user/User2", &keyed), Some(Deed::Changed));
        assert_eq!(deed("arn:aws:iam::999999999999:user/User2", &keyed), None);
        let mut function =
            event("lambda", "UpdateFunctionCode20150331v2", &json!({"functionName": "f"}), &Value::Null);
        function.region = "us-east-1".into();
        assert_eq!(deed("arn:aws:lambda:us-east-1:1:function:f", &function), Some(Deed::Changed));
        assert_eq!(deed("arn:aws:lambda:eu-west-1:1:function:f", &function), None);
        let attached = event(
            "iam",
            "AttachUserPolicy",
            &json!({"userName": "u", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
            &Value::Null,
        );
        assert!(Resource::parse("arn:aws:iam::aws:policy/ReadOnlyAccess").unwrap().is_in(&attached));
    }

    #[test]
    fn things_are_made_and_deleted_by_calls_of_other_names() {
        let role = json!({"role": {"roleName": "AWSServiceRoleForECS"}});
        let linked =
            event("iam", "CreateServiceLinkedRole", &json!({"aWSServiceName": "ecs.amazonaws.com"}), &role);
        assert_eq!(deed("role/AWSServiceRoleForECS", &linked), Some(Deed::Created));
        let device =
            event("iam", "CreateVirtualMFADevice", &json!({"virtualMFADeviceName": "dev"}), &Value::Null);
        assert_eq!(deed("mfa/dev", &device), Some(Deed::Created));
        let serial = json!({"serialNumber": "arn:aws:iam::1:mfa/dev"});
        assert_eq!(
            deed("mfa/dev", &event("iam", "DeleteVirtualMFADevice", &serial, &Value::Null)),
            Some(Deed::Deleted)
        );
        let nightly = event("scheduler", "CreateSchedule", &json!({"name": "nightly"}), &Value::Null);
        assert_eq!(deed("schedule/nightly", &nightly), Some(Deed::Created));
        let arn = "arn:aws:scheduler:us-east-1:1:schedule/default/nightly";
        assert_eq!(deed(arn, &nightly), Some(Deed::Created));
        let renamed =
            event("iam", "UpdateUser", &json!({"userName": "old", "newUserName": "new"}), &Value::Null);
        assert_eq!(
            (deed("user/new", &renamed), deed("user/old", &renamed)),
            (Some(Deed::Put), Some(Deed::Changed))
        );
        let other = event(
            "resource-groups",
            "CreateGroup",
            &Value::Null,
            &json!({"group": {"groupArn": "arn:aws:resource-groups:us-east-1:1:group/x"}}),
        );
        assert_eq!(deed("arn:aws:resource-groups:us-east-1:1:group/x", &other), Some(Deed::Created));
        assert_eq!(deed("group/x", &other), None, "IAM's group is another");
    }

    #[test]
    fn names_that_are_paths_are_kept_whole() {
        let group = event("logs", "CreateLogGroup", &json!({"logGroupName": "/aws/lambda/f"}), &Value::Null);
        for name in ["log-group//aws/lambda/f", "arn:aws:logs:us-east-1:1:log-group:/aws/lambda/f:*"] {
            assert_eq!(deed(name, &group), Some(Deed::Created), "{name}");
        }
        assert_eq!(deed("log-group/f", &group), None);
        let kept = event("ssm", "PutParameter", &json!({"name": "/team/key"}), &Value::Null);
        for name in
            ["parameter/team/key", "parameter//team/key", "arn:aws:ssm:us-east-1:1:parameter/team/key"]
        {
            assert_eq!(deed(name, &kept), Some(Deed::Put), "{name}");
        }
        let image = event("ecr", "CreateRepository", &json!({"repositoryName": "team/app"}), &Value::Null);
        for name in ["repository/team/app", "arn:aws:ecr:us-east-1:1:repository/team/app"] {
            assert_eq!(deed(name, &image), Some(Deed::Created), "{name}");
        }
        let secret = event("secretsmanager", "CreateSecret", &json!({"name": "team/db"}), &Value::Null);
        for name in ["secret/team/db", "arn:aws:secretsmanager:us-east-1:1:secret:team/db-AbCdEf"] {
            assert_eq!(deed(name, &secret), Some(Deed::Created), "{name}");
        }
        let gone = event("cloudformation", "DeleteStack", &json!({"stackName": "st"}), &Value::Null);
        for name in ["stack/st", "arn:aws:cloudformation:us-east-1:1:stack/st/0f3a"] {
            assert_eq!(deed(name, &gone), Some(Deed::Deleted), "{name}");
        }
    }

    #[test]
    fn an_inline_policy_of_the_same_name_is_another() {
        let inline =
            event("iam", "PutRolePolicy", &json!({"roleName": "r", "policyName": "dual"}), &Value::Null);
        assert_eq!(deed("policy/dual", &inline), None);
        assert_eq!(deed("role/r", &inline), Some(Deed::Changed));
    }
}
