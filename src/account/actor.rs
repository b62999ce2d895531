//! [`Actor`]: who an event says did it.
//!
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// Who did something, as the record's `userIdentity` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// What kind of identity it is.
    pub kind: ActorKind,
    /// `root`, the user's name, the session's name, the service, the other account.
    pub name: String,
    /// The ARN; failed sign-ins and other accounts' principals have none.
    pub arn: Option<String>,
    /// The account of the identity.
    pub account: Option<String>,
    /// The access key the request was signed with.
    pub key: Option<String>,
    /// The role of a session, or the user that a federated session was made by.
    pub issuer: Option<Issuer>,
    /// When the session's credentials were issued.
    pub since: Option<Timestamp>,
    /// Whether the session was got with a second factor; `None` for what is no session.
    pub mfa: Option<bool>,
    /// The AWS service that made the request for the identity.
    pub through: Option<String>,
    /// Who started the session, as that one was made to say when it was started.
    pub source_identity: Option<String>,
    /// Whether it is a session with root's rights that the organization's management account took.
    pub is_assumed_root: bool,
}

/// The kind of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// The account's root user.
    Root,
    /// An IAM user.
    User,
    /// A session of a role.
    RoleSession,
    /// Somebody that another identity provider knows, or a federated user.
    Federated,
    /// A principal of another account, of which only the id is told.
    Account,
    /// An AWS service.
    Service,
    /// Something newer than this program, or a record without an identity.
    Other,
}

/// What a session was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// The role's or the user's name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Actor {
    /// Reads the `userIdentity` of a record.
    pub fn of(record: &Value) -> Self {
        let text = |place: &str| {
            let found = record.pointer(place).and_then(Value::as_str);
            found.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let named = text("/userIdentity/type").unwrap_or_default();
        let kind = match named.as_str() {
            "Root" => ActorKind::Root,
            "IAMUser" => ActorKind::User,
            "AssumedRole" | "Role" => ActorKind::RoleSession,
            "FederatedUser" | "SAMLUser" | "WebIdentityUser" | "IdentityCenterUser" => ActorKind::Federated,
            "AWSAccount" => ActorKind::Account,
            "AWSService" => ActorKind::Service,
            _ => ActorKind::Other,
        };
        let arn = text("/userIdentity/arn");
        let principal = text("/userIdentity/principalId");
        let account = text("/userIdentity/accountId");
        let through = text("/userIdentity/invokedBy");
        // Of a user of IAM Identity Center nothing but the id is told.
        let user_name = text("/userIdentity/userName").or_else(|| text("/userIdentity/onBehalfOf/userId"));
        let of_arn = || arn.as_deref().and_then(|arn| arn.rsplit('/').next()).map(str::to_owned);
        let name = match kind {
            ActorKind::Root => Some("root".to_owned()),
            ActorKind::RoleSession => principal
                .as_deref()
                .and_then(|id| id.split_once(':'))
                .map(|(_, name)| name.to_owned())
                .or_else(of_arn),
            ActorKind::Account => account.clone(),
            ActorKind::Service => through.clone(),
            ActorKind::User | ActorKind::Federated | ActorKind::Other => user_name.or_else(of_arn),
        };
        let issuer = "/userIdentity/sessionContext/sessionIssuer";
        let is_assumed_root = match record.pointer("/userIdentity/sessionContext/assumedRoot") {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(flag)) => flag == "true",
            _ => false,
        };
        Self {
            kind,
            name: name.or_else(|| principal.clone()).unwrap_or_else(|| "unknown".to_owned()),
            issuer: text(&format!("{issuer}/userName"))
                .map(|name| Issuer { name, arn: text(&format!("{issuer}/arn")) }),
            since: text("/userIdentity/sessionContext/attributes/creationDate")
                .and_then(|at| at.parse().ok()),
            mfa: text("/userIdentity/sessionContext/attributes/mfaAuthenticated").map(|flag| flag == "true"),
            source_identity: text("/userIdentity/sessionContext/sourceIdentity"),
            key: text("/userIdentity/accessKeyId"),
            arn,
            account,
            through: through.filter(|_| kind != ActorKind::Service),
            is_assumed_root: is_assumed_root && kind == ActorKind::Root,
        }
    }

    /// Names it for people: `root`, `User3`, `role/R (session s)`.
    pub fn label(&self) -> String {
        let Self { name, .. } = self;
        match (self.kind, &self.issuer) {
            (ActorKind::RoleSession, Some(issuer)) => format!("role/{} (session {name})", issuer.name),
            (ActorKind::RoleSession, None) => format!("a role (session {name})"),
            (ActorKind::Federated, Some(issuer)) => format!("{name} (by {})", issuer.name),
            (ActorKind::Account, _) => format!("account {name}"),
            (ActorKind::Root, _) if self.is_assumed_root => format!("{name} (a session by AssumeRoot)"),
            (ActorKind::User | ActorKind::Federated | ActorKind::Other, _)
                if name.eq_ignore_ascii_case("root") =>
            {
                format!("{name} (not the root user)")
            }
            _ => name.clone(),
        }
    }

    /// Returns the key of the session, when somebody must have started it: a role's, or one of `AssumeRoot`.
    pub fn session_key(&self) -> Option<&str> {
        self.key.as_deref().filter(|_| self.kind == ActorKind::RoleSession || self.is_assumed_root)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn identities_have_the_names_that_people_know_them_by() {
        let label = |identity: Value| Actor::of(&json!({"userIdentity": identity})).label();
        let alias = json!({"type": "Root", "userName": "the-alias", "arn": "arn:aws:iam::1:root"});
        assert_eq!(label(alias), "root");
        assert_eq!(label(json!({"type": "IAMUser", "userName": "User3"})), "User3");
        let session = json!({
            "type": "AssumedRole", "principalId": "AROA:me", "arn": "arn:aws:sts::1:assumed-role/R/me",
            "sessionContext": {"sessionIssuer": {"userName": "R"}},
        });
        assert_eq!(label(session), "role/R (session me)");
        assert_eq!(
            label(json!({"type": "AWSService", "invokedBy": "lambda.amazonaws.com"})),
            "lambda.amazonaws.com"
        );
        assert_eq!(
            label(json!({"type": "AWSAccount", "accountId": "2", "principalId": "AIDA"})),
            "account 2"
        );
        assert_eq!(label(json!({"type": "Robot"})), "unknown");
        assert_eq!(label(Value::Null), "unknown");
    }

    #[test]
    fn only_root_is_called_root() {
        let label = |identity: Value| Actor::of(&json!({"userIdentity": identity})).label();
        assert_eq!(label(json!({"type": "IAMUser", "userName": "root"})), "root (not the root user)");
        assert_eq!(label(json!({"type": "SAMLUser", "userName": "Root"})), "Root (not the root user)");
        let taken = json!({"userIdentity": {
            "type": "Root", "accessKeyId": "ASIAEXAMPLE", "sessionContext": {"assumedRoot": "true"},
        }});
        let taken = Actor::of(&taken);
        assert_eq!(
            (taken.label().as_str(), taken.session_key()),
            ("root (a session by AssumeRoot)", Some("ASIAEXAMPLE"))
        );
        let centre = json!({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "5478-1"}});
        assert_eq!(label(centre), "5478-1");
    }

    #[test]
    fn an_empty_key_is_none() {
        let actor = Actor::of(&json!({"userIdentity": {"type": "Root", "accessKeyId": ""}}));
        assert_eq!((actor.key, actor.through), (None, None));
    }
}
