//! Whose key it is: from an access key id to an identity of the account.

use awsim_core::AwsError;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::credentials::{AccessKey, Kept};
use super::ids;
use super::store::{self, State};
use crate::clock;

/// An identity that can sign requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Identity {
    /// The root user: the sandbox's administrator key, or a root access key.
    Root,
    /// An IAM user.
    User {
        /// The user's name.
        name: String,
        /// The user's unique id.
        id: String,
        /// The user's path.
        path: String,
    },
    /// A session of a role.
    Role {
        /// The role's name.
        name: String,
        /// The role's unique id.
        id: String,
        /// The session's name.
        session: String,
    },
}

impl Identity {
    /// The ARN that `GetCallerIdentity` and events show.
    pub fn arn(&self, partition: &str, account: &str) -> String {
        match self {
            Self::Root => format!("arn:{partition}:iam::{account}:root"),
            Self::User { name, path, .. } => store::arn(partition, account, "user", path, name),
            Self::Role { name, session, .. } => {
                format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}")
            }
        }
    }

    /// The `UserId` that `GetCallerIdentity` and `aws:userid` show.
    pub fn user_id(&self, account: &str) -> String {
        match self {
            Self::Root => account.to_owned(),
            Self::User { id, .. } => id.clone(),
            Self::Role { id, session, .. } => format!("{id}:{session}"),
        }
    }
}

/// The owner of an access key.
#[derive(Debug, Clone)]
pub struct KeyOwner {
    /// Who it is.
    pub identity: Identity,
    /// Whether requests signed with the key are accepted now.
    pub active: bool,
    /// The secret access key, to check signatures.
    pub secret: Kept,
    /// The token that must come with temporary credentials.
    pub session_token: Option<Kept>,
    /// When temporary credentials end.
    pub expires: Option<Timestamp>,
    /// When temporary credentials were issued.
    pub issued: Option<Timestamp>,
    /// Whether the session was opened with an MFA code.
    pub mfa: bool,
    /// Whether the session came from the sign-in page.
    pub console: bool,
    /// The session policies that narrow what the identity may do.
    pub policies: Vec<String>,
}

impl KeyOwner {
    /// The name of the IAM user, when the owner is one.
    pub fn user_name(&self) -> Option<&str> {
        match &self.identity {
            Identity::User { name, .. } => Some(name),
            _ => None,
        }
    }
}

/// Temporary credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// Whose they are.
    pub identity: Identity,
    /// The secret access key.
    pub secret: Kept,
    /// The session token.
    pub token: Kept,
    /// When they were issued.
    pub issued: Timestamp,
    /// When they end.
    pub expires: Timestamp,
    /// Whether an MFA code was given for them.
    #[serde(default)]
    pub mfa: bool,
    /// The session policies that narrow them.
    #[serde(default)]
    pub policies: Vec<String>,
    /// Whether they came from the sign-in page.
    #[serde(default)]
    pub console: bool,
}

/// What a session is opened with.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Whose session it is.
    pub identity: Identity,
    /// How long it lasts, in seconds.
    pub seconds: u32,
    /// Whether an MFA code was given.
    pub mfa: bool,
    /// The session policies.
    pub policies: Vec<String>,
    /// Whether it is a sign-in to the console.
    pub console: bool,
}

/// Temporary credentials as they are handed over.
#[derive(Debug, Clone)]
pub struct Issued {
    /// `ASIA…`.
    pub id: String,
    /// The secret access key.
    pub secret: Kept,
    /// The session token.
    pub token: Kept,
    /// When they end.
    pub expires: Timestamp,
}

/// Opens a session at `now` and keeps it; those that have ended are forgotten.
pub(super) fn open(
    state: &mut State,
    account: &str,
    opening: Opening,
    now: Timestamp,
) -> Result<Issued, AwsError> {
    let Opening { identity, seconds, mfa, policies, console } = opening;
    let expires = now.saturating_add(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(now);
    let expires = clock::seconds(expires);
    let id = ids::access_key("ASIA", account)?;
    let (secret, token) = (Kept::new(ids::secret()?), Kept::new(ids::token()?));
    let issued = Issued { id: id.clone(), secret: secret.clone(), token: token.clone(), expires };
    let session = Session { identity, secret, token, issued: now, expires, mfa, policies, console };
    state.sessions.retain(|session| session.expires > now);
    state.sessions.insert(id, session);
    Ok(issued)
}

/// Finds the owner of an access key.
pub(crate) fn identify(state: &State, key: &str, now: Timestamp) -> Option<KeyOwner> {
    // INVARIANT: an id is never empty, so a key that could not be drawn belongs to nobody.
    if key.is_empty() {
        return None;
    }
    let long_term = |identity: Identity, key: &AccessKey| KeyOwner {
        identity,
        active: key.active,
        secret: key.secret.clone(),
        session_token: None,
        expires: None,
        issued: None,
        mfa: false,
        console: false,
        policies: Vec::new(),
    };
    let root = std::iter::once(&state.root.administrator).chain(&state.root.keys);
    if let Some(found) = root.into_iter().find(|have| have.id == key) {
        return Some(long_term(Identity::Root, found));
    }
    for user in state.users.values() {
        if let Some(found) = user.keys.iter().find(|have| have.id == key) {
            let (name, id, path) = (user.name.clone(), user.id.clone(), user.path.clone());
            return Some(long_term(Identity::User { name, id, path }, found));
        }
    }
    let session = state.sessions.get(key)?;
    let identity = present(state, &session.identity);
    Some(KeyOwner {
        active: identity.is_some() && session.expires > now,
        identity: identity.unwrap_or_else(|| session.identity.clone()),
        secret: session.secret.clone(),
        session_token: Some(session.token.clone()),
        expires: Some(session.expires),
        issued: Some(session.issued),
        mfa: session.mfa,
        console: session.console,
        policies: session.policies.clone(),
    })
}

/// The identity as it is named now, or nothing when it was deleted. A new entity of the same name is another.
fn present(state: &State, identity: &Identity) -> Option<Identity> {
    match identity {
        Identity::Root => Some(Identity::Root),
        Identity::User { id, .. } => {
            let user = state.users.values().find(|user| user.id == *id)?;
            Some(Identity::User { name: user.name.clone(), id: id.clone(), path: user.path.clone() })
        }
        Identity::Role { name, id, .. } => {
            state.roles.get(&store::key(name)).filter(|role| role.id == *id).map(|_| identity.clone())
        }
    }
}
