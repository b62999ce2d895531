//! [`Filter`]: which events are asked for, and the one attribute by which the event history finds the fewest others.

use jiff::Timestamp;

use super::place::{Window, home_region};
use super::resource::Resource;
use crate::account::actor::{Actor, ActorKind};
use crate::account::event::Event;

/// Where sign-ins of IAM users may be recorded, besides where root's are.
const SIGN_INS: [&str; 3] = ["us-east-2", "eu-north-1", "ap-southeast-2"];

/// Which events are asked for. Everything that is named must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Who did it.
    pub who: Option<Who>,
    /// What was called.
    pub event: Option<Pattern>,
    /// What it was about.
    pub resource: Option<Resource>,
    /// The service: `iam.amazonaws.com`.
    pub source: Option<String>,
    /// The first moment.
    pub since: Option<Timestamp>,
    /// The last moment.
    pub until: Option<Timestamp>,
    /// Only what failed.
    pub errors: bool,
    /// Only what read (`true`) or what changed something (`false`).
    pub read_only: Option<bool>,
    /// Only this account's, where several may be met.
    pub account: Option<String>,
    /// Only this region's, where several may be met.
    pub region: Option<String>,
}

/// Who is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// The root user.
    Root,
    /// Whoever has this access key.
    Key(String),
    /// An IAM user.
    User(String),
    /// All sessions of a role.
    Role(String),
    /// One session of a role: the role, the session.
    Session(String, String),
    /// An AWS service.
    Service(String),
    /// A federated user.
    Federated(String),
    /// A user, a session or a federated user of this name.
    Name(String),
    /// That one of this account, whose ARN was named.
    Of(String, Box<Self>),
}

/// A name, or with `*` at its end the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// This name.
    Name(String),
    /// Names that begin so.
    Start(String),
}

/// An attribute that the event history looks events up by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// The key a request was signed with.
    AccessKey(String),
    /// A resource's name, id or ARN.
    ResourceName(String),
    /// The name of the user or the session.
    Username(String),
    /// The name of the event.
    EventName(String),
    /// The service.
    EventSource(String),
    /// Whether it only read.
    ReadOnly(bool),
}

impl Who {
    /// Reads what people write: `User3`, `root`, `role/Name`, an ARN, the name of a session, an access key.
    ///
    /// # Errors
    ///
    /// There is no name in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = "name a user, `root`, `role/Name`, a role's session, an ARN or an access key";
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            return Err(form.to_owned());
        }
        if let Some(rest) = text.strip_prefix("arn:") {
            let mut parts = rest.splitn(5, ':');
            let (account, resource) = (parts.nth(3).unwrap_or_default(), parts.next());
            let who = Self::named(resource.ok_or_else(|| form.to_owned())?, form)?;
            return Ok(if account.is_empty() { who } else { Self::Of(account.to_owned(), Box::new(who)) });
        }
        Self::named(text, form)
    }

    fn named(resource: &str, form: &str) -> Result<Self, String> {
        let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let who = match resource.split_once('/') {
            None if resource.eq_ignore_ascii_case("root") => Self::Root,
            None if is_key(resource) => Self::Key(resource.to_owned()),
            None if resource.ends_with(".amazonaws.com") => Self::Service(resource.to_owned()),
            None => Self::Name(resource.to_owned()),
            Some(("user", name)) => Self::User(last(name)),
            Some(("role", name)) => Self::Role(last(name)),
            Some(("federated-user", name)) => Self::Federated(last(name)),
            Some(("assumed-role", rest)) => match rest.split_once('/') {
                Some((role, session)) => Self::Session(role.to_owned(), session.to_owned()),
                None => return Err(form.to_owned()),
            },
            Some(_) => return Err(form.to_owned()),
        };
        match &who {
            Self::User(name) | Self::Role(name) | Self::Federated(name) if name.is_empty() => {
                Err(form.to_owned())
            }
            _ => Ok(who),
        }
    }

    /// Returns who it is, of whatever account.
    pub fn anywhere(&self) -> &Self {
        match self {
            Self::Of(_, who) => who.anywhere(),
            who => who,
        }
    }

    /// Tells whether it is this one.
    pub fn is(&self, actor: &Actor) -> bool {
        let of_role = |role: &str| {
            actor.kind == ActorKind::RoleSession
                && actor.issuer.as_ref().is_some_and(|issuer| issuer.name == role)
        };
        match self {
            Self::Root => actor.kind == ActorKind::Root,
            Self::Key(key) => actor.key.as_deref() == Some(key),
            Self::User(name) => actor.kind == ActorKind::User && actor.name == *name,
            Self::Role(name) => of_role(name),
            Self::Session(role, session) => of_role(role) && actor.name == *session,
            Self::Of(account, who) => who.is(actor) && actor.account.as_ref().is_none_or(|of| of == account),
            Self::Federated(name) => actor.kind == ActorKind::Federated && actor.name == *name,
            Self::Service(name) => {
                (actor.kind == ActorKind::Service && actor.name == *name)
                    || actor.through.as_deref() == Some(name)
            }
            Self::Name(name) => {
                let kinds = [ActorKind::User, ActorKind::RoleSession, ActorKind::Federated, ActorKind::Other];
                (kinds.contains(&actor.kind) && actor.name == *name)
                    || actor.source_identity.as_deref() == Some(name)
            }
        }
    }
}

fn is_key(text: &str) -> bool {
    let body = text.strip_prefix("AKIA").or_else(|| text.strip_prefix("ASIA"));
    body.is_some_and(|body| {
        (12..=124).contains(&body.len())
            && body.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    })
}

impl Pattern {
    /// Reads what people write: `ConsoleLogin`, `Create*`.
    ///
    /// # Errors
    ///
    /// It cannot be the name of an event.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, is_start) = text.strip_suffix('*').map_or((text, false), |start| (start, true));
        let fits = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-:.".contains(&byte));
        match (fits, is_start) {
            (true, true) => Ok(Self::Start(name.to_owned())),
            (true, false) => Ok(Self::Name(name.to_owned())),
            (false, _) => {
                Err("write the name of an event, as `ConsoleLogin`, or its beginning, as `Create*`"
                    .to_owned())
            }
        }
    }

    /// Tells whether a name fits.
    pub fn fits(&self, event: &Event) -> bool {
        match self {
            Self::Name(name) => event.name == *name,
            Self::Start(start) => event.name.starts_with(start.as_str()),
        }
    }
}

impl Filter {
    /// Tells whether an event is asked for.
    pub fn fits(&self, event: &Event) -> bool {
        self.since.is_none_or(|since| since <= event.time)
            && self.until.is_none_or(|until| event.time <= until)
            && (!self.errors || event.failure.is_some())
            && self.read_only.is_none_or(|flag| event.read_only == flag)
            && self.event.as_ref().is_none_or(|pattern| pattern.fits(event))
            && self.source.as_ref().is_none_or(|source| event.source == *source)
            && self.account.as_ref().is_none_or(|account| event.account == *account)
            && self.region.as_ref().is_none_or(|region| event.region == *region)
            && self.who.as_ref().is_none_or(|who| who.is(&event.actor))
            && self.resource.as_ref().is_none_or(|resource| resource.is_in(event))
    }

    /// Tells whether root is asked for.
    pub fn is_of_root(&self) -> bool {
        self.who.as_ref().is_some_and(|who| *who.anywhere() == Who::Root)
    }

    /// Says where sign-ins may be that such a lookup does not find: those of IAM users are recorded where they signed in
    /// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html>).
    pub fn sign_ins_elsewhere(&self, regions: &[String]) -> Option<String> {
        let by_whom = match self.who.as_ref().map(Who::anywhere) {
            Some(Who::User(_) | Who::Name(_)) => true,
            // A list of all that happened does not promise what is of no other region.
            None => matches!(&self.event, Some(Pattern::Name(name)) if name == "ConsoleLogin"),
            Some(_) => false,
        };
        let sign_in = match &self.event {
            None => true,
            Some(Pattern::Name(name)) => name == "ConsoleLogin",
            Some(Pattern::Start(start)) => "ConsoleLogin".starts_with(start.as_str()),
        };
        let of_service = self.source.as_deref().is_none_or(|source| source == "signin.amazonaws.com");
        let can_be =
            by_whom && sign_in && of_service && self.resource.is_none() && self.read_only != Some(true);
        let others: Vec<&str> =
            SIGN_INS.into_iter().filter(|of| !regions.iter().any(|region| region == of)).collect();
        let in_partition = regions.iter().all(|region| home_region(region) == "us-east-1");
        (can_be && in_partition && !others.is_empty()).then(|| {
            format!(
                "Sign-ins of IAM users at the account's alias are recorded in one of {}, those at a region's own address in that region; `--region` looks there.",
                others.join(", ")
            )
        })
    }

    /// Returns the part of a history's time that is asked for.
    pub fn window(&self, whole: Window) -> Window {
        Window {
            from: self.since.map_or(whole.from, |since| since.max(whole.from)),
            to: self.until.map_or(whole.to, |until| until.min(whole.to)),
        }
    }

    /// Returns the attributes to look events up by, one after the other, because the event history takes one at a time:
    /// those that leave the fewest others. None is the whole history. The rest is sorted out with [`Filter::fits`].
    ///
    /// `root_names` are what the event history may call root besides `root`: the account's alias.
    pub fn attributes(&self, root_names: &[String]) -> Vec<Attribute> {
        let who = self.who.as_ref().map(Who::anywhere);
        if let Some(Who::Key(key)) = who {
            return vec![Attribute::AccessKey(key.clone())];
        }
        if let Some(resource) = &self.resource {
            let arn = resource.arn.clone().map(Attribute::ResourceName);
            return std::iter::once(Attribute::ResourceName(resource.name.clone())).chain(arn).collect();
        }
        match who {
            Some(Who::User(name) | Who::Name(name) | Who::Session(_, name) | Who::Federated(name)) => {
                return vec![Attribute::Username(name.clone())];
            }
            Some(Who::Root) if !matches!(self.event, Some(Pattern::Name(_))) => {
                let names = std::iter::once("root".to_owned()).chain(root_names.iter().cloned());
                return names.map(Attribute::Username).collect();
            }
            _ => {}
        }
        if let Some(Pattern::Name(name)) = &self.event {
            return vec![Attribute::EventName(name.clone())];
        }
        if let Some(source) = &self.source {
            return vec![Attribute::EventSource(source.clone())];
        }
        self.read_only.map(Attribute::ReadOnly).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(more: &Value) -> Event {
        let mut record = json!({
            "eventTime": "2026-03-02T09:00:00Z", "eventName": "ListUsers", "eventSource": "iam.amazonaws.com",
            "userIdentity": {
                "type": "AssumedRole", "principalId": "AROA:me", "accessKeyId": "ASIAEXAMPLEEXAMPLE",
                "sessionContext": {"sessionIssuer": {"userName": "R"}},
            },
        });
        for (key, value) in more.as_object().unwrap() {
            record[key] = value.clone();
        }
        Event::of(record).unwrap()
    }

    fn who(text: &str) -> Filter {
        Filter { who: Some(Who::parse(text).unwrap()), ..Filter::default() }
    }

    #[test]
    fn a_session_is_found_by_all_its_names() {
        let session = event(&json!({}));
        for name in [
            "me",
            "role/R",
            "arn:aws:sts::1:assumed-role/R/me",
            "arn:aws:iam::1:role/path/R",
            "ASIAEXAMPLEEXAMPLE",
        ] {
            assert!(who(name).fits(&session), "{name}");
        }
        for name in ["R", "user/me", "root", "role/me", "arn:aws:sts::1:assumed-role/R/you"] {
            assert!(!who(name).fits(&session), "{name}");
        }
        for wrong in ["", "arn:aws:iam", "group/x", "user/"] {
            assert!(Who::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_arn_names_somebody_of_one_account() {
        let alice = |account: &str| {
            event(&json!({"userIdentity": {"type": "IAMUser", "userName": "alice", "accountId": account}}))
        };
        assert!(who("arn:aws:iam::111111111111:user/alice").fits(&alice("111111111111")));
        assert!(!who("arn:aws:iam::333333333333:user/alice").fits(&alice("111111111111")));
        let bob = event(&json!({"userIdentity": {
            "type": "FederatedUser", "principalId": "111111111111:bob", "accountId": "111111111111",
            "arn": "arn:aws:sts::111111111111:federated-user/bob",
        }}));
        let named = who("arn:aws:sts::111111111111:federated-user/bob");
        assert!(named.fits(&bob) && !named.fits(&alice("111111111111")));
        assert_eq!(named.attributes(&[]), [Attribute::Username("bob".into())]);
        assert!(who("arn:aws:iam::111111111111:root").is_of_root());
    }

    #[test]
    fn a_users_sign_ins_may_be_in_other_regions() {
        let home = ["us-east-1".to_owned()];
        let told = who("User3").sign_ins_elsewhere(&home).unwrap();
        assert!(told.contains("us-east-2, eu-north-1, ap-southeast-2"), "{told}");
        for known in
            [who("root"), who("role/R"), Filter { source: Some("iam.amazonaws.com".into()), ..who("User3") }]
        {
            assert_eq!(known.sign_ins_elsewhere(&home), None);
        }
        assert_eq!(who("User3").sign_ins_elsewhere(&["cn-north-1".to_owned()]), None);
    }

    #[test]
    fn root_is_found_whatever_the_accounts_alias() {
        let root = event(&json!({"userIdentity": {"type": "Root", "userName": "the-alias"}}));
        assert!(who("root").fits(&root) && who("arn:aws:iam::1:root").fits(&root));
        let names = who("root").attributes(&["the-alias".to_owned()]);
        assert_eq!(names, [Attribute::Username("root".into()), Attribute::Username("the-alias".into())]);
        let impostor = event(&json!({"userIdentity": {"type": "IAMUser", "userName": "root"}}));
        assert!(!who("root").fits(&impostor));
    }

    #[test]
    fn the_most_selective_attribute_is_asked_for() {
        let mut filter = Filter { read_only: Some(false), ..Filter::default() };
        assert_eq!(filter.attributes(&[]), [Attribute::ReadOnly(false)]);
        filter.source = Some("iam.amazonaws.com".into());
        assert_eq!(filter.attributes(&[]), [Attribute::EventSource("iam.amazonaws.com".into())]);
        filter.event = Some(Pattern::parse("Create*").unwrap());
        assert_eq!(filter.attributes(&[]), [Attribute::EventSource("iam.amazonaws.com".into())]);
        filter.event = Some(Pattern::parse("CreateUser").unwrap());
        assert_eq!(filter.attributes(&[]), [Attribute::EventName("CreateUser".into())]);
        filter.who = Some(Who::parse("User3").unwrap());
        assert_eq!(filter.attributes(&[]), [Attribute::Username("User3".into())]);
        filter.resource = Some(Resource::parse("arn:aws:iam::1:user/User2").unwrap());
        let names = filter.attributes(&[]);
        assert_eq!(names.len(), 2, "the name and the ARN: {names:?}");
        assert_eq!(Filter::default().attributes(&[]), []);
    }

    #[test]
    fn an_event_name_is_a_name_or_a_beginning() {
        assert!(Pattern::parse("Create'*").is_err() && Pattern::parse("*").is_err());
        assert!(Pattern::parse("List*").unwrap().fits(&event(&json!({}))));
        assert!(!Pattern::parse("List").unwrap().fits(&event(&json!({}))));
    }
}
