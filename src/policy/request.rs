//! What is asked: who wants to do what to which resource, and the facts around it.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// One thing a principal wants to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub principal: Principal,
    /// The action, with its service: `iam:GetUser`.
    pub action: String,
    /// The ARN of the resource, or `*` for an action that has none.
    pub resource: String,
    /// What conditions can ask about.
    pub context: Context,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The ARN as `GetCallerIdentity` tells it (of a role session its session ARN); a service's name
    /// (`lambda.amazonaws.com`), an identity provider's; empty when anonymous.
    pub arn: String,
    /// The account of the principal; empty for those who have none.
    pub account: String,
    /// What it is.
    pub kind: PrincipalKind,
}

/// The kinds of principals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalKind {
    /// The root user of an account.
    Root,
    /// An IAM user with its unique id (`AIDA…`).
    User {
        /// The unique id.
        id: String,
    },
    /// A session of a role.
    RoleSession {
        /// The ARN of the role, with its path.
        role_arn: String,
        /// `aws:userid` of the session: the role's unique id, a colon, the session's name.
        id: String,
    },
    /// A session of an IAM user from `GetFederationToken`.
    FederatedUser {
        /// The ARN of the IAM user who federated.
        user_arn: String,
        /// `aws:userid` of the session: the account, a colon, the name given.
        id: String,
    },
    /// Somebody an identity provider vouches for, before they have a role.
    Federated,
    /// An AWS service.
    Service,
    /// Nobody that signed.
    Anonymous,
}

/// The condition keys of a request. Names of keys ignore case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    keys: BTreeMap<String, Vec<String>>,
    /// Beginnings of keys of which all are here.
    closed: Vec<String>,
    /// Whether a key that is not here is absent from the request (a live request); otherwise nobody knows.
    pub complete: bool,
}

impl Context {
    /// Makes the context of a live request: a key that is not put in is absent.
    pub const fn complete() -> Self {
        Self { keys: BTreeMap::new(), closed: Vec::new(), complete: true }
    }

    /// Makes a context of which not everything is known: a key that is not put in can have any value or none.
    pub const fn partial() -> Self {
        Self { keys: BTreeMap::new(), closed: Vec::new(), complete: false }
    }

    /// Puts in a key with its values; no values say that the key is absent.
    pub fn insert(&mut self, key: &str, values: Vec<String>) {
        self.keys.insert(key.to_lowercase(), values);
    }

    /// Takes out all keys that begin so.
    pub fn forget(&mut self, prefix: &str) {
        let prefix = prefix.to_lowercase();
        self.keys.retain(|key, _| !key.starts_with(&prefix));
    }

    /// Says that all keys that begin so are here: one that is not is absent, as `aws:PrincipalTag/` when all tags are
    /// known.
    pub fn close(&mut self, prefix: &str) {
        self.closed.push(prefix.to_lowercase());
    }

    fn is_closed(&self, key: &str) -> bool {
        self.complete || self.closed.iter().any(|prefix| key.starts_with(prefix.as_str()))
    }

    /// Puts in a key with one value.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.insert(key, vec![value.into()]);
        self
    }

    /// Returns the values of a key that is in the context.
    pub fn get(&self, key: &str) -> Option<&[String]> {
        self.keys.get(key.to_lowercase().as_str()).map(Vec::as_slice)
    }

    /// Lists keys (in small letters) and values, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.keys.iter().map(|(key, values)| (key.as_str(), values.as_slice()))
    }
}

/// What is known of a condition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known<'a> {
    /// The key is in the request, with at least one value.
    Values(Cow<'a, [String]>),
    /// The key is not in the request.
    Absent,
    /// Nobody knows.
    Unknown,
}

impl Request {
    /// Looks a condition key up: what the context says, else what the principal itself tells, else absent or
    /// unknown. `key` is in small letters.
    pub(super) fn lookup(&self, key: &str) -> Known<'_> {
        if let Some(values) = self.context.keys.get(key) {
            return if values.is_empty() { Known::Absent } else { Known::Values(Cow::Borrowed(values)) };
        }
        let otherwise = if self.context.is_closed(key) { Known::Absent } else { Known::Unknown };
        self.principal.tells(key).unwrap_or(otherwise)
    }

    /// Returns the account of the resource: of its ARN, else the key `aws:ResourceAccount`.
    pub(crate) fn resource_account(&self) -> Option<&str> {
        let of_arn = self.resource.split(':').nth(4).filter(|part| is_account(part));
        of_arn.or_else(|| self.context.keys.get("aws:resourceaccount")?.first().map(String::as_str))
    }

    /// Tells whether the resource belongs to the account of the principal; a resource whose account nobody tells
    /// is taken for the principal's.
    pub(crate) fn same_account(&self) -> bool {
        self.resource_account().is_none_or(|account| account == self.principal.account)
    }

    /// Tells whether this asks a role for a session, so that the role's trust policy decides.
    pub(crate) fn asks_for_role(&self) -> bool {
        let mut parts = self.resource.splitn(6, ':').skip(2);
        let role = parts.next() == Some("iam") && parts.nth(2).is_some_and(|rest| rest.starts_with("role/"));
        role && self.action.get(..4).is_some_and(|service| service.eq_ignore_ascii_case("sts:"))
    }
}

/// Tells whether a text is an account id.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Principal {
    /// Returns what the principal tells about one of its own condition keys; `None` for other keys.
    ///
    /// Source: "Principal key values" of
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>.
    fn tells(&self, key: &str) -> Option<Known<'static>> {
        use PrincipalKind::{Anonymous, Federated, FederatedUser, RoleSession, Root, Service, User};
        let value = match key {
            "aws:principalarn" => match &self.kind {
                RoleSession { role_arn, .. } => Some(role_arn.clone()),
                Root | User { .. } | FederatedUser { .. } => Some(self.arn.clone()),
                Federated | Service | Anonymous => None,
            },
            "aws:principalaccount" => Some(self.account.clone()).filter(|account| !account.is_empty()),
            "aws:username" => match &self.kind {
                User { .. } => self.arn.rsplit('/').next().map(str::to_owned),
                _ => None,
            },
            "aws:userid" => match &self.kind {
                User { id } | RoleSession { id, .. } | FederatedUser { id, .. } => Some(id.clone()),
                Root => Some(self.account.clone()),
                Federated | Service | Anonymous => None,
            },
            "aws:principaltype" => match &self.kind {
                Root => Some("Account".to_owned()),
                User { .. } => Some("User".to_owned()),
                RoleSession { .. } => Some("AssumedRole".to_owned()),
                FederatedUser { .. } => Some("FederatedUser".to_owned()),
                Anonymous => Some("Anonymous".to_owned()),
                Federated | Service => None,
            },
            "aws:principalisawsservice" => Some((self.kind == Service).to_string()),
            _ => return None,
        };
        Some(value.map_or(Known::Absent, |value| Known::Values(Cow::Owned(vec![value]))))
    }
}
